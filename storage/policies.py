"""Policies that were issued through us: registered once, looked up, turned by the date, cancelled.

Policy data counts as sensitive: the number is sealed, with a blind index for exact look-up, and so is the premium. How a
certificate reaches its customer is storage.deliveries, and what proves it storage.proof.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from storage import announcements, audit, care, contacts, files, search, term
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.times import at
from storage.tx import Tx

PDF: Final = "application/pdf"
State = Literal["issued", "delivered", "active", "expired", "cancelled"]
ALIVE: Final = ("issued", "delivered", "active")
DEAREST: Final = 10**13  # VND; beyond it somebody typed a number into the wrong field


class Wrong(Exception):
    """What was given cannot become a policy. `fields` -- name -> what is wrong with it."""

    def __init__(self, **fields: str) -> None:
        super().__init__("; ".join(f"{name}: {what}" for name, what in fields.items()))
        self.fields = fields


class Conflict(Exception):
    """It cannot be done now; `code` conflict, wrong_state or not_found."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What a person gives for a policy. premium -- VND · starts_on, ends_on -- ISO dates."""

    conversation_id: str
    contact_id: str = ""
    insurer: str
    product: str
    number: str = field(repr=False)
    starts_on: str
    ends_on: str
    premium: int = field(repr=False)
    document_id: str
    renews: str = ""  # id of his policy that this one goes on from


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy. Number and premium are plain here: the caller masks."""

    id: str
    contact_id: str
    conversation_id: str
    insurer: str
    product: str
    number: str = field(repr=False)
    premium: int | None = field(repr=False)
    starts_on: str
    ends_on: str
    document_id: str | None
    state: State
    test: bool
    created_by: str
    issued_at: int
    delivered_at: int | None
    version: int


def today(tx: Tx) -> str:
    """The date in Viet Nam."""
    return at(tx.now_ms + care.ZONE_MS).date().isoformat()


# ---- issue


def create(tx: Tx, new: New, *, by: str, may_take: bool = False) -> str:
    """The policy with its care plan; its id. `may_take` -- another person's upload may be the document.

    :raises Wrong: a field that cannot stand
    :raises Conflict: this insurer's number is here already
    """
    owner = _owner(tx, new)
    _dates(tx, new)
    insurer, number = _line(new.insurer), _line(new.number)
    if not 0 <= new.premium < DEAREST:
        raise Wrong(premium="an amount in VND, not below 0")
    _document(tx, new.document_id, owner.contact_id, by=by, may_take=may_take)
    _renewed(tx, new.renews, owner.contact_id)
    policy_id, blind = new_id(), blind_of(tx, number)
    if any(
        _same(row.insurer, insurer)
        for row in tx.all("SELECT insurer FROM policy WHERE number_blind = :blind", blind=blind)
    ):
        raise _taken(insurer)
    made = tx.run(
        "INSERT INTO policy (id, contact_id, conversation_id, insurer, product, number_sealed, number_blind, starts_on, ends_on,"
        " premium_sealed, document_id, state, test, created_by, issued_at, version) VALUES (:id, :contact, :conversation, :insurer, :product,"
        " :number, :blind, :starts, :ends, :premium, :document, 'issued', :test, :by, :now, 0) ON CONFLICT (insurer, number_blind) DO NOTHING",
        id=policy_id,
        contact=owner.contact_id,
        conversation=new.conversation_id,
        insurer=insurer,
        product=new.product,
        number=tx.keys.seal_for(tx, owner.contact_id, "policy", "number_sealed", policy_id, number),
        blind=blind,
        starts=new.starts_on,
        ends=new.ends_on,
        premium=tx.keys.seal_for(tx, owner.contact_id, "policy", "premium_sealed", policy_id, str(new.premium)),
        document=new.document_id,
        test=bool(owner.test),
        by=by,
        now=tx.now_ms,
    )
    if not made:
        raise _taken(insurer)
    care.plan(tx, policy_id, owner.contact_id, new.starts_on, new.ends_on)
    if new.renews:
        term.over(tx, new.renews, "renewed")
    search.put(tx, new.conversation_id, owner.contact_id, search.of_value(number))
    audit.write(
        tx,
        actor=by,
        action="policy.create",
        object_type="policy",
        object_id=policy_id,
        fields=("insurer", "product", "number", "starts_on", "ends_on", "premium", "document_id"),
    )
    touch(tx, policy_id)
    tx.hint("policy", policy_id)
    tx.hint("conversation", new.conversation_id)
    announcements.policy_issued(tx, policy_id)
    return policy_id


def _owner(tx: Tx, new: New) -> Any:
    """The conversation, and the person who must be the policy's."""
    row = tx.one("SELECT id, contact_id, test FROM conversation WHERE id = :id", id=new.conversation_id)
    if row is None:
        raise Wrong(conversation_id="there is no such conversation")
    if contacts.resolve(tx, row.contact_id) is None:
        raise Wrong(conversation_id="this person's data was erased")
    if new.contact_id and contacts.resolve(tx, new.contact_id) != contacts.resolve(tx, row.contact_id):
        raise Wrong(contact_id="is not the customer of this conversation")
    return row


def same_customer(tx: Tx, contact_id: str, other_id: str) -> bool:
    """One person, merged or not."""
    found = contacts.resolve(tx, contact_id)
    return found is not None and found == contacts.resolve(tx, other_id)


def _renewed(tx: Tx, policy_id: str, contact_id: str) -> None:
    """The policy that another one goes on from is the same person's."""
    if not policy_id:
        return
    whose = tx.value("SELECT contact_id FROM policy WHERE id = :id", id=policy_id)
    if whose is None or not same_customer(tx, whose, contact_id):
        raise Wrong(renews="there is no such policy of this customer")


