"""A running site and visitors who speak the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.support.webchat import Guest, Site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def guest(site: Site, client: aiohttp.ClientSession) -> Callable[[], Awaitable[Guest]]:
    """`await guest()`: somebody new, connected."""

    async def come() -> Guest:
        return await (await Guest.new(client, site.url)).connect()

    return come
