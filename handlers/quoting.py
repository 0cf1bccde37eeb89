"""A message that answers an earlier one says which: by the platform's own reply where it has one, else as a line above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SHORT: Final = 120  # characters of the quoted words in the line above


def above(text: str, quote: Mapping[str, Any] | None) -> str:
    """`text` under the words that it answers."""
    words = " ".join(str(quote.get("text", "")).split()) if quote else ""
    if not words:
        return text
    short = words if len(words) <= SHORT else words[: SHORT - 1].rstrip() + "…"
    return f"> {short}\n{text}"
