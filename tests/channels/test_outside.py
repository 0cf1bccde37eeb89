"""Addresses that customers' events name: what leads astray is refused before anything is asked for, and what is fetched
is counted while it streams. A canary on loopback records who came."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from channels import outside
from channels.contract import Account, Client, Permanent, Retryable
from channels.facebook.client import FacebookClient
from channels.http import Http
from channels.outside import Outside, public
from channels.viber.client import ViberClient
from channels.zalo.client import ZaloClient
from gateway.accounts import CHANNELS

HOSTS = {"facebook": "scontent.xx.fbcdn.net", "viber": "dl-media.viber.com", "zalo": "photo-stal-7.zdn.vn"}
CLIENTS: dict[str, Callable[[Account], Any]] = {"facebook": FacebookClient, "viber": ViberClient, "zalo": ZaloClient}
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Canary:
    """A server on loopback that writes down every connection, and answers as it is told."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.answer: Answer | None = None
        self.sent = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.append(b"")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.came[-1] = await reader.readuntil(b"\r\n\r\n")
                if self.answer is not None:
                    await self.answer(writer)
                self.came.append(b"")

    @property
    def paths(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.came if head]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    bird = Canary()
    open_: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.append(writer)
        await bird.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    bird.port = server.sockets[0].getsockname()[1]
    try:
        yield bird
    finally:
        server.close()
        for writer in open_:
            writer.transport.abort()
        await server.wait_closed()


def say(head: str, body: bytes = b"") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


class Names(AbstractResolver):
    """Every name leads to these addresses in turn, at the canary's port."""

    def __init__(self, port: int, *addresses: str) -> None:
        self._port, self._addresses, self.asked = port, list(addresses), 0

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        shape = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            {"hostname": host, "host": address, "port": self._port, "family": shape, "proto": 0, "flags": 0}
        ]  # fmt: skip

    async def close(self) -> None:
        pass


def spellings(port: int, host: str) -> list[str]:
    """127.0.0.1 as people and parsers spell it, and what only looks like a platform's host."""
    loopback = (
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost", "localhost.", "LOCALHOST",
        "127.0.0.1.", "127。0。0。1", "①②⑦.⓪.⓪.①", "127.0.0.1.nip.io", "169.254.169.254", "xn--127-1.0.0.1", "%31%32%37.0.0.1",
        "127.0.0.1%00." + host, "127.0.0.1%23." + host, "127.0.0.1\t", "127.0.0.1\\." + host, "127.0.0.1#." + host,
    )  # fmt: skip
    urls = [f"{scheme}://{one}{at}/x" for one in loopback for scheme in ("http", "https") for at in (f":{port}", "")]
    bare = ".".join(host.split(".")[-2:])
    return [
        *urls,
        f"http://{host}@127.0.0.1:{port}/x", f"https://{host}:443@127.0.0.1:{port}/x", f"https://u:p@{host}/x",
        f"https://@{host}/x", f"https://127.0.0.1:{port}\\@{host}/x", f"https://127.0.0.1:{port}#@{host}/x",
        f"https://127.0.0.1:{port}?.{host}", f"https://{host}.127.0.0.1.nip.io/x", f"https://{host}.evil.example/x",
        f"https://evil{bare}/x", f"https://{bare}/x", f"https://{host}.:{port}/x",
        f"https://{host}./x", f"https://{host}:{port}/x", f"https://{host}:0/x", f"https://{host}:99999/x", f"https://{host}:/ /x",
        f"//127.0.0.1:{port}/x", f"/127.0.0.1:{port}/x", "file:///etc/passwd", f"gopher://127.0.0.1:{port}/x", "data:,x",
        f"ftp://{host}/x", f"HTTPS:\\\\127.0.0.1:{port}\\x", f"https:///127.0.0.1:{port}/x", f"https:/127.0.0.1:{port}/x",
        f"https://{host}\r\nHost: x/", f" https://{host}/x", f"https://{host}/x y", f"https://{host}/\x00", f"https://{host}/é",
        f"https://tệp.{host}/x", "https://[", "https://[::1", "", "x" * 9000,
    ]  # fmt: skip


