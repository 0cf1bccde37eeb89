"""Forms and calls on the real hooks, and what people do with their leads over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from channels import webchat
from gateway import process
from gateway.config import load
from gateway.parts import Clock, Parts
from scheduler import overdue, retention, timers
from storage import tokens
from storage.tx import Tx
from tests.gateway.api.conftest import Caller
from tests.support.calm import calm
from tests.support.waits import thought

FORM_SECRET, CALL_SECRET = "secret-of-the-form", "secret-of-the-calls"
CONFIG = """
server: {{host: 127.0.0.1, port: 0}}
conversation: {{turn_quiet_ms: 0, turn_max_ms: 0}}
business: {{hours: {{mon: ["08:00-12:00", "13:00-17:30"], tue: ["08:00-17:30"]}}}}
database: {{url: "{database}"}}
accounts:
  - {{channel: webchat, name: site}}
  - {{channel: leads, name: ladipage, secret: "${{LEADS_SECRET}}"}}
  - {{channel: hotline, name: main, secret: "${{HOTLINE_SECRET}}"}}
"""
MONDAY = datetime(2027, 11, 22, 2, 0, tzinfo=UTC)  # 09:00 in Ha Noi
LAN = {"name": "Nguyễn Thị Lan", "phone": "0912345678", "message": "mua bảo hiểm xe máy", "utm_source": "fb"}


@dataclass(slots=True)
class Office:
    """A gateway with both hooks, on Monday morning."""

    parts: Parts
    session: ClientSession
    url: str

    async def form(self, body: Any, path: str = f"ladipage/{FORM_SECRET}", **more: Any) -> int:
        sent = {"data": body} if isinstance(body, (bytes, str)) else {"json": body}
        async with self.session.post(f"{self.url}/hooks/leads/{path}", **sent, **more) as answer:
            return answer.status

    async def call(self, body: Any, secret: str = CALL_SECRET) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        sent = {"data": body} if isinstance(body, (bytes, str)) else {"json": body}
        async with self.session.post(f"{self.url}/hooks/hotline/main", headers=headers, **sent) as answer:
            return answer.status

    async def settled(self) -> None:
        await thought(self.parts.store)

    async def as_role(self, role: str, name: str = "") -> Caller:
        secret = tokens.new_secret()
        made = await self.parts.store.run(lambda tx: tokens.create(tx, secret, name=name or role, role=role, by="test"))
        return Caller(self.session, f"{self.url}/api/v1", secret, made.advisor_id, name or role, role)

    async def later(self, *, minutes: float) -> None:
        self.parts.clock.offset_ms += int(minutes * 60_000)


@asynccontextmanager
async def opened(folder: Path, database: str) -> AsyncIterator[Office]:
    file = folder / "config.yaml"
    file.write_text(CONFIG.format(database=database), encoding="utf-8")
    clock = Clock()
    clock.offset_ms = int(MONDAY.timestamp() * 1000) - clock.ms()
    config = load(file, {"LEADS_SECRET": FORM_SECRET, "HOTLINE_SECRET": CALL_SECRET})
    async with process.running(config, clock=clock) as parts, ClientSession() as session:
        calm(parts)
        yield Office(parts, session, parts.config.public_url)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path, "sqlite:///gateway.db") as running:
        yield running


@pytest.fixture
async def either(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """On each database: where statements are new."""
    async with opened(tmp_path, database_url) as running:
        yield running


async def stats(boss: Caller, channel: str) -> dict[str, int]:
    (found,) = [each for each in (await boss.get("/stats"))["items"] if each["channel"] == channel]
    return {key: value for key, value in found.items() if value and key not in ("channel", "account")}


async def test_a_form_and_a_missed_call_meet_the_same_queue(either: Office) -> None:
    office = either
    boss, mai = await office.as_role("admin"), await office.as_role("intake", "Mai")
    assert await office.form(LAN) == 200
    assert await office.form(LAN) == 200  # the builder repeats it
    assert await office.form(LAN, "ladipage/wrong") == 401
    assert await office.form(LAN, "ladipage") == 401
    assert await office.form(b"hello", headers={"Content-Type": "text/plain"}) == 422
    assert await office.form({"name": ""}) == 200
    call = {"call_id": "k1", "event": "missed", "direction": "inbound", "from": "0912345678", "to": "19000000"}
    assert await office.call(call) == 200
    assert await office.call(call) == 200
    assert await office.call(call, "wrong") == 401
    assert await office.call(b"not json") == 200
    await office.settled()
    await office.parts.flush_rejected()

    assert await stats(boss, "leads") == {
        "deliveries": 6, "duplicates": 1, "rejected": 3, "events": 2, "messages": 1, "ignored": 1,
    }  # fmt: skip
    assert await stats(boss, "hotline") == {
        "deliveries": 4, "duplicates": 1, "rejected": 1, "events": 2, "messages": 1, "quarantined": 1,
    }  # fmt: skip

    queue = (await mai.get("/handoffs"))["items"]
    assert [(each["handoff"]["reason"], each["conversation"]["channel"]) for each in queue] == [
        ("missed_call", "hotline"),
        ("form", "leads"),
    ]
    assert {each["handoff"]["due_at"][:16] for each in queue} == {"2027-11-22T02:15"}
    assert {(each["conversation"]["stage"], each["conversation"]["status"]) for each in queue} == {
        ("callback_scheduled", "waiting")
    }
    hotline, lead = (each["conversation"] for each in queue)
    assert "912345678" not in hotline["thread"] + lead["thread"]
    assert (await mai.get(f"/contacts/{hotline['contact_id']}"))["phones"] == ["+84912345678"]
    for one in await office.parts.store.read(lambda tx: tx.all("SELECT thread FROM contact_point")):
        assert "912345678" not in one.thread

    seen = await mai.get(f"/conversations/{lead['id']}")
    assert (seen["slots"], seen["lead"]["phone"], seen["lead"]["product"]) == ({}, "+84912345678", "tnds_xe_may")
    assert seen["screening"]["needed"]
    assert seen["screening"]["prefill"]["product"] == "tnds_xe_may"
    (message,) = (await mai.get(f"/conversations/{lead['id']}/messages"))["items"]
    assert (message["kind"], message["direction"], message["author"]) == ("form", "inbound", "customer")
    assert "Họ tên: Nguyễn Thị Lan" in message["text"]
    assert message["fields"]["utm_source"] == "fb"

    (double,) = (await mai.get("/duplicates"))["items"]
    assert double["reason"] == "phone"
    assert {each["phones"][0] for each in double["contacts"]} == {"+84912345678"}


async def test_a_lead_is_called_screened_and_only_then_sold(office: Office) -> None:
    mai, nam = await office.as_role("intake", "Mai"), await office.as_role("advisor", "Nam")
    await office.form(LAN)
    await office.settled()
    (waiting,) = (await mai.get("/handoffs"))["items"]
    at = f"/conversations/{waiting['conversation']['id']}"

    tried = await mai.post(f"{at}/attempts", {"result": "no_answer", "note": "đổ chuông lâu"})
    assert (tried["stage"], tried["attempts"][0]["result"], tried["attempts"][0]["by"]["name"]) == (
        "callback_scheduled",
        "no_answer",
        "Mai",
    )
    assert tried["next_attempt_at"] == tried["handoff"]["due_at"] == "2027-11-22T06:00:00.000Z"  # the afternoon

    assert (await mai("POST", f"{at}/transfer", {"advisor": nam.id}))[0] == 409
    status, refused = await mai("POST", f"{at}/messages", {"text": "chào chị"})
    assert (status, refused["error"]["code"]) == (422, "window_closed")

    reached = await mai.post(f"{at}/attempts", {"result": "reached", "consent": "given"})
    assert (reached["stage"], reached["assignee"]["name"], reached["lead"]) == ("with_advisor", "Mai", {})
    assert reached["slots"]["phone"] == "+84912345678"
    (consent,) = (await mai.get(f"/contacts/{reached['contact_id']}"))["consents"]
    assert (consent["purpose"], consent["state"], consent["text_key"]) == ("C1", "given", "consent.layer1")

    policy = {
        "conversation_id": waiting["conversation"]["id"], "insurer": "Hãng Mẫu", "product": "tnds_xe_may", "number": "XM-1",
        "starts_on": "2027-11-23", "ends_on": "2028-11-22", "premium": 66000, "document_id": "0" * 26,
    }  # fmt: skip
    status, refused = await mai("POST", "/policies", policy)
    assert (status, refused["error"]["code"]) == (409, "not_screened")
    status, refused = await mai("POST", f"{at}/screening", {"outcome": "no_need"})
    assert (status, refused["error"]["code"]) == (422, "invalid")

    answers = {"real_person": True, "product": "tnds_xe_may", "area": "Hà Nội", "existing_policy": False}
    screened = await mai.post(f"{at}/screening", {"outcome": "need", "answers": answers})
    assert not screened["screening"]["needed"]
    assert screened["screening"]["record"]["by"]["name"] == "Mai"
    assert screened["screening"]["record"]["answers"]["area"] == "Hà Nội"
    assert screened["screening"]["product_since"] == ""
    put_right = await mai("PATCH", f"{at}/slots", {"field": "product", "value": "vat_chat_o_to"})
    assert put_right[1]["screening"]["product_since"] == "vat_chat_o_to", "and what she saved stays as she saved it"
    assert put_right[1]["screening"]["record"]["answers"]["product"] == "tnds_xe_may"
    again = {"outcome": "need", "answers": answers | {"product": "vat_chat_o_to"}}
    assert (await mai.post(f"{at}/screening", again))["screening"]["product_since"] == ""
    await mai("PATCH", f"{at}/slots", {"field": "product", "value": "tnds_xe_may"})
    assert (await mai.post(f"{at}/screening", {"outcome": "need", "answers": answers}))["screening"][
        "product_since"
    ] == ""
    status, refused = await mai("POST", "/policies", policy)
    assert (status, list(refused["error"]["fields"])) == (422, ["document_id"])  # that is all that is missing now
    handed = await mai.post(f"{at}/transfer", {"advisor": nam.id, "note": "khách cần hôm nay"})
    assert handed["assignee"]["name"] == "Nam"
    masked = await mai.get(at)
    assert masked["screening"]["record"]["answers"]["product"] == "tnds_xe_may"


async def test_whoever_is_late_moves_up_and_everybody_sees_it(either: Office) -> None:
    office = either
    mai = await office.as_role("intake", "Mai")
    await office.form(LAN)
    await office.call({"call_id": "k1", "event": "missed", "from": "0987654321"})
    await office.settled()
    await office.later(minutes=16)
    assert await office.parts.store.run(overdue.fire) in (0, 2)  # the gateway's own tick may have been first
    assert await office.parts.store.run(overdue.fire) == 0
    await office.settled()
    queue = (await mai.get("/handoffs"))["items"]
    assert [(each["handoff"]["priority"], each["handoff"]["late"]) for each in queue] == [(15, True), (10, True)]
    assert [each["handoff"]["reason"] for each in queue] == ["missed_call", "form"]
    notes = (await mai.get(f"/conversations/{queue[0]['conversation']['id']}/messages", notes="true"))["items"]
    assert sum("Quá hạn" in each["text"] for each in notes) == 1


async def test_a_repetition_is_one_over_the_end_of_its_window_and_later_a_new_wish(office: Office) -> None:
    boss = await office.as_role("admin")
    clock = office.parts.clock
    hour = 3_600_000
    clock.offset_ms += hour - clock.ms() % hour - 30_000  # half a minute before a window ends
    await office.form(LAN)
    await office.later(minutes=1)
    await office.form(LAN)
    assert (await stats(boss, "leads"))["duplicates"] == 1
    await office.later(minutes=59)
    await office.form(LAN)
    await office.settled()
    assert await stats(boss, "leads") == {"deliveries": 3, "duplicates": 1, "events": 2, "messages": 2}
    (one,) = (await boss.get("/conversations", channel="leads"))["items"]  # the same person: appended to his open lead
    assert len((await boss.get(f"/conversations/{one['id']}/messages"))["items"]) == 2


async def test_a_call_is_one_line_whatever_comes_first(office: Office) -> None:
    boss = await office.as_role("admin")
    call = {"call_id": "k1", "direction": "inbound", "from": "0912345678", "to": "1900", "agent": "Mai"}
    await office.call([{**call, "event": "ended", "duration_s": 75}, {**call, "event": "ringing"}])
    await office.settled()
    await office.call({**call, "event": "answered"})
    await office.call({**call, "event": "ended", "duration_s": 75, "recording_url": "https://pbx.example.vn/1.mp3"})
    await office.settled()
    (one,) = (await boss.get("/conversations", thread="+84912345678"))["items"]
    (message,) = (await boss.get(f"/conversations/{one['id']}/messages"))["items"]
    assert message["kind"] == "call"
    assert message["text"] == "Cuộc gọi đến, đã nghe · 0912 345 678 · 1 phút 15 giây · người nghe Mai"
    assert message["fields"]["recording_url"] == "https://pbx.example.vn/1.mp3"
    assert (one["stage"], (await boss.get("/handoffs"))["items"][0]["handoff"]["reason"]) == (
        "callback_scheduled",
        "call",
    )
    assert (await stats(boss, "hotline"))["messages"] == 4


async def test_a_call_that_we_made_is_ours(office: Office) -> None:
    """The customer said nothing: nobody is asked to answer him, and no clock of his begins."""
    boss = await office.as_role("admin")
    call = {"call_id": "o1", "direction": "outbound", "from": "101", "to": "0912345678", "agent": "Mai"}
    await office.form(LAN)
    await office.settled()
    await office.call({**call, "event": "ringing"})
    await office.call({**call, "event": "missed"})
    await office.settled()
    (one,) = (await boss.get("/conversations", channel="hotline"))["items"]
    (message,) = (await boss.get(f"/conversations/{one['id']}/messages"))["items"]
    told = {key: message[key] for key in ("direction", "author", "kind", "status", "external_id")}
    assert told == {"direction": "outbound", "author": "advisor", "kind": "call", "status": "sent", "external_id": "o1"}
    assert message["text"] == "Cuộc gọi đi, khách không nghe · 0912 345 678 · người nghe Mai"
    assert (one["status"], one["assignee"]) == ("open", None)

    def spoke(tx: Tx) -> list[tuple[Any, ...]]:
        heard = "SELECT {}.last_inbound_at FROM conversation c JOIN contact_point p ON p.id = c.point_id WHERE c.channel = 'hotline'"
        return [tuple(tx.value(heard.format(table)) for table in "cp")]

    assert await office.parts.store.read(spoke) == [(None, None)]
    await office.call(
        {**call, "call_id": "i1", "event": "missed", "direction": "inbound", "from": "0912345678", "to": "1900"}
    )
    await office.settled()
    assert (await boss.get(f"/conversations/{one['id']}"))["stage"] == "callback_scheduled"
    first_reply = "SELECT COUNT(*) FROM handoff WHERE first_reply_at IS NOT NULL"
    await office.call({**call, "call_id": "o2", "event": "ringing"})
    await office.settled()
    assert await office.parts.store.read(lambda tx: tx.value(first_reply)) == 0
    await office.call({**call, "call_id": "o2", "event": "answered"})
    await office.call({**call, "call_id": "o2", "event": "ended", "duration_s": 60})
    await office.settled()
    assert await office.parts.store.read(lambda tx: tx.value(first_reply)) == 1
    messages = (await boss.get(f"/conversations/{one['id']}/messages"))["items"]
    assert [each["direction"] for each in messages] == ["outbound", "inbound", "outbound"]


async def test_calls_of_which_only_people_know(office: Office) -> None:
    mai = await office.as_role("intake", "Mai")
    made = await mai.post("/calls", {"phone": "0912 345 678", "name": "Lan", "note": "hỏi xe máy", "answered": False})
    assert (made["channel"], made["stage"], made["name"]) == ("hotline", "callback_scheduled", "Lan")
    assert "name" not in made["handoff"]["missing"]  # the desk wrote it down: nobody is to ask for it
    assert (await mai.get(f"/contacts/{made['contact_id']}"))["phones"] == ["+84912345678"]
    (found,) = (await mai.get("/conversations", channel="hotline", thread="+84912345678"))["items"]
    assert (found["id"], "912345678" in found["thread"]) == (made["id"], False)
    called = await mai.post("/calls", {"phone": "0987 654 321", "direction": "outbound"})
    boss = await office.as_role("supervisor")  # nobody waits for him: masked for the others
    assert (await boss.get(f"/contacts/{called['contact_id']}"))["phones"] == ["+84987654321"]
    again = await mai.post("/calls", {"phone": "+84912345678", "duration_s": 30})
    assert again["id"] == made["id"]
    await mai.post(f"/conversations/{made['id']}/calls", {"direction": "outbound", "note": "gọi từ máy riêng"})
    messages = (await mai.get(f"/conversations/{made['id']}/messages"))["items"]
    assert [(each["kind"], each["direction"]) for each in messages] == [
        ("call", "inbound"),
        ("call", "inbound"),
        ("call", "outbound"),
    ]
    *_, noted = (await mai.get(f"/conversations/{made['id']}/messages", notes="true"))["items"]
    assert (noted["direction"], noted["text"], noted["advisor"]["name"]) == ("internal", "gọi từ máy riêng", "Mai")
    assert all("máy riêng" not in each["text"] for each in messages)
    status, refused = await mai("POST", "/calls", {"phone": "1234"})
    assert (status, list(refused["error"]["fields"])) == (422, ["phone"])


async def test_threads_of_pre_releases_lose_their_numbers(tmp_path: Path) -> None:
    async with opened(tmp_path, "sqlite:///gateway.db") as office:
        mai = await office.as_role("intake", "Mai")
        made = await mai.post("/calls", {"phone": "0912345678"})
        await office.parts.store.run(lambda tx: tx.run("UPDATE contact_point SET thread = '+84912345678'"))
    async with opened(tmp_path, "sqlite:///gateway.db") as office:
        again = await (await office.as_role("intake", "Ba")).post("/calls", {"phone": "0912345678"})
        assert (again["id"], again["thread"]) == (made["id"], made["thread"])


async def test_nobody_writes_into_what_another_has(office: Office) -> None:
    mai, nam = await office.as_role("advisor", "Mai"), await office.as_role("advisor", "Nam")
    made = await mai.post("/calls", {"phone": "0912345678", "name": "Lan"})
    at = f"/conversations/{made['id']}"
    await mai.post(f"{at}/take")
    before = await mai.get(at)
    for path, body in (
        ("/calls", {"phone": "0912345678", "name": "Ai Đó", "note": "ghi bậy", "answered": False}),
        (f"{at}/calls", {"direction": "inbound", "answered": False, "note": "x"}),
    ):
        status, refused = await nam("POST", path, body)
        assert (status, refused["error"]["code"], refused["error"]["holder"]["name"]) == (403, "not_yours", "Mai")
    after = await mai.get(at)
    assert (after["name"], after["stage"], after["last_seq"]) == ("Lan", "with_advisor", before["last_seq"])
    assert (await mai.post("/calls", {"phone": "0912345678", "name": "Lan Anh"}))["name"] == "Lan Anh"
    await mai.post(f"{at}/close", {"outcome": "done", "reason": "xong"})
    assert (await nam.post("/calls", {"phone": "0987654321", "name": "Ba"}))["name"] == "Ba"


async def test_who_does_not_agree_on_the_telephone_is_not_kept(office: Office) -> None:
    mai = await office.as_role("intake", "Mai")
    await office.form(LAN)
    await office.settled()
    (waiting,) = (await mai.get("/handoffs"))["items"]
    at, contact = f"/conversations/{waiting['conversation']['id']}", waiting["conversation"]["contact_id"]
    assert (await mai.get(f"/contacts/{contact}"))["phones"] == ["+84912345678"]
    for words in ("5678", "0912 345 678", "lan"):  # who calls back must find her
        assert [each["id"] for each in (await mai.get("/conversations", q=words))["items"]] == [
            waiting["conversation"]["id"]
        ]
    told = await mai.post(f"{at}/attempts", {"result": "reached", "consent": "refused"})
    assert (told["slots"], told["lead"]) == ({}, {})
    known = await mai.get(f"/contacts/{contact}")
    assert (await mai.get("/conversations", q="5678"))["items"] == []
    assert (known["phones"], known["name"], known["consents"][-1]["state"]) == ([], "", "refused")


@pytest.mark.parametrize("ends", ["no_need", "third try", "caller"])
async def test_what_was_held_for_a_call_goes_when_it_is_over(office: Office, ends: str) -> None:
    mai, boss = await office.as_role("intake", "Mai"), await office.as_role("admin")
    await office.form({**LAN, "email": "lan@example.vn"})
    await office.call({"call_id": "k1", "event": "missed", "from": "0912345678"})
    await office.settled()
    channel = "hotline" if ends == "caller" else "leads"
    (held,) = (await mai.get("/conversations", channel=channel))["items"]
    at, contact = f"/conversations/{held['id']}", f"/contacts/{held['contact_id']}"
    assert (await boss.get(contact))["phones"] == ["+84912345678"]
    if ends == "third try":
        for _ in range(3):
            await mai.post(f"{at}/attempts", {"result": "no_answer", "note": "không nghe"})
        await office.later(minutes=24 * 60 + 1)
        await office.parts.store.run(overdue.fire)
        await office.parts.store.run(timers.fire)
        await office.settled()
    else:
        await mai.post(f"{at}/screening", {"outcome": "no_need", "reason": "đã mua nơi khác"})
    over = await boss.get(at)
    assert over["stage"] == ("closed_idle" if ends == "third try" else "closed_no_need")
    assert (over["lead"], over["slots"], over["name"]) == ({}, {}, "")
    known = await boss.get(contact)
    assert (known["phones"], known["emails"], known["name"]) == ([], [], "")
    assert (await boss.get("/duplicates"))["items"] == []
    await office.later(minutes=31 * 24 * 60)
    await retention.tidy(office.parts.store)
    rows = await office.parts.store.read(
        lambda tx: tx.all(
            "SELECT note_sealed AS words FROM contact_attempt UNION ALL SELECT answers_sealed FROM screening"
        )
    )
    assert [row.words for row in rows if row.words] == []
    assert rows


async def test_doubles_are_offered_and_what_people_say_is_remembered(either: Office) -> None:
    office = either
    mai = await office.as_role("intake", "Mai")
    await office.form(LAN)
    await office.settled()
    await office.call({"call_id": "k1", "event": "missed", "from": "0912345678"})
    await office.form({**LAN, "phone": "", "email": "lan@example.vn"})
    await office.form({**LAN, "phone": "0987654321", "email": "Lan@Example.vn"})
    await office.settled()
    offered = (await mai.get("/duplicates"))["items"]
    assert sorted(each["reason"] for each in offered) == ["email", "phone"]
    phone, email = sorted(offered, key=lambda each: each["reason"] == "email")
    assert (await mai.get("/duplicates", contact=phone["contacts"][0]["id"]))["items"] == [phone]
    accepted = await mai.post(f"/duplicates/{phone['id']}/accept", {"why": "khách xác nhận"})
    assert accepted["state"] == "merged"
    assert len({each["id"] for each in accepted["contacts"]}) == 1
    assert (await mai.post(f"/duplicates/{email['id']}/dismiss"))["state"] == "dismissed"
    assert (await mai("POST", f"/duplicates/{email['id']}/accept", {}))[0] == 409
    await office.form({**LAN, "phone": "0987654321", "email": "lan@example.vn", "message": "khác"})
    await office.settled()
    assert (await mai.get("/duplicates"))["items"] == []


@pytest.mark.parametrize("latest", ["visitor-1", "visitor-2"])
async def test_the_last_word_goes_where_he_writes_with_us(office: Office, latest: str) -> None:
    """He filled a form; the chat that the same person, merged by people, used last hears that nobody reached him."""
    mai, boss = await office.as_role("intake", "Mai"), await office.as_role("supervisor")
    chat = office.parts.accounts["webchat:site"]
    frames: list[tuple[str, dict[str, str]]] = [
        (visitor, frame)
        for visitor in ("visitor-1", "visitor-2")
        for frame in (
            {"type": "say", "text": "mua bảo hiểm xe máy, mình tên Lan"},
            {"type": "tap", "payload": "c1:yes", "label": "ok"},
        )
    ]
    frames.append((latest, {"type": "say", "text": "0912345678"}))
    await office.form(LAN)
    for number, (visitor, frame) in enumerate(frames):
        told = webchat.delivery(visitor, {**frame, "id": f"{number:032}"}, office.parts.clock.ms())
        await office.parts.ingest(chat, webchat.parse(told, chat))
        await office.settled()
        await office.later(minutes=1)
    (lead,) = (await mai.get("/conversations", channel="leads"))["items"]
    chats = (await mai.get("/conversations", channel="webchat"))["items"]
    last, first = sorted(chats, key=lambda each: each["last_inbound_at"], reverse=True)
    for each in (first, last):
        await boss.post(f"/contacts/{each['contact_id']}/merge", {"into": lead["contact_id"]})
    tried: dict[str, Any] = {}
    for _ in range(3):
        tried = await mai.post(f"/conversations/{lead['id']}/attempts", {"result": "no_answer"})
    assert tried["stage"] == "unreachable"
    heard = [(await boss.get(f"/conversations/{each['id']}/messages"))["items"][-1]["text"] for each in (last, first)]
    assert ["ba lần" in text for text in heard] == [True, False]
