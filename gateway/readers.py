"""What a value of the configuration may look like: one small function a kind, from YAML or an environment string.

A reader takes what YAML (or the environment, always text) gave and returns the value, or raises `Wrong` with what is
wrong and what would be right. It never repeats a secret.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

T = TypeVar("T")
Hours = Mapping[str, tuple[tuple[str, str], ...]]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YES: Final = frozenset({"true", "yes", "on", "1"})
NO: Final = frozenset({"false", "no", "off", "0"})
CLOSED: Final = frozenset({"", "off", "closed", "no", "false", "none"})
RANGE: Final = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]|_(?!_)){0,62}")  # no "__": it parts the names of the environment


class Wrong(ValueError):
    """What is wrong with a value and what would be right; reads on after `section.key: `."""


def shown(value: object) -> str:
    """A value as an operator wrote it, for a problem line: one line, at most 40 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    text = text if len(text) <= 40 else text[:39] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def text(value: object) -> str:
    """One line of text; absent is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is a block or a list; write one text")
    line = value.strip()
    if any(ord(letter) < 32 for letter in line):
        raise Wrong("holds a line break or a control character; write one line")
    return line


def needed(value: object) -> str:
    line = text(value)
    if not line:
        raise Wrong("is empty; it is needed")
    return line


def switch(value: object) -> bool:
    """true or false; also yes/no and on/off, which YAML 1.1 reads so."""
    word = text(value).lower()
    if word in YES | NO:
        return word in YES
    raise Wrong(f"{_or_empty(value)} is neither true nor false")


def number(low: float, high: float, what: str) -> Callable[[object], int]:
    """A whole number from `low` to `high`; `what` names it: `a port number`."""

    def read(value: object) -> int:
        line = text(value)
        if not re.fullmatch(r"-?[0-9]{1,12}", line) or not low <= int(line) <= high:
            raise Wrong(f"{_or_empty(value)} is not {what} ({low:g} to {high:g})")
        return int(line)

    return read


def rate(value: object) -> float:
    """Calls a second, 0 = off."""
    line = text(value)
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", line):
        raise Wrong(f"{_or_empty(value)} is not a number of calls a second (0 = off)")
    return float(line)


def choice(*allowed: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        word = text(value).lower()
        if word not in allowed:
            raise Wrong(f"{_or_empty(value)} is not one of {', '.join(allowed)}")
        return word

    return read


def folder(value: object) -> Path:
    """A path; relative ones are made absolute by `config.load`."""
    return Path(needed(value)).expanduser()


def hotline(value: object) -> str:
    """A telephone number as people read it: digits, spaces, dots, dashes, brackets, a leading plus."""
    line = text(value)
    digits = sum(letter.isdigit() for letter in line)
    if line and (not re.fullmatch(r"\+?[\d .()-]+", line) or not 3 <= digits <= 15):
        raise Wrong(f"{shown(line)} is not a telephone number")
    return line


def zone(value: object) -> str:
    """A time zone of the IANA database."""
    name = needed(value)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = _near(name, available_timezones())
        raise Wrong(f"{shown(name)} is not a time zone; {near or 'write Asia/Ho_Chi_Minh'}") from None
    return name


def day(value: object) -> str:
    """A date `YYYY-MM-DD`."""
    line = text(value)
    try:
        return date.fromisoformat(line if re.fullmatch(r"\d{4}-\d{2}-\d{2}", line) else "").isoformat()
    except ValueError:
        raise Wrong(f"{shown(value)} is not a date of the form YYYY-MM-DD") from None


def several(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A list of what `read` takes; in the environment a text with commas between. Empty entries are dropped."""

    def read_all(value: object) -> tuple[T, ...]:
        if value is None or value == "":
            return ()
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise Wrong(f"{shown(value)} is not a list; write [one, two]")
        found: list[T] = []
        for item in items:
            one = read(item)
            if one != "" and one not in found:
                found.append(one)
        return tuple(found)

    return read_all


def secrets(value: object) -> str | tuple[str, ...]:
    """A secret, or two while one takes the other's place: the newest first."""
    found = several(text)(value if isinstance(value, list) else [value])
    return found if len(found) > 1 else "".join(found)


