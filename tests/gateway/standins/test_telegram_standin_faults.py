"""How the Telegram stand-in fails when it is told to, and how it comes back."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.demo.standins.telegram import (
    FakeTelegram,
    answer,
    drop,
    flood,
    half,
    hang,
    refuse,
    server_error,
)
from tests.support.botapi import Client, Receiver

ROOT = Path(__file__).resolve().parents[3]


# --- faults -----------------------------------------------------------------------------------------------------


async def test_faults_meet_the_calls_they_are_for(fake: FakeTelegram, call: Client) -> None:
    lan, minh = fake.customer(), fake.customer()
    await lan.start()
    await minh.start()
    fake.next(server_error(500, accepted=True), flood(2), chat=lan.id)
    fake.next(answer(418, {"ok": False}), method="getMe")
    assert (await call("sendMessage", chat_id=minh.id, text="a"))[0] == 200
    assert (await call("sendMessage", chat_id=lan.id, text="there all the same"))[0] == 500
    assert (await call("sendMessage", chat_id=lan.id, text="not"))[0] == 429
    assert (await call("sendMessage", chat_id=lan.id, text="b"))[0] == 200
    assert (await call("getMe"))[0] == 418
    assert fake.faults.waiting == []
    assert [one.text for one in lan.inbox] == ["there all the same", "b"]
    assert [(one.status, one.accepted) for one in fake.calls] == [
        *((200, True), (500, True), (429, False), (200, True), (418, False)),
    ]
    fake.next(hang())
    assert (await call("getUpdates"))[0] == 200, "a poller meets only faults that name it"


@pytest.mark.parametrize(
    "fault, accepted",
    [(drop(), False), (drop(accepted=True), True), (half(), True), (refuse(), False), (hang(), False)],
)
async def test_answers_get_lost(fake: FakeTelegram, call: Client, fault: Any, accepted: bool) -> None:
    lan = fake.customer()
    await lan.start()
    fake.next(fault, method="sendMessage")
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        async with asyncio.timeout(1 if fault.kind == "hang" else 30):
            await call("sendMessage", chat_id=lan.id, text="a")
    assert [one.text for one in lan.inbox] == (["a"] if accepted else [])
    assert (fake.calls[-1].status, fake.calls[-1].accepted) == (0, accepted)
    assert (await call("sendMessage", chat_id=lan.id, text="b"))[0] == 200


async def test_what_hangs_is_released(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    fake.next(hang(accepted=True))
    waiting = asyncio.create_task(call("sendMessage", chat_id=lan.id, text="a"))
    await lan.wait_for(1)
    fake.release()
    assert (await waiting)[0] == 200


async def test_nobody_listens_for_a_while(fake: FakeTelegram, call: Client) -> None:
    assert (await call("getMe"))[0] == 200
    url = fake.url
    async with fake.refusing():
        with pytest.raises(aiohttp.ClientConnectionError):
            await call("getMe")  # on the kept connection
        with pytest.raises(aiohttp.ClientConnectorError):
            await call("getMe")
    assert (await call("getMe"))[0] == 200
    assert fake.url == url


async def test_downloads_fail_too(fake: FakeTelegram, call: Client, session: aiohttp.ClientSession) -> None:
    voice = await fake.customer().voice()
    path = (await call("getFile", file_id=voice["message"]["voice"]["file_id"]))[1]["result"]["file_path"]
    fake.next(half(), method="download")
    for complete in (False, True):
        async with session.get(f"{fake.url}/file/bot{fake.token}/{path}?x=1") as response:
            if complete:
                assert (await response.read()).startswith(b"OggS")
            else:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
    assert fake.calls[-1].params["path"] == path


async def test_it_comes_back_as_it_was(fake: FakeTelegram, call: Client, receiver: Receiver) -> None:
    lan = fake.customer()
    await call("setWebhook", url=receiver.url)
    port = int(fake.url.rpartition(":")[2])
    await fake.stop()
    said = await lan.say("lúc nghỉ")
    assert await fake.start(port) == fake.url
    await fake.acked(said)
    assert receiver.texts == ["lúc nghỉ"]
    assert (await call("sendMessage", chat_id=lan.id, text="dạ"))[0] == 200


async def test_a_bot_that_leaves_in_the_middle_violates_nothing(fake: FakeTelegram, call: Client) -> None:
    port = int(fake.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /bot{fake.token}/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    await fake.until(lambda: len(fake.calls) == 1 or not writer.transport.get_write_buffer_size())
    await call("getMe")
    writer.transport.abort()
    await call("getMe")
    assert fake.violations == []
    assert [one.status for one in fake.calls] == [0, 200, 200]


async def test_chaos_has_a_rate(fake: FakeTelegram, call: Client) -> None:
    fake.default_fault(0.25, [server_error(500), flood(1)], random.Random(4))
    statuses = [(await call("getMe"))[0] for _ in range(80)]
    assert 10 <= 80 - statuses.count(200) <= 30
    assert {500, 429} <= set(statuses)
    fake.default_fault(0.0)
    assert (await call("getMe"))[0] == 200


async def test_waiting_is_woken_by_the_message(fake: FakeTelegram, call: Client) -> None:
    lan = fake.customer()
    await lan.start()
    waiting = asyncio.create_task(lan.next_message())
    for text in ("một", "hai"):
        await call("sendMessage", chat_id=lan.id, text=text)
    assert (await waiting).text == "một"
    assert (await lan.next_message()).text == "hai"
    with pytest.raises(TimeoutError, match=r"2 messages after 0\.01 s, not 3"):
        await lan.wait_for(3, timeout=0.01)
    with pytest.raises(ZeroDivisionError):
        await fake.until(lambda: bool(1 / 0))


async def test_by_hand() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.demo.standins.telegram", "--token", "1:x"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().split()[0]
    process.stdin.write("xin chào\n".encode())
    await process.stdin.drain()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/bot1:x/getUpdates", params={"timeout": 5}) as response:
            message = (await response.json())["result"][0]["message"]
        params = {"chat_id": message["chat"]["id"], "text": "chào chị"}
        await (await session.get(f"{url}/bot1:x/sendMessage", params=params)).read()
    assert message["text"] == "xin chào"
    assert (await process.stdout.readline()).decode().strip() == "bot: chào chị"
    process.terminate()
    await process.communicate()
