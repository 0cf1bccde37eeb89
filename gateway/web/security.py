"""What keeps a browser on our side: one set of headers on every answer, and whose page may ask us to act.

Policy: docs/security.md. A handler that needs another value sets the header itself; it is then left alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from aiohttp import hdrs, web

from gateway.addresses import Network
from gateway.config import Config

_CSP: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self' blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "gateway",
}
_OFF: Final = (
    "accelerometer autoplay camera display-capture encrypted-media fullscreen gamepad geolocation gyroscope"
    " hid idle-detection magnetometer microphone midi payment picture-in-picture publickey-credentials-get"
    " screen-wake-lock serial usb xr-spatial-tracking"
).split()


def policy(**changes: str) -> str:
    """The Content-Security-Policy, with some directives replaced: `policy(frame_ancestors="https://a.example")`."""
    directives = {**_CSP, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": policy(),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
    "Cache-Control": "no-store",
}


class Status(web.Response):
    """A status for a platform's server, without a body: what a browser must be told would be 1.3 KB for nobody with
    every message."""


class Piece(web.Response):
    """A script or a style sheet: what rules a document says nothing to it, and a page has fifty of them."""


PIECE: Final = {
    name: HEADERS[name]
    for name in ("Strict-Transport-Security", "X-Content-Type-Options", "Cross-Origin-Resource-Policy")
}


def harden(app: web.Application) -> None:
    """Every answer of the application carries the headers, errors too; a bare `Status` does not, a `Piece` only its own."""
    app.on_response_prepare.append(_add_headers)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    if type(response) is Status:
        return
    for name, value in (PIECE if type(response) is Piece else HEADERS).items():
        response.headers.setdefault(name, value)


def may_act(request: web.Request, config: Config, *, guests: Collection[str] = ()) -> bool:
    """Whether the page that sent this is ours, or of a site in `guests`. A missing Origin is a no.

    A form's navigation under `Referrer-Policy: no-referrer` says `Origin: null` even at home; then the browser's
    own word, Sec-Fetch-Site, decides.
    """
    origin = request.headers.get(hdrs.ORIGIN, "")
    site = request.headers.get("Sec-Fetch-Site", "")
    if origin == "null":
        return site == "same-origin"
    if config.origin_allowed(origin, request.host, scheme=request.scheme):
        return site in ("", "same-origin")
    return origin.lower() in guests


def client_address(request: web.Request, proxies: Sequence[Network]) -> str:
    """The right-most address that is not one of our proxies; the peer itself when it is no proxy of ours."""
    peer = request.remote or ""
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", ())).split(",") if hop.strip()]
    address = peer
    while _within(address, proxies) and hops:
        address = hops.pop()
    return address


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in networks)
