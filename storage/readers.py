"""PostgreSQL's readers: queries that write nothing run beside the store's thread, on connections of their own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from storage.engines import connected, make_engine
from storage.errors import StorageUnavailable, classify
from storage.tx import Tx

T = TypeVar("T")
THREADS: Final = 2


class Readers:
    """`begin` -- a Tx on a connection that it is given."""

    def __init__(self, url: str, begin: Callable[[Any], Tx]) -> None:
        self._engine = make_engine(url, read_only=True)
        self._begin = begin
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store-read")
        self._local = threading.local()
        self._open: list[Any] = []  # to be closed with the store

    async def read(self, query: Callable[[Tx], T]) -> T:
        """The query's result. Raises StorageUnavailable, and whatever the query raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    def close(self) -> None:
        """After the last read has ended."""
        self._pool.shutdown(wait=True)
        while self._open:
            with contextlib.suppress(Exception):
                self._open.pop().close()
        self._engine.dispose()

    def _read(self, query: Callable[[Tx], T]) -> T:
        for again in (True, False):
            raw: Any = getattr(self._local, "raw", None)
            try:
                if raw is None:
                    raw = self._local.raw = connected(self._engine)
                    self._open.append(raw)
                try:
                    return query(self._begin(raw))
                finally:
                    raw.rollback()
            except Exception as err:
                unavailable = classify(err)
                if unavailable is None:
                    raise
                self._local.raw = None
                with contextlib.suppress(Exception):
                    if raw is not None:
                        self._open.remove(raw)
                        raw.close()
                if not again:
                    raise unavailable from err
        raise StorageUnavailable("connection")
