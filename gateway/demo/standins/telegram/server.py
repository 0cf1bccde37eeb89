"""The Bot API over HTTP: who may call, what goes wrong, what is answered, and all of it on record."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from gateway.demo.standins.clock import Clock
from gateway.demo.standins.faults import Fault, Faults

from .chats import PATIENCE, Chat
from .customer import Customer, Group, Person
from .limits import Limits
from .methods import METHODS, Method, carry_out
from .records import Call, Delivery
from .state import State, chat_id
from .wire import ApiError, Ask, FormFile, Json, dumps, loads, read_parameters, too_many

TOKEN: Final = "7011223344:stand-in"
FIRST_CUSTOMER: Final = 5_820_113_377  # beyond 31 bits, as people's ids are
FIRST_GROUP: Final = -1_001_820_113_377
JSON: Final = {"Content-Type": "application/json"}

DOWNLOAD: Final = Method("download", lambda *_: None, frozenset(), counts=False)  # so that faults can name it


class FakeTelegram(State):
    """A strict local Telegram for one bot.

    `limits`: refuse what is sent too fast. `clock`: what retries wait on. `seed`: of everything random.
    """

    def __init__(
        self,
        token: str = TOKEN,
        bot_id: int | None = None,
        username: str = "ibaohiem_bot",
        *,
        clock: Clock | None = None,
        limits: bool = False,
        seed: int = 0,
    ) -> None:
        bot = int(token.partition(":")[0]) if bot_id is None else bot_id
        super().__init__(bot_id=bot, username=username, clock=clock or Clock(), seed=seed, reply=self._reply)
        self.token = token
        self.url = ""
        self.faults = Faults(shy="getupdates")  # a poller is always calling
        self._limits = Limits() if limits else None
        self._api, self._file = f"/bot{token}/", f"/file/bot{token}/"
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None
        self._released = asyncio.Event()

    # --- running

    async def start(self, port: int = 0) -> str:
        """Listens on 127.0.0.1 and returns the base URL."""
        self._released = asyncio.Event()
        self._server = web.Server(self._serve, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen(port)
        await self.updates.resume()
        return self.url

    async def stop(self) -> None:
        await self.updates.pause()
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._server = None

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        url = await self.start(port)
        try:
            yield url
        finally:
            await self.stop()

    @contextlib.asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Nobody listens: connections are refused by the machine, kept ones are closed."""
        assert self._runner is not None
        assert self._server is not None
        for site in list(self._runner.sites):
            await site.stop()
        for protocol in self._server.connections:
            protocol.force_close()
        try:
            yield
        finally:
            await self._listen(int(self.url.rpartition(":")[2]))

    async def _listen(self, port: int) -> None:
        assert self._runner is not None
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    # --- people

    def customer(
        self,
        id: int | None = None,  # noqa: A002 - the platform's word
        first_name: str = "Lan",
        last_name: str = "",
        username: str = "",
        language_code: str = "vi",
        *,
        phone: str = "84901234567",
    ) -> Customer:
        """A person whom the bot has heard of, and who has not pressed Start."""
        number = FIRST_CUSTOMER + len(self.chats) if id is None else id
        person = Person(
            number, first_name=first_name, last_name=last_name, username=username, language_code=language_code
        )
        chat = Customer(self, person, phone=phone)
        self._enter(chat)
        return chat

    def group(self, title: str = "Gia đình", *, kind: str = "supergroup") -> Group:
        """`kind`: group, supergroup or channel."""
        number = FIRST_GROUP - len(self.chats)
        chat = Group(self, number, title=title, kind=kind)
        self._enter(chat)
        return chat

    def channel(self, title: str = "Tin bảo hiểm") -> Group:
        return self.group(title, kind="channel")

    def _enter(self, chat: Chat) -> None:
        if chat.id in self.chats:
            raise ValueError(f"there is already a chat {chat.id}")
        self.chats[chat.id] = chat

    # --- updates

    @property
    def deliveries(self) -> list[Delivery]:
        """Every POST to the webhook."""
        return self.updates.deliveries

    @property
    def redeliver(self) -> float:
        """The probability that the ack of an update is lost: it is then delivered once more."""
        return self.updates.habits.redeliver

    @redeliver.setter
    def redeliver(self, probability: float) -> None:
        self.updates.habits.redeliver = probability

    async def deliver_again(self, *update_ids: int, times: int = 1, shuffled: bool = False) -> list[Delivery]:
        """Repeats updates that were delivered, outside their queues, one POST after the other."""
        return await self.updates.repeat(update_ids, times=times, shuffled=shuffled)

    async def push(self, kind: str, body: Any, *, chat: int = 0) -> Json:
        """Any update at all, of kinds that nobody knows too."""
        return self.updates.add(kind, body, ("chat", chat))

    async def settled(self, timeout: float = PATIENCE) -> None:
        """Until the bot has acknowledged every update, or the platform has given it up."""
        await self.until(lambda: not self.updates.pending, timeout, lambda: f"pending: {list(self.updates.pending)}")

    async def acked(self, update: Json, timeout: float = PATIENCE) -> None:
        """Until the bot has acknowledged this update; cheap with any number of them under way."""
        async with asyncio.timeout(timeout):
            await self.updates.acked(update["update_id"])

    # --- waiting

    async def until(
        self,
        ready: Callable[[], bool],
        timeout: float = PATIENCE,
        what: Callable[[], str] = lambda: "it did not come to that",
    ) -> None:
        """Until `ready()` holds; asked anew after each call, delivery and confirmation, never by the clock."""
        await self.watch.until(ready, timeout=timeout, what=what)

    async def wait_for(self, number: int, timeout: float = PATIENCE) -> None:
        """Until so many messages were accepted in all."""
        await self.until(lambda: len(self.sent) >= number, timeout, lambda: f"{len(self.sent)} sent, not {number}")

    # --- faults

    def next(self, *faults: Fault, method: str | None = None, chat: int | None = None) -> None:
        """Each fault meets the next call of that method, to that chat; getUpdates only when it is named."""
        self.faults.add(faults, method=method, chat=chat)

    def default_fault(self, rate: float, kind: Fault | Sequence[Fault] = (), rng: random.Random | None = None) -> None:
        """Chaos: that share of all calls but getUpdates meets one of these faults; 0 ends it."""
        self.faults.chaos(rate, [kind] if isinstance(kind, Fault) else kind, rng)

    def release(self) -> None:
        """Hanging calls go on: what was accepted is answered, the rest is dropped."""
        self._released.set()
        self._released = asyncio.Event()

    # --- serving

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if not path.startswith(self._api):
            path = unquote(path)
        if request.method not in {"GET", "POST"}:
            return self._turned_away(path, ApiError(405, "Method Not Allowed"))
        if path.startswith(self._api):
            name = path[len(self._api) :]
            method = METHODS.get(name.lower())
            if method is None:
                self.note(name, "a method that this stand-in does not play")
                return self._turned_away(path, ApiError(404, "Not Found: method not found"))
            return await self._call(request, method)
        if path.startswith(self._file):
            return await self._call(request, DOWNLOAD)
        token = path.removeprefix("/file").removeprefix("/bot").partition("/")[0]
        known = path.startswith(("/bot", "/file/bot")) and ":" in token
        return self._turned_away(path, ApiError(401, "Unauthorized") if known else ApiError(404, "Not Found"))

    def _turned_away(self, path: str, why: ApiError) -> web.Response:
        call = Call(self.clock.now(), path.rpartition("/")[2])
        self.calls.append(call)
        self.watch.changed()
        return self._refusal(call, why)

    async def _call(self, request: web.BaseRequest, method: Method) -> web.StreamResponse:
        call = Call(self.clock.now(), method.name)
        self.calls.append(call)
        try:
            return await self._meet(request, method, call)
        except (OSError, web.RequestPayloadError):
            raise  # the bot went away in the middle of it
        except Exception as err:
            self.note(method.name, f"the stand-in itself failed: {err!r}")
            raise
        finally:
            self.watch.changed()

    async def _meet(self, request: web.BaseRequest, method: Method, call: Call) -> web.StreamResponse:
        """The call meets the fault that waits for it, if there is one."""
        name = method.name.lower()
        if self.faults.waiting and self.faults.refuses(name):
            call.fault = "refuse"
            return await self._drop(request)
        try:
            call.params, files = await read_parameters(request)
        except ApiError as err:
            return self._refusal(call, err)
        call.chat = chat_id(call.params)
        fault = self.faults.take(name, call.chat)
        if fault is None:
            return await self._answer(request, method, call, files)
        call.fault = fault.kind
        answer = await self._answer(request, method, call, files) if fault.accepted else None
        return await self._fail(request, call, fault, answer)

    async def _answer(
        self, request: web.BaseRequest, method: Method, call: Call, files: dict[str, FormFile]
    ) -> web.Response:
        """Carries the call out."""
        if self._limits and method.counts and (wait := self._limits.check(call.chat, self.clock.now())):
            return self._refusal(call, too_many(wait))
        try:
            if method is DOWNLOAD:
                return self._download(call, unquote(request.raw_path.partition("?")[0])[len(self._file) :])
            result = carry_out(self, method, Ask(method.name, call.params, files))
            if asyncio.iscoroutine(result):
                result = await result
        except ApiError as err:
            return self._refusal(call, err)
        call.status, call.accepted = 200, True
        return _response(200, dumps({"ok": True, "result": result}))

    def _refusal(self, call: Call, why: ApiError) -> web.Response:
        call.status, call.description = why.status, why.description
        after = (why.parameters or {}).get("retry_after")
        return _response(why.status, why.body(), {"Retry-After": str(after)} if after else {})

    def _download(self, call: Call, path: str) -> web.Response:
        call.params["path"] = path
        stored = self.files.open(path)
        if stored is None:
            raise ApiError(404, "Not Found")
        call.status, call.accepted = 200, True
        return web.Response(body=stored.content, content_type="application/octet-stream")

    def _reply(self, body: bytes) -> None:
        """A webhook's answer may carry a call; the bot never hears what came of it."""
        try:
            params = loads(body)
            method = METHODS.get(str(params.pop("method")).lower())
        except (ValueError, LookupError, AttributeError, TypeError):
            return
        if method is None or method.name.startswith(("get", "setWebhook", "deleteWebhook")):
            return
        call = Call(self.clock.now(), method.name, params, chat_id(params), fault="webhook reply")
        self.calls.append(call)
        try:
            carry_out(self, method, Ask(method.name, params))
            call.accepted = True
        except ApiError as err:
            call.status, call.description = err.status, err.description
        except Exception as err:
            self.note(method.name, f"the stand-in itself failed: {err!r}")

    # --- failing

    async def _fail(
        self, request: web.BaseRequest, call: Call, fault: Fault, answer: web.Response | None
    ) -> web.StreamResponse:
        """`answer` is what would have been answered, when the call was carried out."""
        match fault.kind:
            case "answer":
                call.status = fault.status
                return _response(fault.status, fault.body, dict(fault.headers))
            case "hang":
                call.status = 0
                self.watch.changed()
                await self._released.wait()
                if answer is not None:
                    call.status = answer.status
                    return answer
            case "half":
                call.status = 0
                return await self._half(
                    request, answer or _response(500, ApiError(500, "Internal Server Error").body())
                )
        call.status = 0
        return await self._drop(request)

    async def _drop(self, request: web.BaseRequest) -> web.StreamResponse:
        self.watch.changed()
        if request.transport is not None:
            request.transport.abort()
        await asyncio.Event().wait()  # the end of the connection cancels this handler
        raise AssertionError

    async def _half(self, request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
        body = answer.body
        assert isinstance(body, bytes)
        response = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(body))})
        response.content_type = answer.content_type
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        self.watch.changed()
        if request.transport is not None:
            request.transport.close()  # after what is buffered is out
        await asyncio.Event().wait()
        raise AssertionError


def _response(status: int, body: bytes, headers: Json | None = None) -> web.Response:
    return web.Response(status=status, body=body, headers={**JSON, **headers} if headers else JSON)
