"""Brings what people set at the desk (teams, days off, rules) to the core, without a restart; and gives work out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from handlers import assigning
from handlers.model import Business
from handlers.routing import NAMES
from storage import routing, shifts, teams
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("routing")
LOOK_S: Final = 2.0
NET_S: Final = 5.0  # another process may have changed the settings
HINT: Final = "routing"


def attach(parts: Parts) -> None:
    """From the start on: the first teams are there, settings are known, work is given out."""
    rereader = _Rereader(parts)
    parts.starters.insert(0, partial(start, parts))
    parts.hub.listen(rereader.heard, (HINT,))
    turn = partial(assigning.turn, engine=parts.engine, needs=assigning.Needs())
    parts.ticks.append(("routing", LOOK_S, partial(parts.store.run, turn)))
    if parts.store.postgres:
        parts.ticks.append(("routing rules", NET_S, partial(read, parts)))


def business(tx: Tx, configured: Business) -> Business:
    """The configuration's with what the desk has set."""
    return replace(
        configured,
        holidays=assigning.days_off(configured.holidays, shifts.holidays(tx)),
        rules=assigning.rules_of(routing.saved(tx), teams.listed(tx)),
    )


async def start(parts: Parts) -> None:
    await parts.store.run(partial(teams.begin, names=NAMES))
    await read(parts)


async def read(parts: Parts) -> None:
    """What is set now counts when this returns."""
    engine, configured = parts.engine, parts.config.business()
    await parts.store.run(lambda tx: engine.adopt(business(tx, configured)))


class _Rereader:
    """Another door of this process has changed something."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, _kind: str, _object_id: str) -> None:
        """A listener of the hub: quick, on the loop."""
        task = asyncio.create_task(self._again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self) -> None:
        try:
            await read(self._parts)
        except StorageUnavailable:
            log.warning("routing.not_read", reason="the database is away: the next change or start reads it")
