"""An office with people in it, and a browser that is none: cookies, Origin and Sec-Fetch-Site as one would send them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.desk import PASSWORD, Office


class Clerk:
    """Somebody at a browser of his own."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.cookie = ""
        self.set_cookie = ""
        self.csrf = ""

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        same = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return {**same, **({"Cookie": self.cookie} if self.cookie else {}), **(more or {})}

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        return self.session.request(
            method, self.url + path, headers=self._headers(headers), allow_redirects=False, **more
        )

    async def status(self, method: str, path: str, **more: Any) -> int:
        async with self.ask(method, path, **more) as answer:
            return int(answer.status)

    async def sign_in(self, email: str, password: str = PASSWORD, **more: Any) -> int:
        async with self.ask("POST", "/desk/login", data={"email": email, "password": password, **more}) as answer:
            self.set_cookie = answer.headers.get("Set-Cookie", "")
            if answer.status == 303:
                self.cookie = self.set_cookie.partition(";")[0]
            return int(answer.status)

    async def read_csrf(self) -> None:
        async with self.ask("GET", "/desk/") as answer:
            found = re.search(r'"csrf": "([0-9a-f]{32})"', await answer.text())
        assert found
        self.csrf = found[1]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        await running.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


@pytest.fixture
def clerk(office: Office, session: aiohttp.ClientSession) -> Clerk:
    return Clerk(session, office.url)
