"""The audit trail: who did what to which object, in the act's own transaction; never values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from storage.ids import new_id
from storage.tx import Tx

CHAINED: Final = ("id", "at", "actor", "action", "object_type", "object_id", "fields", "result", "request_id", "source")


def write(
    tx: Tx,
    *,
    actor: str,
    action: str,
    object_type: str = "",
    object_id: str = "",
    fields: Sequence[str] = (),
    result: str = "ok",
    request_id: str = "",
    source: str = "",
) -> None:
    """One unchained entry; `chain` links it within a second."""
    tx.insert(
        "audit_entry",
        id=new_id(),
        at=tx.now_ms,
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        fields=orjson.dumps(list(fields)).decode(),
        result=result,
        request_id=request_id,
        source=source or tx.source,
    )


def chain(tx: Tx, *, limit: int = 500) -> int:
    """Chain committed entries: hash = HMAC(audit key, previous hash ‖ canonical entry). One chainer at a time. How
    many were chained."""
    if tx.postgres and not tx.value("SELECT pg_try_advisory_xact_lock(7420)"):
        return 0
    rows = tx.all(
        f"SELECT {', '.join(CHAINED)} FROM audit_entry WHERE chain_seq IS NULL ORDER BY at, id LIMIT {int(limit)}"  # noqa: S608
    )
    if not rows:
        return 0
    last = tx.one(
        "SELECT chain_seq, chain_hash FROM audit_entry WHERE chain_seq IS NOT NULL ORDER BY chain_seq DESC LIMIT 1"
    )
    seq, previous = (last.chain_seq, bytes(last.chain_hash)) if last is not None else (0, b"")
    linked = []
    for row in rows:
        seq += 1
        previous = tx.keys.mac("audit", previous + _canonical(row))
        linked.append({"id": row.id, "seq": seq, "hash": previous})
    tx.many("UPDATE audit_entry SET chain_seq = :seq, chain_hash = :hash WHERE id = :id AND chain_seq IS NULL", linked)
    return len(linked)


def verify(tx: Tx, *, last: int = 0) -> tuple[int, int | None]:
    """Walk the chain (`last` entries, 0 = all). (entries checked, seq of the first broken link or None)."""
    start = 0
    head = tx.value("SELECT MAX(chain_seq) FROM audit_entry") or 0
    if last and head > last:
        start = head - last
    previous = b""
    if start:
        previous = bytes(tx.value("SELECT chain_hash FROM audit_entry WHERE chain_seq = :seq", seq=start))
    checked, expected = 0, start
    while True:
        rows = tx.all(
            f"SELECT chain_seq, chain_hash, {', '.join(CHAINED)} FROM audit_entry WHERE chain_seq > :after ORDER BY chain_seq LIMIT 1000",  # noqa: S608
            after=expected,
        )
        if not rows:
            return checked, None if expected == head else expected + 1
        for row in rows:
            expected += 1
            previous = tx.keys.mac("audit", previous + _canonical(row))
            if row.chain_seq != expected or bytes(row.chain_hash) != previous:
                return checked, expected
            checked += 1


def _canonical(row: Any) -> bytes:
    return orjson.dumps([getattr(row, name) for name in CHAINED])
