"""Cases as they are kept: where each stands, what was done about it, what is still to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from storage import audit, contacts, listing
from storage import steps as lines
from storage.ids import new_id
from storage.tx import Tx

TOLD: Final = ("premium", "reason", "documents")  # sealed
KEPT: Final = ("state", "held", "form", "starts_on", "insurer")
FOLLOWS: Final = frozenset(
    {"delivered", "active", "expired", "cancelled"}
)  # states of the policy that are the case's then


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A case. `state` -- its own; `shown` -- with what became of its policy · what `told` holds is plain: the caller masks."""

    id: str
    conversation_id: str
    contact_id: str
    product: str
    insurer: str
    state: str
    shown: str
    held: str
    form: str
    starts_on: str
    print: str
    told: Mapping[str, Any] = field(repr=False)
    policy_id: str | None
    created_by: str
    created_at: int
    changed_at: int
    agreed_at: int | None
    sent_at: int | None
    version: int


def add(tx: Tx, conversation: listing.Conversation, *, product: str, insurer: str, by: str) -> str:
    """A new one, `requested`; its id."""
    case_id = new_id()
    # His own, not of whom he was merged into: parted or erased, it goes with his conversation.
    contact_id = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation.id)
    tx.insert(
        "policy_case",
        id=case_id,
        conversation_id=conversation.id,
        contact_id=contact_id,
        product=product,
        insurer=insurer,
        state="requested",
        held="",
        form="",
        starts_on="",
        declared_print="",
        test=conversation.test,
        created_by=by,
        created_at=tx.now_ms,
        changed_at=tx.now_ms,
        version=0,
    )
    _step(tx, case_id, contact_id, "request", "", "requested", by, {})
    return case_id


def change(tx: Tx, row: Row, act: str, to: Mapping[str, Any], *, note: Mapping[str, Any], by: str) -> bool:
    """What a step made of it; False when somebody else was faster. `to` -- of KEPT and TOLD, print, policy_id."""
    told = {**row.told, **{name: to[name] for name in TOLD if name in to}}
    after = str(to.get("state", row.state))
    changed = tx.run(
        "UPDATE policy_case SET state = :state, held = :held, form = :form, starts_on = :starts, declared_print = :print,"
        " told_sealed = :told, policy_id = :policy, changed_at = :now, version = version + 1,"
        " agreed_at = :agreed, sent_at = :sent WHERE id = :id AND version = :version",
        id=row.id,
        version=row.version,
        state=after,
        held=to.get("held", row.held),
        form=to.get("form", row.form),
        starts=to.get("starts_on", row.starts_on),
        print=to.get("print", row.print),
        told=tx.keys.seal_json(tx, row.contact_id, "policy_case", "told_sealed", row.id, told),
        policy=to.get("policy_id") or row.policy_id,
        now=tx.now_ms,
        agreed=tx.now_ms if after == "agreed" else row.agreed_at,
        sent=tx.now_ms if after == "sent_to_insurer" else row.sent_at,
    )
    if not changed:
        return False
    _step(tx, row.id, row.contact_id, act, row.state, after, by, note)
    return True


def _step(
    tx: Tx, case_id: str, contact_id: str, act: str, before: str, after: str, by: str, note: Mapping[str, Any]
) -> None:
    lines.add(tx, "case_step", case_id, contact_id, act, before, after, by, note)
    audit.write(tx, actor=by, action=f"case.{act}", object_type="case", object_id=case_id, fields=tuple(sorted(note)))
    tx.hint("case", case_id)


_SELECT: Final = "SELECT c.*, p.state AS policy_state FROM policy_case c LEFT JOIN policy p ON p.id = c.policy_id"  # what became of it


def one(tx: Tx, case_id: str, *, lock: bool = False) -> Row | None:
    held = " FOR UPDATE OF c" if lock and tx.postgres else ""
    row = tx.one(f"{_SELECT} WHERE c.id = :id{held}", id=case_id)
    return None if row is None else _row(tx, row)


def page(
    tx: Tx, *, conversation: str = "", contact: str = "", state: str = "", after: str | None = None, limit: int
) -> list[Row]:
    """The newest first. `contact` -- he and those who were merged into him."""
    binds: dict[str, Any] = {}
    where = []
    if contact:
        family = contacts.family(tx, contacts.resolve(tx, contact) or contact)
        binds |= {f"contact_{number}": each for number, each in enumerate(family)}
        where.append(f"c.contact_id IN ({', '.join(f':contact_{number}' for number in range(len(family)))})")
    if conversation:
        where.append("c.conversation_id = :conversation")
        binds["conversation"] = conversation
    if state:
        where.append("c.state = :state")
        binds["state"] = state
    if after:
        where.append("c.id < :after")
        binds["after"] = after
    rows = tx.all(
        f"{_SELECT} WHERE {' AND '.join(where) or 'TRUE'} ORDER BY c.id DESC LIMIT :limit", **binds, limit=limit
    )
    return [_row(tx, row) for row in rows]


def steps(tx: Tx, row: Row) -> list[lines.Step]:
    """What was done about it, the oldest first."""
    return lines.listed(tx, "case_step", row.id)


def _row(tx: Tx, row: Any) -> Row:
    followed = row.policy_state if row.state == "issued" and row.policy_state in FOLLOWS else ""
    return Row(
        id=row.id,
        conversation_id=row.conversation_id,
        contact_id=row.contact_id,
        product=row.product,
        insurer=row.insurer,
        state=row.state,
        shown=followed or row.state,
        held=row.held,
        form=row.form,
        starts_on=row.starts_on,
        print=row.declared_print,
        told=lines.opened(tx, "policy_case", "told_sealed", row),
        policy_id=row.policy_id,
        created_by=row.created_by,
        created_at=row.created_at,
        changed_at=row.changed_at,
        agreed_at=row.agreed_at,
        sent_at=row.sent_at,
        version=row.version,
    )
