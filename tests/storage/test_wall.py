"""Every figure of the wall against what a hand counts, on both databases, in bites of any size."""

from __future__ import annotations

from typing import Any

import pytest

from storage import policies, wall, wall_period
from storage.db import Store
from storage.ids import new_id
from storage.tx import Tx
from storage.wall import Now
from storage.wall_period import Asked, Count, Figures
from tests.storage.conftest import Hand
from tests.storage.test_stats import DAY_MS, conversation, handoff

MINUTE = 60_000
EVERY = {"opened", "said", "consented", "asked", "taken", "won", "issued", "delivered"}


async def counted(store: Store, since: int, until: int, count: Count | None = None) -> Figures:
    count = count or Count(since)
    while await store.read(count.step):
        pass
    return count.figures(since, until)


async def now(store: Store) -> Now:
    found = Now()
    while await store.read(found.step):
        pass
    return found


def consent(tx: Tx, conversation_id: str, state: str = "given", purpose: str = "C1") -> None:
    tx.insert(
        "consent", id=new_id(), contact_id="k", conversation_id=conversation_id, purpose=purpose, state=state,
        text_key="", text_version="", text_hash="", lang="vi", channel="telegram", account_id="telegram:main",
        external_id="", at=tx.now_ms,
    )  # fmt: skip


def policy(tx: Tx, conversation_id: str, contact_id: str = "k", **values: Any) -> str:
    made = {"id": new_id(), "number_blind": new_id().encode(), "state": "issued", "test": False} | values
    tx.insert(
        "policy", contact_id=contact_id, conversation_id=conversation_id, insurer="BV", product="tnds_oto",
        starts_on="", ends_on="", created_by="", issued_at=tx.now_ms, version=0, **made,
    )  # fmt: skip
    return str(made["id"])


def person(tx: Tx) -> str:
    made = new_id()
    _, wrapped = tx.keys.new_contact_key(made)
    tx.insert("contact_key", contact_id=made, wrapped=wrapped, created_at=tx.now_ms)
    return made


def lost(tx: Tx, reason: str, **values: Any) -> str:
    who, made = person(tx), new_id()
    sealed = tx.keys.seal_for(tx, who, "conversation", "reason_sealed", made, reason) if reason else None
    return conversation(
        tx,
        id=made,
        contact_id=who,
        stage="lost",
        status="closed",
        reason_sealed=sealed,
        **{"closed_at": tx.now_ms} | values,
    )


def survey(tx: Tx, policy_id: str, contact_id: str, answer: str, at: int, kind: str = "survey") -> None:
    made = new_id()
    tx.insert(
        "care_task", id=made, policy_id=policy_id, contact_id=contact_id, kind=kind, anchor=made, due_at=at, state="answered",
        fired=True, route="", reason="", answered_at=at,
        answer_sealed=tx.keys.seal_json(tx, contact_id, "care_task", "answer_sealed", made, {"answer": answer}),
    )  # fmt: skip


@pytest.fixture(params=[2, 400], ids=["small bites", "large"])
def bites(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "BITE", request.param)
    for name in ("BITE", "SEALED"):
        monkeypatch.setattr(wall_period, name, request.param)


