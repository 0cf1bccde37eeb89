"""What we say first must be wanted: asked once more in the transaction in which it leaves, of the person, not of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage import contacts
from storage.tx import Tx

# What a customer can switch off: by which of his switches, and whether it rests on his consent C1. The question whether
# the certificate arrived rests on the contract: that needs no consent.
PROACTIVE: Final[Mapping[str, tuple[str, bool]]] = {
    "care": ("reminders_off", True),
    "delivery_check": ("reminders_off", False),
    "reminder": ("reminders_off", True),
    "ads": ("ads_off", True),
}


def why_not(tx: Tx, contact_id: str, purpose: str) -> str:
    """Why it may not be said to this person today, or ''. He is one person with everybody who was merged into him:
    a switch of any of them counts, and of C1 his last word."""
    switch, needs_consent = PROACTIVE[purpose]
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    if any(off for (off,) in tx.among(f"SELECT {switch} FROM contact WHERE id IN (:among)", person)):  # noqa: S608
        return "opt-out"
    if not needs_consent:
        return ""
    last = tx.among(
        "SELECT state FROM consent WHERE contact_id IN (:among) AND purpose = 'C1' AND state IN ('given', 'withdrawn')"
        " ORDER BY at DESC, id DESC LIMIT 1",
        person,
    )
    return "consent withdrawn" if last and last[0].state == "withdrawn" else ""
