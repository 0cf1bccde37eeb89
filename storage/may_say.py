"""What we say first must be wanted: asked once more in the transaction in which it leaves, of the person, not of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from channels.windows import (
    ADS_ENOUGH,
    ADS_OFF,
    C1_WITHDRAWN,
    C4_GIVEN,
    HOURS,
    PURPOSES,
    REMINDERS_OFF,
    STOPPED,
    VIET_NAM,
    Purpose,
    unwanted,
    unwanted_first,
)
from storage import contacts
from storage.times import at
from storage.tx import Tx

OURS: Final = "ours"  # in the memory of a state: it was closed, we opened it again, and he has said nothing since
ADS: Final = "ads"  # asked about whoever sends it: the bot, an advisor, another program
PROACTIVE: Final = frozenset({"care", "delivery_check", "reminder", ADS})  # what a customer can switch off
DAY_MS: Final = 24 * 3_600_000
ADS_A_DAY: Final = 3  # in any 24 hours: law.md 4
ADS_A_MONTH: Final = 4  # in any 30 days: what he agrees to with C4 (`consent.marketing` says how many)


def why_not(tx: Tx, contact_id: str, purpose: str, channel: str) -> str:
    """Why it may not be said to this person now, or ''.

    channel -- on which it would leave: advertising is agreed to by channel"""
    wanted = PURPOSES[purpose]
    ads = wanted is Purpose.ADVERTISING
    why = unwanted(wanted, wishes(tx, contact_id, channel, ads=ads))
    if why or not ads:
        return why
    first, end = HOURS[wanted]
    if not first <= at(tx.now_ms).astimezone(VIET_NAM).time() < end:
        return "advertising at night"
    return "more advertisements than agreed" if _month_is_full(tx, contact_id) else ""


def wishes(tx: Tx, contact_id: str, channel: str, *, ads: bool = True) -> frozenset[str]:
    """What he has said about being written to, in the words of `channels.windows`. He is one person with everybody who was
    merged into him: a switch of any of them counts, and of a consent his last word. `ads` -- those of advertising too."""
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    switches = tx.among("SELECT reminders_off, ads_off FROM contact WHERE id IN (:among)", person)
    found = {
        REMINDERS_OFF: any(one.reminders_off for one in switches),
        ADS_OFF: any(one.ads_off for one in switches),
        C1_WITHDRAWN: _last_word(tx, person, "C1") == "withdrawn",
        C4_GIVEN: ads and _last_word(tx, person, "C4", channel) == "given",
        ADS_ENOUGH: ads and _ads_since(tx, person, tx.now_ms - DAY_MS) >= ADS_A_DAY,
    }
    return frozenset(name for name, holds in found.items() if holds)


def why_not_begin(tx: Tx, contact_id: str, conversation_id: str | None) -> str:
    """Why nobody may write to this person first, or ''. conversation_id -- in which it would stand: while that very one is
    open he is answered there; another that is open allows nothing here, nor does one that only we have opened again."""
    if conversation_id and _his(tx, conversation_id):
        return ""
    return unwanted_first(ended(tx, contact_id))


def _his(tx: Tx, conversation_id: str) -> bool:
    row = tx.one("SELECT contact_id, status, state_sealed FROM conversation WHERE id = :id", id=conversation_id)
    if row is None or row.status == "closed":
        return False
    state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", conversation_id, row.state_sealed)
    return not state.get("memory", {}).get(OURS)


def ended(tx: Tx, contact_id: str) -> frozenset[str]:
    """STOPPED and C1_WITHDRAWN, where they hold of this person now."""
    said = wishes(tx, contact_id, "", ads=False)
    return (said & {C1_WITHDRAWN}) | ({STOPPED} if {REMINDERS_OFF, ADS_OFF} <= said else set())


def _month_is_full(tx: Tx, contact_id: str) -> bool:
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    return _ads_since(tx, person, tx.now_ms - 30 * DAY_MS) >= ADS_A_MONTH


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
