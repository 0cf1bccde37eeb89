"""News of a message that comes before the message itself: it waits, it is told when the message comes, it is counted when not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from channels.contract import InboundEvent, InboundFile, Kind, Receipt
from handlers import retold
from handlers.retold import Standing, as_it_stands
from storage import erasure, erasure_steps, inbox, parked, retells, retention, search, unchanged
from storage.errors import Raced
from storage.parked import EDIT, RETRACT, News
from storage.tx import Tx
from tests.support import waits
from tests.support.shop import ACCOUNT, Shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()


def news(kind: str, said_at: int, text: str = "") -> News:
    return News(event_id=f"e{said_at}", kind=kind, ref="m1", said_at=said_at, text=text)


@pytest.mark.parametrize(
    ("heard", "stands"),
    [
        ([news(EDIT, 1, "b")], Standing(text="b", before=("a",), at=1)),
        ([news(EDIT, 1, "b"), news(EDIT, 2, "c")], Standing(text="c", before=("a", "b"), at=2)),
        ([news(EDIT, 2, "c"), news(EDIT, 1, "b")], Standing(text="c", before=("a", "b"), at=2)),
        ([news(EDIT, 1, "b"), news(EDIT, 1, "c")], Standing(text="c", before=("a", "b"), at=1)),  # in one second
        ([news(EDIT, 1, "b"), news(EDIT, 1, "b")], Standing(text="b", before=("a",), at=1)),
        ([news(EDIT, 1, "a")], Standing(text="a", at=1)),
        ([news(RETRACT, 1)], Standing(text="", at=1, gone=True)),
        ([news(RETRACT, 1), news(EDIT, 2, "b")], Standing(text="", at=1, gone=True)),
        ([news(EDIT, 2, "b"), news(RETRACT, 1)], Standing(text="", at=1, gone=True)),
    ],
    ids=["edit", "two", "disorder", "one second", "twice", "as it was", "unsend", "edit after it", "edit before it"],
)
def test_what_a_message_says_once_all_news_of_it_is_told(heard: Sequence[News], stands: Standing) -> None:
    assert as_it_stands("a", heard) == stands


@pytest.mark.parametrize(
    ("known", "now", "late"),
    [
        ([], news(EDIT, 1), False),
        ([news(EDIT, 1)], news(EDIT, 1), False),
        ([news(EDIT, 2)], news(EDIT, 1), True),
        ([news(RETRACT, 1)], news(EDIT, 9), True),
        ([news(RETRACT, 1)], news(RETRACT, 1), True),
    ],
    ids=["first", "in one second", "overtaken", "taken back", "twice"],
)
def test_nobody_hears_what_something_later_has_overtaken(known: Sequence[News], now: News, late: bool) -> None:
    memory: Mapping[str, Any] = {}
    for one in known:
        memory = retold.heard(memory, one)
    assert retold.overdue(memory, now) is late


def test_only_the_last_few_are_remembered() -> None:
    memory: Mapping[str, Any] = {"other": 1}
    for at in range(20):
        memory = retold.heard(memory, News(event_id="e", kind=EDIT, ref=f"m{at}", said_at=at))
    assert (list(memory[retold.HEARD]), memory["other"]) == ([f"m{at}" for at in range(12, 20)], 1)


# ---- on both databases


async def tells(
    shop: Shop, kind: Kind, text: str = "", *, at: int, thread: str = "t", key: str = "", **more: Any
) -> str:
    """It is in the inbox: one event about the message m-`thread`, of the platform's second `at`; its id."""
    name = f"m-{thread}"
    event = InboundEvent(
        channel="telegram",
        account="main",
        key=key or f"k{next(shop.numbers)}",
        kind=kind,
        thread=thread,
        said_at=datetime.fromtimestamp(1_795_000_000 + at, UTC),
        raw=b"",
        text=text,
        **(more or ({"external_id": name} if kind is Kind.TEXT else {"ref": name})),
    )
    arrival = inbox.Arrival(account_id=ACCOUNT.id, key=event.key, kind=kind.value, thread=thread, body=text.encode())
    shop.engine.remember(arrival.id, event)
    await shop.store.ingest([arrival])
    return arrival.id


