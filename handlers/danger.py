"""Who is in danger, or is a child, whatever he came for (R-HOF-4): looked for in every message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

Despair = Literal["", "self_harm", "violence"]

# a child who speaks for himself gets a person; a parent who speaks of his child does not
CHILD: Final = re.compile(
    r"^(?:da |alo |chao \w+ )?con (?:moi |nam nay )?(?:(?:9|1[0-5]) tuoi\b|(?:dang |hoc )*lop (?:[1-9]|10)\b(?! hoc))"
    r"|(?<!con )(?<!cua )(?<!cho )(?<!be )(?<!chau )\b(?:em|e|chau|minh|toi|tui|t|i am|i'm)\s+(?:moi\s+|nam nay\s+|chi\s+|co\s+)*"
    r"(?:(?:9|1[0-5])\s*(?:tuoi|t|years old|yo)\b|(?:dang |la |hoc sinh |hoc )*lop (?:[1-9]|10)\b(?! hoc))"
    r"|^(?:tre em|tre con|con nit|hoc sinh)(?: \w+)? (?:9|1[0-5]) (?:tuoi|t)(?: \w+)? mua\b"
)
# Self-harm only with its marks where it has none without them: "từ từ" is "slowly"
DISTRESS: Final = re.compile(
    r"\b(?:(?P<self_harm>khong muon song|khong thiet song|tuyet vong|muon chet|muon tu tu|kill myself|suicid\w*)"
    r"|cuu (?:toi|em|minh|voi)|chay mau|goi cap cuu|bat tinh|ngat xiu|kho tho|help me please|bleeding|unconscious)\b"
)
SELF_HARM: Final = re.compile(r"\btự (?:tử|sát|vẫn)\b")
TOPICS: Final[Mapping[object, Despair]] = {"self_harm": "self_harm", "violence": "violence"}


def read(text: str, folded: str, entities: Mapping[str, Any]) -> tuple[bool, Despair]:
    """Is somebody in danger; and does he despair, or is he beaten: then he needs other words than after an accident."""
    found = DISTRESS.search(folded)
    despair = TOPICS.get(entities.get("topic"), "")
    if not despair and ((found and found["self_harm"]) or SELF_HARM.search(text.lower())):
        despair = "self_harm"
    return bool(found or despair), despair


def minor(folded: str) -> bool:
    """A child who wants something for himself."""
    return CHILD.search(folded) is not None
