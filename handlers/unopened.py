"""What comes where nobody ever spoke, and is not said: it begins no conversation. News of a message waits for it; the rest has
nothing to change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from channels.contract import InboundEvent, Kind
from handlers import retold
from handlers.interpret import Ours
from storage import parked
from storage.turns import Lane, OpenEvent, Rows


def leaves_nothing(event: InboundEvent | Ours) -> bool:
    """A receipt, an echo of ours, what is said to another app, news of a message, or what is not for us: it changes what is
    there and makes nothing."""
    if not isinstance(event, InboundEvent):
        return False
    return (
        event.standby
        or event.kind in (Kind.RECEIPT, Kind.IGNORED, Kind.EDIT, Kind.RETRACT)
        or (event.kind is Kind.ECHO and not event.by_human)
    )


def let_pass(rows: Rows, lane: Lane, events: Sequence[InboundEvent | Ours], now_ms: int) -> None:
    """Such events of a lane without a conversation."""
    for one, event in zip(lane.events, events, strict=True):
        state, counter, why = _fate(event)
        rows.done.append({"id": one.id, "state": state, "reason": why, "done_at": now_ms, "conversation_id": None})
        if one.source == "platform":
            rows.handled.append((one.account_id, counter))
        if isinstance(event, InboundEvent) and why == parked.WAITS:
            _park(rows, lane, one, event)


def _fate(event: InboundEvent | Ours) -> tuple[str, str, str]:
    """The event's state, which counter it moves, its reason."""
    assert isinstance(event, InboundEvent)
    if event.kind in retold.NEWS and event.ref and not event.standby:
        return "done", "messages", parked.WAITS
    state, counter = ("done", "receipts") if event.kind is Kind.RECEIPT else ("ignored", "ignored")
    return state, counter, event.reason or "nobody we know"


def _park(rows: Rows, lane: Lane, opened: OpenEvent, event: InboundEvent) -> None:
    news = retold.news_of(rows, opened, event)
    if event.kind is Kind.RETRACT:
        rows.later.append(partial(parked.forget_words, point_id=lane.point_id, ref=news.ref))
    rows.later.append(partial(parked.wait_for_anybody, news=news, point_id=lane.point_id))
