"""A transaction as the storage functions see it: SQL in, rows out, hints to publish after the commit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row
from sqlalchemy.sql import Executable

from storage.times import at

if TYPE_CHECKING:
    from storage.gates import Gates
    from storage.keys import KeyRing

_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


@lru_cache(maxsize=2048)
def _pyformat(sql: str) -> str:
    """`:name` binds in psycopg's spelling."""
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))


class Tx:
    """One unit's hold on the database. `now_ms`, `now` -- the batch's time; `boot` -- this process."""

    __slots__ = ("after", "boot", "conn", "gates", "hints", "keys", "now_ms", "postgres", "sends")

    def __init__(
        self, conn: Connection, keys: KeyRing, *, now_ms: int, boot: str, postgres: bool, gates: Gates
    ) -> None:
        self.conn = conn
        self.gates = gates
        self.keys = keys
        self.now_ms = now_ms
        self.boot = boot
        self.postgres = postgres
        self.hints: list[tuple[str, str]] = []
        self.sends: list[Any] = []  # outbox rows claimed in this transaction, to be called after the commit
        self.after: list[tuple[str, str, int]] = []  # lanes to look at after the commit: (lane id, why, due ms)

    @property
    def now(self) -> datetime:
        return at(self.now_ms)

    def _execute(self, sql: str | Executable, binds: Mapping[str, Any]) -> Any:
        if isinstance(sql, str):
            return self.conn.exec_driver_sql(_pyformat(sql) if self.postgres else sql, dict(binds))
        return self.conn.execute(sql, dict(binds))

    def all(self, sql: str | Executable, /, **binds: Any) -> Sequence[Row[Any]]:
        """Every row, as named tuples."""
        rows: Sequence[Row[Any]] = self._execute(sql, binds).all()
        return rows

    def one(self, sql: str | Executable, /, **binds: Any) -> Row[Any] | None:
        """The first row, or None."""
        row: Row[Any] | None = self._execute(sql, binds).first()
        return row

    def value(self, sql: str | Executable, /, **binds: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._execute(sql, binds).first()
        return None if row is None else row[0]

    def run(self, sql: str | Executable, /, **binds: Any) -> int:
        """Rows changed."""
        count: int = self._execute(sql, binds).rowcount
        return count

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """The statement once a row; rows changed in all."""
        if not rows:
            return 0
        statement = _pyformat(sql) if self.postgres else sql
        count: int = self.conn.exec_driver_sql(statement, list(rows)).rowcount
        return count

    def rows(
        self, head: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], tail: str = ""
    ) -> Sequence[Row[Any]]:
        """One multi-row statement `head (…), (…) tail` with RETURNING in the tail; what it returns."""
        if not rows:
            return ()
        result = self.conn.exec_driver_sql(
            _values(head, tuple(columns), len(rows), tail, self.postgres),
            tuple(row[column] for row in rows for column in columns),
        )
        found: Sequence[Row[Any]] = result.all()
        return found

    def among(self, sql: str, values: Sequence[Any], /, **binds: Any) -> Sequence[Row[Any]]:
        """Every row of a statement with `IN (:among)`, for any number of values."""
        if not values:
            return ()
        names = {f"among_{i}": value for i, value in enumerate(values)}
        listed = ", ".join(f":{name}" for name in names)
        return self.all(sql.replace(":among", listed), **binds, **names)

    def run_among(self, sql: str, values: Sequence[Any], /, **binds: Any) -> int:
        """Rows changed by a statement with `IN (:among)`."""
        if not values:
            return 0
        names = {f"among_{i}": value for i, value in enumerate(values)}
        listed = ", ".join(f":{name}" for name in names)
        return self.run(sql.replace(":among", listed), **binds, **names)

    def insert(self, table: str, /, **values: Any) -> None:
        """One row."""
        names = ", ".join(values)
        self.run(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in values)})", **values)  # noqa: S608

    def insert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Many rows of the same columns."""
        if rows:
            names = list(rows[0])
            self.many(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})",  # noqa: S608
                rows,
            )

    def hint(self, kind: str, object_id: str) -> None:
        """Tell live readers, after the commit, that this object changed. A hint is never the truth."""
        self.hints.append((kind, object_id))


@lru_cache(maxsize=512)
def _values(head: str, columns: tuple[str, ...], count: int, tail: str, postgres: bool) -> str:
    one = "(" + ", ".join(["%s" if postgres else "?"] * len(columns)) + ")"
    return f"{head} ({', '.join(columns)}) VALUES {', '.join([one] * count)} {tail}"
