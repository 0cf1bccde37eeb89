"""The working view and the composer as an advisor uses them, at a desk and on a phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Request, expect

from channels.contract import DeliveryUnknown, Kind, Permanent
from gateway.later import send_due
from handlers.model import Advisor
from storage import sessions
from storage.tx import Tx
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office

FIRST_VIEW: int = 150_000  # bytes over the wire, headers included
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def come(office: Office, visitors: Visitors, person: Advisor, **options: Any) -> Page:
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    page = await visitors(base_url=office.url, **options)
    await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
    return page


async def test_a_working_day_at_the_desk(office: Office, visitors: Visitors) -> None:
    lan = await office.hire("Trần Thị Lan")
    minh = await office.hire("Lê Minh", "supervisor")

    def of_a_team(tx: Tx) -> str:
        team = str(tx.value("SELECT id FROM team ORDER BY id LIMIT 1"))
        tx.insert("team_member", team_id=team, advisor_id=lan.id)
        return team

    team = await office.parts.store.run(of_a_team)
    first = await office.lead("1001")
    other = await office.lead("1002", "Trần Thị Hoa", "0912 345 679")
    put_off = await office.lead("1003", "Lê Văn Tú", "0912 345 680")
    for conversation in (first, put_off):
        await office.act(conversation, "take", lan)
    await office.act(put_off, "snooze", lan, until=(office.parts.now() + timedelta(hours=3)).isoformat())
    await office.parts.store.run(
        lambda tx: tx.run("UPDATE conversation SET team = :team WHERE id = :id", id=other, team=team)
    )
    await office.say("1001", "Phí bao nhiêu em?", external_id="m1")
    await office.settled()

    page = await come(office, visitors, lan, viewport={"width": 1440, "height": 900})
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))  # noqa: PLW0108 -- it marks its listeners
    await page.goto("/desk/")
    await expect(page.locator("#rows .row").first).to_be_visible()
    await expect(page.locator("#count-all")).to_have_text("3")
    sizes = [await request.sizes() for request in asked if not request.url.endswith("/desk/events")]
    spent = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert spent < FIRST_VIEW, sorted(
        ((size["responseBodySize"], request.url) for size, request in zip(sizes, asked, strict=False)), reverse=True
    )[:12]
    assert {urlsplit(request.url).netloc for request in asked} == {urlsplit(office.url).netloc}

    for tab, count in (("mine", "1"), ("waiting", "1"), ("team", "1"), ("snoozed", "1"), ("closed", "0")):
        await expect(page.locator(f"#count-{tab}")).to_have_text(count)
    await expect(page.locator("#oldest-mine")).to_have_text(re.compile("vừa tới|chờ"))
    await page.locator("#tab-team").click()
    await expect(page.locator("#rows .row")).to_have_count(1)
    await expect(page.locator("#rows .row")).to_contain_text("Trần Thị Hoa")
    await page.locator("#tab-snoozed").click()
    await expect(page.locator("#rows .row")).to_contain_text("Lê Văn Tú")
    await page.locator("#tab-mine").click()
    row = page.locator(f'#rows [data-id="{first}"]')
    await expect(row.locator(".row-time")).to_have_class(re.compile("good"))  # he waits for a word
    assert await complaints(page) == []

    # the right column comes with the first conversation
    await row.click()
    await expect(page.locator("#panel")).to_contain_text("0912 345 678")
    await expect(page.locator("#policies")).to_be_visible()
    await expect(page.locator(".toast")).to_have_count(0)

    # a quote, both ways; reactions, edits and what was taken back
    box, messages = page.locator("#say"), page.locator("#messages")
    question = messages.locator(".msg", has_text="Phí bao nhiêu em?")
    await question.hover()
    await question.get_by_role("button", name="Trả lời tin này").click()
    await expect(page.locator("#quoting")).to_contain_text("Phí bao nhiêu em?")
    await box.fill("Dạ 480.700đ ạ")
    await page.reload()
    await expect(page.locator("#quoting")).to_contain_text("Phí bao nhiêu em?")
    await expect(box).to_have_value("Dạ 480.700đ ạ")
    await box.press("Enter")
    await expect(page.locator("#quoting")).to_be_hidden()
    answer = messages.locator(".msg.mine", has_text="480.700đ")
    await expect(answer.locator(".quote")).to_contain_text("Phí bao nhiêu em?")
    await expect(answer).to_contain_text("Đã gửi")  # the bubble stands before the server has it
    await office.settled()
    sent = office.platforms["telegram"].sent[-1]
    assert sent.text == "Dạ 480.700đ ạ"
    await office.say("1001", "Xe 5 chỗ", external_id="m2", ref="m1")
    await office.say("1001", kind=Kind.REACTION, external_id="", ref="m1", extra={"reaction": "❤"})
    await office.say("1001", "Xe 7 chỗ", kind=Kind.EDIT, external_id="m2", ref="m2")
    await office.say("1001", "Nhầm phòng", external_id="m3")
    await office.say("1001", kind=Kind.RETRACT, external_id="m3", ref="m3")
    edited = messages.locator(".msg", has_text="Xe 7 chỗ")
    await expect(edited.locator(".quote")).to_contain_text("Phí bao nhiêu em?")
    await edited.get_by_text("Trước khi sửa").click()
    await expect(edited.locator(".before")).to_contain_text("Xe 5 chỗ")
    await expect(question.locator(".signs")).to_contain_text("❤")
    await expect(messages).to_contain_text("Khách đã thu hồi tin này")
    await expect(messages).not_to_contain_text("Nhầm phòng")

    # what did not arrive goes again; what may have arrived only when one knows
    faults = office.platforms["telegram"].faults
    faults.append(Permanent("no", reason="refused"))
    await box.fill("Em gửi báo giá")
    await box.press("Enter")
    failed = messages.locator(".msg.mine", has_text="Em gửi báo giá")
    await failed.get_by_role("button", name="Gửi lại").click()
    await expect(failed.locator(".fate")).to_contain_text("Đã gửi")
    faults.append(DeliveryUnknown("lost"))
    await box.fill("Em gửi thêm ảnh")
    await box.press("Enter")
    unknown = messages.locator(".msg.mine", has_text="Em gửi thêm ảnh")
    await unknown.get_by_role("button", name="Gửi lại").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("khách có thể nhận hai lần")
    assert await complaints(page) == []
    await dialog.get_by_role("button", name="Tôi hiểu, gửi lại").click()
    await expect(unknown.locator(".fate")).to_contain_text("Đã gửi")

    # a colleague looks and writes
    colleague = await come(office, visitors, minh, viewport={"width": 1280, "height": 800})
    await colleague.goto(f"/desk/c/{first}")
    await expect(page.locator("#presence")).to_have_text("Lê Minh cũng đang xem")
    await colleague.locator("#say").fill("Anh ơi")
    await expect(page.locator("#presence")).to_have_text("Lê Minh đang viết trả lời…")
    await colleague.close()
    await expect(page.locator("#presence")).to_be_hidden()

    # later: it goes at its time, and what may not go any more says why
    await box.fill("Em nhắc lịch nhé")
    await page.get_by_role("button", name="Hẹn giờ gửi").click()
    await dialog.get_by_role("button", name="1 giờ nữa").click()
    assert await complaints(page) == []
    await dialog.get_by_role("button", name="Hẹn gửi").click()
    waiting = page.locator(".later-one")
    await expect(waiting).to_contain_text("Sẽ gửi lúc")
    await expect(box).to_have_value("")
    await waiting.get_by_role("button", name="Sửa").click()
    await dialog.get_by_label("Nội dung").fill("Em nhắc lịch giám định nhé")
    await dialog.get_by_role("button", name="Lưu").click()
    await expect(waiting).to_contain_text("Em nhắc lịch giám định nhé")
    await office.parts.store.run(lambda tx: tx.run("UPDATE contact_point SET reachable = :no", no=False))
    await office.parts.store.run(lambda tx: tx.run("UPDATE later_message SET due_at = :now", now=tx.now_ms))
    await send_due(office.parts)
    await expect(waiting).to_contain_text("Chưa gửi")
    await expect(waiting).to_contain_text("Kênh không cho nhắn")
    await expect(row).to_contain_text("Tin hẹn chưa gửi được")
    assert await complaints(page) == []
    await waiting.get_by_role("button", name="Bỏ").click()
    await expect(waiting).to_have_count(0)
    await expect(row).not_to_contain_text("Tin hẹn chưa gửi được")


async def test_a_working_day_on_a_phone(office: Office, visitors: Visitors) -> None:
    lan = await office.hire("Trần Thị Lan")
    first, second = await office.lead("1001"), await office.lead("1002", "Trần Thị Hoa", "0912 345 679")
    for conversation in (first, second):
        await office.act(conversation, "take", lan)
    await office.settled()
    page = await come(office, visitors, lan, reduced_motion="reduce", **PHONE)
    await page.goto("/desk/")
    await page.locator("#tab-mine").tap()
    await expect(page.locator("#rows .row")).to_have_count(2)
    assert await complaints(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator(f'#rows [data-id="{first}"]').tap()
    box = page.locator("#say")
    await expect(box).to_be_visible()

    # the camera, and its picture among what goes
    assert await page.locator("#camera").get_attribute("capture") == "environment"
    await expect(page.get_by_role("button", name="Chụp ảnh")).to_be_visible()

    # a note begun here is no note elsewhere, and waits where it was begun
    await page.get_by_text("Ghi chú nội bộ").tap()
    await box.fill("Khách khó tính")
    assert await complaints(page) == []
    await page.locator("#back").tap()
    await page.locator(f'#rows [data-id="{second}"]').tap()
    await expect(box).to_have_value("")
    await expect(box).to_have_attribute("placeholder", "Viết cho khách…")
    await page.locator("#back").tap()
    await page.locator(f'#rows [data-id="{first}"]').tap()
    await expect(box).to_have_attribute("placeholder", "Viết cho khách…")
    await expect(page.locator("label.begun")).to_be_visible()
    await page.get_by_text("Ghi chú nội bộ").tap()
    await expect(box).to_have_value("Khách khó tính")
    await page.locator("#send").tap()
    await expect(page.locator(".msg.note", has_text="Khách khó tính")).to_be_visible()
    await expect(box).to_have_attribute("placeholder", re.compile("khách không thấy"))
    await page.get_by_text("Trả lời khách").tap()

    # the line goes and comes: what was said meanwhile is there, in order, once
    await page.context.set_offline(True)
    await asyncio.gather(*(office.say("1001", f"tin {number}") for number in range(5)))
    await office.settled()
    await expect(page.locator("#connection")).to_be_visible()
    assert await complaints(page) == []
    await page.context.set_offline(False)
    visitors.troubles[:] = [each for each in visitors.troubles if "ERR_INTERNET_DISCONNECTED" not in each]
    said = page.locator("#messages .msg.customer", has_text=re.compile(r"tin \d"))
    await expect(said).to_have_count(5)
    await expect(page.locator("#connection")).to_be_hidden()
    numbers = [
        int(one)
        for one in await page.locator("#messages .msg").evaluate_all("all => all.map((one) => one.dataset.seq)")
        if one
    ]
    assert numbers == sorted(set(numbers))

    # 200 % zoom: half the window, everything still there
    await page.set_viewport_size({"width": 320, "height": 422})
    await expect(page.locator("#send")).to_be_in_viewport()
    await expect(page.locator("#route")).to_be_in_viewport()  # by which channel it goes, in one line
    assert await page.evaluate("document.getElementById('route').getClientRects()[0].height < 24")
    await expect(page.locator("#thread-name")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await complaints(page) == []
