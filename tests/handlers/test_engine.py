"""The shell around the core: what the lanes of one batch know of each other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from channels.contract import InboundEvent, Kind
from storage import inbox
from storage.tx import Tx
from tests.support.shop import ACCOUNT, MAI, Shop


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
    places = [found[1] for out in shop.sent if (found := re.search(r"vị trí (?:số )?(\d+)", out.text))]
    assert sorted(places) == ["1", "2", "3"]


async def edits(shop: Shop, thread: str, ref: str, text: str, kind: Kind = Kind.EDIT, *, standby: bool = False) -> str:
    """The customer changes what he said, or takes it back; the event's id."""
    event = InboundEvent(
        channel="telegram",
        account="main",
        key=f"k{next(shop.numbers)}",
        kind=kind,
        thread=thread,
        said_at=datetime.fromtimestamp(shop.ms / 1000, UTC),
        raw=b"",
        ref=ref,
        text=text,
        standby=standby,
    )
    arrival = inbox.Arrival(account_id=ACCOUNT.id, key=event.key, kind=kind.value, thread=thread, body=text.encode())
    shop.engine.remember(arrival.id, event)
    await shop.store.ingest([arrival])
    await shop.settled()
    return arrival.id


async def test_whoever_waits_is_told_his_own_place(shop: Shop) -> None:
    for thread in ("t1", "t2", "t3"):
        await shop.hears(thread, "cho mình gặp nhân viên với")
        shop.pass_(minutes=1)
    shop.pass_(minutes=6)
    shop.sent.clear()
    await shop.hears("t2", "mình còn thắc mắc về hợp đồng cũ")
    assert "vị trí số 2" in shop.sent[-1].text
    await shop.hears("t1", "xe em vừa bị tông, đang ở hiện trường")  # more urgent now, so he stays first
    shop.pass_(minutes=6)
    await shop.hears("t3", "mình còn thắc mắc về hợp đồng cũ")
    assert "vị trí số 3" in shop.sent[-1].text


def preview(tx: Tx) -> str:
    row = tx.one("SELECT id, contact_id, preview_sealed FROM conversation")
    assert row is not None
    return tx.keys.open_for(tx, row.contact_id, "conversation", "preview_sealed", row.id, row.preview_sealed).decode()


async def test_a_list_shows_what_people_said_last(shop: Shop) -> None:
    await shop.hears("t", "cho mình gặp nhân viên với")
    assert await shop.store.read(preview) == "cho mình gặp nhân viên với"
    await shop.hears("t", payload="c1:yes")  # a tap says nothing, and the bot's answer is not his
    assert await shop.store.read(preview) == "cho mình gặp nhân viên với"


async def test_what_is_taken_back_is_gone_and_what_was_confirmed_stays(shop: Shop) -> None:
    await shop.hears("t", "mình tên Lan, 0901234567, mua bảo hiểm xe máy")
    said = await shop.store.read(lambda tx: tx.one("SELECT * FROM message WHERE direction = 'inbound'"))
    assert said is not None
    await edits(shop, "t", said.external_id, "", Kind.RETRACT)

    def seen(tx: Tx) -> tuple[str, list[str], Any]:
        rows = tx.all("SELECT * FROM message ORDER BY seq")
        bodies = [
            tx.keys.open_json(tx, one.contact_id, "message", "body_sealed", one.id, one.body_sealed) for one in rows
        ]
        raw = tx.value("SELECT body_sealed FROM inbox_event WHERE id = :id", id=said.event_id)
        return (
            bodies[0]["text"],
            [one["text"] for one, row in zip(bodies, rows, strict=True) if row.author == "system"],
            raw,
        )

    assert await shop.store.read(seen) == ("", ["Khách đã thu hồi một tin nhắn."], None)
    assert await shop.store.read(preview) == "…"
    shop.sent.clear()
    await shop.hears("t", payload="c1:yes")  # nothing of it is read again at the yes
    assert "họ tên" in shop.sent[-1].text
    state = await shop.store.read(lambda tx: shop.engine.open_for(tx, said.conversation_id))
    assert dict(state.slots) == {}


