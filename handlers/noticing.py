"""What of a turn concerns whoever has the conversation: he was given it, or his customer spoke."""

from __future__ import annotations

from handlers.drafting import LaneDraft
from handlers.model import Acted, Stage, Turn
from storage import notices


def add(draft: LaneDraft, turn: Turn | None) -> None:
    """A row beside the turn's own. Who took it himself knows."""
    holder, before = draft.state.assignee, draft.before.assignee
    if holder is None or draft.state.stage is not Stage.WITH_ADVISOR:
        return
    if before is None or before.id != holder.id or draft.before.stage is not Stage.WITH_ADVISOR:
        actors = {event.by.id for event in turn.events if isinstance(event, Acted)} if turn is not None else set()
        if holder.id not in actors:
            draft.rows.notices.append(notices.assigned(draft.conversation_id, holder.id, draft.now_ms))
    elif draft.spoke:
        draft.rows.notices.append(notices.said(draft.conversation_id, holder.id, draft.now_ms))
