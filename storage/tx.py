"""A transaction as the storage functions see it: SQL in, rows out, hints to publish after the commit.

Statements go to the driver as they are: the toolkit's own execution costs 40 µs a statement, three times the
database's part of it. The toolkit keeps the connection, the tables, their migrations and the dialects.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from storage.times import at

if TYPE_CHECKING:
    from storage.gates import Gates
    from storage.keys import KeyRing
    from storage.listening import Listening

_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
MOST_ROWS: Final = 64  # a statement; times the widest table's columns it stays far below the databases' limits on binds
Row = Any  # a named tuple of the statement's columns; `_mapping` is its dict


@lru_cache(maxsize=2048)
def _pyformat(sql: str) -> str:
    """`:name` binds in psycopg's spelling."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))


@lru_cache(maxsize=256)
def _positional(sql: str) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """`:name` binds as question marks, and what picks their values out of a row: names cost the driver a look-up each,
    at every row."""
    names = _NAMED.findall(sql)
    pick: Any = itemgetter(*names)
    return _NAMED.sub("?", sql), pick if len(names) > 1 else lambda row: (pick(row),)


@lru_cache(maxsize=1024)
def _row_type(names: tuple[str, ...]) -> Any:
    made = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - the columns are the statement's
    made._mapping = property(lambda row: dict(zip(names, row, strict=True)))  # type: ignore[attr-defined]
    return made


def _rows(cursor: Any) -> list[Row]:
    found = cursor.fetchall()
    if not found:
        return []
    make = _row_type(tuple([column[0] for column in cursor.description]))._make
    return [make(row) for row in found]


class Tx:
    """One unit's hold on the database. `raw` -- the driver's connection; `now_ms`, `now` -- the batch's time; `boot` --
    this process; `source` -- of the audit entries that name none, while a unit says so."""

    __slots__ = (
        "after",
        "boot",
        "gates",
        "hints",
        "keys",
        "listening",
        "now_ms",
        "postgres",
        "raw",
        "sends",
        "source",
        "transaction",
    )

    def __init__(
        self,
        raw: Any,
        keys: KeyRing,
        *,
        now_ms: int,
        boot: str,
        postgres: bool,
        gates: Gates,
        listening: Listening,
    ) -> None:
        self.raw = raw
        self.gates = gates
        self.listening = listening
        self.keys = keys
        self.now_ms = now_ms
        self.boot = boot
        self.postgres = postgres
        self.source = ""
        self.transaction = ""  # PostgreSQL's number of it, once noted
        self.hints: list[tuple[str, str]] = []
        self.sends: list[Any] = []  # outbox rows claimed in this transaction, to be called after the commit
        self.after: list[tuple[str, str, int]] = []  # lanes to look at after the commit: (lane id, why, due ms)

    @property
    def now(self) -> datetime:
        return at(self.now_ms)

    def note_transaction(self) -> None:
        """Ask PostgreSQL for the transaction's number, so that a lost answer to its COMMIT can be settled. What has a
        unique key or a version may run twice; a unit may not."""
        if self.postgres:
            self.transaction = str(self.value("SELECT txid_current()"))

    def _execute(self, sql: str, binds: Mapping[str, Any]) -> Any:
        return self.raw.execute(_pyformat(sql) if self.postgres else sql, binds)

    def all(self, sql: str, /, **binds: Any) -> Sequence[Row]:
        """Every row, as named tuples."""
        return _rows(self._execute(sql, binds))

    def one(self, sql: str, /, **binds: Any) -> Row | None:
        """The first row, or None."""
        cursor = self._execute(sql, binds)
        row = cursor.fetchone()
        return None if row is None else _row_type(tuple([column[0] for column in cursor.description]))._make(row)

    def value(self, sql: str, /, **binds: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._execute(sql, binds).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, /, **binds: Any) -> int:
        """Rows changed."""
        count: int = self._execute(sql, binds).rowcount
        return count

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """The statement once a row; rows changed in all."""
        if not rows:
            return 0
        if self.postgres:
            cursor = self.raw.cursor()
            cursor.executemany(_pyformat(sql), rows)
        else:
            statement, values = _positional(sql)
            cursor = self.raw.executemany(statement, map(values, rows))
        count: int = cursor.rowcount
        return count

    def rows(
        self, head: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], tail: str = ""
    ) -> Sequence[Row]:
        """Multi-row statements `head (…), (…) tail` with RETURNING in the tail; what they return."""
        found: list[Row] = []
        for some in _pieces(rows):
            sql = _values(head, tuple(columns), len(some), tail, self.postgres)
            found += _rows(self.raw.execute(sql, [row[column] for row in some for column in columns]))
        return found

    def among(self, sql: str, values: Sequence[Any], /, *, beside: Sequence[Any] = (), **binds: Any) -> Sequence[Row]:
        """Every row of a statement with `IN (:among)`, for any number of values; and `IN (:beside)` for those of another
        column."""
        if not values:
            return ()
        listed, names = _listed(values)
        sql = sql.replace(":among", listed)
        if beside:
            listed, others = _listed(beside, "beside")
            sql, names = sql.replace(":beside", listed), names | others
        return self.all(sql, **binds, **names)

    def run_among(self, sql: str, values: Sequence[Any], /, **binds: Any) -> int:
        """Rows changed by a statement with `IN (:among)`."""
        if not values:
            return 0
        listed, names = _listed(values)
        return self.run(sql.replace(":among", listed), **binds, **names)

    def insert(self, table: str, /, **values: Any) -> None:
        """One row."""
        names = ", ".join(values)
        self.run(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in values)})", **values)  # noqa: S608

    def insert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Many rows of the same columns."""
        for some in _pieces(rows):
            columns = tuple(some[0])
            sql = _values(f"INSERT INTO {table}", columns, len(some), "", self.postgres)
            self.raw.execute(sql, [row[column] for row in some for column in columns])

    def hint(self, kind: str, object_id: str) -> None:
        """Tell live readers, after the commit, that this object changed. A hint is never the truth."""
        self.hints.append((kind, object_id))


def _pieces(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Rows in pieces of 64, 32, 16 … 1: seven statements a table to be prepared and kept, not one for every count."""
    done, size = 0, MOST_ROWS
    while done < len(rows):
        while size > len(rows) - done:
            size >>= 1
        yield rows if size == len(rows) else rows[done : done + size]
        done += size


def _listed(values: Sequence[Any], called: str = "among") -> tuple[str, dict[str, Any]]:
    """Binds of an IN list, the last repeated up to the next power of two: few statements to be prepared and kept."""
    room = 1 << (len(values) - 1).bit_length()
    listed, names = _binds(room, called)
    return listed, dict(zip(names, [*values, *[values[-1]] * (room - len(values))], strict=True))


@lru_cache(maxsize=32)
def _binds(count: int, called: str) -> tuple[str, tuple[str, ...]]:
    names = tuple([f"{called}_{i}" for i in range(count)])
    return ", ".join([f":{name}" for name in names]), names


@lru_cache(maxsize=512)
def _values(head: str, columns: tuple[str, ...], count: int, tail: str, postgres: bool) -> str:
    one = "(" + ", ".join(["%s" if postgres else "?"] * len(columns)) + ")"
    return f"{head} ({', '.join(columns)}) VALUES {', '.join([one] * count)} {tail}"
