"""Whom the simulated advisor talks with: how he is spoken to, and what she takes his words for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from handlers.understanding import understand
from handlers.understanding.fold import fold

CLEAR: Final = re.compile(r"\b(?:dong y|chot|ok|oke|oki|lam (?:luon|cho)|yes|duoc)\b")


@dataclass(slots=True, kw_only=True)
class Talking:
    """With whom she talks. `seq` -- read up to here; `contact` -- his card; `own_page` -- he writes on a page of ours."""

    at: str
    name: str
    thread: str
    salutation: str
    seq: int
    contact: dict[str, Any]
    product: str = ""
    own_page: bool = False

    @property
    def id(self) -> str:
        return self.at.rpartition("/")[2]

    def filled(self, line: str) -> str:
        """Spoken to as he speaks of himself; a sentence begins with a capital."""
        salutation = self.salutation if self.salutation not in ("", "em") else "anh/chị"
        pieces = line.split("{xung_ho}")
        text = pieces[0]
        for piece in pieces[1:]:
            begins = not text or text.rstrip().endswith((".", "!", "?"))
            text += (salutation[0].upper() + salutation[1:] if begins else salutation) + piece
        return text


def is_yes(text: str) -> bool:
    """She reads as a person does: a clear yes anywhere in it, and no question."""
    return bool(text) and not is_no(text) and "?" not in text and CLEAR.search(fold(text)) is not None


def is_no(text: str) -> bool:
    """A question is no refusal."""
    return bool(text) and not text.endswith("?") and understand(text, "offer_buy").intent == "no"
