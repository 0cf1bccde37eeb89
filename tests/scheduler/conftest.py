"""A shop on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.shop import Shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()
