"""A new master key: everything stays readable at every step of it, on both databases, with people writing meanwhile."""

from __future__ import annotations

import ast
import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.rotating import BESIDE, Rotated, rotate
from storage import credentials, exports, factors, fingerprint, idempotency, rotation, subscriptions
from storage.db import Store
from storage.keys import KeyBroken, KeyRing, seal, version_of
from storage.masters import RETIRED
from storage.tables import METADATA
from storage.tx import Tx
from tests.support.shop import Shop, document

ACCOUNT = "zalo:oa"


class Killed(Exception):
    """The process ended here."""


class Dying:
    """A store whose process ends before the n-th thing it does."""

    def __init__(self, shop: Shop, left: int) -> None:
        self._shop, self._left = shop, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop.store, name)

    async def run(self, unit: Callable[[Tx], Any]) -> Any:
        self._count()
        return await self._shop.store.run(unit)

    async def read(self, query: Callable[[Tx], Any]) -> Any:
        self._count()
        return await self._shop.store.read(query)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    opened = await Shop(database_url, keys=KeyRing.load(tmp_path / "keys")).open()
    await opened.store.run(_fill)
    yield opened
    await opened.close()


def _fill(tx: Tx) -> None:
    """One value of each kind that the master key seals, the contacts' and days' keys apart."""
    factors.begin(tx, "advisor", b"secret of a telephone")
    credentials.load(tx, ACCOUNT, first="first")
    idempotency.claim(tx, "token:1", "key", b"hash")
    idempotency.keep(tx, "token:1", "key", 200, b"the answer")
    document(tx, None)
    tx.insert(
        "push_subscription",
        **dict.fromkeys(("host", "agent"), ""),
        id="b1",
        advisor_id="advisor",
        endpoint_blind=b"e",
        keys_sealed=tx.keys.seal_own("push_subscription", "keys_sealed", "b1", b"of a browser"),
        created_at=0,
    )
    key = subscriptions.add(
        tx, "whsec_AA==", url="https://x.example.com", name="x", types=(), include=(), owner_id="a", by="a"
    )
    subscriptions.rotate(tx, key, "whsec_AB==", by="a")
    tx.insert(
        "erasure",
        **dict.fromkeys(("contact_id", "state", "step", "scope", "reason", "asked_by", "decided_by", "proof"), ""),
        id="e1",
        asked_at=0,
        decided_at=0,
        needles_sealed=tx.keys.seal_own("erasure", "needles_sealed", "e1", b"needles"),
    )
    exports.ask(tx, purpose="care", wanted={"label": "of one"}, by="a", behind=())
    tx.insert(
        "held",
        id="h1",
        contact_id="c",
        kind="policy",
        object_id="p",
        reason="law",
        until=0,
        key_sealed=tx.keys.seal_own("held", "key_sealed", "h1", b"k" * 32),
        body_sealed=b"",
        created_at=0,
    )


def _all(tx: Tx) -> list[tuple[str, int]]:
    """Every value opens; (its place, version)."""
    found = []
    for own in rotation.OWN:
        for row in tx.all(f"SELECT * FROM {own.table} WHERE {own.where}"):
            for column in own.columns:
                value = getattr(row, column)
                if value is not None:
                    place = own.place.format(**row._mapping)
                    tx.keys.open_own(own.table, column, place, bytes(value))
                    found.append((f"{own.table}.{column}", version_of(bytes(value))))
    return found


async def restart(shop: Shop, tmp_path: Path) -> None:
    await shop.close()
    shop.keys = KeyRing.load(tmp_path / "keys")
    await shop.open()


async def test_everything_is_sealed_anew_and_the_old_key_put_away(shop: Shop, tmp_path: Path) -> None:
    lan = await shop.customer("lan")
    before = await shop.store.read(_all)
    assert {place for place, _ in before} == {
        f"{own.table}.{column}"
        for own in rotation.OWN
        for column in own.columns
        if column not in ("access_sealed", "previous_sealed")
    }
    done = await rotate(shop.store, by="system")
    after = await shop.store.read(_all)
    assert [place for place, _ in after] == [place for place, _ in before]
    assert {version for _, version in after} == {2}
    assert (done.version, done.again, sum(done.rewrapped.values()), dict(done.left)) == (2, False, len(before), {})
    assert [one.path for one in done.put_away] == [tmp_path / "keys" / RETIRED / "master.key"]
    assert (tmp_path / "keys/master-2.key").stat().st_mode & 0o777 == 0o600
    await restart(shop, tmp_path)
    await shop.hears("lan", "em ơi")
    await shop.hears("new", "mình muốn mua bảo hiểm")
    shutil.rmtree(tmp_path / "keys" / RETIRED)
    await restart(shop, tmp_path)
    assert {version for _, version in await shop.store.read(_all)} == {2}
    row = await shop.row("contact", lan.contact_id)
    name = await shop.store.read(
        lambda tx: tx.keys.open_for(tx, row.id, "contact", "name_sealed", row.id, row.name_sealed)
    )
    assert name == b"Lan"
    entries = await shop.store.read(
        lambda tx: tx.all("SELECT action, object_id FROM audit_entry WHERE action LIKE 'key.%' ORDER BY at, id")
    )
    assert [tuple(entry) for entry in entries] == [("key.rotate", "2"), ("key.retire", "1")]


