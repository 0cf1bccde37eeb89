"""Times as the tables hold them: integer milliseconds UTC, the same on both databases (docs/adr/0006).

SQLite gives naive datetimes back whatever the column says, PostgreSQL aware ones; integers are alike on both, half
the size, and need no driver conversion on the hot paths. Python code holds aware UTC datetimes only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator


@overload
def ms(moment: datetime) -> int: ...
@overload
def ms(moment: None) -> None: ...
def ms(moment: datetime | None) -> int | None:
    """Milliseconds since 1970 of an aware datetime; a naive one is refused."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("naive datetime: times are aware UTC")
    return round(moment.timestamp() * 1000)


@overload
def at(stamp: int) -> datetime: ...
@overload
def at(stamp: None) -> None: ...
def at(stamp: int | None) -> datetime | None:
    """The aware UTC datetime of milliseconds since 1970."""
    if stamp is None:
        return None
    seconds, millis = divmod(int(stamp), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=millis * 1000)


@overload
def rfc3339(stamp: int) -> str: ...
@overload
def rfc3339(stamp: None) -> None: ...
def rfc3339(stamp: int | None) -> str | None:
    """`2026-11-22T05:41:34.123Z`."""
    moment = at(stamp)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class UTCDateTime(TypeDecorator[datetime]):
    """A column of aware UTC datetimes kept as milliseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return at(value)
