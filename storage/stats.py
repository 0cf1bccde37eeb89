"""Figures: the loss accounting as the contract tells it, and the business of a period without test conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.tx import Tx


def accounts(tx: Tx) -> Sequence[Any]:
    """account_stat of every account: channel, account and the nine counters."""
    return tx.all(
        "SELECT a.channel, a.name AS account, s.deliveries, s.duplicates, s.rejected, s.events, s.messages, s.receipts,"
        " s.ignored, s.quarantined, s.pending FROM account_stat s JOIN account a ON a.id = s.account_id"
        " ORDER BY a.channel, a.name"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """One channel's figures of a period. `answered_ms` -- median from the asking to the first reply of a person."""

    channel: str
    opened: int
    handoffs: int
    taken: int
    in_time: int
    won: int
    lost: int
    answered_ms: int | None


IN_TIME_MS: Final = 15 * 60_000
BITE: Final = 500  # rows a read looks at: some 3 ms


@dataclass(slots=True)
class _Channel:
    opened: int = 0
    won: int = 0
    lost: int = 0
    handoffs: int = 0
    taken: int = 0
    in_time: int = 0
    waits: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """The business of a period as it is being counted, in two walks of many short reads: first `opened`, then `asked`,
    each until it says False. A bite moves the cursor as it counts, so a read that runs twice goes on, and none counts
    twice. Test conversations are left out."""

    since: int
    until: int
    _channels: dict[str, _Channel] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)  # conversations move forward while we walk: none counts twice
    _conversations: tuple[int, str] | None = None
    _handoffs: tuple[int, str] | None = None

    def opened(self, tx: Tx) -> bool:
        """One bite of the conversations opened in the period. Whether there is more."""
        at, last = self._conversations or (self.since, "")
        rows = tx.all(
            "SELECT id, last_message_at, channel, stage, opened_at, test FROM conversation"
            " WHERE (last_message_at, id) > (:at, :last) ORDER BY last_message_at, id LIMIT :bite",
            at=at,
            last=last,
            bite=BITE,
        )
        for row in rows:
            if not row.test and self.since <= row.opened_at < self.until and row.id not in self._seen:
                self._seen.add(row.id)
                mine = self._channels.setdefault(row.channel, _Channel())
                mine.opened += 1
                mine.won += row.stage == "won"
                mine.lost += row.stage in ("lost", "closed_no_need")
        if rows:
            self._conversations = (rows[-1].last_message_at, rows[-1].id)
        return len(rows) == BITE

    def asked(self, tx: Tx) -> bool:
        """One bite of the requests for a person in the period. Whether there is more."""
        at, last = self._handoffs or (self.since, "")
        rows = tx.all(
            "SELECT h.id, h.opened_at, h.taken_at, h.first_reply_at, h.test, c.channel FROM handoff h"
            " JOIN conversation c ON c.id = h.conversation_id WHERE (h.opened_at, h.id) > (:at, :last)"
            " AND h.opened_at < :until ORDER BY h.opened_at, h.id LIMIT :bite",
            at=at,
            last=last,
            until=self.until,
            bite=BITE,
        )
        for row in rows:
            if row.test:
                continue
            mine = self._channels.setdefault(row.channel, _Channel())
            mine.handoffs += 1
            if row.taken_at is not None:
                mine.taken += 1
                mine.in_time += row.taken_at - row.opened_at <= IN_TIME_MS
            if row.first_reply_at:
                mine.waits.append(row.first_reply_at - row.opened_at)
        if rows:
            self._handoffs = (rows[-1].opened_at, rows[-1].id)
        return len(rows) == BITE

    def figures(self) -> list[Business]:
        return [
            Business(
                channel=channel,
                opened=mine.opened,
                won=mine.won,
                lost=mine.lost,
                handoffs=mine.handoffs,
                taken=mine.taken,
                in_time=mine.in_time,
                answered_ms=sorted(mine.waits)[len(mine.waits) // 2] if mine.waits else None,
            )
            for channel, mine in sorted(self._channels.items())
        ]
