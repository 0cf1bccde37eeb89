"""Who may hold what somebody told: whoever has his value, and whoever has the name from him."""

from __future__ import annotations

from storage import carried
from storage.db import Store
from storage.tables.people import Contact
from storage.tx import Tx


async def test_who_has_only_the_name_from_him_is_found(store: Store) -> None:
    def held(tx: Tx) -> list[str]:
        for contact_id, by in (("teller", None), ("named", "teller"), ("other", "somebody"), ("nobody", None)):
            contact = Contact(id=contact_id, name_by=by, created_at=1, updated_at=1)
            tx.insert("contact", **contact.model_dump())
        return carried.holders(tx, ["teller"])

    assert await store.run(held) == ["named"]
