"""One WebSocket of a visitor: what he says goes into the inbox and is acknowledged by its commit, never before."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from channels import webchat
from channels.contract import Account, MalformedPayload
from channels.reading import TEXT_LENGTH, integer, mapping, read_json, text
from gateway.web.limits import Limit
from gateway.webchat import history, live, sessions
from gateway.webchat.live import Live, Page
from gateway.webchat.sessions import Visitor
from handlers.texts import LANGUAGES
from storage import files
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from gateway.parts import Parts
    from gateway.webchat.page import Words

log = structlog.get_logger("webchat")
FRAME_BYTES: Final = 64 * 1024
HELLO_S: Final = 10.0
HEARTBEAT_S: Final = 30.0
SAID: Final = (20, 10.0)  # messages in seconds, a visitor
FRAMES: Final = (120, 10.0)  # frames of any kind, a socket: beyond it nobody types
TYPING_S: Final = 2.0
UNTIL_RETRY: Final = (1000, 4000)
ANSWERED_BY_BOT: Final = frozenset({"new", "greeted", "consent_pending", "collecting", "confirming"})
OWNER: Final = "visitor:"  # of an uploaded file: this and the thread
_CLIENT_ID: Final = re.compile(r"[0-9a-f]{32}")
_FILE_ID: Final = re.compile(r"[0-9a-v]{26}")


class Refused(Exception):
    """A frame that is not taken. `code` is also the key of the words that the visitor reads."""

    def __init__(self, code: str, *, wait_ms: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.wait_ms = wait_ms


class Reception:
    """What all sockets of one account share: where frames go and how many there may be."""

    def __init__(self, parts: Parts, account: Account, pages: Live, words: Words) -> None:
        self.parts = parts
        self.account = account
        self.pages = pages
        self.words = words
        self.said = Limit(*SAID)

    async def talk(self, wire: web.WebSocketResponse, visitor: Visitor, hello: Mapping[str, Any]) -> None:
        """From `ready` to the end of the socket."""
        page = await self.pages.join(wire, visitor, integer(hello, "after", default=0))
        teller = asyncio.create_task(page.tell())
        try:
            await Talk(self, page, text(hello, "lang")).listen(wire)
        finally:
            self.pages.leave(page)
            teller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await teller


async def serve(request: web.Request, parts: Parts, receptions: Mapping[str, Reception]) -> web.WebSocketResponse:
    """A socket from its handshake on: the first frame says whose it is."""
    wire = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=FRAME_BYTES, compress=False, timeout=5.0)
    await wire.prepare(request)
    try:
        hello = await _hello(wire)
        if hello is None:
            await wire.close(code=live.HELLO_LATE)
            return wire
        visitor = await known(parts, sessions.token_of(text(hello, "token"), request))
        reception = receptions.get(visitor.account_id) if visitor is not None else None
        if visitor is None or reception is None:
            await wire.close(code=live.UNAUTHORIZED)
            return wire
        await reception.talk(wire, visitor, hello)
    except MalformedPayload:
        await wire.close(code=WSCloseCode.UNSUPPORTED_DATA)
    except StorageUnavailable:
        await wire.close(code=WSCloseCode.TRY_AGAIN_LATER)
    return wire


async def _hello(wire: web.WebSocketResponse) -> Mapping[str, Any] | None:
    """The first frame; None when it does not come, or is none."""
    try:
        message = await wire.receive(timeout=HELLO_S)
    except TimeoutError:
        return None
    if message.type is not WSMsgType.TEXT:
        return None
    frame = read_json(message.data.encode("utf-8", "surrogatepass"))
    return frame if isinstance(frame, dict) and frame.get("type") == "hello" else None


async def known(parts: Parts, token: str) -> Visitor | None:
    """Whose token this is; None when nobody's. Using a session keeps it alive."""
    if not token:
        return None
    key = sessions.digest(token)
    found = await parts.store.read(lambda tx: sessions.find(tx, key))
    if found is None:
        return None
    visitor, touch = found
    if touch:
        await parts.store.run(lambda tx: sessions.touch(tx, key))
    return visitor


