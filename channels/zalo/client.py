"""The part of Zalo that touches the network: sending, files, what was missed, the account's own view."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote

import structlog

from channels.contract import Account, Delivery, DeliveryUnknown, InboundEvent, NeedsReauth, Permanent, Retryable
from channels.errands import by_hand
from channels.house import House
from channels.http import Http
from channels.outside import Outside
from channels.upload import form
from channels.zalo import consent
from channels.zalo.answers import BY_NUMBER, PAID, REFRESH, answer
from channels.zalo.calls import ANONYMOUS, CS, GROUP, GROUPS, Call, Upload, with_upload
from channels.zalo.past import Missed
from channels.zalo.quota import kind, left, scarce
from channels.zalo.settings import API_URL, OAUTH_URL, ZBS_URL, app_secret, url
from channels.zalo.tokens import Refused, Tokens

FILE_BYTES: Final = 5 << 20
FETCH_BYTES: Final = 20 << 20
UPLOAD_S: Final = 60.0
VISITS: Final = 4096  # threads of which it is known whether they are visits without a Zalo identity
HOSTS: Final = (".zdn.vn", ".zadn.vn", ".zalo.me", ".zaloapp.com")
VIETNAM: Final = timezone(timedelta(hours=7))
MORNING: Final = (6, 5)  # what may not be said at night may be said from here on
JSON: Final = "application/json"

log = structlog.get_logger("zalo")


class ZaloClient:
    """One official account. `api`, `oauth`, `zbs` -- to its three hosts."""

    def __init__(
        self, account: Account, *, api: Http | None = None, oauth: Http | None = None, zbs: Http | None = None
    ) -> None:
        self._account = account
        base = url(account, "api_url", API_URL)
        self._api = api or Http(base)
        self._zbs = zbs or Http(url(account, "zbs_url", ZBS_URL))
        self._oauth = oauth or Http(url(account, "oauth_url", OAUTH_URL))
        self._outside = Outside(account.get("media_hosts", HOSTS), near=self._api, base=base)
        self.tokens = Tokens(account, self._oauth)
        self._visits: OrderedDict[str, str] = OrderedDict()
        self._missed = Missed(account, self._read)
        self.quota: Mapping[str, str] = {}  # of the last answer
        self.quotas: dict[str, tuple[str, str]] = {}  # kind of message -> (left, of), for people
        self._scarce = False

    def __repr__(self) -> str:
        return f"ZaloClient({self._account.id})"

    @property
    def trouble(self) -> str:
        return self.tokens.trouble

    # ---- what the gateway gives and tells

    def attach(self, house: House) -> None:
        """Before the first call: where tokens are kept."""
        self.tokens.attach(house)

    async def keep(self) -> None:
        """Once a minute: the next token in good time. What goes wrong is told where people look."""
        try:
            await self.tokens.keep()
        except (NeedsReauth, Retryable) as err:
            log.warning("zalo.token", account=self._account.id, reason=str(err))

    async def probe(self) -> None:
        """Is there a token again? Raises NeedsReauth, Retryable."""
        await self.tokens.current()

    def noticed(self, event: InboundEvent) -> None:
        """A stored event: where a visitor is to be answered."""
        visit = event.extra.get("conversation_id", "")
        if event.thread and not event.by_human:
            self._remember(event.thread, visit)

    # ---- sending

    async def call(self, request: Call) -> str:
        """Zalo's message id. A template that Zalo does not take for the person goes to his telephone number. Raises
        ChannelError."""
        try:
            return await self._call(request)
        except Permanent as err:
            if err.reason != BY_NUMBER or not request.to_number:
                raise
        return await self._call(request.by_number())

    async def _call(self, request: Call) -> str:
        """A token that died on the way is fetched anew, once."""
        token = await self.tokens.current()
        try:
            try:
                return await self._send(request, token)
            except NeedsReauth as err:
                if err.code not in REFRESH:
                    raise
            return await self._send(request, await self.tokens.renew(token))
        except Permanent as err:
            if err.code in PAID and self.tokens.house is not None:
                self.tokens.house.note(f"{err}: the linked Zalo Cloud account is missing or has no money")
            raise

    async def _send(self, request: Call, token: str) -> str:
        http, path, body = await self._envelope(request, token)
        status, answered = await http.post(path, body, self._headers(token))
        data = answer(status, answered, template=bool(request.template), until_morning=self._until_morning())
        if not isinstance(data, dict):
            return ""
        self._note(data)
        found = data.get("message_id") or data.get("msg_id") or ""
        return str(found) if isinstance(found, (str, int)) else ""

    async def _envelope(self, request: Call, token: str) -> tuple[Http, str, bytes]:
        if request.template:
            return (self._zbs if request.by_phone else self._api), request.template, request.body.encode()
        if request.thread.startswith(GROUP):
            group = {"group_id": request.thread.removeprefix(GROUP)}
            return self._api, GROUPS, _bytes({"recipient": group, "message": json.loads(request.body)})
        if request.upload is None:
            message = json.loads(request.body)
        else:
            message = with_upload(request.body, request.upload, await self._upload(request.upload, token))
        visit = await self._visit(request.thread)
        to = {"anonymous_id": request.thread, "conversation_id": visit} if visit else {"user_id": request.thread}
        return self._api, ANONYMOUS if visit else CS, _bytes({"recipient": to, "message": message})

    async def _upload(self, upload: Upload, token: str) -> str:
        """A file's token, of this use only: Zalo forgets it after days. Losing the answer costs nothing."""
        if len(upload.data) > FILE_BYTES:
            raise Permanent("zalo: a file of more than 5 MB", reason="too_large")
        content_type, body = form({}, "file", name=upload.name, mime=upload.mime, data=upload.data)
        headers = self._headers(token) | {"Content-Type": content_type}
        try:
            status, said = await self._api.post(
                f"/v2.0/oa/upload/{upload.what}", body, headers, total_s=UPLOAD_S, idle_s=UPLOAD_S
            )
            data = answer(status, said)
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        else:
            found = data.get("token") or data.get("attachment_id") if isinstance(data, dict) else None
            if isinstance(found, (str, int)) and found:
                return str(found)
            problem = Retryable("zalo: an upload that brought no token", answered=True)
        raise problem

    async def _visit(self, thread: str) -> str:
        """The visit to be answered, '' for people with a Zalo identity."""
        if thread not in self._visits:
            house = self.tokens.house
            known = await house.beside(thread) if house is not None else {}
            self._remember(thread, known.get("conversation_id", ""))
        return self._visits.get(thread, "")

    def _remember(self, thread: str, visit: str) -> None:
        self._visits[thread] = visit
        self._visits.move_to_end(thread)
        while len(self._visits) > VISITS:
            self._visits.popitem(last=False)

    def _note(self, data: Mapping[str, Any]) -> None:
        """Quota and kind of billing, as the answer tells them: people are warned, nothing is decided by it."""
        quota = data.get("quota")
        if not isinstance(quota, dict):
            return
        self.quota = {str(name): str(value) for name, value in quota.items() if isinstance(value, (str, int))}
        if what := kind(self.quota):
            self.quotas[what] = left(self.quota)
        warning, house = scarce(self.quota, told=self._scarce), self.tokens.house
        if warning is not None and house is not None:
            self._scarce = bool(warning)
            house.note(warning)

    # ---- files

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """A customer's file by its address: Zalo's own hosts only, https only. Raises ChannelError."""
        return await self._outside.file(source, cap=min(limit, FETCH_BYTES))

    # ---- what was missed

    async def missed(self, since_ms: int, *, thorough: bool) -> list[Delivery]:
        """What customers said since then, as deliveries that `parse` reads. `thorough` -- where we spoke last too.
        Raises ChannelError."""
        return await self._missed.since(since_ms, thorough=thorough)

    async def _read(self, path: str, query: Mapping[str, Any]) -> Any:
        """A read of the API; a lost answer is Retryable."""
        token = await self.tokens.current()
        asked = f"{path}?data={quote(_bytes(query).decode(), safe='')}" if query else path
        try:
            try:
                return answer(*await self._api.get(asked, self._headers(token)))
            except NeedsReauth as err:
                if err.code not in REFRESH:
                    raise
            token = await self.tokens.renew(token)
            return answer(*await self._api.get(asked, self._headers(token)))
        except DeliveryUnknown as err:
            problem = Retryable(str(err), code=err.code)
        raise problem

    # ---- people's side

    async def setup(self, url: str, **_dry: bool) -> AsyncIterator[str]:
        """Zalo's console has no API: what a person enters there, in this order (channels.errands)."""
        site = url.partition("/hooks/")[0]
        if self._account.get("site_verification"):
            yield "the page for the domain's verification is served at the root"
        else:
            yield by_hand("Domain: put the code of zalo_verifier<code>.html into site_verification, restart")
        yield by_hand(f"Domain: verify {site} in the app's console")
        yield by_hand(
            f"Webhook: enter {url}, switch on every event and the syntax filter off; while it is being saved the console"
            " wants 200 for an unsigned request: bad_mac_status: 200 for that moment"
        )
        yield by_hand(f"Official Account, callback: {consent.callback(url)}")
        yield by_hand(
            f"consent: an administrator of the OA opens {site}/oauth/zalo/{self._account.name}, unless refresh_token is set"
        )

    async def status(self) -> dict[str, Any]:
        """Zalo's own view of the account. Raises ChannelError."""
        if self.tokens.house is None:  # a command: a token that it used up would be lost to the gateway
            return {"zalo": "is asked by the running gateway only"}
        data = await self._read("/v2.0/oa/getoa", {})
        said = data if isinstance(data, dict) else {}
        told = {name: said.get(name, "") for name in ("name", "oa_id", "is_verified", "package_name", "linked_ZCA")}
        return told | {"quota": " ".join(f"{what}={rest}/{of}" for what, (rest, of) in self.quotas.items())}

    def consent_url(self, base: str, secret: bytes) -> str:
        """Where an administrator of the OA consents. base -- our public address · secret -- signs what comes back."""
        return consent.link(self._account, base, secret, now_ms=self._now_ms())

    async def consented(self, query: Mapping[str, str], secrets: Sequence[bytes]) -> str:
        """What the callback brought: '' when the tokens are stored, else the reason why not, for people."""
        verifier, problem = consent.check(self._account, query, secrets, now_ms=self._now_ms())
        if problem:
            return problem
        try:
            await self.tokens.exchange(query["code"], verifier)
        except Refused as err:
            return str(err)
        except (Retryable, DeliveryUnknown) as err:
            return f"{err}; begin again"
        return ""

    async def close(self) -> None:
        await self.tokens.close()
        for http in (self._api, self._zbs, self._oauth):
            await http.close()
        await self._outside.close()

    # ---- small things

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Content-Type": JSON, "access_token": token}
        if self._account.get("appsecret_proof"):
            key = app_secret(self._account).encode()
            headers["appsecret_proof"] = hmac.new(key, token.encode(), hashlib.sha256).hexdigest()
        return headers

    def _now_ms(self) -> int:
        house = self.tokens.house
        return house.now_ms() if house is not None else round(datetime.now(UTC).timestamp() * 1000)

    def _until_morning(self) -> float:
        now = datetime.fromtimestamp(self._now_ms() / 1000, VIETNAM)
        morning = now.replace(hour=MORNING[0], minute=MORNING[1], second=0, microsecond=0)
        return ((morning if morning > now else morning + timedelta(days=1)) - now).total_seconds()


def _bytes(value: Any) -> bytes:
    """As UTF-8; half an emoji, which is none, as its escape."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
