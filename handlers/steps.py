"""The bot's questions: which text asks, with which buttons; and what it says when it does not understand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from channels.contract import Button, Kind
from handlers import appointments, numbers, schedule, sla, slots, wording
from handlers.draft import Draft
from handlers.hearing import Heard, reread
from handlers.model import Business, RecordConsent, Stage
from handlers.taps import PRODUCTS

HUMAN: Final = Button(id="human", label="talk_human")
CONSENT: Final = (
    Button(id="c1:yes", label="agree"),
    Button(id="c1:no", label="disagree"),
    Button(id="c1:more", label="details"),
    HUMAN,
)
MENU: Final = (
    Button(id="buy", label="buy"),
    Button(id="fee", label="fee"),
    Button(id="renew", label="renew"),
    Button(id="claim", label="claim"),
    HUMAN,
)
OTHER_PRODUCT: Final = Button(id="p:other", label="p_other")
PRODUCT: Final = (*(Button(id=f"p:{code}", label=f"p_{code}") for code in PRODUCTS), OTHER_PRODUCT)
CAR: Final = tuple(Button(id=f"p:{code}", label=f"p_{code}") for code in ("tnds_o_to", "vat_chat_o_to"))
AT_ONCE: Final = Button(id="t:now", label="t_now")
SOON: Final = Button(id="t:now", label="t_soon")  # nobody is at work now
OWN_NUMBER: Final = Button(id="contact", label="share_phone", contact=True)
OWN_EMAIL: Final = Button(id="email", label="share_email", email=True)
SAME_NUMBER: Final = (
    Button(id="phone:use", label="use_channel_phone"),
    Button(id="phone:other", label="other_phone"),
)
CONFIRM: Final = (Button(id="ok", label="confirm"), Button(id="edit", label="edit"))
EDIT: Final = tuple(Button(id=f"edit:{slot}", label=f"e_{slot}") for slot in slots.ORDER)
CALL: Final = (Button(id="call", label="call_me"),)
ID_PAPERS: Final = re.compile(r"\b(?:c{1,3}d|can cuoc|cmnd|chung minh|ho chieu|passport|tuy than|id card)\b")
TRIES: Final = 3  # of an answer that cannot be right, or that is none
CAPTIONS: Final = frozenset({"other", "buy", "thanks", "greeting", "yes", "give_name", "give_plate", "spam_abuse"})
ANSWERS: Final = frozenset({"name", "phone", "product", "topic"})  # what makes more of a caption than a caption
GRAVE: Final = ("claim", "complaint", "talk_to_human")  # a picture of papers beside them is a detail
UNCLEAR: Final = 2  # turns in a row that we did not understand
NUMBER: Final = re.compile(r"[+\d][\d\s.()\-]{2,24}")
WRONG_PHONE: Final[Mapping[str, str]] = {
    "too_short": "error.phone_short",
    "too_long": "error.phone_long",
    "unknown_prefix": "error.phone_prefix",
    "service_number": "error.phone_service",
}

INVITATIONS: Final[Mapping[tuple[bool, bool], str]] = {  # is the time known, is the province
    (False, False): "confirm.add_time_area",
    (False, True): "confirm.add_time",
    (True, False): "confirm.add_area",
}
TEXTS: Final[Mapping[str, str]] = {
    "consent": "consent.unclear",  # the first time it is `ask_consent`
    "menu": "greeting.menu",
    "name": "ask.name",
    "phone": "ask.phone",
    "need": "ask.need",
    "product": "ask.product_car",
    "time": "ask.time",
    "province": "ask.province",
    "email": "ask.email",
    "edit": "confirm.edit_which",
}
BUTTONS: Final[Mapping[str, tuple[Button, ...]]] = {
    "consent": CONSENT,
    "menu": MENU,
    "need": PRODUCT,
    "product": CAR,
    "confirm": CONFIRM,
    "edit": EDIT,
    "phone_same": SAME_NUMBER,
    "callback": CALL,
}


def greet(draft: Draft, *, safety: bool = False, hours: bool = True) -> None:
    """At the first word: who speaks, and that it is a machine. After a safety text only that."""
    if draft.state.stage is Stage.NEW:
        draft.move(Stage.GREETED)
    elif not draft.state.memory.get("ungreeted"):
        return
    draft.remember(ungreeted=None)
    if safety:
        draft.say("greeting.bot_identity")
        return
    draft.say("greeting.first")
    if not hours or schedule.in_hours(draft.now, draft.business):
        return
    if holiday := schedule.holiday(draft.now, draft.business):
        draft.say("greeting.holiday", ten_ngay_le=(f"slot.{holiday}",), gio_hen_lai=contact_by(draft))
    else:
        draft.say("greeting.out_of_hours", gio_hen_lai=contact_by(draft))


def contact_by(draft: Draft) -> str:
    """By when a person will have been in touch, in words: by the clock that the queue goes by (R-INT-3)."""
    at = sla.due(draft.now, draft.business, team=str(draft.state.memory.get("team", "")))
    return wording.moment(at, draft.business, draft.state.lang)


def ask_consent(draft: Draft) -> None:
    """C1, layer 1, whole: the evidence names this text."""
    draft.say("consent.layer1", *buttons(draft, "consent"))
    draft.add(RecordConsent(purpose="C1", state="asked", text_key="consent.layer1"))
    if draft.state.stage in (Stage.NEW, Stage.GREETED, Stage.COLLECTING, Stage.CONFIRMING):
        draft.move(Stage.CONSENT_PENDING)
    draft.set(asked="consent", tries=0)
    draft.remember(consent_shown=draft.context.notice.get(draft.state.lang, True), ads_last=None)


def ask(draft: Draft, step: str) -> None:
    """Open this question, or put it again."""
    if draft.state.asked != step:
        draft.set(asked=step, tries=0)
    if step == "confirm":
        _read_back(draft)
    elif step == "phone_same":
        offered = wording.phone(str(draft.state.memory.get("offered", "")))
        draft.say("ask.phone_same_channel", *SAME_NUMBER, so_dien_thoai=offered)
    elif step == "name" and "phone" in slots.missing(draft.state):
        draft.say("ask.name_phone", *buttons(draft, "phone"))  # one answer gives both as easily as one of them
    else:
        draft.say(TEXTS[step], *buttons(draft, step))


def buttons(draft: Draft, step: str) -> tuple[Button, ...]:
    """The buttons of a question, as many as the channel carries."""
    if step == "phone":
        return (OWN_NUMBER,) if draft.context.asks_contact else ()
    if step == "email":
        return (OWN_EMAIL,) if draft.context.asks_email else ()
    if step == "time":
        return (AT_ONCE if schedule.in_hours(draft.now, draft.business) else SOON, *times(draft))
    all_of_them = BUTTONS.get(step, ())
    room = draft.context.buttons
    if step == "confirm" and not _has_time(draft):  # "at once" is what is read back without a time
        with_times = (*CONFIRM, *times(draft))
        return with_times if not room or room >= len(with_times) else CONFIRM
    if 0 < room < len(all_of_them) and all_of_them[-1] in (HUMAN, OTHER_PRODUCT):
        return (*all_of_them[: room - 1], all_of_them[-1])
    return all_of_them


def times(draft: Draft) -> tuple[Button, ...]:
    """When he may be called, in parts of the day and the hours that people work in them."""
    return _times(appointments.next_five(draft.now), draft.business, draft.state.lang)


@lru_cache(maxsize=32)
def _times(now: datetime, business: Business, lang: str) -> tuple[Button, ...]:
    """The same for all for five minutes: a third of a read-back's cost otherwise."""
    today = schedule.local(now, business).date()
    return tuple(
        Button(id=f"t:{part}", label=wording.part(part, begins, ends, today, business, lang))
        for part, begins, ends in appointments.offered(now, business)
    )


