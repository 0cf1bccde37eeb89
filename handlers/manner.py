"""How a customer is spoken to: in his language, and by the word that he uses of himself.

Vietnamese without its marks is the hard case of languages: many of its words look English. A conversation begins in
the language of the page he reads; his first clear sentence decides; later he turns by asking, or by two messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from channels.contract import Kind
from handlers.model import Stage
from handlers.understanding.address import address
from handlers.understanding.fold import both, clean, fold, tokens
from handlers.understanding.reading import spell_out

if TYPE_CHECKING:
    from handlers.draft import Draft
    from handlers.hearing import Heard

WORD: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
MARKED: Final = frozenset(
    "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáãèéìíòóõùúýĩũ"
)  # letters of Vietnamese, in lower case

# Words that an English sentence cannot do without, and none of which is Vietnamese typed without marks
# ("me", "to", "the", "a", "do" are). People who write Vietnamese say hello, ok, yes, call, bye and ship too.
ENGLISH: Final = frozenset(
    """
    i i'm i'd my we our you your is are was it this that what which how much when where who want wants need would like
    please can could with for from about of and have has does help insurance insure insured car motorbike health travel
    accident policy price cost quote speak talk person human agent name phone number agree tomorrow morning afternoon
    evening today right correct english thanks thank change wrong buy know don't someone somebody people hurt hit bleeding died crash bought
    father mother husband wife daughter passed away hospital emergency ambulance unconscious stolen
    """.split()
)
# Words of Vietnamese sentences as they stand without marks. No names (mai, anh, nam …), nothing that is English too.
PLAIN: Final = frozenset(
    """
    toi minh muon mun mua hoi bao hiem xe khong ko dc duoc nhe nha da vang cho cua gi roi giup tu van phi nhieu nhiu
    goi lai sang chieu ngay dong y sdt dien thoai gui nhan biet lam nhu nao voi va chua chao cam thoi luon oi vay
    tui cty gia tien lay dung sai khoan truoc sau nua may oto bh nhoe
    """.split()
)
ENOUGH: Final = 0.5  # of the words; digits do not count
ANSWERS: Final = frozenset({"i agree", "i do not agree", "talk to an advisor", "call me now", "call me back"})
BEGIN_ANSWERS: Final = frozenset(answer.partition(" ")[0] for answer in ANSWERS)
ASKS: Final = (
    ("vi", re.compile(r"\b(?:(?:no|not|don't|dont) (?:speak |understand |know )?english|(?:khong|ko|k) .{0,20}tieng anh)\b")),
    ("en", re.compile(r"\b(?:(?:no|not|don't|dont) (?:speak |understand |know )?vietnamese|(?:khong|ko|k) .{0,20}tieng viet)\b")),
    ("en", re.compile(r"\b(?:(?:in|speak|use|to) english|english,? (?:please|pls|only)|(?:noi|bang|dung|tra loi) tieng anh (?:di|nhe|nha|giup|voi|cho))\b")),
    ("vi", re.compile(r"\b(?:(?:in|speak|use|to) vietnamese|vietnamese,? (?:please|pls|only)|tieng viet)\b")),
)  # fmt: skip
UNHEARD: Final = "unheard"  # in the memory of a conversation: he has written no clear sentence yet
TURNING: Final = "turning"  # the other language, of which one message has come
NAMED: Final = re.compile("english|vietnamese|ti[eế]ng", re.IGNORECASE)
CALLED: Final = re.compile(r"\b(?:anh|chị|chi|em|cô|chú|chu|bác|bac|gọi|goi|nữ|nu|[ace])\b", re.IGNORECASE)
LOOK_BACK: Final = 5  # messages, for what he called himself before he agreed to anything being kept


def follow(draft: Draft, heard: Sequence[Heard]) -> None:
    """Speak to him as he speaks. What he calls himself is kept only with consent; before, it is read anew each time."""
    _language(draft, heard)
    draft.salutation = salutation(heard, draft.state.salutation)
    if draft.consented:
        draft.set(salutation=draft.salutation)
    elif not draft.salutation:
        draft.salutation = _said_before(draft.history)


def salutation(heard: Sequence[Heard], known: str = "") -> str:
    """The last thing he called himself in these messages. What is not beyond doubt changes nothing that is `known`, and
    "em" neither: who is our elder in one message and says "em" in another speaks of somebody else."""
    for one in heard:
        titled = str(one.entities.get("salutation", ""))
        said = titled or one.speaks_as
        if said and (not known or ((titled or one.surely) and said != "em")):
            known = said
    return known


def tongue(text: str) -> str:
    """The language of a sentence; '' when it has too little of one, or too much of both."""
    said = WORD.findall(both(text)[0])
    if not said:
        return ""
    low = [word.lower() for word in said]
    if low[0] in BEGIN_ANSWERS and fold(text).strip(" .!?,") in ANSWERS:
        return "en"
    english = sum(map(ENGLISH.__contains__, low))
    plain = sum(map(PLAIN.__contains__, low))
    marked = 0
    if not text.isascii():
        spelled = [word.lower() for word in said if not word.isascii() and not word.istitle()]
        marked = len(spelled) - sum(map(MARKED.isdisjoint, spelled))
    ours, theirs = marked + plain, english if english > 1 else 0
    if theirs and theirs >= ENOUGH * len(said) and theirs > 2 * ours:
        return "en"
    return "vi" if (marked or plain > 1) and ours >= 2 * theirs else ""


def asks_for(text: str) -> str:
    """The language that he asks for in so many words, or ''."""
    if NAMED.search(text) is None:
        return ""
    said = both(text)[1]
    return next((lang for lang, pattern in ASKS if pattern.search(said)), "")


def _language(draft: Draft, heard: Sequence[Heard]) -> None:
    state, known = draft.state, draft.business.languages
    chosen = heard[0].said.profile_language if state.stage is Stage.NEW else ""
    lang = chosen if chosen in known else state.lang
    unheard = state.stage is Stage.NEW or bool(state.memory.get(UNHEARD))
    turning = str(state.memory.get(TURNING, ""))
    for one in heard:
        if one.said.kind is not Kind.TEXT or one.said.payload:
            continue
        asked = asks_for(one.said.text)
        spoken = asked or tongue(one.said.text)
        if spoken not in known:
            continue
        if asked or unheard or spoken in (lang, turning):
            lang, turning, unheard = spoken, "", False
        else:
            turning = spoken
    draft.set(lang=lang)
    draft.remember(**{UNHEARD: unheard or None, TURNING: turning or None})


def _said_before(history: Sequence[str]) -> str:
    known = ""
    for text in history[-LOOK_BACK:]:
        if not CALLED.search(text):
            continue
        said = address(spell_out(tokens(clean(text))))
        if said.word and (not known or (said.sure and said.word != "em")):
            known = said.word
    return known
