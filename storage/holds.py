"""What the law keeps of a person who is erased: copies under keys of their own, with a reason and an end, out of sight.

Nothing works with them: a claim on an old policy is looked up by its number, read by the data-protection officer and
written down. At their end they are destroyed, key first.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage import audit, files, policies, proof
from storage.ids import new_id
from storage.keys import KeyMissing, pack, seal, unpack, unseal
from storage.tx import Tx

POLICY_YEARS: Final = 10  # after the term: class R3, until the owner names the insurer's figure
EVIDENCE_YEARS: Final = 5  # after the life of what it speaks of: class R6
Kind = Literal["policy", "consents"]
REASONS: Final[dict[Kind, str]] = {
    "policy": f"insurance file: to the end of the term and {POLICY_YEARS} years",
    "consents": f"evidence of what he agreed to: {EVIDENCE_YEARS} years after what it speaks of",
}
YEAR_MS: Final = 31_557_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Something that would stay, or stays. `until` -- Unix ms; `file_id` of the certificate."""

    kind: Kind
    object_id: str
    until: int
    file_id: str = ""

    @property
    def reason(self) -> str:
        return REASONS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A row of the store, closed."""

    id: str
    contact_id: str
    kind: Kind
    object_id: str
    reason: str
    until: int
    created_at: int


def stays(tx: Tx, contacts: Sequence[str]) -> list[Stay]:
    """What the law keeps of these: the policies issued to them, and what they agreed to."""
    rows = tx.among(
        "SELECT id, ends_on, issued_at, document_id FROM policy WHERE contact_id IN (:among) AND NOT test ORDER BY id",
        contacts,
    )
    found = [
        Stay(kind="policy", object_id=row.id, until=_policy_until(row), file_id=row.document_id or "") for row in rows
    ]
    given = {
        row.contact_id for row in tx.among("SELECT contact_id FROM consent WHERE contact_id IN (:among)", contacts)
    }
    until = max([tx.now_ms, *(stay.until for stay in found)]) + EVIDENCE_YEARS * YEAR_MS
    return found + [Stay(kind="consents", object_id=each, until=until) for each in sorted(given)]


def _policy_until(row: Any) -> int:
    try:
        end = date.fromisoformat(row.ends_on)
        begins = int(datetime(end.year, end.month, end.day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        begins = int(row.issued_at)
    return begins + POLICY_YEARS * YEAR_MS


def keep(tx: Tx, stay: Stay, *, contact_id: str) -> None:
    """Lay a copy down; a second time changes nothing."""
    if tx.value(
        "SELECT 1 FROM held WHERE kind = :kind AND object_id = :id AND contact_id = :contact",
        kind=stay.kind,
        id=stay.object_id,
        contact=contact_id,
    ):
        return
    body, blind = _policy(tx, stay.object_id) if stay.kind == "policy" else (_consents(tx, stay.object_id), None)
    held_id, raw = new_id(), AESGCM.generate_key(256)
    tx.insert(
        "held",
        id=held_id,
        contact_id=contact_id,
        kind=stay.kind,
        object_id=stay.object_id,
        reason=stay.reason,
        until=stay.until,
        number_blind=blind,
        file_id=stay.file_id or None,
        key_sealed=tx.keys.seal_own("held", "key_sealed", held_id, raw),
        body_sealed=seal(AESGCM(raw), f"held|body_sealed|{held_id}", pack(body)),
        created_at=tx.now_ms,
    )


def _policy(tx: Tx, policy_id: str) -> tuple[dict[str, Any], bytes]:
    policy = policies.find(tx, policy_id)
    assert policy is not None, "it was listed in this transaction"
    document: dict[str, Any] = {}
    file = files.find(tx, policy.document_id) if policy.document_id else None
    if file is not None:
        document = {
            "id": file.id,
            "name": file.name,
            "mime": file.mime,
            "size": file.size,
            "sha256": file.sha256,
            "key": base64.b64encode(file.key).decode(),
        }
    body = {
        "policy": {
            "id": policy.id,
            "insurer": policy.insurer,
            "product": policy.product,
            "number": policy.number,
            "premium": policy.premium,
            "starts_on": policy.starts_on,
            "ends_on": policy.ends_on,
            "state": policy.state,
            "issued_at": policy.issued_at,
            "delivered_at": policy.delivered_at,
            "created_by": policy.created_by,
        },
        "holder": _holder(tx, policy.contact_id),
        "proof": proof.of(tx, policy),
        "cases": _cases(tx, policy.id),
        "document": document,
    }
    return body, policies.blind_of(tx, policy.number)


def _cases(tx: Tx, policy_id: str) -> list[dict[str, Any]]:
    """How it came to be issued: what was declared and agreed, each step with its evidence."""
    told = []
    for row in tx.all("SELECT * FROM policy_case WHERE policy_id = :id ORDER BY id", id=policy_id):
        columns = dict(row._mapping)
        sealed = columns.pop("told_sealed")
        columns["told"] = tx.keys.open_json(tx, row.contact_id, "policy_case", "told_sealed", row.id, sealed)
        columns["steps"] = [
            {
                "act": one.act,
                "to": one.to_state,
                "by": one.by_id,
                "at": one.at,
                "note": tx.keys.open_json(tx, one.contact_id, "case_step", "note_sealed", one.id, one.note_sealed),
            }
            for one in tx.all("SELECT * FROM case_step WHERE case_id = :id ORDER BY at, id", id=row.id)
        ]
        told.append(columns)
    return told


def _holder(tx: Tx, contact_id: str) -> dict[str, Any]:
    row = tx.one("SELECT name_sealed FROM contact WHERE id = :id", id=contact_id)
    values = tx.all(
        "SELECT id, kind, value_sealed FROM contact_value WHERE contact_id = :id ORDER BY id", id=contact_id
    )

    def opened(table: str, column: str, row_id: str, sealed: Any) -> str:
        return tx.keys.open_for(tx, contact_id, table, column, row_id, sealed).decode()

    return {
        "name": opened("contact", "name_sealed", contact_id, row.name_sealed if row else None),
        "values": [[one.kind, opened("contact_value", "value_sealed", one.id, one.value_sealed)] for one in values],
    }


def _consents(tx: Tx, contact_id: str) -> dict[str, Any]:
    rows = tx.all("SELECT * FROM consent WHERE contact_id = :id ORDER BY at, id", id=contact_id)
    told = []
    for row in rows:
        columns = dict(row._mapping)
        sealed = columns.pop("said_sealed")
        columns["said"] = tx.keys.open_for(tx, contact_id, "consent", "said_sealed", row.id, sealed).decode()
        told.append(columns)
    return {"consents": told}


# ---- looking


def page(tx: Tx, *, contact_id: str = "", number: str = "", after: str = "", limit: int = 50) -> list[Hold]:
    """Closed rows, the oldest first. `number` -- of a policy, exactly."""
    where, binds = ["id > :after"], {"after": after, "limit": limit}
    if contact_id:
        where.append("contact_id = :contact")
        binds["contact"] = contact_id
    if number:
        where.append("number_blind = :blind")
        binds["blind"] = policies.blind_of(tx, number)
    rows = tx.all(
        "SELECT id, contact_id, kind, object_id, reason, until, created_at FROM held"  # noqa: S608 -- ours
        f" WHERE {' AND '.join(where)} ORDER BY id LIMIT :limit",
        **binds,
    )
    return [Hold(**row._mapping) for row in rows]


def one(tx: Tx, held_id: str) -> Hold | None:
    row = tx.one(
        "SELECT id, contact_id, kind, object_id, reason, until, created_at FROM held WHERE id = :id", id=held_id
    )
    return None if row is None else Hold(**row._mapping)


def read(tx: Tx, held_id: str) -> dict[str, Any] | None:
    """What it holds, opened; None when there is no such row. The caller writes down who read it."""
    row = tx.one("SELECT key_sealed, body_sealed FROM held WHERE id = :id", id=held_id)
    if row is None:
        return None
    try:
        key = AESGCM(tx.keys.open_own("held", "key_sealed", held_id, bytes(row.key_sealed)))
        body: dict[str, Any] = unpack(unseal(key, f"held|body_sealed|{held_id}", bytes(row.body_sealed)))
    except KeyMissing:
        return {}
    return body


# ---- the end


def over(tx: Tx, *, limit: int = 20) -> Sequence[Any]:
    """Rows whose end has come: id, file_id."""
    return tx.all(
        "SELECT id, file_id FROM held WHERE until <= :now ORDER BY until, id LIMIT :limit", now=tx.now_ms, limit=limit
    )


def destroy(tx: Tx, held_id: str) -> None:
    """Its end: noted, for the certificate of destruction."""
    if tx.run("DELETE FROM held WHERE id = :id", id=held_id):
        audit.write(tx, actor="system", action="held.destroy", object_type="held", object_id=held_id)


def file_ids(tx: Tx, contacts: Collection[str]) -> set[str]:
    """Files whose bytes must stay."""
    rows = tx.among("SELECT file_id FROM held WHERE contact_id IN (:among)", sorted(contacts))
    return {row.file_id for row in rows if row.file_id}
