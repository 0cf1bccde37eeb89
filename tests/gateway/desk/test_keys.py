"""The inventory of keys: every act of the inbox is in it, with words, and no key does two things."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.desk import words

DESK = Path(words.__file__).parent
_KEY = re.compile(r'\{ does: "(\w+)", key: "([^"]+)", group: "(\w+)"(, shown: true)? \}')

_DEED = re.compile(r'data-deed="(\w+)"')


def inventory() -> list[tuple[str, str, str, bool]]:
    found = _KEY.findall((DESK / "static" / "keys.js").read_text(encoding="utf-8"))
    return [(does, key, group, bool(shown)) for does, key, group, shown in found]


def test_every_act_has_a_key_and_words() -> None:
    inbox = (DESK / "templates" / "inbox.html").read_text(encoding="utf-8")
    bar, menu = inbox.split('id="acts-menu"')
    known = {does for does, _, group, _ in inventory() if group == "deed"}
    assert set(_DEED.findall(bar)) <= known, "an act without a key"
    assert _DEED.findall(menu), "those of the menu are told as its key and the arrows, where they have none"
    for lang in words.LANGUAGES:
        told = words.Words().script(lang)
        for does, _, group, _ in inventory():
            assert told[f"key_{does}"]
            assert told[f"keys_{group}"]


def test_no_key_does_two_things() -> None:
    keys = [key for _, key, _, shown in inventory() if not shown]
    assert len(keys) == len(set(keys))
    assert all(len(key) == 1 for key in keys), "one key, no chord: chords belong to the browser and to screen readers"
