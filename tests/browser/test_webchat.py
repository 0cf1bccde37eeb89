"""The public page and the chat as people use them, in a real Chromium against a real server."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import BrowserContext, Page, Route, expect

from gateway.webchat import live
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.waits import until
from tests.support.webchat import Site

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
GREETING = "Xin chào, tôi muốn hỏi bảo hiểm ô tô ạ"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path) as running:
        yield running


class Chat:
    """Somebody at the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.text = page.locator("#chat-text")
        self.log = page.locator("#chat-log")
        self.mine = page.locator(".turn.mine .bubble")
        self.bots = page.locator(".turn.bot .bubble")
        self.status = page.locator(".mark-line:not([hidden])").last

    async def say(self, text: str) -> None:
        await self.text.fill(text)
        await self.page.keyboard.press("Enter")

    async def thread(self) -> str:
        """The thread of this visitor, asked of the server as the page does."""
        said = await self.page.evaluate(
            "async () => (await fetch('/chat/session', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{\"keep\": \"cookie\"}'})).json()"
        )
        return str(said["thread"])


async def come(visitors: Visitors, site: Site, **options: Any) -> Chat:
    page = await visitors(**{"viewport": DESK, "base_url": site.url} | options)
    await page.goto("/")
    await page.wait_for_function("document.documentElement.dataset.ready === ''")
    return Chat(page)


