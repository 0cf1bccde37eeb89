"""The table of stages: what is declared happens, nothing else does, and the page in docs/ says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import product
from typing import Any, Final

import pytest
import yaml

from channels.contract import Kind
from handlers.core import decide
from handlers.draft import Draft
from handlers.model import (
    Acted,
    Called,
    Context,
    Event,
    Followed,
    Refused,
    Said,
    SendEnded,
    Stage,
    State,
    Submitted,
    TimerFired,
    Turn,
    state_from_json,
)
from handlers.stages import ALLOWED, WAYS, By, IllegalMove
from tests.stories.test_stories import STORIES, happen, world
from tests.stories.world import MAI, MONDAY, NAM, OFFICE
from tools import diagram

Gone = set[tuple[Stage, Stage, By]]
NOW: Final = MONDAY.astimezone(UTC)
DECLARED: Final[Gone] = {(of, way.to, way.by) for way in WAYS for of in way.of}
FULL: Final = {
    "name": "Lan",
    "phone": "+84901234567",
    "product": "du_lich",
    "callback_time": {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T02:00:00Z"},
}
TYPED: Final = (
    "mua bảo hiểm xe máy", "gặp nhân viên", "đồng ý", "không đồng ý", "không", "đúng rồi", "sai rồi", "dừng", "đồ ngu",
    "số là 0933222111", "gọi lại cho tôi", "chào em", "hmm", "thôi không mua nữa",
)  # fmt: skip
ACTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("take", {}), ("reopen", {}), ("call", {"answered": False}), ("attempt", {"result": "no_answer"}), ("attempt", {"result": "wrong_number"}), ("return", {}), ("transfer", {"team": "claims"}), ("assign", {"advisor": NAM}), ("echo", {}),
    *(("close", {"outcome": outcome}) for outcome in ("won", "lost", "no_need", "spam", "done")),
)  # fmt: skip
CARE: Final = {"task": "t1", "kind": "csat", "policy": "p1"}
EVENTS: Final[tuple[Event, ...]] = (
    *(Said(message_id="m", kind=Kind.TEXT, at=NOW, text=text) for text in TYPED),
    Said(message_id="m", kind=Kind.BUTTON, at=NOW, payload="call"),
    Followed(message_id="m", at=NOW),
    *(Acted(name=name, by=MAI, at=NOW, data=data) for name, data in ACTS),
    *(TimerFired(name=name, at=NOW) for name in ("nudge", "close", "long_wait", "callback", "absence")),
    TimerFired(name="care", at=NOW, data=CARE),
    SendEnded(message_id="m", at=NOW, status="failed", klass="C"),
    Submitted(message_id="m", at=NOW, fields={"phone": "0912345678"}),
    Called(message_id="m", at=NOW, call="k", event="missed", number="+84912345678"),
    Called(message_id="m", at=NOW, call="k", event="missed"),
    *(TimerFired(name=name, at=NOW) for name in ("overdue", "ring", "give_up", "last_word")),
)
RINGING: Final = {"direction": "inbound", "number": "+84912345678", "events": ["ringing"], "message": "m0"}
GIVEN: Final = {"C1": "given"}
FOUND: Final[tuple[tuple[dict[str, str], str, bool, int], ...]] = (  # consents, open question, is the form full, days ago
    ({}, "consent", False, 1), ({}, "menu", False, 1), ({}, "", False, 30), ({"C1": "refused"}, "", False, 1),
    (GIVEN, "", True, 1), (GIVEN, "need", False, 1), (GIVEN, "confirm", True, 1), (GIVEN, "callback", True, 1), (GIVEN, "", True, 30),
)  # fmt: skip
CONTEXT: Final = Context(business=OFFICE, channel="telegram", conversation_id="c1")


@pytest.fixture(scope="module")
def moves() -> Iterator[tuple[Gone, list[Gone]]]:
    """Every way that is gone, written down as it is gone: the set, and those of each story."""
    gone: Gone = set()
    move = Draft.move

    def noted(draft: Draft, stage: Stage, **asked: str) -> None:
        of = draft.state.stage
        move(draft, stage, **asked)
        if of is not stage:
            gone.add((of, stage, draft.by))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft, "move", noted)
        told = []
        for path in STORIES:
            gone.clear()
            _tell(path.read_text("utf-8"))
            told.append(set(gone))
        _walk()
        yield gone, told


def _tell(text: str) -> None:
    story = yaml.safe_load(text)
    now = world(story)
    for step in story["steps"]:
        happen(now, step)


def _walk() -> None:
    """Every stage, as it may be found, meets everything that can happen."""
    for stage, (consents, asked, full, days) in product(Stage, FOUND):
        since = NOW - timedelta(days=days)
        state = State(
            stage=stage,
            consents=consents,
            slots=FULL if full else {},
            asked=asked,
            tries=1,
            unclear=1,
            warnings=2,
            assignee=MAI if stage is Stage.WITH_ADVISOR else None,
            last_inbound_at=since,
            memory={
                "closed_at": since.isoformat(),
                "soon": stage is Stage.CONFIRMING and days > 1,
                "calls": {"k0": RINGING},
                "unanswered": since.isoformat(),
            },
        )
        for event in EVENTS:
            _happens(state, event, CONTEXT)
        _happens(state, EVENTS[0], replace(CONTEXT, bot=False))


def _happens(state: State, event: Event, context: Context) -> None:
    try:
        decide(state, Turn(events=(event,)), now=NOW, context=context)
    except Refused:
        assert isinstance(event, Acted)


def test_every_declared_way_is_gone(moves: tuple[Gone, list[Gone]]) -> None:
    walked, told = moves
    missing = DECLARED - walked - set().union(*told)
    assert not missing, "\n".join(f"{of} to {to} by {by}" for of, to, by in sorted(missing))


def test_every_kind_of_way_is_told_in_a_story(moves: tuple[Gone, list[Gone]]) -> None:
    told = set().union(*moves[1])
    untold = [way.on for way in WAYS if not any((of, way.to, way.by) in told for of in way.of)]
    assert not untold


def test_every_stage_is_reached_in_a_story_or_by_people(moves: tuple[Gone, list[Gone]]) -> None:
    reached = {to for _, to, _ in set().union(*moves[1])}
    assert reached >= set(Stage) - {Stage.UNREACHABLE}


def test_there_is_no_other_way() -> None:
    draft = Draft(state=State(), now=NOW, context=CONTEXT)
    with pytest.raises(IllegalMove, match="new to confirming by customer"):
        draft.move(Stage.CONFIRMING)
    assert draft.state.stage is Stage.NEW
    draft.move(Stage.NEW)  # where it is, it may stay


def test_nobody_but_people_takes_it_from_an_advisor_who_answers() -> None:
    leads = {by: ALLOWED[by][Stage.WITH_ADVISOR] for by in By if by is not By.DESK}
    assert leads == {By.CUSTOMER: set(), By.CLOCK: {Stage.QUEUED}, By.CHANNEL: set()}


def test_every_open_and_waiting_stage_leads_to_people_in_one_move() -> None:
    for stage in set(Stage) - {Stage.QUEUED, Stage.WITH_ADVISOR}:
        assert Stage.QUEUED in ALLOWED[By.CUSTOMER][stage], stage


def test_every_stage_can_be_kept() -> None:
    for stage in Stage:
        assert state_from_json({"stage": stage.value}).stage is stage


def test_the_page_says_what_the_code_does() -> None:
    page = diagram.PAGE.read_text("utf-8")
    assert page == diagram.up_to_date(page), "run: python -m tools.diagram --write"
    assert diagram.printed() in page
