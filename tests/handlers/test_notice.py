"""The text of the consent changes: who agreed to the old one is asked again, and nothing is lost by that (R-CNS-5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.model import RecordConsent, Stage
from tests.stories.world import MAI, World

OLD, NEW = {"vi": "old-vi", "en": "old-en"}, {"vi": "new-vi", "en": "old-en"}


def agreed(line: str = "mua bảo hiểm xe máy, mình tên Lan") -> World:
    world = World()
    world.context = replace(world.context, notice=OLD)
    world.say(line)
    world.say("đồng ý")
    assert world.state.memory["notice"] == "old-vi"
    return world


def changed(world: World) -> World:
    world.context = replace(world.context, notice=NEW)
    return world


def test_the_same_text_is_not_asked_twice() -> None:
    world = agreed()
    world.say("0901234567")
    assert world.said[-1] == "confirm.summary"


def test_a_new_text_is_asked_whole_and_the_form_goes_on_after_the_yes() -> None:
    world = changed(agreed())
    world.say("0901234567")
    assert world.said == ["consent.changed_plain", "consent.layer1"]
    assert (world.state.stage, world.state.asked) == (Stage.CONSENT_PENDING, "consent")
    world.say("đồng ý")
    assert world.found(RecordConsent)[0].state == "given"
    assert world.state.memory["notice"] == "new-vi"
    assert world.said[-1] == "confirm.summary"  # the number he told in between is in it
    assert world.state.slots["phone"] == "+84901234567"


def test_a_no_takes_everything() -> None:
    world = changed(agreed())
    world.say("0901234567")
    world.say("không đồng ý")
    assert (world.state.consents, dict(world.state.slots)) == ({"C1": "refused"}, {})


def test_no_clear_answer_is_none() -> None:
    world = changed(agreed())
    world.say("0901234567")
    world.say("hmm")
    world.say("để xem sao")
    assert world.said == ["consent.lapsed"]
    assert (dict(world.state.consents), dict(world.state.slots)) == ({}, {})


@pytest.mark.parametrize("outcome", ["won", "done"])
def test_a_customer_who_comes_back_is_asked_and_greeted_by_name(outcome: str) -> None:
    world = agreed("mua bảo hiểm xe máy, mình tên Lan, 0901234567")
    world.act("take", MAI)
    world.act("close", MAI, outcome=outcome)
    changed(world)
    world.say("mình muốn mua thêm bảo hiểm du lịch")
    assert world.said == ["greeting.returning", "consent.changed_plain", "consent.layer1"]


def test_an_advisor_is_not_interrupted_by_it() -> None:
    world = agreed()
    world.act("take", MAI)
    changed(world)
    world.say("phí bao nhiêu vậy chị")
    assert (world.said, world.state.stage) == ([], Stage.WITH_ADVISOR)
