"""The service worker of the desk, under an address that never changes and whose folder it governs."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway.web.static import Assets, answer

PATH: Final = "/desk/worker.js"  # also in static/workers.js: the page's policy lets exactly this one through
FILE: Final = "desk/static/worker.js"


def route(assets: Assets) -> web.RouteDef:
    """For everybody: it holds nothing, and a browser asks for it again without a session."""

    async def serve(request: web.Request) -> web.Response:
        return answer(request, assets.files[FILE], "no-cache")

    return web.get(PATH, serve)
