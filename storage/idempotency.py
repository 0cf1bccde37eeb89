"""The first answer to an Idempotency-Key, kept sealed for 24 h a token, so that a repeated call gets it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from storage.tx import Tx

KEPT_MS: Final = 24 * 3_600_000
RUNNING: Final = 0  # status of a call whose answer is not there yet
ACTED: Final = 1  # and of one whose act is committed already; `answer_sealed` names what it made


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What became of asking for a key. `mine`: go on; `answered`: give `status` and `answer` again; `other`: the key
    was used for another request; `running`: the first call still runs, or died, since `age_ms`; `acted`: its act is
    done, its answer was lost."""

    state: Literal["mine", "answered", "other", "running", "acted"]
    status: int = 0
    answer: bytes = b""
    age_ms: int = 0


def claim(tx: Tx, actor: str, key: str, request_hash: bytes) -> Claim:
    tx.run(
        "DELETE FROM idempotency WHERE actor_id = :actor AND key = :key AND created_at <= :old",
        actor=actor,
        key=key,
        old=tx.now_ms - KEPT_MS,
    )
    mine = tx.run(
        "INSERT INTO idempotency (actor_id, key, request_hash, status, created_at)"
        " VALUES (:actor, :key, :hash, 0, :now) ON CONFLICT (actor_id, key) DO NOTHING",
        actor=actor,
        key=key,
        hash=request_hash,
        now=tx.now_ms,
    )
    return Claim(state="mine") if mine else look(tx, actor, key, request_hash)


def look(tx: Tx, actor: str, key: str, request_hash: bytes) -> Claim:
    """As `claim`, for a key that is taken."""
    row = tx.one(
        "SELECT request_hash, status, answer_sealed, created_at FROM idempotency WHERE actor_id = :actor AND key = :key",
        actor=actor,
        key=key,
    )
    if row is None:
        return Claim(state="running")  # let go a moment ago: the caller asks again
    if bytes(row.request_hash) != request_hash:
        return Claim(state="other")
    if row.status == RUNNING:
        return Claim(state="running", age_ms=tx.now_ms - row.created_at)
    if row.status == ACTED:
        return Claim(state="acted")
    answer = tx.keys.open_own("idempotency", "answer_sealed", f"{actor}|{key}", bytes(row.answer_sealed))
    return Claim(state="answered", status=row.status, answer=answer)


def acted(tx: Tx, actor: str, key: str) -> str | None:
    """What the act under this key made; None when it was not done yet. Holds the row until the commit."""
    lock = "FOR UPDATE" if tx.postgres else ""
    row = tx.one(
        f"SELECT status, answer_sealed FROM idempotency WHERE actor_id = :actor AND key = :key {lock}",  # noqa: S608
        actor=actor,
        key=key,
    )
    if row is None or row.status != ACTED:
        return None
    return tx.keys.open_own("idempotency", "answer_sealed", f"{actor}|{key}", bytes(row.answer_sealed)).decode()


def note(tx: Tx, actor: str, key: str, made: str) -> None:
    """In the act's own transaction: it is done, and `made` is what it made."""
    keep(tx, actor, key, ACTED, made.encode())


def keep(tx: Tx, actor: str, key: str, status: int, answer: bytes) -> None:
    """The answer, from now on."""
    tx.run(
        "UPDATE idempotency SET status = :status, answer_sealed = :answer WHERE actor_id = :actor AND key = :key",
        status=status,
        answer=tx.keys.seal_own("idempotency", "answer_sealed", f"{actor}|{key}", answer),
        actor=actor,
        key=key,
    )


def let_go(tx: Tx, actor: str, key: str) -> None:
    """Nothing was done: the key may be used again."""
    tx.run("DELETE FROM idempotency WHERE actor_id = :actor AND key = :key AND status = 0", actor=actor, key=key)


def forget_old(tx: Tx, *, limit: int = 500) -> int:
    """Drop answers past their time; how many."""
    return tx.run(
        "DELETE FROM idempotency WHERE (actor_id, key) IN"
        " (SELECT actor_id, key FROM idempotency WHERE created_at <= :old LIMIT :limit)",
        old=tx.now_ms - KEPT_MS,
        limit=limit,
    )
