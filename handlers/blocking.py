"""Somebody whom we do not want to hear any more, and whom we do after all. That nothing of his is read, the inbox sees to."""

from __future__ import annotations

from typing import Final

from handlers import care, idle
from handlers.draft import Draft
from handlers.model import OPEN, WAITING, Acted, Audit, CancelSends, CloseHandoff, Note, Refused, Stage

WHYS: Final = {"spam": "tin rác", "abuse": "quấy rối, xúc phạm", "fraud": "nghi lừa đảo", "other": "lý do khác"}


def block(draft: Draft, event: Acted) -> None:
    """Nobody has it any more, nothing more goes out. His conversation ends as spam; one that had ended stays as it was."""
    why, note = str(event.data.get("why") or ""), str(event.data.get("note") or "").strip()
    if why not in WHYS:
        raise Refused("invalid", f"why is one of {', '.join(WHYS)}")
    draft.add(CancelSends(reason="blocked by us"))
    care.put_away(draft)
    if draft.state.stage in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        idle.shut(draft, Stage.CLOSED_SPAM)
        draft.set(assignee=None, handoff="")
        draft.add(CloseHandoff(outcome="spam", reason=why))
    said = f"Đã chặn khách: {WHYS[why]}." + (f" {note}" if note else "")
    draft.add(Note(text=said, by=event.by), Audit(action="contact_point.block", by=event.by, fields=(why,)))


def unblock(draft: Draft, event: Acted) -> None:
    draft.add(Note(text="Đã bỏ chặn khách.", by=event.by))
    draft.add(Audit(action="contact_point.unblock", by=event.by))