async def test_an_edit_is_masked_like_what_is_said(shop: Shop) -> None:
    await shop.hears("t", "mình muốn mua bảo hiểm xe máy")
    said = await shop.store.read(lambda tx: tx.one("SELECT * FROM message WHERE direction = 'inbound'"))
    assert said is not None
    harmless = await edits(shop, "t", said.external_id, "mình muốn mua bảo hiểm ô tô")
    secret = await edits(shop, "t", said.external_id, "thẻ 4111 1111 1111 1111 nhé")
    again = await edits(shop, "t", said.external_id, "mã OTP là 123456")
    row = await shop.row("message", said.id)
    body = await shop.store.read(
        lambda tx: tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
    )
    assert body["text"] == "mã OTP là ••••••"
    assert body["before"] == [
        "mình muốn mua bảo hiểm xe máy",
        "mình muốn mua bảo hiểm ô tô",
        "thẻ •••• •••• •••• •••• nhé",
    ]
    assert [(await shop.row("inbox_event", each)).body_sealed is None for each in (harmless, secret, again)] == [
        False,
        True,
        True,
    ]


async def test_what_is_changed_where_another_answers_is_changed_here_and_not_answered(shop: Shop) -> None:
    await shop.hears("t", "chào em")
    said = await shop.store.read(lambda tx: tx.one("SELECT * FROM message WHERE direction = 'inbound'"))
    assert said is not None
    shop.sent.clear()
    await edits(shop, "t", said.external_id, "cho mình gặp nhân viên", standby=True)
    row = await shop.row("message", said.id)
    body = await shop.store.read(
        lambda tx: tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
    )
    assert (body["text"], shop.sent) == ("cho mình gặp nhân viên", [])
    await edits(shop, "t", said.external_id, "", Kind.RETRACT, standby=True)

    async def noted() -> bool:
        return "system" in await shop.store.read(
            lambda tx: [one.author for one in tx.all("SELECT author FROM message")]
        )

    assert (shop.sent, await noted()) == ([], False)
    await edits(shop, "t", said.external_id, "", Kind.RETRACT)  # with us
    assert await noted()


async def trail(shop: Shop, *actions: str) -> list[tuple[str, ...]]:
    rows = await shop.store.read(
        lambda tx: tx.among("SELECT * FROM audit_entry WHERE action IN (:among) ORDER BY at, id", list(actions))
    )
    return [(row.actor, row.action, row.object_type, row.object_id, row.fields, row.source) for row in rows]


async def test_what_a_customer_decides_is_in_the_trail(shop: Shop) -> None:
    await shop.hears("t", "mình muốn mua bảo hiểm xe máy")
    await shop.hears("t", payload="c1:yes")
    point = await shop.store.read(lambda tx: tx.one("SELECT * FROM contact_point"))
    assert point is not None
    who = ("contact", point.contact_id)
    assert await trail(shop, "consent.asked", "consent.given") == [
        ("system", "consent.asked", *who, '["C1"]', ACCOUNT.id),
        ("customer", "consent.given", *who, '["C1"]', ACCOUNT.id),
    ]
    shop.pass_(minutes=1)
    await shop.hears("t", "dừng nhận tin")
    shop.pass_(minutes=1)
    await shop.hears("t", "dừng nhận tin")
    shop.pass_(minutes=1)
    await shop.hears("t", payload="opt:on")
    assert await trail(shop, "opt_out", "opt_in") == [
        ("customer", "opt_out", *who, '["ads","reminders"]', ACCOUNT.id),
        ("customer", "opt_in", *who, '["ads","reminders"]', ACCOUNT.id),
    ]


async def test_notes_and_labels_are_in_the_trail_without_their_words(shop: Shop) -> None:
    lan = await shop.customer("lan")
    await shop.act(lan.conversation_id, "note", text="khách quen")
    await shop.act(lan.conversation_id, "label", add=["vip"])
    what = ("conversation", lan.conversation_id)
    assert await trail(shop, "conversation.note", "conversation.label") == [
        (MAI.id, "conversation.note", *what, "[]", ""),
        (MAI.id, "conversation.label", *what, '["labels"]', ""),
    ]
