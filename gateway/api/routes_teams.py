"""Teams and who is of them, what each may advise on, when people work, who is there."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, cast

from gateway import routing as reader
from gateway.api import cursors
from gateway.api import models_teams as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Whole
from handlers import assigning, routing, schedule
from storage import advisors, shifts, teams
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("teams")
CONFIGURED: Final = "config"


async def _done(call: Call) -> None:
    """What was changed counts before the answer is out."""
    await reader.read(call.parts)


def _today(call: Call) -> date:
    return schedule.local(call.parts.now(), call.parts.engine.business).date()


# ---- teams


@routes.get("/teams", may="team.read")
async def list_teams(call: Call, query: Whole) -> models.Teams:
    """Who waits for the same work."""

    def read(tx: Tx) -> tuple[list[teams.Team], dict[str, int]]:
        rows = tx.all("SELECT team, COUNT(*) AS many FROM handoff WHERE state = 'waiting' GROUP BY team")
        return teams.listed(tx), {row.team: int(row.many) for row in rows}

    found, waiting = await call.store.read(read)
    page, on = cursors.part(found, query)
    return models.Teams(items=[_team(each, waiting) for each in page], next=on)


def _team(each: teams.Team, waiting: dict[str, int]) -> models.Team:
    return models.Team(
        id=each.id,
        name=each.name,
        first_minutes=each.first_minutes,
        next_minutes=each.next_minutes,
        members=list(each.members),
        waiting=waiting.get(each.id, 0),
    )


async def _one(call: Call, team_id: str) -> models.Team:
    shown: models.Teams = await list_teams(call, Whole(limit=None, cursor=None))
    found = next((each for each in shown.items if each.id == team_id), None)
    if found is None:
        raise not_found()
    return found


@routes.post("/teams", may="routing.edit", status=201, refuses=("conflict",))
async def add_team(call: Call, body: models.NewTeam) -> models.Team:
    """A new one, without anybody yet."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if len(teams.listed(tx)) >= teams.MOST:
            raise ApiError("conflict", "there are as many teams as there may be")
        made = teams.add(tx, name=body.name, first_minutes=body.first_minutes, next_minutes=body.next_minutes, by=by)
        if not made:
            raise _taken()
        return made

    made = await call.once(unit)
    await _done(call)
    return await _one(call, made)


def _taken() -> ApiError:
    return ApiError("conflict", "another team has this name", fields={"name": "taken"})


@routes.patch("/teams/{team_id}", may="routing.edit", refuses=("conflict",))
async def change_team(call: Call, team_id: str, body: models.TeamChange) -> models.Team:
    """Its name, its minutes, its people."""
    by = call.actor.id
    values = {
        name: value for name in ("name", "first_minutes", "next_minutes") if (value := getattr(body, name)) is not None
    }

    def unit(tx: Tx) -> str:
        if not any(each.id == team_id for each in teams.listed(tx)):
            raise not_found()
        if not teams.change(tx, team_id, by=by, **values):
            raise _taken()
        if body.members is not None:
            for each in body.members:
                _person(tx, each)
            teams.set_members(tx, team_id, body.members, by=by)
        return team_id

    await call.once(unit)
    await _done(call)
    return await _one(call, team_id)


def _person(tx: Tx, advisor_id: str) -> advisors.Person:
    """Somebody who may have work. Raises ApiError."""
    person = advisors.find(tx, advisor_id)
    if person is None or person.disabled_at is not None or person.role == "dpo":
        raise ApiError("invalid", "there is no such advisor", fields={"members": "nobody with this id takes work"})
    return person


@routes.delete("/teams/{team_id}", may="routing.edit")
async def remove_team(call: Call, team_id: str) -> models.Team:
    """Gone: what waits for it waits for anyone."""
    by, found = call.actor.id, await _one(call, team_id)

    def unit(tx: Tx) -> str:
        teams.remove(tx, team_id, by=by)
        return team_id

    await call.once(unit)
    await _done(call)
    return found


