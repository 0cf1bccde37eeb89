"""What a message of the bot asks, told from its words: a customer reads them, he sees no key.

Every text of ours is a template; a paragraph that fits one was said by the bot, and the last question in a message is
the one that waits for an answer. What fits none was typed by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from handlers.texts import Texts
from handlers.texts.template import Hole, Template

QUESTIONS: Final[Mapping[str, str]] = {  # text key -> what it wants to know
    "consent.layer1": "consent",
    "consent.layer2": "consent",
    "consent.again": "consent",
    "consent.unclear": "consent",
    "consent.declined": "declined",
    "greeting.menu": "menu",
    "greeting.returning": "menu",
    "error.not_understood_1": "menu",
    "ask.name": "name",
    "ask.name_phone": "name",
    "ask.name_retry": "name",
    "ask.phone": "phone",
    "error.phone_short": "phone",
    "error.phone_long": "phone",
    "error.phone_prefix": "phone",
    "error.phone_service": "phone",
    "ask.phone_same_channel": "phone_same",
    "ask.province": "province",
    "ask.need": "need",
    "ask.product": "need",
    "ask.product_car": "car",
    "ask.time": "time",
    "confirm.summary": "confirm",
    "confirm.summary_area": "confirm",
    "confirm.edit_which": "edit",
    "optout.scope": "scope",
    "queue.long_wait": "long_wait",
    "idle.nudge": "nudge",
    "form.ask": "form",
    "error.spam": "spam",
    "error.abuse": "spam",
    "delivery.check_t1": "received",
    "delivery.check_t1_plain": "received",
    "care.csat_ask": "csat",
    "care.csat_ask_plain": "csat",
    "care.csat_comment": "csat_comment",
}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every text of every language; the wordier first, so that a text that fits into another's hole waits its turn."""
    texts = Texts.load()
    found = [(_pattern(templates[key]), key) for templates in texts.templates.values() for key in texts.messages()]
    return tuple(sorted(found, key=lambda one: -len(one[0].pattern)))


def _pattern(template: Template) -> re.Pattern[str]:
    parts = [".+?" if isinstance(part, Hole) else re.escape(part) for part in template.parts]
    return re.compile("".join(parts), re.DOTALL)


def keys(text: str) -> tuple[str, ...]:
    """The texts of ours that this message is made of; () when a person typed it."""
    return tuple(_keys(text))


def _keys(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        found = next((key for pattern, key in _patterns() if pattern.fullmatch(paragraph)), "")
        if found:
            yield found


def question(text: str) -> str:
    """What the message wants to know last, '' when it asks nothing."""
    return next((QUESTIONS[key] for key in reversed(keys(text)) if key in QUESTIONS), "")
