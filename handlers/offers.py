"""A wish to hear of offers, in the customer's words; whoever refuses them uses the same ones, so what denies is none."""

from __future__ import annotations

import re
from typing import Final

from handlers.understanding.fold import fold

ME: Final = r"(?:em|e|minh|mk|toi|tui|anh|chi|co|chu|bac)"
ASKING: Final = rf"(?:da|vang|ok|{ME}|cho|muon|dang ky|dk|dong y|xin|duoc|nho|ban|shop|ben)"
OFFERS: Final = r"(?:them )?(?:tin nhan |tin |thong tin )?(?:ve )?(?:cac )?(?:chuong trinh )?(?:khuyen mai|uu dai|gioi thieu san pham|san pham moi)"
PLEASE: Final = rf"(?: (?:cho {ME}|ve|qua (?:day|zalo|kenh nay)|o day|nhe|nha|nhen|a|di|voi|luon|moi|nua (?:nhe|nha)|duoc (?:khong|ko|k)|{ME}|ban|shop|oi))*[ .!?]*"
WISH: Final = re.compile(  # nothing but this wish, and no "đừng" in it; advertising by that name only when he asks to receive it
    rf"(?:{ASKING} )*nhan {OFFERS}(?: roi)?{PLEASE}|(?:{ASKING} )+nhan (?:them )?(?:tin |tin nhan |thong tin )?(?:ve )?quang cao{PLEASE}"
    rf"|(?:{ASKING} )*gui (?:cho )?(?:{ME} )?{OFFERS}{PLEASE}|(?:{ASKING} )*xin (?:{ME} )?(?:tin|thong tin) (?:ve )?(?:khuyen mai|uu dai){PLEASE}"
    rf"|(?:khi nao |khi |neu )?co {OFFERS}(?: gi)?(?: moi)?(?: thi)? (?:nho )?(?:gui|bao|nhan|nhan tin)(?: cho)?(?: {ME})?{PLEASE}"
    r"|(?:yes )?(?:please )?(?:(?:i )?(?:want|would like) to (?:receive|get)|subscribe to|sign (?:me )?up for|send me)(?: your| the| some| new| any)? (?:offers|promotions|promos|deals)(?: please)?[ .!]*"
)
SPOKEN_OF: Final = re.compile(r"\b(?:khuyen mai|uu dai|quang cao|san pham|offers|promotions|promos|deals)\b")
TIRED: Final = re.compile(r"\b(?:dung|thoi|ngung|ngan|tat|hoai|phien|met|qua|spam|stop|never|enough)\b")  # of them
CLAUSE: Final = re.compile(r"[,;.!\n]+")


def beside(text: str, folded: str) -> str | None:
    """What `text` holds beside the wish, '' when nothing; None when it holds no such wish. `folded` -- the same text without
    marks and case."""
    if not SPOKEN_OF.search(folded):
        return None
    if WISH.fullmatch(folded):
        return ""
    clauses = [clause.strip() for clause in CLAUSE.split(text) if clause.strip()]
    rest = [clause for clause in clauses if not WISH.fullmatch(fold(clause))]
    if len(rest) == len(clauses) or TIRED.search(fold(" ".join(rest))):
        return None
    return ", ".join(rest)
