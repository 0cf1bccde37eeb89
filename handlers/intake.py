"""The intake: greet, ask consent, open the form (`collecting`, `confirming`); and welcome back who was here before.

Every message is read for all that it holds; only what is missing is asked; at most one question is open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from channels.contract import Kind
from handlers import advertising, asides, collecting, confirming, consent, idle, questions, refusal, slots, steps
from handlers.draft import Draft
from handlers.hearing import NOD, Heard, reread
from handlers.model import NEW_STATE, WAITING, Stage, evolve

# What opens the form: process.md 3.1, "intent buy, fee, renew"; giving data unasked is wanting something too
NEEDS: Final = ("buy", "ask_fee", "renewal", "give_name", "give_phone", "give_email", "give_plate", "call_me")
# To the consent neither yes nor no, and nothing that the form could use
HESITATES: Final = re.compile(
    r"\b(?:h+m+|u+m+|de (?:xem|coi|tinh|toi|minh|anh|chi|em|suy|nghi)|suy nghi|can nhac|cai (?:nay|do|gi|j)|la (?:sao|gi|j)|(?:tai|vi|lam) sao"
    r"|(?:de )?lam (?:gi|chi)|(?:khong|ko|k|chua|hong) (?:biet|chac|hieu|ro)|tu tu|tinh sau|tuy|ke|sao cung|(?:the )?nao cung|cung duoc"
    r"|nhung|lam phien|quang cao|goi (?:nhieu|hoai|lien tuc)|bi goi|^dung$|^(?:the|vay|u|o|a)(?: (?:a|ha|thi|nhi|sao))?\W*$"
    r"|maybe|perhaps|not sure|why|what for|what (?:is|does) (?:this|that|it)\b.*|let me (?:think|see))\b"
)
WHY: Final = re.compile(
    r"\b(?:tai sao|vi sao|sao|viec gi|lam gi)(?: ma| lai)? (?:phai|can) dong y\b|\bdong y (?:de )?(?:lam gi|lam chi|chi vay|cai gi)\b"
    r"|\b(?:khong|ko|k|hong|chua) dong y (?:thi|co)? ?(?:sao|duoc khong|dc khong|co sao)\b|\bwhy (?:do|must|should|have) i (?:have to )?(?:agree|consent)\b|\bwhat if i (?:don'?t|refuse)\b"
)
ASKS: Final = re.compile(r"\?|\b(?:gi|sao|the nao|bao nhieu|bao lau|o dau|khong|ko|what|how|which|where|when)\b")
WORD: Final = re.compile(r"\w")
PIECES: Final = 3  # in a row of which nothing is understood
PIECE: Final = 2  # words: "xe", "máy", a name; people type in pieces
MENDS: Final = re.compile(
    r"\b(?:sua|doi|nham|sai|edit|change|wrong)\b"
)  # no refusal, though it says that something is wrong


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    """The customer speaks while the bot has the conversation."""
    match draft.state.stage:
        case Stage.NEW | Stage.GREETED:
            if draft.state.memory.get("later") and all(NOD.fullmatch(one.folded) for one in heard):
                return  # "ok em", to our "whenever it suits you"
            draft.remember(later=None)
            steps.greet(draft)
            _serve(draft, heard)
        case Stage.CONSENT_PENDING:
            _consenting(draft, heard)
        case Stage.COLLECTING | Stage.CONFIRMING if not draft.consented or consent.outdated(draft):
            _open(draft, heard)
        case Stage.COLLECTING:
            collecting.hear(draft, heard)
        case Stage.CONFIRMING:
            confirming.hear(draft, heard)
        case _:
            _return(draft, heard)


def started(draft: Draft, payload: str, *, quiet: bool) -> None:
    """Start pressed, bot added, unblocked. Nothing that is going on is wiped. `quiet` -- he says more in this turn."""
    if payload:
        draft.remember(start=payload[:64])
    if quiet:
        return
    stage = draft.state.stage
    if stage is Stage.NEW:
        steps.greet(draft)
        steps.ask(draft, "menu")
    elif stage in WAITING or stage is Stage.WITH_ADVISOR:
        return
    elif stage in (Stage.GREETED, Stage.CONSENT_PENDING, Stage.COLLECTING, Stage.CONFIRMING):
        steps.again(draft)
    else:
        _welcome_back(draft, ())


def _serve(draft: Draft, heard: Sequence[Heard]) -> None:
    """Greeted, no form open: does this message open it?"""
    if consent.late(draft, heard):
        if draft.consented:
            collecting.proceed(draft)
    elif any(one.wants(*NEEDS) or one.entities.get("product") for one in heard) or _agrees(draft, heard):
        _open(draft, heard)
    elif (draft.state.asked == "menu" and any(map(_declines, heard))) or _leaves(draft, heard):
        idle.no_need(draft)
    elif any(map(questions.is_question, heard)):
        _question(draft, heard)
    elif any(one.wants("thanks") for one in heard) and not draft.said():
        return
    elif draft.state.asked == "menu" and not draft.said() and all(one.wordless for one in heard):
        _wordless(draft, heard)
    elif any(collecting.is_noise(one) for one in heard) and draft.said():
        draft.set(unclear=1)  # the first message of all: greeted, not scolded
        steps.ask(draft, "menu")
    elif any(collecting.is_noise(one) for one in heard):
        collecting.not_understood(draft, "menu")
    else:
        steps.ask(draft, "menu")


def _wordless(draft: Draft, heard: Sequence[Heard]) -> None:
    """Nothing to read, twice: said once each, and then people look at it."""
    kinds = {one.said.kind for one in heard}
    if kinds == {Kind.STICKER}:
        return
    if Kind.AUDIO in kinds:
        draft.say("error.voice")
    elif Kind.IMAGE in kinds:
        draft.say("picture.seen")
    if not steps.once_more(draft):
        collecting.give_up(draft)


def _declines(one: Heard) -> bool:
    return one.wants("no") and MENDS.search(one.folded) is None


def _leaves(draft: Draft, heard: Sequence[Heard]) -> bool:
    """ "Thế thì thôi", after a no to the consent."""
    refused = draft.state.consents.get("C1") == "refused"
    return refused and not draft.said() and all(idle.gives_up(one.folded) for one in heard)


def _question(draft: Draft, heard: Sequence[Heard]) -> None:
    rest = questions.answer(draft, heard)
    if draft.state.consents.get("C1") not in (None, "given"):
        return  # what is public he hears all the same, and is not asked again (R-CNS-3)
    if rest:
        _open(draft, heard)
    else:
        steps.ask(draft, "menu")


def _agrees(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Yes to the menu, to a consent that he let pass, or a late tap on its button."""
    late = any(one.stale and one.said.payload == "c1:yes" for one in heard)
    return late or any(one.wants("yes") for one in heard)


