"""Who gets which work: pure rules over people as they are at one moment. Nothing here reads a clock or a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from handlers import schedule, screened
from handlers.model import EMPTY, Business, Rules, State

INTAKE: Final = "intake"
ADVICE: Final = "advice"
CARE: Final = "care"
CLAIMS: Final = "claims"
NAMES: Final[Mapping[str, str]] = {  # of the teams that a house has before it changes them
    INTAKE: "Tiếp nhận",
    ADVICE: "Tư vấn",
    CARE: "Chăm sóc",
    CLAIMS: "Bồi thường",
}
BY_REASON: Final[Mapping[str, str]] = {
    "claim": CLAIMS,
    "incident": CLAIMS,
    "care": CARE,
    "delivery": CARE,
    "complaint": CARE,
    "privacy": CARE,
    "cancel": CARE,
}
OF_ADVICE: Final = frozenset({"lead", "callback", "returned", "unanswered", "uncertified", "desk"})
GOES_ON: Final = frozenset(
    {"", "callback", "returned", "unanswered", "uncertified", "transfer"}
)  # the same matter as before
GATED: Final = frozenset({"advisor", "intake"})  # roles that must be certified to advise; chiefs answer for themselves
SOON: Final = timedelta(days=30)  # so long before its end a certificate is told of
TAKERS: Final = frozenset({"advisor", "intake"})  # who takes work without being of any team

Spans = Mapping[str, tuple[tuple[str, str], ...]]  # mon .. -> (("08:00", "12:00"), …)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Both days count; `products` () = all of the insurer's."""

    number: str
    insurer: str
    products: tuple[str, ...] = ()
    valid_from: date
    valid_to: date

    def covers(self, product: str, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to and (
            not product or not self.products or product in self.products
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who may be given work. `shifts` -- his own or his teams', None = the house's hours · `open` -- conversations
    that he has · `capacity` 0 = any number · `last_given` -- ms, 0 = never."""

    id: str
    name: str
    role: str = "advisor"
    teams: frozenset[str] = frozenset()
    online: bool = True
    away: bool = False
    shifts: tuple[Spans, ...] | None = None
    open: int = 0
    capacity: int = 0
    certificates: tuple[Certificate, ...] = ()
    last_given: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Work that asks for somebody. `staffed` -- its team has people · `advice` -- it needs a certificate, for `product`
    where that is known · `screened` -- False: people must screen it first · `former` -- who had this customer last, and
    when · `passed` -- who let it pass already · `escalated` -- it has waited so long that it is the chiefs' matter too."""

    team: str = ""
    staffed: bool = False
    advice: bool = False
    product: str = ""
    screened: bool = True
    escalated: bool = False
    former: str = ""
    former_at: datetime | None = None
    passed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`reason` -- sticky, least_load or nobody; `refused` -- id -> why not him: passed, team, uncertified, screening,
    away, offline, off_shift, full."""

    advisor: str = ""
    reason: str = "nobody"
    refused: Mapping[str, str] = field(default=EMPTY)


def choose(
    candidates: Sequence[Candidate], request: Request, rules: Rules, business: Business, now: datetime, *, gated: bool
) -> Choice:
    """The one for this work: who had the customer before, else the least busy, among them who waited longest for work.

    The same in, the same out, in whatever order candidates come. `gated` -- the house records certificates."""
    refused: dict[str, str] = {}
    fit: list[Candidate] = []
    for one in candidates:
        why = _why_not(one, request, rules, business, now, gated=gated)
        if why:
            refused[one.id] = why
        else:
            fit.append(one)
    if not fit:
        return Choice(refused=refused)
    recent = request.former_at is not None and now - request.former_at <= timedelta(days=rules.sticky_days)
    if rules.sticky_days and recent and any(one.id == request.former for one in fit):
        return Choice(advisor=request.former, reason="sticky", refused=refused)
    best = min(fit, key=lambda one: (one.open, one.last_given, one.id))
    return Choice(advisor=best.id, reason="least_load", refused=refused)


def _why_not(one: Candidate, request: Request, rules: Rules, business: Business, now: datetime, *, gated: bool) -> str:
    """'' for somebody who may have it."""
    if one.id in request.passed:
        return "passed"
    chief = request.escalated and one.role not in TAKERS
    if request.team not in one.teams and not chief and (request.staffed or one.role not in TAKERS):
        return "team"
    if gated and request.advice and uncertified(one.role, one.certificates, request.product, _today(now, business)):
        return "uncertified"
    if not request.screened and one.role == "advisor":
        return "screening"
    if one.away:
        return "away"
    if not one.online:
        return "offline"
    if not on_shift(one.shifts, business, now):
        return "off_shift"
    most = one.capacity or rules.capacity
    return "full" if most and one.open >= most else ""


def _today(now: datetime, business: Business) -> date:
    return schedule.local(now, business).date()


def uncertified(role: str, certificates: Iterable[Certificate], product: str, day: date) -> str:
    """Why he may not advise on this product on that day: `none`, `expired` or `product`; '' = he may. What the product is
    may not be known yet: any certificate in force does."""
    if role not in GATED:
        return ""
    own = tuple(certificates)
    if not own:
        return "none"
    if any(each.covers(product, day) for each in own):
        return ""
    return "product" if any(each.covers("", day) for each in own) else "expired"


def on_shift(shifts: tuple[Spans, ...] | None, business: Business, now: datetime) -> bool:
    """Is it a time at which he works? Nobody does on a day off; without shifts of his own or his teams' the house's hours
    are his."""
    if shifts is None:
        return schedule.in_hours(now, business)
    here = schedule.local(now, business)
    if here.date().isoformat() in business.holidays:
        return False
    clock = here.strftime("%H:%M")
    day = schedule.DAYS[here.weekday()]
    return any(begins <= clock < ends for each in shifts for begins, ends in each.get(day, ()))


# ---- what a conversation is


def team_of(state: State, reason: str) -> str:
    """Whose work it is that asks for a person: the team that it was handed to, else by the reason; who was not screened
    is the intake unit's."""
    if reason in BY_REASON:
        return BY_REASON[reason]
    had = str(state.memory.get("team", ""))
    if state.memory.get("handed") or (reason in GOES_ON and had not in ("", INTAKE)):
        return had
    return ADVICE if reason in OF_ADVICE and advises(state) else INTAKE


def advises(state: State) -> bool:
    """Is this about a cover that he wants, known well enough to advise on?"""
    return bool(state.slots.get("product") or state.slots.get("need")) and not screened.needed(state)


def needs_certificate(state: State, team: str) -> bool:
    """Advice is what needs one: not the first call, not a claim, not care."""
    return team == ADVICE or (team == "" and advises(state))
