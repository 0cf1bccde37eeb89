"""Intake at the desk, in a real Chromium: a form and a missed call in one queue, a try, screening, a possible double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import Page, expect

from channels.contract import Delivery
from channels.registry import adapter
from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import CONFIG, SECRETS, Office
from tests.support.waits import thought

HOOKS = """  - {{channel: leads, name: ladipage, secret: "${{LEADS_SECRET}}"}}
  - {{channel: hotline, name: main, secret: "${{HOTLINE_SECRET}}"}}
"""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    secrets = {**SECRETS, "LEADS_SECRET": "f" * 32, "HOTLINE_SECRET": "c" * 32}
    async with Office(tmp_path, config=CONFIG + HOOKS, secrets=secrets) as running:
        yield running


async def posted(office: Office, channel: str, body: dict[str, Any]) -> None:
    account = next(each for each in office.parts.accounts.values() if each.channel == channel)
    await office.parts.ingest(account, adapter(channel).parse(Delivery(headers={}, body=orjson.dumps(body)), account))
    await thought(office.parts.store)


async def come(office: Office, visitors: Visitors, role: str, **options: Any) -> Page:
    person = await office.hire("Trần Thị Mai", role)
    page = await visitors(base_url=office.url, **{"viewport": {"width": 1440, "height": 1000}, **options})
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    await page.context.add_cookies(
        [{"name": "sid", "value": token, "url": office.url, "httpOnly": True, "sameSite": "Strict"}]
    )
    await page.goto("/desk/")
    await expect(page.locator("#desk[data-ready]")).to_be_visible()
    return page


async def test_a_lead_is_tried_screened_and_known_again(office: Office, visitors: Visitors) -> None:
    lan = {"name": "Nguyễn Thị Lan", "phone": "0912345678", "message": "mua bảo hiểm xe máy"}
    await posted(office, "leads", lan)
    await posted(office, "hotline", {"call_id": "k1", "event": "missed", "from": "0912345678"})
    page = await come(office, visitors, "intake")
    rows = page.locator(".row")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("Gọi nhỡ")
    await expect(rows.nth(1)).to_contain_text("Biểu mẫu")
    await expect(rows.nth(1).locator(".row-time")).to_have_class("row-time good")
    await rows.nth(1).click()

    panel = page.locator("#panel-body")
    await expect(panel.locator(".due")).to_contain_text("Cần liên hệ trước")
    await expect(panel).to_contain_text("Chưa sàng lọc")
    await expect(panel.get_by_role("link", name="0912 345 678").first).to_be_visible()
    await expect(panel.locator(".doubles")).to_contain_text("cùng số điện thoại")
    await expect(page.locator("#messages")).to_contain_text("Nội dung: mua bảo hiểm xe máy")

    await panel.get_by_role("button", name="Ghi kết quả gọi").click()
    form = page.get_by_role("dialog", name="Ghi kết quả gọi")
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_contain_text("Chọn kết quả")
    await form.get_by_text("Đã gặp khách").click()
    await expect(form.locator(".read-out")).to_contain_text("IBAOHIEM")
    await form.get_by_text("Đồng ý", exact=True).click()
    assert await complaints(page) == []
    await form.get_by_role("button", name="Lưu").click()
    await expect(form).to_be_hidden()
    await expect(panel.locator(".try")).to_contain_text("Đã gặp khách")
    await expect(panel).to_contain_text("Liên hệ, tư vấn")  # the consent

    await panel.get_by_role("button", name="Sàng lọc").click()
    form = page.get_by_role("dialog", name="Sàng lọc")
    await expect(form.get_by_label("Sản phẩm")).to_have_value("tnds_xe_may")
    await expect(form.get_by_label("Nhu cầu", exact=True)).to_have_value("mua bảo hiểm xe máy")
    await form.get_by_text("Là người thật").click()
    await form.get_by_label("Khu vực").fill("Hà Nội")
    await form.get_by_text("Có nhu cầu", exact=True).click()
    await form.get_by_role("button", name="Lưu").click()
    await expect(form).to_be_hidden()
    await expect(panel.locator(".screened")).to_contain_text("Có nhu cầu")

    await panel.get_by_role("button", name="Là một người").click()
    await expect(page.locator("#toasts")).to_contain_text("Đã gộp hồ sơ")
    await expect(panel.locator(".doubles")).to_have_count(0)
    await expect(panel).to_contain_text("Tổng đài")


async def test_a_call_of_which_only_a_person_knows(office: Office, visitors: Visitors) -> None:
    page = await come(office, visitors, "advisor", viewport={"width": 390, "height": 800})
    await page.locator("#menu-button").click()
    await expect(page.locator("#menu")).to_be_visible()
    assert await complaints(page) == []
    await page.get_by_role("menuitem", name="Ghi cuộc gọi").click()
    form = page.get_by_role("dialog", name="Ghi cuộc gọi")
    await form.get_by_label("Điện thoại").fill("0987 654 321")
    await form.get_by_label("Họ tên").fill("Trần Văn Ba")
    await form.get_by_text("Không ai nghe").click()
    await form.get_by_role("button", name="Lưu").click()
    await expect(page.locator("#thread-name")).to_have_text("Trần Văn Ba")
    await expect(page.locator("#messages")).to_contain_text("Cuộc gọi nhỡ · 0987 654 321")
    await page.locator("#acts-more").click()
    await expect(page.locator("#acts-menu")).to_be_visible()
    assert await complaints(page) == []
