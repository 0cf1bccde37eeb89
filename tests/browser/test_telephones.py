"""The demonstration's telephones: a customer in each app, as its platform has him, and a desk that answers."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Final

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from gateway.demo.platforms import APPS
from gateway.demo.stage import Stage, staged
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.logs import demonstration_logging
from tests.support.xss import LOOK, PAYLOADS, TRAP

WORDS: Final = "Mình muốn mua bảo hiểm xe máy"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with demonstration_logging():
        async with staged(about=None, port=0, quick=True, seed=5, out=io.StringIO()) as made:
            yield made
            assert made.platforms.violations() == []


async def test_a_customer_writes_from_every_app(stage: Stage, visitors: Visitors) -> None:
    page = await visitors(viewport={"width": 1440, "height": 900}, base_url=stage.telephones)
    await page.add_init_script(TRAP)
    await page.goto("/")
    for app in APPS:
        phone = page.locator(f".phone[data-app={app}]")
        await phone.get_by_role("button", name="Bắt đầu").click()
        await expect(phone.locator(".line.us").first).to_contain_text("IBAOHIEM")
        await phone.get_by_label("Tin nhắn").fill(WORDS)
        await phone.get_by_role("button", name="Gửi", exact=True).click()
        await expect(phone.locator(".line.us").last).to_contain_text("đồng ý không ạ?")
        if app == "zalo":  # it has no buttons: the choices are lines
            await expect(phone.locator(".line.us").last).to_contain_text("1. Tôi đồng ý")
            await phone.get_by_label("Tin nhắn").fill("1")
            await phone.get_by_role("button", name="Gửi", exact=True).click()
        else:
            await phone.get_by_role("button", name="Tôi đồng ý").click()
        await expect(phone.locator(".line.us").last).to_contain_text("xin họ tên")
    assert await complaints(page) == []
    viber = page.locator(".phone[data-app=viber]")
    for at in (0, 20, 40, 60):  # what a keyboard can type
        wicked = " ".join(one for one in PAYLOADS[at : at + 20] if one.isprintable())
        await viber.get_by_label("Tin nhắn").fill(wicked)
        await viber.get_by_role("button", name="Gửi", exact=True).click()
        await expect(viber.locator(".line.me").last).to_contain_text(wicked[:20])
    assert await page.evaluate(LOOK) == []
    zalo = page.locator(".phone[data-app=zalo]")
    await _picture(zalo.page)
    await expect(zalo.locator(".line.me img")).to_be_visible()
    await page.get_by_role("button", name="English").click()
    await expect(zalo.get_by_role("button", name="New customer")).to_be_visible()


async def _picture(page: Page) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(out, "PNG")
    file = {"name": "xe.png", "mimeType": "image/png", "buffer": out.getvalue()}
    await page.locator(".phone[data-app=zalo] input[type=file]").set_input_files(file)  # type: ignore[arg-type]


async def test_no_other_page_may_write_as_them(stage: Stage) -> None:
    url = f"{stage.telephones}/api/people"
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with stage.session.post(url, json={"app": "zalo"}, headers=headers) as answer:
            assert answer.status == 403
    async with stage.session.post(url, json={"app": "sms"}) as answer:
        assert answer.status == 422
        assert "zalo" in await answer.text()
    person = (await asyncio.gather(_enter(stage)))[0]
    async with stage.session.post(f"{url}/{person}", json={"shout": "x"}) as answer:
        assert answer.status == 422
    async with stage.session.post(f"{url}/{person}/picture", data=b"<html>") as answer:
        assert answer.status == 422
    async with stage.session.get(f"{url}/nobody") as answer:
        assert answer.status == 404


async def _enter(stage: Stage) -> str:
    async with stage.session.post(f"{stage.telephones}/api/people", json={"app": "viber", "name": "Mai"}) as answer:
        told = await answer.json()
        return str(told["id"])
