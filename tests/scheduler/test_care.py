"""Care: every question once, in Viet Nam's decent hours, whatever happens to the process in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler import care as ticks
from scheduler import timers
from storage import care, policies
from storage.tx import Tx
from tests.support.shop import DAY_MS, HOUR_MS, MAI, Customer, Shop

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
CHECK, SURVEY = "đã tới nơi chưa ạ", "hài lòng với IBAOHIEM"


def ms(text: str) -> int:
    """Viet Nam's clock: 23T09:00 of November 2026."""
    return round(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=HANOI).timestamp() * 1000)


# ---- pure


@pytest.mark.parametrize(
    "at, when",
    [
        ("23T09:00", "23T09:00"),
        ("23T08:00", "23T08:00"),
        ("23T07:59", "23T08:00"),
        ("23T00:00", "23T08:00"),
        ("23T20:59", "23T20:59"),
        ("23T21:00", "24T08:00"),
        ("23T23:59", "24T08:00"),
    ],
)
def test_decent_hours(at: str, when: str) -> None:
    assert care.decent(ms(at)) == ms(when)


@pytest.mark.parametrize(
    "due, now, hours",
    [
        ("23T09:00", "23T09:00", 0),
        ("23T09:00", "23T08:00", 0),
        ("23T09:00", "23T15:00", 6),
        ("23T20:00", "24T09:00", 2),
        ("23T20:59", "24T08:00", 1 / 60),
        ("23T22:00", "24T07:00", 0),
        ("23T09:00", "25T09:00", 26),
    ],
)
def test_nobody_is_late_for_a_night(due: str, now: str, hours: float) -> None:
    assert care.late(ms(due), ms(now)) == round(hours * HOUR_MS)


def row(**changes: Any) -> Any:
    values = {
        "id": "0" * 20 + "00001v", "kind": "received", "due_at": ms("23T09:00"), "policy_state": "issued", "erased_at": None,
        "last_delivery": "sent:", "reachable": True, "status": "closed",
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


FATES: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "23T09:00", "fire", ""),
    ({"status": None}, "23T09:00", "fire", ""),
    ({"last_delivery": "to_send:answer_lost"}, "23T09:00", "fire", ""),
    ({"last_delivery": "delivered:wrong_info", "kind": "survey"}, "23T09:00", "fire", ""),
    ({"last_delivery": "delivered:"}, "23T15:00", "fire", ""),
    ({"last_delivery": "delivered:"}, "23T15:01", "expired", "missed"),
    ({"due_at": ms("22T20:59")}, "23T08:00", "fire", ""),
    ({"last_delivery": "confirmed:"}, "23T09:00", "skipped", "confirmed"),
    ({"last_delivery": "confirmed:", "kind": "survey"}, "23T09:00", "fire", ""),
    ({"last_delivery": None}, "23T09:00", "later", "not_sent"),
    ({"last_delivery": "to_send:"}, "23T09:00", "later", "not_sent"),
    ({"last_delivery": "failed:blocked"}, "27T09:00", "later", "not_sent"),
    ({"last_delivery": "failed:not_received", "kind": "survey"}, "23T09:00", "later", "not_received"),
    ({"last_delivery": None, "policy_state": "expired"}, "23T09:00", "expired", "policy ended"),
    ({"policy_state": "expired", "kind": "survey"}, "23T09:00", "fire", ""),
    ({"policy_state": "cancelled"}, "23T09:00", "cancelled", "policy cancelled"),
    ({"erased_at": 1}, "23T09:00", "cancelled", "erased"),
    ({"reachable": False}, "23T09:00", "skipped", "unreachable"),
    ({"status": "with_advisor"}, "23T09:00", "later", "with_advisor"),
]


@pytest.mark.parametrize("changes, now, name, reason", FATES)
def test_what_becomes_of_a_due_task(changes: dict[str, Any], now: str, name: str, reason: str) -> None:
    decided = ticks.fate(row(**changes), now=ms(now), crowded=False)
    assert (decided.name, decided.reason) == (name, reason)


def test_an_advisor_is_given_two_hours_and_a_crowd_an_hour() -> None:
    assert ticks.fate(row(status="with_advisor"), now=ms("23T09:00"), crowded=False).at == ms("23T11:00")
    spread = [
        ticks.fate(row(id="0" * 20 + f"{n:06d}"), now=ms("23T10:00"), crowded=True) for n in range(0, 900_000, 1000)
    ]
    assert {one.reason for one in spread} == {"spread"}
    after = sorted(one.at - ms("23T10:00") for one in spread)
    assert 0 <= after[0] < 0.1 * HOUR_MS
    assert 0.9 * HOUR_MS < after[-1] < HOUR_MS
    assert ticks.fate(row(), now=ms("23T09:00") + 30_000, crowded=True).name == "fire", "in time is in time"


