"""Who outside is told what happens here: addresses with their secrets, which are kept so that we can sign, sealed.

A secret is told once. A new one signs beside the old for a day, so that a receiver can change over in between.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage import audit
from storage.ids import new_id
from storage.tx import Row, Tx

TABLE: Final = "subscription"
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
OVERLAP_MS: Final = 24 * 3_600_000
MOST: Final = 50
TYPES: Final = (
    "conversation.opened",
    "conversation.waiting",
    "conversation.closed",
    "message.created",
    "policy.issued",
    "delivery.changed",
    "care.answered",
)
TRIAL: Final = "webhook.test"  # what the button sends; nobody subscribes to it
INCLUDES: Final = ("text", "person")
_COLUMNS: Final = (
    "id, url, name, types, include, old_until, enabled, reason, failing_since, paused_until, last_ok_at, owner_id,"
    " created_at, updated_at, version"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A row without its secrets. `include` -- beyond ids: `text`, what was said; `person`, what was captured · `reason`
    -- why it is off: '' by hand, gone, failing · `old_until` -- so long the secret before signs too."""

    id: str
    url: str
    name: str
    types: tuple[str, ...]
    include: tuple[str, ...]
    old_until: int | None
    enabled: bool
    reason: str
    failing_since: int | None
    paused_until: int | None
    last_ok_at: int | None
    owner_id: str
    created_at: int
    updated_at: int
    version: int


def new_secret() -> str:
    """As Standard Webhooks write them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def look(tx: Tx) -> None:
    """Refresh what is known without asking."""
    tx.listening.anybody = tx.value("SELECT 1 FROM subscription WHERE enabled LIMIT 1") is not None


def listed(tx: Tx, *, owner_id: str = "") -> list[Subscription]:
    """All of them, or one owner's, the oldest first."""
    where = "WHERE owner_id = :owner" if owner_id else ""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM subscription {where} ORDER BY created_at, id LIMIT 200",  # noqa: S608
        **({"owner": owner_id} if owner_id else {}),
    )
    return [_subscription(row) for row in rows]


def one(tx: Tx, subscription_id: str) -> Subscription | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM subscription WHERE id = :id", id=subscription_id)  # noqa: S608
    return None if row is None else _subscription(row)


def add(
    tx: Tx, secret: str, *, url: str, name: str, types: Sequence[str], include: Sequence[str], owner_id: str, by: str
) -> str:
    """Its id; '' when there are MOST of them."""
    if tx.value("SELECT COUNT(*) FROM subscription") >= MOST:
        return ""
    made = new_id()
    tx.insert(
        TABLE,
        id=made,
        url=url,
        name=name,
        types=_json(types),
        include=_json(include),
        secret_sealed=_seal(tx, made, secret),
        enabled=True,
        reason="",
        owner_id=owner_id,
        created_at=tx.now_ms,
        updated_at=tx.now_ms,
        version=0,
    )
    tx.listening.anybody = True
    audit.write(
        tx, actor=by, action="webhook.add", object_type=TABLE, object_id=made, fields=("url", "types", *include)
    )
    return made


def change(tx: Tx, subscription_id: str, *, by: str, **values: Any) -> None:
    """`values` -- of url, name, types, include, enabled; what is left out stays. Switched on again, it begins anew."""
    columns = {key: _json(value) if key in ("types", "include") else value for key, value in values.items()}
    if values.get("enabled"):
        columns |= {"reason": "", "failing_since": None, "paused_until": None}
        tx.listening.anybody = True
    elif "enabled" in values:
        columns |= {"reason": ""}
    settings = ", ".join(f"{name} = :{name}" for name in columns)
    tx.run(
        f"UPDATE subscription SET {settings}, updated_at = :now, version = version + 1 WHERE id = :id",  # noqa: S608
        id=subscription_id,
        now=tx.now_ms,
        **columns,
    )
    audit.write(
        tx,
        actor=by,
        action="webhook.change",
        object_type=TABLE,
        object_id=subscription_id,
        fields=(*values, *values.get("include", ())),
    )


def rotate(tx: Tx, subscription_id: str, secret: str, *, by: str) -> None:
    """A new secret; the one before signs too for a day, the one before that no more."""
    row = tx.one("SELECT secret_sealed FROM subscription WHERE id = :id", id=subscription_id)
    if row is None:
        return
    old = _open(tx, subscription_id, "secret_sealed", row.secret_sealed)
    tx.run(
        "UPDATE subscription SET secret_sealed = :new, old_secret_sealed = :old, old_until = :until, updated_at = :now,"
        " version = version + 1 WHERE id = :id",
        id=subscription_id,
        new=_seal(tx, subscription_id, secret),
        old=tx.keys.seal_own(TABLE, "old_secret_sealed", subscription_id, old.encode()),
        until=tx.now_ms + OVERLAP_MS,
        now=tx.now_ms,
    )
    audit.write(tx, actor=by, action="webhook.rotate", object_type=TABLE, object_id=subscription_id)


def remove(tx: Tx, subscription_id: str, *, by: str) -> None:
    """Gone, with what it was told and what it was to be told."""
    gone = tx.run("DELETE FROM subscription WHERE id = :id", id=subscription_id)
    if gone:
        tx.run("DELETE FROM announced WHERE subscription_id = :id", id=subscription_id)
        tx.run("DELETE FROM announced_try WHERE subscription_id = :id", id=subscription_id)
        audit.write(tx, actor=by, action="webhook.remove", object_type=TABLE, object_id=subscription_id)


def signs_with(tx: Tx, subscription_id: str) -> list[str]:
    """Its secrets, the newest first; the old one as long as it counts."""
    row = tx.one(
        "SELECT secret_sealed, old_secret_sealed, old_until FROM subscription WHERE id = :id", id=subscription_id
    )
    if row is None:
        return []
    found = [_open(tx, subscription_id, "secret_sealed", row.secret_sealed)]
    if row.old_secret_sealed is not None and (row.old_until or 0) > tx.now_ms:
        found.append(_open(tx, subscription_id, "old_secret_sealed", row.old_secret_sealed))
    return found


def _seal(tx: Tx, subscription_id: str, secret: str) -> bytes:
    return tx.keys.seal_own(TABLE, "secret_sealed", subscription_id, secret.encode())


def _open(tx: Tx, subscription_id: str, column: str, sealed: Any) -> str:
    return tx.keys.open_own(TABLE, column, subscription_id, bytes(sealed)).decode()


def _json(values: Sequence[str]) -> str:
    return orjson.dumps(list(values)).decode()


def _subscription(row: Row) -> Subscription:
    columns = row._mapping
    return Subscription(
        **{
            **columns,
            "types": tuple(orjson.loads(columns["types"])),
            "include": tuple(orjson.loads(columns["include"])),
            "enabled": bool(columns["enabled"]),
        }
    )
