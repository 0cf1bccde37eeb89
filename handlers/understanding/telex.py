"""Vietnamese typed with the keyboard's input method switched off: Telex ("bao hieemr") and VNI ("ba3o hie63m").

Only where it is nothing else: a text without any mark, several words that are real syllables once read so, and one of them
with a letter that no plain word has.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

TONES: Final = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
TONE_DIGITS: Final = {"1": "s", "2": "f", "3": "r", "4": "x", "5": "j"}
LETTERS: Final = {"aa": "â", "ee": "ê", "oo": "ô", "aw": "ă", "ow": "ơ", "uw": "ư", "dd": "đ"}
LETTER_DIGITS: Final = {"a6": "aa", "e6": "ee", "o6": "oo", "a8": "aw", "o7": "ow", "u7": "uw", "d9": "dd"}
ONSETS: Final = "ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|dd|b|c|d|g|h|k|l|m|n|r|s|t|v|x"
VOWELS: Final = (
    "ieeu|yeeu|uwowi|uwowu|uoowi|uooi|uyee|oai|oay|uaay|uya|iee|yee|uow|uwow|uoo|uwa|uwi|uwu|aau|aay|eeu|ooi|owi|uee|uaa|uow|uy|ua|ui|uo|oa|oe|oaw|ai"
    "|ao|au|ay|eo|ia|iu|oi|yee|aa|ee|oo|aw|ow|uw|a|e|i|o|u|y"
)
CODAS: Final = "ng|nh|ch|c|m|n|p|t"
SYLLABLE: Final = re.compile(rf"({ONSETS})?({VOWELS})({CODAS})?([sfrxj])?")
DOUBLED: Final = re.compile(r"aa|ee|oo|[aou]w|dd")
VNI_LETTER: Final = re.compile(r"[6-9]|[1-5][a-z]")
STRETCHED: Final = re.compile(r"([aeo])\1{2,}")
LATE_LETTER: Final = re.compile(r"([a-z]*?)([aeo])([a-z]*)\2([sfrxj]?)")  # "tienef": the second e comes late
LATE_W: Final = re.compile(r"([a-z]*?)([aou])(ng|n|c|m|t|i|u)w([sfrxj]?)")
LATE_TONE: Final = re.compile(
    r"([a-z]*?[aeiouyw])([sfrxj])(ng|nh|ch|c|m|n|p|t|i|o|u|a|y)?"
)  # "baros": typed before the end
WORD: Final = re.compile(r"(?<![^\s(\"'.,;:!?/])[A-Za-z][A-Za-z1-9]*(?![^\s).,;:!?\"'/])")
# without one of these in a text there is nothing to read
HINT: Final = re.compile(
    r"(?:aa|ee|oo|[aou]w|dd)[a-z]*[sfrxj]\b|\bdd|[aou]w(?:ng|n|c|i)?\b|[a-z][1-9][a-z]|[aeioudy][6-9]|[aeiouy][ngcht]{0,2}[sfrxj]\b",
    re.IGNORECASE,
)
LONGEST: Final = 600  # characters
ENOUGH: Final = 3  # a word counts one, one with a letter and a tone two
ALONE: Final = 2  # words; a message of so few needs a letter and a tone in one of them and nothing that cannot be read
ENGLISH: Final = frozenset(
    "as is us has his this thus gas bus car bar her too soon noon moon been seen see bee tree now how low law deer beer boots seems teens rooms moons laws cows beers".split()
)


def decoded(text: str) -> str:
    """`text` with its marks, when it was typed in Telex or VNI without an input method; else as it is."""
    if not text.isascii() or len(text) > LONGEST or "@" in text or not HINT.search(text):
        return text
    found: list[tuple[int, int, str]] = []
    weight = words = 0
    sure = False
    for match in WORD.finditer(text):
        words += 1
        typed = STRETCHED.sub(r"\1\1", match[0].lower())
        numbered = not typed.isalpha()
        read = _vni(typed) if numbered else _telex(typed)
        if not read or read == typed:
            continue
        found.append((*match.span(), read))
        if typed in ENGLISH:
            continue
        letter = VNI_LETTER.search(typed) if numbered else DOUBLED.search(typed)
        weight += 1 + (letter is not None and (numbered or typed[-1] in TONES))
        sure = sure or letter is not None
    enough = ALONE if len(found) == words <= ALONE else ENOUGH
    if not sure or weight < enough or 3 * len(found) < words:
        return text
    for start, end, read in reversed(found):
        text = text[:start] + (read.capitalize() if text[start].isupper() else read) + text[end:]
    return text


def _vni(typed: str) -> str:
    """Digits as the Telex letters they stand for, in Telex's order; '' when they are none."""
    letters: list[str] = []
    tone = ""
    for letter in typed:
        if letter in TONE_DIGITS:
            if tone:
                return ""
            tone = TONE_DIGITS[letter]
        elif letter.isdigit():
            base = next((at for at in range(len(letters) - 1, -1, -1) if letters[at] + letter in LETTER_DIGITS), -1)
            if base < 0:
                return ""
            letters[base] = LETTER_DIGITS[letters[base] + letter]
            if letters[base] == "ow" and base and letters[base - 1] == "u":
                letters[base - 1] = "uw"
        else:
            letters.append(letter)
    return _telex("".join(letters) + tone)


def _telex(typed: str) -> str:
    """A syllable with its marks, or '' when it is none."""
    for spelled in _orders(typed):
        match = SYLLABLE.fullmatch(spelled)
        if match:
            return _marked(match[1] or "", match[2], match[3] or "", match[4] or "")
    return ""


def _orders(typed: str) -> list[str]:
    """The word, and the word with what was typed late put where it belongs, or twice by mistake once."""
    orders = [typed]
    if "uu" in typed:
        orders.append(typed.replace("uu", "u"))
    if match := LATE_LETTER.fullmatch(typed):
        orders.append(f"{match[1]}{match[2] * 2}{match[3]}{match[4]}")
    if match := LATE_W.fullmatch(typed):
        orders.append(f"{match[1]}{match[2]}w{match[3]}{match[4]}")
    if (match := LATE_TONE.fullmatch(typed)) and match[3]:
        orders.append(f"{match[1]}{match[3]}{match[2]}")
    return orders


def _marked(onset: str, vowels: str, coda: str, tone: str) -> str:
    if vowels in ("uow", "uowi"):
        vowels = vowels.replace("uow", "uwow")
    at = 0
    letters: list[str] = []
    while at < len(vowels):
        pair = vowels[at : at + 2]
        letters.append(LETTERS.get(pair, vowels[at]))
        at += 2 if pair in LETTERS else 1
    if tone:
        place = _tone_place(letters, coda)
        letters[place] = unicodedata.normalize("NFC", letters[place] + TONES[tone])
    return f"{onset.replace('dd', 'đ')}{''.join(letters)}{coda}"


def _tone_place(letters: list[str], coda: str) -> int:
    """On the marked vowel, the last of two; else before the last without a final consonant, on the last with one."""
    marked = [at for at, letter in enumerate(letters) if not letter.isascii()]
    if marked:
        return marked[-1]
    if len(letters) == 1 or coda:
        return len(letters) - 1
    return len(letters) - 2
