"""The desk's session cookie: what it is called, and how a browser is told to keep it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from gateway import addresses
from gateway.config import Config
from storage import sessions

COOKIES: Final = ("__Host-sid", "sid")


def cookie_name(*, https: bool) -> str:
    return COOKIES[0] if https else COOKIES[1]


def given(request: web.Request) -> str:
    """The session's token, '' without one."""
    return next((request.cookies[name] for name in COOKIES if request.cookies.get(name)), "")


def secure(request: web.Request, config: Config) -> bool:
    """Whether the browser is told `Secure`. Plain http is this machine only: there it would refuse that."""
    here = addresses.split_url(f"http://{request.host}")
    local = here is not None and addresses.loopback(here.hostname or "")
    return config.public_url.startswith("https:") and not local


def keep(request: web.Request, answer: web.StreamResponse, token: str, config: Config) -> None:
    """The browser keeps this token; '' takes it away."""
    age = sessions.LONGEST_MS // 1000 if token else 0
    own = cookie_name(https=secure(request, config))
    for name in {own} if token else {name for name in COOKIES if name in request.cookies}:
        answer.set_cookie(
            name, token, max_age=age, path="/", secure=name == COOKIES[0], httponly=True, samesite="Strict"
        )
