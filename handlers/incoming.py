"""What came in: each event is noted as done, leaves its line in the transcript, and becomes what the core hears of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channels.contract import SAID, UNSAID, InboundEvent, Kind
from handlers import effects, held, moving, promises, retold
from handlers.drafting import LaneDraft
from handlers.interpret import Ours
from handlers.model import (
    Acted,
    Advisor,
    Arrived,
    Called,
    Edited,
    Event,
    FileEnded,
    Filled,
    Followed,
    Held,
    Said,
    Submitted,
    TimerFired,
    Unfollowed,
    Unsent,
    evolve,
)
from handlers.understanding import secrets
from storage import parked
from storage.ids import new_id
from storage.times import at, ms
from storage.turns import OpenEvent


def take_in(draft: LaneDraft, opened: OpenEvent, event: InboundEvent | Ours) -> list[Event]:
    """Write what an event leaves behind; what the core must hear of it."""
    if not isinstance(event, InboundEvent):
        _done(draft, opened)
        if isinstance(event, Filled | Arrived):
            draft.rows.later.append(effects.drop_body(opened.id))  # what he entered stands in the slots
        return [event] if _is_mine(draft, event) else []
    kind = event.kind
    echo = kind is Kind.ECHO
    ignored = kind is Kind.IGNORED or (echo and not event.by_human)
    _done(draft, opened, "ignored" if ignored else "done", event.reason)
    if opened.source == "platform":
        counter = "ignored" if ignored else "receipts" if kind is Kind.RECEIPT else "messages"
        draft.rows.handled.append((opened.account_id, counter))
    if came := moving.reference(event.extra.get("start", "") or (event.text if kind is Kind.TEXT else "")):
        draft.rows.later.append(effects.came_by(came, draft))
    profile = event.profile
    if draft.lane.conversation is None and profile is not None and profile.name:
        draft.name_sealed = draft.seal("contact_point", "name_sealed", draft.lane.point_id, profile.name.encode())
    said_at = at(opened.received_at) if event.said_at == UNSAID else event.said_at
    gone = False
    if kind in SAID and (news := draft.lane.news.pop(event.external_id, None)):
        event, gone, catch_up = retold.overtaken(event, news, draft.lane.point_id)
        draft.rows.later.append(catch_up)
        draft.state = evolve(draft.state, memory=retold.heard(draft.state.memory, *news))
    if event.standby and kind in (*SAID, Kind.SYSTEM, Kind.FOLLOW, Kind.REACTION):
        _message(draft, opened, event, said_at)
        return [Held(by=event.extra.get("held_by", held.OTHER), at=said_at)]
    if kind in SAID and "opens" not in event.extra:
        line = _said(draft, opened, event, said_at)
        said: list[Event] = [] if gone else [line]
        return [Held(by=held.US, at=said_at), *said] if held.by(draft.state.memory) == held.OTHER else said
    if kind is Kind.RECEIPT:
        draft.rows.later.append(effects.receipt(event, opened.id, draft.lane.point_id, draft.contact_id))
        return []
    if kind in retold.NEWS:
        return _retold(draft, opened, event, said_at)
    if echo and event.by_human:
        return [_typed_elsewhere(draft, opened, event, said_at)]
    if echo:
        draft.rows.later.append(effects.echo(event, draft.lane.point_id))
    if ignored:
        return []
    return _happened(draft, opened, event, said_at)


def _is_mine(draft: LaneDraft, event: Ours) -> bool:
    """A reminder, or a file, of an earlier conversation of this lane has nothing to say in a later one; a call that was
    promised has."""
    if isinstance(event, FileEnded):
        return event.conversation == draft.conversation_id
    return (
        not isinstance(event, TimerFired)
        or event.name.startswith(promises.PREFIX)
        or event.data.get("conversation", draft.conversation_id) == draft.conversation_id
    )


def _done(draft: LaneDraft, opened: OpenEvent, state: str = "done", reason: str = "") -> None:
    draft.rows.done.append(
        {
            "id": opened.id,
            "state": state,
            "reason": reason,
            "done_at": draft.now_ms,
            "conversation_id": draft.conversation_id,
        }
    )


def _said(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> Said:
    message_id, text, secret = _message(draft, opened, event, said_at)
    profile = event.profile
    return Said(
        message_id=message_id,
        kind=event.kind,
        at=said_at,
        text=text,
        payload=event.payload,
        files=event.files,
        contact=event.contact,
        external_id=event.external_id,
        forwarded=event.forwarded,
        had_secret=secret,
        profile_name=profile.name if profile else "",
        profile_language=_language(draft, event),
    )


def _happened(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> list[Event]:
    """Seen in the transcript like what is said, but nothing that anybody said."""
    if event.kind is Kind.CALL:
        return [_called(draft, opened, event, said_at)]
    message_id, _, _ = _message(draft, opened, event, said_at)
    if event.kind is Kind.FORM:
        return [Submitted(message_id=message_id, at=said_at, fields=dict(event.extra))]
    if event.kind is Kind.FOLLOW or "opens" in event.extra:  # a tap that only opens the chat
        return [
            Followed(
                message_id=message_id,
                at=said_at,
                payload=event.extra.get("start", ""),
                welcomed="welcomed" in event.extra,
                profile_name=event.profile.name if event.profile else "",
                profile_language=_language(draft, event),
            )
        ]
    if event.kind is Kind.UNFOLLOW:
        return [Unfollowed(message_id=message_id, at=said_at)]
    if right := event.extra.get("right"):  # he used a right of his with the platform: as if he had tapped it here
        return [Said(message_id=message_id, kind=Kind.BUTTON, at=said_at, payload=f"dsr:{right}")]
    return []


def _typed_elsewhere(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> Acted:
    """A colleague answered in the platform's own app: his words stand with ours, and the bot is silent from here on."""
    message_id = new_id()
    draft.transcript(
        message_id,
        "outbound",
        "advisor",
        _held(event).value,
        {"text": event.text} | ({"extra": dict(event.extra)} if event.extra else {}),
        status="sent",
        said_at=ms(said_at),
        external_id=event.external_id or None,
        event_id=opened.id,
        received_at=opened.received_at,
    )
    if event.files:
        _attachments(draft, message_id, event)
    if event.external_id:
        named = [(draft.lane.point_id, event.external_id)]
        draft.rows.later.append(lambda tx: parked.wake(tx, named))
    draft.preview_of(event.text, _held(event))
    return Acted(name="echo", by=Advisor(id="", name=""), at=said_at)


