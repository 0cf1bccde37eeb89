"""A button, its number in a list where there are no buttons, and its words: the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.contract import Button, Capabilities
from channels.fit import choices
from handlers import steps
from handlers.draft import Draft
from handlers.model import RecordConsent, Say, Stage, State
from tests.stories.world import TEXTS, World

FULL = {"name": "Lan", "phone": "+84901234567", "product": "du_lich"}
QUESTIONS = {  # the open question -> the state in which it is open
    "menu": State(stage=Stage.GREETED, asked="menu"),
    "consent": State(stage=Stage.CONSENT_PENDING, asked="consent", memory={"consent_shown": True}),
    "need": State(
        stage=Stage.COLLECTING, asked="need", consents={"C1": "given"}, slots={**FULL, "product": None, "name": "Lan"}
    ),
    "product": State(
        stage=Stage.COLLECTING,
        asked="product",
        consents={"C1": "given"},
        slots={"name": "Lan", "phone": "+84901234567", "need": "ô tô"},
        memory={"car": True},
    ),
    "confirm": State(stage=Stage.CONFIRMING, asked="confirm", consents={"C1": "given"}, slots=FULL),
    "edit": State(stage=Stage.CONFIRMING, asked="edit", consents={"C1": "given"}, slots=FULL),
}


def world(asked: str, **context: int) -> World:
    state = QUESTIONS[asked]
    state = replace(state, slots={key: value for key, value in state.slots.items() if value}, lang="vi")
    made = World(state=state)
    made.context = replace(made.context, **context)  # type: ignore[arg-type]
    return made


def offered(asked: str) -> Sequence[Button]:
    made = world(asked)
    return steps.buttons(Draft(state=made.state, now=made.now, context=made.context), asked)


def each() -> Iterator[tuple[str, int, Button]]:
    for asked in QUESTIONS:
        for number, button in enumerate(offered(asked), 1):
            yield asked, number, button


def outcome(made: World) -> tuple[State, list[str]]:
    """What became of it, whatever was written to get there."""
    memory = {key: value for key, value in made.state.memory.items() if key != "choices"}
    state = replace(made.state, memory=memory, last_inbound_at=None, armed={}, code="", handoff="")
    slots = {key: value for key, value in state.slots.items() if key not in ("need", "callback_time")}
    return replace(state, slots=slots), [key for key in made.said if key != "queue.position"]


@pytest.mark.parametrize(
    "asked, number, button", [pytest.param(*one, id=f"{one[0]}-{one[2].id.replace(':', '_')}") for one in each()]
)
@pytest.mark.parametrize("typed", ["{}", "{}.", "chọn số {}", "số {} nhé"])
def test_a_number_is_the_button(asked: str, number: int, button: Button, typed: str) -> None:
    tapped = world(asked)
    tapped.tap(button.id)
    listed = world(asked, buttons=0)
    shown = offered(asked)
    listed.state = replace(listed.state, memory={**listed.state.memory, "choices": [one.id for one in shown]})
    listed.say(typed.format(number), later=timedelta(seconds=10))
    assert outcome(listed) == outcome(tapped)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    "asked, button",
    [pytest.param(asked, one, id=f"{asked}-{one.id.replace(':', '_')}") for asked, _, one in each()],
)
def test_its_words_are_the_button(asked: str, button: Button, lang: str) -> None:
    tapped, typed = world(asked), world(asked)
    tapped.state, typed.state = replace(tapped.state, lang=lang), replace(typed.state, lang=lang)
    tapped.tap(button.id)
    typed.say(TEXTS.button(button.label, lang), later=timedelta(seconds=10))
    assert outcome(typed) == outcome(tapped)


def test_the_numbers_are_those_that_the_channel_shows() -> None:
    made = world("menu", buttons=0)
    made.say("gia hạn giúp em")
    say = next(effect for effect in reversed(made.effects) if isinstance(effect, Say))
    labelled = [replace(one, label=TEXTS.button(one.label, "vi")) for one in say.buttons]
    none, lines = choices(labelled, Capabilities(title="x", text_limit=100))
    assert none == ()
    assert lines.splitlines()[0] == "1. Tôi đồng ý"
    assert made.state.memory["choices"] == [one.id for one in say.buttons]
    made.say("1")
    assert made.state.consents == {"C1": "given"}
    assert made.found(RecordConsent)[0].said == "c1:yes"
    assert "choices" not in made.state.memory  # name and number have no list


def test_where_buttons_are_shown_a_number_is_only_a_number() -> None:
    made = world("consent")
    made.say("1")
    assert made.state.consents == {}


def test_a_score_is_its_own_number() -> None:
    care = {"task": "t1", "kind": "csat"}
    made = World(state=State(stage=Stage.WON, asked="csat", care=care, consents={"C1": "given"}))
    made.context = replace(made.context, buttons=0)
    made.say("???")
    assert "choices" not in made.state.memory
    made.say("2")
    assert "care.csat_low" in made.said
    labels = [Button(id=f"csat:{score}", label=TEXTS.button(f"csat_{score}", "vi")) for score in (5, 4, 3, 2, 1)]
    assert choices(labels, Capabilities(title="x", text_limit=100))[1].startswith(labels[0].label)
