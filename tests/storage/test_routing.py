"""What routing keeps: one process at a time gives work out, first teams once, who is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import pytest

from handlers import assigning
from handlers.model import Advisor, Business, Rules, Stage, State
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


async def queue(store: Store, many: int, *, team: str = "") -> list[str]:
    """So many wait, of a few priorities and moments, several at the same; their ids in the queue's order."""

    def unit(tx: Tx) -> None:
        for number in range(many):
            name = f"{number * 7919 % 1000:03d}"
            tx.insert(
                "conversation", id=f"c{name}", point_id=f"p{name}", contact_id=f"k{name}", account_id="telegram:main",
                channel="telegram", stage="queued", status="waiting", labels="[]", test=False, lang="vi", version=1,
                outcome="", opened_at=1, last_message_at=1, changed_at=1, seen_seq=0, team=team,
            )  # fmt: skip
            tx.insert(
                "handoff", id=f"h{name}", conversation_id=f"c{name}", contact_id=f"k{name}", code="", reason="lead",
                priority=number % 3, state="waiting", test=False, opened_at=1, due_at=number % 4, outcome="", team=team,
            )  # fmt: skip

    await store.run(unit)
    rows = await store.read(lambda tx: tx.all("SELECT id, priority, due_at FROM handoff"))
    return [row.id for row in sorted(rows, key=lambda row: (-row.priority, row.due_at, row.id))]


@pytest.mark.parametrize("many", [0, 49, 50, 51, 52, 100, 101, 149, 151])
async def test_everybody_who_waits_has_his_turn_to_be_looked_at(store: Store, many: int) -> None:
    order, place, seen = await queue(store, many), None, set[str]()
    for _ in range(3):
        rows, place = await store.read(partial(routing.some_waiting, limit=50, after=place))
        ids = [row.id for row in rows]
        assert ids[:50] == order[:50]  # the most urgent at each look
        assert len(ids) == len(set(ids)) <= 100
        seen |= {*ids}
        if place is None:
            break
    assert seen == set(order)


class Engine:
    """Who waits needs a product; the acts that were asked for."""

    business = Business(rules=Rules(mode="assign"))

    def __init__(self, product: Mapping[str, str]) -> None:
        self.product = product
        self.given: list[str] = []

    def open_for(self, tx: Tx, conversation_id: str) -> State:
        return State(
            stage=Stage.QUEUED,
            memory={"team": "advice"},
            slots={"product": self.product.get(conversation_id, "tnds_xe_may")},
        )

    def act(self, tx: Tx, conversation_id: str, name: str, *, by: Advisor, data: Mapping[str, Any]) -> None:
        self.given.append(conversation_id)


@pytest.mark.parametrize("ahead", [51, 120])
async def test_those_whom_nobody_may_advise_hold_up_nobody_behind_them(store: Store, ahead: int) -> None:
    order = await queue(store, ahead + 1, team="advice")
    engine = Engine({f"c{order[-1][1:]}": "tnds_o_to"})

    def staff(tx: Tx) -> None:
        teams.begin(tx, {"advice": "Tư vấn"})
        tx.insert(
            "advisor", id="lan", name="Lan", role="advisor", agent_code="", email="lan@example.vn", password_hash="",
            failures=0, created_at=1, seen_at=tx.now_ms,
        )  # fmt: skip
        teams.add_certificate(
            tx, advisor_id="lan", by="test", products=("tnds_o_to",), number="1", insurer="PVI", valid_from="2026-01-01",
            valid_to="2027-01-01",
        )  # fmt: skip
        tx.insert("team_member", team_id="advice", advisor_id="lan")

    await store.run(staff)
    needs = assigning.Needs()
    looks = [await store.run(lambda tx: assigning.turn(tx, cast("Any", engine), needs)) for _ in range(2)]
    assert (sum(looks) > 0, set(engine.given)) == (True, {f"c{order[-1][1:]}"})
