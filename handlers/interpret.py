"""Stored rows back into values: events of the inbox, states of conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from channels.contract import InboundEvent, Kind
from handlers.events import ARRIVED, FILLED, SEND_ENDED, TIMER
from handlers.model import Arrived, FileEnded, Filled, SendEnded, State, TimerFired, state_from_json
from storage.attachments import ENDED as FILE_ENDED
from storage.keys import unseal
from storage.times import at
from storage.turns import Lane, OpenEvent

Ours = TimerFired | SendEnded | FileEnded | Filled | Arrived


def read(
    opened: OpenEvent, recent: Mapping[str, InboundEvent], parse: Callable[[str, bytes], InboundEvent]
) -> InboundEvent | Ours:
    """The event of a row: from memory, else from its bytes. Raises whatever makes it unreadable."""
    if opened.source == "platform":
        remembered = recent.get(opened.id)
        return remembered if remembered is not None else parse(opened.account_id, opened.body)
    body = orjson.loads(opened.body)
    moment = at(opened.received_at)
    if opened.kind == TIMER:
        return TimerFired(
            name=body["name"],
            at=moment,
            data={
                **body.get("data", {}),
                **({"conversation": body["conversation_id"]} if body.get("conversation_id") else {}),
            },
        )
    if opened.kind == SEND_ENDED:
        return SendEnded(
            message_id=body["message_id"],
            at=moment,
            status=body["status"],
            reason=body.get("reason", ""),
            klass=body.get("klass", ""),
        )
    if opened.kind == FILE_ENDED:
        return FileEnded(
            at=moment,
            kind=Kind(body["kind"]),
            reason=body["reason"],
            conversation=body["conversation_id"],
        )
    if opened.kind == ARRIVED:
        return Arrived(
            at=moment, other=body["other"], known=body.get("known", {}), conversation=body["conversation_id"]
        )
    if opened.kind == FILLED:
        return Filled(
            at=moment,
            fields=body["fields"],
            raw=body.get("raw", {}),
            by=body.get("by", ""),
            agreed=body["agreed"],
            conversation=body["conversation_id"],
        )
    raise ValueError(f"an open event of kind {opened.kind}")


def open_state(lane: Lane) -> State:
    """The core's state of the lane's conversation."""
    assert lane.key is not None
    row = lane.conversation
    sealed = row.c_state
    data: dict[str, Any] = (
        orjson.loads(unseal(lane.key, f"conversation|state_sealed|{row.c_id}", bytes(sealed))) if sealed else {}
    )
    return state_from_json(data)


def is_over(lane: Lane, now: datetime, days: int) -> bool:
    """Closed, and silent for longer than a closed conversation is taken up again."""
    row = lane.conversation
    return row is not None and row.c_status == "closed" and (now - at(row.c_last)).days >= days
