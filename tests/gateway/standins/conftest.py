"""The stand-in of Telegram, and who drives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.demo.standins.telegram import (
    FakeTelegram,
    HandClock,
)
from tests.support.botapi import Client, Receiver


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    telegram = FakeTelegram()
    async with telegram.running():
        yield telegram


@pytest.fixture
async def slow() -> AsyncIterator[FakeTelegram]:
    """On a clock that only the test moves."""
    telegram = FakeTelegram(clock=HandClock(), limits=True)
    async with telegram.running():
        yield telegram


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def call(fake: FakeTelegram, session: aiohttp.ClientSession) -> Client:
    return Client(fake, session)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    runner = web.ServerRunner(web.Server(one.take), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/telegram/main?x=1"
    yield one
    one.open.set()
    await runner.cleanup()


@pytest.fixture
async def aiogram_bot(fake: FakeTelegram) -> AsyncIterator[Any]:
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    bot = Bot(fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
    yield bot
    await bot.session.close()


@pytest.fixture
async def ptb_bot(fake: FakeTelegram) -> AsyncIterator[Any]:
    from telegram import Bot

    async with Bot(fake.token, base_url=f"{fake.url}/bot", base_file_url=f"{fake.url}/file/bot") as bot:
        yield bot
