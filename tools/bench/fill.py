"""`python -m tools.bench.fill`: what a hundred thousand stored messages cost on disk and in memory, on SQLite.

The gateway's own store and engine, without network: every turn is ingested, thought, sent and marked as in life.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from channels import registry
from channels.contract import Account, Delivery
from handlers.engine import Engine
from handlers.model import Business
from handlers.texts import Texts
from storage import accounts, inbox, outbox
from storage.db import Store
from storage.inbox import Arrival
from storage.keys import KeyRing
from storage.tx import Tx
from tools.bench.load import lines, resident

ACCOUNT: Final = Account(channel="telegram", name="main", settings={"token": "7011223344:fill"})
BATCH: Final = 40  # customers at a time


def update(number: int, chat: int, text: str) -> bytes:
    person = {"id": chat, "is_bot": False, "first_name": "Lan", "language_code": "vi"}
    message = {
        "message_id": number,
        "date": 1_793_345_010,
        "from": person,
        "chat": {"id": chat, "first_name": "Lan", "type": "private"},
        "text": text,
    }
    return orjson.dumps({"update_id": number, "message": message})


def main() -> None:
    parser = argparse.ArgumentParser(prog="fill")
    parser.add_argument("--messages", type=int, default=100_000)
    wanted = parser.parse_args().messages
    folder = Path(tempfile.mkdtemp(prefix="fill"))
    adapter = registry.adapter("telegram")
    store = Store(f"sqlite:///{folder / 'gateway.db'}", KeyRing.load(folder / "keys"))
    store.open()
    store.call(lambda tx: accounts.ensure(tx, [(ACCOUNT.id, "telegram", "main")]))
    store.gates.configure(ACCOUNT.id, rate=0, chat_rate=0, slots=1 << 30)
    business = Business(
        legal_name="IBAOHIEM",
        address="Hà Nội",
        hotline="1900",
        dpo_email="a@b.vn",
        policy_url="https://a.vn",
        product_url="https://a.vn",
    )
    engine = Engine(
        accounts={ACCOUNT.id: ACCOUNT},
        capabilities={"telegram": adapter.capabilities},
        parse=lambda _account, body: adapter.parse(Delivery(headers={}, body=body), ACCOUNT)[0],
        texts=Texts.load(),
        business=business,
        keys=store.keys,
    )
    rng = random.Random(1)  # noqa: S311
    number = 0

    def turn(arrivals: list[Arrival], tx: Tx) -> None:
        inbox.ingest(tx, arrivals)
        work = engine.load(tx, [lane for lane, _, _ in tx.after])
        assert work is not None
        engine.write(tx, engine.decide(work, now_ms=tx.now_ms))
        done = [
            outbox.Outcome(job=job, state="sent", external_id=str(at), started_at=tx.now_ms, took_ms=40)
            for at, job in enumerate(tx.sends)
        ]
        outbox.record(tx, done)
        tx.sends.clear()
        tx.after.clear()
        tx.hints.clear()

    before = 0
    stored = 0
    started = time.monotonic()
    while stored < wanted:
        chats = [5_820_113_377 + number + at for at in range(BATCH)]
        said = [lines(rng) for _ in chats]
        for step in range(6):
            arrivals = []
            for chat, words in zip(chats, said, strict=True):
                number += 1
                body = update(number, chat, words[step])
                event = adapter.parse(Delivery(headers={}, body=body), ACCOUNT)[0]
                arrival = Arrival(
                    account_id=ACCOUNT.id, key=event.key, kind=event.kind.value, thread=event.thread, body=body
                )
                engine.remember(arrival.id, event)
                arrivals.append(arrival)
            store.call(partial(turn, arrivals))
        stored = int(store.call(lambda tx: tx.value("SELECT COUNT(*) FROM message")))
        if not before and stored >= 2000:
            before = resident(os.getpid())
    after = resident(os.getpid())
    store.call(lambda tx: None)
    store.close()
    size = (folder / "gateway.db").stat().st_size
    print(
        f"{stored} messages in {time.monotonic() - started:.0f} s: {size / 1e6:.0f} MB on disk, {(after - before) / 1e6:+.1f} MB resident"
    )
    for name, count in _sizes(folder):
        print(f"  {name}: {count / 1e6:.1f} MB", file=sys.stderr)


def _sizes(folder: Path) -> list[tuple[str, int]]:
    import sqlite3

    connection = sqlite3.connect(folder / "gateway.db")
    try:
        rows = connection.execute(
            "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 14"
        ).fetchall()
        return [(str(name), int(size)) for name, size in rows]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


if __name__ == "__main__":
    main()
