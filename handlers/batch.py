"""The turns of many lanes, each step of all of them before the next step of any.

A turn runs through some hundred kilobytes of code and tables. Step by step, a batch finds its part of them in the
processor's caches; turn by turn, each lane fetches the whole anew: measured 1.6 times the time for a batch of thirty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from handlers.drafting import LaneDraft
from handlers.model import Decision, Event, Turn
from storage.turns import Lane, Marks, Rows


@dataclass(slots=True)
class Thought:
    """One lane's turn on its way. `whole` -- the rows of the batch, `parts` -- the stretches of them that are its own ·
    `events` -- what the core must hear · `error` -- why it goes no further."""

    lane: Lane
    whole: Rows
    parts: list[tuple[Marks, Marks]] = field(default_factory=list)
    error: Exception | None = None
    draft: LaneDraft | None = None
    events: list[Event] = field(default_factory=list)
    turn: Turn | None = None
    decision: Decision | None = None

    @property
    def rows(self) -> Rows:
        own = Rows()
        self.add_to(own)
        return own

    def add_to(self, rows: Rows) -> None:
        for begin, end in self.parts:
            rows.add(self.whole, begin, end)


@dataclass(slots=True)
class Results:
    """What a batch comes to. `singly` -- each lane alone, to find the one that cannot be written."""

    rows: Rows = field(default_factory=Rows)
    lanes: list[Thought] = field(default_factory=list)

    @classmethod
    def of(cls, work: list[Lane]) -> Results:
        rows = Rows()
        return cls(rows, [Thought(lane, rows) for lane in work])

    def __len__(self) -> int:
        return len(self.lanes)

    def each(self, step: Callable[[Thought], None], *, writes: bool = True) -> None:
        """One step of every turn that is still on its way. A turn in which it raises goes no further, and what the step
        has added to the rows is gone. `writes` -- it adds any."""
        rows = self.rows
        begin = rows.marks()
        for one in self.lanes:
            if one.error is not None:
                continue
            try:
                step(one)
            except Exception as err:
                rows.cut(begin)
                one.error = err
                continue
            if writes:
                end = rows.marks()
                one.parts.append((begin, end))
                begin = end

    def settle(self, instead: Callable[[Lane, Rows, Exception], None]) -> Results:
        """The rows of the turns that were finished, and what `instead` writes for each other one."""
        if all(one.error is None for one in self.lanes):
            return self
        settled = Results.of([one.lane for one in self.lanes])
        begin = settled.rows.marks()
        for one, again in zip(self.lanes, settled.lanes, strict=True):
            if one.error is None:
                one.add_to(settled.rows)
            else:
                instead(one.lane, settled.rows, one.error)
            end = settled.rows.marks()
            again.parts.append((begin, end))
            begin = end
        return settled

    def singly(self) -> list[Results]:
        """Each lane alone."""
        return [_alone(one) for one in self.lanes]


def _alone(one: Thought) -> Results:
    alone = Results.of([one.lane])
    begin = alone.rows.marks()
    one.add_to(alone.rows)
    alone.lanes[0].parts.append((begin, alone.rows.marks()))
    return alone
