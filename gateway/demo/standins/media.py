"""Files of customers, as a platform's CDN keeps them: by address, for a time, and with a record of who asked."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


class Media(dict[str, bytes]):
    """Path to bytes. `now` -- Unix seconds; `life_s` -- how long an address is good, 0: for ever."""

    def __init__(self, now: Callable[[], float], *, life_s: float = 0) -> None:
        super().__init__()
        self._now, self.life_s = now, life_s
        self._since: dict[str, float] = {}
        self.asked: list[str] = []

    def __setitem__(self, path: str, data: bytes) -> None:
        super().__setitem__(path, data)
        self._since[path] = self._now()

    def answer(self, path: str) -> web.Response | None:
        """None for what is no file here."""
        if path not in self:
            return None
        self.asked.append(path)
        if self.life_s and self._now() - self._since[path] >= self.life_s:
            return web.Response(status=403, body=b"URL signature expired")
        return web.Response(body=self[path])
