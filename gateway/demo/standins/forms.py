"""A page builder's webhook, as LadiPage posts it: form-encoded, the secret in the address, again when the answer was bad
or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp

TRIES: Final = 3
WAIT_S: Final = 1.0


class FormPage:
    """A page with a form. `url` -- of the hook, with its secret."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, *, page: str = "https://ibaohiem.example/xe-may"
    ) -> None:
        self._session = session
        self._url = url
        self._page = page

    async def submit(self, *, lost_answer: bool = False, **fields: str) -> int:
        """Somebody presses the button: the last answer's status. lost_answer -- the builder did not hear the 200, and
        posts the same once more."""
        told = {**fields, "url_page": self._page, "utm_source": "facebook", "ip": "203.0.113.7", "form_id": "FORM1"}
        status = await self._post(told)
        return await self._post(told) if lost_answer else status

    async def _post(self, fields: Mapping[str, str]) -> int:
        status = 0
        for turn in range(TRIES):
            async with self._session.post(self._url, data=fields) as answer:
                status = answer.status
            if status < 500:
                break
            await asyncio.sleep(WAIT_S * 2**turn)
        return status
