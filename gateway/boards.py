"""The figures of the supervisor's wall: counted a few seconds ago at most, each with the conversations behind it."""

from __future__ import annotations

import asyncio
import hashlib
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from handlers import schedule
from handlers.model import Business
from storage import advisors, queues, search, shifts, teams, wall, wall_period
from storage.times import at, ms
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

PeriodName = Literal["today", "7d", "30d"]
DAYS: Final[Mapping[PeriodName, int]] = {"today": 1, "7d": 7, "30d": 30}
FRESH_S: Final = {"house": 2.0, "now": 4.0, "today": 10.0, "7d": 60.0, "30d": 120.0}
ANEW_S: Final = 3600  # so long only what changed is counted; then all: what was erased beside it is gone
By = Literal["", "channel", "team"]  # by what answer times are told; '' = all of them together
REASONS: Final = 8  # that are told one by one; the rest together
NONE: Final = "none"
REST: Final = "rest"


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one channel, one team or all: conversations that asked for a person, and those that were answered; a time for
    each request of theirs, in minutes of working time, None = nobody was answered."""

    of: str
    asked: int
    answered: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """What somebody has. `active` -- without what is put off; `his_turn` -- the customer has the last word; `capacity`
    0 = any number; `state` -- over, full or easy."""

    id: str
    name: str
    teams: tuple[str, ...]
    away: bool
    active: int
    his_turn: int
    later: int
    capacity: int

    @property
    def state(self) -> Literal["easy", "full", "over"]:
        if not self.capacity or self.active < self.capacity:
            return "easy"
        return "over" if self.active > self.capacity else "full"


@dataclass(frozen=True, slots=True)
class Reason:
    key: str
    words: str
    count: int


@dataclass(frozen=True, kw_only=True)
class NowBoard:
    """Who waits and who has how much."""

    at_ms: int
    waiting: Sequence[wall.Waiting]
    held: Sequence[wall.Held]
    people: Sequence[Load]
    teams: Mapping[str, str]

    @cached_property
    def oldest(self) -> wall.Waiting | None:
        return min(self.waiting, key=lambda one: (one.since, one.id), default=None)

    @property
    def late(self) -> int:
        return sum(one.late for one in self.waiting)

    def by(self, what: Callable[[wall.Waiting], str]) -> list[tuple[str, int]]:
        """How many of each, the most first."""
        return Counter(what(one) for one in self.waiting).most_common()


@dataclass(frozen=True, kw_only=True)
class PeriodBoard:
    """The figures of a period: summed once, whoever looks at them."""

    name: PeriodName
    since: int
    until: int
    count: wall_period.Figures
    business: Business

    def sum_up(self) -> PeriodBoard:
        """Everything that is shown, which for a month is a second of arithmetic: not for the loop's thread."""
        _ = self._answers, self.funnel, self.lost, self.scores
        return self

    @cached_property
    def waits(self) -> dict[str, float]:
        """Minutes of working time until the first answer, by request."""
        clock = WorkingClock(self.business)
        return {
            one.id: clock.between(one.at, one.answered_at) / 60
            for one in self.count.asked
            if one.answered_at is not None
        }

    def answers(self, by: By = "") -> list[Answers]:
        """Answer times of each, the most asked first."""
        return self._answers[by]

    @cached_property
    def _answers(self) -> dict[By, list[Answers]]:
        return {
            "": self._of_each(lambda _one: ""),
            "channel": self._of_each(lambda one: one.channel),
            "team": self._of_each(lambda one: one.team),
        }

    def _of_each(self, what: Callable[[wall_period.Asked], str]) -> list[Answers]:
        groups: dict[str, list[wall_period.Asked]] = defaultdict(list)
        for one in self.count.asked:
            groups[what(one)].append(one)
        found = []
        for of, some in groups.items():
            minutes = sorted(self.waits[one.id] for one in some if one.id in self.waits)
            asked = {one.conversation_id for one in some}
            answered = {one.conversation_id for one in some if one.id in self.waits}
            found.append(Answers(of, len(asked), len(answered), middle(minutes), ninety(minutes)))
        return sorted(found, key=lambda each: (-each.asked, each.of))

    @cached_property
    def funnel(self) -> list[tuple[str, int]]:
        return [(step, sum(step in one.steps for one in self.count.begun)) for step in wall_period.STEPS]

    @cached_property
    def _reasons(self) -> dict[str, list[wall_period.Lost]]:
        groups: dict[str, list[wall_period.Lost]] = defaultdict(list)
        for one in self.count.lost:
            groups[reason_key(one.reason)].append(one)
        return dict(sorted(groups.items(), key=lambda each: (each[0] == NONE, -len(each[1]), each[0])))

    @cached_property
    def lost(self) -> list[Reason]:
        """Why, the most frequent first; what was given no reason and what is rare comes last."""
        told = [Reason(key, some[0].reason, len(some)) for key, some in self._reasons.items()]
        named, none = [each for each in told if each.key != NONE], [each for each in told if each.key == NONE]
        rest = sum(each.count for each in named[REASONS:])
        return named[:REASONS] + ([Reason(REST, "", rest)] if rest else []) + none

    @cached_property
    def scores(self) -> dict[int, int]:
        counted = Counter(one.score for one in self.count.scored)
        return {score: counted[score] for score in range(1, 6)}

    @property
    def score(self) -> float | None:
        given = [one.score for one in self.count.scored]
        return statistics.fmean(given) if given else None

    # ---- the conversations behind a figure

    def behind(self, figure: str, of: str) -> set[str]:
        count = self.count
        if figure in ("asked", "answered", "unanswered"):
            return {
                one.conversation_id
                for one in count.asked
                if _is(of, one.channel, one.team)
                and (figure == "asked" or (one.id in self.waits) == (figure == "answered"))
            }
        if figure == "step":
            return {one.id for one in count.begun if of in one.steps}
        if figure == "lost":
            shown = {each.key for each in self.lost}
            return {
                one.id
                for key, some in self._reasons.items()
                if of in ("", key) or (of == REST and key not in shown)
                for one in some
            }
        if figure == "score":
            return {one.conversation_id for one in count.scored if of in ("", str(one.score))}
        return set()


