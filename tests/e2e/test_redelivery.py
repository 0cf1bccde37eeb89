"""Every webhook fixture delivered five times, shuffled, from eight connections: one message each, one reply a turn."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any, Final

import aiohttp

from gateway.demo.standins.telegram import FakeTelegram
from tests.e2e import killing
from tests.support.gatewayd import SECRET, Gatewayd, Zygote, installed, telegram

FIXTURES: Final = sorted((Path(__file__).parents[1] / "channels" / "fixtures" / "telegram").glob("*.json"))
TIMES: Final = 5
CONNECTIONS: Final = 8


def updates() -> list[dict[str, Any]]:
    """Every fixture as an update of its own: fixtures may share an update_id, a platform's updates never do."""
    made = []
    for number, path in enumerate(FIXTURES):
        given = json.loads(path.read_text("utf-8"))
        if isinstance(given, dict) and "update_id" in given:
            made.append({**given, "update_id": 900_000_000 + number})
    return made


async def deliver(gateway: Gatewayd, bodies: list[bytes]) -> list[int]:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    queue = list(bodies)
    statuses: list[int] = []

    async def connection() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            while queue:
                body = queue.pop()
                async with session.post(f"{gateway.url}/hooks/telegram/main", data=body, headers=headers) as answer:
                    await answer.read()
                    statuses.append(answer.status)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return statuses


async def test_five_times_shuffled_from_eight_connections(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    fake = FakeTelegram()
    async with fake.running() as api:
        with installed(zygote, tmp_path, database_url, accounts=telegram(api, fake.token)) as gateway:
            gateway.token = await asyncio.to_thread(
                gateway.command, "token", "add", "--name", "test", "--role", "admin"
            )
            await gateway.start()
            given = updates()
            for chat in {
                u["message"]["chat"]["id"]
                for u in given
                if u.get("message", {}).get("chat", {}).get("type") == "private"
            }:
                await fake.customer(id=chat).start()
            bodies = [json.dumps(update, ensure_ascii=False).encode() for update in given] * TIMES
            random.Random(7).shuffle(bodies)
            statuses = await deliver(gateway, bodies)
            assert set(statuses) == {200}
            await killing.settle(gateway)
            events = await everything(gateway, "/events?channel=telegram")
            assert sorted(event["key"] for event in events) == sorted(f"u:{update['update_id']}" for update in given)
            (stat,) = [item for item in (await gateway.api("GET", "/stats"))["items"] if item["channel"] == "telegram"]
            assert stat["deliveries"] == len(bodies)
            assert stat["duplicates"] == len(given) * (TIMES - 1)
            assert stat["events"] == len(given)
            said = [
                message
                for message in await messages(gateway)
                if message["direction"] == "inbound" and message["external_id"]
            ]
            doubles = {(m["conversation"], m["external_id"], m["kind"]) for m in said}
            assert len(doubles) == len(said)
            causes = [message for message in await messages(gateway) if message["direction"] == "outbound"]
            assert len(causes) <= len(given)
            assert await gateway.figure('gateway_webhook_seconds_count{channel="telegram"}') == len(bodies)
            assert await gateway.figure('gateway_send_seconds_count{account="telegram:main"}') > 0
            assert await gateway.figure('gateway_store_wait_seconds_count{kind="ingest"}') > 0
            await gateway.stop()


async def everything(gateway: Gatewayd, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await gateway.api("GET", f"{path}&limit=200" + (f"&cursor={cursor}" if cursor else ""))
        items += page["items"]
        cursor = page["next"]
        if not cursor:
            return items


async def messages(gateway: Gatewayd) -> list[dict[str, Any]]:
    found = []
    for conversation in await everything(gateway, "/conversations?channel=telegram"):
        for message in await everything(gateway, f"/conversations/{conversation['id']}/messages?after=0"):
            found.append({**message, "conversation": conversation["id"]})
    return found
