"""What is said beside the form and needs no form: a question of somebody who waits, why a number is asked, "I'll write
again", something about a policy that he has. Answered in a line; what only people can do goes to people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from handlers import collecting, consent, manner, questions, steps, waiting
from handlers.draft import Draft
from handlers.hearing import ANOTHERS, KIN, Heard
from handlers.model import WAITING, Note, Stage

FORM: Final = frozenset({Stage.COLLECTING, Stage.CONFIRMING})
BOT: Final = re.compile(
    r"\b(?:bot|robot|chatbot|nguoi that|nguoi hay may)\b.*(?:\?|\b(?:ha|a|h|hay|khong|ko|phai|sao)\b)"
)
CODE: Final = re.compile(
    r"\bma (?:yeu cau|so|ho so|cua (?:em|minh|toi|anh|chi))\b.*\b(?:gi|bao nhieu|nao|may|dau)\b|\b(?:my|request) code\b"
)
HOW_LONG: Final = re.compile(
    r"\b(?:cho|doi|goi|lien he)\b.*\b(?:bao lau|may phut|toi khi nao|den khi nao)\b|\b(?:bao lau|khi nao|bao gio|may gio)\b.*\b(?:goi|lien he|co nguoi|nua|toi luot|den luot)\b"
    r"|\b(?:bao gio|khi nao|chung nao|bao lau)(?: \w+){0,2} (?:giai quyet|xong|tra loi|xu ly|ket qua)\b|\bhow long\b"
)
WHY: Final = re.compile(
    r"\b(?:sao|tai sao|vi sao|lam gi ma) (?:lai |phai |can |\w+ )?(?:phai )?(?:cho|xin|lay|hoi|can|dua)(?: \w+){0,2} (?:so|sdt|ten|dien thoai|thong tin)\b"
    r"|\b(?:so|sdt|ten|dien thoai|thong tin)(?: \w+){0,2} (?:de )?lam (?:gi|chi)(?= *(?:[?.,!]|$|vay\b|the\b|ha\b|a\b|nhi\b|em\b|ban\b))|\b(?:cho|xin|lay)(?: \w+){0,2} (?:so|sdt|ten) (?:de )?lam (?:gi|chi)(?= *(?:[?.,!]|$|vay\b|the\b|ha\b|a\b|nhi\b|em\b|ban\b))"
    r"|\bwhy (?:do you|would you)? ?(?:need|want|ask)\b"
)
ME: Final = r"(?:em|e|minh|toi|tui|anh|chi|co|chu|bac|t)"
BACK_LATER: Final = re.compile(
    rf"\b(?:mai|mot|bua sau|hom khac|luc khac|khi khac|chieu|lat|lat nua|ti|ti nua|khi nao can|luc nao can|de)(?: {ME})?(?: se)? (?:nhan|tra loi|bao|lien he|ib|inbox) (?:lai|sau)\b"
    rf"|\b(?:mai|mot|hom khac|luc khac|chieu|toi|lat nua|lat|ti nua|xiu nua)(?: nay)?(?: {ME})?(?: se)? (?:nhan|tra loi|noi chuyen|cho so|dua so)(?: (?:nhe|nha|nhen|ha|a|em|shop|ban|tiep))*[ .!]*$"
    r"|\b(?:i'll|i will) (?:text|write|message|come) (?:you )?(?:back|later|again)\b"
)
THINKS: Final = re.compile(
    rf"\b(?:de {ME} (?:suy nghi|nghi|tinh|can nhac|xem|coi)|suy nghi (?:da|them)|let me think)\b"
)
SERVICE: Final = re.compile(
    r"\b(?:mat|rach|that lac|lam mat)(?: \w+){0,2} (?:giay chung nhan|gcn|the bao hiem|hop dong|giay bao hiem|bao hiem giay)\b"
    r"|\b(?:doi|sua|thay)(?: \w+){0,2} (?:bien so|bien xe|so khung|so may|chu xe|ten chu|nguoi thu huong)\b"
    r"|\b(?:chuyen|sang|doi)(?: \w+){0,2} (?:ten chu xe|chu xe|chu so huu|quyen so huu)\b"
    r"|\b(?:gui|cho)(?: (?:lai|cho))? (?:em|minh|toi|tui|anh|chi|xin|lai)(?: \w+){0,2} (?:ban dien tu|file|ban mem|giay chung nhan|gcn)\b|\bcap lai\b"
    r"|\bchua (?:nhan|thay|ve)(?: \w+){0,4} (?:bao hiem|giay chung nhan|gcn|hop dong|the)\b.*\b(?:mua|tuan|hom|thang|dat|dong)\b"
    r"|\b(?:hop dong|giay chung nhan|gcn|the bao hiem|bao hiem)(?: \w+){0,4} (?:con han|con hieu luc|het han chua|hieu luc den)\b"
    r"|\b(?:kiem tra|tra cuu)(?: \w+){0,3} (?:hop dong|bien so|bao hiem|giay chung nhan)\b"
    r"|\b(?:lost|replace) (?:my )?(?:certificate|policy|card)\b"
)
FLIRTS: Final = re.compile(
    r"\b(?:lam quen|xinh (?:qua|the|vay|gai)|co (?:nguoi yeu|ny|bo|chong) chua|yeu em|lay anh|hen ho|single)\b"
)
LAUGHS: Final = re.compile(r"(?=[ahkl])(?:ha|hi|he|hj|hu|kaka|k|lol|ahihi|[ .!)=:])++")
COMPANY: Final = re.compile(
    r"\b(?:mst|ma so thue|giay phep|dkkd|dang ky kinh doanh|(?:thong tin|ten|dia chi)(?: \w+)? cong ty|cong ty (?:gi|nao|ten gi|o dau)|company (?:info|name|licen))"
)
DONT_KNOW: Final = re.compile(
    r"(?:da |em |minh |toi |chi |anh )*(?:khong|ko|k|hong|hok|chua) (?:biet|ro)\b|i don'?t know\b"
    r"|(?:da |thi |bh |bao hiem |loai |goi |cai )*(?:gi|nao|sao) cung (?:duoc|dc|ok|tot)\b|any(?:thing)? (?:is fine|will do)\b"
)
INVOICE: Final = re.compile(r"\b(?:hoa don|xuat|invoice)\b")  # a company of his
DATA: Final = re.compile(r"\b(?:du lieu|ca nhan|data)\b")  # his rights, not his policy
WHOSE: Final = re.compile(
    rf"\b(?:so|sdt|dt)\b(?: \w+){{0,3}}? {KIN}\b.*\b(?:duoc|dc|ok)\b.{{0,6}}\b(?:khong|ko|hong|k)\b"
)
LETTERS: Final = re.compile(r"[a-z]{2}")
OF_LANGUAGE: Final = 7  # words: more than that say something besides
TOLD: Final = frozenset({"phone", "phone_invalid", "name", "email", "product", "province"})
CALLS: Final = re.compile(r"\b(?:goi|lien he|alo|call)\b")
PRESSING: Final = ("claim", "complaint", "talk_to_human", "fraud")


def beneath(heard: Sequence[Heard]) -> list[Heard]:
    """A rough word with a wish under it, "đm gọi tao 0912…": the wish is what counts."""
    return [
        replace(one, intent="talk_to_human")
        if one.intent == "spam_abuse" and one.entities.get("phone") and CALLS.search(one.folded)
        else one
        for one in heard
    ]


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whether the turn is answered by it."""
    if any(one.distress or one.minor or one.wants(*PRESSING) or one.said.payload for one in heard):
        return False
    stage = draft.state.stage
    if _says(heard, COMPANY) and not _says(heard, INVOICE) and _company(draft):
        return True
    if all(map(_only_the_language, heard)):
        _in_it(draft)
        return True
    if _says(heard, SERVICE) and not _says(heard, DATA):
        steps.greet(draft, hours=False)
        waiting.hand_over(draft, "human")
        return True
    if stage in WAITING:
        return _waits(draft, heard)
    if stage in FORM:
        return _fills(draft, heard)
    return stage in (Stage.NEW, Stage.GREETED, Stage.CONSENT_PENDING) and _begins(draft, heard)


