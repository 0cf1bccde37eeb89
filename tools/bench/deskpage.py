"""What the bench sees of one real page of the desk: when each word came to stand there, by which stages, at which price."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import BrowserContext, CDPSession, Page

# Before the page's own scripts: when its feed tells of the open conversation, and what it asks the server for.
_HOOKS: Final = """(() => {
  window.bench = { told: [], read: [], asked: {} };
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(...given) {
      super(...given);
      this.addEventListener("change", (event) => {
        if (event.data.includes(location.pathname.split("/").at(-1))) window.bench.told.push(Date.now());
      });
    }
  };
  const real = window.fetch;
  window.fetch = async (...given) => {
    const path = new URL(given[0]?.url ?? given[0], location.href).pathname.replace(/[0-9a-v]{26}/g, "{id}");
    window.bench.asked[path] = (window.bench.asked[path] ?? 0) + 1;
    const began = Date.now();
    const answer = await real(...given);
    if (path.endsWith("/messages")) window.bench.read.push([began, Date.now()]);
    return answer;
  };
})()"""
_WATCH: Final = """() => {
  window.bench.asked = {};
  window.seen = {};
  const look = () => {
    for (const bubble of document.querySelectorAll("#messages .msg.customer .bubble")) {
      const mark = /#(\\d+)#/.exec(bubble.textContent)?.[1];
      if (mark && !(mark in window.seen)) window.seen[mark] = Date.now();
    }
  };
  new MutationObserver(look).observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
  look();
}"""
_SPENT: Final = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


@dataclass(frozen=True, slots=True)
class Stage:
    """Of a word's way: `ms` of each word."""

    name: str
    ms: Sequence[float]

    def line(self) -> str:
        ordered = sorted(self.ms)
        return f"{self.name:15} median {statistics.median(ordered):5.0f} ms, p95 {ordered[int(len(ordered) * 0.95)]:5.0f} ms"


class Watched:
    """An open conversation in a browser. CPU is the renderer's main thread's, not the clock's."""

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self._page = page
        self._cdp = cdp
        self._before: Mapping[str, float] = {}

    @classmethod
    async def open(cls, context: BrowserContext, conversation: str) -> Watched:
        await context.add_init_script(_HOOKS)
        page = await context.new_page()
        await page.goto(f"/desk/c/{conversation}")
        await page.wait_for_selector("#messages .msg")
        cdp = await context.new_cdp_session(page)
        await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        await page.evaluate(_WATCH)
        found = cls(page, cdp)
        found._before = await found._spent()
        return found

    async def seen(self) -> dict[str, float]:
        """When each mark came to stand there, ms of the wall clock."""
        found: dict[str, float] = await self._page.evaluate("window.seen")
        return found

    async def cost(self, messages: int) -> str:
        """CPU µs a message, and calls of the API a message."""
        after = await self._spent()
        spent = [
            f"{name.removesuffix('Duration').lower()} {(after[name] - self._before[name]) / messages * 1e6:.0f}"
            for name in _SPENT
        ]
        asked: dict[str, int] = await self._page.evaluate("window.bench.asked")
        calls = [
            f"{path.removeprefix('/api/v1')} {count / messages:.2f}"
            for path, count in sorted(asked.items(), key=lambda each: -each[1])
        ]
        return f"page        µs a message: {', '.join(spent)}\n            calls a message: {', '.join(calls)}"

    async def stages(self, sent: Mapping[str, float]) -> list[Stage]:
        """sent -- by mark, ms: when the platform posted it. A word's reading is the last that ended before it stood there;
        what told of it is the last news before that began."""
        marks = await self._page.evaluate("window.bench")
        seen, told, read = await self.seen(), sorted(marks["told"]), sorted(marks["read"], key=lambda each: each[1])
        ends = [end for _, end in read]
        ways: list[tuple[float, float, float]] = []
        for mark, at in seen.items():
            which = bisect.bisect_right(ends, at) - 1
            if mark not in sent or which < 0:
                continue
            began, ended = read[which]
            heard = bisect.bisect_right(told, began) - 1
            if heard >= 0:
                ways.append((max(0.0, told[heard] - sent[mark]), ended - told[heard], at - ended))
        names = ("posted to told", "told to read", "read to bubble")
        return [Stage(name, each) for name, each in zip(names, zip(*ways, strict=True), strict=True)] if ways else []

    async def _spent(self) -> dict[str, float]:
        found: dict[str, Any] = await self._cdp.send("Performance.getMetrics")
        return {each["name"]: each["value"] for each in found["metrics"]}
