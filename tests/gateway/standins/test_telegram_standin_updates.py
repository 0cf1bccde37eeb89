"""How the Telegram stand-in brings updates: to who polls, and to a webhook, again until it is answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from aiohttp import web

from gateway.demo.standins.telegram import (
    FakeTelegram,
    HandClock,
)
from tests.support.botapi import INLINE, SECRET, Client, Receiver

# --- long polling -----------------------------------------------------------------------------------------------


async def test_polling_confirms_by_offset(fake: FakeTelegram, aiogram_bot: Any, ptb_bot: Any) -> None:
    lan = fake.customer()
    first = await lan.start()
    await lan.say("a")
    assert [one.update_id for one in await aiogram_bot.get_updates()] == [first["update_id"], first["update_id"] + 1]
    got = await ptb_bot.get_updates(offset=first["update_id"] + 1, limit=1)
    assert [one.message.text for one in got] == ["a"]
    waiting = asyncio.create_task(ptb_bot.get_updates(offset=first["update_id"] + 2, timeout=30))
    await fake.until(lambda: not fake.updates.pending)
    last = await lan.say("đợi mãi")
    assert [one.message.text for one in await waiting] == ["đợi mãi"]
    await fake.deliver_again(last["update_id"])
    got = await aiogram_bot.get_updates(offset=last["update_id"] + 1)
    assert [one.message.text for one in got] == ["đợi mãi"], "repeated although confirmed"
    await fake.settled()


async def test_one_poller_and_no_webhook(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=30))
    await fake.until(lambda: fake.updates.polled)
    second = asyncio.create_task(call("getUpdates", timeout=30))
    status, body = await first
    assert (status, body["description"].partition(";")[0]) == (409, "Conflict: terminated by other getUpdates request")
    assert (await call("setWebhook", url=receiver.url))[0] == 200
    assert (await second)[0] == 409
    assert "while webhook is active" in (await call("getUpdates"))[1]["description"]
    assert (await call("deleteWebhook"))[0] == 200
    assert (await call("getUpdates"))[1] == {"ok": True, "result": []}


async def test_an_empty_poll_ends(slow: FakeTelegram, session: aiohttp.ClientSession) -> None:
    clock, call = slow.clock, Client(slow, session)
    assert isinstance(clock, HandClock)
    poll = asyncio.create_task(call("getUpdates", timeout=30, allowed_updates=["message"]))
    await clock.sleepers()
    lan = slow.customer()
    assert (await lan.block())["update_id"] == 0, "not among the allowed updates"
    clock.advance(30.0)
    assert (await poll)[1]["result"] == []
    await lan.start()
    clock.advance(86_401.0)
    assert (await call("getUpdates"))[1]["result"] == [], "a day later it is gone"


# --- webhook ----------------------------------------------------------------------------------------------------


async def test_webhook_brings_the_secret(fake: FakeTelegram, aiogram_bot: Any, receiver: Receiver) -> None:
    lan = fake.customer()
    early = await lan.start()
    await aiogram_bot.set_webhook(receiver.url, secret_token=SECRET, max_connections=7, allowed_updates=["message"])
    late = await lan.say("chào em")
    await fake.settled()
    assert receiver.updates == [early, late]
    assert {headers["X-Telegram-Bot-Api-Secret-Token"] for headers in receiver.headers} == {SECRET}
    assert [(one.status, one.attempt, one.chat) for one in fake.deliveries] == [(200, 1, lan.id)] * 2
    assert all(one.latency > 0 for one in fake.deliveries)
    hook = await aiogram_bot.get_webhook_info()
    assert (hook.url, hook.max_connections, hook.allowed_updates) == (receiver.url, 7, ["message"])
    await aiogram_bot.delete_webhook()
    await lan.say("nữa")
    assert (await aiogram_bot.get_webhook_info()).pending_update_count == 1
    await aiogram_bot.set_webhook(receiver.url, drop_pending_updates=True)
    await fake.settled()
    assert len(receiver.updates) == 2


async def test_webhook_retries_as_told(slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await call("setWebhook", url=receiver.url)
    receiver.answers += [(503, {"Retry-After": "5"}, b""), (302, {"Location": "/"}, b""), (500, {}, b"x")]
    await lan.start()
    for wait in (5.0, 2.0, 4.0):
        await clock.sleepers()
        clock.advance(wait)
        if wait == 4.0:
            break
    await slow.settled()
    assert clock.waits == [5.0, 2.0, 4.0]
    assert [(one.status, one.attempt, one.wait) for one in slow.deliveries] == [
        *((503, 1, 5.0), (302, 2, 2.0), (500, 3, 4.0), (200, 4, None)),
    ]
    assert "500 Internal" in (await call("getWebhookInfo"))[1]["result"]["last_error_message"]
    assert len({update["update_id"] for update in receiver.updates}) == 1


async def test_webhook_gives_up(slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await lan.start()
    await call("sendMessage", chat_id=lan.id, text="?", reply_markup=INLINE)
    await call("setWebhook", url=receiver.url, drop_pending_updates=True)
    receiver.answers += [(503, {"Retry-After": "100"}, b""), (503, {"Retry-After": "100"}, b"")]
    await lan.tap("Có")
    await clock.sleepers()
    clock.advance(100.0)
    await slow.settled()
    assert [one.given_up for one in slow.deliveries] == [False, True]
    assert receiver.answers == []


async def test_webhook_that_is_not_there(
    slow: FakeTelegram, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    clock, call, lan = slow.clock, Client(slow, session), slow.customer()
    assert isinstance(clock, HandClock)
    await call("setWebhook", url="http://127.0.0.1:1/nobody")
    await lan.start()
    await clock.sleepers()
    assert [one.error for one in slow.deliveries] == ["Connection refused"] * 2
    receiver.open.clear()
    slow.updates.habits.read_timeout = 0.05
    await call("setWebhook", url=receiver.url)
    await clock.sleepers()
    assert slow.deliveries[-1].error == "Read timeout expired"
    receiver.open.set()
    clock.advance(60.0)
    await slow.settled()


async def test_order_in_a_chat_waits_for_the_ack(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan, minh = fake.customer(), fake.customer(first_name="Minh")
    await call("setWebhook", url=receiver.url, max_connections=2)
    receiver.open.clear()
    for number in range(3):
        await lan.say(f"lan {number}")
        await minh.say(f"minh {number}")
    await fake.customer().say("must wait for a free connection")
    while len(receiver.updates) < 2:
        await call("getMe")
    for _ in range(5):
        await call("getMe")  # time enough for whatever would come too early
    assert sorted(receiver.texts) == ["lan 0", "minh 0"], "the next of a chat only after the ack"
    receiver.open.set()
    await fake.settled()
    assert receiver.most == 2
    for name in ("lan", "minh"):
        assert [text for text in receiver.texts if text.startswith(name)] == [f"{name} {n}" for n in range(3)]


async def test_redelivery(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    await call("setWebhook", url=receiver.url)
    fake.redeliver = 1.0
    ids = [(await lan.say(text))["update_id"] for text in "abc"]
    await fake.settled()
    assert receiver.texts == ["a", "a", "b", "b", "c", "c"]
    assert [one.again for one in fake.deliveries] == [False, True] * 3
    fake.redeliver = 0.0
    repeats = await fake.deliver_again(*ids, times=3, shuffled=True)
    assert sorted(receiver.texts[6:]) == sorted("abc" * 3)
    assert receiver.texts[6:] != list("aaabbbccc")
    assert {one.status for one in repeats} == {200}
    unknown = await fake.push("carrier_pigeon", {"legs": 2}, chat=lan.id)
    await fake.settled()
    assert receiver.updates[-1] == unknown


async def test_a_webhook_may_answer_with_a_call(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    receiver.answers.append((200, {}, json.dumps({"method": "sendMessage", "chat_id": lan.id, "text": "dạ"}).encode()))
    await call("setWebhook", url=receiver.url)
    await lan.start()
    assert (await lan.next_message()).text == "dạ"
    assert fake.calls[-1].fault == "webhook reply"


async def test_chunked_and_closed_answers_are_read(fake: FakeTelegram, call: Client) -> None:
    seen = 0

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal seen
        await request.read()
        seen += 1
        response = web.StreamResponse()
        if seen == 1:
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(request)
        await response.write(b"o" * 300)
        await response.write_eof(b"k")
        return response

    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await call("setWebhook", url=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    lan = fake.customer()
    for text in "abcd":
        await lan.say(text)
    await fake.settled()
    assert [one.status for one in fake.deliveries] == [200] * 4
    await runner.cleanup()
