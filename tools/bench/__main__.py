"""`make bench`: gateway on SQLite and on PostgreSQL beside the two yardsticks, interleaved rounds."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from gateway.demo.standins.telegram import FakeTelegram
from tools.bench.load import Measured, closed_loop, resident

SECRET: Final = "bench-secret-0123456789abcdefghijklmnop"  # noqa: S105
TOKEN: Final = "7011223344:bench-token"  # noqa: S105
CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "{database}"}}
files: {{path: {folder}/files}}
keys: {{path: {folder}/keys}}
business: {{name: IBAOHIEM, legal_name: IBAOHIEM, address: Hà Nội, hotline: "1900 0000", dpo_email: dpo@example.com, policy_url: "https://example.com/p",
  product_url: "https://example.com/s", agency_code: X1, hours: always}}
conversation: {{turn_quiet_ms: 0}}
logging: {{level: {level}, format: json}}
accounts:
  - {{channel: telegram, name: main, token: "${{TELEGRAM_TOKEN}}", secret: "${{TELEGRAM_SECRET}}", receive: webhook, api_url: "{api}",
     limits: {{inbound_per_s: 0, outbound_per_s: 0, per_chat_per_s: 0}}}}
"""


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    command: list[str]
    folder: Path
    port: int


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _yardstick(name: str, module: str, api: str) -> Contender:
    port = _free_port()
    return Contender(name, [sys.executable, "-m", module, str(port), api, TOKEN], Path(tempfile.mkdtemp()), port)


def _gateway(name: str, database: str, api: str) -> Contender:
    folder, port = Path(tempfile.mkdtemp(prefix="bench")), _free_port()
    (folder / "config.yaml").write_text(
        CONFIG.format(
            port=port, database=database or f"sqlite:///{folder}/gateway.db", folder=folder, api=api, level="error"
        ),
        encoding="utf-8",
    )
    return Contender(
        name, [sys.executable, "-m", "gateway", "run", "--config", str(folder / "config.yaml")], folder, port
    )


@contextlib.asynccontextmanager
async def _running(contender: Contender, fake: FakeTelegram) -> AsyncIterator[int]:
    env = {**os.environ, "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_SECRET": SECRET}
    with (contender.folder / "log").open("wb") as out:
        process = subprocess.Popen(contender.command, env=env, stdout=out, stderr=out)  # noqa: ASYNC220
    try:
        await _listening(contender, process)
        await _register(fake, f"http://127.0.0.1:{contender.port}/hooks/telegram/main")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 20)
        except subprocess.TimeoutExpired:
            process.kill()


async def _register(fake: FakeTelegram, url: str) -> None:
    form = {"url": url, "secret_token": SECRET, "max_connections": 100}
    async with ClientSession() as session, session.post(f"{fake.url}/bot{TOKEN}/setWebhook", json=form) as answer:
        if answer.status != HTTPStatus.OK:
            raise SystemExit(await answer.text())


