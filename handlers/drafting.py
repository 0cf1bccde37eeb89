"""One lane's turn in the making: whose it is, in which conversation, and the rows of these two at its end.

What came in is added by `handlers.incoming`, what was decided by `handlers.apply` and `handlers.outgoing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from channels.contract import MEDIA, SAID, Kind, OutboundFile
from handlers import advertising
from handlers.interpret import is_over, open_state
from handlers.model import NEW_STATE, State, evolve, state_to_json, status_of
from handlers.voice import Voice
from storage import parked
from storage.ids import new_id
from storage.keys import KeyRing, pack, seal
from storage.times import ms
from storage.turns import Lane, Rows
from storage.tx import Tx

FRESH_DAYS: Final = 7  # a closed thread that speaks again within this goes on in the same conversation
PREVIEW: Final = 80
SPEAKS: Final = SAID | {Kind.FOLLOW, Kind.FORM, Kind.CALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the lanes of one account have in common. `test` -- nothing of it counts in the figures."""

    account_id: str
    channel: str
    voice: Voice
    keys: KeyRing
    test: bool = False


class LaneDraft:
    """See the module. `rows` -- of the whole batch, this turn adds its own · `files` -- what is known of the files that
    may be sent · `before`, `state` -- of the conversation, before the turn and now · `labels` -- as they are stored, once
    changed a list · `external_ids` -- the platform's of what came in, by our message ids."""

    __slots__ = (
        "before",
        "cause",
        "contact_id",
        "conversation_id",
        "external_ids",
        "files",
        "key",
        "labels",
        "lane",
        "message_seq",
        "name_sealed",
        "now",
        "now_ms",
        "old",
        "out_seq",
        "outcome",
        "place",
        "preview",
        "rows",
        "spoke",
        "state",
        "step",
    )

    def __init__(self, lane: Lane, *, place: Place, rows: Rows, now_ms: int, now: datetime) -> None:
        self.lane, self.place, self.rows = lane, place, rows
        self.now_ms, self.now = now_ms, now
        self.message_seq, self.out_seq = lane.message_seq, lane.out_seq
        self.cause = lane.events[0].id if lane.events else new_id()
        self.files: dict[str, OutboundFile] = {}
        self.external_ids: dict[str, str] = {}
        self.preview = ""
        self.spoke = False
        self.step = 0
        self.name_sealed: bytes | None = None
        self.contact_id = lane.contact_id or new_id()
        self.key: AESGCM = lane.key or self._contact()
        self.old = lane.conversation  # None when this turn opens a conversation
        self.labels: str | list[str] = "[]"
        self.outcome = ""
        self.state = self._state()
        self.before = self.state
        if self.old is None:
            self.conversation_id = new_id()
        else:
            self.conversation_id = self.old.c_id
            self.labels = self.old.c_labels or "[]"
            self.outcome = self.old.c_outcome

    @property
    def channel(self) -> str:
        return self.place.channel

    def _contact(self) -> AESGCM:
        """Somebody new."""
        key, wrapped = self.place.keys.new_contact_key(self.contact_id)
        self.rows.keys.append({"contact_id": self.contact_id, "wrapped": wrapped, "created_at": self.now_ms})
        self.rows.contacts.append(
            {
                "id": self.contact_id,
                "salutation": "",
                "lang": "vi",
                "test": self.place.test,
                "ads_off": False,
                "reminders_off": False,
                "version": 0,
                "created_at": self.now_ms,
                "updated_at": self.now_ms,
            }
        )
        return key

    def _state(self) -> State:
        """The conversation's; a new one's when there is none, or when he speaks again long after its end."""
        lane = self.lane
        if lane.conversation is None:
            return NEW_STATE
        state = NEW_STATE if lane.key is None else lane.state or open_state(lane)
        speaks = any(event.source == "platform" and event.kind in SPEAKS for event in lane.events)
        if not (speaks and is_over(lane, self.now, FRESH_DAYS)):
            return state
        self.old = None
        return evolve(
            NEW_STATE,
            lang=state.lang,
            salutation=state.salutation,
            ads_off=state.ads_off,
            reminders_off=state.reminders_off,
            **advertising.carried(state),
        )

    def set(self, **changes: Any) -> None:
        """Into the state that the decision brought, which is this turn's own."""
        self.state.__dict__.update(changes)

    # ---- what every part of the turn writes

    def seal(self, table: str, column: str, row_id: str, data: bytes) -> bytes:
        return seal(self.key, f"{table}|{column}|{row_id}", data)

    def transcript(
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
                "body_sealed": seal(self.key, f"message|body_sealed|{message_id}", pack(body)),
                "external_id": external_id,
                "status": status,
                "error": "",
                "route": "",
                "event_id": event_id,
                "said_at": said_at,
                "received_at": received_at or self.now_ms,
            }
        )
        if author == "advisor" and direction == "outbound" and kind != Kind.CALL.value:
            self.answered()

    def answered(self) -> None:
        """A person spoke to him who had asked for one: his first word is what the answer times count."""
        handoff = self.before.handoff or self.state.handoff
        if handoff:
            self.rows.later.append(partial(_first_reply, handoff=handoff))

    def attachment(self, message_id: str, kind: str, **values: Any) -> None:
        """A file of a message; `values` -- what differs between theirs and ours."""
        self.rows.attachments.append(
            {
                "message_id": message_id,
                "conversation_id": self.conversation_id,
                "contact_id": self.contact_id,
                "account_id": self.place.account_id,
                "kind": kind,
                "reason": "",
                "attempts": 0,
                "next_at": self.now_ms,
                "created_at": self.now_ms,
                **values,
            }
        )

    def note(self, text: str, advisor_id: str | None) -> None:
        """A line that the customer never sees."""
        self.transcript(
            new_id(),
            "internal",
            "advisor" if advisor_id else "system",
            "system",
            {"text": text},
            status="received",
            advisor_id=advisor_id,
            said_at=self.now_ms,
        )

    def preview_of(self, text: str, kind: Kind, *, by_bot: bool = False) -> None:
        """The line under the name in people's lists: what people said last; the bot's words only as long as nobody has."""
        if by_bot and (self.preview or (self.old is not None and self.old.c_preview)):
            return
        self.preview = text[:PREVIEW] if text else f"[{kind.value}]" if kind in MEDIA else self.preview

    # ---- the end

    def finish(self) -> None:
        """The rows of the conversation and of the contact point."""
        lane, state, old, now_ms = self.lane, self.state, self.old, self.now_ms
        status = status_of(state.stage)
        spoken = self.message_seq > lane.message_seq
        snoozed = state.memory.get("snoozed_until")
        values = {
            "id": self.conversation_id,
            "stage": state.stage.value,
            "status": status,
            "assignee_id": state.assignee.id if state.assignee else None,
            "labels": self.labels if isinstance(self.labels, str) else orjson.dumps(self.labels).decode(),
            "lang": state.lang,
            "state_sealed": self.seal(
                "conversation", "state_sealed", self.conversation_id, orjson.dumps(state_to_json(state))
            ),
            "outcome": self.outcome,
            "preview_sealed": self.seal("conversation", "preview_sealed", self.conversation_id, self.preview.encode())
            if self.preview
            else (None if old is None else old.c_preview),
            "last_message_at": now_ms if spoken or old is None else old.c_last,
            "last_inbound_at": now_ms if self.spoke else (None if old is None else old.c_inbound),
            "waiting_since": ((None if old is None else old.c_waiting) or now_ms) if status == "waiting" else None,
            "snoozed_until": ms(datetime.fromisoformat(snoozed)) if snoozed else None,
            "closed_at": ((None if old is None else old.c_closed) or now_ms) if status == "closed" else None,
            "changed_at": now_ms,
        }
        if old is None:
            self.rows.opened.append(self._new(values))
            known = frozenset(news.event_id for each in lane.news.values() for news in each)
            self.rows.later.append(partial(parked.all_known, point_id=lane.point_id, known=known))
        else:
            values["version"] = old.c_version
            self.rows.changed.append(values)
        ours = old is None or status != "closed" or lane.current_id is None
        self.rows.points.append(
            {
                "id": lane.point_id,
                "contact_id": self.contact_id,
                # a note in an old thread does not make it the current one
                "conversation_id": self.conversation_id if ours else lane.current_id,
                "message_seq": self.message_seq,
                "out_seq": self.out_seq,
                "name_sealed": self.name_sealed,
                "seen_seq": lane.message_seq,
            }
        )
        self.rows.hints.append(("conversation", self.conversation_id))

    def _new(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {
            "point_id": self.lane.point_id,
            "contact_id": self.contact_id,
            "account_id": self.place.account_id,
            "channel": self.place.channel,
            "test": self.place.test,
            "version": 1,
            "opened_at": self.now_ms,
            "seen_seq": 0,
        }


def _first_reply(tx: Tx, *, handoff: str) -> None:
    tx.run(
        "UPDATE handoff SET first_reply_at = COALESCE(first_reply_at, :now) WHERE id = :id", id=handoff, now=tx.now_ms
    )
