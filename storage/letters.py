"""Letters to people by e-mail: their contact points, which begin with us, and what a letter must know of its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from storage import contacts
from storage.ids import new_id
from storage.tx import Tx

EMAIL: Final = "email"
EARLIER: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Of one letter. `addresses` -- all of his, the confirmed and newest first · `purpose` -- of the message · `earlier` -- the platform's ids of letters to him, the newest first."""

    thread: str
    addresses: tuple[str, ...] = field(repr=False)
    name: str = field(repr=False)
    lang: str
    salutation: str
    purpose: str
    earlier: tuple[str, ...]


def reader(tx: Tx, outbox_id: str) -> Reader | None:
    """To whom that row goes; None when it or he is gone."""
    row = tx.one(
        "SELECT o.point_id, o.purpose, p.thread, p.contact_id, m.seq, c.lang FROM outbox o JOIN contact_point p ON p.id = o.point_id"
        " JOIN message m ON m.id = o.message_id JOIN conversation c ON c.id = o.conversation_id WHERE o.id = :id",
        id=outbox_id,
    )
    if row is None or row.contact_id is None or (contact := contacts.view(tx, row.contact_id)) is None:
        return None
    before = tx.all(
        "SELECT external_id FROM message WHERE point_id = :point AND direction = 'outbound' AND seq < :seq AND external_id IS NOT NULL"
        " ORDER BY seq DESC LIMIT :most",
        point=row.point_id,
        seq=row.seq,
        most=EARLIER,
    )
    return Reader(
        thread=row.thread,
        addresses=contact.emails,
        name=contact.name,
        lang=row.lang or contact.lang,
        salutation=contact.salutation,
        purpose=row.purpose,
        earlier=tuple(one.external_id for one in before),
    )


def owners(tx: Tx, address: str) -> list[str]:
    """Whose address that is, of people as they stand today."""
    rows = tx.all(
        "SELECT contact_id FROM contact_value WHERE kind = 'email' AND value_blind = :blind ORDER BY created_at DESC LIMIT 50",
        blind=tx.keys.blind(EMAIL, address),
    )
    return list(dict.fromkeys(found for row in rows if (found := contacts.resolve(tx, row.contact_id)) is not None))


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody can be written to. `point_id` '' -- nobody has yet · `ended` -- why nothing more may go there."""

    account_id: str
    thread: str
    address: str = field(repr=False)
    point_id: str = ""
    ended: str = ""


Threads = Callable[[str, str], str]  # (account id, address) -> thread, '' for what is no address


def ways(tx: Tx, contact_id: str, accounts: list[str], thread_of: Threads) -> list[Way]:
    """By which of his addresses and our accounts, the best first: where letters went already, then confirmed and new ones.
    Addresses under which somebody else is written to are left out."""
    contact = contacts.view(tx, contact_id)
    if contact is None:
        return []
    found = []
    for address in contact.emails:
        for account_id in accounts:
            if thread := thread_of(account_id, address):
                row = _point(tx, account_id, thread)
                if row is None:
                    found.append(Way(account_id, thread, address))
                elif row.contact_id is None or contacts.resolve(tx, row.contact_id) == contact.id:
                    ended = "" if row.reachable else row.unreachable_reason or "blocked"
                    ended = ended if row.blocked_at is None else "blocked_by_us"
                    found.append(Way(account_id, thread, address, row.id, ended))
    return sorted(found, key=lambda way: (bool(way.ended), not way.point_id))


def open_point(tx: Tx, way: Way, contact_id: str) -> str:
    """The contact point of that way, made where there is none; its id. contact_id -- whose it becomes."""
    row = _point(tx, way.account_id, way.thread)
    if row is None:
        point_id = new_id()
        tx.insert(
            "contact_point",
            id=point_id,
            account_id=way.account_id,
            thread=way.thread,
            contact_id=contact_id,
            conversation_id=None,
            seq=0,
            message_seq=0,
            out_seq=0,
            name_sealed=None,
            reachable=True,
            unreachable_reason="",
            last_inbound_at=None,
            created_at=tx.now_ms,
        )
        return point_id
    if row.contact_id is None:
        tx.run("UPDATE contact_point SET contact_id = :contact WHERE id = :id", contact=contact_id, id=row.id)
    return str(row.id)


def conversation(tx: Tx, point_id: str) -> str | None:
    """The conversation there; None without one."""
    found: str | None = tx.value("SELECT conversation_id FROM contact_point WHERE id = :id", id=point_id)
    return found


def closed(tx: Tx, point_id: str) -> str:
    """The conversation there when it is closed, else ''."""
    found = tx.value(
        "SELECT c.id FROM contact_point p JOIN conversation c ON c.id = p.conversation_id WHERE p.id = :id AND c.status = 'closed'",
        id=point_id,
    )
    return found or ""


def _point(tx: Tx, account_id: str, thread: str) -> Any:
    return tx.one(
        "SELECT id, contact_id, conversation_id, reachable, unreachable_reason, blocked_at FROM contact_point WHERE account_id = :account AND thread = :thread",
        account=account_id,
        thread=thread,
    )
