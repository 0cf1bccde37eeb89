"""Finding, lists, keys and the wall, as a supervisor and an advisor use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from storage import search, sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office

DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def come(office: Office, visitors: Visitors, person_id: str, path: str, **screen: object) -> Page:
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person_id))
    page: Page = await visitors(base_url=office.url, **screen)
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(path)
    return page


async def test_from_the_wall_to_a_list_and_from_words_to_a_person(office: Office, visitors: Visitors) -> None:
    boss = await office.hire("Phạm Thu", "supervisor", email="thu@x.vn")
    lan = await office.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
    hung = await office.lead("1001", "Nguyễn Văn Hùng", "0912 345 678")
    mai = await office.lead("1002", "Phạm Thị Mai", "0987 654 321")
    nam = await office.lead("1003", "Lê Hoàng Nam", "0903 111 222")
    await office.act(hung, "take", lan)
    await office.act(hung, "reply", lan, text="Dạ em chào anh")
    await office.say("1001", "Xe mình là con kangaroo <img src=x onerror=alert(1)> màu đỏ")
    await office.settled()
    await office.act(mai, "take", lan)
    await office.act(mai, "close", lan, outcome="lost", reason="Chê phí cao")
    while await office.parts.store.run(search.index):
        pass

    # the wall: each number opens its list, and it keeps itself up to date
    wall = await come(office, visitors, boss.id, "/desk/wall", **DESKTOP)
    tile = wall.locator(".tile", has_text="Đang chờ")
    await expect(tile.locator(".tile-figure")).to_have_text("1")
    assert await complaints(wall) == []
    await wall.locator(".periods a", has_text="7 ngày").focus()
    await office.lead("1004", "Vũ Thị Hạnh", "0903 111 333")
    office.parts.clock.offset_ms += 20_000  # what was counted is no longer fresh
    await wall.evaluate("dispatchEvent(new Event('focus'))")
    await expect(tile.locator(".tile-figure")).to_have_text("2")
    await expect(wall.locator("#wall-old")).to_be_hidden()
    await wall.route("**/desk/wall*", lambda route: route.fulfill(status=503))
    await wall.evaluate("dispatchEvent(new Event('focus'))")
    await expect(wall.locator("#wall-old")).to_contain_text("Không kết nối được máy chủ")
    await wall.unroute("**/desk/wall*")
    await wall.evaluate("dispatchEvent(new Event('focus'))")
    await expect(wall.locator("#wall-old")).to_be_hidden()
    visitors.troubles[:] = [trouble for trouble in visitors.troubles if "503" not in trouble]
    await expect(wall.locator(".periods a", has_text="7 ngày")).to_be_focused()
    await expect(wall.locator("#h-lost").locator("xpath=..")).to_contain_text("Chê phí cao")
    await wall.locator("a[href*='of=taken']").first.click()
    await expect(wall.locator("#view-title")).to_have_text("Phễu · Có người nhận")
    await expect(wall.locator("#rows .row")).to_have_count(2)
    await wall.locator("#view-close").click()
    await expect(wall.locator("#view-bar")).to_be_hidden()

    # a list for everybody, made by keys
    await wall.locator("body").press("f")
    form = wall.get_by_role("dialog")
    await form.get_by_label("Tên danh sách").fill("Đang chờ f?")  # letters of keys are letters here
    await form.get_by_label("Tình trạng").select_option("waiting")
    await form.get_by_label("Cho mọi người cùng thấy").check()
    assert await complaints(wall) == []
    await form.get_by_role("button", name="Lưu").click()
    await expect(wall.locator("#view-title")).to_have_text("Đang chờ f?")
    await expect(wall.locator("#rows .row")).to_have_count(2)
    assert await complaints(wall) == []

    # an advisor finds what is hers, with the words marked
    desk = await come(office, visitors, lan.id, "/desk/", **DESKTOP)
    await expect(desk.locator(".list-chip", has_text="Đang chờ f?").locator(".count")).to_have_text("2")
    await desk.locator("body").press("/")
    box = desk.locator("#search")
    await expect(box).to_be_focused()
    await desk.keyboard.type("kangaroo")
    option = desk.get_by_role("option")
    await expect(option).to_have_count(1)
    await expect(option.locator("mark")).to_have_text("kangaroo")
    await expect(option).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(option.locator("img")).to_have_count(0)
    await box.fill("nguyen hu")
    await expect(option.locator("mark").last).to_have_text("Hù")
    await box.fill("không có ai")
    await expect(desk.locator("#finds-empty")).to_contain_text("Không tìm thấy")
    await box.fill("0912.345.678")
    await expect(option.locator("mark")).to_have_text("0912 345 678")
    assert await complaints(desk) == []

    # Enter is for what is written, not for what was found before
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        asked.set()
        await answer.wait()
        await route.continue_()

    await desk.route("**/api/v1/search?*", slow)
    address = desk.url
    await box.fill("không có ai")
    await box.press("Enter")
    await asyncio.wait_for(asked.wait(), 60)
    assert desk.url == address
    answer.set()
    await expect(desk.locator("#finds-empty")).to_contain_text("Không tìm thấy")
    assert desk.url == address
    await desk.unroute("**/api/v1/search?*")
    await box.fill("0912.345.678")
    await box.press("Enter")
    await expect(desk.locator("#thread-name")).to_have_text("Nguyễn Văn Hùng")
    await box.press("ArrowDown")
    await expect(box).to_have_attribute("aria-activedescendant", "find-0")
    await box.press("Enter")
    await expect(desk.locator("#thread-name")).to_have_text("Nguyễn Văn Hùng")

    # keys: told by `?`, silent while somebody types or an input method composes, and to be switched off
    await desk.locator("#search").press("Escape")
    await desk.locator("#thread-name").focus()
    await desk.keyboard.press("l")
    await expect(desk.get_by_role("dialog", name="Nhãn")).to_be_visible()
    await desk.keyboard.press("Escape")
    await desk.locator("#say").fill("")
    await desk.locator("#say").press("l")
    await expect(desk.locator("#say")).to_have_value("l")
    await desk.locator("#say").fill("")
    await desk.locator("#thread-name").focus()
    await desk.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'l', isComposing: true, bubbles: true }))"
    )
    await expect(desk.locator("dialog[open]")).to_have_count(0)
    await desk.keyboard.press("?")
    sheet = desk.locator("#keys-dialog")
    await expect(sheet).to_contain_text("Nhận xử lý")
    assert await complaints(desk) == []
    await sheet.get_by_label("Dùng phím tắt một chữ").uncheck()
    await desk.keyboard.press("Escape")
    await desk.locator("#thread-name").focus()
    await desk.keyboard.press("l")
    await desk.keyboard.press("?")
    await expect(desk.locator("dialog[open]")).to_have_count(0)

    # on a telephone
    phone = await come(office, visitors, boss.id, "/desk/wall", **PHONE)
    await expect(phone.locator(".tile").first).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await complaints(phone) == []
    await phone.goto("/desk/")
    await phone.locator("#search").fill("nam")
    await expect(phone.get_by_role("option").first).to_have_attribute("data-id", nam)
    assert await complaints(phone) == []
    await phone.get_by_role("option").first.tap()
    await expect(phone.locator("#thread-name")).to_have_text("Lê Hoàng Nam")

    # a table leaves for a purpose
    await phone.goto("/desk/wall")
    await expect(phone.locator(".counted")).to_contain_text("không tính hội thoại thử")
    await phone.get_by_label("Tính cả hội thoại thử").check()
    await expect(phone.locator(".counted")).to_contain_text("có tính hội thoại thử")
    await phone.get_by_label("Tính cả hội thoại thử").uncheck()
    await expect(phone.locator(".counted")).to_contain_text("không tính hội thoại thử")
    await phone.locator("#export").click()
    form = phone.get_by_role("dialog")
    await form.get_by_role("button", name="Tải về").click()
    await expect(form.get_by_role("alert")).to_have_text("Chọn mục đích trước đã.")
    await form.get_by_label("Để làm gì?").select_option("care")
    assert await complaints(phone) == []
    async with phone.expect_download() as coming:
        await form.get_by_role("button", name="Tải về").click()
    data = await asyncio.to_thread(Path(await (await coming.value).path()).read_bytes)
    assert data.startswith(b'\xef\xbb\xbf"Ph')
    assert '"Đang chờ";"Tất cả";"2"' in data.decode("utf-8-sig")
