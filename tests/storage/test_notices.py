"""A request that changes is news: whatever is done to one that waits, whoever it concerns then hears of it, once."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from storage import notices, tellings
from storage.db import Store
from storage.ids import new_id
from storage.tellings import Plan
from storage.tx import Tx
from tests.storage.conftest import Hand
from tests.storage.test_stats import conversation, handoff

CHANGES: Final = {"raised": "priority = 30", "to claims": "team = 'claims'", "to care": "team = 'care'"}


def heard(tx: Tx) -> list[tuple[str, bool, str]]:
    """One look at what is due, in a house where everybody is told at once: of what."""
    found = notices.due(tx, limit=50)
    matters = notices.matters(tx, found)
    for one in found:
        notices.settle(tx, one, state="told" if matters[one.id].open else "over", step=0, look_at=tx.now_ms)
    return [(one.kind, one.urgent, matters[one.id].team) for one in found if matters[one.id].open]


def waits(tx: Tx) -> str:
    handoff_id = new_id()
    handoff(tx, conversation(tx, status="waiting"), id=handoff_id, team="intake", due_at=tx.now_ms + 86_400_000)
    return handoff_id


@pytest.mark.parametrize("looks", [True, False])
async def test_a_request_that_waits_is_told_anew_as_often_as_it_concerns_others(store: Store, looks: bool) -> None:
    """Every way through four changes. `looks` -- somebody is told between them; else only of what it is in the end."""

    def go(tx: Tx, way: tuple[str, ...]) -> None:
        handoff_id = waits(tx)
        assert notices.watch(tx) == 1
        urgent, team = False, "intake"
        if looks:
            assert heard(tx) == [("waiting", urgent, team)]
        for change in way:
            before = (urgent, team)
            urgent, team = urgent or change == "raised", change.removeprefix("to ") if change != "raised" else team
            tx.run(f"UPDATE handoff SET {CHANGES[change]} WHERE id = :id", id=handoff_id)
            notices.anew(tx, handoff_id, moved=team != before[1])
            if looks:
                assert heard(tx) == ([("waiting", urgent, team)] if (urgent, team) != before else []), way
        if not looks:
            assert heard(tx)[-1] == ("waiting", urgent, team), way
        assert (notices.watch(tx), heard(tx)) == (0, []), way
        tx.run("UPDATE handoff SET state = 'taken' WHERE id = :id", id=handoff_id)

    def every(tx: Tx) -> None:
        for way in itertools.product(CHANGES, repeat=4):
            go(tx, way)

    await store.run(every)


@pytest.mark.parametrize("change", [*CHANGES.values(), "team = ''"])
async def test_the_net_finds_what_changed_by_any_other_way(store: Store, change: str) -> None:
    def go(tx: Tx) -> None:
        handoff_id = waits(tx)
        notices.watch(tx)
        assert len(heard(tx)) == 1
        tx.run(f"UPDATE handoff SET {change} WHERE id = :id", id=handoff_id)
        assert notices.watch(tx) == 1
        assert len(heard(tx)) == 1

    await store.run(go)


async def test_lateness_is_told_and_that_it_is_the_supervisors_by_now_once_more(store: Store, hand: Hand) -> None:
    def go(tx: Tx) -> None:
        handoff_id = waits(tx)
        notices.watch(tx)
        heard(tx)
        for change, kind in (("due_at = 1", "sla"), ("late_at = 2", "late"), ("escalated_at = 3", "late")):
            tx.run(f"UPDATE handoff SET {change} WHERE id = :id", id=handoff_id)
            assert notices.watch(tx) == 1
            assert [one[0] for one in heard(tx)] == [kind]
            assert notices.watch(tx) == 0

    await store.run(go)


async def test_whose_turn_it_is_hears_of_each_turn_while_it_lasts(store: Store) -> None:
    def go(tx: Tx) -> None:
        handoff_id = waits(tx)
        notices.watch(tx)
        heard(tx)
        for who, minutes in (("lan", 3), ("nam", 6), ("lan", 9)):
            until = tx.now_ms + minutes * 60_000
            tx.run("UPDATE handoff SET offered_to = :who, offered_until = :until", who=who, until=until)
            assert notices.watch(tx) == 1
            assert [one.advisor_id for one in notices.due(tx, limit=9)] == [who]
            assert heard(tx) == [("offered", False, "intake")]
            assert notices.watch(tx) == 0
        tx.run("UPDATE handoff SET offered_until = offered_until + 1 WHERE id = :id", id=handoff_id)
        assert notices.watch(tx) == 1
        tx.run("UPDATE handoff SET offered_to = NULL, offered_until = NULL")  # before it was told
        assert (heard(tx), notices.watch(tx)) == ([], 0)

    await store.run(go)


async def test_both_databases_tell(store: Store, hand: Hand) -> None:
    """From the first look to the last word, every statement once."""

    def look(tx: Tx) -> notices.Notice:
        [found] = notices.due(tx, limit=50)
        notices.settle(tx, found, state="alarmed", step=0, look_at=tx.now_ms + 60_000)
        tellings.plan(tx, found.id, [Plan(way="group", target="g"), Plan(way="desk", advisor_id="lan")])
        assert (notices.alarms(tx), notices.stuck(tx)) == (1, 0)
        notices.look_at_alarms(tx)
        return found

    def first(tx: Tx) -> str:
        waits(tx)
        notices.watch(tx)
        notice = look(tx)
        [errand] = tellings.claim(tx, limit=5)
        assert not tellings.is_told(tx, errand)
        assert tellings.line(tx, errand) == tellings.Line(waiting=1, counted=())
        tellings.put_off(tx, errand, tx.now_ms)
        [errand] = tellings.claim(tx, limit=5)
        tellings.record(tx, errand, "waiting", code="429", next_at=tx.now_ms)
        waits(tx)
        notices.watch(tx)
        other = next(one for one in notices.due(tx, limit=5) if one.id != notice.id)
        tellings.plan(tx, other.id, [Plan(way="group", target="g")])
        said = tellings.line(tx, errand)
        assert (said.waiting, len(said.counted)) == (2, 1)
        tellings.record(tx, errand, "told")
        tellings.together(tx, said)
        assert tellings.is_told(tx, errand)
        assert tellings.last(tx, "g") == tx.now_ms
        assert [one.id for one in tellings.for_page(tx, "lan")] == [notice.id]
        assert tellings.seen(tx, "lan", [notice.id], "visible") == 1
        assert tellings.drop_unheard(tx) == 0
        assert len(tellings.of_conversation(tx, notice.conversation_id)) == 2
        notices.settle(tx, notice, state="told", step=0, look_at=tx.now_ms)
        return notice.id

    notice_id = await store.run(first)
    hand.ms += notices.KEPT_MS + 1
    assert await store.run(notices.forget) == 1
    left = await store.read(lambda tx: tx.all("SELECT id FROM telling WHERE notice_id = :id", id=notice_id))
    assert not left
