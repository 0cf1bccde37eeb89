"""A gateway with the public page and the web chat, in this process; visitors without a browser; an advisor."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
from aiohttp import web

from gateway.app import application, compose, start, stop
from gateway.config import load
from gateway.parts import Parts
from handlers.model import Advisor
from storage import advisors
from tests.support import tables
from tests.support.calm import calm
from tests.support.ports import free_port
from tests.support.waits import PATIENCE, until

CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "{database}"}}
conversation: {{turn_quiet_ms: {quiet}, turn_max_ms: {quiet}}}
business:
  name: IBAOHIEM
  legal_name: Công ty TNHH Đại lý Bảo hiểm IBAOHIEM (thử)
  address: 1 Lê Lợi, TP. Hồ Chí Minh
  hotline: "1900 6868"
  dpo_email: dulieu@ibaohiem.example
  policy_url: https://ibaohiem.example/chinh-sach
  product_url: https://ibaohiem.example/san-pham
  agency_code: DL-00123
  domains: [ibaohiem.example]
  hours: always
accounts:
  - {{channel: webchat, name: site, origins: ["https://shop.example", "http://localhost:{guest}"]}}
"""


class Site:
    """`async with Site(folder) as site:`; `await site.restart()` keeps the address and the data."""

    def __init__(self, folder: Path, *, database: str = "", quiet_ms: int = 0) -> None:
        self.folder = folder
        self.port = free_port()
        self.guest_port = free_port()  # of a site that may embed the widget
        self.url = f"http://127.0.0.1:{self.port}"
        text = CONFIG.format(
            port=self.port, database=database or "sqlite:///gateway.db", quiet=quiet_ms, guest=self.guest_port
        )
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        self.parts: Parts
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        parts = self.parts = compose(load(self.folder / "config.yaml", {}))
        app = application(parts)
        tables.lay(parts.store)
        calm(parts)
        await start(parts)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def down(self) -> None:
        await self._runner.cleanup()
        await stop(self.parts)

    async def restart(self) -> None:
        await self.down()
        await self.up()

    # ---- what the desk would do

    async def advisor(self, name: str = "Nguyễn Thị Thu Hằng") -> Advisor:
        made = await self.parts.store.run(
            lambda tx: advisors.create(tx, name=name, role="advisor", by="test", agent_code="TV-07")
        )
        assert made is not None
        return Advisor(id=made.id, name=made.name, code=made.agent_code, role=made.role)

    async def act(self, thread: str, name: str, by: Advisor, **data: Any) -> None:
        await self.parts.act(await self.conversation(thread), name, by=by, data=data)

    async def conversation(self, thread: str) -> str:
        async def find() -> str | None:
            found = await self.query("SELECT conversation_id FROM contact_point WHERE thread = :thread", thread=thread)
            return found[0][0] if found else None

        return str(await until(find))

    async def query(self, sql: str, **binds: Any) -> list[Any]:
        return list(await self.parts.store.read(lambda tx: tx.all(sql, **binds)))


class Closed(AssertionError):
    """The line is down: what is waited for will not come on it."""


class Guest:
    """A visitor who speaks the wire himself. `frames` is everything that he was sent."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, thread: str) -> None:
        self.session = session
        self.url = url
        self.token = token
        self.thread = thread
        self.frames: list[dict[str, Any]] = []
        self.socket: aiohttp.ClientWebSocketResponse
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def new(cls, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None) -> Self:
        """As soon as there is room for him: a gateway of its own may be late on a busy machine, and then begins nothing."""

        async def begun() -> Any:
            async with session.post(
                f"{url}/chat/session", json={}, headers={"Origin": url, **(headers or {})}
            ) as answer:
                assert answer.status in (200, 503), await answer.text()
                return await answer.json() if answer.status == 200 else None

        said = await until(begun, "room for a visitor")
        return cls(session, url, said["token"], said["thread"])

    def again(self) -> Guest:
        """Another page of the same visitor."""
        return Guest(self.session, self.url, self.token, self.thread)

    async def connect(self, after: int = 0, *, lang: str = "") -> Guest:
        self.socket = await self.session.ws_connect(f"{self.url}/chat/ws", headers={"Origin": self.url}, max_msg_size=0)
        await self.send({"type": "hello", "token": self.token, "after": after} | ({"lang": lang} if lang else {}))
        self._reader = asyncio.create_task(self._read(self.socket))
        return self

    async def _read(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        async for message in wire:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.frames.append(json.loads(message.data))
                self._news.set()
        self._news.set()

    async def send(self, frame: dict[str, Any] | str) -> None:
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def say(self, text: str, client_id: str = "") -> str:
        client_id = client_id or secrets.token_hex(16)
        await self.send({"type": "say", "id": client_id, "text": text})
        return client_id

    async def wait(self, fits: Callable[[dict[str, Any]], bool], *, patience: float = PATIENCE) -> dict[str, Any]:
        """The first frame that fits, come already or still to come."""
        async with asyncio.timeout(patience):
            while True:
                found = next((frame for frame in self.frames if fits(frame)), None)
                if found is not None:
                    return found
                if self.socket.closed:
                    raise Closed(self.socket.close_code)
                self._news.clear()
                await self._news.wait()

    async def frame(self, kind: str, **values: Any) -> dict[str, Any]:
        return await self.wait(
            lambda frame: frame["type"] == kind and all(frame.get(key) == value for key, value in values.items())
        )

    async def closed(self) -> int | None:
        """The code with which the other end hung up."""
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            await self._reader
        return self.socket.close_code

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == "message"]

    async def cut(self) -> None:
        """The line breaks: no closing handshake."""
        assert self.socket._writer is not None
        transport = self.socket._writer.transport
        if transport is not None:
            transport.abort()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self.socket.close()  # of what is left, on this side only

    async def leave(self) -> None:
        await self.socket.close()
        if self._reader is not None:
            await self._reader
