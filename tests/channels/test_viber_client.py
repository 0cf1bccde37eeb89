"""The Viber client against the strict stand-in: what was accepted there, and what we believe of it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from viberbot import Api, BotConfiguration
from viberbot.api.messages import FileMessage, TextMessage

from channels.contract import (
    Account,
    Button,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
    WebhookRejected,
)
from channels.http import Http
from channels.viber.adapter import parse, render, reply, verify
from channels.viber.client import EVENTS, ViberClient
from gateway.demo.standins.viber import Customer, FakeViber, Fault, HandClock, answer, drop, half, hang, refuse
from tests.support.errands import done
from tests.support.house import MemoryHouse

SEND = "/pa/send_message"
PDF = OutboundFile(id="f", name="Hợp đồng.pdf", mime="application/pdf", size=5, data=b"%PDF-")
PHONE = Button(id="phone", label="Gửi số", contact=True)
TEXTS = {"welcome.vi": "Dạ chào anh/chị", "buy.vi": "Mua bảo hiểm"}


class Bot:
    """The stand-in, our client of it, a page that takes its callbacks, and a customer who has written."""

    def __init__(self, fake: FakeViber, url: str, clock: HandClock) -> None:
        self.fake, self.url, self.clock = fake, url, clock
        self.account = Account(channel="viber", name="main", settings={"token": fake.token, "api_url": url})
        self.house = MemoryHouse(clock.now)
        self.client = ViberClient(self.account, api=Http(url, idle_s=0.5))
        self.client.attach(self.house)
        self.heard: list[Any] = []
        self.hook = ""
        self.mai: Customer = fake.customer("Mai")
        self.mai.subscribed, self.mai.session_at = True, clock.now()
        self.message = OutboundMessage(id="01KAB3D5F7H9JKMNPQRSTVWXYZ", thread=self.mai.id, text="Anh chị cần gì ạ?")

    async def say(self, **changes: Any) -> str:
        return await self.client.call(render(replace(self.message, **changes), self.account))

    async def take(self, request: web.BaseRequest) -> web.Response:
        delivery = Delivery(headers=request.headers, body=await request.read())
        try:
            verify(delivery, self.account)
        except WebhookRejected:
            return web.Response(status=401)
        for event in parse(delivery, self.account):
            self.heard.append(event)
            self.client.noticed(event)
        said = reply(delivery, self.account, TEXTS)
        return web.Response(body=said or b"")


@contextlib.asynccontextmanager
async def running(*, hooked: bool = True) -> AsyncIterator[Bot]:
    clock = HandClock()
    fake = FakeViber(clock=clock)
    async with fake.running() as url:
        bot = Bot(fake, url, clock)
        runner = web.ServerRunner(web.Server(bot.take))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        bot.hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/viber/main"
        if hooked:
            fake.webhook.url = bot.hook
        try:
            yield bot
            assert fake.violations == []
        finally:
            await bot.client.close()
            await runner.cleanup()


async def test_a_message_arrives_and_its_token_comes_back_with_all_digits() -> None:
    async with running() as bot:
        token = await bot.say()
        sent = await bot.mai.next_message()
        assert token == str(sent.token)
        assert sent.token > 1 << 53
        assert sent.text == "Anh chị cần gì ạ?"
        await bot.mai.receive(sent)
        await bot.mai.see(sent)
        assert [event.receipt.external_ids for event in bot.heard] == [(token,), (token,)]
        assert all("auth_token" not in call.body for call in bot.fake.calls)


async def test_the_address_is_called_while_it_is_being_set() -> None:
    async with running(hooked=False) as bot:
        with pytest.raises(NeedsReauth) as unset:
            await bot.say()
        assert unset.value.code == "10"
        with pytest.raises(NeedsReauth):
            await bot.client.probe()
        with pytest.raises(Permanent):
            await done(bot.client.setup("http://127.0.0.1:9/nobody"))
        lines = await done(bot.client.setup(bot.hook))
        assert bot.heard[-1].reason == "Viber's check of the address"
        assert bot.fake.settings["event_types"] == list(EVENTS)
        assert bot.fake.settings["send_name"] is True
        assert bot.hook in lines[0]
        await bot.client.probe()
        assert await bot.say()
        assert (await bot.client.status())["subscribers_count"] == 1


async def test_a_wrong_token_neither_sets_nor_sends() -> None:
    async with running() as bot:
        other = replace(bot.account, settings={**bot.account.settings, "token": "w" * 32})
        client = ViberClient(other)
        with pytest.raises(NeedsReauth) as caught:
            await done(client.setup(bot.hook))
        assert "w" * 32 not in repr(caught.value)
        await client.close()


async def test_the_welcome_comes_in_the_answer_and_nothing_else_may_be_sent() -> None:
    async with running() as bot:
        new = bot.fake.customer("Lan")
        said = await new.open(context="qr-01")
        assert said is not None
        assert said["text"] == "Dạ chào anh/chị"
        assert bot.heard[-1].extra["start"] == "qr-01"
        with pytest.raises(Permanent) as caught:
            await bot.say(thread=new.id)
        assert caught.value.reason == "blocked"
        await new.tap("Mua bảo hiểm")
        assert bot.heard[-1].payload == "buy"
        await bot.say(thread=new.id)
        assert await new.open() is None  # subscribed: he knows us
        await new.unsubscribe()
        with pytest.raises(Permanent):
            await bot.say(thread=new.id)


async def test_the_number_comes_by_a_tap() -> None:
    async with running() as bot:
        await bot.say(buttons=(PHONE, Button(id="skip", label="Bỏ qua")))
        await bot.mai.tap("Gửi số")
        contact = bot.heard[-1].contact
        assert (contact.phone, contact.own) == ("+84912007345", True)


async def test_an_app_that_is_too_old_gets_the_choices_as_lines() -> None:
    async with running() as bot:
        bot.mai.api_version = 1
        await bot.say(buttons=(Button(id="a", label="Một"), Button(id="b", label="Hai")))
        sent = await bot.mai.next_message()
        assert sent.text == "Anh chị cần gì ạ?\n\n1. Một\n2. Hai"
        assert not sent.labels


async def test_a_file_goes_by_an_address_of_ours() -> None:
    async with running() as bot:
        await bot.say(text="", file=PDF)
        await bot.say(text="", file=replace(PDF, name="ảnh.png", mime="image/png"), buttons=(PHONE,))
        file, picture = bot.mai.inbox
        assert (file.size, file.file_name) == (5, "Hợp đồng.pdf")
        assert file.media == "https://files.example/f/f/Hop_dong.pdf"
        assert (picture.kind, picture.media) == ("picture", "https://files.example/f/f/anh.png")
        assert picture.labels == ("Gửi số",)
        lonely = ViberClient(bot.account)
        with pytest.raises(Retryable):
            await lonely.call(render(replace(bot.message, file=PDF), bot.account))
        await lonely.close()


async def test_the_real_viber_fetches_nothing_without_tls() -> None:
    house = MemoryHouse(HandClock().now)
    house.link = lambda file_id, name: f"http://127.0.0.1/f/{file_id}/{name}"  # type: ignore[method-assign]
    client = ViberClient(Account(channel="viber", name="main", settings={"token": "x" * 32}))
    client.attach(house)
    with pytest.raises(Permanent) as caught:
        await client.call(render(OutboundMessage(id="1", thread="u", file=PDF), client._account))
    assert caught.value.reason == "hosting"
    await client.close()


async def test_a_hundred_messages_without_an_answer_and_no_more() -> None:
    async with running() as bot:
        for _ in range(100):
            await bot.say()
        calls = len(bot.fake.calls)
        with pytest.raises(RateLimited) as caught:
            await bot.say()
        assert (caught.value.retry_after, caught.value.whole_account) == (3600, False)
        assert len(bot.fake.calls) == calls  # not even asked
        await bot.mai.say("vâng")
        await bot.say()
        for _ in range(99):
            await bot.say()
        bot.clock.advance(3600)
        await bot.say()


async def test_outside_the_session_money_is_spent_and_its_end_is_told() -> None:
    async with running() as bot:
        bot.fake.balance = 1
        await bot.say()
        assert bot.client.charged == 0
        bot.clock.advance(25 * 3600)
        await bot.say()
        assert bot.client.charged == 1
        with pytest.raises(Permanent) as caught:
            await bot.say()
        assert caught.value.reason == "billing"
        assert bot.house.noted
        await bot.mai.say("còn đó không")
        await bot.say()


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        (refuse(), DeliveryUnknown, 0),
        (drop(), DeliveryUnknown, 0),
        (drop(accepted=True), DeliveryUnknown, 1),
        (hang(accepted=True), DeliveryUnknown, 1),
        (half(accepted=True), DeliveryUnknown, 1),
        (answer(503, b""), Retryable, 0),
        (answer(500, b"<html>", accepted=True), DeliveryUnknown, 1),
        (answer(429, b""), RateLimited, 0),
        (answer(200, {"status": 12}), RateLimited, 0),
        (answer(200, {"status": "99"}), Retryable, 0),
        (answer(200, {"status": 9}), NeedsReauth, 0),
        (answer(200, {"status": 3}), Permanent, 0),
    ],
)
async def test_what_was_lost_is_never_taken_for_refused(fault: Fault, error: type[ChannelError], arrived: int) -> None:
    async with running() as bot:
        bot.fake.next(fault, path=SEND)
        with pytest.raises(ChannelError) as caught:
            await bot.say()
        assert type(caught.value) is error
        assert len(bot.mai.inbox) == arrived
        assert bot.fake.token not in repr(caught.value)


async def test_files_of_customers_come_from_viber_only() -> None:
    async with running() as bot:
        bot.fake.media["/media/1"] = b"jpeg"
        assert await bot.client.fetch(f"{bot.url}/media/1", limit=100) == b"jpeg"
        with pytest.raises(Permanent) as caught:
            await bot.client.fetch(f"{bot.url}/media/1", limit=2)
        assert caught.value.reason == "too_large"
        for elsewhere in ("https://evil.example/x", "http://127.0.0.1:1/x", "https://viber.com.evil.example/x"):
            with pytest.raises(Permanent) as caught:
                await bot.client.fetch(elsewhere, limit=100)
            assert caught.value.reason == "bad_address"


async def test_viberbot_is_understood_by_the_same_stand_in() -> None:
    """An independent client: what it sends there passes the checks that ours passes."""
    async with running() as bot:
        peer = Api(BotConfiguration(name="IBAOHIEM", avatar=None, auth_token=bot.fake.token))
        peer._request_sender._viber_bot_api_url = f"{bot.url}/pa"
        file = FileMessage(media="https://i.example/a.pdf", size=5, file_name="a.pdf")
        (first, second) = await asyncio.to_thread(peer.send_messages, bot.mai.id, [TextMessage(text="chào"), file])
        assert [first, second] == [sent.token for sent in bot.mai.inbox]
        ours = json.loads(render(replace(bot.message, text="chào"), bot.account).body)
        theirs = bot.mai.inbox[0].body
        theirs["sender"].pop("avatar")
        assert {name: theirs[name] for name in ours} == ours
