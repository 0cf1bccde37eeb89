"""What the supervisor's wall shows of a period: how far its conversations came, how soon people answered, why some were lost,
what customers say of it. Counted once in short reads, and then only what has changed since.

Each figure keeps the conversations that it counted, so that its list is the same as its number. Test conversations are
counted apart, and left out everywhere unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.keys import KeyMissing
from storage.tx import Tx

BITE: Final = 100  # conversations a read looks at: some 2 ms, on PostgreSQL 6
SEALED: Final = 150  # rows with sealed values a read opens
LATE_MS: Final = 10_000  # PostgreSQL: what other connections commit may be so much older than what is there already
STEPS: Final = (
    "opened",
    "said",
    "consented",
    "asked",
    "taken",
    "won",
    "issued",
    "delivered",
)  # of the funnel, in order
SURVEY: Final = "survey"
Step = Callable[[Tx], bool]


@dataclass(frozen=True, slots=True)
class Begun:
    """A conversation, and which of STEPS it has come to by now. `at` -- when it began."""

    id: str
    at: int
    channel: str
    steps: frozenset[str]
    test: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """One that was lost. `reason` -- in the words of who closed it, '' = none given or forgotten."""

    id: str
    at: int
    channel: str
    reason: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a person; times in ms, None = not yet."""

    id: str
    conversation_id: str
    channel: str
    team: str
    at: int
    taken_at: int | None
    answered_at: int | None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """A survey that was answered: 1 … 5."""

    conversation_id: str
    at: int
    score: int
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of a period: conversations that began in it, that were lost in it, requests that came, surveys that were answered."""

    begun: Sequence[Begun] = ()
    lost: Sequence[Lost] = ()
    asked: Sequence[Asked] = ()
    scored: Sequence[Scored] = ()


@dataclass(slots=True)
class Count:
    """All that happened after `since`: `step` until it says False; again, and it looks at what changed meanwhile. A bite
    moves the cursor as it counts, so a read that runs twice goes on. Whatever becomes of a conversation, of its requests and
    its policies sets its `changed_at`: one index finds it all."""

    since: int
    _begun: dict[str, Begun] = field(default_factory=dict)
    _lost: dict[str, Lost] = field(default_factory=dict)
    _asked: dict[str, Asked] = field(default_factory=dict)
    _scored: dict[str, Scored] = field(default_factory=dict)
    _changed_to: tuple[int, str] | None = None
    _answered_to: tuple[int, str] | None = None
    _walks: list[Step] = field(default_factory=list)
    _reasons: list[Any] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)  # conversations of the last round and their `changed_at`
    _round: dict[str, int] = field(default_factory=dict)
    _kinds: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)  # one set for all who came as far

    def step(self, tx: Tx) -> bool:
        """One bite. Whether there is more."""
        if not self._walks:
            self._walks = [self._changes, self._told, self._surveys]
            again = LATE_MS if tx.postgres else 0  # SQLite has one writer: nothing comes later than what is there
            self._changed_to, self._answered_to = (
                (self.since, "") if to is None else (max(self.since, to[0] - again), "")
                for to in (self._changed_to, self._answered_to)
            )
        if not self._walks[0](tx):
            self._walks.pop(0)
        if not self._walks:
            self._known, self._round = self._round, {}
        return bool(self._walks)

    def figures(self, since: int, until: int, *, tests: bool = False) -> Figures:
        """Of a part of it. `tests` -- test conversations too."""

        def within(one: Begun | Lost | Asked | Scored) -> bool:
            return since <= one.at < until and (tests or not one.test)

        return Figures(
            begun=list(filter(within, self._begun.values())),
            lost=list(filter(within, self._lost.values())),
            asked=list(filter(within, self._asked.values())),
            scored=list(filter(within, self._scored.values())),
        )

    def _changes(self, tx: Tx) -> bool:
        assert self._changed_to is not None
        rows = tx.all(_CHANGED, after_at=self._changed_to[0], after_id=self._changed_to[1], bite=BITE)
        fresh = [row for row in rows if self._known.get(row.id) != row.at]
        facts = _facts(tx, [row.id for row in fresh])
        for row in fresh:
            self._note(row, facts[row.id])
        self._round.update((row.id, row.at) for row in rows)
        if rows:
            self._changed_to = (rows[-1].at, rows[-1].id)
        return len(rows) == BITE

    def _note(self, row: Any, facts: _Facts) -> None:
        if row.opened_at >= self.since:
            steps = facts.steps | {"opened"}
            steps |= {"said"} if row.last_inbound_at is not None else set()
            steps |= {"won"} if row.stage == "won" else set()
            shared = self._kinds.setdefault(frozenset(steps), frozenset(steps))
            self._begun[row.id] = Begun(row.id, row.opened_at, row.channel, shared, bool(row.test))
        for one in facts.requests:
            if one.opened_at >= self.since:
                test = bool(row.test or one.test)
                self._asked[one.id] = Asked(
                    one.id, row.id, row.channel, one.team, one.opened_at, one.taken_at, one.first_reply_at, test
                )
        self._lost.pop(row.id, None)
        if row.stage == "lost" and row.closed_at is not None and row.closed_at >= self.since:
            self._reasons.append(row)

    def _told(self, tx: Tx) -> bool:
        for row in self._reasons[:SEALED]:
            try:
                reason = tx.keys.open_for(
                    tx, row.contact_id, "conversation", "reason_sealed", row.id, row.reason_sealed
                )
            except KeyMissing:
                reason = b""
            told = " ".join(reason.decode().split())
            self._lost[row.id] = Lost(row.id, row.closed_at, row.channel, told, bool(row.test))
        self._reasons = self._reasons[SEALED:]
        return bool(self._reasons)

    def _surveys(self, tx: Tx) -> bool:
        assert self._answered_to is not None
        rows = tx.all(_SURVEYS, after_at=self._answered_to[0], after_id=self._answered_to[1], bite=SEALED)
        for row in rows:
            if row.kind != SURVEY:
                continue
            try:
                given = tx.keys.open_json(tx, row.contact_id, "care_task", "answer_sealed", row.id, row.answer_sealed)
            except KeyMissing:
                continue
            if str(given.get("answer", "")) in ("1", "2", "3", "4", "5"):
                self._scored[row.id] = Scored(row.conversation_id, row.at, int(given["answer"]), bool(row.test))
        if rows:
            self._answered_to = (rows[-1].at, rows[-1].id)
        return len(rows) == SEALED


@dataclass(slots=True)
class _Facts:
    """What other tables tell of a conversation."""

    steps: set[str] = field(default_factory=set)
    requests: list[Any] = field(default_factory=list)


_CHANGED: Final = (
    "SELECT id, changed_at AS at, channel, contact_id, stage, opened_at, closed_at, last_inbound_at, reason_sealed, test FROM conversation"
    " WHERE (changed_at, id) > (:after_at, :after_id) ORDER BY changed_at, id LIMIT :bite"
)
_SURVEYS: Final = (
    "SELECT t.id, t.answered_at AS at, t.contact_id, t.kind, t.answer_sealed, p.conversation_id, p.test FROM care_task t"
    " JOIN policy p ON p.id = t.policy_id WHERE t.answered_at IS NOT NULL AND (t.answered_at, t.id) > (:after_at, :after_id)"
    " ORDER BY t.answered_at, t.id LIMIT :bite"
)


def _facts(tx: Tx, ids: Sequence[str]) -> dict[str, _Facts]:
    found = {each: _Facts() for each in ids}
    given = (
        "SELECT conversation_id FROM consent WHERE conversation_id IN (:among) AND purpose = 'C1' AND state = 'given'"
    )
    for row in tx.among(given, ids):
        found[row.conversation_id].steps.add("consented")
    for row in tx.among(
        "SELECT id, conversation_id, team, opened_at, taken_at, first_reply_at, outcome, test FROM handoff"
        " WHERE conversation_id IN (:among)",
        ids,
    ):
        facts = found[row.conversation_id]
        facts.requests.append(row)
        facts.steps.add("asked")
        facts.steps |= {"taken"} if row.taken_at is not None else set()
        facts.steps |= {"won"} if row.outcome == "won" else set()
    issued = (
        "SELECT conversation_id, delivered_at FROM policy WHERE conversation_id IN (:among) AND state <> 'cancelled'"
    )
    for row in tx.among(issued, ids):
        found[row.conversation_id].steps |= {"issued"} if row.delivered_at is None else {"issued", "delivered"}
    return found
