"""What a read asks of its database, apart from the machine's mood: statements, rows handed to Python, and what the database did
for them: SQLite's steps of its own machine, PostgreSQL's pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from storage.tx import Tx, _pyformat

T = TypeVar("T")
STEPS: Final = 10  # of SQLite's machine between two looks


@dataclass(slots=True)
class Work:
    """`effort` -- SQLite: steps of its machine; PostgreSQL: pages looked at."""

    statements: int = 0
    rows: int = 0
    effort: int = 0

    def of(self, read: Callable[[Tx], T]) -> Callable[[Tx], T]:
        """The same read, counted."""

        def counted(tx: Tx) -> T:
            if not tx.postgres:
                tx.raw.set_progress_handler(self._tick, STEPS)
            try:
                return read(_Counted(tx, self))
            finally:
                if not tx.postgres:
                    tx.raw.set_progress_handler(None, STEPS)

        return counted

    def _tick(self) -> int:
        self.effort += STEPS
        return 0


class _Cursor:
    def __init__(self, cursor: Any, work: Work) -> None:
        self._cursor, self._work = cursor, work
        self.description = cursor.description

    def fetchall(self) -> list[Any]:
        found: list[Any] = self._cursor.fetchall()
        self._work.rows += len(found)
        return found

    def fetchone(self) -> Any:
        self._work.rows += 1
        return self._cursor.fetchone()


class _Counted(Tx):
    """A transaction that counts what is read through it."""

    __slots__ = ("_work",)

    def __init__(self, tx: Tx, work: Work) -> None:
        super().__init__(
            tx.raw,
            tx.keys,
            now_ms=tx.now_ms,
            boot=tx.boot,
            postgres=tx.postgres,
            gates=tx.gates,
            listening=tx.listening,
        )
        self._work = work

    def _execute(self, sql: str, binds: Mapping[str, Any]) -> Any:
        self._work.statements += 1
        if self.postgres:
            explained = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {_pyformat(sql)}"
            plan = self.raw.execute(explained, binds).fetchone()[0]
            top = (orjson.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            self._work.effort += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        return _Cursor(super()._execute(sql, binds), self._work)