def _dates(tx: Tx, new: New) -> None:
    for name in ("starts_on", "ends_on"):
        if not is_date(getattr(new, name)):
            raise Wrong(**{name: "a date as 2026-11-22"})
    if new.ends_on < new.starts_on:
        raise Wrong(ends_on="lies before starts_on")
    if new.starts_on < today(tx):
        raise Wrong(starts_on="lies in the past: a policy is never backdated, by nobody")


def is_date(text: str) -> bool:
    """2026-11-22, and a day that there is."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _document(tx: Tx, document_id: str, contact_id: str, *, by: str, may_take: bool) -> None:
    """An uploaded PDF of this customer, or one of nobody's yet: it becomes his."""
    file = files.find(tx, document_id)
    if file is not None and file.contact_id is None and (file.created_by == by or may_take):
        files.bind(tx, document_id, contact_id)
    elif (
        file is None
        or file.contact_id is None
        or contacts.resolve(tx, file.contact_id) != contacts.resolve(tx, contact_id)
    ):
        raise Wrong(document_id="there is no such file for this customer: upload it first")
    if file.mime != PDF:
        raise Wrong(document_id="a certificate is a PDF")


def _taken(insurer: str) -> Conflict:
    return Conflict("conflict", f"{insurer} has a policy with this number already")


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def blind_of(tx: Tx, number: str) -> bytes:
    """For exact look-up: a number is the same with other spaces and in small letters."""
    return tx.keys.blind("policy", "".join(unicodedata.normalize("NFKC", number).split()).casefold())


def cancel(tx: Tx, policy_id: str, *, by: str, reason: str) -> str:
    """It ended before its time: nothing more is asked or sent. reason -- a code. Raises Conflict."""
    row = tx.one("SELECT state FROM policy WHERE id = :id", id=policy_id)
    if row is None:
        raise Conflict("not_found", "no such policy")
    if row.state not in ALIVE:
        raise Conflict("wrong_state", f"it is {row.state}")
    tx.run("UPDATE policy SET state = 'cancelled', version = version + 1 WHERE id = :id", id=policy_id)
    touch(tx, policy_id)
    care.cancel(tx, policy_id, "policy cancelled")
    audit.write(tx, actor=by, action="policy.cancel", object_type="policy", object_id=policy_id, fields=(reason,))
    tx.hint("policy", policy_id)
    return policy_id


def touch(tx: Tx, policy_id: str) -> None:
    """What becomes of a policy is a change of its conversation too: the wall's figures are read by that."""
    tx.run(
        "UPDATE conversation SET changed_at = :now WHERE id = (SELECT conversation_id FROM policy WHERE id = :id)"
        " AND changed_at < :now",
        now=tx.now_ms,
        id=policy_id,
    )


def turn(tx: Tx, *, limit: int = 500) -> int:
    """By the date in Viet Nam: what has begun is active, delivered or not; what has ended is expired. How many."""
    day = today(tx)
    changed = 0
    for state, which in (
        ("expired", "state IN ('issued','delivered','active') AND ends_on < :today"),
        ("active", "state IN ('issued','delivered') AND starts_on <= :today"),
    ):
        rows = tx.all(
            f"UPDATE policy SET state = '{state}', version = version + 1"  # noqa: S608
            f" WHERE id IN (SELECT id FROM policy WHERE {which} ORDER BY id LIMIT :limit) RETURNING id",
            today=day,
            limit=limit,
        )
        changed += len(rows)
        for row in rows:
            tx.hint("policy", row.id)
    return changed


# ---- reading

_COLUMNS: Final = (
    "id, contact_id, conversation_id, insurer, product, number_sealed, premium_sealed, starts_on, ends_on, document_id, state, test, created_by,"
    " issued_at, delivered_at, version"
)


def find(tx: Tx, policy_id: str, *, lock: bool = False) -> Policy | None:
    held = "FOR UPDATE" if lock and tx.postgres else ""
    row = tx.one(f"SELECT {_COLUMNS} FROM policy WHERE id = :id {held}", id=policy_id)  # noqa: S608
    return None if row is None else _policy(tx, row)


def page(
    tx: Tx,
    *,
    contact: str = "",
    conversation: str = "",
    number: str = "",
    state: str = "",
    after: str | None = None,
    limit: int,
) -> list[Policy]:
    """Policies, the newest first. `contact` -- he and those who were merged into him; `number` -- exactly."""
    binds: dict[str, Any] = {}
    where = []
    if contact:
        family = contacts.family(tx, contacts.resolve(tx, contact) or contact)
        binds |= {f"contact_{number_}": each for number_, each in enumerate(family)}
        where.append(f"contact_id IN ({', '.join(f':contact_{number_}' for number_ in range(len(family)))})")
    for column, value in (("conversation_id", conversation), ("state", state)):
        if value:
            where.append(f"{column} = :{column}")
            binds[column] = value
    if number:
        where.append("number_blind = :blind")
        binds["blind"] = blind_of(tx, number)
    if after:
        where.append("id < :after")
        binds["after"] = after
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM policy WHERE {' AND '.join(where) or 'TRUE'} ORDER BY id DESC LIMIT :limit",  # noqa: S608
        **binds,
        limit=limit,
    )
    return [_policy(tx, row) for row in rows]


def _policy(tx: Tx, row: Any) -> Policy:
    values = dict(row._mapping)
    for column in ("number", "premium"):
        sealed = values.pop(f"{column}_sealed")
        try:
            values[column] = tx.keys.open_for(tx, row.contact_id, "policy", f"{column}_sealed", row.id, sealed).decode()
        except KeyMissing:  # erased: nothing is left to show
            values[column] = ""
    values["premium"] = int(values["premium"]) if values["premium"] else None
    values["test"] = bool(row.test)
    return Policy(**values)