def languages(value: object) -> tuple[str, ...]:
    found = several(choice("vi", "en"))(value)
    if not found:
        raise Wrong("is empty; write [vi, en]: the first is the one we begin with")
    return found


def hours(value: object) -> Hours | None:
    """Working hours a day: `always` (None), or a block of mon … sun, each a list of "HH:MM-HH:MM".

    A day that is left out, or says `off`, is closed.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() == "always"):
        return None
    if not isinstance(value, dict):
        raise Wrong(f'{shown(value)} is neither always nor a block of days such as {{mon: ["08:00-12:00"]}}')
    week: dict[str, tuple[tuple[str, str], ...]] = {}
    for key, ranges in value.items():
        name = str(key).strip().lower()
        if name not in DAYS:
            near = next((known for known in DAYS if name.startswith(known)), "")
            raise Wrong(f"{shown(key)} is not a day; write {near or 'one of ' + ', '.join(DAYS)}")
        if name in week:
            raise Wrong(f"{name} is there twice")
        week[name] = _ranges(name, ranges)
    if not any(week.values()):
        raise Wrong("no day has working hours; write always, or hours for at least one day")
    return {name: week.get(name, ()) for name in DAYS}


def _ranges(name: str, value: object) -> tuple[tuple[str, str], ...]:
    if value is None or (isinstance(value, str) and value.strip().lower() in CLOSED):
        return ()
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        raise Wrong(f'{name}: {shown(value)} is not a list; write ["08:00-12:00", "13:00-17:30"], or off')
    spans = sorted(_span(name, item) for item in items)
    for (_, end), (start, _) in itertools.pairwise(spans):
        if start < end:
            raise Wrong(f"{name}: the range from {start} begins before the one until {end} is over")
    return tuple(spans)


def _span(name: str, item: object) -> tuple[str, str]:
    found = RANGE.fullmatch(str(item).strip())
    start, end = (f"{int(found[1]):02}:{found[2]}", f"{int(found[3]):02}:{found[4]}") if found else ("", "")
    if not found or int(found[2]) > 59 or int(found[4]) > 59 or start > "23:59" or end > "24:00":
        raise Wrong(f'{name}: {shown(item)} is not a range of hours; write "08:00-12:00"')
    if start >= end:
        raise Wrong(f"{name}: {shown(item)} ends before it begins; write hours past midnight at the next day")
    return start, end


def database(value: object) -> str:
    """`sqlite:///path` or `postgresql+psycopg://…`. The value may hold a password: it is never repeated."""
    url = needed(value)
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:///")
        if path == url or not path.strip("/") or ":memory:" in path or "?" in path:
            raise Wrong("needs a file: sqlite:///var/gateway.db (relative) or sqlite:////srv/gateway.db (absolute)")
        return url
    if url.startswith("postgresql+psycopg://"):
        try:
            parts = urlsplit(url)
            if parts.path.strip("/") and parts.port != 0:
                return url
        except ValueError:
            pass
        raise Wrong("is not of the form postgresql+psycopg://user:password@host:5432/name (odd letters as %XX)")
    if url.startswith(("postgres:", "postgresql")):
        raise Wrong("names another driver; begin it with postgresql+psycopg://")
    raise Wrong("must begin with sqlite:/// or postgresql+psycopg://")


def limits(value: object) -> dict[str, float]:
    """An account's own limits: `inbound_per_s`, `outbound_per_s`, `per_chat_per_s`."""
    known = ("inbound_per_s", "outbound_per_s", "per_chat_per_s")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Wrong(f"{shown(value)} is not a block of {', '.join(known)}")
    found: dict[str, float] = {}
    for key, given in value.items():
        if key not in known:
            raise Wrong(f"{shown(key)} is an unknown key; {_near(str(key), known) or 'known are ' + ', '.join(known)}")
        try:
            found[key] = rate(given)
        except Wrong as err:
            raise Wrong(f"{key}: {err}") from None
    return found


def mapping(value: object) -> dict[str, str]:
    """Our field name to theirs (or several, with commas)."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Wrong(f"{shown(value)} is not a block of our field names and theirs")
    return {str(key): item for key, item in value.items()}


def _near(name: str, known: Any) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), 1, 0.6)
    return f"did you mean {found[0]}?" if found else ""


def _or_empty(value: object) -> str:
    return "an empty value" if value is None or value == "" else shown(value)
