"""Where a link of an invitation or a reset leads: a password is chosen, once. It signs nobody in: whoever has a second
factor shows it afterwards, as always."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway import staffmail
from gateway.api.errors import ApiError
from gateway.api.service import API
from gateway.desk.words import Words, language
from gateway.web.limits import Limit
from gateway.web.security import client_address, may_act
from gateway.web.templates import Pages
from storage import invites, passwords
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from gateway.parts import Parts

LOOKS: Final = 30  # at one link a minute
TRIES: Final = 120  # of one address a minute: an office of newcomers has one
LONGEST: Final = 100  # characters of a link that are told apart
Sorry = Callable[[web.Request], web.StreamResponse]
Fields = Callable[[web.Request], Awaitable[dict[str, str]]]


class Join:
    """`sorry` -- the answer while the database is away; `fields` -- reads a small form."""

    def __init__(self, parts: Parts, pages: Pages, words: Words, *, sorry: Sorry, fields: Fields) -> None:
        self._parts = parts
        self._pages = pages
        self._words = words
        self._sorry = sorry
        self._fields = fields
        self._looks = Limit(LOOKS, 60.0)
        self._tries = Limit(TRIES, 60.0)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/join/{token}", self.show), web.post("/desk/join/{token}", self.set)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Changes nothing: whatever looks at links in letters looks at this one too."""
        if often := self._often(request):
            return often
        try:
            found = await self._found(request)
        except StorageUnavailable:
            return self._sorry(request)
        return self._page(request, found)

    async def set(self, request: web.Request) -> web.StreamResponse:
        if not may_act(request, self._parts.config):
            raise web.HTTPForbidden
        if often := self._often(request):
            return often
        try:
            found = await self._found(request)
            used = None if found is None else await self._used(request, found)
        except StorageUnavailable:
            return self._sorry(request)
        if used is None:  # or somebody was quicker
            return self._page(request, None)
        if isinstance(used, web.Response):
            return used
        request.config_dict[API].doors.forget(used.advisor_id)
        if used.kind == "reset":
            staffmail.tell(self._parts, "password_changed", to=used.email, name=used.name)
        raise web.HTTPSeeOther("/desk/login?done=password")

    async def _used(self, request: web.Request, found: invites.Invite) -> invites.Invite | web.Response | None:
        """The link, used; the page again, where the password cannot be taken."""
        try:
            given = await self._fields(request)
            if problem := self._problem(given, found):
                return self._page(request, found, problem=problem)
            hashed = await request.config_dict[API].sign_in.hash(given["password"])
        except ApiError as err:
            return self._page(request, found, problem="busy", status=err.status)
        token = request.match_info["token"]
        return await self._parts.store.run(lambda tx: invites.use(tx, token, hashed))

    async def _found(self, request: web.Request) -> invites.Invite | None:
        """What has not the shape of a link is not looked up."""
        token = request.match_info["token"]
        if not invites.SHAPE.fullmatch(token):
            return None
        return await self._parts.store.read(lambda tx: invites.find(tx, token))

    def _often(self, request: web.Request) -> web.Response | None:
        """Whoever opens one link again and again does not use up the measure of the others in his office."""
        address = client_address(request, self._parts.config.server.trusted_proxies)
        wait = self._looks.wait(request.match_info["token"][:LONGEST]) or self._tries.wait(address)
        if not wait:
            return None
        answer = self._page(request, None, often=True, status=429)
        answer.headers["Retry-After"] = str(max(1, round(wait)))
        return answer

    @staticmethod
    def _problem(given: Mapping[str, str], found: invites.Invite) -> str:
        """Which words say what is wrong; '' nothing is."""
        chosen = given.get("password", "")
        if len(chosen) < passwords.SHORTEST:
            return "short"
        if chosen != given.get("again", ""):
            return "differs"
        try:
            passwords.check(chosen, about=(found.name, found.email))
        except passwords.WeakPassword:
            return "weak"
        return ""

    def _page(
        self,
        request: web.Request,
        found: invites.Invite | None,
        *,
        problem: str = "",
        often: bool = False,
        status: int = 0,
    ) -> web.Response:
        lang = language(request.cookies, request.query)
        words = self._words.page(lang)
        return self._pages.answer(
            "desk/join.html",
            {
                "w": words,
                "lang": lang,
                "agency": self._parts.config.agency,
                "found": found,
                "ended": "" if found else "often" if often else "over",
                "problem": words[f"join_{problem}"] if problem else "",
            },
            status=status or (404 if found is None else 422 if problem else 200),
        )
