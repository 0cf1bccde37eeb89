"""Who is told of a notice, by which ways, and what when nobody hears: pure, and the whole of the promise that no customer
waits with nobody told.

A notice climbs its rungs. A rung is a set of ways that are taken together; one that has nobody, or whose every way failed,
is passed at once; else there is patience for an answer. Above the last rung stands the alarm, and from there the climb
begins anew every minute: somebody may be there by then. Only one who was told ends it, or that nobody waits any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from storage.listeners import Listener
from storage.tellings import DESK, Plan, Telling

PUSH, EMAIL, GROUP, ON_CALL = "push", "email", "group", "on_call"
AGAIN_MS: Final = 60_000  # between two climbs while the alarm rings, and two looks at what may wait for the morning
UNDER_WAY: Final = frozenset({"waiting", "sending"})
ENDED: Final = frozenset({"failed", "gone", "dropped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What there is. `letters` -- an e-mail account; `groups` -- named chats; `on_call` -- addresses for the alarm;
    `patience_ms` -- for an answer, a rung."""

    letters: bool = False
    groups: tuple[str, ...] = ()
    on_call: tuple[str, ...] = ()
    patience_ms: int = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A notice as it stands. `open` -- somebody is still concerned · `urgent` -- at any hour · `hours` -- people are at work ·
    `person` -- whom it is for, '' = whoever may take it · `team` -- whose work it is · `quiet` -- ids of those who want
    peace at this hour."""

    kind: str
    open: bool
    urgent: bool
    hours: bool
    state: str = "open"
    step: int = 0
    person: str = ""
    team: str = ""
    quiet: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done now: `plans` are taken, the notice is in `state` at `step`, and looked at again at `look_at`."""

    state: str
    step: int
    look_at: int
    plans: tuple[Plan, ...] = ()


Rung = Callable[[Case, Sequence[Listener], House], list[Plan]]


def _ways(one: Listener, *, push: bool = True) -> list[Plan]:
    return [
        *([Plan(way=DESK, advisor_id=one.id)] if one.here else []),
        *(Plan(way=PUSH, advisor_id=one.id, target=browser) for browser in (one.push if push else ())),
    ]


def _concerned(case: Case, people: Sequence[Listener]) -> list[Listener]:
    """Whose work it is: his team's people where it has any, else everybody's."""
    team = [one for one in people if case.team and case.team in one.teams]
    return team or list(people)


def _peace(case: Case, one: Listener) -> bool:
    return one.id in case.quiet and not case.urgent


def _takers(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    found = [
        plan
        for one in _concerned(case, people)
        if one.wishes.hears(case.kind)
        for plan in _ways(one, push=not _peace(case, one))
    ]
    return found + [Plan(way=GROUP, target=group) for group in house.groups]


def _letters(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    return [
        Plan(way=EMAIL, advisor_id=one.id)
        for one in _concerned(case, people)
        if house.letters and one.wishes.letters and one.wishes.hears(case.kind) and not _peace(case, one)
    ]


def _heads(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    """The house itself is in trouble: those who can do something about it."""
    del case, house
    return [plan for one in people if one.chief for plan in _ways(one)]


def _chiefs(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    """Whatever they wished: somebody must hear."""
    del case
    return [
        plan
        for one in people
        if one.chief
        for plan in [*_ways(one), *([Plan(way=EMAIL, advisor_id=one.id)] if house.letters else [])]
    ]


def _mine(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    del house
    return [
        plan
        for one in people
        if one.id == case.person and one.wishes.hears(case.kind)
        for plan in _ways(one, push=not _peace(case, one))
    ]


def _my_letter(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    return [
        Plan(way=EMAIL, advisor_id=one.id)
        for one in people
        if one.id == case.person and house.letters and (one.wishes.letters or case.kind == "digest")
    ]


def _orphaned(case: Case, people: Sequence[Listener], house: House) -> list[Plan]:
    """Whose it was works here no more, or never did: somebody must see to it."""
    return [] if any(one.id == case.person for one in people) else _chiefs(case, people, house)


RUNGS: Final[Mapping[str, tuple[Rung, ...]]] = {
    "waiting": (_takers, _letters, _chiefs),
    "sla": (_takers, _chiefs),
    "late": (_chiefs, _takers, _letters),
    "offered": (_mine,),
    "assigned": (_mine, _my_letter, _chiefs),
    "task": (_mine, _my_letter, _orphaned),
    "message": (_mine,),
    "digest": (_my_letter,),
    "account": (_heads, _chiefs),
}
RINGS: Final = frozenset(
    {"waiting", "sla", "late", "assigned", "account"}
)  # behind these stand customers whom nobody has heard
HELD: Final = frozenset({"waiting", "sla", "late"})  # what may wait for the morning, unless it is urgent


def climb(case: Case, people: Sequence[Listener], house: House, told: Sequence[Telling], *, now_ms: int) -> Step:
    """The next step. `told` -- its tellings so far."""
    if not case.open:
        return Step(state="over", step=case.step, look_at=now_ms)
    if any(one.state == "told" and one.way != ON_CALL for one in told):
        return Step(state="told", step=case.step, look_at=now_ms)
    known = {(one.way, one.advisor_id, one.target) for one in told if one.state not in ENDED}
    if case.kind in HELD and not case.urgent and not case.hours:
        here = [one for one in _takers(case, people, House()) if one.way == DESK and _key(one) not in known]
        return Step(state=case.state, step=0, look_at=now_ms + AGAIN_MS, plans=tuple(here))
    begun = max((one.created_at for one in told), default=0)
    until = begun + house.patience_ms
    if case.step and now_ms < until and any(one.state in UNDER_WAY for one in told):
        return Step(state=case.state, step=case.step, look_at=until)
    rungs = RUNGS[case.kind]
    for step in range(case.step, len(rungs)):
        fresh = [plan for plan in rungs[step](case, people, house) if _key(plan) not in known]
        if fresh:
            look_at = now_ms + house.patience_ms
            return Step(state=case.state, step=step + 1, look_at=look_at, plans=tuple(dict.fromkeys(fresh)))
    if case.kind not in RINGS:
        return _last_hope(case, house, told, now_ms)
    calls = [Plan(way=ON_CALL, target=one) for one in house.on_call] if house.letters else []
    fresh = [plan for plan in calls if _key(plan) not in known]
    return Step(state="alarmed", step=0, look_at=now_ms + AGAIN_MS, plans=tuple(fresh))


def _last_hope(case: Case, house: House, told: Sequence[Telling], now_ms: int) -> Step:
    """Nobody waits behind it: what is still under way may arrive, then it is let go."""
    if any(one.state in UNDER_WAY and one.way != DESK for one in told):
        return Step(state=case.state, step=case.step, look_at=now_ms + house.patience_ms)
    return Step(state="over", step=case.step, look_at=now_ms)


def _key(plan: Plan) -> tuple[str, str, str]:
    return plan.way, plan.advisor_id, plan.target


def in_quiet(quiet: tuple[str, str], clock: str) -> bool:
    """Whether HH:MM lies in a span that may go over midnight; ('', '') is never."""
    begins, ends = quiet
    if not begins or not ends or begins == ends:
        return False
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends
