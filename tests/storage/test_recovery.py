"""What goes wrong in one place stays there: one bad lane, one bad row, one lost mark, one restart too early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from channels import registry
from channels.contract import Account, Delivery
from handlers.engine import Engine, Results
from handlers.model import Business
from handlers.texts import Texts
from storage import accounts, outbox, outbox_resend, outbox_sweep
from storage.db import Store
from storage.inbox import Arrival
from storage.keys import KeyRing
from storage.outbox import Outcome, SendJob
from storage.tx import Tx
from tests.support import tables

ACCOUNT = Account(channel="telegram", name="main", settings={"token": "7011223344:test"})
BUSINESS = Business(
    legal_name="IBAOHIEM",
    address="Hà Nội",
    hotline="1900",
    dpo_email="a@b.vn",
    policy_url="https://a.vn",
    product_url="https://a.vn",
)


class Clock:
    def __init__(self) -> None:
        self.ms = 1_795_000_000_000

    def __call__(self) -> int:
        return self.ms


class House:
    """A store and an engine; `jobs` are the calls that were claimed, never made unless a test marks them."""

    def __init__(self, url: str, keys: KeyRing, clock: Clock) -> None:
        self.url, self.keys, self.clock = url, keys, clock
        self.jobs: list[SendJob] = []

    async def up(self) -> None:
        adapter = registry.adapter("telegram")
        self.store = Store(self.url, self.keys, now_ms=self.clock)
        self.store.gates.configure(ACCOUNT.id, rate=0, chat_rate=0)
        tables.lay(self.store)
        await asyncio.to_thread(self.store.open)
        self.store.attach(asyncio.get_running_loop())
        self.store.on_commit = lambda _hints, sends: self.jobs.extend(sends)
        await self.store.run(lambda tx: accounts.ensure(tx, [(ACCOUNT.id, "telegram", "main")]))
        self.engine = Engine(
            accounts={ACCOUNT.id: ACCOUNT},
            capabilities={"telegram": adapter.capabilities},
            parse=lambda _account, body: adapter.parse(Delivery(headers={}, body=body), ACCOUNT)[0],
            texts=Texts.load(),
            business=BUSINESS,
            keys=self.keys,
        )

    def think(self) -> None:
        self.store.start_thinking(self.engine)

    async def say(self, number: int, chat: int = 1, text: str = "chào em", wait_ms: int = 0) -> None:
        person = {"id": chat, "is_bot": False, "first_name": "Lan"}
        message = {
            "message_id": number,
            "date": 1_793_345_010,
            "from": person,
            "chat": {**person, "type": "private"},
            "text": text,
        }
        body = orjson.dumps({"update_id": number, "message": message})
        await self.store.ingest(
            [
                Arrival(
                    account_id=ACCOUNT.id, key=f"u:{number}", kind="text", thread=str(chat), body=body, wait_ms=wait_ms
                )
            ]
        )

    async def until(self, sql: str, wanted: Any) -> None:
        """A value that the store's thread will make true; it is asked, not waited for by the clock."""
        found: Any = None
        for _ in range(3000):
            found = await self.store.read(lambda tx: tx.value(sql))
            if found == wanted:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{sql}: {found}, not {wanted}")

    async def down(self, *, clean: bool = True) -> None:
        await asyncio.to_thread(lambda: self.store.close(clean=clean))


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    made = House(database_url, KeyRing.ephemeral(), Clock())
    await made.up()
    yield made
    await made.down()


async def test_a_restart_within_the_quiet_time_loses_nothing(house: House) -> None:
    await house.say(1, wait_ms=60_000)
    await house.down(clean=False)
    house.clock.ms += 1000
    await house.up()
    house.think()
    await house.until("SELECT state FROM inbox_event WHERE source = 'platform'", "done")
    assert await house.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM message WHERE direction = 'inbound'")) == 1


async def test_a_turn_that_cannot_be_written_is_set_aside_and_its_neighbours_go_on(house: House) -> None:
    usual = house.engine.decide

    def decide(work: list[Any], *, now_ms: int) -> Results:
        results = usual(work, now_ms=now_ms)
        for one in results.lanes:
            for row in one.rows.messages:
                if one.lane.thread == "13":
                    row["kind"] = None  # NOT NULL: the database refuses it
        return results

    house.engine.decide = decide  # type: ignore[method-assign]
    await house.say(1, chat=13)
    await house.say(2, chat=14)
    house.think()
    await house.until("SELECT COUNT(*) FROM inbox_event WHERE state = 'done'", 1)
    for _ in range(200):
        if (
            await house.store.read(lambda tx: tx.value("SELECT state FROM inbox_event WHERE key = 'u:1'"))
            == "quarantined"
        ):
            break
        house.clock.ms += 60_000  # its next try is due
        house.store.wake()
        await asyncio.sleep(0.02)
    await house.until("SELECT attempts FROM inbox_event WHERE key = 'u:1' AND state = 'quarantined'", 5)


async def test_a_lane_that_cannot_be_read_does_not_silence_the_others(house: House) -> None:
    house.think()
    await house.say(1, chat=13)
    await house.until("SELECT COUNT(*) FROM inbox_event WHERE state = 'done'", 1)
    house.store.stop_thinking()

    def destroy(tx: Tx) -> None:
        contact = tx.value("SELECT contact_id FROM contact_point WHERE thread = '13'")
        tx.run("UPDATE contact_key SET wrapped = :junk WHERE contact_id = :id", junk=b"\x01" * 60, id=contact)
        tx.keys.forget(contact)

    await house.store.run(destroy)
    await house.say(2, chat=13)
    await house.say(3, chat=14)
    house.think()
    await house.until("SELECT state FROM inbox_event WHERE key = 'u:3'", "done")
    await house.until("SELECT attempts FROM inbox_event WHERE key = 'u:2'", 1)


