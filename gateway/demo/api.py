"""The gateway's JSON API as a program outside calls it, and the news that something has changed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp


class Refused(Exception):
    """The API said no. `code` as in its error body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code = code


class Api:
    """The JSON API with a bearer token; `as_advisor` -- the act is that person's."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._base = f"{url}/api/v1"
        self._token = token

    async def get(self, path: str, *, as_advisor: str = "", **query: Any) -> Any:
        return await self._ask("GET", path, as_advisor=as_advisor, params=query)

    async def post(self, path: str, body: Any, *, as_advisor: str = "") -> Any:
        return await self._ask("POST", path, as_advisor=as_advisor, json=body)

    async def patch(self, path: str, body: Any, *, as_advisor: str = "") -> Any:
        return await self._ask("PATCH", path, as_advisor=as_advisor, json=body)

    async def upload(self, name: str, data: bytes, mime: str, *, conversation: str, as_advisor: str) -> Any:
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type=mime)
        form.add_field("conversation_id", conversation)
        return await self._ask("POST", "/files", as_advisor=as_advisor, data=form)

    async def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, limit=200, **query)
            found += page["items"]
            if not page.get("next"):
                return found
            query["cursor"] = page["next"]

    async def all_messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """Of a conversation, the oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["seq"] if found else 0
            page = await self.get(f"/conversations/{conversation_id}/messages", limit=200, after=after)
            found += page["items"]
            if not page.get("next"):
                return found

    async def _ask(self, method: str, path: str, *, as_advisor: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        if as_advisor:
            headers["X-Act-As"] = as_advisor
        if method != "GET":
            headers["Idempotency-Key"] = secrets.token_hex(8)
        async with self._session.request(method, self._base + path, headers=headers, **more) as answer:
            told = await answer.json()
            if answer.status >= 400:
                error = told.get("error", {})
                raise Refused(answer.status, error.get("code", ""), error.get("message", ""))
            return told


class News:
    """Wakes who waits for something to have changed, by kind or by id; what has changed he reads himself."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    def tell(self, kind: str, object_id: str) -> None:
        for about in ("", kind, object_id):
            event = self._waiting.pop(about, None)
            if event is not None:
                event.set()

    async def wait(self, at_most_s: float, about: str = "") -> None:
        event = self._waiting.setdefault(about, asyncio.Event())
        try:
            async with asyncio.timeout(at_most_s):
                await event.wait()
        except TimeoutError:
            return

    async def until(
        self, true: Callable[[], Awaitable[bool]], *, patience_s: float, about: str = "", look_s: float = 1.0
    ) -> bool:
        """Whether it came true in time."""
        end = asyncio.get_running_loop().time() + patience_s
        while not await true():
            if asyncio.get_running_loop().time() > end:
                return False
            await self.wait(look_s, about)
        return True
