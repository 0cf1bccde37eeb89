"""The supervisor's wall: who waits, who has how much, how soon people answer, what becomes of those who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from gateway.boards import DAYS, NONE, REST, Answers, Boards, By, NowBoard, PeriodBoard, PeriodName
from handlers import schedule
from handlers.model import Business
from storage.times import at

WIDTH: Final = 100.0  # of the longest bar, in hundredths of the chart
DEFAULT: Final[PeriodName] = "today"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure; `href` -- its list, '' where there is nothing in it."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart, and of the table beside it. `share`, `second` -- lengths in hundredths, None = no such bar."""

    label: str
    said: str
    share: float
    cells: tuple[Cell, ...]
    second: float | None = None
    mood: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """`told` -- the chart in one sentence, for those who cannot see it; `legend` -- of two bars a line."""

    id: str
    title: str
    told: str
    heads: tuple[str, ...]
    bars: tuple[Bar, ...]
    empty: str
    legend: tuple[str, ...] = ()


def period_of(asked: str) -> PeriodName:
    """What a page's address asks for; today where it asks for nothing that we know."""
    return next((name for name in DAYS if name == asked), DEFAULT)


class Wall:
    """What the page shows. `words` -- `wall` of the page's, with the inbox's names of channels; `tests` -- test conversations
    are counted too."""

    def __init__(
        self, words: Mapping[str, Any], channels: Mapping[str, str], business: Business, *, comma: bool, tests: bool
    ) -> None:
        self._words, self._channels, self._business, self._comma = words, channels, business, comma
        self._tests = tests

    async def view(self, boards: Boards, name: PeriodName) -> dict[str, Any]:
        """The page's values."""
        now, period = await boards.now(tests=self._tests), await boards.period(name, tests=self._tests)
        w = self._words
        return {
            "tests": self._tests,
            "period": name,
            "periods": [(each, w["periods"][each]) for each in DAYS],
            "counted": schedule.local(at(now.at_ms), self._business).strftime("%H:%M:%S"),
            "tiles": self._tiles(now, period),
            "charts": [
                self._people(now),
                self._times(period, "channels", "channel", self._channel),
                self._times(period, "teams", "team", lambda of: now.teams.get(of, of or w["no_team"])),
                self._funnel(period),
                self._lost(period),
                self._scores(period),
            ],
        }

    def _channel(self, name: str) -> str:
        return self._channels.get(name, name)

    # ---- the tiles

    def _tiles(self, now: NowBoard, period: PeriodBoard) -> list[dict[str, str]]:
        w, oldest, whole = self._words, now.oldest, next(iter(period.answers()), Answers("", 0, 0, None, None))
        waited = self._minutes((now.at_ms - oldest.since) / 60_000) if oldest else w["nobody"]
        mood = "late" if now.late else "good"
        score = period.score
        return [
            {"name": w["waiting"], "mood": mood, "note": self._where(now), **self._link("waiting", len(now.waiting))},
            {"name": w["late"], "mood": mood, "note": w["late_note"], **self._link("late", now.late)},
            {
                "name": w["oldest"],
                "text": waited,
                "href": f"/desk/c/{oldest.id}" if oldest else "",
                "mood": "late" if oldest and oldest.late else "",
                "note": self._channel(oldest.channel) if oldest else "",
            },
            {
                "name": w["answered"],
                "text": self._minutes(whole.median),
                "href": self._href(period.name, "answered", "") if whole.answered else "",
                "mood": "",
                "note": w["ninety"].format(time=self._minutes(whole.p90)) if whole.answered else w["working_time"],
            },
            {
                "name": w["score"],
                "text": w["none"] if score is None else w["of_five"].format(score=self._decimal(score)),
                "href": self._href(period.name, "score", "") if score is not None else "",
                "mood": "",
                "note": w["scores"].format(count=len(period.count.scored)),
            },
        ]

    def _where(self, now: NowBoard) -> str:
        """On which channels they wait, the most first."""
        return " · ".join(f"{self._channel(of)} {count}" for of, count in now.by(lambda one: one.channel)[:3])

    def _link(self, figure: str, count: int) -> dict[str, str]:
        return {"text": str(count), "href": self._href(DEFAULT, figure, "") if count else ""}

    def _href(self, period: str, figure: str, of: str) -> str:
        tests = {"tests": "true"} if self._tests else {}
        return "/desk/?" + urlencode({"figure": figure, "of": of, "period": period, **tests})

    def _cell(self, period: str, figure: str, of: str, count: int) -> Cell:
        return Cell(str(count), self._href(period, figure, of) if count else "")

    # ---- the charts

    def _chart(self, name: str, bars: Iterable[Bar], **more: Any) -> Chart:
        words, made = self._words["charts"][name], tuple(bars)
        told = "; ".join(f"{bar.label}: {bar.said}" for bar in made)
        return Chart(
            id=name, title=words["title"], told=told or words["empty"], heads=tuple(words["heads"]), bars=made,
            empty=words["empty"], **more,
        )  # fmt: skip

    def _people(self, now: NowBoard) -> Chart:
        w = self._words
        most = max([*(max(one.active, one.capacity) for one in now.people), 1])

        def note(one: Any) -> str:
            told = [w["states"][one.state]] if one.state != "easy" else []
            return " · ".join([*told, *([w["away"]] if one.away else [])])

        return self._chart(
            "people",
            (
                Bar(
                    label=one.name,
                    said=(w["has_of"] if one.capacity else w["has"]).format(
                        active=one.active, capacity=one.capacity, turn=one.his_turn
                    ),
                    share=WIDTH * one.active / most,
                    second=WIDTH * one.his_turn / most,
                    cells=(
                        self._cell(DEFAULT, "active", one.id, one.active),
                        self._cell(DEFAULT, "his_turn", one.id, one.his_turn),
                        self._cell(DEFAULT, "later", one.id, one.later),
                        Cell(str(one.capacity) if one.capacity else w["any"]),
                    ),
                    mood=one.state,
                    note=note(one),
                )
                for one in now.people
            ),
            legend=tuple(w["charts"]["people"]["legend"]),
        )

    def _times(self, period: PeriodBoard, name: str, by: By, shown: Callable[[str], str]) -> Chart:
        found = period.answers(by)
        most = max([*(each.p90 or 0 for each in found), 1])
        return self._chart(
            name,
            (
                Bar(
                    label=shown(each.of),
                    said=self._words["times"].format(median=self._minutes(each.median), p90=self._minutes(each.p90)),
                    share=WIDTH * (each.p90 or 0) / most,
                    second=WIDTH * (each.median or 0) / most,
                    cells=(
                        self._cell(period.name, "asked", f"{by}:{each.of}", each.asked),
                        self._cell(period.name, "answered", f"{by}:{each.of}", each.answered),
                        Cell(self._minutes(each.median)),
                        Cell(self._minutes(each.p90)),
                    ),
                )
                for each in found
            ),
            legend=tuple(self._words["charts"]["channels"]["legend"]),
        )

    def _funnel(self, period: PeriodBoard) -> Chart:
        first = max(period.funnel[0][1], 1)
        most = max(first, *(count for _, count in period.funnel))
        return self._chart(
            "funnel",
            (
                Bar(
                    label=self._words["steps"][step],
                    said=str(count),
                    share=WIDTH * count / most,
                    cells=(self._cell(period.name, "step", step, count), Cell(f"{round(100 * count / first)} %")),
                )
                for step, count in period.funnel
                if period.count.begun
            ),
        )

    def _lost(self, period: PeriodBoard) -> Chart:
        most = max([*(each.count for each in period.lost), 1])
        known = {NONE: self._words["no_reason"], REST: self._words["other_reasons"]}
        return self._chart(
            "lost",
            (
                Bar(
                    label=known.get(each.key, each.words),
                    said=str(each.count),
                    share=WIDTH * each.count / most,
                    cells=(self._cell(period.name, "lost", each.key, each.count),),
                )
                for each in period.lost
            ),
        )

    def _scores(self, period: PeriodBoard) -> Chart:
        most = max([*period.scores.values(), 1])
        return self._chart(
            "scores",
            (
                Bar(
                    label=self._words["stars"][str(score)],
                    said=str(count),
                    share=WIDTH * count / most,
                    cells=(self._cell(period.name, "score", str(score), count),),
                )
                for score, count in sorted(period.scores.items(), reverse=True)
                if period.count.scored
            ),
        )

    # ---- numbers as people say them

    def _minutes(self, value: float | None) -> str:
        if value is None:
            return str(self._words["none"])
        whole = round(value)
        if whole < 1:
            return str(self._words["at_once"])
        if whole < 60:
            return str(self._words["minutes"].format(n=whole))
        if whole < 48 * 60:
            return str(self._words["hours"].format(h=whole // 60, m=f"{whole % 60:02d}"))
        return str(self._words["days"].format(n=whole // 1440))

    def _decimal(self, value: float) -> str:
        text = f"{value:.1f}"
        return text.replace(".", ",") if self._comma else text
