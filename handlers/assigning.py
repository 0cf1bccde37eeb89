"""The shell around `handlers.routing`: reads people and work as they are, gives, offers and takes away, in one unit of the
store. One process at a time gives work out; each handoff is looked at again under its lane's lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from handlers import routed, routing, schedule, screened
from handlers.model import Advisor, Business, Refused, Rules, State
from handlers.routing import Candidate, Certificate, Choice, Request
from storage import advisors, shifts, teams
from storage import routing as rows
from storage.times import at, ms
from storage.tx import Tx

if TYPE_CHECKING:
    from handlers.engine import Engine

log = structlog.get_logger("routing")
LOOKED_AT: Final = 50  # handoffs at the queue's head that a unit looks at, and as many behind them in their turn
REMEMBERED: Final = 20 * LOOKED_AT  # waiting conversations of which it is known what they need
GIVEN: Final = 8  # and so many acts it does: a unit is short
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who is there at one moment. `staffed` -- teams that have people; `gated` -- certificates are recorded here."""

    people: Mapping[str, Candidate]
    codes: Mapping[str, str]
    staffed: frozenset[str]
    gated: bool


def rules_of(saved: Mapping[str, Any], teams_: list[teams.Team]) -> Rules:
    """The settings of the desk as the core knows them."""
    known = {name: saved[name] for name in SETTINGS if name in saved}
    return Rules(
        **known,
        first={team.id: team.first_minutes for team in teams_ if team.first_minutes},
        next={team.id: team.next_minutes for team in teams_ if team.next_minutes},
    )


SETTINGS: Final = (
    "mode", "sticky_days", "offer_minutes", "answer_minutes", "escalate_minutes", "first_minutes", "next_minutes", "capacity",
)  # fmt: skip


def days_off(configured: tuple[str, ...], set_: list[shifts.Holiday]) -> tuple[str, ...]:
    """The configuration's, with what the desk says beside and against them."""
    works = {each.day for each in set_ if each.works}
    return tuple(sorted(({*configured} | {each.day for each in set_}) - works))


def house(tx: Tx, business: Business) -> House:
    """Everybody who may be given work, now."""
    of_teams, weeks, said = teams.of_advisors(tx), shifts.weeks(tx), shifts.availability(tx)
    have, last = rows.loads(tx), rows.last_given(tx, since=tx.now_ms - 7 * DAY_MS)
    papers = certificates(tx)
    people, codes = {}, {}
    nothing = shifts.Availability()
    for row in rows.people(tx):
        mine, own = of_teams.get(row.id, []), said.get(row.id, nothing)
        codes[row.id] = row.agent_code
        people[row.id] = Candidate(
            id=row.id,
            name=row.name,
            role=row.role,
            teams=frozenset(mine),
            online=row.seen_at is not None and row.seen_at > tx.now_ms - advisors.ONLINE_MS,
            away=own.away_at is not None,
            shifts=shifts_of(row.id, mine, weeks),
            open=have.get(row.id, 0),
            capacity=own.capacity,
            certificates=papers.get(row.id, ()),
            last_given=last.get(row.id, 0),
        )
    staffed = frozenset(team for one in people.values() for team in one.teams)
    return House(people=people, codes=codes, staffed=staffed, gated=teams.gated(tx))


def shifts_of(advisor_id: str, mine: list[str], weeks: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """His own shifts, else those of his teams; None = the house's hours."""
    if own := weeks.get(f"advisor:{advisor_id}"):
        return (own,)
    return tuple(weeks[f"team:{team}"] for team in mine if f"team:{team}" in weeks) or None


def certificates(tx: Tx) -> dict[str, tuple[Certificate, ...]]:
    found: dict[str, tuple[Certificate, ...]] = {}
    for each in teams.certificates(tx):
        found[each.advisor_id] = (*found.get(each.advisor_id, ()), paper(each))
    return found


def paper(row: teams.Certificate) -> Certificate:
    return Certificate(
        number=row.number,
        insurer=row.insurer,
        products=row.products,
        valid_from=date.fromisoformat(row.valid_from),
        valid_to=date.fromisoformat(row.valid_to),
    )


def request_of(
    state: State, *, team: str, staffed: frozenset[str], former: tuple[str, int] | None, passed: str, escalated: bool
) -> Request:
    """What this work needs."""
    return Request(
        team=team,
        staffed=team in staffed,
        advice=routing.needs_certificate(state, team),
        product=str(state.slots.get("product") or ""),
        screened=not screened.needed(state),
        escalated=escalated,
        former=former[0] if former else "",
        former_at=at(former[1]) if former else None,
        passed=frozenset(orjson.loads(passed)),
    )


# ---- giving out


class Needs:
    """What waiting work was last seen to need, by its conversation's version: who waits long is not opened at each look.
    `after` -- how far the last look came."""

    def __init__(self) -> None:
        self.after: rows.Place | None = None
        self._known: dict[tuple[str, int, str], Request] = {}

    def of(self, tx: Tx, engine: Engine, handoff: Any, staffed: frozenset[str]) -> Request:
        """That, with what may change beside the conversation as it is now."""
        key = (handoff.conversation_id, handoff.version, handoff.team)
        request = self._known.get(key)
        if request is None:
            state = engine.open_for(tx, handoff.conversation_id)
            request = request_of(
                state, team=handoff.team, staffed=frozenset(), former=None, passed="[]", escalated=False
            )
            self._known[key] = request
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]  # the first that was learned
        former = rows.former(tx, handoff.contact_id, but=handoff.id, before=tx.now_ms)
        passed = frozenset(orjson.loads(handoff.passed))
        return replace(
            request,
            staffed=handoff.team in staffed,
            former=former[0] if former else "",
            former_at=at(former[1]) if former else None,
            passed=passed | {handoff.offered_to} if handoff.offered_to else passed,  # his time is over
            escalated=handoff.escalated_at is not None,
        )


