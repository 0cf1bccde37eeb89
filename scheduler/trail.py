"""The audit chain is walked whole once a day and its last part at each start, in bites between other people's work."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from storage import audit

if TYPE_CHECKING:
    from storage.db import Store

log = structlog.get_logger("audit")
LAST: Final = 1000  # entries that each start looks at
DAY_MS: Final = 86_400_000


async def verify(store: Store, *, last: int = 0) -> audit.Walk:
    """Walk the chain (`last` entries, 0 = all) and remember what was found: docs/runbook.md tells whom it alarms."""
    walked = await store.read(partial(audit.tail, last=last)) if last else audit.Walk()
    while not walked.done:
        walked = await store.read(partial(audit.walk, so_far=walked))
    await store.run(partial(audit.judge, walked=walked, whole=not last))
    if walked.broken is not None:
        log.critical("audit.broken", count=walked.broken)
    elif not last:
        log.info("audit.held", count=walked.seq)  # where logs are kept elsewhere, a head that no one here can take back
    return walked


async def daily(store: Store) -> None:
    """The whole chain, when a day has gone since it last held."""
    held_at = (await store.read(audit.verdict)).held_at
    if held_at is None or store.now_ms() - held_at >= DAY_MS:
        await verify(store)


async def begin(store: Store) -> None:
    """At a start."""
    await verify(store, last=LAST)
