"""The three hosts as one server: who may call, what goes wrong, what is answered, and all of it on record."""

from __future__ import annotations

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
from .grants import ACCESS_S, Grants
from .records import Call, Json, Sent, ZaloError, dumps
from .webhook import Webhook

APP: Final = "9301774650812263549"
OA: Final = "2745501938264417082"
FIRST: Final = 5_182_290_637_741_093_865  # beyond 53 bits, as people's ids are
PER_MINUTE: Final = 4000
FREE: Final = 8  # messages to a person after each of his
BOUGHT: Final = 1000
JSON: Final = {"Content-Type": "application/json"}


class FakeZalo:
    """A strict local Zalo for one app with one official account.

    `balance` -- messages that the linked account can pay; None: none is linked · `templates` -- number to the names of
    its parameters · `buttons` -- whether the current API takes them · `echoes` -- every send is told back.
    """

    def __init__(
        self,
        *,
        app_id: str = APP,
        app_secret: str = "app-secret",
        oa_id: str = OA,
        oa_secret_key: str = "oa-secret-key",
        clock: Clock | None = None,
        access_s: int = ACCESS_S,
        per_minute: int = PER_MINUTE,
        answer_s: float = 2.0,
    ) -> None:
        self.app_id, self.app_secret, self.oa_id, self.oa_secret_key = app_id, app_secret, oa_id, oa_secret_key
        self.clock = clock or Clock()
        self.watch = Watch()
        self.failing = Failing(self.watch.changed)
        self.grants = Grants(self.clock, app_id=app_id, app_secret=app_secret, access_s=access_s)
        self.webhook = Webhook(
            app_id=app_id, secret=oa_secret_key, clock=self.clock, heard=self.watch.changed, answer_s=answer_s
        )
        self.people: dict[str, Customer] = {}
        self.groups: set[str] = set()  # that the OA is in
        self.assets: dict[str, tuple[str, str, bytes, float]] = {}
        self.media = Media(self.clock.now)  # of customers
        self.templates: dict[str, tuple[str, ...]] = {}
        self.numbers_only: set[str] = set()  # templates that go to telephone numbers only
        self.wordings: dict[str, str] = {}  # number -> what the phone shows, with {parameters}
        self.balance: int | None = None
        self.bought = BOUGHT
        self._free: dict[str, int] = {}  # person -> free messages left until he writes again
        self.quota = {"dailyQuota": "500", "remainingQuota": "499"}  # of template messages by phone
        self.buttons = False
        self.echoes = True
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.violations: list[str] = []  # what no client may do, whatever it is answered
        self.url = ""
        self._per_minute = per_minute
        self._minute: tuple[int, int] = (0, 0)
        self._ids = itertools.count(0xB8F2C6D104AA97E35510)

    # ---- running

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        async with listening(self._serve, port) as self.url:
            try:
                yield self.url
            finally:
                self.release()
                await self.webhook.close()

    def hook(self, url: str) -> None:
        self.webhook.url, self.webhook.on = url, True

    def customer(self, name: str = "Lan", *, phone: str = "84912007345", visit: str = "", user: str = "") -> Customer:
        """Somebody who has not written yet."""
        made = Customer(self, user or str(FIRST + len(self.people)), name=name, phone=phone, visit=visit)
        self.people[made.id] = made
        return made

    def new_id(self) -> str:
        return f"{next(self._ids):020x}"

    async def tell(self, name: str, *, server: str = "OA OpenAPI", **body: Any) -> Json:
        """An event, once it is acknowledged or given up."""
        event = self.event(name, **body)
        self._free.pop(str(body.get("sender", {}).get("id", "")), None)
        await self.webhook.send(event, server=server)
        return event

    def event(self, name: str, **body: Any) -> Json:
        return {"app_id": self.app_id, "event_name": name, **body, "timestamp": str(round(self.clock.now() * 1000))}

    async def typed(self, customer: Customer, text: str, *, admin: str = "7001122334455667788") -> Json:
        """A person of the OA answers in Zalo's own tool."""
        sent = Sent(self.clock.now(), customer.id, self.new_id(), text=text)
        customer.take(sent)
        sender = {"id": self.oa_id, "admin_id": admin}
        message = {"msg_id": sent.id, "text": text}
        return await self.tell("oa_send_text", sender=sender, recipient={"id": customer.id}, message=message)

    # ---- faults

    def next(self, *faults: Fault, path: str | None = None) -> None:
        """Each meets the next call of that path."""
        self.failing.next(faults, name=path)

    def release(self) -> None:
        """Hanging calls go on."""
        self.failing.release()

    # ---- serving

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        call = Call(self.clock.now(), request.path, token=request.headers.get("access_token", ""))
        self.calls.append(call)
        return await self.failing.serve(request, call, request.path.lower(), partial(self._carry_out, request, call))

    async def _carry_out(self, request: web.BaseRequest, call: Call, raw: bytes) -> web.Response:
        if (file := self.media.answer(request.path)) is not None:
            return file
        if "Authorization" in request.headers:
            self.violations.append(f"{request.path}: an Authorization header")
        try:
            data = self._answer(request, call, raw)
        except ZaloError as err:
            call.code = err.code
            return web.Response(body=err.body(), headers=JSON)
        call.code = int(data.get("error", 0)) if request.path.startswith("/v4/") else 0
        body = data if request.path.startswith("/v4/") else {"error": 0, "message": "Success", "data": data}
        return web.Response(body=dumps(body), headers=JSON)

    def _answer(self, request: web.BaseRequest, call: Call, raw: bytes) -> Any:
        path = request.path
        if path == "/v4/oa/access_token":
            form = _form(raw)
            call.body = form
            return self.grants.exchange(form, request.headers.get("secret_key", ""))
        self.grants.check(call.token)
        self._rate()
        if path.startswith("/v2.0/oa/upload/"):
            name, data = _file(request.headers.get("Content-Type", ""), raw)
            return messages.upload(self, path.rpartition("/")[2], name, data)
        if request.method == "GET":
            call.body = json.loads(request.query.get("data", "{}"))
            return self._read(path, call.body)
        if request.headers.get("Content-Type") != "application/json":
            self.violations.append(f"{path}: not JSON")
        call.body = json.loads(raw)
        return self._post(path, call.body)

    def _post(self, path: str, body: Json) -> Json:
        match path:
            case "/v3.0/oa/message/cs":
                sent = messages.consult(self, body)
            case "/v3.0/oa/group/message":
                sent = messages.to_group(self, body)
                self._tell_group(sent)
                return {"message_id": sent.id, "group_id": sent.user}
            case "/v2.0/oa/message" if "anonymous_id" in body.get("recipient", {}):
                sent = messages.to_visitor(self, body)
            case "/v3.0/oa/message/template":
                sent = messages.template(self, body, by_phone=False)
            case "/message/template":
                sent = messages.template(self, body, by_phone=True)
                self._deliver(sent, echo=False)
                if self.quota["remainingQuota"].isdigit():
                    self.quota["remainingQuota"] = str(max(0, int(self.quota["remainingQuota"]) - 1))
                return {"msg_id": sent.id, "sent_time": str(round(sent.at * 1000)), "quota": dict(self.quota)}
            case "/v2.0/oa/message":
                raise ZaloError(-240, "This API is shut down")
            case _:
                self.violations.append(f"{path}: a path that this stand-in does not play")
                raise ZaloError(-209, "This API is not supported")
        self._deliver(sent, echo=self.echoes)
        return {"message_id": sent.id, "user_id": sent.user, "quota": self._spent(sent)}

    def _spent(self, sent: Sent) -> Json:
        """What the answer says is left: of the free ones to this person since he wrote last, or of those that were bought."""
        if sent.billed:
            self.bought -= 1
            return {"quota_type": "purchase_quota", "remain": str(max(0, self.bought)), "total": str(BOUGHT)}
        left = self._free[sent.user] = max(0, self._free.get(sent.user, FREE) - 1)
        return {"quota_type": "reply", "remain": str(left), "total": str(FREE)}

    def _tell_group(self, sent: Sent) -> None:
        self.sent.append(sent)
        if self.echoes and self.webhook.url:
            said = {"msg_id": sent.id, "text": sent.text}
            sender, to = {"id": self.oa_id}, {"id": sent.user}
            event = self.event("oa_send_group_text", sender=sender, recipient=to, message=said, oa_id=self.oa_id)
            _told = self.webhook.send(event)

    def _deliver(self, sent: Sent, *, echo: bool) -> None:
        self.sent.append(sent)
        self.people[sent.user].take(sent)
        if not echo or not self.webhook.url:
            return
        customer = self.people[sent.user]
        what = "anonymous_text" if customer.anonymous else "file" if sent.file and not sent.text else "text"
        message = {"msg_id": sent.id, "text": sent.text} | (
            {"conversation_id": customer.visit} if customer.visit else {}
        )
        event = self.event(f"oa_send_{what}", sender={"id": self.oa_id}, recipient={"id": sent.user}, message=message)
        _told = self.webhook.send(event)

    def _read(self, path: str, query: Json) -> Any:
        offset, count = int(query.get("offset", 0)), int(query.get("count", 10))
        if path == "/v2.0/oa/getoa":
            return {"oa_id": self.oa_id, "name": "IBAOHIEM", "is_verified": True, "package_name": "Nâng cao"}
        if count > 10:
            raise ZaloError(-210, "count exceeds 10")
        if path == "/v2.0/oa/listrecentchat":
            lines = [line for one in self.people.values() for line in one.said[-1:]]
        elif path == "/v2.0/oa/conversation" and str(query.get("user_id")) in self.people:
            lines = list(self.people[str(query["user_id"])].said)
        else:
            raise ZaloError(-201, "user_id is invalid!")
        return sorted(lines, key=lambda line: -int(line["time"]))[offset : offset + count]

    def _rate(self) -> None:
        minute = int(self.clock.now() // 60)
        done = self._minute[1] + 1 if self._minute[0] == minute else 1
        self._minute = (minute, done)
        if done > self._per_minute:
            raise ZaloError(-32, "The app has exceeded its rate limit")


def _form(raw: bytes) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def _file(content_type: str, raw: bytes) -> tuple[str, bytes]:
    """Name and bytes of the one part named `file`. Raises ZaloError."""
    from email.parser import BytesParser
    from email.policy import HTTP

    parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            name = (part.get_filename() or "").encode("utf-8", "surrogateescape").decode()
            return name, content if isinstance(content, bytes) else b""
    raise ZaloError(-201, "file is invalid!")
