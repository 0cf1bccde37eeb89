"""`python -m tools.bench.desk`: many advisors' live feeds at once, and how long a customer's word takes to an advisor's screen.

A gateway process of its own on SQLite, customers on the strict stand-in of Telegram, people who listen (open streams, and
as many as are asked for who read again what the feed names, as the page does), and one real Chromium with a conversation open.
A bubble's time is from before the customer's platform posts it until it stands in the page, and each stage's share of it. CPU
is told a message: the clock's figures are the machine's mood as well. Prints figures; compares nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from playwright.async_api import async_playwright

from gateway.app import compose
from gateway.config import load
from gateway.demo.standins.telegram import Customer, FakeTelegram
from handlers.model import Advisor
from storage import advisors, sessions
from tests.support.browser import ARGUMENTS, chromium
from tools.bench.deskpage import Watched
from tools.bench.load import cpu_of

SECRET: Final = "bench-secret-0123456789abcdefghijklmnop"  # noqa: S105
TOKEN: Final = "7011223344:bench-token"  # noqa: S105
A_SESSION: Final = 4  # streams
BREATH: Final = 2.0  # as the page: times as long as the last reading took
CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "sqlite:///{folder}/gateway.db"}}
files: {{path: {folder}/files}}
keys: {{path: {folder}/keys}}
business: {{name: IBAOHIEM, legal_name: IBAOHIEM, address: Hà Nội, hotline: "1900 0000", dpo_email: dpo@example.com, policy_url: "https://example.com/p",
  product_url: "https://example.com/s", agency_code: X1, hours: always}}
limits: {{disk_free_mb: 0, disk_free_percent: 0}}
logging: {{level: error, format: json}}
accounts:
  - {{channel: telegram, name: main, token: "${{TELEGRAM_TOKEN}}", secret: "${{TELEGRAM_SECRET}}", receive: webhook, api_url: "{api}",
     limits: {{inbound_per_s: 0, outbound_per_s: 0, per_chat_per_s: 0}}}}
"""


