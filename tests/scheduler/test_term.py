"""A policy's term: half-way, towards its end, after it. A year goes by; each is said once, and a last word ends it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest

from handlers import renewal
from scheduler import care as ticks
from scheduler import timers
from storage import advisors, care, policies, tasks, teams, term
from storage.times import at
from storage.tx import Tx
from tests.storage.test_stats import handoff
from tests.support.shop import Customer, Shop

YEAR: Final = 365
PLAN: Final = ["midterm", "renewal_30", "renewal_15", "renewal_7", "renewal_1", "ended"]


async def tick(shop: Shop) -> None:
    await shop.store.run(timers.fire)
    await shop.store.run(policies.turn)
    await shop.store.run(ticks.fire)
    await shop.settled()


async def sold(shop: Shop) -> tuple[Customer, str]:
    """A customer with a policy of a year; what is asked of its certificate is over."""
    who = await shop.customer("lan")
    made = await shop.sold(who)
    await shop.store.run(
        lambda tx: tx.run("UPDATE care_task SET state = 'skipped' WHERE kind IN ('received', 'survey')")
    )
    shop.sent.clear()
    return who, made


async def states(shop: Shop, policy_id: str) -> dict[str, str]:
    rows = await shop.store.read(
        lambda tx: tx.all("SELECT kind, state, reason FROM care_task WHERE policy_id = :id", id=policy_id)
    )
    return {row.kind: f"{row.state} {row.reason}".strip() for row in rows if row.kind in term.KINDS}


async def pass_to(shop: Shop, day: date) -> None:
    """That day at ten, in Viet Nam."""
    here = at(shop.ms + care.ZONE_MS)
    shop.pass_(days=(day - here.date()).days, hours=10 - here.hour, minutes=-here.minute, seconds=-here.second)


def test_the_core_knows_the_same_touches() -> None:
    assert set(renewal.TEXTS) == term.KINDS


@pytest.mark.parametrize(
    "days, kinds", [(365, 6), (180, 6), (179, 5), (40, 5), (31, 5), (30, 4), (8, 3), (7, 2), (1, 1)]
)
def test_a_short_term_has_no_half_and_nothing_before_it_begins(days: int, kinds: int) -> None:
    first = date(2026, 11, 23)
    made = term.touches(first.isoformat(), (first + timedelta(days=days - 1)).isoformat())
    assert sorted(made, key=lambda kind: made[kind]) == PLAN[-kinds:]
    assert all(care.decent(due) == due for due in made.values())


async def test_through_the_whole_term_each_is_said_once(shop: Shop) -> None:
    _, made = await sold(shop)
    first = at(shop.ms + care.ZONE_MS).date()
    said: list[int] = []
    turning = (182, 335, 350, 358, 364, 366)
    for day in sorted({0, 40, 100, 250, *(day + beside for day in turning for beside in (-1, 0, 1))}):
        await pass_to(shop, first + timedelta(days=day))
        before = len(shop.sent)
        await tick(shop)
        if len(shop.sent) > before:
            said.append(YEAR - day)
        if day in (100, 357):
            await shop.again()
    assert said == [182, 30, 15, 7, 1, -1]  # days before its last one
    assert set((await states(shop, made)).values()) == {"sent"}
    assert "hết hạn" in shop.sent[-1].text
    assert all("TNDS" not in out.text or "XM-0001" in out.text for out in shop.sent)


async def test_of_several_that_are_due_together_the_last_is_said(shop: Shop) -> None:
    _, made = await sold(shop)
    ends = at(shop.ms + care.ZONE_MS).date() + timedelta(days=YEAR)
    await pass_to(shop, ends - timedelta(days=6))  # we were away for most of the year
    await tick(shop)
    assert len(shop.sent) == 1
    assert "7 ngày" in shop.sent[0].text
    found = await states(shop, made)
    assert [found[kind] for kind in ("renewal_30", "renewal_15")] == ["skipped a later one is due"] * 2
    assert (found["midterm"], found["renewal_1"]) == ("expired missed", "planned")


ANSWERS: Final = (  # his words, what is kept of them, what becomes of the rest
    ("ừ gia hạn đi em", "", "renew", "cancelled renew"),
    ("thôi không gia hạn nữa", "", "declined", "cancelled declined"),
    ("xe bán rồi em ơi", "", "sold", "cancelled sold"),
    ("để sau nhé", "", "later", "planned"),
    ("", "term:renew", "renew", "cancelled renew"),
    ("", "term:later", "later", "planned"),
)


async def test_his_answer_is_kept_and_a_last_word_ends_it(shop: Shop) -> None:
    made = []
    for number in range(len(ANSWERS)):
        who = await shop.customer(f"khach{number}")
        made.append((who, await shop.sold(who, f"XM-{number:04}")))
    await shop.store.run(
        lambda tx: tx.run("UPDATE care_task SET state = 'skipped' WHERE kind IN ('received', 'survey')")
    )
    ends = at(shop.ms + care.ZONE_MS).date() + timedelta(days=YEAR)
    await pass_to(shop, ends - timedelta(days=30))
    await tick(shop)
    for number, (text, payload, told, rest) in enumerate(ANSWERS):
        who, policy_id = made[number]
        await shop.hears(f"khach{number}", text, payload=payload)
        await shop.settled()
        answered = await shop.store.read(
            lambda tx, policy=policy_id: care.page(tx, policy=policy, state="answered", limit=9)
        )
        assert [(one.kind, one.answer) for one in answered] == [("renewal_30", told)], text or payload
        found = await states(shop, policy_id)
        assert {found[kind] for kind in ("renewal_15", "renewal_7", "renewal_1", "ended")} == {rest}
        row = await shop.row("conversation", who.conversation_id)
        assert (row.status == "waiting") is (told == "renew")


async def test_a_renewed_policy_is_nobodys_question(shop: Shop) -> None:
    who, made = await sold(shop)
    ends = at(shop.ms + care.ZONE_MS).date() + timedelta(days=YEAR)
    await pass_to(shop, ends - timedelta(days=20))
    await shop.sold(who, "XM-0002", renews=made, starts_on=(ends + timedelta(days=1)).isoformat(),
                    ends_on=(ends + timedelta(days=YEAR)).isoformat())  # fmt: skip
    found = await states(shop, made)
    assert {found[kind] for kind in ("renewal_15", "renewal_7", "renewal_1", "ended")} == {"cancelled renewed"}
    with pytest.raises(policies.Wrong, match="renews"):
        await shop.sold(await shop.customer("hoa"), "XM-0003", renews=made)


async def test_the_call_instead_is_of_somebody_who_works_here(shop: Shop) -> None:
    """The holder, who registered it, who had him last, the care team, the supervisors; never one who left, or a machine."""
    who, made = await sold(shop)
    task = await shop.task(made, "renewal_7")

    def unit(tx: Tx) -> None:
        tx.run("UPDATE advisor SET disabled_at = 1")

        def hire(name: str, role: str = "advisor", email: str | None = "") -> str:
            address = f"{name}@x.vn" if email == "" else email
            person = advisors.create(tx, name=name, role=role, email=address, by="test")
            assert person is not None
            return person.id

        def owner() -> str:
            tx.run("DELETE FROM task")
            for _ in range(2):  # once a policy
                term.call_instead(tx, task.id, "window")
            [call] = tasks.page(tx, state="open", owner="", conversation="", due_before=None, after=None, limit=9)
            return call.owner[0]

        def policy_of(by: str) -> None:
            tx.run("UPDATE policy SET created_by = :by", by=by)

        policy_of(hire("machine", "integration", None))
        chief = hire("thu", "supervisor")
        assert owner() == chief
        care_of = hire("hoa")
        teams.set_members(tx, "care", [care_of, hire("left")], by="test")
        tx.run("UPDATE advisor SET disabled_at = 1 WHERE name = 'left'")
        assert owner() == care_of
        former, gone = hire("nam"), hire("viet")
        advisors.disable(tx, gone, by="test")
        for at_ms, had in enumerate((former, gone)):
            handoff(tx, who.conversation_id, state="closed", taken_by=had, taken_at=at_ms)
        assert owner() == former
        policy_of(registrar := hire("mai"))
        assert owner() == registrar
        tx.run("UPDATE conversation SET assignee_id = :id", id=(holder := hire("lan")))
        assert owner() == holder

    await shop.store.run(unit)


async def test_who_told_us_to_stop_is_not_reminded(shop: Shop) -> None:
    _, made = await sold(shop)
    await shop.hears("lan", "STOP")
    await shop.settled()
    shop.sent.clear()
    await pass_to(shop, at(shop.ms + care.ZONE_MS).date() + timedelta(days=YEAR - 30))
    await tick(shop)
    assert shop.sent == []
    assert (await states(shop, made))["renewal_30"] == "skipped opted out"


async def test_who_cannot_be_reached_is_called_once(shop: Shop) -> None:
    who, made = await sold(shop)
    await shop.store.run(lambda tx: tx.run("UPDATE contact_point SET reachable = :no", no=False))
    ends = at(shop.ms + care.ZONE_MS).date() + timedelta(days=YEAR)
    for before in (30, 15, 7):
        await pass_to(shop, ends - timedelta(days=before))
        await tick(shop)
    open_ = await shop.store.read(
        lambda tx: tasks.page(tx, state="open", owner="", conversation=who.conversation_id, due_before=None, after=None, limit=9)
    )  # fmt: skip
    assert [one.note[:7] for one in open_] == ["Gọi khá"]
    assert (await states(shop, made))["renewal_30"] == "skipped unreachable; call"
    assert shop.sent == []
