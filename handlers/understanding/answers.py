"""Short answers to an open question: yes, no, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers.understanding.cues import Hit
from handlers.understanding.fold import spell
from handlers.understanding.reading import ANSWER, Reading

# words after which a yes is no yes any more, and a no no clear no; without marks only those that are nothing else
TURN: Final = "không chưa đừng nhưng mà sao gì nào hả nếu chỉ trừ sợ hỏi chắc lẽ hay lỡ thế khoan but if not why what how unless except"
TURN_FORMS: Final = frozenset(spell(word).form for word in TURN.split()) | frozenset(
    "khong chua nhung neu tru hoi nao".split()
)
SPEAKING: Final = {
    "@agree": "yes",
    "@yes": "yes",
    "@okay": "yes",
    "@declare": "yes",
    "@assent": "yes",
    "@no": "no",
    "@wrong": "no",
    "@later": "later",
}
# they count in the answer to a consent question only
OF_CONSENT: Final = frozenset({"@lukewarm", "@permit", "@refused", "@read", "@save", "@then", "@missent"})
GLAD: Final = "👍👌✅🆗👏💯🤝"


def answer(reading: Reading) -> str:
    """The answer to any other question: how it begins decides, unless it turns round later."""
    forms = reading.sentence.forms[:ANSWER]
    if not forms:
        return "yes" if any(sign in GLAD for sign in reading.text) else ""
    answers = reading.told
    said, end = lead(len(forms), answers.hits)
    if said != "yes":
        return said.replace("later", "no")
    assent = answers.under("@assent", "@noproblem")  # "không sửa gì" takes nothing back
    left = [form for at, form in enumerate(forms) if at >= end and not assent >> at & 1]
    taken_back = (answers.under("@wrong", "@unclear") & ~assent) >> end or turned(left)
    return "" if taken_back or "?" in reading.text else "yes"


def turned(forms: Sequence[str]) -> bool:
    """Words after which a yes is no yes any more."""
    return not TURN_FORMS.isdisjoint(forms)


def refuses(reading: Reading) -> bool:
    """A refusal in several words, wherever it stands: "năm nay không mua nữa"."""
    answers = reading.told
    if "@no" not in answers.bits or "?" in reading.text:
        return False
    return any(mark.label == "@no" and size >= 2 for mark, _, size in answers.hits)


def is_short(reading: Reading) -> bool:
    """Nothing but an answer: at most one word is neither filler nor answer."""
    if len(reading.words) > ANSWER:
        return False
    covered = reading.told.under("@agree", "@yes", "@okay", "@assent", "@filler", "@no", "@later", "@wrong", "@thanks")
    return len(reading.words) - covered.bit_count() <= 1


def turns_back(reading: Reading) -> bool:
    """Something is wrong or to be changed."""
    return "@wrong" in reading.told.bits


def lead(size: int, hits: Sequence[Hit]) -> tuple[str, int]:
    """What the first words that count say (yes, no, later, ''), and where they end.

    Fillers are passed over; "dạ" is one, and an assent when it stands alone.
    """
    begins: dict[int, list[Hit]] = {}
    for hit in hits:
        if hit[0].label not in OF_CONSENT:
            begins.setdefault(hit[1] & -hit[1], []).append(hit)
    assented = ""
    at = 0
    while at < size:
        filler = 0
        longest: Hit | None = None
        for hit in begins.get(1 << at, ()):
            if hit[0].label == "@filler":
                filler = max(filler, hit[2])
            elif longest is None or hit[2] > longest[2]:
                longest = hit
        said = SPEAKING.get(longest[0].label, "") if longest else ""
        if longest and longest[2] > filler:
            return said, longest[1].bit_length()
        if not filler:
            return (assented if assented in ("no", "later") else ""), at  # "thôi đắt quá"
        assented = assented or said
        at += filler
    return assented, at
