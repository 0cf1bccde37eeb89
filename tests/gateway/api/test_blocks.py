"""Blocking drops what comes, and nothing is lost by accident: it is kept, counted, and can be undone."""

from __future__ import annotations

import pytest

from channels.contract import Kind
from tests.gateway.api.conftest import House


async def test_who_is_blocked_is_not_heard_and_not_written_to(house: House) -> None:
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    chief = await house.as_role("supervisor")
    found = await house.conversation("t1", lead=True)
    await lan.post(f"/conversations/{found}/take")
    status, body = await minh("POST", f"/conversations/{found}/block", {"why": "spam"})
    assert (status, body["error"]["code"]) == (403, "not_yours")
    blocked = await lan.post(f"/conversations/{found}/block", {"why": "abuse", "note": "chửi bới"})
    assert (blocked["stage"], blocked["assignee"], blocked["reachable"]) == ("closed_spam", None, False)
    assert blocked["window"]["why"] == "blocked_by_us"
    await house.settled()
    before = await lan.get(f"/conversations/{found}/messages", notes="true")
    assert before["items"][-1]["text"] == "Đã chặn khách: quấy rối, xúc phạm. chửi bới"
    sent = len(house.clients["telegram:main"].sent)

    for kind, text in ((Kind.TEXT, "gặp tư vấn viên"), (Kind.FOLLOW, ""), (Kind.IMAGE, ""), (Kind.TEXT, "alo?")):
        await house.say("t1", text, kind=kind)
    await house.settled()
    after = await lan.get(f"/conversations/{found}/messages", notes="true")
    assert after == before
    assert len(house.clients["telegram:main"].sent) == sent
    assert (await lan.get("/handoffs"))["items"] == []
    events = (await chief.get("/events", state="ignored"))["items"]
    assert [(event["reason"], event["kind"]) for event in events] == [
        ("blocked by us", kind) for kind in ("text", "image", "follow", "text")
    ]
    (stats,) = [one for one in (await chief.get("/stats"))["items"] if one["channel"] == "telegram"]
    assert stats["events"] == sum(stats[name] for name in ("messages", "receipts", "ignored", "quarantined", "pending"))
    assert stats["ignored"] == 4

    for path, words in ((f"/conversations/{found}/messages", {"text": "x"}), ("/conversations", None)):
        wanted = words or {"contact_id": blocked["contact_id"], "text": "x"}
        status, body = await lan("POST", path, wanted)
        assert (status, body["error"]["fields"]["reason"]) == (422, "blocked_by_us")

    (shown,) = (await chief.get("/blocked"))["items"]
    assert (shown["conversation_id"], shown["by"]["id"], shown["why"]) == (found, lan.id, "abuse")
    assert shown["tried_at"] > shown["at"]
    assert (await lan("GET", "/blocked"))[0] == 403
    assert (await minh("POST", f"/conversations/{found}/unblock"))[0] == 403
    free = await lan.post(f"/conversations/{found}/unblock")
    assert free["reachable"] is True
    assert (await chief.get("/blocked"))["items"] == []
    assert (await lan("POST", f"/conversations/{found}/unblock"))[1]["error"]["code"] == "wrong_state"
    await house.say("t1", "gặp tư vấn viên")
    await house.settled()
    assert [one["conversation"]["id"] for one in (await lan.get("/handoffs"))["items"]] == [found]
    acts = await house.parts.store.read(
        lambda tx: [row.action for row in tx.all("SELECT action FROM audit_entry WHERE object_id = :id", id=found)]
    )
    assert {"contact_point.block", "contact_point.unblock"} <= set(acts)


@pytest.mark.parametrize("why", ["", "mad"])
async def test_a_block_has_a_reason(house: House, why: str) -> None:
    lan = await house.as_role("advisor", "Lan")
    found = await house.conversation("t1")
    assert (await lan("POST", f"/conversations/{found}/block", {"why": why}))[0] == 422


@pytest.mark.parametrize("end", ["unsubscribed", "complaint", "no_mailbox", "blocked"])
async def test_a_block_and_its_end_leave_why_the_route_had_ended(house: House, end: str) -> None:
    chief = await house.as_role("supervisor")
    found = await house.conversation("t1")
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE contact_point SET reachable = :no, unreachable_reason = :end", no=False, end=end)
    )
    for act, why in (("block", "blocked_by_us"), ("unblock", end)):
        shown = await chief.post(f"/conversations/{found}/{act}", {"why": "spam"} if act == "block" else None)
        await house.settled()
        assert shown["reachable"] is False
        (point,) = (await chief.get(f"/contacts/{shown['contact_id']}"))["points"]
        assert point["reachable"] is False
        status, body = await chief("POST", "/conversations", {"contact_id": shown["contact_id"], "text": "x"})
        assert (status, body["error"]["fields"]["reason"]) == (422, why)
