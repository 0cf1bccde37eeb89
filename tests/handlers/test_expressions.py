"""No expression of ours takes for ever: what it took it does not give back in a thousand ways."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("channels", "handlers", "storage", "gateway", "scheduler")
UNITS: Final = (
    "a", "x", "k", "é", "9", ".", " ", "-", "_", "@", "/", "=", "(", "\\", "ha", "ah", "kaka", "ahihi", "ha ha", "hi hi ", "lol", "da ",
    "em ", "um", "oke", "aha", "a ", "anh ", "con ", "khong ", "dong y ", "1 ", "0 9", "a.", "a-", "a@", "x.y/", "0-", "[a]", "<a", "&#1;", "a='b' ",
)  # fmt: skip
ENDS: Final = ("!", "x", "9")
LONG: Final = 60


def expressions() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every one that stands at the top of a module, alone or in a table."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if "migrations" in name or name.endswith("__main__"):
                continue
            for key, value in vars(importlib.import_module(name)).items():
                for found in _within(value):
                    yield f"{name}.{key}", found


def _within(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, frozenset)) and depth < 3:
        for one in value:
            yield from _within(one, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        yield from _within(tuple(value.values()), depth + 1)


def test_none_takes_for_ever() -> None:
    """For ever is what the limit of any test is: all of it takes a second, and what has to be imported some more."""
    met: dict[tuple[Any, int], str] = {}
    for name, pattern in expressions():
        met.setdefault((pattern.pattern, pattern.flags), name)
    assert len(met) > 100
    for plain, flags in met:
        pattern = re.compile(plain, flags)
        for unit in UNITS:
            for end in ENDS:
                typed: Any = unit * LONG + end
                typed = typed.encode() if isinstance(plain, bytes) else typed
                pattern.fullmatch(typed)
                pattern.search(typed)
