"""A real Chromium for the tests: $GATEWAY_TEST_CHROMIUM, the locked npm package's, or the system's; never a download of Playwright's.

The npm package's comes first: one version for everybody, and a headless shell, without a browser's own windows, spends
two thirds of the CPU that a whole Chromium does.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, async_playwright, expect

NODE: Final = Path(__file__).resolve().parents[2] / "tools" / "browser" / "node.py"
ARGUMENTS: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
SYSTEM: Final = Path("/usr/bin/chromium")
PATIENCE_MS: Final = 60_000  # Playwright's own 5 s and 30 s are a page's on a machine of its own
expect.set_options(timeout=PATIENCE_MS)
HERE_AND_NOW: Final = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh"}  # our customers' and advisors'


@functools.cache
def chromium() -> dict[str, Any]:
    """Launch options: the executable, and the environment that it needs on this machine."""
    if given := os.environ.get("GATEWAY_TEST_CHROMIUM"):
        return {"executable_path": given}
    said = subprocess.run(
        [sys.executable, str(NODE), "chromium"], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    if said.returncode:
        if SYSTEM.exists():
            return {"executable_path": str(SYSTEM)}
        raise RuntimeError("no Chromium for the tests; `tools/browser/node.py chromium` says why")
    found = json.loads(said.stdout)
    return {"executable_path": found["executable"], "env": {**os.environ, **found["env"]}}


@contextlib.asynccontextmanager
async def launched(**options: Any) -> AsyncIterator[Browser]:
    """One Chromium, in this loop (measured: over a second of CPU, half of it Playwright's own driver)."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(args=ARGUMENTS, **chromium(), **options)
        try:
            yield browser
        finally:
            await browser.close()


class Chromium:
    """One for many tests: launched when it is first asked for, and again should it have crashed."""

    def __init__(self) -> None:
        self._launched = contextlib.AsyncExitStack()
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._launched.aclose()

    async def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = await self._launched.enter_async_context(launched())
        return self._browser


class Visitors:
    """People at their own browsers: each page has its own cookies and storage. What goes wrong in a page is kept."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.troubles: list[str] = []

    async def __call__(self, **options: Any) -> Page:
        """A page of somebody new; `options` are those of Playwright's `new_context` (viewport, base_url, …)."""
        return await (await self.context(**options)).new_page()

    async def context(self, **options: Any) -> BrowserContext:
        context = await self.browser.new_context(**{**HERE_AND_NOW, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._failed(error.error))
        return context

    async def leave(self) -> None:
        """Everybody goes home, before the gateway that they look at does."""
        for context in self.browser.contexts:
            await context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _failed(self, error: Error) -> None:
        self.troubles.append(f"uncaught: {error.message}")
