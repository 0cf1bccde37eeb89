"""What builders of forms and call centres post, made plain: JSON or form fields, nested or in lists, as flat texts.

They agree on nothing: JSON under any content type, form-encoded with a charset, multipart, the fields below `data`, as a
list of {name, value}, as JSON in a field. What comes out is one flat mapping an entry, which reads again as itself.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import count, islice
from typing import Any, Final

from channels import formbody
from channels.contract import (
    Account,
    Delivery,
    MalformedPayload,
    OutboundMessage,
    Permanent,
    WebhookRejected,
)
from channels.reading import clean, read_json

PLACEHOLDERS: Final = frozenset({"changeme", "change-me", "change_me", "default", "password", "123456"})
ENTRIES: Final = 100  # of one POST
FIELDS: Final = 200  # of one entry
NAME: Final = 200  # code points of a field's name, its path included: a question with its explanation
VALUES: Final = 3_000  # of one POST, objects and lists counted too: thrice the longest batch seen
LETTERS: Final = 300_000  # code points of all its texts, before they are cleaned
WORDS: Final = 800  # code points of what is compared, a name or a number: long runs of marks take long to normalise
MARKS: Final = 20_000  # commas and brackets of a JSON body: to read a megabyte of them alone takes 100 ms
WITHIN: Final = 64  # objects and lists one in another, those of JSON in a field included
BOM: Final = b"\xef\xbb\xbf"
WRAPPERS: Final = ("data", "leads", "entries", "items", "events", "payload", "body", "records", "results")
# What holds JSON as a text; in other fields people write.
HOLDERS: Final = frozenset(
    {*WRAPPERS, "lead", "entry", "fields", "form", "answers", "form_data", "form_fields", "raw_request", "json", "data_json"}
)  # fmt: skip
OPENS: Final = ("{", "[")
NAMED: Final = (  # what a list of fields calls the field
    "name", "key", "label", "field", "title", "question", "column_name", "column_id", "ref", "id",
)  # fmt: skip
WHOLE: Final = frozenset({"full", "value", "formatted"})  # what stands under a field's name and is the field
NUMBERS: Final = frozenset({"number", "phone", "phone_number", "phonenumber"})  # of a party of a call: `from.number`
SIDES: Final = frozenset({"from", "to", "caller", "callee", "customer"})
THINGS: Final = frozenset({"form", "page", "site", "website", "campaign", "landing_page", "workspace", "source"})
OF_THINGS: Final = frozenset({"id", "name", "title", "url", "slug", "type", "link"})  # a form's name is nobody's
VALUED: Final = ("value", "values", "answer", "content", "string_value")
_MADE: Final = re.compile(
    r"(?:field|input|question|control|item|f|q|e)?[_-]?(?=\w*\d)[0-9a-zA-Z]+"
)  # field_3a7b9c1: no person's word
_STEPS: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]{1,100}\]){1,4})")
_STEP: Final = re.compile(r"\[([^\[\]]+)\]")

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
    return placeholders(account) if secrets_of(account) else ["secret: is missing"]


def placeholders(account: Account) -> list[str]:
    """A secret that everybody knows is none."""
    if not any(one.lower() in PLACEHOLDERS for one in secrets_of(account)):
        return []
    make = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
    return [f"secret: is a word that stands in examples; this makes a good one: {make}"]


def veiled(account: Account, told: str | bytes) -> str:
    """24 hex digits that stand for what a person told us, the same for ever: threads and keys lie in the clear and are
    shown to all, and a plain hash of a telephone number is found by trying them all. Raises ValueError without a key."""
    if not account.thread_key:
        raise ValueError(f"{account.id}: no thread_key was lent")
    data = told if isinstance(told, bytes) else told.encode("utf-8", "surrogatepass")
    return hmac.new(account.thread_key, data, hashlib.sha256).hexdigest()[:24]


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
        if sum(map(body.count, (b",", b"{", b"["))) > MARKS:
            raise MalformedPayload("more values than a form has")
        value = read_json(body)
    else:
        value = dict(_form(body, delivery.headers.get("Content-Type", "")))
        if not value:
            raise MalformedPayload("neither JSON nor a form")
    reading = _Reading()
    apart = list(islice(_apart(value), ENTRIES + 1))
    if len(apart) > ENTRIES:
        raise MalformedPayload(f"more than {ENTRIES} entries")
    flats = [flat for one in apart if (flat := reading.flat(one))]
    if not flats:
        raise MalformedPayload("no field in it")
    return flats


def _form(body: bytes, content_type: str) -> list[tuple[str, Any]]:
    """A name that comes several times is a list; `fields[phone][value]` stands as deep as it says."""
    found: dict[str, list[str]] = {}
    for name, value in formbody.pairs(body, content_type):
        found.setdefault(name.removesuffix("[]"), []).append(value)
    whole: dict[str, Any] = {}
    for name, values in found.items():
        if name:
            _into(whole, name, values[0] if len(values) == 1 else values)
    return [(name, _listed(value)) for name, value in whole.items()]


def _into(whole: dict[str, Any], name: str, value: Any) -> None:
    steps = _STEPS.fullmatch(name)
    if steps is None:
        whole[name] = value
        return
    inner = whole
    *way, last = steps[1], *_STEP.findall(steps[2])
    for step in way:
        below = inner.setdefault(step, {})
        if not isinstance(below, dict):
            whole[name] = value  # `a=1&a[b]=2`: nothing is lost
            return
        inner = below
    inner[last] = value


def _listed(value: Any) -> Any:
    """`fields[0][name]=…&fields[0][value]=…` is a list, as PHP and jQuery write one."""
    if not isinstance(value, dict):
        return value
    value = {name: _listed(one) for name, one in value.items()}
    return list(value.values()) if value and all(name.isdigit() for name in value) else value


def _apart(value: Any) -> Iterable[Any]:
    """Entries of one POST: of a list, or of the list that is all that matters in it."""
    if isinstance(value, list) and not _pairs(value):
        return value
    if isinstance(value, dict):
        for name, given in value.items():
            if name.lower() not in WRAPPERS:
                continue
            inner = _opened(_text(given)) if isinstance(given, str) and given.lstrip()[:1] in OPENS else given
            if isinstance(inner, list) and inner and not _pairs(inner) and all(isinstance(one, dict) for one in inner):
                rest = {key: other for key, other in value.items() if key != name}
                return ({**rest, **one} for one in inner)
    return [value]


def _pairs(value: Any) -> bool:
    """Is it a list of fields, {name, value} each?"""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and _holder(one) and any(key in one for key in NAMED) for one in value)
    )


def _holder(one: dict[str, Any]) -> str:
    """Under which name a field's value stands: `value`, or its own type: {"type": "text", "text": "Lan", "field": {…}}."""
    if found := next((key for key in VALUED if key in one), ""):
        return found
    kind = one.get("type")
    return kind if isinstance(kind, str) and kind in one and kind not in NAMED else ""