def _only_the_language(one: Heard) -> bool:
    """ "Can you speak English?": answered by speaking it."""
    few = len(one.folded.split()) <= OF_LANGUAGE
    told = one.entities.keys() - {"topic"} or one.entities.get("topic") not in (None, "language")
    return few and not told and not one.stale and bool(manner.asks_for(one.said.text))


def _in_it(draft: Draft) -> None:
    """What was open, put again; the language is that of his wish already."""
    if draft.state.stage in WAITING:
        waiting.stands(draft)
        return
    new = draft.state.stage is Stage.NEW
    steps.greet(draft)
    if draft.state.stage is Stage.GREETED and (new or not draft.state.asked):
        steps.ask(draft, "menu")
    else:
        steps.again(draft)


def _says(heard: Sequence[Heard], pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(one.folded) for one in heard)


def _company(draft: Draft) -> bool:
    steps.greet(draft)
    if not questions.ANSWERS["company_legit"](draft):
        return False
    if draft.state.stage is Stage.GREETED and not draft.state.asked:
        steps.ask(draft, "menu")
    else:
        steps.again(draft)
    return True


def _waits(draft: Draft, heard: Sequence[Heard]) -> bool:
    """People are coming; what the bot knows it says at once, as often as it is asked."""
    if any(BOT.search(one.folded) and not questions.bargains(one) for one in heard):
        draft.say("greeting.bot_identity")
    elif _says(heard, CODE) and draft.state.code:
        draft.say("queue.code", ma_yeu_cau=draft.state.code)
    elif _says(heard, HOW_LONG):
        waiting.stands(draft)
    elif any(map(questions.bargains, heard)) or any(
        one.wants("ask_fee")
        and LETTERS.search(one.folded)
        and (one.entities.get("product") or draft.state.slots.get("product"))
        for one in heard
    ):
        questions.answer(draft, heard)
    else:
        return False
    return True


