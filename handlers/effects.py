"""Effects that are rare enough to be written one by one: each function returns what runs inside the transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from channels.contract import InboundEvent
from handlers import receipts
from handlers.model import (
    Audit,
    CancelSends,
    CareAnswered,
    CloseHandoff,
    Note,
    OpenHandoff,
    Reachable,
    RecordConsent,
    State,
    TakeHandoff,
    Unwake,
    WakeAt,
)
from handlers.understanding import secrets
from storage import audit, care, contacts_write, deliveries, outbox
from storage.ids import new_id
from storage.times import ms
from storage.tx import Tx

if TYPE_CHECKING:
    from handlers.apply import LaneDraft

Act = Callable[[Tx], None]
CARE: Final = "care:"  # names of reminders that are tasks of the care plan


def rows_of(effect: Any, draft: LaneDraft) -> tuple[list[Act], list[Act]]:
    """(before the inserts, after them) of one effect."""
    match effect:
        case CancelSends():
            return [
                lambda tx: _ignore(
                    outbox.cancel(tx, draft.conversation_id, reason=effect.reason, purposes=effect.purposes)
                )
            ], []
        case Note():
            draft.note(effect.text, effect.by.id if effect.by else None)
            return [], []
        case RecordConsent():
            return [], [_consent(effect, draft)]
        case TakeHandoff():
            return [], [_take_handoff(effect, draft)]
        case CloseHandoff():
            return [], [_close_handoff(effect, draft)]
        case Reachable():
            return [], [_reachable(effect, draft)]
        case CareAnswered():
            return [], [_care(effect, draft)]
        case Audit():
            return [], [_audit(effect, draft)]
    raise TypeError(f"an effect that nobody writes: {type(effect).__name__}")


def _ignore(_count: int) -> None:
    return None


# ---- consent, handoff, audit


def _consent(effect: RecordConsent, draft: LaneDraft) -> Act:
    lang = draft.state.lang
    version = draft.texts.version(effect.text_key, lang) if effect.text_key else None

    def write(tx: Tx) -> None:
        row_id = new_id()
        tx.insert(
            "consent",
            id=row_id,
            contact_id=draft.contact_id,
            conversation_id=draft.conversation_id,
            purpose=effect.purpose,
            state=effect.state,
            text_key=effect.text_key,
            text_version=version.short if version else "",
            text_hash=version.full if version else "",
            lang=lang,
            channel=draft.channel,
            account_id=draft.lane.account_id,
            message_id=effect.message_id or None,
            external_id=(tx.value("SELECT external_id FROM message WHERE id = :id", id=effect.message_id) or "")
            if effect.message_id
            else "",
            said_sealed=tx.keys.seal_for(tx, draft.contact_id, "consent", "said_sealed", row_id, effect.said)
            if effect.said
            else None,
            at=tx.now_ms,
        )
        audit.write(
            tx,
            actor="system" if effect.state == "asked" else "customer",
            action=f"consent.{effect.state}",
            object_type="contact",
            object_id=draft.contact_id,
            fields=(effect.purpose,),
            source=draft.lane.account_id,
        )

    return write


def _switched(action: str, what: tuple[str, ...], draft: LaneDraft) -> Act:
    """The customer stopped or resumed kinds of messages."""
    return lambda tx: audit.write(
        tx,
        actor="customer",
        action=action,
        object_type="contact",
        object_id=draft.contact_id,
        fields=what,
        source=draft.lane.account_id,
    )


def open_handoff(handoff_id: str, effect: OpenHandoff, draft: LaneDraft) -> Act:
    code = draft.state.code

    def write(tx: Tx) -> None:
        tx.insert(
            "handoff",
            id=handoff_id,
            conversation_id=draft.conversation_id,
            contact_id=draft.contact_id,
            code=code,
            reason=effect.reason,
            priority=effect.priority,
            state="waiting",
            test=draft.test,
            opened_at=tx.now_ms,
            outcome="",
        )

    return write


def raise_handoff(handoff_id: str, effect: OpenHandoff) -> Act:
    """Asked for again: the more urgent reason counts."""

    def write(tx: Tx) -> None:
        tx.run(
            "UPDATE handoff SET priority = :priority, reason = :reason WHERE id = :id AND priority < :priority",
            id=handoff_id,
            priority=effect.priority,
            reason=effect.reason,
        )

    return write


def _take_handoff(effect: TakeHandoff, draft: LaneDraft) -> Act:
    handoff = draft.before.handoff or draft.state.handoff

    def write(tx: Tx) -> None:
        if handoff:
            tx.run(
                "UPDATE handoff SET state = 'taken', taken_at = COALESCE(taken_at, :now), taken_by = :by WHERE id = :id AND state <> 'closed'",
                id=handoff,
                by=effect.by.id,
                now=tx.now_ms,
            )
        tx.hint("handoff", draft.conversation_id)

    return write


def _close_handoff(effect: CloseHandoff, draft: LaneDraft) -> Act:
    handoff = draft.before.handoff or draft.state.handoff
    draft.outcome = effect.outcome

    def write(tx: Tx) -> None:
        if handoff:
            tx.run(
                "UPDATE handoff SET state = 'closed', closed_at = :now, outcome = :outcome WHERE id = :id AND state <> 'closed'",
                id=handoff,
                outcome=effect.outcome,
                now=tx.now_ms,
            )
        tx.hint("handoff", draft.conversation_id)

    return write


def _audit(effect: Audit, draft: LaneDraft) -> Act:
    return lambda tx: audit.write(
        tx,
        actor=effect.by.id,
        action=effect.action,
        object_type="conversation",
        object_id=draft.conversation_id,
        fields=effect.fields,
    )


def _reachable(effect: Reachable, draft: LaneDraft) -> Act:
    return lambda tx: _ignore(
        tx.run(
            "UPDATE contact_point SET reachable = :yes, unreachable_reason = :reason WHERE id = :id",
            id=draft.lane.point_id,
            yes=effect.yes,
            reason=effect.reason,
        )
    )


def _care(effect: CareAnswered, draft: LaneDraft) -> Act:
    def write(tx: Tx) -> None:
        changed = care.told(
            tx,
            effect.task,
            draft.contact_id,
            state=effect.state,
            answer=effect.answer,
            comment=effect.comment,
            reason=effect.reason,
            route=draft.lane.account_id,
        )
        if changed is not None and changed[0] == care.RECEIVED and effect.state == "answered":
            deliveries.answered(tx, changed[1], effect.answer)

    return write


# ---- timers


def timer(effect: WakeAt | Unwake, conversation_id: str, point_id: str) -> Act:
    def write(tx: Tx) -> None:
        if effect.name.startswith(CARE):  # the task itself is put off: it looks at its policy again when its time comes
            if isinstance(effect, WakeAt):
                care.postpone(tx, effect.name.removeprefix(CARE), ms(effect.at), "busy")
            return
        if isinstance(effect, Unwake):
            tx.run(
                "DELETE FROM timer WHERE conversation_id = :id AND name = :name", id=conversation_id, name=effect.name
            )
            return
        tx.run(
            "INSERT INTO timer (id, conversation_id, point_id, name, due_at, data) VALUES (:id, :conversation_id, :point_id, :name, :due, :data) "
            "ON CONFLICT (conversation_id, name) DO UPDATE SET due_at = excluded.due_at, data = excluded.data, id = excluded.id",
            id=new_id(),
            conversation_id=conversation_id,
            point_id=point_id,
            name=effect.name,
            due=ms(effect.at),
            data=orjson.dumps(dict(effect.data)).decode(),
        )

    return write


# ---- messages that already stand


def receipt(event: InboundEvent, point_id: str, conversation_id: str) -> Act:
    """Delivered, read or failed, for the messages it names or for all up to its watermark. Only forward."""
    told = event.receipt
    assert told is not None

    def write(tx: Tx) -> None:
        columns = "SELECT id, status, contact_id, conversation_id FROM message WHERE point_id = :point AND direction = 'outbound' "
        if told.external_ids:
            rows = tx.among(columns + "AND external_id IN (:among)", list(told.external_ids), point=point_id)
        else:
            rows = tx.all(
                columns + "AND said_at <= :upto AND status IN ('sent','delivered','unknown','unconfirmed')",
                point=point_id,
                upto=ms(told.watermark) or 0,
            )
        for row in rows:
            status = receipts.told(row.status, told.status)
            if status != row.status:
                tx.run(
                    "UPDATE message SET status = :status, error = :error WHERE id = :id",
                    id=row.id,
                    status=status,
                    error=told.reason,
                )
                tx.run(
                    "UPDATE outbox SET state = 'sent', done_at = :now WHERE message_id = :id AND state IN ('unknown','unconfirmed')",
                    id=row.id,
                    now=tx.now_ms,
                )
                _delivered(tx, row.id, status, told.reason)
                tx.hint("message", row.conversation_id)

    return write


def _delivered(tx: Tx, message_id: str, status: str, reason: str) -> None:
    """A certificate's delivery follows the fate of its message."""
    if status in ("delivered", "read"):
        deliveries.arrived(tx, message_id)
    elif status in ("failed", "failed_late"):
        deliveries.fate(tx, message_id, status, reason)


