"""Short answers to an open question: yes, no, or neither. A consent is a yes only when it can be nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers.understanding.cues import INDEX, Hit, find
from handlers.understanding.fold import Word, spell, tokens
from handlers.understanding.reading import ANSWER, Reading, Told, spell_out, tell

CLAUSE: Final = re.compile(r"[,;\n!]+|\.+(?=\s|$)")
ASKING: Final = re.compile(r"\?|\.\.\.|…")
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
DATA: Final = re.compile(r"[\d\s.+\-()@]+\Z")
NAME_CLAUSE: Final = re.compile(r"(?:\w+ )?(?:ten|la|ho ten|so|sdt|zalo|email)\b")
GLAD: Final = "👍👌✅🆗👏💯🤝"


def consent(reading: Reading, *, sensitive: bool = False, declaring: bool = False) -> str:
    """The answer to a consent question: `yes` only for an explicit one with nothing against it, `no`, or ''.

    sensitive -- consent to sensitive data: "ok" is not enough
    """
    said = ""
    if len(reading.words) > ANSWER:
        return ""
    clauses = [clause for clause in CLAUSE.split(reading.text) if clause.strip()]
    asking = ASKING.search(reading.text) is not None
    for clause in clauses:
        words, answers = (reading.words, reading.told) if len(clauses) == 1 else _read(clause)
        if not words:
            continue
        found = _consent_clause(words, answers, sensitive=sensitive, declaring=declaring)
        if found == "no":
            return "" if asking else "no"
        if found == "yes":
            said = "yes"
        elif not _harmless(clause, words, answers):
            return ""
    return "" if asking else said


def _read(clause: str) -> tuple[list[Word], Told]:
    sentence = spell_out(tokens(clause))
    return sentence.words, tell(find(sentence, INDEX)[1])


def _consent_clause(words: Sequence[Word], answers: Told, *, sensitive: bool, declaring: bool) -> str:
    whole = (1 << len(words)) - 1
    under = answers.under
    if "@unclear" in answers.bits:
        return ""
    explicit = under("@agree", "@declare") if declaring else under("@agree")
    plain = under("@yes") if sensitive else under("@yes", "@okay")
    covered = explicit | plain | under("@filler")
    if declaring:
        covered |= under("@assent")
    if explicit:
        covered |= under("@object", "@thanks")
        if not sensitive:
            covered |= under("@okay")
    if (explicit or plain) and covered == whole:
        return "yes"
    lead, _ = _lead(len(words), answers.hits)
    return "no" if lead == "no" else ""


def _harmless(clause: str, words: Sequence[Word], answers: Told) -> bool:
    """A clause that neither asks nor takes anything back: thanks, a number, a name."""
    if any(word.key == "#" for word in words) and DATA.match(clause):
        return True
    whole = (1 << len(words)) - 1
    if answers.under("@filler", "@thanks", "@okay", "@yes", "@assent") & whole == whole:
        return "@unclear" not in answers.bits
    turned = any(word.form in TURN_FORMS for word in words)
    return not turned and len(words) <= 10 and NAME_CLAUSE.match(" ".join(word.key for word in words)) is not None


def answer(reading: Reading) -> str:
    """The answer to any other question: how it begins decides, unless it turns round later."""
    forms = reading.sentence.forms[:ANSWER]
    if not forms:
        return "yes" if any(sign in GLAD for sign in reading.text) else ""
    answers = reading.told
    lead, end = _lead(len(forms), answers.hits)
    if lead != "yes":
        return lead.replace("later", "no")
    turned = answers.under("@wrong", "@unclear") >> end or not TURN_FORMS.isdisjoint(forms[end:])
    return "" if turned or "?" in reading.text else "yes"


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


def _lead(size: int, hits: Sequence[Hit]) -> tuple[str, int]:
    """What the first words that count say (yes, no, later, ''), and where they end.

    Fillers are passed over; "dạ" is one, and an assent when it stands alone.
    """
    begins: dict[int, list[Hit]] = {}
    for hit in hits:
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
