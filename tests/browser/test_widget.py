"""The chat on somebody else's site: another origin, a strict policy, no cookies for us."""

import contextlib
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from PIL import Image
from playwright.async_api import FrameLocator, Page, expect

from tests.support.browser import Visitors
from tests.support.ports import free_port
from tests.support.waits import until
from tests.support.webchat import Site

DESK = {"width": 1280, "height": 800}


@contextlib.asynccontextmanager
async def host(site: Site, port: int) -> AsyncIterator[str]:
    """A shop whose own policy allows nothing but our script and our frame."""

    async def page(_request: web.Request) -> web.Response:
        body = f'<!doctype html><html lang="vi"><title>Cửa hàng</title><h1>Cửa hàng</h1><script src="{site.url}/chat/widget.js" async data-account="site"></script>'
        policy = (
            f"default-src 'none'; script-src {site.url}; frame-src {site.url}; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def icon(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/favicon.ico", icon)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    try:
        yield f"http://localhost:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path) as running:
        yield running


async def opened(page: Page) -> FrameLocator:
    await page.get_by_role("button", name="Trò chuyện").click()
    chat = page.frame_locator("iframe[title='Khung trò chuyện']")
    await chat.locator("html[data-ready]").wait_for()
    return chat


async def test_a_conversation_on_another_site(site: Site, visitors: Visitors, tmp_path: Path) -> None:
    async with host(site, site.guest_port) as shop:
        page = await visitors(viewport=DESK)
        await page.goto(shop)
        chat = await opened(page)
        await chat.locator("#chat-text").fill("Xin chào từ cửa hàng")
        await page.keyboard.press("Enter")
        await expect(chat.locator(".turn.bot .bubble").first).to_contain_text("chatbot")
        assert await page.context.cookies() == []
        token = await page.evaluate("localStorage.getItem('ibaohiem.chat')")
        assert len(token) == 32

        picture = io.BytesIO()
        Image.new("RGB", (60, 40), "teal").save(picture, "PNG")
        (tmp_path / "xe.png").write_bytes(picture.getvalue())
        await chat.locator("#chat-files").set_input_files(tmp_path / "xe.png")
        await expect(chat.locator(".mark-line:not([hidden])").last).to_contain_text("Đã nhận")

        await page.reload()
        await expect(page.get_by_role("button", name="Trò chuyện")).to_be_visible()
        chat = await opened(page)
        await expect(chat.locator(".turn.mine .bubble").first).to_have_text("Xin chào từ cửa hàng")
        image = chat.locator(".turn.mine .picture img")
        await expect(image).to_have_attribute("src", re.compile("^blob:"))
        async with page.expect_download() as downloading:
            await chat.locator(".turn.mine a.picture").click()
        assert (await downloading.value).suggested_filename == "xe.png"
        await page.keyboard.press("Escape")
        await expect(page.locator("iframe")).to_be_hidden()
        await expect(page.get_by_role("button", name="Trò chuyện")).to_be_focused()


async def test_new_words_are_counted_while_it_is_closed(site: Site, visitors: Visitors) -> None:
    async with host(site, site.guest_port) as shop:
        page = await visitors(viewport={"width": 360, "height": 740})
        await page.goto(shop)
        chat = await opened(page)
        await chat.locator("#chat-text").fill("cho tôi gặp tư vấn viên")
        await chat.locator("#chat-send").click()
        await expect(chat.locator(".turn.bot .bubble").first).to_be_visible()
        box = await page.locator("iframe").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (360, 740)
        await chat.locator("#chat-close").click()
        thread = (await site.query("SELECT thread FROM web_session"))[0].thread
        hang = await site.advisor()
        await site.act(thread, "take", hang)
        await site.act(thread, "reply", hang, text="em đây ạ")
        await expect(page.get_by_role("button", name="Trò chuyện")).to_have_text("Trò chuyện2")


async def test_a_site_that_is_not_listed_gets_no_frame(site: Site, visitors: Visitors) -> None:
    async with host(site, free_port()) as stranger:
        page = await visitors(viewport=DESK)
        await page.goto(stranger)
        await page.get_by_role("button", name="Trò chuyện").click()
        await until(lambda: any("frame-ancestors" in trouble for trouble in visitors.troubles))
        await until(lambda: len(page.frames) > 1 and page.frames[1].url.startswith("chrome-error:"))
        visitors.troubles.clear()


async def test_what_other_sites_may_load(site: Site) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{site.url}/chat/widget.js") as answer:
            assert answer.content_type == "text/javascript"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        async with client.get(f"{site.url}/chat/frame") as answer:
            assert (
                f"frame-ancestors https://shop.example http://localhost:{site.guest_port};"
                in answer.headers["Content-Security-Policy"]
            )
        async with client.get(f"{site.url}/") as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
