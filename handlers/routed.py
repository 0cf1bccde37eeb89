"""What the rules of the house do to a conversation: somebody is given it, the supervisor is told, who may advise no more
loses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from handlers import sla
from handlers.draft import Draft
from handlers.model import (
    WAITING,
    Acted,
    Advisor,
    Audit,
    CloseHandoff,
    Note,
    OpenHandoff,
    Refused,
    Stage,
)

ESCALATE: Final = "escalate"  # the scheduler's timer: scheduler/routing.py
SYSTEM: Final = Advisor(id="system", name="", role="integration")  # who acts where the rules do
PRIORITY: Final = 10
WHY: Final[Mapping[str, str]] = {
    "sticky": "đã tư vấn khách này lần trước",
    "least_load": "đang giữ ít khách nhất",
}
ENDED: Final[Mapping[str, str]] = {
    "none": "chưa có chứng chỉ",
    "expired": "chứng chỉ đã hết hạn",
    "product": "chứng chỉ không gồm sản phẩm này",
}


def waits_still(draft: Draft, event: Acted) -> None:
    """Between the choice and the act somebody may have taken it.

    :raises Refused: it does not wait any more, or asks anew
    """
    if draft.state.stage not in WAITING or draft.state.handoff != event.data.get("handoff"):
        raise Refused("wrong_state", "it waits no more")


def given(draft: Draft, event: Acted, to: Advisor) -> None:
    """Whoever looks at it sees why it is his."""
    reason = str(event.data.get("reason") or "least_load")
    draft.add(
        Note(text=f"Tự động giao cho {to.name}: {WHY.get(reason, reason)}."),
        Audit(action="conversation.assign", by=event.by, fields=("assignee", reason)),
    )


def release(draft: Draft, event: Acted) -> None:
    """He may not advise on this any more: it waits for somebody who may (R-AGT-2).

    :raises Refused: it is not his any more
    """
    had = draft.state.assignee
    if draft.state.stage is not Stage.WITH_ADVISOR or had is None or had.id != event.data.get("advisor"):
        raise Refused("wrong_state", "he does not have it")
    why = ENDED.get(str(event.data.get("reason")), ENDED["expired"])
    draft.move(Stage.QUEUED)
    draft.set(assignee=None, handoff="")
    pass_by(draft, had)
    draft.remember(unanswered=None, noticed=None)
    draft.add(
        CloseHandoff(outcome="uncertified"),
        OpenHandoff(reason="uncertified", priority=PRIORITY),
        Note(text=f"{had.name}: {why}. Cuộc trò chuyện trở lại hàng chờ cho người có chứng chỉ."),
        Audit(action="conversation.release", by=event.by, fields=("assignee",)),
    )
    draft.say("queue.entered", klass="B")


def pass_by(draft: Draft, had: Advisor | None) -> None:
    """The next one it is given to is somebody else."""
    before = tuple(draft.state.memory.get("passed", ()))
    if had is not None and had.id and had.id not in before:
        draft.remember(passed=[*before, had.id])


def escalate(draft: Draft) -> None:
    """Nobody has taken him for so long that it is the supervisor's matter: up in the queue, and people see why."""
    if draft.state.stage not in WAITING or not draft.state.handoff:
        return
    raised = sla.raised(int(draft.state.memory.get("priority", 0)))
    draft.remember(priority=raised)
    draft.add(OpenHandoff(reason="", priority=raised), Note(text="Chờ quá lâu: đã báo giám sát."))