def turn(tx: Tx, engine: Engine, needs: Needs | None = None) -> int:
    """One look at who waits: as many as a short unit takes are given or offered to somebody. How many. needs -- as it
    was known at the last look."""
    business = engine.business
    rules = business.rules
    if not rows.alone(tx):
        return 0
    done = sweep(tx, engine)
    if rules.mode == "pull" or done:
        return done
    needs = needs or Needs()
    waiting, after = rows.some_waiting(tx, limit=LOOKED_AT, after=needs.after)
    if not waiting:
        return done
    here = house(tx, business)
    if not any(one.online and not one.away for one in here.people.values()):
        return done
    for handoff in waiting:
        if done >= GIVEN:
            break
        to = _see_to(tx, engine, handoff, needs.of(tx, engine, handoff, here.staffed), here)
        done += to is not None
        if to:
            had = here.people[to]
            now = replace(had, open=had.open + 1, last_given=tx.now_ms)
            here = replace(here, people={**here.people, to: now})
    else:
        needs.after = after
    return done


def _see_to(tx: Tx, engine: Engine, handoff: Any, request: Request, here: House) -> str | None:
    """One handoff: who has it now, '' where it is offered or an offer ended; None when nothing was done."""
    business = engine.business
    choice = routing.choose(list(here.people.values()), request, business.rules, business, tx.now, gated=here.gated)
    if not choice.advisor:
        return _nobody(tx, handoff, choice)
    if business.rules.mode == "offer":
        until = schedule.add_minutes(tx.now, business.rules.offer_minutes, business)
        rows.offer(tx, handoff, choice.advisor, until=ms(until), reason=choice.reason)
        return ""
    to = here.people[choice.advisor]
    data = {
        "advisor": {"id": to.id, "name": to.name, "code": here.codes[to.id], "role": to.role},
        "handoff": handoff.id,
        "reason": choice.reason,
    }
    try:
        engine.act(tx, handoff.conversation_id, "give", by=routed.SYSTEM, data=data)
    except Refused as err:
        log.info("routing.refused", reason=err.code)
        return None
    return to.id


def _nobody(tx: Tx, handoff: Any, choice: Choice) -> str | None:
    """An offer that ran out is over; when only those are left who let it pass, it begins anew with them."""
    if handoff.offered_to:
        rows.offer(tx, handoff, "", until=0, reason="ran_out")
    if "passed" in choice.refused.values():
        rows.forgive(tx, handoff.id)
    return "" if handoff.offered_to else None


# ---- certificates


def sweep(tx: Tx, engine: Engine) -> int:
    """Certificates that have ended: what their owners may not advise on any more goes back to the queue, a few a unit."""
    business = engine.business
    today = schedule.local(tx.now, business).date()
    done = 0
    for ended in rows.ended(tx, today=today.isoformat()):
        person = advisors.find(tx, ended.advisor_id)
        held = rows.held_by(tx, ended.advisor_id) if person is not None else []
        for conversation in held:
            why = _may_not(
                tx, engine.open_for(tx, conversation.id), ended.advisor_id, person.role if person else "", today
            )
            if not why:
                continue
            if done >= GIVEN:
                return done
            data = {"advisor": ended.advisor_id, "reason": why}
            try:
                engine.act(tx, conversation.id, "release", by=routed.SYSTEM, data=data)
            except Refused as err:
                log.info("routing.refused", reason=err.code)
            done += 1
        rows.swept(tx, ended.id)
    return done


def _may_not(tx: Tx, state: State, advisor_id: str, role: str, today: date) -> str:
    team = str(state.memory.get("team", ""))
    if not routing.needs_certificate(state, team):
        return ""
    papers = [paper(each) for each in teams.certificates(tx, advisor_id)]
    return routing.uncertified(role, papers, str(state.slots.get("product") or ""), today)


def taker(state: State, name: str, by: Advisor, data: Mapping[str, Any]) -> Advisor | None:
    """Who would have the conversation by this act and has it not yet; None where it gives it to nobody."""
    given = data.get("advisor")
    if name in ("take", "reopen", "reply"):
        to = by
    elif name in ("assign", "transfer", "give") and isinstance(given, Mapping) and given.get("id"):
        to = Advisor(id=str(given["id"]), name=str(given.get("name", "")), role=str(given.get("role", "advisor")))
    else:
        return None
    return None if state.assignee is not None and state.assignee.id == to.id else to


def must_be_certified(tx: Tx, state: State, to: Advisor, *, day: date) -> None:
    """Before somebody gets advice work, by whatever way.

    :raises Refused: this house records certificates, and he has none for it
    """
    if to.role not in routing.GATED or not teams.gated(tx):
        return
    why = _may_not(tx, state, to.id, to.role, day)
    if why:
        raise Refused("not_certified", f"{to.name}: {WHY[why]}")


WHY: Final[Mapping[str, str]] = {
    "none": "no agent's certificate is recorded: advice is for those who have one",
    "expired": "the agent's certificate has ended, or has not begun",
    "product": "no agent's certificate covers this product",
}
