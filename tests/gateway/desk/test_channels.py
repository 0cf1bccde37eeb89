"""A dead token parks one account and never the gateway; the page says so, and its button brings the account back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from channels.contract import NeedsReauth
from gateway import standing
from gateway.desk import channels
from storage import activity
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import CONFIG, SECRETS, Office
from tests.support.waits import until

MORE = """
  - {{channel: viber, name: bot, token: "${{VIBER_TOKEN}}"}}
"""


class Parking:
    """The office's platform, with a token that may die."""

    def __init__(self, platform: Any) -> None:
        self.platform, self.dead = platform, True

    async def call(self, request: Any) -> str:
        await self.probe()
        return str(await self.platform.call(request))

    async def probe(self) -> None:
        if self.dead:
            raise NeedsReauth("telegram: the token is not known there")

    status = probe

    async def close(self) -> None: ...


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path, config=CONFIG + MORE, secrets={**SECRETS, "VIBER_TOKEN": "v" * 40}) as running:
        await running.hire("Giám Sát", "supervisor", email="sep@x.vn")
        await running.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
        yield running


async def page(clerk: Clerk, query: str = "") -> dict[str, str]:
    """The cards by account, as text."""
    async with clerk.ask("GET", f"/desk/channels{query}") as answer:
        assert answer.status == 200
        text = await answer.text()
    cards = re.findall(
        r'<li class="account (\w+)".*?<h2[^>]*>.*?</svg>(.*?)</h2>(.*?)</li>\s*(?=<li class="account|</ul>\s*</main)',
        text,
        re.DOTALL,
    )
    return {re.sub(r"<[^>]+>| +", " ", title).split()[-1]: f"{state} {rest}" for state, title, rest in cards}


async def test_a_dead_token_parks_one_account(house: Office, session: aiohttp.ClientSession) -> None:
    client = Parking(house.platforms["telegram"])
    house.parts.clients["telegram:main"] = client  # type: ignore[assignment]
    await house.say("1", "chào shop", name="Lan")
    await house.say("2", "chào shop", name="Mai", channel="viber")
    gate = house.parts.store.gates.of("telegram:main")
    assert gate is not None
    await until(lambda: gate.broken and house.platforms["viber"].sent)
    async with session.get(f"{house.url}/health/ready") as answer:
        assert answer.status == 200, "the gateway is well"

    clerk = Clerk(session, house.url)
    await clerk.sign_in("sep@x.vn")
    cards = await page(clerk)
    assert next(iter(cards)) == "main", "who needs somebody stands first"
    assert cards["main"].startswith("auth_broken")
    for words in (
        "nền tảng từ chối",
        "đặt khóa mới",
        "the token is not known there",
        "/desk/channels/telegram/main/retry",
    ):
        assert words in cards["main"]
    assert "1 tin" in cards["main"]
    assert cards["bot"].startswith("ok")
    assert "0 trên 1 lần gọi" in cards["bot"]

    where = "/desk/channels/telegram/main/retry"
    async with clerk.ask("POST", where) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/desk/channels?still=telegram:main")
    client.dead = False
    assert await clerk.status("POST", where, headers={"Origin": "https://evil.example"}) == 403
    assert gate.broken
    async with clerk.ask("POST", where) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/desk/channels?again=telegram:main")
    await house.settled()
    assert house.platforms["telegram"].sent
    assert (await page(clerk, "?again=telegram:main"))["main"].startswith("ok")
    trail = await house.parts.store.read(
        lambda tx: tx.all("SELECT action, object_id FROM audit_entry WHERE action = 'account.retry'")
    )
    assert len(trail) == 2


async def test_the_page_is_for_those_who_can_do_something(house: Office, session: aiohttp.ClientSession) -> None:
    clerk = Clerk(session, house.url)
    await clerk.sign_in("lan@x.vn")
    assert await clerk.status("GET", "/desk/channels") == 404
    assert await clerk.status("POST", "/desk/channels/telegram/main/retry") == 404
    await clerk.sign_in("sep@x.vn")
    assert await clerk.status("POST", "/desk/channels/telegram/nobody/retry") == 404
    async with clerk.ask("GET", "/desk/channels?again=<script>alert(1)</script>") as answer:
        assert "<script>alert" not in await answer.text()


async def test_what_a_platform_costs_is_in_the_readers_words(house: Office, session: aiohttp.ClientSession) -> None:
    house.platforms["viber"].charged = 3  # type: ignore[attr-defined]
    clerk = Clerk(session, house.url)
    await clerk.sign_in("sep@x.vn")
    assert "tin bị tính tiền từ lúc khởi động: 3" in (await page(clerk))["bot"]
    gates = house.parts.store.gates
    for _ in range(5):
        gates.unanswered("viber:bot", house.parts.clock.ms(), jitter=1.0)
    async with clerk.ask("POST", "/desk/channels/viber/bot/retry") as answer:
        assert answer.headers["Location"] == "/desk/channels?asked=viber:bot"
    gate = gates.of("viber:bot")
    assert gate is not None
    assert not gate.circuit.holds(house.parts.clock.ms() + 1)
    assert (await page(clerk))["bot"].startswith("down")


async def test_what_came_since_the_start_is_counted_by_the_first_look(house: Office) -> None:
    await house.say("1", "chào shop")
    await house.parts.store.run(activity.note)
    came = await house.parts.store.read(activity.came)
    assert (came["telegram:main"].last_ms > 0, came["viber:bot"].last_ms) == (True, 0)


async def test_a_silence_is_told_once(house: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = [3.0]
    monkeypatch.setattr(standing, "silence", lambda came, now, business: hours[0] if came.events else 0)
    await house.say("1", "chào shop")
    told: list[tuple[str, str]] = []
    log = SimpleNamespace(warning=lambda event, account, reason: told.append((event, f"{account} {reason}")))
    monkeypatch.setattr(channels, "log", log)
    watcher = channels.Channels(house.parts)
    for each in (3.0, 3.5, 0.0, 1.5):
        hours[0] = each
        await watcher._note()
    assert told == [
        ("account.silent", "telegram:main no event for 3 working hours"),
        ("account.silent", "telegram:main no event for 1.5 working hours"),
    ]
    rows = await house.parts.store.read(lambda tx: tx.all("SELECT key FROM notice WHERE kind = 'account'"))
    assert [one.key.startswith("account:telegram:main/silent/") for one in rows] == [True]  # the same silence: once
