"""An open store on each database, with one account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage import accounts
from storage.db import Store
from storage.keys import KeyRing
from tests.support import tables

ACCOUNT = "telegram:main"


class Hand:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.ms = 1_795_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def store(database_url: str, hand: Hand) -> AsyncIterator[Store]:
    opened = Store(database_url, KeyRing.ephemeral(), now_ms=hand)
    tables.lay(opened)
    await asyncio.to_thread(opened.open)
    opened.attach(asyncio.get_running_loop())
    await opened.run(lambda tx: accounts.ensure(tx, [(ACCOUNT, "telegram", "main")]))
    yield opened
    await asyncio.to_thread(opened.close)
