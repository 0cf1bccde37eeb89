"""What routing keeps: one process at a time gives work out, first teams once, who is told once."""

from __future__ import annotations

import asyncio

from storage import routing, teams
from storage.db import Store
from storage.keys import KeyRing
from tests.storage.conftest import Hand

NAMES = {"intake": "Tiếp nhận", "claims": "Bồi thường"}


async def test_one_process_at_a_time_gives_work_out(store: Store, database_url: str, hand: Hand) -> None:
    if not store.postgres:
        assert await store.run(routing.alone)  # a second process is refused at its start
        return
    other = Store(database_url, KeyRing.ephemeral(), now_ms=hand)
    await asyncio.to_thread(other.open)
    try:
        seen = await asyncio.to_thread(other.call, lambda tx: (routing.alone(tx), store.call(routing.alone)))
        assert seen == (True, False)
        assert await store.run(routing.alone)  # its transaction is over, and the lock with it
    finally:
        await asyncio.to_thread(other.close)


async def test_a_team_that_the_house_removed_does_not_come_back(store: Store) -> None:
    await store.run(lambda tx: teams.begin(tx, NAMES))
    await store.run(lambda tx: teams.remove(tx, "claims", by="test"))
    await store.run(lambda tx: teams.begin(tx, NAMES))
    assert [each.id for each in await store.read(teams.listed)] == ["intake"]


async def test_words_become_names_of_teams(store: Store) -> None:
    async def add(name: str) -> str:
        return await store.run(lambda tx: teams.add(tx, name=name, first_minutes=0, next_minutes=0, by="test"))

    assert [await add(name) for name in ("Đội Xe  Máy!", "đội xe máy", "xe máy", "中文")][:3] == [
        "doi-xe-may", "doi-xe-may-2", "xe-may",
    ]  # fmt: skip
    assert await add("XE MÁY") == ""
    found = await store.read(lambda tx: teams.find(tx, " Xe   máy "))
    assert found is not None
    assert found.id == "xe-may"
