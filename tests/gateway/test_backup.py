"""Backup and restore on real SQLite files: online while it is written to, checked, encrypted, never half in place."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import archive, backup
from gateway.archive import BackupError, Manifest

SECRET = b"k" * 32
NOW = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
SCHEMA = """
CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0007');
CREATE TABLE contact (id TEXT PRIMARY KEY, name_sealed BLOB);
CREATE TABLE contact_key (contact_id TEXT PRIMARY KEY, wrapped BLOB NOT NULL, created_at BIGINT);
CREATE TABLE day_key (day INTEGER PRIMARY KEY, wrapped BLOB);
CREATE TABLE audit_entry (id TEXT PRIMARY KEY, chain_seq BIGINT UNIQUE, chain_hash BLOB);
INSERT INTO contact VALUES ('lan', x'01'), ('minh', x'02');
INSERT INTO contact_key VALUES ('lan', CAST('the-wrapped-key-of-lan' AS BLOB), 1), ('minh', x'22', 1);
INSERT INTO day_key VALUES (20000, x'33');
INSERT INTO audit_entry VALUES ('a', 1, x'aa'), ('b', 2, x'bb'), ('c', NULL, NULL);
"""


@dataclass
class Place:
    """An installation on disk."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "var" / "gateway.db"

    @property
    def files(self) -> Path:
        return self.root / "var" / "files"

    @property
    def archive(self) -> Path:
        return self.root / "backups" / "monday.backup"

    @property
    def keys(self) -> Path:
        return self.root / "backups" / backup.KEYS_NAME

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with backup._opened(self.database) as connection:
            return connection.execute(sql).fetchall()

    def back_up(self) -> Manifest:
        with backup.workroom(self.database) as room:
            backup.copy_file(self.database, room / "gateway.db")
            return backup.pack(room / "gateway.db", self.files, SECRET, self.archive, keys=self.keys, now=NOW)

    def restore(self, *, force: bool = False, secret: bytes = SECRET) -> Manifest:
        return backup.restore(
            self.archive, secret, keys=self.keys, database=self.database, files=self.files, force=force
        )

    def clear(self) -> None:
        for path in sorted(self.root.joinpath("var").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def names(self) -> set[str]:
        return {path.name for path in (self.root / "var").iterdir()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.files.mkdir(parents=True)
    (made.files / "ab").mkdir()
    (made.files / "ab" / "one").write_bytes(os.urandom(3_000_000))
    (made.files / "two").write_bytes(b"")
    (made.files / ".half").write_bytes(b"x")
    with backup._opened(made.database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SCHEMA)
    return made


def test_there_and_back(place: Place) -> None:
    one = (place.files / "ab" / "one").read_bytes()
    manifest = place.back_up()
    assert manifest.made_at == "2026-11-22T05:30:00.000Z"
    assert manifest.revision == "0007"
    assert manifest.audit == {"seq": 2, "hash": "bb"}
    assert [member.name for member in manifest.members] == ["gateway.db", "files/ab/one", "files/two"]
    assert place.archive.stat().st_mode & 0o777 == 0o600
    place.clear()
    assert place.restore() == manifest
    assert (place.files / "ab" / "one").read_bytes() == one
    assert (place.files / "two").read_bytes() == b""
    assert place.ask("SELECT id FROM contact ORDER BY id") == [("lan",), ("minh",)]
    assert place.ask("SELECT wrapped FROM contact_key WHERE contact_id = 'lan'") == [(b"the-wrapped-key-of-lan",)]
    assert place.ask("SELECT day, wrapped FROM day_key") == [(20000, b"\x33")]
    assert place.names() == {"gateway.db", "files"}


def test_nothing_readable_and_no_contact_key_in_the_archive(place: Place) -> None:
    place.back_up()
    for path in (place.archive, place.keys):
        assert b"contact" not in path.read_bytes()
    (place.root / "out").mkdir()
    archive.unpack(place.archive, SECRET, place.root / "out")
    assert b"the-wrapped-key-of-lan" not in (place.root / "out" / "gateway.db").read_bytes()


def test_who_was_erased_since_stays_erased(place: Place) -> None:
    place.back_up()
    old = place.archive.read_bytes()
    with backup._opened(place.database) as connection:
        connection.execute("DELETE FROM contact_key WHERE contact_id = 'lan'")
        connection.execute("DELETE FROM contact WHERE id = 'lan'")
        connection.execute("INSERT INTO contact_key VALUES ('new', x'44', 2)")
        connection.execute("ALTER TABLE contact_key ADD COLUMN version INTEGER DEFAULT 1")
    place.back_up()
    place.archive.write_bytes(old)
    place.clear()
    place.restore()
    assert place.ask("SELECT contact_id FROM contact_key") == [("minh",)]


def test_online_while_the_same_connection_writes(place: Place) -> None:
    source = sqlite3.connect(place.database, isolation_level=None)
    source.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, filler BLOB)")
    source.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                   " INSERT INTO row SELECT i, randomblob(1000) FROM n")  # fmt: skip
    steps = 0

    def between() -> None:
        nonlocal steps
        steps += 1
        if steps <= 5:
            source.execute("BEGIN IMMEDIATE")
            source.execute("INSERT INTO row VALUES (?, x'00')", (30_000 + steps,))
            source.execute("UPDATE row SET filler = x'00' WHERE id = ?", (steps,))
            source.execute("COMMIT")

    target = place.root / "copy.db"
    backup.copy(source, target, between=between)
    source.close()
    backup.check(target)
    with backup._opened(target) as connection:
        assert connection.execute("SELECT count(*) FROM row WHERE id > 30000").fetchone() == (5,)
    assert steps > 5
    assert not target.with_name("copy.db-wal").exists()