class _Reading:
    """Of one POST: what it may still hold."""

    def __init__(self) -> None:
        self._left = VALUES
        self._letters = LETTERS

    def flat(self, value: Any) -> dict[str, str]:
        """Every text below it under its own name, or its path where the name is taken; empty ones stay empty."""
        found: dict[str, str] = {}
        self._flatten(value, "", found, WITHIN)
        return found

    def _flatten(self, value: Any, path: str, found: dict[str, str], within: int) -> None:
        self._left -= 1
        if self._left < 0 or not within:
            raise MalformedPayload("more values than a form has" if within else "nested deeper than a form is")
        if isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value):
            self._left -= len(value)
            value = ", ".join(filter(None, map(self._text, value)))
        if not isinstance(value, (dict, list)):
            text = self._text(value)
            value = _opened(text) if text[:1] in OPENS and plain(_last(path)) in HOLDERS else text
        if isinstance(value, str):
            _put(found, path, value)
            return
        thing = _thing(path, value)
        for name, inner in _below(value):
            self._flatten(inner, _beneath(path, f"{thing}_{name}" if thing else name), found, within - 1)

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            self._letters -= len(value)
            if self._letters < 0:
                raise MalformedPayload("longer texts than a form has")
        return _text(value)


def _thing(path: str, value: Any) -> str:
    """What this speaks of when it is the form or the page itself, else ''."""
    above = _last(path)
    about = plain(above) in THINGS and isinstance(value, dict) and OF_THINGS.issuperset(value)
    return above if about else ""


