"""Erasing a person, in steps that each are one transaction: stopped after any of them, the next call goes on.

First what the law keeps is laid aside (`look`), then he is cut off in one go (`cut`: what would still speak to him, his
addresses and sessions, his name), then his rows go table by table as storage.erasure_map says, then his key. Who writes
from here on is somebody new.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from storage import audit, carried, holds, inbox, privacy
from storage.erasure import FIRST, Job, Scope, find, scope_of
from storage.erasure_map import MAP, Emptied, Gone
from storage.keys import KeyMissing, pack, unpack
from storage.tx import Tx

BITE: Final = 100  # rows a unit
TEXTS: Final = 40  # of his messages that are looked for afterwards
NEEDLE: Final = 8  # bytes: what is shorter turns up by chance
TABLES: Final = tuple(table for table, rule in MAP.items() if isinstance(rule, Gone | Emptied) and not rule.step)
STEPS: Final = (FIRST, "cut", *TABLES, "key", "vacuum", "proof")
ANSWERS: Final = 200  # that are opened at once
Answer = tuple[str, str]  # the key of one: actor, Idempotency-Key
_ID: Final = re.compile(r"\b[0-9a-v]{26}\b")


def step(tx: Tx, job_id: str) -> str:
    """Do the next bite of the job; the step that is next now. `vacuum` and `proof` are not this module's; who calls it
    has seen to `answers` and `blank` before those of idempotency and inbox_event."""
    job = find(tx, job_id, lock=True)
    if job is None or job.state != "running":
        return ""
    if job.step == "look":
        return _look(tx, job)
    if job.step == "cut":
        return _cut(tx, job)
    if job.step == "key":
        return _destroy(tx, job)
    if job.step in TABLES:
        return job.step if _clear(tx, job.step, job.scope) else go_on(tx, job)
    return job.step


def go_on(tx: Tx, job: Job, **values: Any) -> str:
    """The job is at its next step, if nobody else was faster."""
    after = STEPS[STEPS.index(job.step) + 1]
    changed = "".join(f", {name} = :{name}" for name in values)
    tx.run(
        f"UPDATE erasure SET step = :after{changed} WHERE id = :id AND step = :step",  # noqa: S608 -- ours
        id=job.id,
        step=job.step,
        after=after,
        **values,
    )
    return after


def _look(tx: Tx, job: Job) -> str:
    """Lay aside what must stay, and note what must not be found afterwards."""
    people = job.scope.contacts  # those whom the approver saw
    scope = scope_of(tx, people, job.scope)
    readable = {row[0] for row in tx.among("SELECT contact_id FROM contact_key WHERE contact_id IN (:among)", people)}
    for stay in holds.stays(tx, sorted(readable)):  # one who came back without his key was laid aside at his first time
        holds.keep(tx, stay, contact_id=job.contact_id)
    needles = tx.keys.seal_own("erasure", "needles_sealed", job.id, pack(_needles(tx, scope)))
    return go_on(tx, job, scope=_told(scope), needles_sealed=needles)


def _told(scope: Scope) -> str:
    names = ("contacts", "points", "conversations", "policies", "files")
    return orjson.dumps({name: getattr(scope, name) for name in names}).decode()


def _needles(tx: Tx, scope: Scope) -> dict[str, list[str]]:
    """What he is called and what was said, by kind."""
    found: dict[str, set[str]] = defaultdict(set)

    def opened(row: Any, table: str, column: str, contact_id: str) -> str:
        try:
            return tx.keys.open_for(tx, contact_id, table, column, row.id, getattr(row, column)).decode()
        except KeyMissing:
            return ""

    people = scope.ids("contacts")
    for row in tx.among("SELECT id, name_sealed FROM contact WHERE id IN (:among)", people):
        found["name"].add(opened(row, "contact", "name_sealed", row.id))
    for row in tx.among(
        "SELECT id, contact_id, kind, value_sealed FROM contact_value WHERE contact_id IN (:among)", people
    ):
        value = opened(row, "contact_value", "value_sealed", row.contact_id)
        found[row.kind] |= {value, "0" + value[3:]} if value.startswith("+84") else {value}
    for row in tx.among("SELECT id, thread FROM contact_point WHERE contact_id IN (:among)", people):
        found["thread"].add(row.thread)
    for row in _last_texts(tx, scope):
        try:
            body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        except KeyMissing:
            continue
        found["text"].add(str(body.get("text", "")))
    return {
        kind: sorted({unicodedata.normalize("NFC", value) for value in values if len(value.encode()) >= NEEDLE})
        for kind, values in found.items()
    }


def _last_texts(tx: Tx, scope: Scope) -> list[Any]:
    found: list[Any] = []
    for conversation_id in sorted(scope.conversations, reverse=True):
        found += tx.all(
            "SELECT id, contact_id, body_sealed FROM message WHERE conversation_id = :id AND author = 'customer'"
            " ORDER BY seq DESC LIMIT :most",
            id=conversation_id,
            most=TEXTS - len(found),
        )
        if len(found) == TEXTS:
            break
    return found


def _cut(tx: Tx, job: Job) -> str:
    """In one go: nothing is said to him any more, nothing that he says finds him."""
    scope = scope_of(tx, job.scope.contacts, job.scope)
    _settle_events(tx, scope)
    tx.run_among("DELETE FROM timer WHERE conversation_id IN (:among)", scope.ids("conversations"))
    tx.run_among(
        "UPDATE outbox SET state = 'cancelled', error = 'erased', done_at = :now, version = version + 1"
        " WHERE point_id IN (:among) AND state IN ('queued','sending','retry_wait','unknown') AND state <> 'sending'",
        scope.ids("points"),
        now=tx.now_ms,
    )
    tx.run_among(
        "UPDATE care_task SET state = 'cancelled', reason = 'erased' WHERE policy_id IN (:among) AND state = 'planned'",
        scope.ids("policies"),
    )
    for row in tx.among("SELECT account_id, thread FROM contact_point WHERE id IN (:among)", scope.ids("points")):
        tx.run(
            "DELETE FROM web_session WHERE account_id = :account AND thread = :thread",
            account=row.account_id,
            thread=row.thread,
        )
    holders = carried.holders(tx, scope.ids("contacts"))
    tx.run_among("UPDATE contact SET merged_into = NULL WHERE merged_into IN (:among)", scope.ids("contacts"))
    tx.run_among("DELETE FROM contact_point WHERE id IN (:among)", scope.ids("points"))
    rule = MAP["contact"]
    assert isinstance(rule, Emptied)
    emptied = ", ".join(f"{name} = {value}" for name, value in rule.emptied.items())
    tx.run_among(
        f"UPDATE contact SET {emptied}, erased_at = :now, updated_at = :now, version = version + 1"  # noqa: S608 -- ours
        " WHERE id IN (:among) AND erased_at IS NULL",
        scope.ids("contacts"),
        now=tx.now_ms,
    )
    carried.part(tx, holders, scope.contacts)
    for conversation_id in scope.conversations:
        tx.hint("conversation", conversation_id)
    return go_on(tx, job, scope=_told(scope))


def _settle_events(tx: Tx, scope: Scope) -> None:
    """What waits for a turn or for a person is ignored from here on, and counted so."""
    rows = [
        row
        for state in ("'new'", "'quarantined'")  # each has an index of its own
        for row in tx.among(
            f"SELECT id, account_id, source, state FROM inbox_event WHERE point_id IN (:among) AND state = {state}",  # noqa: S608
            scope.ids("points"),
        )
    ]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.source == "platform":
            counts[row.account_id]["ignored"] += 1
            counts[row.account_id]["pending" if row.state == "new" else "quarantined"] -= 1
    tx.run_among(
        "UPDATE inbox_event SET state = 'ignored', reason = 'erased', done_at = :now WHERE id IN (:among)",
        [row.id for row in rows],
        now=tx.now_ms,
    )
    inbox.count(tx, counts)


def _clear(tx: Tx, table: str, scope: Scope) -> int:
    """A bite of the table; 0 = nothing of him is left in it."""
    rule = MAP[table]
    assert isinstance(rule, Gone | Emptied)
    return sum(_bite(tx, table, rule, by, scope) for by in rule.by)


def blank(tx: Tx, scope: Scope) -> None:
    """`scope.events`, not more than BITE: what came in, and what it contradicted."""
    _clear(tx, "inbound_conflict", scope)
    _clear(tx, "inbox_event", scope)


def _bite(tx: Tx, table: str, rule: Gone | Emptied, by: tuple[str, str], scope: Scope) -> int:
    key = ", ".join(rule.key.split())
    these = f"({key}) IN (SELECT {key} FROM {table} WHERE {by[0]} LIMIT {BITE})"  # noqa: S608 -- ours
    among = scope.ids(by[1])
    if isinstance(rule, Gone):
        return tx.run_among(f"DELETE FROM {table} WHERE {these}", among)  # noqa: S608 -- ours
    emptied = ", ".join(f"{name} = {value}" for name, value in rule.emptied.items())
    return tx.run_among(f"UPDATE {table} SET {emptied} WHERE {these}", among, nothing=b"")  # noqa: S608


def answers(tx: Tx, scope: Scope, after: Answer = ("", "")) -> tuple[list[Answer], Answer | None]:
    """A window of the last day's answers: those that speak of him, and where the next one begins, None at the end. They are
    sealed as ours, so each is opened and looked through."""
    ids = {*scope.contacts, *scope.conversations, *scope.policies, *scope.files}
    rows = tx.all(
        "SELECT actor_id, key, answer_sealed FROM idempotency WHERE (actor_id, key) > (:actor, :key)"
        " ORDER BY actor_id, key LIMIT :window",
        actor=after[0],
        key=after[1],
        window=ANSWERS,
    )
    told = {(row.actor_id, row.key): set(_ID.findall(_answer(tx, row))) for row in rows}
    everything = {each for some in told.values() for each in some} - ids
    ids |= {
        row.id
        for row in tx.among("SELECT id, conversation_id FROM message WHERE id IN (:among)", sorted(everything))
        if row.conversation_id in scope.conversations
    }
    his = [place for place, named in told.items() if not ids.isdisjoint(named)]
    return his, (rows[-1].actor_id, rows[-1].key) if len(rows) == ANSWERS else None


def _answer(tx: Tx, row: Any) -> str:
    if row.answer_sealed is None:
        return ""
    try:
        place = f"{row.actor_id}|{row.key}"
        return tx.keys.open_own("idempotency", "answer_sealed", place, bytes(row.answer_sealed)).decode()
    except (KeyMissing, UnicodeDecodeError):
        return ""


def forget_answers(tx: Tx, places: Sequence[Answer]) -> None:
    tx.many(
        "DELETE FROM idempotency WHERE actor_id = :actor AND key = :key",
        [{"actor": actor, "key": key} for actor, key in places],
    )


def _destroy(tx: Tx, job: Job) -> str:
    """His keys: what is left of him anywhere cannot be read from here on, in backups neither."""
    tx.run_among("DELETE FROM contact_key WHERE contact_id IN (:among)", job.scope.ids("contacts"))
    for contact_id in job.scope.contacts:
        tx.hint("erased", contact_id)
    return go_on(tx, job)


# ---- the proof


def once_more(tx: Tx, job: Job, *, rounds: int) -> None:
    """Something of him was left: all tables again, and his keys, for this many times by now."""
    tx.run(
        "UPDATE erasure SET step = :step, proof = :proof WHERE id = :id AND state = 'running'",
        id=job.id,
        step=TABLES[0],
        proof=orjson.dumps({**job.proof, "rounds": rounds}).decode(),
    )


def needles(tx: Tx, job_id: str) -> dict[str, list[str]]:
    """What must not be found; {} when it was looked for already."""
    sealed = tx.value("SELECT needles_sealed FROM erasure WHERE id = :id", id=job_id)
    if sealed is None:
        return {}
    found: dict[str, list[str]] = unpack(tx.keys.open_own("erasure", "needles_sealed", job_id, bytes(sealed)))
    return found


def finish(tx: Tx, job: Job, proof: Mapping[str, Any]) -> None:
    """It is done; of what was his, only whom it was stays named."""
    if not tx.run(
        "UPDATE erasure SET state = 'done', done_at = :now, needles_sealed = NULL, proof = :proof, scope = :scope"
        " WHERE id = :id AND state = 'running'",
        id=job.id,
        now=tx.now_ms,
        proof=orjson.dumps(proof).decode(),
        scope=orjson.dumps({"contacts": job.scope.contacts}).decode(),
    ):
        return
    audit.write(
        tx, actor=job.decided_by or "system", action="contact.erase", object_type="contact", object_id=job.contact_id
    )
    privacy.erased(tx, job.id, job.scope.contacts)
