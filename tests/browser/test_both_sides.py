"""A customer and an advisor at once, in real browsers: the intake without diacritics, the take, answers both ways,
after a reload, and after the gateway was killed and restarted in between."""

from __future__ import annotations

import asyncio
import re
import statistics
from pathlib import Path

from playwright.async_api import Page, expect

from tests.support.browser import Visitors
from tests.support.gatewayd import Gatewayd, Zygote, installed

PASSWORD = "mot cau de nho lam"
WITHIN_MS = 1000
TIMES = 5  # of which the median counts: one hiccup of a busy machine is not ours
SAY, MESSAGES = ("#say", "#send"), "#messages"
TEXT, LOG = ("#chat-text", "#chat-send"), "#chat-log"
CLICKED = """button => new Promise(tell => document.querySelector(button).addEventListener(
    "click", () => tell(Date.now()), { once: true, capture: true }))"""
SEEN = """([log, words]) => new Promise(tell => {
    const root = document.querySelector(log);
    const look = () => { if (root.innerText.includes(words)) { watch.disconnect(); tell(Date.now()); } };
    const watch = new MutationObserver(look);
    watch.observe(root, { childList: true, subtree: true, characterData: true });
})"""


async def hire(gateway: Gatewayd, email: str, name: str) -> None:
    command = ["user", "add", "--email", email, "--name", name, "--role", "advisor", "--password-stdin"]
    await asyncio.to_thread(gateway.command, *command, input=PASSWORD + "\n")


async def sign_in(page: Page, email: str) -> None:
    await page.goto("/desk/login")
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#login-go").click()
    await page.wait_for_url(re.compile("/desk/"))


async def say(page: Page, text: str) -> None:
    await page.locator("#chat-text").fill(text)
    await page.keyboard.press("Enter")


async def open_chat(page: Page) -> None:
    """On a phone the chat is a screen of its own."""
    await page.wait_for_function("document.documentElement.dataset.ready === ''")
    if not await page.locator("#chat-text").is_visible():
        await page.locator("[data-act=open-chat]:visible").first.click()


async def answered(page: Page, number: int) -> None:
    """The bot's `number`-th bubble is there."""
    await expect(page.locator(".turn.bot .bubble")).to_have_count(number, timeout=60_000)


async def test_a_customer_and_an_advisor(zygote: Zygote, tmp_path: Path, visitors: Visitors) -> None:
    with installed(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as gateway:
        await hire(gateway, "hang@ibaohiem.example", "Nguyễn Thị Thu Hằng")
        gateway.token = await asyncio.to_thread(gateway.command, "token", "add", "--name", "test", "--role", "admin")
        await gateway.start()
        customer = await visitors(base_url=gateway.url, viewport={"width": 390, "height": 800})
        await customer.goto("/")
        await open_chat(customer)
        for number, line in enumerate(
            (
                "chao shop minh muon mua bao hiem xe may",
                "dong y",
                "tran thi mai",
                "0912 345 678",
                "chieu mai",
                "dung roi",
            ),
            1,
        ):
            await say(customer, line)
            await answered(customer, number)
        await expect(customer.locator(".turn.bot .bubble").last).to_contain_text(re.compile("IB-[0-9A-Z]{6}"))

        (lead,) = (await gateway.api("GET", "/conversations?status=waiting"))["items"]
        assert lead["slots"]["name"] == "Tran Thi Mai"
        assert lead["slots"]["phone"] == "+84912345678"
        assert lead["slots"]["product"] == "tnds_xe_may"

        advisor = await visitors(base_url=gateway.url, viewport={"width": 1280, "height": 800})
        await sign_in(advisor, "hang@ibaohiem.example")
        await advisor.locator("#rows").get_by_text("Tran Thi Mai").first.click()
        await expect(advisor.locator("#panel-body")).to_contain_text("0912 345 678")
        await advisor.locator("[data-deed=take]").click()
        await expect(customer.locator("#chat-log")).to_contain_text("Nguyễn Thị Thu Hằng", timeout=60_000)

        await _both_ways(customer, advisor, "Chào chị Mai, em là Hằng ạ", "vang chao em")
        await _soon(customer, advisor, "lần đầu")
        await customer.reload()
        await advisor.reload()
        await open_chat(customer)
        await expect(customer.locator("#chat-log")).to_contain_text("Chào chị Mai, em là Hằng ạ", timeout=60_000)
        await expect(advisor.locator("#messages")).to_contain_text("vang chao em", timeout=60_000)
        await _both_ways(customer, advisor, "Phí xe máy 66.000 đồng một năm ạ", "ok em")
        await _soon(customer, advisor, "trang mở lại")

        visitors.troubles.clear()
        await gateway.kill()
        await say(customer, "em con do khong")
        await gateway.start()
        await expect(advisor.locator("#messages")).to_contain_text("em con do khong", timeout=60_000)
        await _both_ways(customer, advisor, "Dạ em đây ạ", "tot qua", patience=60_000)
        await _soon(customer, advisor, "máy chủ chạy lại")
        visitors.troubles.clear()  # a killed gateway is a network error in both consoles

        said = (await gateway.api("GET", f"/conversations/{lead['id']}/messages"))["items"]
        texts = [message["text"] for message in said]
        assert len(texts) == len(set(texts)), texts
        assert texts.index("em con do khong") < texts.index("Dạ em đây ạ") < texts.index("tot qua")
        bot = [message["seq"] for message in said if message["author"] == "bot"]
        taken = next(message["seq"] for message in said if "Thu Hằng" in message["text"])
        assert all(seq <= taken for seq in bot), "the bot spoke while an advisor had the conversation"
        await visitors.leave()
        assert await gateway.stop() == 0


async def _both_ways(customer: Page, advisor: Page, answer: str, back: str, *, patience: int = 60_000) -> None:
    await advisor.locator("#say").fill(answer)
    await advisor.keyboard.press("Enter")
    await expect(customer.locator("#chat-log")).to_contain_text(answer, timeout=patience)
    await say(customer, back)
    await expect(advisor.locator("#messages")).to_contain_text(back, timeout=patience)


async def _soon(customer: Page, advisor: Page, when: str) -> None:
    """From the click on one screen to the words on the other, by the clock of the machine that both pages run on."""
    there, back = [], []
    for number in range(TIMES):
        there.append(await _took(advisor, SAY, customer, LOG, f"Dạ em trả lời câu {number} ạ ({when})"))
        back.append(await _took(customer, TEXT, advisor, MESSAGES, f"cau hoi so {number} ({when})"))
    print(
        f"{when}: an advisor's words are at the customer after {there} ms, a customer's at the advisor after {back} ms"
    )
    assert statistics.median(there) <= WITHIN_MS
    assert statistics.median(back) <= WITHIN_MS


async def _took(here: Page, field: tuple[str, str], there: Page, log: str, words: str) -> int:
    box, button = field
    await here.locator(box).fill(words)
    clicked = asyncio.create_task(here.evaluate(CLICKED, button))
    seen = asyncio.create_task(there.evaluate(SEEN, [log, words]))
    await asyncio.gather(here.evaluate("0"), there.evaluate("0"))  # both watch by now
    await here.locator(button).click()
    async with asyncio.timeout(60):
        return int(await seen) - int(await clicked)
