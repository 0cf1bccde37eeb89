"""A loop that is late refuses in order: what begins anew first, webhooks last; and everybody is welcome again after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateway import app
from gateway.config import load
from gateway.parts import Parts
from gateway.pressure import HOOKS_S, NEW_S, Pressure
from storage import tokens
from tests.support import tables
from tests.support.waits import until

CONFIG = """
accounts:
  - {channel: webchat, name: site}
  - {channel: telegram, name: main, token: "${TELEGRAM_TOKEN}", secret: "${TELEGRAM_SECRET}", receive: webhook}
"""
SECRETS = {"TELEGRAM_TOKEN": "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi", "TELEGRAM_SECRET": "s" * 40}

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


class Nobody:
    async def call(self, request: Any) -> str:
        return "1"

    async def close(self) -> None: ...


class House:
    def __init__(self, parts: Parts, url: str, session: aiohttp.ClientSession, token: str) -> None:
        self.parts, self.url, self.session, self.token = parts, url, session, token

    async def asks(self) -> dict[str, int]:
        """The answers to all who might come, at once."""
        origin, bearer = {"Origin": self.url}, {"Authorization": f"Bearer {self.token}"}
        secret = {"X-Telegram-Bot-Api-Secret-Token": SECRETS["TELEGRAM_SECRET"]}
        come = {
            "hook": ("POST", "/hooks/telegram/main", {"json": {"update_id": 1}, "headers": secret}),
            "session": ("POST", "/chat/session", {"json": {}, "headers": origin}),
            "search": ("GET", "/api/v1/conversations?q=lan", {"headers": bearer}),
            "list": ("GET", "/api/v1/conversations", {"headers": bearer}),
            "socket": ("GET", "/chat/ws", {"headers": origin | UPGRADE}),
        }

        async def ask(method: str, path: str, more: dict[str, Any]) -> int:
            async with self.session.request(method, self.url + path, **more) as answer:
                assert answer.status != 503 or int(answer.headers["Retry-After"]) >= 1
                return answer.status

        return dict(zip(come, await asyncio.gather(*(ask(*each) for each in come.values())), strict=True))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "config.yaml"
    file.write_text(f'{CONFIG}database: {{url: "sqlite:///{tmp_path / "gateway.db"}"}}\n', encoding="utf-8")
    parts = app.compose(load(file, SECRETS))
    telegram = replace(parts.adapters["telegram"], client=lambda _: Nobody(), prepare=None)
    parts.adapters = {**parts.adapters, "telegram": telegram}
    server = TestServer(app.application(parts))
    try:
        tables.lay(parts.store)
        await app.start(parts)
        await server.start_server(auto_decompress=False)
        parts.config = parts.config.bound(server.port or 0)
        secret = tokens.new_secret()
        await parts.store.run(lambda tx: tokens.create(tx, secret, name="boss", role="admin", by="test"))
        async with aiohttp.ClientSession() as session:
            yield House(parts, str(server.make_url("")).rstrip("/"), session, secret)
    finally:
        await server.close()
        await app.stop(parts)


class Hog:
    """Somebody who keeps the loop, again and again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._again()

    def _again(self) -> None:
        self._handle = asyncio.get_running_loop().call_soon(self._keep)

    def _keep(self) -> None:
        time.sleep(self.seconds)
        self._again()

    def end(self) -> None:
        self._handle.cancel()


async def test_a_late_loop_refuses_what_is_new_then_webhooks_too_and_nobody_afterwards(house: House) -> None:
    pressure = house.parts.pressure
    welcome = {"hook": 200, "session": 200, "search": 200, "list": 200, "socket": 101}

    async def all_are_welcome() -> bool:  # at last: a machine that others keep busy may make us late by itself
        return await house.asks() == welcome

    await until(all_are_welcome)
    hog = Hog(HOOKS_S + 0.15)
    await until(lambda: pressure.no_hooks)
    assert await house.asks() == {"hook": 503, "session": 503, "search": 503, "list": 200, "socket": 503}
    hog.end()
    await until(all_are_welcome)


async def test_webhooks_are_taken_while_nothing_new_is_begun(house: House) -> None:
    pressure = house.parts.pressure
    pressure._looks.extend([NEW_S + 0.1] * 20)  # the next two looks would say otherwise: none comes
    for task in asyncio.all_tasks():
        if task.get_name() == "lag":
            task.cancel()
    assert await house.asks() == {"hook": 200, "session": 503, "search": 503, "list": 200, "socket": 503}


async def test_one_hiccup_is_seen() -> None:
    pressure, told = Pressure(), [0.0]
    watching = asyncio.create_task(pressure.watch(told.append))
    await until(lambda: len(told) > 2)
    asyncio.get_running_loop().call_soon(time.sleep, HOOKS_S + 0.3)
    await until(lambda: max(told) > HOOKS_S)
    watching.cancel()


@pytest.mark.parametrize(
    "looks, no_more, no_hooks",
    [
        ([], False, False),
        ([HOOKS_S + 0.3], False, False),  # one hiccup refuses nobody
        ([HOOKS_S + 0.3, 0.0], False, False),
        ([HOOKS_S + 0.3, NEW_S + 0.1], True, False),
        ([HOOKS_S + 0.3, HOOKS_S + 0.3], True, True),
    ],
)
def test_of_two_looks_the_better_one_counts(looks: list[float], no_more: bool, no_hooks: bool) -> None:
    pressure = Pressure()
    pressure._looks.extend(looks)
    assert (pressure.no_more, pressure.no_hooks) == (no_more, no_hooks)