def _open(draft: Draft, heard: Sequence[Heard]) -> None:
    """The form opens: with consent at once, without it only when he has not refused, or now agrees by himself."""
    draft.set(unclear=0)
    settled = draft.state.consents.get("C1")
    if settled == "given":
        slots.fill(draft, heard)
        _go_on(draft)
    elif settled is None or _agrees(draft, heard):
        consent.ask(draft)
    else:
        draft.move(Stage.GREETED)
        if not draft.said():  # a price was named
            draft.say("consent.needed", steps.HUMAN)


def _go_on(draft: Draft) -> None:
    """With the form; or first with the text that has changed since he agreed to it."""
    if consent.outdated(draft):
        consent.ask_anew(draft)
    else:
        collecting.proceed(draft)


def _consenting(draft: Draft, heard: Sequence[Heard]) -> None:
    if consent.settled(draft, heard):
        if draft.consented:
            collecting.proceed(draft)
        elif draft.state.consents.get("C1") == "refused":
            draft.move(Stage.GREETED)
        return
    if any(WHY.search(one.folded) for one in heard):
        draft.say("consent.why")
        draft.say("consent.again", *steps.buttons(draft, "consent"))
        return
    if asides.asks_why(heard):
        draft.say("ask.why")
        draft.say("consent.again", *steps.buttons(draft, "consent"))
        return
    if any(map(questions.is_question, heard)) or any(questions.asks_on(one) or _asks(one) for one in heard):
        questions.answer(draft, heard)
        draft.say("consent.again", *steps.buttons(draft, "consent"))
        return
    if all(one.wordless or one.stale or one.intent in ("thanks", "greeting") for one in heard):
        steps.ask(draft, "consent")
        return
    if any(_brings(draft, one) for one in heard) and _adds_up(draft, heard):
        questions.owed(draft, heard)
        consent.remind(draft)  # it is read again at his yes
        return
    consent.unclear(draft, heard)
    draft.set(tries=draft.state.tries + 1)
    if draft.state.tries < steps.UNCLEAR:
        steps.ask(draft, "consent")
    else:
        consent.lapse(draft)
        draft.say("consent.lapsed", steps.HUMAN)
        draft.move(Stage.GREETED)


