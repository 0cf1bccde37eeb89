"""Ten thousand hostile bodies at a webhook: no 5xx, no row without a signature, the process lives."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Final

from tests.e2e.test_trouble import ready_says, running, update
from tests.support.gatewayd import SECRET, Gatewayd, Zygote

BODIES: Final = int(os.environ.get("GATEWAY_TEST_HOSTILE", "10000"))
CONNECTIONS: Final = 16


def hostile(rng: random.Random, number: int) -> bytes:
    """A body that means harm, or is merely broken."""
    good = json.dumps(update(number)).encode()
    kinds = (
        lambda: b"[" * rng.randint(100, 5000),
        lambda: b'{"a":' * 300 + b"1" + b"}" * 300,
        lambda: b'{"update_id":' + b"9" * rng.randint(21, 5000) + b"}",
        lambda: b'{"update_id":1e999}',
        lambda: b'{"update_id":NaN}',
        lambda: b'{"update_id":1,"update_id":2}',
        lambda: b"\xff\xfe" + os.urandom(40),
        lambda: "{}".encode("utf-16"),
        lambda: good[: rng.randint(0, len(good) - 1)],
        lambda: gzip.compress(good),
        lambda: os.urandom(rng.randint(0, 300)),
        lambda: json.dumps(
            {"update_id": number, "message": rng.choice([None, [], "x", 5, {"chat": []}, {"chat": {"id": {}}}])}
        ).encode(),
        lambda: json.dumps({"update_id": {"$gt": ""}, "message": {}}).encode(),
        lambda: good.replace(b'"first_name": "Lan"', b'"first_name": "\\ud800\\u0000"'),
        lambda: b"",
        lambda: good.replace(b'"text": "', b'"text": "' + b"\\u0300" * 2000),
    )
    return rng.choice(kinds)()


def request(rng: random.Random, number: int) -> tuple[bytes, bool]:
    """One raw HTTP request, and whether it carries our secret."""
    body = hostile(rng, number)
    signed = rng.random() < 0.5
    headers = ["Host: x", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    if signed:
        headers.append(f"X-Telegram-Bot-Api-Secret-Token: {SECRET}")
    elif rng.random() < 0.7:
        headers.append(
            "X-Telegram-Bot-Api-Secret-Token: "
            + rng.choice(["", "x" * 40, SECRET[:-1], SECRET.upper(), "k\u00e9".encode().decode("latin-1")])
        )
    if rng.random() < 0.05:
        headers.append("Content-Encoding: " + rng.choice(["gzip", "br", "identity"]))
        signed = False  # refused before it is looked at
    return ("POST /hooks/telegram/main HTTP/1.1\r\n" + "\r\n".join(headers) + "\r\n\r\n").encode(
        "latin-1"
    ) + body, signed


async def connection(gateway: Gatewayd, numbers: list[int], rng: random.Random, statuses: Counter[int]) -> None:
    reader = writer = None
    while numbers:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        assert reader is not None
        raw, _ = request(rng, numbers.pop())
        try:
            writer.write(raw)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            statuses[0] += 1
            writer.close()
            writer = None
            continue
        status = int(head.split(b" ", 2)[1])
        statuses[status] += 1
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        await reader.readexactly(length)
        if b"connection: close" in head.lower():
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def test_ten_thousand_hostile_bodies(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, session):
        statuses: Counter[int] = Counter()
        numbers = list(range(BODIES))
        await asyncio.gather(
            *(connection(gateway, numbers, random.Random(seed), statuses) for seed in range(CONNECTIONS))
        )
        assert sum(statuses.values()) == BODIES
        assert all(status < 500 for status in statuses), statuses
        assert statuses[401] > BODIES // 4
        assert statuses[0] == 0, statuses
        await ready_says(gateway, session, 200, within_s=6)
        (stat,) = [item for item in (await gateway.api("GET", "/stats"))["items"] if item["channel"] == "telegram"]
        assert stat["deliveries"] == stat["duplicates"] + stat["rejected"] + stat["events"]
        assert (
            stat["events"]
            == stat["messages"] + stat["receipts"] + stat["ignored"] + stat["quarantined"] + stat["pending"]
        )
        assert stat["events"] + stat["duplicates"] <= statuses[200]  # no row without a signature


async def test_a_slow_body_is_cut_off_and_an_oversized_one_refused(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, _session):
        head = f"POST /hooks/telegram/main HTTP/1.1\r\nHost: x\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write((head + "Content-Length: 100\r\n\r\n{").encode())
        big_reader, big_writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        big_writer.write((head + f"Content-Length: {2 << 20}\r\n\r\n").encode())
        assert b" 413 " in await asyncio.wait_for(big_reader.readline(), 5)
        chunked_reader, chunked_writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        chunked_writer.write((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        with_body = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(17):
            chunked_writer.write(with_body)
        assert b" 413 " in await asyncio.wait_for(chunked_reader.readline(), 5)
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 15)
        for one in (writer, big_writer, chunked_writer):
            one.close()
