"""What is told again. An echo that passes for a person's: what we said ourselves makes no line and silences nobody; a person's
words do. A message in two envelopes is one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.contract import UNSAID, InboundEvent, Kind
from storage import echoes, inbox
from tests.support.shop import ACCOUNT, Shop

KNOWN, LOST, NAMELESS, LONG_AGO = "its id is known", "its answer was lost", "sent, no id", "sent long ago, no id"
SAME, OTHER = "the words of ours", "Chị ơi em là Hoa"
OURS, A_PERSONS = True, False
ECHOES = [  # what became of ours, whether the echo has its id, its words, whether it names an app -> whose it is
    (KNOWN, "mid", SAME, "", OURS),
    (KNOWN, "mid", SAME, "another app", OURS),
    (KNOWN, "mid", "words that the platform spells otherwise", "", OURS),
    (KNOWN, "new", SAME, "", A_PERSONS),
    (KNOWN, "new", OTHER, "", A_PERSONS),
    (LOST, "new", SAME, "", OURS),
    (LOST, "new", SAME, "another app", A_PERSONS),
    (LOST, "new", OTHER, "", A_PERSONS),
    (LOST, "new", "", "", A_PERSONS),
    (NAMELESS, "new", SAME, "", OURS),
    (NAMELESS, "", SAME, "", OURS),
    (NAMELESS, "new", OTHER, "", A_PERSONS),
    (LONG_AGO, "new", SAME, "", A_PERSONS),
]
STATES = {LOST: "unknown", NAMELESS: "sent", LONG_AGO: "sent"}


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()


async def told(shop: Shop, thread: str, mid: str, text: str, app: str) -> None:
    event = InboundEvent(
        channel="telegram",
        account="main",
        key=f"e{next(shop.numbers)}",
        kind=Kind.ECHO,
        thread=thread,
        said_at=datetime.fromtimestamp(shop.ms / 1000, UTC),
        raw=b"",
        external_id=mid,
        text=text,
        by_human=True,
        unsigned=not app,
        extra={"app_id": app} if app else {},
    )
    arrival = inbox.Arrival(account_id=ACCOUNT.id, key=event.key, kind="echo", thread=thread, body=b"", by_us=True)
    shop.engine.remember(arrival.id, event)
    await shop.store.ingest([arrival])
    await shop.settled()


async def test_what_we_said_is_nobody_elses(shop: Shop) -> None:
    for number, (became, called, words, app, whose) in enumerate(ECHOES):
        case, thread = (became, called, words, app), f"t{number}"
        await shop.hears(thread, "mình muốn mua bảo hiểm xe máy")
        last = shop.sent[-1]
        row = await shop.store.read(
            lambda tx, thread=thread: tx.one(
                "SELECT o.id, o.external_id, m.conversation_id FROM outbox o JOIN message m ON m.id = o.message_id"
                " JOIN contact_point p ON p.id = o.point_id WHERE p.thread = :t ORDER BY o.out_seq DESC",
                t=thread,
            )
        )
        assert row is not None
        if became != KNOWN:
            gone = echoes.RECENT_MS + 1 if became == LONG_AGO else 0
            await shop.store.run(
                lambda tx, row=row, state=STATES[became], gone=gone: (
                    tx.run(
                        "UPDATE outbox SET state = :s, external_id = NULL, done_at = :at WHERE id = :id",
                        s=state,
                        at=shop.ms - gone,
                        id=row.id,
                    ),
                    tx.run("UPDATE message SET external_id = NULL WHERE conversation_id = :c", c=row.conversation_id),
                )
            )
        mid = {"mid": row.external_id, "new": f"new{number}", "": ""}[called]
        await told(shop, thread, mid, last.text if words == SAME else words, app)
        typed, stage = await shop.store.read(
            lambda tx, key=row.conversation_id: (
                tx.value("SELECT COUNT(*) FROM message WHERE conversation_id = :id AND author = 'advisor'", id=key),
                tx.value("SELECT stage FROM conversation WHERE id = :id", id=key),
            )
        )
        assert (typed == 0, stage != "with_advisor") == (whose, whose), case
        if whose is OURS and called == "new":
            settled = await shop.row("outbox", row.id)
            assert (settled.state, settled.external_id) == ("sent", mid), case


DATE, TAP = datetime(2026, 11, 23, 2, 0, tzinfo=UTC), UNSAID
FIRST = {"kind": Kind.TEXT, "external_id": "77", "text": "bảo hiểm xe máy bao nhiêu ạ", "said_at": DATE}
TAPPED = {"kind": Kind.BUTTON, "external_id": "4382", "payload": "c1:yes", "said_at": TAP}
ENVELOPES: list[tuple[dict[str, Any], dict[str, Any], int]] = [  # two events -> how many messages they are
    (FIRST, FIRST, 1),
    (FIRST, FIRST | {"text": "xe máy cũ thì sao"}, 2),
    (FIRST, FIRST | {"external_id": "78"}, 2),
    (FIRST, FIRST | {"said_at": DATE + timedelta(days=1)}, 2),
    (FIRST | {"external_id": ""}, FIRST | {"external_id": ""}, 2),
    (FIRST, FIRST | {"enveloped": False}, 2),
    (FIRST | {"text": "mật khẩu của em là Abc12345"}, FIRST | {"text": "mật khẩu của em là Abc12345"}, 1),
    (TAPPED, TAPPED, 1),
    (TAPPED, TAPPED | {"external_id": "4383"}, 2),
]


async def arrive(shop: Shop, thread: str, *given: dict[str, Any]) -> None:
    arrivals = []
    for what in given:
        number = next(shop.numbers)
        told = {
            "channel": "telegram",
            "account": "main",
            "key": f"u:{number}",
            "thread": thread,
            "raw": b"",
            "enveloped": True,
        }
        event = InboundEvent(**told | what)
        one = inbox.Arrival(account_id=ACCOUNT.id, key=event.key, kind=event.kind.value, thread=thread, body=b"")
        shop.engine.remember(one.id, event)
        arrivals.append(one)
    await shop.store.ingest(arrivals)
    await shop.settled()


async def test_the_same_message_in_two_envelopes_is_one(shop: Shop) -> None:
    for number, (first, second, messages) in enumerate(ENVELOPES):
        for how in ("one turn", "two turns"):
            thread = f"{how}{number}"
            await shop.hears(thread, "chào em")
            if how == "one turn":
                await arrive(shop, thread, first, second)
            else:
                await arrive(shop, thread, first)
                said = len(shop.sent)
                shop.pass_(seconds=5)
                await arrive(shop, thread, second)
                assert messages == 2 or len(shop.sent) == said, (how, first, second)
            found = await shop.store.read(
                lambda tx, thread=thread: tx.value(
                    "SELECT COUNT(*) FROM message m JOIN contact_point p ON p.id = m.point_id WHERE p.thread = :t"
                    " AND m.direction = 'inbound'",
                    t=thread,
                )
            )
            assert found == 1 + messages, (how, first, second)
