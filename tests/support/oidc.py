"""A strict OpenID provider on this machine: real keys, one use a code, PKCE held to; and every lie that one could tell."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote, urlencode

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

CLIENT, SECRET = "desk of ibaohiem", "client-secret-Nobody-May-See"
Lie = Callable[[dict[str, Any], dict[str, Any]], Any]


class IdProvider:
    """`person` -- who is signed in there · `lie` -- changes header and claims of the next tokens, and may answer with another
    key to sign with · `asked` -- paths, in order · `violations` -- what no client may do."""

    def __init__(self, *, back: str) -> None:
        self.back = back
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.other = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.person: dict[str, Any] = {"sub": "1", "email": "lan@x.vn", "email_verified": True, "name": "Trần Thị Lan"}
        self.lie: Lie | None = None
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self.violations: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discover),
                web.get("/authorize", self._authorize),
                web.post("/token", self._token),
                web.get("/jwks", self._jwks),
            ]
        )
        async with TestServer(app) as server:
            self.issuer = str(server.make_url("")).rstrip("/")
            yield self.issuer

    async def _discover(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        own = {name: f"{self.issuer}{path}" for name, path in PLACES.items()}
        return web.json_response({"issuer": self.issuer, **own, **self.metadata})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Somebody is signed in here already: he is sent back at once."""
        self.asked.append(request.path)
        query = dict(request.query)
        wanted = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": self.back,
            "code_challenge_method": "S256",
        }
        self._must({name: query.get(name) for name in wanted} == wanted, "a wrong request")
        self._must({"openid", "email"} <= set(query.get("scope", "").split()), "a wrong scope")
        for name in ("state", "nonce", "code_challenge"):
            self._must(len(query.get(name, "")) >= 32, f"a short {name}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        told = urlencode({"code": code, "state": query.get("state", ""), "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{self.back}?{told}"})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        form = await request.post()
        pair = aiohttp.BasicAuth.decode(request.headers["Authorization"])
        self._must((unquote(pair.login), unquote(pair.password)) == (CLIENT, SECRET), "a wrong client")
        begun = self._codes.pop(str(form.get("code", "")), None)
        if begun is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != begun["code_challenge"] or form.get("redirect_uri") != self.back:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.token(begun["nonce"])})

    def token(self, nonce: str) -> str:
        now = int(time.time())
        header: dict[str, Any] = {"alg": "RS256", "kid": self.key.kid}
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        key = (self.lie(header, claims) if self.lie else None) or self.key
        if header["alg"] == "none":
            parts = [base64.urlsafe_b64encode(web.json_response(each).body).rstrip(b"=") for each in (header, claims)]  # type: ignore[arg-type]
            return b".".join([*parts, b""]).decode()
        return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=list(SIGNED)))

    async def _jwks(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    def _must(self, so: bool, what: str) -> None:
        if not so:
            self.violations.append(what)


PLACES: Final = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks"}
SIGNED: Final = ("RS256", "PS256", "ES256", "HS256")
