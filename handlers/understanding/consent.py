"""The answer to a consent question (process 3.6). It is a yes only when an explicit agreement leads and nothing in the
whole message takes it back, asks, or sets a condition; what is in doubt is asked again."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from handlers.understanding.answers import lead, turned
from handlers.understanding.cues import INDEX, Sentence, find
from handlers.understanding.fold import spell, tokens
from handlers.understanding.reading import ANSWER, Reading, Told, spell_out, tell

CLAUSE: Final = re.compile(r"[,;\n!]+|\.+(?=\s|$)")
ASKING: Final = re.compile(r"\?|\.\.\.|…")
DATA: Final = re.compile(r"[\d\s.+\-()@]+\Z")
NAME_CLAUSE: Final = re.compile(r"(?:\w+ )?(?:ten|la|ho ten|so|sdt|zalo|email)\b")
BESIDE: Final = 12  # words beside an agreement; who says more has something else to say
# beside an agreement these ask, take back, narrow or set a condition
AGAINST: Final = (
    "nhưng mà sao gì nào hả nếu chỉ trừ sợ hỏi chắc lẽ hay lỡ thế khoan đừng không chưa miễn kiện phải bị mới đâu ai bao khi nửa tưởng thì thôi à ư nhỉ "
    "khỏi rút hủy xóa dừng ngừng cấm ghét cái lừa liệu cần ép bắt mất tạm chẳng chả đéo nỏ ứ mô chi rứa răng lúc xong trước nhỡ hôn chừng"
)
ENGLISH: Final = (
    "but if not why what how when only until before after unless except don dont later never maybe which who"
)
# without marks only what is hardly anything else
PLAIN: Final = (
    "khong ko chua nhung neu tru hoi nao sao gi dau ai phai bi mien kien tuong rut huy xoa khoan chac dung nua"
)
AGAINST_FORMS: Final = frozenset(spell(word).form for word in AGAINST.split()) | frozenset(ENGLISH.split())
AGAINST_PLAIN: Final = frozenset(PLAIN.split()) | frozenset(ENGLISH.split())


class Manner(NamedTuple):
    """What a consent takes. `sensitive` -- consent to sensitive data: "ok" is not enough; `declaring` -- a declaration."""

    sensitive: bool = False
    declaring: bool = False


class _Clause(NamedTuple):
    text: str
    sentence: Sentence
    told: Told


def consent(reading: Reading, manner: Manner) -> str:
    """`yes` only for an explicit one with nothing against it, `no`, or ''."""
    if not reading.words or len(reading.words) > ANSWER:
        return ""
    texts = [text for text in CLAUSE.split(reading.text) if text.strip()]
    if len(texts) == 1:
        clauses = [_Clause(texts[0], reading.sentence, reading.told)]
    else:
        clauses = [clause for text in texts if (clause := _read(text)).sentence.words]
    asking = ASKING.search(reading.text) is not None
    said = [_said(clause, manner) for clause in clauses]
    if "no" in said:
        unsure = "doubt" in said[: said.index("no")] and not _denies(clauses[-1])
        return "" if asking or unsure else "no"
    if asking or "doubt" in said:
        return ""
    if "explicit" in said:
        open_clauses = [clause for clause, each in zip(clauses, said, strict=True) if each == ""]
        return "yes" if all(map(_harmless_beside, open_clauses)) else ""
    return "yes" if "yes" in said and all(said) else ""


def _denies(clause: _Clause) -> bool:
    """Nothing but a no, whatever was said before: "được thì được nhưng thôi, không cho"."""
    whole = (1 << len(clause.sentence.words)) - 1
    denied = clause.told.under("@no", "@refused")
    return bool(denied) and denied | clause.told.under("@filler") == whole


def _read(text: str) -> _Clause:
    sentence = spell_out(tokens(text))
    return _Clause(text, sentence, tell(find(sentence, INDEX)[1]))


def _said(clause: _Clause, manner: Manner) -> str:
    """yes, explicit (a yes that leaves no doubt), no, doubt, harmless (neither asks nor takes back), or ''."""
    told, size = clause.told, len(clause.sentence.words)
    under = told.under
    whole = (1 << size) - 1
    if "@unclear" in told.bits or "@lukewarm" in told.bits:
        return "doubt"
    if "@refused" in told.bits:
        return "no"
    explicit = under("@agree", "@declare") if manner.declaring else under("@agree")
    if "@then" in told.bits and not under("@save", "@permit"):
        return "doubt"  # "ừ thì …"
    strict = manner.sensitive or manner.declaring
    saves = 0 if strict else under("@save")
    plain = under("@yes") if strict else saves | under("@yes", "@permit", "@okay")
    covered = explicit | plain | under("@filler")
    if manner.declaring:
        covered |= under("@assent")
    if explicit or saves:
        covered |= under("@object", "@thanks", "@read", "@okay")
    if (explicit or plain) and covered == whole:
        return "explicit" if explicit else "yes"
    first, _ = lead(size, told.hits)
    if first == "no":
        return "no"
    return "harmless" if _harmless(clause) else ""


def _harmless_beside(clause: _Clause) -> bool:
    """Beside an explicit agreement: what shall be done then, when to call, who speaks. It is short and neither asks, takes
    back nor narrows."""
    _, sentence, told = clause
    if len(sentence.words) > BESIDE or not told.bits.keys().isdisjoint(
        ("@no", "@wrong", "@later", "@unclear", "@lukewarm", "@refused")
    ):
        return False
    if not AGAINST_FORMS.isdisjoint(sentence.forms):
        return False
    return sentence.toned or AGAINST_PLAIN.isdisjoint(sentence.keys)


def _harmless(clause: _Clause) -> bool:
    """Thanks, a number, a name."""
    _, sentence, told = clause
    if any(word.key == "#" for word in sentence.words) and DATA.match(clause.text):
        return True
    whole = (1 << len(sentence.words)) - 1
    if told.under("@filler", "@thanks", "@okay", "@yes", "@assent", "@noproblem") & whole == whole:
        return True
    short = len(sentence.words) <= BESIDE
    return short and not turned(sentence.forms) and NAME_CLAUSE.match(" ".join(sentence.keys)) is not None