async def test_an_unreadable_row_holds_nobody_and_leaks_no_slot(house: House) -> None:
    house.think()
    gate = house.store.gates.of(ACCOUNT.id)
    assert gate is not None
    gate.paused_until = 1 << 60
    for chat in (13, 14):
        await house.say(chat, chat=chat)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'queued'", 2)
    await house.store.run(
        lambda tx: tx.run(
            "UPDATE message SET body_sealed = :junk WHERE point_id = (SELECT id FROM contact_point WHERE thread = '13') AND direction = 'outbound'",
            junk=b"\x01" * 60,
        )
    )
    gate.paused_until = 0
    assert await house.store.run(lambda tx: outbox.claim(tx, accounts=[ACCOUNT.id])) == 1
    assert gate.in_flight == 1
    states = await house.store.read(lambda tx: sorted(row[0] for row in tx.all("SELECT state FROM outbox")))
    assert states == ["quarantined", "sending"]


async def test_a_mark_that_was_lost_is_found(house: House) -> None:
    house.think()
    await house.say(1)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sending'", 1)
    assert await house.store.run(lambda tx: outbox_sweep.recover(tx, idempotent=[], stuck=True)) == (0, 0)
    house.clock.ms += outbox_sweep.STUCK_MS + 1
    assert await house.store.run(lambda tx: outbox_sweep.recover(tx, idempotent=[], stuck=True)) == (0, 1)
    assert (
        await house.store.read(lambda tx: tx.value("SELECT status FROM message WHERE direction = 'outbound'"))
        == "unknown"
    )


async def _ended(house: House, state: str) -> str:
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sending'", 1)
    house.store.mark(Outcome(job=house.jobs[-1], state=state, error="refused"))
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sending'", 0)
    return str(house.jobs[-1].id)


async def test_send_again_is_once(house: House) -> None:
    house.think()
    await house.say(1)
    failed = await _ended(house, "failed")
    copies = await asyncio.gather(*(house.store.run(lambda tx: outbox_resend.resend(tx, failed)) for _ in range(3)))
    assert len([copy for copy in copies if copy]) == 1


async def test_what_was_switched_off_is_not_sent(house: House) -> None:
    house.think()
    gate = house.store.gates.of(ACCOUNT.id)
    assert gate is not None
    gate.paused_until = 1 << 60
    await house.say(1)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'queued'", 1)
    await house.store.run(lambda tx: tx.run("UPDATE outbox SET purpose = 'care', state = 'retry_wait'"))
    await house.store.run(lambda tx: tx.run("UPDATE contact SET reminders_off = :yes", yes=True))
    gate.paused_until = 0
    assert await house.store.run(lambda tx: outbox.claim(tx, accounts=[ACCOUNT.id])) == 0
    assert await house.store.read(lambda tx: tx.value("SELECT state FROM outbox")) == "cancelled"


async def test_one_accounts_backlog_does_not_starve_another(house: House) -> None:
    house.store.gates.configure("telegram:other", rate=0, chat_rate=0)
    gate = house.store.gates.of(ACCOUNT.id)
    assert gate is not None
    gate.paused_until = 1 << 60
    house.think()
    for chat in range(1, 5):
        await house.say(chat, chat=chat)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'queued'", 4)
    await house.store.run(
        lambda tx: tx.run(
            "UPDATE outbox SET account_id = 'telegram:other' WHERE out_seq = 1 AND point_id = (SELECT MAX(point_id) FROM outbox)"
        )
    )
    taken = await house.store.run(lambda tx: outbox.claim(tx, accounts=[ACCOUNT.id, "telegram:other"], limit=2))
    assert taken == 1


def test_a_damaged_file_is_never_written_again(tmp_path: Path) -> None:
    from storage.errors import StorageBroken

    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}", KeyRing.ephemeral())
    store.open()
    store._thread._broken(StorageBroken("SQLITE_IOERR_FSYNC"))

    async def ingest(items: Sequence[Arrival]) -> list[bool]:
        return await store.ingest(items)

    with pytest.raises(StorageBroken):
        asyncio.run(ingest([Arrival(account_id="telegram:main", key="u:1", kind="text", thread="1", body=b"{}")]))
    store.close()


class _Mute:
    """A connection whose next COMMIT is carried out, or not, and never answered: the line is cut."""

    def __init__(self, raw: Any, *, carried_out: bool) -> None:
        self.raw, self.carried_out = raw, carried_out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def commit(self) -> None:
        if self.carried_out:
            self.raw.commit()
        self.raw.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_unit_whose_commit_was_not_answered_counts_once(house: House, carried_out: bool) -> None:
    """PostgreSQL is asked what became of the transaction: a unit never runs a second time on top of itself."""
    if not house.store.postgres:
        pytest.skip("the file's commit is a call that answers")
    line = house.store._connection
    await house.store.run(lambda tx: tx.run("INSERT INTO setting (name, value, updated_at) VALUES ('n', '0', 0)"))

    def more(tx: Tx) -> int:
        if not isinstance(line.raw, _Mute) and not cut:
            cut.append(True)
            line.raw = _Mute(line.raw, carried_out=carried_out)
            tx.raw = line.raw
        tx.run("UPDATE setting SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'n'")
        return 7

    cut: list[bool] = []
    assert await house.store.run(more) == 7
    assert cut == [True]
    assert await house.store.read(lambda tx: tx.value("SELECT value FROM setting WHERE name = 'n'")) == "1"
