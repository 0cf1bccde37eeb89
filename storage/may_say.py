"""What we say first must be wanted: asked once more in the transaction in which it leaves, of the person, not of one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from storage import contacts
from storage.tx import Tx

ADS: Final = "ads"  # asked about whoever sends it: the bot, an advisor, another program
# What a customer can switch off: by which of his switches, and on which consent it rests. The question whether the
# certificate arrived rests on the contract: that needs no consent.
PROACTIVE: Final[Mapping[str, tuple[str, str]]] = {
    "care": ("reminders_off", "C1"),
    "delivery_check": ("reminders_off", ""),
    "reminder": ("reminders_off", "C1"),
    ADS: ("ads_off", "C4"),
}
DAY_MS: Final = 24 * 3_600_000
ADS_A_DAY: Final = 3  # in any 24 hours: law.md 4


def why_not(tx: Tx, contact_id: str, purpose: str, channel: str) -> str:
    """Why it may not be said to this person now, or ''. He is one person with everybody who was merged into him: a
    switch of any of them counts, and of a consent his last word.

    channel -- on which it would leave: advertising is agreed to by channel"""
    switch, consent = PROACTIVE[purpose]
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    if any(off for (off,) in tx.among(f"SELECT {switch} FROM contact WHERE id IN (:among)", person)):  # noqa: S608
        return "opt-out"
    if consent and _last_word(tx, person, "C1") == "withdrawn":
        return "consent withdrawn"
    if consent == "C4":
        if _last_word(tx, person, "C4", channel) != "given":
            return "no consent to advertising"
        if _ads_since(tx, person, tx.now_ms - DAY_MS) >= ADS_A_DAY:
            return "three advertisements a day"
    return ""


def _last_word(tx: Tx, person: Sequence[str], purpose: str, channel: str = "") -> str:
    """given, refused, withdrawn, or '' when he never said; of C1 on any channel."""
    last = tx.among(
        "SELECT state FROM consent WHERE contact_id IN (:among) AND purpose = :purpose "
        "AND state IN ('given', 'refused', 'withdrawn') AND (:channel = '' OR channel = :channel) "
        "ORDER BY at DESC, id DESC LIMIT 1",
        person,
        purpose=purpose,
        channel=channel,
    )
    return last[0].state if last else ""


def _ads_since(tx: Tx, person: Sequence[str], since_ms: int) -> int:
    """How many messages of advertising left for him since then."""
    rows = tx.among(
        "SELECT COUNT(*) AS n FROM outbox WHERE contact_id IN (:among) AND purpose = 'ads' AND last_part "
        "AND state IN ('sending', 'sent', 'unknown', 'unconfirmed') AND started_at > :since",
        person,
        since=since_ms,
    )
    return int(rows[0].n)
