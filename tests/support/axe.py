"""What axe has to say of a page."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

# A colour on its way from one theme to the other is neither's. Made by script, so that no page's policy minds it.
STILL = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets.push(still);
}"""


async def complaints(page: Page, *, dark: bool = True) -> list[str]:
    """Everything in the light, colours in the dark, of whatever impact; the page is left in the light and without movement."""
    await page.evaluate(STILL)
    await _shown(page, "light")
    found = await _run(page)
    if not dark:
        return found
    await _shown(page, "dark")
    found += await _run(page, runOnly=["color-contrast"])
    await _shown(page, "light")
    return found


async def _shown(page: Page, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    await page.wait_for_function(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def _run(page: Page, **options: Any) -> list[str]:
    """axe is half a megabyte: a document is given it once. Only what it complains of comes back, by its markup."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    violations = await page.evaluate(
        "async (options) => (await axe.run(document, options)).violations",
        {"resultTypes": ["violations"], "selectors": False, **options},
    )
    return [
        f"{violation['id']}: {node['html'][:140]} {node['any'][0]['message'] if node['any'] else ''}"
        for violation in violations
        for node in violation["nodes"]
    ]
