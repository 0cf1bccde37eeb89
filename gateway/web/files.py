"""Bytes that came from outside, on their way to a browser: never shown as a page of ours."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def download(data: bytes, *, name: str, mime: str) -> web.Response:
    """The file as an attachment. `name` is cleaned already; `mime` is what its content is."""
    return web.Response(body=data, headers={**HEADERS, "Content-Disposition": disposition(name), "Content-Type": mime})


def disposition(name: str) -> str:
    """`attachment` with the name twice: in ASCII for old clients, in full for the rest."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
