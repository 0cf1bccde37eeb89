"""What a conversation becomes: routes each event of a turn to the module that owns it. No clock, no storage, no await.

The order of precedence, for what the customer says: a consent taken back · stop words · an advisor has it (silence) · muted · the bot is
switched off · an open care question · what cannot wait (requests) · the stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from channels.contract import Kind
from handlers import (
    absence,
    advertising,
    asides,
    asking,
    attempts,
    calls,
    care,
    collecting,
    datarequests,
    delivery,
    files,
    handoff,
    hearing,
    held,
    idle,
    incident,
    intake,
    leads,
    leaving,
    manner,
    moving,
    optout,
    promises,
    questions,
    receipts,
    requests,
    routed,
    sla,
    slots,
    steps,
    waiting,
    withdrawal,
)
from handlers.consent import give, refuse
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import (
    OPEN,
    WAITING,
    Acted,
    Arrived,
    Called,
    Context,
    Decision,
    Edited,
    Event,
    FileEnded,
    Filled,
    Followed,
    Held,
    Note,
    OpenHandoff,
    Reachable,
    Relabel,
    Said,
    Say,
    SendEnded,
    Stage,
    State,
    Submitted,
    TimerFired,
    Turn,
    Unfollowed,
    Unsent,
)
from handlers.stages import By

FEW_WORDS: Final = 6  # around a secret
CLOSED: Final = frozenset(Stage) - OPEN - WAITING - {Stage.WITH_ADVISOR}
WORDS: Final = (Said, Edited)
MOVED_BY: Final[Mapping[type, By]] = {
    TimerFired: By.CLOCK,
    Acted: By.DESK,
    Arrived: By.DESK,  # the link is an advisor's
    SendEnded: By.CHANNEL,
    FileEnded: By.CHANNEL,
}


def decide(state: State, turn: Turn, *, now: datetime, context: Context) -> Decision:
    """What the conversation becomes, and what must then happen, in order.

    :raises Refused: an act of a person that may not be done now; nothing of the turn counts then
    """
    draft = Draft(state=state, now=now, context=context, history=turn.history, heard=turn.heard)
    if context.bot and state.bot_off_told:
        draft.set(bot_off_told=False)
    speaks = any(isinstance(event, WORDS) for event in turn.events)
    more = any(isinstance(event, Said) for event in turn.events)
    for group in _groups(turn.events):
        _step(draft, group, speaks=speaks, more=more)
    idle.arm(draft)
    return draft.decision()


def listen(events: Sequence[Event], state: State, *, now: datetime) -> tuple[Heard, ...]:
    """Read what is said in a turn, before it is decided: for `Turn.heard`. () when it holds more than words, by which the
    question that they answer may change."""
    said = [event for event in events if isinstance(event, Said)]
    if len(said) < len(events):
        return ()
    return tuple([hearing.hear(one, state, now=now) for one in said])


def _groups(events: Sequence[Event]) -> list[Sequence[Event]]:
    """What the customer said in one turn is answered at once, where he said the last of it; what he edited is read
    before, and reminders come after: he is here, so most have nothing left to say."""
    if len(events) == 1:
        return [events]
    said = [event for event in events if isinstance(event, Said)]
    last = max((at for at, event in enumerate(events) if isinstance(event, Said)), default=-1)
    others = [(at, event) for at, event in enumerate(events) if not isinstance(event, (*WORDS, FileEnded))]
    lost = [event for event in events if isinstance(event, FileEnded)]
    edited = [event for event in events if isinstance(event, Edited)]
    before = [[event] for at, event in others if at < last and not isinstance(event, TimerFired)]
    after = [[event] for at, event in others if at > last or isinstance(event, TimerFired)]
    groups: list[Sequence[Event]] = [edited, *before, said, *after, lost]
    return [group for group in groups if group]


def _step(draft: Draft, group: Sequence[Event], *, speaks: bool, more: bool) -> None:
    draft.by = MOVED_BY.get(type(group[0]), By.CUSTOMER)
    match group[0]:
        case Said():
            _said(draft, [event for event in group if isinstance(event, Said)])
        case Followed(welcomed=True) as event:
            intake.started(draft, event.payload, quiet=True)
        case Followed() as event:
            _back(draft, event.at)
            draft.add(Reachable(yes=True))
            if draft.context.bot:
                intake.started(draft, event.payload, quiet=speaks)
        case Unfollowed():
            draft.remember(unreachable=True)
            draft.add(Reachable(yes=False, reason="blocked"))
        case Held() as event:
            held.changed(draft, event)
        case Submitted() as event:
            _back(draft, event.at)
            leads.submitted(draft, event)
            datarequests.in_a_form(draft, event)
        case Arrived() | Filled() as event:
            _by_a_link(draft, event)
        case Called() as event:
            _called(draft, event)
        case Edited():
            _edited(draft, [event for event in group if isinstance(event, Edited)], more=more)
        case Unsent() as event:
            _back(draft, event.at)
            draft.add(Note(text="Khách đã thu hồi một tin nhắn."))
        case TimerFired() as event:
            _timer(draft, event)
        case Acted() as event:
            handoff.act(draft, event)
        case FileEnded():
            files.ended(draft, [event for event in group if isinstance(event, FileEnded)])
        case SendEnded() as event:
            _send_ended(draft, event)


def _called(draft: Draft, event: Called) -> None:
    if event.direction != "outbound":
        _back(draft, event.at)
    calls.happened(draft, event)


def _send_ended(draft: Draft, event: SendEnded) -> None:
    text = receipts.explain(event.status, event.reason)
    if not delivery.ended(draft, event) and text:
        draft.add(Note(text=text))
    if event.reason in receipts.ENDS:
        draft.remember(unreachable=True)
        draft.add(Reachable(yes=False, reason=event.reason))


def _said(draft: Draft, said: Sequence[Said]) -> None:
    heard = list(draft.heard) or [
        hearing.hear(one, draft.state, now=draft.now) for one in said
    ]  # before anything moves
    silently, began = datarequests.silent(draft), draft.state.stage
    _answer(draft, said, heard)
    datarequests.overheard(draft, heard, silently=silently, began=began)


def _answer(draft: Draft, said: Sequence[Said], heard: list[Heard]) -> None:
    _back(draft, max(one.at for one in said))
    manner.follow(draft, heard)
    taken_back = withdrawal.hear(draft, heard)
    left = not taken_back and leaving.hear(draft, heard)
    if optout.hear(draft, heard) or left or (taken_back and draft.state.stage is not Stage.WITH_ADVISOR):
        return
    if draft.state.stage is Stage.WITH_ADVISOR:
        _silently(draft, heard)
        return
    if draft.state.muted_until and draft.state.muted_until > draft.now and not any(map(requests.unmutes, heard)):
        return
    if not draft.context.bot:
        slots.overhear(draft, heard)
        _people_only(draft)
        return
    if any(one.had_secret for one in said):
        if not any(one.distress or one.wants("claim") for one in heard):
            steps.greet(draft)
        draft.say("error.secret_shared")
        if all(map(_only_a_secret, heard)) and (draft.state.asked or draft.state.stage is Stage.GREETED):
            if draft.state.asked:
                steps.again(draft)
            else:
                steps.ask(draft, "menu")
            return
    if draft.state.care:
        if care.hear(draft, heard):
            return
        heard = [hearing.hear(one, draft.state, now=draft.now) for one in said]  # of something else, so read anew
    if steps.identity_papers(draft, heard):
        return
    heard = asides.beneath(heard)
    rest = advertising.hear(draft, heard)
    if not rest or asides.hear(draft, rest) or requests.divert(draft, rest):
        return
    advertising.beside(draft, heard)
    heard = list(rest)
    if draft.state.stage in WAITING:
        waiting.hear(draft, heard)
    elif not (draft.state.stage is Stage.COLLECTING and steps.picture(draft, heard)):
        questions.first(draft, heard)
        intake.hear(draft, heard)
    advertising.due(draft)


def _only_a_secret(one: Heard) -> bool:
    """ "Mã OTP của tôi là 123456": the words around it say nothing else, whatever they are taken for."""
    words = [word for word in one.folded.split() if any(map(str.isalnum, word))]
    calm = not one.distress and not one.minor and not one.wants("claim", "talk_to_human", "opt_out")
    bare = len(words) <= FEW_WORDS and asides.TOLD.isdisjoint(one.entities)
    return one.said.had_secret and calm and (bare or (one.intent == "other" and not one.entities))


def _by_a_link(draft: Draft, event: Arrived | Filled) -> None:
    """He used a link that an advisor gave him."""
    if isinstance(event, Arrived):
        moving.arrived(draft, event)
    else:
        asking.filled(draft, event)


def _back(draft: Draft, at: datetime) -> None:
    """He is here: the silence is over. What comes late, after an outage, counts for the platform's window from when he
    said it, and for his silence from when he can be answered."""
    last = draft.state.last_inbound_at
    at = min(at, draft.now)
    draft.set(last_inbound_at=max(last, at) if last else at)
    if draft.state.memory.get("unreachable"):
        draft.add(Reachable(yes=True))
    heard_at = draft.now.astimezone(UTC).isoformat() if draft.now - at > idle.LATE else None
    draft.remember(nudged=None, unreachable=None, file_told=None, ours=None, heard_at=heard_at)
    if draft.state.memory.get("tries"):
        leads.here(draft)


def _silently(draft: Draft, heard: Sequence[Heard]) -> None:
    """A person has it. Consent counts all the same; nothing is said."""
    absence.waits(draft, heard)
    asking.heard(draft, heard)
    slots.overhear(draft, heard)
    for one in heard:
        answers = one.said.payload in ("c1:yes", "c1:no") and draft.state.memory.get("consent_shown")
        if answers and "C1" not in draft.state.consents:
            _consent_beside(draft, one, heard)
    if any(one.distress or (one.wants("claim") and one.entities.get("urgent")) for one in heard):
        draft.add(Relabel(add=("urgent",)))


def _consent_beside(draft: Draft, by: Heard, heard: Sequence[Heard]) -> None:
    if by.said.payload == "c1:yes":
        give(draft, by, heard)
        draft.add(Note(text="Khách đã đồng ý cho liên hệ."))
    else:
        refuse(draft, by)
        draft.add(Note(text="Khách không đồng ý cho lưu thông tin liên hệ."))


def _people_only(draft: Draft) -> None:
    """The bot is switched off: it says so once, and people see the conversation."""
    if draft.state.stage in WAITING:
        return
    if not draft.state.bot_off_told:
        draft.say("maintenance.bot_off")
        draft.set(bot_off_told=True)
    draft.move(Stage.QUEUED)
    draft.add(OpenHandoff(reason="bot_off"))


def _edited(draft: Draft, events: Sequence[Edited], *, more: bool) -> None:
    """An earlier message reads differently now: a stop counts, a value is put right, nothing else is answered. `more` -- he
    says something too, and that is what is answered."""
    _back(draft, max(event.at for event in events))
    said = [Said(message_id=event.message_id, kind=Kind.TEXT, at=event.at, text=event.text) for event in events]
    heard = [hearing.hear(one, draft.state, now=draft.now) for one in said]
    silently, began = datarequests.silent(draft), draft.state.stage
    taken_back = withdrawal.hear(draft, heard)
    stopped = optout.hear(draft, heard, may_ask=False)  # he may say more in this turn
    datarequests.overheard(draft, heard, silently=silently, began=began)
    if stopped or taken_back or not draft.context.bot:
        return
    if draft.state.stage in (Stage.COLLECTING, Stage.CONFIRMING):
        collecting.corrected(draft, heard)
        if more:
            draft.effects = [effect for effect in draft.effects if not isinstance(effect, Say)]


def _timer(draft: Draft, event: TimerFired) -> None:
    draft.set(armed={name: due for name, due in draft.state.armed.items() if name != event.name})
    match event.name:
        case "nudge" | "close":
            idle.fired(draft, event)
        case "long_wait" | "callback":
            waiting.timer(draft, event)
        case sla.OVERDUE:
            sla.overdue(draft)
        case routed.ESCALATE:
            routed.escalate(draft)
        case incident.TIMER:
            incident.due(draft)
        case attempts.LAST_WORD | attempts.GIVE_UP:
            attempts.timer(draft, event.name)
        case calls.RING:
            calls.timer(draft)
        case "mute_end":
            draft.set(muted_until=None, warnings=0)
        case absence.TIMER:
            absence.due(draft)
        case "scope":
            optout.settled(draft)
        case datarequests.UNCHOSEN:
            datarequests.unchosen(draft)
        case "snooze":
            draft.remember(snoozed_until=None)
            draft.add(Note(text="Đến giờ đã hẹn xem lại."))
        case name if name.startswith(promises.PREFIX):
            promises.rang(draft, name)
        case name if name == "care" or name.startswith("care:"):
            care.due(draft, event)
        case _:
            return
