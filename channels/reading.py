"""One careful reader for what came from outside: JSON as strict as the strictest parser, typed getters, clean text.

Whatever is wrong with a payload raises `MalformedPayload`, naming the place and never the value.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from channels.contract import MalformedPayload

DEPTH: Final = 32
DIGITS: Final = 20
ID_LENGTH: Final = 128
TEXT_LENGTH: Final = 16_000
NAME_BYTES: Final = 120

# ---- JSON: two parsers that disagree are a hole, so nothing is read that another might read otherwise

_BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACES: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(code for code in range(256) if code not in b"[]{}")


def _shallow(body: bytes) -> bool:
    """Whether no more than DEPTH brackets are open at once; in C, without recursion."""
    if body.count(b"{") + body.count(b"[") <= DEPTH:
        return True
    brackets = _STRING.sub(b"", body).translate(_BRACES, _NOT_BRACKETS)
    for _ in range(DEPTH):  # each round takes the innermost pair of every nest away
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return not brackets  # what is left is too deep, or unbalanced and no JSON anyway


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise MalformedPayload("a key appears twice in one object")
    return result


def _integer(digits: str) -> int:
    if len(digits) > DIGITS and len(digits.lstrip("-")) > DIGITS:
        raise MalformedPayload(f"an integer of more than {DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MalformedPayload("a number that is not finite")
    return value


def _constant(name: str) -> Any:
    raise MalformedPayload(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def read_json(body: bytes) -> Any:
    """The value that `body` spells. Strict UTF-8 (a BOM is cut), at most 32 deep, keys once, numbers finite and
    at most 20 digits. 8 µs for a Telegram message of 500 bytes."""
    if body.startswith(_BOM):
        body = body[3:]
    if not _shallow(body):
        raise MalformedPayload(f"nested deeper than {DEPTH}")
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        problem = "not UTF-8"
    except (ValueError, RecursionError):
        problem = "not JSON"
    raise MalformedPayload(problem)  # outside the handler: the causes quote the body


KEPT_ASIDE: Final = "?"  # the account of one of several events that nobody could read; `reason` says why


# ---- typed getters: absent and null are '' (or the default); the wrong type is an error


def _at(raw: Any, path: Sequence[str]) -> Any:
    value = raw
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif value is None:
            return None
        else:
            raise MalformedPayload(f"{'.'.join(path[: path.index(key)]) or 'the payload'}: an object was expected")
    return value


def wrong(path: Sequence[str], wanted: str) -> MalformedPayload:
    """To be raised: at this place something else was due."""
    return MalformedPayload(f"{'.'.join(path) or 'the payload'}: {wanted} was expected")


def text(raw: Any, *path: str) -> str:
    """The cleaned text at `path`, '' when absent."""
    value = raw.get(path[0]) if len(path) == 1 and type(raw) is dict else _at(raw, path)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(path, "a text")
    return clean(value)


def ident(raw: Any, *path: str, needed: bool = True) -> str:
    """A platform's id as text, 1 to 128 characters, for ever; '' when absent and not `needed`."""
    value = raw.get(path[0]) if len(path) == 1 and type(raw) is dict else _at(raw, path)
    if value is None and not needed:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not 0 < len(value) <= ID_LENGTH or not value.isprintable():
        raise wrong(path, f"an id of at most {ID_LENGTH} characters")
    return value


def integer(raw: Any, *path: str, default: int | None = None) -> int:
    """The integer at `path`, also when the platform spells it as a text of digits; `default` when absent."""
    value = _at(raw, path)
    if value is None and default is not None:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    raise wrong(path, "an integer")


def number(raw: Any, *path: str) -> float:
    """The finite number at `path`."""
    value = _at(raw, path)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise wrong(path, "a number")


def mapping(raw: Any, *path: str) -> Mapping[str, Any]:
    """The object at `path`, empty when absent."""
    value = raw.get(path[0]) if len(path) == 1 and type(raw) is dict else _at(raw, path)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(path, "an object")
    return value


def items(raw: Any, *path: str) -> list[Any]:
    """The list at `path`, empty when absent."""
    value = _at(raw, path)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(path, "a list")
    return value


def moment(seconds: float, *path: str) -> datetime:
    """Aware UTC of Unix seconds; `path` only names the place."""
    if not -1 < seconds < 32_503_680_000:  # year 3000: beyond it somebody sent milliseconds
        raise wrong(path, "a time")
    return datetime.fromtimestamp(seconds, UTC)


# ---- text

_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(0xD800, 0xE000)) if chr(code) not in "\n\t"}
_DIRTY: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
# Normalising is quadratic in a run of combining marks (a megabyte of them would hold the loop for minutes), so it
# is done in pieces that end before an ASCII character, which never composes with what stands before it.
_WHOLE: Final = 100
_PIECE: Final = re.compile(rf".{{1,{_WHOLE - 1}}}(?=[\x00-\x7f]|\Z)|.{{1,{_WHOLE}}}", re.DOTALL)
RAWER: Final = 4  # a letter of Vietnamese is up to three code points before NFC


def clean(value: str, limit: int = TEXT_LENGTH) -> str:
    """Text as we keep it: NFC (Vietnamese comes as NFD from macOS), lone surrogates and controls but \\n and \\t as
    U+FFFD, line ends as \\n, at most `limit` code points (a cut ends in …)."""
    if value.isascii() and len(value) <= limit and not _DIRTY.search(value):
        return value
    value = value[: RAWER * limit]
    if _DIRTY.search(value):
        value = value.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    if len(value) <= _WHOLE:
        value = unicodedata.normalize("NFC", value)
    else:
        value = "".join(unicodedata.normalize("NFC", piece) for piece in _PIECE.findall(value))
    return value if len(value) <= limit else value[: limit - 1] + "…"


_IN_NAMES: Final = str.maketrans(
    dict.fromkeys("/\\∕⁄⧵＼／", "_") | dict.fromkeys("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
)  # separators and their look-alikes; letters that show nothing, so that a name cannot look empty
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)


def _visible(char: str) -> str:
    match unicodedata.category(char):
        case "Cc" | "Zl" | "Zp" | "Zs":
            return " "
        case "Cf":
            return ""
        case "Cs":
            return "\ufffd"
    return char


def clean_name(name: str) -> str:
    """The name of a person or a file, safe in a list, a file system and a header of ours: NFC, one line, without
    controls, bidi and zero-width characters, path separators, leading dots and reserved names; at most 120 bytes
    of UTF-8, a file's extension kept. May be ''."""
    if name.isascii() and name.isalpha() and len(name) <= NAME_BYTES and not _RESERVED.match(name):
        return name
    name = name[:1000]
    if not name.isprintable():
        name = "".join(map(_visible, name))
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    name = " ".join(name.translate(_IN_NAMES).split()).lstrip(". ").rstrip(". ")
    if _RESERVED.match(name):
        name = "_" + name
    if len(name.encode()) > NAME_BYTES:
        stem, dot, extension = name.rpartition(".")
        if not stem or not 0 < len(extension.encode()) <= 12:
            stem, dot, extension = name, "", ""
        room = NAME_BYTES - len((dot + extension).encode())
        name = stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + extension
    return name
