"""What fields are called: theirs to ours, however a name is spelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from channels.contract import Account

WORDS: Final = 800  # code points of a name that are compared: long runs of marks take long to normalise
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
