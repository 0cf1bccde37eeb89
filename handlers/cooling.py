"""The notice of the cooling-off period: the law demands it, so no switch of his ends it, and it asks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from channels.windows import Purpose, Sender, Way, rule
from handlers import schedule
from handlers.draft import Draft
from handlers.model import CareAnswered, Stage

KINDS: Final = frozenset({"cooling_off", "cooling_off_14"})
PURPOSE: Final = "legal"


def due(draft: Draft, data: Mapping[str, Any]) -> None:
    """`data` -- task, number, received_on and last_day as ISO dates. Said while a person has the conversation, too."""
    task = str(data["task"])
    moment = schedule.next_service_time(draft.now, draft.business)
    if moment > draft.now:
        draft.wake(f"care:{task}", moment, data)
        return
    ruled = rule(
        draft.context.carries,
        sender=Sender.SYSTEM,
        purpose=Purpose.ANSWER,
        now=draft.now,
        last=draft.context.heard_at,
        opened=draft.context.opened,
    )
    if ruled.way is Way.NEVER:
        draft.add(CareAnswered(task=task, state="skipped", reason=ruled.why))
        return
    if draft.state.stage is Stage.NEW and not draft.context.letters:  # we speak first: who, and that it is a machine
        draft.move(Stage.GREETED)
        draft.say("greeting.bot_identity", klass="B", purpose=PURPOSE)
    draft.say(
        "delivery.cooling_off",
        klass="B",
        purpose=PURPOSE,
        so_hop_dong=str(data.get("number") or ""),
        ngay_nhan=_day(data["received_on"]),
        han_can_nhac=_day(data["last_day"]),
    )
    draft.add(CareAnswered(task=task, state="sent"))


def _day(iso: object) -> str:
    """22/11/2026"""
    return date.fromisoformat(str(iso)).strftime("%d/%m/%Y")
