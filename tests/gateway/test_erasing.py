"""Erasing a person: nothing of him is left in rows, files and bytes, what the law keeps is laid aside, and a kill between any
two steps changes nothing of that. On both databases."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway import anew, erasing
from gateway.erasing import LIST, Erasing
from gateway.filestore import FileStore
from handlers import model
from storage import contacts, contacts_write, erasure, erasure_steps, files, holds, idempotency, inbox, retention, stats
from storage.erasure import Refused
from storage.erasure_steps import STEPS
from storage.keys import KeyMissing, KeyRing
from storage.tx import Tx
from tests.support import postgres
from tests.support.shop import ACCOUNT, Customer, Shop

NAME = "Nguyễn Thị Ngọc Lan Hương"
PHONE = "0912345678"
WORDS = "xe của em màu đỏ mận, biển số 59X1-80645 nhé shop"
NEEDLES = [NAME, PHONE, "+84912345678", WORDS, "lan.huong@example.vn", "lan-thread"]


class Killed(Exception):
    """The process ended here."""


class Dying:
    """A store whose process ends before the n-th thing it does."""

    def __init__(self, store: Any, left: int) -> None:
        self._store, self._left = store, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def run(self, unit: Callable[[Tx], Any]) -> Any:
        self._count()
        return await self._store.run(unit)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


class House:
    """A shop with files, and one customer who has done everything that a customer can do."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.store_of_files = FileStore(folder / "files")
        self.blobs: dict[str, bytes] = {}

    def erasing(self, store: Any = None) -> Erasing:
        return Erasing(store or self.shop.store, self.store_of_files, self.folder / "keys")

    async def file(self, contact_id: str | None, data: bytes) -> str:
        key = files.new_key()
        file_id = await self.store_of_files.put(data, key)
        await self.shop.store.run(
            lambda tx: files.create(
                tx,
                file_id=file_id,
                key=key,
                name="gcn.pdf",
                mime="application/pdf",
                size=len(data),
                sha256="0" * 64,
                contact_id=contact_id,
                created_by="a1",
            )
        )
        return file_id

    async def lan(self) -> Customer:
        shop = self.shop
        lan = await shop.customer("lan-thread", NAME)
        await shop.hears("lan-thread", WORDS)
        self.certificate = await self.file(lan.contact_id, b"%PDF the certificate")
        self.photo = await self.file(lan.contact_id, b"a photo of her car")
        self.policy = await shop.sold(lan, "XM-2026-777", document_id=self.certificate)
        await shop.deliver(self.policy)
        await shop.store.run(lambda tx: self._more(tx, lan))
        return lan

    def _more(self, tx: Tx, lan: Customer) -> None:
        contacts_write.add_value(tx, lan.contact_id, "email", "lan.huong@example.vn", source="form")
        idempotency.claim(tx, "token:1", "hers", b"hash")
        idempotency.keep(tx, "token:1", "hers", 200, b'{"id": "%s", "name": "x"}' % lan.contact_id.encode())
        idempotency.claim(tx, "token:1", "another", b"hash")
        idempotency.keep(tx, "token:1", "another", 200, b'{"id": "00000000000000000000000000"}')
        tx.insert(
            "web_session",
            token_hash=b"h" * 32,
            account_id=ACCOUNT.id,
            thread="lan-thread",
            created_at=0,
            seen_at=0,
        )

    async def erase(self, contact_id: str) -> erasure.Job:
        job_id = await self.shop.store.run(
            lambda tx: erasure.ask(tx, contact_id, by="system", reason="he asked", now=True)
        )
        return await self.erase_on(job_id)

    async def erase_on(self, job_id: str) -> erasure.Job:
        for _ in range(30):  # somebody may look at the past: PostgreSQL's own ANALYZE, too
            done = await self.erasing().carry_out(job_id)
            if done is not None and done.state != "running":
                return done
        raise AssertionError("it never ended")

    async def count(self, sql: str) -> int:
        return int(await self.shop.store.read(lambda tx: tx.value(sql)))


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    shop = await Shop(database_url, keys=KeyRing.load(tmp_path / "keys")).open()
    yield House(shop, tmp_path)
    await shop.close()


