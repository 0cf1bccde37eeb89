"""A new master key: everything that the old one seals is sealed anew, in bites, while people write.

`OWN` is every column that the master key seals. A row is opened with the version that its value names and written back
only if nobody changed it meanwhile, so it may run beside the gateway, twice, and from wherever a kill left it.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from storage import audit, fingerprint
from storage.keys import KeyMissing, version_of
from storage.tx import Tx

BITE: Final = 100  # rows a unit: some 10 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Columns of a table that the master key seals. `place` -- the row's id as it was bound in, of the row's columns;
    `where` -- which rows, when not all."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    place: str
    where: str = "1 = 1"


OWN: Final = (
    Own(table="contact_key", columns=("wrapped",), key=("contact_id",), place="{contact_id}"),
    Own(table="day_key", columns=("wrapped",), key=("day",), place="{day}"),
    Own(
        table="file",
        columns=("name_sealed", "key_sealed"),
        key=("id",),
        place="{id}",
        where="contact_id IS NULL",
    ),
    Own(table="second_factor", columns=("secret_sealed",), key=("advisor_id",), place="{advisor_id}"),
    Own(table="subscription", columns=("secret_sealed", "old_secret_sealed"), key=("id",), place="{id}"),
    Own(
        table="credential",
        columns=("access_sealed", "refresh_sealed", "previous_sealed"),
        key=("account_id",),
        place="{account_id}#{generation}",
    ),
    Own(table="push_subscription", columns=("keys_sealed",), key=("id",), place="{id}"),
    Own(table="idempotency", columns=("answer_sealed",), key=("actor_id", "key"), place="{actor_id}|{key}"),
    Own(table="erasure", columns=("needles_sealed",), key=("id",), place="{id}"),
    Own(table="export_ask", columns=("wanted_sealed",), key=("id",), place="{id}"),
    Own(table="held", columns=("key_sealed",), key=("id",), place="{id}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far it has come: `table` of OWN by number, `after` the key of the last row looked at."""

    table: int = 0
    after: tuple[Any, ...] = ()

    @property
    def done(self) -> bool:
        return self.table >= len(OWN)


def begin(tx: Tx, *, by: str) -> None:
    """The newest version is in use, and the database asks for it from here on."""
    fingerprint.note(tx)
    version = str(tx.keys.masters.newest.version)
    audit.write(tx, actor=by, action="key.rotate", object_type="master_key", object_id=version)


def rewrap(tx: Tx, mark: Mark, *, limit: int = BITE) -> tuple[Mark, Counter[str]]:
    """One bite: how many values were sealed anew, by table. What no version here opens stays as it is."""
    own = OWN[mark.table]
    rows = _page(tx, own, mark.after, limit)
    done: Counter[str] = Counter()
    newest = tx.keys.masters.newest.version
    for row in rows:
        for column in own.columns:
            old = getattr(row, column)
            if old is None or version_of(bytes(old)) == newest:
                continue
            with contextlib.suppress(KeyMissing):
                done[own.table] += _again(tx, own, row, column, bytes(old))
    return _next(mark, own, rows, limit), done


def _again(tx: Tx, own: Own, row: Any, column: str, old: bytes) -> int:
    place = own.place.format(**row._mapping)
    value = tx.keys.open_own(own.table, column, place, old)
    keys = " AND ".join(f"{name} = :{name}" for name in own.key)
    return tx.run(
        f"UPDATE {own.table} SET {column} = :new WHERE {keys} AND {column} = :old",  # noqa: S608 -- ours
        new=tx.keys.seal_own(own.table, column, place, value),
        old=old,
        **{name: getattr(row, name) for name in own.key},
    )


def left(tx: Tx, mark: Mark, *, limit: int = BITE * 4) -> tuple[Mark, Counter[int]]:
    """One bite of the scan: values that other versions than the newest seal. What its own version does not open is not
    counted: it was dead before (a token of an earlier generation)."""
    own = OWN[mark.table]
    rows = _page(tx, own, mark.after, limit)
    found = Counter(
        version_of(bytes(value))
        for row in rows
        for column in own.columns
        if (value := getattr(row, column)) is not None and _needed(tx, own, row, column, bytes(value))
    )
    return _next(mark, own, rows, limit), found


def _needed(tx: Tx, own: Own, row: Any, column: str, value: bytes) -> bool:
    version = version_of(value)
    if version == tx.keys.masters.newest.version:
        return False
    if all(version != one.version for one in tx.keys.masters.all()):
        return True
    try:
        tx.keys.open_own(own.table, column, own.place.format(**row._mapping), value)
    except KeyMissing:
        return False
    return True


def retire(tx: Tx, version: int, *, by: str) -> None:
    """Noted before the file is moved: a kill between the two is mended by the next call."""
    audit.write(tx, actor=by, action="key.retire", object_type="master_key", object_id=str(version))


def runs(tx: Tx) -> bool:
    """A gateway runs on this database, or was killed there."""
    return bool(tx.value("SELECT value FROM setting WHERE name = 'clean_stop'") == "no")


def _page(tx: Tx, own: Own, after: tuple[Any, ...], limit: int) -> Any:
    names = ", ".join(own.key)
    bound = ""
    if after:
        values = ", ".join(f":after_{name}" for name in own.key)
        bound = f"AND ({names}) > ({values})"
    fields = dict.fromkeys([*own.key, *own.columns, *_FIELD.findall(own.place)])
    return tx.all(
        f"SELECT {', '.join(fields)} FROM {own.table} WHERE {own.where} {bound} ORDER BY {names} LIMIT {int(limit)}",  # noqa: S608
        **{f"after_{name}": value for name, value in zip(own.key, after, strict=False)},
    )


def _next(mark: Mark, own: Own, rows: Any, limit: int) -> Mark:
    if len(rows) < limit:
        return Mark(table=mark.table + 1)
    return Mark(table=mark.table, after=tuple(getattr(rows[-1], name) for name in own.key))


_FIELD: Final = re.compile(r"{(\w+)}")
