"""Who is meant by an id, a telephone number or an e-mail address; and who is new to us."""

from __future__ import annotations

from collections.abc import Sequence

from storage import contacts, contacts_write
from storage.contacts import Contact
from storage.ids import new_id
from storage.tx import Tx

MOST = 50


def found(tx: Tx, *, contact_id: str = "", phones: Sequence[str] = (), emails: Sequence[str] = ()) -> list[Contact]:
    """Everybody, each once, as the one he is today. phones -- E.164 · emails -- lower case."""
    blinds = [tx.keys.blind("phone", value) for value in phones] + [tx.keys.blind("email", value) for value in emails]
    rows = tx.among(
        f"SELECT DISTINCT contact_id FROM contact_value WHERE value_blind IN (:among) ORDER BY contact_id LIMIT {MOST}",  # noqa: S608
        blinds,
    )
    ids = [*([contact_id] if contact_id else []), *(row.contact_id for row in rows)]
    heads = dict.fromkeys(head for each in ids if (head := contacts.resolve(tx, each)))
    return [person for head in heads if (person := contacts.view(tx, head))]


def newcomer(tx: Tx, *, name: str, phones: Sequence[str], emails: Sequence[str], source: str) -> str:
    """Somebody of whom nothing is held yet, with what he gave us to be answered; his id."""
    contact_id = new_id()
    _, wrapped = tx.keys.new_contact_key(contact_id)
    tx.insert(
        "contact",
        id=contact_id,
        salutation="",
        lang="vi",
        test=False,
        ads_off=False,
        reminders_off=False,
        version=0,
        created_at=tx.now_ms,
        updated_at=tx.now_ms,
    )
    tx.insert("contact_key", contact_id=contact_id, wrapped=wrapped, created_at=tx.now_ms)
    if name:
        contacts_write.set_name(tx, contact_id, name)
    for kind, values in (("phone", phones), ("email", emails)):
        for value in values:
            contacts_write.add_value(tx, contact_id, kind, value, source=source)
    return contact_id
