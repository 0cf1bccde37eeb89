"""The tracking id of a template message: our row and our thread, so that what comes back by telephone number finds
both. At most 48 letters, digits and dashes (ours: 26 of the row, a dash, the thread)."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 48

_OURS: Final = re.compile(r"[0-9A-Za-z]{20,26}-([0-9]{5,21})")


def tracking_id(row: str, thread: str) -> str:
    plain = re.sub(r"[^0-9A-Za-z]", "", row)[:26]
    whole = f"{plain}-{thread}"
    return whole if len(whole) <= LONGEST and thread.isdigit() else plain


def thread_of(tracking: str) -> str:
    """'' when it is none of ours."""
    found = _OURS.fullmatch(tracking.strip())
    return found[1] if found else ""