# ---- certificates


@routes.get("/certificates", may="routing.read")
async def list_certificates(call: Call, query: models.CertificateQuery) -> models.Certificates:
    """Agents' certificates, the soonest to end first."""
    rows, today = await call.store.read(lambda tx: teams.certificates(tx, query.advisor)), _today(call)
    items = [_certificate(row, today) for row in rows]
    return models.Certificates(items=[each for each in items if query.state in (None, each.state)], next=None)


def _certificate(row: teams.Certificate, today: date) -> models.Certificate:
    begins, ends = date.fromisoformat(row.valid_from), date.fromisoformat(row.valid_to)
    state = (
        "expired"
        if ends < today
        else "to_come"
        if begins > today
        else "expiring"
        if ends - today <= routing.SOON
        else "valid"
    )
    return models.Certificate(
        id=row.id,
        advisor_id=row.advisor_id,
        number=row.number,
        insurer=row.insurer,
        products=list(row.products),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=cast(Any, state),
        days_left=(ends - today).days,
    )


@routes.post("/advisors/{advisor_id}/certificates", may="routing.edit", status=201)
async def add_certificate(call: Call, advisor_id: str, body: models.NewCertificate) -> models.Certificate:
    """What he may advise on. From the first certificate of the house on, advice needs one."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if advisors.find(tx, advisor_id) is None:
            raise not_found()
        return teams.add_certificate(tx, advisor_id=advisor_id, by=by, **body.model_dump())

    return await _paper(call, await call.once(unit))


@routes.patch("/certificates/{certificate_id}", may="routing.edit")
async def change_certificate(call: Call, certificate_id: str, body: models.NewCertificate) -> models.Certificate:
    """Another number, other products, another end."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        found = teams.certificate(tx, certificate_id)
        if found is None:
            raise not_found()
        teams.change_certificate(tx, found, by=by, **body.model_dump())
        return certificate_id

    return await _paper(call, await call.once(unit))


async def _paper(call: Call, certificate_id: str) -> models.Certificate:
    row = await call.store.read(lambda tx: teams.certificate(tx, certificate_id))
    if row is None:
        raise not_found()
    return _certificate(row, _today(call))


@routes.delete("/certificates/{certificate_id}", may="routing.edit")
async def remove_certificate(call: Call, certificate_id: str) -> models.Certificate:
    """It was recorded by mistake; one that has ended stays for the record."""
    by, shown = call.actor.id, await _paper(call, certificate_id)

    def unit(tx: Tx) -> str:
        found = teams.certificate(tx, certificate_id)
        if found is not None:
            teams.remove_certificate(tx, found, by=by)
        return certificate_id

    await call.once(unit)
    return shown


# ---- shifts and days off


@routes.get("/shifts", may="team.read")
async def list_shifts(call: Call) -> models.AllShifts:
    """When people work: of teams and of persons, and the house's hours for all others."""
    found = await call.store.read(shifts.weeks)
    hours = call.parts.engine.business.hours
    return models.AllShifts(
        items=[models.Shifts(owner=owner, days=_days(week)) for owner, week in found.items()],
        house=None if hours is None else _days(hours),
        next=None,
    )


def _days(week: Any) -> dict[str, list[list[str]]]:
    return {day: [[begins, ends] for begins, ends in sorted(spans)] for day, spans in week.items() if spans}


@routes.patch("/shifts/{owner}", may="routing.edit")
async def set_shifts(call: Call, owner: str, body: models.Week) -> models.Shifts:
    """The whole week of a team or a person (`team:…`, `advisor:…`), several periods a day."""
    by = call.actor.id
    week: dict[str, list[tuple[str, str]]] = {
        day: [(span.begins, span.ends) for span in spans] for day, spans in body.days.items()
    }

    def unit(tx: Tx) -> str:
        kind, _, object_id = owner.partition(":")
        known = (
            any(each.id == object_id for each in teams.listed(tx))
            if kind == "team"
            else kind == "advisor" and advisors.find(tx, object_id) is not None
        )
        if not known:
            raise not_found()
        shifts.set_week(tx, owner, week, by=by)
        return owner

    await call.once(unit)
    found = await call.store.read(shifts.weeks)
    return models.Shifts(owner=owner, days=_days(found.get(owner, {})))


