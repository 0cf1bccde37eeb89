"""Telegram's sending limits: about 1 message a second in a chat with short bursts, 30 a second in all, 20 a minute in a group.

Source: https://core.telegram.org/bots/faq (read 2026-11); the size of a burst is not published.
"""

from __future__ import annotations

import math
from typing import Final

TOTAL: Final = (30.0, 30.0)  # burst, a second
PRIVATE: Final = (5.0, 1.0)
GROUP: Final = (20.0, 20.0 / 60.0)


class Bucket:
    def __init__(self, size: tuple[float, float], now: float) -> None:
        self._burst, self._rate = size
        self._level, self._at = self._burst, now

    def wait(self, now: float) -> float:
        """Seconds until there is room for one more."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1.0 - self._level) / self._rate)

    def take(self) -> None:
        self._level -= 1.0


class Limits:
    def __init__(self) -> None:
        self._total: Bucket | None = None
        self._chats: dict[int, Bucket] = {}

    def check(self, chat: int, now: float) -> int:
        """0: sent and counted. Else the whole seconds to wait."""
        total = self._total = self._total or Bucket(TOTAL, now)
        one = self._chats.get(chat)
        if one is None:
            one = self._chats[chat] = Bucket(PRIVATE if chat > 0 else GROUP, now)
        wait = max(total.wait(now), one.wait(now))
        if wait > 0.0:
            return math.ceil(wait)
        total.take()
        one.take()
        return 0
