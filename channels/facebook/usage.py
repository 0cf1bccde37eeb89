"""How much of what Meta allows is used, as its answers say: percentages in headers, of the app, the page or the business."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

HEADERS: Final = ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage")
SHARES: Final = ("call_count", "total_time", "total_cputime")
WARN: Final = 80  # percent: said from here on
CALM: Final = 60  # ... until it has fallen below this


class Usage:
    """What was said so far. `heard` -- the warning for people when it changes, None when it does not; '' = it is over."""

    def __init__(self) -> None:
        self._warned = False

    def heard(self, headers: Mapping[str, str]) -> str | None:
        percent = used(headers)
        if percent is None:
            return None
        if percent >= WARN and not self._warned:
            self._warned = True
            return f"Meta: {percent} % of the calls that it allows are used; beyond 100 % it refuses them for a while"
        if percent < CALM and self._warned:
            self._warned = False
            return ""
        return None


def used(headers: Mapping[str, str]) -> int | None:
    """The highest share, in percent; None when nothing is said. What cannot be read says nothing."""
    shares: list[int] = []
    for name in HEADERS:
        given = headers.get(name)
        if given and len(given) < 10_000:
            try:
                told = json.loads(given)
            except (ValueError, RecursionError):
                continue
            shares += _shares(told)
    return max(shares, default=None)


def _shares(told: Any) -> Iterator[int]:
    """Of the app and the page as one object; of businesses as lists of such by their id."""
    if not isinstance(told, dict):
        return
    for name, value in told.items():
        if name in SHARES and isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6:
            yield round(value)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    yield from _shares({key: one[key] for key in SHARES if key in one})
