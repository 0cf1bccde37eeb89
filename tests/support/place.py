"""A gateway in the test's own process, beside the stand-in of a platform that it speaks to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from gateway.app import application, compose, start, stop
from gateway.config import load
from gateway.parts import Clock, Parts
from tests.support import tables
from tests.support.calm import calm
from tests.support.waits import rest, until

CONFIG: Final = """
server: {host: 127.0.0.1, port: 0}
conversation: {turn_quiet_ms: 0, turn_max_ms: 0}
limits: {disk_free_mb: 0, disk_free_percent: 0}
business: {name: IBAOHIEM, legal_name: IBAOHIEM, address: Hà Nội, hotline: "1900 6868", dpo_email: d@i.example, agency_code: X1,
  policy_url: "https://i.example/p", product_url: "https://i.example/s", hours: always}
accounts:
  - {channel: webchat, name: site}
"""


@contextlib.asynccontextmanager
async def gateway(
    folder: Path, account: str, secrets: Mapping[str, str], *, clock: Clock | None = None
) -> AsyncIterator[Parts]:
    """It listens on a port that was free, on what lies in `folder`; without an administrator: his hash is dear.
    `account` -- of the platform, as the configuration writes it."""
    (folder / "config.yaml").write_text(f"{CONFIG}  - {account}\n", encoding="utf-8")
    parts = compose(load(folder / "config.yaml", secrets), clock=clock)
    runner = web.AppRunner(application(parts), access_log=None, auto_decompress=False, shutdown_timeout=1)
    try:
        tables.lay(parts.store)
        calm(parts)
        await start(parts)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        parts.config = parts.config.bound(runner.addresses[0][1])
        yield parts
    finally:
        await runner.cleanup()
        await stop(parts)


class Place:
    """What a test asks of it."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.url = parts.config.public_url

    @property
    def awaited(self) -> object:
        """What the platform still has to tell."""
        return None

    async def rows(self, sql: str, **binds: Any) -> list[Any]:
        return list(await self.parts.store.read(lambda tx: tx.all(sql, **binds)))

    async def until(self, sql: str, **binds: Any) -> list[Any]:
        """Until it finds something."""
        found: list[Any] = await until(lambda: self.rows(sql, **binds), sql)
        return found

    async def said(self, thread: str, *columns: str) -> list[tuple[str, ...]]:
        """These columns of what was said to him and by him, notes left out."""
        found = await self.rows(
            f"SELECT {', '.join(f'm.{name}' for name in columns)} FROM message m JOIN contact_point p ON p.id = m.point_id"
            " WHERE p.thread = :thread AND m.direction <> 'internal' ORDER BY m.seq",
            thread=thread,
        )
        return [tuple(row) for row in found]

    async def settled(self) -> None:
        """Nothing is left to think, to send, to hear."""
        await rest(self.parts.store, also=lambda: not self.awaited)
