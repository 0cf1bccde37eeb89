"""The days in which a customer may go back on a contract of more than a year (Law 08/2022, article 35).

They count from the day on which he has it, and so does what he is told: at once, and again on day 14.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from storage import care
from storage.times import at
from storage.tx import Tx

NOTICE: Final = "cooling_off"
REMINDER: Final = "cooling_off_14"
KINDS: Final = frozenset({NOTICE, REMINDER})
DAYS: Final = 21  # the day of receipt is day 0
AGAIN: Final = 14


def applies(starts_on: str, ends_on: str) -> bool:
    """A term of more than a year. One from a day to the same day of the next year is a year, from noon to noon."""
    first, last = date.fromisoformat(starts_on), date.fromisoformat(ends_on)
    leap = (first.month, first.day) == (2, 29)
    return last > (date(first.year + 1, 3, 1) if leap else first.replace(year=first.year + 1))


def received_on(delivered_at: int) -> date:
    """The day in Viet Nam."""
    return at(delivered_at + care.ZONE_MS).date()


def last_day(delivered_at: int) -> date:
    """On which he may still say so."""
    return received_on(delivered_at) + timedelta(days=DAYS)


def over(row: Any, now: int) -> bool:
    """Of a due task: nothing can be said of a right that has ended."""
    return row.delivered_at is None or at(now + care.ZONE_MS).date() > last_day(row.delivered_at)


def plan(tx: Tx, policy_id: str) -> None:
    """Receipt is proven just now, for the first time."""
    row = tx.one("SELECT contact_id, starts_on, ends_on, state FROM policy WHERE id = :id", id=policy_id)
    if row is None or row.state in ("cancelled", "expired") or not applies(row.starts_on, row.ends_on):
        return
    care.add(tx, policy_id, row.contact_id, NOTICE, care.ISSUE, tx.now_ms)
    care.add(tx, policy_id, row.contact_id, REMINDER, care.ISSUE, tx.now_ms + AGAIN * care.DAY_MS)
