"""A `channels.house.House` in memory, with a clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from channels.house import ACTIVE, REFRESHING, Credential


class MemoryHouse:
    """`row` -- what is stored; several clients may share one house, as processes share a database."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.row: Credential | None = None
        self.threads: dict[str, Mapping[str, str]] = {}
        self.told: list[str] = []
        self.noted: list[str] = []
        self.names: dict[str, str] = {}
        self.failing = 0  # writes that the database refuses first
        self.killed = False  # the process dies before it can store

    def now_ms(self) -> int:
        return round(self._now() * 1000)

    async def credential(self, first: str) -> Credential:
        await asyncio.sleep(0)
        if self.row is None:
            now = self.now_ms()
            self.row = Credential(
                generation=0, state=ACTIVE, access="", refresh=first, expires_at=0, issued_at=now, changed_at=now
            )
        return self.row

    async def claim(self, seen: Credential, *, stale_ms: int) -> bool:
        row = self.row
        assert row is not None
        taken = row.state == REFRESHING and self.now_ms() - row.changed_at < stale_ms
        if row != seen or taken:
            return False
        self.row = replace(row, state=REFRESHING, changed_at=self.now_ms())
        return True

    async def rotate(self, generation: int, *, access: str, refresh: str, expires_at: int) -> bool:
        while self.failing:
            self.failing -= 1
            await asyncio.sleep(0)
        if self.killed:
            raise asyncio.CancelledError
        row = self.row
        assert row is not None
        if row.generation != generation:
            return False
        now = self.now_ms()
        self.row = Credential(
            generation=generation + 1,
            state=ACTIVE,
            access=access,
            refresh=refresh,
            expires_at=expires_at,
            issued_at=now,
            changed_at=now,
        )
        return True

    async def settle(self, generation: int, state: str, reason: str = "") -> None:
        row = self.row
        assert row is not None
        if row.generation == generation and row.state == REFRESHING:
            self.row = replace(row, state=state, reason=reason, changed_at=self.now_ms())

    async def beside(self, thread: str) -> Mapping[str, str]:
        return self.threads.get(thread, {})

    def link(self, file_id: str, name: str) -> str:
        return f"https://files.example/f/{file_id}/{name}"

    def tell(self, what: str) -> None:
        self.told.append(what)

    def note(self, what: str) -> None:
        self.noted.append(what)

    async def named(self, thread: str, name: str) -> None:
        self.names[thread] = name
