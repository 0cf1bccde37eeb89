"""Ten thousand hostile bodies at a webhook: no 5xx, no row without a signature, the process lives."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.e2e import hostile
from tests.e2e.test_trouble import ready_says, running, update
from tests.support.gatewayd import SECRET, Zygote

BODIES: Final = int(os.environ.get("GATEWAY_TEST_HOSTILE", "10000"))
CONNECTIONS: Final = 16
GROWTH_MB: Final = 40.0


def body(rng: random.Random, number: int) -> bytes:
    good = update(number)
    if rng.random() < 0.2:
        plain = json.dumps(good).encode()
        return rng.choice(
            (
                plain.replace(b'"first_name": "Lan"', b'"first_name": "\\ud800\\u0000"'),
                plain.replace(b'"text": "', b'"text": "' + b"\\u0300" * 2000),
            )
        )
    messages: tuple[Any, ...] = (None, [], "x", 5, {"chat": []}, {"chat": {"id": {}}})
    wrong = [{"update_id": number, "message": message} for message in messages]
    return hostile.body(rng, good, *wrong)


def request(rng: random.Random, number: int) -> bytes:
    """One raw HTTP request; half of them carry our secret."""
    content = body(rng, number)
    signed = rng.random() < 0.5
    headers = ["Host: x", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    if signed:
        headers.append(f"X-Telegram-Bot-Api-Secret-Token: {SECRET}")
    elif rng.random() < 0.7:
        headers.append(
            "X-Telegram-Bot-Api-Secret-Token: "
            + rng.choice(["", "x" * 40, SECRET[:-1], SECRET.upper(), "k\u00e9".encode().decode("latin-1")])
        )
    if rng.random() < 0.05:
        headers.append("Content-Encoding: " + rng.choice(["gzip", "br", "identity"]))
    return ("POST /hooks/telegram/main HTTP/1.1\r\n" + "\r\n".join(headers) + "\r\n\r\n").encode("latin-1") + content


async def test_ten_thousand_hostile_bodies(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, session):
        heard = hostile.Heard()

        async def storm(numbers: range) -> None:
            def requests(seed: int) -> Iterator[bytes]:
                rng = random.Random(numbers.start + seed)
                return (request(rng, number) for number in numbers[seed::CONNECTIONS])

            await asyncio.gather(*(hostile.talk(gateway.port, requests(seed), heard) for seed in range(CONNECTIONS)))

        await storm(range(BODIES // 4))
        held = hostile.resident_mb(gateway.pid)
        await storm(range(BODIES // 4, BODIES))
        assert hostile.resident_mb(gateway.pid) - held < GROWTH_MB
        statuses = heard.statuses
        assert sum(statuses.values()) == BODIES
        assert heard.blameless(of=BODIES), statuses
        assert statuses[401] > BODIES // 4
        await ready_says(gateway, session, 200, within_s=60)
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
        assert b" 413 " in await asyncio.wait_for(big_reader.readline(), 60)
        chunked_reader, chunked_writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        chunked_writer.write((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        with_body = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(17):
            chunked_writer.write(with_body)
        assert b" 413 " in await asyncio.wait_for(chunked_reader.readline(), 60)
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 60)
        for one in (writer, big_writer, chunked_writer):
            one.close()
