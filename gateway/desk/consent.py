"""An administrator's consent, for accounts whose tokens only a person can renew: the page with the link, the callback.

The page is for those who are signed in; the callback is not, for a browser that comes from the platform brings no
cookie of the desk: it proves itself by the state that our link gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog
from aiohttp import web

from gateway.api.allow import TABLE, Actor
from gateway.desk.words import Words, language
from gateway.web.templates import Pages

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("consent")
COOKIE: Final = "consent_state"  # where a platform does not send the state back
MINUTES: Final = 30


class Consent:
    """Both pages."""

    def __init__(self, parts: Parts, pages: Pages, words: Words) -> None:
        self._parts, self._pages, self._words = parts, pages, words

    async def page(self, request: web.Request, actor: Actor) -> web.Response:
        """Who may switch the bot may bring an account back."""
        account_id, client = self._client(request)
        if "switch.set" not in TABLE[actor.role] or client is None:
            raise web.HTTPNotFound
        link = client.consent_url(self._parts.config.public_url, self._secrets()[0])
        answer = self._answer(request, account_id, link=link, trouble=client.trouble)
        state = next(iter(parse_qs(urlsplit(link).query).get("state", ())), "")
        secure = self._parts.config.public_url.startswith("https:")
        answer.set_cookie(
            COOKIE, state, max_age=MINUTES * 60, path="/oauth/", secure=secure, httponly=True, samesite="Lax"
        )
        return answer

    async def callback(self, request: web.Request) -> web.Response:
        """Where the platform sends the administrator's browser."""
        account_id, client = self._client(request)
        if client is None:
            raise web.HTTPNotFound
        query = {"state": request.cookies.get(COOKIE, ""), **request.query}
        problem = await client.consented(query, self._secrets())
        if problem:
            log.warning("consent.refused", account=account_id, reason=problem)
        else:
            log.info("consent.given", account=account_id)
            self._parts.store.gates.mend(account_id)
        return self._answer(request, account_id, problem=problem, done=not problem, status=400 if problem else 200)

    def _client(self, request: web.Request) -> tuple[str, Any]:
        account_id = f"{request.match_info['channel']}:{request.match_info['account']}"
        client = self._parts.clients.get(account_id)
        return account_id, client if hasattr(client, "consent_url") else None

    def _secrets(self) -> tuple[bytes, ...]:
        """The newest signs; he who left with a link of an older one comes back with it."""
        return self._parts.engine.keys.secrets("consent")

    def _answer(
        self,
        request: web.Request,
        account_id: str,
        *,
        link: str = "",
        trouble: str = "",
        problem: str = "",
        done: bool = False,
        status: int = 200,
    ) -> web.Response:
        lang = language(request.cookies, request.query)
        values = {
            "w": self._words.page(lang),
            "lang": lang,
            "agency": self._parts.config.agency,
            "account": account_id,
            "link": link,
            "trouble": trouble,
            "problem": problem,
            "done": done,
            "again": f"/oauth/{account_id.replace(':', '/')}",
        }
        return self._pages.answer("desk/consent.html", values, status=status)
