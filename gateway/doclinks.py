"""Protected addresses of documents, `/d/{token}`: for what a channel does not carry.

GET shows a page that names nobody and counts nothing, for chat apps' robots fetch every address that they see. The file
comes by POST, with the last digits of the customer's telephone number where we have one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from aiohttp import StreamReader, web

from channels.contract import Permanent
from gateway.web.files import download
from gateway.web.limits import Limit
from gateway.web.security import client_address
from gateway.web.static import Assets
from gateway.web.templates import Pages
from storage import document_links
from storage.document_links import DIGITS, Fate
from storage.errors import StorageUnavailable
from storage.keys import KeyMissing

if TYPE_CHECKING:
    from channels.contract import Account
    from gateway.parts import Parts
    from storage.tx import Tx

PURPOSE: Final = "document links"
A_MINUTE: Final = 30  # looks at one link; from one address of the Internet, at what is none
BODY: Final = 1024
READ_S: Final = 5.0
LATER: Final = "later"  # pages of ours beside the fates: nothing is known of the link now
OFTEN: Final = "often"
LATER_S: Final = 60
_TOKEN: Final = re.compile(r"([0-9a-v]{26})\.([0-9]{1,15})\.([0-9a-f]{64})")
_STATUS: Final = {Fate.OPEN: 200, Fate.ASKS: 200, Fate.WRONG: 403, Fate.OVER: 410}


def token(key: bytes, link_id: str, until: int) -> str:
    """until -- Unix ms."""
    return f"{link_id}.{until}.{_mac(key, link_id, until)}"


def opened(key: bytes, given: str, now_ms: int) -> str:
    """The link's id; '' for what we did not sign, or whose time is over."""
    found = _TOKEN.fullmatch(given)
    if found is None:
        return ""
    link_id, until = found[1], int(found[2])
    good = hmac.compare_digest(found[3].encode(), _mac(key, link_id, until).encode())
    return link_id if good and now_ms < until else ""


def _mac(key: bytes, link_id: str, until: int) -> str:
    return hmac.new(key, f"{link_id}|{until}".encode(), hashlib.sha256).hexdigest()


def noted(tx: Tx, parts: Parts, *, file_id: str, link_id: str) -> str:
    """The file's public address, made in this unit; asked again with the same `link_id`, the same one."""
    until = document_links.create(tx, link_id=link_id, file_id=file_id)
    return f"{parts.config.files_url}/d/{token(parts.engine.keys.secret(PURPOSE), link_id, until)}"


async def address(parts: Parts, *, account_id: str, file_id: str, link_id: str) -> str:
    """The same in a unit of its own, for a reader of this account. Raises Permanent where he cannot reach us."""
    if not reachable(parts.config.files_url, parts.accounts.get(account_id)):
        raise Permanent("a link to a file needs an https address of ours (server.public_url)", reason="hosting")
    return await parts.store.run(lambda tx: noted(tx, parts, file_id=file_id, link_id=link_id))


def reachable(origin: str, account: Account | None) -> bool:
    """Whether the account's readers can open what is at our `origin`: over https; a stand-in's over plain http as well,
    for no platform beyond this machine is ever spoken to so."""
    stand_in = account is not None and str(account.get("api_url") or "").startswith("http://")
    return origin.startswith("https://") or stand_in


class DocumentLinks:
    """The two handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages: Pages | None = None
        self._limit = Limit(A_MINUTE, 60.0)

    async def look(self, request: web.Request) -> web.StreamResponse:
        if busy := self._busy(request):
            return busy
        link_id = self._link(request)
        try:
            fate = await self._parts.store.read(lambda tx: document_links.look(tx, link_id)) if link_id else Fate.OVER
        except StorageUnavailable:
            return self._later(503)
        return self._page(fate)

    async def open(self, request: web.Request) -> web.StreamResponse:
        if busy := self._busy(request):
            return busy
        try:
            async with asyncio.timeout(READ_S):
                body = await _read(request.content)
        except TimeoutError:
            return self._later(408)
        digits = parse_qs(body.decode("ascii", "replace")).get("digits", [""])[0].strip()[:32]
        link_id = self._link(request)
        if not link_id:
            return self._page(Fate.OVER)
        try:
            answer = await self._parts.store.run(lambda tx: document_links.claim(tx, link_id, digits))
            if answer.file is None:
                return self._page(answer.fate, left=answer.left)
            data = await self._parts.read_file(answer.file.id)
        except (FileNotFoundError, KeyMissing):
            return self._page(Fate.OVER)
        except (StorageUnavailable, OSError):
            return self._later(503)
        return _unlisted(download(data, name=answer.file.name, mime=answer.file.mime))

    def _link(self, request: web.Request) -> str:
        keys, now_ms = self._parts.engine.keys.secrets(PURPOSE), self._parts.clock.ms()
        return next(filter(None, (opened(key, request.match_info["token"], now_ms) for key in keys)), "")

    def _busy(self, request: web.Request) -> web.StreamResponse | None:
        """Each link has its own measure, for half a province shares an address; what is none of ours, its sender's."""
        address = client_address(request, self._parts.config.server.trusted_proxies)
        wait = self._limit.wait(self._link(request) or address)
        return self._later(429, fate=OFTEN, wait_s=round(wait) + 1) if wait else None

    def _page(self, fate: Fate, *, left: int = 0) -> web.Response:
        return self._shown(fate.value, status=_STATUS[fate], left=left)

    def _later(self, status: int, *, fate: str = LATER, wait_s: int = LATER_S) -> web.Response:
        response = self._shown(fate, status=status)
        response.headers["Retry-After"] = str(wait_s)
        return response

    def _shown(self, fate: str, *, status: int, left: int = 0) -> web.Response:
        values = {"fate": fate, "left": left, "digits": DIGITS, "agency": self._parts.config.business()}
        self._pages = self._pages or Pages(Assets())
        return _unlisted(self._pages.answer("web/document.html", values, status=status))


async def _read(content: StreamReader) -> bytes:
    """The body to its end, or as much of it as a form of ours can be: one read gives only what has arrived by then."""
    body = b""
    while len(body) < BODY and (piece := await content.read(BODY - len(body))):
        body += piece
    return body


def _unlisted(response: web.Response) -> web.Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def routes(parts: Parts) -> list[web.RouteDef]:
    links = DocumentLinks(parts)
    return [web.get("/d/{token}", links.look), web.post("/d/{token}", links.open)]
