"""What people may do with a conversation, when, and what the customer hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import Kind
from handlers import handoff, stages
from handlers.model import (
    Advisor,
    Audit,
    CloseHandoff,
    Note,
    OpenHandoff,
    Refused,
    Relabel,
    SendEnded,
    Stage,
    State,
    TakeHandoff,
    Tell,
    Unwake,
    WakeAt,
)
from tests.stories.world import CHIEF, MAI, NAM, World

GIVEN = {"C1": "given"}
CLOSED = (Stage.WON, Stage.LOST, Stage.CLOSED_NO_NEED, Stage.CLOSED_IDLE, Stage.CLOSED_SPAM, Stage.OPTED_OUT)
OPEN = tuple(stage for stage in Stage if stage not in (*CLOSED, Stage.WITH_ADVISOR))


def queued() -> World:
    return World(state=State(stage=Stage.QUEUED, handoff="h1", consents=GIVEN, slots={"name": "Lan"}))


def taken(by: Advisor = MAI) -> World:
    return World(
        state=State(stage=Stage.WITH_ADVISOR, assignee=by, handoff="h1", consents=GIVEN, slots={"name": "Lan"})
    )


@pytest.mark.parametrize("stage", [*OPEN, *CLOSED])
def test_take(stage: Stage) -> None:
    world = World(state=State(stage=stage, asked="consent" if stage is Stage.CONSENT_PENDING else ""))
    world.act("take", MAI)
    assert (world.state.stage, world.state.assignee, world.state.asked) == (Stage.WITH_ADVISOR, MAI, "")
    assert world.said == ["handoff.advisor_joined"]
    assert world.found(TakeHandoff) == [TakeHandoff(by=MAI)]
    waits = stage in (Stage.QUEUED, Stage.CALLBACK_SCHEDULED, Stage.UNREACHABLE)
    assert bool(world.found(OpenHandoff)) is not waits  # there is always a handoff to take
    assert world.found(Audit) == [Audit(action="conversation.take", by=MAI)]


def test_the_slower_of_two_is_told_who_was_faster() -> None:
    world = taken()
    with pytest.raises(Refused) as caught:
        world.act("take", NAM)
    assert (caught.value.code, caught.value.holder) == ("taken", MAI)
    before = world.state
    assert world.act("take", MAI).effects == ()  # again by the same: nothing
    assert world.state == before


def test_an_advisor_without_an_agent_code_has_a_plain_welcome() -> None:
    world = queued()
    world.act("take", NAM)
    assert world.said == ["handoff.advisor_joined_plain"]
    assert "Tư vấn viên Lê Nam đã vào hỗ trợ" in world.words


@pytest.mark.parametrize("by, may", [(MAI, True), (NAM, False), (CHIEF, True)])
@pytest.mark.parametrize(
    "act, data",
    [
        ("reply", {"text": "Chào chị"}),
        ("close", {"outcome": "lost"}),
        ("return", {}),
        ("assign", {"advisor": CHIEF}),
        ("transfer", {"team": "claims"}),
        ("snooze", {"until": "2030-01-01T00:00:00Z"}),
    ],
)
def test_only_he_who_has_it_or_a_chief(act: str, data: dict[str, Any], by: Advisor, may: bool) -> None:
    world = taken()
    if may:
        world.act(act, by, **data)
        return
    with pytest.raises(Refused) as caught:
        world.act(act, by, **data)
    assert (caught.value.code, caught.value.holder) == ("not_yours", MAI)


def test_a_reply_takes_first_and_is_said_after_the_welcome() -> None:
    world = queued()
    world.act("reply", MAI, text="Chào chị Lan", file_ids=["f1"])
    kinds = [type(effect).__name__ for effect in world.effects]
    assert kinds.index("TakeHandoff") < kinds.index("Say") < kinds.index("Tell")
    assert world.found(Tell) == [Tell(text="Chào chị Lan", by=MAI, file_ids=("f1",))]
    world.act("reply", CHIEF, text="Chị cần thêm gì ạ?")
    assert world.state.assignee == MAI  # a chief helps, he does not take it away
    with pytest.raises(Refused) as caught:
        world.act("reply", MAI, text="  ")
    assert caught.value.code == "empty"


def test_a_note_is_anybodys_and_the_customer_never_sees_it() -> None:
    world = taken()
    world.act("note", NAM, text="  khách cũ  ")
    assert world.effects == [Note(text="khách cũ", by=NAM), Audit(action="conversation.note", by=NAM)]


@pytest.mark.parametrize(
    "outcome, stage, said",
    [
        ("won", "won", ["handoff.advisor_left"]),
        ("lost", "lost", ["handoff.advisor_left"]),
        ("no_need", "closed_no_need", ["handoff.advisor_left"]),
        ("done", "closed_idle", ["handoff.advisor_left"]),
        ("spam", "closed_spam", []),
    ],
)
def test_close(outcome: str, stage: str, said: list[str]) -> None:
    world = taken()
    world.act("close", MAI, outcome=outcome, reason="giá")
    assert (world.state.stage.value, world.state.assignee, world.state.handoff) == (stage, None, "")
    assert world.said == said
    assert world.found(CloseHandoff) == [CloseHandoff(outcome=outcome, reason="giá")]
    with pytest.raises(Refused) as caught:
        world.act("close", MAI, outcome=outcome)
    assert caught.value.code == "wrong_state"


def test_nobody_leaves_who_never_came() -> None:
    world = queued()
    world.act("close", MAI, outcome="no_need")
    assert world.said == []


def test_won_stays_won_after_care() -> None:
    world = taken()
    world.act("close", MAI, outcome="won")
    world.act("take", MAI)
    assert world.found(OpenHandoff)
    world.act("close", MAI, outcome="done")
    assert world.state.stage is Stage.WON
    assert stages.ending(world.state.stage, "done") == "done", "what is shown is what it ended with"


@pytest.mark.parametrize(
    ("stage", "outcome", "ending"),
    [
        ("won", "won", "won"), ("won", "transferred", "won"), ("won", "done", "done"), ("lost", "lost", "lost"), ("lost", "done", "lost"),
        ("closed_no_need", "no_need", "no_need"), ("closed_spam", "", "spam"), ("closed_idle", "done", "done"), ("closed_idle", "", "idle"),
        ("closed_idle", "unreachable", "idle"), ("opted_out", "won", "opted_out"), ("with_advisor", "won", ""), ("greeted", "done", ""),
    ],
)  # fmt: skip
def test_how_it_ended(stage: str, outcome: str, ending: str) -> None:
    assert stages.ending(stage, outcome) == ending


def test_every_end_has_its_name() -> None:
    assert {stage for stage in Stage if stages.ending(stage, "")} == set(stages.CLOSED)


def test_transfer_to_an_advisor_and_back_into_the_queue() -> None:
    world = taken()
    world.act("transfer", MAI, advisor=NAM, note="chị Lan hỏi bồi thường")
    assert world.state.assignee == NAM
    assert world.said == ["handoff.advisor_joined_plain"]
    assert world.found(Note) == [Note(text="chị Lan hỏi bồi thường", by=MAI)]
    world.act("transfer", NAM, team="claims")
    assert (world.state.stage, world.state.assignee) == (Stage.QUEUED, None)
    assert world.said == ["queue.entered"]
    assert world.found(OpenHandoff) == [OpenHandoff(reason="transfer", priority=10)]
    assert world.found(Relabel) == [Relabel(add=("team:claims",))]
    with pytest.raises(Refused):
        world.act("transfer", NAM)


@pytest.mark.parametrize("given", [NAM, {"id": "a2", "name": "Lê Nam"}])
def test_assign(given: object) -> None:
    world = queued()
    world.act("assign", CHIEF, advisor=given)
    assert (world.state.stage, world.state.assignee) == (Stage.WITH_ADVISOR, NAM)
    with pytest.raises(Refused) as caught:
        world.act("assign", CHIEF, advisor={"id": ""})
    assert caught.value.code == "invalid"


@pytest.mark.parametrize("stage", CLOSED)
def test_reopen(stage: Stage) -> None:
    world = World(state=State(stage=stage, warnings=3, muted_until=World().now))
    world.act("reopen", MAI)
    assert (world.state.stage, world.state.assignee, world.state.warnings) == (Stage.WITH_ADVISOR, MAI, 0)
    assert world.said == []
    assert world.state.muted_until is None
    with pytest.raises(Refused):
        world.act("reopen", NAM)


def test_snooze_wakes_and_says_so_to_people() -> None:
    world = taken()
    until = world.now + timedelta(hours=2)
    world.act("snooze", MAI, until=until.isoformat())
    assert world.found(WakeAt) == [WakeAt(name="snooze", at=until)]
    assert world.state.memory["snoozed_until"] == until.isoformat()
    world.wait(timedelta(hours=3))
    assert world.found(Note)
    assert world.said == []
    for wrong in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00", "tomorrow", None):
        with pytest.raises(Refused):
            world.act("snooze", MAI, until=wrong)


@pytest.mark.parametrize(("act", "data"), [("close", {"outcome": "done"}), ("return", {})])
def test_what_is_closed_or_given_back_is_put_off_no_more(act: str, data: dict[str, str]) -> None:
    world = taken()
    world.act("snooze", MAI, until=(world.now + timedelta(hours=2)).isoformat())
    world.act(act, MAI, **data)
    assert world.found(Unwake) == [Unwake(name="snooze")]
    assert "snoozed_until" not in world.state.memory
    world.wait(timedelta(hours=3))
    assert not [note for note in world.found(Note) if "hẹn xem lại" in note.text]


def test_labels() -> None:
    world = taken()
    world.act("label", NAM, add=["vip"], remove=["lead"])
    assert world.effects == [
        Relabel(add=("vip",), remove=("lead",)),
        Audit(action="conversation.label", by=NAM, fields=("labels",)),
    ]


def test_an_act_that_nobody_knows() -> None:
    with pytest.raises(Refused) as caught:
        queued().act("fly", MAI)
    assert caught.value.code == "unknown_act"


@pytest.mark.parametrize(
    "status, reason, note",
    [
        ("failed", "blocked", "Tin không gửi được: khách đã chặn"),
        ("failed", "window", "Tin không gửi được: hết thời gian nền tảng cho phép trả lời"),
        ("failed", "E123", "Tin không gửi được"),  # a code says nothing to people
        ("expired", "", "Tin quá hạn nên không gửi"),
        ("unconfirmed", "", "Không rõ tin đã tới khách chưa"),
        ("sent", "", None),
    ],
)
def test_what_did_not_arrive_is_told_to_people(status: str, reason: str, note: str | None) -> None:
    world = taken()
    world.happens(SendEnded(message_id="m1", at=world.now, status=status, reason=reason))
    assert [effect.text for effect in world.found(Note)] == ([note] if note else [])
    assert world.said == []


def test_the_card_says_all_that_is_known() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy, mình tên Lan")
    world.tap("c1:yes")
    world.say("gặp nhân viên")
    card = handoff.card(world.state, reason="human", said=("a", "b", "c", "d"))
    assert card["captured"]["name"] == "Lan"
    assert card["missing"] == ["phone"]
    assert card["consents"] == {"C1": "given"}
    assert (card["reason"], card["priority"], card["said"]) == ("human", 10, ["b", "c", "d"])


def test_a_certificate_that_does_not_arrive_calls_people() -> None:
    world = World(state=State(stage=Stage.WON, consents=GIVEN))
    world.happens(SendEnded(message_id="m1", at=world.now, status="failed", reason="window", klass="C"))
    assert world.state.stage is Stage.QUEUED
    assert [effect.reason for effect in world.found(OpenHandoff)] == ["delivery"]
    assert len(world.found(Note)) == 1  # said once, in the words of the delivery
    assert world.said == []


@pytest.mark.parametrize("offered", [True, False])
@pytest.mark.parametrize("line", ["lan.anh@gmail.com", "dạ email là Lan.Anh@gmail.com ạ", ""])
def test_an_advisor_may_have_the_address_asked_for_and_a_tap_answers_it(offered: bool, line: str) -> None:
    world = World(state=State(stage=Stage.QUEUED, consents=GIVEN, slots={"name": "Lan"}))
    world.context = replace(world.context, asks_email=offered)
    world.act("take", MAI)
    world.act("ask", MAI, field="email")
    assert (world.said, world.state.asked) == (["ask.email"], "email")
    assert world.shown == (["email"] if offered else [])
    address = "lan.anh@gmail.com"
    world.happens(
        world._said(Kind.TEXT, text=line) if line else world._said(Kind.BUTTON, text=address, payload=address)
    )
    assert (world.state.slots["email"], world.state.asked, world.said) == (address, "", [])
    assert [one.text for one in world.found(Note)] == ["Khách đã trả lời: Email."]
