"""The pair of tokens: an access token of a day, and a refresh token that is good for one use.

A pair that is fetched and not stored is lost for good, and an administrator must consent again in a browser. So: one
flight at a time in this process and, by the row's generation, in all of them; the row says `refreshing` before the call;
the new pair is committed before anybody uses it; and a flight is never cut short, whoever waited for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from channels.contract import Account, DeliveryUnknown, NeedsReauth, Retryable
from channels.house import ACTIVE, NEEDS_CONSENT, REFRESHING, Credential, House
from channels.http import Http
from channels.zalo.settings import app_id, app_secret, first_refresh_token

PATH: Final = "/v4/oa/access_token"
LEASE_MS: Final = 60_000  # an attempt that is older died: four times what a call may take
EARLY: Final = 0.2  # of its life used: a new one is fetched, so that a day of trouble does no harm
MARGIN_MS: Final = 60_000  # an access token is not used in its last minute
MONTH_MS: Final = 30 * 86_400_000  # the refresh token dies after three
LOOK_S: Final = 0.25
PATIENCE_S: Final = 12.0  # for another process's flight
SHORT_LIFE_S: Final = 3600.0  # assumed when the answer does not say
TRANSIENT: Final = frozenset({-32, -100})
SETTING: Final = frozenset({-14002})  # the app is not active: no token was used up


@dataclass(frozen=True, slots=True)
class Pair:
    """What came back. life_s -- of the access token."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    life_s: float


class Refused(Exception):
    """The token endpoint said no; its text is for people and holds no token. `lost` -- the refresh token with it."""

    def __init__(self, message: str, *, lost: bool) -> None:
        super().__init__(message)
        self.lost = lost


