"""How long the page's token lives, as Meta's debug_token tells it (developers.facebook.com, Graph API, /debug_token)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from channels.loose import at, part

ASK_MS: Final = 3_600_000  # between two questions
ENDS: Final = (
    "expires_at",
    "data_access_expires_at",
)  # seconds since 1970, 0 = never; after the second one nothing is read


def until(said: Mapping[str, Any]) -> int | None:
    """When it ends, in ms; 0 = it does not end by itself, None = Meta does not say. Raises MalformedPayload."""
    token = part(said, "data")
    ends = [at(token, name) for name in ENDS if at(token, name) is not None]
    if at(token, "is_valid") is not True or at(token, "expires_at") is None:
        return None
    if not all(isinstance(end, int) and 0 <= end < 1 << 40 for end in ends):
        return None
    return min((end for end in ends if end), default=0) * 1000
