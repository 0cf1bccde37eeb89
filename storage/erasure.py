"""Erasures: whom they are of, what would go and what stays, who asked, who decided. storage.erasure_steps does them.

A job's row stays when it is done: the list that a restore applies again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import audit, contacts, holds, privacy
from storage.erasure_map import MAP, Emptied, Gone
from storage.ids import floor, new_id
from storage.tx import Tx

FIRST: Final = "look"
WINDOW: Final = 1000  # rows of a large table that are looked through at once
DAY_MS: Final = 86_400_000
# What the map finds by ids alone: all but events, of which there is one for everything that anybody did.
COUNTED: Final = tuple(
    table
    for table, rule in MAP.items()
    if isinstance(rule, Gone | Emptied) and rule.by and all(name != "events" for _, name in rule.by)
)


class Refused(Exception):
    """It cannot be done; `code` not_found, wrong_state or forbidden."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Surrogate ids of everything that is his."""

    contacts: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    events: tuple[str, ...] = ()  # found window by window, never kept with a job

    def ids(self, name: str) -> list[str]:
        found = (*self.conversations, *self.policies) if name == "lanes" else getattr(self, name)
        return sorted(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row, opened. `proof` -- what was looked at when it was done."""

    id: str
    contact_id: str
    state: str
    step: str
    scope: Scope
    reason: str
    asked_by: str
    asked_behind: str
    asked_at: int
    decided_by: str
    decided_at: int
    done_at: int | None
    proof: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Of whom it would be, with who was merged into him, and what must stay."""

    scope: Scope
    stays: tuple[holds.Stay, ...]


# ---- what there is


def plan(tx: Tx, contact_id: str) -> Plan:
    """Raises Refused for nobody."""
    scope = scope_of(tx, _family(tx, contact_id))
    return Plan(scope=scope, stays=tuple(holds.stays(tx, scope.contacts)))


def count(tx: Tx, table: str, scope: Scope) -> int:
    """How many of a table's rows the map finds. Of events: those of `scope.events`."""
    rule = MAP[table]
    assert isinstance(rule, Gone | Emptied)
    if len(rule.by) == 1:
        rows = tx.among(f"SELECT COUNT(*) FROM {table} WHERE {rule.by[0][0]}", scope.ids(rule.by[0][1]))  # noqa: S608 -- ours
        return int(rows[0][0]) if rows else 0
    keys = ", ".join(rule.key.split())
    found = [tx.among(f"SELECT {keys} FROM {table} WHERE {by[0]}", scope.ids(by[1])) for by in rule.by]  # noqa: S608
    return len({tuple(row) for rows in found for row in rows})


def events(tx: Tx, scope: Scope, after: str = "") -> tuple[list[str], str]:
    """A window of the events: ids of his in it, and where the next one begins, '' at the end. No index leads from a person
    to his events; none is older than the first of his addresses."""
    points = set(scope.points)
    if not points:
        return [], ""
    after = after or floor(int(min(points)[:10], 32) - DAY_MS)
    rows = tx.all(
        "SELECT id, point_id FROM inbox_event WHERE id > :after ORDER BY id LIMIT :window", after=after, window=WINDOW
    )
    return [row.id for row in rows if row.point_id in points], rows[-1].id if len(rows) == WINDOW else ""


def _family(tx: Tx, contact_id: str) -> list[str]:
    found = contacts.resolve(tx, contact_id)
    if found is None:
        raise Refused("not_found", "there is nobody with this id, or he was erased")
    return contacts.family(tx, found)


def scope_of(tx: Tx, people: Sequence[str], before: Scope | None = None) -> Scope:
    """All that these people have now, and what was found of them before."""
    known = before or Scope()

    def more(name: str, sql: str, among: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted({*getattr(known, name), *(row[0] for row in tx.among(sql, list(among)) if row[0])}))

    everybody = tuple(sorted({*known.contacts, *people}))
    points = more("points", "SELECT id FROM contact_point WHERE contact_id IN (:among)", everybody)
    conversations = more("conversations", "SELECT id FROM conversation WHERE contact_id IN (:among)", everybody)
    policies = more("policies", "SELECT id FROM policy WHERE contact_id IN (:among)", everybody)
    files = more("files", "SELECT file_id FROM attachment WHERE contact_id IN (:among)", everybody)
    files = tuple(sorted({*files, *more("files", "SELECT id FROM file WHERE contact_id IN (:among)", everybody)}))
    return Scope(contacts=everybody, points=points, conversations=conversations, policies=policies, files=files)


# ---- asking, deciding


def ask(tx: Tx, contact_id: str, *, by: str, reason: str, now: bool = False, behind: Sequence[str] = ()) -> str:
    """The job's id; `now` -- it is decided already (the system's administrator, a restore) · `behind` -- advisors whose
    credential it was asked with. One at a time for a person."""
    people = _family(tx, contact_id)
    head = people[0]
    waiting = tx.one("SELECT id, state FROM erasure WHERE contact_id = :id AND state IN ('asked', 'running')", id=head)
    if waiting is not None:
        if now and waiting.state == "asked":
            tx.run("UPDATE erasure SET scope = :scope WHERE id = :id", id=waiting.id, scope=_whom(people))
            _run(tx, waiting.id, by)
        return str(waiting.id)
    job_id = _insert(tx, head, people, by=by, reason=reason, behind=behind)
    audit.write(tx, actor=by, action="erasure.ask", object_type="contact", object_id=head)
    if now:
        _run(tx, job_id, by)
    return job_id


def again(tx: Tx, listed: Sequence[str]) -> list[str]:
    """Those who were erased and are back (a restore): each a job that runs. Their ids. `listed` -- outside the database."""
    rows = tx.all("SELECT scope FROM erasure WHERE state = 'done'")
    people = sorted({*listed, *(each for row in rows for each in orjson.loads(row.scope)["contacts"])})
    rows = tx.among("SELECT id FROM contact WHERE id IN (:among) AND erased_at IS NULL", people)
    made = []
    for row in rows:
        if tx.value("SELECT 1 FROM erasure WHERE contact_id = :id AND state = 'running'", id=row.id):
            continue
        made.append(_insert(tx, row.id, [row.id], by="system", reason="restored"))
        _run(tx, made[-1], "system")
    return made


def _insert(tx: Tx, head: str, people: Sequence[str], *, by: str, reason: str, behind: Sequence[str] = ()) -> str:
    job_id = new_id()
    tx.insert(
        "erasure",
        id=job_id,
        contact_id=head,
        state="asked",
        step=FIRST,
        scope=_whom(people),
        reason=reason,
        asked_by=by,
        asked_behind=" ".join(sorted(set(behind))),
        asked_at=tx.now_ms,
        decided_by="",
        decided_at=0,
        proof="{}",
    )
    return job_id


def _whom(people: Sequence[str]) -> str:
    return orjson.dumps({"contacts": list(people)}).decode()


def _run(tx: Tx, job_id: str, by: str) -> None:
    tx.run(
        "UPDATE erasure SET state = 'running', decided_by = :by, decided_at = :now WHERE id = :id AND state = 'asked'",
        id=job_id,
        by=by,
        now=tx.now_ms,
    )


def decide(tx: Tx, job_id: str, *, by: str, yes: bool) -> str:
    """Four eyes: who asked does not decide. Raises Refused."""
    job = find(tx, job_id)
    if job is None:
        raise Refused("not_found", "there is no such erasure")
    if job.state != "asked":
        raise Refused("wrong_state", f"it is decided: {job.state}")
    if yes and by in (job.asked_by, *job.asked_behind.split()):
        raise Refused("forbidden", "somebody else than who asked for it decides")
    if yes and set(job.scope.contacts) != set(_family(tx, job.contact_id)):
        raise Refused("wrong_state", "it is of other people than when it was asked for: decline it, and ask again")
    if yes:
        _run(tx, job_id, by)
        privacy.approved(tx, job_id, by)
    else:
        tx.run(
            "UPDATE erasure SET state = 'declined', decided_by = :by, decided_at = :now WHERE id = :id",
            id=job_id,
            by=by,
            now=tx.now_ms,
        )
        privacy.kept_as_it_was(tx, job_id, by)
    action = "erasure.approve" if yes else "erasure.decline"
    audit.write(tx, actor=by, action=action, object_type="contact", object_id=job.contact_id)
    return job_id


_COLUMNS: Final = (
    "id, contact_id, state, step, scope, reason, asked_by, asked_behind, asked_at, decided_by, decided_at, done_at,"
    " proof"
)


def find(tx: Tx, job_id: str, *, lock: bool = False) -> Job | None:
    """`lock` -- until the end of the transaction no other process does anything to it."""
    held = " FOR UPDATE" if lock and tx.postgres else ""
    row = tx.one(f"SELECT {_COLUMNS} FROM erasure WHERE id = :id{held}", id=job_id)  # noqa: S608
    return None if row is None else _job(row)


def running(tx: Tx) -> list[Job]:
    rows = tx.all(f"SELECT {_COLUMNS} FROM erasure WHERE state = 'running' ORDER BY decided_at, id LIMIT 20")  # noqa: S608
    return [_job(row) for row in rows]


def page(tx: Tx, *, after: str = "", limit: int = 50) -> list[Job]:
    """The newest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM erasure WHERE :after = '' OR id < :after ORDER BY id DESC LIMIT :limit",  # noqa: S608
        after=after,
        limit=limit,
    )
    return [_job(row) for row in rows]


def _job(row: Any) -> Job:
    columns = dict(row._mapping)
    told = orjson.loads(columns.pop("scope"))
    scope = Scope(**{name: tuple(ids) for name, ids in told.items()})
    return Job(**{**columns, "scope": scope, "proof": orjson.loads(row.proof)})
