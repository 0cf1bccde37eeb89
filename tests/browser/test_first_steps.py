"""A newcomer's first hour: from the password that the first start printed to the first customer answered; and a colleague
invited by a link, who comes in on a telephone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from storage import passwords
from storage.tx import Tx
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import PASSWORD, Office

PATIENCE_MS = 60_000  # of a machine that does much else
OWN = "một câu của riêng quản trị"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def sign_in(page: Page, email: str, password: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.goto("/desk/login")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Mật khẩu", exact=True).fill(password)
    await page.get_by_role("button", name="Đăng nhập").click()


def _long_ago(tx: Tx) -> None:
    """Everybody's password was shown longer ago than grave acts allow."""
    tx.run("UPDATE session SET proved_at = 0")
    for row in tx.all("SELECT DISTINCT advisor_id FROM session"):
        tx.hint("advisor", row.advisor_id)


async def test_from_the_first_log_in_to_the_first_answer(office: Office, visitors: Visitors) -> None:
    once = passwords.invent()
    await office.hire("Administrator", "admin", email="admin@localhost", password=once)
    page = await visitors(base_url=office.url, viewport={"width": 1280, "height": 860})
    await sign_in(page, "admin@localhost", once)
    await expect(page).to_have_url(re.compile("/desk/guide$"))
    steps = page.locator("#guide > li")
    await expect(steps.nth(0)).to_have_attribute("aria-current", "step")
    assert await complaints(page) == []

    await page.get_by_role("link", name="Mở trang tài khoản").click()
    await page.get_by_label("Mật khẩu hiện tại").first.fill(once)
    await page.get_by_label("Mật khẩu mới", exact=True).fill(OWN)
    await page.get_by_label("Nhập lại mật khẩu mới").fill(OWN)
    await page.get_by_role("button", name="Đổi mật khẩu").click()
    await expect(page.locator("#toasts")).to_contain_text("Đã đổi mật khẩu")
    await page.get_by_role("link", name="Bắt đầu").click()
    await expect(steps.nth(0)).to_contain_text("Đã xong")
    await expect(steps.nth(1)).to_have_attribute("aria-current", "step")

    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Mở trang trò chuyện").click()
    customer = await opened.value
    await expect(customer.locator("html[data-ready='']")).to_have_count(1)
    if not await customer.locator("#chat-text").is_visible():
        await customer.locator("[data-act=open-chat]:visible").first.click()
    await customer.locator("#chat-text").fill("gặp tư vấn viên")
    await customer.keyboard.press("Enter")
    await expect(customer.locator(".turn.bot .bubble").first).to_be_visible()

    await page.bring_to_front()
    await expect(steps.nth(1)).to_contain_text("Đã xong")
    await expect(steps.nth(2)).to_have_attribute("aria-current", "step")
    assert await complaints(page) == []
    await page.get_by_role("link", name="Mở cuộc trò chuyện").click()
    await page.get_by_role("button", name="Nhận xử lý").click()
    await page.locator("#say").fill("Dạ em chào anh/chị ạ, em có thể giúp gì ạ?")
    await page.locator("#say").press("Enter")
    await customer.bring_to_front()
    await expect(customer.locator("#chat-log")).to_contain_text("em có thể giúp gì ạ?")

    await page.goto("/desk/guide")
    await expect(page.get_by_role("heading", name="Xong! Bạn vừa trả lời khách đầu tiên.")).to_be_visible()
    assert await complaints(page) == []
    await page.context.clear_cookies()
    await sign_in(page, "admin@localhost", OWN)
    await expect(page).to_have_url(re.compile("/desk/$"))  # it is over: nobody is led through it again


