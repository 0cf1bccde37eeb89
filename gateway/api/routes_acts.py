"""What people do with a conversation. Each answers with the conversation as it is then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.api import models, show
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_conversations import view
from storage import advisors, listing, teams
from storage.tx import Tx

routes = Routes("acts")
_AT: Final = "/conversations/{conversation_id}"
_REFUSES: Final = ("not_yours", "taken", "wrong_state", "not_screened", "not_certified")
_OUTCOMES: Final[Mapping[str, str]] = {
    "closed_no_need": "no_need",
    "closed_spam": "spam",
    "closed_idle": "done",
    "resolved": "done",
}


async def act(
    call: Call, conversation_id: str, name: str, may: str, data: Mapping[str, Any] | None = None
) -> models.ConversationView:
    """Do it, thinking first what waits there; the conversation as it is then. `may` -- of the table of permissions."""
    by, engine = call.actor.advisor(), call.parts.engine

    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require(may, show.thing(row), row.assignee)
        engine.act(tx, conversation_id, name, by=by, data=_with_team(tx, _with_advisor(tx, data or {})))
        return conversation_id

    return await view(call, await call.once(unit))


def _with_advisor(tx: Tx, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The advisor that a body names by id, as the core knows him. Raises ApiError."""
    if not data.get("advisor"):
        return data
    person = advisors.find(tx, str(data["advisor"]))
    if person is None or person.disabled_at is not None or person.role == "dpo":
        raise ApiError(
            "invalid", "there is no such advisor", fields={"advisor": "nobody with this id takes conversations"}
        )
    return {**data, "advisor": {"id": person.id, "name": person.name, "code": person.agent_code, "role": person.role}}


def _with_team(tx: Tx, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The team that a body names, by its id or as people call it. Raises ApiError."""
    if not data.get("team"):
        return data
    found = teams.find(tx, str(data["team"]))
    if found is None:
        known = ", ".join(f"{team.id} ({team.name})" for team in teams.listed(tx))
        raise ApiError("invalid", "there is no such team", fields={"team": f"there are: {known or 'none yet'}"})
    return {**data, "team": found.id, "team_name": found.name}


@routes.post(f"{_AT}/take", may="take", refuses=_REFUSES)
async def take(call: Call, conversation_id: str) -> models.ConversationView:
    """Take it: the bot is silent from now on. The slower of two is told who has it."""
    return await act(call, conversation_id, "take", "take")


@routes.post(f"{_AT}/assign", may="assign", refuses=_REFUSES)
async def assign(call: Call, conversation_id: str, body: models.Assign) -> models.ConversationView:
    """Give it to an advisor."""
    return await act(call, conversation_id, "assign", "assign", {"advisor": body.advisor})


@routes.post(f"{_AT}/transfer", may="transfer", refuses=_REFUSES)
async def transfer(call: Call, conversation_id: str, body: models.Transfer) -> models.ConversationView:
    """Hand it on, to another advisor or back into the queue of a team (its id or its name), with a note."""
    if (body.advisor is None) == (body.team is None):
        raise ApiError("invalid", "to whom?", fields={"advisor": "give this or `team`, not both"})
    whom = {"advisor": body.advisor} if body.advisor else {"team": body.team}
    return await act(call, conversation_id, "transfer", "transfer", {**whom, "note": body.note})


@routes.post(f"{_AT}/close", may="close", refuses=_REFUSES)
async def close(call: Call, conversation_id: str, body: models.Close) -> models.ConversationView:
    """It is over: won, lost, no_need, spam or done."""
    outcome = _OUTCOMES.get(body.outcome, body.outcome)
    return await act(call, conversation_id, "close", "close", {"reason": body.reason, "outcome": outcome})


@routes.post(f"{_AT}/reopen", may="reopen", refuses=_REFUSES)
async def reopen(call: Call, conversation_id: str) -> models.ConversationView:
    """Take a closed one up again; you have it then."""
    return await act(call, conversation_id, "reopen", "reopen")


@routes.post(f"{_AT}/return", may="return", refuses=_REFUSES)
async def give_back(call: Call, conversation_id: str) -> models.ConversationView:
    """Back to the bot."""
    return await act(call, conversation_id, "return", "return")


@routes.post(f"{_AT}/snooze", may="snooze", refuses=_REFUSES)
async def snooze(call: Call, conversation_id: str, body: models.Snooze) -> models.ConversationView:
    """Out of sight until then."""
    return await act(call, conversation_id, "snooze", "snooze", {"until": body.until.isoformat()})


@routes.post(f"{_AT}/notes", may="note", refuses=_REFUSES)
async def note(call: Call, conversation_id: str, body: models.Note) -> models.ConversationView:
    """A line for colleagues; the customer never sees it."""
    return await act(call, conversation_id, "note", "note", {"text": body.text})


@routes.post(f"{_AT}/labels", may="label", refuses=_REFUSES)
async def label(call: Call, conversation_id: str, body: models.Labels) -> models.ConversationView:
    """Put labels on it, or take them away."""
    return await act(call, conversation_id, "label", "label", {"add": body.add, "remove": body.remove})


@routes.post(f"{_AT}/seen", may="note")
async def seen(call: Call, conversation_id: str, body: models.Seen) -> models.Done:
    """Somebody at the desk has read up to this seq."""

    def unit(tx: Tx) -> str:
        last = tx.value("SELECT MAX(seq) FROM message WHERE conversation_id = :id", id=conversation_id)
        if last is None:
            raise not_found()
        changed = tx.run(
            "UPDATE conversation SET seen_seq = :seq WHERE id = :id AND seen_seq < :seq",
            seq=min(body.seq, last),
            id=conversation_id,
        )
        if changed:
            tx.hint("conversation", conversation_id)
        return conversation_id

    await call.once(unit)
    return models.Done()
