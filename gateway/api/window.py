"""May we write to this customer here and now? The platform's window, a block, a channel that only carries calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from channels.contract import Capabilities
from gateway.api.errors import ApiError
from storage import contacts, listing
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

HOUR_MS: Final = 3_600_000
REASONS: Final = {
    "calls_only": "this channel carries calls and forms: there is no chat to answer in",
    "blocked": "the customer has blocked us on this channel",
    "window": "the platform allows an answer only for {hours} hours after the customer's last message",
    "account": "this account is not configured any more",
}


def check(parts: Parts, tx: Tx, row: listing.Conversation) -> None:
    """Raises ApiError window_closed, with the reason and what is lawful instead."""
    reason = _reason(parts, tx, row)
    if reason:
        carries = _carries(parts, f"{row.channel}:{row.account}")
        hours = carries.window_hours if carries else 0
        raise ApiError(
            "window_closed",
            REASONS[reason].format(hours=hours),
            fields={
                "reason": reason,
                "ways": ", ".join(_ways(parts, tx, row)) or "none: wait until the customer writes",
            },
        )


def over(tx: Tx, can: Capabilities, point_id: str) -> bool:
    """Whether the window of that contact point is over by now."""
    if not can.window_hours:
        return False
    last = tx.value("SELECT last_inbound_at FROM contact_point WHERE id = :id", id=point_id)
    return (last or 0) < tx.now_ms - can.window_hours * HOUR_MS


def may_write(parts: Parts, tx: Tx, row: listing.Conversation) -> bool:
    """Whether `check` would let it pass."""
    return not _reason(parts, tx, row)


def _reason(parts: Parts, tx: Tx, row: listing.Conversation) -> str:
    can = _carries(parts, f"{row.channel}:{row.account}")
    if can is None:
        return "account"
    if not can.conversational:
        return "calls_only"
    if not row.reachable:
        return "blocked"
    if can.window_hours and (row.last_inbound_at or 0) < tx.now_ms - can.window_hours * HOUR_MS:
        return "window"
    return ""


def _carries(parts: Parts, account_id: str) -> Capabilities | None:
    """None when the account is not configured any more."""
    account = parts.accounts.get(account_id)
    return None if account is None else parts.adapters[account.channel].carries(account)


def _ways(parts: Parts, tx: Tx, row: listing.Conversation) -> list[str]:
    """Where else he may be written to or called."""
    contact = contacts.view(tx, row.contact_id)
    if contact is None:
        return []
    ways = []
    for point in contact.points:
        account = f"{point.channel}:{point.account}"
        if (point.channel, point.account, point.thread) == (
            row.channel,
            row.account,
            row.thread,
        ) or not point.reachable:
            continue
        can = _carries(parts, account)
        if can is None:
            continue
        closed = can.window_hours and (point.last_inbound_at or 0) < tx.now_ms - can.window_hours * HOUR_MS
        if can.conversational and not closed:
            ways.append(f"chat:{account}")
    if contact.emails and any(account.channel == "email" for account in parts.accounts.values()):
        ways.append("email")
    return [*ways, *(["call"] if contact.phones else [])]
