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
from handlers import apply, events, incoming, interpret
from handlers.core import decide
from handlers.drafting import LaneDraft, Place
from handlers.model import (
    Acted,
    Advisor,
    Business,
    Context,
    Event,
    Refused,
    Stage,
    State,
    Turn,
    state_from_json,
)
from handlers.texts import Texts
from handlers.voice import Voice
from storage import files, inbox, turns
from storage.keys import KeyRing
from storage.killpoints import kp
from storage.times import at
from storage.turns import Lane, Rows
from storage.tx import Tx

log = structlog.get_logger("engine")
GONE: Final = Capabilities(title="no longer configured", text_limit=4000)
REMEMBERED: Final = 8192  # parsed events between ingest and think

Parse = Callable[[str, bytes], InboundEvent]  # (account id, stored bytes) -> the event; raises MalformedPayload


@dataclass(slots=True)
class Result:
    """What one lane's turn came to: its part of the batch's rows, from one mark to another."""

    lane: Lane
    whole: Rows
    begin: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def rows(self) -> Rows:
        return self.whole.part(self.begin, self.end)


@dataclass(slots=True)
class Results:
    """Of a whole batch. `singly` -- each alone, to find the one that cannot be written."""

    rows: Rows = field(default_factory=Rows)
    lanes: list[Result] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lanes)

    def add(self, lane: Lane, begin: tuple[int, ...]) -> tuple[int, ...]:
        """A lane's rows are complete; where they end is where the next ones begin."""
        end = self.rows.marks()
        self.lanes.append(Result(lane, self.rows, begin, end))
        return end

    def singly(self) -> list[Results]:
        return [_alone(one.lane, one.rows) for one in self.lanes]


def _alone(lane: Lane, rows: Rows) -> Results:
    result = Results(rows)
    result.add(lane, Rows().marks())
    return result


@dataclass(slots=True)
class Switches:
    """Is the bot on: for all, and per account. Read by the engine, set by the desk."""

    bot: bool = True
    accounts: dict[str, bool] = field(default_factory=dict)

    def on(self, account_id: str) -> bool:
        return self.bot and self.accounts.get(account_id, True)


