"""Who is meant by an id, a telephone number or an e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

from storage import contacts
from storage.contacts import Contact
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
