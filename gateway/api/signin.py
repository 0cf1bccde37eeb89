"""Signing in at the desk: count the try, then look at the password, at most two at once, the same time for everybody."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.api.errors import ApiError
from storage import advisors, audit, sessions
from storage.passwords import Hasher
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

T = TypeVar("T")
AT_ONCE: Final = 2  # 64 MiB each
QUEUE: Final = 20
ADDRESSES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`token` -- for the cookie, seen here only."""

    token: str
    advisor_id: str
    name: str
    role: str


class SignIn:
    """One a process. `hash` and `verify` are also what the users' routes need."""

    def __init__(self, parts: Parts, hasher: Hasher | None = None) -> None:
        self._parts = parts
        self._hasher = hasher or Hasher(parts.store.keys)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon")
        self._waiting = 0
        self._addresses: OrderedDict[str, tuple[int, float]] = OrderedDict()  # failures, not before

    async def hash(self, password: str) -> str:
        return await self._work(lambda: self._hasher.hash(password))

    async def verify(self, stored: str, password: str) -> bool:
        return await self._work(lambda: self._hasher.verify(stored, password))

    async def sign_in(self, email: str, password: str, *, address: str = "", agent: str = "") -> SignedIn:
        """A new session. Raises ApiError: unauthorized (never says why), too_many, busy, unavailable.
        `address` -- of the peer, behind trusted proxies; `agent` -- its User-Agent."""
        self._knock(address)
        attempt = await self._parts.store.run(lambda tx: advisors.attempt(tx, email))
        if attempt is not None and attempt.wait_ms:
            raise ApiError("too_many", "too many tries: wait a little", retry_s=attempt.wait_ms / 1000)
        right = await self.verify(attempt.password_hash if attempt else "", password[:1024])
        if attempt is None or not right or attempt.disabled or attempt.locked:
            self._failed(address)
            if attempt is not None:
                failed = attempt.id
                await self._parts.store.run(
                    lambda tx: audit.write(
                        tx, actor=failed, action="sign_in", object_type="advisor", object_id=failed, result="refused"
                    )
                )
            raise ApiError("unauthorized", "e-mail address or password is wrong")
        token = sessions.new_token()
        stale = self._hasher.stale(attempt.password_hash)
        rehashed = await self.hash(password[:1024]) if stale else ""
        person_id = attempt.id

        def begin(tx: Tx) -> advisors.Person | None:
            advisors.succeeded(tx, person_id, rehashed=rehashed)
            sessions.begin(tx, token, person_id, agent=agent)
            audit.write(tx, actor=person_id, action="sign_in", object_type="advisor", object_id=person_id)
            return advisors.find(tx, person_id)

        person = await self._parts.store.run(begin)
        assert person is not None
        self._addresses.pop(address, None)
        return SignedIn(token=token, advisor_id=person.id, name=person.name, role=person.role)

    async def sign_out(self, token: str) -> None:
        """The session ends; the caller forgets its cookie."""
        key = sessions.digest(token)
        found = await self._parts.store.read(lambda tx: sessions.find(tx, key))

        def end(tx: Tx) -> None:
            if sessions.end(tx, key) and found is not None:
                audit.write(
                    tx, actor=found.advisor_id, action="sign_out", object_type="advisor", object_id=found.advisor_id
                )
                tx.hint("advisor", found.advisor_id)

        await self._parts.store.run(end)

    async def warm(self) -> None:
        await self._work(self._hasher.warm)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work(self, work: Callable[[], T]) -> T:
        if self._waiting >= QUEUE:
            raise ApiError("busy", "too many people sign in at once", retry_s=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    # ---- delays by address: memory of this process; those by account are in the table

    def _knock(self, address: str) -> None:
        failures, until = self._addresses.get(address, (0, 0.0))
        wait = until - time.monotonic()
        if failures and wait > 0:
            raise ApiError("too_many", "too many tries: wait a little", retry_s=wait)

    def _failed(self, address: str) -> None:
        failures = self._addresses.pop(address, (0, 0.0))[0] + 1
        over = failures - 4 * advisors.FREE_FAILURES  # an office shares an address
        delay = min(advisors.LONGEST_DELAY_MS / 1000, 2.0 ** min(over, 20)) if over > 0 else 0.0
        self._addresses[address] = (failures, time.monotonic() + delay)
        if len(self._addresses) > ADDRESSES:
            self._addresses.popitem(last=False)
