"""A running demonstration: the gateway, the stand-ins, customers and an advisor, on a throw-away folder, ten days ago.

Real code paths only: customers write through webhooks and web sockets, the advisor works through the JSON API, time
passes by the gateway's own clock and ticks.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import aiohttp

from channels import webhook_secret
from gateway import logs, setup
from gateway.config import Config
from gateway.demo import advisor as desk
from gateway.demo import certificate, setting
from gateway.demo.advisor import Advisor
from gateway.demo.api import Api, News
from gateway.demo.customers import Character, Tempo, cast_as
from gateway.demo.phonepage import PhonePage
from gateway.demo.platforms import APPS, Platforms
from gateway.demo.player import Player, Wire
from gateway.demo.setting import People
from gateway.demo.standins.callcentre import CallCentre
from gateway.demo.standins.forms import FormPage
from gateway.demo.story import Story
from gateway.demo.visitors import WebWire, fill
from gateway.parts import Clock, Parts
from gateway.process import running
from scheduler.app import UNITS
from storage.times import ms

BEGINS: Final = (10, 9)  # days ago, at this hour: a story with T+1 and T+7 ends before today
PATIENCE_S: Final = 60.0  # for a whole scene on a busy machine


class NotHere(Exception):
    """The clock may be moved on this machine only."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running demonstration. `folder` -- its throw-away house, with config.yaml and gateway.log."""

    parts: Parts
    platforms: Platforms
    api: Api
    people: People
    story: Story
    news: News
    advisor: Advisor
    folder: Path
    session: aiohttp.ClientSession
    rng: random.Random
    telephones: str  # URL of the page where one writes as a customer
    at_work: asyncio.Task[None]  # the advisor's
    page: FormPage
    centre: CallCentre
    players: list[Player] = field(default_factory=list)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # by the player's thread

    @property
    def url(self) -> str:
        return self.parts.config.public_url

    # ---- customers

    async def enter(self, character: Character, tempo: Tempo) -> Player:
        """Somebody of this character comes and begins to write."""
        somebody = cast_as(character, self.rng, {player.name for player in self.players})
        wire: Wire
        if somebody.channel in APPS:
            wire = self.platforms.enter(somebody.channel, somebody.name, somebody.phone, somebody.language)
        else:
            wire = await WebWire.enter(self.session, self.url, phone=somebody.phone)
        said = self.advisor.record.said
        player = Player(
            somebody,
            wire,
            self.story,
            tempo.times(somebody.pace),
            self.rng.randrange(2**31),
            told=lambda thread, text: (thread, text) in said,
            fill=functools.partial(fill, self.session),
        )
        self.story.event(f"Khách mới: {somebody.name}, {wire.channel}, {somebody.temper}")
        self.players.append(player)
        self.tasks[wire.thread] = asyncio.create_task(player.play(), name=f"customer {somebody.name}")
        return player

    async def leave(self, player: Player) -> None:
        task = self.tasks.pop(player.wire.thread, None)
        if task is not None:
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(done, Exception):
                self.story.trouble(f"{player.name}: {type(done).__name__}: {done}")
        await player.wire.close()

    # ---- time

    async def move(self, to_ms: int) -> None:
        """Let the gateway's clock jump ahead, and tick at once. Raises NotHere."""
        if not self.parts.config.local:
            raise NotHere("the clock is moved on this machine only, never with a public host")
        self.parts.clock.offset_ms = max(self.parts.clock.offset_ms, to_ms - time.time_ns() // 1_000_000)
        for name, _, unit in UNITS:
            if name in ("timers", "care", "policies", "overdue"):
                await self.parts.store.run(unit)

    # ---- waiting

    async def quiet(self, patience_s: float = PATIENCE_S) -> bool:
        """Until nobody has anything left to do: all is read, thought, sent, and answered."""

        looks = 0  # a frame may be on its way to a page: believe the second look

        async def still() -> bool:
            nonlocal looks
            looks = looks + 1 if await self._still() else 0
            return looks > 1

        return await self.news.until(still, patience_s=patience_s, look_s=0.1)

    async def _still(self) -> bool:
        if any(task.done() for task in self.tasks.values()):
            return True  # a customer broke: the checks say so
        busy = not self.advisor.rests or any(not player.rests for player in self.players)
        if busy or self.platforms.pending or await self.pending():
            return False
        waiting = await self.api.get("/handoffs", limit=100)
        return all(item["conversation"]["stage"] == "callback_scheduled" for item in waiting["items"])

    async def halt(self) -> None:
        """Nobody says anything any more; their lines stay open for what is on its way."""
        await _ended(self.at_work, *self.tasks.values())

    async def pending(self) -> int:
        """Events not thought about, and calls not made."""
        events, outbox = await asyncio.gather(
            self.api.get("/events", state="new", source="all"), self.api.get("/outbox")
        )
        return len(events["items"]) + len(outbox["items"])

    async def nudged(self) -> bool:
        """Until whoever fell silent was reminded."""

        async def all_of_them() -> bool:
            return all(player.questions["nudge"] for player in self.players if player.character.key == "silent")

        return await self.news.until(all_of_them, patience_s=PATIENCE_S, look_s=0.2)

    async def care(self, kind: str) -> list[dict[str, Any]]:
        return [task for task in await self.api.every("/care") if task["kind"] == kind]

    async def asked(self, kind: str) -> bool:
        """Move to where the care plan asks this question, until every customer has answered."""
        planned = [task for task in await self.care(kind) if task["state"] == "planned"]
        for due in sorted({ms(datetime.fromisoformat(task["due_at"])) for task in planned}):
            await self.move(due + 2000)  # to each: what is asked a day late is not asked any more

        async def answered() -> bool:
            return all(task["state"] in ("answered", "skipped") for task in await self.care(kind))

        return await self.news.until(answered, patience_s=PATIENCE_S, look_s=0.3)


@contextlib.asynccontextmanager
async def staged(*, about: Path | None, port: int | None, quick: bool, seed: int, out: TextIO) -> AsyncIterator[Stage]:
    """The gateway with everything around it, ten days ago in the morning, ahead of its first customer."""
    agency = setting.agency(about)
    with tempfile.TemporaryDirectory(prefix="ibaohiem-demo-") as made:
        folder = Path(made)
        with (folder / "gateway.log").open("a", encoding="utf-8") as log:
            clock = Clock()
            clock.offset_ms = _begins() - clock.ms()
            platforms = Platforms(clock, limits=not quick, seed=seed)
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(platforms.running())
                config = setting.furnish(folder, platforms=platforms.accounts(), about=agency, port=port, quick=quick)
                logs.setup(level=config.logging.level, format="json", secrets=config.secrets, stream=log)
                people, _ = await asyncio.gather(setting.let_in(config), asyncio.to_thread(certificate.prepare))
                parts = await stack.enter_async_context(running(config, clock=clock))
                stage = await _composed(stack, parts, platforms, people, folder, seed=seed, out=out)
                platforms.hook(parts.config.public_url)
                await _registered(parts.config)
                try:
                    yield stage
                finally:
                    for player in stage.players:
                        await stage.leave(player)


def _begins() -> int:
    days, hour = BEGINS
    here = datetime.now(desk.ZONE) - timedelta(days=days)
    return ms(here.replace(hour=hour, minute=0, second=0, microsecond=0))


async def _composed(
    stack: contextlib.AsyncExitStack,
    parts: Parts,
    platforms: Platforms,
    people: People,
    folder: Path,
    *,
    seed: int,
    out: TextIO,
) -> Stage:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    news = News()
    stack.callback(parts.hub.listen(news.tell))
    story = Story(out, lambda: parts.now().astimezone(desk.ZONE))
    api = Api(session, parts.config.public_url, people.token)
    players: list[Player] = []
    forms, calls = parts.accounts[f"leads:{setting.FORMS}"], parts.accounts[f"hotline:{setting.CALLS}"]
    hooks = f"{parts.config.public_url}/hooks"
    advisor = Advisor(
        api,
        people,
        news,
        story,
        desk.AT_ONCE,
        now=parts.now,
        names=lambda thread: called(players, thread),
        seed=seed,
    )
    telephones = await stack.enter_async_context(PhonePage(platforms).running())
    working = asyncio.create_task(advisor.work(), name="advisor")
    stage = Stage(
        parts=parts,
        telephones=telephones,
        platforms=platforms,
        api=api,
        people=people,
        story=story,
        news=news,
        advisor=advisor,
        at_work=working,
        folder=folder,
        session=session,
        rng=random.Random(seed),
        page=FormPage(session, f"{hooks}/leads/{forms.name}/{webhook_secret.secrets_of(forms)[0]}"),
        centre=CallCentre(session, f"{hooks}/hotline/{calls.name}", webhook_secret.secrets_of(calls)[0], now=parts.now),
        players=players,
    )
    stack.push_async_callback(_ended, working)
    return stage


def called(players: Sequence[Player], thread: str) -> str:
    """How the story calls whom the platform knows by this thread, '' when it does not know him."""
    return next((player.name for player in players if player.wire.thread == thread), "")


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _registered(config: Config) -> None:
    good, lines = await setup.register(config)
    if not good:
        raise RuntimeError("; ".join(lines))
