"""`make screenshots`: pictures of every view into docs/pictures/, from the demonstration's own story."""

from __future__ import annotations

import asyncio
import io
import re
import sys
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser, Page, expect

from gateway.demo import customers, play
from gateway.demo.customers import CAST
from gateway.demo.stage import Stage, staged
from gateway.desk.offices import OFFICES
from storage import advisors, sessions
from storage.tx import Tx
from tests.support.browser import HERE_AND_NOW, launched

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
DESKTOP: Final = {"viewport": {"width": 1440, "height": 900}}
PHONE: Final = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WAITING: Final = ("no_diacritics", "human", "accident", "english")
WAITED_MS: Final = 4 * 60_000
COLOURS: Final = 128
ASKED: Final = (
    ("0912 000 111", "Trần Văn Bình", "access", "letter", 12, "Đề nghị cung cấp bản sao dữ liệu cá nhân của tôi."),
    (
        "0912 000 222",
        "Phạm Thị Cúc",
        "object",
        "phone",
        13,
        "Tôi không muốn số của tôi được dùng để giới thiệu sản phẩm.",
    ),
    ("cuc@example.vn", "Lê Thị Duyên", "delete", "email", 1, "Xin xóa toàn bộ thông tin của tôi."),
)  # who, name, what, how, days ago, words
BOSS: Final = "quantri@ibaohiem.example"

faults: list[str] = []  # what any page said of itself since the last picture


async def page_of(browser: Browser, url: str, **options: Any) -> Page:
    context = await browser.new_context(base_url=url, reduced_motion="reduce", **{**HERE_AND_NOW, **options})
    page = await context.new_page()
    page.on("console", lambda said: faults.extend([f"{page.url}: {said.text}"] if said.type == "error" else []))
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    return page


async def picture(page: Page, name: str) -> None:
    await page.wait_for_timeout(400)  # fonts and the last fade
    faults.extend(f"{name}: {words}" for words in await page.locator(".toast.bad").all_inner_texts())
    if faults:  # a picture of something broken is no picture of it
        raise RuntimeError("; ".join(faults))
    shot = Image.open(io.BytesIO(await page.screenshot()))
    shot.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)  # a third of the bytes
    print(f"docs/pictures/{name}.png", flush=True)


async def desk(browser: Browser, stage: Stage, *, name: str, **options: Any) -> None:
    person = stage.people
    page = await page_of(browser, stage.url, **options)
    await page.goto("/desk/login")
    await page.locator("#email").fill(person.email)
    await page.locator("#password").fill(person.password)
    await page.locator("#login-go").click()
    await page.wait_for_url(re.compile(r"/desk/(?!login)"))  # the one-time password leads to its change
    await page.goto("/desk/")
    await page.locator("#rows li").nth(len(WAITING) - 1).wait_for()
    await picture(page, f"{name}-list")
    await page.locator("#rows .row-item > *").first.click()
    await page.locator("#messages > *").first.wait_for()
    await picture(page, name)
    await page.context.close()


async def offices(browser: Browser, stage: Stage, *, name: str, **options: Any) -> None:
    """The pages beside the inbox, as the administrator sees them."""
    token = sessions.new_token()

    def unit(tx: Tx) -> None:
        boss = advisors.by_email(tx, BOSS) or advisors.create(
            tx, name="Lê Quản Trị", role="admin", email=BOSS, by="demo"
        )
        assert boss is not None
        sessions.begin(tx, token, boss.id)

    await stage.parts.store.run(unit)
    page = await page_of(browser, stage.url, **options)
    await page.context.add_cookies([{"name": "sid", "value": token, "url": stage.url}])
    for office in OFFICES:
        await page.goto(office.href)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        await picture(page, f"{name}-{office.href.rpartition('/')[2]}")
    await page.context.close()


async def chat(browser: Browser, url: str, *, name: str, **options: Any) -> None:
    page = await page_of(browser, url, **options)
    await page.goto("/")
    await page.wait_for_function("document.documentElement.dataset.ready === ''")
    await picture(page, f"{name}-page")
    if not await page.locator("#chat-text").is_visible():
        await page.locator("[data-act=open-chat]:visible").first.click()
    for number, line in enumerate(("chào em, chị muốn mua bảo hiểm xe máy", "chị đồng ý"), 1):
        await page.locator("#chat-text").fill(line)
        await page.locator("#chat-send").click()
        await page.locator(".turn.bot .bubble").nth(number - 1).wait_for()
    await picture(page, name)
    await page.context.close()


async def queue(stage: Stage) -> None:
    """People who wait, and nobody who takes them: what the desk is for."""
    (working,) = (task for task in asyncio.all_tasks() if task.get_name() == "advisor")
    working.cancel()
    for character in CAST:
        if character.key in WAITING:
            await stage.enter(character, customers.AT_ONCE)

    async def here() -> bool:
        items = (await stage.api.get("/handoffs", limit=100))["items"]
        return len([item for item in items if item["conversation"]["status"] == "waiting"]) >= len(WAITING)

    if not await stage.news.until(here, patience_s=60, look_s=0.2):
        raise RuntimeError("nobody waits")
    await stage.move(stage.parts.clock.ms() + WAITED_MS)


async def asked(stage: Stage) -> None:
    """What people want done with their data, by letter and by telephone: one late, one soon, one fresh."""
    for who, name, kind, way, days, words in ASKED:
        came = datetime.fromtimestamp(stage.parts.clock.ms() / 1000, UTC) - timedelta(days=days)
        said = {"who": who, "name": name, "kind": kind, "way": way, "words": words, "received_at": came.isoformat()}
        await stage.api.post("/privacy-requests", said)


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with staged(about=None, port=None, quick=True, seed=1, out=sys.stdout) as stage:
        await play.tell(stage, CAST)
        await queue(stage)
        await asked(stage)
        async with launched() as browser:
            for theme in ("light", "dark"):
                end = "" if theme == "light" else "-dark"
                await desk(browser, stage, name=f"desk{end}", color_scheme=theme, **DESKTOP)
                await desk(browser, stage, name=f"desk-phone{end}", color_scheme=theme, **PHONE)
                await offices(browser, stage, name=f"office{end}", color_scheme=theme, **DESKTOP)
                await offices(browser, stage, name=f"office-phone{end}", color_scheme=theme, **PHONE)
                await chat(browser, stage.url, name=f"chat{end}", color_scheme=theme, **DESKTOP)
                await chat(browser, stage.url, name=f"chat-phone{end}", color_scheme=theme, **PHONE)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Exception:  # the gateway's own hook for uncaught errors would leave the values out
        traceback.print_exc()
        sys.exit(1)
