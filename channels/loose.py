"""Reading what is spelt in many ways: loose about the spelling, strict about the shape.

For platforms whose own pages, tests and live traffic disagree on texts and numbers. What is absent or null counts as
absent, a number may stand where a text is due and a text where a number is, an object may be spelt as a text, and one
thing is a list of one. A list or an object where a plain value is due, or a plain value where an object is, is no
spelling: whoever reads on would guess. It raises `MalformedPayload`, naming the place and never the value, and the
delivery is kept aside whole. `perhaps` is for what is only an ornament, or of a kind that nobody knows yet.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from channels.contract import UNSAID, MalformedPayload
from channels.reading import ID_LENGTH, clean, moment, wrong

T = TypeVar("T")

NOTHING: Final[Mapping[str, Any]] = {}
NONE: Final[Sequence[Mapping[str, Any]]] = ()
SPELT: Final = 20_000  # characters of an object in a text

_FLOAT: Final = re.compile(r"\s*[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?\s*")
_DATED: Final = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")


def at(raw: Any, *path: str) -> Any:
    """What stands there, or None. Raises where the way to it is no object."""
    for place, key in enumerate(path):
        if isinstance(raw, dict):
            raw = raw.get(key)
        elif raw is None:
            return None
        else:
            raise wrong(path[:place], "an object")
    return raw


def part(raw: Any, *path: str) -> Mapping[str, Any]:
    """The object there; also one that is spelt as a text."""
    value = at(raw, *path)
    if value is None or value == "":
        return NOTHING
    found = spelt(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise wrong(path, "an object")
    return found


def spelt(value: str) -> Mapping[str, Any] | None:
    """The object that a text spells; None when it spells none."""
    if not value.lstrip().startswith("{") or len(value) > SPELT:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def words(raw: Any, *path: str) -> str:
    """A text, cleaned; numbers count."""
    value = at(raw, *path)
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise wrong(path, "a text")
    return clean(value)


def ident(raw: Any, *path: str) -> str:
    """An id as text, '' when absent. Raises for what cannot be one: longer than 128 characters, or unprintable."""
    value = at(raw, *path)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        value = value.strip()
        if len(value) <= ID_LENGTH and value.isprintable():
            return value
    raise wrong(path, f"an id of at most {ID_LENGTH} characters")


def number(raw: Any, *path: str) -> float | None:
    """A finite number, also one that is spelt as a text; None when absent, or when the text spells none."""
    value = at(raw, *path)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong(path, "a number")
    if isinstance(value, str) and not _FLOAT.fullmatch(value):
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


def objects(raw: Any, *path: str) -> Sequence[Mapping[str, Any]]:
    """The list of objects there; one object is a list of one, and what is null in it is left out."""
    return [part({path[-1]: one}, path[-1]) for one in several(raw, *path) if one is not None and one != ""]


def when(raw: Any, *path: str) -> datetime:
    """Aware UTC of Unix milliseconds; of seconds or microseconds where it can be nothing else, and of an ISO 8601 date
    with its time (without a zone: UTC). `UNSAID` when it does not tell, or tells a time that there is not."""
    value = at(raw, *path)
    if isinstance(value, str) and _DATED.match(value):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            return UNSAID
        return _aware(found)
    stamp = number(raw, *path)
    return UNSAID if stamp is None else of_stamp(stamp)


def of_stamp(stamp: float) -> datetime:
    """As `when`, of the number."""
    size = abs(stamp)
    seconds = stamp if size < 1e11 else stamp / 1e3 if size < 1e14 else stamp / 1e6
    try:
        return moment(seconds)
    except MalformedPayload:
        return UNSAID


def _aware(found: datetime) -> datetime:
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):  # the first and the last days of the calendar, in another zone
        return UNSAID


def perhaps(reader: Callable[..., T], *given: Any, default: T) -> T:
    """What `reader` finds; `default` where the shape is none that it knows."""
    try:
        return reader(*given)
    except MalformedPayload:
        return default


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
