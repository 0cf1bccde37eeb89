"""The acts beside taking and closing, as two advisors and their supervisor do them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from channels.contract import Kind
from storage import search, sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def come(office: Office, visitors: Visitors, name: str, role: str, path: str) -> Page:
    person = await office.hire(name, role)
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    page = await visitors(base_url=office.url, viewport={"width": 1360, "height": 900})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(path)
    return page


async def named() -> dict[str, Any]:
    """What the bot is called at Telegram."""
    return {"bot": "ibaohiem_bot"}


async def act(page: Page, name: str) -> Locator:
    """Press it in the menu of acts; the dialog that it opens."""
    await page.get_by_role("button", name="Thao tác khác").click()
    await page.get_by_role("menuitem", name=name, exact=True).click()
    return page.get_by_role("dialog")


async def test_what_advisors_do_beside_answering(office: Office, visitors: Visitors) -> None:
    hung = await office.lead("1001")
    office.platforms["telegram"].status = named  # type: ignore[attr-defined]
    web = await office.lead("w1", person="Trần Thị Mai", phone="0987 654 321", channel="webchat")
    lan = await come(office, visitors, "Lê Lan", "advisor", f"/desk/c/{hung}")
    await lan.get_by_role("button", name="Nhận xử lý").click()

    # a value put right, with what stood there before
    panel = lan.locator("#panel")
    await panel.get_by_role("button", name="Sửa Điện thoại").click()
    form = lan.get_by_role("dialog")
    await form.get_by_label("Điện thoại").fill("0912")
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_contain_text("còn thiếu số")
    visitors.troubles.clear()  # the browser tells of the refusal
    assert await complaints(lan) == []
    await form.get_by_label("Điện thoại").fill("0911 222 333")
    await form.get_by_role("button", name="Lưu").click()
    await expect(form).to_be_hidden()
    await expect(panel.get_by_role("button", name="Sửa Điện thoại")).to_be_focused()
    await panel.get_by_text("Lịch sử thông tin").click()
    await expect(panel.locator(".change")).to_contain_text("+84912345678")
    await expect(panel.locator(".change")).to_contain_text("Lê Lan sửa")

    # both menus, open
    for button, menu in (("#menu-button", "#menu"), ("#acts-more", "#acts-menu")):
        await lan.locator(button).click()
        await expect(lan.locator(menu)).to_be_visible()
        assert await complaints(lan) == []
        await lan.keyboard.press("Escape")
        await expect(lan.locator(menu)).to_be_hidden()

    # a promised call
    form = await act(lan, "Hẹn gọi lại")
    await form.get_by_label("Gọi để làm gì").fill("báo phí ô tô")
    assert await complaints(lan) == []

    async def lose(route: Route) -> None:
        await route.fetch()  # it arrives, its answer does not
        await route.fulfill(status=502)

    await lan.route("**/tasks", lose, times=1)
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_be_visible()
    visitors.troubles.clear()
    await form.get_by_role("button", name="Lưu").click()
    await expect(form).to_be_hidden()
    await expect(panel.locator(".task")).to_have_count(1)
    await expect(panel.locator(".task")).to_contain_text("báo phí ô tô")

    # asking: in the chat, and by a form that the customer fills in
    form = await act(lan, "Hỏi khách thông tin")
    await form.get_by_label("Tỉnh, thành").check()
    await form.get_by_role("button", name="Gửi").click()
    await expect(lan.locator("#messages")).to_contain_text("tỉnh")
    await office.settled()
    await office.say("1001", "mình ở Cần Thơ")
    await expect(panel.locator(".facts")).to_contain_text("Cần Thơ")
    minh = await come(office, visitors, "Phạm Minh", "advisor", f"/desk/c/{web}")
    await minh.get_by_role("button", name="Nhận xử lý").click()
    form = await act(minh, "Hỏi khách thông tin")
    await form.get_by_label("Ngày sinh").check()
    await form.get_by_label("Số CCCD/hộ chiếu").check()
    assert await complaints(minh) == []
    await form.get_by_role("button", name="Gửi").click()
    await expect(minh.locator("#messages")).to_contain_text("/form/f")
    link = re.findall(r"http\S+/form/\S+", await minh.locator("#messages").inner_text())[0]
    mai = await visitors(viewport={"width": 390, "height": 800})
    await mai.goto(link)
    assert await complaints(mai) == []
    await mai.get_by_label("Ngày sinh").fill("12/05/1990")
    await mai.get_by_label("Số CCCD").fill("079190001234")
    await mai.get_by_role("checkbox").check()
    await mai.get_by_role("button", name="Gửi").click()
    await expect(mai.get_by_role("heading")).to_contain_text("Đã nhận được")
    await expect(minh.locator("#panel .facts")).to_contain_text("1990-05-12")

    # said, put right, taken back: on the visitor's page too
    await minh.locator("#say").fill("Phí là 500 nghìn")
    await minh.locator("#say").press("Enter")
    sent = minh.locator(".msg.advisor.mine").last
    await expect(sent).to_contain_text("500")
    await sent.get_by_role("button", name="Sửa tin này").click()
    form = minh.get_by_role("dialog")
    await form.get_by_label("Nội dung mới").fill("Phí là 550 nghìn")
    assert await complaints(minh) == []
    await form.get_by_role("button", name="Lưu").click()
    await expect(sent).to_contain_text("Phí là 550 nghìn")
    await sent.get_by_role("button", name="Thu hồi tin này").click()
    form = minh.get_by_role("dialog")
    await form.get_by_role("button", name="Thu hồi").click()
    await expect(sent.get_by_role("button", name="Sửa tin này")).to_have_count(0)

    # led into another chat, where he is known
    form = await act(minh, "Mời sang kênh khác")
    await form.get_by_label("Telegram").check()
    assert await complaints(minh) == []
    await form.get_by_role("button", name="Gửi").click()
    await expect(form).to_be_hidden()
    await expect(minh.locator("#messages")).to_contain_text("t.me/ibaohiem_bot?start=")
    token = re.findall(r"start=(\w+)", await minh.locator("#messages").inner_text())[0]
    await office.settled()
    await office.say("2002", kind=Kind.FOLLOW, extra={"start": token})
    await expect(minh.locator("#messages")).to_contain_text("Khách đã chuyển sang Telegram")
    await expect(minh.locator("#panel .point-link").first).to_contain_text("Telegram")

    # two records of one person: merged with a reason, and parted again
    chief = await come(office, visitors, "Vũ Thu", "supervisor", f"/desk/c/{web}")
    while await office.parts.store.run(search.index):
        pass  # what was said is found once it is indexed
    form = await act(chief, "Gộp hồ sơ")
    await form.get_by_label("Tìm hồ sơ kia").fill("Hùng")
    await form.get_by_role("radio", name=re.compile("Hùng")).check()
    assert await complaints(chief) == []
    await form.get_by_role("button", name="Gộp", exact=True).click()
    await expect(form.get_by_role("alert")).to_contain_text("Ghi lý do")
    await form.get_by_label("Vì sao").fill("khách gọi xác nhận")
    await form.get_by_role("button", name="Gộp", exact=True).click()
    await expect(form).to_be_hidden()
    await expect(chief.locator("#panel .merged")).to_contain_text("Đã gộp 2 hồ sơ")
    await chief.get_by_role("button", name="Tách hồ sơ gộp sau cùng").click()
    form = chief.get_by_role("dialog")
    await form.get_by_role("button", name="Tách hồ sơ gộp sau cùng").click()
    await expect(form).to_be_hidden()
    await expect(chief.locator("#panel .merged")).to_contain_text("Đã gộp 1 hồ sơ")  # who came by the link stays

    # the list of promised calls: mine, and everybody's
    await minh.goto("/desk/tasks")
    await expect(minh.locator("#tasks-status")).to_contain_text("Không có cuộc gọi")
    await minh.get_by_label("Xem cả của đồng nghiệp").check()
    await expect(minh.locator(".task")).to_contain_text("Lê Lan")
    assert await complaints(minh) == []
    await panel.get_by_role("button", name=re.compile("^Đã gọi")).click()
    await expect(panel.locator(".task")).to_have_count(0)

    # blocked: nothing of his is heard, and the supervisor sees whom
    form = await act(lan, "Chặn khách")
    await form.get_by_label("Quấy rối").check()
    assert await complaints(lan) == []
    await form.get_by_role("button", name="Chặn khách").click()
    await expect(form).to_be_hidden()
    await office.settled()
    await office.say("1001", "này đồ lừa đảo")
    await office.settled()
    await expect(lan.locator("#messages")).to_contain_text("Đã chặn khách")
    await expect(lan.locator("#messages")).not_to_contain_text("lừa đảo")
    await expect(lan.locator("#thread-about")).to_contain_text("Đang bị chặn")
    await expect(lan.locator("#composer-notice")).to_contain_text("Bên mình đang chặn khách này")
    await expect(panel.get_by_role("button", name="Nhắn cho khách này")).to_have_count(0)
    assert await complaints(lan) == []
    await chief.goto("/desk/blocked")
    await expect(chief.locator("#blocked-list")).to_contain_text("Quấy rối")
    assert await complaints(chief) == []
    await chief.get_by_role("button", name=re.compile("^Bỏ chặn")).click()
    await expect(chief.locator("#blocked-status")).to_contain_text("Không có khách nào")

    # first words, by a way that is open
    await panel.get_by_role("button", name="Nhắn cho khách này").click()
    form = lan.get_by_role("dialog")
    await form.get_by_label("Nội dung").fill("Dạ em Lan đây ạ")
    await form.get_by_role("button", name="Gửi").click()
    await expect(form).to_be_hidden()
    await expect(lan.locator("#messages")).to_contain_text("Dạ em Lan đây ạ")

    # on paper
    await lan.goto(f"/desk/c/{hung}/print?notes=1")
    await expect(lan.get_by_role("heading", level=1)).to_contain_text("Hội thoại với")
    await expect(lan.locator("main")).to_contain_text("Dạ em Lan đây ạ")
    assert await complaints(lan) == []
