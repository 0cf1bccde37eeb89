"""Which conversations have all the words of a query, found in short reads whose work does not grow with how common the words are.

The words are compared where they lie: the database looks each conversation of the rarest word up among the others by key, and hands
over only what has them all. `LIMIT 1 OFFSET 0` keeps PostgreSQL at these look-ups: without it, it may read every row of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from storage.search import readings, token
from storage.tx import Tx

WEIGHED: Final = 250  # of a word's conversations, the newest: fewer, or longer ago, and it is the rarer one
LOOK: Final = 1500  # conversations of a word that one read looks at: some 4 ms
TAKEN: Final = 1000  # of those that an advisor took: as long, their rows lie apart
HAND: Final = 500  # conversations of an advisor, and of the queue, that are looked at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`count` of its conversations, at most WEIGHED; the last of so many is `since` -- an id."""

    token: bytes
    count: int
    since: str


def reading(tx: Tx, query: str) -> list[Word]:
    """The words of the first reading whose words the index knows, the rarest first; [] where none is."""
    for each in readings(query):
        found: list[Word] = []
        for word in each:
            known = _weigh(tx, token(tx.keys, word))
            if known is None:
                break
            found.append(known)
        else:
            return sorted(found, key=lambda one: (one.count, one.since))
    return []


def _weigh(tx: Tx, each: bytes) -> Word | None:
    row = tx.one(_NEWEST, token=each, most=WEIGHED)
    return Word(token=each, count=row.n, since=row.since) if row is not None and row.n else None


def rare(tx: Tx, words: Sequence[Word], *, limit: int) -> list[str] | None:
    """The conversations of the rarest word where it has no more than `limit`; None when it is common."""
    rows = tx.all(
        "SELECT conversation_id FROM search_token WHERE token = :token LIMIT :limit",
        token=words[0].token,
        limit=limit + 1,
    )
    return [row[0] for row in rows] if len(rows) <= limit else None


def having(tx: Tx, words: Sequence[Word], conversation_ids: Sequence[str]) -> set[str]:
    """Which of these conversations have every one of the words."""
    if not words:
        return set()
    first, *others = words
    also, binds = has("s.conversation_id", others)
    rows = tx.among(
        f"SELECT s.conversation_id FROM search_token s WHERE s.token = :token AND s.conversation_id IN (:among){also}",  # noqa: S608 -- our own words
        list(conversation_ids),
        token=first.token,
        **binds,
    )
    return {row[0] for row in rows}


@dataclass(slots=True)
class Walk:
    """The conversations that have all the words, the newest first, in short reads: `step` until it says False, which it does
    when `enough` are found. `sight` -- an advisor, who finds only what he may see: of common words first what he has and what
    waits, then what he took, the last first; '' = whoever may see everything."""

    query: str
    enough: int
    sight: str = ""
    found: list[str] = field(default_factory=list)
    _words: list[Word] | None = None
    _before: str = "~"
    _former: tuple[int, str] = (1 << 62, "~")

    def step(self, tx: Tx) -> bool:
        """One bite. Whether there is more; a read that runs twice goes on."""
        if self._words is None:
            self._words = reading(tx, self.query)
            if self.sight and self._words and self._words[0].count >= WEIGHED:
                self._add(_at_hand(tx, self._words, self.sight))
                return True
        if not self._words or len(self.found) >= self.enough:
            return False
        if not self.sight:
            return self._of_word(tx, self._words)
        if self._words[0].count < WEIGHED:
            self._add(_of_few(tx, self._words, self.sight))
            return False
        return self._of_advisor(tx, self._words)

    def _add(self, ids: Sequence[str]) -> None:
        self.found = list(dict.fromkeys([*self.found, *ids]))[: self.enough]

    def _of_word(self, tx: Tx, words: Sequence[Word]) -> bool:
        """Those of the rarest word, by when they began."""
        first, *others = words
        until = tx.value(_EDGE, token=first.token, before=self._before, look=LOOK - 1)
        also, binds = has("s.conversation_id", others)
        left = self.enough - len(self.found)
        rows = tx.all(
            f"{_WINDOW}{also} ORDER BY s.conversation_id DESC LIMIT :left",
            token=first.token, before=self._before, until=until or "", left=left, **binds,
        )  # fmt: skip
        self._add([row[0] for row in rows])
        if len(rows) == left:
            self._before = rows[-1][0]
            return True
        self._before = until or ""
        return until is not None

    def _of_advisor(self, tx: Tx, words: Sequence[Word]) -> bool:
        """Those that he took, the last first: of common words there are fewer of his than of theirs."""
        at, last = self._former
        edge = tx.one(_FORMER_EDGE, me=self.sight, at=at, last=last, look=TAKEN - 1)
        also, binds = has("h.conversation_id", words)
        left = self.enough - len(self.found)
        rows = tx.all(
            f"{_FORMER}{also} ORDER BY h.taken_at DESC, h.id DESC LIMIT :left",
            me=self.sight, at=at, last=last, left=left,
            until=edge.taken_at if edge else 0, until_id=edge.id if edge else "", **binds,
        )  # fmt: skip
        self._add([row.conversation_id for row in rows])
        if len(rows) == left:
            self._former = rows[-1].taken_at, rows[-1].id
            return True
        if edge:
            self._former = edge.taken_at, edge.id
        return edge is not None


