"""Every page beside the inbox, whoever made it: for everybody, on a narrow telephone, in both languages, from us alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from gateway.desk.offices import OFFICES
from storage import sessions
from tests.support.axe import complaints
from tests.support.browser import Visitors
from tests.support.desk import Office

NARROW: Final = 320  # CSS px: a window of 1280 at 400 %, WCAG 1.4.10
TOO_WIDE: Final = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
NAMES: Final = ("/desk/canned", "/desk/texts")  # of variables, of texts
# axe looks at the others in the stories that are told on them
UNTOLD: Final = frozenset(
    f"/desk/{name}" for name in ("switches", "texts", "tasks", "blocked", "audit", "hours", "privacy")
)
HEADINGS: Final = "() => document.querySelectorAll('h1').length"
RAW: Final = "() => (document.body.innerText.match(/[a-z]+_[a-z_]+|undefined|NaN|\\[object|\\{\\w+\\}/g) ?? []).filter((one) => !/\\d/.test(one))"
SMALL: Final = """() => [...document.querySelectorAll("main :is(button, a, input, select), header :is(button, a)")]
    .filter((one) => one.checkVisibility() && !one.closest(".sr-only, p, li > span, td") && !one.classList.contains("sr-only"))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, box]) => box.width && (box.height < 24 || box.width < 24) && !one.closest("label"))
    .map(([one]) => one.outerHTML.slice(0, 120))"""  # WCAG 2.2, 2.5.8


@pytest.mark.timeout(240)
async def test_every_page_for_everybody(tmp_path: Path, visitors: Visitors) -> None:
    async with Office(tmp_path) as office:
        boss = await office.hire("Nguyễn Quản Trị", "admin", email="admin@x.vn")
        token = sessions.new_token()
        await office.parts.store.run(lambda tx: sessions.begin(tx, token, boss.id))
        conversation = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
        page = await visitors(base_url=office.url, viewport={"width": 1280, "height": 860})
        await page.context.add_cookies([{"name": "sid", "value": token, "url": office.url}])
        elsewhere: list[str] = []
        page.on("request", lambda asked: elsewhere.append(asked.url) if urlsplit(asked.url).netloc != urlsplit(office.url).netloc else None)  # fmt: skip
        faults: list[str] = []
        for path in [*(one.href for one in OFFICES), f"/desk/c/{conversation}"]:
            faults += [f"{path}: {fault}" for fault in await looked_at(page, path)]
        assert "\n".join(faults) == ""
        assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []
        await visitors.leave()
        # a page that is left at once ends what it was still asking for
        visitors.troubles[:] = [
            one for one in visitors.troubles if "net::ERR_" not in one and "Failed to fetch" not in one
        ]


async def looked_at(page: Page, path: str) -> list[str]:
    """What is wrong with it."""
    found: list[str] = []
    await page.set_viewport_size({"width": 1280, "height": 860})
    answer = await page.goto(f"{path}?lang=vi")
    if answer is None or answer.status != 200:
        return [f"answers {answer and answer.status}"]
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if path in UNTOLD:
        found += await complaints(page, dark=False)
    if (headings := await page.evaluate(HEADINGS)) != 1:
        found.append(f"{headings} main headings")
    await page.set_viewport_size({"width": NARROW, "height": 800})
    if (over := await page.evaluate(TOO_WIDE)) > 1:
        found.append(f"{over} px too wide at {NARROW}")
    found += [f"small target: {one}" for one in await page.evaluate(SMALL)]
    found += await words(page, path, "vi")
    if path in UNTOLD:
        await page.goto(f"{path}?lang=en")
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        found += await words(page, path, "en")
    return found


async def words(page: Page, path: str, language: str) -> list[str]:
    """Names where words should be; two pages show names on purpose."""
    if await page.locator("html").get_attribute("lang") != language:
        return [f"not in {language}"]
    return [] if path in NAMES else [f"{language}: {one}" for one in await page.evaluate(RAW)]