async def scan(house: House) -> dict[str, int]:
    """Needles in the bytes of the database."""
    store = house.shop.store
    if store.path is not None:
        paths = [store.path, store.path.with_name(store.path.name + "-wal")]
        found = erasing.search(paths, {needle: [needle] for needle in NEEDLES})
        assert found.pop("bytes") > 100_000
        return dict(found)

    def read(tx: Tx) -> dict[str, int]:
        found: dict[str, int] = {}
        tx.run("CHECKPOINT")
        paths = [
            row[0] for row in tx.all("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r','i','t')")
        ]
        for path in filter(None, paths):
            data = bytes(tx.value("SELECT pg_read_binary_file(:path)", path=path))
            for needle in NEEDLES:
                if needle.encode() in data:
                    found[needle] = found.get(needle, 0) + 1
        return found

    return await store.run(read)


async def test_nothing_is_left_but_what_the_law_keeps(house: House) -> None:
    shop, store = house.shop, house.shop.store
    other = await shop.customer("other", "Trần Văn Minh")
    lan = await house.lan()
    theirs = await house.file(other.contact_id, b"not hers")
    await shop.arrives("lan-thread", "một tin còn đang chờ")
    plan = await store.read(lambda tx: erasure.plan(tx, lan.contact_id))
    assert (await erasing.counts(store, plan.scope))["message"] > 10
    assert [stay.kind for stay in plan.stays] == ["policy", "consents"]
    assert "lan-thread" in await scan(house), "an address of a chat is not sealed"

    done = await house.erase(lan.contact_id)

    assert (done.state, done.proof["rows"], done.scope.contacts) == ("done", 0, (lan.contact_id,))
    assert (done.proof["vacuum"], done.proof.get("found", {})) == (True, {})
    assert await scan(house) == {}
    row = await shop.row("contact", lan.contact_id)
    assert (row.name_sealed, row.erased_at) == (None, shop.ms)
    with pytest.raises(KeyMissing):
        await store.read(lambda tx: tx.keys.contact_key(tx, lan.contact_id))
    assert await house.count(f"SELECT COUNT(*) FROM message WHERE contact_id <> '{other.contact_id}'") == 0
    assert await house.count("SELECT COUNT(*) FROM inbox_event WHERE key IS NOT NULL AND point_id IS NULL") == 0
    assert await house.count("SELECT COUNT(*) FROM idempotency") == 1
    assert await house.count("SELECT COUNT(*) FROM erasure WHERE needles_sealed IS NOT NULL") == 0
    assert sorted(house.store_of_files.names()) == sorted([theirs, house.certificate])
    assert (await store.read(lambda tx: contacts.view(tx, other.contact_id))).name == "Trần Văn Minh"  # type: ignore[union-attr]

    def books(tx: Tx) -> None:
        (each,) = stats.accounts(tx)
        assert each.deliveries == each.duplicates + each.rejected + each.events
        assert each.events == each.messages + each.receipts + each.ignored + each.quarantined + each.pending
        assert each.pending == 0

    await store.read(books)
    entries = await store.read(
        lambda tx: tx.all(
            "SELECT action FROM audit_entry WHERE object_id = :id AND action LIKE '%eras%'", id=lan.contact_id
        )
    )
    assert sorted(entry.action for entry in entries) == ["contact.erase", "erasure.ask"]


