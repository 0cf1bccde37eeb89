"""Our texts before a customer sees them: as each channel would show them, with examples in their holes; and what of
that is too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from channels.contract import Button, Capabilities, OutboundMessage
from channels.fit import fit
from handlers import advertising, care, optout, renewal, steps, wording
from handlers.draft import Draft
from handlers.model import EMPTY, Business, Context, Say, State
from handlers.texts import LANGUAGES, Texts, UnfilledVariable
from handlers.texts.catalogue import LABELS
from handlers.texts.examples import EXAMPLES, example, longest

# Which question a text puts, where `steps.TEXTS` does not say so: its buttons are that question's
QUESTIONS: Final[Mapping[str, str]] = {
    **{text: step for step, text in steps.TEXTS.items()},
    "consent.layer1": "consent",
    "consent.layer2": "consent",
    "consent.again": "consent",
    "consent.to_note": "consent",
    "ask.name_phone": "phone",
    "ask.phone_same_channel": "phone_same",
    "confirm.summary": "confirm",
    "confirm.summary_area": "confirm",
    "queue.long_wait": "callback",
    **dict.fromkeys(steps.WRONG_PHONE.values(), "phone"),
}
OFFERS: Final[Mapping[str, tuple[Button, ...]]] = {
    "consent.declined": (steps.HUMAN,),
    "consent.lapsed": (steps.HUMAN,),
    "consent.needed": (steps.HUMAN,),
    "consent.marketing": advertising.BUTTONS,
    "error.fraud_notice": (steps.HUMAN,),
    "error.abuse": (steps.HUMAN,),
    "error.spam": (steps.HUMAN,),
    "error.not_understood_1": steps.MENU,
    "queue.unreachable": steps.CALL,
    "handoff.idle": steps.CALL,
    "optout.scope": optout.SCOPE,
    "optout.confirm_all": optout.NARROWER,
    "delivery.check_t1": care.RECEIVED,
    "delivery.check_t1_plain": care.RECEIVED,
    "care.csat_ask": care.SCORES,
    "care.csat_ask_plain": care.SCORES,
    "care.csat_comment": (care.SKIP,),
    **dict.fromkeys(
        ("renewal.t30", "renewal.t30_plain", "renewal.t15", "renewal.t7", "renewal.t1"),
        renewal.choices("tnds_o_to", ended=False),
    ),
    "renewal.expired": renewal.choices("tnds_o_to", ended=True),
}
HOURS: Final = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), (("08:00", "12:00"), ("13:00", "17:30")))
_LONG: Final = {name: longest(name, "vi") for name in EXAMPLES}
ROOMY: Final = Business(
    legal_name=_LONG["ten_phap_ly"],
    address=_LONG["dia_chi"],
    hotline=_LONG["hotline"],
    dpo_email=_LONG["email_bao_ve_du_lieu"],
    policy_url=_LONG["link_chinh_sach"],
    product_url=_LONG["link_san_pham"],
    hours=HOURS,
)  # an agency of which all is as long as it may well be


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One text on one channel. `parts` -- what each platform call says · `buttons` -- what it shows under the last, ()
    where the choices are lines of the text · `asks_contact` -- one of them asks for the number · `cut` -- labels that
    lost their end · `listed` -- the choices are numbered lines · `missing` -- what the agency has not filled in, so that
    it is never sent."""

    parts: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    listed: bool = False
    missing: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        return max(map(len, self.parts), default=0)


def view(
    texts: Texts,
    key: str,
    carrier: Capabilities,
    *,
    lang: str,
    business: Business,
    salutation: str = "",
    long: bool = False,
) -> View:
    """`key` as `carrier` shows it to somebody who is spoken to like that. `long` -- with the longest examples."""
    pick = longest if long else example
    values: dict[str, str | tuple[str, ...]] = {
        name: pick(name, lang) for name in texts.variables(key, lang) - wording.FIXED if name in EXAMPLES
    }
    state = State(lang=lang, salutation=salutation)
    try:
        known = wording.variables(Say(key=key, values=values), state=state, business=business, texts=texts)
        text = texts.render(key, lang, **known)
    except UnfilledVariable as err:
        return View(missing=err.missing)
    offered = tuple(
        replace(button, label=texts.button(button.label, lang)) for button in _buttons(key, carrier, business)
    )
    calls = fit(OutboundMessage(id="m", thread="t", text=text, buttons=offered), carrier)
    shown = tuple(button.label for button in calls[-1].buttons)
    whole = {button.label for button in offered}
    return View(
        parts=tuple(call.text for call in calls),
        buttons=shown,
        cut=tuple(label for label in shown if label not in whole),
        listed=bool(offered) and not shown and calls[-1].text != text,
    )


def faults(texts: Texts, carriers: Mapping[str, Capabilities]) -> list[str]:
    """What is too long for whom, a line a mistake: with the longest values a text is still one message, and no button
    loses its end."""
    return sorted(set(_faults(texts, carriers)))


def _faults(texts: Texts, carriers: Mapping[str, Capabilities]) -> Iterator[str]:
    for name, carrier in carriers.items():
        for lang in LANGUAGES:
            for key in texts.messages():
                if texts.variables(key, lang) - EXAMPLES.keys():
                    continue  # said by `check`
                seen = view(texts, key, carrier, lang=lang, business=ROOMY, salutation="anh/chị", long=True)
                if len(seen.parts) > 1:
                    yield f"{lang}: {key} may need {len(seen.parts)} messages on {name}, which takes {carrier.text_limit}"
                for label in seen.cut:
                    yield f"{lang}: a button of {key} is cut on {name}: {label}"
            for key in _section(texts, "buttons", lang):
                limit = carrier.button_label_limit
                if limit and len(texts.label(key, lang)) > limit:
                    yield f"{lang}: {key} is longer than the {limit} characters of a button on {name}"


def _section(texts: Texts, name: str, lang: str) -> list[str]:
    return [key for key in texts.templates[lang] if key.startswith(f"{name}.")]


def _buttons(key: str, carrier: Capabilities, business: Business) -> Sequence[Button]:
    """The buttons that a conversation on this channel would put under the text."""
    if key in OFFERS:
        return OFFERS[key]
    if key not in QUESTIONS:
        return ()
    around = Context(
        business=business,
        channel="",
        asks_contact=carrier.asks_contact,
        asks_email=carrier.asks_email,
        buttons=carrier.buttons,
    )
    return steps.buttons(Draft(state=State(memory=EMPTY), now=datetime.now(UTC), context=around), QUESTIONS[key])


__all__ = ["LABELS", "OFFERS", "QUESTIONS", "ROOMY", "View", "faults", "view"]
