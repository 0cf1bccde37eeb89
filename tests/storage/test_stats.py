"""The business of a period, counted in bites: the same figures as one look would give, whatever happens meanwhile."""

from __future__ import annotations

from typing import Any

from storage import stats
from storage.db import Store
from storage.ids import new_id
from storage.stats import IN_TIME_MS, Business
from storage.tx import Tx
from tests.storage.conftest import Hand

DAY_MS = 86_400_000


def conversation(tx: Tx, **values: Any) -> str:
    made: dict[str, Any] = {
        "id": new_id(),
        "point_id": new_id(),
        "contact_id": new_id(),
        "account_id": "telegram:main",
        "channel": "telegram",
        "stage": "new",
        "status": "open",
        "labels": "[]",
        "test": False,
        "lang": "vi",
        "version": 0,
        "outcome": "",
        "opened_at": tx.now_ms,
        "last_message_at": tx.now_ms,
        "changed_at": tx.now_ms,
        "seen_seq": 0,
    }
    tx.insert("conversation", **(made | values))
    return str((made | values)["id"])


def handoff(tx: Tx, conversation_id: str, **values: Any) -> None:
    made: dict[str, Any] = {
        "id": new_id(),
        "conversation_id": conversation_id,
        "contact_id": new_id(),
        "code": "",
        "reason": "asked",
        "priority": 0,
        "state": "waiting",
        "test": False,
        "opened_at": tx.now_ms,
        "outcome": "",
    }
    tx.insert("handoff", **(made | values))


async def counted(store: Store, since: int, until: int) -> list[Business]:
    count = stats.Count(since, until)
    for step in (count.opened, count.asked):
        while await store.read(step):
            pass
    return count.figures()


async def test_every_row_of_the_period_counts_once(store: Store, hand: Hand) -> None:
    now, many = hand.ms, 5300  # more than any one bite, and more than the 5,000 that were looked at once

    def fill(tx: Tx) -> None:
        for number in range(1200):
            stage = ("new", "won", "lost", "closed_no_need")[number % 4]
            conversation(tx, stage=stage, channel="webchat" if number % 3 else "telegram")
        conversation(tx, test=True)
        conversation(tx, opened_at=now - 2 * DAY_MS)  # spoke today, opened before
        conversation(tx, opened_at=now + DAY_MS, last_message_at=now + DAY_MS)
        asking = conversation(tx, channel="viber", opened_at=now - 9 * DAY_MS, last_message_at=now - 9 * DAY_MS)
        for number in range(many):
            taken = now + 1000 if number % 2 else now + IN_TIME_MS + 1
            handoff(tx, asking, taken_at=taken, first_reply_at=now + number if number else None)
        handoff(tx, asking, test=True)
        handoff(tx, asking, opened_at=now - 2 * DAY_MS)

    await store.run(fill)
    found = {row.channel: row for row in await counted(store, now - DAY_MS, now + 1)}
    assert {channel: (row.opened, row.won, row.lost) for channel, row in found.items()} == {
        "telegram": (400, 100, 200),
        "webchat": (800, 200, 400),
        "viber": (0, 0, 0),
    }
    viber = found["viber"]
    assert (viber.handoffs, viber.taken, viber.in_time) == (many, many, many // 2)
    assert viber.answered_ms == sorted(range(1, many))[(many - 1) // 2]
    assert await counted(store, now + 2 * DAY_MS, now + 3 * DAY_MS) == []


async def test_a_conversation_that_moves_on_meanwhile_counts_once(store: Store, hand: Hand) -> None:
    now = hand.ms
    ids = await store.run(
        lambda tx: [conversation(tx, opened_at=now - 5000, last_message_at=now - 5000 + n) for n in range(700)]
    )
    count = stats.Count(now - DAY_MS, now)
    assert await store.read(count.opened)
    for moved in (ids[0], ids[-1]):  # one that was counted, one that was not yet
        await store.run(
            lambda tx, moved=moved: tx.run(
                "UPDATE conversation SET last_message_at = :now WHERE id = :id", now=now, id=moved
            )
        )
    while await store.read(count.opened):
        pass
    assert [row.opened for row in count.figures()] == [700]
