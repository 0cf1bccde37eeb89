"""The pages of who gets which work, and when: teams and their people, hours and days off, the rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway.api.allow import Actor
from gateway.desk.words import language
from handlers.taps import PRODUCTS

if TYPE_CHECKING:
    from gateway.parts import Parts

Page = Callable[[web.Request, Actor], Awaitable[web.StreamResponse]]
PAGES: Final = (
    ("/desk/teams", "team.read", "desk/teams.html"),
    ("/desk/hours", "routing.read", "desk/hours.html"),
    ("/desk/routing", "routing.read", "desk/routing.html"),
)  # path, what one must be allowed, template


def routes(parts: Parts, for_people: Callable[[Page], Any], office: Callable[..., web.Response]) -> list[web.RouteDef]:
    """`for_people` asks who it is, `office` makes the page."""

    def page(path: str, needs: str, template: str) -> web.RouteDef:
        async def show(request: web.Request, actor: Actor) -> web.Response:
            lang = language(request.cookies, request.query)
            products = {code: parts.texts.button(f"p_{code}", lang) for code in PRODUCTS}
            styles = ["desk/routing.css"]
            return office(request, actor, needs, template, styles=styles, products=products)

        return web.get(path, for_people(show))

    return [page(*each) for each in PAGES]
