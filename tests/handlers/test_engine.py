"""The shell around the core: what the lanes of one batch know of each other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest

from storage import inbox
from tests.support.shop import ACCOUNT, Shop


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()


def tap(shop: Shop, thread: str, payload: str) -> inbox.Arrival:
    told = {
        "key": f"tap-{thread}",
        "kind": "button",
        "thread": thread,
        "at": datetime.fromtimestamp(shop.ms / 1000, UTC).isoformat(),
        "text": "",
        "payload": payload,
    }
    return inbox.Arrival(account_id=ACCOUNT.id, key=told["key"], kind="button", thread=thread, body=orjson.dumps(told))


async def test_each_of_a_batch_has_a_place_of_his_own(shop: Shop) -> None:
    threads = ("t1", "t2", "t3")
    for thread in threads:
        await shop.hears(thread, "mình muốn mua bảo hiểm xe máy")
        await shop.hears(thread, payload="c1:yes")
        await shop.hears(thread, "mình tên Lan, số 0912345678")
        await shop.hears(thread, payload="t:now")
    shop.store.stop_thinking()
    await shop.store.ingest([tap(shop, thread, "ok") for thread in threads])
    shop.sent.clear()
    shop.store.start_thinking(shop.engine)
    await shop.settled()
    places = [found[1] for out in shop.sent if (found := re.search(r"vị trí (\d+)", out.text))]
    assert sorted(places) == ["1", "2", "3"]
