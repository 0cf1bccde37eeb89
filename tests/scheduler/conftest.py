"""A shop on each database, its tables prepared once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.db import Store
from storage.keys import KeyRing
from tests.support import postgres
from tests.support.shop import Shop


@pytest.fixture(scope="session")
def pg_template(databases: postgres.Databases) -> str:
    def prepare(url: str) -> None:
        store = Store(url, KeyRing.ephemeral())
        store.open()
        store.close()

    return databases.template("migrated", prepare)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()
