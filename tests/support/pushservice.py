"""A push service on this machine, as strict as theirs: the signature checked, the body opened with the browser's keys, by
libraries that share no line with ours. `delivered` is the only record of what a browser would have got."""

from __future__ import annotations

import base64
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Self

import http_ece
import orjson
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from tests.support.ports import free_port

LARGEST: Final = 4096
URGENCIES: Final = ("very-low", "low", "normal", "high")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Browser:
    """A browser that subscribed there. `server` -- the key that it was subscribed with: nobody else may write."""

    name: str
    server: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> str:
        raw = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return b64(raw)


@dataclass(frozen=True)
class Delivered:
    browser: str
    payload: dict[str, Any]
    ttl: int
    urgency: str
    topic: str


class PushService:
    """`async with PushService() as service:`; `next` -- answers that it gives instead, one a request: (status, headers)."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.browsers: dict[str, Browser] = {}
        self.delivered: list[Delivered] = []
        self.asked = 0
        self.next: deque[tuple[int, dict[str, str]]] = deque()
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/push/{name}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def browser(self, name: str, server: str) -> tuple[str, Browser]:
        """Its endpoint and keys."""
        made = self.browsers[name] = Browser(name, server)
        return f"{self.url}/push/{name}", made

    async def _take(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.next:
            status, headers = self.next.popleft()
            return web.Response(status=status, headers=headers)
        browser = self.browsers.get(request.match_info["name"])
        if browser is None:
            return web.Response(status=410)
        authorization = request.headers.get("Authorization", "")
        if not authorization.endswith(f"k={browser.server}") or not self._signed(authorization):
            return web.Response(status=403)
        body = await request.read()
        if len(body) > LARGEST:
            return web.Response(status=413)
        problem = _heads(request)
        if problem:
            return web.Response(status=400, text=problem)
        opened = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
        self.delivered.append(
            Delivered(
                browser.name,
                orjson.loads(opened),
                int(request.headers["TTL"]),
                request.headers.get("Urgency", "normal"),
                request.headers.get("Topic", ""),
            )
        )
        return web.Response(status=201, headers={"Location": f"{self.url}/message/{len(self.delivered)}"})

    def _signed(self, authorization: str) -> bool:
        """By the key it names, for this very service, and not for longer than a day."""
        if not Vapid02.verify(authorization):
            return False
        claims = orjson.loads(base64.urlsafe_b64decode(authorization.split(".")[1] + "=="))
        return bool(claims["aud"] == self.url and time.time() < claims["exp"] <= time.time() + 86_400)


def _heads(request: web.Request) -> str:
    if request.headers.get("Content-Encoding") != "aes128gcm":
        return "encoding"
    if not request.headers.get("TTL", "").isdigit():
        return "ttl"
    if request.headers.get("Urgency", "normal") not in URGENCIES:
        return "urgency"
    topic = request.headers.get("Topic", "")
    if len(topic) > 32 or not all(letter.isalnum() or letter in "-_" for letter in topic):
        return "topic"
    return ""