async def test_a_word_in_vietnamese_is_answered(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await expect(chat.page.locator("#chat-presence-text")).to_have_text("Trợ lý tự động đang trực")
    await chat.say(GREETING)
    await expect(chat.text).to_have_value("")
    await expect(chat.mine).to_have_text([GREETING])
    await expect(chat.bots.first).to_contain_text("chatbot")
    await expect(chat.page.locator(".turn.bot .turn-head").first).to_contain_text("Trợ lý tự động")
    await expect(chat.status).to_contain_text("Đã nhận")
    await expect(chat.page.locator(".day")).to_have_text(["Hôm nay"])
    await expect(chat.text).to_be_focused()


async def test_nothing_is_kept_of_somebody_who_only_reads(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.page.wait_for_timeout(200)
    assert await chat.page.context.cookies() == []
    assert await site.query("SELECT * FROM web_session") == []
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    (cookie,) = await chat.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    kept = await chat.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert cookie["value"] not in kept
    assert GREETING not in kept


async def test_composing_is_not_sending(site: Site, visitors: Visitors) -> None:
    """Enter confirms a word of an input method; only the next one sends."""
    chat = await come(visitors, site)
    await chat.text.focus()
    keyboard = await chat.page.context.new_cdp_session(chat.page)
    await keyboard.send("Input.imeSetComposition", {"text": "tiê", "selectionStart": 3, "selectionEnd": 3})
    await keyboard.send("Input.imeSetComposition", {"text": "tiếng", "selectionStart": 5, "selectionEnd": 5})
    enter = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", enter)
    assert await chat.text.input_value() == "tiếng"
    await expect(chat.mine).to_have_count(0)
    await keyboard.send("Input.insertText", {"text": "tiếng "})
    await chat.page.keyboard.type("Việt")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("hai dòng")
    await expect(chat.mine).to_have_count(0)
    await chat.page.keyboard.press("Enter")
    await expect(chat.mine).to_have_text(["tiếng Việt\nhai dòng"], use_inner_text=True)


async def test_a_reload_keeps_the_conversation_and_the_draft(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    before = await chat.page.locator(".bubble").all_inner_texts()
    await chat.text.fill("viết dở…")
    await chat.page.reload()
    await expect(chat.page.locator(".bubble")).to_have_text(before, use_inner_text=True)
    await expect(chat.text).to_have_value("viết dở…")
    again = await chat.page.context.new_page()
    await again.goto("/")
    await expect(again.locator(".bubble")).to_have_text(before, use_inner_text=True)


async def test_words_that_are_there_before_the_script_are_kept(site: Site, visitors: Visitors) -> None:
    page = await visitors(viewport=DESK, base_url=site.url)
    typed = asyncio.Event()

    async def late(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await page.route("**/webchat/static/page.js", late)
    await page.goto("/", wait_until="commit")
    chat = Chat(page)
    await chat.text.fill(GREETING)
    typed.set()
    await expect(page.locator("#chat-send")).to_have_attribute("aria-disabled", "false")
    await page.locator("#chat-send").click()
    await expect(chat.mine).to_have_text([GREETING])


async def test_a_restart_of_the_server_is_survived(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await site.down()
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "waiting")
    await chat.say("nhắn lúc máy chủ tắt")
    await expect(chat.status).to_contain_text("Đang gửi")
    await expect(chat.page.locator("#chat-notice")).to_be_visible()
    await chat.page.wait_for_timeout(600)
    await site.up()
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "open", timeout=60_000)
    await expect(chat.mine).to_have_text([GREETING, "nhắn lúc máy chủ tắt"])
    await expect(chat.status).to_contain_text("Đã nhận")
    await expect(chat.page.locator("#chat-notice")).to_be_hidden()
    visitors.troubles[:] = [
        trouble
        for trouble in visitors.troubles
        if "WebSocket" not in trouble and "ERR_CONNECTION_REFUSED" not in trouble
    ]


async def test_without_a_network_words_wait_and_survive_a_reload(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await site.down()
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "waiting")
    for number in range(3):
        await chat.say(f"chờ {number}")
    kept = await chat.page.evaluate("Object.keys(sessionStorage)")
    assert "chat.outgoing" in kept
    await site.up()
    await chat.page.reload()
    await expect(chat.mine).to_have_text([GREETING, "chờ 0", "chờ 1", "chờ 2"])
    await expect(chat.status).to_contain_text("Đã nhận")
    rows = await site.query("SELECT COUNT(*) AS n FROM message WHERE direction = 'inbound'")
    assert rows[0].n == 4
    assert await chat.page.evaluate("sessionStorage.getItem('chat.outgoing')") is None
    visitors.troubles[:] = [
        trouble
        for trouble in visitors.troubles
        if "WebSocket" not in trouble and "ERR_CONNECTION_REFUSED" not in trouble
    ]


async def test_answers_to_choose_from_work_once(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.page.get_by_role("button", name="Mua bảo hiểm").first.click()
    await expect(chat.mine).to_have_text(["Mua bảo hiểm"])
    offered = chat.page.locator(".turn .quick").last
    await expect(offered).to_be_visible()
    choice = offered.locator("button").first
    label = await choice.inner_text()
    before = await chat.bots.count()
    await choice.click()
    await expect(chat.mine.last).to_have_text(label)
    await until(chat.bots.count)
    await expect(chat.bots).not_to_have_count(before)
    past = chat.page.locator(".quick.past button")
    for button in await past.all():
        await expect(button).to_be_disabled()


async def test_an_advisor_answers_and_is_seen_to(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say("cho tôi gặp tư vấn viên")
    await expect(chat.bots.first).to_be_visible()
    thread, hang = await chat.thread(), await site.advisor()
    await site.act(thread, "take", hang)
    await expect(chat.page.locator("#chat-presence-text")).to_have_text(f"Tư vấn viên {hang.name} đang trả lời")
    site.parts.hub.publish([(live.ADVISOR_TYPES, await site.conversation(thread))])
    await expect(chat.page.locator("#chat-typing")).to_be_visible()
    await site.act(
        thread, "reply", hang, text="Dạ em chào anh, xem https://ibaohiem.example/quy-tac nhé. Gọi 1900 6868 ạ."
    )
    said = chat.page.locator(".turn.advisor .bubble")
    await expect(said).to_contain_text("Dạ em chào anh")
    await expect(chat.page.locator(".turn.advisor .turn-head")).to_contain_text(f"Tư vấn viên {hang.name}")
    await expect(chat.page.locator("#chat-typing")).to_be_hidden()
    link = said.locator("a").first
    assert await link.get_attribute("href") == "https://ibaohiem.example/quy-tac"
    assert await link.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    assert await said.locator("a").nth(1).get_attribute("href") == "tel:19006868"


async def test_what_people_write_is_text_and_nothing_else(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    wicked = "<img src=x onerror=alert(1)> javascript:alert(1) https://ibaohiem.vn@evil.example/ {{7*7}} \u202etxt.exe"
    await chat.say(wicked)
    await expect(chat.mine).to_contain_text("<img src=x onerror=alert(1)>")
    assert await chat.mine.locator("bdi").count() == 1
    await expect(chat.bots.first).to_be_visible()  # before that his session may still be on its way
    thread, hang = await chat.thread(), await site.advisor("<b>Hằng</b>")
    await site.act(thread, "take", hang)
    await site.act(thread, "reply", hang, text=wicked)
    said = chat.page.locator(".turn.advisor .bubble")
    await expect(said).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(chat.page.locator(".turn.advisor .turn-head")).to_contain_text("<b>Hằng</b>")
    assert await chat.page.locator("#chat-thread img, #chat-thread .bubble a").count() == 0
    await site.act(
        thread, "reply", hang, text="xem (http://example.com/a(b)), https://xn--bohim-1ta.vn/x và viết cho a@b.vn"
    )
    await expect(said).to_have_count(2)
    links = await said.last.locator("a").all()
    addresses = ["http://example.com/a(b)", "https://xn--bohim-1ta.vn/x", "mailto:a@b.vn"]
    assert [await link.get_attribute("href") for link in links] == addresses


async def test_a_page_that_is_not_looked_at_counts_in_its_title(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site, viewport=PHONE)
    page = chat.page
    await page.locator("[data-act=open-chat]:visible").first.click()
    await chat.say("cho tôi gặp tư vấn viên")
    await expect(chat.bots.first).to_be_visible()
    thread, hang = await chat.thread(), await site.advisor()
    await page.locator("#chat-close").click()
    await expect(page.locator("#dock")).to_be_hidden()
    await site.act(thread, "take", hang)
    await site.act(thread, "reply", hang, text="anh ơi")
    await expect(page).to_have_title(re.compile(r"^\(\d\) "))
    await expect(page.locator("#opener-count")).to_be_visible()
    await page.locator("#opener").click()
    await expect(page).to_have_title(re.compile(r"^IBAOHIEM"))
    answer = await until(lambda: _read(site, "anh ơi"))
    assert answer


async def _read(site: Site, _text: str) -> bool:
    rows = await site.query("SELECT status FROM message WHERE author = 'advisor'")
    return bool(rows and rows[-1].status == "read")


async def test_new_words_below_do_not_move_the_reader(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say("cho tôi gặp tư vấn viên")
    await expect(chat.bots.first).to_be_visible()
    thread, hang = await chat.thread(), await site.advisor()
    await site.act(thread, "take", hang)
    for number in range(12):
        await site.act(
            thread, "reply", hang, text=f"đoạn dài số {number} " + "về quyền lợi và loại trừ của bảo hiểm " * 4
        )
    await expect(chat.page.locator(".turn.advisor .bubble")).to_have_count(12)
    await expect(chat.page.locator("#chat-jump")).to_be_hidden()
    await chat.log.evaluate("log => log.scrollTop = 0")
    await site.act(thread, "reply", hang, text="câu cuối")
    jump = chat.page.locator("#chat-jump")
    await expect(jump).to_be_visible()
    assert await chat.log.evaluate("log => log.scrollTop") == 0
    await jump.click()
    await expect(jump).to_be_hidden()
    await until(lambda: chat.log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 5"))


async def test_a_photo_is_sent_and_a_wrong_file_is_refused(site: Site, visitors: Visitors, tmp_path: Path) -> None:
    photo, wrong = tmp_path / "Đăng ký xe.jpg", tmp_path / "giả.pdf"
    Image.new("RGB", (600, 400), "teal").save(photo)
    wrong.write_bytes(b"MZ" * 500)
    chat = await come(visitors, site)
    await chat.page.locator("#chat-files").set_input_files(photo)
    picture = chat.page.locator(".turn.mine .picture img")
    await expect(picture).to_be_visible()
    await expect(chat.status).to_contain_text("Đã nhận")
    rows = await site.query("SELECT mime, created_by FROM file")
    assert rows[0].mime == "image/jpeg"
    await chat.page.reload()
    await expect(picture).to_be_visible()
    await until(lambda: picture.evaluate("image => image.complete && image.naturalWidth"))
    async with chat.page.expect_download() as downloading:
        await chat.page.locator(".turn.mine a.picture").click()
    assert (await downloading.value).suggested_filename == "Đăng ký xe.jpg"
    await chat.page.locator("#chat-files").set_input_files(wrong)
    trouble = chat.page.locator(".mark-line.failed")
    await expect(trouble).to_contain_text("ảnh JPG, PNG và tệp PDF")
    await expect(trouble.get_by_role("button")).to_have_text(["Bỏ"])
    await trouble.get_by_role("button", name="Bỏ").click()
    await expect(trouble).to_have_count(0)
    visitors.troubles[:] = [trouble for trouble in visitors.troubles if "422" not in trouble]


async def test_a_picture_is_pasted_and_a_file_dropped(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    send = """([target, kind]) => {
      const canvas = document.createElement("canvas"); canvas.width = canvas.height = 20;
      return new Promise(done => canvas.toBlob(blob => {
        const data = new DataTransfer(); data.items.add(new File([blob], "dán.png", {type: "image/png"}));
        const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
                                       : new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
        document.querySelector(target).dispatchEvent(event); done(); }, "image/png")); }"""
    await chat.page.evaluate(send, ["#chat-text", "paste"])
    await expect(chat.page.locator(".turn.mine .picture")).to_have_count(1)
    await chat.page.evaluate(send, ["#chat-log", "dragenter"])
    await expect(chat.page.locator("#chat-drop")).to_be_visible()
    await chat.page.evaluate(send, ["#chat-log", "drop"])
    await expect(chat.page.locator("#chat-drop")).to_be_hidden()
    await expect(chat.page.locator(".turn.mine .picture")).to_have_count(2)
    await until(lambda: _count(site, "SELECT COUNT(*) AS n FROM attachment", 2))


async def _count(site: Site, sql: str, wanted: int) -> bool:
    return bool((await site.query(sql))[0].n == wanted)


async def test_the_whole_way_by_keyboard(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    page = chat.page
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(chat.text).to_be_focused()
    await page.keyboard.type("tôi muốn mua bảo hiểm xe máy")
    await page.keyboard.press("Enter")
    offered = page.locator(".turn .quick").last
    await expect(offered).to_be_visible()
    for _ in range(12):  # backwards: attach, then the answers of the last question
        await page.keyboard.press("Shift+Tab")
        if await page.evaluate("document.activeElement.className") == "quick-button":
            break
    label = await page.evaluate("document.activeElement.textContent")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    await page.keyboard.press("Enter")
    await expect(chat.mine.last).to_have_text(label)
    await expect(chat.log).to_be_focused()
    await expect(chat.log).to_have_attribute("role", "log")
    await expect(chat.log).to_have_attribute("aria-live", "polite")


async def test_on_a_phone_the_chat_is_a_screen_of_its_own(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site, viewport=PHONE, has_touch=True, is_mobile=True)
    page = chat.page
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.locator("[data-act=open-chat]:visible").first.tap()

    async def fills_the_screen() -> bool:
        return await page.locator("#chat").bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}

    await until(fills_the_screen)
    await expect(page.locator("main")).to_have_attribute("inert", "")
    await chat.text.fill(
        "Công ty cổ phần thương mại dịch vụ vận tải và du lịch quốc tế " * 8 + "https://example.com/" + "a" * 120
    )
    await page.locator("#chat-send").tap()
    await expect(chat.bots.first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    small = await page.evaluate(
        """[...document.querySelectorAll("#chat button, #chat a, #chat textarea")].filter(e => e.checkVisibility())
           .filter(e => !e.closest(".bubble") && !e.disabled).map(e => [e.id || e.className, e.getBoundingClientRect()])
           .filter(([, box]) => box.height < 44 || box.width < 44).map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert small == []
    await page.go_back()
    await expect(page.locator("#dock")).to_be_hidden()
    await expect(page.locator("main")).not_to_have_attribute("inert", "")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.goto("/?lang=en#chat")
    await expect(page.locator("#chat")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#dock")).to_be_hidden()


async def test_no_policy_is_broken(site: Site, visitors: Visitors) -> None:
    """Scripts, styles, pictures, the socket: all from us, nothing inline. `visitors` fails the test for any console error."""
    heard: list[str] = []
    page = await visitors(viewport=DESK, base_url=site.url)
    page.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await page.goto("/")
    chat = Chat(page)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await page.locator("[data-act=theme]").click()
    assert heard == []
    assert {url.split("/")[2] for url in requests if not url.startswith("blob:")} == {f"127.0.0.1:{site.port}"}
    blocked = await page.evaluate(
        "(() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } })()"
    )
    assert blocked
    visitors.troubles.clear()  # the browser says so aloud


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
async def test_everybody_can_use_it(site: Site, visitors: Visitors, viewport: dict[str, int]) -> None:
    chat = await come(visitors, site, viewport=viewport, reduced_motion="reduce")
    if viewport is PHONE:
        assert await complaints(chat.page) == []
        await chat.page.locator("[data-act=open-chat]:visible").first.click()
    await chat.say("cho tôi gặp tư vấn viên")
    await expect(chat.bots.first).to_be_visible()
    thread, hang = await chat.thread(), await site.advisor()
    await site.act(thread, "take", hang)
    await site.act(thread, "reply", hang, text="Dạ em chào anh, xem https://ibaohiem.example nhé")
    await expect(chat.page.locator(".turn.advisor")).to_be_visible()
    assert await complaints(chat.page) == []


async def test_the_theme_is_the_systems_until_it_is_chosen(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = await chat.page.evaluate(ground)
    await chat.page.locator("[data-act=theme]").click()
    light = await chat.page.evaluate(ground)
    assert light != dark
    await chat.page.reload()
    assert await chat.page.evaluate(ground) == light


async def test_the_fourth_window_takes_over(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    context: BrowserContext = chat.page.context
    for _ in range(3):
        page = await context.new_page()
        await page.goto("/")
        await expect(page.locator("#chat")).to_have_attribute("data-state", "open")
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "elsewhere")
    await chat.page.get_by_role("button", name="Tiếp tục ở đây").click()
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "open")


async def test_nothing_stays_on_a_shared_computer(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await chat.page.locator("#chat-forget").click()
    await chat.page.locator("#chat-forget-dialog button[value=yes]").click()
    await expect(chat.page.locator(".bubble")).to_have_count(0)

    async def forgotten() -> bool:
        return not await chat.page.context.cookies() and not await site.query("SELECT * FROM web_session")

    await until(forgotten)
    await chat.page.reload()
    await expect(chat.page.locator(".bubble")).to_have_count(0)
    await chat.say("người khác")
    await expect(chat.mine).to_have_text(["người khác"])


async def test_a_session_that_ended_begins_anew(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await site.parts.store.run(lambda tx: tx.run("DELETE FROM web_session"))
    await chat.page.reload()
    await expect(chat.page.locator("#chat")).to_have_attribute("data-state", "idle")
    await chat.say("lại là tôi")
    await expect(chat.mine).to_have_text(["lại là tôi"])
    await expect(chat.status).to_contain_text("Đã nhận")


async def test_too_fast_goes_out_a_little_later_in_order(
    tmp_path: Path, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.webchat.socket.SAID", (4, 1.5))
    async with Site(tmp_path) as site:
        chat = await come(visitors, site)
        said = [f"câu {number}" for number in range(7)]
        for text in said:
            await chat.say(text)
        await expect(chat.page.locator("#chat-notice")).to_contain_text("nhanh")
        await expect(chat.status).to_contain_text("Đã nhận")
        await expect(chat.mine).to_have_text(said)
        rows = await site.query("SELECT COUNT(*) AS n FROM message WHERE direction = 'inbound'")
        assert rows[0].n == len(said)


async def test_in_english(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.page.get_by_role("link", name="Switch to English").click()
    await expect(chat.page.locator("html")).to_have_attribute("lang", "en")
    await expect(chat.page.locator("#chat-presence-text")).to_have_text("The automated assistant is here")
    await expect(chat.text).to_have_attribute("placeholder", "Type a message…")


async def test_the_browser_says_that_it_is_offline(site: Site, visitors: Visitors) -> None:
    chat = await come(visitors, site)
    await chat.say(GREETING)
    await expect(chat.bots.first).to_be_visible()
    await chat.page.context.set_offline(True)
    await expect(chat.page.locator("#chat-notice")).to_contain_text("Mất mạng")
    await chat.say("nhắn trong hầm")
    await expect(chat.status).to_contain_text("Đang gửi")
    await chat.page.context.set_offline(False)
    await expect(chat.status).to_contain_text("Đã nhận")
    await expect(chat.mine).to_have_text([GREETING, "nhắn trong hầm"])
    await expect(chat.page.locator("#chat-notice")).to_be_hidden()
    visitors.troubles[:] = [trouble for trouble in visitors.troubles if "ERR_INTERNET_DISCONNECTED" not in trouble]
