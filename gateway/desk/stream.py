"""One open feed of the desk: what its page has yet to be told, as little as possible of it, in Server-Sent Events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

HEARTBEAT_S: Final = 15.0
CATCH_UP: Final = 300  # more than that is not told one by one
Row = tuple[str, int, int]  # id, version, changed_at


@dataclass(frozen=True, slots=True)
class Telling:
    """What happened in one moment: conversations that changed, other things, and up to when (ms)."""

    rows: Sequence[Row]
    kinds: Mapping[str, set[str]]
    others: Iterable[tuple[str, str]]
    cursor: int


class Stream:
    def __init__(self, session: bytes, advisor_id: str) -> None:
        self.session = session
        self.advisor_id = advisor_id
        self.ended = ""
        self._wake = asyncio.Event()
        self._changes: dict[str, tuple[int, int, set[str]]] = {}
        self._others: set[tuple[str, str]] = set()
        self._typing: set[str] = set()
        self._ready: tuple[bytes, Telling] | None = None  # what all are told, when nothing waits here
        self._here: dict[str, bytes] = {}
        self._reset = False
        self._cursor = 0
        self._idle = False  # its task waits: nothing is half written
        self.straight: Callable[[bytes], bool] | None = None  # writes now; False where that must be waited for

    def tell(self, told: Telling, rendered: bytes) -> None:
        """What happened, as it was rendered for everybody: who keeps up is written it here and now. To wake a task for
        it costs ten times the writing."""
        if self._wake.is_set():
            self._fold(told)
            return
        if self._idle and self.straight is not None and self.straight(rendered):
            self._cursor = max(self._cursor, told.cursor)
            return
        self._ready = (rendered, told)
        self._cursor = max(self._cursor, told.cursor)
        self._wake.set()

    def _fold(self, told: Telling) -> None:
        if self._ready is not None:
            (_, before), self._ready = self._ready, None
            self._fold(before)
        if told.rows:
            self.changed(told.rows, told.kinds, told.cursor)
        if told.others:
            self.other(told.others)

    def changed(self, rows: Iterable[Row], kinds: Mapping[str, set[str]], cursor: int) -> None:
        for conversation_id, version, at in rows:
            known = self._changes.get(conversation_id, (0, 0, set()))
            self._changes[conversation_id] = (version, at, known[2] | kinds.get(conversation_id, {"conversation"}))
        if len(self._changes) > CATCH_UP:
            self.reset(cursor)
        self._cursor = max(self._cursor, cursor)
        self._wake.set()

    def other(self, hints: Iterable[tuple[str, str]]) -> None:
        self._others.update(hints)
        self._wake.set()

    def here(self, conversation_id: str, rendered: bytes) -> None:
        """Who else looks at it: the newest word counts."""
        self._here[conversation_id] = rendered
        self._wake.set()

    def typing(self, conversation_id: str) -> None:
        self._typing.add(conversation_id)
        self._wake.set()

    def reset(self, cursor: int) -> None:
        """Too much to name: read everything again."""
        self._changes.clear()
        self._reset = True
        self._cursor = max(self._cursor, cursor)
        self._wake.set()

    def end(self, reason: str) -> None:
        """`signed_out`, `crowded`, `restart`: the page knows what to do."""
        self.ended = self.ended or reason
        self._wake.set()

    async def next(self) -> list[bytes]:
        """The frames that are due; [] when nothing came for a heartbeat."""
        self._idle = True
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._wake.wait()
        except TimeoutError:
            return []
        finally:
            self._idle = False
        self._wake.clear()
        frames = []
        if self._ready is not None:
            frames.append(self._ready[0])
            self._ready = None
        if self._reset:
            self._reset = False
            frames.append(frame("reset", {}, self._cursor))
        if self._changes or self._others:
            changes, self._changes = self._changes, {}
            others, self._others = self._others, set()
            frames.append(change([(each, *what) for each, what in changes.items()], others, self._cursor))
        frames += self._here.values()
        self._here.clear()
        frames.extend(frame("typing", {"id": conversation_id}) for conversation_id in self._typing)
        self._typing.clear()
        return frames


def change(
    items: Iterable[tuple[str, int, int, Iterable[str]]], others: Iterable[tuple[str, str]], cursor: int
) -> bytes:
    """The conversations (id, version, changed_at, kinds of news) and other things of a moment as one event."""
    named = [{"id": each, "version": version, "at": at, "kinds": sorted(kinds)} for each, version, at, kinds in items]
    return frame("change", {"items": named, "others": sorted(others)}, cursor)


def frame(event: str, data: dict[str, Any], cursor: int = 0) -> bytes:
    """One event. `cursor` -- where a stream that comes back goes on; 0 = says nothing about that."""
    head = f"id: {cursor}\n" if cursor else ""
    return f"{head}event: {event}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