async def test_a_kill_at_any_step_leaves_everything_readable_and_the_next_call_goes_on(
    shop: Shop, tmp_path: Path
) -> None:
    await shop.customer("lan")
    for step in range(200):
        try:
            done: Rotated = await rotate(Dying(shop, step), by="system")  # type: ignore[arg-type]
        except Killed:
            await restart(shop, tmp_path)
            assert await shop.store.read(_all)
            await shop.hears("lan", f"tin {step}")
            continue
        assert (done.version, done.waits) == (2, "")
        break
    assert step > 2 * len(rotation.OWN)
    assert {version for _, version in await shop.store.read(_all)} == {2}
    assert sorted(path.name for path in (tmp_path / "keys").glob("master*")) == ["master-2.key"]


async def test_people_write_while_it_runs(shop: Shop) -> None:
    async def talk() -> None:
        for number in range(12):
            await shop.arrives(f"t{number}", "mình muốn mua bảo hiểm")
            shop.store.wake()
            await asyncio.sleep(0)

    done, _ = await asyncio.gather(rotate(shop.store, by="system"), talk())
    await shop.settled()
    assert not done.left
    assert {version for _, version in await shop.store.read(_all)} == {2}
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM contact")) == 12


async def test_a_database_of_an_older_day_is_read_by_the_key_put_away_and_sealed_anew(
    shop: Shop, tmp_path: Path
) -> None:
    """As after a restore: rows of a version that was put away."""
    await rotate(shop.store, by="system")
    old = shop.keys.masters.of(1)

    def put_back(tx: Tx) -> None:
        tx.run(
            "UPDATE held SET key_sealed = :old",
            old=seal(old.cipher, "held|key_sealed|h1", b"k" * 32, key_id=1),
        )

    await shop.store.run(put_back)
    await restart(shop, tmp_path)
    done = await rotate(shop.store, by="system")
    assert (done.version, done.again, dict(done.rewrapped)) == (2, True, {"held": 1})


async def test_a_lost_version_is_said_and_nothing_is_put_away(shop: Shop, tmp_path: Path) -> None:
    await rotate(shop.store, by="system")
    await shop.close()
    (tmp_path / "keys/master-2.key").rename(tmp_path / "aside")
    shop.keys = KeyRing.load(tmp_path / "keys")
    await shop.open()
    with pytest.raises(KeyBroken, match=r"\(master\.key\)"):
        await shop.store.run(fingerprint.recognise)
    (tmp_path / "aside").rename(tmp_path / "keys/master-2.key")
    await shop.store.run(fingerprint.recognise)  # looked for in the folder, without a restart


async def test_a_gateway_beside_the_command_is_given_time(shop: Shop, tmp_path: Path) -> None:
    if not shop.store.postgres:
        pytest.skip("a SQLite file has one process")
    beside = await Shop(shop.url, keys=KeyRing.load(tmp_path / "keys")).open()
    command = Store(shop.url, KeyRing.load(tmp_path / "keys"), now_ms=lambda: shop.ms)
    await asyncio.to_thread(command.open, visiting=True)
    command.attach(asyncio.get_running_loop())
    done = await rotate(command, by="system")
    assert (done.waits, done.put_away) == (BESIDE, ())
    await beside.hears("lan", "mình muốn mua bảo hiểm")  # sealed by the old version still: it has not looked yet
    beside.keys.masters.look()
    await beside.hears("hung", "mình muốn mua bảo hiểm")
    assert {version for _, version in await beside.store.read(_all)} == {1, 2}
    await beside.close()
    await shop.close()
    done = await rotate(command, by="system")
    assert (done.again, done.waits, [one.version for one in done.put_away]) == (True, "", [1])
    assert {version for _, version in await command.read(_all)} == {2}
    await asyncio.to_thread(command.close)


def test_every_column_that_the_master_key_seals_is_rotated() -> None:
    """Found by its calls: a table that begins to use it is missed here, not in a year."""
    told = set()
    for path in (Path(__file__).parents[2] / "storage").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            ast.unparse(node.target): ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "seal_own":
                first = node.args[0]
                told.add(first.value if isinstance(first, ast.Constant) else named.get(ast.unparse(first), ""))
    tables = {own.table for own in rotation.OWN}
    assert told - {""} == tables, "storage.rotation.OWN names every table with a column that `seal_own` seals"
    for own in rotation.OWN:
        there = METADATA.tables[own.table]
        assert set(own.columns) <= set(there.columns.keys())
        assert set(own.key) == set(there.primary_key.columns.keys())