@routes.get("/holidays", may="team.read")
async def list_holidays(call: Call) -> models.Holidays:
    """Days off, the configuration's and the desk's, in order."""
    own = await call.store.read(shifts.holidays)
    found = {
        day: models.Holiday(day=day, name="", off=True, source="config") for day in call.parts.config.agency.holidays
    }
    found |= {each.day: models.Holiday(day=each.day, name=each.name, off=not each.works, source="desk") for each in own}
    return models.Holidays(items=[found[day] for day in sorted(found)], next=None)


@routes.post("/holidays", may="routing.edit", status=201)
async def put_holiday(call: Call, body: models.NewHoliday) -> models.Holiday:
    """A day off, or one of the configuration's on which people work after all. It counts at once."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        shifts.put_holiday(tx, shifts.Holiday(day=body.day, name=body.name, works=body.works), by=by)
        return body.day

    await call.once(unit)
    await _done(call)
    return models.Holiday(day=body.day, name=body.name, off=not body.works, source="desk")


@routes.delete("/holidays/{day}", may="routing.edit")
async def remove_holiday(call: Call, day: str) -> models.Holiday:
    """What the desk has said of this day is forgotten; the configuration's word counts again."""
    by = call.actor.id
    shown: models.Holidays = await list_holidays(call)
    found = next((each for each in shown.items if each.day == day and each.source == "desk"), None)
    if found is None:
        raise not_found()

    def unit(tx: Tx) -> str:
        shifts.remove_holiday(tx, day, by=by)
        return day

    await call.once(unit)
    await _done(call)
    return found


# ---- who is there


@routes.get("/presence", may="team.read")
async def list_presence(call: Call) -> models.Presences:
    """Who may be given work, and how he stands now."""
    business, now = call.parts.engine.business, call.parts.now()
    here, said = await call.store.read(lambda tx: (assigning.house(tx, business), shifts.availability(tx)))
    today = _today(call)
    items = [
        models.Presence(
            id=one.id,
            name=one.name,
            role=one.role,
            online=one.online,
            away=one.away,
            away_at=rfc3339(said[one.id].away_at) if one.id in said else None,
            on_shift=routing.on_shift(one.shifts, business, now),
            open=one.open,
            capacity=one.capacity,
            teams=sorted(one.teams),
            certificates=sum(each.covers("", today) for each in one.certificates),
        )
        for one in sorted(here.people.values(), key=lambda one: (one.name, one.id))
    ]
    return models.Presences(items=items, gated=here.gated, next=None)


@routes.post("/me/presence", may="presence.set")
async def set_presence(call: Call, body: models.PresenceChange) -> models.Presences:
    """Here, or away: who is away is given nothing new; what he has stays his."""
    me = call.actor.id

    def unit(tx: Tx) -> str:
        shifts.set_away(tx, me, body.away, by=me)
        return me

    await call.once(unit)
    return await _presence_of(call, me)


async def _presence_of(call: Call, advisor_id: str) -> models.Presences:
    found: models.Presences = await list_presence(call)
    return models.Presences(items=[each for each in found.items if each.id == advisor_id], gated=found.gated, next=None)


@routes.patch("/advisors/{advisor_id}/capacity", may="routing.edit")
async def set_capacity(call: Call, advisor_id: str, body: models.CapacityChange) -> models.Presences:
    """How many conversations he has at once before the rules give him no more."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if advisors.find(tx, advisor_id) is None:
            raise not_found()
        shifts.set_capacity(tx, advisor_id, body.capacity, by=by)
        return advisor_id

    await call.once(unit)
    return await _presence_of(call, advisor_id)
