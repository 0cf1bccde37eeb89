"""A promised call: made, told when its time has come, put off, done, and nobody else's to end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler import timers
from tests.gateway.api.conftest import House

pytestmark = pytest.mark.usefixtures("by_hand")


async def test_a_promised_call_rings_and_ends(house: House) -> None:
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    chief = await house.as_role("supervisor")
    found = await house.conversation("t1", lead=True)
    await lan.post(f"/conversations/{found}/take")
    due = (house.parts.now() + timedelta(hours=2)).isoformat()
    status, body = await lan("POST", f"/conversations/{found}/tasks", {"due_at": "2026-01-01T00:00:00Z"})
    assert (status, body["error"]["code"]) == (422, "invalid")
    assert (await lan("POST", f"/conversations/{found}/tasks", {"due_at": due, "owner": "nobody"}))[0] == 422
    task = await lan.post(f"/conversations/{found}/tasks", {"due_at": due, "note": "báo phí ô tô"})
    assert (task["owner"]["id"], task["state"], task["overdue"], task["mine"]) == (lan.id, "open", False, True)
    assert (await minh("POST", f"/tasks/{task['id']}/done", {}))[1]["error"]["code"] == "not_yours"
    (theirs,) = (await minh.get("/tasks", state="open"))["items"]
    assert (theirs["mine"], theirs["name"]) == (False, "Nguyễn V** H***")
    status, body = await minh("POST", f"/conversations/{found}/tasks", {"due_at": due})  # his would ring in her snooze
    assert (status, body["error"]["code"]) == (403, "not_yours")
    assert (await minh.get("/tasks", owner="me"))["items"] == []

    heard: list[tuple[str, str]] = []
    house.parts.hub.listen(lambda kind, one: heard.append((kind, one)))
    house.parts.clock.offset_ms += 3 * 3_600_000
    await house.parts.store.run(timers.fire)
    await house.settled()
    assert ("task", task["id"]) in heard
    (mine,) = (await lan.get("/tasks", owner="me", state="open"))["items"]
    assert mine["overdue"]
    assert mine["rang_at"]
    told = (await lan.get(f"/conversations/{found}/messages", notes="true"))["items"][-1]
    assert (told["direction"], told["text"]) == ("internal", "Đến giờ hẹn gọi lại cho khách.")

    later = (house.parts.now() + timedelta(days=1)).isoformat()
    moved = await chief("PATCH", f"/tasks/{task['id']}", {"due_at": later, "owner": minh.id})
    assert (moved[0], moved[1]["owner"]["id"], moved[1]["overdue"]) == (200, minh.id, False)
    (given,) = (await minh.get("/tasks", owner="me"))["items"]
    assert (given["mine"], given["name"]) == (True, "Nguyễn V** H***")
    done = await minh.post(f"/tasks/{task['id']}/done", {"note": "khách bận, mai gọi"})
    assert done["state"] == "done"
    assert (await minh("POST", f"/tasks/{task['id']}/cancel", {}))[1]["error"]["code"] == "wrong_state"
    assert await house.parts.store.run(lambda tx: tx.value("SELECT COUNT(*) FROM timer WHERE name LIKE 'task:%'")) == 0
    assert (await lan.get("/tasks", conversation=found))["items"][0]["state"] == "done"