def asks_why(heard: Sequence[Heard]) -> bool:
    """What is it for, his number and his name?"""
    return _says(heard, WHY) and not any(one.entities.get("phone") for one in heard)


def _fills(draft: Draft, heard: Sequence[Heard]) -> bool:
    if asks_why(heard):
        draft.say("ask.why")
        steps.again(draft)
        return True
    if (
        draft.state.asked in ("name", "phone")
        and _says(heard, WHOSE)
        and not any(one.entities.get("phone") for one in heard)
    ):
        draft.say("ask.anothers_number")
        steps.again(draft)
        return True
    if (_says(heard, BACK_LATER) or _says(heard, THINKS)) and not any(map(_tells_something, heard)):
        draft.say("idle.later")  # the question stands, and is not put again
        return True
    if draft.state.asked == "need" and all(DONT_KNOW.match(one.folded) for one in heard):
        waiting.hand_over(draft, "human")  # an advisor finds it out with him
        return True
    if draft.consented and any(map(_only_anothers, heard)):
        draft.say("ask.anothers_number")  # R-CNS-6; the form goes on below it
        draft.add(Note(text="Số điện thoại khách cho là của người khác: xin phép người đó trước khi tư vấn."))
    return False


def _tells_something(one: Heard) -> bool:
    return not TOLD.isdisjoint(one.entities) or one.wants("yes")


def _only_anothers(one: Heard) -> bool:
    """Somebody else's number, and none of his own beside it."""
    return (
        bool(one.entities.get("phone")) and "phone_alt" not in one.entities and ANOTHERS.search(one.folded) is not None
    )


def _begins(draft: Draft, heard: Sequence[Heard]) -> bool:
    if any(one.wants("yes") or one.entities.get("phone") or one.entities.get("product") for one in heard):
        return False
    pending = draft.state.stage is Stage.CONSENT_PENDING
    if _says(heard, BACK_LATER) or _says(heard, THINKS):
        steps.greet(draft)
        if pending:
            consent.lapse(draft)
            draft.move(Stage.GREETED)
        draft.set(asked="", unclear=0, tries=0)
        draft.remember(later=True)
        draft.say("idle.later")
        return True
    if _says(heard, FLIRTS):
        steps.greet(draft)
        if draft.state.asked:
            questions.ANSWERS["bot_identity"](draft)
            steps.again(draft)
        else:
            steps.ask(draft, "menu")
        return True
    if draft.state.asked == "menu" and all(LAUGHS.fullmatch(one.folded) for one in heard):
        collecting.not_understood(draft, "menu")
        return True
    return False
