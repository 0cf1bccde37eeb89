"""Vietnamese as typed, read without a network or a memory, by rules and a small model: what he wants and gave.

`understand` is deterministic: the same text, open question and time give the same answer. Labels as in
`tests/corpus/README.md`. `urgent` is its fast sibling for the moment a message comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from handlers.understanding import arbiter, intent
from handlers.understanding.address import address
from handlers.understanding.common import Common, Memory, is_common
from handlers.understanding.entities import collect
from handlers.understanding.facts import gather
from handlers.understanding.fast import urgent
from handlers.understanding.reading import read
from handlers.understanding.secrets import mask
from handlers.understanding.when import interval

__all__ = ["Understanding", "mask", "understand", "urgent"]


# the conversation's own names of its open questions are understood too
SHORT_NAMES: Final = frozenset(
    {"consent", "name", "phone", "email", "plate", "need", "product", "time", "delivery", "scope", "received"}
)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message says. `speaks_as` -- anh, chị, cô, chú, bác, em: how the customer speaks of himself, or '' ·
    `surely` -- beyond doubt, see `address.Address` · `place` -- a province that it names, whatever for, or '' ·
    `doubted` -- a death or a danger, but by the rules alone, or only likely."""

    intent: str
    entities: Mapping[str, Any]
    also: tuple[str, ...] = ()
    speaks_as: str = ""
    surely: bool = False
    place: str = ""
    doubted: bool = False


MEMORY: Final = Memory()


def understand(text: str, context: str | None = None, *, now: datetime | None = None) -> Understanding:
    """Read one message.

    context -- the question that is open, as the corpus names it (`ask_phone`), or None
    now -- aware UTC; with it a time to call becomes `callback_from` and `callback_to`
    """
    asked = f"ask_{context}" if context in SHORT_NAMES else context or ""
    known = MEMORY.get(text, asked) if now else None
    if known is not None:
        return _said_again(known, now)
    reading = read(text)
    facts = gather(reading, asked, now or datetime.now(UTC))
    decision = arbiter.settle(reading, facts, asked, intent.decide(reading, facts, asked))
    found = collect(reading, facts, decision.intent, asked, now)
    called, place = address(reading.sentence), reading.fact("province") or ""
    if now and is_common(text, reading, facts, decision.intent, found):
        dated = "callback_from" in found
        if dated or not facts.when or interval(facts.when, now):  # else it may be missing only now
            when = facts.when if dated else None
            MEMORY.keep(text, asked, Common(decision.intent, dict(found), decision.also, called, place, when))
    doubted = arbiter.DOUBTED in reading.labels
    return Understanding(decision.intent, found, decision.also, *called, place, doubted)


def _said_again(known: Common, now: datetime | None) -> Understanding:
    """A common message, now."""
    found = dict(known.entities)
    if known.when and now:
        window = interval(known.when, now)
        if window:
            found |= {"callback_from": window.start.isoformat(), "callback_to": window.end.isoformat()}
        else:
            del found["callback_from"], found["callback_to"]
    return Understanding(known.intent, found, known.also, *known.address, known.place)
