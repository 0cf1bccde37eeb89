"""What setting an account up consists of: what a program can do, and what only a person can.

A client's `setup(url, dry=…)` yields a line for each thing as it is done; dry, it yields the same and does nothing. What
it cannot do begins with `BY_HAND`.
"""

from __future__ import annotations

from typing import Final

BY_HAND: Final = "by hand: "


def by_hand(what: str) -> str:
    return f"{BY_HAND}{what}"
