"""Data-subject requests in the tables: clocks that ring once, for whoever is due."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

from gateway.lawclocks import LawClocks
from handlers.rights import ALARMS
from storage import erasure, erasure_steps, exports, people, privacy, privacy_clocks, privacy_heard, retention, steps
from storage.db import Store
from storage.ids import new_id
from storage.tx import Tx
from tests.storage.conftest import Hand
from tests.support.shop import Shop

DAY_MS = 86_400_000


def asked(tx: Tx, days: int = 10, *, received: int = 0, **more: Any) -> str:
    """Of somebody new, received `received` days ago, due `days` after that."""
    since = tx.now_ms - received * DAY_MS
    values: dict[str, Any] = {
        "contact_id": more.pop("contact_id", "") or people.newcomer(tx, name="Lan", phones=[], emails=[], source="x"),
        "conversation_id": None, "kind": "access", "code": "", "source": "desk", "way": "phone", "words": "",
        "received_at": since, "ack_due_at": since + 2 * DAY_MS, "due_at": since + days * DAY_MS, "acknowledged_at": since,
        "by": "x", **more,
    }  # fmt: skip
    return privacy.add(tx, **values)


CLOCKS = (  # days since it came in, was he answered, what has rung, days from then to an extension, does it ring
    (4, True, "", 0, False),
    (5, True, "", 0, True),
    (5, True, "half", 0, False),
    (8, True, "half", 0, True),
    (8, True, "half near", 0, False),
    (10, True, "near", 0, False),
    (11, True, "near", 0, True),
    (11, True, "near over", 0, False),
    (11, True, "near over", 1, True),
    (3, False, "", 0, True),
    (3, False, "unanswered", 0, False),
    (9, False, "unanswered", 0, True),
    (9, False, "near", 0, True),
    (9, False, "near unanswered", 0, False),
)


async def test_only_what_has_not_rung_rings(store: Store) -> None:
    def unit(tx: Tx) -> None:
        person = people.newcomer(tx, name="Lan", phones=[], emails=[], source="x")
        made = {}
        for received, answered, rung, extended, rings in CLOCKS:
            more: dict[str, Any] = {} if answered else {"acknowledged_at": None}
            one = asked(tx, received=received, contact_id=person, **more)
            for alarm in rung.split():
                privacy.write_step(tx, one, person, f"alarm_{alarm}", "", "", "system", {})
            if extended:
                later = tx.now_ms + extended * DAY_MS
                tx.run("UPDATE privacy_request SET extended_at = :at WHERE id = :id", at=later, id=one)
            made[one] = rings
        found = {each.id for each in privacy_clocks.ringing(tx, ALARMS)}
        assert {one: one in found for one in made} == made

    await store.run(unit)


async def test_what_rang_long_ago_is_in_nobodys_way(store: Store, hand: Hand) -> None:
    def fill(tx: Tx) -> None:
        person = people.newcomer(tx, name="Lan", phones=[], emails=[], source="x")
        for _ in range(4):
            late = asked(tx, received=20, contact_id=person)
            privacy.write_step(tx, late, person, "alarm_over", "", "", "system", {})
        asked(tx, received=5, contact_id=person)
        asked(tx, received=8, contact_id=person)

    await store.run(fill)
    assert await store.read(lambda tx: privacy_clocks.counts(tx, near=0.8)) == (6, 1, 4)
    seen = await store.run(lambda tx: privacy_clocks.ringing(tx, ALARMS, limit=2))
    assert [hand.ms - one.received_at for one in seen] == [8 * DAY_MS, 5 * DAY_MS]


def says(tx: Tx, contact_id: str, code: str, *, told: bool = False) -> str:
    return privacy_heard.heard(
        tx, contact_id=contact_id, conversation_id="c", message_id=None, kind="delete", code=code, words=f"xóa {code}",
        received_at=tx.now_ms, ack_due_at=tx.now_ms + 2 * DAY_MS, due_at=tx.now_ms + 20 * DAY_MS, told=told,
    )  # fmt: skip


async def test_said_again_and_again_is_one_request_and_one_line(store: Store, hand: Hand) -> None:
    def unit(tx: Tx) -> privacy.Row:
        lan, twin = (people.newcomer(tx, name="Lan", phones=[], emails=[], source="x") for _ in range(2))
        tx.run("UPDATE contact SET merged_into = :lan WHERE id = :twin", lan=lan, twin=twin)
        ids = {says(tx, lan, f"DL-{n}") for n in range(50)} | {says(tx, twin, "DL-T"), says(tx, lan, "DL-49")}
        assert len(ids) == 1
        row = privacy.one(tx, ids.pop())
        assert row is not None
        assert (row.contact_id, row.codes) == (lan, ("DL-0", *(f"DL-{n}" for n in range(32, 50)), "DL-T"))
        told = [(one.act, one.note.get("words"), one.note.get("times")) for one in privacy.steps(tx, row)]
        assert sorted(told, key=str) == [
            ("again", "xóa DL-49", 50), ("again", "xóa DL-T", None), ("receive", None, None)
        ]  # fmt: skip
        for _ in range(steps.SHOWN):
            privacy.write_step(tx, row.id, lan, "note", "received", "received", "x", {"note": "cũ"})
        return row

    row = await store.run(unit)
    hand.ms += 1
    new = {"note": "mới"}
    await store.run(lambda tx: privacy.write_step(tx, row.id, row.contact_id, "note", "received", "received", "x", new))
    shown = await store.read(lambda tx: privacy.steps(tx, row))
    assert (len(shown), shown[-1].note) == (steps.SHOWN, new)


async def test_two_processes_hear_one_request(pg_url: str) -> None:
    one = await Shop(pg_url).open()
    two = await Shop(pg_url, keys=one.keys).open()
    try:
        lan, twin = await one.store.run(
            lambda tx: [people.newcomer(tx, name="Lan", phones=[], emails=[], source="x") for _ in range(2)]
        )
        await one.store.run(
            lambda tx: tx.run("UPDATE contact SET merged_into = :lan WHERE id = :twin", lan=lan, twin=twin)
        )
        loop = asyncio.get_running_loop()
        second: list[Future[str]] = []

        def first(tx: Tx) -> str:
            made = says(tx, twin, "DL-1")
            second.append(asyncio.run_coroutine_threadsafe(two.store.run(lambda tx: says(tx, lan, "DL-2")), loop))
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            for _ in range(3000):
                tx.run("SELECT pg_stat_clear_snapshot()")
                if tx.value(waits) or second[0].done():
                    break
                tx.run("SELECT pg_sleep(0.01)")
            return made

        made = await one.store.run(first)
        assert await asyncio.wrap_future(second[0]) == made
    finally:
        await two.close()
        await one.close()


async def test_two_processes_ring_once(pg_url: str) -> None:
    one = await Shop(pg_url).open()
    two = await Shop(pg_url, keys=one.keys).open()
    try:
        await one.store.run(lambda tx: asked(tx, received=8))
        looks = [LawClocks(cast("Any", SimpleNamespace(store=shop.store))) for shop in (one, two)]
        rang: list[list[str]] = []

        def first(tx: Tx) -> None:
            rang.append(looks[0]._ring(tx))
            rang.append(asyncio.run_coroutine_threadsafe(two.store.run(looks[1]._ring), loop).result(30))

        loop = asyncio.get_running_loop()
        await one.store.run(first)
        rang.append(await two.store.run(looks[1]._ring))
        assert rang == [["near"], [], []]
    finally:
        await two.close()
        await one.close()


def test_what_has_had_its_time_is_looked_for_by_retention() -> None:
    steps = [step for _, step in retention.STEPS]
    assert {exports.forget, privacy_clocks.forget_old} <= set(steps)


async def test_requests_outlive_who_asked_by_five_years(store: Store) -> None:
    """Counted from his erasure, and not while the law keeps anything of him; what is open stays, and who is with us keeps his."""
    year = 365 * DAY_MS
    cases = {  # years since it was closed, since he was erased, since the law's keeping of him ends
        "gone": (6, 6, None),
        "kept by the law": (9, 9, -1),
        "erased lately": (9, 1, None),
        "with us": (9, None, None),
        "open": (None, 9, None),
    }

    def unit(tx: Tx) -> set[str]:
        for name, (closed, erased, held) in cases.items():
            person = people.newcomer(tx, name="Lan", phones=[], emails=[], source="x")
            asked(tx, contact_id=person, code=name, received=5)
            ago = {
                key: None if n is None else tx.now_ms - n * year for key, n in (("closed", closed), ("erased", erased))
            }
            tx.run(
                "UPDATE privacy_request SET closed_at = :closed, emptied = :emptied WHERE contact_id = :id",
                closed=ago["closed"],
                emptied=erased is not None,
                id=person,
            )
            tx.run("UPDATE contact SET erased_at = :erased WHERE id = :id", erased=ago["erased"], id=person)
            if held is not None:
                until = tx.now_ms - held * year
                tx.insert(
                    "held", id=new_id(), contact_id=person, kind="policy", object_id="", reason="x", until=until,
                    key_sealed=b"k", body_sealed=b"b", created_at=0,
                )  # fmt: skip
        assert privacy_clocks.forget_old(tx) == 1
        assert tx.value("SELECT count(*) FROM privacy_step") == len(cases) - 1
        return {row.code for row in tx.all("SELECT code FROM privacy_request")}

    assert await store.run(unit) == set(cases) - {"gone"}


async def test_a_question_for_a_table_goes_after_thirty_days(store: Store, hand: Hand) -> None:
    made = await store.run(lambda tx: exports.ask(tx, purpose="care", wanted={"q": "0912345678"}, by="x", behind=()))
    hand.ms += 29 * DAY_MS
    assert await store.run(exports.forget) == 0
    hand.ms += 2 * DAY_MS
    assert await store.run(exports.forget) == 1
    assert await store.read(lambda tx: exports.one(tx, made)) is None


async def test_what_an_erased_person_had_asked_for_ends_with_him(store: Store) -> None:
    def unit(tx: Tx) -> None:
        lan, hung = (people.newcomer(tx, name=name, phones=[], emails=[], source="x") for name in ("Lan", "Hùng"))
        made = {kind: asked(tx, contact_id=lan, kind=kind) for kind in ("delete", "access", "withdraw", "complaint")}
        over = asked(tx, contact_id=lan, kind="rectify")
        known = privacy.one(tx, over)
        assert known is not None
        privacy.change(tx, known, "refuse", {"state": "refused", "closed_at": 1}, note={}, by="x")
        others = asked(tx, contact_id=hung)
        job = erasure.ask(tx, lan, by="x", reason="request", now=True)
        while (step := erasure_steps.step(tx, job)) not in ("vacuum", ""):
            pass
        running = erasure.find(tx, job)
        assert (step, running is not None) == ("vacuum", True)
        erasure_steps.finish(tx, running, {})  # type: ignore[arg-type]
        rows = {row.id: row for row in privacy.page(tx, closed=True, after=None, limit=9)}
        assert {kind: rows[each].state for kind, each in made.items()} == {
            "delete": "done", "access": "erased", "withdraw": "erased", "complaint": "erased",
        }  # fmt: skip
        assert rows[over].state == "refused"
        assert [one.id for one in privacy.page(tx, closed=False, after=None, limit=9)] == [others]
        told = privacy.steps(tx, rows[made["access"]])
        assert [(line.act, line.before, line.after) for line in told] == [
            ("receive", "", "received"), ("erased", "received", "erased"),
        ]  # fmt: skip
        assert rows[made["access"]].erasure_id == job

    await store.run(unit)
