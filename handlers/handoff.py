"""What people do with a conversation at the desk. The card with which they take it over is `handlers.card`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from handlers import (
    absence,
    asking,
    attempts,
    blocking,
    calls,
    care,
    collecting,
    delivery,
    held,
    idle,
    incident,
    moving,
    promises,
    rights,
    routed,
    screening,
    slots,
)
from handlers.card import card
from handlers.draft import Draft
from handlers.model import (
    EMPTY,
    OPEN,
    WAITING,
    Acted,
    Advisor,
    Audit,
    CloseHandoff,
    Note,
    OpenHandoff,
    Refused,
    Relabel,
    Stage,
    TakeHandoff,
    Tell,
)

__all__ = ["ACTS", "act", "card"]

CHIEFS: Final = frozenset({"supervisor", "admin", "integration"})  # may act in a conversation that is another's
OUTCOMES: Final[Mapping[str, Stage]] = {
    "won": Stage.WON,
    "lost": Stage.LOST,
    "no_need": Stage.CLOSED_NO_NEED,
    "spam": Stage.CLOSED_SPAM,
    "done": Stage.CLOSED_IDLE,  # served, nothing sold: stays won when it was won before
}


def act(draft: Draft, event: Acted) -> None:
    """Do what the person asks for.

    :raises Refused: it may not be done now, or not by this person
    """
    perform = ACTS.get(event.name)
    if perform is None:
        raise Refused("unknown_act", f"no such act: {event.name}")
    perform(draft, event)
    if event.name in absence.MEETS:
        absence.met(draft)


def _take(draft: Draft, event: Acted) -> None:
    state, by = draft.state, event.by
    holder = state.assignee if state.stage is Stage.WITH_ADVISOR else None
    if holder is not None and holder.id == by.id:
        return
    if holder is not None:
        raise Refused("taken", f"{holder.name} has this conversation", holder=holder)
    _give_to(draft, by)
    draft.add(Audit(action="conversation.take", by=by))


def _give_to(draft: Draft, advisor: Advisor, *, told: bool = True) -> None:
    """From here on the bot is silent."""
    if draft.state.stage not in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        draft.remember(ours=True)  # storage.may_say.OURS
    if draft.state.stage not in WAITING and not draft.state.handoff:
        draft.add(OpenHandoff(reason="desk"))
    care.put_away(draft)
    draft.move(Stage.WITH_ADVISOR)
    draft.set(assignee=advisor, unclear=0, muted_until=None, warnings=0)
    draft.remember(late=None, noticed=None, closed_at=None, unanswered=None, given=None, despair=None)
    draft.add(TakeHandoff(by=advisor))
    if told and advisor.code:
        draft.say("handoff.advisor_joined", ten_tu_van=advisor.name, ma_dai_ly=advisor.code, klass="B")
    elif told:
        draft.say("handoff.advisor_joined_plain", ten_tu_van=advisor.name, klass="B")


def _reply(draft: Draft, event: Acted) -> None:
    text, files = str(event.data.get("text") or ""), tuple(event.data.get("file_ids") or ())
    if not text.strip() and not files:
        raise Refused("empty", "there is nothing to send")
    if draft.state.stage is not Stage.WITH_ADVISOR or draft.state.assignee is None:
        _take(draft, event)
    _must_hold(draft, event.by)
    if not draft.context.writes:
        raise Refused("window_closed", "this channel carries calls and forms: there is no chat to answer in")
    absence.answered(draft)
    held.ours(draft)
    tell = Tell(text=text, by=event.by, file_ids=files, quote=event.data.get("quote") or EMPTY)
    draft.add(tell, Audit(action="conversation.reply", by=event.by))


def _echo(draft: Draft, event: Acted) -> None:
    """A colleague answered in the platform's own app: the bot is silent from here on. The words are there already."""
    absence.answered(draft)
    if draft.state.stage is not Stage.WITH_ADVISOR:
        draft.move(Stage.WITH_ADVISOR)
        care.put_away(draft)
        draft.set(assignee=event.by if event.by.id else None)
        if event.by.id:
            draft.add(TakeHandoff(by=event.by))


def _note(draft: Draft, event: Acted) -> None:
    text = str(event.data.get("text") or "").strip()
    if not text:
        raise Refused("empty", "an empty note")
    draft.add(Note(text=text, by=event.by), Audit(action="conversation.note", by=event.by))