# ---- with a store


async def tick(shop: Shop, *, think: bool = True) -> int:
    """What the scheduler does, once each."""
    await shop.store.run(timers.fire)
    await shop.store.run(policies.turn)
    fired = await shop.store.run(ticks.fire)
    if think:
        await shop.settled()
    return fired


def asked(shop: Shop, thread: str, words: str) -> int:
    return sum(words in out.text for out in shop.sent if out.thread == thread)


@pytest.mark.slow
async def test_every_question_once_in_thirty_days_of_restarts(shop: Shop) -> None:
    """Who answers, who is silent, who stops us, who got nothing, whom an advisor keeps, who blocked us."""
    people = {name: await shop.customer(name, name.title()) for name in ("an", "binh", "chi", "dung", "em", "phuc")}
    sold = {name: await shop.sold(who, f"XM-{name}") for name, who in people.items()}
    shop.ms = ms("23T22:30")  # the advisor works late
    for made in sold.values():
        await shop.deliver(made)
    await shop.act(people["em"].conversation_id, "reopen")
    await shop.settled()
    answered: Counter[tuple[str, int]] = Counter()
    begun = shop.ms
    for step in range(30 * 4):
        shop.ms = begun + round((step + 1) * 6 * HOUR_MS)
        shop.store.stop_thinking()
        await tick(shop, think=False)
        await shop.again()  # between the event and the thought
        await shop.settled()
        await _play(shop, people, sold, answered)
    for out in shop.sent:
        if CHECK in out.text or SURVEY in out.text:
            assert care.decent(out.at) == out.at, out
    assert {name: asked(shop, name, CHECK) for name in people} == {
        "an": 1,
        "binh": 1,
        "chi": 2,
        "dung": 1,
        "em": 1,
        "phuc": 0,
    }
    assert {name: asked(shop, name, SURVEY) for name in people} == {
        "an": 1,
        "binh": 1,
        "chi": 1,
        "dung": 0,
        "em": 1,
        "phuc": 0,
    }
    states = {(name, kind): (await shop.task(sold[name], kind)) for name in people for kind in ("received", "survey")}
    assert {each: task.state for each, task in states.items()} == {
        ("an", "received"): "answered", ("an", "survey"): "answered",
        ("binh", "received"): "sent", ("binh", "survey"): "sent",
        ("chi", "received"): "answered", ("chi", "survey"): "answered",
        ("dung", "received"): "answered", ("dung", "survey"): "skipped",
        ("em", "received"): "sent", ("em", "survey"): "sent",
        ("phuc", "received"): "skipped", ("phuc", "survey"): "skipped",
    }  # fmt: skip
    assert states["dung", "survey"].reason == "opted out"
    assert states["phuc", "received"].reason == "unreachable; call"
    assert await _answer(shop, states["an", "survey"]) == ("5", "em Mai nhiệt tình")
    assert await _answer(shop, states["chi", "survey"]) == ("2", "")
    low = await shop.store.read(
        lambda tx: tx.all("SELECT reason FROM handoff WHERE conversation_id = :id", id=people["chi"].conversation_id)
    )
    assert "complaint" in {one.reason for one in low}
    events = await shop.store.read(lambda tx: tx.all("SELECT key FROM inbox_event WHERE key LIKE 'care:%'"))
    assert len({event.key for event in events}) == len(events)


async def _play(
    shop: Shop, people: dict[str, Customer], sold: dict[str, str], answered: Counter[tuple[str, int]]
) -> None:
    """What the customers and the advisor do when they see what came."""
    said = {(out.thread, at): out.text for at, out in enumerate(shop.sent) if CHECK in out.text or SURVEY in out.text}
    for (name, at), text in said.items():
        if answered[name, at]:
            continue
        answered[name, at] += 1
        first = CHECK in text
        if name == "an":
            await shop.hears(name, "nhận được rồi em" if first else "5 sao nhé")
            if not first:
                await shop.hears(name, "em Mai nhiệt tình")
        elif name == "chi" and first and sum(who == "chi" for who, _ in answered) == 1:
            await shop.hears(name, payload="got:no")
            await shop.act(people[name].conversation_id, "take")
            await shop.deliver(sold[name])
            await shop.act(people[name].conversation_id, "close", outcome="done")
        elif name == "chi":
            await shop.hears(name, payload="got:yes" if first else "csat:2")
        elif name == "dung" and first:
            await shop.hears(name, "rồi")
            await shop.hears(name, "dừng")
    await shop.settled()
    if shop.ms >= ms("26T04:00") and not answered["em-closed", 0]:
        answered["em-closed", 0] += 1
        await shop.act(people["em"].conversation_id, "close", outcome="done")
    if not answered["phuc-blocked", 0]:
        answered["phuc-blocked", 0] += 1
        await shop.store.run(
            lambda tx: tx.run("UPDATE contact_point SET reachable = :no WHERE thread = 'phuc'", no=False)
        )
    await shop.settled()


