"""A customer's file that will not come: he learns why, once, and never from the bot where a person has it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.contract import Kind
from gateway import filecheck
from handlers import files
from handlers.model import FileEnded, Say, Stage, State
from tests.stories.world import MAI, MONDAY, TEXTS, World

TELLS = frozenset(key for key in TEXTS.messages() if key.startswith("file."))


def at(stage: Stage, **more: object) -> World:
    return World(state=State(stage=stage, last_inbound_at=MONDAY, **more))  # type: ignore[arg-type]


def lost(world: World, *reasons: str, kind: Kind = Kind.FILE) -> list[str]:
    """What is said of it."""
    decided = world.happens(*(FileEnded(at=world.now, kind=kind, reason=one) for one in reasons))
    return [effect.key for effect in decided.effects if isinstance(effect, Say)]


@pytest.mark.parametrize("stage", [Stage.GREETED, Stage.COLLECTING, Stage.CONFIRMING, Stage.QUEUED])
def test_he_learns_why_once_for_all_that_he_sent(stage: Stage) -> None:
    world = at(stage)
    assert lost(world, "unsafe", "too_large", "type") == ["file.unsafe"]
    assert lost(world, "too_large") == [], "an album's next picture, a second later"
    assert world.state.stage is stage
    world.send(Kind.FILE)
    assert lost(world, "too_large") == ["file.too_large"]


def test_the_advisor_has_it_and_the_bot_is_silent() -> None:
    world = at(Stage.QUEUED)
    world.act("take", MAI)
    assert lost(world, "unsafe") == []


@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST, Stage.CLOSED_SPAM, Stage.OPTED_OUT, Stage.NEW])
def test_nothing_is_said_into_a_conversation_that_is_over(stage: Stage) -> None:
    assert lost(at(stage), "too_large") == []


def test_nor_to_who_is_muted_or_has_blocked_us_nor_of_a_sticker() -> None:
    assert lost(at(Stage.GREETED, muted_until=MONDAY + timedelta(hours=1)), "type") == []
    assert lost(at(Stage.GREETED, memory={"unreachable": True}), "type") == []
    assert lost(at(Stage.GREETED), "type", kind=Kind.STICKER) == []


def test_every_reason_has_a_text_and_every_text_a_reason() -> None:
    assert {*files.WORDS.values(), files.LOST} == TELLS
    world = at(Stage.GREETED)
    assert lost(world, "a reason of next year") == ["file.lost"]
    for code in ("empty", "too_large", "type", "mismatch", "unsafe", "locked", "pages", "unreadable"):
        assert code in (filecheck.FileRefused.__doc__ or "")
        assert code in files.WORDS
