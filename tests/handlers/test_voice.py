"""Words and buttons that are kept: the same as made anew, for whoever hears them."""

from __future__ import annotations

import pytest

from channels.contract import Button, Capabilities
from handlers import steps, wording
from handlers.model import Business, Say, State
from handlers.texts import Texts, UnfilledVariable
from handlers.voice import NO_CHOICE, Voice

TEXTS = Texts.load()
OFFICE = Business(
    legal_name="Công ty mẫu",
    address="1 Đường Mẫu",
    hotline="1900 0000",
    dpo_email="dulieu@example.vn",
    policy_url="https://example.vn/cs",
    product_url="https://example.vn/sp",
)
TELEGRAM = Capabilities(title="T", text_limit=4096, buttons=12, button_label_limit=40, asks_contact=True)
PLAIN = Capabilities(title="P", text_limit=2000)
NARROW = Capabilities(title="N", text_limit=2000, buttons=12, button_label_limit=6)


def anew(say: Say, state: State) -> str:
    values = wording.variables(say, state=state, business=OFFICE, texts=TEXTS)
    return TEXTS.render(say.key, state.lang, **values)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_text_is_the_same_each_time(lang: str) -> None:
    voice = Voice(TEXTS, OFFICE, TELEGRAM)
    people = [
        State(lang=lang),
        State(lang=lang, salutation="chị", slots={"name": "Lan", "phone": "+84912345678"}, code="IB-1"),
        State(lang=lang, salutation="em", slots={"name": "Nam", "phone": "+84987654321"}, code="IB-2"),
    ]
    for key in TEXTS.templates[lang]:
        for say in (
            Say(key=key),
            Say(key=key, values={"xung_ho": "cô"}),
            Say(key=key, values={"ten": "Bà Ba", "x": "y"}),
        ):
            for state in (*people, *people):
                try:
                    wanted = anew(say, state)
                except UnfilledVariable:
                    with pytest.raises(UnfilledVariable):
                        voice.words(say, state)
                else:
                    assert voice.words(say, state) == wanted


def test_buttons_speak_the_customers_language() -> None:
    voice = Voice(TEXTS, OFFICE, TELEGRAM)
    say = Say(key="consent.layer1", buttons=steps.CONSENT)
    for lang, label in (("vi", "Tôi đồng ý"), ("en", "I agree"), ("vi", "Tôi đồng ý")):
        found = voice.choices([say], lang)
        assert found.buttons[0] == Button(id="c1:yes", label=label)
        assert found.whole
        assert found.noted[0] == {"id": "c1:yes", "label": label, "url": "", "contact": False}
        assert found.called[0] == ["c1:yes", label, "", False]
    assert voice.choices([Say(key="x"), say], "vi") == voice.choices([say], "vi")
    assert voice.choices([Say(key="x")], "vi") is NO_CHOICE


def test_what_a_channel_cannot_show() -> None:
    say = Say(key="consent.layer1", buttons=steps.CONSENT)
    plain = Voice(TEXTS, OFFICE, PLAIN).choices([say], "vi")
    assert not plain.whole
    assert not plain.called
    assert plain.lines.splitlines()[0] == "1. Tôi đồng ý"
    assert len(plain.noted) == len(steps.CONSENT)
    narrow = Voice(TEXTS, OFFICE, NARROW).choices([say], "vi")
    assert not narrow.whole
    assert not narrow.lines
    assert narrow.called[0][1] == "Tôi đ…"
    contact = Say(key="ask.phone", buttons=(steps.OWN_NUMBER,))
    assert Voice(TEXTS, OFFICE, TELEGRAM).choices([contact], "vi").asks_contact
    assert not Voice(TEXTS, OFFICE, PLAIN).choices([contact], "vi").called