def _held(event: InboundEvent) -> Kind:
    """What an echo tells back: its first file's kind, or a text."""
    return event.files[0].kind if event.files else Kind.LOCATION if event.location is not None else Kind.TEXT


def _called(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> Called:
    """The first that is heard of a call makes its line; what comes later changes that."""
    told, known = event.extra, draft.state.memory.get("calls", {})
    here = (ours for ours, theirs in draft.external_ids.items() if theirs == event.external_id)
    message_id = known.get(event.external_id, {}).get("message") or next(here, "")
    if not message_id:
        message_id = (
            _we_called(draft, opened, event, said_at) if event.by_human else _message(draft, opened, event, said_at)[0]
        )
    draft.spoke = draft.spoke or not event.by_human
    seconds = told.get("duration_s", "")
    return Called(
        message_id=message_id,
        at=said_at,
        call=event.external_id,
        event=told.get("event", "ringing"),
        direction=told.get("direction", "inbound"),
        number=told.get("number", ""),
        agent=told.get("agent", ""),
        duration_s=int(seconds) if seconds else None,
        recording_url=told.get("recording_url", ""),
    )


def _we_called(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> str:
    """A call of ours stands on our side, whoever of us made it: the customer said nothing."""
    message_id = new_id()
    draft.transcript(
        message_id,
        "outbound",
        "advisor",
        event.kind.value,
        {"text": event.text, "extra": dict(event.extra)},
        status="sent",
        said_at=ms(said_at),
        external_id=event.external_id or None,
        event_id=opened.id,
        received_at=opened.received_at,
    )
    draft.external_ids[message_id] = event.external_id
    return message_id


def _language(draft: LaneDraft, event: InboundEvent) -> str:
    """That of the page he reads, where he chose it."""
    return event.profile.language if event.profile and draft.place.voice.capabilities.language_chosen else ""


def _message(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> tuple[str, str, bool]:
    """Its line in the transcript: our id of it, its text without secrets, and whether there were any."""
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
    if event.ref:
        body["ref"] = event.ref
    if event.extra:
        body["extra"] = {key: secrets.mask(value)[0] for key, value in event.extra.items()}
    if secret:
        draft.rows.later.append(effects.drop_body(opened.id))
    draft.transcript(
        message_id,
        "inbound",
        "customer",
        event.kind.value,
        body,
        status="received",
        said_at=ms(said_at),
        external_id=event.external_id or None,
        event_id=opened.id,
        received_at=opened.received_at,
    )
    draft.external_ids[message_id] = event.external_id
    if event.files:
        _attachments(draft, message_id, event)
    draft.spoke = True
    draft.preview_of(text, event.kind)
    return message_id, text, secret


def _retold(draft: LaneDraft, opened: OpenEvent, event: InboundEvent, said_at: datetime) -> list[Event]:
    """What he changed or took back. What something later has overtaken changes nothing that anybody is to hear of, nor does
    a place that moves."""
    gone, news = event.kind is Kind.RETRACT, retold.news_of(draft.rows, opened, event)
    moves = news.kind == parked.MOVE
    late = moves or retold.overdue(draft.state.memory, news)
    if news.ref and not (late or event.standby):
        draft.state = evolve(draft.state, memory=retold.heard(draft.state.memory, news))
    draft.lane.news.setdefault(news.ref, []).append(news)
    act = retold.take_back if gone else retold.move if moves else retold.edit
    draft.rows.later.append(
        act(
            news,
            point_id=draft.lane.point_id,
            contact_id=draft.contact_id,
            conversation_id=draft.conversation_id,
        )
    )
    if late or event.standby:
        return []
    return [Unsent(at=said_at) if gone else Edited(message_id="", at=said_at, text=news.text)]


def _attachments(draft: LaneDraft, message_id: str, event: InboundEvent) -> None:
    ours = draft.channel == "webchat"  # its files are in our store before they are said
    for attachment_id, file in zip(sorted(new_id() for _ in event.files), event.files, strict=True):  # they sort by id
        draft.attachment(
            message_id,
            file.kind.value,
            id=attachment_id,
            name_sealed=draft.seal("attachment", "name_sealed", attachment_id, file.name.encode())
            if file.name
            else None,
            mime=file.mime,
            size=file.size,
            source_sealed=draft.seal("attachment", "source_sealed", attachment_id, file.source.encode()),
            state="stored" if ours else "pending",
            file_id=file.source if ours else None,
        )
    draft.rows.hints.append(("attachment", draft.conversation_id))
