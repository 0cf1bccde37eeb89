"""The rows of a handoff: asked for, more urgent, taken, over. Whose team it is and by when, as the house has set it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from handlers import routing, sla
from handlers.model import CloseHandoff, OpenHandoff, TakeHandoff
from storage import notices
from storage.ids import new_id
from storage.times import ms
from storage.tx import Tx

if TYPE_CHECKING:
    from handlers.drafting import LaneDraft

Act = Callable[[Tx], None]


def open_handoff(draft: LaneDraft, effect: OpenHandoff) -> None:
    """A conversation asks for a human. One that does already: the more urgent reason counts."""
    team = routing.team_of(draft.state, effect.reason)
    handoff_id = draft.state.handoff
    if handoff_id:
        draft.rows.later.append(_raise_handoff(handoff_id, effect))
        if effect.reason == "transfer" or effect.reason in routing.BY_REASON:
            _hand_to(draft, team, handoff_id)
        return
    handoff_id = new_id()
    draft.set(handoff=handoff_id)
    business = draft.place.voice.business
    draft.rows.handoffs.append(
        {
            "id": handoff_id,
            "conversation_id": draft.conversation_id,
            "contact_id": draft.contact_id,
            "code": draft.state.code,
            "reason": effect.reason,
            "priority": effect.priority,
            "state": "waiting",
            "test": draft.place.test,
            "outcome": "",
            "team": team,
            "due_at": ms(sla.due(draft.now, business, team=team)),
            "escalate_at": ms(sla.escalate_at(draft.now, business)),
            "passed": orjson.dumps(list(draft.state.memory.get("passed", ()))).decode(),
        }
    )
    _hand_to(draft, team, "")
    draft.rows.hints.append(("handoff", draft.conversation_id))


def _hand_to(draft: LaneDraft, team: str, handoff_id: str) -> None:
    """Whose work it is from now on. `handoff_id` -- of a handoff that stands already: it is nobody's turn any more."""
    conversation_id = draft.conversation_id
    draft.set(memory={**draft.state.memory, "team": team})

    def write(tx: Tx) -> None:
        tx.run("UPDATE conversation SET team = :team WHERE id = :id AND team <> :team", id=conversation_id, team=team)
        if handoff_id and tx.run(
            "UPDATE handoff SET team = :team, offered_to = NULL, offered_until = NULL, passed = '[]'"
            " WHERE id = :id AND team <> :team",
            id=handoff_id,
            team=team,
        ):
            notices.anew(tx, handoff_id, moved=True)

    draft.rows.later.append(write)


def _raise_handoff(handoff_id: str, effect: OpenHandoff) -> Act:
    def write(tx: Tx) -> None:
        if tx.run(
            "UPDATE handoff SET priority = :priority, reason = COALESCE(NULLIF(:reason, ''), reason)"
            " WHERE id = :id AND priority < :priority",
            id=handoff_id,
            priority=effect.priority,
            reason=effect.reason,
        ):
            notices.anew(tx, handoff_id, moved=False)

    return write


def take_handoff(effect: TakeHandoff, draft: LaneDraft) -> Act:
    handoff = draft.before.handoff or draft.state.handoff

    def write(tx: Tx) -> None:
        if handoff:
            tx.run(
                "UPDATE handoff SET state = 'taken', taken_at = COALESCE(taken_at, :now), taken_by = :by WHERE id = :id AND state <> 'closed'",
                id=handoff,
                by=effect.by.id,
                now=tx.now_ms,
            )
        tx.hint("handoff", draft.conversation_id)

    return write


def close_handoff(effect: CloseHandoff, draft: LaneDraft) -> Act:
    handoff = draft.before.handoff or draft.state.handoff
    draft.outcome = effect.outcome
    conversation_id = draft.conversation_id
    reason = draft.seal("conversation", "reason_sealed", conversation_id, effect.reason.encode())

    def write(tx: Tx) -> None:
        tx.run(
            "UPDATE conversation SET reason_sealed = :reason WHERE id = :id",
            id=conversation_id,
            reason=reason if effect.reason else None,
        )
        if handoff:
            tx.run(
                "UPDATE handoff SET state = 'closed', closed_at = :now, outcome = :outcome WHERE id = :id AND state <> 'closed'",
                id=handoff,
                outcome=effect.outcome,
                now=tx.now_ms,
            )
        tx.hint("handoff", draft.conversation_id)

    return write
