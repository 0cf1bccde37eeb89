"""Graph API and webhook as one server: who may call, what goes wrong, what is answered, and all of it on record."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp import web

from gateway.demo.standins.clock import Clock
from gateway.demo.standins.failing import Failing, listening
from gateway.demo.standins.faults import Fault
from gateway.demo.standins.media import Media
from gateway.demo.standins.watch import Watch

from . import messages
from .customer import Customer
from .records import Call, GraphError, Json, Sent, escaped

FIRST: Final = 24_681_357_902_468_135
VERSION: Final = "v26.0"
ANSWER_S: Final = 20.0
ACCEPTED: Final = 200
AGAIN_S: Final = (0.0, 60.0, 300.0, 900.0)  # it does not follow the 36 hours of Meta's other webhooks


class FakeFacebook:
    """A strict local Meta for one app with one page. `holder` -- the app that holds every thread · `templates` -- name
    to the number of parameters · `echoes` -- every send is told back."""

    def __init__(
        self,
        *,
        page_id: str = "102938475610293",
        app_id: str = "731905522817364",
        token: str = "page-token",
        app_secret: str = "app-secret",
        clock: Clock | None = None,
        echoes: bool = True,
    ) -> None:
        self.page_id, self.app_id, self.token, self.app_secret = page_id, app_id, token, app_secret
        self.clock = clock or Clock()
        self.watch = Watch()
        self.failing = Failing(self.watch.changed)
        self.people: dict[str, Customer] = {}
        self.media = Media(self.clock.now)  # of customers
        self.templates: dict[str, int] = {}
        self.human_agent = False
        self.holder = app_id
        self.echoes = echoes
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.violations: list[str] = []  # what no client may do, whatever it is answered
        self.statuses: list[int] = []  # of our POSTs to the webhook
        self.subscribed: list[str] = []  # fields of the page's events
        self.profile: Json = {}  # what the page shows before anybody has written
        self.usage: dict[str, str] = {}  # headers of every answer: how much of what is allowed is used
        self.token_ends = self.data_ends = 0  # seconds since 1970, 0 = never
        self.url = self._hook = ""
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[int]] = set()

    # ---- running

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        async with listening(self._serve, port) as self.url:
            try:
                yield self.url
            finally:
                self.failing.release()
                for task in self._tasks:
                    task.cancel()

    def hook(self, url: str) -> None:
        self._hook = url

    def customer(self, name: str = "Lan") -> Customer:
        made = Customer(self, str(FIRST + len(self.people)), name)
        self.people[made.id] = made
        return made

    def new_id(self) -> str:
        return f"m_Ab${next(self._ids):08d}-x"

    def now_ms(self) -> int:
        return round(self.clock.now() * 1000)

    def next(self, *faults: Fault, path: str = "messages") -> None:
        """Each meets the next call of that edge."""
        self.failing.next(faults, name=path)

    # ---- the webhook

    async def tell(self, *items: Json, name: str = "messaging") -> Json:
        """One POST of these events."""
        body = {"object": "page", "entry": [{"id": self.page_id, "time": self.now_ms(), name: list(items)}]}
        raw = escaped(body)
        if await self.post(raw) != ACCEPTED and self._hook:
            self._later(self._again(raw))
        return body

    async def _again(self, raw: bytes) -> int:
        """What was not acknowledged comes "immediately, then a few more times with decreasing frequency"."""
        status = 0
        for wait in AGAIN_S:
            await self.clock.sleep(wait)
            if (status := await self.post(raw)) == ACCEPTED:
                break
        return status

    def _later(self, work: Coroutine[Any, Any, int]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[int]) -> None:
        self._tasks.discard(task)
        self.watch.changed()

    async def post(self, body: bytes) -> int:
        """Signed over the very bytes; the status, 0 where nobody answered."""
        if not self._hook:
            return 0
        mac = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={mac}", "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        status = 0
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # nobody there
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._hook, data=body, headers=headers) as response,
            ):
                await response.read()
                status = response.status
        self.statuses.append(status)
        self.watch.changed()
        return status

    async def typed(self, customer: Customer, text: str) -> Json:
        """A person answers in the page's inbox."""
        message = {"mid": self.new_id(), "text": text, "is_echo": True, "app_id": 263902037430900}
        return await self.tell(self._from_page(customer.id, message))

    def _from_page(self, user: str, message: Json) -> Json:
        stamp = self.now_ms()
        return {"sender": {"id": self.page_id}, "recipient": {"id": user}, "timestamp": stamp, "message": message}

    @property
    def pending(self) -> int:
        return len(self._tasks)

    # ---- serving

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        edge = request.path.rpartition("/")[2].lower()
        call = Call(request.method, request.path)
        self.calls.append(call)
        return await self.failing.serve(request, call, edge, partial(self._carry_out, request, call))

    async def _carry_out(self, request: web.BaseRequest, call: Call, raw: bytes) -> web.Response:
        if (file := self.media.answer(request.path)) is not None:
            return file
        if "access_token" in request.query:
            self.violations.append(f"{request.path}: the token in an address")
        try:
            self._known(request)
            return web.json_response(await self._answer(request, call, raw), headers=self.usage)
        except GraphError as err:
            return web.Response(status=err.status, body=err.body(), content_type="application/json")

    def _known(self, request: web.BaseRequest) -> None:
        of_the_app = request.path.endswith((f"/{self.app_id}/subscriptions", "/debug_token"))
        token = f"{self.app_id}|{self.app_secret}" if of_the_app else self.token
        if request.headers.get("Authorization") != f"Bearer {token}":
            raise GraphError(190, 460, "Error validating access token", status=401)

    async def _answer(self, request: web.BaseRequest, call: Call, raw: bytes) -> Json:
        parts = request.path.strip("/").split("/")
        if parts[0] != VERSION:
            raise GraphError(2635, 0, "You are calling a deprecated version")
        match request.method, parts[1:]:
            case "POST", [self.page_id, "messages"]:
                body, name, data = messages.read(request.headers.get("Content-Type", ""), raw)
                call.body = body
                if "sender_action" in body:
                    return messages.act(self, body)
                return self._deliver(messages.take(self, body, name, data), body)
            case "POST", [self.page_id, "take_thread_control"]:
                self.holder = self.app_id
                return {"success": True}
            case "POST", [self.page_id, "subscribed_apps"]:
                call.body = json.loads(raw)
                self.subscribed = [field for field in str(call.body["subscribed_fields"]).split(",") if field]
                return {"success": True}
            case "POST", [self.page_id, "messenger_profile"]:
                self.profile |= (body := messages.profile(self.profile, raw))
                call.body = body
                return {"success": True}
            case "POST", [self.app_id, "subscriptions"]:
                call.body = json.loads(raw)
                await self._handshake(call.body)
                return {"success": True}
            case "GET", ["debug_token"]:
                return {"data": self._token(request.query.get("input_token", ""))}
            case "GET", [self.page_id, "subscribed_apps"]:
                return {"data": [{"id": self.app_id, "name": "gateway", "subscribed_fields": self.subscribed}]}
            case "GET", [self.page_id]:
                return {"id": self.page_id, "name": "IBAOHIEM"}
            case "GET", [user] if user in self.people:
                return {"id": user, "first_name": self.people[user].name, "last_name": "Nguyễn"}
            case "GET", [_]:
                raise GraphError(100, 33, "Unsupported get request")
        self.violations.append(f"{request.method} {request.path}: not played here")
        raise GraphError(100, 0, "Unsupported request")

    def _token(self, given: str) -> Json:
        """What Meta tells an app of a token."""
        if not given:
            raise GraphError(100, 0, "The parameter input_token is required")
        if given != self.token:
            error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return {"error": error, "is_valid": False, "scopes": []}
        whose = {"app_id": self.app_id, "type": "PAGE", "application": "gateway", "profile_id": self.page_id}
        ends = {"expires_at": self.token_ends, "data_access_expires_at": self.data_ends}
        return whose | ends | {"is_valid": True, "issued_at": 1_700_000_000, "scopes": ["pages_messaging"]}

    async def _handshake(self, wanted: Json) -> None:
        """Their servers ask the address first, and want their own word back."""
        challenge, url = "1158201444", str(wanted.get("callback_url", ""))
        query = {
            "hub.mode": "subscribe",
            "hub.verify_token": str(wanted.get("verify_token", "")),
            "hub.challenge": challenge,
        }
        try:
            async with aiohttp.ClientSession() as session, session.get(url, params=query) as answer:
                if answer.status == 200 and await answer.text() == challenge:
                    return
        except (aiohttp.ClientError, ValueError):
            pass
        raise GraphError(2200, 0, "Callback verification failed")

    def _deliver(self, sent: Sent, body: Json) -> Json:
        self.sent.append(sent)
        self.people[sent.user].inbox.append(sent)
        if self.echoes and self._hook:
            message: Json = {"mid": sent.id, "is_echo": True, "app_id": int(self.app_id), "metadata": sent.metadata}
            if "text" in body["message"]:
                message["text"] = sent.text
            echo = self._from_page(sent.user, message)
            entry = {"id": self.page_id, "time": self.now_ms(), "messaging": [echo]}
            self._later(self.post(escaped({"object": "page", "entry": [entry]})))
        return {"recipient_id": sent.user, "message_id": sent.id}
