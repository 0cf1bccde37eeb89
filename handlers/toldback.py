"""Echoes that pass for a person's: the transcript knows which of them are ours all the same (docs/adr/0082)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from channels.contract import TOLD_BACK, InboundEvent, Kind
from handlers.interpret import Ours
from storage import echoes
from storage.turns import Lane, OpenEvent
from storage.tx import Tx


def ask(tx: Tx, lane: Lane, read: Callable[[OpenEvent], InboundEvent | Ours]) -> None:
    """Note in `lane.ours` what we said ourselves. One that cannot be read fails in its turn."""
    for opened in lane.events:
        if opened.kind != Kind.ECHO.value:
            continue
        with contextlib.suppress(Exception):
            echo = read(opened)
            if not isinstance(echo, InboundEvent) or not echo.by_human:
                continue
            row = echoes.ours(
                tx,
                lane.point_id,
                external_id=echo.external_id,
                text=echo.text,
                files=bool(echo.files),
                unsigned=echo.unsigned,
            )
            if row is not None:
                lane.ours[opened.id] = row


def known(lane: Lane, opened: OpenEvent, event: InboundEvent | Ours) -> InboundEvent | Ours:
    """The event as what it is."""
    row = lane.ours.get(opened.id)
    if row is None or not isinstance(event, InboundEvent):
        return event
    return replace(event, by_human=False, unsigned=False, reason=TOLD_BACK, extra={"sent_id": row} if row else {})