class Engine:
    """See the module. `parse` reads a stored event again; `capabilities` by channel name."""

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
        self.switches = Switches()
        self.test_account = test_account
        self._recent: dict[str, InboundEvent] = {}
        self._waiting = 0
        self._places: dict[str, Place] = {}
        self._voices: dict[str, Voice] = {}

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
        self._waiting = tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'") or 0

    def decide(self, work: list[Lane], *, now_ms: int) -> Results:
        results, now = Results(), at(now_ms)
        rows = results.rows
        begin = rows.marks()
        for lane in work:
            try:
                self._turn(lane, rows, now_ms, now)
            except Exception as err:
                rows.cut(begin)
                self._fail(lane, rows, err)
            if lane.more:
                rows.again.append((lane.point_id, "now", now_ms))
            begin = results.add(lane, begin)
        return results

    def write(self, tx: Tx, result: Results) -> None:
        if tx.postgres:
            tx.among(
                "SELECT id FROM contact_point WHERE id IN (:among) ORDER BY id FOR UPDATE",
                [one.lane.point_id for one in result.lanes],
            )
        turns.write(tx, result.rows)

    def unwritable(self, result: Results, err: Exception) -> Results:
        """What is written instead of a turn that the database refused: an attempt for its head, or quarantine."""
        instead = Results()
        begin = instead.rows.marks()
        for one in result.lanes:
            self._fail(one.lane, instead.rows, err)
            begin = instead.add(one.lane, begin)
        return instead

    def unloadable(self, tx: Tx, point_id: str, err: Exception) -> None:
        """A lane that cannot even be read: its head waits, or is set aside."""
        turns.fail_head(tx, point_id, reason=type(err).__name__, limit=inbox.MAX_ERRORS)

    # ---- one lane

    def _turn(self, lane: Lane, rows: Rows, now_ms: int, now: datetime) -> None:
        draft = LaneDraft(lane, place=self._place(lane.account_id), rows=rows, now_ms=now_ms, now=now)
        heard: list[Event] = []
        for opened in lane.events:
            event = interpret.read(opened, self._recent, self.parse)
            heard.extend(incoming.take_in(draft, opened, event))
        if heard:
            self._decide(draft, tuple(heard), lane.history)
        draft.finish()
        for opened in lane.events:
            self._recent.pop(opened.id, None)

    def _decide(self, draft: LaneDraft, heard: tuple[Event, ...], history: tuple[str, ...]) -> None:
        decision = decide(draft.state, Turn(events=heard, history=history), now=draft.now, context=self._context(draft))
        served = draft.state.handoff
        apply.take_over(draft, decision)
        if draft.state.handoff and not served and draft.state.stage is not Stage.WITH_ADVISOR:
            self._waiting += 1  # the next one of this batch stands behind him

    def _place(self, account_id: str) -> Place:
        place = self._places.get(account_id)
        if place is None:
            channel = account_id.partition(":")[0]
            place = self._places[account_id] = Place(
                account_id=account_id,
                channel=channel,
                voice=self._voice(channel),
                keys=self.keys,
                test=account_id in self.accounts and self.test_account(account_id),
            )
        return place

    def _voice(self, channel: str) -> Voice:
        voice = self._voices.get(channel)
        if voice is None:
            carries = self.capabilities.get(channel) or GONE  # its account is no longer in the configuration
            voice = self._voices[channel] = Voice(self.texts, self.business, carries)
        return voice

    def _context(self, draft: LaneDraft) -> Context:
        capabilities = draft.place.voice.capabilities
        return Context(
            business=self.business,
            channel=draft.place.channel,
            bot=self.switches.on(draft.place.account_id),
            asks_contact=capabilities.asks_contact,
            buttons=capabilities.buttons,
            queue_position=self._waiting + 1,
            conversation_id=draft.conversation_id,
        )

    def _fail(self, lane: Lane, rows: Rows, err: Exception) -> None:
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

    # ---- acts of people

    def act(self, tx: Tx, conversation_id: str, name: str, *, by: Advisor, data: Mapping[str, Any]) -> None:
        """Think what waits in the lane, then do this. Raises Refused."""
        point_id = tx.value("SELECT point_id FROM conversation WHERE id = :id", id=conversation_id)
        if point_id is None:
            raise Refused("not_found", "no such conversation")
        if tx.postgres:
            tx.value("SELECT id FROM contact_point WHERE id = :id FOR UPDATE", id=point_id)
        waiting = turns.load(tx, [point_id])[point_id]
        if waiting.events and waiting.conversation is not None and waiting.conversation.c_id == conversation_id:
            self._complete(tx, [waiting])
            self.write(tx, self.decide([waiting], now_ms=tx.now_ms))
        lane = turns.load(tx, [point_id], conversation_id=conversation_id)[point_id]
        lane.events.clear()
        draft = LaneDraft(lane, place=self._place(lane.account_id), rows=Rows(), now_ms=tx.now_ms, now=tx.now)
        draft.files = _files(tx, data.get("file_ids", ()))
        self._waiting = tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'") or 0
        self._decide(draft, (Acted(name=name, by=by, at=draft.now, data=data),), ())
        event_id = inbox.insert_own(
            tx,
            point_id=point_id,
            account_id=lane.account_id,
            kind="act",
            source="desk",
            key=f"act:{draft.cause}",
            body_=orjson.dumps({"name": name, "by": by.id, "data": dict(data)}, default=str),
            state="done",
            conversation_id=conversation_id,
        )
        assert event_id is not None
        draft.finish()
        turns.write(tx, draft.rows)
        kp("act.before_commit")

    def open_for(self, tx: Tx, conversation_id: str) -> State:
        """The core's state of a conversation, for views. Raises KeyError when there is none."""
        row = tx.one("SELECT contact_id, state_sealed FROM conversation WHERE id = :id", id=conversation_id)
        if row is None:
            raise KeyError(conversation_id)
        return state_from_json(
            tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", conversation_id, row.state_sealed)
        )


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