def again(draft: Draft) -> None:
    """Put the open question again; nothing when none is open."""
    if draft.state.asked in TEXTS or draft.state.asked in ("confirm", "phone_same"):
        ask(draft, draft.state.asked)


def once_more(draft: Draft) -> bool:
    """Put the open question again; False when it has been put three times without an answer: then a human is due."""
    draft.set(tries=draft.state.tries + 1)
    if draft.state.tries >= TRIES:
        return False
    again(draft)
    return True


def wrong_phone(draft: Draft, one: Heard) -> None:
    """This number cannot be called: say what is wrong with it."""
    draft.set(tries=draft.state.tries + 1)
    typed = NUMBER.search(one.said.text) or NUMBER.search(one.said.contact.phone if one.said.contact else "")
    draft.say(
        WRONG_PHONE.get(str(one.entities.get("phone_invalid")), "error.phone_prefix"),
        *buttons(draft, "phone"),
        so_nhap=typed[0].strip() if typed else one.said.text[:20].strip() or "?",
    )


def picture(draft: Draft, heard: Sequence[Heard]) -> bool:
    """A picture where his name or number was asked is seen, and the question stands. False when there is more to it."""
    if draft.state.asked not in ("name", "phone") or not any(one.said.kind is Kind.IMAGE for one in heard):
        return False
    papers = any(ID_PAPERS.search(one.folded) for one in heard if one.said.kind is Kind.IMAGE)
    draft.say("consent.id_image_plain" if papers else "picture.seen")
    if not papers and any(_tells_more(draft, one) for one in heard):
        return False
    again(draft)
    return True