async def _answer(shop: Shop, task: Any) -> tuple[str, str]:
    (found,) = [
        each
        for each in await shop.store.read(lambda tx: care.page(tx, policy=task.policy_id, limit=9))
        if each.id == task.id
    ]
    assert b"nhi" not in bytes(task.answer_sealed)
    return found.answer, found.comment


async def test_labels_tell_the_answers_in_the_lists(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    await shop.deliver(made)
    shop.pass_(days=1, minutes=1)
    await tick(shop)
    await shop.hears("lan", payload="got:yes")
    shop.pass_(days=7, minutes=1)
    await tick(shop)
    await shop.hears("lan", payload="csat:4")
    conversation = await shop.row("conversation", lan.conversation_id)
    assert conversation.labels == '["care:received","csat:4"]'


async def test_questions_wait_for_the_morning(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    shop.ms = ms("23T21:30")
    await shop.deliver(made)
    assert (await shop.task(made, "received")).due_at == ms("25T08:00")
    await shop.store.run(
        lambda tx: tx.run("UPDATE care_task SET due_at = :due WHERE kind = 'received'", due=ms("24T20:59"))
    )
    for at, fires in (
        ("24T20:58", 0),
        ("24T21:00", 0),
        ("25T03:00", 0),
        ("25T07:59", 0),
        ("25T08:00", 1),
        ("25T08:01", 0),
    ):
        shop.ms = ms(at)
        assert await tick(shop) == fires, at


async def test_a_question_that_could_not_leave_by_nine_in_the_evening_does_not_leave_at_night(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    shop.ms = ms("23T20:20")
    await shop.deliver(made)
    shop.ms = ms("24T20:25")
    shop.fate = lambda job: "retry_wait"
    assert await tick(shop) == 1
    rows = await shop.store.read(lambda tx: tx.all("SELECT not_after FROM outbox WHERE klass = 'D'"))
    assert {row.not_after for row in rows} == {ms("24T21:00")}
    shop.fate = None
    shop.ms = ms("25T00:55")
    await tick(shop)
    assert asked(shop, "lan", CHECK) == 0


async def test_before_anything_was_sent_nothing_is_asked_and_people_see_why(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    for _ in range(4):
        shop.pass_(days=1, hours=1)
        assert await tick(shop) == 0
    task = await shop.task(made, "received")
    assert (task.state, task.reason) == ("planned", "not_sent")
    await shop.deliver(made)
    assert (await shop.task(made, "received")).due_at == shop.ms + DAY_MS
    shop.pass_(days=1)
    assert await tick(shop) == 1


async def test_a_process_that_was_down_asks_what_is_still_timely(shop: Shop) -> None:
    lan, minh = await shop.customer("lan"), await shop.customer("minh", "Minh")
    first, second = await shop.sold(lan, "A"), await shop.sold(minh, "B")
    await shop.deliver(first)
    shop.pass_(hours=3)
    await shop.deliver(second)
    await shop.close(clean=False)
    shop.pass_(days=1, hours=4)
    await shop.open()
    assert await tick(shop) == 1
    assert [(await shop.task(each, "received")).state for each in (first, second)] == ["expired", "sent"]


async def test_many_that_were_missed_come_within_the_hour_each_once(shop: Shop) -> None:
    lan = await shop.customer("lan")
    many = 60

    def unit(tx: Tx) -> list[str]:
        made = [shop.issue(tx, lan, f"N-{number}") for number in range(many)]
        for policy in made:
            tx.insert(
                "delivery", id=f"d{policy[1:]}", policy_id=policy, contact_id=lan.contact_id, means="chat", state="sent", route="telegram:main",
                reason="", document_sha256="", created_by=MAI.id, created_at=tx.now_ms, sent_at=tx.now_ms,
            )  # fmt: skip
        tx.run("UPDATE care_task SET state = 'cancelled' WHERE kind = 'survey'")
        return made

    await shop.store.run(unit)
    shop.pass_(days=1, hours=2)
    shop.store.stop_thinking()  # only the clock is looked at
    fired: list[int] = []
    for _ in range(70):
        fired.append(await shop.store.run(ticks.fire))
        shop.pass_(minutes=1)
    assert sum(fired) == many
    assert max(fired) < many / 4
    events = await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM inbox_event WHERE key LIKE 'care:%'"))
    assert events == many


async def test_an_open_question_gives_way_after_a_day_and_holds_back_the_next_until_then(shop: Shop) -> None:
    lan = await shop.customer("lan")
    first, second = await shop.sold(lan, "A"), await shop.sold(lan, "B")
    await shop.deliver(first)
    await shop.deliver(second)
    shop.pass_(days=1, minutes=1)
    await tick(shop)
    assert asked(shop, "lan", CHECK) == 1
    waiting = [(await shop.task(each, "received")) for each in (first, second)]
    assert sorted(task.state for task in waiting) == ["planned", "sent"]
    assert {task.reason for task in waiting if task.state == "planned"} == {"busy"}
    for _ in range(12):
        shop.pass_(hours=2, minutes=1)
        await tick(shop)
    shop.pass_(hours=3)
    await tick(shop)
    assert asked(shop, "lan", CHECK) == 2
    for _ in range(40):
        shop.pass_(hours=6)
        await tick(shop)
    assert asked(shop, "lan", SURVEY) == 1, "one opinion in 90 days"
    states = sorted([(await shop.task(each, "survey")).state for each in (first, second)])
    assert states == ["sent", "skipped"]


async def test_a_cancelled_policy_is_not_asked_about_even_when_it_was_put_off(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    await shop.deliver(made)
    await shop.act(lan.conversation_id, "reopen")
    shop.pass_(days=1, minutes=1)
    assert await tick(shop) == 0
    task = await shop.task(made, "received")
    assert (task.state, task.reason, task.due_at) == ("planned", "with_advisor", shop.ms + 2 * HOUR_MS)
    await shop.store.run(lambda tx: policies.cancel(tx, made, by=MAI.id, reason="customer"))
    await shop.act(lan.conversation_id, "close", outcome="done")
    for _ in range(30):
        shop.pass_(hours=8)
        assert await tick(shop) == 0
    assert [(await shop.task(made, kind)).state for kind in ("received", "survey")] == ["cancelled", "cancelled"]
    assert asked(shop, "lan", CHECK) == 0


async def test_a_question_that_did_not_arrive_is_not_waited_for(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    await shop.deliver(made)
    shop.pass_(days=1, minutes=1)
    shop.fate = lambda job: "failed"
    await tick(shop)
    task = await shop.task(made, "received")
    assert (task.state, task.reason) == ("skipped", "not sent: blocked")


async def test_death_before_the_commit_costs_nothing(shop: Shop) -> None:
    lan = await shop.customer("lan")
    made = await shop.sold(lan)
    await shop.deliver(made)
    shop.pass_(days=1, minutes=1)

    def dies(tx: Tx) -> None:
        assert ticks.fire(tx) == 1
        raise KeyError("killed")

    with pytest.raises(KeyError):
        await shop.store.run(dies)
    assert not (await shop.task(made, "received")).fired
    await shop.close(clean=False)
    await shop.open()
    assert await tick(shop) == 1
    await shop.close(clean=False)
    await shop.open()
    assert await tick(shop) == 0
    assert asked(shop, "lan", CHECK) == 1


async def test_two_processes_tick_at_once_and_one_asks(pg_url: str) -> None:
    one = await Shop(pg_url).open()
    other = Shop(pg_url, keys=one.keys)
    await other.open()
    try:
        lan = await one.customer("lan")
        people = [lan, await one.customer("minh", "Minh"), await one.customer("hoa", "Hoa")]
        sold = [await one.sold(who, f"XM-{number}") for number, who in enumerate(people)]
        for made in sold:
            await one.deliver(made)
        for shop in (one, other):
            shop.pass_(days=1, minutes=5)
        other.ms = one.ms
        counts = await asyncio.gather(*(shop.store.run(ticks.fire) for shop in (one, other) for _ in range(8)))
        assert sum(counts) == len(people)
        for shop in (one, other):
            await shop.settled()
        both = one.sent + other.sent
        assert sorted(out.thread for out in both if CHECK in out.text) == ["hoa", "lan", "minh"]
        assert {(await one.task(made, "received")).state for made in sold} == {"sent"}
    finally:
        await other.close()
        await one.close()


def test_the_zone_is_viet_nams() -> None:
    assert timedelta(milliseconds=care.ZONE_MS) == datetime(2026, 7, 1, tzinfo=UTC).astimezone(HANOI).utcoffset()
