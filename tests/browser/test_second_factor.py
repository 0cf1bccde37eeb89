"""Two steps into the desk, as somebody with a browser and a telephone takes them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, expect

from gateway.api.factor import STEP_MS
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import PASSWORD, Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


@pytest.mark.parametrize("width", [1200, 390], ids=["desk", "phone"])
async def test_set_up_signed_in_and_let_in_without_the_telephone(
    office: Office, visitors: Visitors, width: int
) -> None:
    await office.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
    page = await visitors(base_url=office.url, viewport={"width": width, "height": 860})
    await page.goto("/desk/login?next=/desk/account")
    await _password(page)
    section = page.locator("#factor[data-ready=yes]")
    await section.get_by_label("Mật khẩu hiện tại").fill("khong phai mat khau nay")
    await section.get_by_role("button", name="Bật xác thực hai bước").click()
    await expect(section.get_by_role("alert")).to_have_text("Mật khẩu hiện tại chưa đúng.")
    await section.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    await section.get_by_role("button", name="Bật xác thực hai bước").click()
    await expect(section.get_by_role("img", name="Mã QR cho ứng dụng xác thực").locator("path")).to_have_count(1)
    drawn = await section.locator(".qr").bounding_box()
    assert drawn is not None
    assert drawn["width"] >= 200
    assert await complaints(page) == []
    maker = pyotp.TOTP((await section.locator("#factor-secret").inner_text()).replace(" ", ""))
    await section.get_by_label("Mã xác thực").fill("000000")
    await section.get_by_role("button", name="Xác nhận").click()
    await expect(section.get_by_role("alert")).to_contain_text("Mã chưa đúng")
    await section.get_by_label("Mã xác thực").fill(_code(office, maker))
    await section.get_by_role("button", name="Xác nhận").click()
    await expect(section.locator("#codes li")).to_have_count(10)
    recovery = await section.locator("#codes li").first.inner_text()
    assert await complaints(page) == []

    office.parts.clock.offset_ms += STEP_MS  # a code works once
    await page.context.clear_cookies()
    await page.goto("/desk/login?next=/desk/account")
    await _password(page)
    await expect(page.get_by_label("Mã xác thực")).to_be_focused()
    assert await complaints(page) == []
    await page.get_by_label("Mã xác thực").fill("111111")
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page.get_by_role("alert")).to_contain_text("Mã chưa đúng")
    await page.get_by_label("Mã xác thực").fill(_code(office, maker))
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page).to_have_url(re.compile("/desk/account$"))

    await page.context.clear_cookies()
    await page.goto("/desk/login?next=/desk/account")
    await _password(page)
    await page.get_by_label("Mã xác thực").fill(recovery.lower())
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page).to_have_url(re.compile("/desk/account$"))
    assert [line.partition("status of ")[2][:3] for line in visitors.troubles] == ["422", "422", "401"]
    visitors.troubles.clear()  # a wrong password and two wrong codes, which the browser says aloud


async def _password(page: Page) -> None:
    await page.get_by_label("Email").fill("lan@x.vn")
    await page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập").click()


def _code(office: Office, maker: pyotp.TOTP) -> str:
    return maker.generate_otp(office.parts.store.now_ms() // STEP_MS)
