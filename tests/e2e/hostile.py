"""Bodies that mean harm, or are merely broken, and raw connections that carry them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def body(rng: random.Random, good: dict[str, Any], *others: Any) -> bytes:
    """JSON that a strict reader must refuse, or that says something else than it should. `others` -- objects of a right
    shape with wrong things in it."""
    plain = json.dumps(good).encode()
    name = json.dumps(next(iter(good))).encode()
    kinds = (
        lambda: b"[" * rng.randint(100, 5000),
        lambda: b'{"a":' * 300 + b"1" + b"}" * 300,
        lambda: b"{" + name + b":" + b"9" * rng.randint(21, 5000) + b"}",
        lambda: b"{" + name + b":1e999}",
        lambda: b"{" + name + b":NaN}",
        lambda: b"{" + name + b":1," + name + b":2}",
        lambda: b"{" + name + b':{"$gt":""}}',
        lambda: b"\xff\xfe" + os.urandom(40),
        lambda: plain.decode().encode("utf-16"),
        lambda: plain[: rng.randint(0, len(plain) - 1)],
        lambda: gzip.compress(plain),
        lambda: os.urandom(rng.randint(0, 300)),
        lambda: rng.choice([b"null", b"[]", b"5", b'"x"', b"true", b"", b" ", b"\xef\xbb\xbf"]),
        lambda: json.dumps(rng.choice(others) if others else []).encode(),
    )
    return rng.choice(kinds)()


@dataclass(slots=True)
class Heard:
    """What the other end answered. `statuses` -- 0 for no answer · `come_again` -- heads of 503s · `opened` -- sessions."""

    statuses: Counter[int] = field(default_factory=Counter)
    come_again: list[bytes] = field(default_factory=list)
    opened: int = 0

    def note(self, head: bytes, content: bytes) -> int:
        status = int(head.split(b" ", 2)[1]) if head else 0
        self.statuses[status] += 1
        self.opened += b'"created":true' in content
        if status == 503:
            self.come_again.append(head)
        return status

    def blameless(self, of: int) -> bool:
        """Every request was answered, none with a 5xx but a few that were asked to come again in a moment."""
        asked = all(b"\r\nretry-after:" in head.lower() for head in self.come_again)
        return (
            asked
            and len(self.come_again) < of // 10
            and all(0 < status < 500 or status == 503 for status in self.statuses)
        )


async def talk(port: int, requests: Iterator[bytes], heard: Heard) -> None:
    """Send raw requests one after the other, each answered before the next."""
    line: Line | None = None
    for raw in requests:
        head = content = b""
        while not head:
            fresh = line is None
            line = line or await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                line[1].write(raw)
                await line[1].drain()
                head = await line[0].readuntil(b"\r\n\r\n")
                if not re.match(rb"\S+ (101|204|304) ", head):
                    length = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.IGNORECASE)
                    content = await line[0].readexactly(int(length[1]) if length else 0)
            if not head:  # what HTTP cannot read ends a connection: perhaps it was the request before
                line[1].close()
                line = None
                if fresh:
                    break
        status = heard.note(head, content)
        if line is not None and (status == 101 or b"connection: close" in head.lower()):
            line[1].close()
            line = None
    if line is not None:
        line[1].close()


def resident_mb(pid: int) -> float:
    """What the process holds in memory."""
    words = Path(f"/proc/{pid}/statm").read_text("ascii").split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
