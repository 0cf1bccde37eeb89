"""The public page and `/chat/…`: sessions, one WebSocket, files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog
from aiohttp import web

from gateway.api import body
from gateway.api.errors import ApiError, json_response
from gateway.web import security
from gateway.web.limits import Limit
from gateway.web.static import Assets, answer
from gateway.web.templates import Pages
from gateway.webchat import sessions, socket
from gateway.webchat.live import Live, WebChatClient
from gateway.webchat.page import Page
from gateway.webchat.sessions import Visitor
from gateway.webchat.socket import Reception
from gateway.webchat.uploads import Uploads
from storage.errors import StorageUnavailable
from storage.ids import new_id

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("webchat")
BODY: Final = 64 * 1024
SESSIONS_A_MINUTE: Final = 20
SOCKETS_AN_ADDRESS: Final = 30
BACKLOG: Final = 500  # items that wait for the store: beyond it, those who are here already go first
TOKEN_HEADER: Final = "X-Chat-Token"  # noqa: S105 -- its name
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebChat:
    """The handlers with what they share."""

    def __init__(self, parts: Parts, assets: Assets) -> None:
        self._parts = parts
        self._page = Page(parts.config.agency, parts.texts)
        self._pages = Pages(assets)
        self._widget = assets.files["webchat/static/widget.js"]
        accounts = [account for account in parts.accounts.values() if account.channel == "webchat"]
        self._receptions: Final = {
            account.id: Reception(parts, account, Live(parts.store, parts.hub, account.id), self._page.words)
            for account in accounts
        }
        self._guests = frozenset(origin.lower() for account in accounts for origin in account.get("origins", ()))
        self._uploads = Uploads(parts)
        self._new_sessions = Limit(SESSIONS_A_MINUTE, 60.0)
        self._sockets: Counter[str] = Counter()  # by address
        for account in accounts:
            parts.clients[account.id] = WebChatClient()
        parts.ticks.append(("web sessions", 3600.0, self._forget))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.home),
            web.get("/chat/frame", answered(self.frame)),
            web.get("/chat/widget.js", self.widget),
            web.post("/chat/session", answered(self.begin)),
            web.delete("/chat/session", answered(self.end)),
            web.get("/chat/ws", answered(self.talk)),
            web.post("/chat/files", answered(self.upload)),
            web.get("/chat/files/{id}", answered(self.file)),
        ]

    async def home(self, request: web.Request) -> web.Response:
        lang = self._page.language(request.query.get("lang", ""))
        response = self._pages.answer("webchat/page.html", {**self._page.values(lang), "chat": bool(self._receptions)})
        response.headers["Cache-Control"] = "no-cache"  # the same for everybody; may be shown again on "back"
        return response

    async def frame(self, request: web.Request) -> web.Response:
        """The chat alone, for the sites that may embed it."""
        account = self._reception(request.query.get("account", "")).account
        guests = [str(origin) for origin in account.get("origins", ())]
        lang = self._page.language(request.query.get("lang", ""))
        values = self._page.values(lang)
        setup = {**values["setup"], "account": account.name, "guests": guests}
        response = self._pages.answer("webchat/frame.html", {**values, "setup": setup})
        response.headers["Content-Security-Policy"] = security.policy(frame_ancestors=" ".join(guests) or "'none'")
        response.headers["Cache-Control"] = "no-cache"
        return response

    async def widget(self, request: web.Request) -> web.Response:
        """The one script that other sites load: it may be used by them, and is asked for anew each time."""
        response = answer(request, self._widget, "no-cache")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    async def begin(self, request: web.Request) -> web.Response:
        """A session: the cookie's, when there is one that lives, or a new one."""
        self._ours(request)
        given = body.parse(request, await body.read(request, BODY))
        by_cookie = given.get("keep") == sessions.BY_COOKIE
        if by_cookie:
            visitor = await socket.known(self._parts, sessions.token_of(sessions.BY_COOKIE, request))
            if visitor is not None and visitor.account_id in self._receptions:
                return _json({"thread": visitor.thread, "created": False})
        reception = self._reception(given.get("account"))
        if self._parts.store.backlog > BACKLOG or self._parts.pressure.no_more:
            raise ApiError("busy", self._words(request)["busy"].replace("{seconds}", "10"), retry_s=10)
        wait = self._new_sessions.wait(self._address(request))
        if wait:
            raise ApiError(
                "too_many", self._words(request)["busy"].replace("{seconds}", str(round(wait) or 1)), retry_s=wait
            )
        token = sessions.new_token()
        key = sessions.digest(token)
        visitor = await self._parts.store.run(lambda tx: sessions.create(tx, key, reception.account.id))
        told = {"thread": visitor.thread, "created": True}
        response = _json(told if by_cookie else {"token": token} | told)
        if by_cookie:
            sessions.keep(response, token, https=request.headers["Origin"].startswith("https:"))
        return response

    async def end(self, request: web.Request) -> web.Response:
        """The visitor leaves nothing on this device: the session is over everywhere."""
        self._ours(request)
        token = sessions.token_of(request.headers.get(TOKEN_HEADER, ""), request)
        if token and TOKEN_HEADER in request.headers:
            key = sessions.digest(token)
            await self._parts.store.run(lambda tx: sessions.end(tx, key))
            for reception in self._receptions.values():
                reception.pages.end(key)
        response = web.Response(status=204)
        sessions.drop(response)
        return response

    async def talk(self, request: web.Request) -> web.StreamResponse:
        self._ours(request)
        address = self._address(request)
        if any(reception.pages.closing for reception in self._receptions.values()):
            raise ApiError("unavailable", "stopping", retry_s=2)
        if self._parts.pressure.no_more:
            raise ApiError("busy", "too much at once", retry_s=5)
        if self._sockets[address] >= SOCKETS_AN_ADDRESS:
            raise ApiError("too_many", "too many sockets from this address", retry_s=10)
        self._sockets[address] += 1  # from the handshake on: who never says whose socket it is holds one all the same
        try:
            return await socket.serve(request, self._parts, self._receptions)
        finally:
            self._sockets[address] -= 1
            if not self._sockets[address]:
                del self._sockets[address]

    async def upload(self, request: web.Request) -> web.Response:
        self._ours(request)
        visitor = await self._visitor(request, needs_header=True)
        return _json(await self._uploads.take(request, visitor, self._words(request)), status=201)

    async def file(self, request: web.Request) -> web.Response:
        """Asked for by an image, a link or a fetch: the cookie is enough, a token header works as well."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ApiError("cross_origin", "this file is not for other sites")
        visitor = await self._visitor(request, needs_header=False)
        return await self._uploads.give(visitor, request.match_info["id"])

    async def close(self, _app: web.Application) -> None:
        await asyncio.gather(*(reception.pages.close() for reception in self._receptions.values()))

    async def _forget(self) -> None:
        await self._parts.store.run(sessions.forget_old)

    # ---- who asks

    def _ours(self, request: web.Request) -> None:
        if not security.may_act(request, self._parts.config, guests=self._guests):
            raise ApiError("cross_origin", "this request does not come from our page")

    async def _visitor(self, request: web.Request, *, needs_header: bool) -> Visitor:
        given = request.headers.get(TOKEN_HEADER, "")
        found = None
        if given or not needs_header:
            found = await socket.known(self._parts, sessions.token_of(given, request))
        if found is None or found.account_id not in self._receptions:
            raise ApiError("unauthorized", self._words(request)["expired"])
        return found

    def _reception(self, name: Any) -> Reception:
        if not self._receptions:
            raise ApiError("not_found", "there is no web chat here")
        found = (
            self._receptions.get(f"webchat:{name}")
            if isinstance(name, str) and name
            else next(iter(self._receptions.values()))
        )
        if found is None:
            raise ApiError("invalid", "there is no such web chat", fields={"account": "is not one of ours"})
        return found

    def _address(self, request: web.Request) -> str:
        return security.client_address(request, self._parts.config.server.trusted_proxies)

    def _words(self, request: web.Request) -> Mapping[str, str]:
        english = request.headers.get("Accept-Language", "").lower().startswith("en")
        return self._page.words.chat("en" if english else "vi")


def answered(handler: Handler) -> Handler:
    """What goes wrong in a handler, as an answer."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as err:
            return err.response(new_id())
        except StorageUnavailable:
            return ApiError("unavailable", "try again in a moment", retry_s=5).response(new_id())
        except web.HTTPException:
            raise
        except Exception as err:
            log.exception(
                "webchat.failed",
                path=request.match_info.route.resource.canonical if request.match_info.route.resource else "",
                error=type(err).__name__,
            )
            return ApiError("internal", "something is wrong here; it was noted").response(new_id())

    return serve


def _json(value: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return json_response(orjson.dumps(value), status=status)


def mount(app: web.Application, parts: Parts, assets: Assets) -> None:
    """The page and the chat, in this application."""
    chat = WebChat(parts, assets)
    app.add_routes(chat.routes())
    app.on_shutdown.append(chat.close)
