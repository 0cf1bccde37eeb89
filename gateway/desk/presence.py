"""Who of ours looks at a conversation, or writes in it. Nothing is stored: who says nothing for a while is not there.

Each process knows it of everybody: what a page says is passed on as a hint, as one of its own or of a neighbour's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

LOOKS_S: Final = 45.0  # the page says so again every 20 s
WRITES_S: Final = 6.0
AT_ONCE: Final = 12  # conversations that one person may have open: a browser has tabs
WORDS: Final = 20  # that a person's pages may say in WORDS_S; who walks through the list by the keys says two a row
WORDS_S: Final = 5.0
STATES: Final = frozenset({"looks", "writes", "left"})


@dataclass(frozen=True, slots=True)
class Word:
    """What a page said: `state` -- one of STATES."""

    conversation_id: str
    advisor_id: str
    name: str
    state: str

    def packed(self) -> str:
        return orjson.dumps([self.conversation_id, self.advisor_id, self.name, self.state]).decode()

    @classmethod
    def unpacked(cls, given: str) -> Word | None:
        """None for what is not one: it may come from another release."""
        try:
            found: Any = orjson.loads(given)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(found, list) or len(found) != 4 or not all(isinstance(each, str) for each in found):
            return None
        return cls(*found) if found[3] in STATES else None


@dataclass(slots=True)
class Here:
    """Somebody in a conversation: until when (seconds of the clock) he counts as looking, and as writing."""

    name: str
    looks_until: float
    writes_until: float = 0.0


class Presence:
    """`now` -- seconds, monotonic."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._here: dict[str, dict[str, Here]] = {}
        self._said: dict[str, tuple[float, int]] = {}  # advisor -> since when, how many words

    def may_say(self, advisor_id: str) -> bool:
        """Whether his page is heard, this time: no page of ours says so much that it is not."""
        now = self._now()
        since, words = self._said.get(advisor_id, (now, 0))
        if now - since >= WORDS_S:
            since, words = now, 0
            self._said = {who: said for who, said in self._said.items() if now - said[0] < WORDS_S}
        self._said[advisor_id] = since, words + 1
        return words < WORDS

    def heard(self, word: Word) -> bool:
        """Whether it is news to those who look at the conversation."""
        if word.state == "left":
            return self.leave(word.conversation_id, word.advisor_id)
        return self.look(word.conversation_id, word.advisor_id, word.name, writes=word.state == "writes")

    def look(self, conversation_id: str, advisor_id: str, name: str, *, writes: bool) -> bool:
        """He is there; whether that is news to the others."""
        people = self._here.setdefault(conversation_id, {})
        known, now = people.get(advisor_id), self._now()
        news = known is None or writes  # their pages forget a writer by themselves
        if known is None:
            self._crowd(advisor_id)
            known = people[advisor_id] = Here(name, 0.0)
        known.looks_until = now + LOOKS_S
        if writes:
            known.writes_until = now + WRITES_S
        return news

    def leave(self, conversation_id: str, advisor_id: str) -> bool:
        """He has gone elsewhere; whether he was there."""
        people = self._here.get(conversation_id, {})
        gone = people.pop(advisor_id, None) is not None
        if not people:
            self._here.pop(conversation_id, None)
        return gone

    def people(self, conversation_id: str) -> dict[str, tuple[str, bool]]:
        """Who is there, by id: name, and whether he writes."""
        now = self._now()
        return {
            who: (here.name, here.writes_until > now)
            for who, here in self._here.get(conversation_id, {}).items()
            if here.looks_until > now
        }

    def _crowd(self, advisor_id: str) -> None:
        """Room for one more of his."""
        his = [each for each, people in self._here.items() if advisor_id in people]
        his.sort(key=lambda each: self._here[each][advisor_id].looks_until)
        for oldest in his[: max(0, len(his) - AT_ONCE + 1)]:
            self.leave(oldest, advisor_id)

    def gone(self) -> set[str]:
        """Conversations from which somebody has gone without a word since the last time."""
        now, left = self._now(), set()
        for conversation_id, people in list(self._here.items()):
            for advisor_id in [who for who, here in people.items() if here.looks_until <= now]:
                self.leave(conversation_id, advisor_id)
                left.add(conversation_id)
        return left
