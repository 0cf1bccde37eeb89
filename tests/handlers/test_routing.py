"""Who gets which work: a table of reasons, and what must hold whatever people and work are like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import routing
from handlers.model import Business, Rules, State
from handlers.routing import Candidate, Certificate, Choice, Request
from tests.stories.world import HANOI, OFFICE

NOON = datetime(2026, 11, 23, 10, 0, tzinfo=HANOI).astimezone(UTC)  # a Monday
TODAY = date(2026, 11, 23)
RULES = Rules(mode="assign")
CAR = Certificate(
    number="1", insurer="PVI", products=("tnds_o_to",), valid_from=date(2026, 1, 1), valid_to=date(2026, 11, 23)
)
OLD = replace(CAR, valid_to=date(2026, 11, 22))
LAN = Candidate(id="lan", name="Lan", certificates=(CAR,))
NAM = Candidate(id="nam", name="Nam", certificates=(CAR,))
ADVICE = Request(team="advice", advice=True, product="tnds_o_to")
MORNINGS = {"mon": (("08:00", "10:00"), ("10:30", "12:00"))}


def choose(*people: Candidate, request: Request = ADVICE, rules: Rules = RULES, gated: bool = True) -> Choice:
    return routing.choose(people, request, rules, OFFICE, NOON, gated=gated)


REFUSED = [
    ("away", replace(LAN, away=True), ADVICE),
    ("offline", replace(LAN, online=False), ADVICE),
    ("off_shift", replace(LAN, shifts=(MORNINGS,)), ADVICE),
    ("full", replace(LAN, open=3, capacity=3), ADVICE),
    ("uncertified", replace(LAN, certificates=()), ADVICE),
    ("uncertified", replace(LAN, certificates=(OLD,)), ADVICE),
    ("uncertified", LAN, replace(ADVICE, product="du_lich")),
    ("passed", LAN, replace(ADVICE, passed=frozenset({"lan"}))),
    ("team", LAN, replace(ADVICE, staffed=True)),
    ("team", replace(LAN, role="supervisor"), ADVICE),
    ("screening", LAN, replace(ADVICE, screened=False)),
]


@pytest.mark.parametrize("why, person, request_", REFUSED, ids=[f"{n}-{why}" for n, (why, *_) in enumerate(REFUSED)])
def test_why_somebody_does_not_get_it(why: str, person: Candidate, request_: Request) -> None:
    choice = choose(person, request=request_)
    assert (choice.advisor, choice.reason, dict(choice.refused)) == ("", "nobody", {"lan": why})


def test_the_least_busy_gets_it_then_who_waited_longest_for_work() -> None:
    assert choose(replace(LAN, open=2), replace(NAM, open=1)) == Choice(advisor="nam", reason="least_load")
    assert choose(replace(LAN, last_given=7), replace(NAM, last_given=3)).advisor == "nam"
    assert choose(NAM, LAN).advisor == "lan"  # all alike: always the same one


def test_who_had_the_customer_is_first_for_some_days() -> None:
    had = replace(ADVICE, former="lan", former_at=NOON - timedelta(days=29))
    busy = replace(LAN, open=5)
    assert choose(busy, NAM, request=had) == Choice(advisor="lan", reason="sticky")
    assert choose(busy, NAM, request=replace(had, former_at=NOON - timedelta(days=31))).advisor == "nam"
    assert choose(busy, NAM, request=had, rules=replace(RULES, sticky_days=0)).advisor == "nam"
    assert choose(replace(busy, away=True), NAM, request=had).advisor == "nam"


def test_a_house_that_records_no_certificates_asks_for_none() -> None:
    assert choose(replace(LAN, certificates=()), gated=False).advisor == "lan"
    assert choose(replace(LAN, certificates=()), request=Request(team="claims")).advisor == "lan"  # no advice


def test_what_waited_too_long_is_the_chiefs_too() -> None:
    chief = replace(LAN, id="chief", role="supervisor")
    assert choose(chief, request=replace(ADVICE, staffed=True, escalated=True)).advisor == "chief"


def test_nobody_works_on_a_day_off_whatever_his_shifts() -> None:
    tet = Business(hours=OFFICE.hours, holidays=("2026-11-23",))
    assert routing.on_shift((MORNINGS,), OFFICE, NOON - timedelta(minutes=30))
    assert not routing.on_shift((MORNINGS,), OFFICE, NOON)  # the break between two periods
    assert not routing.on_shift((MORNINGS,), tet, NOON - timedelta(minutes=30))
    assert not routing.on_shift(None, tet, NOON)


@pytest.mark.parametrize(
    "reason, state, team",
    [
        ("lead", State(slots={"product": "tnds_o_to"}), "advice"),
        ("lead", State(slots={"product": "tnds_o_to"}, memory={"origin": "form"}), "intake"),
        ("human", State(), "intake"),
        ("claim", State(slots={"product": "tnds_o_to"}), "claims"),
        ("care", State(), "care"),
        ("unanswered", State(memory={"team": "claims"}), "claims"),
        ("unanswered", State(memory={"team": "intake"}, slots={"need": "xe"}), "advice"),
        ("transfer", State(memory={"team": "xe-may", "handed": True}), "xe-may"),
        ("lead", State(memory={"team": "xe-may", "handed": True}, slots={"product": "xe"}), "xe-may"),
    ],
)
def test_whose_work_it_is(reason: str, state: State, team: str) -> None:
    assert routing.team_of(state, reason) == team


# ---- whatever people and work are like

IDS = st.sampled_from(["a", "b", "c", "d"])
PAPERS = st.lists(
    st.builds(
        Certificate,
        number=st.just("1"),
        insurer=st.just("PVI"),
        products=st.sampled_from([(), ("xe",), ("nha",)]),
        valid_from=st.just(date(2026, 1, 1)),
        valid_to=st.dates(TODAY - timedelta(days=2), TODAY + timedelta(days=2)),
    ),
    max_size=2,
).map(tuple)
PEOPLE = st.lists(
    st.builds(
        Candidate,
        id=IDS,
        name=st.just(""),
        role=st.sampled_from(["advisor", "intake", "supervisor"]),
        teams=st.frozensets(st.sampled_from(["advice", "claims"])),
        online=st.booleans(),
        away=st.booleans(),
        shifts=st.sampled_from([None, (MORNINGS,), ({"mon": (("08:00", "17:00"),)},)]),
        open=st.integers(0, 3),
        capacity=st.integers(0, 3),
        certificates=PAPERS,
        last_given=st.integers(0, 3),
    ),
    unique_by=lambda one: one.id,
    max_size=4,
)
REQUESTS = st.builds(
    Request,
    team=st.sampled_from(["", "advice", "claims"]),
    staffed=st.booleans(),
    advice=st.booleans(),
    product=st.sampled_from(["", "xe", "nha"]),
    screened=st.booleans(),
    escalated=st.booleans(),
    former=st.sampled_from(["", "a", "b"]),
    former_at=st.sampled_from([None, NOON - timedelta(days=1), NOON - timedelta(days=40)]),
    passed=st.frozensets(IDS, max_size=2),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(people=PEOPLE, request_=REQUESTS, gated=st.booleans(), most=st.integers(0, 3), turned=st.randoms())
def test_only_somebody_who_may_gets_it_and_always_the_same(
    people: list[Candidate], request_: Request, gated: bool, most: int, turned: object
) -> None:
    rules = replace(RULES, capacity=most)
    choice = routing.choose(people, request_, rules, OFFICE, NOON, gated=gated)
    other = list(people)
    turned.shuffle(other)  # type: ignore[attr-defined]
    assert routing.choose(other, request_, rules, OFFICE, NOON, gated=gated) == choice
    assert set(choice.refused) | ({choice.advisor} - {""}) <= {one.id for one in people}
    if not choice.advisor:
        assert choice.refused.keys() == {one.id for one in people}
        return
    one = next(each for each in people if each.id == choice.advisor)
    assert (one.online, one.away, one.id in request_.passed) == (True, False, False)
    assert routing.on_shift(one.shifts, OFFICE, NOON)
    limit = one.capacity or most
    assert not limit or one.open < limit
    if gated and request_.advice and one.role in routing.GATED:
        assert any(each.covers(request_.product, TODAY) for each in one.certificates)
    knew = next((each for each in people if each.id == request_.former), None)
    recent = request_.former_at is not None and NOON - request_.former_at <= timedelta(days=30)
    if knew is not None and recent and knew.id not in choice.refused:
        assert (choice.advisor, choice.reason) == (request_.former, "sticky")
