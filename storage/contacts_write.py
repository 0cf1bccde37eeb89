"""What conversations and advisors learn of a person, written to his row."""

from __future__ import annotations

from collections.abc import Callable

from storage import contacts, duplicates, search
from storage.ids import new_id
from storage.tx import Tx


def set_name(tx: Tx, contact_id: str, name: str, *, told_by: str | None = None) -> None:
    """told_by -- storage.carried."""
    tx.run(
        "UPDATE contact SET name_sealed = :name, name_by = :by, version = version + 1, updated_at = :now WHERE id = :id",
        id=contact_id,
        name=tx.keys.seal_for(tx, contact_id, "contact", "name_sealed", contact_id, name),
        by=told_by if told_by != contact_id else None,
        now=tx.now_ms,
    )
    tx.hint("contact", contact_id)


def set_manner(tx: Tx, contact_id: str, salutation: str, lang: str) -> None:
    tx.run(
        "UPDATE contact SET salutation = :salutation, lang = :lang WHERE id = :id",
        id=contact_id,
        salutation=salutation,
        lang=lang,
    )


def name_point(tx: Tx, account_id: str, thread: str, name: str) -> bool:
    """What a platform calls the person, where nothing is known yet. False while nobody is behind that thread."""
    row = tx.one(
        "SELECT id, contact_id, name_sealed FROM contact_point WHERE account_id = :account AND thread = :thread",
        account=account_id,
        thread=thread,
    )
    if row is None or row.contact_id is None:
        return False
    if row.name_sealed is None:
        sealed = tx.keys.seal_for(tx, row.contact_id, "contact_point", "name_sealed", row.id, name.encode())
        tx.run(
            "UPDATE contact_point SET name_sealed = :name WHERE id = :id AND name_sealed IS NULL",
            name=sealed,
            id=row.id,
        )
        tx.hint("contact", row.contact_id)
    return True


def set_switches(tx: Tx, contact_id: str, *, ads_off: bool, reminders_off: bool) -> None:
    """What he has switched off, for every channel and everybody who was merged with him: read again when something is
    about to be sent."""
    tx.run_among(
        "UPDATE contact SET ads_off = :ads, reminders_off = :reminders WHERE id IN (:among)",
        contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id),
        ads=ads_off,
        reminders=reminders_off,
    )


def forget(tx: Tx, contact_id: str, *, source: str) -> None:
    """What was held of him for a call, and is not to be kept: his name, the values that came this way, and whom they
    made him look like."""
    tx.run("DELETE FROM duplicate WHERE state = 'open' AND (one_id = :id OR other_id = :id)", id=contact_id)
    tx.run("DELETE FROM contact_value WHERE contact_id = :id AND source = :source", id=contact_id, source=source)
    tx.run(
        "UPDATE contact_point SET name_sealed = NULL WHERE contact_id = :id AND account_id LIKE :account",
        id=contact_id,
        account=f"{source}:%",
    )
    search.forget(tx, contact_id)
    tx.run(
        "UPDATE contact SET name_sealed = NULL, version = version + 1, updated_at = :now WHERE id = :id",
        id=contact_id,
        now=tx.now_ms,
    )
    tx.hint("contact", contact_id)


def add_value(
    tx: Tx,
    contact_id: str,
    kind: str,
    value: str,
    *,
    source: str,
    confirmed: bool = False,
    told_by: str | None = None,
) -> None:
    """A phone (E.164) or e-mail (lower case), once each. `source` -- channel or advisor id · `told_by` -- storage.carried, None:
    himself, or one of ours. Whoever else has it may be the
    same person: people are offered to say so."""
    row_id, blind = new_id(), tx.keys.blind(kind, value)
    made = tx.run(
        "INSERT INTO contact_value (id, contact_id, kind, value_sealed, value_blind, source, told_by, confirmed, created_at) "
        "VALUES (:id, :contact_id, :kind, :sealed, :blind, :source, :told_by, :confirmed, :now) ON CONFLICT (contact_id, kind, value_blind) DO NOTHING",
        id=row_id,
        contact_id=contact_id,
        kind=kind,
        sealed=tx.keys.seal_for(tx, contact_id, "contact_value", "value_sealed", row_id, value),
        blind=blind,
        source=source,
        told_by=told_by,
        confirmed=confirmed,
        now=tx.now_ms,
    )
    if not made and told_by is None:
        tx.run(
            "UPDATE contact_value SET told_by = NULL WHERE contact_id = :id AND kind = :kind AND value_blind = :blind"
            " AND told_by IS NOT NULL",
            id=contact_id,
            kind=kind,
            blind=blind,
        )
    if made:
        duplicates.note(tx, contact_id, kind, blind)
    tx.hint("contact", contact_id)


def rename(tx: Tx, account_id: str, name: Callable[[str], str]) -> int:
    """Threads of the account that are telephone numbers become what `name` makes of them; how many."""
    rows = tx.all(
        "SELECT id, thread FROM contact_point WHERE account_id = :account AND (thread LIKE '+%' OR thread BETWEEN '0' AND '9~')",
        account=account_id,
    )
    known = {
        row.thread
        for row in tx.among(
            "SELECT thread FROM contact_point WHERE account_id = :account AND thread IN (:among)",
            [name(row.thread) for row in rows],
            account=account_id,
        )
    }
    done = [row for row in rows if name(row.thread) not in known]
    for row in done:
        tx.run("UPDATE contact_point SET thread = :thread WHERE id = :id", thread=name(row.thread), id=row.id)
    return len(done)
