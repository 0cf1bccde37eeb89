"""Everything that we hold of a person, in clear: read by the map of erasure, so that what would go is what is shown.

Times become RFC 3339, sealed columns what they hold; hashes and keys are left out. What cannot be opened any more (a raw body
whose day is over) is None.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from storage import erasure, files, inbox
from storage.erasure import Scope
from storage.erasure_map import MAP, Emptied, Gone
from storage.files import StoredFile
from storage.keys import KeyMissing, unpack
from storage.times import rfc3339
from storage.tx import Tx

BITE: Final = 100  # rows a read
# Hashes of words and keys; answers of the last day, which repeat what stands elsewhere; log-ins of a browser of his.
LEFT_OUT: Final = frozenset({"search_token", "contact_key", "idempotency", "web_session"})
TABLES: Final = tuple(
    table for table, rule in MAP.items() if isinstance(rule, Gone | Emptied) and rule.by and table not in LEFT_OUT
)
_HIDDEN: Final = ("_blind", "_hash", "key_sealed", "declared_print")
_DAYS: Final = ("inbox_event", "inbound_conflict")  # sealed with a key of their day
_MOMENTS: Final = ("_at", "_until", "_since", "not_before", "not_after")
_FIRST_MS: Final = 10**11  # smaller numbers are no moments


def scope(tx: Tx, contact_id: str) -> Scope:
    """Everything that is his, and of those who were merged into him, without events. Raises Refused for nobody."""
    return erasure.plan(tx, contact_id).scope


def rows(tx: Tx, table: str, which: Scope, after: tuple[Any, ...] = ()) -> tuple[list[dict[str, Any]], tuple[Any, ...]]:
    """A bite of a table's rows and where to go on; () at the end."""
    rule = MAP[table]
    assert isinstance(rule, Gone | Emptied)
    keys = rule.key.split()
    listed = ", ".join(keys)
    found: dict[tuple[Any, ...], Any] = {}
    for predicate, name in rule.by:
        more = f"AND ({listed}) > ({', '.join(f':after_{key}' for key in keys)})" if after else ""
        for row in tx.among(
            f"SELECT * FROM {table} WHERE {predicate} {more} ORDER BY {listed} LIMIT {BITE}",  # noqa: S608 -- ours
            which.ids(name),
            **{f"after_{key}": value for key, value in zip(keys, after, strict=False)},
        ):
            found[tuple(getattr(row, key) for key in keys)] = row
    ordered = sorted(found)[:BITE]
    told = [_told(tx, table, found[key]) for key in ordered]
    return told, ordered[-1] if len(ordered) == BITE else ()


def _told(tx: Tx, table: str, row: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for column, value in row._mapping.items():
        if column.endswith(_HIDDEN):
            continue
        if column.endswith("_sealed"):
            told[column.removesuffix("_sealed")] = _opened(tx, table, column, row)
        elif isinstance(value, int) and column.endswith(_MOMENTS) and value > _FIRST_MS:
            told[column] = rfc3339(value)
        elif not isinstance(value, bytes | memoryview):
            told[column] = value
    return told


def _opened(tx: Tx, table: str, column: str, row: Any) -> Any:
    sealed = getattr(row, column)
    if sealed is None:
        return None
    try:
        if table in _DAYS:
            data = inbox.body(tx, row.id, row.day, sealed, table=table)
        elif table == "file":
            return files.name_of(tx, row)
        else:
            owner = row.id if table == "contact" else row.contact_id
            data = tx.keys.open_for(tx, owner, table, column, row.id, bytes(sealed))
    except KeyMissing:
        return None
    return _value(data)


def _value(data: bytes) -> Any:
    if data[:1] in (b"{", b"[", b"\x78"):
        try:
            return unpack(data)
        except (ValueError, zlib.error):  # a name may begin with an x, as what was deflated does
            pass
    return data.decode("utf-8", "replace")


def held_files(tx: Tx, which: Scope) -> list[StoredFile]:
    """His files that are there."""
    return [file for file_id in which.files if (file := files.find(tx, file_id)) is not None]


def people_of_ours(tx: Tx) -> Mapping[str, str]:
    """Names of those who served him, by id."""
    return {row.id: row.name for row in tx.all("SELECT id, name FROM advisor")}


def trail(tx: Tx, which: Scope, after: str, *, limit: int = 500) -> tuple[list[dict[str, Any]], str]:
    """A bite of the audit entries about him, and where to go on; '' at the end."""
    ids = {*which.contacts, *which.conversations, *which.policies, *which.files}
    found = tx.all(
        "SELECT id, at, actor, action, object_type, object_id, fields, result FROM audit_entry WHERE id > :after"
        " ORDER BY id LIMIT :limit",
        after=after,
        limit=limit,
    )
    told = [
        {**row._mapping, "at": rfc3339(row.at), "fields": orjson.loads(row.fields)}
        for row in found
        if row.object_id in ids
    ]
    return told, found[-1].id if len(found) == limit else ""


def jobs(tx: Tx, contacts: Sequence[str]) -> list[dict[str, Any]]:
    """Erasures of him that were asked for."""
    found = tx.among(
        "SELECT id, state, reason, asked_at, decided_at FROM erasure WHERE contact_id IN (:among) ORDER BY id", contacts
    )
    return [
        {**row._mapping, "asked_at": rfc3339(row.asked_at), "decided_at": rfc3339(row.decided_at or None)}
        for row in found
    ]
