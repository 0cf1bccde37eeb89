"""The pages of the desk: sign in and out, the inbox, one's own account, users, the bot's switches; and the live feed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from aiohttp import web

from gateway.api import body
from gateway.api.allow import TABLE, Actor
from gateway.api.errors import ApiError, json_response
from gateway.api.service import API
from gateway.desk import printing, teams, worker
from gateway.desk.channels import Channels
from gateway.desk.consent import Consent
from gateway.desk.entrance import FORM_BYTES, WHERE, Entrance, lawful
from gateway.desk.live import Live
from gateway.desk.offices import OFFICES
from gateway.desk.presence import STATES, Word
from gateway.desk.texts import SALUTATIONS, Gallery
from gateway.desk.wall import Wall, period_of
from gateway.desk.words import Words, language
from gateway.web.static import Assets
from gateway.web.templates import Pages
from handlers import wording
from handlers.model import Say, State
from handlers.taps import PRODUCTS
from handlers.texts import UnfilledVariable
from storage import queues, sessions, wishes
from storage.errors import StorageUnavailable
from storage.times import rfc3339
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

LATE_MINUTES: Final = 15  # R-INT-3: a person within 15 minutes, in working hours
ACCOUNT: Final = "/desk/account"
INBOX: Final = "desk/inbox.html"
ELSEWHERE: Final = ("audit", "privacy", "webhooks")  # words of pages that the inbox shows nothing of
_ID: Final = re.compile(r"[0-9a-z]{26}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def mount(app: web.Application, parts: Parts, assets: Assets) -> None:
    """Attach the desk at /desk."""
    desk = Desk(parts, assets)
    app.add_routes(desk.routes())
    parts.starters.append(desk.start)

    async def close(_app: web.Application) -> None:
        await desk.close()

    app.on_shutdown.append(close)


class Desk:
    """The handlers with what they share."""

    def __init__(self, parts: Parts, assets: Assets) -> None:
        self._parts = parts
        self._assets = assets
        self._pages = Pages(assets)
        self._words = Words()
        self._gallery = Gallery(parts)
        self._consent = Consent(parts, self._pages, self._words)
        self._channels = Channels(parts)
        self._live = Live(parts)
        self._entrance = Entrance(parts, self._pages, self._words)
        self._task: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk", _to_desk),
            web.get("/desk/", self._for_people(self.inbox)),
            web.get("/desk/c/{id}", self._for_people(self.inbox)),
            web.get("/desk/c/{id}/print", self._for_people(self.paper)),
            web.get("/desk/users", self._for_people(self.users)),
            web.get("/desk/switches", self._for_people(self.switches)),
            *teams.routes(self._parts, self._for_people, self._office),
            web.get("/desk/channels", self._for_people(self.channels)),
            web.post("/desk/channels/{channel}/{account}/retry", self._for_people(self._channels.retry)),
            web.get("/desk/texts", self._for_people(self.texts)),
            web.get("/desk/canned", self._for_people(self.canned)),
            web.get("/desk/webhooks", self._for_people(self.webhooks)),
            web.get("/desk/tasks", self._for_people(self.tasks)),
            web.get("/desk/blocked", self._for_people(self.blocked)),
            web.get("/desk/wall", self._for_people(self.wall)),
            web.get("/desk/audit", self._for_people(self.audit)),
            web.get("/desk/privacy", self._for_people(self.privacy)),
            web.get("/desk/guide", self._for_people(self.guide)),
            web.get("/desk/notices", self._for_people(self.notices)),
            worker.route(self._assets),
            web.get("/desk/account", self._for_people(self.account)),
            web.get("/oauth/{channel}/{account}", self._for_people(self._consent.page)),
            web.get("/oauth/{channel}/{account}/callback", self._consent.callback),
            *self._entrance.routes(),
            web.post("/desk/typing", self.typing),
            web.post("/desk/presence", self.presence),
            web.get("/desk/events", self._live.serve),
        ]

    async def start(self) -> None:
        self._task = asyncio.create_task(self._live.watch(), name="desk watch")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._live.close()

    # ---- pages for those who are signed in

    def _for_people(self, page: Callable[[web.Request, Actor], Awaitable[web.StreamResponse]]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            doors = request.config_dict[API].doors
            try:
                actor = await doors.session(doors.cookie(request))
            except StorageUnavailable:
                return self._entrance.sorry(request)
            if actor is None:
                raise web.HTTPSeeOther(f"/desk/login?next={quote(request.path, safe='/')}")
            if actor.enrolling and request.path != ACCOUNT:
                raise web.HTTPSeeOther(ACCOUNT)
            return await page(request, actor)

        return handler

    async def inbox(self, request: web.Request, actor: Actor) -> web.Response:
        lang = language(request.cookies, request.query)
        found = request.match_info.get("id", "")
        teams = await self._teams(actor)
        texts = self._parts.texts
        more = {
            "timezone": self._parts.config.agency.timezone,
            "open": found if WHERE.fullmatch(request.path) else "",
            "late_minutes": LATE_MINUTES,
            "products": {code: texts.button(f"p_{code}", lang) for code in PRODUCTS},
            "consent": self._read_out(lang),
            "teams": teams,
        }
        hotline = any(account.channel == "hotline" for account in self._parts.accounts.values())
        may_log_call = hotline and "call.log" in TABLE[actor.role]
        return self._page(request, INBOX, actor, lang, more, may_log_call=may_log_call, teams=teams)

    async def _teams(self, actor: Actor) -> list[str]:
        try:
            return await self._parts.store.read(lambda tx: queues.teams(tx, actor.id))
        except StorageUnavailable:
            return []  # the page itself needs no database

    def _read_out(self, lang: str) -> str:
        """C1, as whoever calls reads it out; '' while the configuration does not fill it."""
        say, texts = Say(key="consent.layer1"), self._parts.texts
        known = wording.variables(say, state=State(lang=lang), business=self._parts.config.business(), texts=texts)
        try:
            return texts.render(say.key, lang, **known)
        except UnfilledVariable:
            return ""

    async def users(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "user.read", "desk/users.html")

    async def switches(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "switch.set", "desk/switches.html")

    async def channels(self, request: web.Request, actor: Actor) -> web.Response:
        """How each account stands."""
        _need(actor, "switch.set")
        lang = language(request.cookies, request.query)
        words = self._words.page(lang)["channels"]
        told = next(
            (
                words[key].format(account=request.query[key])
                for key in ("again", "asked", "still")
                if request.query.get(key) in self._parts.accounts
            ),
            "",
        )
        cards = await self._channels.cards(words)
        return self._office(
            request, actor, "switch.set", "desk/channels.html", styles=["desk/channels.css"], cards=cards, told=told
        )

    async def wall(self, request: web.Request, actor: Actor) -> web.Response:
        """Who waits, who has how much, what became of a period."""
        _need(actor, "wall.read")
        lang = language(request.cookies, request.query)
        words, business = self._words.page(lang), self._parts.engine.business
        boards = request.config_dict[API].boards
        wanted = await self._parts.store.read(lambda tx: wishes.tests(tx, actor.id))
        tests = boards.only_tests if wanted is None else wanted
        made = Wall(words["wall"], words["channels"]["titles"], business, comma=lang == "vi", tests=tests)
        values = await made.view(boards, period_of(request.query.get("period", "")))
        return self._office(request, actor, "wall.read", "desk/wall.html", styles=["desk/wall.css"], **values)

    async def texts(self, request: web.Request, actor: Actor) -> web.Response:
        """Who decides whether the bot speaks, sees what it says."""
        _need(actor, "switch.set")
        choice = self._gallery.choice(request.query, language(request.cookies, {}))
        sections = await asyncio.to_thread(self._gallery.sections, choice)
        return self._office(
            request,
            actor,
            "switch.set",
            "desk/texts.html",
            styles=["desk/texts.css"],
            choice=choice,
            salutations=SALUTATIONS,
            channels=self._gallery.channels,
            sections=sections,
            labelled=self._gallery.labels(choice.lang),
        )

    async def canned(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "canned.read", "desk/canned.html")

    async def webhooks(self, request: web.Request, actor: Actor) -> web.Response:
        styles = ["desk/webhooks.css"]
        return self._office(request, actor, "webhook.manage", "desk/webhooks.html", styles=styles)

    async def paper(self, request: web.Request, actor: Actor) -> web.Response:
        """A conversation to be printed, or kept as PDF by the browser."""
        _need(actor, "message.read")
        shown = await printing.sheet(
            self._parts, actor, request.match_info["id"], notes=request.query.get("notes") == "1"
        )
        if shown is None:
            raise web.HTTPNotFound
        return self._page(request, "desk/print.html", actor, language(request.cookies, request.query), {}, **shown)

    async def tasks(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "task.read", "desk/tasks.html", styles=["desk/side.css", "desk/acts.css"])

    async def blocked(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "block.read", "desk/blocked.html")

    async def audit(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "audit.read", "desk/audit.html", styles=["desk/audit.css"])

    async def privacy(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "export.approve", "desk/privacy.html", styles=["desk/privacy.css"])

    async def guide(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "guide.see", "desk/guide.html", styles=["desk/guide.css"])

    async def notices(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(request, actor, "me", "desk/notices.html", styles=["desk/notices.css"])

    async def account(self, request: web.Request, actor: Actor) -> web.Response:
        return self._office(
            request,
            actor,
            "me",
            "desk/account.html",
            offered="offered" in request.query,
            next=lawful(request.query.get("next", "")),
            second_factor=actor.second_factor,
            required=self._parts.config.desk.second_factor == "required",
        )

    def _office(self, request: web.Request, actor: Actor, needs: str, template: str, **values: Any) -> web.Response:
        """A page that not everybody may see."""
        _need(actor, needs)
        return self._page(request, template, actor, language(request.cookies, request.query), {}, **values)

    def _page(
        self, request: web.Request, template: str, actor: Actor, lang: str, setup: Mapping[str, Any], **values: Any
    ) -> web.Response:
        token = request.config_dict[API].doors.cookie(request)
        now = self._parts.store.now_ms()
        may = {"me"} if actor.enrolling else TABLE[actor.role]
        me = {"id": actor.id, "name": actor.name, "role": actor.role, "may": sorted(may)}
        carried = {
            "lang": lang,
            "timezone": self._parts.config.agency.timezone,
            "now": rfc3339(now),
            "cursor": str(now),
            "csrf": sessions.csrf(token),
            "me": me,
            "open": "",
            "late_minutes": LATE_MINUTES,
            "policies": "",
            "products": {},
            "consent": "",
            "teams": [],
            **setup,
        }
        return self._pages.answer(
            template,
            {
                "w": self._words.page(lang),
                "lang": lang,
                "me": me,
                "agency": self._parts.config.agency,
                "setup": carried,
                "script": self._words.script(lang, without=ELSEWHERE if template == INBOX else ()),
                "styles": [],
                "offices": OFFICES,
                **values,
            },
        )

    # ---- small talk

    async def typing(self, request: web.Request) -> web.StreamResponse:
        """The customer may see that somebody writes. Nothing is stored."""
        doors = request.config_dict[API].doors
        try:
            actor = await doors.actor(request)
            given = body.parse(request, await body.read(request, FORM_BYTES))
            wanted = str(given.get("conversation", ""))
            one = await self._parts.store.read(lambda tx: _held(tx, wanted))
        except ApiError as err:
            return err.response("")
        except StorageUnavailable:
            return json_response(b"{}")
        if one is not None and one == actor.id:
            self._parts.hub.publish([("advisor_typing", wanted)])
        return json_response(b"{}")

    async def presence(self, request: web.Request) -> web.StreamResponse:
        """`conversation`, `state`: looks, writes or left. Those who look at it too see it; nothing is stored."""
        doors = request.config_dict[API].doors
        try:
            actor = await doors.actor(request)
            given = body.parse(request, await body.read(request, FORM_BYTES))
        except ApiError as err:
            return err.response("")
        wanted, state = str(given.get("conversation", "")), str(given.get("state", ""))
        if _ID.fullmatch(wanted) and state in STATES and "conversation.read" in TABLE[actor.role]:
            self._live.present(Word(wanted, actor.id, actor.name, state))
        return json_response(b"{}")


def _need(actor: Actor, what: str) -> None:
    if what not in TABLE[actor.role]:
        raise web.HTTPNotFound


def _held(tx: Tx, conversation_id: str) -> str | None:
    holder: str | None = tx.value(
        "SELECT assignee_id FROM conversation WHERE id = :id AND status = 'with_advisor'", id=conversation_id
    )
    return holder


async def _to_desk(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPPermanentRedirect("/desk/")