async def test_what_is_held_is_whole_has_a_reason_and_ends(house: House) -> None:
    lan = await house.lan()
    await house.erase(lan.contact_id)
    store = house.shop.store
    by_number = await store.read(lambda tx: holds.page(tx, number="xm-2026 - 777"))
    assert [(hold.kind, hold.object_id, hold.contact_id) for hold in by_number] == [
        ("policy", house.policy, lan.contact_id)
    ]
    kept = await store.read(lambda tx: holds.page(tx, contact_id=lan.contact_id))
    policy, consents = sorted(kept, key=lambda hold: hold.until)
    assert "10 years" in policy.reason
    body = await store.read(lambda tx: holds.read(tx, policy.id))
    assert body is not None
    assert (body["policy"]["number"], body["holder"]["name"]) == ("XM-2026-777", NAME)
    assert ["phone", "+84912345678"] in body["holder"]["values"]
    key = base64.b64decode(body["document"]["key"])
    assert await house.store_of_files.get(body["document"]["id"], key) == b"%PDF the certificate"
    said = await store.read(lambda tx: holds.read(tx, consents.id))
    assert said is not None
    assert "given" in {consent["state"] for consent in said["consents"]}
    assert consents.until > policy.until > house.shop.ms + 10 * holds.YEAR_MS
    house.shop.ms = policy.until
    await house.erasing().run()
    assert [hold.kind for hold in await store.read(holds.page)] == ["consents"]
    assert house.store_of_files.names() == []
    house.shop.ms = consents.until
    await house.erasing().run()
    assert await house.count("SELECT COUNT(*) FROM held") == 0
    assert await house.count("SELECT COUNT(*) FROM audit_entry WHERE action = 'held.destroy'") == 2


async def test_a_kill_between_any_two_steps_changes_nothing(house: House) -> None:
    lan = await house.lan()
    store = house.shop.store
    job_id = await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="system", reason="", now=True))
    done = None
    calls = 0
    while done is None:
        try:
            done = await house.erasing(Dying(store, 1)).carry_out(job_id)
        except Killed:
            calls += 1
            assert calls < 3 * len(STEPS)
            if calls == 2:
                await house.shop.again()  # with the keys' cache, and whatever else a process holds
                store = house.shop.store
    assert calls >= len(STEPS) - 2
    assert (done.state, done.proof["rows"]) == ("done", 0)
    assert await scan(house) == {}
    assert await house.count("SELECT COUNT(*) FROM held") == 2
    assert house.store_of_files.names() == [house.certificate]


async def test_a_repetition_is_still_one_and_a_new_message_is_somebody_new(house: House) -> None:
    shop = house.shop
    lan = await house.lan()
    await shop.store.run(lambda tx: None)
    arrival = inbox.Arrival(account_id=ACCOUNT.id, key="again", kind="text", thread="lan-thread", body=b"{}")
    await shop.store.run(lambda tx: inbox.ingest(tx, [arrival]) and None)
    sent = len(shop.sent)
    await house.erase(lan.contact_id)
    for body in (b"{}", b'{"another": "body"}'):
        repeated = inbox.Arrival(account_id=ACCOUNT.id, key="again", kind="text", thread="lan-thread", body=body)
        assert await shop.store.ingest([repeated]) == [False]
    assert await house.count("SELECT COUNT(*) FROM inbound_conflict") == 0, "what he wrote is not kept a second time"
    assert await house.count("SELECT COUNT(*) FROM contact_point") == 1, "of the repetition"
    shop.pass_(days=31)
    assert await shop.store.run(retention.nobodys_lanes) == 1
    shop.pass_(days=20)
    await shop.settled()
    assert len(shop.sent) == sent, "no care, no reminder, no answer"
    await shop.hears("lan-thread", "chào shop")
    point = await shop.store.read(lambda tx: tx.one("SELECT * FROM contact_point WHERE thread = 'lan-thread'"))
    assert point is not None
    assert point.contact_id not in (None, lan.contact_id)
    seen = await shop.store.read(lambda tx: contacts.view(tx, point.contact_id))
    assert seen is not None
    assert (seen.name, seen.phones, seen.consents) == ("", (), ())
    assert len(shop.sent) == sent + 1, "he is greeted as anybody is"


async def test_everybody_who_was_merged_into_him_goes_too(house: House) -> None:
    shop = house.shop
    lan, sister = await house.lan(), await shop.customer("sister", "Lan Anh Nguyễn Thị")
    await shop.store.run(lambda tx: contacts.merge(tx, sister.contact_id, lan.contact_id, by="a1"))
    await shop.hears("sister", "em nhắn từ số khác")
    done = await house.erase(sister.contact_id)
    assert done.contact_id == lan.contact_id
    assert set(done.scope.contacts) == {lan.contact_id, sister.contact_id}
    for table in ("message", "conversation", "contact_value", "contact_key", "contact_point"):
        assert await house.count(f"SELECT COUNT(*) FROM {table}") == 0, table
    with pytest.raises(Refused):
        await shop.store.run(lambda tx: erasure.ask(tx, sister.contact_id, by="x", reason=""))


