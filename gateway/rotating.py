"""`gateway keys rotate`: from the first byte of a new master key to the old one put away, in steps of which each may be the last.

Which step is next is read from what is there: more than one version in use means that a rotation was begun.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from storage import rotation
from storage.db import Store
from storage.masters import Master
from storage.rotation import Mark

TAKEN_UP_S: Final = 60.0
LEFT: Final = "some values could not be sealed anew: their version of the master key is not there"
BESIDE: Final = "a gateway runs beside this command: once it has taken up the new version, in a minute, rotate again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """`version` that seals now, since Unix second `since_s`; `again` -- a rotation that was begun before is finished; `rewrapped` values by table; `left`
    values that other versions still seal; `put_away` -- versions that nothing in the database needs any more; `waits` --
    why none was."""

    version: int
    since_s: float
    again: bool
    rewrapped: Counter[str] = field(default_factory=Counter)
    left: Counter[int] = field(default_factory=Counter)
    put_away: tuple[Master, ...] = ()
    waits: str = ""


async def rotate(store: Store, *, by: str) -> Rotated:
    """The newest version seals everything afterwards. Raises what the store raises; then it is to be called again."""
    masters = store.keys.masters
    masters.look()
    again = len(_in_use(store)) > 1 or bool(await _left(store))
    if not again:
        masters.begin()
    await store.run(partial(rotation.begin, by=by))
    done: Counter[str] = Counter()
    mark = Mark()
    while not mark.done:
        mark, some = await store.run(partial(rotation.rewrap, mark=mark))
        done += some
    left = await _left(store)
    waits = LEFT if left else BESIDE if await _beside(store) else ""
    olds = _in_use(store)[1:]
    return Rotated(
        version=masters.newest.version,
        since_s=masters.newest.since_s,
        again=again,
        rewrapped=done,
        left=left,
        put_away=() if waits else tuple([await _put_away(store, old, by) for old in olds]),
        waits=waits,
    )


def _in_use(store: Store) -> list[Master]:
    return [master for master in store.keys.masters.all() if not master.retired]


async def _left(store: Store) -> Counter[int]:
    """How many values each version but the newest still seals."""
    found: Counter[int] = Counter()
    mark = Mark()
    while not mark.done:
        mark, some = await store.read(partial(rotation.left, mark=mark))
        found += some
    found.pop(store.keys.masters.newest.version, None)
    return found


async def _beside(store: Store) -> bool:
    """On PostgreSQL a gateway may run beside a command; it looks for new versions every few seconds (gateway.api.service)."""
    young = time.time() - store.keys.masters.newest.since_s < TAKEN_UP_S
    return store.visiting and store.postgres and young and await store.read(rotation.runs)


async def _put_away(store: Store, old: Master, by: str) -> Master:
    await store.run(partial(rotation.retire, version=old.version, by=by))
    store.keys.masters.retire(old.version)
    return store.keys.masters.of(old.version)