def identity_papers(draft: Draft, heard: Sequence[Heard]) -> bool:
    """A picture of who he is, sent unasked into the chat, is not taken, at whatever step (F-3); the open question stands.
    True when that is the answer; whatever else stands beside it is heard too."""
    shown = [one for one in heard if one.said.kind is Kind.IMAGE and ID_PAPERS.search(one.folded)]
    if not shown or any(one.wants(*GRAVE) for one in heard):
        return False
    greet(draft)
    draft.say("consent.id_image_plain")
    if any(one not in shown and not one.wordless for one in heard):
        return False
    if draft.state.stage is Stage.GREETED and not draft.state.asked:
        ask(draft, "menu")
    else:
        again(draft)
    return True


def _tells_more(draft: Draft, one: Heard) -> bool:
    """A caption is not taken for the name that was asked, nor its digits for a number cut short; it asks for something
    when it does so with the question and without it."""
    if one.wordless:
        return False
    read = reread(one.said.text, now=draft.now) if one.said.kind is Kind.IMAGE else one
    return CAPTIONS.isdisjoint({read.intent, one.intent}) or not ANSWERS.isdisjoint(read.entities)


def not_understood(draft: Draft) -> bool:
    """Say so once, with the question that is open; False at the second turn in a row: then a human is due."""
    draft.set(unclear=draft.state.unclear + 1)
    if draft.state.unclear >= UNCLEAR:
        return False
    if draft.state.asked == "name":
        draft.say("ask.name_retry")
        return True
    open_question = draft.state.asked in TEXTS or draft.state.asked in ("confirm", "phone_same")
    draft.say("error.not_understood_1", *(() if open_question else MENU))
    again(draft)
    return True


def _has_time(draft: Draft) -> bool:
    return bool(draft.state.slots.get("callback_time") or draft.state.memory.get("soon"))


def _invite(draft: Draft) -> None:
    """Once: what may be told or left to the advisor."""
    told = draft.state.slots.get("province") or "province" in draft.state.memory.get("skipped", ())
    lacking = (_has_time(draft), bool(told))
    if lacking in INVITATIONS and not draft.state.memory.get("invited"):
        draft.remember(invited=True)
        draft.say(INVITATIONS[lacking])


def _read_back(draft: Draft) -> None:
    _invite(draft)
    numbers.ask(draft)
    known = draft.state.slots
    area = known.get("province")
    name = known.get("name")
    where: dict[str, str] = {"tinh_thanh": str(area)} if area else {}
    draft.say(
        "confirm.summary_area" if area else "confirm.summary",
        *buttons(draft, "confirm"),
        ten=str(name) if name else ("slot.unnamed",),
        gio_hen=wording.appointment(draft.state, draft.business),
        klass="A",
        purpose="contact",
        **where,
    )
