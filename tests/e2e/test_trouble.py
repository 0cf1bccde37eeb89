"""The disk is full, the file is locked or read-only, PostgreSQL is away: 503 with Retry-After, red, and green again by
itself. Never 200 for what was not stored, never 500."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from storage import accounts
from storage.db import Store
from storage.errors import StorageUnavailable
from storage.inbox import Arrival
from storage.keys import KeyRing
from tests.support.gatewayd import SECRET, Gatewayd, Zygote, installed, telegram

TOKEN = "7011223344:stand-in"
NOBODY = "http://127.0.0.1:9"  # a platform that is not there: nothing of this test is about sending


def update(number: int) -> dict[str, Any]:
    person = {"id": 5_820_113_377, "is_bot": False, "first_name": "Lan"}
    message = {
        "message_id": number,
        "date": 1_793_345_010,
        "from": person,
        "chat": {**person, "type": "private"},
        "text": f"dòng {number}",
    }
    return {"update_id": 718_000_000 + number, "message": message}


@contextlib.asynccontextmanager
async def running(zygote: Zygote, folder: Path, database: str) -> AsyncIterator[tuple[Gatewayd, aiohttp.ClientSession]]:
    with installed(zygote, folder, database, accounts=telegram(NOBODY, TOKEN)) as gateway:
        gateway.token = await asyncio.to_thread(gateway.command, "token", "add", "--name", "test", "--role", "admin")
        await gateway.start()
        async with aiohttp.ClientSession() as session:
            yield gateway, session
        await gateway.stop()


async def post(gateway: Gatewayd, session: aiohttp.ClientSession, number: int) -> aiohttp.ClientResponse:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    async with session.post(
        f"{gateway.url}/hooks/telegram/main", data=json.dumps(update(number)), headers=headers
    ) as answer:
        await answer.read()
        return answer


async def ready_says(gateway: Gatewayd, session: aiohttp.ClientSession, status: int, *, within_s: float) -> None:
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        async with session.get(f"{gateway.url}/health/ready") as answer:
            body = await answer.text()
            if answer.status == status:
                return
        assert asyncio.get_running_loop().time() < deadline, f"still {answer.status}: {body}"
        await asyncio.sleep(0.05)


async def refuses_and_heals(gateway: Gatewayd, session: aiohttp.ClientSession, break_it: Any, mend_it: Any) -> None:
    assert (await post(gateway, session, 1)).status == 200
    break_it()
    try:
        answers = [await post(gateway, session, 2) for _ in range(5)]
        assert [answer.status for answer in answers] == [503] * 5
        assert all(5 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers)
        await ready_says(gateway, session, 503, within_s=60)
        async with session.get(f"{gateway.url}/health/live") as alive:
            assert alive.status == 200
    finally:
        mend_it()
    await ready_says(gateway, session, 200, within_s=60)
    assert (await post(gateway, session, 2)).status == 200
    events = (await gateway.api("GET", "/events?channel=telegram"))["items"]
    assert sorted(event["key"] for event in events) == ["u:718000001", "u:718000002"]


async def test_disk_full(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, session):
        usual = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
        await refuses_and_heals(
            gateway,
            session,
            lambda: resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (512, usual[1])),
            lambda: resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, usual),
        )


async def test_locked_by_another(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, session):
        other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
        try:
            await refuses_and_heals(
                gateway, session, lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK")
            )
        finally:
            other.close()


async def test_read_only(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}", KeyRing.ephemeral())
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    try:
        await store.run(lambda tx: accounts.ensure(tx, [("telegram:main", "telegram", "main")]))
        event = Arrival(account_id="telegram:main", key="u:1", kind="text", thread="1", body=b"{}")
        await store.read(lambda tx: tx.raw.execute("PRAGMA query_only = 1"))
        with pytest.raises(StorageUnavailable, match="READONLY"):
            await store.ingest([event])
        assert not store.health().writable
        await store.read(lambda tx: tx.raw.execute("PRAGMA query_only = 0"))
        assert await store.ingest([event]) == [True]
        assert store.health().writable
    finally:
        await asyncio.to_thread(store.close)


async def test_postgresql_goes_and_comes_back(own_postgres: Any) -> None:
    store = Store(own_postgres.url, KeyRing.ephemeral())
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    try:
        await store.run(lambda tx: accounts.ensure(tx, [("telegram:main", "telegram", "main")]))
        await asyncio.to_thread(own_postgres.stop)
        with pytest.raises(StorageUnavailable):
            await store.ingest([Arrival(account_id="telegram:main", key="u:1", kind="text", thread="1", body=b"{}")])
        assert not store.health().writable
        with pytest.raises(StorageUnavailable):
            await store.read(lambda tx: tx.value("SELECT 1"))
        await asyncio.to_thread(own_postgres.start)
        assert await store.ingest(
            [Arrival(account_id="telegram:main", key="u:1", kind="text", thread="1", body=b"{}")]
        ) == [True]
        assert await store.read(lambda tx: tx.value("SELECT COUNT(*) FROM inbox_event")) == 1
    finally:
        await asyncio.to_thread(store.close)


async def test_a_second_gateway_on_the_same_file_is_refused(zygote: Zygote, tmp_path: Path) -> None:
    async with running(zygote, tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}") as (gateway, _session):
        second = zygote.fork(tmp_path / "config.yaml", {}, tmp_path / "second.log")
        assert await asyncio.to_thread(zygote.wait, second) == 2
        assert (
            f"another gateway (process {gateway.pid}) already runs on gateway.db"
            in (tmp_path / "second.log").read_text()
        )
