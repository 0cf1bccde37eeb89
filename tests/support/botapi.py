"""Bots at their barest, for the stand-in of Telegram: one that calls, one that is called."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from aiohttp import web

from gateway.demo.standins.telegram import FakeTelegram

SECRET = "a-shared_SECRET-0123456789"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
INLINE = {"inline_keyboard": [[{"text": "Có", "callback_data": "yes"}, {"text": "Không", "callback_data": "no"}]]}
CONTACT = {
    "keyboard": [[{"text": "Gửi số điện thoại", "request_contact": True}], [{"text": "Thôi"}]],
    "resize_keyboard": True,
    "one_time_keyboard": True,
}


class Client:
    """The bot at its barest: JSON over a plain session."""

    def __init__(self, fake: FakeTelegram, session: aiohttp.ClientSession) -> None:
        self.fake, self.session = fake, session

    async def __call__(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.fake.url}/bot{self.fake.token}/{method}", json=params) as response:
            return response.status, await response.json()


class Receiver:
    """The bot's webhook: answers from a queue of (status, headers, body), then 200; can be held."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.inside = self.most = 0
        self.url = ""

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.updates.append(json.loads(await request.read()))
        self.headers.append(request.headers.copy())
        await self.open.wait()
        self.inside -= 1
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, b"")
        return web.Response(status=status, headers=headers, body=body)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]
