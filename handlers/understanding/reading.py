"""A message read once: its three forms, and every phrase of the lexicon that stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from handlers.understanding.cues import INDEX, SHORT, Found, Hit, Sentence, find
from handlers.understanding.fold import Word, both, spell, tokens
from handlers.understanding.supposed import weigh
from handlers.understanding.telex import decoded

PIECE: Final = 48  # words; people write 5 to 30
ACROSS: Final = 8  # words that two pieces share
ANSWER: Final = 40  # words: whoever writes more does not merely answer
# spelled letter by letter: D Ừ N G
SPACED: Final = frozenset({"dung", "stop", "ngung", "huy", "thoi"})
SHORTEST: Final = min(map(len, SPACED))
DANGERS: Final = frozenset({"fatal", "urgent"})
SEAT: Final = spell("chỗ")
HUSBAND: Final = spell("chồng")  # "ck em mất": no transfer of money, which "ck em rồi" is
WIFE: Final = frozenset({"vk", "vợ", "vo"})
OWN: Final = frozenset("e em tui tôi toi mình minh mk c chị chi cháu chau con của cua nhà".split())
PAID: Final = frozenset(
    "r rồi roi rùi rui qua vào vô số so stk tiền tien tk nhé nhe nha đủ du lại lai sau trước truoc".split()
)
CAPACITY: Final = spell("phânkhối")  # "150cc"
VOWELS: Final = frozenset("aăâeêioôơuưyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ")
AFTER_NUMBER: Final = frozenset("kbcdeartg")  # a unit or part of a plate, no pronoun


class Told(NamedTuple):
    """The answers in a sentence. `bits` -- the words under each label."""

    hits: list[Hit]
    bits: dict[str, int]

    def under(self, *labels: str) -> int:
        """The words under any of the labels."""
        found = 0
        for label in labels:
            if label in self.bits:
                found |= self.bits[label]
        return found


@dataclass(slots=True)
class Reading:
    """What stands in a message. `scores` -- intent -> weight; `labels` -- the names of all marks found; `values` -- the
    value of the longest phrase marked `key=…`, the earlier one of two."""

    text: str
    flat: str
    sentence: Sentence
    hits: list[Hit]
    answers: Found  # in its first words
    scores: dict[str, int]
    labels: set[str]
    values: dict[str, str]
    _told: Told | None = None

    @property
    def told(self) -> Told:
        """The answers in its first words."""
        if self._told is None:
            self._told = tell(self.answers)
        return self._told

    @property
    def words(self) -> list[Word]:
        return self.sentence.words

    @property
    def toned(self) -> bool:
        """Most words carry their marks."""
        return self.sentence.toned

    def fact(self, key: str) -> str | None:
        return self.values.get(key)


def read(text: str) -> Reading:
    """`text` as typed, read with the whole lexicon."""
    cleaned, flat = both(decoded(text))
    sentence = spell_out(tokens(cleaned))
    hits, answers = _find(sentence)
    scores: dict[str, int] = {}
    places: dict[str, set[int]] = {}
    labels: set[str] = set()
    values: dict[str, str] = {}
    lengths: dict[str, tuple[int, int]] = {}
    for mark, words, size in hits:
        label = mark.label
        labels.add(label)
        if mark.intent:
            if label not in places:
                places[label] = {words}
                scores[label] = mark.weight
            else:
                places[label].add(words)
                scores[label] = max(scores[label], mark.weight)
        elif mark.key:
            length = (size, -(words & -words))
            if mark.key not in values or length > lengths[mark.key]:
                values[mark.key], lengths[mark.key] = mark.value, length
    for label, where in places.items():
        # the best phrase of an intent counts in full, up to two further ones count one each
        if scores[label]:
            scores[label] += min(2, len(where) - 1)
        else:
            del scores[label]
    weigh(scores, labels, values)
    return Reading(cleaned, flat, sentence, hits, answers, scores, labels, values)


def _find(sentence: Sentence) -> tuple[list[Hit], Found]:
    """All hits that count. A long text is read piece by piece: hits are compared with each other, which is quadratic."""
    size = len(sentence.words)
    if size <= ANSWER:
        found, answers = find(sentence, INDEX)
        return settle(found), answers
    # a phrase may lie across the border of two
    pieces = [sentence.part(at, at + PIECE + ACROSS) for at in range(0, size, PIECE)]
    hits = [hit for piece in pieces for hit in settle(find(piece, INDEX)[0])]
    return hits, find(sentence.part(0, ANSWER), INDEX)[1]


def tell(answers: Found) -> Told:
    """Every mark of the answers found, by where it begins."""
    hits: list[Hit] = []
    bits: dict[str, int] = {}
    for cue, covered in answers:
        for mark in cue.marks:
            hits.append((mark, covered, covered.bit_count()))
            bits[mark.label] = bits.get(mark.label, 0) | covered
    return Told(hits, bits)


@lru_cache(maxsize=8192)
def _spelled(said: str) -> tuple[tuple[Word, ...], bool, bool, bool]:
    """What a word as typed says, whether it is a single letter, whether it could carry marks, and does."""
    if said[-1] == "g" and len(said) > 2 and said[-2] in VOWELS and not said.isascii():
        said = f"{said[:-1]}ng"  # dừg, đồg: no syllable ends so
    word = spell(said)
    meant = SHORT.get(said) or SHORT.get(word.form) or (word,)
    counts = len(said) > 1 and said not in SHORT
    return meant, len(word.key) == 1, counts, counts and not said.isascii()


def spell_out(typed: Sequence[str]) -> Sentence:
    """Numbers as #, shorthand in full, letters that spell a stop word put together."""
    words: list[Word] = []
    letters = full = marked = 0
    after_number = False
    for at, said in enumerate(typed):
        if said.isdecimal():
            words.append(Word("#", said))
            after_number = True
            continue
        meant, letter, counts, marks = _spelled(said)
        full += counts
        marked += marks
        if letter:
            letters += 1
            if after_number and said in AFTER_NUMBER:
                ends = at + 1 == len(typed) or not typed[at + 1].isdecimal()
                meant = (SEAT,) if said == "c" and ends else (spell(said),)
            elif after_number and said == "cc":
                meant = (CAPACITY,)
        elif said == "ck" and _is_husband(typed, at):
            meant = (HUSBAND,)
        words += meant
        after_number = False
    # most words that could carry marks do
    toned = 2 * marked >= full > 0
    if letters >= SHORTEST and letters == len(typed):
        spelled = [spell(said) for said in typed]
        if "".join([word.key for word in spelled]) in SPACED:
            words = [_joined(spelled)]
    keys, forms = zip(*words, strict=True) if words else ((), ())
    return Sentence(words, keys, forms, toned)


