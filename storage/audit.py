"""The audit trail: who did what to which object, in the act's own transaction; never values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from storage.ids import new_id
from storage.tx import Tx

CHAINED: Final = ("id", "at", "actor", "action", "object_type", "object_id", "fields", "result", "request_id", "source")
BITE: Final = 200  # entries a read: some 3 ms
VERDICT: Final = "audit_verdict"
HEAD: Final = "audit_head"


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
    made = entry(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        fields=fields,
        result=result,
        request_id=request_id,
        source=source,
    )
    write_many(tx, [made])


def entry(
    *,
    actor: str,
    action: str,
    object_type: str = "",
    object_id: str = "",
    fields: Sequence[str] = (),
    result: str = "ok",
    request_id: str = "",
    source: str = "",
) -> dict[str, Any]:
    """An entry for `write_many`; its time is that of the transaction which writes it."""
    return {
        "id": new_id(),
        "at": 0,
        "actor": actor,
        "action": action,
        "object_type": object_type,
        "object_id": object_id,
        "fields": orjson.dumps(list(fields)).decode(),
        "result": result,
        "request_id": request_id,
        "source": source,
    }


def write_many(tx: Tx, entries: Sequence[dict[str, Any]]) -> None:
    for one in entries:
        one["at"] = tx.now_ms
        one["source"] = one["source"] or tx.source
    tx.insert_many("audit_entry", entries)


def chain(tx: Tx, *, limit: int = 500) -> int:
    """Chain committed entries: hash = HMAC(audit key, previous hash ‖ canonical entry), and seal how far that goes. One
    chainer at a time. How many were chained."""
    if tx.postgres and not tx.value("SELECT pg_try_advisory_xact_lock(7420)"):
        return 0
    rows = tx.all(
        f"SELECT {', '.join(CHAINED)} FROM audit_entry WHERE chain_seq IS NULL ORDER BY at, id LIMIT {int(limit)}"  # noqa: S608
    )
    if not rows:
        return 0
    seq, previous = _end(tx)
    linked = []
    for row in rows:
        seq += 1
        previous = tx.keys.mac("audit", previous + _canonical(row))
        linked.append({"id": row.id, "seq": seq, "hash": previous})
    tx.many("UPDATE audit_entry SET chain_seq = :seq, chain_hash = :hash WHERE id = :id AND chain_seq IS NULL", linked)
    _set(tx, HEAD, orjson.dumps({"seq": seq, "mac": _seal(tx, seq, previous)}))
    return len(linked)


def _end(tx: Tx) -> tuple[int, bytes]:
    """Number and hash of the last link. One that is not the end which was sealed is remembered as broken, and a number
    is left out, so that no later link hides it."""
    last = tx.one(
        "SELECT chain_seq, chain_hash FROM audit_entry WHERE chain_seq IS NOT NULL ORDER BY chain_seq DESC LIMIT 1"
    )
    seq, previous = (last.chain_seq, bytes(last.chain_hash)) if last is not None else (0, b"")
    head = tx.value("SELECT value FROM setting WHERE name = :name", name=HEAD)
    if _is_end(tx, head, seq, previous):
        return seq, previous
    judge(tx, walked=Walk(broken=seq + 1), whole=False)
    return seq + 1, previous


def _seal(tx: Tx, seq: int, hash_: bytes) -> str:
    """Nobody without the keys can say where the chain ends."""
    return tx.keys.mac("audit", b"end %d " % seq + hash_).hex()


def _is_end(tx: Tx, head: str | None, seq: int, hash_: bytes) -> bool:
    """Whether that link is the end of the chain as it was sealed."""
    if head is None:
        return seq == 0
    return bool(orjson.loads(head) == {"seq": seq, "mac": _seal(tx, seq, hash_)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a walk along the chain has come: `seq` and `hash` of the last entry that held, `checked` of them since its
    begin, `broken` -- seq of the first link that does not hold; `done` when there is nothing to go on to."""

    seq: int = 0
    hash: bytes = field(default=b"", repr=False)
    checked: int = 0
    broken: int | None = None
    done: bool = False


def tail(tx: Tx, *, last: int) -> Walk:
    """A walk that begins `last` entries before the end."""
    seq = max(0, (tx.value("SELECT MAX(chain_seq) FROM audit_entry") or 0) - last)
    if not seq:
        return Walk()
    known = tx.value("SELECT chain_hash FROM audit_entry WHERE chain_seq = :seq", seq=seq)
    return Walk(seq=seq, hash=bytes(known)) if known is not None else Walk(broken=seq, done=True)


def walk(tx: Tx, *, so_far: Walk) -> Walk:
    """One bite further; at the end, whether it is the end that was sealed."""
    columns = f"chain_seq, chain_hash, {', '.join(CHAINED)}"
    found = tx.all(  # one statement, one moment: the chain grows meanwhile
        "SELECT s.value AS head, e.* FROM (SELECT 1 AS one) o LEFT JOIN setting s ON s.name = :head LEFT JOIN "  # noqa: S608
        f"(SELECT {columns} FROM audit_entry WHERE chain_seq > :after ORDER BY chain_seq LIMIT :bite) e ON 1 = 1 "
        "ORDER BY e.chain_seq",
        head=HEAD,
        after=so_far.seq,
        bite=BITE,
    )
    rows = [row for row in found if row.chain_seq is not None]
    seq, known = so_far.seq, so_far.hash
    for row in rows:
        made = tx.keys.mac("audit", known + _canonical(row))
        if row.chain_seq != seq + 1 or bytes(row.chain_hash) != made:
            return replace(so_far, checked=so_far.checked + seq - so_far.seq, broken=seq + 1, done=True)
        seq, known = row.chain_seq, made
    walked = Walk(seq=seq, hash=known, checked=so_far.checked + len(rows), done=len(rows) < BITE)
    cut = walked.done and not _is_end(tx, found[0].head, seq, known)
    return replace(walked, broken=seq + 1) if cut else walked


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of the chain: when the whole of it last held (ms; None = never), and where it is broken now."""

    held_at: int | None = None
    broken_at: int | None = None


def verdict(tx: Tx) -> Verdict:
    value = tx.value("SELECT value FROM setting WHERE name = :name", name=VERDICT)
    return Verdict(**orjson.loads(value)) if value else Verdict()


def judge(tx: Tx, *, walked: Walk, whole: bool) -> None:
    """Remember what a finished walk found; a part that holds says nothing of the whole."""
    before = verdict(tx)
    if walked.broken is not None:
        now = replace(before, broken_at=walked.broken)
    elif whole:
        now = Verdict(held_at=tx.now_ms)
    else:
        return
    _set(tx, VERDICT, orjson.dumps({"held_at": now.held_at, "broken_at": now.broken_at}))


def _set(tx: Tx, name: str, value: bytes) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=name,
        value=value.decode(),
        now=tx.now_ms,
    )


def _canonical(row: Any) -> bytes:
    return orjson.dumps([getattr(row, name) for name in CHAINED])
