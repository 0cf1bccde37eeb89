"""How far a newcomer has come from his first log-in to the first conversation that he answered: read off the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from storage import factors
from storage.tx import Tx

_DISMISSED: Final = "guide_off:"
_LATELY: Final = 2000  # messages of the whole house: he answers while he has the guide open


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`way_in` -- a password of his own, or a second factor; `customer` -- the conversation that waits to be answered, or
    the newest of the web chat, '' none; `answered` -- he has answered a customer; `begun` -- somebody of ours has;
    `dismissed` -- he wants to see no more of it."""

    way_in: bool
    customer: str
    answered: bool
    begun: bool
    dismissed: bool

    @property
    def open(self) -> bool:
        """Whether it is worth being shown unasked."""
        return not self.begun and not self.dismissed


def progress(tx: Tx, advisor_id: str) -> Progress:
    """Cheap where it counts: nothing is looked for in a house that has answered somebody."""
    begun = bool(
        tx.value("SELECT 1 FROM message WHERE direction = 'outbound' AND author = 'advisor' AND kind <> 'call' LIMIT 1")
    )
    answered = begun and _answered(tx, advisor_id)
    dismissed = bool(tx.value("SELECT 1 FROM setting WHERE name = :name", name=_DISMISSED + advisor_id))
    return Progress(
        way_in=answered or factors.asked(tx, advisor_id) or _own_password(tx, advisor_id),
        customer=_customer(tx),
        answered=answered,
        begun=begun,
        dismissed=dismissed,
    )


def _answered(tx: Tx, advisor_id: str) -> bool:
    """By what he has now, and by the newest messages: without an index on who wrote, no search through all of them."""
    return bool(
        tx.value(
            "SELECT 1 FROM conversation c JOIN message m ON m.conversation_id = c.id WHERE c.assignee_id = :id"
            " AND m.advisor_id = :id AND m.direction = 'outbound' AND m.kind <> 'call' LIMIT 1",
            id=advisor_id,
        )
        or tx.value(
            "SELECT 1 FROM (SELECT direction, kind, advisor_id FROM message ORDER BY id DESC LIMIT :most) lately"
            " WHERE advisor_id = :id AND direction = 'outbound' AND kind <> 'call' LIMIT 1",
            id=advisor_id,
            most=_LATELY,
        )
    )


def _own_password(tx: Tx, advisor_id: str) -> bool:
    """He has set it himself. The audit of a house that answered nobody yet is short."""
    return bool(
        tx.value(
            "SELECT 1 FROM audit_entry WHERE action = 'user.password' AND actor = :id AND object_id = :id LIMIT 1",
            id=advisor_id,
        )
    )


def _customer(tx: Tx) -> str:
    found = tx.value(
        "SELECT c.id FROM conversation c JOIN contact_point p ON p.id = c.point_id WHERE p.account_id LIKE 'webchat:%'"
        " AND c.status <> 'closed' ORDER BY c.last_message_at DESC LIMIT 1"
    )
    return str(found or "")


def dismiss(tx: Tx, advisor_id: str, *, off: bool) -> None:
    """Not shown unasked any more, or again."""
    tx.run("DELETE FROM setting WHERE name = :name", name=_DISMISSED + advisor_id)
    if off:
        tx.insert("setting", name=_DISMISSED + advisor_id, value="1", updated_at=tx.now_ms)