async def test_who_comes_back_with_an_older_database_goes_again(house: House) -> None:
    shop = house.shop
    if shop.store.path is None:
        pytest.skip("the list is the same; a PostgreSQL is put back by its own tools")
    lan = await house.lan()
    await shop.close()
    older = house.folder / "older.db"
    shutil.copy(shop.store.path, older)
    await shop.open()
    await house.erase(lan.contact_id)
    assert (house.folder / "keys" / LIST).read_text().count(lan.contact_id) == 1
    await shop.close()
    shutil.copy(older, shop.store.path)
    await shop.open()
    assert "lan-thread" in await scan(house)
    again = house.erasing()
    await again.begin()
    assert await house.count("SELECT COUNT(*) FROM contact_point") == 0, "cut off before anybody is served"
    await again.run()
    assert await scan(house) == {}
    assert await house.count("SELECT COUNT(*) FROM held") == 2
    await again.begin()
    assert await house.count("SELECT COUNT(*) FROM erasure WHERE state = 'running'") == 0


async def test_four_eyes(house: House) -> None:
    lan = await house.shop.customer("lan-thread")
    store = house.shop.store
    job_id = await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="one", reason="he asked"))
    assert await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="two", reason="again")) == job_id
    await house.erasing().run()
    assert await house.count("SELECT COUNT(*) FROM contact WHERE erased_at IS NOT NULL") == 0
    with pytest.raises(Refused, match="somebody else"):
        await store.run(lambda tx: erasure.decide(tx, job_id, by="one", yes=True))
    await store.run(lambda tx: erasure.decide(tx, job_id, by="one", yes=False))
    with pytest.raises(Refused, match="declined"):
        await store.run(lambda tx: erasure.decide(tx, job_id, by="two", yes=True))
    second = await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="one", reason="he asked"))
    await store.run(lambda tx: erasure.decide(tx, second, by="two", yes=True))
    await house.erasing().run()
    assert await house.count("SELECT COUNT(*) FROM contact WHERE erased_at IS NOT NULL") == 1


async def test_whom_the_approver_saw_are_those_who_go(house: House) -> None:
    """Nobody joins or leaves while an erasure waits; one that was asked for before that was so is asked for again."""
    store = house.shop.store
    lan, sister = await house.shop.customer("lan-thread"), await house.shop.customer("sister")
    await store.run(lambda tx: contacts.merge(tx, sister.contact_id, lan.contact_id, by="a1"))
    job_id = await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="one", reason="he asked"))
    with pytest.raises(contacts.Conflict, match="erasure"):
        await store.run(lambda tx: contacts.unmerge(tx, sister.contact_id, by="a1"))
    await store.run(lambda tx: tx.run("UPDATE contact SET merged_into = NULL WHERE id = :id", id=sister.contact_id))
    with pytest.raises(contacts.Conflict, match="erasure"):
        await store.run(lambda tx: contacts.merge(tx, sister.contact_id, lan.contact_id, by="a1"))
    with pytest.raises(Refused, match="other people"):
        await store.run(lambda tx: erasure.decide(tx, job_id, by="two", yes=True))
    await store.run(lambda tx: erasure.decide(tx, job_id, by="two", yes=False))
    await store.run(lambda tx: contacts.merge(tx, sister.contact_id, lan.contact_id, by="a1"))


async def test_what_came_in_between_goes_in_another_round_and_what_never_goes_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lan, hung = await house.shop.customer("lan-thread", NAME), await house.shop.customer("hung", "Hùng")
    real = erasing.counts
    looks: list[int] = []

    async def left(store: Any, scope: erasure.Scope) -> dict[str, int]:
        looks.append(1)
        return {"message": 1} if len(looks) <= bad else await real(store, scope)

    monkeypatch.setattr(erasing, "counts", left)
    bad = 1
    done = await house.erase(lan.contact_id)
    assert (done.state, done.proof["rows"], len(looks)) == ("done", 0, 2)
    looks.clear()
    bad = 99
    done = await house.erase(hung.contact_id)
    assert (done.state, done.proof["rows"], len(looks)) == ("done", 1, 4)