class Talk:
    """One visitor's frames, one after the other: the next is read when the last is committed."""

    def __init__(self, home: Reception, page: Page, lang: str) -> None:
        self._home = home
        self._page = page
        self._lang = lang if lang in LANGUAGES else ""
        self._words = home.words.chat(self._lang or LANGUAGES[0])
        self._frames = Limit(*FRAMES)
        self._typing = Limit(1, TYPING_S)

    async def listen(self, wire: web.WebSocketResponse) -> None:
        async for message in wire:
            if message.type is not WSMsgType.TEXT:
                self._page.close(WSCloseCode.UNSUPPORTED_DATA)
                return
            if self._frames.wait(""):
                self._page.close(live.FLOOD)
                return
            if not await self._frame(message.data):
                return
            await asyncio.sleep(0)  # the answer may leave before the next frame is read

    async def _frame(self, data: str) -> bool:
        """Whether to go on."""
        client_id = ""
        try:
            frame = mapping(read_json(data.encode("utf-8", "surrogatepass")))
            given = frame.get("id")
            client_id = given if isinstance(given, str) and _CLIENT_ID.fullmatch(given) else ""
            await self._take(frame, client_id)
        except Refused as err:
            self._refuse(client_id, err)
        except MalformedPayload:
            self._refuse(client_id, Refused("unreadable"))
        except StorageUnavailable:
            # not acknowledged, so the page keeps it and says it again
            self._page.push({"type": "reconnect", "in_ms": 2000})
            await asyncio.sleep(0.05)
            self._page.close(WSCloseCode.TRY_AGAIN_LATER)
            return False
        return True

    def _refuse(self, client_id: str, err: Refused) -> None:
        words = {"unreadable": "refused", "empty": "refused", "no_file": "upload_failed"}
        frame = {
            "type": "refused",
            "id": client_id,
            "code": err.code,
            "message": self._words[words.get(err.code, err.code)],
        }
        self._page.push(frame | ({"retry_in_ms": err.wait_ms} if err.wait_ms else {}))

    async def _take(self, frame: Mapping[str, Any], client_id: str) -> None:
        match frame.get("type"):
            case "say" | "tap" | "file":
                if not client_id:
                    raise Refused("unreadable")
                wait = self._home.said.wait(self._page.visitor.thread)
                if wait:
                    raise Refused("too_fast", wait_ms=round(wait * 1000) + 50)
                await self._say(frame, client_id)
            case "seen" | "delivered":
                await self._receipt(frame)
            case "typing":
                conversation = self._page.standing.conversation_id
                if conversation and not self._typing.wait(""):
                    self._home.parts.hub.publish([(live.VISITOR_TYPES, conversation)])
            case "ping":
                self._page.push({"type": "pong"})
            case _:
                raise Refused("unreadable")

    async def _say(self, frame: Mapping[str, Any], client_id: str) -> None:
        said: dict[str, Any] = {"type": frame["type"], "id": client_id}
        match frame["type"]:
            case "say":
                said["text"] = text(frame, "text").strip()
                if not said["text"]:
                    raise Refused("empty")
                if len(said["text"]) >= TEXT_LENGTH:
                    raise Refused("too_long")
            case "tap":
                said |= {"payload": text(frame, "payload")[:200], "label": text(frame, "label")[:200]}
            case _:
                said |= await self._file(text(frame, "file"))
        self._home.pages.said(self._page.visitor.thread)
        await self._store(said)
        self._page.push({"type": "ack", "id": client_id})
        standing = self._page.standing
        if standing.stage in ANSWERED_BY_BOT and self._home.parts.engine.switches.on(self._home.account.id):
            self._page.push({"type": "typing", "author": "bot"})

    async def _file(self, file_id: str) -> dict[str, Any]:
        """What we know of this visitor's own upload; nothing of what the frame says of it is believed."""
        owner = OWNER + self._page.visitor.thread
        if not _FILE_ID.fullmatch(file_id):
            raise Refused("no_file")
        found = await self._home.parts.store.read(lambda tx: files.find(tx, file_id))
        if found is None or found.created_by != owner:
            raise Refused("no_file")
        return {"file": file_id, "name": found.name, "mime": found.mime, "size": found.size}

    async def _receipt(self, frame: Mapping[str, Any]) -> None:
        point, seq = self._page.standing.point_id, integer(frame, "seq")
        if not point or not 0 < seq <= self._page.standing.last:
            return
        until = await self._home.parts.store.read(lambda tx: history.said_at(tx, point, seq))
        if until is not None:
            await self._store({"type": frame["type"], "seq": str(seq)}, until=until)

    async def _store(self, frame: Mapping[str, Any], *, until: int | None = None) -> None:
        """Through the same inbox as everything else; returns after the commit, also for what was there already."""
        parts, account, thread = self._home.parts, self._home.account, self._page.visitor.thread
        delivery = webchat.delivery(thread, frame, parts.clock.ms(), until=until, lang=self._lang)
        events = webchat.parse(delivery, account)
        for event, new in zip(events, await parts.ingest(account, events), strict=True):
            if new:
                parts.metrics.events.labels(event.channel, event.account, event.kind.value).inc()
