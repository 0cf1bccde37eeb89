"""The customer's policies at the desk, in a real Chromium: registered from a form, delivered, followed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.async_api import Page, expect

from handlers.model import Advisor
from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    paper = FPDF()
    paper.add_page()
    path = tmp_path / "Giấy chứng nhận.pdf"
    path.write_bytes(bytes(paper.output()))
    return path


async def come(office: Office, visitors: Visitors, conversation: str, person: Advisor, **options: object) -> Page:
    """The desk with this conversation open."""
    page = await visitors(base_url=office.url, **{"viewport": {"width": 1440, "height": 1000}, **options})
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    await page.context.add_cookies(
        [{"name": "sid", "value": token, "url": office.url, "httpOnly": True, "sameSite": "Strict"}]
    )
    await page.goto(f"/desk/c/{conversation}")
    await expect(page.locator("#desk[data-ready]")).to_be_visible()
    return page


async def test_registered_delivered_and_followed(office: Office, visitors: Visitors, certificate: Path) -> None:
    conversation = await office.lead("1001", "Nguyễn Văn Hùng")
    lan = await office.hire("Trần Thị Lan")
    await office.act(conversation, "take", lan)
    page = await come(office, visitors, conversation, lan)
    box = page.locator("#policies")
    await expect(box).to_contain_text("Khách chưa có hợp đồng nào")

    await box.get_by_role("button", name="Nhập hợp đồng").click()
    form = page.get_by_role("dialog", name="Nhập hợp đồng của Nguyễn Văn Hùng")
    save = form.get_by_role("button", name="Lưu hợp đồng")
    await form.get_by_label("Sản phẩm").select_option("tnds_o_to")
    await form.get_by_label("Hãng bảo hiểm").fill("Bảo Việt")
    await form.get_by_label("Số hợp đồng").fill("BV/2026-000123")
    await form.get_by_label("Phí").fill("480.700")
    await form.get_by_label("Giấy chứng nhận").set_input_files(certificate)
    await form.get_by_label("Từ ngày").fill("2020-01-01")
    await save.click()
    await expect(form.get_by_role("alert")).to_contain_text("không được ghi lùi ngày")
    today = await page.evaluate(
        "new Intl.DateTimeFormat('en-CA', {timeZone: 'Asia/Ho_Chi_Minh', year: 'numeric', month: '2-digit', day: '2-digit'}).format(Date.now())"
    )
    await form.get_by_label("Từ ngày").fill(today)
    await save.click()
    await expect(form).to_be_hidden()

    card = box.locator(".policy")
    await expect(card).to_contain_text("BV/2026-000123")
    await expect(card).to_contain_text("480.700 đ")
    await expect(card).to_contain_text("Chưa gửi cho khách")
    await expect(card.locator("[data-care=received]")).to_contain_text("sẽ hỏi")
    assert await complaints(page) == []

    await card.get_by_role("button", name="Gửi giấy chứng nhận").click()
    sure = page.get_by_role("dialog", name="Gửi giấy chứng nhận cho khách?")
    await expect(sure).to_contain_text("Nguyễn Văn Hùng")
    await expect(sure).to_contain_text("Telegram")
    await sure.get_by_role("button", name="Gửi giấy chứng nhận").click()
    await expect(card.locator(".policy-steps")).to_contain_text("Đã gửi qua Telegram")
    await expect(page.locator("#messages .msg", has_text="BV/2026-000123")).to_be_visible()
    await expect(card.get_by_role("button", name="Gửi lại")).to_be_enabled()
    sent = office.platforms["telegram"].sent[-1]
    assert sent.document.data == await asyncio.to_thread(certificate.read_bytes)

    await box.get_by_role("button", name="Nhập hợp đồng").click()
    await form.get_by_label("Sản phẩm").select_option("tnds_o_to")
    await form.get_by_label("Hãng bảo hiểm").fill("Bảo Việt")
    await form.get_by_label("Số hợp đồng").fill("bv/2026-000123")
    await form.get_by_label("Phí").fill("480.700")
    await form.get_by_label("Giấy chứng nhận").set_input_files(certificate)
    await save.click()
    await expect(form.get_by_role("alert")).to_contain_text("đã có hợp đồng mang số đó")
    await page.keyboard.press("Escape")
    await expect(card).to_have_count(1)
    assert all("409" in trouble for trouble in visitors.troubles)
    visitors.troubles.clear()


async def test_it_hears_of_what_happens_elsewhere_and_hides_what_is_not_for_me(
    office: Office, visitors: Visitors, certificate: Path
) -> None:
    conversation = await office.lead("1002", "Lê Thị Mai")
    lan, minh = await office.hire("Trần Thị Lan"), await office.hire("Phạm Văn Minh")
    await office.act(conversation, "take", lan)
    page = await come(office, visitors, conversation, lan)
    other = await come(office, visitors, conversation, minh)
    await expect(page.locator("#policies")).to_contain_text("Khách chưa có hợp đồng nào")
    await expect(other.locator("#policies").get_by_role("button", name="Nhập hợp đồng")).to_have_count(0)

    box = page.locator("#policies")
    await box.get_by_role("button", name="Nhập hợp đồng").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Sản phẩm").select_option("tnds_xe_may")
    await form.get_by_label("Hãng bảo hiểm").fill("PVI")
    await form.get_by_label("Số hợp đồng").fill("PVI-77-000456")
    await form.get_by_label("Phí").fill("66000")
    await form.get_by_label("Giấy chứng nhận").set_input_files(certificate)
    await form.get_by_role("button", name="Lưu hợp đồng").click()
    await expect(box.locator(".policy")).to_contain_text("PVI-77-000456")
    seen = other.locator("#policies .policy")
    await expect(seen).to_contain_text(re.compile(r"\*+0456"))
    await expect(seen).not_to_contain_text("66.000")
    await expect(seen.get_by_role("button")).to_have_count(0)

    await box.get_by_role("button", name="Hủy hợp đồng").click()
    sure = page.get_by_role("dialog", name=re.compile("Ghi nhận hủy"))
    await sure.get_by_label("Lý do").select_option("customer")
    await sure.get_by_role("button", name="Hủy hợp đồng").click()
    await expect(box.locator(".policy")).to_contain_text("Đã hủy")
    await expect(seen).to_contain_text("Đã hủy")
    await expect(seen.locator("[data-care=survey]")).to_contain_text("hợp đồng đã hủy")


async def test_on_a_telephone_in_english(office: Office, visitors: Visitors) -> None:
    conversation = await office.lead("1003", "Lê Thị Mai")
    lan = await office.hire("Trần Thị Lan")
    await office.act(conversation, "take", lan)
    page = await come(
        office, visitors, conversation, lan, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    await page.goto(f"/desk/c/{conversation}?lang=en")
    await page.get_by_role("button", name="Customer details").or_(page.locator(".show-panel")).first.click()
    box = page.locator("#policies")
    await expect(box).to_contain_text("No policies yet")
    await box.get_by_role("button", name="Add a policy").click()
    form = page.get_by_role("dialog", name="A policy of Lê Thị Mai")
    await form.get_by_role("button", name="Save the policy").click()
    await expect(form.get_by_role("alert")).to_contain_text("Choose a product")
    wide = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
