"""The loops against a store that is real and a platform that is not: what becomes of a row, an update, an account."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from channels import registry
from channels.contract import (
    Account,
    ChannelError,
    Delivery,
    InboundEvent,
    MalformedPayload,
    NeedsReauth,
    OutboundMessage,
    RateLimited,
)
from channels.telegram import answers
from gateway import doclinks, polling, pump, webhooks
from gateway import parts as parts_module
from gateway.config import Config
from gateway.hub import Hub
from gateway.metrics import Metrics
from gateway.parts import PARTS, Clock, Parts
from gateway.sender import Sender
from gateway.web import security
from storage import accounts
from storage.db import Store
from storage.errors import StorageUnavailable
from storage.keys import KeyMissing, KeyRing
from storage.outbox import Outcome, SendJob
from tests.support import tables

SECRET = "s" * 32
ACCOUNT = Account(channel="telegram", name="main", settings={"token": "1:x", "secret": SECRET})
ID = ACCOUNT.id
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class Platform:
    """A client whose answers are said beforehand; `polls` yields or raises what is put there."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.errors: list[Exception] = []
        self.polls: asyncio.Queue[Any] = asyncio.Queue()
        self.alive: Exception | None = None
        self.asked = 0
        self.trouble = ""

    async def call(self, request: Any) -> str:
        self.calls.append(request)
        if self.errors:
            raise self.errors.pop(0)
        return "7"

    async def status(self) -> dict[str, Any]:
        self.asked += 1
        if self.alive is not None:
            raise self.alive
        return {}

    async def batches(self) -> AsyncIterator[Sequence[Delivery]]:
        while True:
            found = await self.polls.get()
            if isinstance(found, Exception):
                self.trouble = str(found)
                raise found
            self.trouble = ""
            if found:
                yield found

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None: ...


class House:
    """The parts that the loops use."""

    def __init__(self, parts: Parts, platform: Platform) -> None:
        self.parts, self.platform, self.store = parts, platform, parts.store
        self.sender = Sender(parts)
        self.marks: list[Outcome] = []
        self.hints: list[tuple[str, str]] = []

    async def row(self) -> tuple[str, str]:
        row = await self.store.read(lambda tx: tx.one("SELECT state, reason FROM account WHERE id = :id", id=ID))
        return row.state, row.reason

    async def becomes(self, state: str) -> None:
        async with asyncio.timeout(60):
            while True:
                if (await self.row())[0] == state:
                    return
                await asyncio.sleep(0.01)

    async def send(self, **changes: Any) -> Outcome:
        """What a call of this row brings."""
        job = SendJob(
            id="o1",
            account_id=ID,
            point_id=changes.pop("point_id", "p1"),
            conversation_id="c1",
            message_id="m1",
            klass="A",
            attempts=0,
            not_after=None,
            created_at=self.parts.clock.ms(),
            body={"thread": "5", "text": "Chào"} | changes,
        )
        await self.sender._send(job)
        return self.marks[-1]

    async def kept(self) -> list[tuple[str, str]]:
        rows = await self.store.read(lambda tx: tx.all("SELECT state, reason FROM inbox_event ORDER BY seq, id"))
        return [(row.state, row.reason) for row in rows]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    clock = Clock()
    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}", KeyRing.ephemeral(), now_ms=clock.ms)
    tables.lay(store)
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    store.gates.configure(ID, rate=0, chat_rate=0)
    await store.run(lambda tx: accounts.ensure(tx, [(ID, "telegram", "main")]))
    platform = Platform()
    config = SimpleNamespace(
        conversation=SimpleNamespace(turn_quiet_ms=0),
        limits_of=lambda account, limits: replace(limits, inbound_per_s=0),
    )
    engine = SimpleNamespace(remember=lambda event_id, event: None)
    parts = Parts(
        config=cast("Config", config),
        clock=clock,
        store=store,
        engine=cast("Any", engine),
        texts=cast("Any", None),
        hub=Hub(),
        metrics=Metrics(),
        adapters={"telegram": registry.adapter("telegram")},
        accounts={ID: ACCOUNT},
        clients={ID: platform},
    )
    made = House(parts, platform)
    store.on_commit = lambda hints, sends: made.hints.extend(hints)
    monkeypatch.setattr(store, "mark", made.marks.append)
    monkeypatch.setattr(polling, "POLL_AGAIN_S", 0.01)
    try:
        yield made
    finally:
        await asyncio.to_thread(store.close)


