"""Protected addresses of files: for three days, five openings, five tries, and only with the digits where there are any."""

from __future__ import annotations

from storage import contacts_write, document_links, files
from storage.db import Store
from storage.document_links import Fate
from storage.ids import new_id
from storage.tx import Tx
from tests.storage.conftest import Hand

LINK = "0" * 26


async def link(store: Store, *phones: str) -> str:
    """A file of somebody with these numbers, and a link to it. The file's id."""
    file_id = new_id()

    def write(tx: Tx) -> None:
        contact = new_id() if phones else None
        if contact is not None:
            _, wrapped = tx.keys.new_contact_key(contact)
            tx.insert("contact_key", contact_id=contact, wrapped=wrapped, created_at=0)
            tx.insert("contact", id=contact, salutation="", lang="vi", test=False, ads_off=False, reminders_off=False, version=0, created_at=0, updated_at=0)  # fmt: skip
            for phone in phones:
                contacts_write.add_value(tx, contact, "phone", phone, source="form")
        files.create(
            tx,
            file_id=file_id,
            key=b"k" * 32,
            name="a.pdf",
            mime="application/pdf",
            size=1,
            sha256="",
            contact_id=contact,
        )
        document_links.create(tx, link_id=LINK, file_id=file_id)

    await store.run(write)
    return file_id


async def tried(store: Store, digits: str = "") -> tuple[Fate, int]:
    answer = await store.run(lambda tx: document_links.claim(tx, LINK, digits))
    assert (answer.file is not None) is (answer.fate is Fate.OPEN)
    return answer.fate, answer.left


async def looked(store: Store) -> Fate:
    return await store.read(lambda tx: document_links.look(tx, LINK))


async def test_who_knows_the_digits_opens_it_five_times(store: Store, hand: Hand) -> None:
    await link(store, "+84912345678", "+84987654321")
    for _ in range(9):
        assert await looked(store) is Fate.ASKS, "robots of chat apps open every address"
    assert await tried(store, "0000") == (Fate.WRONG, 4)
    for digits in ("5678", "4321", "5678", "5678", "5678"):
        assert await tried(store, digits) == (Fate.OPEN, 0)
    assert await tried(store, "5678") == (Fate.OVER, 0)
    assert await looked(store) is Fate.OVER


async def test_five_wrong_tries_end_it(store: Store, hand: Hand) -> None:
    await link(store, "+84912345678")
    assert [await tried(store, digits) for digits in ("", "567", "56789", "x" * 99)] == [
        (Fate.WRONG, 4), (Fate.WRONG, 3), (Fate.WRONG, 2), (Fate.WRONG, 1)
    ]  # fmt: skip
    assert await tried(store, "0000") == (Fate.OVER, 0)
    assert await tried(store, "5678") == (Fate.OVER, 0), "also with the right ones"


async def test_it_ends_with_its_time_and_with_its_file(store: Store, hand: Hand) -> None:
    file_id = await link(store)
    assert await looked(store) is Fate.OPEN, "nobody gave us a number: there is nothing to ask for"
    until = await store.run(lambda tx: document_links.create(tx, link_id=LINK, file_id=file_id))
    hand.ms = until - 1
    assert await tried(store) == (Fate.OPEN, 0)
    hand.ms = until
    assert await tried(store) == (Fate.OVER, 0)
    hand.ms = until - 1
    await store.run(lambda tx: files.delete(tx, file_id))
    assert await tried(store) == (Fate.OVER, 0)
    assert await looked(store) is Fate.OVER


async def rows(store: Store) -> int:
    return int(await store.read(lambda tx: tx.value("SELECT COUNT(*) FROM document_link")))


async def test_its_row_goes_a_day_after_its_end(store: Store, hand: Hand) -> None:
    file_id = await link(store)
    until = await store.run(lambda tx: document_links.create(tx, link_id=LINK, file_id=file_id))
    hand.ms = until + document_links.KEPT_MS
    assert (await store.run(document_links.forget), await rows(store)) == (0, 1)
    hand.ms += 1
    assert (await store.run(document_links.forget), await rows(store)) == (1, 0)
    assert await store.run(document_links.forget) == 0


async def test_it_goes_with_its_person(store: Store, hand: Hand) -> None:
    await link(store, "+84912345678")
    assert await store.run(document_links.forget) == 0
    await store.run(lambda tx: tx.run("UPDATE contact SET erased_at = :now", now=tx.now_ms))
    assert await looked(store) is Fate.OVER, "not one that asks for nothing"
    assert await tried(store, "5678") == (Fate.OVER, 0)
    assert (await store.run(document_links.forget), await rows(store)) == (1, 0)
