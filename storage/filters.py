"""Lists that people made for themselves, or a supervisor for all: a name and what belongs into them. Nobody's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage import audit
from storage.ids import new_id
from storage.tx import Row, Tx

MOST: Final = 30  # of one person; of the house as many again


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`query` -- names and values as `GET /conversations` takes them; `shared` -- everybody at the desk sees it."""

    id: str
    owner_id: str
    name: str
    shared: bool
    query: Mapping[str, Any]
    updated_at: int


def visible(tx: Tx, advisor_id: str) -> list[Filter]:
    """The house's first, then his own, each in the order in which they were made."""
    rows = tx.all(
        f"{_SELECT} WHERE shared OR owner_id = :me ORDER BY shared DESC, id LIMIT :most", me=advisor_id, most=2 * MOST
    )
    return [_filter(row) for row in rows]


def one(tx: Tx, filter_id: str) -> Filter | None:
    row = tx.one(f"{_SELECT} WHERE id = :id", id=filter_id)
    return None if row is None else _filter(row)


def add(tx: Tx, *, name: str, shared: bool, query: Mapping[str, Any], by: str) -> str:
    """Its id; '' when there are as many as there may be."""
    made_already = tx.value(
        "SELECT COUNT(*) FROM saved_filter WHERE shared = :shared AND (:shared OR owner_id = :by)", shared=shared, by=by
    )
    if made_already >= MOST:
        return ""
    made = new_id()
    tx.insert(
        "saved_filter", id=made, owner_id=by, name=name, shared=shared, query=orjson.dumps(query).decode(),
        created_at=tx.now_ms, updated_at=tx.now_ms,
    )  # fmt: skip
    audit.write(tx, actor=by, action="filter.add", object_type="saved_filter", object_id=made)
    return made


def change(tx: Tx, filter_id: str, *, name: str, query: Mapping[str, Any], by: str) -> None:
    tx.run(
        "UPDATE saved_filter SET name = :name, query = :query, updated_at = :now WHERE id = :id",
        id=filter_id,
        name=name,
        query=orjson.dumps(query).decode(),
        now=tx.now_ms,
    )
    audit.write(tx, actor=by, action="filter.change", object_type="saved_filter", object_id=filter_id)


def remove(tx: Tx, filter_id: str, *, by: str) -> None:
    if tx.run("DELETE FROM saved_filter WHERE id = :id", id=filter_id):
        audit.write(tx, actor=by, action="filter.remove", object_type="saved_filter", object_id=filter_id)


_SELECT: Final = "SELECT id, owner_id, name, shared, query, updated_at FROM saved_filter"


def _filter(row: Row) -> Filter:
    values = row._mapping | {"shared": bool(row.shared), "query": orjson.loads(row.query)}
    return Filter(**values)
