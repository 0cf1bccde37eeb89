"""Who gets which work, set by a supervisor at the desk and felt by an advisor."""

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


async def come(office: Office, visitors: Visitors, name: str, role: str, path: str, *, width: int = 1280) -> Page:
    person = await office.hire(name, role, email=f"{role}@x.vn")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    page = await visitors(base_url=office.url, viewport={"width": width, "height": 860})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(path)
    return page


async def test_a_supervisor_sets_teams_certificates_shifts_and_days_off(office: Office, visitors: Visitors) -> None:
    await office.hire("Trần Thị Lan")
    chief = await come(office, visitors, "Phạm Thu", "supervisor", "/desk/teams")

    await expect(chief.locator("#teams li")).to_have_count(4)
    await chief.get_by_role("button", name="Sửa nhóm Tư vấn").click()
    form = chief.get_by_role("dialog")
    await form.get_by_label("Trần Thị Lan").check()
    await form.get_by_label("Liên hệ lần đầu trong (phút làm việc)").fill("10")
    assert await complaints(chief) == []
    await form.get_by_role("button", name="Lưu").click()
    await expect(form).to_be_hidden()
    await expect(chief.locator("#teams")).to_contain_text("Trần Thị Lan · trả lời đầu 10 phút")

    await chief.get_by_role("button", name="Chứng chỉ của Trần Thị Lan").click()
    await form.get_by_label("Số chứng chỉ").fill("DL-2026-0042")
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_contain_text("Cần đủ số chứng chỉ")
    await form.get_by_label("Hãng bảo hiểm").fill("PVI")
    await form.get_by_label("Hiệu lực từ").fill("2020-01-01")
    await form.get_by_label("Đến hết ngày").fill("2020-12-31")
    assert await complaints(chief) == []
    await form.get_by_role("button", name="Lưu").click()
    await expect(chief.locator("#expiring")).to_contain_text("PVI DL-2026-0042, đã hết hạn 31/12/2020")
    await expect(chief.locator("#people")).to_contain_text("Không có chứng chỉ còn hạn")
    assert await complaints(chief) == []

    await chief.goto("/desk/hours")
    await chief.get_by_role("button", name="Sửa ca của Trần Thị Lan").click()
    await form.get_by_label("Thứ 2").fill("8h-12h, 13h30-17h30")
    await form.get_by_role("button", name="Chép thứ 2").click()
    await form.get_by_label("Thứ 7").fill("sáng")
    await form.get_by_role("button", name="Lưu ca").click()
    await expect(form.get_by_role("alert")).to_contain_text("Thứ 7: viết như")
    await form.get_by_label("Thứ 7").fill("08:00-12:00")
    assert await complaints(chief) == []
    await form.get_by_role("button", name="Lưu ca").click()
    await expect(chief.locator("#shifts")).to_contain_text("Thứ 2–Thứ 6: 08:00–12:00, 13:30–17:30 · Thứ 7: 08:00–12:00")
    await chief.get_by_role("button", name="Thêm ngày nghỉ").click()
    await form.get_by_label("Từ ngày").fill("2027-02-05")
    await form.get_by_label("Đến hết ngày").fill("2027-02-06")
    await form.get_by_label("Tên (Tết").fill("Tết Đinh Mùi")
    await form.get_by_role("button", name="Thử với hôm qua").click()
    await expect(form.locator(".preview")).to_contain_text("không có khách nào cần người")
    await form.get_by_role("button", name="Thêm", exact=True).click()
    await expect(chief.locator("#holidays")).to_contain_text("Thứ 7 06/02/2027")
    assert "2027-02-05" in office.parts.engine.business.holidays
    assert await complaints(chief) == []


async def test_how_work_is_given_out_is_tried_and_saved_a_team_gets_it_and_an_advisor_is_away(
    office: Office, visitors: Visitors
) -> None:
    conversation = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
    lan = await come(office, visitors, "Trần Thị Lan", "advisor", "/desk/teams", width=390)
    chief = await come(office, visitors, "Phạm Thu", "supervisor", "/desk/teams")
    form = chief.get_by_role("dialog")
    await office.parts.store.run(lambda tx: tx.run("UPDATE handoff SET opened_at = opened_at - 86400000"))
    await chief.goto("/desk/routing")
    await expect(chief.get_by_label("Tự nhận")).to_be_checked()
    await chief.get_by_label("Giao ngay").check()
    await chief.get_by_role("button", name="Thử với hôm qua").click()
    await expect(chief.locator("#preview table")).to_contain_text("Khách cần người")
    assert await complaints(chief) == []
    await chief.get_by_label("Số khách cùng lúc mỗi người").fill("-1")
    await chief.get_by_role("button", name="Lưu").click()
    await expect(chief.locator("#rules-problem")).to_contain_text("từ 0 đến 1000")
    await chief.get_by_label("Số khách cùng lúc mỗi người").fill("8")
    await chief.get_by_role("button", name="Lưu").click()
    await expect(chief.locator("#toasts")).to_contain_text("có hiệu lực ngay")
    rules = office.parts.engine.business.rules
    assert (rules.mode, rules.capacity) == ("assign", 8)

    await chief.goto(f"/desk/c/{conversation}")
    await expect(chief.locator("#thread-about")).not_to_be_empty()
    deed = chief.locator('#acts [data-deed="transfer"]:visible')
    if not await deed.count():
        await chief.locator("#acts-more").click()
        deed = chief.locator('#acts-menu [data-deed="transfer"]')
    await deed.click()
    await form.get_by_label("Nhóm Bồi thường").check()
    assert await complaints(chief) == []
    await form.get_by_role("button", name="Chuyển", exact=True).click()
    await expect(chief.locator("#toasts")).to_contain_text("Nhóm Bồi thường")

    await expect(lan.get_by_role("button", name="Thêm nhóm")).to_have_count(0)
    here = lan.get_by_role("switch", name="Nhận khách mới")
    await expect(here).to_be_checked()
    await here.click()
    await expect(lan.get_by_text("Bạn đang vắng")).to_be_visible()
    assert await complaints(lan) == []
    assert (await lan.context.request.get("/desk/routing")).status == 404
