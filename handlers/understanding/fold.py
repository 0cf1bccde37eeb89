"""Vietnamese as typed, made comparable: one text, its plain letters, and its words with and without tone marks.

Three forms of a text, all without invisible characters:
text  NFKC, as typed otherwise: names are cut out of it
flat  the same length, lower case, no marks: patterns run over it and their spans fit `text`
words `Word(key, form)`: key "dung", form "dưng2" for "dừng"; the tone stands at the end, so hòa = hoà
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST: Final = (
    4096  # characters, data dictionary 2.8: of what is longer the beginning and the end are read, as much of each
)
INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u20e3\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]+"
)
LEFTOVER: Final = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
WORD: Final = re.compile(r"\d+|[^\W\d_]+")
PLAIN_WORD: Final = re.compile("[a-z]+")
LONG_RUN: Final = re.compile(r"([^\W\d_])\1{2,}")  # okeee; a double letter may be right (hello, xoong)
DOUBLE: Final = re.compile(r"([^\W\d_])\1+")
TONES: Final = {"\u0300": "2", "\u0301": "1", "\u0303": "4", "\u0309": "3", "\u0323": "5"}


def _plain_letters() -> dict[int, str]:
    table = {ord("đ"): "d", ord("Đ"): "d", ord("ð"): "d", ord("Ð"): "d", ord("ɖ"): "d", ord("İ"): "i", ord("ß"): "s"}
    for code in (*range(0x00C0, 0x0250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        if base.isascii() and base.isalpha():
            table.setdefault(code, base)
    return table


def _toned_letters() -> dict[str, tuple[str, str]]:
    """Each letter with a tone mark -> the letter without it, and the tone's digit."""
    found = {}
    for code in (*range(0x00C0, 0x0180), *range(0x1EA0, 0x1EFA)):
        marks = unicodedata.normalize("NFD", chr(code))
        tone = next((TONES[mark] for mark in marks if mark in TONES), "")
        if tone:
            bare = "".join(mark for mark in marks if mark not in TONES)
            found[chr(code)] = (unicodedata.normalize("NFC", bare), tone)
    return found


PLAIN: Final = _plain_letters()
TONED: Final = _toned_letters()
TONELESS: Final = {ord(letter): bare for letter, (bare, _) in TONED.items()}
TONE_OF: Final = {letter: tone for letter, (_, tone) in TONED.items()}


VIETNAMESE: Final = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
# What ordinary messages are made of, a byte a character: so C tells that there is nothing else, and makes them plain.
# (A table of bytes must begin with NUL, which is no ordinary character.)
ORDINARY: Final = "\0\t\n\r" + "".join(map(chr, range(0x20, 0x7F))) + VIETNAMESE + VIETNAMESE.upper()
BYTE_OF: Final = codecs.charmap_build(ORDINARY.ljust(256, "\ufffe"))
PLAIN_BYTE: Final = ORDINARY.lower().translate(PLAIN).ljust(256).encode("ascii")


class Word(NamedTuple):
    """A word as it is compared. `key` -- no marks at all; `form` -- with its marks, the tone as a digit at the end."""

    key: str
    form: str


def clean(text: str) -> str:
    """`text` in NFKC without invisible characters and without marks that belong to no letter; at most twice LONGEST."""
    text = _ends(text)
    if not text.isascii():
        text = _ends(unicodedata.normalize("NFKC", INVISIBLE.sub("", text)))
        text = LEFTOVER.sub("", text)
    return CONTROL.sub(" ", text)


def _ends(text: str) -> str:
    """The beginning and the end of a long text: a stop, a death may stand in its last line."""
    return text if len(text) <= 2 * LONGEST else f"{text[:LONGEST]}\n{text[1 - LONGEST :]}"


def flatten(text: str) -> str:
    """Lower case and no marks, one character for one: a span found here is a span of `text`. Wants `clean` text."""
    if text.isascii():
        return text.lower()
    flat = text.lower().translate(PLAIN)
    if len(flat) == len(text):
        return flat
    return "".join((letter.lower().translate(PLAIN) or " ")[0] for letter in text)


def both(text: str) -> tuple[str, str]:
    """`clean(text)`, and that `flatten`ed."""
    if len(text) <= LONGEST:
        try:
            ordinary, _ = codecs.charmap_encode(text, "strict", BYTE_OF)
        except UnicodeEncodeError:
            pass
        else:
            if 0 not in ordinary:
                return text, ordinary.translate(PLAIN_BYTE).decode("ascii")
    cleaned = clean(text)
    return cleaned, flatten(cleaned)


def plain_words(flat: str) -> set[str]:
    """The words of a `flat` text. To look a word up costs a tenth of a search for a pattern that needs it."""
    return set(PLAIN_WORD.findall(flat))


def fold(text: str) -> str:
    """How a text reads without marks, case, stretched letters and extra white space."""
    return " ".join(LONG_RUN.sub(r"\1", both(text)[1]).split())


def words(text: str) -> list[str]:
    """The folded words of `text`; digits and letters are apart: "7chỗ" is two."""
    return WORD.findall(fold(text))


@lru_cache(maxsize=8192)
def spell(token: str) -> Word:
    """A lower-case token as it is compared. Doubled letters count once."""
    token = DOUBLE.sub(r"\1", token)
    if token.isascii():
        return Word(token, token)
    form = token.translate(TONELESS)
    key = form.translate(PLAIN)
    if DOUBLE.search(key):
        key = DOUBLE.sub(r"\1", key)
    return Word(key, form + "".join([TONE_OF[letter] for letter in token if letter in TONE_OF]))


def tokens(text: str) -> list[str]:
    """The words of `clean` text as typed, in lower case."""
    return WORD.findall(text.lower())