async def hears(shop: Shop, kind: Kind, text: str = "", *, at: int, **more: Any) -> str:
    """The same, and all that follows."""
    event_id = await tells(shop, kind, text, at=at, **more)
    await shop.settled()
    return event_id


def stands(tx: Tx, thread: str = "t") -> Mapping[str, Any] | None:
    row = tx.one("SELECT * FROM message WHERE external_id = :name", name=f"m-{thread}")
    if row is None:
        return None
    body: dict[str, Any] = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
    return {key: body[key] for key in ("text", "before", "taken_back", "payload", "extra") if body.get(key)}


def counted(tx: Tx) -> dict[str, int]:
    row = tx.one("SELECT * FROM account_stat WHERE account_id = :id", id=ACCOUNT.id)
    assert row is not None
    told = dict(row._mapping)
    assert told["events"] == sum(told[name] for name in ("messages", "receipts", "ignored", "quarantined", "pending"))
    return {name: told[name] for name in ("messages", "receipts", "ignored")}


ORDERS: Mapping[str, tuple[list[tuple[Kind, str, int]], Mapping[str, Any]]] = {
    "edit first": ([(Kind.EDIT, "hai", 2)], {"text": "hai", "before": ["một"]}),
    "second edit first": (
        [(Kind.EDIT, "ba", 3), (Kind.EDIT, "hai", 2)],
        {"text": "ba", "before": ["một", "hai"]},
    ),
    "a secret": ([(Kind.EDIT, "mã OTP là 123456", 2)], {"text": "mã OTP là ••••••", "before": ["một"]}),
    "unsend first": ([(Kind.RETRACT, "", 2)], {"taken_back": True}),
    "an edit after the unsend": ([(Kind.RETRACT, "", 2), (Kind.EDIT, "hai", 3)], {"taken_back": True}),
    "an edit before the unsend": ([(Kind.EDIT, "hai", 3), (Kind.RETRACT, "", 2)], {"taken_back": True}),
}


@pytest.mark.parametrize("how", ["a restart between", "in one turn", "twice"])
async def test_what_comes_before_its_message_is_told_with_it(shop: Shop, how: str) -> None:
    for thread, (news_of_it, _) in ORDERS.items():
        for kind, text, at in news_of_it:
            for _ in range(2 if how == "twice" else 1):
                await tells(shop, kind, text, at=at, thread=thread, key=f"{thread}:{kind}:{at}")
    if how != "in one turn":
        await shop.settled()
        assert await shop.store.read(parked.waiting) == sum(len(told) for told, _ in ORDERS.values())
    if how == "a restart between":
        await shop.again()
    said = {thread: await tells(shop, Kind.TEXT, "một", at=1, thread=thread) for thread in ORDERS}
    await shop.settled()
    for thread, (_, expected) in ORDERS.items():
        assert await shop.store.read(partial(stands, thread=thread)) == expected
        raw = (await shop.row("inbox_event", said[thread])).body_sealed
        assert (raw is None) is ("taken_back" in expected)
    assert await shop.store.read(parked.waiting) == 0
    reasons = await shop.store.read(lambda tx: {row[0] for row in tx.all("SELECT reason FROM inbox_event")})
    assert reasons == {""}


async def test_an_unsend_that_was_first_leaves_no_word_no_file_and_no_answer(shop: Shop) -> None:
    edit = await hears(shop, Kind.EDIT, "0912345678 là số của mình", at=2)
    await hears(shop, Kind.RETRACT, at=3)
    row = await shop.store.read(lambda tx: tx.one("SELECT body_sealed FROM parked WHERE event_id = :id", id=edit))
    assert row is not None
    assert (row.body_sealed, (await shop.row("inbox_event", edit)).body_sealed) == (None, None)
    shop.sent.clear()
    picture = InboundFile(kind=Kind.IMAGE, source="f1")
    await hears(shop, Kind.IMAGE, "cho mình gặp nhân viên", at=1, external_id="m-t", files=(picture,), extra={"a": "b"})
    files = await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM attachment"))
    stage = await shop.store.read(lambda tx: tx.value("SELECT stage FROM conversation"))
    assert (await shop.store.read(stands), files, shop.sent, stage) == ({"taken_back": True}, 0, [], "new")


