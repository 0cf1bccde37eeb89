"""Carrying erasures out: storage.erasure_steps', and what is not in the database: files, the list beside the keys, pages
and bytes that nobody refers to any more.

The list (`erased.jsonl` in the folder of the keys, ids only) is written before the first row goes. Every start looks whether
somebody on it is back, as after a restore, and erases him again before anybody is served.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from gateway import anew
from gateway.filestore import FileStore
from storage import erasure, erasure_steps, holds
from storage.db import Store
from storage.erasure import Job, Scope
from storage.tx import Tx

log = structlog.get_logger("erasing")
LIST: Final = "erased.jsonl"
PIECE: Final = 1 << 20
EVERY_S: Final = 10.0
ROUNDS: Final = 3  # through all tables, when something came in between
ANEW_MS: Final = 86_400_000  # so long it waits for others that look at the past


class Erasing:
    """`folder` -- of the keys."""

    def __init__(self, store: Store, files: FileStore, folder: Path) -> None:
        self._store = store
        self._files = files
        self._list = folder / LIST

    async def begin(self) -> None:
        """At a start: who is back is cut off again; the rest of it is `run`'s."""
        await self._store.run(partial(erasure.again, listed=self.listed()))
        for job in await self._store.read(erasure.running):
            while job.step in ("look", "cut"):
                job = await self._step(job)  # noqa: PLW2901 -- the same one, further on

    async def run(self) -> None:
        """What is to be done now: erasures, and the end of what was held."""
        waits = False
        for job in await self._store.read(erasure.running):
            if not (waits and job.step == "vacuum"):  # for the same that the one before waits for
                done = await self.carry_out(job.id)
                waits = done is not None and done.state == "running"
        for row in await self._store.read(holds.over):
            if row.file_id:
                await self._files.drop(row.file_id)
            await self._store.run(partial(holds.destroy, held_id=row.id))

    async def carry_out(self, job_id: str) -> Job | None:
        """To its end, or until it must wait for somebody who looks at the past (gateway.anew); the job as it is then. Whoever
        calls it again goes on where it stopped."""
        job = await self._store.read(lambda tx: erasure.find(tx, job_id))
        while job is not None and job.state == "running":
            before, job = job, await self._step(job)
            if before.step == job.step == "vacuum":
                break
        return job

    async def _step(self, job: Job) -> Job:
        if job.step == "cut":
            await asyncio.to_thread(self._note, job)
        elif job.step == "file":
            await self._drop_files(job)
        if job.step == "vacuum":
            await self._write_anew(job)
        elif job.step == "proof":
            await self._prove(job)
        else:
            if job.step == "idempotency":
                await self._forget_answers(job.scope)
            elif job.step == "inbox_event":
                async for some in self._events(job.scope):
                    await self._store.run(partial(erasure_steps.blank, scope=some))
            await self._store.run(lambda tx: erasure_steps.step(tx, job.id))
        if job.step == "key":
            for contact_id in job.scope.contacts:
                self._store.keys.forget(contact_id)
        found = await self._store.read(lambda tx: erasure.find(tx, job.id))
        assert found is not None, "a job's row is never deleted"
        return found

    # ---- what is looked for window by window: by readers, so that nobody waits for it

    async def _events(self, scope: Scope) -> AsyncIterator[Scope]:
        async for found in events(self._store, scope):
            for first in range(0, len(found), erasure_steps.BITE):
                yield Scope(events=found[first : first + erasure_steps.BITE])

    async def _forget_answers(self, scope: Scope) -> None:
        after: erasure_steps.Answer | None = ("", "")
        while after is not None:
            his, after = await self._store.read(partial(erasure_steps.answers, scope=scope, after=after))
            if his:
                await self._store.run(partial(erasure_steps.forget_answers, places=his))

    async def _residue(self, scope: Scope) -> dict[str, int]:
        """Rows that the map would still find, by table: none, or the work begins again."""
        found = await counts(self._store, scope)
        async for some in self._events(scope):
            found["inbox_event"] = found.get("inbox_event", 0) + len(some.events)
        return found

    # ---- the list

    def _note(self, job: Job) -> None:
        if set(job.scope.contacts) <= set(self.listed()):
            return
        line = json.dumps({"at": round(time.time()), "contacts": sorted(job.scope.contacts)}) + "\n"
        handle = os.open(self._list, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def listed(self) -> list[str]:
        """Everybody on it. A last line that a crash cut off is nobody's: its job had not begun."""
        found: dict[str, None] = {}
        if self._list.exists():
            for line in self._list.read_text(encoding="utf-8").splitlines():
                try:
                    found.update(dict.fromkeys(json.loads(line)["contacts"]))
                except (ValueError, KeyError, TypeError):
                    continue
        return list(found)

    # ---- files

    async def _drop_files(self, job: Job) -> None:
        def his(tx: Tx) -> list[str]:
            scope = erasure.scope_of(tx, job.scope.contacts, job.scope)
            return sorted(set(scope.files) - holds.file_ids(tx, job.scope.contacts))

        for file_id in await self._store.read(his):
            await self._files.drop(file_id)

    # ---- what nobody refers to any more

    async def _write_anew(self, job: Job) -> None:
        now_ms = await self._store.read(lambda tx: tx.now_ms)
        done = await anew.write(self._store, whatever=now_ms - job.decided_at > ANEW_MS)
        if done is not None:
            proof = json.dumps({**job.proof, "vacuum": done})
            await self._store.run(lambda tx: erasure_steps.go_on(tx, job, proof=proof))

    async def _prove(self, job: Job) -> None:
        left = await self._residue(job.scope)
        rounds = int(job.proof.get("rounds", 0)) + 1
        if left and rounds <= ROUNDS:
            log.warning("erasure.once_more", count=sum(left.values()))
            await self._store.run(lambda tx: erasure_steps.once_more(tx, job, rounds=rounds))
            return
        if left:
            log.error("erasure.left", count=sum(left.values()))
        needles = await self._store.read(lambda tx: erasure_steps.needles(tx, job.id))
        proof: dict[str, Any] = {**job.proof, "rows": sum(left.values())}
        path = self._store.path
        if path is not None:
            looked = await asyncio.to_thread(search, [path, path.with_name(path.name + "-wal")], needles)
            proof |= {"bytes": looked.pop("bytes"), "found": dict(looked)}
            if looked:
                log.error("erasure.found", count=sum(looked.values()))
        await self._store.run(lambda tx: erasure_steps.finish(tx, job, proof))


async def counts(store: Store, scope: Scope) -> dict[str, int]:
    """Rows by table, of those that ids lead to; a read each."""
    found = {table: await store.read(partial(erasure.count, table=table, scope=scope)) for table in erasure.COUNTED}
    return {table: count for table, count in found.items() if count}


async def events(store: Store, scope: Scope) -> AsyncIterator[tuple[str, ...]]:
    """Ids of his events, as many at once as a window of the table has; a read each."""
    more, after = True, ""
    while more:
        found, after = await store.read(partial(erasure.events, scope=scope, after=after))
        more = bool(after)
        if found:
            yield tuple(found)


def search(paths: Sequence[Path], needles: Mapping[str, Sequence[str]]) -> Counter[str]:
    """How often each kind of needle stands in these files, and `bytes` looked through."""
    wanted = [(kind, value.encode()) for kind, values in needles.items() for value in values]
    overlap = max((len(value) for _, value in wanted), default=1) - 1
    found: Counter[str] = Counter()
    for path in paths:
        for piece, begins in _pieces(path, overlap):
            found["bytes"] += len(piece) - begins
            for kind, value in wanted:
                if value in piece:
                    found[kind] += 1
    return found


def _pieces(path: Path, overlap: int) -> Iterator[tuple[bytes, int]]:
    """(piece with the end of the one before, how long that end is)."""
    if not path.exists():
        return
    with path.open("rb") as file:
        tail = b""
        while data := file.read(PIECE):
            yield tail + data, len(tail)
            tail = (tail + data)[-overlap:] if overlap else b""
