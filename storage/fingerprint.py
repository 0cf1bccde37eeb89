"""The database remembers by which keys it was sealed: with others nothing in it opens, so nobody may begin to write.

New keys appear where the folder of the keys was lost: a process that went on with them would seal new rows beside old
ones that nobody can read, and its next backup would put its keys in the place of theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from storage.keys import PARTS, KeyBroken, KeyMissing, KeyRing
from storage.tx import Tx

NAME: Final = "keys"
CURE: Final = "put the folder of its keys back from its own copy: without it nothing in the database can be read"


def absent(folder: Path) -> bool:
    """Whether `KeyRing.load` would make all keys anew."""
    return not any((folder / f"{name}.key").exists() for name in PARTS)


def of(keys: KeyRing) -> dict[str, str]:
    """What tells each key of a ring from any other, and nothing else of it."""
    purpose = "fingerprint"
    marks = {
        "master": keys.secret(purpose),
        "index": keys.blind(purpose, ""),
        "audit": keys.mac("audit", purpose.encode()),
        "pepper": keys.pepper(purpose),
        "link": keys.mac("link", purpose.encode()),
    }
    return {name: mark.hex()[:16] for name, mark in marks.items()}


def recognise(tx: Tx) -> None:
    """These are the keys of this database; at the first time they become so. Raises KeyBroken."""
    known = tx.value("SELECT value FROM setting WHERE name = :name", name=NAME)
    mine = of(tx.keys)
    if known is None:
        _try(tx)
        tx.run(
            "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) ON CONFLICT (name) DO NOTHING",
            name=NAME,
            value=orjson.dumps(mine).decode(),
            now=tx.now_ms,
        )
        return
    others = [f"{name}.key" for name, mark in orjson.loads(known).items() if mine.get(name) != mark]
    if others:
        raise KeyBroken(f"not the keys of this database ({', '.join(others)}); {CURE}")


def _try(tx: Tx) -> None:
    """A database from before there were fingerprints: its newest sealed key tells."""
    row = tx.one("SELECT contact_id FROM contact_key ORDER BY contact_id DESC LIMIT 1")
    if row is not None:
        try:
            tx.keys.contact_key(tx, row.contact_id)
        except KeyMissing:
            raise KeyBroken(f"not the keys of this database (master.key); {CURE}") from None