async def test_an_edit_that_another_overtook_changes_nothing(shop: Shop) -> None:
    await hears(shop, Kind.TEXT, "một", at=1)
    await hears(shop, Kind.EDIT, "ba", at=3)
    await hears(shop, Kind.EDIT, "hai", at=2)
    assert await shop.store.read(stands) == {"text": "ba", "before": ["một", "hai"]}
    await hears(shop, Kind.RETRACT, at=2)
    await hears(shop, Kind.EDIT, "bốn", at=4)
    assert await shop.store.read(stands) == {"taken_back": True}


async def test_what_never_comes_is_counted_and_gone_after_a_day(shop: Shop) -> None:
    await hears(shop, Kind.TEXT, "chào em", at=1, external_id="m0")
    before = await shop.store.read(counted)
    edit = await hears(shop, Kind.EDIT, "hai", at=2)
    lost = await hears(
        shop, Kind.RECEIPT, at=3, receipt=Receipt(status="delivered", external_ids=("nobody", "nothing"))
    )
    shop.pass_(hours=23)
    assert await shop.store.run(parked.forget) == 0
    shop.pass_(hours=2)
    assert dict(retention.STEPS)["news of messages that never came"] is parked.forget
    assert [await shop.store.run(parked.forget) for _ in range(2)] == [3, 0]
    for event_id in (edit, lost):
        event = await shop.row("inbox_event", event_id)
        assert (event.state, event.reason) == ("ignored", parked.ORPHAN)
    after = await shop.store.read(counted)
    assert {name: after[name] - before[name] for name in after} == {"messages": 0, "receipts": 0, "ignored": 2}
    await hears(shop, Kind.TEXT, "một", at=1)
    assert await shop.store.read(stands) == {"text": "một"}  # too late


async def moves(shop: Shop, *places: tuple[int, float], thread: str = "t") -> list[str]:
    """He is there by the platform's second, which is told in this order."""
    return [
        await hears(shop, Kind.EDIT, at=at, thread=thread, ref=f"m-{thread}", location=(10.5, east))
        for at, east in places
    ]


async def test_a_place_that_is_shared_live_is_the_newest_one_and_nobodys_turn(shop: Shop) -> None:
    await hears(shop, Kind.LOCATION, at=1, external_id="m-t", location=(10.5, 106.0))
    shop.sent.clear()
    before = await shop.store.read(lambda tx: tx.one("SELECT id, contact_id, state_sealed FROM conversation"))
    assert before is not None
    ids = await moves(shop, (2, 106.1), (4, 106.3), (3, 106.2))
    assert await shop.store.read(place) == ([10.5, 106.3], {})
    place_of_state = (before.contact_id, "conversation", "state_sealed", before.id)

    def unmoved(tx: Tx) -> bool:
        now = tx.value("SELECT state_sealed FROM conversation")
        return bool(
            tx.keys.open_json(tx, *place_of_state, now) == tx.keys.open_json(tx, *place_of_state, before.state_sealed)
        )

    assert await shop.store.read(unmoved), "no turn of the bot's, and no word of his that keeps the conversation open"
    assert (shop.sent, await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM message WHERE seq > 1"))) == (
        [],
        1,
    )
    assert {(await shop.row("inbox_event", each)).body_sealed for each in ids} == {None}, "the way is not kept"
    await hears(shop, Kind.RETRACT, at=5)
    await moves(shop, (6, 106.6))
    assert await shop.store.read(place) == (None, {"taken_back": True})


