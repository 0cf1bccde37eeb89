"""Effects beside what is said: rows of the turn, or, where they are rare or must read first, what runs in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from channels.contract import InboundEvent
from handlers import handing, logged, receipts, rights
from handlers.model import (
    Audit,
    CallBy,
    CallLine,
    CallTold,
    CancelSends,
    CareAnswered,
    CloseHandoff,
    DataRequest,
    Entered,
    LogAttempt,
    Note,
    OpenHandoff,
    Reachable,
    RecordConsent,
    Relabel,
    Screened,
    TakeHandoff,
    TaskRang,
)
from storage import (
    arrivals,
    audit,
    care,
    contacts_write,
    deliveries,
    echoes,
    field_changes,
    late,
    later,
    outbox,
    parked,
    privacy_heard,
    search,
    tasks,
    term,
)
from storage.ids import new_id
from storage.times import ms
from storage.tx import Tx

if TYPE_CHECKING:
    from handlers.drafting import LaneDraft

Act = Callable[[Tx], None]
CARE: Final = "care:"  # names of reminders that are tasks of the care plan


def add(effect: Any, draft: LaneDraft) -> None:
    """Write one effect that says nothing and wakes nobody."""
    rows = draft.rows
    match effect:
        case RecordConsent():
            _consent(effect, draft)
        case DataRequest():
            draft.rows.later.append(_asked(effect, draft))
        case OpenHandoff():
            handing.open_handoff(draft, effect)
        case Relabel():
            _relabel(effect, draft)
        case Note():
            draft.note(effect.text, effect.by.id if effect.by else None)
        case CancelSends():
            rows.first.append(_cancel(effect, draft.conversation_id, draft.contact_id))
        case TakeHandoff():
            rows.later.append(handing.take_handoff(effect, draft))
        case CloseHandoff():
            rows.later.append(handing.close_handoff(effect, draft))
        case Reachable():
            rows.later.append(_reachable(effect, draft.lane.point_id))
        case CallBy() | LogAttempt() | Screened() | CallTold() | CallLine():
            logged.add(effect, draft)
        case Entered():
            rows.later += [
                partial(_entered, conversation_id=draft.conversation_id, name=name, values=values, by=effect.by)
                for name, values in effect.changes.items()
            ]
        case TaskRang():
            rows.later.append(lambda tx: tasks.rang(tx, effect.task))
        case CareAnswered():
            rows.later.append(_care(effect, draft))
        case Audit():
            _audit(draft, effect.by.id, effect.action, "conversation", draft.conversation_id, effect.fields)
        case _:
            raise TypeError(f"an effect that nobody writes: {type(effect).__name__}")


def _ignore(_count: int) -> None:
    return None


def _entered(tx: Tx, conversation_id: str, name: str, values: tuple[Any, str, str], by: str) -> None:
    before, after, raw = values
    field_changes.add(
        tx, conversation_id=conversation_id, name=name, before=before, after=after, raw=raw, source="form", by=by
    )


def _cancel(effect: CancelSends, conversation_id: str, contact_id: str) -> Act:
    def write(tx: Tx) -> None:
        outbox.cancel(tx, conversation_id, reason=effect.reason, purposes=effect.purposes)
        if effect.planned:
            later.stop(tx, contact_id, effect.planned)

    return write


def _relabel(effect: Relabel, draft: LaneDraft) -> None:
    labels = orjson.loads(draft.labels) if isinstance(draft.labels, str) else draft.labels
    kept = [label for label in labels if label not in effect.remove]
    draft.labels = kept + [label for label in effect.add if label not in kept]


def _asked(effect: DataRequest, draft: LaneDraft) -> Act:
    business, contact_id, conversation_id = draft.place.voice.business, draft.contact_id, draft.conversation_id
    ack_due, due = rights.ack_due(effect.at, business), rights.due(effect.kind, effect.at, business)

    def write(tx: Tx) -> None:
        privacy_heard.heard(
            tx,
            contact_id=contact_id,
            conversation_id=conversation_id,
            message_id=effect.message_id or None,
            kind=effect.kind,
            code=effect.code,
            words=effect.said,
            received_at=ms(effect.at),
            ack_due_at=ms(ack_due),
            due_at=ms(due),
            told=effect.told,
        )

    return write


# ---- consent, audit


def _audit(
    draft: LaneDraft, actor: str, action: str, kind: str, object_id: str, fields: Sequence[str], source: str = ""
) -> None:
    draft.rows.audits.append(
        audit.entry(actor=actor, action=action, object_type=kind, object_id=object_id, fields=fields, source=source)
    )


def _consent(effect: RecordConsent, draft: LaneDraft) -> None:
    if effect.purpose == "C1" and effect.state == "withdrawn":
        draft.rows.later.append(partial(field_changes.forget, conversation_id=draft.conversation_id))
    lang, row_id = draft.state.lang, new_id()
    version = draft.place.voice.texts.version(effect.text_key, lang) if effect.text_key else None
    draft.rows.consents.append(
        {
            "id": row_id,
            "contact_id": draft.contact_id,
            "conversation_id": draft.conversation_id,
            "purpose": effect.purpose,
            "state": effect.state,
            "text_key": effect.text_key,
            "text_version": version.short if version else "",
            "text_hash": version.full if version else "",
            "lang": lang,
            "channel": draft.channel,
            "account_id": draft.lane.account_id,
            "message_id": effect.message_id or None,
            "external_id": draft.external_ids.get(effect.message_id, ""),
            "said_sealed": draft.seal("consent", "said_sealed", row_id, effect.said.encode()) if effect.said else None,
        }
    )
    actor = "system" if effect.state == "asked" else "customer"
    _of_contact(draft, actor, f"consent.{effect.state}", (effect.purpose,))


def _of_contact(draft: LaneDraft, actor: str, action: str, fields: Sequence[str]) -> None:
    """What somebody decided about himself, or was asked."""
    _audit(draft, actor, action, "contact", draft.contact_id, fields, source=draft.lane.account_id)


def _reachable(effect: Reachable, point_id: str) -> Act:
    return lambda tx: _ignore(
        tx.run(
            "UPDATE contact_point SET reachable = :yes, unreachable_reason = :reason WHERE id = :id",
            id=point_id,
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
            deliveries.answered(tx, changed[1], effect.answer, draft.lane.point_id)
        if changed is not None and changed[0] in term.ABOUT_END:
            term.answered(tx, changed[1], effect.answer)
        if changed is not None and effect.state == "skipped" and effect.reason in term.SHUT:
            term.call_instead(tx, effect.task, effect.reason)

    return write


def put_off(name: str, at: datetime) -> Act:
    """A task of the care plan looks at its policy again when its time comes."""
    due_at = ms(at)
    return lambda tx: care.postpone(tx, name.removeprefix(CARE), due_at, "busy")


# ---- messages that already stand


def receipt(event: InboundEvent, event_id: str, point_id: str, contact_id: str) -> Act:
    """Delivered, read or failed, for the messages it names or for all up to its watermark. Only forward. The answer that says
    what a message of ours is called may come after it."""
    told = event.receipt
    assert told is not None

    def write(tx: Tx) -> None:
        rows = _named(tx, event, event_id, point_id, contact_id) if told.external_ids else ()
        watermark = max((row.said_at for row in rows), default=0) if told.and_before else 0
        upto = watermark if told.external_ids else ms(told.watermark) or 0
        if upto:
            known = {row.id for row in rows}
            before = tx.all(
                _OURS + "AND said_at <= :upto AND status IN ('sent','delivered','unknown','unconfirmed')",
                point=point_id,
                upto=upto,
            )
            rows = [*rows, *(row for row in before if row.id not in known)]
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
                if status in ("failed", "failed_late"):
                    late.came_back(tx, row.id, status, told.reason)
                tx.hint("message", row.conversation_id)
        if told.ends:
            late.end_route(tx, point_id, told.ends)

    return write


_OURS: Final = (
    "SELECT id, external_id, status, contact_id, conversation_id, said_at FROM message"
    " WHERE point_id = :point AND direction = 'outbound' "
)


def _named(tx: Tx, event: InboundEvent, event_id: str, point_id: str, contact_id: str) -> Sequence[Any]:
    """The messages that a receipt names. Those that nobody knows yet by that name have it kept for them."""
    told = event.receipt
    assert told is not None
    rows = tx.among(_OURS + "AND external_id IN (:among)", list(told.external_ids), point=point_id)
    sent = event.extra.get("sent_id", "")
    if not rows and sent:  # its answer was lost, and with it what it is called
        rows = tx.all(
            _OURS + "AND id = (SELECT message_id FROM outbox WHERE id = :sent AND point_id = :point)",  # noqa: S608
            point=point_id,
            sent=sent,
        )
    if (rows and sent) or not told.status:
        return rows
    for ref in parked.unseen(tx, point_id, {*told.external_ids} - {row.external_id for row in rows}):
        news = parked.News(event_id=event_id, kind=parked.RECEIPT, ref=ref, said_at=ms(event.said_at) or 0)
        parked.park(tx, news, point_id=point_id, contact_id=contact_id, whole=not rows)
    return rows


def came_by(reference: str, draft: LaneDraft) -> Act:
    """He is here by a link that we gave him in another chat: whoever holds it is the same person. Good once."""
    conversation_id = draft.conversation_id
    return lambda tx: arrivals.arrive(tx, reference, conversation_id)


def echo(event: InboundEvent, point_id: str) -> Act:
    """Something we sent, told back by the platform: what we did not know for certain, we know now."""
    return lambda tx: echoes.heard(
        tx,
        point_id,
        external_id=event.external_id,
        text=event.text,
        files=bool(event.files),
        row_id=event.extra.get("sent_id", ""),
    )


def _delivered(tx: Tx, message_id: str, status: str, reason: str) -> None:
    """A certificate's delivery follows the fate of its message."""
    if status in ("delivered", "read"):
        deliveries.arrived(tx, message_id)
    elif status in ("failed", "failed_late"):
        deliveries.fate(tx, message_id, status, reason)


