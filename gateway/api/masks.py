"""Personal values as they appear to somebody who need not know them, field by field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS: Final = re.compile(r"(?<![\w+])\+?\d(?:[ .()-]{0,2}\d){7,18}(?!\w)")
_NEED: Final = 20


def name(value: str) -> str:
    """`Nguyễn V** H***`; a single word keeps its first letter."""
    words = value.split()
    if not words:
        return ""
    shown = [words[0]] if len(words) > 1 else []
    return " ".join(shown + [_initial(word) for word in words[len(shown) :]])


def _initial(word: str) -> str:
    return word[0] + "*" * max(1, len(word) - 1)


def phone(value: str) -> str:
    """`091****678`."""
    digits = re.sub(r"\D", "", value)
    if value.startswith("+84") and len(digits) > 4:
        digits = "0" + digits[2:]
    return f"{digits[:3]}****{digits[-3:]}" if len(digits) >= 8 else "*" * len(digits)


def ending(value: str) -> str:
    """`******5678`: for whoever may see the whole, to tell two people apart by."""
    return last4("0" + value.removeprefix("+84") if value.startswith("+84") else value) if value else ""


def email(value: str) -> str:
    """`l***@gmail.com`."""
    local, at, host = value.partition("@")
    return f"{local[:1]}***{at}{host}"


def last4(value: str) -> str:
    return "*" * max(0, len(value) - 4) + value[-4:] if len(value) > 4 else "****"


def id_number(value: str) -> str:
    """`079*****1234`."""
    return f"{value[:3]}*****{value[-4:]}" if len(value) >= 9 else last4(value)


def plate(value: str) -> str:
    """`59X1-***45`."""
    head, dash, tail = value.partition("-")
    return f"{head}{dash}***{tail[-2:]}" if dash else last4(value)


def birth(value: str) -> str:
    """`**/**/1990`."""
    year = re.search(r"(?:19|20)\d\d", value)
    return f"**/**/{year[0] if year else '****'}"


def hidden(_value: str) -> str:
    return "***"


def text(value: str, names: Iterable[str] = ()) -> str:
    """Free words with what looks like a phone number, an id or an e-mail address masked in them, and so the `names` that
    we hold of the person, with or without their marks, whole or without the family name."""
    masked = _EMAIL.sub(lambda found: email(found[0]), value)
    masked = _DIGITS.sub(lambda found: phone(found[0]), masked)
    for each in names:
        masked = _named(masked, unicodedata.normalize("NFC", each).split())
    return masked


def _named(value: str, words: list[str]) -> str:
    """A single word is a word of the language as often as a name (Hà, An, Mai): it counts as it is written, no other way."""
    value = unicodedata.normalize("NFC", value)
    for tail in (words, words[1:]):
        if len(tail) > 1:
            pattern = r"(?<!\w)" + r"\s+".join(re.escape(_bare(word)) for word in tail) + r"(?!\w)"
            found = re.search(pattern, _bare(value))
            while found:
                start, end = found.span()
                hidden_name = name(value[start:end]) if tail is words else _initials(value[start:end])
                value = value[:start] + hidden_name + value[end:]
                found = re.compile(pattern).search(_bare(value), start + len(hidden_name))
    if words and len(words[-1]) > 1:
        value = re.sub(rf"(?<!\w){re.escape(words[-1])}(?![\w*])", lambda found: _initial(found[0]), value)
    return value


def _initials(value: str) -> str:
    return " ".join(_initial(word) for word in value.split())


def _bare(value: str) -> str:
    """Letter for letter without marks and case: as long as `value`."""
    return "".join("d" if char in "đĐ" else unicodedata.normalize("NFD", char)[0].lower()[:1] for char in value)


def need(value: str, names: Iterable[str] = ()) -> str:
    """Masked before it is cut: half a name is not known by its name."""
    masked = text(value, names)
    return masked[:_NEED] + ("…" if len(masked) > _NEED else "")


def _as_it_is(value: str) -> str:
    return value


_SLOTS: Final[Mapping[str, Callable[[str], str]]] = {
    "name": name, "full_name": name, "beneficiary": name, "org_name": name, "recipient": name, "display_name": lambda value: value[:1] + "***",
    "phone": phone, "email": email, "id_number": id_number, "plate": plate, "dob": birth, "birth_date": birth,
    "need": need, "need_text": need, "chassis_no": last4, "engine_no": last4, "policy_number": last4, "payment_ref": last4,
    "residence": hidden, "mailing_address": hidden, "address": hidden, "health": hidden, "health_declaration": hidden, "income_range": hidden,
    "payee_bank": hidden, "occupation": hidden, "marital_status": hidden,
    "product": _as_it_is, "province": _as_it_is, "callback_time": _as_it_is, "salutation": _as_it_is, "lang": _as_it_is,
}  # fmt: skip


# Shown in full by a look of its own only (POST /conversations/{id}/reveal), even to who works with the person.
GUARDED: Final = frozenset({"id_number"})


def guarded(values: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody sees who sees the rest as it is."""
    return {key: _slot(_SLOTS[key], value) if key in GUARDED else value for key, value in values.items()}


def slots(values: Mapping[str, Any], names: Iterable[str] = ()) -> dict[str, Any]:
    """A conversation's slots; a slot that this table does not know is read as free text. `names` -- of the person, masked
    in free words."""
    return {key: _slot(_SLOTS.get(key, text), value, names) for key, value in values.items()}


def _slot(mask: Callable[..., str], value: Any, names: Iterable[str] = ()) -> Any:
    if isinstance(value, str):
        return mask(value, names) if mask in (text, need) else mask(value)
    if isinstance(value, Mapping):
        return {key: _slot(_SLOTS.get(key, mask), item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_slot(mask, item, names) for item in value]
    return None if mask is hidden else value
