"""`kill -9` at random instants and at every kill point: nothing acknowledged is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage.keys import KeyRing
from tests.e2e import killing
from tests.support.gatewayd import Gatewayd, Zygote, alive, installed, telegram, webhook

RANDOM_KILLS = 10


async def _play(
    zygote: Zygote, folder: Path, database: str, *, kills: int, points: tuple[str, ...], seed: int
) -> tuple[killing.Books, Gatewayd]:
    fake = killing.standin()
    async with fake.running() as api:
        with installed(zygote, folder, database, accounts=telegram(api, fake.token)) as gateway:
            gateway.token = await asyncio.to_thread(
                gateway.command, "token", "add", "--name", "test", "--role", "admin"
            )
            await gateway.start()
            async with webhook(fake, gateway):
                await killing.loop(gateway, fake, kills=kills, customers=6, seed=seed, points=points)
                if not alive(gateway.pid):
                    await gateway.ended()
                    await gateway.start()
                await killing.settle(gateway)
            assert await gateway.stop() == 0, gateway.log[-2000:]
            books = await asyncio.to_thread(killing.audit, database, KeyRing.load(folder / "keys"), fake)
    return books, gateway


@pytest.mark.parametrize("seed", [1])
async def test_killed_at_random(zygote: Zygote, tmp_path: Path, database_url: str, seed: int) -> None:
    books, gateway = await _play(zygote, tmp_path, database_url, kills=RANDOM_KILLS, points=(), seed=seed)
    assert books.faults == []
    assert gateway.kills >= RANDOM_KILLS
    assert books.acknowledged > 0


async def test_killed_at_every_point(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    kills = len(killing.POINTS)
    books, gateway = await _play(zygote, tmp_path, database_url, kills=kills, points=killing.POINTS, seed=2)
    assert books.faults == []
    assert gateway.kills >= kills
