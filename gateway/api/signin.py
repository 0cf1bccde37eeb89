"""Signing in at the desk: count the try, then look at the password, at most two at once, the same time for everybody."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.api import factor
from gateway.api.errors import ApiError
from storage import advisors, audit, factors, sessions
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


class CodeWanted(Exception):
    """The password was right, and a code is asked for. `ticket` -- goes with it."""

    def __init__(self, ticket: str) -> None:
        super().__init__("a code of the telephone is asked for")
        self.ticket = ticket


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
        """A new session. Raises CodeWanted half the way, ApiError: unauthorized (never says why), too_many, busy,
        unavailable. `address` -- of the peer, behind trusted proxies; `agent` -- its User-Agent."""
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
        stored, person_id = attempt.password_hash, attempt.id
        if self._hasher.stale(stored):
            stored = await self.hash(password[:1024])
        rehashed = stored if stored != attempt.password_hash else ""
        token = sessions.new_token()

        def begin(tx: Tx) -> advisors.Person | None:
            advisors.succeeded(tx, person_id, rehashed=rehashed)
            return None if factors.asked(tx, person_id) else _begun(tx, token, person_id, agent, address)

        person = await self._parts.store.run(begin)
        if person is None:
            raise CodeWanted(factor.ticket(self._parts.store.keys, person_id, stored, self._parts.store.now_ms()))
        self._addresses.pop(address, None)
        return SignedIn(token=token, advisor_id=person.id, name=person.name, role=person.role)

    async def vouched(self, person_id: str, *, code: bool, address: str = "", agent: str = "") -> SignedIn:
        """A new session of whom somebody else vouches for. `code` -- where he has a second factor, it is asked for.
        Raises CodeWanted half the way, ApiError unauthorized."""
        store, token = self._parts.store, sessions.new_token()

        def begin(tx: Tx) -> tuple[str | None, advisors.Person | None]:
            stored = advisors.hash_of(tx, person_id)
            half = stored is None or (code and factors.asked(tx, person_id))
            return stored, None if half else _begun(tx, token, person_id, agent, address)

        stored, person = await store.run(begin)
        if stored is None:
            raise ApiError("unauthorized", "he may not sign in")
        if person is None:
            raise CodeWanted(factor.ticket(store.keys, person_id, stored, store.now_ms()))
        return SignedIn(token=token, advisor_id=person.id, name=person.name, role=person.role)

    async def finish(self, ticket: str, code: str, *, address: str = "", agent: str = "") -> SignedIn:
        """The second step: the telephone's code, or one of those for its loss. Raises ApiError: wrong_state (sign
        in anew), unauthorized, too_many."""
        self._knock(address)
        store = self._parts.store
        claimed = factor.shown(ticket, store.now_ms())
        if claimed is None:
            raise ApiError("wrong_state", "this took too long: sign in anew")
        person_id, said, mac = claimed
        stored = await store.read(lambda tx: advisors.hash_of(tx, person_id))
        if stored is None or not factor.genuine(store.keys, said, mac, stored):
            raise ApiError("wrong_state", "this took too long: sign in anew")
        await self.prove(person_id, code, address=address)
        token = sessions.new_token()
        person = await store.run(lambda tx: _begun(tx, token, person_id, agent, address))
        assert person is not None
        self._addresses.pop(address, None)
        return SignedIn(token=token, advisor_id=person.id, name=person.name, role=person.role)

    async def prove(self, advisor_id: str, code: str, *, address: str = "", recovery: bool = True) -> None:
        """A code of his, which is used up by it. Raises ApiError unauthorized, too_many, wrong_state (he has none)."""
        store = self._parts.store
        known = await store.run(lambda tx: factors.knock(tx, advisor_id))
        if known is None:
            raise ApiError("wrong_state", "there is no second factor")
        if known.wait_ms:
            raise ApiError("too_many", "too many codes were tried: wait a little", retry_s=known.wait_ms / 1000)
        step = factor.step_of(known.secret, code, store.now_ms())
        good = False
        if step is not None:
            good = await store.run(lambda tx: factors.accept(tx, advisor_id, step))
        elif recovery and known.confirmed:
            good = await store.run(lambda tx: factors.use_code(tx, advisor_id, code))
        if good:
            return
        self._failed(address)
        await store.run(
            lambda tx: audit.write(
                tx,
                actor=advisor_id,
                action="second_factor",
                object_type="advisor",
                object_id=advisor_id,
                result="refused",
            )
        )
        raise ApiError("unauthorized", "this code is wrong, or was used before")

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


def _begun(tx: Tx, token: str, person_id: str, agent: str, address: str) -> advisors.Person | None:
    sessions.begin(tx, token, person_id, agent=agent, address=address)
    audit.write(tx, actor=person_id, action="sign_in", object_type="advisor", object_id=person_id)
    return advisors.find(tx, person_id)
