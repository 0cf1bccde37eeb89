"""Ten thousand hostile requests and frames at the web chat: no 5xx, no row without a session, the process lives and
serves who means well."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from storage.db import Store
from storage.keys import KeyRing
from tests.e2e import hostile
from tests.e2e.test_trouble import ready_says
from tests.support.gatewayd import Gatewayd, Zygote, installed
from tests.support.webchat import Guest

TOTAL: Final = int(os.environ.get("GATEWAY_TEST_HOSTILE", "10000"))
CONNECTIONS: Final = 16
SOCKETS: Final = 8  # at one time
FRAMES: Final = 100  # of one socket: fewer than what closes it as a flood
GROWTH_MB: Final = 40.0
FOREIGN: Final = (
    "http://evil.example",
    "null",
    "",
    "file://",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1:1",
    "https://[::1",
    "javascript:alert(1)",
    "http://\u0111\u1ea1i-l\u00fd.example",
    "x" * 3000,
)
FORGED: Final = (
    "",
    "0" * 32,
    "0" * 31,
    "F" * 32,
    "z" * 32,
    "'; DROP TABLE web_session; --",
    "\u0660" * 32,
    "cookie",
    "x" * 7000,
    "00\x7f00",
    "Bearer 0",
)


@dataclass(slots=True)
class Attack:
    """What is known to the attacker. `tokens` -- of sessions that he has opened himself."""

    gateway: Gatewayd
    tokens: list[str] = field(default_factory=list)
    http: hostile.Heard = field(default_factory=hostile.Heard)
    closes: Counter[int | None] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    # ---- HTTP

    def request(self, rng: random.Random) -> bytes:
        kind = rng.choice((self.begin, self.begin, self.end, self.upload, self.fetch, self.shake, self.page))
        method, path, headers, content = kind(rng)
        headers.setdefault("Host", f"127.0.0.1:{self.gateway.port}")
        headers.setdefault("Origin", self.gateway.url if rng.random() < 0.7 else rng.choice(FOREIGN))
        headers["X-Forwarded-For"] = rng.choice(
            [f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"] * 8
            + ["", ",", "unknown", "127.0.0.1, 127.0.0.1", "::ffff:1.2.3.4", "a" * 300]
        )
        if rng.random() < 0.1:
            headers["Sec-Fetch-Site"] = rng.choice(["cross-site", "same-site", "\u00e9", "none"])
        if rng.random() < 0.1:
            headers["Cookie"] = rng.choice(
                ["chat=" + rng.choice(FORGED), "chat", ";;;=", "chat=\xff; __Host-chat=\x01", "a=b;" * 500]
            )
        if method != "GET":
            headers["Content-Length"] = str(len(content))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + content

    def token(self, rng: random.Random) -> str:
        return rng.choice(self.tokens) if rng.random() < 0.4 else rng.choice(FORGED)

    def begin(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        wrong = [
            {"account": {"x": 1}},
            {"account": "../site"},
            {"account": "x" * 5000},
            {"keep": ["cookie"]},
            {"keep": "cookie", "account": 5},
            {"keep": "cookie"},
            {"token": "0" * 32},
        ]
        headers = {
            "Content-Type": rng.choice(
                ["application/json"] * 6
                + ["text/plain", "application/json; charset=utf-7", "application/json; charset=\u00ff", ";;;", ""]
            )
        }
        if rng.random() < 0.05:
            headers["Content-Encoding"] = rng.choice(["gzip", "br", "identity", "deflate, gzip", "\u00e9"])
        return "POST", "/chat/session", headers, hostile.body(rng, {"account": "site"}, *wrong)

    def end(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        headers = {"X-Chat-Token": rng.choice(FORGED)} if rng.random() < 0.8 else {}
        return "DELETE", "/chat/session", headers, rng.choice([b"", b"{", b"x" * 70_000])

    def upload(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        line = rng.choice(["x", "x" * 70, "x" * 71, "\u0111", "", '"'])
        part = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        forms = (
            b"",
            os.urandom(200),
            f"--{line}\r\n{part}not a picture\r\n--{line}--\r\n".encode(),
            f"--{line}\r\n{part}no end".encode(),
            f"--{line}\r\n{part.replace('file', 'other')}x\r\n--{line}--\r\n".encode(),
            f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="../../etc/passwd\x00.pdf"\r\n\r\n%PDF-\r\n--{line}--'.encode(),
            f"--{line}\r\n{part}{'x' * 20_000}\r\n".encode() * 3 + f"--{line}--".encode(),
            (f'--{line}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 40).encode(),
            f"--{line}\r\nContent-Disposition: form-data; name*=utf-8''%ff; filename*=%E0%A4%A\r\n\r\n\r\n--{line}--".encode(),
            b"--x\r\n\xff\xfe: \xff\r\n\r\n\r\n--x--\r\n",
        )
        headers = {
            "X-Chat-Token": self.token(rng),
            "Content-Type": rng.choice(
                [f"multipart/form-data; boundary={line}"] * 5
                + [
                    "multipart/form-data",
                    "multipart/form-data; boundary*=utf-8''%ff",
                    "multipart/mixed; boundary=x",
                    "x",
                ]
            ),
        }
        return "POST", "/chat/files", headers, rng.choice(forms)

    def fetch(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        name = rng.choice(
            [
                "0" * 26,
                "..%2f..%2fetc%2fpasswd",
                "%00",
                "%ff%fe",
                "a" * 4000,
                "0" * 25 + "%C4%91",
                "'%20OR%201=1",
                "%2e%2e",
            ]
        )
        return "GET", f"/chat/files/{name}", {"X-Chat-Token": self.token(rng)}, b""

    def shake(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        """Handshakes that are none."""
        headers = rng.choice(
            (
                {},
                {"Upgrade": "websocket"},
                {"Connection": "Upgrade", "Upgrade": "h2c"},
                {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
                {
                    "Connection": "Upgrade",
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Version": "99",
                    "Sec-WebSocket-Key": "x",
                },
                {
                    "Connection": "Upgrade",
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "=" * 500,
                },
            )
        )
        return rng.choice(["GET", "GET", "POST", "PUT"]), "/chat/ws", dict(headers), b""

    def page(self, rng: random.Random) -> tuple[str, str, dict[str, str], bytes]:
        path = rng.choice(
            [
                "/chat/frame?account=" + rng.choice(["site", "%00", "..", "%ff", "x" * 3000, "site&account=other"]),
                "/chat/frame?lang=" + rng.choice(["vi", "%00", "xx", "vi&lang=en", "%F0%9F%98%80"]),
                "/?lang=" + rng.choice(["en", "%ff", "<script>", "x" * 3000]),
                "/chat/widget.js?" + "a=b&" * 500,
                "/chat/../chat/session",
                "/chat/%2e%2e/admin",
                "/chat/nothing",
            ]
        )
        return "GET", path, {"If-None-Match": rng.choice(['"x"', "*", "\u00e9", "W/", '"' * 50])}, b""

    # ---- frames

    def frame(self, rng: random.Random) -> str:
        """Of a socket that said a good hello; none of these is something said."""
        mark = secrets.token_hex(16)
        values: tuple[Any, ...] = (None, [], {}, 5, True, -1, 10**19, "", " \n ", "x" * 17_000, {"$gt": ""}, ["a"])
        kinds: tuple[Callable[[], Any], ...] = (
            lambda: {"type": rng.choice([None, [], {}, 5, "", "hello", "admin", "act", "say\x00", "SAY", "subscribe"])},
            lambda: {
                "type": "say",
                "id": rng.choice([None, 5, [], "ngắn", mark.upper(), mark + "0", "0" * 31]),
                "text": "x",
            },
            lambda: {"type": "say", "id": mark, "text": rng.choice(values)},
            lambda: {"type": "say", "id": mark},
            lambda: {"type": "tap", "id": mark, "payload": rng.choice(values[:8]), "label": rng.choice(values[:5])},
            lambda: {"type": "file", "id": mark, "file": rng.choice(["../../etc/passwd", "0" * 26, *values])},
            lambda: {"type": rng.choice(["seen", "delivered"]), "seq": rng.choice([*values, "1", 1.5, -(10**19)])},
            lambda: {"type": "typing", "conversation": "0" * 26, "to": "desk"},
            lambda: [{"type": "say", "id": mark, "text": "in a list"}],
            lambda: hostile.body(rng, {"type": "say", "id": mark, "text": "x"}).decode("utf-8", "replace"),
            lambda: '{"type":"say","id":"' + mark + '","text":"' + "\\ud800" * 3 + '"',
            lambda: "[" * 30_000,
        )
        made = rng.choice(kinds)()
        return made if isinstance(made, str) else json.dumps(made)

    def hello(self, rng: random.Random) -> str | bytes:
        """A first frame after which nobody may be listened to."""
        return rng.choice(
            (
                json.dumps({"type": "hello", "token": rng.choice(FORGED)}),
                json.dumps({"type": "hello", "token": {"$ne": ""}}),
                json.dumps({"type": "hello", "token": [self.tokens[0]]}),
                json.dumps({"type": "hello"}),
                json.dumps({"type": "hello", "token": self.tokens[0], "after": rng.choice(["x", {}, 1.5, []])}),
                json.dumps({"type": "hello", "token": self.tokens[0], "lang": ["vi"]}),
                json.dumps({"type": "say", "id": "0" * 32, "text": "without a hello", "token": self.tokens[0]}),
                json.dumps({"type": "hello", "token": self.tokens[0]}).encode(),
                "[" * 60_000,
                "x" * 70_000,
                "",
                os.urandom(100),
            )
        )

    @contextlib.asynccontextmanager
    async def socket(self, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        dice = random.SystemRandom()
        headers = {"Origin": self.gateway.url, "X-Forwarded-For": f"10.0.{dice.randrange(256)}.{dice.randrange(256)}"}
        async with await self.let_in(session, headers) as wire:
            yield wire

    async def let_in(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> aiohttp.ClientWebSocketResponse:
        """A socket, as soon as there is room: on a machine that is busy with other things sockets are refused first."""
        async with asyncio.timeout(120):
            while True:
                try:
                    return await session.ws_connect(f"{self.gateway.url}/chat/ws", headers=headers, max_msg_size=0)
                except aiohttp.WSServerHandshakeError as err:
                    if err.status != 503:
                        raise
                    self.told["busy"] += 1
                await asyncio.sleep(0.5)

    async def heard(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        """What comes until the line is closed."""
        async for message in wire:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.told[f"{frame['type']} {frame.get('code', '')}".strip()] += 1
        self.closes[wire.close_code] += 1

    async def stranger(self, session: aiohttp.ClientSession, rng: random.Random) -> None:
        async with self.socket(session) as wire:
            first = self.hello(rng)
            await (wire.send_str(first) if isinstance(first, str) else wire.send_bytes(first))
            with contextlib.suppress(ConnectionError):
                await wire.send_str(json.dumps({"type": "say", "id": secrets.token_hex(16), "text": "I am nobody"}))
            async with asyncio.timeout(60):
                await self.heard(wire)

    async def visitor(self, session: aiohttp.ClientSession, rng: random.Random) -> None:
        async with self.socket(session) as wire:
            token, after = rng.choice(self.tokens), rng.choice([0, -5, 10**15])
            await wire.send_str(json.dumps({"type": "hello", "token": token, "after": after, "lang": "xx"}))
            hearing = asyncio.create_task(self.heard(wire))
            with contextlib.suppress(ConnectionError):
                for _ in range(FRAMES):
                    await wire.send_str(self.frame(rng))
                await self.last(wire, rng)
            async with asyncio.timeout(60):
                await hearing

    async def last(self, wire: aiohttp.ClientWebSocketResponse, rng: random.Random) -> None:
        """What closes a line, on the wire itself."""
        assert wire._writer is not None
        transport = wire._writer.transport
        assert transport is not None
        raw = rng.choice(
            (
                b"\x80\x80\x00\x00\x00\x00",  # the end of a message that never began
                b"\xf1\x80\x00\x00\x00\x00",  # reserved bits
                b"\x83\x80\x00\x00\x00\x00",  # an opcode that is none
                b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",  # sixteen exabytes are to come
                b"\x89\xfe\x01\x00" + b"\x00" * 260,  # a ping that is too long
                b"\x81\x84\x00\x00\x00\x00\xff\xfe\xff\xfe",  # not UTF-8
                b"\x82\x84\x00\x00\x00\x00abcd",  # binary
                b"\x88\x81\x00\x00\x00\x00a",  # a close of one byte
            )
        )
        transport.write(raw)
        await asyncio.sleep(0)


async def session_token(session: aiohttp.ClientSession, url: str, address: str) -> str:
    return (await Guest.new(session, url, {"X-Forwarded-For": address})).token


async def spoken_to(guest: Guest, text: str) -> None:
    """Somebody who means well is acknowledged and answered."""
    said = await guest.say(text)
    await guest.frame("ack", id=said)
    mine = await guest.frame("message", client_id=said)
    await guest.wait(
        lambda frame: frame["type"] == "message" and frame["author"] == "bot" and frame["seq"] > mine["seq"]
    )


async def test_ten_thousand_hostile_requests_and_frames(zygote: Zygote, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'gateway.db'}"
    with installed(zygote, tmp_path, database, proxies="127.0.0.1") as gateway:
        await gateway.start()
        pid = gateway.pid
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            attack = Attack(gateway)
            attack.tokens = [await session_token(session, gateway.url, f"192.0.2.{n}") for n in range(20)]
            guest = await (await Guest.new(session, gateway.url)).connect()
            await spoken_to(guest, "chào shop")
            slow = asyncio.create_task(slowly(gateway, attack))
            await storm(attack, session, TOTAL // 4, seed=1)
            held, files = hostile.resident_mb(pid), hostile.open_files(pid)
            await storm(attack, session, TOTAL - TOTAL // 4, seed=2)
            grown = hostile.resident_mb(pid) - held
            await slow
            print(attack.http.statuses, attack.closes, attack.told, f"{grown:.1f} MB more")
            await spoken_to(guest, "mình muốn mua bảo hiểm xe máy")
            await spoken_to(await (await Guest.new(session, gateway.url)).connect(), "chào em")
            await ready_says(gateway, session, 200, within_s=60)
            assert gateway.pid == pid
            assert grown < GROWTH_MB
            assert hostile.open_files(pid) <= files + 10
            assert attack.http.blameless(of=TOTAL // 2), attack.http.statuses
            assert min(attack.http.statuses[status] for status in (400, 401, 403, 404, 415, 422)) > 0, attack.http
            assert min(attack.closes[code] for code in (4401, 4408, 1003, 1009)) > 0, attack.closes
            assert attack.told["refused unreadable"] > TOTAL // 10
            assert not attack.told["ack"], attack.told
            await guest.leave()
        assert await gateway.stop() == 0, gateway.log[-2000:]
    assert "Traceback" not in gateway.log
    assert "webchat.failed" not in gateway.log
    rows = await asyncio.to_thread(count, database, KeyRing.load(tmp_path / "keys"))
    assert rows == {
        "web_session": 20 + 2 + attack.http.opened,
        "inbox_event": 3,
        "contact_point": 2,
        "file": 0,
        "inbound_conflict": 0,
    }


async def storm(attack: Attack, session: aiohttp.ClientSession, number: int, *, seed: int) -> None:
    """Half of it requests, half of it frames; besides, sockets of strangers."""
    rngs = [random.Random(seed * 1000 + n) for n in range(CONNECTIONS)]

    def requests(rng: random.Random) -> Iterator[bytes]:
        for _ in range(number // 2 // CONNECTIONS):
            yield attack.request(rng)

    sockets = iter(range(number // 2 // FRAMES))
    strangers = iter(range(number // 20))

    async def frames(rng: random.Random) -> None:
        for _ in sockets:
            await attack.visitor(session, rng)
        for _ in strangers:
            await attack.stranger(session, rng)

    await asyncio.gather(
        *(hostile.talk(attack.gateway.port, requests(rng), attack.http) for rng in rngs),
        *(frames(random.Random(seed * 2000 + n)) for n in range(SOCKETS)),
    )


async def slowly(gateway: Gatewayd, attack: Attack) -> None:
    """A body that does not come, one that is too large, and a socket whose owner says nothing."""
    head = f"POST /chat/session HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nOrigin: {gateway.url}\r\nContent-Type: application/json\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    async def answer(sent: bytes, *, again: bytes = b"") -> int:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            writer.write((head.encode() if sent else b"") + sent + again)
            status = int((await asyncio.wait_for(reader.readline(), 60)).split()[1])
            writer.close()
            if status != 503:  # too busy to begin anything
                return status
            await asyncio.sleep(0.5)

    async def silent() -> int | None:
        async with (
            aiohttp.ClientSession() as session,
            await attack.let_in(session, {"Origin": gateway.url}) as wire,
        ):
            await wire.receive(timeout=60)
            return wire.close_code

    got = await asyncio.gather(
        answer(b"Content-Length: 100\r\n\r\n{"),
        answer(f"Content-Length: {64 * 1024 + 1}\r\n\r\n".encode()),
        answer(b"Transfer-Encoding: chunked\r\n\r\n", again=chunk * 3),
        silent(),
    )
    assert list(got) == [408, 413, 413, 4408]


def count(database: str, keys: KeyRing) -> dict[str, int]:
    store = Store(database, keys)
    store.open(visiting=True)
    try:
        names = ("web_session", "inbox_event", "contact_point", "file", "inbound_conflict")
        return {name: store.call(lambda tx, name=name: tx.value(f"SELECT COUNT(*) FROM {name}")) for name in names}  # type: ignore[misc]
    finally:
        store.close(clean=False)
