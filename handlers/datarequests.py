"""A right that somebody uses in a conversation: written down with the law's clock, whatever else he says beside it and whoever
speaks with him. The law knows no mute, no stop word and no accident that came first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers import refusal, rights
from handlers.draft import Draft, code
from handlers.hearing import Heard, reread
from handlers.model import DataRequest, Note, Say, Stage, Submitted, Unwake

UNCHOSEN: Final = "right"  # a timer, and what it is about in the memory of the state
CHOOSES_WITHIN: Final = timedelta(hours=24)  # then two working days for the first answer are not over yet
SAID_MAX: Final = 500
READ_MAX: Final = 16_000
PIECE: Final = re.compile(r"[,;.!\n…]+|\b(?:và|rồi|and|then)\b", re.IGNORECASE)
PIECES: Final = 12  # of a message that are read for a second right
FORM: Final = frozenset({Stage.COLLECTING, Stage.CONFIRMING})
EXPLAIN: Final = frozenset({"ask.why", "consent.layer2"})  # what we keep, and what for
WITHIN: Final = frozenset({"restrict", "object"})  # who takes his consent back has these by it
SAYS: Final = "Khách yêu cầu về dữ liệu cá nhân: đã ghi là {code}, có hạn theo luật."
ASKS: Final = "Khách hỏi về dữ liệu cá nhân mà không chọn yêu cầu nào: đã ghi là {code}, có hạn theo luật."


def asked(draft: Draft, kind: str, by: Heard, *, told: bool) -> str:
    """He asks for it here: it is written down from this moment on. `told` -- the bot says so in this turn. Its code."""
    said = by.said.text or by.said.payload
    return _write(draft, kind, message_id=by.said.message_id, said=said, at=_when(by, draft), told=told)


def until(kind: str, by: Heard, draft: Draft) -> datetime:
    """By when it is to be done, as he is told."""
    return rights.due(_kind(kind), _when(by, draft), draft.business)


def silent(draft: Draft) -> bool:
    """Does the bot answer nothing here now?"""
    state = draft.state
    muted = state.muted_until is not None and state.muted_until > draft.now
    return muted or not draft.context.bot or not draft.context.writes or state.stage is Stage.WITH_ADVISOR


def overheard(draft: Draft, heard: Sequence[Heard], *, silently: bool, began: Stage) -> None:
    """What nobody has written down in this turn. `silently` -- the bot was not to answer him; `began` -- where the turn began.

    A right that he does not name is to know what we hold, where nobody asks him back; else he has a day to choose. A telephone
    number put right is none, nor is a field of the form that he fills with the bot, nor what was explained at once."""
    unnamed = []
    explained = any(isinstance(effect, Say) and effect.key in EXPLAIN for effect in draft.effects)
    for one in heard:
        for kind in _kinds(one):
            mends = kind == "rectify" and began in FORM and not silently
            if _noted(draft, kind) or mends or refusal.mends_number(one) or (kind == "inform" and explained):
                continue
            if not kind and not silently:
                unnamed.append(one)
                continue
            number = asked(draft, kind, one, told=False)
            draft.add(Note(text=SAYS.format(code=number)))
    if unnamed and not any(isinstance(effect, DataRequest) for effect in draft.effects):
        _let_choose(draft, unnamed[0])


def in_a_form(draft: Draft, event: Submitted) -> None:
    """What he names in the words that he wrote to us: the rest of a form, its box of consent too, is ours."""
    words = reread(event.fields.get("message", "")[:READ_MAX], now=event.at)
    if words.entities.get("request"):
        one = replace(words, said=replace(words.said, message_id=event.message_id))
        overheard(draft, [one], silently=True, began=draft.state.stage)


def unchosen(draft: Draft) -> None:
    """He was asked which right he means, and has not said: people see to it, by the clock of when he asked."""
    told = draft.state.memory.get(UNCHOSEN)
    if told is not None:
        at = datetime.fromisoformat(str(told["at"]))
        number = _write(draft, "", message_id=told["message"], said=told["said"], at=at, told=False)
        draft.add(Note(text=ASKS.format(code=number)))


def _kinds(one: Heard) -> Iterator[str]:
    """What he asks for, '' when he does not name it; of a message about several things each piece is read by itself."""
    if not one.wants("privacy_request"):
        return
    named = [str(one.entities["request"])] if one.entities.get("request") else []
    pieces = [piece for piece in PIECE.split(one.said.text)[:PIECES] if piece.strip()]
    if len(pieces) > 1 and not one.said.payload:
        read = [reread(piece, now=one.said.at) for piece in pieces]
        named += [str(each.entities["request"]) for each in read if each.entities.get("request")]
    if named:
        yield from dict.fromkeys(named)
    elif one.intent == "privacy_request":
        yield ""


def _noted(draft: Draft, kind: str) -> bool:
    written = {effect.kind for effect in draft.effects if isinstance(effect, DataRequest)}
    return _kind(kind) in written or (kind in WITHIN and "withdraw" in written)


def _let_choose(draft: Draft, one: Heard) -> None:
    if UNCHOSEN in draft.state.memory:
        return  # the first clock counts
    said = one.said.text[:SAID_MAX]
    at = _when(one, draft).astimezone(UTC).isoformat()
    draft.remember(**{UNCHOSEN: {"at": at, "message": one.said.message_id, "said": said}})
    draft.wake(UNCHOSEN, draft.now + CHOOSES_WITHIN)


def _write(draft: Draft, kind: str, *, message_id: str, said: str, at: datetime, told: bool) -> str:
    about = (draft.context.conversation_id, message_id or at.isoformat())
    number = code("DL", *about)
    if any(isinstance(effect, DataRequest) and effect.code == number for effect in draft.effects):
        number = code("DL", *about, kind)  # two rights in one message are two requests
    draft.add(DataRequest(kind=_kind(kind), code=number, message_id=message_id, said=said, at=at, told=told))
    if UNCHOSEN in draft.state.memory:
        draft.remember(**{UNCHOSEN: None})
        draft.add(Unwake(name=UNCHOSEN))
    return number


def _kind(said: str) -> str:
    return said if said in rights.TERMS else rights.SAID_AS.get(said, "access")


def _when(by: Heard, draft: Draft) -> datetime:
    return min(by.said.at, draft.now)  # a platform's clock may be ahead
