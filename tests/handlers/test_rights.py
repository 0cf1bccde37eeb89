"""A right that a customer uses with the platform instead of with us: a request all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from channels.contract import Account, Delivery, Kind
from channels.zalo.updates import parse
from storage import inbox
from tests.support.shop import ACCOUNT, Shop

OA = "2851234567890123456"
ZALO = Account(channel="zalo", name="oa", settings={"app_id": "1234567", "oa_id": OA})


async def test_who_withdraws_his_data_on_zalo_opens_a_request(tmp_path: Path) -> None:
    body = {
        "event_name": "user_withdraw", "app_id": "1234567", "oa_id": OA, "user_id_by_app": "55", "timestamp": "1793345010123",
        "sender": {"id": "lan"}, "recipient": {"id": OA},
    }  # fmt: skip
    (told,) = parse(Delivery(headers={}, body=orjson.dumps(body)), ZALO)
    assert (told.kind, told.thread, told.extra["right"]) == (Kind.SYSTEM, "lan", "withdraw")

    shop = await Shop(url=f"sqlite:///{tmp_path / 'shop.db'}").open()
    try:
        lan = await shop.customer("lan")
        arrival = inbox.Arrival(account_id=ACCOUNT.id, key=told.key, kind=told.kind.value, thread="lan", body=b"{}")
        shop.engine.remember(arrival.id, told)
        await shop.store.ingest([arrival])
        await shop.settled()
        reasons = await shop.store.read(
            lambda tx: [row.reason for row in tx.all("SELECT reason FROM handoff WHERE state = 'waiting'")]
        )
        consents = await shop.store.read(
            lambda tx: [
                row.state
                for row in tx.all(
                    "SELECT state FROM consent WHERE contact_id = :id AND purpose = 'C1' ORDER BY at, id",
                    id=lan.contact_id,
                )
            ]
        )
    finally:
        await shop.close()
    assert reasons == ["privacy"]
    assert consents[-1] == "withdrawn"
    assert told.said_at == datetime(2026, 10, 30, 7, 23, 30, 123000, tzinfo=UTC)