def _close(draft: Draft, event: Acted) -> None:
    outcome = str(event.data.get("outcome") or "done")
    if outcome not in OUTCOMES:
        raise Refused("invalid", f"outcome is one of {', '.join(OUTCOMES)}")
    state = draft.state
    if state.stage not in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        raise Refused("wrong_state", "it is closed already")
    _must_hold(draft, event.by)
    won = outcome == "won" or (outcome == "done" and bool(state.memory.get("won")))
    if won:
        screening.required(draft, event.by)
    had = state.assignee if state.stage is Stage.WITH_ADVISOR else None
    care.put_away(draft)
    idle.shut(draft, Stage.WON if won else OUTCOMES[outcome])
    draft.set(assignee=None, handoff="")
    draft.remember(won=won or None, served=True)
    draft.add(CloseHandoff(outcome=outcome, reason=str(event.data.get("reason") or "")))
    draft.add(Audit(action="conversation.close", by=event.by, fields=("outcome",)))
    if had is not None and outcome != "spam":
        draft.say("handoff.advisor_left", ten_tu_van=had.name, klass="B")


def _return(draft: Draft, event: Acted) -> None:
    """Back to the bot: it says so and goes on with what is missing."""
    if draft.state.stage is not Stage.WITH_ADVISOR:
        raise Refused("wrong_state", "nobody has it")
    _must_hold(draft, event.by)
    had = draft.state.assignee or event.by
    idle.forget_snooze(draft)
    draft.move(Stage.GREETED)
    draft.set(assignee=None, handoff="", unclear=0)
    draft.remember(priority=None, served=None, handed=None, passed=None)
    draft.add(CloseHandoff(outcome="returned"), Audit(action="conversation.return", by=event.by))
    draft.say("handoff.advisor_left", ten_tu_van=had.name, klass="B")
    unfinished = bool(slots.missing(draft.state)) or not draft.state.code
    if draft.context.bot and draft.consented and unfinished:
        collecting.proceed(draft)


def _assign(draft: Draft, event: Acted) -> None:
    """Given to an advisor, by himself, by whoever has it, or by a chief."""
    to = _advisor(event.data.get("advisor"))
    holder = draft.state.assignee if draft.state.stage is Stage.WITH_ADVISOR else None
    if holder is not None and holder.id == to.id:
        return
    if holder is not None:
        _must_hold(draft, event.by)
    if to.id != event.by.id and to.role == "advisor":
        screening.required(draft, event.by)
    if note := str(event.data.get("note") or "").strip():
        draft.add(Note(text=note, by=event.by))
    _give_to(draft, to)
    draft.add(Audit(action=f"conversation.{event.name}", by=event.by, fields=("assignee",)))


def _give(draft: Draft, event: Acted) -> None:
    """Given to somebody by the rules of the house: he answers in time, or it goes on to the next."""
    to = _advisor(event.data.get("advisor"))
    routed.waits_still(draft, event)
    if to.role == "advisor":
        screening.required(draft, event.by)
    _give_to(draft, to)
    absence.given(draft)
    routed.given(draft, event, to)


def _transfer(draft: Draft, event: Acted) -> None:
    """To another advisor, or back into the queue for a team: `team` its id, `team_name` as people call it."""
    if event.data.get("advisor"):
        _assign(draft, event)
        return
    team = str(event.data.get("team") or "")
    if not team:
        raise Refused("invalid", "to whom? an advisor or a team")
    _must_hold(draft, event.by)
    screening.required(draft, event.by)
    if note := str(event.data.get("note") or "").strip():
        draft.add(Note(text=note, by=event.by))
    if draft.state.stage not in WAITING:
        draft.add(CloseHandoff(outcome="transferred"))
        draft.move(Stage.QUEUED)
        draft.set(assignee=None, handoff="")
        draft.say("queue.entered", klass="B")
    label, had = f"team:{event.data.get('team_name') or team}", draft.state.memory.get("team_label")
    draft.remember(team=team, handed=True, team_label=label, passed=None)
    draft.add(OpenHandoff(reason="transfer", priority=10))
    draft.add(Relabel(add=(label,), remove=(had,) if had and had != label else ()))
    draft.add(Audit(action="conversation.transfer", by=event.by, fields=("team",)))


