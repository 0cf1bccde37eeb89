"""What a person sees where there is no page, or none for him: words in his language and the way back. Machines get their
own short answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from gateway.web.templates import Pages

PAGES: Final[Mapping[int, str]] = {403: "not_yours", 404: "none", 405: "none", 410: "none", 500: "broken", 503: "later"}
MACHINES: Final = ("/api/", "/hooks/", "/health/", "/metrics")
PLAIN: Final = ("text/plain", "application/octet-stream")


class Lost:
    """`name`, `hotline` -- the agency's."""

    def __init__(self, pages: Pages, *, name: str, hotline: str) -> None:
        self._pages = pages
        self._agency = {"name": name, "hotline": hotline}
        self._made: dict[tuple[str, bool], bytes] = {}

    def attach(self, app: web.Application) -> None:
        """Over every application inside it too: what leaves as the library's bare words becomes a page."""
        app.on_response_prepare.insert(0, self._prepare)

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        fate = PAGES.get(response.status)
        if fate is None or request.method not in ("GET", "HEAD") or not isinstance(response, web.Response):
            return
        if "text/html" not in request.headers.get(hdrs.ACCEPT, "") or request.path.startswith(MACHINES):
            return
        bare = response.content_type in PLAIN or isinstance(response, web.HTTPException) or response.status == 500
        if not bare:
            return  # a page of its own already
        body = self._page(fate, desk=request.path.startswith("/desk"))
        response.content_type, response.charset = "text/html", "utf-8"
        response.body = body
        response.headers[hdrs.CONTENT_LENGTH] = str(len(body))

    def _page(self, fate: str, *, desk: bool) -> bytes:
        if (fate, desk) not in self._made:
            values = {"fate": fate, "desk": desk, "agency": self._agency}
            self._made[fate, desk] = self._pages.render("web/lost.html", values).encode()
        return self._made[fate, desk]
