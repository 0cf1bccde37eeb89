"""The kill loop: customers talk, the gateway dies again and again, and then the books must balance.

Used by the suite (short) and by `make chaos` (long).
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.demo.standins.telegram import Clock, Customer, FakeTelegram
from storage.db import Store
from storage.keys import KeyRing
from tests.support.gatewayd import Gatewayd, alive

LINES: Final = (
    "chào shop mình muốn mua bảo hiểm xe máy",
    "đồng ý",
    "Nguyễn Văn An",
    "0912 345 678",
    "chiều mai",
    "đúng rồi",
    "cảm ơn em",
)
POINTS: Final = (
    "ingest.before_commit",
    "ingest.after_commit",
    "think.after_load",
    "think.after_decide",
    "think.before_commit",
    "think.after_commit",
    "send.before_call",
    "send.after_call",
    "mark.before_commit",
    "mark.after_commit",
)


@dataclass(slots=True)
class Books:
    """What the customers said and were told, beside what the gateway kept. Faults are lines for people."""

    acknowledged: int = 0
    faults: list[str] = field(default_factory=list)


async def talk(fake: FakeTelegram, customers: Sequence[Customer], rng: random.Random) -> None:
    """Everybody says every line, each once the platform has delivered the one before; nobody waits for the bot."""

    async def one(customer: Customer) -> None:
        for line in LINES:
            update = await customer.say(f"{line}")
            await fake.acked(update, timeout=90)
            await asyncio.sleep(rng.random() * 0.02)

    await asyncio.gather(*(one(customer) for customer in customers))


async def loop(
    gateway: Gatewayd, fake: FakeTelegram, *, kills: int, customers: int, seed: int, points: Sequence[str] = ()
) -> None:
    """Traffic until the gateway has died `kills` times: at random instants, or at each of `points` in turn."""
    rng = random.Random(seed)
    if points:
        await gateway.stop()
        await gateway.start(kill_at=points[0])
    while gateway.kills < kills:
        talking = asyncio.create_task(talk(fake, [fake.customer() for _ in range(customers)], rng))  # noqa: RUF006
        while not talking.done() and gateway.kills < kills:
            if not alive(gateway.pid):
                await gateway.ended()
            elif points:
                done, _ = await asyncio.wait({talking}, timeout=0.01)
                if done:
                    break
                continue
            else:
                await asyncio.wait({talking}, timeout=0.02 + rng.random() * 0.4)
                await gateway.kill()
            point = (
                f"{points[gateway.kills % len(points)]}:{rng.randint(1, 12)}"
                if points and gateway.kills < kills
                else ""
            )
            await gateway.start(kill_at=point)
        await talking


async def settle(gateway: Gatewayd, *, patience_s: float = 60) -> None:
    """Until nothing is pending and nothing waits to be sent."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        stats = (await gateway.api("GET", "/stats"))["items"]
        waiting = [
            row
            for state in ("queued", "sending")
            for row in (await gateway.api("GET", f"/outbox?state={state}"))["items"]
        ]
        if not waiting and all(item["pending"] == 0 for item in stats):
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not settled: {stats} {waiting[:3]}")
        await asyncio.sleep(0.05)


def audit(database: str, keys: KeyRing, fake: FakeTelegram) -> Books:
    """Compare the database with the stand-in's record. The gateway must be stopped."""
    books = Books()
    acknowledged = {d.update_id for d in fake.deliveries if d.status == 200}
    store = Store(database, keys)
    store.open()
    try:
        kept = store.call(
            lambda tx: [
                dict(row._mapping)
                for row in tx.all("SELECT key, state, reason FROM inbox_event WHERE source = 'platform'")
            ]
        )
        messages = store.call(_messages)
        outbox = store.call(
            lambda tx: [
                dict(row._mapping)
                for row in tx.all(
                    "SELECT o.id, o.state, o.external_id, o.out_seq, o.attempts, p.thread FROM outbox o JOIN contact_point p ON p.id = o.point_id ORDER BY p.thread, o.out_seq"
                )
            ]
        )
        stat = store.call(lambda tx: tx.one("SELECT * FROM account_stat WHERE account_id = 'telegram:main'"))
    finally:
        store.close()
    books.acknowledged = len(acknowledged)
    keys_kept = {row["key"] for row in kept}
    books.faults += [
        f"acknowledged and lost: update {number}" for number in acknowledged if f"u:{number}" not in keys_kept
    ]
    books.faults += [f"{row['key']} is {row['state']} ({row['reason']})" for row in kept if row["state"] != "done"]
    _inbound(books, messages, fake)
    _outbound(books, outbox, fake)
    if stat.deliveries != stat.duplicates + stat.rejected + stat.events:
        books.faults.append(f"the sums do not hold: {stat}")
    if stat.events != stat.messages + stat.receipts + stat.ignored + stat.quarantined + stat.pending:
        books.faults.append(f"the sums do not hold: {stat}")
    return books


def _messages(tx: Any) -> dict[str, list[tuple[int, str, str]]]:
    rows = tx.all(
        "SELECT m.id, m.contact_id, m.seq, m.direction, m.external_id, m.body_sealed, p.thread FROM message m JOIN contact_point p ON p.id = m.point_id ORDER BY p.thread, m.seq"
    )
    found: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for row in rows:
        if row.direction == "inbound":
            text = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)["text"]
            found[row.thread].append((row.seq, row.external_id, text))
    return found


def _inbound(books: Books, messages: dict[str, list[tuple[int, str, str]]], fake: FakeTelegram) -> None:
    for chat in fake.chats.values():
        said = [text for _, _, text in messages.get(str(chat.id), [])]
        if said != list(LINES):
            books.faults.append(f"chat {chat.id}: said {list(LINES)}, kept {said}")


def _outbound(books: Books, outbox: list[dict[str, Any]], fake: FakeTelegram) -> None:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in outbox:
        rows[row["thread"]].append(row)
    for chat in fake.chats.values():
        mine = rows[str(chat.id)]
        arrived = [str(sent.message_id) for sent in chat.inbox]
        sent = [row["external_id"] for row in mine if row["state"] == "sent"]
        unknown = [row for row in mine if row["state"] in ("unknown", "unconfirmed")]
        if len(set(sent)) != len(sent):
            books.faults.append(f"chat {chat.id}: one platform message for two rows")
        if [number for number in arrived if number in set(sent)] != sent:
            books.faults.append(f"chat {chat.id}: sent out of order {sent}, arrived {arrived}")
        strangers = [number for number in arrived if number not in set(sent)]
        if len(strangers) > len(unknown):
            books.faults.append(
                f"chat {chat.id}: {len(strangers)} messages arrived that no row knows, {len(unknown)} rows are unknown"
            )
        if any(row["state"] in ("queued", "sending", "retry_wait", "failed", "expired") for row in mine):
            books.faults.append(f"chat {chat.id}: rows left {[row['state'] for row in mine]}")
        if len(mine) > len(LINES):
            books.faults.append(f"chat {chat.id}: {len(mine)} replies to {len(LINES)} lines")
        if any(row["attempts"] > 1 for row in mine):
            books.faults.append(f"chat {chat.id}: a send was repeated")


def standin() -> FakeTelegram:
    """Redeliveries come a hundred times faster than the platform's."""
    return FakeTelegram(clock=Clock(speed=100))
