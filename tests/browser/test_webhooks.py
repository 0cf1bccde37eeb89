"""Outgoing webhooks as an administrator sets them up: made, tried, read in the log, told again, changed, switched off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import expect
from standardwebhooks import Webhook

from storage import sessions
from storage.tx import Tx
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import PASSWORD, Office
from tests.support.ports import free_port


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


def _long_ago(tx: Tx) -> None:
    """Everybody's password was shown longer ago than grave acts allow."""
    for row in tx.all("SELECT DISTINCT advisor_id FROM session"):
        tx.hint("advisor", row.advisor_id)
    tx.run("UPDATE session SET proved_at = 0")


async def test_a_webhook_is_set_up_without_a_manual(office: Office, visitors: Visitors) -> None:
    got: list[tuple[str, dict[str, str]]] = []
    statuses = [500]

    async def take(request: web.Request) -> web.Response:
        got.append((await request.text(), dict(request.headers)))
        return web.Response(status=statuses.pop() if statuses else 200, text="<b>no & yes</b>")

    app, port = web.Application(), free_port()
    app.router.add_post("/in", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    chief = await office.hire("Phạm Thu", "admin", email="admin@x.vn")
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, chief.id))
    page = await visitors(base_url=office.url, viewport={"width": 390, "height": 844})
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    await page.goto("/desk/webhooks")
    await expect(page.get_by_text("Chưa có webhook nào.")).to_be_visible()
    assert await complaints(page) == []

    await page.get_by_role("button", name="Thêm webhook").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Tên", exact=True).fill("CRM")
    await form.get_by_label("Địa chỉ nhận").fill("http://10.0.0.1/in")
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_have_text("Chọn ít nhất một loại sự kiện.")
    await form.get_by_label("Khách chờ người trả lời").check()
    await form.get_by_role("button", name="Lưu").click()
    await expect(form.get_by_role("alert")).to_contain_text("Địa chỉ này không dùng được")
    assert len(visitors.troubles) == 1  # the browser's own word about the 422
    visitors.troubles.clear()
    await form.get_by_label("Địa chỉ nhận").fill(f"http://127.0.0.1:{port}/in")
    assert await complaints(page) == []
    await form.get_by_role("button", name="Lưu").click()
    told = page.get_by_role("dialog", name="Khóa ký")
    secret = await told.locator("output").inner_text()
    assert await complaints(page) == []
    await told.get_by_role("button", name="Đã chép").click()

    card = page.get_by_role("listitem", name="CRM")
    await expect(card).to_contain_text("Đang bật, chưa gửi lần nào")
    await card.get_by_role("button", name="Gửi thử").click()
    lines = card.get_by_role("region", name="Nhật ký của CRM").get_by_role("listitem")
    await expect(lines).to_contain_text("HTTP 500")
    await expect(lines).to_contain_text("gọi lại lúc")
    await lines.get_by_text("Trả lời của bên nhận").click()
    await expect(lines.locator("pre")).to_have_text("<b>no & yes</b>")
    assert await complaints(page) == []
    await lines.get_by_role("button", name="Gửi lại sự kiện").click()
    await expect(lines).to_contain_text("HTTP 200")
    await expect(card).to_contain_text("Đang bật, nhận được lúc")
    assert [Webhook(secret).verify(*one)["type"] for one in got] == ["webhook.test"] * 2
    assert got[0][1]["webhook-id"] == got[1][1]["webhook-id"]

    await office.parts.store.run(_long_ago)
    await card.get_by_role("button", name="Đổi khóa").click()
    await page.get_by_role("dialog").get_by_role("button", name="Đổi khóa").click()
    proof = page.get_by_role("dialog", name="Xác nhận đúng là bạn")
    await proof.get_by_label("Mật khẩu").fill(PASSWORD)
    assert len(visitors.troubles) == 1  # the browser's own word about the 403
    visitors.troubles.clear()
    await proof.get_by_role("button", name="Xác nhận").click()
    await told.get_by_role("button", name="Đã chép").click()
    await expect(card).to_contain_text("Đang ký bằng cả khóa cũ và khóa mới")
    await card.get_by_role("button", name="Tắt").click()
    await expect(card).to_contain_text("Đang tắt")
    await page.set_viewport_size({"width": 1280, "height": 860})
    assert await complaints(page) == []
    await card.get_by_role("button", name="Xóa").click()
    await page.get_by_role("dialog").get_by_role("button", name="Xóa").click()
    await expect(page.get_by_text("Chưa có webhook nào.")).to_be_visible()
    await runner.cleanup()