def delivery_sent_by(delivery_id: str, message_id: str, contact_id: str) -> Act:
    return lambda tx: deliveries.carried(tx, delivery_id, message_id, contact_id)


def edit(event: InboundEvent, text: str, point_id: str, conversation_id: str) -> Act:
    """The message that was edited now reads `text`; what it said before is kept beside it. Both without secrets."""

    def write(tx: Tx) -> None:
        row = tx.one(
            "SELECT id, contact_id, body_sealed FROM message WHERE point_id = :point AND external_id = :ref AND direction = 'inbound' "
            "ORDER BY seq DESC LIMIT 1",
            point=point_id,
            ref=event.ref,
        )
        if row is None:
            return
        body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        if body.get("text") == text:
            return
        body.setdefault("before", []).append(secrets.mask(body.get("text", ""))[0])
        body["text"] = text
        sealed = tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", row.id, body)
        tx.run(
            "UPDATE message SET body_sealed = :body, edited_at = :at WHERE id = :id",
            id=row.id,
            body=sealed,
            at=ms(event.said_at),
        )
        tx.hint("message", conversation_id)

    return write


def drop_body(event_id: str) -> Act:
    """A secret was typed: the raw bytes go when the event is done, the masked text stays."""
    return lambda tx: _ignore(tx.run("UPDATE inbox_event SET body_sealed = NULL WHERE id = :id", id=event_id))