def test_restore_refuses_what_is_there(place: Place) -> None:
    place.back_up()
    before = place.ask("SELECT count(*) FROM contact")
    with pytest.raises(BackupError, match=r"gateway\.db: exists; --force moves it aside"):
        place.restore()
    assert place.ask("SELECT count(*) FROM contact") == before


def test_force_moves_everything_aside(place: Place) -> None:
    place.back_up()
    place.database.with_name("gateway.db-wal").write_bytes(b"stale")
    place.database.with_name("gateway.db-shm").write_bytes(b"stale")
    place.restore(force=True)
    (aside,) = (place.root / "var").glob("before-restore-*")
    assert {path.name for path in aside.iterdir()} == {"gateway.db", "gateway.db-wal", "gateway.db-shm", "files"}
    assert place.names() == {"gateway.db", "files", aside.name}
    backup.check(place.database)


@pytest.mark.parametrize("where", [60, 1_500_000, -1])
def test_a_changed_byte_is_found(place: Place, where: int) -> None:
    place.back_up()
    place.clear()
    data = bytearray(place.archive.read_bytes())
    data[where] ^= 1
    place.archive.write_bytes(data)
    with pytest.raises(BackupError, match=r"cut short|made with other keys"):
        place.restore()
    assert place.names() == set()


@pytest.mark.parametrize("keep", [10, 30, 1_000_000, (1 << 20) + 16 + 50, -1])
def test_a_cut_archive_is_found(place: Place, keep: int) -> None:
    place.back_up()
    place.clear()
    place.archive.write_bytes(place.archive.read_bytes()[:keep])
    with pytest.raises(BackupError, match=r"cut short|made with other keys|is not a backup"):
        place.restore()
    assert place.names() == set()


def test_pieces_cannot_change_places(place: Place) -> None:
    place.back_up()
    place.clear()
    data = place.archive.read_bytes()
    start, piece = len(archive.MAGIC) + 32, archive.PIECE + 16
    assert len(data) > start + 2 * piece
    swapped = (
        data[:start] + data[start + piece : start + 2 * piece] + data[start : start + piece] + data[start + 2 * piece :]
    )
    place.archive.write_bytes(swapped)
    with pytest.raises(BackupError):
        place.restore()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda place: place.archive.unlink(), r"monday\.backup: no such file"),
        (lambda place: place.keys.unlink(), r"gateway-contact-keys\.backup: no such file"),
        (lambda place: place.archive.write_bytes(place.keys.read_bytes()), "holds no database"),
        (lambda place: place.archive.write_bytes(b"hello"), "is not a backup of this gateway"),
    ],
)
def test_a_wrong_archive(place: Place, spoil: object, line: str) -> None:
    place.back_up()
    place.clear()
    spoil(place)  # type: ignore[operator]
    with pytest.raises(BackupError, match=line):
        place.restore()
    assert place.names() == set()


def test_other_keys(place: Place) -> None:
    place.back_up()
    place.clear()
    with pytest.raises(BackupError, match="made with other keys"):
        place.restore(secret=b"x" * 32)


def test_a_damaged_database_makes_no_backup(place: Place) -> None:
    with backup._opened(place.database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(place.database.read_bytes())
    data[4096 * 2 : 4096 * 2 + 200] = os.urandom(200)
    place.database.write_bytes(data)
    with pytest.raises((BackupError, sqlite3.DatabaseError)):
        place.back_up()
    assert not place.archive.exists()
    assert not place.keys.exists()


def test_only_a_backup_is_overwritten(place: Place) -> None:
    place.back_up()
    place.back_up()
    place.archive.write_bytes(b"somebody's letters")
    with pytest.raises(BackupError, match="exists and is not a backup"):
        place.back_up()
    assert place.archive.read_bytes() == b"somebody's letters"


def test_a_drill_touches_nothing(place: Place) -> None:
    manifest = place.back_up()
    before = place.names()
    assert backup.verify(place.archive, SECRET, keys=place.keys, room=place.root / "var") == manifest
    assert place.names() == before


def test_its_age(place: Place) -> None:
    assert backup.age_s(place.database, NOW) is None
    backup.stamp(place.database, place.archive, place.back_up())
    assert backup.age_s(place.database, NOW + timedelta(hours=2)) == 7200
    assert json.loads(place.database.with_name(backup.STAMP).read_text())["archive"] == "monday.backup"
    place.database.with_name(backup.STAMP).write_text("{")
    assert backup.age_s(place.database, NOW) is None


def test_the_list_of_the_erased_comes_with_the_keys(place: Place) -> None:
    """And what the law keeps of them: the archive of the day before knows of neither."""
    with backup._opened(place.database) as connection:
        connection.execute("CREATE TABLE erasure (id TEXT PRIMARY KEY, contact_id TEXT, state TEXT)")
        connection.execute("CREATE TABLE held (id TEXT PRIMARY KEY, body_sealed BLOB)")
    place.back_up()
    old = place.archive.read_bytes()
    with backup._opened(place.database) as connection:
        connection.execute("INSERT INTO erasure VALUES ('e', 'lan', 'done')")
        connection.execute("INSERT INTO held VALUES ('h', x'55')")
    place.back_up()
    place.archive.write_bytes(old)
    place.clear()
    place.restore()
    assert place.ask("SELECT contact_id, state FROM erasure") == [("lan", "done")]
    assert place.ask("SELECT body_sealed FROM held") == [(b"\x55",)]
