"""What a process leaves about itself: its boot, the beat that proves it can write, a clean stop."""

from __future__ import annotations

from storage.engines import WRITER
from storage.tx import Tx


def begin(tx: Tx) -> list[str]:
    """Note this boot. After an unclean stop, the lanes whose events were open then: suspects, to be handled one at a
    time, the attempt committed first. Who was at hand in the fewest deaths comes first: when we are killed from outside
    again and again, soon after each start, the first of the list must not be taken for the cause."""
    clean = tx.value("SELECT value FROM setting WHERE name = 'clean_stop'")
    _set(tx, "boot", tx.boot)
    _set(tx, "clean_stop", "no")
    if clean != "no":
        return []
    return [
        row[0]
        for row in tx.all(
            "SELECT point_id FROM inbox_event WHERE state = 'new' AND point_id IS NOT NULL "
            "GROUP BY point_id ORDER BY MAX(attempts), MIN(received_at), point_id"
        )
    ]


def mark_clean_stop(tx: Tx) -> None:
    _set(tx, "clean_stop", "yes")


def heartbeat(tx: Tx) -> None:
    """A committed row is the only proof that we can serve."""
    _set(tx, "heartbeat", str(tx.now_ms))


def processes(tx: Tx) -> int:
    """How many write into this database now, this one included: they share what a platform allows an account."""
    if not tx.postgres:
        return 1
    found = tx.value(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name",
        name=WRITER,
    )
    return max(1, int(found or 1))


def _set(tx: Tx, name: str, value: str) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=name,
        value=value,
        now=tx.now_ms,
    )
