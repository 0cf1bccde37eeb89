"""What the supervisor's wall shows of this moment, counted in short reads from the rows themselves: who waits, and what each
person has. Each figure keeps the conversations that it counted, so that its list is the same as its number. Test
conversations are left out unless they are asked for. Of a period: `storage.wall_period`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.tx import Tx

BITE: Final = 200  # conversations a read looks at: some 3 ms


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
    """Who waits, and who has how much: `step` until it says False. `tests` -- test conversations too."""

    tests: bool = False
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
        fresh = [row for row in rows if row.id not in self._seen and (self.tests or not row.test)]
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
