"""What a value of the configuration may look like: one small function a kind, from YAML or an environment string.

A reader takes what YAML (or the environment, always text) gave and returns the value, or raises `Wrong` with what is
wrong and what would be right. It never repeats a secret.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Hours = Mapping[str, tuple[tuple[str, str], ...]]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YES: Final = frozenset({"true", "yes", "on", "1"})
NO: Final = frozenset({"false", "no", "off", "0"})
CLOSED: Final = frozenset({"", "off", "closed", "no", "false", "none"})
HOST: Final = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)
HOST_SUFFIX: Final = re.compile(r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\.[a-z]{2,63}")
EMAIL: Final = re.compile(r"[^\s@<>,;:\"()]{1,64}@" + HOST.pattern)
CHAT: Final = re.compile(r"(?:telegram|zalo|viber|facebook):[A-Za-z0-9._-]{1,63}/[\x21-\x7e]{1,128}")
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


def host(value: object) -> str:
    """A name or address to listen on."""
    name = needed(value).strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        digits = re.fullmatch(r"[\d.:]+", name)
        if digits or not HOST.fullmatch(name):
            raise Wrong(
                f"{shown(value)} is not an address or a host name, such as 127.0.0.1 (without scheme and port)"
            ) from None
    return name


def loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own."""
    name = name.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def split_url(value: str) -> SplitResult | None:
    """The parts of an http(s) URL with a sound host and port, or None."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    name = parts.hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if not HOST.fullmatch(name):
            return None
    sound = parts.scheme in ("http", "https") and port != 0 and not re.search(r"[\s<>\"\\]", value)
    return parts if sound and "@" not in parts.netloc else None


def page(value: object) -> str:
    """A web page: an http(s) URL, or empty."""
    url = text(value)
    if url and not split_url(url):
        raise Wrong(f"{shown(url)} is not a web address, such as https://example.vn/page")
    return url


def origin(value: object) -> str:
    """`https://host[:port]` without a path, lower case, or empty. Plain http only on this machine itself."""
    url = text(value).rstrip("/")
    if not url:
        return ""
    parts = split_url(url)
    if parts is None or parts.path or parts.query or parts.fragment:
        raise Wrong(f"{shown(value)} is not of the form https://host or https://host:port, without a path")
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        raise Wrong(f"{shown(value)} is plain http; beyond this machine it must be https")
    return url.lower()


def issuer(value: object) -> str:
    """Who signs people in elsewhere: `https://host[:port][/path]`, or empty. Plain http only on this machine itself."""
    url = text(value)
    if not url:
        return ""
    parts = split_url(url)
    if parts is None or parts.query or parts.fragment or parts.username is not None:
        raise Wrong(f"{shown(value)} is not of the form https://host or https://host/path")
    if parts.scheme == "http" and not loopback(parts.hostname or ""):
        raise Wrong(f"{shown(value)} is plain http; beyond this machine it must be https")
    return url


def host_suffix(value: object) -> str:
    """`.example.com`, lower case: every host below it, or empty."""
    suffix = text(value).lower()
    if suffix and not HOST_SUFFIX.fullmatch(suffix):
        raise Wrong(f"{shown(value)} is not the end of a host's name, such as .example.com")
    return suffix


def push_service(value: object) -> str:
    """A host name, lower case, or the http origin of a stand-in on this machine."""
    line = text(value).lower().lstrip(".")
    if line.startswith("http://"):
        parts = split_url(origin(line))
        if parts is None or not loopback(parts.hostname or ""):
            raise Wrong(f"{shown(value)} is not on this machine; a push service is named by its host")
        return line.rstrip("/")
    if line and not (HOST.fullmatch(line) and "." in line):
        raise Wrong(f"{shown(value)} is not a host name, such as fcm.googleapis.com")
    return line


def chat(value: object) -> str:
    """`channel:account/thread`: a chat of one of our accounts."""
    line = text(value)
    if line and not CHAT.fullmatch(line):
        raise Wrong(f"{shown(value)} is not channel:account/chat, such as telegram:main/-1001234567")
    return line


def base_url(value: object) -> str:
    """Where a platform answers: an http(s) URL without query; the slash at its end is cut."""
    url = needed(value).rstrip("/")
    parts = split_url(url)
    if parts is None or parts.query or parts.fragment:
        raise Wrong(f"{shown(value)} is not a web address, such as https://api.example.org")
    return url


def email(value: object) -> str:
    address = text(value)
    if address and not EMAIL.fullmatch(address):
        raise Wrong(f"{shown(address)} is not an e-mail address")
    return address


def sender(value: object) -> str:
    """`name@host` or `A name <name@host>`."""
    line = text(value)
    found = re.fullmatch(r"[^<>]*<([^<>]*)>", line)
    address = found[1] if found else line
    if address and not EMAIL.fullmatch(address):
        raise Wrong(f"{shown(line)} is not a sender, such as IBAOHIEM <hello@example.vn>")
    return line


def hotline(value: object) -> str:
    """A telephone number as people read it: digits, spaces, dots, dashes, brackets, a leading plus."""
    line = text(value)
    digits = sum(letter.isdigit() for letter in line)
    if line and (not re.fullmatch(r"\+?[\d .()-]+", line) or not 3 <= digits <= 15):
        raise Wrong(f"{shown(line)} is not a telephone number")
    return line


def domain(value: object) -> str:
    name = text(value).lower()
    if not HOST.fullmatch(name) or "." not in name:
        raise Wrong(f"{shown(value)} is not a domain, such as example.vn")
    return name


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


def network(value: object) -> Network:
    line = text(value)
    try:
        return ipaddress.ip_network(line, strict=True)
    except ValueError as err:
        hint = "; its host bits are set" if "host bits" in str(err) else ""
        raise Wrong(f"{shown(value)} is not an address or a network such as 10.0.0.0/8{hint}") from None


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
