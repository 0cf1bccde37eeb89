"""What says no to consent C1, or takes it back: he need not know our word for it (process 3.6, R-CNS-4); and what only
looks like a request about his data."""

from __future__ import annotations

import re
from typing import Final

from handlers.hearing import Heard

NOT: Final = r"(?:khong|ko|kh|k|kg|hok|hong|hem|hk|chua|chang|cha|deo|dech|het|khum)"
AGREE: Final = r"(?:dong y|dong i|dog y|dg y|cho phep|chap nhan|chap thuan|nhat tri|ung thuan)"
DATA: Final = r"(?:thong tin|du lieu|so dien thoai|sdt|so|data)"
USE: Final = r"(?:dung|su dung|luu|luu tru|giu|thu thap|xu ly|lay)"
MISTAKEN: Final = (
    r"\b(?:bam|nhan|an|chon|go|tra loi|noi) (?:nham|lon|bay)(?: \w+){0,3}? dong y\b|\blo(?: tay)?(?: bam| nhan| an| chon| noi)?(?: \w+){0,2}? dong y\b"
    r"|\bdong y (?:nham|lon)\b"
)
# said of nothing but the consent: these count whatever is asked
EXPLICIT: Final = re.compile(
    rf"\b{NOT} (?:con |muon |he )?{AGREE}(?: dau| ma)? nua\b|{MISTAKEN}|\bnham\b.*\b{NOT} {AGREE}(?: dau| nha| nhe| a| nua| em| anh| chi)*(?:[ .!]*$)"
    r"|\b(?:rut|rut lai|thu hoi|huy|bo) (?:lai )?(?:su )?(?:dong y|chap thuan|cho phep)\b"
    rf"|\b(?:{NOT}|dung|thoi) (?:muon )?(?:cho |de )(?:phep )?(?:\w+ ){{0,3}}?{USE} (?:\w+ ){{0,3}}?{DATA}\b"
    rf"|\b(?:{NOT}|dung|thoi) (?:dung|su dung|xu ly) (?:\w+ ){{0,3}}?{DATA}(?: \w+){{0,3}} nua\b"
    r"|\b(?:don'?t|do not|no longer|not)(?: \w+)? (?:agree|consent)"
    r"(?: (?:any ?more|any longer|now|after all|sorry|please|to (?:this|that|it|the terms)))* *(?:[.,!;]|$)"
    r"|\bi (?:disagree|changed my mind about the consent)\b|\b(?:withdraw|revoke|take back|cancel)(?: \w+){0,2} (?:consent|agreement|permission)\b"
    r"|\b(?:pressed|tapped|clicked|hit) (?:yes |agree |it )?by (?:mistake|accident)\b"
)
# a clause that says no to it, and nothing but that
PLAIN: Final = re.compile(
    rf"^(?P<before>(?:\w+ ){{0,4}}?)(?:{NOT} (?:con |he |muon |co )?{AGREE}|i (?:don'?t|do not) (?:agree|consent)|disagree)(?P<rest>(?: \w+)*)$"
)
BESIDE: Final = frozenset(
    """
    a ah ak e em anh chi c chu co bac ban shop ad oi nha nhe nhen nghen nua dau ma ha het luon roi da ay chet thoi minh toi tui tao
    cho ben su dung luu giu thu thap xu ly lay thong tin du lieu so dien thoai sdt ca nhan cua nay vay the do day va la viec dieu voi i
    anymore any more sorry no no please now that this to it oh well o u thi a
    """.split()
)
DENIES: Final = re.compile(r"\b(?:neu|lo nhu|ai|sao|tai|vi|hay|khi|phai|dau|khong co gi|chang le|if|who|why|or)\b")
ASKS: Final = re.compile(r"\?|\b(?:thi sao|duoc khong|dc khong|duoc ko|co sao|what if|what happens)\b")
OF_ADS: Final = re.compile(
    r"\b(?:quang cao|qc|nhan tin|khuyen mai|tin nhan|chia se|ben khac|ben thu ba|ads?|marketing)\b"
)
AGREES_AFTER: Final = re.compile(rf"^(?:\w+ ){{0,4}}?(?:{AGREE}|i agree|agree)\b")
NEGATED: Final = re.compile(rf"\b(?:{NOT}|don'?t|not|nham|lo|rut|thu hoi|huy|bo)\b")
MENDS: Final = re.compile(r"\b(?:nham|lon|sai|doi|sua|thay|moi dung|moi la|lai la|wrong|change|instead)\b")
ERASES: Final = re.compile(r"\b(?:xoa|huy|delete|erase|remove)\b")
CLAUSE: Final = re.compile(r"[,;.!\n…]+")
TOLD: Final = frozenset(
    {
        "use",
        "seats",
        "seats_range",
        "payload_range",
        "vehicle_kind",
        "payload_t",
        "vehicle_model",
        "product",
        "phone",
        "name",
        "province",
    }
)
BARE: Final = re.compile(
    r"(?:(?:da|a|o|u|oh|thoi|em|minh|toi) )*(?:khong|ko|k|hong|hok|no|nope|tu choi|phan doi)(?: (?:a|ah|em|e|anh|chi|ban|shop|oi|nha|nhe|dau|cam on|thanks|thank you))*[ .!]*"
)
# "Không sao đâu", "không ai trả lời à": they begin like a refusal and are none
NO_REFUSAL: Final = re.compile(
    rf"\b{NOT} (?:sao|van de|thanh van de|kinh doanh|cho thue|co gi|ai|thay|thay ai|chiu|biet|hieu|ro|nho|chac|nghe|tin|lau|phai|sai|kip|voi)\b|\bno (?:problem|worries|one|idea)\b"
)


def refuses(one: Heard, *, explicitly: bool) -> bool:
    """Is this a no to the consent? `explicitly` -- only what cannot be said of anything else: while he waits for people, a
    "không …" is mostly about them."""
    if one.stale or one.intent != "no":
        return False
    if one.said.payload or BARE.fullmatch(one.folded) or declined(one.folded):
        return True
    tells = not TOLD.isdisjoint(one.entities)  # "k kinh doanh": of the car, not of the consent
    return not explicitly and not tells and NO_REFUSAL.search(one.folded) is None


def mends_number(one: Heard) -> bool:
    """ "Đổi số giúp em 0987654321", "em gõ nhầm số, 0987… mới đúng": a number put right, and no request about his data."""
    if not one.entities.get("phone") or ERASES.search(one.folded):
        return False
    return one.entities.get("request") == "rectify" or MENDS.search(one.folded) is not None


def declined(folded: str, *, plainly: bool = True) -> bool:
    """Does it take back or refuse the consent, as its last word? `plainly` -- "không đồng ý" alone counts too."""
    if ASKS.search(folded) or OF_ADS.search(folded):
        return False
    if EXPLICIT.search(folded):
        return not gives(folded)
    return plainly and any(map(_says_no, _clauses(folded))) and not gives(folded)


def gives(folded: str) -> bool:
    """Does it end with a plain agreement: "không, à nhầm, đồng ý"?"""
    clauses = _clauses(folded)
    return bool(clauses) and AGREES_AFTER.match(clauses[-1]) is not None and NEGATED.search(clauses[-1]) is None


def _clauses(folded: str) -> list[str]:
    return [clause.strip() for clause in CLAUSE.split(folded) if clause.strip()]


def _says_no(clause: str) -> bool:
    told = PLAIN.match(clause)
    if told is None or DENIES.search(told["before"]):
        return False
    return BESIDE.issuperset(told["rest"].split()) and BESIDE.issuperset(told["before"].split())
