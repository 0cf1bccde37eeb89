"""The rules by which work is given out, and what others would have done on a day that was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final, cast

from gateway import routing as reader
from gateway.api import models_routing as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError
from gateway.api.fields import Person
from handlers import assigning, rehearsal, schedule
from handlers.model import Business, Rules
from handlers.rehearsal import Fate, Past
from handlers.routing import Candidate
from storage import routing as rows
from storage import shifts, teams
from storage.times import at, ms, rfc3339
from storage.tx import Tx

routes = Routes("routing")
BITE: Final = 20  # handoffs that one reading takes: it holds others up for as long as it lasts
MOST: Final = 600
SHOWN: Final = 20
AFTER: Final = timedelta(days=1)  # what was said of a day's work may be said on the next
TODAY: Final = "a day that is over: from yesterday back"


def _settings(rules: Rules) -> models.Routing:
    known = asdict(rules)
    return models.Routing(**{name: known[name] for name in assigning.SETTINGS})


@routes.get("/routing", may="routing.read")
async def get_routing(call: Call) -> models.Routing:
    """By which rules work is given out."""
    return _settings(call.parts.engine.business.rules)


@routes.patch("/routing", may="routing.edit")
async def set_routing(call: Call, body: models.RoutingChange) -> models.Routing:
    """Other rules, from now on."""
    given = _given(body)
    if not given:
        raise ApiError("invalid", "nothing to change", fields={"mode": "give this or another setting"})
    by = call.actor.id

    def unit(tx: Tx) -> str:
        rows.save(tx, rows.saved(tx) | given, by=by, fields=sorted(given))
        return "routing"

    await call.once(unit)
    await reader.read(call.parts)
    return _settings(call.parts.engine.business.rules)


def _given(body: models.RoutingChange) -> dict[str, Any]:
    return {name: value for name in assigning.SETTINGS if (value := getattr(body, name)) is not None}


# ---- what would have been


@routes.post("/routing/preview", may="routing.read", keyed=False)
async def preview_routing(call: Call, body: models.PreviewWanted) -> models.Preview:
    """Play a day again under other settings: nothing is changed."""
    business = call.parts.engine.business
    begins, ends = _day(call, body.day, business)
    people, weeks, gated, members = await call.store.read(partial(_people, business=business))
    past, cut = await _past(call, begins, ends)
    other = _edited(business, body)
    moved = {one: _moved(people[one], members.get(one, []), weeks, body) for one in people}
    staffed = frozenset(team for one in moved.values() for team in one.teams)
    would_be = [replace(one, request=replace(one.request, staffed=one.request.team in staffed)) for one in past]
    until = min(ends, call.parts.now())
    now = rehearsal.replay(past, people, business, gated=gated, until=until)
    then = rehearsal.replay(would_be, moved, other, gated=gated, until=until)
    different = [each for each in zip(past, now, then, strict=True) if _differs(each[1], each[2])]
    return models.Preview(
        day=schedule.local(begins, business).date().isoformat(),
        now=_sums(now),
        then=_sums(then),
        different=len(different),
        examples=[
            models.Different(
                id=one.id,
                conversation_id=one.conversation,
                code=one.code,
                team=one.request.team,
                opened_at=rfc3339(ms(one.opened_at)),
                now=_fate(was, people),
                then=_fate(would, people),
            )
            for one, was, would in different[:SHOWN]
        ],
        cut=cut,
    )


def _day(call: Call, wanted: str | None, business: Business) -> tuple[datetime, datetime]:
    now = call.parts.now()
    begins, ends = rehearsal.day(now, business)
    if wanted is None:
        return begins, ends
    given = date.fromisoformat(wanted)
    if given >= schedule.local(now, business).date():
        raise ApiError("invalid", "some fields are not right", fields={"day": TODAY})
    noon = schedule.at(given + timedelta(days=1), datetime.min.time(), business) + timedelta(hours=12)
    return rehearsal.day(noon, business)


def _people(
    tx: Tx, *, business: Business
) -> tuple[dict[str, Candidate], Mapping[str, Any], bool, Mapping[str, list[str]]]:
    here = assigning.house(tx, business)
    return dict(here.people), shifts.weeks(tx), here.gated, teams.of_advisors(tx)


def _moved(one: Candidate, mine: list[str], weeks: Mapping[str, Any], body: models.PreviewWanted) -> Candidate:
    """With the shifts and the teams that he would have."""
    asked = {
        owner: {day: tuple((span.begins, span.ends) for span in spans) for day, spans in week.days.items() if spans}
        for owner, week in body.shifts.items()
    }
    all_of_them = {owner: week for owner, week in {**weeks, **asked}.items() if week}
    for team, would in body.teams.items():
        if would.members is not None:
            mine = [each for each in mine if each != team] + ([team] if one.id in would.members else [])
    return replace(one, teams=frozenset(mine), shifts=assigning.shifts_of(one.id, mine, all_of_them))


def _edited(business: Business, body: models.PreviewWanted) -> Business:
    first, then = dict(business.rules.first), dict(business.rules.next)
    for team, would in body.teams.items():
        if would.first_minutes is not None:
            first[team] = would.first_minutes
        if would.next_minutes is not None:
            then[team] = would.next_minutes
    rules = replace(business.rules, **_given(body), first=first, next=then)
    return replace(business, rules=rules, holidays=tuple(sorted({*business.holidays, *body.holidays})))


async def _past(call: Call, begins: datetime, ends: datetime) -> tuple[list[Past], bool]:
    """The handoffs of that day, a bite at a time between other people's work; and whether there are more."""
    found: list[Past] = []
    after: tuple[int, str] | None = None
    while len(found) < MOST:
        some = await call.store.read(partial(_bite, call=call, begins=begins, ends=ends, after=after))
        found += [each for each, _ in some]
        if len(some) < BITE:
            return found, False
        after = some[-1][1]
    return found, True


