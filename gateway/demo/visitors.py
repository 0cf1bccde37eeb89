"""Customers in the web chat: the page's own wire (a session, one WebSocket, acknowledged frames) without the page."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import orjson

from gateway.demo.player import Got

ACK_S = 15.0
AGAIN_S = 0.5


async def fill(session: aiohttp.ClientSession, link: str, values: Mapping[str, str]) -> None:
    """As a browser does: the page is opened, its boxes filled in, its consent ticked, and sent."""
    async with session.get(link, headers={"Sec-Fetch-Dest": "document"}) as page:
        page.raise_for_status()
    async with session.post(link, data={**values, "agree": "yes"}) as answer:
        answer.raise_for_status()


class WebWire:
    """One visitor. What he says is kept until it is acknowledged, and said again on the next line if it was cut."""

    channel = "web chat"

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, thread: str, phone: str) -> None:
        self.thread = thread
        self.inbox: asyncio.Queue[Got] = asyncio.Queue()
        self._session, self._url, self._token, self._phone = session, url, token, phone
        self._seq = 0
        self._seen: set[int] = set()
        self._labels: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._open = asyncio.Event()
        self._reader = asyncio.create_task(self._run(), name=f"visitor {thread[-4:]}")

    @classmethod
    async def enter(cls, session: aiohttp.ClientSession, url: str, *, phone: str) -> Self:
        """Open the page."""
        async with session.post(f"{url}/chat/session", json={}, headers={"Origin": url}) as answer:
            answer.raise_for_status()
            told = await answer.json()
        return cls(session, url, told["token"], told["thread"], phone)

    # ---- what he does

    async def say(self, text: str) -> None:
        await self._send({"type": "say", "text": text})

    async def tap(self, button: str) -> None:
        await self._send({"type": "tap", "payload": button, "label": self._labels.get(button, "")})

    async def press_start(self) -> None:
        """A page has no Start: it is open."""

    async def share_phone(self) -> None:
        await self.say(self._phone)

    async def send_picture(self, data: bytes, caption: str) -> None:
        form = aiohttp.FormData()
        form.add_field("file", data, filename="anh.jpg", content_type="image/jpeg")
        headers = {"Origin": self._url, "X-Chat-Token": self._token}
        async with self._session.post(f"{self._url}/chat/files", data=form, headers=headers) as answer:
            answer.raise_for_status()
            kept = await answer.json()
        await self._send({"type": "file", "file": kept["id"]})
        if caption:
            await self.say(caption)

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, frame: dict[str, Any]) -> None:
        """Returns once it is committed."""
        frame_id = secrets.token_hex(16)
        done = self._waiting[frame_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ACK_S):
                while not done.done():
                    await self._open.wait()
                    assert self._socket is not None
                    with contextlib.suppress(ConnectionError):
                        await self._socket.send_str(_text(frame | {"id": frame_id}))
                    await asyncio.wait([done], timeout=ACK_S / 3)
            done.result()
        finally:
            del self._waiting[frame_id]

    # ---- what comes

    async def _run(self) -> None:
        """The line, and a new one whenever it is cut."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                await self._listen()
            self._open.clear()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        async with self._session.ws_connect(f"{self._url}/chat/ws", headers={"Origin": self._url}) as line:
            self._socket = line
            await line.send_str(_text({"type": "hello", "token": self._token, "after": self._seq}))
            async for message in line:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._frame(line, orjson.loads(message.data))

    async def _frame(self, line: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ready":
                self._open.set()
            case "ack":
                self._settle(frame["id"], None)
            case "refused":
                self._settle(frame["id"], RuntimeError(f"the page refused: {frame['code']}"))
            case "message" if frame["seq"] not in self._seen:
                self._seen.add(frame["seq"])
                self._seq = max(self._seq, min(frame["seq"], frame.get("resume", frame["seq"])))
                if frame["author"] != "customer":
                    await line.send_str(_text({"type": "seen", "seq": frame["seq"]}))
                    await self._take(frame)

    def _settle(self, frame_id: str, trouble: Exception | None) -> None:
        waiting = self._waiting.get(frame_id)
        if waiting is None or waiting.done():
            return
        if trouble is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(trouble)

    async def _take(self, frame: dict[str, Any]) -> None:
        buttons = {button["id"]: button["label"] for button in frame["buttons"] if not button.get("url")}
        self._labels |= buttons
        files = [file for file in frame["attachments"] if file.get("url")]
        data = await self._fetch(files[0]["url"]) if files else None
        self.inbox.put_nowait(
            Got(
                text=frame["text"],
                buttons=buttons,
                author=frame["author"],
                file=data,
                file_name=files[0]["name"] if files else "",
            )
        )

    async def _fetch(self, path: str) -> bytes:
        async with self._session.get(self._url + path, headers={"X-Chat-Token": self._token}) as answer:
            answer.raise_for_status()
            return await answer.read()


def _text(frame: dict[str, Any]) -> str:
    return orjson.dumps(frame).decode()