async def test_nothing_is_done_in_his_conversation_any_more(house: House) -> None:
    """Between his being cut off and the end of his rows: whoever has it open is told."""
    lan = await house.lan()
    store = house.shop.store
    job_id = await store.run(lambda tx: erasure.ask(tx, lan.contact_id, by="system", reason="", now=True))
    while await store.run(lambda tx: erasure_steps.step(tx, job_id)) in ("look", "cut"):
        pass
    with pytest.raises(model.Refused, match="erased"):
        await house.shop.act(lan.conversation_id, "note", text="?")


async def test_two_processes_at_one_erasure_do_it_once(house: House, database_url: str) -> None:
    if house.shop.store.path is not None:
        pytest.skip("a SQLite file has one process")
    lan = await house.lan()
    other = await Shop(database_url, keys=house.shop.keys).open()
    try:
        job_id = await house.shop.store.run(
            lambda tx: erasure.ask(tx, lan.contact_id, by="system", reason="", now=True)
        )
        await asyncio.gather(*(house.erasing(store).carry_out(job_id) for store in (house.shop.store, other.store)))
    finally:
        await other.close()
    done = await house.erase_on(job_id)
    assert (done.state, done.proof["rows"]) == ("done", 0)
    assert await house.count("SELECT COUNT(*) FROM held") == 2
    assert await house.count("SELECT COUNT(*) FROM audit_entry WHERE action = 'contact.erase'") == 1
    assert (house.folder / "keys" / LIST).read_text().count(lan.contact_id) == 1
    assert await scan(house) == {}


async def test_what_a_backup_still_sees_is_written_anew_after_it(
    house: House, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL keeps deleted rows for whoever looks at the past, and their entries in indexes, in the new file too."""
    if house.shop.store.path is not None:
        pytest.skip("SQLite writes anew what is there now")
    monkeypatch.setattr(anew, "PATIENCE_S", 0)
    lan = await house.lan()
    hung = await house.shop.customer("hung", "Hùng")
    with psycopg.connect(postgres.libpq(database_url)) as backup:
        backup.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        backup.execute("SELECT count(*) FROM contact")
        asked = partial(erasure.ask, by="a", reason="", now=True)
        ids = [await house.shop.store.run(partial(asked, contact_id=who.contact_id)) for who in (lan, hung)]
        await house.erasing().run()
        steps = [(await house.shop.row("erasure", each)).step for each in ids]
        assert steps == ["vacuum", "vacuum"], "rows and keys are gone; the proof waits"
        house.shop.pass_(days=2)
        done = await house.erasing().carry_out(ids[1])
        assert done is not None
        assert (done.state, done.proof["vacuum"]) == ("done", False), "it never ends: told so"
    monkeypatch.undo()
    house.shop.pass_(days=-2)
    done = await house.erase_on(ids[0])
    assert (done.state, done.proof["vacuum"]) == ("done", True)
    assert await scan(house) == {}


async def test_a_disk_too_full_for_a_second_copy_does_not_keep_it_from_its_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    if house.shop.store.path is None:
        pytest.skip("PostgreSQL writes three small tables anew")
    lan = await house.shop.customer("lan-thread", NAME)

    class Full:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def execute(self, sql: str) -> None:
            if sql == "VACUUM":
                raise sqlite3.OperationalError("database or disk is full")
            self._connection.execute(sql)

    copy = house.shop.store.copy
    monkeypatch.setattr(
        house.shop.store, "copy", lambda job: copy(lambda connection, between: job(Full(connection), between))
    )
    done = await house.erase(lan.contact_id)
    assert (done.state, done.proof["rows"], done.proof["vacuum"], done.proof["found"]) == ("done", 0, False, {})


def test_a_needle_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "PIECE", 16)
    path = tmp_path / "bytes"
    path.write_bytes(b"x" * 10 + b"0912345678" + b"y" * 30)
    assert erasing.search([path, tmp_path / "none"], {"phone": ["0912345678"], "name": ["Nguyễn Lan"]}) == {
        "phone": 1,
        "bytes": 50,
    }
