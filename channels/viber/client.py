"""The part of Viber that touches the network: sending, customers' files, the webhook, the account's own view."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import structlog

from channels.contract import (
    Account,
    DeliveryUnknown,
    InboundEvent,
    Kind,
    NeedsReauth,
    Permanent,
    RateLimited,
    Retryable,
)
from channels.errands import by_hand
from channels.house import House
from channels.http import Http
from channels.outside import Outside
from channels.upload import folded
from channels.viber.answers import PAID, TOO_NEW, answer
from channels.viber.calls import SEND, Call
from channels.viber.settings import api_url, token

FETCH_BYTES: Final = 20 << 20
HOSTS: Final = (".viber.com",)
EVENTS: Final = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
UNANSWERED: Final = 100  # messages to somebody who says nothing, within an hour: one more is refused (status 12)
HOUR_MS: Final = 3_600_000
PEOPLE: Final = 4096
CHARGED: Final = "5"  # billing_status of a message that costs money
SETUP_S: Final = 30.0  # Viber calls our address before it answers

log = structlog.get_logger("viber")


class ViberClient:
    """One bot. `api` -- to its host. Files of ours need the gateway's links (`attach`)."""

    def __init__(self, account: Account, *, api: Http | None = None) -> None:
        self._account = account
        self._base = api_url(account)
        self._api = api or Http(self._base)
        self._outside = Outside(account.get("media_hosts", HOSTS), near=self._api, base=self._base)
        self._house: House | None = None
        self._unanswered: OrderedDict[str, deque[int]] = OrderedDict()  # thread -> when we spoke, Unix ms
        self.charged = 0  # messages that cost money, since the start

    def __repr__(self) -> str:
        return f"ViberClient({self._account.id})"

    def attach(self, house: House) -> None:
        self._house = house

    def noticed(self, event: InboundEvent) -> None:
        """A stored event: whoever says something may be written to a hundred times again."""
        if event.kind not in (Kind.RECEIPT, Kind.IGNORED, Kind.UNFOLLOW):
            self._unanswered.pop(event.thread, None)

    # ---- sending

    async def call(self, request: Call) -> str:
        """Viber's message token. An app that is too old for a keyboard gets the choices as lines. Raises ChannelError."""
        self._hold(request.thread)
        body = self._with_file(request)
        try:
            said = await self._send(request.thread, body)
        except Permanent as err:
            if err.code != TOO_NEW or not request.plain:
                self._paid(err)
                raise
            said = None
        if said is None:
            said = await self._send(request.thread, self._linked(request, request.plain))
        if str(said.get("billing_status", "")) == CHARGED:
            self.charged += 1
            log.info("viber.charged", account=self._account.id, count=self.charged)
        found = said.get("message_token")
        return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""

    async def _send(self, thread: str, body: str) -> dict[str, Any]:
        said = await self._ask(SEND, body)
        self._spoke(thread)
        return said

    async def _ask(self, path: str, body: str, *, total_s: float | None = None) -> dict[str, Any]:
        status, answered = await self._api.post(path, body.encode(), self._headers(), total_s=total_s, idle_s=total_s)
        return answer(status, answered)

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "X-Viber-Auth-Token": token(self._account)}

    def _with_file(self, request: Call) -> str:
        return self._linked(request, request.body)

    def _linked(self, request: Call, body: str) -> str:
        """The body, with the file's address in it. Viber fetches it without a password, at once or days later."""
        if not request.file:
            return body
        if self._house is None:
            raise Retryable("viber: no address of ours to fetch the file from", answered=None)
        link = self._house.link(request.file, folded(request.file_name))
        if self._base.startswith("https://") and not link.startswith("https://"):
            raise Permanent("viber: files need an https address of ours (server.public_url)", reason="hosting")
        return json.dumps({**json.loads(body), "media": link}, ensure_ascii=False, separators=(",", ":"))

    def _hold(self, thread: str) -> None:
        """Waits until the hundredth message before is an hour old. Raises RateLimited."""
        spoken = self._unanswered.get(thread)
        if spoken is None or self._house is None:
            return
        now = self._house.now_ms()
        while spoken and now - spoken[0] >= HOUR_MS:
            spoken.popleft()
        if len(spoken) >= UNANSWERED:
            raise RateLimited(
                "viber: a hundred messages in an hour and no answer",
                retry_after=(spoken[0] + HOUR_MS - now) / 1000,
                whole_account=False,
            )

    def _spoke(self, thread: str) -> None:
        if self._house is None:
            return
        self._unanswered.setdefault(thread, deque(maxlen=UNANSWERED)).append(self._house.now_ms())
        self._unanswered.move_to_end(thread)
        while len(self._unanswered) > PEOPLE:
            self._unanswered.popitem(last=False)

    def _paid(self, err: Permanent) -> None:
        if err.code in PAID and self._house is not None:
            self._house.note(f"{err}: the free messages are used up, or the balance is")

    # ---- files

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """A customer's file by its address, which lives for an hour: Viber's own hosts only, https only. Raises
        ChannelError."""
        if "://" not in source:  # it comes without, at times
            source = f"https://{source}"
        return await self._outside.file(source, cap=min(limit, FETCH_BYTES))

    # ---- people's side

    async def setup(self, url: str, *, dry: bool = False) -> AsyncIterator[str]:
        """Tell Viber where we are: it calls that address, signed, before it answers. A line for each thing as it is done
        (channels.errands). Raises ChannelError."""
        told: Any = EVENTS
        if not dry:
            told = (await self._register(url)).get("event_types")
        yield f"webhook set: {url}"
        yield f"events: {', '.join(map(str, told)) if isinstance(told, (list, tuple)) else '-'}"
        yield by_hand(
            "name, picture and the text of an empty chat are set in the Viber app: More, Settings, Bots, Edit info"
        )

    async def _register(self, url: str) -> Mapping[str, Any]:
        wanted = {"url": url, "event_types": list(EVENTS), "send_name": True, "send_photo": False}
        try:
            return await self._ask("/pa/set_webhook", json.dumps(wanted), total_s=SETUP_S)
        except Permanent as err:
            if err.code != "1":
                raise
            problem = Permanent(
                "viber: did not accept the address: is the gateway running there, with a full certificate chain, and"
                " does its token belong to this bot?",
                reason="bad_request",
                code="1",
            )
        raise problem

    async def status(self) -> dict[str, Any]:
        """Viber's own view of the account. Raises ChannelError."""
        try:
            said = await self._ask("/pa/get_account_info", "{}")
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        else:
            told = {name: said.get(name, "") for name in ("name", "uri", "webhook", "subscribers_count")}
            events = said.get("event_types")
            return told | {"events": " ".join(map(str, events)) if isinstance(events, list) else ""}
        raise problem

    async def probe(self) -> None:
        """Is the bot well again? Raises NeedsReauth, Retryable."""
        if not (await self.status())["webhook"]:
            raise NeedsReauth("viber: no webhook is set; run `gateway channels setup`", code="10")

    async def close(self) -> None:
        await self._api.close()
        await self._outside.close()
