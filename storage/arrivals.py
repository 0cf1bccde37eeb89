"""Somebody comes into a chat by a link that we gave him in another one: the two are one person from then on."""

from __future__ import annotations

from typing import Any, Final

import orjson

from storage import audit, carried, contacts, inbox, tickets
from storage.tx import Tx

KIND: Final = "arrived"
CARRIED: Final = ("slots", "consents", "lang", "salutation")


def arrive(tx: Tx, reference: str, conversation_id: str) -> None:
    """Use the reference up: merge, and let both conversations know by an event. Nothing when it is none,
    over, used or for another account."""
    ticket = tickets.find(tx, "move", reference, lock=True)
    here, there = _row(tx, conversation_id), _row(tx, ticket.conversation_id) if ticket else None
    if ticket is None or here is None or there is None or here.point_id == there.point_id:
        return
    if (
        ticket.data.get("account") != here.account_id
    ):  # it was for another chat: whoever has it here, he was not led here
        return
    one, other = contacts.resolve(tx, here.contact_id), contacts.resolve(tx, there.contact_id)
    families = [each for head in (one, other) if head for each in contacts.family(tx, head)]
    if contacts.being_erased(tx, families) or not tickets.use(tx, ticket.id):
        return
    if one and other and one != other:
        contacts.merge(tx, one, other, by=ticket.created_by)
    audit.write(
        tx,
        actor="customer",
        action="conversation.moved",
        object_type="conversation",
        object_id=ticket.conversation_id,
        fields=(conversation_id,),
    )
    state = tx.keys.open_json(tx, there.contact_id, "conversation", "state_sealed", there.id, there.state_sealed)
    known: dict[str, Any] = {name: state[name] for name in CARRIED if state.get(name)}
    known["by"] = carried.tellers(state, there.contact_id)
    if there.status == "with_advisor" and state.get("assignee"):
        known["assignee"] = state["assignee"]
    _tell(tx, here, there.account_id, {"lang": there.lang, **known}, ticket.id)
    _tell(tx, there, here.account_id, {}, ticket.id)


def _row(tx: Tx, conversation_id: str) -> Any:
    return tx.one(
        "SELECT id, point_id, contact_id, account_id, status, lang, state_sealed FROM conversation WHERE id = :id",
        id=conversation_id,
    )


def _tell(tx: Tx, row: Any, other: str, known: dict[str, Any], ticket_id: str) -> None:
    inbox.insert_own(
        tx,
        point_id=row.point_id,
        account_id=row.account_id,
        kind=KIND,
        source="system",
        key=f"arrived:{ticket_id}:{row.id}",
        body_=orjson.dumps({"other": other, "known": known, "conversation_id": row.id}),
        state="new",
    )