def _reopen(draft: Draft, event: Acted) -> None:
    """Closed too early, or no spam after all: whoever reopens it has it. The customer need not notice."""
    if draft.state.stage in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        raise Refused("wrong_state", "it is not closed")
    draft.set(warnings=0)
    idle.forget_snooze(draft)
    _give_to(draft, event.by, told=False)
    draft.add(Audit(action="conversation.reopen", by=event.by))


def _snooze(draft: Draft, event: Acted) -> None:
    _must_hold(draft, event.by)
    try:
        until = datetime.fromisoformat(str(event.data.get("until")))
    except ValueError as err:
        raise Refused("invalid", "until when? RFC 3339") from err
    if until.tzinfo is None or until <= draft.now:
        raise Refused("invalid", "until a moment to come, with its time zone")
    draft.remember(snoozed_until=until.isoformat())
    draft.wake("snooze", until)
    draft.add(Audit(action="conversation.snooze", by=event.by, fields=("until",)))


def _deliver(draft: Draft, event: Acted) -> None:
    _must_hold(draft, event.by)
    absence.answered(draft)
    delivery.deliver(draft, event)


def _attempt(draft: Draft, event: Acted) -> None:
    """A call was tried. Who reached him has him."""
    _must_hold(draft, event.by)
    if attempts.log(draft, event) and draft.state.assignee is None:
        _give_to(draft, event.by, told=False)


def _screen(draft: Draft, event: Acted) -> None:
    _must_hold(draft, event.by)
    screening.screen(draft, event)


def _label(draft: Draft, event: Acted) -> None:
    add, remove = (tuple(str(one) for one in event.data.get(key) or ()) for key in ("add", "remove"))
    if add or remove:
        draft.add(Relabel(add=add, remove=remove))
        if incident.LABEL in remove:
            incident.settled(draft)
        draft.add(Audit(action="conversation.label", by=event.by, fields=("labels",)))


def _hold(draft: Draft, event: Acted) -> None:
    _must_hold(draft, event.by)
    held.take_back(draft, event)


def _retell(draft: Draft, event: Acted) -> None:
    """What he said is put right or taken back: the words are the shell's, that he did it stays."""
    draft.add(Audit(action=str(event.data["as"]), by=event.by, fields=(str(event.data["message"]),)))


def _must_hold(draft: Draft, by: Advisor) -> None:
    holder = draft.state.assignee if draft.state.stage is Stage.WITH_ADVISOR else None
    if holder is not None and holder.id != by.id and by.role not in CHIEFS:
        raise Refused("not_yours", f"{holder.name} has this conversation", holder=holder)


def _advisor(given: object) -> Advisor:
    if isinstance(given, Advisor):
        return given
    known: Mapping[str, Any] = given if isinstance(given, Mapping) else EMPTY
    if not known.get("id") or not known.get("name"):
        raise Refused("invalid", "to whom? an advisor")
    return Advisor(
        id=str(known["id"]),
        name=str(known["name"]),
        code=str(known.get("code") or ""),
        role=str(known.get("role") or "advisor"),
    )


def _held(perform: Callable[[Draft, Acted], None]) -> Callable[[Draft, Acted], None]:
    """Only by whom it may be done."""

    def act(draft: Draft, event: Acted) -> None:
        _must_hold(draft, event.by)
        perform(draft, event)

    return act


ACTS: Final[Mapping[str, Callable[[Draft, Acted], None]]] = {
    "take": _take,
    "reply": _reply,
    "echo": _echo,
    "note": _note,
    "close": _close,
    "return": _return,
    "assign": _assign,
    "transfer": _transfer,
    "give": _give,
    "release": routed.release,
    "reopen": _reopen,
    "snooze": _snooze,
    "block": _held(blocking.block),
    "unblock": blocking.unblock,
    "promise": promises.promise,
    "correct": _held(asking.correct),
    "ask": _held(asking.ask),
    "form": _held(asking.form),
    "move": _held(moving.invite),
    "promise_ended": promises.ended,
    "label": _label,
    "retell": _held(_retell),
    "deliver": _deliver,
    "attempt": _attempt,
    "last_word": attempts.elsewhere,
    "screen": _screen,
    "call": calls.by_hand,
    "hold": _hold,
    "privacy": rights.answer,
    "withdraw": rights.withdrawn,
}
