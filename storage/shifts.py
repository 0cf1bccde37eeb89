"""When people work: shifts of teams and persons, days off, who is away, how much each takes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from storage import audit
from storage.ids import new_id
from storage.tx import Tx

Week = Mapping[str, Sequence[tuple[str, str]]]  # mon .. -> [("08:00", "12:00"), …]
MOST: Final = 20_000


def weeks(tx: Tx) -> dict[str, dict[str, tuple[tuple[str, str], ...]]]:
    """By owner, `team:…` or `advisor:…`: the periods of each weekday, in order."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in tx.all(
        "SELECT owner, weekday, begins, ends FROM shift ORDER BY owner, weekday, begins LIMIT :n", n=MOST
    ):
        found[row.owner][row.weekday].append((row.begins, row.ends))
    return {owner: {day: tuple(spans) for day, spans in week.items()} for owner, week in found.items()}


def set_week(tx: Tx, owner: str, week: Week, *, by: str) -> None:
    """These periods and no others; without any the owner has no shifts of his own."""
    tx.run("DELETE FROM shift WHERE owner = :owner", owner=owner)
    rows = [
        {"id": new_id(), "owner": owner, "weekday": day, "begins": begins, "ends": ends}
        for day, spans in week.items()
        for begins, ends in spans
    ]
    tx.insert_many("shift", rows)
    kind, _, object_id = owner.partition(":")
    audit.write(tx, actor=by, action="shift.change", object_type=kind, object_id=object_id, fields=("shifts",))
    tx.hint("routing", owner)


# ---- days off


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day off (YYYY-MM-DD); `works` -- the configuration's day off, on which people work after all."""

    day: str
    name: str
    works: bool


def holidays(tx: Tx) -> list[Holiday]:
    """What the desk has set, in order."""
    rows = tx.all("SELECT day, name, works FROM holiday ORDER BY day LIMIT :most", most=MOST)
    return [Holiday(day=row.day, name=row.name, works=bool(row.works)) for row in rows]


def put_holiday(tx: Tx, found: Holiday, *, by: str) -> None:
    tx.run(
        "INSERT INTO holiday (day, name, works, updated_by, updated_at) VALUES (:day, :name, :works, :by, :now)"
        " ON CONFLICT (day) DO UPDATE SET name = excluded.name, works = excluded.works, updated_by = excluded.updated_by,"
        " updated_at = excluded.updated_at",
        day=found.day,
        name=found.name,
        works=found.works,
        by=by,
        now=tx.now_ms,
    )
    audit.write(tx, actor=by, action="holiday.put", object_type="holiday", object_id=found.day)
    tx.hint("routing", found.day)


def remove_holiday(tx: Tx, day: str, *, by: str) -> bool:
    gone = tx.run("DELETE FROM holiday WHERE day = :day", day=day)
    if gone:
        audit.write(tx, actor=by, action="holiday.remove", object_type="holiday", object_id=day)
        tx.hint("routing", day)
    return bool(gone)


# ---- presence


@dataclass(frozen=True, slots=True)
class Availability:
    away_at: int | None = None
    capacity: int = 0


def availability(tx: Tx) -> dict[str, Availability]:
    """Of those who have said anything of themselves."""
    rows = tx.all("SELECT advisor_id, away_at, capacity FROM availability LIMIT :most", most=MOST)
    return {row.advisor_id: Availability(row.away_at, row.capacity) for row in rows}


def set_away(tx: Tx, advisor_id: str, away: bool, *, by: str) -> None:
    """He gets nothing new while he is away; what he has stays his."""
    tx.run(
        "INSERT INTO availability (advisor_id, away_at, capacity) VALUES (:id, :at, 0)"
        " ON CONFLICT (advisor_id) DO UPDATE SET away_at = excluded.away_at",
        id=advisor_id,
        at=tx.now_ms if away else None,
    )
    _noted(tx, advisor_id, "away" if away else "here", by)


def set_capacity(tx: Tx, advisor_id: str, capacity: int, *, by: str) -> None:
    tx.run(
        "INSERT INTO availability (advisor_id, away_at, capacity) VALUES (:id, NULL, :capacity)"
        " ON CONFLICT (advisor_id) DO UPDATE SET capacity = excluded.capacity",
        id=advisor_id,
        capacity=capacity,
    )
    _noted(tx, advisor_id, "capacity", by)


def _noted(tx: Tx, advisor_id: str, what: str, by: str) -> None:
    audit.write(tx, actor=by, action=f"advisor.{what}", object_type="advisor", object_id=advisor_id)
    tx.hint("presence", advisor_id)
