"""Calls that an advisor promised at the desk: told in the thread when they are made, when their time has come, and how they ended."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from handlers import schedule
from handlers.draft import Draft
from handlers.model import Acted, Audit, Business, Note, Refused, TaskRang, Unwake

PREFIX: Final = "task:"  # of the names of their reminders
ENDED: Final = {"done": "Đã gọi lại cho khách như hẹn.", "cancelled": "Đã bỏ lịch hẹn gọi lại."}


def promise(draft: Draft, event: Acted) -> None:
    """Made, or put off to another time or another person. `task`, `due_at` (ISO), `owner` (a name)."""
    due = _due(event)
    if due <= draft.now:
        raise Refused("invalid", "a call is promised for a moment to come")
    draft.wake(_name(event), due)
    told = f"Hẹn gọi lại cho khách lúc {_moment(due, draft.business)}, người gọi: {event.data['owner']}."
    draft.add(Note(text=told, by=event.by), Audit(action="task.set", by=event.by, fields=("due_at", "owner")))


def ended(draft: Draft, event: Acted) -> None:
    state, note = str(event.data["state"]), str(event.data.get("note") or "").strip()
    draft.add(Unwake(name=_name(event)), Audit(action=f"task.{state}", by=event.by))
    draft.add(Note(text=ENDED[state] + (f" {note}" if note else ""), by=event.by))


def rang(draft: Draft, name: str) -> None:
    """Its time has come: whoever put the conversation off sees it again."""
    draft.remember(snoozed_until=None)
    draft.add(TaskRang(task=name.removeprefix(PREFIX)), Note(text="Đến giờ hẹn gọi lại cho khách."))


def _name(event: Acted) -> str:
    return f"{PREFIX}{event.data['task']}"


def _due(event: Acted) -> datetime:
    return datetime.fromisoformat(str(event.data["due_at"]))


def _moment(at: datetime, business: Business) -> str:
    return schedule.local(at, business).strftime("%H:%M %d/%m/%Y")
