"""How long the page's token lives is asked of Meta, by the app; and every alarm that we know is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Account
from channels.facebook.client import FIELDS, FacebookClient
from channels.facebook.life import ASK_MS
from channels.facebook.updates import ALARMS
from channels.http import Http
from gateway.demo.standins.facebook import FakeFacebook, HandClock, refuse
from tests.support.house import MemoryHouse


def test_every_alarm_that_we_know_is_subscribed_to() -> None:
    asked = FIELDS.split(",")
    assert [name for name in ALARMS if name not in asked and f"messaging_{name}" not in asked] == []


@pytest.mark.parametrize(
    ("token_ends", "data_ends", "settings", "wanted"),
    [
        (0, 0, {}, 0),
        (1_800_000_000, 0, {}, 1_800_000_000_000),
        (0, 1_790_000_000, {}, 1_790_000_000_000),
        (1_800_000_000, 1_790_000_000, {}, 1_790_000_000_000),
        (1_800_000_000, 0, {"app_secret": "of another app"}, None),
        (1_800_000_000, 0, {"page_token": "another"}, None),
    ],
)
async def test_meta_is_asked_how_long_the_token_lives(
    token_ends: int, data_ends: int, settings: dict[str, Any], wanted: int | None
) -> None:
    clock = HandClock()
    fake = FakeFacebook(clock=clock)
    fake.token_ends, fake.data_ends = token_ends, data_ends
    async with fake.running() as url:
        given = {
            "page_id": fake.page_id,
            "page_token": fake.token,
            "app_id": fake.app_id,
            "app_secret": fake.app_secret,
            "verify_token": "v",
            "api_url": url,
        }
        client = FacebookClient(Account(channel="facebook", name="page", settings=given | settings), api=Http(url))
        client.attach(MemoryHouse(clock.now))
        try:
            assert client.token_until is None  # until Meta has said it
            for _ in range(3):
                await client.keep()
            assert client.token_until == wanted
            assert [call.path.rpartition("/")[2] for call in fake.calls] == ["debug_token"]
            clock.advance(ASK_MS / 1000)
            fake.next(refuse(), path="debug_token")
            await client.keep()
            assert client.token_until == wanted  # whoever does not answer says nothing
            assert len(fake.calls) == 2
            await client.keep()
            assert len(fake.calls) == 3
            assert fake.violations == []
        finally:
            await client.close()
