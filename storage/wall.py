"""What the supervisor's wall shows, counted in short reads from the rows themselves: who waits now and what each person
has; of a period, how far its conversations came, how soon people answered, why some were lost, what customers say of it.

Each figure keeps the conversations that it counted, so that its list is the same as its number. Test conversations are
left out everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.keys import KeyMissing
from storage.tx import Tx

BITE: Final = 200  # conversations or requests a read looks at: some 3 ms
SEALED: Final = 150  # rows with sealed values a read opens
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


# ---- now


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody waits for a person. `late` -- by the clock of working hours."""

    id: str
    channel: str
    team: str
    since: int
    late: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation that somebody has. `his_turn` -- the customer has the last word; `later` -- put off."""

    id: str
    advisor: str
    his_turn: bool
    later: bool


@dataclass(slots=True)
class Now:
    """Who waits, and who has how much: `step` until it says False."""

    waiting: list[Waiting] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    _cursor: tuple[int, str] = (0, "")
    _seen: set[str] = field(default_factory=set)
    _held: bool = False

    def step(self, tx: Tx) -> bool:
        """One bite. Whether there is more."""
        rows = tx.all(
            _NOW,
            status="with_advisor" if self._held else "waiting",
            at=self._cursor[0],
            last=self._cursor[1],
            bite=BITE,
        )
        fresh = [row for row in rows if row.id not in self._seen and not row.test]
        late = set() if self._held else _late(tx, [row.id for row in fresh])
        self._seen.update(row.id for row in rows)
        if self._held:
            self.held += [_held(row, tx.now_ms) for row in fresh]
        else:
            self.waiting += [
                Waiting(row.id, row.channel, row.team, row.waiting_since or row.last_message_at, row.id in late)
                for row in fresh
            ]
        if len(rows) == BITE:
            self._cursor = (rows[-1].last_message_at, rows[-1].id)
            return True
        more, self._held, self._cursor = not self._held, True, (0, "")
        return more


_NOW: Final = (
    "SELECT id, channel, team, assignee_id, waiting_since, snoozed_until, last_message_at, last_inbound_at, test FROM conversation"
    " WHERE status = :status AND (last_message_at, id) > (:at, :last) ORDER BY last_message_at, id LIMIT :bite"
)


def _held(row: Any, now_ms: int) -> Held:
    later = row.snoozed_until is not None and row.snoozed_until > now_ms
    his_turn = row.last_inbound_at is not None and row.last_inbound_at >= row.last_message_at
    return Held(row.id, row.assignee_id or "", his_turn and not later, later)


def _late(tx: Tx, ids: Sequence[str]) -> set[str]:
    rows = tx.among(
        "SELECT conversation_id FROM handoff WHERE conversation_id IN (:among) AND state = 'waiting' AND due_at < :now",
        ids,
        now=tx.now_ms,
    )
    return {row.conversation_id for row in rows}


# ---- a period


@dataclass(frozen=True, slots=True)
class Begun:
    """A conversation that began in the period, and which of STEPS it has come to by now."""

    id: str
    channel: str
    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lost:
    """One that was lost in the period. `reason` -- in the words of who closed it, '' = none given or forgotten."""

    id: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a person that came in the period; times in ms, None = not yet."""

    id: str
    conversation_id: str
    channel: str
    team: str
    at: int
    taken_at: int | None
    answered_at: int | None


@dataclass(frozen=True, slots=True)
class Scored:
    """A survey that was answered in the period: 1 … 5."""

    conversation_id: str
    score: int