def _below(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    """Names and what stands under them."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield _described(name, one) if isinstance(one, dict) else (name, one)
    elif _pairs(value):
        for one in value:
            name = _called(one)
            if name:
                yield name, one[_holder(one)]
    else:
        for number, one in enumerate(value):
            yield str(number), one


def _described(name: str, one: dict[str, Any]) -> tuple[str, Any]:
    """A field that says more of itself than its value: {"id": …, "title": …, "type": …, "value": …}."""
    if (
        "value" not in one
        or isinstance(one["value"], (dict, list))
        or not any(key in one for key in ("id", "type", "title", "label"))
    ):
        return (name, one)
    return (_called(one) or name if _MADE.fullmatch(name) else name), one["value"]


def _called(one: dict[str, Any]) -> str:
    """The first of a field's names that people gave it, else the first."""
    if isinstance(one.get("field"), dict):
        one = {**one["field"], **{key: given for key, given in one.items() if key != "field"}}
    names = [one[key] for key in NAMED if isinstance(one.get(key), str) and one[key]]
    return next((name for name in names if not _MADE.fullmatch(name)), names[0] if names else "")


def _beneath(path: str, name: str) -> str:
    """Cut before it is cleaned, and at every step: a long name would be written out again for all that is below it."""
    bare = "".join(char for char in clean(name[: 2 * NAME]) if char.isprintable())
    name = bare if len(bare) <= NAME and len(name) <= 2 * NAME else f"{bare[: NAME - 1]}…"
    return f"{path}.{name}"[-NAME:].lstrip(".") if path else name


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _told(path: str) -> str:
    """The end of a path that says what it is: of `phone.full` it is phone."""
    above, _, last = path.rpartition(".")
    side = _last(above)
    whole = last in WHOLE or (last in NUMBERS and plain(side) in SIDES) or (last == "name" and plain(side) == "agent")
    return side if above and whole else last


def _put(found: dict[str, str], path: str, text: str) -> None:
    """Where its name and its path are taken, it stands under the path and a number. Raises MalformedPayload."""
    if not path:
        return
    last = _told(path)
    name = last if last and not last.isdigit() and not found.get(last) else path
    if found.get(name):
        if not text or text == found[name]:
            return
        numbered = (f"{path}.{number}"[-NAME:].lstrip(".") for number in count(2))
        name = next(one for one in numbered if not found.get(one))
    found[name] = text
    if len(found) > FIELDS:
        raise MalformedPayload(f"more than {FIELDS} fields")


def _opened(text: str) -> Any:
    """JSON in a field, as a cleaned text; what only looks like it stays a text."""
    if sum(map(text.count, ",{[")) > MARKS:
        raise MalformedPayload("more values than a form has")
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
    if isinstance(value, str):
        return clean(value, LETTERS).strip()
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e18:
        return str(int(value))
    return str(value)


# ---- names: theirs to ours

_UNMARKED: Final = str.maketrans("đĐ", "dD")
_BETWEEN: Final = re.compile(r"[^0-9a-z]+")
_NUMBERED: Final = re.compile(r"q\d{1,3}_(?=.)")
_COUNTED: Final = re.compile(r"(?<=[^\W\d])\.\d{1,3}\Z")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=2048)
def plain(name: str) -> str:
    """A field's name without marks, case and signs: `Họ và tên:`, `hoVaTen` and `ho-va-ten` are ho_va_ten."""
    bare = "".join(char for char in unicodedata.normalize("NFD", name[:WORDS].translate(_UNMARKED)) if char.isascii())
    return _BETWEEN.sub("_", _HUMPS.sub("_", bare).lower()).strip("_")


def named(flat: Mapping[str, str], account: Account, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Our names to what stands under theirs: by the account's own mapping first, then by what such fields are usually
    called, the earlier name of the table first. What is empty is not there."""
    own: Mapping[str, str] = account.get("fields") or {}
    by_name: dict[str, str] = {}
    for name, text in flat.items():
        if text:
            by_name.setdefault(plain(name), text)
            by_name.setdefault(bare(name), text)
    found: dict[str, str] = {}
    for ours, usual in known.items():
        theirs = [*mapped(account, ours), *((ours,) if ours not in own else ()), *usual]
        text = next((by_name[name] for name in theirs if name in by_name), "")
        if text:
            found[ours] = text
    return found


def mapped(account: Account, ours: str) -> list[str]:
    """What the account itself says the field is called, the first to be taken first."""
    own: Mapping[str, str] = account.get("fields") or {}
    return [name for name in map(plain, str(own.get(ours) or "").split(",")) if name]


def bare(name: str) -> str:
    """Without what stands above it, without the number that some builders put before (`q4_phoneNumber`) and the one that
    we put behind (`message.2`)."""
    return _NUMBERED.sub("", plain(_COUNTED.sub("", name).rpartition(".")[2]))


# ---- telephone numbers: only as far as two spellings of one are one

_DIGITS: Final = re.compile(r"[^\d+]")


def number(text: str) -> str:
    """E.164 of a Vietnamese number however it is spelled, another country's as it is; '' when there are no digits."""
    shown = unicodedata.normalize("NFKC", text[:WORDS])
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
