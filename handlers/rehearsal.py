"""What other settings would have done with the handoffs of a day: the rules of `handlers.routing` over what was. Pure.

Who was there is not kept, so everybody who had a shift counts as there; what was taken without being given stays as it
was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers import absence, routing, schedule, sla
from handlers.model import Business
from handlers.routing import Candidate, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A handoff that was. `asked` -- (when the customer wrote to the advisor, when he was answered or None)."""

    id: str
    conversation: str
    code: str
    opened_at: datetime
    request: Request
    taken_by: str = ""
    taken_at: datetime | None = None
    closed_at: datetime | None = None
    asked: tuple[tuple[datetime, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of it. `reason` -- pull, sticky, least_load, nobody; `returned` -- taken from who did not answer."""

    advisor: str
    reason: str
    due_at: datetime
    late: bool = False
    escalated: bool = False
    returned: bool = False
    late_answers: int = 0


def replay(
    past: Sequence[Past], people: Mapping[str, Candidate], business: Business, *, gated: bool, until: datetime
) -> list[Fate]:
    """The fate of each, in the order in which they came, under `business.rules`. `until` -- as far as anybody knows."""
    held: dict[str, list[datetime]] = {one: [] for one in people}
    last: dict[str, int] = {}
    fates = []
    for one in sorted(past, key=lambda each: (each.opened_at, each.id)):
        fate = _fate(one, people, held, last, business, gated=gated, until=until)
        if fate.advisor in held:
            held[fate.advisor].append(one.closed_at or until)
            last[fate.advisor] = round(one.opened_at.timestamp() * 1000)
        fates.append(fate)
    return fates


def _fate(
    one: Past,
    people: Mapping[str, Candidate],
    held: Mapping[str, list[datetime]],
    last: Mapping[str, int],
    business: Business,
    *,
    gated: bool,
    until: datetime,
) -> Fate:
    rules, team = business.rules, one.request.team
    advisor, reason, taken_at = one.taken_by, "pull" if one.taken_by else "nobody", one.taken_at
    if rules.mode != "pull":
        there = [
            replace(
                each,
                online=True,
                away=False,
                open=sum(end > one.opened_at for end in held[each.id]),
                last_given=last.get(each.id, 0),
            )
            for each in people.values()
        ]
        choice = routing.choose(there, one.request, rules, business, one.opened_at, gated=gated)
        if choice.advisor:
            advisor, reason, taken_at = choice.advisor, choice.reason, _given_at(one, business)
        else:
            reason = "nobody"
    due = sla.due(one.opened_at, business, team=team)
    told = sla.escalate_at(one.opened_at, business)
    waited_until = min(taken_at or until, until)
    return Fate(
        advisor=advisor,
        reason=reason,
        due_at=due,
        late=waited_until > due,
        escalated=told is not None and waited_until > told,
        returned=any(
            (answered or until) > absence.end(asked, business) for asked, answered in one.asked if asked <= until
        ),
        late_answers=sum(_late(asked, answered or until, business, team) for asked, answered in one.asked),
    )


def _given_at(one: Past, business: Business) -> datetime:
    """Given at once; an offer is taken, at the latest, when its time is over."""
    if business.rules.mode == "assign":
        return one.opened_at
    stands = schedule.add_minutes(one.opened_at, business.rules.offer_minutes, business)
    return min(stands, one.taken_at) if one.taken_at else stands


def _late(asked: datetime, answered: datetime, business: Business, team: str) -> bool:
    due = sla.answer_due(asked, business, team)
    return due is not None and answered > due


def asked_of(
    words: Sequence[tuple[str, datetime]], since: datetime | None
) -> tuple[tuple[datetime, datetime | None], ...]:
    """From what both said in turn: the first word of the customer that waits, and the answer to it; only since somebody
    has it."""
    found: list[tuple[datetime, datetime | None]] = []
    open_: datetime | None = None
    for author, at in words:
        if since is None or at < since:
            continue
        if author == "customer":
            open_ = open_ or at
        elif open_ is not None:
            found.append((open_, at))
            open_ = None
    if open_ is not None:
        found.append((open_, None))
    return tuple(found)


def day(of: datetime, business: Business) -> tuple[datetime, datetime]:
    """The day before that moment where the agency is: its beginning and its end."""
    yesterday = schedule.local(of, business).date() - timedelta(days=1)
    begins = schedule.at(yesterday, datetime.min.time(), business)
    return begins, schedule.at(yesterday + timedelta(days=1), datetime.min.time(), business)
