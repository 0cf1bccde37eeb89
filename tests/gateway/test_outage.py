"""A platform that is away for an hour, five messages a second, by the clock of the test: what waits, waits in order and
leaves in order, once; the others notice nothing; what may not be said any more is shown."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import orjson
import pytest

from channels import registry
from channels.contract import Account, DeliveryUnknown, Permanent, Retryable
from gateway import pump
from gateway.hub import Hub
from gateway.metrics import Metrics
from gateway.parts import Clock, Parts
from gateway.sender import Sender
from storage import accounts
from storage.db import Store
from storage.gates import SLOTS
from storage.ids import new_id
from storage.keys import KeyRing
from storage.outbox import IS_OPEN
from storage.tx import Tx
from tests.support import tables

PAGE: Final = Account(channel="facebook", name="page", settings={"page_id": "1", "page_token": "t", "app_id": "9"})
BOT: Final = Account(channel="viber", name="bot", settings={"token": "v"})
CHATS: Final = 300
EVERY_S: Final = 60
HOUR_S: Final = 3600
DAY_MS: Final = 86_400_000


class HandClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.at = 1_795_000_000_000

    def ms(self) -> int:
        return self.at


class Platform:
    """Notes what reaches it. `away` -- every call ends like that · `odd` -- those of some chats do."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.odd: dict[str, Exception] = {}
        self.asked = 0
        self.got: dict[str, list[int]] = defaultdict(list)  # chat -> the numbers said there

    async def call(self, request: Any) -> str:
        self.asked += 1
        if self.away is not None:
            raise self.away
        said = orjson.loads(request.body)
        to, text = (
            (said["recipient"]["id"], said["message"]["text"])
            if "recipient" in said
            else (said["receiver"], said["text"])
        )
        if to in self.odd:
            raise self.odd[to]
        self.got[to].append(int(text))
        return f"m{self.asked}"

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None: ...


class House:
    def __init__(self, parts: Parts, clock: HandClock, page: Platform, bot: Platform) -> None:
        self.parts, self.store, self.clock, self.page, self.bot = parts, parts.store, clock, page, bot
        self.sender = Sender(parts)
        self.store.on_commit = lambda _hints, sends: self.sender.start(sends)
        self.number = 0

    async def open(self) -> None:
        def chats(tx: Tx) -> None:
            rows, keys = [], []
            for account in (PAGE, BOT):
                for chat in range(CHATS):
                    where = f"{account.channel}-{chat}"
                    keys.append((where, self.store.keys.new_contact_key(where)[1]))
                    rows.append({"id": where, "account_id": account.id, "thread": where, "contact_id": where, "conversation_id": where,
                                 "seq": 0, "message_seq": 0, "out_seq": 0, "reachable": True, "unreachable_reason": "",
                                 "last_inbound_at": self.clock.at, "created_at": self.clock.at})  # fmt: skip
            tx.insert_many("contact_point", rows)
            for contact, wrapped in keys:
                tx.insert("contact_key", contact_id=contact, wrapped=wrapped, created_at=self.clock.at)

        await self.store.run(chats)

    async def say(self, account: Account, count: int, *, klass: str = "B", lasts_ms: int = DAY_MS) -> None:
        """Rows of `count` messages, chat after chat."""

        def rows(tx: Tx) -> None:
            made = []
            for _ in range(count):
                self.number += 1
                row, where = new_id(), f"{account.channel}-{self.number % CHATS}"
                body = orjson.dumps({"thread": where, "text": str(self.number), "human": klass == "B"})
                made.append({"id": row, "cause": row, "step": 0, "account_id": account.id, "point_id": where, "contact_id": where,
                             "conversation_id": where, "message_id": row, "part": 0, "last_part": True, "out_seq": self.number, "klass": klass,
                             "purpose": "contact", "state": "queued", "boot_id": "", "attempts": 0, "error": "", "version": 0,
                             "body_sealed": self.store.keys.seal_for(tx, where, "outbox", "body_sealed", row, body),
                             "not_before": tx.now_ms, "not_after": tx.now_ms + lasts_ms, "created_at": tx.now_ms})  # fmt: skip
            tx.insert_many("outbox", made)

        await self.store.run(rows)

    async def look(self) -> int:
        """The pump looks once; until all that it let out has come back and is written."""
        asked = self.page.asked + self.bot.asked
        await pump.claim_due(self.parts)
        while self.sender._tasks:
            await asyncio.gather(*self.sender._tasks)
            await self.store.run(lambda _tx: None)  # the marks, and what they claimed
        return self.page.asked + self.bot.asked - asked

    async def drained(self) -> None:
        while True:
            await self.look()
            left = await self.store.read(lambda tx: tx.value(f"SELECT COUNT(*) FROM outbox WHERE {IS_OPEN}"))
            if not left:
                return
            self.clock.at += 100

    async def states(self, account: Account) -> dict[tuple[str, str], int]:
        rows = await self.store.read(
            lambda tx: tx.all(
                "SELECT state, error, COUNT(*) AS n FROM outbox WHERE account_id = :id GROUP BY state, error",
                id=account.id,
            )
        )
        return {(row.state, row.error): row.n for row in rows}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = HandClock()
    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}", KeyRing.ephemeral(), now_ms=clock.ms)
    tables.lay(store)
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    for account in (PAGE, BOT):
        store.gates.configure(account.id, rate=0, chat_rate=0)
    await store.run(lambda tx: accounts.ensure(tx, [(a.id, a.channel, a.name) for a in (PAGE, BOT)]))
    page, bot = Platform(), Platform()
    parts = Parts(
        config=cast("Any", SimpleNamespace()),
        clock=clock,
        store=store,
        engine=cast("Any", None),
        texts=cast("Any", None),
        hub=Hub(),
        metrics=Metrics(),
        adapters={name: registry.adapter(name) for name in ("facebook", "viber")},
        accounts={PAGE.id: PAGE, BOT.id: BOT},
        clients={PAGE.id: page, BOT.id: bot},
    )
    made = House(parts, clock, page, bot)
    await made.open()
    try:
        yield made
    finally:
        await asyncio.to_thread(store.close)


