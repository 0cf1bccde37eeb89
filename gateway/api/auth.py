"""Who is calling: a bearer token, the desk's session cookie, or the admin socket. Revocation acts at once here and, as
a hint, in other processes; within CACHE_S where that is lost."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.api import cookie
from gateway.api.allow import ACTS_FOR, Actor
from gateway.api.errors import ApiError
from gateway.web.security import may_act
from storage import advisors, sessions, tokens
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

TRUSTED: Final = web.AppKey("trusted", bool)  # an application that only the admin socket serves
CACHE_S: Final = 5.0
CACHED: Final = 2000
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
SYSTEM: Final = Actor(id="system", name="system", role="admin", door="socket", credential="socket", own_role="admin")
_ID: Final = re.compile(r"[0-9a-v]{26}")
_SECRET: Final = re.compile(r"[!-~]{16,200}")


class Doors:
    """Resolves credentials, with a small memory."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[bytes, tuple[float, Actor]] = {}
        self._people: dict[str, tuple[float, advisors.Person]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def actor(self, request: web.Request) -> Actor:
        """Raises ApiError unauthorized, cross_origin or forbidden."""
        if request.config_dict.get(TRUSTED, False):
            return await self._acting_for(request, SYSTEM)
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            found = await self._bearer(secret.strip()) if scheme.lower() == "bearer" else None
            if found is None:
                raise ApiError("unauthorized", "this token is not valid")
            return await self._acting_for(request, found)
        token = self.cookie(request)
        found = await self.session(token) if token else None
        if found is None:
            raise ApiError("unauthorized", "send Authorization: Bearer TOKEN, or sign in at the desk")
        self._same_origin(request, token)
        return found

    @staticmethod
    def cookie(request: web.Request) -> str:
        """The desk's session token, '' without one."""
        return cookie.given(request)

    async def session(self, token: str) -> Actor | None:
        """Whose session this is; None when it is not alive. The desk's pages and streams ask this too."""
        if not _SECRET.fullmatch(token):
            return None
        key = sessions.digest(token)
        known = self._remembered(key)
        if known is not None:
            return known
        found = await self._parts.store.read(lambda tx: sessions.find(tx, key))
        if found is None:
            return None
        actor = Actor(
            id=found.advisor_id,
            name=found.name,
            role=found.role,
            code=found.agent_code,
            door="session",
            credential=f"session:{key.hex()[:32]}",
            own_role=found.role,
            session=key,
            second_factor=found.second_factor,
            proved_at=found.proved_at,
            enrolling=self._enrolling(found),
        )
        self._remember(key, actor)
        if self._parts.store.now_ms() - found.seen_at > sessions.TOUCH_MS:
            self._later(actor.id, lambda tx: sessions.touch(tx, [key]))
        return actor

    def _enrolling(self, found: sessions.Session) -> bool:
        """Must he set up a second factor before anything else? Not where the provider that vouches has seen to that."""
        config = self._parts.config
        vouched = found.passwordless and config.oidc.second_factor == "provider"
        return config.desk.second_factor == "required" and not found.second_factor and not vouched

    async def _bearer(self, secret: str) -> Actor | None:
        if not _SECRET.fullmatch(secret):
            return None
        key = tokens.digest(secret)
        known = self._remembered(key)
        if known is not None:
            return known
        found = await self._parts.store.read(lambda tx: tokens.find(tx, key))
        if found is None or not hmac.compare_digest(found.token_hash, key):
            return None
        actor = Actor(
            id=found.advisor_id,
            name=found.name,
            role=found.role,
            code=found.agent_code,
            door="token",
            credential=f"token:{found.token_id}",
            own_role=found.role,
        )
        self._remember(key, actor)
        if self._parts.store.now_ms() - (found.used_at or 0) > sessions.TOUCH_MS:
            token_id = found.token_id
            self._later(actor.id, lambda tx: tokens.used(tx, [token_id]))
        return actor

    async def _acting_for(self, request: web.Request, actor: Actor) -> Actor:
        """`X-Act-As: ADVISOR_ID`: the act is that person's, with that person's role."""
        wanted = request.headers.get("X-Act-As", "")
        if not wanted or wanted == actor.id:
            return actor
        lawful = ACTS_FOR.get(actor.role)
        if lawful is None:
            raise ApiError("forbidden", "this token acts for itself only")
        person = await self._person(wanted) if _ID.fullmatch(wanted) else None
        if person is None or person.disabled_at is not None:
            raise ApiError("invalid", "there is no such advisor", fields={"X-Act-As": "no advisor has this id"})
        if person.role not in lawful:
            raise ApiError("forbidden", f"this token may not act for the role {person.role}")
        return Actor(
            id=person.id,
            name=person.name,
            role=person.role,
            code=person.agent_code,
            door=actor.door,
            credential=actor.credential,
            own_role=actor.own_role,
            through=actor.credential,
        )

    async def _person(self, advisor_id: str) -> advisors.Person | None:
        known = self._people.get(advisor_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self._parts.store.read(lambda tx: advisors.find(tx, advisor_id))
        if found is not None:
            if len(self._people) >= CACHED:
                self._people.clear()
            self._people[advisor_id] = (time.monotonic() + CACHE_S, found)
        return found

    def _same_origin(self, request: web.Request, token: str) -> None:
        """A browser's unsafe request comes from our own page, as JSON or with the session's token header."""
        if request.method in SAFE:
            if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
                raise ApiError("cross_origin", "this is for our own pages")
            return
        if not may_act(request, self._parts.config):
            raise ApiError("cross_origin", "this is for our own pages")
        kind = request.content_type
        if kind == "application/json" or (request.method == "DELETE" and not request.can_read_body):
            return
        given = request.headers.get("X-CSRF", "").encode("utf-8", "replace")
        if kind != "multipart/form-data" or not hmac.compare_digest(given, sessions.csrf(token).encode()):
            raise ApiError("cross_origin", "send JSON, or a multipart form with the X-CSRF header")

    # ---- memory

    def forget(self, advisor_id: str = "") -> None:
        """Somebody's credentials changed: nothing that we remember of him counts any more ('' = of anybody)."""
        self._people.pop(advisor_id, None)
        for key in [key for key, (_, actor) in self._known.items() if not advisor_id or actor.id == advisor_id]:
            del self._known[key]

    def _remembered(self, key: bytes) -> Actor | None:
        known = self._known.get(key)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def _remember(self, key: bytes, actor: Actor) -> None:
        if len(self._known) >= CACHED:
            self._known.clear()
        self._known[key] = (time.monotonic() + CACHE_S, actor)

    def _later(self, advisor_id: str, unit: Callable[[Tx], None]) -> None:
        """Write when it suits that he is at work; nobody waits for it."""

        def noted(tx: Tx) -> None:
            unit(tx)
            advisors.seen(tx, [advisor_id])

        async def write() -> None:
            try:
                await self._parts.store.run(noted)
            except StorageUnavailable:
                return

        task = asyncio.create_task(write())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
