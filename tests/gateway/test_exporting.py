"""A person's copy: everything that the map of erasure knows of, readable by him and by a machine, and nobody else's."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway import erasing
from gateway.config import load
from gateway.exporting import export
from storage import contacts, dossier, erasure
from storage.erasure_map import MAP, Ours
from storage.keys import KeyRing
from tests.gateway.test_erasing import NAME, WORDS, House
from tests.support.shop import Shop

NASTY = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    shop = await Shop(database_url, keys=KeyRing.load(tmp_path / "keys")).open()
    yield House(shop, tmp_path)
    await shop.close()


async def copied(house: House, contact_id: str) -> tuple[dict[str, bytes], str]:
    """Members of the archive by name, and the digest that is written down."""
    path = house.folder / "config.yaml"
    path.write_text("business: {dpo_email: dpo@example.vn}\n", encoding="utf-8")
    config = load(path, {}, port=0)
    made = await export(house.shop.store, house.store_of_files, config, contact_id, purpose="access")
    with made.content as content:
        data = content.read()
    assert len(data) == made.size
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}, made.digest


async def test_everything_is_there_in_clear_and_hashed(house: House) -> None:
    other = await house.shop.customer("other", "Trần Văn Minh")
    lan = await house.lan()
    await house.shop.hears("lan-thread", NASTY)
    members, digest = await copied(house, lan.contact_id)

    manifest = json.loads(members["manifest.json"])
    assert hashlib.sha256(members["manifest.json"]).hexdigest() == digest
    assert {one["name"]: one["sha256"] for one in manifest["members"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "manifest.json"
    }
    assert (manifest["purpose"], manifest["contacts"]) == ("access", [lan.contact_id])
    assert len(manifest["missing"]) == 1, "the shop makes a row whose bytes are nowhere"

    def table(name: str) -> list[dict[str, Any]]:
        return list(json.loads(members[f"data/{name}.json"]))

    (contact,) = table("contact")
    assert contact["name"] == NAME
    assert {value["value"] for value in table("contact_value")} == {"+84912345678", "lan.huong@example.vn"}
    assert WORDS in [message["body"]["text"] for message in table("message")]
    (policy,) = table("policy")
    assert (policy["number"], policy["premium"]) == ("XM-2026-777", "66000")
    assert "given" in {consent["state"] for consent in table("consent")}
    assert {"policy.create"} <= {entry["action"] for entry in table("audit_entry")}
    assert any(WORDS in str(event["body"]) for event in table("inbox_event"))
    names = sorted(name for name in members if name.startswith("files/"))
    assert sorted(members[name] for name in names) == sorted([b"%PDF the certificate", b"a photo of her car"])

    page = members["index.html"].decode()
    for wanted in (NAME, WORDS, "XM-2026-777", "dpo@example.vn", "Trợ lý tự động", *names):
        assert wanted in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    everything = b"".join(members.values())
    assert "Trần Văn Minh".encode() not in everything
    assert other.conversation_id.encode() not in everything, "of who has the same number only that there is somebody"


async def test_the_copy_has_what_an_erasure_would_take(house: House) -> None:
    """Row for row: what the map finds is what is shown, but for hashes and keys."""
    lan, sister = await house.lan(), await house.shop.customer("sister", "Lan Anh Nguyễn Thị")
    await house.shop.store.run(lambda tx: contacts.merge(tx, sister.contact_id, lan.contact_id, by="a1"))
    store = house.shop.store
    which = (await store.read(lambda tx: erasure.plan(tx, lan.contact_id))).scope
    goes = await erasing.counts(store, which)
    goes["inbox_event"] = sum([len(some) async for some in erasing.events(store, which)])
    members, _ = await copied(house, sister.contact_id)
    rows = json.loads(members["manifest.json"])["rows"]
    assert {table: count for table, count in rows.items() if not isinstance(MAP[table], Ours)} == {
        table: count for table, count in goes.items() if table not in dossier.LEFT_OUT
    }
    assert rows["contact"] == 2


async def test_long_tables_come_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lan = await house.lan()
    monkeypatch.setattr(dossier, "BITE", 3)
    members, _ = await copied(house, lan.contact_id)
    ids = [message["id"] for message in json.loads(members["data/message.json"])]
    assert len(ids) == len(set(ids)) == await house.count("SELECT COUNT(*) FROM message")
    duplicates = json.loads(members["manifest.json"])["rows"].get("duplicate", 0)
    assert duplicates == 0


async def test_nobody_has_no_copy(house: House) -> None:
    lan = await house.lan()
    await house.erase(lan.contact_id)
    with pytest.raises(erasure.Refused):
        await copied(house, lan.contact_id)


def test_a_name_that_begins_as_what_was_deflated_does() -> None:
    assert dossier._value("xuân".encode()) == "xuân"
