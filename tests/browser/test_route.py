"""One line above the box says where an answer goes and how long it may; a closed window is a wall with the ways around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from channels.contract import NeedsReauth
from channels.registry import adapter
from channels.windows import Window
from gateway import pump
from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office

HOUR_MS = 3_600_000


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        telegram = running.parts.adapters["telegram"]
        limited = replace(adapter("telegram").capabilities, windows=(Window(hours=24, source="a platform with a day"),))
        running.parts.adapters = {**running.parts.adapters, "telegram": replace(telegram, capabilities=limited)}
        yield running


async def test_the_line_and_the_wall(office: Office, visitors: Visitors) -> None:
    lan = await office.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
    conversation = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, lan.id))
    page = await visitors(base_url=office.url, viewport={"width": 390, "height": 844})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(f"/desk/c/{conversation}")
    line = page.locator("#route")
    await expect(line).to_contain_text("Gửi qua Telegram · main · còn 23 giờ")
    assert await complaints(page) == []
    await page.get_by_text("Ghi chú nội bộ").first.click()
    await expect(line).to_be_hidden()  # a note goes nowhere
    await page.get_by_text("Trả lời khách").first.click()
    await expect(line).to_be_visible()

    # ---- the account's key dies: the answer waits, and everything says so
    office.platforms["telegram"].faults = [NeedsReauth("Unauthorized")]
    await page.locator("#say").fill("Dạ em chào anh ạ")
    await page.locator("#say").press("Enter")
    said = page.locator(".msg", has_text="Dạ em chào anh ạ")
    await expect(said.locator(".fate")).to_have_text("Chờ gửi: kênh từ chối kết nối")
    await expect(line).to_contain_text("Gửi qua Telegram · main · tin sẽ chờ: kênh từ chối kết nối")
    banner = page.locator("#held-accounts")
    await expect(banner).to_contain_text("Telegram · main không gửi được: kênh từ chối kết nối từ")
    await expect(banner.locator("a")).to_have_count(0)  # the page of the channels is not for her
    assert await complaints(page) == []
    gate = office.parts.store.gates.of("telegram:main")
    assert gate is not None
    office.parts.store.gates.mend("telegram:main")
    await pump.show(office.parts, "telegram:main", gate)
    await pump.claim_due(office.parts)
    await expect(said.locator(".fate")).to_have_text("Đã gửi")
    await expect(line).not_to_contain_text("tin sẽ chờ")
    await expect(banner).to_have_count(0)

    await office.parts.store.run(
        lambda tx: tx.run("UPDATE contact_point SET last_inbound_at = :at", at=tx.now_ms - 25 * HOUR_MS)
    )
    await page.reload()
    await expect(page.locator("#composer-notice")).to_contain_text("Chưa được phép nhắn cho khách lúc này.")
    await expect(page.locator("#composer-notice")).to_contain_text("khoảng đó đã hết")
    await expect(page.locator("#say")).to_be_hidden()
    await expect(line).to_be_hidden()
