"""`make chaos`: the kill loop of the tests, long: a thousand kills, half at random instants, half at every kill point."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from storage.keys import KeyRing
from tests.e2e import killing
from tests.support.gatewayd import Zygote, alive, installed, telegram, webhook


async def campaign(
    zygote: Zygote, database: str, *, kills: int, customers: int, seed: int, points: tuple[str, ...]
) -> killing.Books:
    """One installation, `kills` deaths, then the books."""
    folder = Path(tempfile.mkdtemp(prefix="chaos"))
    url = database or f"sqlite:///{folder / 'gateway.db'}"
    fake = killing.standin()
    async with fake.running() as api:
        with installed(zygote, folder, url, accounts=telegram(api, fake.token)) as gateway:
            gateway.token = gateway.command("token", "add", "--name", "chaos", "--role", "admin")
            await gateway.start()
            async with webhook(fake, gateway):
                await killing.loop(gateway, fake, kills=kills, customers=customers, seed=seed, points=points)
                if not alive(gateway.pid):
                    await gateway.ended()
                    await gateway.start()
                await killing.settle(gateway, patience_s=300)
            await gateway.stop()
            return await asyncio.to_thread(killing.audit, url, KeyRing.load(folder / "keys"), fake)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--each", type=int, default=50, help="kills per installation")
    parser.add_argument("--customers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--database",
        default="",
        help="URL of an empty PostgreSQL database; default: a SQLite file of its own each time",
    )
    args = parser.parse_args()
    zygote = Zygote()
    done, faults = 0, 0
    try:
        while done < args.kills:
            seed = args.seed + done
            points = killing.POINTS if (done // args.each) % 2 else ()
            books = await campaign(
                zygote,
                args.database,
                kills=min(args.each, args.kills - done),
                customers=args.customers,
                seed=seed,
                points=points,
            )
            done += args.each
            faults += len(books.faults)
            how = "at every kill point" if points else "at random"
            print(
                f"{min(done, args.kills)} kills, the last {args.each} {how} (seed {seed}): {books.acknowledged} acknowledged, {len(books.faults)} faults",
                flush=True,
            )
            for fault in books.faults[:20]:
                print("  " + fault, flush=True)
            if args.database:
                break  # one installation a database
    finally:
        zygote.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