@dataclass(slots=True)
class Count:
    """The figures of a period: `step` until it says False. A bite moves the cursor as it counts, so a read that runs twice
    goes on; what moves forward while we walk counts once."""

    since: int
    until: int
    begun: list[Begun] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    scored: list[Scored] = field(default_factory=list)
    _walks: list[Step] = field(default_factory=list)
    _cursor: tuple[int, str] | None = None
    _seen: set[str] = field(default_factory=set)
    _reasons: list[Any] = field(default_factory=list)

    def step(self, tx: Tx) -> bool:
        """One bite. Whether there is more."""
        if self._cursor is None:
            self._walks, self._cursor = [self._changed, self._told, self._requests, self._surveys], (self.since, "")
        if not self._walks[0](tx):
            self._walks.pop(0)
            self._cursor = (self.since, "")
        return bool(self._walks)

    def _after(self, tx: Tx, sql: str, bite: int, **binds: Any) -> Sequence[Any]:
        """The next rows of a walk over (`at`, `id`)."""
        assert self._cursor is not None
        return tx.all(sql, after_at=self._cursor[0], after_id=self._cursor[1], bite=bite, **binds)

    def _more(self, rows: Sequence[Any], bite: int) -> bool:
        """They are counted. Whether there may be more of them."""
        if rows:
            self._cursor = (rows[-1].at, rows[-1].id)
        return len(rows) == bite

    def _changed(self, tx: Tx) -> bool:
        rows = self._after(tx, _CHANGED, BITE)
        fresh = [row for row in rows if row.id not in self._seen and not row.test]
        begun = [row for row in fresh if self.since <= row.opened_at < self.until]
        facts = _facts(tx, [row.id for row in begun])
        self._seen.update(row.id for row in rows)
        for row in begun:
            steps = facts.get(row.id, set()) | {"opened"}
            steps |= {"said"} if row.last_inbound_at is not None else set()
            steps |= {"won"} if row.stage == "won" else set()
            self.begun.append(Begun(row.id, row.channel, frozenset(steps)))
        self._reasons += [
            row
            for row in fresh
            if row.stage == "lost" and row.closed_at is not None and self.since <= row.closed_at < self.until
        ]
        return self._more(rows, BITE)

    def _told(self, tx: Tx) -> bool:
        found = []
        for row in self._reasons[:SEALED]:
            try:
                reason = tx.keys.open_for(
                    tx, row.contact_id, "conversation", "reason_sealed", row.id, row.reason_sealed
                )
            except KeyMissing:
                reason = b""
            found.append(Lost(row.id, row.channel, " ".join(reason.decode().split())))
        self.lost += found
        self._reasons = self._reasons[SEALED:]
        return bool(self._reasons)

    def _requests(self, tx: Tx) -> bool:
        rows = self._after(tx, _REQUESTS, BITE, until=self.until)
        self.asked += [
            Asked(row.id, row.conversation_id, row.channel, row.team, row.at, row.taken_at, row.first_reply_at)
            for row in rows
            if not row.test
        ]
        return self._more(rows, BITE)

    def _surveys(self, tx: Tx) -> bool:
        rows = self._after(tx, _SURVEYS, SEALED, until=self.until)
        found = []
        for row in rows:
            if row.test or row.kind != SURVEY:
                continue
            try:
                given = tx.keys.open_json(tx, row.contact_id, "care_task", "answer_sealed", row.id, row.answer_sealed)
            except KeyMissing:
                continue
            if str(given.get("answer", "")) in ("1", "2", "3", "4", "5"):
                found.append(Scored(row.conversation_id, int(given["answer"])))
        self.scored += found
        return self._more(rows, SEALED)


# Whatever began or ended since then has changed since then: one index serves both.
_CHANGED: Final = (
    "SELECT id, changed_at AS at, channel, contact_id, stage, opened_at, closed_at, last_inbound_at, reason_sealed, test FROM conversation"
    " WHERE (changed_at, id) > (:after_at, :after_id) ORDER BY changed_at, id LIMIT :bite"
)
_REQUESTS: Final = (
    "SELECT h.id, h.opened_at AS at, h.conversation_id, h.team, h.taken_at, h.first_reply_at, h.test, c.channel"
    " FROM handoff h JOIN conversation c ON c.id = h.conversation_id"
    " WHERE (h.opened_at, h.id) > (:after_at, :after_id) AND h.opened_at < :until ORDER BY h.opened_at, h.id LIMIT :bite"
)
_SURVEYS: Final = (
    "SELECT t.id, t.answered_at AS at, t.contact_id, t.kind, t.answer_sealed, p.conversation_id, p.test FROM care_task t"
    " JOIN policy p ON p.id = t.policy_id WHERE t.answered_at IS NOT NULL AND (t.answered_at, t.id) > (:after_at, :after_id)"
    " AND t.answered_at < :until ORDER BY t.answered_at, t.id LIMIT :bite"
)


def _facts(tx: Tx, ids: Sequence[str]) -> dict[str, set[str]]:
    """What became of these conversations, as other tables tell it."""
    found: dict[str, set[str]] = {}

    def note(conversation_id: str, step: str) -> None:
        found.setdefault(conversation_id, set()).add(step)

    given = (
        "SELECT conversation_id FROM consent WHERE conversation_id IN (:among) AND purpose = 'C1' AND state = 'given'"
    )
    for row in tx.among(given, ids):
        note(row.conversation_id, "consented")
    for row in tx.among(
        "SELECT conversation_id, taken_at, outcome FROM handoff WHERE conversation_id IN (:among)", ids
    ):
        note(row.conversation_id, "asked")
        if row.taken_at is not None:
            note(row.conversation_id, "taken")
        if row.outcome == "won":
            note(row.conversation_id, "won")
    issued = (
        "SELECT conversation_id, delivered_at FROM policy WHERE conversation_id IN (:among) AND state <> 'cancelled'"
    )
    for row in tx.among(issued, ids):
        note(row.conversation_id, "issued")
        if row.delivered_at is not None:
            note(row.conversation_id, "delivered")
    return found
