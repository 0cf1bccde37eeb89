"""Conversations as a customer would tell them: tests/stories/*.yaml, one file a story, spoken to the pure core.

A step is one of  say (a text, or several in one go) · tap · send (image, sticker, audio …; or several: an album) · share (a
contact card) · edit · form (its
fields) · call (what the call centre tells) · start (pressed, with the payload of a link) · block · act · wait · timer · ended (a message's
status, with klass and reason) · bot (on/off);  and what must be seen after it: stage, asked, slots (what they hold; {} =
nothing), said (text keys, in order), unsaid (keys that must not be there), shows (button ids), does (names of effects,
`OpenHandoff:human`), words and no_words (what stands, or does not, in the customer's language), refused (code).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from channels.contract import Kind
from handlers.model import (
    Called,
    Event,
    Followed,
    OpenHandoff,
    Refused,
    SendEnded,
    Submitted,
    TimerFired,
    Unfollowed,
    state_from_json,
)
from tests.stories.world import HANOI, PEOPLE, World

HERE: Final = Path(__file__).parent
STORIES: Final = sorted(HERE.glob("*.yaml"))
UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


def world(story: dict[str, Any]) -> World:
    made = World()
    if at := story.get("at"):
        made.now = datetime.fromisoformat(at).replace(tzinfo=HANOI)
    changes = dict(story.get("context", {}))
    if changes.pop("round_the_clock", False):
        made.context = replace(made.context, business=replace(made.context.business, hours=None))
    if "holidays" in changes:
        made.context = replace(
            made.context, business=replace(made.context.business, holidays=tuple(changes.pop("holidays")))
        )
    made.context = replace(made.context, **changes)
    made.state = state_from_json(story.get("state", {}))
    return made


def happen(now: World, step: dict[str, Any]) -> None:
    match next(iter(step.items())):
        case "say", str(text):
            now.say(text)
        case "say", list(texts):
            now.say(*texts)
        case "tap", payload:
            now.tap(payload)
        case "send", str(kind):
            now.send(Kind(kind), text=step.get("text", ""))
        case "send", list(kinds):
            now.send(*map(Kind, kinds), text=step.get("text", ""))
        case "share", phone:
            now.share(phone, own=step.get("own", False), forwarded=step.get("forwarded", False))
        case "edit", text:
            now.edit(text)
        case "act", name:
            _act(now, name, step)
        case "wait", str(span):
            number, unit = span.split()
            now.wait(timedelta(**{UNITS[unit]: float(number)}))
        case "bot", bool(switch):
            now.context = replace(now.context, bot=switch)
        case told, about:
            now.happens(_event(now, told, about, step))


def _event(now: World, told: str, about: Any, step: dict[str, Any]) -> Event:
    match told:
        case "start":
            return Followed(message_id="m", at=now.now, payload=about or "")
        case "block":
            return Unfollowed(message_id="m", at=now.now)
        case "form":
            return Submitted(message_id="m", at=now.now, fields=about)
        case "call":
            return Called(message_id="m", at=now.now, **about)
        case "timer":
            return TimerFired(name=about, at=now.now, data=step.get("data", {}))
        case "ended":
            return SendEnded(
                message_id="m", at=now.now, status=about, klass=step.get("klass", ""), reason=step.get("reason", "")
            )
    raise AssertionError(f"no such step: {told}")


def _act(now: World, name: str, step: dict[str, Any]) -> None:
    data = dict(step.get("data", {}))
    if data.get("advisor") in PEOPLE:
        data["advisor"] = PEOPLE[data["advisor"]]
    by = PEOPLE[step.get("by", "mai")]
    if "refused" in step:
        with pytest.raises(Refused) as caught:
            now.act(name, by, **data)
        assert caught.value.code == step["refused"]
        now.effects = []
    else:
        now.act(name, by, **data)


def seen(now: World, step: dict[str, Any]) -> None:
    state = now.state
    if "stage" in step:
        assert state.stage.value == step["stage"]
    if "asked" in step:
        assert state.asked == step["asked"]
    if "said" in step:
        assert now.said == step["said"]
    assert not set(step.get("unsaid", ())) & set(now.said)
    if "shows" in step:
        assert now.shown == step["shows"]
    if "slots" in step:
        held = {key: state.slots.get(key) for key in step["slots"]} if step["slots"] else dict(state.slots)
        assert held == step["slots"]
    for key in ("lang", "salutation", "ads_off", "reminders_off"):
        if key in step:
            assert getattr(state, key) == step[key]
    done = {type(effect).__name__ for effect in now.effects}
    done |= {f"OpenHandoff:{effect.reason}" for effect in now.found(OpenHandoff)}
    assert set(step.get("does", ())) <= done
    for words in step.get("words", ()):
        assert words in now.words
    for words in step.get("no_words", ()):
        assert words not in now.words


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    story = yaml.safe_load(path.read_text("utf-8"))
    now = world(story)
    for number, step in enumerate(story["steps"], 1):
        try:
            happen(now, step)
            seen(now, step)
        except AssertionError as err:
            now_is = (
                f"{now.state.stage.value}, asked {now.state.asked!r}, said {now.said}, slots {dict(now.state.slots)}"
            )
            raise AssertionError(f"{story['title']}, step {number} {step}: {err}\nnow {now_is}") from err


def test_there_are_stories() -> None:
    assert len(STORIES) >= 70
