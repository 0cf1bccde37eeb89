"""Rows as answers, masked for whom they are: the one place where storage's values become the API's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from gateway.api import masks, models, models_contacts, models_intake, window
from gateway.api.allow import SEES_ALL, Thing
from gateway.api.declare import Call
from handlers import held, leads, screening, sla, stages
from handlers import slots as form
from handlers.model import state_from_json
from storage import contacts, files, handoffs, intake, listing, retells, transcript
from storage.times import ms, rfc3339


def thing(row: listing.Conversation) -> Thing:
    return Thing(assignee=row.assignee[0] if row.assignee else "", waiting=row.status == "waiting")


def person(who: tuple[str, str] | None) -> models.Person | None:
    return models.Person(id=who[0], name=who[1]) if who else None


def names(row: listing.Conversation) -> tuple[str, ...]:
    """What we know the person by: masked wherever it stands in free words."""
    lead = row.state.get("memory", {}).get("lead") or {}
    known = (row.contact_name, row.slots.get("name"), lead.get("name"), row.display_name)
    return tuple(dict.fromkeys(str(each) for each in known if each))


def conversation(call: Call, row: listing.Conversation) -> models.Conversation:
    return models.Conversation(**_conversation(call, row))


def conversation_view(
    call: Call,
    row: listing.Conversation,
    handoff: handoffs.Handoff | None,
    tries: list[intake.Attempt],
    screened: intake.Screening | None,
    standing: window.Standing,
) -> models.ConversationView:
    plain = call.sees(thing(row))
    lead = dict(row.state.get("memory", {}).get("lead") or {})
    waits = row.stage == "callback_scheduled" and tries and tries[-1].number
    return models.ConversationView(
        **_conversation(call, row),
        handoff=card(call, row, handoff) if handoff else None,
        lead=lead if plain else masks.slots(lead, names(row)),
        attempts=[attempt(each, plain=plain, names=names(row)) for each in tries],
        next_attempt_at=rfc3339(tries[-1].next_at) if waits else None,
        screening=screening_view(row, screened, plain=plain),
        window=models.WindowView(
            advice=standing.advice.way.value,
            why=standing.shut.why if standing.shut else "",
            until=rfc3339(ms(standing.advice.until)),
            bot=standing.bot.way.value,
            bot_until=rfc3339(ms(standing.bot.until)),
            ways=list(standing.shut.ways) if standing.shut else [],
            hours=standing.shut.hours if standing.shut else 0,
            closed_at=rfc3339(ms(standing.shut.closed_at)) if standing.shut else None,
            templates=list(standing.shut.templates) if standing.shut else [],
            held_by=cast(Any, held.by(row.state.get("memory", {}))),
            account=cast(Any, standing.held.shown if standing.held else "ok"),
            account_until=rfc3339(standing.held.until if standing.held else None),
            may_hold=hasattr(call.parts.clients.get(f"{row.channel}:{row.account}"), "hold"),
        ),
    )


def attempt(row: intake.Attempt, *, plain: bool, names: Sequence[str] = ()) -> models_intake.Attempt:
    return models_intake.Attempt(
        id=row.id,
        number=row.number,
        result=cast(Any, row.result),
        note=row.note if plain else masks.text(row.note, names),
        by=models.Person(id=row.by[0], name=row.by[1]),
        at=rfc3339(row.at),
        next_at=rfc3339(row.next_at),
    )


def screening_view(
    row: listing.Conversation, found: intake.Screening | None, *, plain: bool
) -> models_intake.ScreeningView:
    """The record of this request (an earlier one's is history), and what is known for one."""
    state = state_from_json(row.state)
    current = found if state.memory.get("screening") else None
    prefill, by_person = screening.prefill(state), current is not None and current.by is not None
    answers = screening.shown(state, current.answers, by_person=by_person) if current else {}
    return models_intake.ScreeningView(
        needed=screening.needed(state),
        record=models_intake.Screening(
            id=current.id,
            outcome=cast(Any, current.outcome),
            answers=answers if plain else masks.slots(answers, names(row)),
            by=person(current.by),
            at=rfc3339(current.at),
        )
        if current
        else None,
        prefill=prefill if plain else masks.slots(prefill, names(row)),
        product_since=screening.product_since(state, current.answers) if current and by_person else "",
    )


def _conversation(call: Call, row: listing.Conversation) -> dict[str, Any]:
    plain = call.sees(thing(row))
    name = row.contact_name or str(row.slots.get("name") or row.display_name)
    return {
        "id": row.id,
        "channel": row.channel,
        "account": row.account,
        "thread": row.thread,
        "contact_id": row.contact_id,
        "stage": row.stage,
        "status": row.status,
        "assignee": person(row.assignee),
        "labels": list(row.labels),
        "test": row.test,
        "opened_at": rfc3339(row.opened_at),
        "last_message_at": rfc3339(row.last_message_at),
        "version": row.version,
        "slots": _slots(call, row, plain=plain),
        "masked": not plain,
        "name": name if plain else masks.name(name),
        "preview": row.preview if plain else masks.text(row.preview, names(row)),
        "lang": row.lang,
        "code": str(row.state.get("code", "")),
        "outcome": row.outcome,
        "ending": stages.ending(row.stage, row.outcome),
        "waiting_since": rfc3339(row.waiting_since),
        "snoozed_until": rfc3339(row.snoozed_until),
        "closed_at": rfc3339(row.closed_at),
        "last_inbound_at": rfc3339(row.last_inbound_at),
        "last_seq": row.last_seq,
        "unread": max(0, row.last_seq - row.seen_seq),
        "reachable": row.reachable,
        "team": row.team,
        "answer_due_at": _answer_due(call, row),
    }


def _answer_due(call: Call, row: listing.Conversation) -> str | None:
    """By when he is to have his next answer; None where he waits for none, or it is not measured."""
    since = row.state.get("memory", {}).get("unanswered") if row.status == "with_advisor" else None
    if not since:
        return None
    return rfc3339(ms(sla.answer_due(datetime.fromisoformat(str(since)), call.parts.engine.business, row.team)))


def _slots(call: Call, row: listing.Conversation, *, plain: bool) -> dict[str, Any]:
    """What was captured, as this caller may see it; some of it in full only to who sees all, or asks for it by itself."""
    if not plain:
        return masks.slots(row.slots, names(row))
    return dict(row.slots) if {call.actor.role, call.actor.own_role} & SEES_ALL else masks.guarded(row.slots)


def card(call: Call, row: listing.Conversation, handoff: handoffs.Handoff) -> models.HandoffCard:
    state = state_from_json(row.state)
    known = set(leads.held(state))  # what a form says is not asked again, though it is in no slot yet
    if row.contact_name:  # told to us on the telephone, or in an earlier conversation
        known.add("name")
    plain = call.sees(thing(row))
    return models.HandoffCard(
        id=handoff.id,
        code=handoff.code,
        reason=handoff.reason,
        priority=handoff.priority,
        state=cast(Any, handoff.state),
        opened_at=rfc3339(handoff.opened_at),
        due_at=rfc3339(handoff.due_at),
        late=handoff.state == "waiting" and handoff.late_at is not None,
        taken_at=rfc3339(handoff.taken_at),
        team=handoff.team,
        escalated=handoff.state == "waiting" and handoff.escalated_at is not None,
        offered_to=person(handoff.offered_to) if handoff.state == "waiting" else None,
        offered_until=rfc3339(handoff.offered_until) if handoff.state == "waiting" else None,
        missing=[
            slot for slot in form.missing(state) if slot not in known and not (slot == "need" and "product" in known)
        ],
        captured=_slots(call, row, plain=plain),
        asked=state.asked,
    )


def message(call: Call, row: transcript.Message, *, plain: bool, names: Sequence[str] = ()) -> models.Message:
    """`plain` -- the caller sees the personal values of its conversation; `names` -- of its person, to be masked if not."""
    body = row.body
    contact = body.get("contact")
    return models.Message(
        id=row.id,
        seq=row.seq,
        direction=cast(Any, row.direction),  # the model knows the words
        author=cast(Any, row.author),
        kind=row.kind,
        text=row.text if plain else masks.text(row.text, names),
        attachments=[_attachment(each, plain=plain) for each in row.attachments],
        external_id=row.external_id,
        said_at=rfc3339(row.said_at),
        received_at=rfc3339(row.received_at),
        status=cast(Any, row.status),
        error=row.error or None,
        route=row.route or None,
        conversation_id=row.conversation_id,
        advisor=person(row.advisor),
        edited_at=rfc3339(row.edited_at),
        buttons=list(body.get("buttons", ())),
        payload=body.get("payload"),
        contact=dict(contact) if contact and plain else masks.slots(contact) if contact else None,
        fields=_fields(body, plain=plain, names=names) if row.kind in ("form", "call") else None,
        location=list(body["location"]) if body.get("location") and plain else None,
        quote=quote(body.get("quote"), plain=plain, names=names),
        ref=body.get("ref"),
        reaction=_reaction(row),
        before=[each if plain else masks.text(each, names) for each in body.get("before", ())],
        taken_back=bool(body.get("taken_back")),
        may_retell=_may_retell(call, row),
    )


def _may_retell(call: Call, row: transcript.Message) -> str | None:
    if (row.direction, row.author) != ("outbound", "advisor") or row.status not in retells.STANDS:
        return None
    account = call.parts.accounts.get(row.account_id)
    if account is None or not row.external_id or row.body.get("taken_back"):
        return None
    can = call.parts.adapters[account.channel].carries(account)
    until, length, files = row.said_at + can.retells_s * 1000, len(row.text), len(row.attachments)
    whole = length <= (can.caption_limit if files else can.text_limit) and files <= 1  # else it went as several
    return rfc3339(until) if whole and call.parts.clock.ms() < until else None


def quote(given: Mapping[str, str] | None, *, plain: bool, names: Sequence[str] = ()) -> models.Quote | None:
    if not given:
        return None
    text = given["text"]
    return models.Quote(id=given["id"], author=given["author"], text=text if plain else masks.text(text, names))


def _reaction(row: transcript.Message) -> str | None:
    if row.kind != "reaction":
        return None
    extra: Mapping[str, str] = row.body.get("extra") or {}
    return "" if extra.get("action") == "unreact" else extra.get("reaction", "")


def _fields(body: Mapping[str, Any], *, plain: bool, names: Sequence[str]) -> dict[str, str]:
    told: Mapping[str, str] = body.get("extra") or {}
    return dict(told) if plain else filled(told, names)


def filled(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """What was filled in or told on the telephone, for who may not see the person: known fields by their masks, and no
    number, address or name of his in any other."""
    return {key: masks.text(str(value or ""), names) for key, value in masks.slots(told, names).items()}


def _attachment(row: transcript.Attachment, *, plain: bool) -> models.Attachment:
    return models.Attachment(
        id=row.id,
        kind=row.kind,
        name=row.name if plain else _extension(row.name),
        mime=row.mime,
        size=row.size,
        source=row.source if plain else "",
        state=cast(Any, row.state),
        url=f"/api/v1/files/{row.file_id}" if row.file_id and row.state == "stored" else None,
        file_id=row.file_id,
        reason=row.reason,
    )


def _extension(name: str) -> str:
    """A file's name may be a person's: of a masked one only its kind is told."""
    found = re.search(r"\.[A-Za-z0-9]{1,8}\Z", name)
    return f"***{found[0]}" if found else "***" if name else ""


def contact(row: contacts.Contact, *, plain: bool) -> models_contacts.Contact:
    return models_contacts.Contact(
        id=row.id,
        name=row.name if plain else masks.name(row.name),
        phones=list(row.phones) if plain else [masks.phone(value) for value in row.phones],
        emails=list(row.emails) if plain else [masks.email(value) for value in row.emails],
        points=[
            models_contacts.Point(
                channel=point.channel,
                account=point.account,
                thread=point.thread,
                reachable=point.reachable,
                last_inbound_at=rfc3339(point.last_inbound_at),
                conversation_id=point.conversation_id,
            )
            for point in row.points
        ],
        consents=[
            models_contacts.Consent(
                purpose=each.purpose,
                state=each.state,
                at=rfc3339(each.at),
                channel=each.channel,
                text_key=each.text_key,
                text_version=each.text_version,
            )
            for each in row.consents
        ],
        salutation=row.salutation,
        lang=row.lang,
        test=row.test,
        version=row.version,
        merged=list(row.merged),
        masked=not plain,
    )


def file(row: files.StoredFile) -> models_contacts.File:
    return models_contacts.File(id=row.id, name=row.name, mime=row.mime, size=row.size, sha256=row.sha256)
