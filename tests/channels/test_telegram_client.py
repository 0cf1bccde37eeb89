"""The Telegram client against the strict stand-in: what was accepted there, and what we believe of it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from channels.contract import (
    Account,
    Button,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    Kind,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
)
from channels.http import Http
from channels.telegram.adapter import parse, render
from channels.telegram.client import TelegramClient
from channels.telegram.settings import UPDATES
from gateway.demo.standins.telegram import (
    TOKEN,
    FakeTelegram,
    Fault,
    HandClock,
    answer,
    drop,
    error,
    flood,
    half,
    hang,
    refuse,
    server_error,
)
from tests.support.errands import done

SECRET = "s" * 32


class Bot:
    """The stand-in, our client of it, a customer who has pressed Start, and how long the client paused."""

    def __init__(
        self, fake: FakeTelegram, url: str, *, token: str = TOKEN, receive: str = "polling", idle_s: float = 15
    ) -> None:
        self.fake = fake
        self.account = Account(
            channel="telegram",
            name="main",
            settings={"token": token, "secret": SECRET, "receive": receive, "api_url": url},
        )
        self.pauses: list[float] = []
        self.down = False  # our webhook, not Telegram
        self.client = TelegramClient(self.account, http=Http(url, idle_s=idle_s), pause=self._pause)
        self.message = OutboundMessage(id="o", thread="0", text="Anh chị cần gì ạ?")

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def say(self, **changes: Any) -> str:
        return await self.client.call(render(replace(self.message, **changes), self.account))


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Bot]:
    fake = FakeTelegram(clock=HandClock())
    async with fake.running() as url:
        made = Bot(fake, url, **options)
        lan = fake.customer(first_name="Lan")
        await lan.start()
        made.message = replace(made.message, thread=str(lan.id))
        try:
            yield made
        finally:
            await made.client.close()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with running() as made:
        yield made


def customer(bot: Bot) -> Any:
    return bot.fake.chats[int(bot.message.thread)]


# ---- sending


async def test_a_text_arrives_as_it_was_written(bot: Bot) -> None:
    number = await bot.say(text="Chào <b>chị</b> & nhà 👋 _x_")
    (sent,) = bot.fake.sent
    assert (str(sent.message_id), sent.text) == (number, "Chào <b>chị</b> & nhà 👋 _x_")
    assert set(sent.params) == {"chat_id", "text"}


async def test_buttons_and_keyboards_are_taken(bot: Bot) -> None:
    await bot.say(
        buttons=(Button(id="need:car", label="Ô tô"), Button(id="w", label="Web", url="https://example.com/"))
    )
    await bot.say(buttons=(Button(id="phone", label="Gửi số", contact=True),))
    await bot.say(clear_keyboard=True, notification=False)
    inline, keyboard, removed = bot.fake.sent
    assert inline.buttons == ["Ô tô", "Web"]
    assert keyboard.buttons == ["Gửi số"]
    assert removed.params["reply_markup"] == {"remove_keyboard": True}
    assert removed.params["disable_notification"] is True


async def test_what_was_said_is_changed_and_taken_back(bot: Bot) -> None:
    number = await bot.say(text="Phí 500 nghìn")
    assert await bot.say(text="Phí 550 nghìn", edits=number) == number
    assert customer(bot).messages[int(number)]["text"] == "Phí 550 nghìn"
    await bot.say(text="Phí 550 nghìn", edits=number)  # the answer was lost: twice is once
    assert await bot.say(text="", edits=number) == ""
    assert int(number) not in customer(bot).messages
    await bot.say(text="", edits=number)
    with pytest.raises(Permanent):
        await bot.say(text="khác", edits=number)
    assert len(bot.fake.sent) == 1


@pytest.mark.parametrize(("mime", "field"), [("application/pdf", "document"), ("image/png", "photo")])
async def test_a_file_arrives_byte_for_byte(bot: Bot, mime: str, field: str) -> None:
    head = b"%PDF-1.7\r\n--boundary\r\n" if field == "document" else b"\x89PNG\r\n\x1a\n"
    data = head + bytes(range(256)) * 4000
    file = OutboundFile(id="f", name="Hợp đồng bảo hiểm.pdf", mime=mime, size=len(data), data=data)
    number = await bot.say(text="Hợp đồng của chị ạ\n“đủ dấu”", file=file, buttons=(Button(id="ok", label="Đã nhận"),))
    (sent,) = bot.fake.sent
    assert sent.file is not None
    assert (sent.file.field, sent.file.content, sent.file.name) == (field, data, "Hop_dong_bao_hiem.pdf")
    assert (str(sent.message_id), sent.text, sent.buttons) == (number, "Hợp đồng của chị ạ\n“đủ dấu”", ["Đã nhận"])


async def test_a_file_beyond_the_limit_is_not_even_sent(bot: Bot) -> None:
    file = OutboundFile(id="f", name="a.pdf", mime="application/pdf", size=(50 << 20) + 1, data=bytes((50 << 20) + 1))
    with pytest.raises(Permanent) as caught:
        await bot.say(file=file)
    assert caught.value.reason == "too_large"
    assert bot.fake.calls == []


FAULTS: list[tuple[Fault, type[ChannelError], bool]] = [
    (flood(7), RateLimited, False),
    (server_error(500), DeliveryUnknown, False),
    (server_error(500, accepted=True), DeliveryUnknown, True),
    (server_error(502), DeliveryUnknown, False),
    (server_error(503), Retryable, False),
    (server_error(504, accepted=True), DeliveryUnknown, True),
    (answer(200, b"<html>", accepted=True), DeliveryUnknown, True),
    (answer(302, b""), Retryable, False),
    (hang(), DeliveryUnknown, False),
    (hang(accepted=True), DeliveryUnknown, True),
    (drop(), DeliveryUnknown, False),
    (drop(accepted=True), DeliveryUnknown, True),
    (half(), DeliveryUnknown, True),
    (refuse(), DeliveryUnknown, False),
    (error(401, "Unauthorized"), NeedsReauth, False),
    (error(404, "Not Found"), NeedsReauth, False),
    (error(413, "Request Entity Too Large"), Permanent, False),
]


@pytest.mark.parametrize(("fault", "wanted", "accepted"), FAULTS, ids=lambda value: getattr(value, "kind", ""))
async def test_one_fault_one_call_one_verdict(
    fault: Fault, wanted: type[ChannelError], accepted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(idle_s=0.3 if fault.kind == "hang" else 15) as bot:
        await one_fault(bot, fault, wanted, accepted)
    assert TOKEN.partition(":")[2] not in caplog.text


async def one_fault(bot: Bot, fault: Fault, wanted: type[ChannelError], accepted: bool) -> None:
    bot.fake.next(fault)
    with pytest.raises(ChannelError) as caught:
        await bot.say()
    assert type(caught.value) is wanted
    assert len(bot.fake.calls) == 1  # nothing below us calls again
    assert len(bot.fake.sent) == accepted
    assert TOKEN.partition(":")[2] not in repr(caught.value)
    assert caught.value.__context__ is None
    bot.fake.release()
    if fault.kind != "hang":
        await bot.say(text="và sau đó")
        assert bot.fake.sent[-1].text == "và sau đó"


async def test_the_wait_is_theirs_to_the_second(bot: Bot) -> None:
    bot.fake.next(flood(37))
    with pytest.raises(RateLimited) as caught:
        await bot.say()
    assert caught.value.retry_after == 37.0


async def test_nobody_listens(bot: Bot) -> None:
    await bot.say()
    async with bot.fake.refusing():
        with pytest.raises(ChannelError) as caught:
            await bot.say()
        # the kept connection may be found dead before or after the first byte; a new one is surely refused
        assert isinstance(caught.value, (Retryable, DeliveryUnknown))
        with pytest.raises(Retryable):
            await bot.say()
    await bot.say()
    assert len(bot.fake.sent) == 2


async def test_who_cannot_be_written_to(bot: Bot) -> None:
    await customer(bot).block()
    never = bot.fake.customer(first_name="Minh")
    for thread, reason in ((bot.message.thread, "blocked"), (str(never.id), "never_started"), ("42", "not_found")):
        with pytest.raises(Permanent) as caught:
            await bot.say(thread=thread)
        assert caught.value.reason == reason


async def test_what_telegram_refuses_to_show(bot: Bot) -> None:
    for changes, reason in (
        ({"text": ""}, "bad_request"),
        ({"text": "x" * 4097}, "too_large"),
        ({"buttons": (Button(id="ô" * 40, label="x"),)}, "bad_request"),
    ):
        with pytest.raises(Permanent) as caught:
            await bot.say(**changes)
        assert caught.value.reason == reason
    assert bot.fake.sent == []


@pytest.mark.parametrize("token", ["7011223344:another", "1:xyz", "xyz", "1: xyz", ""])
async def test_a_wrong_token(token: str) -> None:
    async with running(token=token) as bot:
        with pytest.raises(NeedsReauth) as caught:
            await bot.say()
        assert "another" not in str(caught.value)
        assert "xyz" not in str(caught.value)


async def test_a_taps_spinner_is_stopped_once_and_late_is_harmless(bot: Bot) -> None:
    await bot.say(buttons=(Button(id="need:car", label="Ô tô"),))
    update = await customer(bot).tap("Ô tô")
    number = update["callback_query"]["id"]
    await bot.client.answer_callback(number)
    await bot.client.answer_callback(number)
    await bot.client.answer_callback("7")
    assert [call.status for call in bot.fake.calls if call.method == "answerCallbackQuery"] == [200, 400, 400]


# ---- files


async def test_a_picture_is_fetched_in_its_largest_size(bot: Bot) -> None:
    update = await customer(bot).photo(caption="Cà vẹt")
    (event,) = parse(Delivery(headers={}, body=orjson.dumps(update)), bot.account)
    largest = max(update["message"]["photo"], key=lambda size: size["width"])
    assert event.files[0].source == largest["file_id"]
    content = await bot.client.fetch(event.files[0].source, limit=1 << 20)
    assert content.startswith(b"\xff\xd8\xff")
    assert event.files[0].size == len(content)


async def test_a_file_that_is_too_large_or_gone(bot: Bot) -> None:
    said_large = await customer(bot).document("a.pdf", "application/pdf", b"%PDF", size=(20 << 20) + 1)
    five = await customer(bot).document("b.pdf", "application/pdf", b"12345")
    lies = await customer(bot).document("c.pdf", "application/pdf", b"12345", size=2)
    for update, limit in ((said_large, 1 << 30), (five, 4), (lies, 4)):
        with pytest.raises(Permanent) as caught:
            await bot.client.fetch(update["message"]["document"]["file_id"], limit=limit)
        assert caught.value.reason == "too_large"
    assert await bot.client.fetch(five["message"]["document"]["file_id"], limit=5) == b"12345"
    with pytest.raises(Permanent):
        await bot.client.fetch("no-such-file", limit=5)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (answer(404, b""), Permanent),
        (answer(500, b""), Retryable),
        (answer(401, b""), NeedsReauth),
        (answer(302, b""), Retryable),
        (drop(), Retryable),
        (half(), Retryable),
    ],
)
async def test_a_download_that_fails_may_be_tried_again(
    bot: Bot, fault: Fault, wanted: type[ChannelError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    update = await customer(bot).document("b.pdf", "application/pdf", b"12345")
    bot.fake.next(fault, method="download")
    with pytest.raises(wanted) as caught:
        await bot.client.fetch(update["message"]["document"]["file_id"], limit=5)
    assert TOKEN.partition(":")[2] not in repr(caught.value) + caplog.text
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a//b", "a/../b", "http://127.0.0.1:1/x", "a b", "a?b", "", None, 7]
)
async def test_only_plain_paths_are_fetched(bot: Bot, path: Any) -> None:
    bot.fake.next(answer(200, {"ok": True, "result": {"file_id": "x", "file_path": path}}), method="getFile")
    with pytest.raises(Permanent):
        await bot.client.fetch("x", limit=5)
    assert [call.method for call in bot.fake.calls] == ["getFile"]


# ---- polling

Batches = AsyncIterator[Any]


def texts(batch: Any, bot: Bot) -> list[str]:
    return [event.text or event.kind.value for delivery in batch for event in parse(delivery, bot.account)]


async def test_updates_are_confirmed_only_when_the_caller_comes_back(bot: Bot) -> None:
    lan, batches = customer(bot), bot.client.batches()
    await lan.say("một")
    await lan.say("hai")
    first = await anext(batches)
    assert texts(first, bot) == ["follow", "một", "hai"]
    assert len(bot.fake.updates.pending) == 3  # handed over, not confirmed

    following = asyncio.ensure_future(anext(batches))  # committed: the caller comes back
    await bot.fake.until(lambda: not bot.fake.updates.pending)
    await lan.say("ba")
    assert texts(await following, bot) == ["ba"]
    await batches.aclose()  # stopped before the commit

    again = bot.client.batches()
    assert texts(await anext(again), bot) == ["ba"]
    await again.aclose()
    polls = [call for call in bot.fake.calls if call.method == "getUpdates"]
    assert polls[0].params["allowed_updates"] == list(UPDATES)
    assert all(call.params["timeout"] == 25 for call in polls)
    assert bot.pauses == []


async def test_each_update_has_bytes_of_its_own_that_can_be_read_again(bot: Bot) -> None:
    await customer(bot).say("một 🚗")
    batches = bot.client.batches()
    deliveries = await anext(batches)
    for delivery in deliveries:
        (event,) = parse(delivery, bot.account)
        assert event.raw == delivery.body
        assert parse(Delivery(headers={}, body=event.raw), bot.account) == [event]
    assert len({delivery.body for delivery in deliveries}) == len(deliveries) == 2
    await batches.aclose()


async def test_failed_polls_are_waited_out(bot: Bot) -> None:
    bot.fake.next(drop(), server_error(502), half(), flood(9), answer(200, b"<html>"), method="getUpdates")
    batches = bot.client.batches()
    assert texts(await anext(batches), bot) == ["follow"]
    await batches.aclose()
    first, second, third, exact, fourth = bot.pauses
    assert exact == 9.0
    for pause, about in ((first, 1), (second, 2), (third, 5), (fourth, 15)):
        assert about * 0.8 <= pause <= about * 1.2
    assert bot.client.trouble == ""


async def test_a_server_that_does_not_hold_the_line_is_not_asked_in_a_circle(bot: Bot) -> None:
    bot.fake.next(answer(200, {"ok": True, "result": []}), method="getUpdates")
    batches = bot.client.batches()
    assert texts(await anext(batches), bot) == ["follow"]
    await batches.aclose()
    assert bot.pauses == [0.5]


async def test_a_webhook_is_removed_before_polling(bot: Bot) -> None:
    bot.fake.next(server_error(502), method="deleteWebhook")
    batches = bot.client.batches()
    await anext(batches)
    await batches.aclose()
    assert [call.method for call in bot.fake.calls] == ["deleteWebhook", "deleteWebhook", "getUpdates"]


async def test_two_pollers_are_a_mistake_that_is_said_aloud(bot: Bot) -> None:
    mine = bot.client.batches()
    await anext(mine)
    waiting = asyncio.ensure_future(anext(mine))
    await bot.fake.until(lambda: bot.fake.updates.polled)
    other = TelegramClient(bot.account)
    theirs = asyncio.ensure_future(anext(other.batches()))
    with pytest.raises(NeedsReauth, match="another process polls this bot"):
        await waiting
    theirs.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await theirs
    await other.close()


async def test_a_webhook_that_somebody_sets_while_we_poll_is_told_and_left_to_him(bot: Bot) -> None:
    batches = bot.client.batches()
    await anext(batches)
    waiting = asyncio.ensure_future(anext(batches))
    await bot.fake.until(lambda: bot.fake.updates.polled)
    async with deliveries(bot) as (url, _):
        await done(other(bot).setup(url))
        for again in (waiting, anext(bot.client.batches())):
            with pytest.raises(NeedsReauth, match="a webhook is set for this bot, by another gateway"):
                await again
        assert bot.fake.updates.webhook is not None
    assert (await done(bot.client.setup("")))[0].startswith("webhook removed")  # a person decided
    await customer(bot).say("một")
    batches = bot.client.batches()
    assert "một" in texts(await anext(batches), bot)
    await batches.aclose()


async def test_after_a_quiet_week_telegram_counts_anew(bot: Bot) -> None:
    batches = bot.client.batches()
    await anext(batches)  # Start
    following = asyncio.ensure_future(anext(batches))
    clock: Any = bot.fake.clock
    await clock.sleepers(1)
    clock.advance(25)  # no news
    await bot.fake.until(lambda: sum(call.method == "getUpdates" for call in bot.fake.calls) == 3)
    asked = [call.params.get("offset") for call in bot.fake.calls if call.method == "getUpdates"]
    assert asked[0] is None
    assert asked[1] is not None  # confirms Start
    assert asked[-1] is None  # nothing is left to confirm: an id below the last one is not swallowed
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


async def test_a_wrong_token_ends_the_polling() -> None:
    async with running(token="1:x") as bot:
        with pytest.raises(NeedsReauth):
            await anext(bot.client.batches())


async def test_a_closed_client_polls_no_more(bot: Bot) -> None:
    batches = bot.client.batches()
    await anext(batches)
    waiting = asyncio.ensure_future(anext(batches))
    await bot.fake.until(lambda: bot.fake.updates.polled)
    await bot.client.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_one_unreadable_update_costs_nobody_else_anything(bot: Bot) -> None:
    bad = b'{"ok":true,"result":[{"update_id":1,"x":{"a":1,"a":2}},{"update_id":2,"message":"\\ud83d"}]}'
    bot.fake.next(answer(200, bad), method="getUpdates")
    batches = bot.client.batches()
    deliveries = await anext(batches)
    assert [delivery.body for delivery in deliveries] == [
        b'{"update_id":1,"x":{"a":1,"a":2}}',
        b'{"update_id":2,"message":"\\ud83d"}',
    ]
    assert texts(await anext(batches), bot) == ["follow"]
    await batches.aclose()


# ---- set-up


async def received(bot: Bot, make: Callable[[], Awaitable[Any]]) -> list[Any]:
    """What our webhook got to verify and read."""
    async with deliveries(bot) as (url, events):
        lines = await done(bot.client.setup(url))
        assert not any(SECRET in line for line in lines)
        await make()
        await bot.fake.settled()
    return events


@contextlib.asynccontextmanager
async def deliveries(bot: Bot) -> AsyncIterator[tuple[str, list[Any]]]:
    """A webhook of ours: its address, and the events that it has taken. While `bot.down` it answers 503."""
    from aiohttp import web

    from channels.telegram.adapter import verify

    events: list[Any] = []

    async def hook(request: web.Request) -> web.Response:
        if bot.down:
            return web.Response(status=503)
        delivery = Delivery(headers=request.headers, body=await request.read())
        verify(delivery, bot.account)
        events.extend(parse(delivery, bot.account))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/telegram/main", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/telegram/main", events
    finally:
        await runner.cleanup()


def other(bot: Bot, receive: str = "webhook") -> TelegramClient:
    """A client of the same bot that receives in the other way, as after a restart with another `receive`."""
    settings = {**bot.account.settings, "receive": receive}
    return TelegramClient(replace(bot.account, settings=settings), http=bot.client._http, pause=bot._pause)


def keys(bot: Bot, batch: Any) -> list[str]:
    return [event.key for delivery in batch for event in parse(delivery, bot.account)]


@pytest.mark.parametrize("killed", [True, False])
async def test_from_polling_to_the_webhook_nothing_is_lost_and_what_comes_twice_has_its_name(
    bot: Bot, killed: bool
) -> None:
    lan, batches = customer(bot), bot.client.batches()
    await lan.say("một")
    kept = keys(bot, await anext(batches))  # committed
    if not killed:  # the next poll confirms them
        following = asyncio.ensure_future(anext(batches))
        await bot.fake.until(lambda: bot.fake.updates.polled)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    await batches.aclose()
    await lan.say("hai")  # nobody receives
    async with deliveries(bot) as (url, events):
        await done(other(bot).setup(url))
        await lan.say("ba")
        await bot.fake.settled()
    came = [event.key for event in events]
    assert [event.text for event in events if event.key not in kept] == ["hai", "ba"]
    assert came[:2] == kept if killed else not set(came) & set(kept)


@pytest.mark.parametrize("killed", [True, False])
async def test_from_the_webhook_to_polling_nothing_is_lost_and_what_comes_twice_has_its_name(
    bot: Bot, killed: bool
) -> None:
    lan = customer(bot)
    async with deliveries(bot) as (url, events):
        await done(other(bot).setup(url))
        await lan.say("một")
        await bot.fake.settled()
        bot.down = True  # it stops; what Telegram has for it waits there
        await lan.say("hai")
        await bot.fake.until(lambda: any(one.status == 503 for one in bot.fake.deliveries))
    kept = [event.key for event in events]
    batches = bot.client.batches()
    first = await anext(batches)
    assert texts(first, bot) == ["hai"]
    if killed:  # before the commit
        await batches.aclose()
        bot.client._cleared = False
        batches = bot.client.batches()
        first = await anext(batches)
    await lan.say("ba")
    kept += [*keys(bot, first), *keys(bot, await anext(batches))]
    await batches.aclose()
    assert len(kept) == len(set(kept)) == 4
    drops = [call.params.get("drop_pending_updates") for call in bot.fake.calls if call.method == "deleteWebhook"]
    assert drops
    assert not any(drops)


async def test_what_keeps_a_webhook_from_us_is_said_in_words() -> None:
    async with running(receive="webhook") as bot:
        lan, client = customer(bot), bot.client
        client._now = bot.fake.clock.now
        assert "knows no webhook" in await client.check("http://127.0.0.1:1/x")
        async with deliveries(bot) as (url, _):
            await done(client.setup(url))
            await bot.fake.settled()
            assert await client.check(url) == ""
            elsewhere = await client.check("https://chat.example.vn/hooks/telegram/main")
            assert elsewhere.startswith(f"Telegram delivers to another address, at {url.split('/')[2]}")
            bot.down = True
            await lan.say("một")
            await bot.fake.until(lambda: any(one.status == 503 for one in bot.fake.deliveries))
            assert "cannot deliver (Wrong response from the webhook: 503" in await client.check(url)
            assert "1 updates wait there" in await client.check(url)
            assert "/hooks/" not in await client.check("https://chat.example.vn/")  # an address may be a secret
            client._now = lambda: bot.fake.clock.now() + 3600
            assert await client.check(url) == ""  # long ago: Telegram shows its last failure for ever
        bot.fake.next(server_error(502), method="getWebhookInfo")
        with pytest.raises(Retryable):
            await client.check(url)


@pytest.mark.parametrize("result", ["true", "null", "[]", '"x"', "7"])
async def test_an_answer_of_another_shape_is_a_failed_call(bot: Bot, result: str) -> None:
    for method in ("getMe", "getWebhookInfo"):
        body = f'{{"ok":true,"result":{result}}}'.encode()
        bot.fake.next(Fault(kind="answer", accepted=False, status=200, body=body), method=method)
        with pytest.raises(Retryable, match="another shape"):
            await bot.client.status()
    odd = (
        b'{"ok":true,"result":{"url":["x"],"pending_update_count":"many","last_error_date":{},"last_error_message":7}}'
    )
    bot.fake.next(Fault(kind="answer", accepted=False, status=200, body=odd), method="getWebhookInfo")
    status = await bot.client.status()
    assert [status[key] for key in ("webhook", "pending", "last_error", "last_error_at")] == ["", 0, "", 0]


async def test_who_polls_needs_no_checkup(bot: Bot) -> None:
    assert await bot.client.check("https://chat.example.vn/") == ""
    assert "getWebhookInfo" not in {call.method for call in bot.fake.calls}


async def test_a_webhook_that_was_set_up_delivers_what_verify_accepts() -> None:
    async with running(receive="webhook") as bot:

        async def make() -> None:
            await customer(bot).say("một")
            await customer(bot).share_contact("84901234567")
            await customer(bot).block()

        events = await received(bot, make)
        assert [event.kind for event in events if event.kind is not Kind.UNFOLLOW] == [
            Kind.FOLLOW,
            Kind.TEXT,
            Kind.CONTACT,
        ]
        assert Kind.UNFOLLOW in {event.kind for event in events}
        status = await bot.client.status()
        assert status["bot"] == "ibaohiem_bot"
        assert status["receive"] == "webhook"
        assert status["webhook"].endswith("/hooks/telegram/main")
        assert status["pending"] == 0
        assert SECRET not in str(status)


async def test_setting_up_a_polling_account_removes_the_webhook(bot: Bot) -> None:
    assert (await done(bot.client.setup("")))[0] == "webhook removed: this account polls"
    called = [call.method for call in bot.fake.calls]
    assert {"setMyCommands", "setChatMenuButton", "setMyShortDescription", "setMyDescription"} <= set(called)
    lines = await done(bot.client.setup("", dry=True))
    assert lines == await done(bot.client.setup(""))
    assert len(bot.fake.calls) == 2 * len(called), "dry, nothing is called"


# ---- aiogram


async def test_every_method_that_we_call_is_built(bot: Bot) -> None:
    from channels.telegram import calls

    assert all(method.__pydantic_complete__ for method in calls.METHODS)
    used = {call.method for call in bot.fake.calls}
    assert used <= {method.__api_method__ for method in calls.METHODS}


async def test_aiograms_own_session_works_beside_ours(bot: Bot) -> None:
    from channels.telegram import calls
    from aiogram.client.session.aiohttp import AiohttpSession  # isort: skip
    from aiogram.client.telegram import TelegramAPIServer  # isort: skip

    session = AiohttpSession(api=TelegramAPIServer.from_base(bot.fake.url))
    stock = calls.Bot(TOKEN, session=session)
    message = await stock(render(bot.message, bot.account))
    assert (message.text, message.chat.id) == (bot.message.text, int(bot.message.thread))
    await session.close()


async def test_python_telegram_bot_sends_the_same(bot: Bot) -> None:
    import telegram

    number = await bot.say(buttons=(Button(id="need:car", label="Ô tô"),))
    async with telegram.Bot(TOKEN, base_url=f"{bot.fake.url}/bot", base_file_url=f"{bot.fake.url}/file/bot") as peer:
        markup = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Ô tô", callback_data="need:car")]])
        message = await peer.send_message(int(bot.message.thread), bot.message.text, reply_markup=markup)
    ours, theirs = bot.fake.sent
    assert (str(ours.message_id), theirs.message_id) == (number, message.message_id)
    assert ours.params == {**theirs.params, "chat_id": int(bot.message.thread)}
