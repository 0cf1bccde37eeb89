"""Into the desk and out of it: the page that asks for a password, then for a code where one is wanted, and the cookie."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from aiohttp import web

from gateway.api import body, cookie
from gateway.api.errors import ApiError
from gateway.api.service import API
from gateway.api.signin import CodeWanted, SignedIn
from gateway.desk import oidc
from gateway.desk.elsewhere import Elsewhere
from gateway.desk.join import Join
from gateway.desk.offices import OFFICES
from gateway.desk.words import Words, language
from gateway.web.limits import Limit
from gateway.web.security import client_address, may_act
from gateway.web.templates import Pages
from storage import guide
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from gateway.parts import Parts

FORM_BYTES: Final = 8 * 1024
INVENTED: Final = re.compile(r"(?:[a-z2-9]{4}-){4}[a-z2-9]{4}")  # storage.passwords.invent: told once, better changed
WHERE: Final = re.compile(r"/desk/(?:c/[0-9a-v]{26})?")
DESK: Final = "/desk/"
GUIDE: Final = "/desk/guide"
TRIES: Final = 30  # of one address a minute, whatever the account


class Entrance:
    """The handlers of signing in and out."""

    def __init__(self, parts: Parts, pages: Pages, words: Words) -> None:
        self._parts = parts
        self._pages = pages
        self._words = words
        self._tries = Limit(TRIES, 60.0)
        self._elsewhere = Elsewhere(parts, pages, words, form=self._form, lawful=lawful)
        self._join = Join(parts, pages, words, sorry=self.sorry, fields=_fields)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk/login", self.login),
            web.post("/desk/login", self.enter),
            web.post("/desk/logout", self.leave),
            *self._elsewhere.routes(),
            *self._join.routes(),
        ]

    async def login(self, request: web.Request) -> web.StreamResponse:
        doors = request.config_dict[API].doors
        try:
            known = await doors.session(doors.cookie(request))
        except StorageUnavailable:
            return self.sorry(request)
        if known is not None:
            raise web.HTTPSeeOther(lawful(request.query.get("next", "")))
        return self._form(request)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        if not may_act(request, self._parts.config):
            return self._form(request, problem="cross_origin", status=403)
        try:
            given = await _fields(request)
        except ApiError as err:
            return self._form(request, problem="unreadable", status=err.status)
        address = client_address(request, self._parts.config.server.trusted_proxies)
        password = given.get("password", "")
        if given.get("ticket"):
            needed = [given.get("code", "").strip()]
        else:
            needed = [given.get("email", "").strip(), password]
        if not all(needed):
            return self._form(request, given, problem="code_empty" if given.get("ticket") else "empty", status=422)
        wait = self._tries.wait(address)
        if wait:
            return self._form(request, given, problem="too_many", status=429, wait_s=wait)
        try:
            done = await self._signed_in(request, given, needed, address)
        except CodeWanted as half:
            return self._form(request, {"next": given.get("next", ""), "ticket": half.ticket})
        except ApiError as err:
            return self._refused(request, given, err)
        except StorageUnavailable:
            return self.sorry(request)
        await self._end_old(request)
        where = await self._where(done, lawful(given.get("next", "")), told=bool(INVENTED.fullmatch(password)))
        answer = web.Response(status=303, headers={"Location": where})
        cookie.keep(request, answer, done.token, self._parts.config)
        return answer

    async def _where(self, done: SignedIn, wanted: str, *, told: bool) -> str:
        """Where to after signing in. `told` -- with a password that somebody told him: better changed."""
        if done.role == "admin" and (told or wanted == DESK):
            with contextlib.suppress(StorageUnavailable):  # he is in, wherever he lands
                if (await self._parts.store.read(lambda tx: guide.progress(tx, done.advisor_id))).open:
                    return GUIDE
        if not told:
            return wanted
        return "/desk/account?offered" + ("" if wanted == DESK else f"&next={quote(wanted, safe='/')}")

    @staticmethod
    async def _signed_in(
        request: web.Request, given: Mapping[str, str], needed: Sequence[str], address: str
    ) -> SignedIn:
        """By the password, or with the ticket for it by a code. Raises CodeWanted, ApiError."""
        sign_in, agent = request.config_dict[API].sign_in, request.headers.get("User-Agent", "")
        if ticket := given.get("ticket"):
            return await sign_in.finish(ticket, needed[0], address=address, agent=agent)
        return await sign_in.sign_in(needed[0], needed[1], address=address, agent=agent)

    def _refused(self, request: web.Request, given: Mapping[str, str], err: ApiError) -> web.Response:
        if err.code == "wrong_state":  # the ticket is over: from the beginning
            given = {"next": given.get("next", "")}
            return self._form(request, given, problem="again", status=401)
        problem = err.code if err.code in ("unauthorized", "too_many") else "busy"
        if problem == "unauthorized" and given.get("ticket"):
            problem = "code"
        return self._form(request, given, problem=problem, status=err.status, wait_s=err.retry_s or 0)

    async def _end_old(self, request: web.Request) -> None:
        """A new id at log-in; whoever was signed in here before is not any more."""
        token = request.config_dict[API].doors.cookie(request)
        if token:
            await request.config_dict[API].sign_in.sign_out(token)

    async def leave(self, request: web.Request) -> web.StreamResponse:
        if not may_act(request, self._parts.config):
            raise web.HTTPForbidden
        try:
            await self._end_old(request)
        except StorageUnavailable:
            return self.sorry(request)
        answer = web.Response(status=303, headers={"Location": "/desk/login"})
        cookie.keep(request, answer, "", self._parts.config)
        return answer

    def _form(
        self,
        request: web.Request,
        given: Mapping[str, str] | None = None,
        *,
        problem: str = "",
        status: int = 200,
        wait_s: float = 0,
    ) -> web.Response:
        given = given or {}
        lang = language(request.cookies, request.query)
        words = self._words.page(lang)
        seconds = max(1, round(wait_s))
        answer = self._pages.answer(
            "desk/login.html",
            {
                "w": words,
                "lang": lang,
                "agency": self._parts.config.agency,
                "email": given.get("email", ""),
                "told": words["login_told"] if request.query.get("done") == "password" and not problem else "",
                "ticket": given.get("ticket", ""),
                "elsewhere": oidc.label(self._parts.config.oidc),
                "next": lawful(given.get("next", "") or request.query.get("next", "")),
                "problem": words[f"login_{problem}"].format(seconds=seconds) if problem else "",
            },
            status=status,
        )
        if status in (429, 503):
            answer.headers["Retry-After"] = str(seconds)
        return answer

    def sorry(self, request: web.Request) -> web.Response:
        return self._form(request, problem="busy", status=503, wait_s=5)


def lawful(wanted: str) -> str:
    """Where to after signing in: one of our own pages."""
    return wanted if WHERE.fullmatch(wanted) or wanted in {office.href for office in OFFICES} else DESK


async def _fields(request: web.Request) -> dict[str, str]:
    """A small form as browsers send it. Raises ApiError."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise ApiError("unsupported_media_type", "send a form")
    data = await body.read(request, FORM_BYTES)
    try:
        found = parse_qs(data.decode("utf-8"), keep_blank_values=True, max_num_fields=8, errors="strict")
    except ValueError:
        raise ApiError("unreadable", "the form cannot be read") from None
    return {name: values[0] for name, values in found.items()}
