"""Reading what is spelt in many ways: whatever has the wrong shape counts as absent, nothing raises.

For platforms whose own pages, tests and live traffic disagree on texts and numbers, objects and lists.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from channels.reading import ID_LENGTH, clean

NOTHING: Final[Mapping[str, Any]] = {}


def at(raw: Any, *path: str) -> Any:
    """What stands there, or None."""
    for key in path:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw


def part(raw: Any, *path: str) -> Mapping[str, Any]:
    """The object there; also one that is spelt as a text."""
    value = at(raw, *path)
    if isinstance(value, str) and value.lstrip().startswith("{") and len(value) <= 20_000:
        value = _read(value)
    return value if isinstance(value, dict) else NOTHING


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def words(raw: Any, *path: str) -> str:
    """A text, cleaned; numbers count."""
    value = at(raw, *path)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return clean(value) if isinstance(value, str) else ""


def ident(raw: Any, *path: str) -> str:
    """An id as text, ''."""
    value = at(raw, *path)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    value = value.strip()
    return value if len(value) <= ID_LENGTH and value.isprintable() and value.isascii() else ""


def number(raw: Any, *path: str) -> float | None:
    value = at(raw, *path)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def several(raw: Any, *path: str) -> list[Any]:
    """The list there; one thing is a list of one."""
    value = at(raw, *path)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def answered(body: bytes) -> dict[str, Any] | None:
    """A platform's answer as an object; None when it is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def answered_code(said: Mapping[str, Any] | None, name: str) -> int | None:
    """The number under `name`, which comes as a text too; None when the answer has none."""
    given = said.get(name) if said else None
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        return None
    try:
        return int(given)
    except ValueError:
        return None
