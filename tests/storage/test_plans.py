"""What runs many times a second finds its rows by an index: it must not become slower with all that was ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from storage import (
    alarmed,
    announced,
    audits,
    care,
    carried,
    echoes,
    envelopes,
    finding,
    inbox,
    listing,
    narrowing,
    notices,
    outbox,
    outbox_sweep,
    parked,
    policies,
    queues,
    search,
    searching,
    sending,
    tasks,
    tellings,
    turns,
    wall,
    wall_period,
)
from storage.db import Store
from storage.keys import KeyRing
from storage.outbox import Outcome, SendJob
from storage.tables.arrivals import Parked
from storage.tables.people import Contact, ContactPoint
from storage.tx import Tx
from tests.storage.test_stats import conversation
from tests.support import tables

JOB = SendJob(
    id="o",
    account_id="telegram:main",
    point_id="p",
    conversation_id="c",
    message_id="m",
    klass="A",
    attempts=0,
    not_after=None,
    created_at=0,
    body={},
)
WORDS = [searching.Word(token=each, count=searching.WEIGHED, since="") for each in (b"a", b"b")]


def _of_my_team(tx: Tx) -> None:
    tx.insert("team_member", team_id="claims", advisor_id="lan")
    listing.page(tx, narrowing.Wanted(team="advisor:lan"), after=None, limit=50)


def _calls(tx: Tx, *, state: str, owner: str = "") -> list[tasks.Task]:
    return tasks.page(tx, state=state, owner=owner, conversation="", due_before=None, after=(1, "t"), limit=50)


UNITS: dict[str, Callable[[Tx], Any]] = {
    "load": lambda tx: turns.load(tx, ["p", "q"]),
    "last heard": lambda tx: envelopes.last_heard(tx, ["p", "q"], ["1", "2", "3"]),
    "an echo": lambda tx: echoes.ours(tx, "p", external_id="m", text="x", files=False, unsigned=True),
    "open lanes": inbox.open_lanes,
    "record": lambda tx: outbox.record(tx, [Outcome(job=JOB, state="sent", external_id="1", started_at=1, took_ms=1)]),
    "claim of lanes": lambda tx: outbox.claim(tx, points=["p", "q"]),
    "claim of an account": lambda tx: outbox.claim(tx, accounts=["telegram:main"]),
    "cancel": lambda tx: outbox.cancel(tx, "c", reason="x"),
    "cancel of purposes": lambda tx: outbox.cancel(tx, "c", reason="x", purposes=["ads"]),
    "sweep": outbox_sweep.sweep,
    "told outside": lambda tx: announced.due(tx, room=4, busy={}),
    "told outside again": announced.recover,
    "all that failed": lambda tx: announced.failed_again(tx, "s", since=tx.now, by="a"),
    "a log": lambda tx: announced.log(tx, "s"),
    "a log of failures": lambda tx: announced.log(tx, "s", state="failed"),
    "forget what was told": announced.forget,
    "stuck": lambda tx: outbox_sweep.recover(tx, idempotent=["telegram:main"], stuck=True),
    "recover": lambda tx: outbox_sweep.recover(tx, idempotent=["telegram:main"]),
    "people of ours: the ladder": lambda tx: notices.due(tx, limit=50),
    "people of ours: what time causes": notices.watch,
    "people of ours: the ways": lambda tx: tellings.claim(tx, limit=50),
    "people of ours: a page": lambda tx: tellings.for_page(tx, "lan"),
    "people of ours: a page has told": lambda tx: tellings.seen(tx, "lan", ["n", "o"], "visible"),
    "people of ours: nobody heard": tellings.drop_unheard,
    "people of ours: a group": lambda tx: tellings.last(tx, "telegram:main/-1"),
    "people of ours: the alarm": notices.alarms,
    "people of ours: of whom the alarm rings": alarmed.waiting,
    "people of ours: somebody came": notices.look_at_alarms,
    "people of ours: how late": notices.stuck,
    "people of ours: of a conversation": lambda tx: tellings.of_conversation(tx, "c"),
    "a word": lambda tx: searching.Walk("", enough=9, _words=WORDS[:1]).step(tx),
    "words": lambda tx: searching.Walk("", enough=9, _words=WORDS).step(tx),
    "words of an advisor": lambda tx: searching.Walk("", enough=9, sight="lan", _words=WORDS).step(tx),
    "at hand": lambda tx: _find(tx, "hùng 0912"),
    "the wall now": lambda tx: _walk(tx, wall.Now()),
    "the wall of a period": lambda tx: _walk(tx, wall_period.Count(0)),
    "a filtered list": lambda tx: listing.page(
        tx, narrowing.Wanted(status="waiting", product="none", opened_since=1, waiting_since=1), after=None, limit=50
    ),
    "everybody's queues": queues.house,
    "my queues": lambda tx: queues.full(tx, "lan", queues.House(held=(), all=0, closed=0)),
    "calls of all states": lambda tx: _calls(tx, state=""),
    "calls that are over": lambda tx: _calls(tx, state="done"),
    "calls of mine": lambda tx: _calls(tx, state="", owner="lan"),
    "questions of all states": lambda tx: care.page(tx, limit=50),
    "questions that expired": lambda tx: care.page(tx, state="expired", after=(1, "c"), limit=50),
    "policies of a state": lambda tx: policies.page(tx, state="cancelled", after="p", limit=50),
    "the audit": lambda tx: audits.page(tx, wanted=audits.Wanted(actor="lan"), after=None, limit=50),
    "what was sent": lambda tx: sending.page(tx, state="failed", channel="", account="", after="o", limit=50),
    "a list of mine": lambda tx: listing.page(tx, narrowing.Wanted(assignee="lan"), after=None, limit=50),
    "a list of a team": _of_my_team,
    "words in a list": lambda tx: _listed(tx, "hùng xe"),
}
IN_ORDER = (  # lists that an index gives as they are shown: of a long one as much is read as of a short one
    "calls of all states",
    "calls that are over",
    "calls of mine",
    "questions of all states",
    "questions that expired",
    "policies of a state",
    "the audit",
    "what was sent",
    "a list of mine",
    "a list of a team",
)
BOUNDED = (  # what a LIMIT has cut, and what there is a handful of
    "SCAN few", "SCAN hits", "SCAN last", "SCAN CONSTANT ROW", "SCAN account",
)  # fmt: skip


def _walk(tx: Tx, walk: wall.Now | wall_period.Count) -> None:
    conversation(tx, status="waiting")
    conversation(tx, status="lost", stage="lost", closed_at=tx.now_ms)
    while walk.step(tx):
        pass


def _listed(tx: Tx, words: str) -> None:
    search.put(tx, conversation(tx, status="waiting"), "k", search.words(words))
    listing.page(tx, narrowing.Wanted(q=words, sight="lan", label="vip", account="main"), after=None, limit=50)


def _find(tx: Tx, words: str) -> None:
    search.put(tx, conversation(tx, status="waiting"), "k", search.words(words))
    look = finding.Look(words, sight="lan")
    while look.step(tx):
        pass


@pytest.mark.parametrize("name", UNITS)
async def test_nothing_reads_a_whole_table(name: str, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/g.sqlite3", KeyRing.ephemeral())
    tables.lay(store)
    await asyncio.to_thread(store.open)
    said: list[str] = []

    def watched(tx: Tx) -> None:
        tx.raw.set_trace_callback(said.append)
        UNITS[name](tx)
        tx.raw.set_trace_callback(None)

    await store.run(watched)
    plans = await store.read(
        lambda tx: {
            sql: [row[-1] for row in tx.raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
            for sql in said
            if not sql.startswith("INSERT")
        }
    )
    await asyncio.to_thread(store.close)
    assert plans
    scans = [
        (sql, step)
        for sql, steps in plans.items()
        for step in steps
        if step.startswith("SCAN") and "INDEX" not in step and step not in BOUNDED
    ]
    assert not scans
    sorts = [
        sql for sql, steps in plans.items() if "USE TEMP B-TREE FOR ORDER BY" in steps and "team_member" not in sql
    ]
    assert not sorts or name not in IN_ORDER


class Asked(Tx):
    """A transaction that keeps what it is asked."""

    __slots__ = ("said",)

    def __init__(self, tx: Tx) -> None:
        super().__init__(
            tx.raw,
            tx.keys,
            now_ms=tx.now_ms,
            boot=tx.boot,
            postgres=tx.postgres,
            gates=tx.gates,
            listening=tx.listening,
        )
        self.said: list[tuple[str, Mapping[str, Any]]] = []

    def _execute(self, sql: str, binds: Mapping[str, Any]) -> Any:
        self.said.append((sql, binds))
        return super()._execute(sql, binds)

    def plans(self, tx: Tx) -> str:
        head = "EXPLAIN" if self.postgres else "EXPLAIN QUERY PLAN"
        return "\n".join(str(row[-1]) for sql, binds in self.said for row in tx.all(f"{head} {sql}", **binds))


FEW_AMONG_MANY: Mapping[str, tuple[str, Callable[[Tx], Any]]] = {
    "a lane of receipts has no news": ("ix_parked_news", lambda tx: turns.load(tx, ["p"])),
    "news of a lane of receipts": ("ix_parked_news", lambda tx: parked.of_points(tx, ["p"])),
    "names by a link": ("ix_contact_name_by", lambda tx: carried.holders(tx, ["teller"])),
}


def _many(tx: Tx) -> None:
    point = ContactPoint(id="p", account_id="telegram:main", thread="t", created_at=1)
    tx.insert("contact_point", **point.model_dump())
    receipt: Any = {"account_id": "telegram:main", "point_id": "p", "contact_id": "k", "kind": "receipt"}
    receipts = [
        Parked(id=f"r{each}", event_id=f"e{each}", ref=f"m{each}", said_at=1, parked_at=1, **receipt)
        for each in range(2000)
    ]
    tx.insert_many("parked", [each.model_dump() for each in receipts])
    people = [Contact(id=f"k{each}", created_at=1, updated_at=1) for each in range(2000)]
    tx.insert_many("contact", [each.model_dump() for each in people])
    for table in ("parked", "contact"):
        tx.run(f"ANALYZE {table}")


async def test_the_few_rows_among_many_have_an_index_of_their_own(store: Store) -> None:
    def looked(tx: Tx) -> dict[str, str]:
        _many(tx)
        plans = {}
        for name, (_, unit) in FEW_AMONG_MANY.items():
            asked = Asked(tx)
            unit(asked)
            plans[name] = asked.plans(tx)
        return plans

    plans = await store.run(looked)
    assert {name: index in plans[name] for name, (index, _) in FEW_AMONG_MANY.items()} == dict.fromkeys(
        FEW_AMONG_MANY, True
    )
