"""What builders of forms and call centres post, made plain: JSON or form fields, nested or in lists, as flat texts.

They agree on nothing: JSON under any content type, form-encoded with a charset, multipart, the fields below `data`, as a
list of {name, value}, as JSON in a field. What comes out is one flat mapping an entry, which reads again as itself.
"""

from __future__ import annotations

import hmac
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import parse_qsl

from channels.contract import (
    Account,
    Delivery,
    MalformedPayload,
    OutboundMessage,
    Permanent,
    WebhookRejected,
)
from channels.reading import clean, read_json

ENTRIES: Final = 100  # of one POST
FIELDS: Final = 200  # of one entry
NAME: Final = 100
BOM: Final = b"\xef\xbb\xbf"
WRAPPERS: Final = ("data", "leads", "entries", "items", "events", "payload", "body", "records", "results")
NAMED: Final = ("name", "key", "label", "field", "title", "id")  # what a list of fields calls the field
VALUED: Final = ("value", "values", "answer", "content")

# ---- who may post


def secrets_of(account: Account) -> tuple[str, ...]:
    """The account's active secrets, one or two while one takes the other's place; () = none, nothing is accepted."""
    given = account.get("secret")
    listed = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else []
    return tuple(one for one in listed if isinstance(one, str) and one)


def verify(delivery: Delivery, account: Account) -> None:
    """The secret as the last part of the address, or as a header; compared in constant time. Raises WebhookRejected."""
    scheme, _, bearer = delivery.headers.get("Authorization", "").strip().partition(" ")
    shown = [delivery.secret, delivery.headers.get("X-Webhook-Token", "")]
    if scheme.lower() == "bearer":
        shown.append(bearer.strip())
    presented = [one.encode("utf-8", "surrogatepass") for one in shown if one]
    known = [one.encode() for one in secrets_of(account)]
    matched = [hmac.compare_digest(one, other) for one in presented for other in known]
    if not any(matched):
        raise WebhookRejected(f"{account.channel}: {'wrong' if presented else 'no'} secret")


def problems(account: Account) -> list[str]:
    """What the account lacks."""
    return [] if secrets_of(account) else ["secret: is missing"]


class Mute:
    """A client for channels that cannot be answered: nothing is written to a form or a telephone."""

    def __init__(self, account: Account) -> None:
        self._id = account.id

    async def call(self, request: Any) -> str:
        raise Permanent(f"{self._id} carries no messages out", reason="calls_only")

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise Permanent(f"{self._id} keeps no files", reason="gone")

    async def close(self) -> None:
        return None


def render(message: OutboundMessage, account: Account) -> Mapping[str, str]:
    """Nothing leaves; the value is what would be said."""
    return {"thread": message.thread, "text": message.text}


# ---- reading


def entries(delivery: Delivery) -> list[dict[str, str]]:
    """What was posted, one flat mapping an entry: their names to texts. Raises MalformedPayload."""
    body = delivery.body.removeprefix(BOM).strip()
    if not body:
        raise MalformedPayload("an empty body")
    if body[:1] in (b"{", b"["):
        value = read_json(body)
    else:
        value = dict(_form(body, delivery.headers.get("Content-Type", "")))
        if not value:
            raise MalformedPayload("neither JSON nor a form")
    flats = [flat for one in _apart(value) if (flat := _flat(one))]
    if not flats:
        raise MalformedPayload("no field in it")
    return flats


def _form(body: bytes, content_type: str) -> list[tuple[str, Any]]:
    """Form-encoded, or multipart by its own first line; a name that comes several times is a list."""
    if body.startswith(b"--"):
        pairs = _multipart(body)
    else:
        charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
        if b"=" not in body:
            return []
        pairs = _encoded(body, charset[1] if charset else "utf-8")
    found: dict[str, list[str]] = {}
    for name, value in pairs[:FIELDS]:
        found.setdefault(name.removesuffix("[]"), []).append(value)
    return [(name, values[0] if len(values) == 1 else values) for name, values in found.items() if name]


def _encoded(body: bytes, charset: str) -> list[tuple[str, str]]:
    text = _unpacked(body, charset)
    try:
        for encoding in (charset, "utf-8"):
            try:
                return parse_qsl(
                    text, keep_blank_values=True, encoding=encoding, errors="strict", max_num_fields=FIELDS
                )
            except (UnicodeDecodeError, LookupError):
                continue
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace", max_num_fields=FIELDS)
    except ValueError:
        raise MalformedPayload("no form that can be read") from None


def _unpacked(body: bytes, charset: str) -> str:
    """The body as text; some send their own letters as they are, without %."""
    if not body.isascii():
        for encoding in (charset, "utf-8"):
            try:
                return body.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return body.decode("latin-1")


def _multipart(body: bytes) -> list[tuple[str, str]]:
    boundary = body.partition(b"\n")[0].strip()[2:]
    if not 0 < len(boundary) <= 200 or not re.fullmatch(rb"[\w'()+,./:=? -]+", boundary):
        raise MalformedPayload("a multipart body without a boundary")
    if b"multipart/" in body.lower():
        raise MalformedPayload("a multipart body within another")
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    found = []
    try:
        for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
            name = part.get_param("name", header="Content-Disposition")
            if isinstance(name, str) and name and part.get_filename() is None:
                payload = part.get_payload(decode=True)
                found.append((name, payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""))
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        raise MalformedPayload("a multipart body that cannot be read") from None
    return found


