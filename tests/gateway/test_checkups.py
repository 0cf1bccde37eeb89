"""Whether what people write reaches us: the words beside the account."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from channels.contract import Account, NeedsReauth, Retryable
from gateway import checkups
from gateway.parts import Parts
from storage.gates import Gates

ACCOUNT = Account(channel="telegram", name="main")


class Client:
    def __init__(self) -> None:
        self.says: str | Exception = ""
        self.asked: list[str] = []

    async def check(self, url: str) -> str:
        self.asked.append(url)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def gates() -> Gates:
    made = Gates()
    made.configure(ACCOUNT.id, rate=0, chat_rate=0)
    return made


async def look(gates: Gates, client: Client) -> tuple[str, str, int | None]:
    parts: Any = SimpleNamespace(
        store=SimpleNamespace(gates=gates), config=SimpleNamespace(public_url="https://chat.example.vn")
    )
    await checkups.look(cast("Parts", parts), ACCOUNT, client)
    gate = gates.of(ACCOUNT.id)
    assert gate is not None
    return gate.state(0)


async def test_trouble_stands_beside_the_account_until_it_is_over(gates: Gates) -> None:
    client = Client()
    for says, shown in (
        ("", ""),
        ("nobody delivers", "nobody delivers"),
        (Retryable("busy"), "nobody delivers"),
        ("", ""),
    ):
        client.says = says
        assert await look(gates, client) == ("ok", shown, None)
    assert set(client.asked) == {"https://chat.example.vn/hooks/telegram/main"}


async def test_a_dead_token_parks_the_account_and_is_not_asked_after_again(gates: Gates) -> None:
    client = Client()
    client.says = NeedsReauth("the token is not known there")
    for _ in range(2):
        assert await look(gates, client) == ("auth_broken", "the token is not known there", None)
    assert len(client.asked) == 1
