"""Does he ask something, whatever it is about? Told by the form of the sentence, where nothing knows the question."""

from __future__ import annotations

import re
from typing import Final

# "… có mua được không (em)", "… phải khám không vậy": what is asked for stands between the two
_WHETHER: Final = re.compile(
    r"\b(?:co|duoc|dc|phai|bi|can|du|kip|gom|nen|lay)\b.*\b(?:khong|ko|hong|hok|k|hem)"
    r"(?: (?:em|e|a|ah|ha|vay|z|v|the|shop|ad|ban|nhi|nha|anh|chi|nua))*[ ?.!]*$"
)
_WHAT: Final = re.compile(
    r"\b(?:bao nhieu|bao lau|bao gio|khi nao|chung nao|the nao|nhu nao|ra sao|lam sao|tai sao|vi sao|sao (?:phai|lai|lau|ma|vay)"
    r"|la gi|gi vay|gi the|cai gi|nhung gi|giay to gi|o dau|(?:loai|goi|hang|cong ty) nao|why|how (?:much|long|come|do|can|is)"
    r"|what (?:is|are|does|do|if)|which one|can i|could i|do (?:you|i)|does it|is (?:it|there))\b"
)
_ANY: Final = re.compile(r"\b(?:nao|gio|gi|dau|sao|nhieu|lau) (?:cung|deu)\b")  # "lúc nào cũng được" answers
_AGREED: Final = re.compile(r"\b(?:dung|chinh xac|chuan|phai) (?:khong|ko|hong|k)\b")  # "đúng không" is a doubt


def asks(folded: str) -> bool:
    """`folded` -- lower case, without marks. A question in form; an "any time will do" is none, a bare "không" neither."""
    if _ANY.search(folded) or _AGREED.search(folded):
        return False
    return _WHETHER.search(folded) is not None or _WHAT.search(folded) is not None
