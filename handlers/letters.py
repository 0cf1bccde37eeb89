"""What stands around the words of a letter: its subject, its footer, the line above a file that did not fit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handlers.model import NEW_STATE, Say, evolve
from handlers.texts import UnfilledVariable
from handlers.voice import Voice

SUBJECTS: Final[Mapping[str, str]] = {  # purpose of a message -> text
    "deliver": "letter.subject_deliver",
    "delivery_check": "letter.subject_check",
    "care": "letter.subject_care",
    "reminder": "letter.subject_reminder",
    "ads": "letter.subject_ads",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """In the reader's language."""

    subject: str
    footer: str
    linked: str


def around(voice: Voice, *, purpose: str, lang: str, salutation: str) -> Around:
    """What cannot be filled is left out."""
    state = evolve(NEW_STATE, lang=lang, salutation=salutation)

    def words(key: str) -> str:
        try:
            return voice.words(Say(key=key), state)
        except UnfilledVariable:
            return ""

    return Around(
        subject=words(SUBJECTS.get(purpose, "letter.subject")),
        footer=words("letter.footer") or words("letter.footer_short"),
        linked=words("letter.linked"),
    )
