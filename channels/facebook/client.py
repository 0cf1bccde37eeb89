"""The part of Messenger that touches the network: sending, files, thread control, profiles, the page's own view."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import structlog

from channels.contract import (
    Account,
    ChannelError,
    DeliveryUnknown,
    InboundEvent,
    MalformedPayload,
    NeedsReauth,
    Permanent,
    Profile,
    RateLimited,
    Retryable,
)
from channels.errands import by_hand
from channels.facebook.answers import NOT_OURS, WINDOW, answer, outcome
from channels.facebook.beside import Beside
from channels.facebook.calls import Call
from channels.facebook.life import ASK_MS, until
from channels.facebook.page import profile
from channels.facebook.settings import api_url, app_id, app_secrets, graph, page_token, path_of, verify_tokens
from channels.facebook.usage import Usage
from channels.house import House
from channels.http import Http
from channels.loose import NONE, at, objects, perhaps, several, words
from channels.outside import Outside
from channels.reading import clean_name
from channels.upload import form

log = structlog.get_logger("facebook")
FETCH_BYTES: Final = 20 << 20  # 25 are published; we keep no larger files of anybody
UPLOAD_S: Final = 60.0
HOSTS: Final = (".fbcdn.net", ".fbsbx.com")
FIELDS: Final = (
    "messages,messaging_postbacks,messaging_optins,messaging_referrals,message_deliveries,message_reads,message_echoes,"
    "message_edits,message_reactions,messaging_handovers,standby,messaging_policy_enforcement,"
    "messenger_template_status_update"
)


class FacebookClient:
    """One page. `api` -- to the Graph API."""

    def __init__(self, account: Account, *, api: Http | None = None) -> None:
        self._account = account
        base = api_url(account)
        self._house: House | None = None
        self._usage = Usage()
        self.token_until: int | None = None  # ms, 0 = does not end by itself, None = not known
        self._asked_ms = 0
        self._beside = Beside(account, act=self._act, profile=self.profile)
        self._api = api or Http(base)
        self._api.hears = self._hears
        self._outside = Outside(account.get("media_hosts", HOSTS), near=self._api, base=base)

    def __repr__(self) -> str:
        return f"FacebookClient({self._account.id})"

    def attach(self, house: House) -> None:
        self._house = self._beside.house = house

    def _hears(self, headers: Mapping[str, str]) -> None:
        warning = self._usage.heard(headers)
        if warning is not None and self._house is not None:
            self._house.note(warning)

    def noticed(self, event: InboundEvent) -> None:
        self._beside.noticed(event)

    async def _act(self, thread: str, action: str) -> None:
        await self._change("messages", {"recipient": {"id": thread}, "sender_action": action})

    # ---- sending

    async def call(self, request: Call) -> str:
        """Meta's message id. A person's own words are let through where the machine's are not: outside the window as
        an agent's (if the page has that right), and after taking the thread back from another app. Raises
        ChannelError."""
        taken = tagged = False
        while True:
            try:
                return await self._send(request)
            except Permanent as err:
                if not request.by_human:
                    raise
                if err.reason == WINDOW and self._account.get("human_agent") and not tagged:
                    request, tagged = request.tagged(), True
                elif err.reason == NOT_OURS and not taken:
                    taken = True
                else:
                    raise
            if taken:
                await self._hold(json.loads(request.body)["recipient"])

    async def _send(self, request: Call) -> str:
        path = self._proven(self._path("messages"))
        if request.upload is None:
            return outcome(*await self._api.post(path, _bytes(request.body), self._headers()))
        file = request.upload
        fields = json.loads(request.body)
        content_type, body = form(fields, "filedata", name=file.name, mime=file.mime, data=file.data)
        headers = self._headers() | {"Content-Type": content_type}
        return outcome(*await self._api.post(path, body, headers, total_s=UPLOAD_S, idle_s=UPLOAD_S))

    async def hold(self, thread: str) -> None:
        """Hold the thread again; what arrives comes to us from then on. Raises ChannelError."""
        await self._hold({"id": thread})

    async def _hold(self, recipient: Mapping[str, str]) -> None:
        await self._change("take_thread_control", {"recipient": dict(recipient)})

    async def _change(self, edge: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A call that may be made twice: a lost answer is Retryable."""
        try:
            return answer(
                *await self._api.post(self._proven(self._path(edge)), _bytes(json.dumps(body)), self._headers())
            )
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        raise problem

    # ---- files

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """A customer's file by its address: Meta's own hosts only, https only. Raises ChannelError."""
        return await self._outside.file(source, cap=min(limit, FETCH_BYTES))

    # ---- people's side

    async def profile(self, thread: str) -> Profile:
        """What Meta says about a person; an empty one where it may not. Raises ChannelError for what may pass."""
        path = f"/{graph(self._account)}/{quote(thread, safe='')}?fields=first_name,last_name,name"
        try:
            said = await self._read(path)
        except Permanent:
            return Profile()
        return Profile(name=perhaps(_name, said, default=""))

    async def setup(self, url: str, *, dry: bool = False) -> AsyncIterator[str]:
        """Tell Meta where to deliver, subscribe the page, and set what it shows: a line for each thing as it is done
        (channels.errands). Meta asks the address with a GET meanwhile. Raises ChannelError."""
        if not dry:
            await self._change("subscribed_apps", {"subscribed_fields": FIELDS})
        yield "the page's events go to the app"
        for body, line in profile():
            if not dry:
                await self._change("messenger_profile", body)
            yield line
        if not dry:  # last: it fails where the gateway cannot be reached, and the rest is worth having all the same
            await self._subscribe(url)
        yield f"the app's webhook: {url}"
        yield by_hand(
            "in the page's settings, make the app the default app of Conversation Routing, and switch off instant replies"
        )

    async def _subscribe(self, url: str) -> None:
        """The app's own subscription, with the app's token. Raises ChannelError."""
        account = self._account
        body = {
            "object": "page",
            "callback_url": url,
            "verify_token": verify_tokens(account)[0],
            "fields": FIELDS,
            "include_values": True,
        }
        path = f"/{graph(account)}/{app_id(account)}/subscriptions"
        try:
            answer(*await self._api.post(path, _bytes(json.dumps(body)), self._as_app(), total_s=UPLOAD_S))
        except NeedsReauth as err:
            problem: ChannelError = NeedsReauth(f"{err}: are app_id and app_secret those of the app?", code=err.code)
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        except Permanent as err:
            problem = Permanent(
                f"{err}: Meta asks that address with the verify_token: is the gateway running there?",
                reason="bad_request",
                code=err.code,
            )
        else:
            return
        raise problem

    async def status(self) -> dict[str, Any]:
        """Meta's own view of the page. Raises ChannelError."""
        page = await self._read(f"{self._path('').rstrip('/')}?fields=name")
        subscribed = await self._read(self._path("subscribed_apps"))
        apps = perhaps(objects, subscribed, "data", default=NONE)
        names = [perhaps(words, one, "name", default="") or perhaps(words, one, "id", default="") for one in apps]
        fields = sum(len(several(one, "subscribed_fields")) for one in apps)
        return {"page": at(page, "name") or "", "subscribed": ", ".join(names) or "no app", "fields": fields}

    async def keep(self) -> None:
        """Once an hour: how long does the token live? Who cannot be asked (another app's secret) leaves it unknown."""
        now_ms = self._house.now_ms() if self._house is not None else 0
        if self._asked_ms and now_ms - self._asked_ms < ASK_MS:
            return
        account = self._account
        path = f"/{graph(account)}/debug_token?input_token={quote(page_token(account), safe='')}"
        try:
            self.token_until = until(answer(*await self._api.get(path, self._as_app())))
        except (Retryable, RateLimited, DeliveryUnknown):
            return  # what was known is so still; in a minute again
        except (ChannelError, MalformedPayload) as err:
            self.token_until = None
            log.info("facebook.token_unknown", account=account.id, error=type(err).__name__)
        self._asked_ms = now_ms

    async def close(self) -> None:
        self._beside.close()
        await self._api.close()
        await self._outside.close()

    # ---- small things

    async def _read(self, path: str) -> Mapping[str, Any]:
        """A read of the API; a lost answer is Retryable."""
        try:
            return answer(*await self._api.get(self._proven(path), self._headers()))
        except DeliveryUnknown as err:
            problem: ChannelError = Retryable(str(err), code=err.code)
        raise problem

    def _path(self, edge: str) -> str:
        return path_of(self._account, edge)

    def _proven(self, path: str) -> str:
        """Apps may demand that whoever shows the token knows the app's secret too."""
        if not self._account.get("appsecret_proof"):
            return path
        key = app_secrets(self._account)[0].encode()
        proof = hmac.new(key, page_token(self._account).encode(), hashlib.sha256).hexdigest()
        return f"{path}{'&' if '?' in path else '?'}appsecret_proof={proof}"

    def _as_app(self) -> dict[str, str]:
        """What the app itself asks, with its own token."""
        token = f"{app_id(self._account)}|{app_secrets(self._account)[0]}"
        return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "Authorization": f"Bearer {page_token(self._account)}"}


def _name(said: Any) -> str:
    """Of a profile; the family's name first, as names go here."""
    first, last = words(said, "first_name"), words(said, "last_name")
    return clean_name(words(said, "name") or f"{last} {first}".strip())


def _bytes(body: str) -> bytes:
    """As UTF-8; half an emoji, which is none, as its escape."""
    try:
        return body.encode()
    except UnicodeEncodeError:
        return json.dumps(json.loads(body)).encode()