def _of_few(tx: Tx, words: Sequence[Word], advisor_id: str) -> list[str]:
    """All that an advisor may see of a rare word's, the newest first."""
    hits = rare(tx, words, limit=WEIGHED) or []
    return sorted(seen_by(tx, advisor_id, list(having(tx, words[1:], hits)) if words[1:] else hits), reverse=True)


def seen_by(tx: Tx, advisor_id: str, conversation_ids: Sequence[str]) -> set[str]:
    """Which of these are his work, past or present, or wait for anyone. Two lists by key: as one statement PostgreSQL reads
    all conversations there are, and asked for his alone SQLite reads all that he ever took."""
    now = tx.among(
        "SELECT id FROM conversation WHERE id IN (:among) AND (status = 'waiting' OR assignee_id = :me)",
        conversation_ids,
        me=advisor_id,
    )
    former = tx.among(
        "SELECT conversation_id, taken_by FROM handoff WHERE conversation_id IN (:among)", conversation_ids
    )
    return {row.id for row in now} | {row.conversation_id for row in former if row.taken_by == advisor_id}


def _at_hand(tx: Tx, words: Sequence[Word], advisor_id: str) -> list[str]:
    """What an advisor has and what waits has the words, however common they are; the newest first."""
    also, binds = has("few.id", words)
    held = tx.all(f"{_HELD}{also}", me=advisor_id, most=HAND, **binds)
    waiting = tx.all(f"{_WAITING}{also}", most=HAND, **binds)
    return sorted({row.id for row in (*held, *waiting)}, reverse=True)


def has(column: str, words: Sequence[Word]) -> tuple[str, dict[str, bytes]]:
    """What a statement asks so that its conversations have these words too, with the binds."""
    asked = "".join(
        " AND EXISTS (SELECT 1 FROM search_token t"  # noqa: S608 -- our own words
        f" WHERE t.token = :word_{at} AND t.conversation_id = {column} LIMIT 1 OFFSET 0)"
        for at in range(len(words))
    )
    return asked, {f"word_{at}": word.token for at, word in enumerate(words)}


_NEWEST: Final = (
    "SELECT COUNT(*) AS n, MIN(conversation_id) AS since FROM (SELECT conversation_id FROM search_token WHERE token = :token"
    " ORDER BY conversation_id DESC LIMIT :most) AS few"
)
_EDGE: Final = (
    "SELECT conversation_id FROM search_token WHERE token = :token AND conversation_id < :before"
    " ORDER BY conversation_id DESC LIMIT 1 OFFSET :look"
)
_WINDOW: Final = (
    "SELECT s.conversation_id FROM search_token s WHERE s.token = :token AND s.conversation_id < :before"
    " AND s.conversation_id >= :until"
)
_FORMER_EDGE: Final = (
    "SELECT taken_at, id FROM handoff WHERE taken_by = :me AND (taken_at, id) < (:at, :last)"
    " ORDER BY taken_at DESC, id DESC LIMIT 1 OFFSET :look"
)
_FORMER: Final = (
    "SELECT h.conversation_id, h.taken_at, h.id FROM handoff h WHERE h.taken_by = :me AND (h.taken_at, h.id) < (:at, :last)"
    " AND (h.taken_at, h.id) >= (:until, :until_id)"
)
_HELD: Final = (
    "SELECT few.id FROM (SELECT id FROM conversation WHERE status = 'with_advisor' AND assignee_id = :me"
    " ORDER BY last_message_at DESC LIMIT :most) AS few WHERE 1 = 1"
)
_WAITING: Final = (
    "SELECT few.id FROM (SELECT id FROM conversation WHERE status = 'waiting'"
    " ORDER BY last_message_at DESC LIMIT :most) AS few WHERE 1 = 1"
)
