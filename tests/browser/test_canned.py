"""Canned answers as an advisor with a keyboard uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def come(office: Office, visitors: Visitors, name: str, role: str, path: str) -> Page:
    person = await office.hire(name, role, email=f"{role}@x.vn")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    page = await visitors(base_url=office.url, viewport={"width": 1280, "height": 860})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(path)
    return page


async def test_written_by_the_chief_and_said_by_an_advisor(office: Office, visitors: Visitors) -> None:
    chief = await come(office, visitors, "Phạm Thu", "supervisor", "/desk/canned")
    for shortcut, title, text in (
        ("chao", "Chào khách", "Dạ em chào {xung_ho} {ten} ạ, em là {tu_van_vien}."),
        ("phi", "Báo phí", "Dạ phí theo biểu Nhà nước ạ. Mã yêu cầu {ma_yeu_cau}."),
    ):
        await chief.get_by_role("button", name="Thêm câu mẫu").click()
        form = chief.get_by_role("dialog")
        await form.get_by_label("Gõ tắt").fill(shortcut)
        await form.get_by_label("Tên", exact=True).fill(title)
        await form.get_by_label("Nội dung").fill(text)
        assert await complaints(chief) == []
        await form.get_by_role("button", name="Lưu").click()
        await expect(form).to_be_hidden()
    await expect(chief.locator("#canned-list li")).to_have_count(2)
    assert await complaints(chief) == []

    conversation = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
    page = await come(office, visitors, "Trần Thị Lan", "advisor", f"/desk/c/{conversation}")
    box = page.locator("#say")
    await expect(box).to_be_visible()
    await box.fill("/")
    choices = page.get_by_role("listbox", name="Câu mẫu").get_by_role("option")
    await expect(choices).to_have_count(2)
    assert await complaints(page) == []
    await box.fill("/bao p")  # words of the title, a space: no shortcut any more
    await expect(choices.first).to_be_hidden()
    await box.fill("/báo")
    await expect(choices).to_have_count(1)
    await box.press("Escape")
    await expect(choices.first).to_be_hidden()
    await expect(box).to_have_value("/báo")
    await box.fill("/chaoo")  # a slip: nothing fits, and nothing of it goes to the customer
    await box.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Không có câu mẫu nào khớp")
    await expect(box).to_have_value("/chaoo")
    await box.fill("/")
    await expect(choices).to_have_count(2)
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(box).to_have_value("Dạ phí theo biểu Nhà nước ạ. Mã yêu cầu {ma_yeu_cau}.")
    await box.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Còn chỗ trống {ma_yeu_cau}")
    await box.fill("/chao")
    await expect(choices).to_have_count(1)
    await box.press("Tab")
    await expect(box).to_have_value("Dạ em chào anh/chị {ten} ạ, em là Trần Thị Lan.")
    await page.keyboard.insert_text("Hùng")  # the empty place is selected
    await box.press("Enter")
    await expect(page.locator("#messages")).to_contain_text("Dạ em chào anh/chị Hùng ạ, em là Trần Thị Lan.")