async def _listening(contender: Contender, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{contender.name} ended: {(contender.folder / 'log').read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", contender.port), 0.2):
            return
        await asyncio.sleep(0.05)
    raise SystemExit(f"{contender.name} does not listen")


async def _round(make: Callable[[str], Contender], args: argparse.Namespace) -> tuple[Measured, int]:
    fake = FakeTelegram(token=TOKEN)
    async with fake.running() as api:
        contender = make(api)
        if contender.name.startswith("gateway") and args.redeliver:
            fake.redeliver = args.redeliver
        async with _running(contender, fake) as pid:
            measured = await closed_loop(fake, pid, customers=args.customers, warm_s=args.warm, seconds=args.seconds)
            return measured, resident(pid)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--warm", type=float, default=2.0)
    parser.add_argument("--customers", type=int, default=64)
    parser.add_argument("--redeliver", type=float, default=0.0, help="share of updates delivered again to the gateway")
    parser.add_argument(
        "--postgres",
        default=os.environ.get("GATEWAY_TEST_PG_URL", ""),
        help="URL of a PostgreSQL server; by default that of the tests, writing to disk as it does by itself",
    )
    parser.add_argument("--only", default="", help="names, comma separated")
    args = parser.parse_args()
    with _databases(args.postgres) as databases:
        makers = {
            "bare": lambda api: _yardstick("bare", "tools.bench.bare", api),
            "aiogram": lambda api: _yardstick("aiogram", "tools.bench.fsm", api),
            "gateway": lambda api: _gateway("gateway", "", api),
            "gateway-pg": lambda api: _gateway("gateway-pg", next(databases), api),
        }
        if args.only:
            makers = {name: makers[name] for name in args.only.split(",")}
        _table(await _rounds(makers, args))


async def _rounds(makers: Mapping[str, Callable[[str], Contender]], args: argparse.Namespace) -> dict[str, Rounds]:
    results: dict[str, Rounds] = {name: [] for name in makers}
    for number in range(args.rounds):
        for name, make in makers.items():
            measured, memory = await _round(make, args)
            results[name].append((measured, memory))
            print(
                f"round {number + 1} {name:10} {measured.rate:7.0f} turns/s {measured.cpu_us:6.0f} us CPU/turn",
                file=sys.stderr,
                flush=True,
            )
    return results


@contextlib.contextmanager
def _databases(server: str) -> Iterator[Iterator[str]]:
    """Empty databases, a new one each time; `server` -- where, else on one of our own that starts with the first."""
    with contextlib.ExitStack() as until:
        yield _fresh(server, until)


def _fresh(server: str, until: contextlib.ExitStack) -> Iterator[str]:
    from tests.support.postgres import Databases, Postgres

    if not server:
        own = Postgres(settings={"fsync": "on", "full_page_writes": "on"})
        until.callback(own.remove)
        own.start()
        server = own.url
    databases = Databases(server, run="bench", worker=str(os.getpid()))
    until.callback(databases.close)
    while True:
        yield until.enter_context(databases.fresh())


Rounds = list[tuple[Measured, int]]


def _table(results: dict[str, Rounds]) -> None:
    print("| | turns/s | CPU µs/turn | p50 ms | p99 ms | RSS MB | lost | extra |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, rounds in results.items():
        figures = (
            _middle(rounds, lambda m: m.rate),
            _middle(rounds, lambda m: m.cpu_us),
            _middle(rounds, lambda m: m.percentile(0.5)),
            _middle(rounds, lambda m: m.percentile(0.99)),
            statistics.median(rss for _, rss in rounds) / 1e6,
        )
        lost, extra = sum(m.lost for m, _ in rounds), sum(m.extra for m, _ in rounds)
        shown = " | ".join(f"{figure:.{digits}f}" for figure, digits in zip(figures, (0, 0, 1, 1, 0), strict=True))
        print(f"| {name} | {shown} | {lost} | {extra} |")
    for base in ("bare", "aiogram"):
        for name, rounds in results.items():
            if base in results and name.startswith("gateway"):
                ratios = " ".join(
                    f"{what} {_ratio(rounds, results[base], read):.2f}"
                    for what, read in (
                        ("turns/s", lambda m: m.rate),
                        ("CPU per turn", lambda m: m.cpu_us),
                        ("p99", lambda m: m.percentile(0.99)),
                    )
                )
                print(f"{name} / {base}: {ratios}")


def _middle(rounds: Rounds, read: Callable[[Measured], float]) -> float:
    return statistics.median(read(measured) for measured, _ in rounds)


def _ratio(ours: Rounds, theirs: Rounds, read: Callable[[Measured], float]) -> float:
    """The median of the rounds' own ratios: the machine's speed drifts between rounds, less within one."""
    return statistics.median(read(a[0]) / read(b[0]) for a, b in zip(ours, theirs, strict=True) if read(b[0]))


if __name__ == "__main__":
    asyncio.run(main())