def _is_husband(typed: Sequence[str], at: int) -> bool:
    """Whose he is stands behind him, or his wife before; a number or what has been paid tells of a transfer."""
    if at and typed[at - 1] in WIFE:
        return True
    if at + 2 >= len(typed) or typed[at + 1] not in OWN:
        return False
    return typed[at + 2] not in PAID and not typed[at + 2].isdecimal()


def _joined(letters: Sequence[Word]) -> Word:
    tone = "".join(word.form[1:] for word in letters)
    form = "".join(word.form[0] for word in letters)
    return Word("".join(word.key for word in letters), form + tone)


def settle(found: Found) -> list[Hit]:
    """Without what another phrase takes away, and without intents inside a longer phrase."""
    hits: list[Hit] = []
    gone: list[tuple[str, int]] = []
    intents: list[Hit] = []
    for cue, covered in found:
        size = covered.bit_count()
        for mark in cue.marks:
            if mark.takes:
                gone.append((mark.takes, covered))
                continue
            hit = (mark, covered, size)
            hits.append(hit)
            if mark.intent:
                intents.append(hit)
    if gone:
        taken = [hit for hit in hits if any(_takes(label, words, hit) for label, words in gone)]
        hits = [hit for hit in hits if hit not in taken]
        intents = [hit for hit in intents if hit not in taken]
    if len(intents) > 1:
        inside = _inside(intents)
        if inside:
            return [hit for hit in hits if hit not in inside]
    return hits


def _takes(label: str, words: int, hit: Hit) -> bool:
    """Whether a phrase takes a hit away. A death or a danger only when it says as much: "xe chết" is no death, "chủ xe chết
    rồi" is one."""
    mark, covered, size = hit
    return label == mark.label and bool(words & covered) and (label not in DANGERS or words.bit_count() >= size)


def _inside(hits: Sequence[Hit]) -> list[Hit]:
    """Those that lie within a longer one."""
    longer = [hit for hit in hits if hit[2] > 1]
    covered = 0
    for _, words, _ in longer:
        covered |= words
    inside = [hit for hit in hits if hit[2] == 1 and hit[1] & covered]
    for other in longer:
        if other[2] > 2:
            inside += [hit for hit in longer if hit[2] < other[2] and hit[1] & other[1] == hit[1]]
    return inside