def delivery_sent_by(delivery_id: str, message_id: str, contact_id: str) -> Act:
    return lambda tx: deliveries.carried(tx, delivery_id, message_id, contact_id)


def drop_body(event_id: str) -> Act:
    """A secret was typed: the raw bytes go when the event is done, the masked text stays."""
    return lambda tx: _ignore(tx.run("UPDATE inbox_event SET body_sealed = NULL WHERE id = :id", id=event_id))


# ---- the contact


def contact_changes(draft: LaneDraft) -> None:
    """What the slots say of the person, in his own row, and what he stopped or resumed, in the audit trail."""
    before, after = draft.before, draft.state
    later, contact_id = draft.rows.later, draft.contact_id
    if after.slots is not before.slots:
        carried = after.memory.get("carried", {})
        later.extend(_of_person(before.slots, after.slots, contact_id, draft.channel, carried))
    if after.memory.get("lead") is not before.memory.get("lead"):
        told = after.memory.get("lead") or {}
        later.extend(_of_person(before.memory.get("lead") or {}, told, contact_id, draft.channel, {}))
        later.append(_findable(draft, told))
        if not told and after.consents.get("C1") != "given":
            later.append(partial(contacts_write.forget, contact_id=contact_id, source=draft.channel))
    switched = (after.ads_off, after.reminders_off)
    if switched != (before.ads_off, before.reminders_off):
        later.append(
            lambda tx: contacts_write.set_switches(tx, contact_id, ads_off=switched[0], reminders_off=switched[1])
        )
        turned = {"ads": (before.ads_off, after.ads_off), "reminders": (before.reminders_off, after.reminders_off)}
        for action, change in (("opt_out", (False, True)), ("opt_in", (True, False))):
            if what := tuple(name for name, switch in turned.items() if switch == change):
                _of_contact(draft, "customer", action, what)
    if (before.salutation, before.lang) != (after.salutation, after.lang):
        later.append(lambda tx: contacts_write.set_manner(tx, contact_id, after.salutation, after.lang))


def _findable(draft: LaneDraft, told: Mapping[str, Any]) -> Act:
    """Who calls back must find him, by what he left for the call; the words of his message are for after the consent."""
    words = search.of_name(str(told.get("name") or "")) | search.of_value(draft.state.code)
    words = words.union(*(search.of_value(str(told.get(key) or "")) for key in ("phone", "email")))
    return lambda tx: search.put(tx, draft.conversation_id, draft.contact_id, words)


def _of_person(
    old: Mapping[str, Any], new: Mapping[str, Any], contact_id: str, source: str, carried: Mapping[str, Any]
) -> Iterator[Act]:
    """carried -- what he did not tell here, with who told it elsewhere."""

    def told_by(kind: str) -> str | None:
        by, value = carried.get(kind, (None, None))
        return by if value == new.get(kind) else None

    name = new.get("name")
    if name and name != old.get("name"):
        yield partial(contacts_write.set_name, contact_id=contact_id, name=str(name), told_by=told_by("name"))
    for kind in ("phone", "email"):
        value = new.get(kind)
        if value and value != old.get(kind):
            yield partial(
                contacts_write.add_value,
                contact_id=contact_id,
                kind=kind,
                value=str(value),
                source=source,
                told_by=told_by(kind),
            )
