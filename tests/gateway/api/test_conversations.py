"""The list of conversations, one of them, its messages, and the acts of people."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from channels.windows import Purpose, Sender, Way, Window
from storage.times import rfc3339
from tests.gateway.api.conftest import House, fields_of

HOUR_MS = 3_600_000
SHAPE = {
    "id", "channel", "account", "thread", "contact_id", "stage", "status", "assignee", "labels", "test", "opened_at", "last_message_at",
    "version", "slots",
}  # fmt: skip


async def test_a_lead_from_the_first_word_to_the_close(house: House) -> None:
    conversation = await house.conversation("42", lead=True)
    boss, lan = await house.as_role("admin"), await house.as_role("advisor", "Lan")
    page = await boss.get("/conversations", channel="telegram", account="main", thread="42")
    (item,) = page["items"]
    assert page["next"] is None
    assert set(item) >= SHAPE
    assert (item["id"], item["status"], item["thread"], item["assignee"]) == (conversation, "waiting", "42", None)
    assert item["slots"]["phone"] == "+84912345678"
    assert item["slots"]["name"] == "Nguyễn Văn Hùng"

    (waiting,) = (await lan.get("/handoffs"))["items"]
    assert waiting["conversation"]["id"] == conversation
    assert waiting["handoff"]["captured"]["phone"] == "+84912345678"  # the queue is everybody's work

    taken = await lan.post(f"/conversations/{conversation}/take")
    assert taken["assignee"] == {"id": lan.id, "name": "Lan"}
    assert (taken["stage"], taken["status"]) == ("with_advisor", "with_advisor")

    status, message = await lan("POST", f"/conversations/{conversation}/messages", {"text": "Dạ em chào anh Hùng"})
    assert status == 202
    assert (message["author"], message["direction"], message["kind"], message["text"]) == (
        "advisor",
        "outbound",
        "text",
        "Dạ em chào anh Hùng",
    )
    await house.settled()
    messages = (await lan.get(f"/conversations/{conversation}/messages"))["items"]
    assert [each["seq"] for each in messages] == sorted(each["seq"] for each in messages)
    assert {"inbound", "outbound"} == {each["direction"] for each in messages}
    last = messages[-1]
    assert (last["id"], last["status"], last["external_id"]) == (message["id"], "sent", house_last_id(house))

    for path, body in (
        ("notes", {"text": "khách thích gói vàng"}),
        ("labels", {"add": ["vip", "ô tô"], "remove": []}),
        ("snooze", {"until": "2099-01-01T00:00:00Z"}),
    ):
        await lan.post(f"/conversations/{conversation}/{path}", body)
    assert (await lan.get(f"/conversations/{conversation}"))["labels"] == ["vip", "ô tô"]
    assert len((await boss.get("/conversations", label="ô tô"))["items"]) == 1
    assert (await boss.get("/conversations", label="không có"))["items"] == []
    notes = (await lan.get(f"/conversations/{conversation}/messages", notes="true"))["items"]
    assert [each["text"] for each in notes if each["direction"] == "internal"] == ["khách thích gói vàng"]

    closed = await lan.post(f"/conversations/{conversation}/close", {"reason": "đã mua", "outcome": "won"})
    assert (closed["stage"], closed["status"], closed["assignee"]) == ("won", "closed", None)
    again = await lan.post(f"/conversations/{conversation}/reopen")
    assert again["status"] == "with_advisor"
    returned = await lan.post(f"/conversations/{conversation}/return")
    assert returned["status"] in ("open", "waiting")


def house_last_id(house: House) -> str:
    return f"sent-{len(house.clients['telegram:main'].sent)}"


async def test_of_two_who_take_at_once_one_wins_and_the_other_learns_who(house: House) -> None:
    conversation = await house.conversation("7")
    callers = [await house.as_role("advisor", name) for name in ("Lan", "Minh", "Hoa", "Tú")]
    answers = await asyncio.gather(*(each("POST", f"/conversations/{conversation}/take") for each in callers))
    statuses = sorted(status for status, _ in answers)
    assert statuses == [200, 409, 409, 409]
    winner = next(caller for caller, (status, _) in zip(callers, answers, strict=True) if status == 200)
    for status, body in answers:
        if status == 409:
            assert body["error"]["code"] == "taken"
            assert body["error"]["holder"] == {"id": winner.id, "name": winner.name}
    status, body = await winner("POST", f"/conversations/{conversation}/take")
    assert status == 200, "taking what one has is no error"


async def test_what_another_has_is_not_ours(house: House) -> None:
    conversation = await house.conversation("8")
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    chief = await house.as_role("supervisor")
    await lan.post(f"/conversations/{conversation}/take")
    for path, body in (
        ("messages", {"text": "x"}),
        ("close", {}),
        ("return", None),
        ("transfer", {"advisor": minh.id}),
        ("snooze", {"until": "2099-01-01T00:00:00Z"}),
    ):
        status, answer = await minh("POST", f"/conversations/{conversation}/{path}", body)
        assert (status, answer["error"]["code"]) == (403, "not_yours"), path
        assert answer["error"]["holder"] == {"id": lan.id, "name": "Lan"}
    intake = await house.as_role("intake")
    status, answer = await intake("POST", f"/conversations/{conversation}/assign", {"advisor": minh.id})
    assert (status, answer["error"]["code"]) == (403, "not_yours")
    moved = await chief.post(f"/conversations/{conversation}/assign", {"advisor": minh.id})
    assert moved["assignee"]["id"] == minh.id
    status, _ = await minh("POST", f"/conversations/{conversation}/messages", {"text": "giờ là của em"})
    assert status == 202
    queued = await minh.post(f"/conversations/{conversation}/transfer", {"team": "bồi thường", "note": "hồ sơ tai nạn"})
    assert (queued["status"], queued["assignee"]) == ("waiting", None)


async def test_acts_refuse_with_the_reason(house: House) -> None:
    conversation = await house.conversation("9")
    lan = await house.as_role("advisor", "Lan")
    base = f"/conversations/{conversation}"
    cases = (
        (f"{base}/reopen", None, 409, "wrong_state"),
        (f"{base}/close", {"outcome": "nonsense"}, 422, "invalid"),
        (f"{base}/close", {"outcome": "won", "colour": "red"}, 422, "invalid"),
        (f"{base}/assign", {"advisor": lan.id}, 403, "forbidden"),
        (f"{base}/transfer", {}, 422, "invalid"),
        (f"{base}/transfer", {"advisor": "0" * 26}, 422, "invalid"),
        (f"{base}/snooze", {"until": "2001-01-01T00:00:00Z"}, 422, "invalid"),
        (f"{base}/snooze", {"until": "tomorrow"}, 422, "invalid"),
        (f"{base}/snooze", {"until": "2099-01-01T00:00:00"}, 422, "invalid"),
        (f"{base}/notes", {"text": "   "}, 422, "invalid"),
        (f"{base}/messages", {}, 422, "invalid"),
        (f"{base}/messages", {"text": 5}, 422, "invalid"),
        (f"{base}/messages", {"attachment_ids": ["0" * 26]}, 422, "invalid"),
        ("/conversations/" + "0" * 26 + "/take", None, 404, "not_found"),
        ("/conversations/nothing/take", None, 404, "not_found"),
    )
    for path, body, wanted, code in cases:
        status, answer = await lan("POST", path, body)
        assert (status, answer["error"]["code"]) == (wanted, code), (path, body, answer)
        assert set(answer["error"]) <= {"code", "message", "request_id", "fields", "holder"}
    _, answer = await lan("POST", f"{base}/close", {"outcome": "won", "colour": "red"})
    assert fields_of(answer) == {"colour"}


async def test_lists_turn_pages_that_do_not_move(house: House) -> None:
    threads = [f"t{number}" for number in range(7)]
    for thread in threads:
        await house.conversation(thread)
    boss = await house.as_role("admin")
    seen: list[str] = []
    page = await boss.get("/conversations", limit=3)
    while True:
        seen += [each["thread"] for each in page["items"]]
        if len(seen) == 3:
            await house.conversation("newcomer")  # stands before everything: moves nothing behind the cursor
        if page["next"] is None:
            break
        page = await boss.get("/conversations", limit=3, cursor=page["next"])
    assert seen == threads[::-1]
    whole = [each["last_message_at"] for each in (await boss.get("/conversations", limit=200))["items"]]
    assert whole == sorted(whole, reverse=True)
    for params in (
        {"limit": 0},
        {"limit": 201},
        {"limit": "x"},
        {"cursor": "nonsense"},
        {"status": "weird"},
        {"limit": 10**30},
    ):
        status, answer = await boss("GET", "/conversations", params={key: str(value) for key, value in params.items()})
        assert (status, answer["error"]["code"]) == (422, "invalid"), params
    status, _ = await boss("GET", "/conversations", params={"unknown": "1"})
    assert status == 200


async def test_messages_after_and_before(house: House) -> None:
    conversation = await house.conversation("m")
    for number in range(6):
        await house.say("m", f"tin {number}")
        await house.settled()
    boss = await house.as_role("admin")
    path = f"/conversations/{conversation}/messages"
    whole = (await boss.get(path))["items"]
    seqs = [each["seq"] for each in whole]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [each["seq"] for each in (await boss.get(path, after=4))["items"]] == seqs[4:]
    assert (await boss.get(path, after=10**30))["items"] == []
    walked, page = [], await boss.get(path, limit=2)
    walked += page["items"]
    while page["next"]:
        page = await boss.get(path, limit=2, cursor=page["next"])
        walked += page["items"]
    assert [each["seq"] for each in walked] == seqs
    back = await boss.get(path, before=seqs[-1], limit=2)
    assert [each["seq"] for each in back["items"]] == seqs[-3:-1]
    earlier = await boss.get(path, before=seqs[-1], limit=2, cursor=back["next"])
    assert [each["seq"] for each in earlier["items"]] == seqs[-5:-3]
    await boss.post(f"/conversations/{conversation}/seen", {"seq": 3})
    assert (await boss.get(f"/conversations/{conversation}"))["unread"] == len(seqs) - 3


async def test_writing_first(house: House) -> None:
    conversation = await house.conversation("first", lead=True)
    lan = await house.as_role("advisor", "Lan")
    await lan.post(f"/conversations/{conversation}/close", {"outcome": "no_need"})
    point = {"channel": "telegram", "account": "main", "thread": "first"}
    status, begun = await lan("POST", "/conversations", {"point": point, "text": "Dạ em Lan bên IBAOHIEM ạ"})
    assert (status, begun["id"], begun["status"], begun["assignee"]["id"]) == (
        201,
        conversation,
        "with_advisor",
        lan.id,
    )
    status, begun = await lan("POST", "/conversations", {"contact_id": begun["contact_id"], "text": "em gửi thêm ạ"})
    assert status == 201
    for body in ({"text": "x"}, {"text": "x", "point": point, "contact_id": begun["contact_id"]}):
        status, answer = await lan("POST", "/conversations", body)
        assert (status, answer["error"]["code"]) == (422, "invalid")
    status, answer = await lan("POST", "/conversations", {"point": {**point, "thread": "nobody"}, "text": "x"})
    assert status == 404
    await house.parts.store.run(lambda tx: tx.run("UPDATE contact_point SET reachable = :no", no=False))
    status, answer = await lan("POST", f"/conversations/{conversation}/messages", {"text": "x"})
    assert (status, answer["error"]["code"]) == (422, "window_closed")
    assert answer["error"]["fields"] == {"reason": "blocked", "ways": "call"}


async def test_finding_by_words(house: House) -> None:
    conversation = await house.conversation("q1", lead=True)
    await house.conversation("q2")
    await house.indexed()
    boss = await house.as_role("admin")
    for words in (
        "Nguyễn Văn Hùng",
        "nguyen hung",
        "ngu",
        "HÙNG",
        "0912345678",
        "+84 912 345 678",
        "0912.345.678",
        "5678",
    ):
        assert [each["id"] for each in (await boss.get("/conversations", q=words))["items"]] == [conversation], words
    code = (await boss.get(f"/conversations/{conversation}"))["code"]
    if code:
        assert [each["id"] for each in (await boss.get("/conversations", q=code))["items"]] == [conversation]
    for words in ("hung tran", "0912345679", "zzz", "…", "%", "trợ lý tự động"):
        assert (await boss.get("/conversations", q=words))["items"] == [], words


async def test_how_long_one_may_write_and_where_else(house: House) -> None:
    conversation = await house.conversation("w1", lead=True)
    lan = await house.as_role("advisor", "Lan")
    free = {
        "advice": "free", "why": "", "until": None, "bot": "free", "bot_until": None, "ways": [], "hours": 0, "closed_at": None, "templates": [], "held_by": "us", "may_hold": False, "account": "ok", "account_until": None,
    }  # fmt: skip
    assert (await lan.get(f"/conversations/{conversation}"))["window"] == free
    telegram = house.parts.adapters["telegram"]
    windows = (
        Window(hours=24),
        Window(hours=168, senders=frozenset({Sender.ADVISOR}), purposes=frozenset({Purpose.ADVICE})),
    )
    house.parts.adapters = {
        **house.parts.adapters,
        "telegram": replace(telegram, capabilities=replace(telegram.capabilities, windows=windows)),
    }
    last = await house.parts.store.read(lambda tx: tx.value("SELECT last_inbound_at FROM contact_point"))
    shown = (await lan.get(f"/conversations/{conversation}"))["window"]
    assert (shown["advice"], shown["bot"], shown["until"]) == ("free", "free", rfc3339(last + 24 * HOUR_MS))

    async def after(hours: int) -> None:
        await house.parts.store.run(
            lambda tx: tx.run("UPDATE contact_point SET last_inbound_at = :at", at=tx.now_ms - hours * HOUR_MS)
        )

    await after(30)
    shown = (await lan.get(f"/conversations/{conversation}"))["window"]
    assert (shown["advice"], shown["bot"]) == ("free", "never")
    await after(200)
    shown = (await lan.get(f"/conversations/{conversation}"))["window"]
    assert (shown["advice"], shown["why"], shown["until"], shown["ways"]) == ("never", "window", None, ["call"])
    status, answer = await lan("POST", f"/conversations/{conversation}/messages", {"text": "x"})
    last = await house.parts.store.read(lambda tx: tx.value("SELECT last_inbound_at FROM contact_point"))
    ended = rfc3339(last + 168 * HOUR_MS)
    assert status == 422
    assert answer["error"]["fields"] == {"reason": "window", "ways": "call", "hours": "168", "closed_at": ended}
    assert (shown["closed_at"], shown["hours"], shown["templates"]) == (ended, 168, [])
    windows = (
        *windows,
        Window(hours=None, way=Way.TEMPLATE, purposes=frozenset({Purpose.REMINDER, Purpose.CERTIFICATE})),
    )
    house.parts.adapters = {
        **house.parts.adapters,
        "telegram": replace(telegram, capabilities=replace(telegram.capabilities, windows=windows)),
    }
    shown = (await lan.get(f"/conversations/{conversation}"))["window"]
    assert (shown["advice"], shown["templates"]) == ("never", ["certificate", "reminder"])


async def test_the_first_answer_and_the_reason_are_kept_for_the_figures(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    conversation = await house.conversation("figures", lead=True)

    async def kept() -> tuple[int | None, int | None, str]:
        row = await house.parts.store.read(
            lambda tx: tx.one(
                "SELECT h.first_reply_at, c.closed_at, c.contact_id, c.reason_sealed FROM conversation c"
                " JOIN handoff h ON h.conversation_id = c.id WHERE c.id = :id",
                id=conversation,
            )
        )
        sealed = house.parts.store.keys
        reason = await house.parts.store.read(
            lambda tx: sealed.open_for(
                tx, row.contact_id, "conversation", "reason_sealed", conversation, row.reason_sealed
            ).decode()
        )
        return row.first_reply_at, row.closed_at, reason

    await lan.post(f"/conversations/{conversation}/take")
    assert await kept() == (None, None, ""), "to take is not to answer"
    await lan.post(f"/conversations/{conversation}/messages", {"text": "Dạ em chào anh"})
    first = (await kept())[0]
    assert first
    await lan.post(f"/conversations/{conversation}/messages", {"text": "Anh cần gì ạ"})
    assert (await kept())[0] == first
    await lan.post(f"/conversations/{conversation}/close", {"outcome": "lost", "reason": "chê phí cao"})
    _, closed, reason = await kept()
    assert (bool(closed), reason) == (True, "chê phí cao")
    await lan.post(f"/conversations/{conversation}/notes", {"text": "gọi lại năm sau"})
    assert (await kept())[1] == closed, "a note later closes nothing anew"
