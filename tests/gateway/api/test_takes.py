"""Two advisors take five hundred conversations at the same moment: each has one owner, and the slower is told whose it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from channels.contract import InboundEvent, Kind
from tests.gateway.api.conftest import Caller, House

MANY: Final = 500
AT_ONCE: Final = 20


async def test_each_has_exactly_one_owner(house: House) -> None:
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    account = house.parts.accounts["telegram:main"]
    await house.parts.ingest(account, [_hello(number) for number in range(MANY)])
    await house.settled()
    ids = await house.parts.store.read(lambda tx: [row.id for row in tx.all("SELECT id FROM conversation LIMIT 1000")])
    assert len(ids) == MANY
    room = asyncio.Semaphore(AT_ONCE)

    async def take(caller: Caller, one: str) -> tuple[str, int, Any]:
        async with room:
            status, body = await caller("POST", f"/conversations/{one}/take")
            return one, status, body

    tries = [take(caller, one) for at, one in enumerate(ids) for caller in ((lan, minh) if at % 2 else (minh, lan))]
    answers = await asyncio.gather(*tries)
    won = {one: body["assignee"]["id"] for one, status, body in answers if status == 200}
    lost = {one: body["error"] for one, status, body in answers if status == 409}
    assert Counter(status for _, status, _ in answers) == {200: MANY, 409: MANY}
    assert won.keys() == lost.keys() == set(ids)
    assert {one: error["holder"]["id"] for one, error in lost.items()} == won
    assert {error["code"] for error in lost.values()} == {"taken"}
    kept = await house.parts.store.read(lambda tx: tx.all("SELECT id, assignee_id FROM conversation LIMIT 1000"))
    assert {row.id: row.assignee_id for row in kept} == won
    joined = await house.parts.store.read(
        lambda tx: tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'taken' AND taken_by IS NOT NULL")
    )
    assert joined == MANY


def _hello(number: int) -> InboundEvent:
    return InboundEvent(
        channel="telegram",
        account="main",
        key=f"k{number}",
        kind=Kind.TEXT,
        thread=f"t{number}",
        said_at=datetime.now(UTC),
        raw=b"{}",
        text="gặp tư vấn viên",
    )
