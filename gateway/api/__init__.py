"""The JSON API, for three doors: bearer tokens, the desk's session, the admin socket."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.api.auth import TRUSTED
from gateway.api.openapi import BASE, document
from gateway.api.serve import errors, handler_of
from gateway.api.service import API, Api

if TYPE_CHECKING:
    from gateway.api.declare import Route
    from gateway.parts import Parts

VERSION: Final = "1"
# One module a resource; its `routes` is what it declares.
RESOURCES: Final = (
    "routes_conversations",
    "routes_begin",
    "routes_messages",
    "routes_retell",
    "routes_later",
    "routes_queues",
    "routes_canned",
    "routes_acts",
    "routes_blocks",
    "routes_tasks",
    "routes_asking",
    "routes_hold",
    "routes_intake",
    "routes_contacts",
    "routes_files",
    "routes_policies",
    "routes_cases",
    "routes_people",
    "routes_teams",
    "routes_routing",
    "routes_identity",
    "routes_reveal",
    "routes_tokens",
    "routes_flow",
    "routes_house",
    "routes_audit",
    "routes_guide",
    "routes_notices",
    "routes_search",
    "routes_filters",
    "routes_wall",
    "routes_exports",
    "routes_webhooks",
    "routes_privacy",
    "routes_requests",
    "routes_request_acts",
    "routes_asks",
)


@cache
def declared() -> tuple[Route, ...]:
    """Every route that there is."""
    modules = [import_module(f"gateway.api.{name}") for name in RESOURCES]
    found: list[Route] = [route for module in modules for route in module.routes.declared]
    doubles = {(route.method, route.path) for route in found}
    if len(doubles) != len(found):
        raise TypeError("a route is declared twice")
    return tuple(found)


@cache
def described() -> bytes:
    """The OpenAPI document. 70 ms of CPU the first time."""
    return document(declared(), version=VERSION)


def mount(app: web.Application, parts: Parts, *, trusted: bool = False) -> Api:
    """Attach the API at /api/v1, with its own middlewares. `trusted` -- only the admin socket serves this app."""
    api = Api(parts)
    found = declared()
    inner = web.Application(middlewares=[errors], client_max_size=0)
    inner[API] = api
    inner[TRUSTED] = trusted
    for route in found:
        inner.router.add_route(route.method, route.path, handler_of(route))
    app[API] = api
    app.add_subapp(BASE, inner)
    api.attach()

    async def close(_app: web.Application) -> None:
        await api.close()

    app.on_shutdown.append(close)
    return api


__all__ = ["API", "Api", "declared", "described", "mount"]
