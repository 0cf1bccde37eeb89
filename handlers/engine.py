"""The shell around the core: loads lanes, turns events into what the core understands, applies its effects.

Runs on the store's thread. `decide` computes outside any transaction; `write` and `act` are inside one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
import structlog

from channels.contract import Account, Capabilities, InboundEvent, OutboundFile
from handlers import (
    apply,
    assigning,
    consent,
    events,
    incoming,
    interpret,
    noticing,
    repeats,
    schedule,
    unasked,
    unopened,
)
from handlers.batch import Results, Thought
from handlers.core import decide, listen
from handlers.drafting import LaneDraft, Place
from handlers.model import (
    Acted,
    Advisor,
    Business,
    Context,
    Decision,
    OpenHandoff,
    Refused,
    Stage,
    State,
    Turn,
    evolve,
    state_from_json,
)
from handlers.texts import LANGUAGES, Texts
from handlers.voice import Voice
from storage import files, handoffs, inbox, may_say, reach, turns
from storage.keys import KeyRing
from storage.killpoints import kp
from storage.times import at
from storage.turns import Lane, Rows
from storage.tx import Tx

log = structlog.get_logger("engine")
GONE: Final = Capabilities(title="no longer configured", text_limit=4000)
QUEUED: Final = Stage.QUEUED.value
NOTICE: Final = 8  # characters of the version of the consent text that a conversation remembers
REMEMBERED: Final = 8192  # parsed events between ingest and think

Parse = Callable[[str, bytes], InboundEvent]  # (account id, stored bytes) -> the event; raises MalformedPayload


@dataclass(slots=True)
class Switches:
    """Is the bot on: for all, and per account. Read by the engine, set by the desk."""

    bot: bool = True
    accounts: dict[str, bool] = field(default_factory=dict)

    def on(self, account_id: str) -> bool:
        return self.bot and self.accounts.get(account_id, True)


class Engine:
    """See the module. `parse` reads a stored event again; `capabilities` by account id, or by channel name."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        capabilities: Mapping[str, Capabilities],
        parse: Parse,
        texts: Texts,
        business: Business,
        keys: KeyRing,
        test_account: Callable[[str], bool] = lambda account_id: False,
    ) -> None:
        self.accounts = accounts
        self.capabilities = capabilities
        self.parse = parse
        self.texts = texts
        self.business = business
        self.keys = keys
        self._notice = {lang: texts.version(consent.TEXT, lang).short[:NOTICE] for lang in LANGUAGES}
        self.switches = Switches()
        self.test_account = test_account
        self._recent: dict[str, InboundEvent] = {}
        self._waiting = 0
        self._places: dict[str, Place] = {}
        self._voices: list[Voice] = []

    def adopt(self, business: Business) -> None:
        """What people have set at the desk counts from the next turn on. On the store's thread, as all turns are."""
        if business != self.business:
            self.business = business
            self._voices, self._places = [], {}

    # ---- between ingest and think

    def remember(self, event_id: str, event: InboundEvent) -> None:
        """Keep a parsed event in memory until its turn; it can always be read again from its bytes."""
        if len(self._recent) >= REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._recent[event_id] = event

    # ---- the thinker of storage.db

    def load(self, tx: Tx, lanes: Sequence[str]) -> list[Lane] | None:
        loaded = [lane for lane in turns.load(tx, lanes).values() if lane.events]
        if not loaded:
            return None
        self._complete(tx, loaded)
        return loaded

    def _complete(self, tx: Tx, loaded: list[Lane]) -> None:
        unknown = [event for lane in loaded for event in lane.events if event.id not in self._recent]
        for event in unknown:
            try:
                turns.open_bodies(tx, [event])
            except Exception as err:
                log.warning("engine.body_lost", event_id=event.id, error=type(err).__name__)
        pending = [lane for lane in loaded if lane.conversation is not None and _awaits_consent(lane)]
        if pending:
            histories = turns.histories(tx, pending)
            for lane in pending:
                lane.history = histories.get(lane.point_id, ())
        queued = [lane for lane in loaded if lane.conversation is not None and lane.conversation.c_stage == QUEUED]
        if queued:
            places = handoffs.places(tx, [lane.conversation.c_id for lane in queued])
            for lane in queued:
                lane.place = places.get(lane.conversation.c_id, 0)
        for lane in loaded:
            if any(event.kind == events.TIMER for event in lane.events):
                lane.opened = reach.opened(tx, self._place(lane.account_id).voice.capabilities, lane.point_id)
        repeats.ask(tx, loaded, lambda opened: interpret.read(opened, self._recent, self.parse))
        self._waiting = tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'") or 0

    def decide(self, work: list[Lane], *, now_ms: int) -> Results:
        results, now = Results.of(work), at(now_ms)
        results.each(lambda one: self._take_in(one, now_ms, now))
        results.each(_listen, writes=False)
        results.each(self._decide, writes=False)
        results.each(lambda one: self._put_down(one, now_ms))
        return results.settle(lambda lane, rows, err: self._fail(lane, rows, err, now_ms=now_ms))

    def write(self, tx: Tx, result: Results) -> None:
        if tx.postgres:
            tx.among(
                "SELECT id FROM contact_point WHERE id IN (:among) ORDER BY id FOR UPDATE",
                [one.lane.point_id for one in result.lanes],
            )
        turns.write(tx, result.rows)

    def unwritable(self, result: Results, err: Exception) -> Results:
        """What is written instead of a turn that the database refused: an attempt for its head, or quarantine."""
        for one in result.lanes:
            one.error = err
        return result.settle(self._fail)

    def unloadable(self, tx: Tx, point_id: str, err: Exception) -> None:
        """A lane that cannot even be read: its head waits, or is set aside."""
        turns.fail_head(tx, point_id, reason=type(err).__name__, limit=inbox.MAX_ERRORS)

    # ---- the steps of a turn

    def _take_in(self, one: Thought, now_ms: int, now: datetime) -> None:
        lane = one.lane
        read = [repeats.known(lane, opened, interpret.read(opened, self._recent, self.parse)) for opened in lane.events]
        if lane.conversation is None and read and all(map(unopened.leaves_nothing, read)):
            unopened.let_pass(one.whole, lane, read, now_ms)
            return
        place = self._place(lane.account_id)
        draft = one.draft = LaneDraft(lane, place=place, rows=one.whole, now_ms=now_ms, now=now)
        for opened, event in zip(lane.events, read, strict=True):
            one.events += incoming.take_in(draft, opened, event)

    def _decide(self, one: Thought) -> None:
        draft, turn = one.draft, one.turn
        if draft is None or turn is None:
            return  # nothing for the core: receipts, what is not for us
        decision = one.decision = decide(draft.state, turn, now=draft.now, context=self._context(draft))
        if not draft.state.handoff and decision.state.stage is not Stage.WITH_ADVISOR and _opens(decision):
            self._waiting += 1  # the next one of this batch stands behind him

    def _put_down(self, one: Thought, now_ms: int) -> None:
        draft = one.draft
        if draft is not None:
            if one.decision is not None:
                apply.take_over(draft, one.decision)
            noticing.add(draft, one.turn)
            draft.finish()
        for opened in one.lane.events:
            self._recent.pop(opened.id, None)
        if one.lane.more:
            one.whole.again.append((one.lane.point_id, "now", now_ms))

    def _place(self, account_id: str) -> Place:
        place = self._places.get(account_id)
        if place is None:
            channel = account_id.partition(":")[0]
            place = self._places[account_id] = Place(
                account_id=account_id,
                channel=channel,
                voice=self._voice(account_id, channel),
                keys=self.keys,
                test=account_id in self.accounts and self.test_account(account_id),
            )
        return place

    def _voice(self, account_id: str, channel: str) -> Voice:
        """GONE: its account is no longer in the configuration."""
        carries = self.capabilities.get(account_id) or self.capabilities.get(channel) or GONE
        for voice in self._voices:
            if voice.capabilities == carries:
                return voice
        self._voices.append(Voice(self.texts, self.business, carries))
        return self._voices[-1]

    def _context(self, draft: LaneDraft) -> Context:
        capabilities = draft.place.voice.capabilities
        return Context(
            business=self.business,
            channel=draft.place.channel,
            bot=self.switches.on(draft.place.account_id),
            asks_contact=capabilities.asks_contact,
            asks_email=capabilities.asks_email,
            writes=capabilities.conversational,
            letters=capabilities.letters,
            carries=capabilities,
            heard_at=None if draft.lane.heard_at is None else at(draft.lane.heard_at),
            opened=draft.lane.opened,
            buttons=capabilities.buttons,
            queue_position=draft.lane.place or self._waiting + 1,
            conversation_id=draft.conversation_id,
            notice=self._notice,
        )

    def _fail(self, lane: Lane, rows: Rows, err: Exception, *, now_ms: int | None = None) -> None:
        """The turn raised, or the database refused it: an attempt for its head, or quarantine."""
        head = lane.events[0]
        log.error("engine.turn_failed", event_id=head.id, attempts=head.attempts + 1, exc_info=err)
        rows.later.append(
            turns.failed(
                head.id,
                head.account_id,
                attempts=head.attempts,
                point_id=lane.point_id,
                reason=type(err).__name__,
                limit=inbox.MAX_ERRORS,
                source=head.source,
            )
        )
        # Which of them is poison is not known: mark each, so that from now on they are thought one at a time.
        others = [event.id for event in lane.events[1:] if not event.attempts]
        if len(lane.events) > 1:
            rows.later.append(lambda tx: turns.attempt(tx, others))
        if lane.more and now_ms is not None:
            rows.again.append((lane.point_id, "now", now_ms))

    # ---- acts of people

    def act(self, tx: Tx, conversation_id: str, name: str, *, by: Advisor, data: Mapping[str, Any]) -> None:
        """Think what waits in the lane, then do this. Raises Refused."""
        point_id = tx.value("SELECT point_id FROM conversation WHERE id = :id", id=conversation_id)
        if point_id is None:
            raise Refused("not_found", "no such conversation")
        if tx.postgres:
            tx.value("SELECT id FROM contact_point WHERE id = :id FOR UPDATE", id=point_id)
        waiting = turns.load(tx, [point_id]).get(point_id)
        if waiting is None:
            raise Refused("not_found", "he is being erased")
        if waiting.events and waiting.conversation is not None and waiting.conversation.c_id == conversation_id:
            self._complete(tx, [waiting])
            self.write(tx, self.decide([waiting], now_ms=tx.now_ms))
        self._acted(tx, turns.load(tx, [point_id], conversation_id=conversation_id)[point_id], name, by, data)

    def begin(self, tx: Tx, point_id: str, name: str, *, by: Advisor, data: Mapping[str, Any]) -> str:
        """The same where nobody has written yet: we do. The conversation, which may be one that is there. Raises
        Refused."""
        found = tx.value("SELECT conversation_id FROM contact_point WHERE id = :id", id=point_id)
        if found is None:
            return self._acted(tx, turns.load(tx, [point_id])[point_id], name, by, data)
        self.act(tx, found, name, by=by, data=data)
        return str(found)

    def _acted(self, tx: Tx, lane: Lane, name: str, by: Advisor, data: Mapping[str, Any]) -> str:
        lane.events.clear()
        lane.more = False
        one, now = Thought(lane, Rows()), tx.now
        self._take_in(one, tx.now_ms, now)
        draft = one.draft
        assert draft is not None
        if lane.conversation is None:
            draft.state = draft.before = _as_known(tx, draft.state, draft.contact_id)
        if (to := assigning.taker(draft.state, name, by, data)) is not None:
            assigning.must_be_certified(tx, draft.state, to, day=schedule.local(now, self.business).date())
        draft.files = _files(tx, data.get("file_ids", ()))
        self._waiting = tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'") or 0
        one.turn = Turn(events=(Acted(name=name, by=by, at=now, data=data),))
        self._decide(one)
        if one.decision is not None and unasked.says(one.decision):
            in_it = lane.conversation.c_id if lane.conversation is not None else None
            if why := may_say.why_not_begin(tx, draft.contact_id, in_it):
                one.decision = unasked.hushed(one.decision, name, why)
        event_id = inbox.insert_own(
            tx,
            point_id=lane.point_id,
            account_id=lane.account_id,
            kind="act",
            source="desk",
            key=f"act:{draft.cause}",
            body_=orjson.dumps({"name": name, "by": by.id, "data": dict(data)}, default=str),
            state="done",
            conversation_id=draft.conversation_id,
        )
        assert event_id is not None
        self._put_down(one, tx.now_ms)
        turns.write(tx, one.whole)
        kp("act.before_commit")
        return draft.conversation_id

    def think(self, tx: Tx, point_id: str) -> None:
        """Think what waits in this lane, here and now, in the caller's transaction."""
        lanes = self.load(tx, [point_id])
        if lanes:
            self.write(tx, self.decide(lanes, now_ms=tx.now_ms))

    def open_for(self, tx: Tx, conversation_id: str) -> State:
        """The core's state of a conversation, for views. Raises KeyError when there is none."""
        row = tx.one("SELECT contact_id, state_sealed FROM conversation WHERE id = :id", id=conversation_id)
        if row is None:
            raise KeyError(conversation_id)
        return state_from_json(
            tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", conversation_id, row.state_sealed)
        )


