"""What somebody of ours wants to see, kept for him on all his devices."""

from __future__ import annotations

from typing import Final

from storage.tx import Tx

_TESTS: Final = "wall_tests:"


def tests(tx: Tx, advisor_id: str) -> bool | None:
    """Whether his wall counts test conversations; None = he has not said."""
    found = tx.value("SELECT value FROM setting WHERE name = :name", name=_TESTS + advisor_id)
    return None if found is None else found == "1"


def want_tests(tx: Tx, advisor_id: str, *, on: bool) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=_TESTS + advisor_id,
        value="1" if on else "0",
        now=tx.now_ms,
    )
