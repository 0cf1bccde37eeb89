"""Forms for one customer, `/form/{token}`: what must not be asked in a chat. One page, filled in once, nothing of him shown.

What he enters is an event of his conversation like everything else; its bytes go when it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import orjson
from aiohttp import StreamReader, web

from gateway.tickets import kind_of
from gateway.web.limits import Limit
from gateway.web.security import client_address
from gateway.web.static import Assets
from gateway.web.templates import Pages
from handlers import captured, schedule, wanted, wording
from handlers.asking import C2
from handlers.captured import FIELDS, Wrong
from handlers.events import FILLED
from handlers.model import Say, State
from handlers.texts import UnfilledVariable
from storage import inbox, tickets
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

A_MINUTE: Final = 30  # looks at one form; from one address of the Internet, at what is none
BODY: Final = 32 * 1024
READ_S: Final = 10.0
KIND: Final = "form"
# What is wrong with a box: in Vietnamese and in English, as everything on this page.
WRONG: Final[Mapping[str, tuple[str, str]]] = {
    "empty": ("Chưa điền.", "Please fill this in."),
    "not_a_name": ("Họ tên gồm chữ cái, không có số.", "A name has letters only, no digits."),
    "too_short": ("Số điện thoại còn thiếu số.", "Some digits of the phone number are missing."),
    "too_long": ("Số điện thoại bị thừa số.", "The phone number has too many digits."),
    "unknown_prefix": ("Đầu số này không có.", "No phone number begins like this."),
    "service_number": ("Đây là số tổng đài.", "This is a hotline, not your number."),
    "not_a_phone": ("Chưa đúng số điện thoại.", "This is not a phone number."),
    "not_an_email": ("Chưa đúng địa chỉ email.", "This is not an e-mail address."),
    "unknown_province": ("Không tìm thấy tỉnh/thành này.", "We do not know this province."),
    "no_such_day": ("Không có ngày này. Viết như 12/05/1990.", "There is no such day. Write it like 12/05/1990."),
    "no_year": ("Còn thiếu năm.", "The year is missing."),
    "future": ("Ngày này chưa tới.", "This day has not come yet."),
    "too_old": ("Năm này chưa đúng.", "This year cannot be right."),
    "expired": ("Giấy tờ đã hết hạn.", "This paper has expired."),
    "cmnd_expired": (
        "CMND 9 số không còn giá trị: điền số căn cước 12 số.",
        "9-digit ID cards are no longer valid: give the 12-digit number.",
    ),
    "bad_id_number": ("Số giấy tờ chưa đúng.", "This number is not right."),
    "bad_serial": ("Biển số chưa đúng.", "This plate is not right."),
    "bad_province": ("Đầu biển số này không có.", "No plate begins like this."),
    "bad_plate": ("Biển số chưa đúng, ví dụ 59X1-123.45.", "This plate is not right; an example: 59X1-123.45."),
    "bad_serial_no": ("Số này chưa đúng: chép đúng như trên đăng ký xe.", "Copy it as it stands in the registration."),
    "not_a_country": ("Viết mã 2 chữ, ví dụ VN.", "Write the 2-letter code, for example VN."),
}
NOT_RIGHT: Final = ("Chưa đúng.", "This is not right.")
KNOWN: Final[Mapping[str, str]] = {  # what his browser or telephone may fill in by itself
    "name": "name",
    "phone": "tel",
    "email": "email",
    "dob": "bday",
    "residence": "street-address",
    "mailing_address": "street-address",
    "province": "address-level1",
    "nationality": "country",
    "gender": "sex",
    "occupation": "organization-title",
}


class Forms:
    """The two handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages: Pages | None = None
        self._limit = Limit(A_MINUTE, 60.0)

    async def look(self, request: web.Request) -> web.StreamResponse:
        if busy := self._busy(request):
            return busy
        try:
            found = await self._parts.store.read(lambda tx: self._ticket(tx, request))
            if found is not None and found.opened_at is None and request.headers.get("Sec-Fetch-Dest") == "document":
                ticket_id = found.id  # a browser; chat apps' robots look at every address that they see
                await self._parts.store.run(lambda tx: tickets.opened(tx, ticket_id))
            used = found is None and await self._parts.store.read(lambda tx: self._used(tx, request))
        except StorageUnavailable:
            return self._shown("later", status=503)
        if found is None:
            return self._shown("done" if used else "over", status=200 if used else 410)
        return self._asked(found, {}, {})

    async def send(self, request: web.Request) -> web.StreamResponse:
        if busy := self._busy(request):
            return busy
        try:
            async with asyncio.timeout(READ_S):
                body = await _read(request.content)
            found = await self._parts.store.read(lambda tx: self._ticket(tx, request))
            if found is None:
                return await self._ended(request)
            given = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
            values, wrong = _values(found, given, self._today())
            if wrong:
                return self._asked(found, given, wrong, status=422)
            raw = {name: given[name] for name in values}
            await self._parts.store.run(lambda tx: self._fill(tx, request, values, raw))
            return await self._ended(request)
        except TimeoutError:
            return self._shown("later", status=408)
        except StorageUnavailable:
            return self._shown("later", status=503)

    async def _ended(self, request: web.Request) -> web.StreamResponse:
        """It was sent, now or by the tap before: the page that says so has an address that a reload may ask again."""
        if await self._parts.store.read(lambda tx: self._used(tx, request)):
            return web.Response(status=303, headers={"Location": request.rel_url.raw_path})
        return self._shown("over", status=410)

    def _used(self, tx: Tx, request: web.Request) -> bool:
        return self._ours(request) and tickets.used(tx, KIND, request.match_info["token"])

    def _ours(self, request: web.Request) -> bool:
        return kind_of(self._parts, request.match_info["token"]) == KIND

    def _ticket(self, tx: Tx, request: web.Request, *, lock: bool = False) -> tickets.Ticket | None:
        return tickets.find(tx, KIND, request.match_info["token"], lock=lock) if self._ours(request) else None

    def _fill(self, tx: Tx, request: web.Request, values: Mapping[str, str], raw: Mapping[str, str]) -> bool:
        """The event and the end of the ticket, in one transaction: whether anything is kept is decided by the conversation."""
        found = self._ticket(tx, request, lock=True)
        if found is None or not tickets.use(tx, found.id):
            return False
        row = tx.one("SELECT point_id, account_id FROM conversation WHERE id = :id", id=found.conversation_id)
        assert row is not None
        body = {
            "fields": dict(values),
            "raw": dict(raw),
            "by": found.created_by,
            "agreed": captured.needs_c2(frozenset(values)),
            "conversation_id": found.conversation_id,
        }
        inbox.insert_own(
            tx,
            point_id=row.point_id,
            account_id=row.account_id,
            kind=FILLED,
            source="system",
            key=f"form:{found.id}",
            body_=orjson.dumps(body),
            state="new",
        )
        return True

    def _today(self) -> date:
        return schedule.local(self._parts.now(), self._parts.config.business()).date()

    def _busy(self, request: web.Request) -> web.StreamResponse | None:
        """Each form has its own measure, for half a province shares an address; what is none of ours, its sender's."""
        ours = request.match_info["token"] if self._ours(request) else ""
        wait = self._limit.wait(ours or client_address(request, self._parts.config.server.trusted_proxies))
        return self._shown("often", status=429, wait_s=round(wait) + 1) if wait else None

    def _asked(
        self, found: tickets.Ticket, given: Mapping[str, str], wrong: Mapping[str, str], *, status: int = 200
    ) -> web.Response:
        names = [name for name in found.data["fields"] if name in FIELDS]
        boxes = [
            {
                "name": name,
                "field": FIELDS[name],
                "choices": [(one, self._choice(name, one)) for one in captured.CHOICES.get(name, ())],
                "given": given.get(name, ""),
                "known": KNOWN.get(name, "off"),
                "wrong": WRONG.get(wrong[name], NOT_RIGHT) if name in wrong else (),
            }
            for name in names
        ]
        consent = self._consent() if captured.needs_c2(frozenset(names)) else ""
        return self._shown("asks", status=status, boxes=boxes, consent=consent, refused="agree" in wrong)

    def _choice(self, name: str, value: str) -> str:
        if name == "product":
            return self._parts.texts.button(f"p_{value}", "vi")
        return wanted.KINDS["vi"].get(value) or wanted.USES["vi"].get(value) or value

    def _consent(self) -> str:
        say, texts = Say(key=C2), self._parts.texts
        known = wording.variables(say, state=State(), business=self._parts.config.business(), texts=texts)
        try:
            return texts.render(C2, "vi", **known)
        except UnfilledVariable:
            return ""

    def _shown(self, fate: str, *, status: int = 200, wait_s: int = 60, **values: Any) -> web.Response:
        self._pages = self._pages or Pages(Assets())
        told = {"fate": fate, "agency": self._parts.config.business(), "boxes": [], "consent": "", "refused": False}
        response = self._pages.answer("web/form.html", {**told, **values}, status=status)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        if status in (408, 429, 503):
            response.headers["Retry-After"] = str(wait_s)
        return response


def _values(found: tickets.Ticket, given: Mapping[str, str], today: date) -> tuple[dict[str, str], dict[str, str]]:
    """(what each field holds, what is wrong with the others)."""
    values, wrong = {}, {}
    names = [name for name in found.data["fields"] if name in FIELDS]
    for name in names:
        try:
            values[name] = captured.read(name, given.get(name, ""), today=today)
        except Wrong as err:
            wrong[name] = err.code
    if captured.needs_c2(frozenset(names)) and given.get("agree") != "yes":
        wrong["agree"] = "agree"
    return values, wrong


async def _read(content: StreamReader) -> bytes:
    """The body to its end, or as much of it as a form of ours can be."""
    body = b""
    while len(body) < BODY and (piece := await content.read(BODY - len(body))):
        body += piece
    return body


def routes(parts: Parts) -> list[web.RouteDef]:
    forms = Forms(parts)
    return [web.get("/form/{token}", forms.look), web.post("/form/{token}", forms.send)]