@dataclass(slots=True)
class Listener:
    """An open stream. `held` -- newest version told of each conversation; `read` -- rows that it read again."""

    session: ClientSession
    url: str
    cookie: str
    reads: bool
    held: dict[str, int] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    frames: int = 0
    readings: list[float] = field(default_factory=list)

    async def listen(self) -> None:
        headers = {"Cookie": self.cookie, "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        address = f"{self.url}/desk/events?cursor={time.time_ns() // 1_000_000}"
        async with self.session.get(address, headers=headers, timeout=ClientTimeout(total=None)) as answer:
            if answer.status != HTTPStatus.OK:
                raise SystemExit(f"a stream was refused: {answer.status}")
            async for line in answer.content:
                if line.startswith(b'data: {"items"'):
                    self.frames += 1
                    for item in json.loads(line[6:])["items"]:
                        self.held[item["id"]] = max(item["version"], self.held.get(item["id"], 0))
                        self.stale.add(item["id"])

    async def follow(self) -> None:
        """What the page does with it: reads the rows again, many at a time, less often the longer that takes."""
        while self.reads:
            wanted, took = sorted(self.stale)[:60], 0.0
            self.stale.difference_update(wanted)
            if wanted:
                began = time.perf_counter()
                address = f"{self.url}/api/v1/rows?ids={','.join(wanted)}"
                async with self.session.get(address, headers={"Cookie": self.cookie}) as answer:
                    await answer.read()
                took = time.perf_counter() - began
                self.readings.append(took)
            await asyncio.sleep(0.04 + BREATH * took)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _people(config: Path, env: dict[str, str], count: int) -> list[tuple[Advisor, str]]:
    """Advisors with a session each, made before the gateway starts."""
    parts = compose(load(config, env))
    parts.store.open()
    made: list[tuple[Advisor, str]] = []
    try:
        for number in range(count):
            token = sessions.new_token()

            def hire(tx: Any, number: int = number, token: str = token) -> Advisor:
                person = advisors.create(
                    tx,
                    name=f"Tư vấn {number}",
                    role="supervisor",
                    email=f"p{number}@x.vn",
                    password_hash="-",  # noqa: S106 -- nobody signs in with it
                    by="bench",
                )
                assert person is not None
                sessions.begin(tx, token, person.id)
                return Advisor(id=person.id, name=person.name, role=person.role)

            made.append((asyncio.run(parts.store.run(hire)), f"sid={token}"))
    finally:
        parts.store.close()
    return made


async def _up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(log.read_text()[-2000:])  # noqa: ASYNC240 -- it is over
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        await asyncio.sleep(0.05)
    raise SystemExit("the gateway does not listen")


async def measure(args: argparse.Namespace) -> bool:
    """One run; whether every list was right at the end."""
    fake = FakeTelegram(token=TOKEN)
    folder, port = Path(tempfile.mkdtemp(prefix="bench-desk")), _free_port()
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_SECRET": SECRET}
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(fake.running())
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(port=port, folder=folder, api=api), encoding="utf-8")
        people = await asyncio.to_thread(_people, config, env, -(-args.streams // A_SESSION) + 1)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "gateway", "run", "--config", str(config)], env=env, stdout=log, stderr=log
            )
        try:
            await _up(port, process, folder / "log")
            form = {"url": f"{url}/hooks/telegram/main", "secret_token": SECRET, "max_connections": 100}
            session = await stack.enter_async_context(
                ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())
            )
            async with session.post(f"{fake.url}/bot{TOKEN}/setWebhook", json=form) as answer:
                assert answer.status == HTTPStatus.OK, await answer.text()
            return await _run(args, session, url, fake, people, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)


async def _run(
    args: argparse.Namespace,
    session: ClientSession,
    url: str,
    fake: FakeTelegram,
    people: list[tuple[Advisor, str]],
    pid: int,
) -> bool:
    customers, ids = await _conversations(args.conversations, session, url, fake, people[0][1])
    listeners = [
        Listener(session, url, people[1 + number // A_SESSION][1], reads=number < args.readers)
        for number in range(args.streams)
    ]
    tasks = [asyncio.create_task(work) for each in listeners for work in (each.listen(), each.follow())]
    sent: dict[str, float] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(args=ARGUMENTS, **chromium())
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
        name, _, value = people[0][1].partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": url}])
        page = await Watched.open(context, ids[0])
        began, cpu, loop = time.perf_counter(), cpu_of(pid), cpu_of(pid, thread=pid)
        await _talk(args, customers, sent)
        seconds = time.perf_counter() - began
        right = await _right(session, url, people[0][1], listeners, ids)
        mine = {mark: at for mark, at in sent.items() if mark.startswith("0")}
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while len(seen := await page.seen()) < len(mine):  # noqa: ASYNC110 -- another process's
                    await asyncio.sleep(0.1)
        used, looped = cpu_of(pid) - cpu, cpu_of(pid, thread=pid) - loop
        cost, stages = await page.cost(len(sent)), await page.stages(sent)
        await browser.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    waits = sorted(seen[mark] - at for mark, at in mine.items() if mark in seen)
    print(
        f"messages    {len(sent)} in {seconds:.1f} s, {len(sent) / seconds:.0f}/s; to the open conversation {len(mine)}"
    )
    print(
        f"to a bubble median {statistics.median(waits):.0f} ms, p95 {waits[int(len(waits) * 0.95)]:.0f} ms, missing {len(mine) - len(waits)}"
    )
    print(
        f"streams     {len(listeners)}, frames {sum(each.frames for each in listeners)}, lists right: {right} of {len(listeners)}"
    )
    if readings := sorted(took for each in listeners for took in each.readings):
        print(
            f"readings    {len(readings)}, median {statistics.median(readings) * 1000:.0f} ms, p95 {readings[int(len(readings) * 0.95)] * 1000:.0f} ms"
        )
    for stage in stages:
        print(f"            {stage.line()}")
    each, frames = 1e6 / len(sent), max(1, sum(one.frames for one in listeners))
    print(
        f"gateway     {used * each:.0f} µs of CPU a message (its loop {looped * each:.0f}), frames a message {frames / len(sent):.1f}"
    )
    print(cost)
    return right == len(listeners) and len(waits) == len(mine)


async def _conversations(
    count: int, session: ClientSession, url: str, fake: FakeTelegram, cookie: str
) -> tuple[list[Customer], list[str]]:
    """Customers whose conversations an advisor holds: the bot is silent in them."""
    headers = {"Cookie": cookie, "Origin": url, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    customers, ids = [], []
    for _ in range(count):
        customer = fake.customer()
        customers.append(customer)
        await customer.say("gặp tư vấn viên")
        await customer.next_message(30)
        found: list[Any] = []
        while not found:
            async with session.get(f"{url}/api/v1/conversations?thread={customer.id}", headers=headers) as answer:
                found = (await answer.json())["items"]
        ids.append(found[0]["id"])
        async with session.post(f"{url}/api/v1/conversations/{ids[-1]}/take", json={}, headers=headers) as answer:
            assert answer.status == HTTPStatus.OK, await answer.text()
    return customers, ids


async def _talk(args: argparse.Namespace, customers: list[Customer], sent: dict[str, float]) -> None:
    """At an even pace, whether or not the last one has arrived; a tenth of it in the open conversation."""
    rng, running = random.Random(7), set()  # noqa: S311
    began = time.perf_counter()
    for number in range(round(args.rate * args.seconds)):
        await asyncio.sleep(max(0.0, began + number / args.rate - time.perf_counter()))
        at = 0 if number % 10 == 0 else rng.randrange(1, len(customers))
        mark = f"{'0' if at == 0 else '1'}{number:06}"
        sent[mark] = time.time() * 1000
        task = asyncio.create_task(customers[at].say(f"phí bao nhiêu vậy em #{mark}#"))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)


async def _right(session: ClientSession, url: str, cookie: str, listeners: list[Listener], ids: list[str]) -> int:
    """How many listeners hold the newest version of every conversation, within 15 s of the last word."""
    right, until = 0, time.monotonic() + 15
    while right < len(listeners) and time.monotonic() < until:
        async with session.get(f"{url}/api/v1/conversations?limit=200", headers={"Cookie": cookie}) as answer:
            newest = {item["id"]: item["version"] for item in (await answer.json())["items"] if item["id"] in ids}
        right = sum(1 for each in listeners if {one: each.held.get(one) for one in newest} == newest)
        await asyncio.sleep(0.3)
    return right


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.desk")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument(
        "--readers", type=int, default=0, help="of the streams' people, who read rows again as a page does"
    )
    parser.add_argument("--rate", type=float, default=50.0, help="customers' messages a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--conversations", type=int, default=30)
    sys.exit(0 if asyncio.run(measure(parser.parse_args())) else 1)


if __name__ == "__main__":
    main()