async def test_an_hour_without_the_platform(house: House) -> None:
    house.page.away = Retryable("facebook: not reached")
    late = 0
    for _ in range(0, HOUR_S, EVERY_S):
        await house.say(PAGE, 5 * EVERY_S)
        await house.say(BOT, 2)
        await house.look()
        late += list(await house.states(BOT)) != [("sent", "")]
        house.clock.at += EVERY_S * 1000
    assert late == 0, "the other channel's messages left as they came"
    assert house.page.asked < SLOTS + 20, "the platform was not hammered"
    assert not house.page.got
    gate = house.store.gates.of(PAGE.id)
    assert gate is not None
    assert gate.state(house.clock.at)[0] == "down"

    house.page.away = None
    house.clock.at += 300_000 * 6 // 5
    await house.drained()
    assert gate.state(house.clock.at) == ("ok", "", None)
    assert await house.states(PAGE) == {("sent", ""): 5 * HOUR_S}
    for account, platform, count in ((PAGE, house.page, 5 * HOUR_S), (BOT, house.bot, 2 * HOUR_S // EVERY_S)):
        said = [number for chat in platform.got.values() for number in chat]
        assert (len(said), len(set(said))) == (count, count), f"{account.id}: nothing lost, nothing twice"
        assert all(chat == sorted(chat) for chat in platform.got.values()), f"{account.id}: in order"
    assert await house.store.read(lambda tx: tx.value("SELECT MAX(attempts) FROM outbox")) <= 2, (
        "waiting costs no attempt, and everybody asks in turn"
    )


async def test_a_window_that_closed_meanwhile_is_shown_and_not_overrun(house: House) -> None:
    house.page.away = Retryable("facebook: not reached")
    house.clock.at += DAY_MS - 30 * 60_000
    await house.say(PAGE, 80)
    for _ in range(2):
        house.clock.at += 10 * 60_000
        await house.look()
    assert {state for state, _ in await house.states(PAGE)} <= {"queued", "retry_wait"}
    house.page.away = None
    house.clock.at += 600_001
    await house.drained()
    assert await house.states(PAGE) == {("failed", "window"): 80}
    assert not house.page.got
    told = await house.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM inbox_event WHERE kind = 'send_ended'"))
    assert told == 80, "every conversation learns of it"


async def test_whether_it_is_back_is_asked_by_what_may_be_said_twice(house: House) -> None:
    house.page.away = Retryable("facebook: not reached")
    await house.say(PAGE, 5)
    await house.look()
    await house.say(PAGE, 1, klass="C")
    house.page.away = DeliveryUnknown("the answer was lost")
    house.clock.at += 36_001
    before = await house.states(PAGE)
    await house.look()
    row = await house.store.read(
        lambda tx: tx.one("SELECT klass, attempts, state FROM outbox ORDER BY id DESC LIMIT 1")
    )
    assert row is not None
    assert (row.klass, row.attempts) == ("C", 1)
    assert ("unknown", "answer_lost") not in before | await house.states(PAGE), "no advisor's words were put at stake"


async def test_one_message_that_the_platform_refuses_opens_nothing(house: House) -> None:
    house.page.away = Permanent("blocked", reason="blocked")
    await house.say(PAGE, 20)
    await house.look()
    gate = house.store.gates.of(PAGE.id)
    assert gate is not None
    assert gate.state(house.clock.at)[0] == "ok"


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(Retryable("email: not taken now", code="450", answered=True), id="refused-for-now"),
        pytest.param(Retryable("facebook: not reached"), id="never-answered"),
        pytest.param(Retryable("the reader cannot be looked up now", answered=None), id="our-own"),
    ],
)
async def test_one_message_that_never_gets_through_stops_nobody_else(house: House, odd: Retryable) -> None:
    house.page.odd["facebook-1"] = odd
    await house.say(PAGE, 1)
    for _ in range(60):
        await house.look()
        house.clock.at += 1000
    gate = house.store.gates.of(PAGE.id)
    assert gate is not None
    assert (gate.state(house.clock.at)[0] == "down") == (odd.answered is False)
    await house.say(PAGE, 5)
    for _ in range(60):
        await house.look()
        house.clock.at += 2000
    assert sum(map(len, house.page.got.values())) == 5
    assert gate.state(house.clock.at) == ("ok", "", None), "the one that fails does not open it again"
    for _ in range(6):
        house.clock.at += HOUR_S * 1000 // 6
        await house.say(PAGE, 1)
        await house.look()
    assert sum(map(len, house.page.got.values())) == 11, "hour after hour"


async def test_what_fails_on_our_side_says_nothing_of_the_platform(house: House) -> None:
    house.page.away = Retryable("the reader cannot be looked up now", answered=None)
    await house.say(PAGE, 30)
    await house.look()
    gate = house.store.gates.of(PAGE.id)
    assert gate is not None
    assert gate.state(house.clock.at)[0] == "ok"
    house.page.away = Retryable("facebook: not reached")
    house.clock.at += 2000
    await house.look()
    assert gate.state(house.clock.at)[0] == "down"
    house.page.away = Permanent("more than we may send")
    house.clock.at += 36_001
    for _ in range(5):
        await house.look()
    assert gate.state(house.clock.at)[0] == "down", "nobody has heard of it"
