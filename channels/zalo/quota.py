"""What an account has left, as Zalo's answers tell it, each of its own kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCARCE: Final = 10  # percent of the day: said from here down
AMPLE: Final = 20  # ... until there is more than this again: the next day


def kind(quota: Mapping[str, str]) -> str:
    """Of what it tells: `template` (by telephone, of the day), else Zalo's own word; '' where it says nothing of the whole
    account: within 48 hours (`reply`) the numbers are of that one customer."""
    if "dailyQuota" in quota or "remainingQuota" in quota:
        return "template"
    told = quota.get("quota_type", "")
    return "" if told == "reply" else told


def left(quota: Mapping[str, str]) -> tuple[str, str]:
    """(left, of): '' where Zalo does not say."""
    return quota.get("remainingQuota", quota.get("remain", "")), quota.get("dailyQuota", quota.get("total", ""))


def scarce(quota: Mapping[str, str], *, told: bool) -> str | None:
    """The warning for people when it changes, '' when it is over, None while nothing changes. `told` -- it was said.
    Quotas of other messages may be absent since 2026-03 and decide nothing."""
    try:
        left, of = int(quota["remainingQuota"]), int(quota["dailyQuota"])
    except (LookupError, ValueError):
        return None
    if of <= 0:
        return None
    if left * 100 <= of * SCARCE and not told:
        return f"Zalo: {left} of {of} template messages are left today"
    return "" if told and left * 100 > of * AMPLE else None
