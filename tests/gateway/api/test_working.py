"""The working view and the composer, as the desk's pages use them: queues, rows, quotes, sending again, sending later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.contract import DeliveryUnknown, Kind, Permanent
from gateway.later import TOO_LATE_MS, send_due
from storage import guide, later
from storage.times import ms, rfc3339
from tests.gateway.api.conftest import Caller, House

pytestmark = pytest.mark.usefixtures("by_hand")


async def taken(house: House, thread: str, name: str = "Lan") -> tuple[Caller, str]:
    conversation = await house.conversation(thread, lead=True)
    lan = await house.as_role("advisor", name)
    await lan.post(f"/conversations/{conversation}/take")
    await house.settled()
    return lan, conversation


async def said(who: Caller, conversation: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await who.get(f"/conversations/{conversation}/messages", limit=200))["items"]
    return items


def soon(house: House, **after: float) -> str:
    return rfc3339(ms(house.parts.now() + timedelta(**after)))


async def pass_by(house: House, **time: float) -> None:
    """The clock goes on, and what is due then is sent."""
    house.parts.clock.offset_ms += round(timedelta(**time).total_seconds() * 1000)
    await send_due(house.parts)
    await house.settled()


async def test_each_queue_says_how_many_and_since_when(house: House) -> None:
    lan, first = await taken(house, "q1")
    await house.conversation("q2", lead=True)
    third = await house.conversation("q3", lead=True)
    await lan.post(f"/conversations/{third}/take")
    await lan.post(f"/conversations/{third}/snooze", {"until": soon(house, hours=2)})
    await house.say("q1", "Em ơi")
    await house.settled()
    fills = {each["name"]: each for each in (await lan.get("/queues"))["items"]}
    assert {name: each["count"] for name, each in fills.items()} == {
        "mine": 1,
        "waiting": 1,
        "snoozed": 1,
        "all": 3,
        "closed": 0,
    }
    asks = await lan.get(f"/conversations/{first}")
    assert fills["mine"]["oldest_at"] == asks["last_inbound_at"]
    assert fills["waiting"]["oldest_at"] is not None
    other = await house.as_role("advisor", "Minh")
    assert [each["count"] for each in (await other.get("/queues"))["items"]] == [0, 1, 0, 3, 0]
    await house.parts.store.run(
        lambda tx: (
            tx.insert("team_member", team_id="care", advisor_id=other.id),
            tx.run("UPDATE conversation SET team = 'care' WHERE id = :id", id=first),
        )
    )
    house.parts.clock.offset_ms += 3000  # what is everybody's is counted every two seconds
    team = {each["name"]: each for each in (await other.get("/queues"))["items"]}["team"]
    assert (team["count"], team["oldest_at"]) == (1, asks["last_inbound_at"])


async def test_rows_are_read_again_many_at_a_time_with_their_clocks(house: House) -> None:
    lan, mine = await taken(house, "r1")
    waiting = await house.conversation("r2", lead=True)
    rows = (await lan.get("/rows", ids=f"{waiting},{mine},nothing,{mine}"))["items"]
    assert [row["id"] for row in rows] == [waiting, mine]
    assert rows[0]["handoff"]["due_at"]
    assert rows[1]["handoff"] is None
    other = await house.as_role("advisor", "Minh")
    assert [row["masked"] for row in (await other.get("/rows", ids=f"{waiting},{mine}"))["items"]] == [False, True]
    assert (await lan.get("/rows"))["items"] == []


@pytest.mark.parametrize("channel", ["telegram", "webchat"])
async def test_an_answer_says_what_it_answers(house: House, channel: str) -> None:
    conversation = await house.conversation("5001", channel=channel)
    lan = await house.as_role("advisor", "Lan")
    await lan.post(f"/conversations/{conversation}/take")
    await house.say("5001", "Phí bao nhiêu vậy em?", channel=channel, external_id="777")
    await house.settled()
    asked = (await said(lan, conversation))[-1]
    status, made = await lan(
        "POST", f"/conversations/{conversation}/messages", {"text": "Dạ 480.700đ ạ", "reply_to": asked["id"]}
    )
    assert status == 202
    assert made["text"] == "Dạ 480.700đ ạ"
    assert made["quote"] == {"id": asked["id"], "author": "customer", "text": "Phí bao nhiêu vậy em?"}
    await house.settled()
    call = house.clients["telegram:main" if channel == "telegram" else "webchat:site"].sent[-1]
    if channel == "telegram":
        assert call.text == "Dạ 480.700đ ạ"
        assert call.reply_parameters.message_id == 777
    else:
        assert call["text"] == "> Phí bao nhiêu vậy em?\nDạ 480.700đ ạ"
    elsewhere = await house.conversation("5002", channel=channel)
    status, answer = await lan("POST", f"/conversations/{elsewhere}/messages", {"text": "x", "reply_to": asked["id"]})
    assert (status, answer["error"]["code"]) == (422, "invalid")


async def test_what_a_customer_refers_to_is_told(house: House) -> None:
    lan, conversation = await taken(house, "6001")
    await house.say("6001", "Cái này nè", external_id="m1")
    await house.say("6001", "đúng rồi", external_id="m2", ref="m1")
    await house.say("6001", kind=Kind.REACTION, external_id="", ref="m1", extra={"reaction": "❤", "action": "react"})
    await house.say("6001", kind=Kind.REACTION, external_id="", ref="m1", extra={"reaction": "❤", "action": "unreact"})
    await house.say("6001", "Cái kia nè", kind=Kind.EDIT, external_id="m1", ref="m1")
    await house.say("6001", kind=Kind.RETRACT, external_id="m2", ref="m2")
    await house.settled()
    first, second, heart, none = (await said(lan, conversation))[-4:]
    assert (first["text"], first["before"]) == ("Cái kia nè", ["Cái này nè"])
    assert (second["text"], second["taken_back"]) == ("", True)
    assert (heart["ref"], heart["reaction"]) == ("m1", "❤")
    assert (none["ref"], none["reaction"]) == ("m1", "")


async def test_what_failed_goes_again_and_what_may_have_arrived_only_when_asked_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lan, conversation = await taken(house, "7001")
    client = house.clients["telegram:main"]
    faults: list[Exception] = [Permanent("no", reason="refused"), DeliveryUnknown("lost")]
    through = client.call

    async def call(request: Any) -> str:
        if faults:
            raise faults.pop(0)
        return await through(request)

    monkeypatch.setattr(client, "call", call)
    texts = ("một", "hai")
    made = []
    for text in texts:
        made.append(await lan.post(f"/conversations/{conversation}/messages", {"text": text}))
        await house.settled()
    before = len(client.sent)
    assert [one["status"] for one in (await said(lan, conversation))[-2:]] == ["failed", "unknown"]

    other = await house.as_role("advisor", "Minh")
    assert (await other("POST", f"/messages/{made[0]['id']}/retry", {}))[0] == 403
    await lan.post(f"/messages/{made[0]['id']}/retry", {})
    status, answer = await lan("POST", f"/messages/{made[1]['id']}/retry", {})
    assert (status, answer["error"]["code"]) == (409, "may_double")
    await lan.post(f"/messages/{made[1]['id']}/retry", {"twice": True})
    await house.settled()
    assert [one.text for one in client.sent[before:]] == ["một", "hai"]
    assert [one["status"] for one in (await said(lan, conversation))[-2:]] == ["sent", "sent"]
    status, answer = await lan("POST", f"/messages/{made[0]['id']}/retry", {})
    assert (status, answer["error"]["code"]) == (409, "wrong_state")
    audited = await house.parts.store.read(
        lambda tx: tx.value("SELECT COUNT(*) FROM audit_entry WHERE action = 'message.retry'")
    )
    assert audited == 2


async def test_a_message_waits_for_its_moment_and_can_be_changed_until_then(house: House) -> None:
    lan, conversation = await taken(house, "8001")
    path = f"/conversations/{conversation}/later"
    for wrong in ({"text": "x", "at": soon(house, seconds=5)}, {"text": "", "at": soon(house, hours=1)}):
        status, answer = await lan("POST", path, wrong)
        assert (status, answer["error"]["code"]) == (422, "invalid")
    first = await lan.post(path, {"text": "Em nhắc lịch ạ", "at": soon(house, hours=1)})
    gone = await lan.post(path, {"text": "Thôi khỏi", "at": soon(house, hours=1)})
    other = await house.as_role("advisor", "Minh")
    assert (await other("DELETE", f"/later/{gone['id']}"))[0] == 403
    assert (await lan("DELETE", f"/later/{gone['id']}"))[0] == 200
    boss = await house.as_role("supervisor", "Boss")  # it would go out under another's name
    status, answer = await boss("PATCH", f"/later/{first['id']}", {"text": "Khác", "at": soon(house, hours=2)})
    assert (status, answer["error"]["code"]) == (403, "not_yours")
    status, changed = await lan(
        "PATCH", f"/later/{first['id']}", {"text": "Dạ em nhắc anh Hùng ạ", "at": soon(house, hours=2)}
    )
    assert (status, changed["text"]) == (200, "Dạ em nhắc anh Hùng ạ")
    assert [one["id"] for one in (await lan.get(path))["items"]] == [first["id"]]
    assert [one["id"] for one in (await lan.get("/later"))["items"]] == [first["id"]]
    assert (await other.get(path))["items"][0]["text"] == "Dạ em nhắc anh H*** ạ"
    await pass_by(house, hours=1, minutes=30)
    assert [one["id"] for one in (await lan.get(path))["items"]] == [first["id"]]
    await pass_by(house, minutes=31)
    assert (await lan.get(path))["items"] == []
    last = (await said(lan, conversation))[-1]
    assert (last["text"], last["advisor"]["id"], last["status"]) == ("Dạ em nhắc anh Hùng ạ", lan.id, "sent")
    await pass_by(house, minutes=1)
    assert [one["text"] for one in await said(lan, conversation)].count("Dạ em nhắc anh Hùng ạ") == 1
    assert (await lan("DELETE", f"/later/{first['id']}"))[0] == 409


@pytest.mark.parametrize("why", ["closed", "not_yours", "window_closed", "too_late", "advisor_gone"])
async def test_what_may_not_go_any_more_stays_in_sight_with_its_reason(house: House, why: str) -> None:
    lan, conversation = await taken(house, "9001")
    path = f"/conversations/{conversation}/later"
    await lan.post(path, {"text": "Em nhắc lịch ạ", "at": soon(house, hours=1)})
    before = await said(lan, conversation)
    boss = await house.as_role("supervisor", "Boss")
    hours = 1.1
    if why == "closed":
        await lan.post(f"/conversations/{conversation}/close", {"outcome": "no_need"})
    elif why == "not_yours":
        minh = await house.as_role("advisor", "Minh")
        await boss.post(f"/conversations/{conversation}/assign", {"advisor": minh.id})
    elif why == "window_closed":
        await house.parts.store.run(lambda tx: tx.run("UPDATE contact_point SET reachable = :no", no=False))
    elif why == "too_late":
        hours = 1.1 + TOO_LATE_MS / 3_600_000
    else:
        await house.parts.store.run(
            lambda tx: tx.run("UPDATE advisor SET disabled_at = :now WHERE id = :id", now=tx.now_ms, id=lan.id)
        )
    await house.settled()
    await pass_by(house, hours=hours)
    [left] = (await boss.get(path))["items"]
    assert (left["state"], left["reason"]) == ("expired", why)
    assert "Em nhắc lịch ạ" not in [one["text"] for one in (await said(boss, conversation))[len(before) :]]
    if why == "too_late":
        status, again = await lan(
            "PATCH", f"/later/{left['id']}", {"text": "Em nhắc lại ạ", "at": soon(house, hours=1)}
        )
        assert (status, again["state"]) == (200, "waiting")
        await pass_by(house, hours=1.1)
        assert (await said(lan, conversation))[-1]["text"] == "Em nhắc lại ạ"
    else:
        assert (await boss("DELETE", f"/later/{left['id']}"))[0] == 200
        assert (await boss.get(path))["items"] == []


@pytest.mark.parametrize(
    ("words", "where", "why"),
    [("STOP", "here", "stopped"), ("rút lại đồng ý", "here", "withdrawn"), ("STOP", "elsewhere", "stopped")],
)
async def test_who_ends_it_on_tuesday_gets_nothing_that_was_written_on_monday(
    house: House, words: str, where: str, why: str
) -> None:
    lan, conversation = await taken(house, "9101")
    boss = await house.as_role("supervisor", "Boss")
    path = f"/conversations/{conversation}/later"
    await lan.post(path, {"text": "Em nhắc lịch ạ", "at": soon(house, hours=48)})
    if where == "here":
        await house.say("9101", words)
        await house.settled()
        assert [one["reason"] for one in (await lan.get(path))["items"]] == [why]
    else:  # as somebody whom we know only later to be him
        other = await boss.get(f"/conversations/{await house.conversation('9102', channel='webchat', lead=True)}")
        await house.say("9102", words, channel="webchat")
        await house.settled()
        await house.say("9102", kind=Kind.BUTTON, payload="opt:all", text="Dừng tất cả", channel="webchat")
        await house.settled()
        one = await boss.get(f"/conversations/{conversation}")
        await boss.post(f"/contacts/{other['contact_id']}/merge", {"into": one["contact_id"]})
        await house.settled()
    await pass_by(house, hours=48.1)
    [left] = (await lan.get(path))["items"]
    assert (left["state"], left["reason"]) == ("expired", why)
    assert "Em nhắc lịch ạ" not in [one["text"] for one in await said(boss, conversation)]
    again = {"text": "Em nhắc lịch ạ", "at": soon(house, hours=1)}
    assert (await lan("PATCH", f"/later/{left['id']}", again))[0] == 409


async def test_what_is_changed_or_taken_back_at_the_last_moment_does_not_go_as_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what is due and the sending somebody was faster; and the other way round."""
    lan, conversation = await taken(house, "9201")
    path = f"/conversations/{conversation}/later"
    made = [await lan.post(path, {"text": text, "at": soon(house, hours=1)}) for text in ("một", "hai")]
    house.parts.clock.offset_ms += 3_600_000
    seen = await house.parts.store.read(later.due)
    assert [one.id for one in seen] == [one["id"] for one in made]
    changed = await lan("PATCH", f"/later/{made[0]['id']}", {"text": "ba", "at": soon(house, hours=1)})
    assert changed[0] == 200
    assert (await lan("DELETE", f"/later/{made[1]['id']}"))[0] == 200
    with monkeypatch.context() as stale:
        stale.setattr(later, "due", lambda tx: seen)
        await send_due(house.parts)
    await house.settled()
    assert not {"một", "hai", "ba"} & {one["text"] for one in await said(lan, conversation)}
    assert [(one["text"], one["state"]) for one in (await lan.get(path))["items"]] == [("ba", "waiting")]

    for lost, ask in (("change", ("PATCH", {"text": "bốn", "at": soon(house, hours=2)})), ("end", ("DELETE", None))):
        with monkeypatch.context() as slower:
            slower.setattr(later, lost, lambda *_a, **_k: False)
            status, answer = await lan(ask[0], f"/later/{made[0]['id']}", ask[1])
        assert (status, answer["error"]["code"]) == (409, "wrong_state")


async def test_the_guide_is_done_by_ones_own_answer(house: House) -> None:
    lan, one = await taken(house, "1001")
    mai = await house.as_role("advisor", "Mai")
    await lan.post(f"/conversations/{one}/messages", {"text": "Dạ em chào anh/chị ạ"})
    read = house.parts.store.read
    theirs = await read(lambda tx: guide.progress(tx, mai.id)), await read(lambda tx: guide.progress(tx, lan.id))
    assert [(each.begun, each.answered) for each in theirs] == [(True, False), (True, True)]
    await lan.post(f"/conversations/{one}/return")
    assert (await read(lambda tx: guide.progress(tx, lan.id))).answered  # though it is hers no more