def _as_known(tx: Tx, state: State, contact_id: str) -> State:
    """A new conversation with somebody who is known: how he is spoken to, and what he has switched off."""
    row = tx.one("SELECT lang, salutation, ads_off, reminders_off FROM contact WHERE id = :id", id=contact_id)
    if row is None:
        return state
    return evolve(
        state,
        lang=row.lang,
        salutation=row.salutation,
        ads_off=bool(row.ads_off),
        reminders_off=bool(row.reminders_off),
    )


def _listen(one: Thought) -> None:
    """Read what was said, and so make the turn."""
    draft = one.draft
    if draft is not None and one.events:
        events = tuple(one.events)
        one.turn = Turn(events=events, history=one.lane.history, heard=listen(events, draft.state, now=draft.now))


def _opens(decision: Decision) -> bool:
    return any(isinstance(effect, OpenHandoff) for effect in decision.effects)


def _awaits_consent(lane: Lane) -> bool:
    """May a yes to C1 come in this turn? Then what was said before is read again."""
    stage = lane.conversation.c_stage
    if stage in events.CONSENT_UNSAID:
        lane.state = interpret.open_state(lane)
        return bool(lane.state.consents.get("C1") != "given")
    return stage in events.CONSENT_OPEN


def _files(tx: Tx, file_ids: Sequence[str]) -> dict[str, OutboundFile]:
    """What is known of the files that an act sends. Raises Refused for one that is not there."""
    found: dict[str, OutboundFile] = {}
    for file_id in file_ids:
        row = tx.one(
            "SELECT id, contact_id, name_sealed, mime, size FROM file WHERE id = :id AND deleted_at IS NULL", id=file_id
        )
        if row is None:
            raise Refused("not_found", f"no file {file_id}")
        found[file_id] = OutboundFile(id=row.id, name=files.name_of(tx, row), mime=row.mime, size=row.size)
    return found
