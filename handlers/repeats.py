"""What is told again: an echo that passes for a person's and is ours all the same (docs/adr/0082), and a customer's message that
comes in a second envelope. The transcript knows both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from channels.contract import TOLD_BACK, UNSAID, InboundEvent, Kind
from handlers.interpret import Ours
from handlers.understanding import secrets
from storage import echoes, envelopes
from storage.envelopes import Heard
from storage.times import ms
from storage.turns import Lane, OpenEvent
from storage.tx import Tx

AGAIN: Final = "the same message in another envelope"

Read = Callable[[OpenEvent], InboundEvent | Ours]


def ask(tx: Tx, lanes: Sequence[Lane], read: Read) -> None:
    """Note in `ours` and `again` of each lane what was told before. What cannot be read fails in its turn."""
    enveloped: dict[str, list[tuple[str, InboundEvent]]] = {}
    for lane in lanes:
        for opened in lane.events:
            if opened.source != "platform":
                continue
            with contextlib.suppress(Exception):
                event = read(opened)
                if not isinstance(event, InboundEvent):
                    continue
                if event.kind is Kind.ECHO and event.by_human:
                    _echoed(tx, lane, opened, event)
                elif event.enveloped and event.external_id:
                    enveloped.setdefault(lane.point_id, []).append((opened.id, event))
    if not enveloped:
        return
    stands = envelopes.last_heard(
        tx,
        [lane.point_id for lane in lanes if lane.conversation and lane.point_id in enveloped],
        [event.external_id for told in enveloped.values() for _, event in told],
    )
    for lane in lanes:
        told, here = enveloped.get(lane.point_id, ()), stands.get(lane.point_id, [])
        if not here and len(told) < 2:
            continue  # nothing that it could be again
        for event_id, event in told:
            heard = _heard(event)
            if any(_same(tx, heard, one) for one in here):
                lane.again.add(event_id)
            else:
                here.append(heard)


def _echoed(tx: Tx, lane: Lane, opened: OpenEvent, echo: InboundEvent) -> None:
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


def _heard(event: InboundEvent) -> Heard:
    return Heard(
        external_id=event.external_id,
        kind=event.kind.value,
        said_at=0 if event.said_at == UNSAID else ms(event.said_at),
        said=(secrets.mask(event.text)[0] if event.text else "", event.payload),
    )


def _same(tx: Tx, heard: Heard, one: Heard) -> bool:
    """By its number, kind, time and words: numbers begin anew where another bot took the account's place."""
    return (
        heard.external_id == one.external_id
        and heard.kind == one.kind
        and heard.said_at in (0, one.said_at)
        and heard.said == (envelopes.words(tx, one) if one.said is None else one.said)
    )


def known(lane: Lane, opened: OpenEvent, event: InboundEvent | Ours) -> InboundEvent | Ours:
    """The event as what it is."""
    if not isinstance(event, InboundEvent):
        return event
    if opened.id in lane.again:
        return replace(event, kind=Kind.IGNORED, reason=AGAIN)
    row = lane.ours.get(opened.id)
    if row is None:
        return event
    return replace(event, by_human=False, unsigned=False, reason=TOLD_BACK, extra={"sent_id": row} if row else {})
