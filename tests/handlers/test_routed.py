"""What the rules of the house do to a conversation: the core's part, without people or tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import absence, routed, sla
from handlers.model import Advisor, CloseHandoff, Context, Note, OpenHandoff, Refused, Rules, Stage, State
from tests.stories.world import MAI, MONDAY, NAM, OFFICE, World

GIVEN = {"C1": "given"}
KNOWN = {"name": "Lan", "phone": "+84901234567"}


def world(rules: Rules, *, bot: bool = True, **state: object) -> World:
    context = Context(
        business=replace(OFFICE, rules=rules), channel="telegram", conversation_id="c1", buttons=20, bot=bot
    )
    known = State(stage=Stage.QUEUED, consents=GIVEN, slots=KNOWN, handoff="h1", **state)  # type: ignore[arg-type]
    return World(state=known, context=context)


def give(to: Advisor, in_: World, handoff: str = "h1") -> None:
    advisor = {"id": to.id, "name": to.name, "code": to.code, "role": to.role}
    in_.act("give", routed.SYSTEM, advisor=advisor, handoff=handoff, reason="sticky")


def test_who_is_given_it_has_it_and_is_on_the_clock_at_once() -> None:
    told = world(Rules(mode="assign", answer_minutes=10))
    give(MAI, told)
    assert (told.state.stage, told.state.assignee) == (Stage.WITH_ADVISOR, MAI)
    assert "đã tư vấn khách này lần trước" in told.found(Note)[0].text
    told.wait(timedelta(minutes=11))
    assert told.state.stage is Stage.QUEUED
    assert told.found(CloseHandoff)[0].outcome == "unanswered"
    assert "sau 10 phút làm việc" in told.found(Note)[0].text
    assert told.state.memory["passed"] == [MAI.id]  # somebody else is the next


def test_what_does_not_wait_any_more_is_not_given() -> None:
    told = world(Rules(mode="assign"))
    for handoff in ("another", ""):
        with pytest.raises(Refused):
            give(MAI, told, handoff)
    told.act("take", NAM)
    with pytest.raises(Refused):
        give(MAI, told)
    assert told.state.assignee == NAM


@pytest.mark.parametrize("mode, back", [("assign", True), ("pull", False)])
def test_where_the_bot_is_off_nothing_is_said_but_given_work_comes_back(mode: str, back: bool) -> None:
    told = world(Rules(mode=mode), bot=False)  # type: ignore[arg-type]
    told.act("take", MAI)
    told.say("alo em ơi")
    told.wait(timedelta(minutes=31))
    assert (told.state.stage is Stage.QUEUED) is back
    assert told.said == []


def test_an_answer_forgives_who_let_it_pass() -> None:
    told = world(Rules(mode="assign"), memory={"passed": [NAM.id]})
    give(MAI, told)
    told.act("reply", MAI, text="Dạ em chào chị")
    assert "passed" not in told.state.memory


def test_a_call_is_a_first_word_of_who_was_given_a_lead() -> None:
    told = world(Rules(mode="assign"))
    give(MAI, told)
    told.act("attempt", MAI, result="reached")
    told.wait(timedelta(minutes=31))
    assert (told.state.stage, told.state.assignee) == (Stage.WITH_ADVISOR, MAI)
    told.say("còn phí thì sao em")  # from here on as ever
    told.wait(timedelta(minutes=31))
    assert told.state.stage is Stage.QUEUED


def test_working_minutes_leave_out_the_midday_break() -> None:
    before_lunch = MONDAY.replace(hour=11, minute=55)
    assert absence.end(before_lunch, OFFICE) == before_lunch + timedelta(minutes=30)
    ruled = replace(OFFICE, rules=Rules(answer_minutes=10, next_minutes=10))
    assert absence.end(before_lunch, ruled) == before_lunch + timedelta(minutes=70)
    assert sla.answer_due(before_lunch, ruled, "") == before_lunch + timedelta(minutes=70)
    assert sla.answer_due(before_lunch, OFFICE, "") is None
    of_team = replace(OFFICE, rules=Rules(first={"claims": 5}, next={"claims": 3}))
    assert sla.due(MONDAY, of_team, team="claims") - MONDAY == timedelta(minutes=5)
    assert sla.due(MONDAY, of_team, team="care") - MONDAY == timedelta(minutes=15)
    assert sla.answer_due(MONDAY, of_team, "claims") == MONDAY + timedelta(minutes=3)


def test_who_may_advise_no_more_loses_it_and_it_waits_for_another() -> None:
    told = world(Rules())
    told.act("take", MAI)
    told.act("release", routed.SYSTEM, advisor=MAI.id, reason="expired")
    assert (told.state.stage, told.state.assignee) == (Stage.QUEUED, None)
    assert told.found(OpenHandoff) == [OpenHandoff(reason="uncertified", priority=10)]
    assert f"{MAI.name}: chứng chỉ đã hết hạn" in told.found(Note)[0].text
    with pytest.raises(Refused):
        told.act("release", routed.SYSTEM, advisor=MAI.id, reason="expired")


def test_a_transfer_holds_until_it_is_closed() -> None:
    told = world(Rules())
    told.act("take", MAI)
    told.act("transfer", MAI, team="xe-may", team_name="Xe máy")
    assert told.state.memory["team"] == "xe-may"
    assert told.state.memory["handed"]
    told.act("take", MAI)
    told.act("close", MAI, outcome="done")
    assert "handed" not in told.state.memory
