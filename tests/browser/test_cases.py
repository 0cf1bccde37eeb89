"""A case at the desk: opened, stopped by what is missing, carried to the insurer, looked at with axe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from storage import sessions
from tests.gateway.api.test_cases import agreed_to_an_application
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def test_from_the_wish_to_the_insurer(office: Office, visitors: Visitors) -> None:
    lan = await office.hire("Trần Thị Lan", email="lan@x.vn")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, lan.id))
    found = await office.lead("1001", "Nguyễn Văn Hùng", "0912 345 678")
    await office.act(found, "take", lan)
    page = await visitors(base_url=office.url, viewport={"width": 1400, "height": 900})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.route("**/api/v1/cases?*", lambda route: route.fulfill(status=500))
    await page.goto(f"/desk/c/{found}")
    section = page.get_by_role("region", name="Hồ sơ cấp đơn")
    again = section.get_by_role("button", name="Thử lại")
    await expect(again).to_be_visible()  # not "there is none": he would open a second one
    await expect(section).not_to_contain_text("Chưa có hồ sơ nào")
    await expect(section.get_by_role("button", name="Mở hồ sơ")).to_have_count(0)
    await page.unroute("**/api/v1/cases?*")
    await again.click()
    await expect(section).to_contain_text("Chưa có hồ sơ nào")
    await expect(again).to_have_count(0)
    await section.get_by_role("button", name="Mở hồ sơ").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Sản phẩm").select_option("tnds_o_to")
    await form.get_by_label("Hãng bảo hiểm").fill("Bảo Việt")
    await form.get_by_role("button", name="Mở hồ sơ").click()
    await expect(section.locator(".chip")).to_have_text("mới")
    await expect(section).to_contain_text("Còn thiếu: mục đích sử dụng, số chỗ, biển số, nơi cư trú, thời hạn (năm)")
    await section.get_by_role("button", name="Kiểm đủ thông tin").click()
    await expect(page.locator("#toasts")).to_contain_text("Khách chưa đồng ý lập hồ sơ: gửi biểu mẫu bảo mật")
    assert await complaints(page) == []

    await agreed_to_an_application(office, found)  # as his form's answer does
    await section.get_by_role("button", name="Kiểm đủ thông tin").click()
    await expect(section.locator(".chip")).to_have_text("đủ thông tin")
    await section.get_by_role("button", name="Ghi kê khai").click()
    await form.get_by_label("Tài liệu khách đã đọc").fill("Quy tắc TNDS v3; Biểu phí")
    await form.get_by_label("Bằng chứng").fill("tin nhắn 09:12")
    await form.get_by_role("button", name="Ghi kê khai").click()
    await section.get_by_role("button", name="Khách đồng ý").click()
    await form.get_by_label("Phí (đồng, theo hãng)").fill("480.700")
    await form.get_by_label("Hiệu lực từ").fill("2020-01-01")
    await form.get_by_label("Bằng chứng").fill("tin nhắn 09:20")
    await form.get_by_role("button", name="Khách đồng ý").click()
    await expect(form).to_contain_text("Ngày hiệu lực từ hôm nay trở đi.")
    await form.get_by_label("Hiệu lực từ").fill("2031-01-01")
    assert await complaints(page) == []
    await form.get_by_role("button", name="Khách đồng ý").click()
    await expect(section.locator(".chip")).to_have_text("khách đồng ý")
    await expect(section).to_contain_text("480.700 đ")
    await section.get_by_role("button", name="Đã gửi hãng").click()
    await expect(section.locator(".chip")).to_have_text("đã gửi hãng")
    visitors.troubles[:] = [trouble for trouble in visitors.troubles if "422" not in trouble and "500" not in trouble]