def _bite(
    tx: Tx, *, call: Call, begins: datetime, ends: datetime, after: tuple[int, str] | None
) -> list[tuple[Past, tuple[int, str]]]:
    handoffs = rows.opened_between(tx, ms(begins), ms(ends), after=after, limit=BITE)
    said = rows.words(tx, sorted({each.conversation_id for each in handoffs}), since=ms(begins))
    staffed = frozenset(team.id for team in teams.listed(tx) if team.members)
    return [
        (_one(tx, call, each, said[each.conversation_id], ends, staffed), (each.opened_at, each.id))
        for each in handoffs
    ]


def _one(tx: Tx, call: Call, row: Any, said: list[tuple[str, int]], ends: datetime, staffed: frozenset[str]) -> Past:
    request = assigning.request_of(
        call.parts.engine.open_for(tx, row.conversation_id),
        team=row.team,
        staffed=staffed,
        former=rows.former(tx, row.contact_id, but=row.id, before=row.opened_at),
        passed="[]",
        escalated=False,
    )
    taken = at(row.taken_at)
    words = [(author, at(moment)) for author, moment in said if at(moment) < ends + AFTER]
    return Past(
        id=row.id,
        conversation=row.conversation_id,
        code=row.code,
        opened_at=at(row.opened_at),
        request=request,
        taken_by=row.taken_by or "",
        taken_at=taken,
        closed_at=at(row.closed_at),
        asked=rehearsal.asked_of(words, taken),
    )


def _differs(one: Fate, other: Fate) -> bool:
    def shape(fate: Fate) -> tuple[Any, ...]:
        return (fate.advisor, fate.late, fate.escalated, fate.returned, fate.late_answers, fate.due_at)

    return shape(one) != shape(other)


def _sums(fates: list[Fate]) -> models.Sums:
    return models.Sums(
        handoffs=len(fates),
        given=sum(one.reason in ("sticky", "least_load") for one in fates),
        sticky=sum(one.reason == "sticky" for one in fates),
        nobody=sum(one.reason == "nobody" for one in fates),
        late=sum(one.late for one in fates),
        escalated=sum(one.escalated for one in fates),
        returned=sum(one.returned for one in fates),
        late_answers=sum(one.late_answers for one in fates),
    )


def _fate(fate: Fate, people: Mapping[str, Candidate]) -> models.Fate:
    who = people.get(fate.advisor)
    return models.Fate(
        advisor=Person(id=fate.advisor, name=who.name if who else "") if fate.advisor else None,
        reason=cast(Any, fate.reason),
        due_at=rfc3339(ms(fate.due_at)),
        late=fate.late,
        escalated=fate.escalated,
        returned=fate.returned,
    )
