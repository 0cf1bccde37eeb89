"""People of ours are told by a real gateway, which is killed while it does: never too seldom. And a customer of whom nobody
can be told is no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.demo.standins.telegram import FakeTelegram
from gateway.notices import push
from tests.support.gatewayd import Gatewayd, Zygote, installed, telegram, webhook
from tests.support.pushservice import PushService

LEASE_MS = 61_000
RULES = """
notices: {{patience_s: 1, push_services: ["{push}"]}}
"""


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await found():  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.05)


async def as_person(gateway: Gatewayd, who: str, method: str, path: str, body: Any = None) -> Any:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {gateway.token}", "X-Act-As": who}
        async with session.request(method, f"{gateway.url}/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


async def ready(gateway: Gatewayd) -> tuple[int, list[str]]:
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.url}/health/ready") as answer:
        return answer.status, [one["code"] for one in (await answer.json()).get("alarms", ())]


@pytest.mark.timeout(240)
async def test_told_through_deaths_and_an_alarm_where_there_is_nobody(zygote: Zygote, tmp_path: Path) -> None:
    fake = FakeTelegram()
    async with PushService() as service, fake.running() as url:
        rules = telegram(url, fake.token) + RULES.format(push=service.url)
        with installed(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}", accounts=rules) as gateway:
            gateway.token = gateway.command("token", "add", "--name", "test", "--role", "admin")
            await gateway.start(kill_at="tell.claimed")
            await webhook_of(fake, gateway)
            lan = (await gateway.api("POST", "/users", {"name": "Lan", "email": "lan@x.vn", "role": "advisor"}))["id"]
            settings = await as_person(gateway, lan, "GET", "/me/notice-settings")
            endpoint, browser = service.browser("lan", settings["push_key"])
            keys = {"p256dh": browser.p256dh, "auth": push.text(browser.auth)}
            mine = await as_person(gateway, lan, "POST", "/me/browsers", {"endpoint": endpoint, **keys})

            # ---- killed with the telling claimed: nothing has left, and the next process tells
            await fake.customer().say("gặp tư vấn viên")
            await gateway.ended()
            assert service.delivered == []
            # ---- killed after the service took it: told once more, which its topic makes one notice of
            await gateway.start(kill_at="tell.told", ahead_ms=LEASE_MS)
            await gateway.ended()
            assert len(service.delivered) == 1
            await gateway.start(ahead_ms=2 * LEASE_MS)
            await until(lambda: came(service, 2))
            assert len({one.topic for one in service.delivered}) == 1
            await until(lambda: is_well(gateway))

            # ---- his browser is gone, and nobody else is there
            await as_person(gateway, lan, "DELETE", f"/me/browsers/{mine['id']}")
            await fake.customer().say("gặp tư vấn viên")
            await until(lambda: rings(gateway))
            assert await ready(gateway) == (200, ["untold"])
            assert "notices.nobody_told" in gateway.log
            assert await gateway.stop() == 0


async def webhook_of(fake: FakeTelegram, gateway: Gatewayd) -> None:
    async with webhook(fake, gateway):
        pass


async def came(service: PushService, count: int) -> bool:
    return len(service.delivered) >= count


async def is_well(gateway: Gatewayd) -> bool:
    return await ready(gateway) == (200, [])


async def rings(gateway: Gatewayd) -> bool:
    return await gateway.figure("gateway_untold_customers") == 1