@pytest.mark.parametrize("channel", CLIENTS)
async def test_no_spelling_of_loopback_is_ever_asked(channel: str) -> None:
    async with canary() as bird:
        client = CLIENTS[channel](Account(channel=channel, name="main", settings={}))
        try:
            for url in spellings(bird.port, HOSTS[channel]):
                with pytest.raises(Permanent) as caught:
                    await client.fetch(url, limit=100)
                assert caught.value.reason == "bad_address", url
        finally:
            await client.close()
        assert bird.came == []


async def test_a_name_that_leads_to_loopback_is_not_connected_to() -> None:
    """Also one that led elsewhere when somebody looked before: what is looked at is what is connected to."""
    host = HOSTS["zalo"]
    async with canary() as bird:
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.7", "169.254.169.254", "64:ff9b::7f00:1"):
            guarded = Outside((".zdn.vn",), resolver=Names(bird.port, address))
            with pytest.raises(Permanent) as caught:
                await guarded.file(f"https://{host}/x", cap=100)
            assert caught.value.reason == "bad_address"
            await guarded.close()
        assert bird.came == []
        names = Names(bird.port, "127.0.0.1")
        naive = Http(f"https://{host}", resolver=names, idle_s=1)
        with pytest.raises(Retryable):
            await naive.get("/x", {})
        assert len(bird.came) == 1, "without the guard it would have been"
        await naive.close()


