"""The page of the accounts, in a real Chromium: who has a dead token, on a phone and on a desk, in the light and in the dark."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from channels.contract import NeedsReauth
from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office
from tests.support.waits import until


async def test_the_page_is_readable_and_its_button_works(tmp_path: Path, visitors: Visitors) -> None:
    async with Office(tmp_path) as office:
        chief = await office.hire("Giám Sát", "supervisor")
        office.platforms["telegram"].faults = [NeedsReauth("the token is not known there")]
        await office.say("1", "chào shop")
        gate = office.parts.store.gates.of("telegram:main")
        assert gate is not None
        await until(lambda: gate.broken)
        token = sessions.new_token()
        await office.parts.store.run(lambda tx: sessions.begin(tx, token, chief.id))
        page = await visitors(base_url=office.url)
        await page.context.add_cookies(
            [{"name": "sid", "value": token, "url": office.url, "httpOnly": True, "sameSite": "Strict"}]
        )
        await page.goto("/desk/channels")
        card = page.locator(".account.auth_broken")
        for width in (1280, 360):
            await page.set_viewport_size({"width": width, "height": 800})
            await expect(card).to_contain_text("the token is not known there")
            assert await complaints(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        async def alive() -> dict[str, str]:
            return {}

        office.platforms["telegram"].status = alive  # type: ignore[attr-defined]
        await card.get_by_role("button", name="Thử lại ngay").click()
        await expect(page.get_by_role("status")).to_contain_text("đã kết nối lại")
        await expect(page.locator(".account.auth_broken")).to_have_count(0)
        await visitors.leave()
        assert visitors.troubles == []
