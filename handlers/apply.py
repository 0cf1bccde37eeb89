"""One lane's turn in the making: what came in, what was decided, and the rows that this writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from channels.contract import (
    MEDIA,
    SAID,
    UNSAID,
    Button,
    Capabilities,
    InboundEvent,
    Kind,
    OutboundFile,
    OutboundMessage,
    outbound_to_json,
)
from channels.fit import fit
from handlers import effects as fx
from handlers import schedule, wording
from handlers.interpret import Ours, is_over
from handlers.model import (
    Business,
    Decision,
    Edited,
    Event,
    Followed,
    OpenHandoff,
    Relabel,
    Said,
    Say,
    State,
    Tell,
    TimerFired,
    Unfollowed,
    Unwake,
    WakeAt,
    evolve,
    state_to_json,
    status_of,
)
from handlers.texts import Texts, UnfilledVariable
from handlers.understanding import secrets
from storage.ids import new_id
from storage.keys import KeyRing, pack, seal
from storage.outbox import SendJob
from storage.times import at, ms
from storage.turns import Lane, OpenEvent, Rows

log = structlog.get_logger("engine")
FRESH_DAYS: Final = 7  # a closed thread that speaks again within this goes on in the same conversation
PREVIEW: Final = 80
# How long a message of a class is worth sending at all (reliability 2.5). D, what is scheduled, until the evening.
AGE_LIMIT_MS: Final = {"A": 30 * 60_000, "B": 24 * 3_600_000, "C": 72 * 3_600_000}


@dataclass(slots=True, kw_only=True)
class LaneDraft:
    """See the module. `files` -- what is known of the files that may be sent."""

    lane: Lane
    state: State
    now_ms: int
    capabilities: Capabilities
    texts: Texts
    business: Business
    keys: KeyRing
    test: bool = False
    files: dict[str, OutboundFile] = field(default_factory=dict)
    rows: Rows = field(default_factory=Rows)
    conversation_id: str = ""
    contact_id: str = ""
    cause: str = ""
    labels: list[str] = field(default_factory=list)
    effects: Decision | None = None
    before: State = field(default_factory=State)
    preview: str = ""
    spoke: bool = False
    step: int = 0
    name_sealed: bytes | None = None
    key: AESGCM | None = None
    message_seq: int = 0
    out_seq: int = 0
    opened: bool = False
    outcome: str = ""

    def __post_init__(self) -> None:
        lane = self.lane
        self.message_seq, self.out_seq = lane.message_seq, lane.out_seq
        self.cause = lane.events[0].id if lane.events else new_id()
        self.contact_id, self.key = lane.contact_id or new_id(), lane.key
        if self.key is None:
            self.key, wrapped = self.keys.new_contact_key(self.contact_id)
            self.rows.keys.append({"contact_id": self.contact_id, "wrapped": wrapped, "created_at": self.now_ms})
            self.rows.contacts.append(
                {
                    "id": self.contact_id,
                    "salutation": "",
                    "lang": "vi",
                    "test": self.test,
                    "ads_off": False,
                    "reminders_off": False,
                    "version": 0,
                    "created_at": self.now_ms,
                    "updated_at": self.now_ms,
                }
            )
        speaks = any(event.source == "platform" and event.kind in SAID | {Kind.FOLLOW} for event in lane.events)
        if lane.conversation is None or (speaks and is_over(lane, at(self.now_ms), FRESH_DAYS)):
            self.opened = True
            self.conversation_id = new_id()
            old, self.state = self.state, State()
            if lane.conversation is not None:
                self.state = evolve(
                    self.state,
                    lang=old.lang,
                    salutation=old.salutation,
                    ads_off=old.ads_off,
                    reminders_off=old.reminders_off,
                )
        else:
            self.conversation_id = lane.conversation.c_id
            self.labels = orjson.loads(lane.conversation.c_labels or "[]")
            self.outcome = lane.conversation.c_outcome
        self.before = self.state

    @property
    def channel(self) -> str:
        return self.lane.account_id.partition(":")[0]

    # ---- what came in

    def take_in(self, opened: OpenEvent, event: InboundEvent | Ours) -> list[Event]:
        """Note an event as done and write what it leaves in the transcript; what the core must hear of it."""
        self._done(opened, event)
        if not isinstance(event, InboundEvent):
            return [event] if self._is_mine(event) else []
        if event.said_at == UNSAID:
            event = dataclasses.replace(event, said_at=at(opened.received_at))
        if event.profile is not None and event.profile.name and self.lane.conversation is None:
            self.name_sealed = self._seal(
                "contact_point", "name_sealed", self.lane.point_id, event.profile.name.encode()
            )
        if event.kind is Kind.RECEIPT:
            self.rows.later.append(fx.receipt(event, self.lane.point_id, self.conversation_id))
            return []
        if event.kind is Kind.EDIT:
            text, secret = secrets.mask(event.text)
            if secret:
                self.rows.later.append(fx.drop_body(opened.id))
            self.rows.later.append(fx.edit(event, text, self.lane.point_id, self.conversation_id))
            return [Edited(message_id="", at=event.said_at, text=text)]
        if event.kind in (Kind.IGNORED, Kind.ECHO):
            return []
        return self._message(opened, event)

    def _is_mine(self, event: Ours) -> bool:
        """A reminder of an earlier conversation of this lane has nothing to say in a later one."""
        return (
            not isinstance(event, TimerFired)
            or event.data.get("conversation", self.conversation_id) == self.conversation_id
        )

    def _message(self, opened: OpenEvent, event: InboundEvent) -> list[Event]:
        text, secret = secrets.mask(event.text) if event.text else ("", False)
        message_id = new_id()
        body: dict[str, Any] = {"text": text}
        if event.payload:
            body["payload"] = event.payload
        if event.contact is not None:
            body["contact"] = {"phone": event.contact.phone, "name": event.contact.name, "own": event.contact.own}
        if event.location is not None:
            body["location"] = list(event.location)
        if event.forwarded:
            body["forwarded"] = True
        if event.extra:
            body["extra"] = dict(event.extra)
        if secret:
            self.rows.later.append(fx.drop_body(opened.id))
        self._transcript(
            message_id,
            "inbound",
            "customer",
            event.kind.value,
            body,
            status="received",
            said_at=ms(event.said_at),
            external_id=event.external_id or None,
            event_id=opened.id,
            received_at=opened.received_at,
        )
        self._attachments(message_id, event)
        self.spoke = True
        self._preview(text, event.kind)
        profile = event.profile
        name = profile.name if profile else ""
        language = profile.language if profile and self.capabilities.language_chosen else ""
        if event.kind is Kind.FOLLOW:
            return [
                Followed(
                    message_id=message_id,
                    at=event.said_at,
                    payload=event.extra.get("start", ""),
                    profile_name=name,
                    profile_language=language,
                )
            ]
        if event.kind is Kind.UNFOLLOW:
            return [Unfollowed(message_id=message_id, at=event.said_at)]
        if event.kind not in SAID:
            return []
        return [
            Said(
                message_id=message_id,
                kind=event.kind,
                at=event.said_at,
                text=text,
                payload=event.payload,
                files=event.files,
                contact=event.contact,
                external_id=event.external_id,
                forwarded=event.forwarded,
                had_secret=secret,
                profile_name=name,
                profile_language=language,
            )
        ]

    def _attachments(self, message_id: str, event: InboundEvent) -> None:
        for file in event.files:
            attachment_id = new_id()
            ours = self.channel == "webchat"  # its files are in our store before they are said
            self.rows.attachments.append(
                {
                    "id": attachment_id,
                    "message_id": message_id,
                    "conversation_id": self.conversation_id,
                    "contact_id": self.contact_id,
                    "account_id": self.lane.account_id,
                    "kind": file.kind.value,
                    "name_sealed": self._seal("attachment", "name_sealed", attachment_id, file.name.encode())
                    if file.name
                    else None,
                    "mime": file.mime,
                    "size": file.size,
                    "source_sealed": self._seal("attachment", "source_sealed", attachment_id, file.source.encode()),
                    "state": "stored" if ours else "pending",
                    "reason": "",
                    "attempts": 0,
                    "next_at": self.now_ms,
                    "file_id": file.source if ours else None,
                    "created_at": self.now_ms,
                }
            )
        if event.files:
            self.rows.hints.append(("attachment", self.conversation_id))

    def _done(self, opened: OpenEvent, event: InboundEvent | Ours) -> None:
        ignored = isinstance(event, InboundEvent) and event.kind is Kind.IGNORED
        self.rows.done.append(
            {
                "id": opened.id,
                "state": "ignored" if ignored else "done",
                "reason": event.reason if isinstance(event, InboundEvent) else "",
                "done_at": self.now_ms,
                "conversation_id": self.conversation_id,
            }
        )
        if opened.source == "platform" and isinstance(event, InboundEvent):
            bucket = "ignored" if ignored else "receipts" if event.kind is Kind.RECEIPT else "messages"
            self.rows.stats[opened.account_id].update({bucket: 1, "pending": -1})

    # ---- what was decided

    def apply(self, decision: Decision) -> None:
        """Take the state over and turn the effects into rows."""
        self.state = decision.state
        said: list[Say] = []
        for effect in decision.effects:
            if isinstance(effect, Say):
                if said and (said[-1].klass, said[-1].purpose) != (effect.klass, effect.purpose):
                    self._say(said)
                    said = []
                said.append(effect)
                continue
            if isinstance(effect, Tell) and said:
                self._say(said)
                said = []
            self._effect(effect)
        if said:
            self._say(said)

    def _effect(self, effect: Any) -> None:
        if isinstance(effect, Tell):
            self._tell(effect)
        elif isinstance(effect, OpenHandoff):
            self._open_handoff(effect)
        elif isinstance(effect, Relabel):
            self.labels = [label for label in self.labels if label not in effect.remove]
            self.labels += [label for label in effect.add if label not in self.labels]
        elif isinstance(effect, (WakeAt, Unwake)):
            armed = dict(self.state.armed)
            armed.pop(effect.name, None)
            if isinstance(effect, WakeAt):
                armed[effect.name] = effect.at.isoformat()
            self.state = evolve(self.state, armed=armed)
            self.rows.later.append(fx.timer(effect, self.conversation_id, self.lane.point_id))
        else:
            early, late = fx.rows_of(effect, self)
            self.rows.first.extend(early)
            self.rows.later.extend(late)

    def _open_handoff(self, effect: OpenHandoff) -> None:
        if self.state.handoff:
            self.rows.later.append(fx.raise_handoff(self.state.handoff, effect))
            return
        handoff_id = new_id()
        self.state = evolve(self.state, handoff=handoff_id)
        self.rows.later.append(fx.open_handoff(handoff_id, effect, self))
        self.rows.hints.append(("handoff", self.conversation_id))

    def _say(self, said: Sequence[Say]) -> None:
        """Several texts of ours as one message. A text that cannot be filled is never sent: a person is asked."""
        pieces: list[str] = []
        for say in said:
            try:
                values = wording.variables(say, state=self.state, business=self.business, texts=self.texts)
                pieces.append(self.texts.render(say.key, self.state.lang, **values))
            except UnfilledVariable as err:
                log.error("engine.text_unfilled", key=say.key, reason=str(err))  # noqa: TRY400
                self._open_handoff(OpenHandoff(reason="unfilled_text", priority=1))
        if not pieces:
            return
        last = said[-1]
        buttons = tuple(
            replace(button, label=self.texts.button(button.label, self.state.lang))
            for say in said
            for button in say.buttons
        )
        contact_asked = any(button.contact for button in buttons)
        clear = bool(self.state.memory.get("contact_keyboard")) and not contact_asked
        if contact_asked != bool(self.state.memory.get("contact_keyboard")):
            memory = {key: value for key, value in self.state.memory.items() if key != "contact_keyboard"}
            self.state = evolve(self.state, memory=memory | ({"contact_keyboard": True} if contact_asked else {}))
        self._out(
            "\n\n".join(pieces),
            author="bot",
            advisor_id=None,
            klass=last.klass,
            purpose=last.purpose,
            buttons=buttons,
            clear=clear,
            keys=[say.key for say in said],
        )

    def _tell(self, effect: Tell) -> None:
        advisor_id = effect.by.id if effect.by else None
        author = "advisor" if effect.by else "bot"
        text = effect.text
        for file_id in effect.file_ids:
            self._out(
                text,
                author=author,
                advisor_id=advisor_id,
                klass=effect.klass,
                purpose=effect.purpose,
                file=self.files[file_id],
                mark=dict(effect.mark),
            )
            text = ""
        if text:
            self._out(
                text,
                author=author,
                advisor_id=advisor_id,
                klass=effect.klass,
                purpose=effect.purpose,
                mark=dict(effect.mark),
            )

    def _out(
        self,
        text: str,
        *,
        author: str,
        advisor_id: str | None,
        klass: str,
        purpose: str,
        buttons: tuple[Button, ...] = (),
        file: OutboundFile | None = None,
        clear: bool = False,
        keys: Sequence[str] = (),
        mark: dict[str, str] | None = None,
    ) -> None:
        message_id = new_id()
        body: dict[str, Any] = {"text": text}
        if buttons:
            body["buttons"] = [{"id": b.id, "label": b.label, "url": b.url, "contact": b.contact} for b in buttons]
        if keys:
            body["keys"] = list(keys)
        kind = "text"
        if file is not None:
            kind = "image" if file.mime.startswith("image/") else "file"
            self._outbound_attachment(message_id, kind, file)
        whole = OutboundMessage(
            id=message_id, thread=self.lane.thread, text=text, buttons=buttons, file=file, clear_keyboard=clear
        )
        parts = fit(whole, self.capabilities)
        # A call that says just what the transcript says is not written twice: storage.outbox reads it there.
        as_said = len(parts) == 1 and file is None and (parts[0].text, parts[0].buttons) == (text, buttons)
        if clear:
            body["clear"] = True
        for at_part, part in enumerate(parts):
            self._outbox(message_id, part, at_part, len(parts), klass, purpose, as_said=as_said)
        status = "sending" if self.rows.outbox[-len(parts)].get("state") == "sending" else "queued"
        self._transcript(
            message_id,
            "outbound",
            author,
            kind,
            body,
            status=status,
            advisor_id=advisor_id,
            said_at=self.now_ms,
            event_id=self.cause,
        )
        if mark and mark.get("delivery"):
            self.rows.later.append(fx.delivery_sent_by(mark["delivery"], message_id, self.contact_id))
        self._preview(text, Kind(kind))

    def _outbound_attachment(self, message_id: str, kind: str, file: OutboundFile) -> None:
        attachment_id = new_id()
        self.rows.attachments.append(
            {
                "id": attachment_id,
                "message_id": message_id,
                "conversation_id": self.conversation_id,
                "contact_id": self.contact_id,
                "account_id": self.lane.account_id,
                "kind": kind,
                "name_sealed": self._seal("attachment", "name_sealed", attachment_id, file.name.encode()),
                "mime": file.mime,
                "size": file.size,
                "source_sealed": None,
                "state": "stored",
                "reason": "",
                "attempts": 0,
                "next_at": self.now_ms,
                "file_id": file.id,
                "created_at": self.now_ms,
            }
        )

    def _outbox(
        self, message_id: str, part: OutboundMessage, at_part: int, of: int, klass: str, purpose: str, *, as_said: bool
    ) -> None:
        row_id = new_id()
        self.out_seq += 1
        body = outbound_to_json(part)
        not_after = self._not_after(klass)
        first = not self.rows.outbox and not self.lane.out_open
        row = {
            "id": row_id,
            "cause": self.cause,
            "step": self.step,
            "account_id": self.lane.account_id,
            "point_id": self.lane.point_id,
            "contact_id": self.contact_id,
            "conversation_id": self.conversation_id,
            "message_id": message_id,
            "part": at_part,
            "last_part": at_part == of - 1,
            "out_seq": self.out_seq,
            "klass": klass,
            "purpose": purpose,
            "state": "queued",
            "body_sealed": None if as_said else self._seal("outbox", "body_sealed", row_id, orjson.dumps(body)),
            "not_before": self.now_ms,
            "not_after": not_after,
            "attempts": 0,
            "boot_id": "",
            "started_at": None,
            "error": "",
            "created_at": self.now_ms,
            "version": 0,
        }
        self.step += 1
        self.rows.outbox.append(row)
        if first:
            job = SendJob(
                id=row_id,
                account_id=self.lane.account_id,
                point_id=self.lane.point_id,
                conversation_id=self.conversation_id,
                message_id=message_id,
                klass=klass,
                attempts=0,
                not_after=not_after,
                created_at=self.now_ms,
                body=body,
            )
            self.rows.jobs.append((row, job))

    def _not_after(self, klass: str) -> int:
        if klass == "D":
            return round(schedule.service_end(at(self.now_ms), self.business).timestamp() * 1000)
        return self.now_ms + AGE_LIMIT_MS[klass]

    def _transcript(
        self,
        message_id: str,
        direction: str,
        author: str,
        kind: str,
        body: dict[str, Any],
        *,
        status: str,
        said_at: int,
        advisor_id: str | None = None,
        external_id: str | None = None,
        event_id: str | None = None,
        received_at: int | None = None,
    ) -> None:
        self.message_seq += 1
        self.rows.messages.append(
            {
                "id": message_id,
                "conversation_id": self.conversation_id,
                "point_id": self.lane.point_id,
                "contact_id": self.contact_id,
                "seq": self.message_seq,
                "direction": direction,
                "author": author,
                "advisor_id": advisor_id,
                "kind": kind,
                "body_sealed": self._seal("message", "body_sealed", message_id, pack(body)),
                "external_id": external_id,
                "status": status,
                "error": "",
                "route": "",
                "event_id": event_id,
                "said_at": said_at,
                "received_at": received_at or self.now_ms,
            }
        )

    def note(self, text: str, advisor_id: str | None) -> None:
        """A line that the customer never sees."""
        self._transcript(
            new_id(),
            "internal",
            "advisor" if advisor_id else "system",
            "system",
            {"text": text},
            status="received",
            advisor_id=advisor_id,
            said_at=self.now_ms,
        )

    def _preview(self, text: str, kind: Kind) -> None:
        self.preview = text[:PREVIEW] if text else f"[{kind.value}]" if kind in MEDIA else self.preview

    def _seal(self, table: str, column: str, row_id: str, data: bytes) -> bytes:
        assert self.key is not None
        return seal(self.key, f"{table}|{column}|{row_id}", data)

    # ---- the end

    def finish(self) -> Rows:
        """The rows of the whole turn."""
        lane, state, old = self.lane, self.state, self.lane.conversation
        status = status_of(state.stage)
        last_inbound = self.now_ms if self.spoke else (old.c_inbound if old is not None and not self.opened else None)
        waiting = None
        if status == "waiting":
            waiting = (old.c_waiting if old is not None and not self.opened else None) or self.now_ms
        values = {
            "id": self.conversation_id,
            "stage": state.stage.value,
            "status": status,
            "assignee_id": state.assignee.id if state.assignee else None,
            "labels": orjson.dumps(self.labels).decode(),
            "lang": state.lang,
            "state_sealed": self._seal(
                "conversation", "state_sealed", self.conversation_id, orjson.dumps(state_to_json(state))
            ),
            "outcome": self.outcome,
            "preview_sealed": self._seal("conversation", "preview_sealed", self.conversation_id, self.preview.encode())
            if self.preview
            else (old.c_preview if old is not None and not self.opened else None),
            "last_message_at": self.now_ms
            if self.rows.messages
            else (old.c_last if old is not None and not self.opened else self.now_ms),
            "last_inbound_at": last_inbound,
            "waiting_since": waiting,
            "snoozed_until": ms(_moment(state.memory.get("snoozed_until"))),
            "closed_at": self.now_ms if status == "closed" else None,
            "changed_at": self.now_ms,
        }
        if self.opened:
            self.rows.opened.append(
                values
                | {
                    "point_id": lane.point_id,
                    "contact_id": self.contact_id,
                    "account_id": lane.account_id,
                    "channel": self.channel,
                    "test": self.test,
                    "version": 1,
                    "opened_at": self.now_ms,
                    "seen_seq": 0,
                }
            )
        else:
            self.rows.changed.append(values | {"version": old.c_version})
        self._point()
        self.rows.later.extend(fx.contact_changes(self.before, state, self))
        self.rows.hints.append(("conversation", self.conversation_id))
        return self.rows

    def _point(self) -> None:
        lane = self.lane
        ours = self.opened or status_of(self.state.stage) != "closed" or lane.current_id is None
        current = (
            self.conversation_id if ours else lane.current_id
        )  # a note in an old thread does not make it the current one
        self.rows.points.append(
            {
                "id": lane.point_id,
                "contact_id": self.contact_id,
                "conversation_id": current,
                "message_seq": self.message_seq,
                "out_seq": self.out_seq,
                "name_sealed": self.name_sealed,
                "seen_seq": lane.message_seq,
            }
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
