"""Where there is no page a person gets one with words and a way back; machines and pages of ours keep their own answers."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.web.lost import Lost
from gateway.web.static import Assets
from gateway.web.templates import Pages

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def _own(_request: web.Request) -> web.Response:
    return web.Response(text="<p>own words</p>", status=404, content_type="text/html")


async def _broken(_request: web.Request) -> web.Response:
    raise ZeroDivisionError


async def _forbidden(_request: web.Request) -> web.Response:
    raise web.HTTPForbidden


async def _busy(_request: web.Request) -> web.Response:
    raise web.HTTPServiceUnavailable(headers={"Retry-After": "2"})


@pytest.fixture
def app() -> web.Application:
    made, desk = web.Application(), web.Application()
    Lost(Pages(Assets()), name="IBAOHIEM", hotline="1900 0000").attach(made)
    desk.router.add_get("/forbidden", _forbidden)
    desk.router.add_get("/broken", _broken)
    desk.router.add_get("/busy", _busy)
    made.router.add_get("/own", _own)
    made.add_subapp("/desk", desk)
    return made


@pytest.mark.parametrize(
    ("path", "status", "words", "way"),
    [
        ("/anything", 404, "Không có trang này", 'href="/"'),
        ("/desk/anything", 404, "vai trò của bạn", 'href="/desk/"'),
        ("/desk/forbidden", 403, "Không có quyền", 'href="/desk/"'),
        ("/desk/broken", 500, "Có lỗi phía chúng tôi", 'href="/desk/"'),
        ("/desk/busy", 503, "không có gì bị mất", 'href="/desk/"'),
    ],
)
async def test_a_person_gets_a_page(app: web.Application, path: str, status: int, words: str, way: str) -> None:
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path, headers=PERSON)
        text = await answer.text()
        assert (answer.status, answer.content_type) == (status, "text/html")
        assert words in text
        assert way in text
        assert text.rstrip().endswith("</html>")
        if status == 503:
            assert answer.headers["Retry-After"] == "2"
        empty = await client.head(path, headers=PERSON)
        assert (empty.status, await empty.read()) == (status, b"")


async def test_machines_and_pages_of_ours_keep_their_answers(app: web.Application) -> None:
    async with TestClient(TestServer(app)) as client:
        for path in ("/api/v1/zz", "/hooks/x", "/health/x"):
            answer = await client.get(path, headers=PERSON)
            assert (answer.status, answer.content_type) == (404, "text/plain")
        script = await client.get("/desk/forbidden", headers={"Accept": "application/json"})
        assert (script.status, script.content_type) == (403, "text/plain")
        own = await client.get("/own", headers=PERSON)
        assert (own.status, await own.text()) == (404, "<p>own words</p>")
        posted = await client.post("/anything", headers=PERSON)
        assert (posted.status, posted.content_type) == (404, "text/plain")