def _apart(value: Any) -> Iterable[Any]:
    """Entries of one POST: of a list, or of the list that is all that matters in it."""
    if isinstance(value, list) and not _pairs(value):
        return value[:ENTRIES]
    if isinstance(value, dict):
        for name, given in value.items():
            if name.lower() not in WRAPPERS:
                continue
            inner = _opened(given) if isinstance(given, str) and given[:1] == "[" else given
            if isinstance(inner, list) and inner and not _pairs(inner) and all(isinstance(one, dict) for one in inner):
                rest = {key: other for key, other in value.items() if key != name}
                return [{**rest, **one} for one in inner[:ENTRIES]]
    return [value]


def _pairs(value: Any) -> bool:
    """Is it a list of fields, {name, value} each?"""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict) and any(key in one for key in VALUED) and any(key in one for key in NAMED)
            for one in value
        )
    )


def _flat(value: Any) -> dict[str, str]:
    """Every text below it under its own name, or its path where the name is taken; empty ones stay empty."""
    found: dict[str, str] = {}
    _flatten(value, "", found)
    return found


def _flatten(value: Any, path: str, found: dict[str, str]) -> None:
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = _opened(value)
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}" if path else str(name), found)
    elif _pairs(value):
        for one in value:
            name = next(one[key] for key in NAMED if key in one)
            inner = next(one[key] for key in VALUED if key in one)
            if isinstance(name, str) and name:
                _flatten(inner, f"{path}.{name}" if path else name, found)
    elif isinstance(value, list):
        if all(not isinstance(one, (dict, list)) for one in value):
            _put(found, path, ", ".join(filter(None, map(_text, value))))
        else:
            for number, one in enumerate(value[:FIELDS]):
                _flatten(one, f"{path}.{number}" if path else str(number), found)
    else:
        _put(found, path, _text(value))


def _put(found: dict[str, str], path: str, text: str) -> None:
    if not path or len(found) >= FIELDS:
        return
    path = "".join(char for char in clean(path)[:NAME] if char.isprintable())
    last = path.rpartition(".")[2]
    name = last if last and not last.isdigit() and not found.get(last) else path
    if name and not found.get(name):
        found[name] = text


def _opened(text: str) -> Any:
    """JSON in a field; what only looks like it stays a text."""
    try:
        value = read_json(text.encode("utf-8", "surrogatepass"))
    except MalformedPayload:
        return text
    return value if isinstance(value, (dict, list)) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e18:
        return str(int(value))
    return clean(str(value)).strip()


# ---- names: theirs to ours

_UNMARKED: Final = str.maketrans("đĐ", "dD")
_BETWEEN: Final = re.compile(r"[^0-9a-z]+")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain(name: str) -> str:
    """A field's name without marks, case and signs: `Họ và tên:`, `hoVaTen` and `ho-va-ten` are ho_va_ten."""
    bare = "".join(char for char in unicodedata.normalize("NFD", name.translate(_UNMARKED)) if char.isascii())
    return _BETWEEN.sub("_", _HUMPS.sub("_", bare).lower()).strip("_")


def named(flat: Mapping[str, str], account: Account, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Our names to what stands under theirs: by the account's own mapping first, then by what such fields are usually
    called, the earlier name of the table first. What is empty is not there."""
    own: Mapping[str, str] = account.get("fields") or {}
    by_name: dict[str, str] = {}
    for name, text in flat.items():
        if text:
            by_name.setdefault(plain(name), text)
            by_name.setdefault(plain(name.rpartition(".")[2]), text)
    found: dict[str, str] = {}
    for ours, usual in known.items():
        theirs = [*map(plain, str(own.get(ours) or "").split(",")), *((ours,) if ours not in own else ()), *usual]
        text = next((by_name[name] for name in theirs if name and name in by_name), "")
        if text:
            found[ours] = text
    return found


def others(
    flat: Mapping[str, str], used: Iterable[str], account: Account, known: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Fields that none of ours took, under their own names."""
    taken = set(used)
    names = {name for ours in taken for name in (ours, *known[ours])}
    own: Mapping[str, str] = account.get("fields") or {}
    names |= {plain(name) for ours in taken for name in str(own.get(ours) or "").split(",")}
    return {name: text for name, text in flat.items() if text and plain(name.rpartition(".")[2]) not in names}


# ---- telephone numbers: only as far as two spellings of one are one

_DIGITS: Final = re.compile(r"[^\d+]")


def number(text: str) -> str:
    """E.164 of a Vietnamese number however it is spelled, another country's as it is; '' when there are no digits."""
    shown = unicodedata.normalize("NFKC", text)
    digits = _DIGITS.sub("", shown.partition(";")[0].replace("sip:", "").partition("@")[0])
    plus, digits = digits.startswith("+"), digits.replace("+", "")
    if not digits:
        return ""
    if digits.startswith("00"):
        plus, digits = True, digits[2:]
    if digits.startswith("84") and 11 <= len(digits) <= 12:
        return f"+{digits[:2]}{digits[2:].removeprefix('0')}"
    if plus and len(digits) <= 15:
        return f"+{digits}"
    if digits.startswith("0") and 9 <= len(digits) - 1 <= 10:
        return f"+84{digits[1:]}"
    if len(digits) == 9 and digits[0] in "35789":
        return f"+84{digits}"
    return digits[:20]
