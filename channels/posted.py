"""What builders of forms and call centres post, made plain: JSON or form fields, nested or in lists, as flat texts.

They agree on nothing: JSON under any content type, form-encoded with a charset, multipart, the fields below `data`, as a
list of {name, value}, as JSON in a field. What comes out is one flat mapping an entry, which reads again as itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import count, islice
from typing import Any, Final

from channels import formbody
from channels.contract import Delivery, MalformedPayload
from channels.fieldnames import plain
from channels.reading import clean, read_json

ENTRIES: Final = 100  # of one POST
FIELDS: Final = 200  # of one entry
NAME: Final = 200  # code points of a field's name, its path included: a question with its explanation
VALUES: Final = 3_000  # of one POST, objects and lists counted too: thrice the longest batch seen
LETTERS: Final = 300_000  # code points of all its texts, before they are cleaned
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
