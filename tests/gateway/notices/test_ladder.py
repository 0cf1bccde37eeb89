"""A customer waiting with nobody told is impossible: every way that may be there, in every state that it may be in, is
tried against a clock, and it always ends with somebody told or with the alarm ringing, in bounded time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.notices import ladder
from gateway.notices.ladder import RINGS, RUNGS, Case, House, climb, in_quiet
from storage.listeners import KINDS, Listener, Wishes
from storage.tellings import Plan, Telling

PATIENCE_MS = 30_000
BOUND_MS = 5 * PATIENCE_MS  # every rung, and one more
DAY_MS = 86_400_000

# How a way behaves: not there at all; it tells; it fails for good; it never answers (a page that sleeps, a service that
# is busy for ever); the browser is gone.
DESK = ("away", "told", "silent")
PUSH = ("none", "told", "failed", "gone", "silent")
EMAIL = ("none", "told", "failed", "silent")
GROUP = ("none", "told", "failed")
CHIEF = ("nobody", "away", "told", "silent")


def person(name: str, role: str, *, desk: str = "away", push: str = "none", **wishes: Any) -> Listener:
    return Listener(
        id=name,
        name=name,
        email=f"{name}@x.vn",
        role=role,
        here=desk != "away",
        teams=frozenset(),
        push=() if push == "none" else (f"{name}-browser",),
        wishes=replace(Wishes(), **wishes),
    )


@dataclass
class World:
    """What there is, and how each way behaves: (way, person) -> told, failed, gone, silent."""

    people: list[Listener]
    house: House
    behaves: dict[tuple[str, str], str]
    tellings: list[Telling] = field(default_factory=list)

    def take(self, plans: Sequence[Plan], now_ms: int) -> None:
        for plan in plans:
            fate = self.behaves.get((plan.way, plan.advisor_id), "failed")
            told = Telling(
                id=f"{plan.way}{plan.advisor_id}{plan.target}",
                notice_id="n",
                way=plan.way,
                advisor_id=plan.advisor_id,
                target=plan.target,
                state="waiting" if fate == "silent" else fate,
                attempts=1,
                code="",
                created_at=now_ms,
                told_at=now_ms if fate == "told" else None,
            )
            self.tellings = [one for one in self.tellings if one.id != told.id] + [told]


def run(case: Case, world: World, *, until: str = "", for_ms: int = BOUND_MS) -> tuple[Case, int]:
    """The case after its looks, and how long it took to be told or alarmed. `until` -- a state to go on to."""
    now, start = 1_000_000, 1_000_000
    for _ in range(200):
        step = climb(case, world.people, world.house, world.tellings, now_ms=now)
        case = replace(case, state=step.state, step=step.step)
        world.take(step.plans, now)
        if step.state in ("told", "over") or step.state == (until or "alarmed"):
            return case, now - start
        assert step.look_at > now or step.plans, "it would look again and again"
        pending = any(one.state in ladder.UNDER_WAY for one in world.tellings)
        now = step.look_at if pending or not step.plans else now  # what is known already is looked at at once
        if now - start > for_ms:
            break
    return case, now - start


def worlds() -> Iterator[tuple[str, World]]:
    for desk, push, email, group, chief, call in itertools.product(DESK, PUSH, EMAIL, GROUP, CHIEF, (False, True)):
        people = [person("lan", "advisor", desk=desk, push=push)]
        if chief != "nobody":
            people.append(person("thu", "supervisor", desk="away" if chief == "away" else "here"))
        behaves = {
            ("desk", "lan"): desk,
            ("desk", "thu"): chief,
            ("push", "lan"): push,
            ("email", "lan"): email,
            ("email", "thu"): email,
            ("group", ""): group,
            ("on_call", ""): "told",
        }
        house = House(
            letters=email != "none",
            groups=() if group == "none" else ("telegram:main/-1",),
            on_call=("truc@x.vn",) if call else (),
            patience_ms=PATIENCE_MS,
        )
        name = f"desk={desk} push={push} email={email} group={group} chief={chief} call={call}"
        yield name, World(people, house, behaves)


@pytest.mark.parametrize("kind", sorted(RINGS))
def test_somebody_is_told_or_the_alarm_rings(kind: str) -> None:
    count = 0
    for name, world in worlds():
        count += 1
        case, took = run(Case(kind=kind, open=True, urgent=False, hours=True, person="lan"), world)
        told = [one for one in world.tellings if one.state == "told" and one.way != "on_call"]
        assert case.state == ("told" if told else "alarmed"), name
        assert took <= BOUND_MS, name
        reachable = "told" in (world.behaves["desk", "lan"], world.behaves["push", "lan"])
        if reachable and kind not in ("late", "account"):
            assert case.state == "told", name
        if case.state == "alarmed" and world.house.on_call and world.house.letters:
            assert ("on_call", "told") in {(one.way, one.state) for one in world.tellings}, name
    assert count == len(DESK) * len(PUSH) * len(EMAIL) * len(GROUP) * len(CHIEF) * 2


def test_an_account_that_does_not_work_is_told_to_those_who_can_do_something() -> None:
    """At any hour; who may take customers hears nothing. A letter only when nobody heard."""
    people = [person("lan", "advisor", desk="here", push="told"), person("thu", "supervisor", desk="here", push="told")]
    night = Case(kind="account", open=True, urgent=False, hours=False, quiet=frozenset({"thu"}))
    house = House(letters=True, on_call=("truc@x.vn",), patience_ms=PATIENCE_MS)
    step = climb(night, people, house, [], now_ms=0)
    assert {(one.way, one.advisor_id) for one in step.plans} == {("desk", "thu"), ("push", "thu")}
    world = World(people, house, {("desk", "thu"): "silent", ("push", "thu"): "failed", ("email", "thu"): "told"})
    assert run(night, world)[0].state == "told"
    assert {one.way for one in world.tellings} == {"desk", "push", "email"}
    world = World(people[:1], house, {("on_call", ""): "told"})
    assert run(night, world)[0].state == "alarmed"
    assert [(one.way, one.target) for one in world.tellings] == [("on_call", "truc@x.vn")]


def test_nobody_works_here_at_all() -> None:
    world = World([], House(), {})
    case, took = run(Case(kind="waiting", open=True, urgent=False, hours=True), world)
    assert (case.state, took) == ("alarmed", 0)


def test_wishes_and_quiet_hours_silence_nobody_into_the_void() -> None:
    """Everybody turned it off, or wants peace: a chief is told all the same; without one the alarm rings."""
    deaf: dict[str, Any] = {"kinds": dict.fromkeys(KINDS, "off"), "letters": False}
    for chief, urgent in itertools.product((True, False), (True, False)):
        people = [person("lan", "advisor", desk="here", push="told", **deaf)]
        people += [person("thu", "supervisor", push="told", **deaf)] if chief else []
        world = World(people, House(patience_ms=PATIENCE_MS), {("push", "thu"): "told", ("push", "lan"): "told"})
        quiet = frozenset({"lan", "thu"})
        case, _ = run(Case(kind="waiting", open=True, urgent=urgent, hours=True, quiet=quiet), world)
        assert case.state == ("told" if chief else "alarmed")


def test_the_alarm_goes_on_until_somebody_hears() -> None:
    world = World([], House(), {})
    case, _ = run(Case(kind="waiting", open=True, urgent=True, hours=False), world)
    assert case.state == "alarmed"
    world.people.append(person("lan", "advisor", desk="told"))
    world.behaves["desk", "lan"] = "told"
    case, _ = run(case, world, until="told")
    assert case.state == "told"


def test_a_way_that_failed_is_taken_anew_and_one_under_way_is_not() -> None:
    world = World([person("lan", "advisor", push="failed")], House(), {("push", "lan"): "failed"})
    case, _ = run(Case(kind="waiting", open=True, urgent=True, hours=True), world)
    again = climb(case, world.people, world.house, world.tellings, now_ms=DAY_MS)
    assert [one.way for one in again.plans] == ["push"]
    under_way = [replace(one, state="sending") for one in world.tellings]
    assert climb(case, world.people, world.house, under_way, now_ms=DAY_MS).plans == ()


def test_what_may_wait_for_the_morning_wakes_nobody() -> None:
    world = World(
        [person("lan", "advisor", desk="silent", push="told")],
        House(letters=True, groups=("telegram:main/-1",)),
        {("desk", "lan"): "silent", ("push", "lan"): "told"},
    )
    night = Case(kind="waiting", open=True, urgent=False, hours=False)
    step = climb(night, world.people, world.house, [], now_ms=0)
    assert [one.way for one in step.plans] == ["desk"]  # whoever is there anyway
    assert (step.state, step.look_at) == ("open", ladder.AGAIN_MS)
    urgent = climb(replace(night, urgent=True), world.people, world.house, [], now_ms=0)
    assert {one.way for one in urgent.plans} == {"desk", "push", "group"}


def test_it_ends_when_nobody_waits_any_more() -> None:
    for kind in RUNGS:
        assert climb(Case(kind=kind, open=False, urgent=True, hours=True), [], House(), [], now_ms=5).state == "over"


def test_own_matters_are_told_to_their_person_only() -> None:
    people = [person("lan", "advisor", desk="here", push="told"), person("thu", "supervisor", desk="here")]
    for kind in ("message", "offered", "task"):
        step = climb(Case(kind=kind, open=True, urgent=False, hours=True, person="lan"), people, House(), [], now_ms=0)
        assert {one.advisor_id for one in step.plans} == {"lan"}
    digest = Case(kind="digest", open=True, urgent=False, hours=True, person="lan")
    assert climb(digest, people, House(letters=True), [], now_ms=0).plans == (Plan(way="email", advisor_id="lan"),)
    assert climb(digest, people, House(), [], now_ms=0).state == "over"  # no account: nothing is promised


def test_a_promise_of_who_works_here_no_more_is_the_supervisors() -> None:
    people = [person("lan", "advisor", desk="here"), person("thu", "supervisor", desk="here")]
    left = Case(kind="task", open=True, urgent=False, hours=True, person="gone")
    assert climb(left, people, House(), [], now_ms=0).plans == (Plan(way="desk", advisor_id="thu"),)
    assert climb(left, people[:1], House(), [], now_ms=0).state == "over"


def test_a_teams_work_is_told_to_the_team_where_it_has_people() -> None:
    lan, hoa = person("lan", "advisor", desk="here"), person("hoa", "advisor", desk="here")
    people = [lan, replace(hoa, teams=frozenset({"claims"}))]
    case = Case(kind="waiting", open=True, urgent=False, hours=True, team="claims")
    assert {one.advisor_id for one in climb(case, people, House(), [], now_ms=0).plans} == {"hoa"}
    assert {one.advisor_id for one in climb(replace(case, team="care"), people, House(), [], now_ms=0).plans} == {
        "lan",
        "hoa",
    }


@pytest.mark.parametrize(
    ("quiet", "clock", "peace"),
    [
        (("21:00", "07:00"), "23:30", True),
        (("21:00", "07:00"), "06:59", True),
        (("21:00", "07:00"), "07:00", False),
        (("12:00", "13:00"), "12:00", True),
        (("12:00", "13:00"), "13:00", False),
        (("", ""), "03:00", False),
        (("08:00", "08:00"), "08:00", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(quiet: tuple[str, str], clock: str, peace: bool) -> None:
    assert in_quiet(quiet, clock) is peace
