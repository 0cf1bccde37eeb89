"""Many processes at one set of tables: whoever waits is told by each rung once, and a group hears one line at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.contract import Permanent
from gateway.hub import Hub
from gateway.notices import Herald
from storage import listeners, tellings
from storage.db import Store
from storage.tellings import Errand
from storage.tx import Tx
from tests.support.desk import CONFIG, Office

PROCESSES = 4
MORE = """  - {{channel: email, name: smtp, host: 127.0.0.1, port: 2525, tls: none, sender: "IBAOHIEM <hello@ibaohiem.example>"}}
notices: {{patience_s: 3000}}
"""
GROUP = "telegram:main/-100777"


class Many:
    """The heralds of several processes. `taken` -- (conversation, way, person) of each call, whatever came of it; `fails` --
    the ways that reach nobody, by conversation, for whoever is no supervisor."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.heralds: list[Herald] = []
        self.taken: Counter[tuple[str, str, str]] = Counter()
        self.fails: dict[str, frozenset[str]] = {}
        self.chief = ""

    def join(self, herald: Herald) -> None:
        for way in ("push", "email"):
            herald.ways._by_way[way] = self.take
        self.heralds.append(herald)

    async def take(self, errand: Errand) -> int:
        self.taken[errand.conversation_id, errand.way, errand.advisor_id] += 1
        await asyncio.sleep(0)  # everybody else goes on
        if errand.advisor_id != self.chief and errand.way in self.fails.get(errand.conversation_id, ()):
            raise Permanent("nobody there", reason="gone")
        return 0

    async def later(self, seconds: float) -> None:
        """The clock goes on, and all of them look at once."""
        self.office.parts.clock.offset_ms += round(seconds * 1000)
        await asyncio.gather(*(herald.run() for herald in self.heralds))

    async def states(self) -> Counter[str]:
        rows = await self.office.parts.store.read(
            lambda tx: tx.all("SELECT state FROM notice WHERE kind = 'waiting' ORDER BY id")
        )
        return Counter(row.state for row in rows)


@asynccontextmanager
async def processes(folder: Path, database: str) -> AsyncIterator[Many]:
    """On PostgreSQL each with a store of its own; SQLite has one process, whose looks overlap all the same."""
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(Office(folder, config=CONFIG + MORE, database=database))
        many, parts = Many(office), office.parts
        assert parts.notices is not None
        many.join(parts.notices)
        for _ in range(PROCESSES - 1):
            store = parts.store
            if store.postgres:
                store = Store(store.url, store.keys, now_ms=parts.clock.ms)
                await asyncio.to_thread(store.open, visiting=True)
                stack.push_async_callback(asyncio.to_thread, store.close)
                store.attach(asyncio.get_running_loop())
            another: Any = replace(parts, store=store, hub=Hub(), ticks=[], closers=[])
            many.join(Herald(another))
        yield many


@pytest.fixture
async def many(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Many]:
    monkeypatch.setattr("gateway.notices.herald.AT_ONCE", 1)  # no process gets them all
    async with processes(tmp_path, database_url) as running:
        yield running


async def test_each_rung_is_climbed_once_whoever_climbs_it(many: Many) -> None:
    office = many.office
    lan, minh = await office.hire("Lan"), await office.hire("Minh")
    ha = await office.hire("Hà", "supervisor")
    many.chief = ha.id

    def subscribe(tx: Tx) -> None:
        for who in (lan, minh):
            endpoint = f"https://push.example/{who.id}"
            listeners.subscribe(tx, who.id, endpoint=endpoint, p256dh="k", auth="a", host="h", agent="test")
        listeners.wish(tx, ha.id, replace(listeners.wishes(tx, ha.id), letters=False))

    await office.parts.store.run(subscribe)
    reached = frozenset[str](), frozenset({"push"}), frozenset({"push", "email"})
    waiting = []
    async with AsyncExitStack() as quiet:
        for herald in many.heralds:  # all of them begin at once
            await quiet.enter_async_context(herald._line)
        for number in range(6):
            waiting.append(await office.customer(f"10{number}", "gặp tư vấn viên"))
            many.fails[waiting[-1]] = reached[number % 3]
        await office.settled()
    for _ in range(6):
        await many.later(6)
    wanted: Counter[tuple[str, str, str]] = Counter()
    for number, conversation in enumerate(waiting):
        climbed = [("push", lan.id), ("push", minh.id)]
        climbed += [("email", lan.id), ("email", minh.id)] if number % 3 > 0 else []
        climbed += [("email", ha.id)] if number % 3 > 1 else []
        wanted.update((conversation, *one) for one in climbed)
    assert many.taken == wanted
    assert await many.states() == {"told": len(waiting)}


async def test_a_group_hears_one_line_a_minute_from_all_of_them(many: Many) -> None:
    office, platform = many.office, many.office.platforms["telegram"]
    many.office.parts.config = replace(
        many.office.parts.config, notices=replace(many.office.parts.config.notices, groups=(GROUP,))
    )
    for herald in many.heralds:
        herald._parts.config = many.office.parts.config
    said: list[int] = []
    takes = platform.call

    async def call(request: Any) -> str:
        if str(getattr(request, "chat_id", "")) == "-100777":
            said.append(office.parts.clock.ms())
            await asyncio.sleep(0.05)  # long enough for the others to want to speak as well
        return await takes(request)

    platform.call = call  # type: ignore[method-assign]
    async with AsyncExitStack() as quiet:
        for herald in many.heralds:
            await quiet.enter_async_context(herald._line)
        for number in range(6):
            await office.customer(f"20{number}", "gặp tư vấn viên")
        await office.settled()
        while await office.parts.store.run(many.heralds[0]._look) != (0, []):
            pass
    await many.later(0)
    for _ in range(3):
        await many.later(tellings.AGAIN_MS / 1000)
    assert len(said) == 1  # and it counted all of them
    assert await many.states() == {"told": 6}
    await office.customer("300", "gặp tư vấn viên")
    await office.settled()
    await many.later(1)
    await many.later(61)
    assert len(said) == 2
    assert said[1] - said[0] >= 60_000
