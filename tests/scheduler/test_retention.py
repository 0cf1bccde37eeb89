"""Forgetting: what must go goes in time, what is open or agreed to stays."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from handlers.events import FILLED
from scheduler import retention as ticks
from storage import field_changes, inbox, retention, search, sessions, tasks
from storage.inbox import Arrival
from storage.keys import KeyMissing
from storage.tx import Tx
from tests.support.shop import ACCOUNT, DAY_MS, Shop


def kept(tx: Tx) -> dict[str, int]:
    """Raw bodies that are still there, by thread."""
    rows = tx.all(
        "SELECT p.thread, COUNT(e.body_sealed) AS bodies FROM inbox_event e JOIN contact_point p ON p.id = e.point_id GROUP BY p.thread"
    )
    return {row.thread: row.bodies for row in rows}


async def bodies(shop: Shop) -> dict[str, int]:
    return await shop.store.read(kept)


async def test_without_consent_raw_bodies_live_a_day_and_the_words_said_stay(shop: Shop) -> None:
    await shop.customer("agreed")
    await shop.hears("silent", "chào shop")
    await shop.hears("refused", "mình muốn mua bảo hiểm xe máy")
    await shop.hears("refused", payload="c1:no")
    before = await bodies(shop)
    shop.pass_(hours=23)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == before
    shop.pass_(hours=2)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"agreed": before["agreed"], "silent": 0, "refused": 0}
    rows = await shop.store.read(lambda tx: tx.all("SELECT COUNT(*) AS n FROM inbox_event"))
    assert rows[0].n == sum(before.values()), "the rows and their keys stay"
    await shop.hears("silent", "mình muốn hỏi bảo hiểm xe máy")
    await shop.hears("silent", payload="c1:yes")
    assert (await bodies(shop))["silent"] > 0
    stage = await shop.store.read(
        lambda tx: tx.value(
            "SELECT c.stage FROM conversation c JOIN contact_point p ON p.conversation_id = c.id WHERE p.thread = 'silent'"
        )
    )
    assert stage == "collecting", "the open conversation lost nothing"


async def test_consent_taken_back_counts_from_then_on(shop: Shop) -> None:
    lan = await shop.customer("lan")
    shop.pass_(minutes=5)
    await shop.store.run(
        lambda tx: tx.insert(
            "consent",
            id="w",
            contact_id=lan.contact_id,
            purpose="C1",
            state="withdrawn",
            text_key="",
            text_version="",
            text_hash="",
            lang="vi",
            channel="telegram",
            account_id=ACCOUNT.id,
            external_id="",
            at=tx.now_ms,
        )
    )
    shop.pass_(hours=25)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"lan": 0}


async def test_what_nobody_has_thought_about_yet_stays_and_so_does_its_key(shop: Shop) -> None:
    await shop.hears("done", "chào")
    shop.store.stop_thinking()
    waiting = Arrival(account_id=ACCOUNT.id, key="w", kind="text", thread="waiting", body=b"{}")
    await shop.store.ingest([waiting])
    shop.pass_(days=40)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"done": 0, "waiting": 1}
    row = await shop.row("inbox_event", waiting.id)
    assert await shop.store.read(lambda tx: inbox.body(tx, row.id, row.day, row.body_sealed)) == b"{}"
    await shop.store.run(
        lambda tx: inbox.quarantine(tx, waiting.id, ACCOUNT.id, source="platform", reason="test", attempts=5)
    )
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"done": 0, "waiting": 0}


async def test_a_quarantined_one_waits_for_a_person_for_as_long_as_its_key_lives(shop: Shop) -> None:
    shop.store.stop_thinking()
    poison = Arrival(account_id=ACCOUNT.id, key="p", kind="text", thread="poison", body=b"{}")
    await shop.store.ingest([poison])
    await shop.store.run(
        lambda tx: inbox.quarantine(tx, poison.id, ACCOUNT.id, source="platform", reason="test", attempts=5)
    )
    shop.pass_(days=20)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"poison": 1}
    shop.pass_(days=12)
    await ticks.tidy(shop.store)
    assert await bodies(shop) == {"poison": 0}


async def test_day_keys_are_destroyed_after_thirty_days_and_nothing_opens_any_more(shop: Shop) -> None:
    await shop.customer("lan")
    sealed = await shop.store.read(
        lambda tx: tx.all("SELECT id, day, body_sealed FROM inbox_event WHERE body_sealed IS NOT NULL")
    )
    shop.pass_(days=30)
    await ticks.tidy(shop.store)
    assert await shop.store.read(lambda tx: inbox.body(tx, sealed[0].id, sealed[0].day, sealed[0].body_sealed))
    shop.pass_(days=1)
    await ticks.tidy(shop.store)
    key = await shop.store.read(
        lambda tx: tx.one("SELECT wrapped, destroyed_at FROM day_key WHERE day = :day", day=sealed[0].day)
    )
    assert key is not None
    assert (key.wrapped, key.destroyed_at) == (None, shop.ms)
    for event in sealed:
        with pytest.raises(KeyMissing):
            await shop.store.read(lambda tx, event=event: inbox.body(tx, event.id, event.day, event.body_sealed))
    assert sum((await bodies(shop)).values()) == 0
    entries = await shop.store.read(
        lambda tx: tx.all("SELECT object_id FROM audit_entry WHERE action = 'day_key.destroy'")
    )
    assert [entry.object_id for entry in entries] == [str(sealed[0].day)]
    await shop.again()
    await shop.hears("lan", "chào em")
    assert (await bodies(shop))["lan"] == 1, "life goes on under today's key"


async def test_log_ins_that_are_over_go(shop: Shop) -> None:
    await shop.store.run(lambda tx: sessions.begin(tx, "old", "a1"))
    shop.pass_(minutes=50)
    await shop.store.run(lambda tx: sessions.begin(tx, "new", "a1"))
    shop.pass_(minutes=20)
    await ticks.tidy(shop.store)
    left = await shop.store.read(lambda tx: [bytes(row.id_hash) for row in tx.all("SELECT id_hash FROM session")])
    assert left == [sessions.digest("new")]


async def test_search_words_of_the_erased_and_the_withdrawn_go_in_bites(shop: Shop) -> None:
    people = [await shop.customer(name) for name in ("an", "binh", "chi")]
    while await shop.store.run(search.index):
        pass

    def change(tx: Tx) -> None:
        tx.run("UPDATE contact SET erased_at = 1 WHERE id = :id", id=people[0].contact_id)
        tx.insert(
            "consent", id="w", contact_id=people[1].contact_id, purpose="C1", state="withdrawn", text_key="", text_version="", text_hash="", lang="vi",
            channel="telegram", account_id=ACCOUNT.id, external_id="", at=tx.now_ms + 1,
        )  # fmt: skip

    await shop.store.run(change)
    assert [await shop.store.run(lambda tx: retention.words(tx, limit=2)) for _ in range(3)] == [2, 1, 0]
    left = await shop.store.read(
        lambda tx: {row.contact_id for row in tx.all("SELECT DISTINCT contact_id FROM search_token")}
    )
    assert left == {people[2].contact_id}


async def test_what_was_entered_of_people_who_did_not_agree_goes_after_a_month(shop: Shop) -> None:
    await shop.customer("agreed")
    await shop.hears("silent", "chào shop")
    lanes = await shop.store.read(lambda tx: tx.all("SELECT thread, conversation_id AS id FROM contact_point"))

    def enter(tx: Tx) -> None:
        for lane in lanes:
            field_changes.add(
                tx,
                conversation_id=lane.id,
                name="dob",
                before=None,
                after="1990-05-12",
                raw="12/5/90",
                source="form",
                by="a1",
            )
            for state in ("done", "open"):
                made = tasks.add(tx, conversation_id=lane.id, owner_id="a1", due_at=tx.now_ms, note="gọi vợ", by="a1")
                tx.run("UPDATE task SET state = :state WHERE id = :id", id=made, state=state)

    def left(tx: Tx) -> set[tuple[str, str]]:
        of = "JOIN contact_point p ON p.conversation_id = w.conversation_id WHERE w."
        changed = tx.all(f"SELECT p.thread, 'change' AS what FROM field_change w {of}value_sealed IS NOT NULL")
        promised = tx.all(f"SELECT p.thread, w.state AS what FROM task w {of}note_sealed IS NOT NULL")
        return {(row.thread, row.what) for row in (*changed, *promised)}

    await shop.store.run(enter)
    everything = {(thread, what) for thread in ("agreed", "silent") for what in ("change", "done", "open")}
    shop.pass_(days=29)
    await ticks.tidy(shop.store)
    assert await shop.store.read(left) == everything
    shop.pass_(days=2)
    await ticks.tidy(shop.store)
    assert await shop.store.read(left) == everything - {("silent", "change"), ("silent", "done")}


async def test_what_was_entered_goes_with_the_consent_that_it_rested_on(shop: Shop) -> None:
    lan = await shop.customer("lan")
    body = {"fields": {"dob": "1990-05-12"}, "raw": {"dob": "12/5/90"}, "by": "a1", "agreed": True}

    async def fill(key: str) -> list[Any]:
        def came(tx: Tx) -> None:
            row = tx.one("SELECT point_id, account_id FROM conversation WHERE id = :id", id=lan.conversation_id)
            assert row is not None
            inbox.insert_own(
                tx,
                point_id=row.point_id,
                account_id=row.account_id,
                kind=FILLED,
                source="system",
                key=key,
                body_=orjson.dumps({**body, "conversation_id": lan.conversation_id}),
                state="new",
            )

        await shop.store.run(came)
        await shop.settled()
        rows = await shop.store.read(lambda tx: tx.all("SELECT value_sealed FROM field_change"))
        return [row.value_sealed is not None for row in rows]

    assert await fill("one") == [True]
    await shop.hears("lan", "tôi rút lại đồng ý")
    assert await fill("two") == [False], "what he had entered is gone, what he enters now is not kept"


async def test_each_bite_is_small_and_the_same_again_is_nothing(shop: Shop) -> None:
    shop.store.stop_thinking()
    many = [
        Arrival(account_id=ACCOUNT.id, key=f"i{n}", kind="text", thread="", body=b"{}", state="ignored")
        for n in range(1200)
    ]
    for at in range(0, len(many), 300):
        await shop.store.ingest(many[at : at + 300])
    shop.pass_(hours=25)
    assert [await shop.store.run(retention.bodies) for _ in range(4)] == [500, 500, 200, 0]
    left: Any = await shop.store.read(
        lambda tx: tx.value("SELECT COUNT(*) FROM inbox_event WHERE body_sealed IS NOT NULL")
    )
    assert left == 0
    shop.ms += 40 * DAY_MS
    assert await ticks.tidy(shop.store) > 0
    assert await ticks.tidy(shop.store) == 0