@contextlib.asynccontextmanager
async def looping(*loops: Awaitable[None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def update(number: int) -> bytes:
    person = b'{"id":5,"is_bot":false,"first_name":"Lan"}'
    return (
        b'{"update_id":%d,"message":{"message_id":%d,"date":1793345010,"from":%b,"chat":{"id":5,"type":"private"},"text":"a"}}'
        % (number, number, person)
    )


# ---- polling


async def test_a_conflict_of_two_pollers_is_shown_and_holds_no_send_back(house: House) -> None:
    async with looping(polling.poll(house.parts, ID), pump.pump(house.parts)):
        house.platform.polls.put_nowait(NeedsReauth("another process polls this bot", code="409"))
        await house.becomes("auth_broken")
        assert (await house.row())[1] == "another process polls this bot"
        assert ("account", ID) in house.hints
        gate = house.store.gates.of(ID)
        assert gate is not None
        assert not gate.broken
        assert (await house.send()).state == "sent"
        house.platform.polls.put_nowait([])  # a poll that is answered, with nothing in it
        await house.becomes("ok")
        assert (await house.row())[1] == ""


async def test_updates_that_come_again_mend_the_account_at_once(house: House) -> None:
    async with looping(polling.poll(house.parts, ID)):
        house.platform.polls.put_nowait(NeedsReauth("401"))
        await house.becomes("auth_broken")
        house.platform.polls.put_nowait([Delivery(headers={}, body=update(1))])
        await house.becomes("ok")


async def test_an_update_that_breaks_the_adapter_is_kept_aside_and_the_polling_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _breaks(house, monkeypatch)
    batch = [Delivery(headers={}, body=body) for body in (update(1), b"bug", b"bad", update(2))]
    async with asyncio.timeout(60):
        await polling._take(house.parts, ID, house.parts.adapters["telegram"], batch)
    assert sorted(await house.kept()) == [
        ("new", ""),
        ("new", ""),
        ("quarantined", "no update"),
        ("quarantined", "our own error: ZeroDivisionError"),
    ]


def _breaks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = house.parts.adapters["telegram"]

    def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
        if delivery.body == b"bug":
            raise ZeroDivisionError
        if delivery.body == b"bad":
            raise MalformedPayload("no update")
        return real.parse(delivery, account)

    house.parts.adapters = {"telegram": replace(real, parse=parse)}


async def test_an_event_that_breaks_our_own_reading_is_kept_aside_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remember(event_id: str, event: InboundEvent) -> None:
        raise ZeroDivisionError

    house.parts.engine = cast("Any", SimpleNamespace(remember=remember))
    async with asyncio.timeout(60):
        await polling._take(house.parts, ID, house.parts.adapters["telegram"], [Delivery(headers={}, body=update(1))])
    assert await house.kept() == [("quarantined", "our own error: ZeroDivisionError")]


# ---- a dead token


async def test_a_dead_token_is_asked_about_until_it_lives(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "PROBE_S", 0.05)
    house.platform.alive = NeedsReauth("still dead")
    async with looping(pump.pump(house.parts)):
        house.platform.errors = [NeedsReauth("the token is not known there", code="401")]
        outcome = await house.send()
        assert (outcome.state, outcome.error, outcome.tried) == ("retry_wait", "auth_broken", False)
        await house.becomes("auth_broken")
        gate = house.store.gates.of(ID)
        assert gate is not None
        await until(lambda: house.platform.asked >= 2)
        assert gate.broken
        house.platform.alive = None
        await house.becomes("ok")
        assert not gate.broken


async def test_it_is_asked_about_once_a_minute(house: House) -> None:
    house.store.gates.break_(ID, "dead")
    house.platform.alive = NeedsReauth("still dead")
    async with looping(pump.pump(house.parts)):
        await asyncio.sleep(1.2)
    assert house.platform.asked == 0  # the first look is a minute after it died


def test_mending_a_token_ends_no_pause(house: House) -> None:
    gates = house.store.gates
    gates.pause(ID, 10**15)
    gates.break_(ID, "dead")
    gates.mend(ID)
    assert not gates.admit(ID, "p1", house.parts.clock.ms())


# ---- what comes before the call


def _reading(error: Exception) -> Callable[[str], Awaitable[bytes]]:
    async def read(file_id: str) -> bytes:
        raise error

    return read


@pytest.mark.parametrize(
    "error, state, word",
    [
        (StorageUnavailable("SQLITE_BUSY"), "retry_wait", "not_reached"),
        (TimeoutError(), "retry_wait", "not_reached"),
        (OSError(5, "I/O"), "retry_wait", "not_reached"),
        (FileNotFoundError("f"), "failed", "file_gone"),
        (KeyMissing("file"), "failed", "file_gone"),
        (KeyError("f"), "failed", "file_gone"),
        (ZeroDivisionError(), "failed", "bad_request"),
    ],
)
async def test_a_file_that_cannot_be_read_is_no_unknown_send(
    house: House, error: Exception, state: str, word: str
) -> None:
    house.parts.read_file = _reading(error)
    outcome = await house.send(file=["f", "a.pdf", "application/pdf", 3])
    assert (outcome.state, outcome.error) == (state, word)
    assert house.platform.calls == []


@pytest.mark.parametrize("whole", [True, False])
async def test_a_picture_that_is_too_large_is_made_smaller_or_becomes_a_link(
    house: House, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    adapter, said = house.parts.adapters["telegram"], list[OutboundMessage]()
    carries = replace(adapter.capabilities, file_types={"image/jpeg": 20_000})

    def render(message: OutboundMessage, account: Account) -> OutboundMessage:
        said.append(message)
        return message

    async def address(parts: Parts, *, account_id: str, file_id: str, link_id: str) -> str:
        return f"https://a.vn/{file_id}/{link_id}"

    adapters = {**house.parts.adapters, "telegram": replace(adapter, capabilities=carries, varies=None, render=render)}
    monkeypatch.setattr(house.parts, "adapters", adapters)
    monkeypatch.setattr(doclinks, "address", address)
    png = io.BytesIO()
    Image.effect_noise((300, 200), 20).save(png, "PNG")
    data = png.getvalue() if whole else png.getvalue()[:100]

    async def read(file_id: str) -> bytes:
        return data

    house.parts.read_file = read
    outcome = await house.send(text="Ảnh ạ", file=["f", "a.png", "image/png", len(data) * 99], beside="Mở tại đây:")
    assert outcome.state == "sent"
    (message,) = said
    if whole:
        assert message.file is not None
        assert (message.text, message.file.name, message.file.mime) == ("Ảnh ạ", "a.jpg", "image/jpeg")
        assert message.file.size == len(message.file.data) <= 20_000
    else:
        assert (message.file, message.text) == (None, "Ảnh ạ\n\nMở tại đây:\nhttps://a.vn/f/o1")


@pytest.mark.parametrize("body", [{"buttons": [["a"]]}, {"buttons": 3}])
async def test_a_message_that_cannot_be_written_is_refused(house: House, body: dict[str, Any]) -> None:
    outcome = await house.send(**body)
    assert (outcome.state, outcome.error) == ("failed", "bad_request")
    assert house.platform.calls == []


async def test_only_the_call_itself_may_be_unknown(house: House) -> None:
    house.platform.errors = [ZeroDivisionError()]
    outcome = await house.send()
    assert (outcome.state, outcome.error) == ("unknown", "answer_lost")


# ---- too fast


def test_telegram_speaks_of_one_chat() -> None:
    for body in (b'{"ok":false,"error_code":429,"parameters":{"retry_after":7}}', b"<html>"):
        with pytest.raises(RateLimited) as caught:
            answers.outcome(429, body)
        assert not caught.value.whole_account


def _slow(seconds: float) -> ChannelError:
    return RateLimited("slow", retry_after=seconds, code="429", whole_account=False)


async def test_one_chat_that_is_too_fast_pauses_no_other(house: House) -> None:
    house.platform.errors = [_slow(900) for _ in range(5)]
    for point in ("p1", "p1", "p2", "p1", "p2"):
        outcome = await house.send(point_id=point)
        assert (outcome.state, outcome.error, outcome.tried, outcome.account) == (
            "retry_wait",
            "throttled",
            False,
            None,
        )
        assert outcome.not_before - house.parts.clock.ms() > 890_000
    assert (await house.send(point_id="p3")).state == "sent"
    gate = house.store.gates.of(ID)
    assert gate is not None
    assert gate.paused_until == 0


async def test_three_chats_within_ten_seconds_are_the_account(house: House) -> None:
    house.platform.errors = [_slow(900_000) for _ in range(3)]
    for point in ("p1", "p2", "p3"):
        outcome = await house.send(point_id=point)
    gate = house.store.gates.of(ID)
    assert gate is not None
    assert 3_590_000 < gate.paused_until - house.parts.clock.ms() <= 3_600_000
    assert outcome.account == ("throttled", "too many requests", gate.paused_until)


async def test_three_chats_in_a_minute_are_not(house: House) -> None:
    house.platform.errors = [_slow(1) for _ in range(3)]
    for point in ("p1", "p2", "p3"):
        assert (await house.send(point_id=point)).account is None
        house.parts.clock.offset_ms += 6_000


async def test_the_account_is_well_again_when_its_pause_is_over(house: House) -> None:
    async with looping(pump.pump(house.parts)):
        house.platform.errors = [RateLimited("slow", retry_after=600, whole_account=True)]
        await house.send()
        await house.becomes("throttled")
        house.parts.clock.offset_ms += 601_000
        await house.becomes("ok")
        assert (await house.send()).state == "sent"


async def test_a_pause_that_ends_forgives_no_dead_token(house: House) -> None:
    async with looping(pump.pump(house.parts)):
        house.platform.errors = [RateLimited("slow", retry_after=600), NeedsReauth("dead")]
        await house.send()
        await house.becomes("throttled")
        await house.send()
        await house.becomes("auth_broken")
        house.parts.clock.offset_ms += 601_000
        await asyncio.sleep(1.2)
        assert await house.row() == ("auth_broken", "dead")


# ---- the pump says what it meets


async def test_a_bug_in_the_pump_is_told_once_a_minute_and_trouble_of_the_storage_never(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    looked: list[Exception] = []
    errors = iter([StorageUnavailable("SQLITE_FULL"), *[ZeroDivisionError() for _ in range(10_000)]])

    async def broken(parts: Parts) -> int:
        looked.append(next(errors))
        raise looked[-1]

    monkeypatch.setattr(pump, "claim_due", broken)
    monkeypatch.setattr(pump, "IDLE_S", 0.01)
    monkeypatch.setattr(pump.log, "exception", lambda event, **_: told.append(event))
    async with looping(pump.pump(house.parts)):
        await until(lambda: len(looked) >= 5)
    assert told == ["pump.failed"]


# ---- the hooks


@contextlib.asynccontextmanager
async def hooks(house: House) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app[PARTS] = house.parts
    app.add_routes(webhooks.routes(house.parts))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_delivery_that_breaks_the_adapter_is_kept_aside_and_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _breaks(house, monkeypatch)
    async with hooks(house) as client:
        for body in (b"bug", b"bad", b"bug", update(1)):
            answer = await client.post("/hooks/telegram/main", data=body, headers=HEADERS)
            assert answer.status == 200
    assert sorted(await house.kept()) == [
        ("new", ""),
        ("quarantined", "no update"),
        ("quarantined", "our own error: ZeroDivisionError"),
    ]


async def test_beyond_the_cap_a_delivery_is_asked_to_come_again_before_its_body_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "IN_FLIGHT_CAP", 1)
    begun, held = asyncio.Event(), asyncio.Event()
    read, reads = webhooks._body, []

    async def counted(request: web.Request, cap: int) -> bytes:
        reads.append(cap)
        return await read(request, cap)

    monkeypatch.setattr(webhooks, "_body", counted)

    async def slowly() -> AsyncIterator[bytes]:
        yield update(1)[:10]
        begun.set()
        await held.wait()
        yield update(1)[10:]

    async with hooks(house) as client:
        first = asyncio.ensure_future(client.post("/hooks/telegram/main", data=slowly(), headers=HEADERS))
        await begun.wait()
        await until(lambda: reads)
        refused = await client.post("/hooks/telegram/main", data=update(2), headers=HEADERS)
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) >= 5
        assert len(reads) == 1
        held.set()
        assert (await first).status == 200
        again = await client.post("/hooks/telegram/main", data=update(2), headers=HEADERS)
        assert again.status == 200
    assert await house.kept() == [("new", ""), ("new", "")]


async def test_an_account_that_is_flooded_takes_what_it_may_and_asks_the_rest_to_come_again(house: House) -> None:
    cast("Any", house.parts.config).limits_of = lambda account, limits: replace(limits, inbound_per_s=0.001)
    async with hooks(house) as client:
        answers = [await client.post("/hooks/telegram/main", data=update(n), headers=HEADERS) for n in range(3)]
    assert [answer.status for answer in answers] == [200, 503, 503]
    assert all(int(answer.headers["Retry-After"]) >= 5 for answer in answers[1:])
    assert await house.kept() == [("new", "")]


async def test_an_account_has_its_address_and_nobody_else_one(house: House) -> None:
    async with hooks(house) as client:
        for path, status in (
            ("/hooks/telegram/main", 200),
            ("/hooks/telegram/main/secret-in-the-path", 200),
            ("/hooks/telegram/other", 404),
            ("/hooks/viber/main", 404),
        ):
            answer = await client.post(path, data=update(1), headers=HEADERS)
            assert (path, answer.status) == (path, status)
    assert await house.kept() == [("new", "")]


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_beyond_the_cap_is_refused_also_when_it_comes_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    monkeypatch.setattr(webhooks, "BODY_CAP", 1000)

    async def chunk() -> AsyncIterator[bytes]:
        yield b"x" * 1001

    async with hooks(house) as client:
        answer = await client.post("/hooks/telegram/main", data=b"x" * 1001 if told else chunk(), headers=HEADERS)
        assert answer.status == 413
        assert answer.headers["Connection"] == "close"
    assert await house.kept() == []


async def test_a_platform_is_told_a_status_and_a_browser_what_it_may_do(house: House) -> None:
    app = web.Application()
    app[PARTS] = house.parts
    security.harden(app)
    app.add_routes(webhooks.routes(house.parts))
    async with TestClient(TestServer(app)) as client:
        for path, status in (("/hooks/telegram/main", 200), ("/hooks/telegram/other", 404)):
            answer = await client.post(path, data=update(1), headers=HEADERS)
            assert (answer.status, await answer.read()) == (status, b"")
            assert "Content-Security-Policy" not in answer.headers
        page = await client.get("/hooks/telegram/main")
        assert page.status == 405
        assert page.headers.items() >= security.HEADERS.items()


async def test_taps_beyond_what_can_be_answered_are_not_answered(house: House) -> None:
    held, asked = asyncio.Event(), []

    async def answer_callback(callback_id: str) -> None:
        asked.append(callback_id)
        await held.wait()

    house.platform.answer_callback = answer_callback  # type: ignore[attr-defined]
    event = cast("InboundEvent", SimpleNamespace(extra={"callback_id": "1"}))
    for _ in range(parts_module.UNDER_WAY + 50):
        house.parts.noticed(ACCOUNT, event)
    assert len(house.parts.tasks) == parts_module.UNDER_WAY == 200
    held.set()
    await asyncio.gather(*house.parts.tasks)
    house.parts.noticed(ACCOUNT, event)
    await asyncio.gather(*house.parts.tasks)
    assert len(asked) == 201


async def test_the_client_says_what_is_wrong_with_the_polling() -> None:
    from channels.telegram.client import TelegramClient

    client = TelegramClient(replace(ACCOUNT, settings={"token": ""}))
    with pytest.raises(NeedsReauth):
        await anext(client.batches())
    assert "token" in client.trouble
    await client.close()