async def test_of_places_before_their_message_only_the_last_one_waits(shop: Shop) -> None:
    ids = await moves(shop, *((at, 106 + at / 100) for at in (2, 3, 5, 4)))
    assert await shop.store.read(parked.waiting) == 2, "the one that is later by the platform's time is not overtaken"
    reasons = [(await shop.row("inbox_event", each)).reason for each in ids]
    assert reasons == [parked.OVERTAKEN, parked.OVERTAKEN, parked.WAITS, parked.WAITS]
    await hears(shop, Kind.LOCATION, at=1, external_id="m-t", location=(10.5, 106.0))
    assert await shop.store.read(place) == ([10.5, 106.05], {})
    assert await shop.store.read(parked.waiting) == 0
    assert await shop.store.read(counted) == {"messages": 3, "receipts": 0, "ignored": 2}
    await moves(shop, (2, 106.2), (3, 106.3), thread="gone")
    await hears(shop, Kind.RETRACT, at=4, thread="gone")
    words = "SELECT COUNT(*) FROM parked WHERE body_sealed IS NOT NULL"
    assert await shop.store.read(lambda tx: tx.value(words)) == 0


def place(tx: Tx) -> tuple[list[float] | None, Mapping[str, Any]]:
    row = tx.one("SELECT * FROM message WHERE external_id = 'm-t'")
    assert row is not None
    body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
    return body.get("location"), {name: body[name] for name in ("text", "before", "taken_back") if body.get(name)}


async def test_news_of_nobody_we_know_begins_no_conversation(shop: Shop) -> None:
    """Nor of who was erased: it is kept for a message that never comes."""
    lan = await shop.customer("t", "Lan")

    def cut_off(tx: Tx) -> None:
        job = erasure.ask(tx, lan.contact_id, by="a", reason="", now=True)
        while erasure_steps.step(tx, job) != "telling":
            pass

    await shop.store.run(cut_off)
    people = "SELECT COUNT(*) FROM contact"
    before = await shop.store.read(lambda tx: (tx.value(people), counted(tx)))
    shop.sent.clear()
    ids = [
        await hears(shop, kind, "xóa hết dữ liệu của tôi", at=2, thread=thread)
        for thread in ("t", "unheard")
        for kind in (Kind.EDIT, Kind.RETRACT)
    ]
    ids.append(await hears(shop, Kind.EDIT, "mã OTP là 123456", at=3, thread="secret"))

    def begun(tx: Tx) -> tuple[int, int, int]:
        count = "SELECT COUNT(*) FROM conversation WHERE id <> :id"
        return tx.value(count, id=lan.conversation_id), tx.value(people), parked.waiting(tx)

    assert (await shop.store.read(begun), shop.sent) == ((0, before[0], 5), [])
    rows = [await shop.row("inbox_event", each) for each in ids]
    assert {(row.state, row.reason) for row in rows} == {("done", parked.WAITS)}
    assert [row.body_sealed is None for row in rows] == [True, False, True, False, True], "taken back, or with a secret"
    shop.pass_(hours=25)
    assert await shop.store.run(parked.forget) == 5
    assert {((row := await shop.row("inbox_event", each)).state, row.reason) for each in ids} == {
        ("ignored", parked.ORPHAN)
    }
    after = await shop.store.read(counted)
    assert {name: after[name] - before[1][name] for name in after} == {"messages": 0, "receipts": 0, "ignored": 5}


async def test_what_overtook_the_message_of_somebody_new_is_remembered(shop: Shop) -> None:
    """An edit that is older than the one he began with is heard by nobody: no stop in it counts any more."""
    await hears(shop, Kind.EDIT, "ba", at=3)
    await hears(shop, Kind.TEXT, "một", at=1)
    await hears(shop, Kind.EDIT, "STOP", at=2)
    assert await shop.store.read(stands) == {"text": "ba", "before": ["một", "STOP"]}
    assert await shop.store.read(lambda tx: tx.value("SELECT stage FROM conversation")) != "opted_out"


async def test_what_two_processes_do_at_once_is_not_lost(shop: Shop) -> None:
    """News that one keeps for somebody new, while another begins his conversation: the second of them is told to look again."""
    event_id = await hears(shop, Kind.EDIT, "hai", at=2, thread="t")
    point = await shop.store.read(lambda tx: tx.value("SELECT point_id FROM parked"))
    await shop.store.run(lambda tx: parked.all_known(tx, point, {event_id}))
    unseen = shop.store.run(lambda tx: parked.all_known(tx, point, set()))
    if shop.store.path is None:
        with pytest.raises(Raced):
            await unseen
    else:
        await unseen  # there is no other process
    await hears(shop, Kind.TEXT, "chào em", at=3, external_id="another")
    with pytest.raises(Raced):
        await shop.store.run(lambda tx: parked.wait_for_anybody(tx, news(EDIT, 1, "b"), point))


