"""What routing keeps: one process at a time gives work out, first teams once, who is told once."""

from __future__ import annotations

import asyncio

import pytest

from storage import routing, teams
from storage.db import Store
from storage.keys import KeyRing
from storage.tx import Tx
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


async def test_whose_turn_it_is_is_found_without_a_walk_through_what_was_given(store: Store) -> None:
    if store.postgres:
        pytest.skip("the plan of few rows is another there")

    def unit(tx: Tx) -> list[str]:
        said: list[str] = []
        tx.raw.set_trace_callback(said.append)
        routing.last_given(tx, since=1)
        tx.raw.set_trace_callback(None)
        return [row[-1] for sql in said for row in tx.raw.execute(f"EXPLAIN QUERY PLAN {sql}")]

    steps = [step for step in await store.run(unit) if " h " in step]
    assert steps == ["SEARCH h USING COVERING INDEX ix_handoff_taken (taken_by=?)"]


async def test_who_was_given_something_since_then(store: Store) -> None:
    def unit(tx: Tx) -> dict[str, int]:
        for name, at in (("lan", 5), ("lan", 9), ("nam", 3), ("thu", None)):
            if tx.value("SELECT 1 FROM advisor WHERE id = :id", id=name) is None:
                tx.insert(
                    "advisor",
                    id=name,
                    name=name,
                    role="advisor",
                    agent_code="",
                    password_hash="",
                    failures=0,
                    created_at=1,
                )
            tx.insert(
                "handoff", id=f"{name}{at}", conversation_id="c", contact_id="k", code="", reason="lead", priority=0,
                state="taken", test=False, opened_at=1, taken_at=at, taken_by=name, outcome="",
            )  # fmt: skip
        return routing.last_given(tx, since=4)

    assert await store.run(unit) == {"lan": 9}
