"""Texts as channels show them: property: each text fits each channel, with the longest values that may well come."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import yaml

from channels.contract import Capabilities
from channels.planned import PLANNED, everywhere
from handlers import preview
from handlers.model import Say
from handlers.texts import LANGUAGES, Texts
from handlers.texts.examples import EXAMPLES, example, longest
from tests.stories.test_stories import STORIES, happen, world
from tests.stories.world import OFFICE

TEXTS = Texts.load()
NARROW = Capabilities(title="Narrow", text_limit=120, buttons=3, button_label_limit=6)


def test_every_text_fits_every_channel() -> None:
    carriers = everywhere()
    assert {"webchat", "telegram", "zalo", "facebook", "viber"} <= carriers.keys()
    assert preview.faults(TEXTS, carriers) == []


def test_what_does_not_fit_is_named() -> None:
    found = preview.faults(TEXTS, {"narrow": NARROW})
    assert any(
        line.startswith("vi: consent.layer1 may need ") and "on narrow, which takes 120" in line for line in found
    )
    assert "vi: buttons.agree is longer than the 6 characters of a button on narrow" in found
    assert (
        any(line.startswith("vi: a button of confirm.edit_which is cut on narrow") for line in found) is False
    )  # listed
    assert "en: a button of error.spam is cut on narrow: Talk…" in found


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    for lang in LANGUAGES:
        assert 0 < len(example(name, lang)) <= len(longest(name, lang))
    assert any(name in TEXTS.variables(key, lang) for lang in LANGUAGES for key in TEXTS.templates[lang]), "of no text"


def test_choices_are_lines_where_there_are_no_buttons() -> None:
    seen = preview.view(TEXTS, "confirm.edit_which", PLANNED["zalobot"], lang="vi", business=OFFICE)
    assert (seen.buttons, seen.listed) == ((), True)
    assert seen.parts[-1].endswith("4. Giờ liên hệ")
    seen = preview.view(TEXTS, "confirm.edit_which", everywhere()["viber"], lang="en", business=OFFICE)
    assert (seen.buttons, seen.listed) == (("Name", "Phone number", "Insurance", "Call time"), False)


def test_a_text_that_the_agency_cannot_say_yet() -> None:
    bare = replace(OFFICE, hotline="", product_url="")
    seen = preview.view(TEXTS, "consent.declined", everywhere()["viber"], lang="vi", business=bare)
    assert (seen.parts, seen.missing) == ((), ("link_san_pham", "hotline"))


def test_he_is_spoken_to_as_chosen() -> None:
    for salutation, words in (("bác", "Bác cần"), ("", "Anh/chị cần")):
        seen = preview.view(TEXTS, "greeting.menu", NARROW, lang="vi", business=OFFICE, salutation=salutation)
        assert seen.parts[0].startswith(words)


@cache
def told() -> dict[str, frozenset[str]]:
    """The buttons that the stories put under each text."""
    found: dict[str, frozenset[str]] = {}
    for path in STORIES:
        story = yaml.safe_load(path.read_text("utf-8"))
        now = world(story)
        for step in story["steps"]:
            happen(now, step)
            for say in (effect for effect in now.effects if isinstance(effect, Say) and effect.buttons):
                named = {button.label for button in say.buttons if not button.id.startswith("t:")}  # made at each hour
                found[say.key] = found.get(say.key, frozenset()) | named
    return found


def test_the_buttons_are_those_of_the_conversation() -> None:
    anything = Capabilities(title="Any", text_limit=9000, buttons=99, asks_contact=True)
    for key, labels in told().items():
        if key != "idle.nudge":  # whatever is open
            seen = preview.view(TEXTS, key, anything, lang="vi", business=OFFICE)
            assert {TEXTS.button(label, "vi") for label in labels} <= set(seen.buttons), key