async def test_who_is_erased_leaves_no_news(shop: Shop) -> None:
    await hears(shop, Kind.EDIT, "hai", at=2)  # before anybody is known there
    await hears(shop, Kind.TEXT, "chào em", at=1, external_id="another")
    await hears(shop, Kind.RETRACT, at=3)
    contact_id = await shop.store.read(lambda tx: tx.value("SELECT id FROM contact"))
    scope = await shop.store.read(lambda tx: erasure.scope_of(tx, [contact_id]))
    assert await shop.store.run(lambda tx: erasure_steps._clear(tx, "parked", scope)) == 2
    assert await shop.store.read(parked.waiting) == 0


async def until(shop: Shop, true: Callable[[Tx], Any]) -> None:
    async def look() -> bool:
        shop.store.wake()
        return bool(await shop.store.run(true))

    await waits.until(look, pause=0.001)


async def test_a_receipt_that_outruns_the_platforms_answer_counts_once_that_is_here(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.hears("t", "chào em")
    await shop.settled()
    held: list[Any] = []
    mark = shop.store.mark
    monkeypatch.setattr(shop.store, "mark", held.append)  # the platform's answers are still on their way
    await shop.arrives("t", "cho mình gặp nhân viên")
    await until(shop, lambda tx: held)
    known = {row[0] for row in await shop.store.read(lambda tx: tx.all("SELECT external_id FROM message"))}
    assert held[0].external_id not in known
    await shop.arrives("t", receipt=Receipt(status="read", external_ids=(held[0].external_id,)))
    await until(shop, parked.waiting)
    monkeypatch.undo()
    for outcome in held:
        mark(outcome)
    await shop.settled()
    row = await shop.store.read(
        lambda tx: tx.one("SELECT status FROM message WHERE external_id = :id", id=held[0].external_id)
    )
    assert row is not None
    assert (row.status, await shop.store.read(parked.waiting)) == ("read", 0)
    await shop.store.read(counted)


@pytest.mark.parametrize(("seen_by", "known"), [("sweep", "message"), ("forget", "message"), ("forget", "call")])
async def test_a_receipt_whose_message_another_process_recorded_meanwhile_is_heard(
    shop: Shop, seen_by: str, known: str
) -> None:
    await shop.hears("t", "chào em")
    await shop.settled()
    ours = await shop.store.read(lambda tx: tx.one("SELECT id, external_id FROM message WHERE external_id LIKE 'x%'"))
    assert ours is not None
    for name in ("late", "nobody"):
        await shop.arrives("t", receipt=Receipt(status="read", external_ids=(name,)))
    await shop.settled()
    rows = await shop.store.read(lambda tx: tx.all("SELECT event_id FROM parked ORDER BY seq"))
    lost, other = (row.event_id for row in rows)
    recorded = {  # which wakes nobody: what is not committed is not seen
        "message": "UPDATE message SET external_id = 'late' WHERE id = :id",
        "call": "UPDATE outbox SET external_id = 'late' WHERE message_id = :id",  # not the last of its message's calls
    }
    await shop.store.run(lambda tx: tx.run(recorded[known], id=ours.id))
    if seen_by == "forget":
        shop.pass_(hours=25)
        assert await shop.store.run(parked.forget) == 1
    else:
        assert [await shop.store.run(parked.sweep) for _ in range(2)] == [1, 0]
    await shop.settled()
    status = (await shop.row("message", ours.id)).status
    assert ((await shop.row("inbox_event", lost)).state, status == "read") == ("done", known == "message")
    state, waits = (await shop.row("inbox_event", other)).state, await shop.store.read(parked.waiting)
    assert (state, waits) == (("ignored", 0) if seen_by == "forget" else ("done", 1))
    await shop.store.read(counted)


@pytest.mark.parametrize(("most", "letters"), [(3, 10**6), (30, 30)], ids=["messages", "letters"])
async def test_what_was_said_long_ago_too_is_found_again_a_little_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, most: int, letters: int
) -> None:
    monkeypatch.setattr(search, "NEAR", most)
    monkeypatch.setattr(search, "LETTERS", letters)
    lan = await shop.customer("t", "Lan")

    def finds(tx: Tx) -> list[str]:
        rows = tx.all("SELECT token FROM search_token WHERE conversation_id = :id", id=lan.conversation_id)
        known = {bytes(row.token) for row in rows}
        return [word for word in ("dau", "giua", "cuoi", "rieng") if search.token(tx.keys, word) in known]

    async def indexed(limit: int) -> None:
        while await shop.store.run(partial(search.index, limit=limit)):
            pass

    for at, text in enumerate(["đầu", *["giữa các tin này"] * 6, "cuối", "đầu giữa cuối riêng"]):
        await hears(shop, Kind.TEXT, text, at=at, external_id=f"m-{at}")
    await indexed(20)
    assert await shop.store.run(finds) == ["dau", "giua", "cuoi", "rieng"]
    await hears(shop, Kind.EDIT, "thôi", at=20, ref="m-8")
    assert await shop.store.run(finds) == ["giua", "cuoi"]  # at once, what was said lately
    await indexed(2)
    assert await shop.store.run(finds) == ["dau", "giua", "cuoi"]
    marks = "SELECT COUNT(*) FROM setting WHERE name LIKE 'search_again %'"
    assert await shop.store.read(lambda tx: tx.value(marks)) == 0
    monkeypatch.setattr(search, "NEAR", 5)
    monkeypatch.setattr(search, "LETTERS", 10**6)
    await hears(shop, Kind.EDIT, "thôi", at=21, ref="m-6")  # all that goes was said lately, too: nobody looks further
    assert await shop.store.run(finds) == ["dau", "giua", "cuoi"]
    assert await shop.store.read(lambda tx: tx.value(marks)) == 0


