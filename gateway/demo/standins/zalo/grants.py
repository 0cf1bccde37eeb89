"""OAuth v4 for one official account: a refresh token is good once, and an access token dies with the next pair."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Mapping

from gateway.demo.standins.clock import Clock

from .records import Json, ZaloError

ACCESS_S = 90_000
REFRESH_S = 90 * 86_400
CODE_S = 600


class Grants:
    """Who may call. `access_s` -- life of an access token."""

    def __init__(self, clock: Clock, *, app_id: str, app_secret: str, access_s: int = ACCESS_S) -> None:
        self._clock = clock
        self._app_id, self._secret = app_id, app_secret
        self.access_s = access_s
        self.active = True  # the app may use the account
        self._count = itertools.count(1)
        self._access: dict[str, float] = {}  # token -> until
        self._refresh: dict[str, float] = {}
        self._used: set[str] = set()
        self._codes: dict[str, tuple[str, float]] = {}  # code -> challenge, until
        self.reused: list[str] = []  # refresh tokens that were used twice
        self.given = 0  # pairs for a refresh token

    def first(self) -> str:
        """A refresh token as the console gives it."""
        return str(self._pair()["refresh_token"])

    def consent(self, challenge: str) -> str:
        """An administrator agreed: the code that his browser brings back."""
        code = f"code-{next(self._count)}"
        self._codes[code] = (challenge, self._clock.now() + CODE_S)
        self.active = True
        return code

    def revoke(self) -> None:
        """Every token dies."""
        self._access.clear()
        self._refresh.clear()
        self.active = False

    def kill_access(self) -> None:
        """The access tokens alone, as they do at times."""
        self._access.clear()

    def check(self, token: str) -> None:
        """Raises ZaloError."""
        until = self._access.get(token)
        if until is None:
            raise ZaloError(-216, "Access token is invalid")
        if until <= self._clock.now():
            raise ZaloError(-220, "Access token has expired")

    def exchange(self, form: Mapping[str, str], secret: str) -> Json:
        """A pair, or what says why not. HTTP 200 either way."""
        if secret != self._secret or form.get("app_id") != self._app_id:
            return _no(-14001, "Invalid app", "the secret key is wrong")
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        if form.get("grant_type") == "authorization_code":
            return self._consented(form.get("code", ""), form.get("code_verifier", ""))
        return _no(-14000, "Invalid grant", "grant_type")

    def _refreshed(self, token: str) -> Json:
        if token in self._used:
            self.reused.append(token)
            return _no(-14014, "Invalid refresh token", "it was used")
        if self._refresh.get(token, 0) <= self._clock.now() or not self.active:
            return _no(-14014, "Invalid refresh token", "unknown or expired")
        self._used.add(token)
        self.given += 1
        del self._refresh[token]
        return self._pair()

    def _consented(self, code: str, verifier: str) -> Json:
        challenge, until = self._codes.pop(code, ("", 0.0))
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if until <= self._clock.now() or challenge != made:
            return _no(-14003, "Invalid code verifier", "the code is not good")
        return self._pair()

    def _pair(self) -> Json:
        """The pair before it is dead, whole."""
        now, number = self._clock.now(), next(self._count)
        access, refresh = f"access-{number}-{'a' * 24}", f"refresh-{number}-{'r' * 24}"
        self._access = {access: now + self.access_s}
        self._refresh = {refresh: now + REFRESH_S}
        return {"access_token": access, "refresh_token": refresh, "expires_in": str(self.access_s)}


def _no(code: int, name: str, reason: str) -> Json:
    return {"error": code, "error_name": name, "error_reason": reason, "ref_doc": "", "error_description": name}
