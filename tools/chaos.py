"""`make chaos`: the kill loop of the tests, long: a thousand kills, five hundred on each database, half of them at random
instants, half at every kill point in turn, some of a process that was started cold. It takes half an hour; a round that
went wrong is made again with its seed (`--seed`, `--kills 50`)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

from tests.e2e import killing
from tests.support.gatewayd import Zygote
from tests.support.postgres import Databases, Postgres

COLD_EVERY: Final = 20
SHOWN: Final = 20  # faults of one installation; with as many there is no need to go on


def plan(each: int, dice: random.Random) -> list[str]:
    """`each` deaths: by turns at random and at the next kill point, shuffled."""
    points = itertools.cycle(dice.sample(killing.POINTS, len(killing.POINTS)))
    deaths = [next(points) if number % 2 else killing.AT_RANDOM for number in range(each)]
    dice.shuffle(deaths)
    return deaths


@contextlib.contextmanager
def installations(kind: str) -> Iterator[Generator[tuple[Path, str], None, None]]:
    """A folder and a fresh database of this kind for each round, thrown away when the next is asked for."""
    with contextlib.ExitStack() as stack:
        fresh: Databases | None = None
        if kind == "postgresql":
            server = Postgres()
            stack.callback(server.remove)
            server.start()
            fresh = Databases(server.url, run="chaos", worker="one")
            stack.callback(fresh.close)

        def each() -> Generator[tuple[Path, str], None, None]:
            while True:
                folder = Path(tempfile.mkdtemp(prefix="chaos"))
                try:
                    if fresh is None:
                        yield folder, f"sqlite:///{folder / 'gateway.db'}"
                    else:
                        with fresh.fresh() as url:
                            yield folder, url
                finally:
                    shutil.rmtree(folder, ignore_errors=True)

        rounds = each()
        stack.callback(rounds.close)
        yield rounds


def torment(zygote: Zygote, kind: str, arguments: argparse.Namespace) -> int:
    """That many kills on one kind of database; how many faults."""
    sums: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    faults, began = 0, time.monotonic()
    with installations(kind) as rounds:
        for number in itertools.count():
            done = hits.total()
            if done >= arguments.kills or faults >= SHOWN or time.monotonic() - began > arguments.minutes * 60:
                break
            seed = arguments.seed + number
            deaths = plan(min(arguments.each, arguments.kills - done), random.Random(seed))  # noqa: S311
            folder, url = next(rounds)
            try:
                books = asyncio.run(
                    killing.campaign(
                        zygote,
                        folder,
                        url,
                        plan=deaths,
                        seed=seed,
                        customers=arguments.customers,
                        cold_every=COLD_EVERY,
                    )
                )
            except* (AssertionError, TimeoutError) as broken:
                books = killing.Books(faults=[f"the round broke off: {err}" for err in broken.exceptions])
            hits += books.hits
            faults += len(books.faults)
            for name in ("acknowledged", "sent", "unknown", "swallowed", "deeds", "woken"):
                sums[name] += getattr(books, name)
            told = ", ".join(f"{value} {name}" for name, value in sums.items())
            print(f"{kind}: {hits.total()} kills (seed {seed}): {told}, {faults} faults", flush=True)
            for fault in books.faults[:SHOWN]:
                print("  " + fault, flush=True)
    at = ", ".join(f"{name or 'at random'} {count}" for name, count in sorted(hits.items()))
    print(f"{kind}: {hits.total()} kills in {time.monotonic() - began:.0f} s, {faults} faults: {at}", flush=True)
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), nargs="*", default=("sqlite", "postgresql"))
    parser.add_argument("--kills", type=int, default=500, help="on each database")
    parser.add_argument("--minutes", type=float, default=600.0, help="no new round on a database after so long")
    parser.add_argument("--each", type=int, default=50, help="kills per installation")
    parser.add_argument("--customers", type=int, default=6, help="talking at one time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # told to end: what it started ends too
    zygote = Zygote()
    try:
        return min(1, sum(torment(zygote, kind, arguments) for kind in arguments.on))
    finally:
        zygote.close()


if __name__ == "__main__":
    sys.exit(main())