async def test_words_that_nobody_says_any_more_find_nothing(shop: Shop) -> None:
    lan = await shop.customer("t", "Lan")

    async def finds(*asked: str) -> list[str]:
        while await shop.store.run(search.index):
            pass

        def read(tx: Tx) -> list[str]:
            rows = tx.all("SELECT token FROM search_token WHERE conversation_id = :id", id=lan.conversation_id)
            known = {bytes(row.token) for row in rows}
            return [word for word in asked if search.token(tx.keys, word) in known]

        return await shop.store.run(read)

    await hears(shop, Kind.TEXT, "mật ong của Lan chung", at=1)
    await hears(shop, Kind.TEXT, "chung thôi", at=1, external_id="m-other")
    assert await finds("mat", "ong", "chung", "lan", "thoi") == ["mat", "ong", "chung", "lan", "thoi"]
    await hears(shop, Kind.EDIT, "đường của Lan chung", at=2)
    assert await finds("mat", "ong", "duong", "chung", "lan") == ["duong", "chung", "lan"]
    await hears(shop, Kind.RETRACT, at=3)
    assert await finds("mat", "ong", "duong", "chung", "lan", "thoi") == ["chung", "lan", "thoi"]  # said elsewhere, too

    await shop.act(lan.conversation_id, "reply", text="giá kia đây")
    await shop.settled()
    message = await shop.store.read(
        lambda tx: tx.value("SELECT id FROM message WHERE author = 'advisor' ORDER BY seq DESC LIMIT 1")
    )
    assert await finds("kia", "day") == ["kia", "day"]
    await shop.store.run(lambda tx: retells.retell(tx, message, "giá này đây"))
    assert await finds("kia", "nay", "day") == ["nay", "day"]
    await shop.store.run(lambda tx: unchanged.undo(tx, message))
    assert await finds("kia", "nay", "day") == ["kia", "day"]
    await shop.store.run(lambda tx: retells.retell(tx, message, ""))
    assert await finds("kia", "nay", "day") == []