# ---- the contact


def contact_changes(before: State, after: State, draft: LaneDraft) -> list[Act]:
    """What the slots say of the person, in his own row, and what he stopped or resumed, in the audit trail."""
    changes: list[Act] = []
    old, new = before.slots, after.slots
    contact_id, source = draft.contact_id, draft.channel
    if new.get("name") and new.get("name") != old.get("name"):
        changes.append(lambda tx: contacts_write.set_name(tx, contact_id, str(new["name"])))
    for kind in ("phone", "email"):
        value = new.get(kind)
        if value and value != old.get(kind):
            add = partial(contacts_write.add_value, contact_id=contact_id, kind=kind, value=str(value), source=source)
            changes.append(add)
    if (before.ads_off, before.reminders_off) != (after.ads_off, after.reminders_off):
        changes.append(
            lambda tx: contacts_write.set_switches(
                tx, contact_id, ads_off=after.ads_off, reminders_off=after.reminders_off
            )
        )
    turned = {"ads": (before.ads_off, after.ads_off), "reminders": (before.reminders_off, after.reminders_off)}
    for action, change in (("opt_out", (False, True)), ("opt_in", (True, False))):
        if what := tuple(name for name, switch in turned.items() if switch == change):
            changes.append(_switched(action, what, draft))
    if (before.salutation, before.lang) != (after.salutation, after.lang):
        changes.append(lambda tx: contacts_write.set_manner(tx, contact_id, after.salutation, after.lang))
    return changes
