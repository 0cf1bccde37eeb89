"""What the gateway lends to a channel's client (`channels.house.House`): stored credentials, and a voice at the desk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import structlog

from channels.contract import Retryable
from channels.house import Credential, Letterhead
from gateway import doclinks, letters, links
from storage import contacts_write, credentials, visits
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("house")
WRITE_S: Final = 600.0  # how long a new pair is held in memory while the database cannot take it
AGAIN_S: Final = 0.5
NAME_TRIES: Final = 5
NAME_AGAIN_S = 2.0


class OurHouse:
    """Of one account."""

    def __init__(self, parts: Parts, account_id: str) -> None:
        self._parts = parts
        self._account_id = account_id
        self._noted = ""

    def now_ms(self) -> int:
        return self._parts.clock.ms()

    async def credential(self, first: str) -> Credential:
        try:
            pair = await self._parts.store.run(lambda tx: credentials.load(tx, self._account_id, first=first))
        except StorageUnavailable as err:
            raise Retryable(f"the tokens cannot be read now: {err.reason}", answered=None) from err
        return Credential(
            generation=pair.generation,
            state=pair.state,
            access=pair.access,
            refresh=pair.refresh,
            expires_at=pair.expires_at,
            issued_at=pair.issued_at,
            changed_at=pair.changed_at,
            reason=pair.reason,
        )

    async def claim(self, seen: Credential, *, stale_ms: int) -> bool:
        try:
            return await self._parts.store.run(
                lambda tx: credentials.claim(
                    tx,
                    self._account_id,
                    seen.generation,
                    state=seen.state,
                    changed_at=seen.changed_at,
                    stale_ms=stale_ms,
                )
            )
        except StorageUnavailable as err:
            raise Retryable(f"the tokens cannot be claimed now: {err.reason}", answered=None) from err

    async def rotate(self, generation: int, *, access: str, refresh: str, expires_at: int) -> bool:
        """Tried again for minutes: the pair is nowhere else, and the one before it is used up."""
        waited = 0.0
        while True:
            try:
                return await self._parts.store.run(
                    lambda tx: credentials.rotate(
                        tx, self._account_id, generation, access=access, refresh=refresh, expires_at=expires_at
                    )
                )
            except StorageUnavailable as err:
                log.critical("house.token_not_stored", account=self._account_id, reason=err.reason)
                if waited >= WRITE_S or err.reason == "stopped":
                    raise Retryable("the new tokens could not be stored", answered=None) from err
            await asyncio.sleep(AGAIN_S)
            waited += AGAIN_S

    async def settle(self, generation: int, state: str, reason: str = "") -> None:
        try:
            await self._parts.store.run(lambda tx: credentials.settle(tx, self._account_id, generation, state, reason))
        except StorageUnavailable as err:  # it stays `refreshing`: the next attempt comes to the same
            log.warning("house.not_settled", account=self._account_id, reason=err.reason)

    async def beside(self, thread: str) -> Mapping[str, str]:
        try:
            return await self._parts.store.read(lambda tx: visits.beside(tx, self._account_id, thread))
        except StorageUnavailable as err:
            raise Retryable(f"the thread cannot be looked up now: {err.reason}", answered=None) from err

    async def letter(self, row_id: str) -> Letterhead:
        return await letters.head(self._parts, self._account_id, row_id)

    async def protected(self, file_id: str, row_id: str) -> str:
        try:
            return await doclinks.address(self._parts, account_id=self._account_id, file_id=file_id, link_id=row_id)
        except StorageUnavailable as err:
            raise Retryable("no address for the file can be noted now", answered=None) from err

    def link(self, file_id: str, name: str) -> str:
        parts = self._parts
        until = parts.clock.ms() // 1000 + links.GOOD_S
        return parts.config.files_url + links.path(parts.engine.keys.secret(links.PURPOSE), file_id, name, until)

    def tell(self, what: str) -> None:
        gate = self._parts.store.gates.of(self._account_id)
        if gate is not None:
            gate.lapsed = what
        if what:
            log.error("account.alarm", account=self._account_id, reason=what)
        else:
            log.info("account.mended", account=self._account_id)

    async def named(self, thread: str, name: str) -> None:
        for _ in range(NAME_TRIES):
            with contextlib.suppress(StorageUnavailable):
                if await self._parts.store.run(
                    lambda tx: contacts_write.name_point(tx, self._account_id, thread, name)
                ):
                    return
            await asyncio.sleep(NAME_AGAIN_S)  # his first message is not thought about yet: nobody is there

    def note(self, what: str) -> None:
        gate = self._parts.store.gates.of(self._account_id)
        if gate is not None and (what or gate.note == self._noted):  # another's warning is not over
            self._parts.store.gates.notice(self._account_id, what)
        self._noted = what
        if what:
            log.error("account.alarm", account=self._account_id, reason=what)
