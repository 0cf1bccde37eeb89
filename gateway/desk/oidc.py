"""Signing in through the company's own account: OpenID Connect's authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0, Discovery 1.0; RFC 7636 (PKCE), 9207 (issuer in the answer), 8725 (JWT). The issuer is our
operator's word; every address that it names beyond its own host must be on the open Internet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from channels.contract import ChannelError, MalformedPayload
from channels.http import Http
from channels.outside import PublicOnly
from channels.reading import read_json
from gateway.config import Oidc
from storage.keys import KeyRing

if TYPE_CHECKING:  # joserfc takes longer to import than a start may: it is, where somebody signs in by it
    from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")  # signatures only: our own secret signs nobody in
LASTS_MS: Final = 10 * 60_000
FRESH_MS: Final = 60 * 60_000  # metadata and keys
AGAIN_MS: Final = 60_000  # between two looks for a key that is not there
LEEWAY_S: Final = 60
OLDEST_S: Final = 10 * 60
CAP: Final = 256 * 1024
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


class Refused(Exception):
    """Nobody comes in by this. The text is for the log: no value of anybody's in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is. `email` -- verified, lower case."""

    email: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt, kept by the browser: signed, for ten minutes."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    next: str


def begun(next_: str) -> Begun:
    return Begun(
        state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48), next=next_
    )


def kept(keys: KeyRing, attempt: Begun, now_ms: int) -> str:
    """The attempt as a cookie's value."""
    said = orjson.dumps([attempt.state, attempt.nonce, attempt.verifier, attempt.next, now_ms + LASTS_MS])
    return f"{base64.urlsafe_b64encode(said).decode()}.{_mac(keys, said)}"


def read(keys: KeyRing, value: str, now_ms: int) -> Begun | None:
    """What `kept` wrote, when it is ours and not over."""
    body, _, mac = value.partition(".")
    try:
        said = base64.urlsafe_b64decode(body.encode("ascii"))
    except (ValueError, binascii.Error):
        return None
    if not hmac.compare_digest(_mac(keys, said).encode(), mac.encode("utf-8", "replace")):
        return None
    state, nonce, verifier, next_, until = orjson.loads(said)
    return Begun(state=state, nonce=nonce, verifier=verifier, next=next_) if until >= now_ms else None


def _mac(keys: KeyRing, said: bytes) -> str:
    return keys.mac("link", b"oidc|" + said).hex()


