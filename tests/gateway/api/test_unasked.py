"""Who told us to stop, or took his consent back, hears nothing more from us until he writes: by whatever way, one table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.contract import Kind
from gateway.later import send_due
from storage.times import rfc3339
from storage.tx import Tx
from tests.gateway.api.conftest import Caller, House

pytestmark = pytest.mark.usefixtures("by_hand")

SPEAKING: dict[str, tuple[str, dict[str, Any]]] = {
    "reply": ("/messages", {"text": "Bên em có ưu đãi"}),
    "a canned answer": ("/messages", {"text": "Dạ, phí là 480 nghìn"}),
    "a question": ("/ask", {"field": "province"}),
    "a form": ("/forms", {"fields": ["dob"]}),
    "another chat": ("/move", {"account": "webchat:site"}),
}
SILENT: dict[str, tuple[str, dict[str, Any]]] = {
    "note": ("/notes", {"text": "đã dừng"}),
    "take": ("/take", {}),
    "a promised call": ("/tasks", {"due_at": (datetime.now(UTC) + timedelta(days=9)).isoformat(), "note": "gọi"}),
    "a call that failed": ("/attempts", {"result": "no_answer"}),
    "a call that failed again": ("/attempts", {"result": "no_answer"}),
    "a call that failed for the last time": ("/attempts", {"result": "no_answer"}),
    "transfer": ("/transfer", {"team": "claims", "note": ""}),
    "taken back": ("/take", {}),
    "close": ("/close", {"outcome": "lost", "reason": "giá"}),
    "reopen": ("/reopen", {}),
    "given back to the bot": ("/return", {}),
    "taken from the bot": ("/take", {}),
}


async def heard(boss: Caller, conversation: str) -> list[str]:
    items = (await boss.get(f"/conversations/{conversation}/messages", limit=200))["items"]
    return [one["text"] for one in items if one["direction"] == "outbound"]


@pytest.mark.parametrize(
    ("words", "why"), [("STOP", "opt-out"), ("rút lại đồng ý", "consent withdrawn")], ids=["stop", "consent"]
)
async def test_who_wants_to_hear_no_more_hears_no_more(house: House, words: str, why: str) -> None:
    boss = await house.as_role("supervisor", "Boss")
    one = await house.conversation("t1", lead=True)
    contact = (await boss.get(f"/conversations/{one}"))["contact_id"]
    at = f"/conversations/{one}"
    await boss.post(f"{at}/take")
    await boss.post(f"{at}/messages", {"text": "Dạ em đây"})
    soon = rfc3339(house.parts.clock.ms() + 3_600_000)
    await house.say("t1", words)
    await house.settled()
    if words == "STOP":
        await house.say("t1", kind=Kind.BUTTON, payload="opt:all", text="Dừng tất cả")
        await house.settled()
    await boss.post(f"{at}/later", {"text": "Em nhắc lịch ạ", "at": soon})
    await boss.post(f"{at}/close", {"outcome": "lost", "reason": "thôi"})
    await house.settled()
    before = await heard(boss, one)

    def fail(tx: Tx) -> tuple[str, str]:
        row = tx.one("SELECT id, message_id FROM outbox WHERE purpose = 'advise' ORDER BY id DESC LIMIT 1")
        assert row is not None
        tx.run("UPDATE outbox SET state = 'failed' WHERE id = :id", id=row.id)
        tx.run("UPDATE message SET status = 'failed' WHERE id = :id", id=row.message_id)
        return row.id, row.message_id

    call, message = await house.parts.store.run(fail)
    admin = await house.as_role("admin")

    async def refused(way: str) -> None:
        path, body = SPEAKING[way]
        status, told = await boss("POST", f"{at}{path}", body)
        assert (status, told["error"]["code"]) == (422, "window_closed"), way
        assert told["error"]["fields"]["reason"] == why, way
        assert told["error"]["fields"]["ways"], way

    for way in SPEAKING:
        await refused(way)
    status, told = await boss("POST", "/conversations", {"contact_id": contact, "text": "Chào anh"})
    assert (status, told["error"]["fields"]["reason"]) == (422, why)
    await boss.post(f"{at}/reopen")
    for way in SPEAKING:  # that we have opened it again is no word of his
        await refused(way)
    for path in (f"/messages/{message}/retry", f"/outbox/{call}/resend"):
        status, told = await admin("POST", path, {} if "retry" in path else None)
        assert (status, told["error"]["fields"]["reason"]) == (422, why), path
    for way, (path, body) in SILENT.items():
        status, told = await boss("POST", f"{at}{path}", body)
        assert status in (200, 201) or told["error"]["code"] == "wrong_state", (way, told)
        await house.settled()
        assert await heard(boss, one) == before, way
    house.parts.clock.offset_ms += round(timedelta(hours=1.1).total_seconds() * 1000)
    await send_due(house.parts)
    await house.settled()
    assert await heard(boss, one) == before

    await house.say("t1", "cho mình hỏi phí xe máy")  # he speaks: he is answered
    await house.settled()
    if (await boss.get(at))["status"] != "with_advisor":
        await boss.post(f"{at}/take")
    await boss.post(f"{at}/messages", {"text": "Dạ em chào anh"})
    await house.settled()
    assert (await heard(boss, one))[-1] == "Dạ em chào anh"
