"""The host as a server: who may call, what goes wrong, what is answered, and all of it on record."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from aiohttp import web

from gateway.demo.standins.clock import Clock
from gateway.demo.standins.failing import Failing, listening
from gateway.demo.standins.faults import Fault
from gateway.demo.standins.media import Media
from gateway.demo.standins.watch import Watch

from . import messages
from .customer import Customer
from .records import Call, Delivery, Json, Sent, ViberError, dumps
from .webhook import ANSWER_S, Webhook

TOKEN: Final = "4d1f0a9c7e25b836-91c0d2e7a64f5b38-c7e6a1f09d3b2548"
FIRST: Final = 5_741_311_803_571_721_087  # beyond 53 bits, as tokens are
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


class FakeViber:
    """A strict local Viber for one bot.

    `balance` -- messages outside a session that can still be paid; None: they are free · `near` -- files of the bot may
    lie on this machine, without TLS.
    """

    def __init__(self, *, token: str = TOKEN, clock: Clock | None = None, answer_s: float = ANSWER_S) -> None:
        self.token = token
        self.clock = clock or Clock()
        self.watch = Watch()
        self.failing = Failing(self.watch.changed)
        self.webhook = Webhook(token=token, clock=self.clock, heard=self.watch.changed, answer_s=answer_s)
        self.people: dict[str, Customer] = {}
        self.media = Media(self.clock.now, life_s=3600)  # of customers
        self.balance: int | None = None
        self.near = True
        self.settings: Json = {}  # of set_webhook
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.sizes: dict[int, int] = {}  # by token, of what phones have fetched
        self.violations: list[str] = []  # what no client may do, whatever it is answered
        self.url = ""
        self._tokens = itertools.count(FIRST)

    # ---- running

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        async with listening(self._serve, port) as self.url:
            try:
                yield self.url
            finally:
                self.release()
                await self.webhook.close()

    def customer(self, name: str = "Mai", *, phone: str = "84912007345", **more: Any) -> Customer:
        """Somebody who has not opened the chat yet."""
        user = base64.b64encode(f"customer-{len(self.people):07d}".encode()).decode()
        made = Customer(self, user, name=name, phone=phone, **more)
        self.people[made.id] = made
        return made

    def new_token(self) -> int:
        return next(self._tokens)

    def event(self, name: str, *, token: int = 0, **body: Any) -> Json:
        stamp = round(self.clock.now() * 1000)
        token = token or self.new_token()
        return {"event": name, "timestamp": stamp, "chat_hostname": "SN-CHAT-07_", "message_token": token, **body}

    async def tell(self, name: str, *, token: int = 0, **body: Any) -> Delivery:
        """A callback, once it is acknowledged or given up."""
        return await self.webhook.send(self.event(name, token=token, **body))

    # ---- faults

    def next(self, *faults: Fault, path: str | None = None) -> None:
        """Each meets the next call of that path."""
        self.failing.next(faults, name=path)

    def release(self) -> None:
        """Hanging calls go on."""
        self.failing.release()

    # ---- serving

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        call = Call(self.clock.now(), request.path, token=request.headers.get("X-Viber-Auth-Token", ""))
        self.calls.append(call)
        return await self.failing.serve(request, call, request.path.lower(), partial(self._carry_out, request, call))

    async def _carry_out(self, request: web.BaseRequest, call: Call, raw: bytes) -> web.Response:
        if (file := self.media.answer(request.path)) is not None:
            return file
        try:
            data = await self._answer(request, call, raw)
        except ViberError as err:
            call.code = err.code
            return web.Response(body=err.body(), headers=JSON)
        call.code = 0
        return web.Response(body=dumps({"status": 0, "status_message": "ok", **data}), headers=JSON)

    async def _answer(self, request: web.BaseRequest, call: Call, raw: bytes) -> Json:
        try:
            body = json.loads(raw)
        except ValueError:
            raise ViberError(3, "badData") from None
        call.body = body
        if not isinstance(body, dict):
            raise ViberError(3, "badData")
        if (call.token or body.get("auth_token")) != self.token:
            raise ViberError(2, "invalidAuthToken")
        match request.path:
            case "/pa/set_webhook":
                return await self._set_webhook(body)
            case "/pa/get_account_info":
                webhook, events = self.webhook.url, self.settings.get("event_types", [])
                return {"name": "IBAOHIEM", "uri": "ibaohiem", "webhook": webhook, "event_types": events, "subscribers_count": sum(one.subscribed for one in self.people.values())}  # fmt: skip
            case "/pa/send_message":
                if not self.webhook.url:
                    raise ViberError(10, "webhookNotSet")
                sent = messages.take(self, body)
                self.sent.append(sent)
                self.people[sent.user].inbox.append(sent)
                return {"message_token": sent.token, "chat_hostname": "SN-CHAT-07_", "billing_status": sent.billing}
        self.violations.append(f"{request.path}: a path that this stand-in does not play")
        raise ViberError(3, "badData")

    async def _set_webhook(self, body: Json) -> Json:
        """Their servers call the address first, and want 200 before they answer."""
        url = body.get("url")
        if url:
            done = await self.webhook.post(str(url), self.event("webhook"))
            if done.status != 200:
                raise ViberError(1, "invalidUrl")
        self.webhook.url, self.settings = str(url or ""), body
        return {"event_types": ["message", *body.get("event_types", [])]}