def _asks(one: Heard) -> bool:
    """A question of his own, whatever about; not one about the consent itself."""
    if refusal.NO_REFUSAL.search(one.folded):
        return False  # "không sao đâu em cứ làm đi" only sounds like one
    asks = one.intent == "other" and len(one.folded.split()) > PIECE and ASKS.search(one.folded) is not None
    return asks and not one.stale and HESITATES.search(one.folded) is None


def _brings(draft: Draft, one: Heard) -> bool:
    """Is it more than an unclear answer: a need, a name, a number, or a piece of one?"""
    if one.stale or not WORD.search(one.folded):
        return False
    if one.entities:
        return True
    if HESITATES.search(one.folded):
        return False
    if len(one.folded.split()) <= PIECE:
        return True
    again = reread(one.said.text, now=draft.now)
    return one.wants(*NEEDS) or again.wants(*NEEDS) or bool(again.entities)


def _adds_up(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Pieces of a wish make one in the end ("xe", "máy", "điện"); keys hit at random do not, and are not taken for ever."""
    if any(one.entities for one in heard) or questions.said_before(draft):
        draft.remember(pieces=None)
        return True
    pieces = int(draft.state.memory.get("pieces") or 0) + 1
    draft.remember(pieces=pieces)
    return pieces <= PIECES


def _return(draft: Draft, heard: Sequence[Heard]) -> None:
    """He speaks again after the end: within seven days the same conversation goes on, later a new one begins."""
    idle_talk = all(
        one.wants("thanks", "yes", "no", "sticker", "nothing") or one.stale or NOD.fullmatch(one.folded)
        for one in heard
    )
    if not idle_talk or draft.state.stage is Stage.CLOSED_IDLE:
        _welcome_back(draft, heard)


def _welcome_back(draft: Draft, heard: Sequence[Heard]) -> None:
    state = draft.state
    resumes = state.stage in (Stage.CLOSED_IDLE, Stage.OPTED_OUT) and not state.memory.get("served")
    if idle.expired(state, draft.now):
        draft.move(Stage.NEW)
        draft.state = evolve(
            NEW_STATE,
            lang=state.lang,
            salutation=state.salutation,
            ads_off=state.ads_off,
            reminders_off=state.reminders_off,
            armed=state.armed,
            last_inbound_at=state.last_inbound_at,
            **advertising.carried(state),
        )
        hear(draft, heard)
        return
    steps.greet(draft)
    draft.move(Stage.GREETED)
    draft.remember(closed_at=None, served=None, consent_shown=None, guide=None, guided=None, minor=None)
    if resumes and draft.consented:
        slots.fill(draft, heard)
        if any(map(questions.is_question, heard)):
            questions.answer(draft, heard)
        _go_on(draft)
        return
    slots.start_over(draft)
    if draft.state.slots.get("name"):
        draft.say("greeting.returning")
    if any(questions.is_question(one) and not one.said.payload for one in heard):
        questions.answer(draft, heard)  # before the consent or the form is asked under it
    _serve(draft, heard)
