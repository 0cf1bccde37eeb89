"""The database remembers by which keys it was sealed: with others nothing in it opens, so nobody may begin to write.

New keys appear where the folder of the keys was lost: a process that went on with them would seal new rows beside old
ones that nobody can read, and its next backup would put its keys in the place of theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from storage.keys import PARTS, KeyBroken, KeyMissing, KeyRing, derived
from storage.masters import Masters
from storage.tx import Tx

NAME: Final = "keys"
PURPOSE: Final = "fingerprint"
CURE: Final = "put the folder of its keys back from its own copy: without it nothing in the database can be read"


def absent(folder: Path) -> bool:
    """Whether `KeyRing.load` would make all keys anew."""
    return not any((folder / f"{name}.key").exists() for name in PARTS) and not Masters.load(folder).all()


def of(keys: KeyRing) -> dict[str, str]:
    """What tells each key of a ring from any other, and nothing else of it."""
    marks = {
        "master": keys.secret(PURPOSE),
        "index": keys.blind(PURPOSE, ""),
        "audit": keys.mac("audit", PURPOSE.encode()),
        "pepper": keys.pepper(PURPOSE),
        "link": keys.mac("link", PURPOSE.encode()),
    }
    return {name: mark.hex()[:16] for name, mark in marks.items()}


def version(keys: KeyRing, mark: str) -> int:
    """Which version of the master key left this mark; 0 = none that is in the folder by now."""
    for look in (False, True):
        if look:
            keys.masters.look()
        for one in keys.masters.all():
            if derived(one, PURPOSE).hex()[:16] == mark:
                return one.version
    return 0


def recognise(tx: Tx) -> None:
    """These are the keys of this database; at the first time they become so. A mark of an older version of the master key
    is renewed: from here on the newest one seals. Raises KeyBroken."""
    known = tx.value("SELECT value FROM setting WHERE name = :name", name=NAME)
    if known is None:
        _try(tx)
        note(tx)
        return
    marks = orjson.loads(known)
    others = [] if version(tx.keys, marks["master"]) else ["master.key"]
    mine = of(tx.keys)
    others += [f"{name}.key" for name, mark in marks.items() if name != "master" and mine.get(name) != mark]
    if others:
        raise KeyBroken(f"not the keys of this database ({', '.join(others)}); {CURE}")
    if marks != mine:
        note(tx)


def note(tx: Tx) -> None:
    """From now on the database asks for these keys."""
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=NAME,
        value=orjson.dumps(of(tx.keys)).decode(),
        now=tx.now_ms,
    )


def _try(tx: Tx) -> None:
    """A database from before there were fingerprints: its newest sealed key tells."""
    row = tx.one("SELECT contact_id FROM contact_key ORDER BY contact_id DESC LIMIT 1")
    if row is not None:
        try:
            tx.keys.contact_key(tx, row.contact_id)
        except KeyMissing:
            raise KeyBroken(f"not the keys of this database (master.key); {CURE}") from None
