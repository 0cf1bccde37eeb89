"""What is wrong with the texts, a line a mistake: the languages against each other, each by itself, and what an agency
and its bot may not say. How long they become on which channel is `handlers.preview`'s."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from handlers.texts.catalogue import LANGUAGES, Texts
from handlers.texts.examples import EXAMPLES
from handlers.texts.template import Template

BUTTON_MAX: Final = 20  # Messenger's quick replies; the shortest of all platforms
MESSAGE_MAX: Final = 640  # Messenger's generic text beside buttons, before variables are filled
ONLY_VIETNAMESE: Final = frozenset({"xung_ho"})  # English addresses everybody as "you"

# R-ADV-5: no promise of a payout, an approval or a return; and law.md 3: nothing off a compulsory cover
PROMISES: Final[Mapping[str, re.Pattern[str]]] = {
    "vi": re.compile(
        r"100%|(?:cam kết|đảm bảo|bảo đảm|chắc chắn) (?:sẽ )?(?:được|chi trả|bồi thường|duyệt|đền|có lời)|sẽ được (?:bồi thường|chi trả|duyệt)"
        r"|sinh lời|lợi nhuận|lãi suất|(?:tốt|rẻ|uy tín) nhất|(?<!không )(?:giảm giá|khuyến m[aạã]i)|(?:quà|được) tặng|miễn phí"
    ),
    "en": re.compile(
        r"100%|guarante|(?:will|shall) (?:certainly |surely )?(?:be paid|pay you|be approved|be compensated)|profit|interest rate"
        r"|cheapest|best price|(?<!no )(?<!promotion or )discount|(?<!no )promotion|free of charge|free gift",
    ),
}
# R-ORG-1: an agency, never the insurer
INSURER: Final[Mapping[str, re.Pattern[str]]] = {
    "vi": re.compile(
        r"(?:công ty bảo hiểm|hãng bảo hiểm|hãng|bảo hiểm) ibaohiem|ibaohiem (?:\w+ ){0,2}(?:cấp bảo hiểm|cấp đơn|bồi thường|chi trả|nhận bảo hiểm|bảo hiểm cho)"
    ),
    "en": re.compile(
        r"insurer,? ibaohiem|ibaohiem insurance|ibaohiem (?:\w+ ){0,2}(?:insures|covers|underwrites|compensates|pays)"
    ),
}
# R-ORG-1: in the first message and whenever asked, that it is a machine
DISCLOSING: Final = ("greeting.first", "greeting.bot_identity", "greeting.bot_calls", "maintenance.bot_off")
MACHINE: Final = {"vi": re.compile("tự động|chatbot"), "en": re.compile("automated|chatbot")}
AGENCY: Final = {"vi": "đại lý", "en": "agency"}
HUMAN: Final = {"vi": "gặp tư vấn viên", "en": "talk to an advisor"}  # understanding reads exactly this
# Vietnamese that lost its marks on the way; none of these is right without them
MARKLESS: Final = frozenset(
    "khong duoc muon hiem nguoi viec giup chuyen nhan dien thoai nhe roi cua toi dong chung van lien nghiep".split()
)
WORD: Final = re.compile(r"[^\W\d_]+")
HOLE: Final = re.compile(r"\{\w+\}")
WEB: Final = re.compile(r"\S*[@/]\S*|\"[^\"]*\"")  # addresses, and what a customer is told to type


def check(texts: Texts) -> list[str]:
    """One line a mistake; empty when all is well."""
    wrong = [line for lang in LANGUAGES for key in texts.templates[lang] for line in _alone(texts, key, lang)]
    ours, theirs = texts.templates["vi"], texts.templates["en"]
    wrong += [f"en: {key} is missing" for key in ours.keys() - theirs.keys()]
    wrong += [f"vi: {key} is missing" for key in theirs.keys() - ours.keys()]
    for key in ours.keys() & theirs.keys():
        differ = (ours[key].variables ^ theirs[key].variables) - ONLY_VIETNAMESE
        if differ:
            wrong.append(f"{key}: {', '.join(sorted(differ))} in one language only")
    return sorted(wrong)


def _alone(texts: Texts, key: str, lang: str) -> Iterator[str]:
    text = texts.template(key, lang)
    yield from (f"{lang}: {key} {what}" for what in _faults(text, lang))


def _faults(text: Template, lang: str) -> Iterator[str]:
    source, plain = text.source, text.source.lower()
    limit = BUTTON_MAX if text.key.startswith("buttons.") else MESSAGE_MAX
    length = len(unicodedata.normalize("NFC", source))
    if length > limit:
        yield f"has {length} characters, at most {limit}"
    if unknown := text.variables - EXAMPLES.keys():
        yield f"uses {', '.join(sorted(unknown))}, which nobody fills"
    if lang != "vi" and (foreign := text.variables & ONLY_VIETNAMESE):
        yield f"uses {', '.join(sorted(foreign))}"
    if source != unicodedata.normalize("NFC", source):
        yield "is not NFC"
    if source != source.strip() or "  " in source or " \n" in source or re.search(r" [,.;:!?]", source):
        yield "has stray spaces"
    if promise := PROMISES[lang].search(plain):
        yield f"promises: {promise[0]}"
    if insurer := INSURER[lang].search(plain):
        yield f"makes IBAOHIEM the insurer: {insurer[0]}"
    if text.key in DISCLOSING and not MACHINE[lang].search(plain):
        yield "does not say that it is a machine"
    if text.key == "greeting.first" and not (AGENCY[lang] in plain and HUMAN[lang] in plain):
        yield "does not say that this is an agency, or how to reach a person"
    if lang == "vi":
        yield from _marks(text)


def _marks(text: Template) -> Iterator[str]:
    words = [word.lower() for word in WORD.findall(WEB.sub(" ", HOLE.sub(" ", text.source)))]
    lost = sorted({word for word in words if word in MARKLESS})
    if lost:
        yield f"has lost its marks: {', '.join(lost)}"
    elif len(words) > 2 and all(word.isascii() for word in words):
        yield "has no Vietnamese letter"
