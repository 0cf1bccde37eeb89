"""Being told, in a real browser: a page in sight, a service worker when none is, one's own settings, the alarm, and the
supervisor who looks up who was told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import Page, expect

from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import CONFIG, Office

SHOWN = "() => self.registration.getNotifications().then((all) => all.map((one) => [one.title, one.body, one.tag]))"
CLICK = """() => self.registration.getNotifications().then(([one]) =>
  self.dispatchEvent(Object.assign(new ExtendableEvent("notificationclick"), { notification: one })))"""
# a headless shell has no place on a screen for notifications and refuses them: what a system would show is kept here
GRANTED = "Object.defineProperty(Notification, 'permission', { get: () => 'granted' })"
SCREEN = """() => {
  const kept = new Map();
  self.registration.getNotifications = async ({ tag } = {}) => [...kept.values()].filter((one) => !tag || one.tag === tag);
  self.registration.showNotification = async (title, options) => {
    kept.set(options.tag, { title, ...options, close: () => kept.delete(options.tag) });
  };
}"""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path, config=CONFIG + "notices: {{patience_s: 3}}\n") as running:
        yield running


async def come(office: Office, visitors: Visitors, name: str, role: str, path: str) -> Page:
    person = await office.hire(name, role, email=f"{role}@x.vn")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    page = await visitors(base_url=office.url, viewport={"width": 1280, "height": 860})
    await page.add_init_script(GRANTED)
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto(path)
    return page


async def codes(office: Office) -> list[tuple[str, str]]:
    rows = await office.parts.store.read(
        lambda tx: tx.all("SELECT state, code FROM telling WHERE way = 'desk' ORDER BY created_at")
    )
    return [(one.state, one.code) for one in rows]


async def test_told_in_sight_behind_a_worker_and_never_not_at_all(office: Office, visitors: Visitors) -> None:
    # ---- nobody who may take anything is there: whoever looks sees the alarm
    watcher = await come(office, visitors, "Đỗ Minh", "dpo", "/desk/")
    first = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
    await expect(watcher.locator("#alarm")).to_contain_text("không báo được cho ai")
    await expect(watcher.locator("#alarm a")).to_have_attribute("href", f"/desk/c/{first}")
    assert await complaints(watcher) == []
    await watcher.locator("#alarm a").click()
    await expect(watcher).to_have_url(re.compile(rf"/desk/c/{first}"))

    # ---- somebody comes, his page tells him, and the alarm is over
    page = await come(office, visitors, "Trần Thị Lan", "advisor", f"/desk/c/{first}")
    await expect(watcher.locator("#alarm")).to_have_count(0)
    assert ("told", "visible") in await codes(office)

    # ---- what he wants to hear of
    menu = page.locator("#menu-button")
    await menu.click()
    await page.locator("#notices").click()
    await expect(page.locator("#notices")).to_have_attribute("aria-checked", "true")
    await page.goto("/desk/notices")
    await expect(page.locator("#notices-form")).to_have_attribute("aria-busy", "false")
    assert await complaints(page) == []
    await expect(page.locator("#no-letters")).to_be_visible()
    await page.get_by_label("Khách của tôi nhắn tin").select_option("silent")
    await page.get_by_label("Thông báo trên máy hiện").select_option("channel")
    await page.locator("#quiet-from").fill("21:30")
    await page.locator("#quiet-to").fill("06:45")
    await page.get_by_role("button", name="Lưu").click()
    await expect(page.locator("#toasts")).to_contain_text("Đã lưu cài đặt thông báo.")
    await page.reload()
    await expect(page.locator("#quiet-from")).to_have_value("21:30")
    await expect(page.get_by_label("Khách của tôi nhắn tin")).to_have_value("silent")

    # ---- no inbox in sight: the service worker shows what is pushed, once a conversation, and a click leads there
    worker = next(one for one in page.context.service_workers if one.url.endswith("/desk/worker.js"))
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await worker.evaluate(SCREEN)
    notice = {
        "notice": "n1",
        "tag": first,
        "title": "Telegram: khách mới đang chờ",
        "body": "Bấm để mở.",
        "conversation": first,
        "silent": False,
    }
    for _ in range(2):
        await push(page, office, notice)
    async with asyncio.timeout(60):
        while not await worker.evaluate(SHOWN):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.05)
    assert await worker.evaluate(SHOWN) == [["Telegram: khách mới đang chờ", "Bấm để mở.", first]]
    inbox = await page.context.new_page()
    await inbox.goto("/desk/")
    await expect(inbox.locator("#desk[data-ready]")).to_be_visible()
    await worker.evaluate(CLICK)
    await inbox.wait_for_url(f"**/desk/c/{first}")
    assert await worker.evaluate(SHOWN) == []
    await push(page, office, notice)  # an inbox is in sight: that one tells
    await inbox.evaluate("() => new Promise((done) => setTimeout(done, 200))")
    assert await worker.evaluate(SHOWN) == []

    # ---- the page's policy lets one address through, and no other
    refused = await page.evaluate(
        "() => { try { return trustedTypes.createPolicy('other', {}) && 'made'; } catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    assert ["trusted-types gateway" in one for one in visitors.troubles] == [True]
    visitors.troubles.clear()

    # ---- the supervisor sees who was told, when and how
    chief = await come(office, visitors, "Phạm Thu", "supervisor", f"/desk/c/{first}")
    told = chief.locator(".told")
    await expect(told).to_contain_text("Trần Thị Lan: tại bàn tư vấn")
    await expect(told).to_contain_text("chưa báo được cho ai")
    assert await complaints(chief) == []


async def push(page: Page, office: Office, notice: dict[str, Any]) -> None:
    """What a push service would bring, by the browser's own tools."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("ServiceWorker.enable")
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def registrations(event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"] == f"{office.url}/desk/" and not found.done():
                found.set_result(one["registrationId"])

    tools.on("ServiceWorker.workerRegistrationUpdated", registrations)
    await tools.send("ServiceWorker.disable")
    await tools.send("ServiceWorker.enable")
    async with asyncio.timeout(60):
        registration = await found
    await tools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": office.url, "registrationId": registration, "data": orjson.dumps(notice).decode()},
    )
    await tools.detach()