async def test_a_colleague_is_invited_and_looked_after(office: Office, visitors: Visitors) -> None:
    await office.hire("Sếp", "admin", email="sep@x.vn")
    conversation = await office.lead("1001", "Nguyễn Văn Hùng", "0912 345 678")
    page = await visitors(base_url=office.url, viewport={"width": 1280, "height": 860})
    await sign_in(page, "sep@x.vn", PASSWORD)
    await expect(page).to_have_url(re.compile("/desk/guide$"))
    await page.get_by_role("button", name="Không hiện khi đăng nhập nữa").click()
    await expect(page.locator("#guide-off-told")).to_contain_text("vẫn có trong trình đơn")
    await page.get_by_role("link", name="Người dùng").click()
    await page.wait_for_url("**/desk/users")  # with its scripts: the button is there before them
    await page.get_by_role("button", name="Thêm người").click()
    await page.get_by_label("Họ tên").fill("Đỗ Thị Mới")
    await page.get_by_label("Email").fill("moi@x.vn")
    await page.route("**/users/*/link", lambda route: route.fulfill(status=500), times=1)
    await page.get_by_role("dialog").get_by_role("button", name="Thêm người").click()
    late = page.locator(".toast.bad")
    await expect(late).to_contain_text("Đã thêm Đỗ Thị Mới, nhưng chưa tạo được liên kết mời")
    await late.get_by_role("button", name="Tạo liên kết").click()
    visitors.troubles[:] = [trouble for trouble in visitors.troubles if "500" not in trouble]
    link = await page.locator("output.link").inner_text()
    assert await complaints(page) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("#users")).to_contain_text("Đỗ Thị Mới")

    phone = await visitors(base_url=office.url, viewport={"width": 390, "height": 800})
    phone.set_default_timeout(PATIENCE_MS)
    await phone.goto(link)
    assert await complaints(phone) == []
    await phone.get_by_label("Mật khẩu mới", exact=True).fill("một câu của người mới")
    await phone.get_by_label("Nhập lại mật khẩu mới").fill("một câu của người khác")
    await phone.get_by_role("button", name="Lưu mật khẩu").click()
    await expect(phone.get_by_role("alert")).to_contain_text("chưa giống nhau")
    for label in ("Mật khẩu mới", "Nhập lại mật khẩu mới"):
        await phone.get_by_label(label, exact=True).fill("một câu của người mới")
    await phone.get_by_role("button", name="Lưu mật khẩu").click()
    await expect(phone.locator(".told")).to_contain_text("Đã lưu mật khẩu")
    await phone.get_by_label("Email").fill("moi@x.vn")
    await phone.get_by_label("Mật khẩu", exact=True).fill("một câu của người mới")
    await phone.get_by_role("button", name="Đăng nhập").click()
    await expect(phone).to_have_url(re.compile("/desk/$"))
    await phone.goto(link)
    await expect(phone.get_by_role("heading", name="Liên kết không còn dùng được")).to_be_visible()
    await phone.goto("/desk/account")
    await expect(phone.locator("#sessions li")).to_contain_text("phiên này")
    assert await complaints(phone) == []

    await office.parts.store.run(_long_ago)
    await page.get_by_role("button", name="Sửa Đỗ Thị Mới").click()
    await page.get_by_role("dialog").get_by_label("Vai trò").select_option("supervisor")
    await page.get_by_role("dialog").get_by_role("button", name="Lưu").click()
    proof = page.get_by_role("dialog", name="Xác nhận đúng là bạn")
    assert await complaints(page) == []
    await proof.get_by_label("Mật khẩu").fill(PASSWORD)
    await proof.get_by_role("button", name="Xác nhận").click()
    await expect(page.locator("#toasts")).to_contain_text("Đã lưu")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.goto("/desk/audit")
    await expect(page.locator("#trail li").first).to_be_visible()
    await expect(page.locator("#trail")).to_contain_text("Người dùng: sửa")
    await page.get_by_label("Việc gì").select_option("session")
    await page.get_by_role("button", name="Lọc", exact=True).click()
    await expect(page.locator("#trail-status")).to_have_text("Không có mục nào như vậy.")
    await page.get_by_role("button", name="Bỏ lọc").click()
    await expect(page.locator("#trail li").first).to_be_visible()
    assert await complaints(page) == []

    lan = await office.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
    await office.act(conversation, "take", lan)
    minh = await office.hire("Lê Minh", "advisor", email="minh@x.vn")
    await phone.context.clear_cookies()
    await sign_in(phone, "minh@x.vn", PASSWORD)
    await expect(phone).to_have_url(re.compile("/desk/$"))
    await phone.goto(f"/desk/c/{conversation}")
    await phone.get_by_role("button", name="Thông tin khách").click()
    panel = phone.locator("#panel-body")
    await expect(panel).to_contain_text("091****678")
    await panel.get_by_role("button", name="Hiện đầy đủ").first.click()
    await expect(panel).to_contain_text("0912 345 678")
    assert await complaints(phone) == []
    looked = await office.parts.store.read(
        lambda tx: tx.all("SELECT actor, fields FROM audit_entry WHERE action = 'reveal'")
    )
    assert [(row.actor, row.fields) for row in looked] == [(minh.id, '["phone"]')]
    assert [line for line in visitors.troubles if "403" not in line and "404" not in line and "422" not in line] == []
    visitors.troubles.clear()  # the proof that was asked for, a link that is over, passwords that differ
