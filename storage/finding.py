"""What one search box answers: people, policies and conversations in which all the words are, found in short reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from storage import listing, plates, search, searching
from storage.keys import KeyMissing
from storage.tx import Tx

ENOUGH: Final = 60  # conversations that are opened to see what of them was meant; the newest
ROUNDS: Final = 4  # bites that a search may take of common words; beyond it says that there is more
AT_ONCE: Final = 20  # conversations opened in one read: some 3 ms
PEOPLE: Final = 6
POLICIES: Final = 5
CONVERSATIONS: Final = 8
TOLD: Final = 4  # conversations whose messages are read in one read
MESSAGES: Final = 40  # of a conversation that are read for the words, the newest
AROUND: Final = 60  # letters of a message before the words
SNIPPET: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A conversation, and what of it was found: `where` -- name, phone, plate, code, email, or words; `text` -- the value
    or the piece of the message."""

    conversation: listing.Conversation
    where: str
    text: str = field(default="", repr=False)
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Hit):
    """Somebody with `count` of the conversations that were found; the newest is `conversation`."""

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPolicy:
    id: str
    conversation: listing.Conversation
    insurer: str
    product: str
    number: str = field(repr=False)
    state: str


@dataclass
class Look:
    """One search: `step` until it says False. `sight` -- an advisor who finds only what he may see; '' = everything."""

    query: str
    sight: str = ""
    people: list[Person] = field(default_factory=list)
    policies: list[FoundPolicy] = field(default_factory=list)
    conversations: list[Hit] = field(default_factory=list)
    more: bool = False
    _walk: searching.Walk | None = None
    _rounds: int = 0
    _opened: int = 0
    _told: int = 0

    def step(self, tx: Tx) -> bool:
        """One short read. Whether there is more to do; a read that runs twice goes on."""
        if self._walk is None:
            self._walk = searching.Walk(self.query, enough=ENOUGH + 1, sight=self.sight)
        if self._rounds >= 0:
            self._rounds += 1
            left = self._walk.step(tx)
            if not left or self._rounds >= ROUNDS:
                self.more, self._rounds = left or len(self._walk.found) > ENOUGH, -1
            return bool(self._walk.found) or self._rounds > 0
        ids = self._walk.found[:ENOUGH]
        if self._opened < len(ids):
            self._open(tx, ids[self._opened : self._opened + AT_ONCE])
            self._opened += AT_ONCE
            return True
        return self._tell(tx)

    @cached_property
    def _plates(self) -> frozenset[str]:
        """What of the query may name a plate that stands in a message."""
        asked = {run.tight for run in plates.runs(search.fold(self.query))}
        return frozenset(asked or self._single)

    # ---- which of them is whom

    @cached_property
    def _single(self) -> frozenset[str]:
        """What the query may be as one value: a number, a plate, a code."""
        return frozenset(each[0] for each in search.readings(self.query) if len(each) == 1)

    def _open(self, tx: Tx, ids: Sequence[str]) -> None:
        found = listing.several(tx, ids)
        numbers = _policies(tx, ids)
        for one in (found[each] for each in ids if each in found):
            hits = [row for row in numbers.get(one.id, ()) if search.of_value(row["number"]) & self._single]
            room = POLICIES - len(self.policies)
            self.more = self.more or len(hits) > room
            for row in hits[:room]:
                self.policies.append(FoundPolicy(conversation=one, **row))
            if hits:
                continue
            where, text = self._what(one)
            if where in ("name", "phone", "email"):
                self._person(Person(conversation=one, where=where, text=text))
            elif len(self.conversations) < CONVERSATIONS:
                self.conversations.append(Hit(conversation=one, where=where, text=text))
            else:
                self.more = True

    def _what(self, one: listing.Conversation) -> tuple[str, str]:
        asked = search.words(self.query)
        for name in (one.contact_name, str(one.slots.get("name") or ""), one.display_name):
            known = search.words(name)
            if asked and all(any(word.startswith(each) for word in known) for each in asked):
                return "name", name
        told: Mapping[str, Any] = {**one.slots, "code": one.state.get("code", "")}
        for key in ("phone", "email", "plate", "code"):
            value = str(told.get(key) or "")
            if value and search.of_value(value) & self._single:
                return key, value
        return "words", ""

    def _person(self, new: Person) -> None:
        for at, known in enumerate(self.people):
            if known.conversation.contact_id == new.conversation.contact_id:
                self.people[at] = Person(
                    conversation=known.conversation, where=known.where, text=known.text, count=known.count + 1
                )
                return
        if len(self.people) < PEOPLE:
            self.people.append(new)
        else:
            self.more = True

    # ---- the piece of a message in which the words are

    def _tell(self, tx: Tx) -> bool:
        some = range(self._told, min(self._told + TOLD, len(self.conversations)))
        for at in some:
            hit = self.conversations[at]
            if hit.where == "words":
                text, said_at = _said(tx, hit.conversation, search.words(self.query), self._plates)
                self.conversations[at] = Hit(conversation=hit.conversation, where="words", text=text, at=said_at)
        self._told += len(some)
        return self._told < len(self.conversations)


def _policies(tx: Tx, conversation_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    rows = tx.among(
        "SELECT id, conversation_id, contact_id, insurer, product, number_sealed, state FROM policy"
        " WHERE conversation_id IN (:among)",
        list(conversation_ids),
    )
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        try:
            number = tx.keys.open_for(tx, row.contact_id, "policy", "number_sealed", row.id, row.number_sealed).decode()
        except KeyMissing:
            continue
        shown = {"id": row.id, "insurer": row.insurer, "product": row.product, "number": number, "state": row.state}
        found.setdefault(row.conversation_id, []).append(shown)
    return found


def _said(tx: Tx, one: listing.Conversation, asked: Sequence[str], plate: AbstractSet[str]) -> tuple[str, int | None]:
    """The newest message that has the plate, else most of the words, cut around them, and when it was said."""
    rows = tx.all(
        "SELECT m.id, m.contact_id, m.body_sealed, m.said_at FROM message m WHERE m.conversation_id = :id AND m.author <> 'bot'"
        " ORDER BY m.seq DESC LIMIT :most",
        id=one.id,
        most=MESSAGES,
    )
    best, text, at = 0, "", None
    for row in rows:
        try:
            body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        except KeyMissing:
            break
        said = " ".join(str(body.get("text", "")).split())
        folded = search.fold(said)
        if run := next((each for each in plates.runs(folded) if {each.tight, each.number} & plate), None):
            return around(said, [folded[run.begin : run.end]]), row.said_at
        known = set(search.words(said))
        has = sum(word in known for word in asked)
        if has > best:
            best, text, at = has, said, row.said_at
            if has == len(asked):
                break
    return around(text, asked), at


def around(text: str, asked: Sequence[str]) -> str:
    """So much of a text that its first found word stands in it."""
    text = " ".join(text.split())
    if len(text) <= SNIPPET:
        return text
    folded = search.fold(text)
    places = [place for place in (folded.find(word) for word in asked) if place >= 0]
    begin = max(0, min(places, default=0) - AROUND)
    begin = text.rfind(" ", 0, begin) + 1 if begin else 0
    piece = text[begin : begin + SNIPPET].rstrip()
    return ("…" if begin else "") + piece + ("…" if begin + SNIPPET < len(text) else "")
