"""How many sockets one address may hold, said hello or not."""

from __future__ import annotations

import aiohttp
import pytest

from gateway.webchat.routes import SOCKETS_AN_ADDRESS
from tests.support.waits import until
from tests.support.webchat import Site


async def test_a_socket_counts_from_its_handshake_on(site: Site, client: aiohttp.ClientSession) -> None:
    async def come() -> aiohttp.ClientWebSocketResponse:
        return await client.ws_connect(f"{site.url}/chat/ws", headers={"Origin": site.url})

    silent = [await come() for _ in range(SOCKETS_AN_ADDRESS)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await come()
    assert refused.value.status == 429
    assert refused.value.headers is not None
    assert int(refused.value.headers["Retry-After"]) >= 1
    await silent.pop().close()

    async def free() -> bool:
        try:
            silent.append(await come())
        except aiohttp.WSServerHandshakeError:
            return False
        return True

    await until(free)
    for each in silent:
        await each.close()
