"""`kill -9` at random instants and at every kill point: nothing acknowledged is lost, nothing is said twice."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

import pytest

from gateway.demo.standins.telegram import Clock, FakeTelegram
from tests.e2e import killing
from tests.support.gatewayd import Zygote, installed, telegram, webhook

RANDOM_KILLS: Final = 8
ROOT: Final = Path(__file__).parents[2]


@pytest.mark.timeout(480)
async def test_killed_at_random_and_at_every_point(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    plan = [*killing.POINTS, *[killing.AT_RANDOM] * RANDOM_KILLS]
    random.Random(1).shuffle(plan)
    books = await killing.campaign(zygote, tmp_path, database_url, plan=plan, seed=1)
    print(books)
    assert books.faults == []
    assert books.hits == {**dict.fromkeys(killing.POINTS, 1), killing.AT_RANDOM: RANDOM_KILLS}
    assert sum(books.hits.values()) >= 20
    assert min(books.acknowledged, books.sent, books.unknown, books.swallowed, books.deeds, books.woken) > 0


async def test_who_was_only_at_hand_is_answered_in_the_end(zygote: Zygote, tmp_path: Path) -> None:
    """Killed from outside again and again while the same event is handled alone: its child lives, so it is no poison."""
    fake = FakeTelegram(clock=Clock(speed=100))
    async with fake.running() as api:
        accounts = telegram(api, fake.token)
        with installed(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}", accounts=accounts) as gateway:
            gateway.token = gateway.command("token", "add", "--name", "test", "--role", "admin")
            async with webhook(fake, gateway):
                customer = fake.customer()
                await gateway.start(kill_at="think.after_load")
                await customer.say("chào shop")
                await gateway.ended()
                for _ in range(3):
                    await gateway.start(kill_at="think.after_load")
                    await gateway.ended()
                await gateway.start()
                await killing.settle(gateway)
                events = (await gateway.api("GET", "/events?source=all"))["items"]
                assert {event["state"] for event in events} == {"done"}
                assert gateway.kills == 4
                assert await gateway.stop() == 0
            assert len(fake.chats[customer.id].inbox) == 1


def test_the_loop_meets_every_kill_point_that_the_code_has() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ("channels", "gateway", "handlers", "scheduler", "storage")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "killpoints.py"
    ]
    calls = [call for source in sources for call in re.findall(r"\bkp\((.*?)\)", source)]
    assert {call.strip('"') for call in calls} == set(killing.POINTS) | killing.ELSEWHERE
    assert all(re.fullmatch(r'"[a-z_.]+"', call) for call in calls)  # a name that is computed could not be seen here