async def test_a_name_that_turns_meanwhile_is_looked_at_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: the first answer is the canary under a public name, the second is loopback."""
    monkeypatch.setattr(outside, "public", lambda address: address == "127.0.0.2")  # stands for the open Internet
    async with canary() as bird:
        names = Names(bird.port, "127.0.0.2", "127.0.0.1")
        guarded = Outside((".zdn.vn",), resolver=names)
        with pytest.raises(Retryable):
            await guarded.file("https://a.zdn.vn/x", cap=100)  # let through, and nobody speaks TLS there
        with pytest.raises(Permanent):
            await guarded.file("https://b.zdn.vn/x", cap=100)
        assert names.asked == 2, "once a connection: nothing was looked up beside it"
        await guarded.close()
        assert bird.came == []


@pytest.mark.parametrize("channel", CLIENTS)
async def test_a_redirect_leads_nowhere_that_an_address_may_not(channel: str) -> None:
    async with canary() as near, canary() as bird:
        settings = {"api_url": near.url, "oauth_url": near.url, "zbs_url": near.url}
        client = CLIENTS[channel](Account(channel=channel, name="main", settings=settings))
        try:
            for to in (
                f"{bird.url}/x",
                "http://127.1/x",
                f"//127.0.0.1:{bird.port}/x",
                "https://evil.example/x",
                "https://[",
            ):
                near.answer = say(f"302 Found\r\nContent-Length: 0\r\nLocation: {to}")
                with pytest.raises(Permanent) as caught:
                    await client.fetch(f"{near.url}/m/1", limit=100)
                assert caught.value.reason == "bad_address", to
            near.answer = say("302 Found\r\nContent-Length: 0\r\nLocation: /m/2")
            before = len(near.paths)
            with pytest.raises(Permanent):
                await client.fetch(f"{near.url}/m/1", limit=100)
            assert near.paths[before:] == ["/m/1", "/m/2", "/m/2"], "two hops and no more"
        finally:
            await client.close()
        assert bird.came == []


async def test_a_hop_within_the_platform_is_made() -> None:
    async with canary() as near:
        http = Http(near.url)
        files = Outside((), near=http, base=near.url)

        async def answer(writer: asyncio.StreamWriter) -> None:
            there = near.paths[-1] == "/there"
            await say("200 OK\r\nContent-Length: 4" if there else "307 X\r\nContent-Length: 0\r\nLocation: there", b"jpeg" if there else b"")(writer)  # fmt: skip

        near.answer = answer
        assert await files.file(f"{near.url}/here", cap=100) == b"jpeg"
        await http.close()


async def test_where_the_api_is_the_open_internet_no_file_is_asked_of_it() -> None:
    """Only a stand-in on this machine keeps files beside its API."""
    client = FacebookClient(Account(channel="facebook", name="page", settings={}))
    with pytest.raises(Permanent) as caught:
        await client.fetch("https://graph.facebook.com/v26.0/me", limit=100)
    assert caught.value.reason == "bad_address"
    await client.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


def flood(bird: Canary) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            bird.sent += 0x10000
            await writer.drain()

    return answer


@pytest.mark.parametrize("channel", [*CLIENTS, "telegram"])
async def test_what_is_too_large_is_not_taken_whatever_it_says_of_itself(channel: str) -> None:
    async with canary() as near:
        client = fetching(channel, near)
        try:
            near.answer = telling(channel, say("200 OK\r\nContent-Length: 10000000000", bytes(1000)))
            with pytest.raises(Permanent) as caught:
                await client.fetch(source(channel, near), limit=1 << 20)
            assert caught.value.reason == "too_large"
            near.answer = telling(channel, flood(near))
            with pytest.raises(Permanent) as caught:
                await client.fetch(source(channel, near), limit=1 << 20)
            assert caught.value.reason == "too_large"
            assert near.sent < 16 << 20, "it was cut off, not drained"
            bomb = gzip.compress(bytes(30 << 20))
            head = f"200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}"
            near.answer = telling(channel, say(head, bomb))
            assert await client.fetch(source(channel, near), limit=1 << 20) == bomb, "as it came: nothing is unpacked"
        finally:
            await client.close()


def fetching(channel: str, near: Canary) -> Client:
    settings = {"api_url": near.url, "oauth_url": near.url, "zbs_url": near.url, "token": "123456789:" + "A" * 35}
    account = Account(channel=channel, name="main", settings=settings)
    if channel == "telegram":
        from channels.telegram.client import TelegramClient

        return TelegramClient(account)
    return cast("Client", CLIENTS[channel](account))


def source(channel: str, near: Canary) -> str:
    return "AgACAgIAAxkBAAI" if channel == "telegram" else f"{near.url}/m/1"


def telling(channel: str, answer: Answer) -> Answer:
    """Telegram is asked for the path first."""
    if channel != "telegram":
        return answer
    asked = 0
    told = b'{"ok":true,"result":{"file_id":"x","file_unique_id":"y","file_path":"photos/1.jpg"}}'

    async def both(writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await (say(f"200 OK\r\nContent-Length: {len(told)}", told) if asked == 1 else answer)(writer)

    return both


async def test_a_body_that_drips_has_an_end() -> None:
    async with canary() as near:
        near.answer = drip
        http = Http(near.url)
        files = Outside((), near=http, base=near.url, total_s=0.3)
        with pytest.raises(Retryable):
            await files.file(f"{near.url}/m/1", cap=1 << 20)
        await http.close()


async def test_gone_is_gone_and_a_server_that_is_ill_is_asked_again() -> None:
    async with canary() as near:
        http = Http(near.url)
        files = Outside((), near=http, base=near.url)
        for status in (401, 403, 404, 410):
            near.answer = say(f"{status} X\r\nContent-Length: 0")
            with pytest.raises(Permanent) as caught:
                await files.file(f"{near.url}/m/1", cap=10)
            assert caught.value.reason == "gone"
        for status in (429, 500, 503, 206):
            near.answer = say(f"{status} X\r\nContent-Length: 0")
            with pytest.raises(Retryable):
                await files.file(f"{near.url}/m/1", cap=10)
        await http.close()


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("127.0.0.1", False), ("::ffff:8.8.8.8", True), ("::ffff:10.0.0.1", False), ("8.8.8.8", True), ("fe80::1%eth0", False),
        ("64:ff9b::808:808", False), ("2002:7f00:1::", False), ("::127.0.0.1", False), ("fec0::1", False), ("224.0.0.1", False),
        ("2606:4700::1111", True), ("100.64.0.1", False), ("0.0.0.0", False), ("", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_what_is_on_the_open_internet(address: str, wanted: bool) -> None:
    assert public(address) is wanted


def test_the_settings_have_the_adapters_own_hosts() -> None:
    from channels.facebook import client as facebook
    from channels.viber import client as viber
    from channels.zalo import client as zalo

    for channel, module in (("facebook", facebook), ("viber", viber), ("zalo", zalo)):
        assert CHANNELS[channel]["media_hosts"].default == module.HOSTS


async def test_other_hosts_by_the_configuration() -> None:
    client = ViberClient(Account(channel="viber", name="main", settings={"media_hosts": (".cdn.example",)}))
    with pytest.raises(Permanent):
        await client.fetch("https://dl-media.viber.com/x", limit=100)
    with pytest.raises(Retryable):
        await client.fetch("https://no-such-host.cdn.example/x", limit=100)  # asked for, and no such name
    await client.close()
