"""Rows of the desk's lists, read and masked once for the many pages that ask for the same ones in the same moment.

A moment of the live feed names the same conversations to everybody, and a hundred pages ask for them within a breath. What
was read is let go at the next hint of the conversation, and in any case after a second: changes of another process, of a
name, of the business's hours are hinted to nobody here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage import handoffs, listing
from storage.db import Store
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.api.models_queues import ConversationRow

FRESH_S: Final = 1.0
OF_ONE: Final = frozenset({"conversation", "handoff", "message", "attachment", "looked"})
OF_ALL: Final = frozenset({"contact", "advisor", "erased"})


@dataclass(slots=True)
class Kept:
    """A row with its request for a person; `shown` -- as it is answered, by who may see how much of it."""

    row: listing.Conversation = field(repr=False)
    handoff: handoffs.Handoff | None
    shown: dict[tuple[bool, bool], ConversationRow] = field(default_factory=dict, repr=False)


class Rows:
    """Of this process. `heard` is a listener of the hub, for hints of one and of all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, Kept] = {}
        self._coming: dict[str, asyncio.Task[Mapping[str, Kept]]] = {}

    def heard(self, kind: str, object_id: str) -> None:
        if kind in OF_ONE:
            self._kept.pop(object_id, None)
            self._coming.pop(object_id, None)  # who asked before this gets what stood before it
        else:
            self._kept.clear()
            self._coming.clear()

    async def read(self, wanted: Sequence[str]) -> list[Kept]:
        """In the order asked for, without those that are not there. Raises StorageUnavailable."""
        found = {each: self._kept[each] for each in wanted if each in self._kept}
        new = [each for each in wanted if each not in found and each not in self._coming]
        if new:
            task = asyncio.create_task(self._fetch(new))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._coming.update(dict.fromkeys(new, task))
        for task in {self._coming[each] for each in wanted if each not in found}:
            found.update(await asyncio.shield(task))
        return [found[each] for each in wanted if each in found]

    async def _fetch(self, ids: list[str]) -> Mapping[str, Kept]:
        task = asyncio.current_task()
        try:
            found = await self._store.read(lambda tx: _read(tx, ids))
            fresh = {each: one for each, one in found.items() if self._coming.get(each) is task}
            self._kept.update(fresh)
            asyncio.get_running_loop().call_later(FRESH_S, self._let_go, fresh)
            return found
        finally:
            for each in ids:
                if self._coming.get(each) is task:
                    del self._coming[each]

    def _let_go(self, old: Mapping[str, Kept]) -> None:
        for each, one in old.items():
            if self._kept.get(each) is one:
                del self._kept[each]


def _read(tx: Tx, ids: list[str]) -> Mapping[str, Kept]:
    rows = listing.several(tx, ids)
    waiting = handoffs.of_conversations(tx, [row.id for row in rows.values() if row.status == "waiting"])
    return {each: Kept(row, waiting.get(each)) for each, row in rows.items()}
