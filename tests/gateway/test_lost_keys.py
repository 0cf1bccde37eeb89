"""The folder of the master keys is lost, or is another one: who starts, backs up or restores then is told so in one line,
and nothing that could still be read is made unreadable."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import cli
from gateway.config import Config, load
from gateway.parts import Parts
from gateway.process import running
from storage import contacts_write
from storage.db import Store
from storage.keys import KeyBroken, KeyRing
from storage.tx import Tx

LAN = "0" * 26


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config.yaml").write_text("accounts: [{channel: webchat, name: site}]\n", encoding="utf-8")

    @property
    def keys(self) -> Path:
        return self.folder / "var/keys"

    @property
    def archive(self) -> Path:
        return self.folder / "backups/old.backup"

    @property
    def config(self) -> Config:
        return load(self.folder / "config.yaml", {}, port=0)

    def command(self, *args: str) -> Result:
        return CliRunner().invoke(cli.app, ["--config", str(self.folder / "config.yaml"), *args])

    def live(self) -> str:
        """Start, read the customer's name, stop."""

        async def inside() -> str:
            async with running(self.config, listen=False) as parts:
                return await _name(parts)

        return asyncio.run(inside())

    def lose(self) -> Path:
        """The keys are gone; where their own copy is."""
        copy = self.folder / "safe"
        shutil.move(self.keys, copy)
        return copy

    def found(self, copy: Path) -> None:
        shutil.rmtree(self.keys, ignore_errors=True)
        shutil.copytree(copy, self.keys)

    def refused(self, *args: str) -> str:
        ran = self.command(*args)
        assert (ran.exit_code, ran.stdout) == (1, ""), ran.output
        (line,) = ran.stderr.splitlines()
        return str(line)


async def _name(parts: Parts) -> str:
    def read(tx: Tx) -> str:
        row = tx.one("SELECT id, name_sealed FROM contact")
        assert row is not None
        return tx.keys.open_for(tx, row.id, "contact", "name_sealed", row.id, row.name_sealed).decode()

    return await parts.store.read(read)


def _customer(tx: Tx) -> None:
    _, wrapped = tx.keys.new_contact_key(LAN)
    tx.insert("contact_key", contact_id=LAN, wrapped=wrapped, created_at=tx.now_ms)
    tx.insert("contact", id=LAN, salutation="", lang="vi", test=False, ads_off=False, reminders_off=False, version=0, created_at=0, updated_at=0)  # fmt: skip
    contacts_write.set_name(tx, LAN, "Lan")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """With a customer, and a backup of him."""
    made = House(tmp_path)

    async def fill() -> None:
        async with running(made.config, listen=False) as parts:
            await parts.store.run(_customer)

    asyncio.run(fill())
    assert made.command("backup", str(made.archive)).exit_code == 0
    return made


def test_after_a_loss_no_new_keys_come_over_the_database(house: House) -> None:
    copy = house.lose()
    with pytest.raises(KeyBroken, match="holds no keys, and the database is there"):
        house.live()
    for command in (["backup", str(house.folder / "new.backup")], ["restore", str(house.archive)], ["user", "list"]):
        assert "holds no keys" in house.refused(*command)
    assert not house.keys.exists()
    house.found(copy)
    assert house.live() == "Lan"


def test_with_other_keys_nothing_starts_and_no_archive_opens_until_the_old_ones_are_back(house: House) -> None:
    copy = house.lose()
    KeyRing.load(house.keys)
    with pytest.raises(KeyBroken, match=r"not the keys of this database \(master\.key, index\.key"):
        house.live()
    assert "not the keys of this database" in house.refused("user", "list")
    shutil.rmtree(house.folder / "var/files", ignore_errors=True)
    (house.folder / "var/gateway.db").unlink()
    for more in ([], ["--check"], ["--force"]):
        line = house.refused("restore", str(house.archive), *more)
        assert line.startswith("old.backup: made with other keys"), line
        assert "put the folder of the keys of that time in place" in line
    house.found(copy)
    assert house.command("restore", str(house.archive)).exit_code == 0
    assert house.live() == "Lan"


def test_a_backup_with_other_keys_leaves_the_old_contacts_keys_where_they_are(house: House) -> None:
    """He who lost his keys and began anew must still be able to read the old archives once the old keys turn up."""
    copy = house.lose()
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        (house.folder / "var" / name).unlink(missing_ok=True)
    asyncio.run(_nothing(house))
    line = house.refused("backup", str(house.folder / "backups/new.backup"))
    assert line.startswith("gateway-contact-keys.backup: made with other keys")
    assert "move it away" in line
    (house.folder / "var/gateway.db").unlink()
    house.found(copy)
    assert house.command("restore", str(house.archive), "--force").exit_code == 0
    assert house.live() == "Lan"


async def _nothing(house: House) -> None:
    async with running(house.config, listen=False):
        pass


def test_one_key_of_another_house_is_named(house: House) -> None:
    (house.keys / "audit.key").write_text("ab" * 32 + "\n")
    with pytest.raises(KeyBroken, match=r"\(audit\.key\)"):
        house.live()


def test_a_database_from_before_fingerprints_is_recognised_by_what_it_holds(house: House) -> None:
    store = Store(house.config.database.url, KeyRing.load(house.keys))
    store.open()
    store.call(lambda tx: tx.run("DELETE FROM setting WHERE name = 'keys'"))
    store.close()
    copy = house.lose()
    KeyRing.load(house.keys)
    with pytest.raises(KeyBroken, match=r"\(master\.key\)"):
        house.live()
    house.found(copy)
    assert house.live() == "Lan"


def test_an_archive_from_before_a_rotation_opens_with_the_key_put_away(house: House) -> None:
    began = house.live()
    assert house.command("backup", str(house.archive)).exit_code == 0
    rotated = house.command("keys", "rotate")
    assert (rotated.exit_code, rotated.stderr) == (0, "")
    assert "retired/master.key: no row needs version 1 any more" in rotated.stdout
    assert house.command("restore", str(house.archive), "--check").stdout.endswith(
        "opens with master.key; it can be restored\n"
    )
    assert house.command("restore", str(house.archive), "--force").exit_code == 0
    assert house.live() == began
    again = house.command("keys", "rotate")
    assert "version 2 of the master key" in again.stdout, "what came back is sealed anew, no third key is made"
    assert house.command("backup", str(house.folder / "backups/new.backup")).stdout.count("master-2.key") == 1
    (house.keys / "retired/master.key").unlink()
    assert house.live() == began
    assert house.refused("restore", str(house.archive), "--check").startswith("old.backup: made with other keys")