class Provider:
    """One issuer. `back` -- our own address, where it sends people back to."""

    def __init__(self, config: Oidc, keys: KeyRing, *, back: str) -> None:
        self.config = config
        self.keys = keys
        self._back = back
        self._own = _origin(config.issuer)
        self._https: dict[str, Http] = {}
        self._metadata: tuple[int, dict[str, str]] = (0, {})
        self._keys: tuple[int, KeySet | None] = (0, None)

    async def address(self, attempt: Begun, now_ms: int) -> str:
        """Where a browser goes to sign in. Raises Refused."""
        where = (await self._known(now_ms))["authorization_endpoint"]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    async def identity(self, attempt: Begun, code: str, now_ms: int) -> Identity:
        """Who came back with this code. Raises Refused."""
        known = await self._known(now_ms)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": attempt.verifier,
        }
        pair = f"{quote(self.config.client_id, safe='')}:{quote(self.config.client_secret, safe='')}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        }
        told = await self._call("POST", known["token_endpoint"], urlencode(form).encode(), headers)
        token = told.get("id_token")
        if not isinstance(token, str) or len(token) > CAP:
            raise Refused("no id_token")
        return self._judged(await self._claims(token, now_ms), attempt.nonce, now_ms // 1000)

    # ---- what the token says

    async def _claims(self, token: str, now_ms: int) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        head = _head(token)
        kid, alg = head.get("kid"), head.get("alg")
        if alg not in ALGORITHMS or not isinstance(kid, str) or not _KEY.fullmatch(kid) or "crit" in head:
            raise Refused("algorithm or key not ours to take")
        keys = await self._key_set(now_ms)
        if not _has(keys, kid) and now_ms - self._keys[0] >= AGAIN_MS:
            self._keys = (0, None)  # they change their keys now and then
            keys = await self._key_set(now_ms)
        if not _has(keys, kid):
            raise Refused("unknown key")
        try:
            return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
        except (JoseError, ValueError, TypeError, KeyError) as err:
            problem = type(err).__name__
        raise Refused(f"signature: {problem}")

    def _judged(self, claims: dict[str, Any], nonce: str, now_s: int) -> Identity:
        config = self.config
        audience = claims.get("aud")
        several = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != config.issuer:
            raise Refused("another issuer")
        if config.client_id not in several or claims.get("azp", config.client_id) != config.client_id:
            raise Refused("for another client")
        if len(several) > 1 and "azp" not in claims:
            raise Refused("for several clients")
        begin, end = _number(claims.get("iat")), _number(claims.get("exp"))
        if end + LEEWAY_S < now_s or begin > now_s + LEEWAY_S or begin < now_s - OLDEST_S:
            raise Refused("not of now")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode("utf-8", "replace"), nonce.encode()):
            raise Refused("another nonce")
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email or len(email) > 254 or not claims.get("sub"):
            raise Refused("nobody named")
        if claims.get("email_verified") is not True:
            raise Refused("address not verified")
        email = email.strip().lower()
        if config.allowed_domains and email.rpartition("@")[2] not in config.allowed_domains:
            raise Refused("another domain")
        name = claims.get("name")
        return Identity(email=email, name=name if isinstance(name, str) else "")

    # ---- what the provider publishes

    async def _known(self, now_ms: int) -> dict[str, str]:
        """Its addresses. Raises Refused."""
        at, known = self._metadata
        if known and now_ms - at < FRESH_MS:
            return known
        found = await self._call("GET", f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.config.issuer:
            raise Refused("the metadata is of another issuer")
        known = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            known[name] = self._lawful(found.get(name))
        self._metadata = (now_ms, known)
        return known

    async def _key_set(self, now_ms: int) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        at, keys = self._keys
        if keys is not None and now_ms - at < FRESH_MS:
            return keys
        found = (await self._call("GET", (await self._known(now_ms))["jwks_uri"])).get("keys")
        usable = [
            one
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig"
        ]
        try:
            keys = KeySet.import_key_set({"keys": [{k: v for k, v in one.items() if k != "d"} for one in usable]})
        except (JoseError, ValueError, TypeError, KeyError) as err:
            raise Refused(f"keys: {type(err).__name__}") from None
        self._keys = (now_ms, keys)
        return keys

    def _lawful(self, url: object) -> str:
        """An address that the provider names: https, or as plain as the issuer itself on this machine. Raises Refused."""
        if not isinstance(url, str) or not re.fullmatch(r"https?://[!-~]{1,2000}", url) or "\\" in url:
            raise Refused("an address that is none")
        parts = urlsplit(url)
        if parts.username is not None or parts.fragment or not parts.hostname:
            raise Refused("an address that is none")
        if parts.scheme != "https" and _origin(url) != self._own:
            raise Refused("an address in the clear")
        return url

    async def _call(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A JSON object of the provider's. No redirects, 15 s, 256 kB. Raises Refused."""
        origin = _origin(url)
        http = self._https.get(origin)
        if http is None:
            resolver = None if origin == self._own else PublicOnly()
            http = self._https[origin] = Http(origin, resolver=resolver, limit=4, encoded=True)
        path = url.removeprefix(origin) or "/"
        try:
            if method == "GET":
                status, data = await http.get(path, headers or {}, cap=CAP, total_s=15)
            else:
                status, data = await http.post(path, body, headers or {})
        except ChannelError as err:
            raise Refused(f"not reached: {type(err).__name__}") from None
        if status != 200 or len(data) > CAP:
            raise Refused(f"HTTP {status}")
        try:
            found = read_json(data)
        except MalformedPayload:
            found = None
        if not isinstance(found, dict):
            raise Refused("no JSON object")
        return found

    async def close(self) -> None:
        for http in self._https.values():
            await http.close()


def label(config: Oidc) -> str:
    """What the button says; '' where it is not offered."""
    return config.label or (urlsplit(config.issuer).hostname or "") if config.issuer else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _has(keys: KeySet, kid: str) -> bool:
    return any(one.kid == kid for one in keys.keys)


def _number(value: object) -> float:
    """A time of a token. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("without its times")
    return value


def _head(token: str) -> dict[str, Any]:
    """A token's header, not believed yet. Raises Refused."""
    first = token.partition(".")[0]
    try:
        head = orjson.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, binascii.Error):
        head = None
    if not isinstance(head, dict):
        raise Refused("no token")
    return head