class Tokens:
    """Of one account. `house` is given before the first call."""

    def __init__(
        self, account: Account, http: Http, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._account = account
        self._http = http
        self._pause = pause
        self._held: Credential | None = None
        self._flight: asyncio.Task[Credential] | None = None
        self._since = 0  # a verdict that is older was another start's: what it was about may be mended
        self._dead = ""  # an access token that the platform does not know any more, whatever its row says
        self.house: House | None = None
        self.trouble = ""  # why there is no new pair, for people

    def attach(self, house: House) -> None:
        self.house = house
        self._since = house.now_ms()

    # ---- what the client asks

    async def current(self) -> str:
        """An access token to call with. Raises NeedsReauth, Retryable."""
        held = self._held
        if held is not None and self._usable(held):
            return held.access
        return (await self._get()).access

    async def renew(self, dead: str) -> str:
        """Another one than `dead`, which the platform does not know any more. Raises NeedsReauth, Retryable."""
        self._dead = dead
        for _ in range(2):  # the flight that was under way may have found `dead` still good
            row = await self._get(dead)
            if row.access != dead:
                return row.access
        raise NeedsReauth("zalo: no other access token")

    async def keep(self) -> None:
        """Fetch the next pair in good time. Raises NeedsReauth, Retryable."""
        row = await self._load()
        if self._due(row):
            await self._get(row.access, early=True)
        elif row.state == ACTIVE:
            self._told("")
        elif row.state == NEEDS_CONSENT:
            self._told(row.reason)

    async def exchange(self, code: str, verifier: str) -> None:
        """The pair for a consent's code, stored. Raises Refused, Retryable."""
        form = {"code": code, "app_id": app_id(self._account), "grant_type": "authorization_code"}
        pair = await self._ask(form | {"code_verifier": verifier})
        while not await self._store((await self._load()).generation, pair):
            pass  # somebody else's pair came in between: the newest consent wins

    async def close(self) -> None:
        """A flight under way may bring the only token there is: it is waited for."""
        if self._flight is not None:
            await asyncio.wait([self._flight])

    # ---- one flight at a time

    async def _get(self, dead: str = "", *, early: bool = False) -> Credential:
        """Whoever asks meanwhile waits for the same flight; whoever stops waiting does not stop it."""
        flight = self._flight
        if flight is None or flight.done():
            flight = self._flight = asyncio.create_task(self._fly(dead, early=early))
            flight.add_done_callback(_heard)
        return await asyncio.shield(flight)

    async def _fly(self, dead: str, *, early: bool) -> Credential:
        waited = 0.0
        while True:
            row = await self._load()
            if self._usable(row, dead) and not (early and self._due(row)):
                self._held = row
                return row
            if row.state == NEEDS_CONSENT and row.changed_at > self._since:
                self._told(row.reason)
                raise NeedsReauth(row.reason or "zalo: an administrator must consent again")
            if row.state == REFRESHING and self._now() - row.changed_at < LEASE_MS:
                if early:
                    return row  # whoever is at it will come to an end
                if waited >= PATIENCE_S:
                    raise Retryable("zalo: another process is fetching the token", answered=None)
                waited += LOOK_S
                await self._pause(LOOK_S)
            elif await self._house.claim(row, stale_ms=LEASE_MS):
                return await self._refresh(row)

    async def _refresh(self, row: Credential) -> Credential:
        house = self._house
        form = {"refresh_token": row.refresh, "app_id": app_id(self._account), "grant_type": "refresh_token"}
        try:
            pair = await self._ask(form)
        except Refused as err:
            self._since = 0
            problem = f"zalo: {err}"
            await house.settle(row.generation, NEEDS_CONSENT if err.lost else ACTIVE, problem)
        except DeliveryUnknown as err:
            # The token may be used up. The row stays as it is: after the lease the old one is tried once more, and
            # when that is refused the pair is lost and people are called.
            self._told("zalo: the answer that held a new token may be lost")
            raise Retryable(str(err), code=err.code) from None
        except Retryable:
            await house.settle(row.generation, ACTIVE, row.reason)
            raise
        else:
            await self._store(row.generation, pair)
            self._held = await self._load()
            return self._held
        self._told(problem)
        raise NeedsReauth(problem)

    async def _store(self, generation: int, pair: Pair) -> bool:
        expires_at = self._now() + round(pair.life_s * 1000)
        done = await self._house.rotate(generation, access=pair.access, refresh=pair.refresh, expires_at=expires_at)
        if done:
            self._held = None
            self._told("")
        return done

    # ---- the platform

    async def _ask(self, form: dict[str, str]) -> Pair:
        """Raises Refused, Retryable (certainly not used), DeliveryUnknown (perhaps used)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "secret_key": app_secret(self._account)}
        status, body = await self._http.post(PATH, urlencode(form).encode(), headers)
        return read_pair(status, body, form.get("refresh_token", ""))

    # ---- small things

    @property
    def _house(self) -> House:
        if self.house is None:
            raise NeedsReauth("zalo: the tokens are the running gateway's: it alone may use them")
        return self.house

    def _now(self) -> int:
        return self._house.now_ms()

    async def _load(self) -> Credential:
        return await self._house.credential(first_refresh_token(self._account))

    def _usable(self, row: Credential, dead: str = "") -> bool:
        return bool(row.access) and row.access not in (dead, self._dead) and self._now() < row.expires_at - MARGIN_MS

    def _due(self, row: Credential) -> bool:
        if row.state == NEEDS_CONSENT:
            return row.changed_at <= self._since
        life, age = row.expires_at - row.issued_at, self._now() - row.issued_at
        return row.state == REFRESHING or not row.access or age >= min(life * EARLY, MONTH_MS)

    def _told(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._house.tell(trouble)


def read_pair(status: int, body: bytes, old: str) -> Pair:
    """The pair in an answer. Raises Refused, Retryable, DeliveryUnknown."""
    said = _object(body)
    access, refresh = said.get("access_token"), said.get("refresh_token")
    if isinstance(access, str) and access and 200 <= status < 300:
        return Pair(access, refresh if isinstance(refresh, str) and refresh else old, _life(said.get("expires_in")))
    code = _number(said.get("error"))
    if status in (429, 503) or code in TRANSIENT:
        raise Retryable("zalo: the token endpoint is busy", code=str(code or status))
    if status >= 500 or (not said and status != 404):
        raise DeliveryUnknown(f"zalo: no readable token, HTTP {status}", code=str(status))
    name = re.sub(r"[^A-Za-z0-9 _.-]+", " ", str(said.get("error_name") or said.get("message") or ""))[:80].strip()
    what = f"error {code}" if code is not None else f"HTTP {status}"
    lost = code not in SETTING and status != 404
    cure = "an administrator must consent again" if lost else "see the app's settings"
    raise Refused(f"the token was refused ({what}{', ' + name if name else ''}): {cure}", lost=lost)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(given: Any) -> int | None:
    try:
        return None if isinstance(given, bool) or given is None else int(given)
    except (ValueError, TypeError, OverflowError):
        return None


def _life(given: Any) -> float:
    """Seconds; it comes as a text."""
    try:
        seconds = float(given)
    except (ValueError, TypeError):
        return SHORT_LIFE_S
    return seconds if 60 < seconds < 366 * 86_400 else SHORT_LIFE_S


def _heard(flight: asyncio.Task[Credential]) -> None:
    """Nobody may be waiting any more: its error was told all the same."""
    if not flight.cancelled():
        flight.exception()
