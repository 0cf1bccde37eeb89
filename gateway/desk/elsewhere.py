"""The desk's door for the company's own account: to the provider, and back with who it is (`oidc`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from aiohttp import web

from gateway.api import cookie
from gateway.api.errors import ApiError
from gateway.api.service import API
from gateway.api.signin import CodeWanted, SignedIn
from gateway.desk import oidc
from gateway.desk.oidc import Begun, Identity, Provider, Refused
from gateway.desk.words import Words, language
from gateway.web.limits import Limit
from gateway.web.security import client_address
from gateway.web.templates import Pages
from storage import advisors
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("oidc")
COOKIE: Final = "desk-oidc"
BACK: Final = "/desk/oidc/back"
TRIES: Final = 20  # of one address a minute


class Form(Protocol):
    def __call__(
        self,
        request: web.Request,
        given: Mapping[str, str] | None = None,
        *,
        problem: str = "",
        status: int = 200,
        wait_s: float = 0,
    ) -> web.Response: ...


class Elsewhere:
    """`form` -- the log-in page with what went wrong; `lawful` -- where to afterwards, one of our own pages."""

    def __init__(self, parts: Parts, pages: Pages, words: Words, *, form: Form, lawful: Callable[[str], str]) -> None:
        self._parts, self._pages, self._words = parts, pages, words
        self._form, self._lawful = form, lawful
        self._tries = Limit(TRIES, 60.0)
        self._provider: Provider | None = None
        parts.closers.append(self._close)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/oidc", self.go), web.get(BACK, self.back)]

    def _of(self, request: web.Request) -> Provider | web.Response:
        """The page that says so, where signing in elsewhere is not offered, or not now."""
        config = self._parts.config
        if not config.oidc.issuer:
            return self._form(request, problem="oidc", status=404)
        if wait := self._tries.wait(client_address(request, config.server.trusted_proxies)):
            return self._form(request, problem="too_many", status=429, wait_s=wait)
        if self._provider is None:
            self._provider = Provider(config.oidc, self._parts.store.keys, back=f"{config.public_url}{BACK}")
        return self._provider

    async def go(self, request: web.Request) -> web.StreamResponse:
        provider = self._of(request)
        if isinstance(provider, web.Response):
            return provider
        now = self._parts.store.now_ms()
        attempt = oidc.begun(self._lawful(request.query.get("next", "")))
        try:
            where = await provider.address(attempt, now)
        except Refused as err:
            return self._refused(request, err, 502)
        answer = web.Response(status=303, headers={"Location": where})
        self._keep(request, answer, oidc.kept(provider.keys, attempt, now))
        return answer

    async def back(self, request: web.Request) -> web.StreamResponse:
        """The provider sent the browser here, with a code or with why not."""
        provider = self._of(request)
        if isinstance(provider, web.Response):
            return provider
        now = self._parts.store.now_ms()
        try:
            attempt, code = _answered(request, provider, now)
            found = await provider.identity(attempt, code, now)
        except Refused as err:
            return self._refused(request, err, 401)
        try:
            done = await self._signed_in(request, found)
        except CodeWanted as half:
            answer = self._form(request, {"next": attempt.next, "ticket": half.ticket})
        except ApiError as err:
            problem = err.code if err.code == "busy" else "oidc_unknown"
            log.warning("oidc.refused", reason=err.code)
            answer = self._form(request, problem=problem, status=err.status)
        except StorageUnavailable:
            answer = self._form(request, problem="busy", status=503, wait_s=5)
        else:
            answer = self._entered(request, attempt.next)
            cookie.keep(request, answer, done.token, self._parts.config)
        self._keep(request, answer, "")
        return answer

    async def _signed_in(self, request: web.Request, found: Identity) -> SignedIn:
        """Raises CodeWanted, ApiError."""
        config = self._parts.config
        sign_in, doors = request.config_dict[API].sign_in, request.config_dict[API].doors

        def known(tx: Tx) -> advisors.Person | None:
            person = advisors.by_email(tx, found.email)
            if person is None and config.oidc.new_people:
                person = advisors.create(
                    tx,
                    name=found.name.strip()[:80] or found.email.partition("@")[0],
                    role=config.oidc.new_people,
                    email=found.email,
                    by="oidc",
                )
            return person

        person = await self._parts.store.run(known)
        if person is None or person.disabled_at is not None:
            raise ApiError("unauthorized", "nobody here has this address")
        old = doors.cookie(request)
        done = await sign_in.vouched(
            person.id,
            code=config.oidc.second_factor == "ours",
            address=client_address(request, config.server.trusted_proxies),
            agent=request.headers.get("User-Agent", ""),
        )
        if old:
            await sign_in.sign_out(old)
        return done

    def _entered(self, request: web.Request, next_: str) -> web.Response:
        """A page of ours that goes on by itself: after a redirect from elsewhere a browser would keep the session's
        cookie, which is for our own pages only, to itself."""
        lang = language(request.cookies, request.query)
        return self._pages.answer(
            "desk/entered.html",
            {"w": self._words.page(lang), "lang": lang, "agency": self._parts.config.agency, "next": next_},
        )

    def _refused(self, request: web.Request, err: Refused, status: int) -> web.Response:
        log.warning("oidc.refused", reason=str(err))
        answer = self._form(request, problem="oidc", status=status)
        self._keep(request, answer, "")
        return answer

    def _keep(self, request: web.Request, answer: web.Response, value: str) -> None:
        """Lax: the provider's redirect must bring it back."""
        answer.set_cookie(
            COOKIE,
            value,
            max_age=oidc.LASTS_MS // 1000 if value else 0,
            path=BACK,
            secure=cookie.secure(request, self._parts.config),
            httponly=True,
            samesite="Lax",
        )

    async def _close(self) -> None:
        if self._provider is not None:
            await self._provider.close()


def _answered(request: web.Request, provider: Provider, now_ms: int) -> tuple[Begun, str]:
    """The attempt of this browser, and the code that came for it. Raises Refused."""
    query = request.query
    attempt = oidc.read(provider.keys, request.cookies.get(COOKIE, ""), now_ms)
    if attempt is None or query.get("state", "") != attempt.state:
        raise Refused("no attempt of this browser")
    if query.get("iss", provider.config.issuer) != provider.config.issuer:
        raise Refused("an answer of another issuer")
    code = query.get("code", "")
    if query.get("error") or not 1 <= len(code) <= 4096:
        raise Refused("not signed in there")
    return attempt, code
