"""`kill -9` between the answer that holds a new pair of tokens and its commit: the platform's record says what was used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.demo.standins.zalo import FakeZalo
from tests.support.gatewayd import Gatewayd, Zygote, hidden, installed

ACCOUNT: Final = """
  - {{channel: zalo, name: oa, app_id: "{app}", oa_id: "{oa}", app_secret: "{secret}", oa_secret_key: "{key}", refresh_token: "{token}",
     api_url: "{url}", oauth_url: "{url}", zbs_url: "{url}"}}
"""
LEASE_MS: Final = 61_000
LOOKS: Final = 600


async def state(gateway: Gatewayd) -> tuple[str, str]:
    """Of the account, and why."""
    found: Any = await gateway.api("GET", "/accounts")
    (one,) = [each for each in found["items"] if each["channel"] == "zalo"]
    return one["state"], one["reason"]


async def broken(gateway: Gatewayd) -> str:
    """Until the account calls for people: why."""
    for _ in range(LOOKS):
        found, why = await state(gateway)
        if found == "auth_broken":
            return why
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody is called: {found} {why}")


@pytest.mark.timeout(240)
async def test_killed_between_the_answer_and_the_commit(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    fake = FakeZalo(answer_s=30)
    async with fake.running() as url:
        told = ACCOUNT.format(
            app=fake.app_id,
            oa=fake.oa_id,
            secret=hidden(fake.app_secret),
            key=hidden(fake.oa_secret_key),
            token=hidden(fake.grants.first()),
            url=url,
        )
        with installed(zygote, tmp_path, database_url, accounts=told) as gateway:
            gateway.token = gateway.command("token", "add", "--name", "test", "--role", "admin")
            await gateway.start(kill_at="token.before_commit")
            assert await gateway.ended() == -9
            assert (fake.grants.given, fake.grants.reused) == (1, [])
            # Whoever comes at once leaves the token alone: its user may live.
            await gateway.start()
            assert (await state(gateway))[0] != "auth_broken"
            assert await gateway.stop() == 0
            assert (fake.grants.given, fake.grants.reused) == (1, [])
            # After the lease it is tried once more, refused, and people are called: never again without them.
            await gateway.start(ahead_ms=LEASE_MS)
            assert "consent" in await broken(gateway)
            assert len(fake.grants.reused) == 1
            assert await gateway.stop() == 0
            await gateway.start(ahead_ms=LEASE_MS)
            assert "consent" in await broken(gateway)
            assert await gateway.stop() == 0
            assert len(fake.grants.reused) == 2  # a start asks once: a person may have mended it at the platform
        assert fake.grants.given == 1