def behind_now(board: NowBoard, figure: str, of: str) -> set[str]:
    if figure == "waiting":
        return {one.id for one in board.waiting if _is(of, one.channel, one.team)}
    if figure == "late":
        return {one.id for one in board.waiting if one.late}
    if figure in ("active", "his_turn", "later"):
        return {
            one.id
            for one in board.held
            if of in ("", one.advisor)
            and (one.his_turn if figure == "his_turn" else one.later if figure == "later" else not one.later)
        }
    return set()


def _is(of: str, channel: str, team: str) -> bool:
    """`channel:zalo`, `team:claims` (`team:` alone = of no team), or '' = any."""
    kind, _, value = of.partition(":")
    return not of or (kind == "channel" and value == channel) or (kind == "team" and value == team)


def reason_key(words: str) -> str:
    """The same for reasons that are typed a little differently; it tells nothing of the words."""
    plain = " ".join(search.words(words))
    return hashlib.blake2s(plain.encode(), digest_size=6).hexdigest() if plain else NONE


@dataclass(slots=True)
class WorkingClock:
    """Working time between many moments: each day is looked up once. Nights, breaks and days off do not count."""

    business: Business
    _days: dict[date, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def between(self, begin_ms: int, end_ms: int) -> float:
        """Seconds."""
        day, last = self._day(begin_ms), self._day(end_ms)
        total = 0
        while day <= last:
            for opens, closes in self._spans(day):
                total += max(0, min(end_ms, closes) - max(begin_ms, opens))
            day += timedelta(days=1)
        return total / 1000

    def _day(self, moment_ms: int) -> date:
        return schedule.local(at(moment_ms), self.business).date()

    def _spans(self, day: date) -> tuple[tuple[int, int], ...]:
        found = self._days.get(day)
        if found is None:
            found = tuple((ms(opens), ms(closes)) for opens, closes in schedule.spans(day, self.business))
            self._days[day] = found
        return found


def middle(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def ninety(values: Sequence[float]) -> float | None:
    """So long or less it was in nine cases of ten: nearest rank of sorted values."""
    return values[math.ceil(0.9 * len(values)) - 1] if values else None


def period(name: PeriodName, now: datetime, business: Business) -> tuple[int, int]:
    """(since, until) in ms: from midnight at the agency, today or so many days of which today is the last."""
    today = schedule.local(now, business).date()
    return ms(schedule.at(today - timedelta(days=DAYS[name] - 1), time(0), business)), ms(now) + 1


@dataclass(slots=True)
class Boards:
    """One a process. Who asks while it is being counted waits for that count; all periods are parts of one count, of which
    only what has changed is looked at again. `tests` -- test conversations too."""

    parts: Parts
    _locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _house: tuple[int, queues.House] | None = None
    _nows: dict[bool, NowBoard] = field(default_factory=dict)
    _periods: dict[tuple[str, bool], PeriodBoard] = field(default_factory=dict)
    _counted: wall_period.Count | None = None
    _begun_ms: int = 0  # the counting anew
    _erased: int = 0

    def __post_init__(self) -> None:
        self.parts.hub.listen(self.heard, ("erased",))

    async def house(self) -> queues.House:
        """What everybody's queues show alike: a hundred desks that hear of every message ask for it every few seconds."""
        async with self._locks["house"]:
            if self._house is None or self._stale("house", self._house[0]):
                self._house = self.parts.store.now_ms(), await self.parts.store.read(queues.house)
            return self._house[1]

    @property
    def only_tests(self) -> bool:
        """Every account is there for trying out, as in the demo: figures without tests would all be nought."""
        return all(account.get("test") for account in self.parts.accounts.values())

    async def now(self, *, tests: bool = False) -> NowBoard:
        async with self._locks[f"now {tests}"]:
            held = self._nows.get(tests)
            if held is None or self._stale("now", held.at_ms):
                held = self._nows[tests] = await self._count_now(tests)
            return held

    async def period(self, name: PeriodName, *, tests: bool = False) -> PeriodBoard:
        async with self._locks[f"{name} {tests}"]:
            held = self._periods.get((name, tests))
            if held is None or self._stale(name, held.until):
                erased, held = self._erased, await self._count(name, tests)
                if erased == self._erased:
                    self._periods[name, tests] = held
            return held

    def _stale(self, name: str, counted_ms: int) -> bool:
        return not 0 <= self.parts.store.now_ms() - counted_ms < FRESH_S[name] * 1000

    async def _count_now(self, tests: bool) -> NowBoard:
        store, rules = self.parts.store, self.parts.engine.business.rules
        count = wall.Now(tests=tests)
        while await store.read(count.step):
            pass

        def staff(tx: Tx) -> tuple[list[advisors.Person], list[teams.Team], dict[str, shifts.Availability]]:
            return advisors.listed(tx), teams.listed(tx), shifts.availability(tx)

        people, groups, said = await store.read(staff)
        held: dict[str, list[wall.Held]] = defaultdict(list)
        for one in count.held:
            held[one.advisor].append(one)
        loads = [
            _load(person, held[person.id], groups, said.get(person.id, shifts.Availability()), rules.capacity)
            for person in people
            if person.id in held or any(person.id in team.members for team in groups)
        ]
        return NowBoard(
            at_ms=store.now_ms(),
            waiting=count.waiting,
            held=count.held,
            people=sorted(loads, key=lambda each: (-each.active, -each.his_turn, each.name)),
            teams={team.id: team.name for team in groups},
        )

    async def _count(self, name: PeriodName, tests: bool) -> PeriodBoard:
        store, business = self.parts.store, self.parts.engine.business
        since, until = period(name, at(store.now_ms()), business)
        async with self._locks["count"]:
            count = await self._up_to_date(since)
            figures = await asyncio.to_thread(count.figures, since, until, tests=tests)
        board = PeriodBoard(name=name, since=since, until=until, count=figures, business=business)
        return await asyncio.to_thread(board.sum_up)

    async def _up_to_date(self, since: int) -> wall_period.Count:
        now_ms, count = self.parts.store.now_ms(), self._counted
        if count is None or count.since > since or not 0 <= now_ms - self._begun_ms < ANEW_S * 1000:
            count = wall_period.Count(since)
            self._begun_ms = now_ms
        self._counted, erased = None, self._erased  # what breaks off is begun anew
        while await self.parts.store.read(count.step):
            pass
        self._counted = count if erased == self._erased else None
        return count

    def heard(self, _kind: str, _object_id: str) -> None:
        """A person is erased: what was counted of him is kept no longer."""
        self._counted, self._erased = None, self._erased + 1
        self._periods.clear()


def _load(
    person: advisors.Person,
    held: Iterable[wall.Held],
    groups: Iterable[teams.Team],
    said: shifts.Availability,
    usual: int,
) -> Load:
    held = list(held)
    return Load(
        id=person.id,
        name=person.name,
        teams=tuple(team.id for team in groups if person.id in team.members),
        away=said.away_at is not None,
        active=sum(not one.later for one in held),
        his_turn=sum(one.his_turn for one in held),
        later=sum(one.later for one in held),
        capacity=said.capacity or usual,
    )