@pytest.mark.usefixtures("bites")
async def test_who_waits_and_who_has_how_much(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> list[str]:
        late = conversation(tx, status="waiting", waiting_since=at - 50 * MINUTE, team="claims")
        handoff(tx, late, due_at=at - 1)
        soon = conversation(tx, status="waiting", waiting_since=at - 5 * MINUTE, channel="zalo")
        handoff(tx, soon, due_at=at + MINUTE)
        old = conversation(tx, status="waiting", last_message_at=at - 70 * MINUTE)  # of before waiting_since was kept
        handoff(tx, old, due_at=at - MINUTE, state="closed")
        conversation(tx, status="waiting", test=True)
        conversation(tx, status="closed")
        conversation(tx, status="with_advisor", assignee_id="lan", last_inbound_at=at)
        conversation(tx, status="with_advisor", assignee_id="lan", last_inbound_at=at - 1)
        conversation(tx, status="with_advisor", assignee_id="lan", last_inbound_at=at, snoozed_until=at + 1)
        conversation(tx, status="with_advisor", assignee_id="lan", last_inbound_at=at, snoozed_until=at - 1)
        conversation(tx, status="with_advisor", assignee_id="minh")
        conversation(tx, status="with_advisor", assignee_id="minh", test=True)
        return [late, soon, old]

    late, soon, old = await store.run(fill)
    found = await now(store)
    assert {each.id: (each.channel, each.team, each.since, each.late) for each in found.waiting} == {
        late: ("telegram", "claims", at - 50 * MINUTE, True),
        soon: ("zalo", "", at - 5 * MINUTE, False),
        old: ("telegram", "", at - 70 * MINUTE, False),
    }
    assert sorted((each.advisor, each.his_turn, each.later) for each in found.held) == [
        ("lan", False, False),
        ("lan", False, True),
        ("lan", True, False),
        ("lan", True, False),
        ("minh", False, False),
    ]


@pytest.mark.usefixtures("bites")
async def test_how_far_those_came_who_began_in_the_period(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {
            conversation(tx): {"opened"},
            conversation(tx, last_inbound_at=at): {"opened", "said"},
        }
        one = conversation(tx, last_inbound_at=at)
        consent(tx, one)
        consent(tx, one)  # asked again: one customer
        told[one] = {"opened", "said", "consented"}
        one = conversation(tx, last_inbound_at=at)
        consent(tx, one, state="refused")
        consent(tx, one, purpose="C4")
        handoff(tx, one)
        told[one] = {"opened", "said", "asked"}
        one = conversation(tx, last_inbound_at=at, stage="won", status="closed")
        consent(tx, one)
        handoff(tx, one, taken_at=at, state="closed", outcome="won")
        policy(tx, one, delivered_at=at)
        policy(tx, one)
        told[one] = EVERY
        one = conversation(tx, stage="with_advisor")  # back after a sale: won it is all the same
        handoff(tx, one, taken_at=at, state="closed", outcome="won")
        handoff(tx, one)
        policy(tx, one, state="cancelled", delivered_at=at)
        told[one] = {"opened", "asked", "taken", "won"}
        edge = conversation(tx, opened_at=at - DAY_MS, last_message_at=at - DAY_MS, changed_at=at - DAY_MS)
        told[edge] = {"opened"}
        conversation(tx, test=True, last_inbound_at=at)
        conversation(tx, opened_at=at - DAY_MS - 1)  # spoke in the period, began before
        conversation(tx, opened_at=at + 1, changed_at=at + 1)
        return told

    told = await store.run(fill)
    found = await counted(store, at - DAY_MS, at + 1)
    assert {each.id: set(each.steps) for each in found.begun} == told
    assert len(found.begun) == len(told)
    assert (await counted(store, at + 2, at + DAY_MS)).begun == []


async def test_test_conversations_are_counted_for_whoever_asks(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> dict[str, str]:
        begun = conversation(tx, test=True, status="waiting", waiting_since=at)
        handoff(tx, begun, test=True)
        held = conversation(tx, test=True, status="with_advisor", assignee_id="lan")
        gone = lost(tx, "phí", test=True)
        who = person(tx)
        survey(tx, policy(tx, begun, who, test=True), who, "4", at)
        return {"begun": begun, "held": held, "lost": gone}

    ids = await store.run(fill)
    count = Count(at - DAY_MS)
    assert await counted(store, at - DAY_MS, at + 1, count) == Figures(begun=[], lost=[], asked=[], scored=[])
    found = count.figures(at - DAY_MS, at + 1, tests=True)
    assert {each.id for each in found.begun} == set(ids.values())
    assert [each.id for each in found.lost] == [ids["lost"]]
    assert [each.conversation_id for each in found.asked] == [each.conversation_id for each in found.scored]
    assert [each.score for each in found.scored] == [4]
    here = Now(tests=True)
    while await store.read(here.step):
        pass
    assert [each.id for each in here.waiting] + [each.id for each in here.held] == [ids["begun"], ids["held"]]
    await store.run(lambda tx: tx.run("UPDATE conversation SET test = FALSE, changed_at = :at", at=at + 1))
    assert len((await counted(store, at - DAY_MS, at + 1, count)).begun) == 3, "it is none any more"


@pytest.mark.usefixtures("bites")
async def test_how_soon_people_answered(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> tuple[str, str]:
        one, other = (
            conversation(tx),
            conversation(tx, channel="zalo", opened_at=at - 9 * DAY_MS, changed_at=at),
        )
        handoff(tx, one, taken_at=at + 1, first_reply_at=at + 4 * MINUTE, team="advice")
        handoff(tx, one, opened_at=at - DAY_MS, first_reply_at=at)
        handoff(tx, other, opened_at=at - 1, team="claims")
        handoff(tx, other, test=True)
        handoff(tx, other, opened_at=at - DAY_MS - 1)
        handoff(tx, other, opened_at=at + 1)
        return one, other

    one, other = await store.run(fill)
    found = await counted(store, at - DAY_MS, at + 1)
    asked = sorted(found.asked, key=lambda each: each.at)
    assert asked == [
        Asked(asked[0].id, one, "telegram", "", at - DAY_MS, None, at),
        Asked(asked[1].id, other, "zalo", "claims", at - 1, None, None),
        Asked(asked[2].id, one, "telegram", "advice", at, at + 1, at + 4 * MINUTE),
    ]


@pytest.mark.usefixtures("bites")
async def test_why_some_were_lost(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> list[str]:
        kept = [
            lost(tx, "Chê  phí cao\n", opened_at=at - 90 * DAY_MS, last_message_at=at - 40 * DAY_MS),
            lost(tx, "chê phí cao", channel="zalo"),
            lost(tx, ""),
        ]
        lost(tx, "phí", closed_at=at - DAY_MS - 1, changed_at=at)
        lost(tx, "phí", test=True)
        conversation(tx, stage="closed_no_need", status="closed", closed_at=at)
        forgotten = lost(tx, "ông Hùng ở Gò Vấp")
        tx.run(
            "DELETE FROM contact_key WHERE contact_id = (SELECT contact_id FROM conversation WHERE id = :id)",
            id=forgotten,
        )
        tx.keys.forget(str(tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=forgotten)))
        return [*kept, forgotten]

    high, same, none, forgotten = await store.run(fill)
    found = await counted(store, at - DAY_MS, at + 1)
    assert {each.id: (each.channel, each.reason) for each in found.lost} == {
        high: ("telegram", "Chê phí cao"),
        same: ("zalo", "chê phí cao"),
        none: ("telegram", ""),
        forgotten: ("telegram", ""),
    }


@pytest.mark.usefixtures("bites")
async def test_what_customers_say_of_it(store: Store, hand: Hand) -> None:
    at = hand.ms

    def fill(tx: Tx) -> list[str]:
        who = person(tx)
        made = [conversation(tx) for _ in range(4)]
        for each, answer in zip(made, ("5", "4", "2", "5"), strict=True):
            survey(tx, policy(tx, each, who), who, answer, at)
        extra = policy(tx, made[0], who)
        survey(tx, extra, who, "received", at, kind="received")
        survey(tx, extra, who, "5", at - DAY_MS - 1)
        survey(tx, extra, who, "", at)
        survey(tx, policy(tx, made[0], who, test=True), who, "1", at)
        return made

    made = await store.run(fill)
    found = await counted(store, at - DAY_MS, at + 1)
    assert sorted((each.conversation_id, each.score) for each in found.scored) == sorted(
        zip(made, (5, 4, 2, 5), strict=True)
    )


async def test_what_moves_on_while_it_is_counted_counts_once(
    store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_period, "BITE", 3)
    made = await store.run(lambda tx: [conversation(tx, changed_at=hand.ms - 10 + number) for number in range(10)])
    count = Count(hand.ms - DAY_MS)
    assert await store.read(count.step)
    await store.run(
        lambda tx: tx.run_among(
            "UPDATE conversation SET changed_at = :now WHERE id IN (:among)", [made[0], made[9]], now=tx.now_ms
        )
    )
    found = await counted(store, hand.ms - DAY_MS, hand.ms + 1, count)
    assert sorted(each.id for each in found.begun) == sorted(made)


@pytest.mark.usefixtures("bites")
async def test_counted_again_it_is_what_a_count_anew_would_be(store: Store, hand: Hand) -> None:
    """Only what has changed is looked at, and everything is as if all had been."""
    since, until = hand.ms - DAY_MS, hand.ms + DAY_MS
    who = await store.run(person)

    def begin(tx: Tx) -> list[str]:
        made = [conversation(tx, contact_id=who) for _ in range(7)]
        for each in made[:3]:
            handoff(tx, each)
        lost(tx, "chê phí cao")
        return made

    def move_on(tx: Tx) -> str:
        """Everything that may become of a conversation, as its writers leave it."""
        tx.run(
            "UPDATE handoff SET taken_at = :now, first_reply_at = :now WHERE conversation_id = :id",
            now=tx.now_ms,
            id=made[0],
        )
        consent(tx, made[1])
        handoff(tx, made[4], opened_at=tx.now_ms)
        tx.run(
            "UPDATE conversation SET stage = 'new', closed_at = NULL, changed_at = :now WHERE stage = 'lost'",
            now=tx.now_ms,
        )
        conversation(tx)
        for each in (made[0], made[1], made[4]):
            tx.run("UPDATE conversation SET changed_at = :now WHERE id = :id", now=tx.now_ms, id=each)
        issued = policy(tx, made[5], who)
        policies.touch(tx, issued)
        survey(tx, issued, who, "4", tx.now_ms)
        return issued

    def cancelled(tx: Tx) -> None:
        tx.run("UPDATE policy SET state = 'cancelled'")
        policies.touch(tx, issued)

    def all_of(found: Figures) -> list[set[object]]:
        return [set(found.begun), set(found.lost), set(found.asked), set(found.scored)]

    made = await store.run(begin)
    count = Count(since)
    first = await counted(store, since, until, count)
    hand.ms += 60_000
    issued = await store.run(move_on)
    later = await counted(store, since, until, count)
    assert all_of(later) == all_of(await counted(store, since, until))
    assert all(mine != before for mine, before in zip(all_of(later), all_of(first), strict=True))
    hand.ms += 60_000
    await store.run(cancelled)
    assert all_of(await counted(store, since, until, count)) == all_of(await counted(store, since, until))
    seen: list[str] = []
    watched = await store.read(lambda tx: seen_while(tx, seen, count))
    assert watched is True
    assert not any("handoff" in sql for sql in seen) or store.postgres, "nothing has changed, so nothing else is read"


def seen_while(tx: Tx, seen: list[str], count: Count) -> bool:
    if tx.postgres:
        return count.step(tx)
    tx.raw.set_trace_callback(seen.append)
    try:
        return count.step(tx)
    finally:
        tx.raw.set_trace_callback(None)
