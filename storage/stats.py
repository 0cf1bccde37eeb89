"""Figures: the loss accounting as the contract tells it, and the business of a period without test conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


IN_TIME_MS = 15 * 60_000


def business(tx: Tx, *, since: int, until: int) -> list[Business]:
    """Conversations opened in the period and the requests for a person in it; test conversations are left out."""
    opened = tx.all(
        "SELECT channel, COUNT(*) AS opened, SUM(CASE WHEN stage = 'won' THEN 1 ELSE 0 END) AS won,"
        " SUM(CASE WHEN stage IN ('lost', 'closed_no_need') THEN 1 ELSE 0 END) AS lost FROM conversation"
        " WHERE last_message_at >= :since AND opened_at >= :since AND opened_at < :until AND NOT test GROUP BY channel ORDER BY channel",
        since=since,
        until=until,
    )
    asked = tx.all(
        "SELECT c.channel, h.opened_at, h.taken_at, h.first_reply_at FROM handoff h JOIN conversation c ON c.id = h.conversation_id"
        " WHERE h.opened_at >= :since AND h.opened_at < :until AND NOT h.test LIMIT 5000",
        since=since,
        until=until,
    )
    figures = {row.channel: row for row in opened}
    found = []
    for channel in sorted({*figures, *(row.channel for row in asked)}):
        mine = [row for row in asked if row.channel == channel]
        waits = sorted(row.first_reply_at - row.opened_at for row in mine if row.first_reply_at)
        row = figures.get(channel)
        found.append(
            Business(
                channel=channel,
                opened=int(row.opened) if row else 0,
                won=int(row.won or 0) if row else 0,
                lost=int(row.lost or 0) if row else 0,
                handoffs=len(mine),
                taken=sum(row.taken_at is not None for row in mine),
                in_time=sum(row.taken_at is not None and row.taken_at - row.opened_at <= IN_TIME_MS for row in mine),
                answered_ms=waits[len(waits) // 2] if waits else None,
            )
        )
    return found
