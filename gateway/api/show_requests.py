"""Data-subject requests as answers, masked for whom they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.api import masks
from gateway.api import models_requests as models
from gateway.api.allow import SEES_ALL, TABLE
from gateway.api.declare import Call
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Person
from handlers import rights
from storage import contacts, listing, privacy
from storage.steps import Step
from storage.times import at, rfc3339
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Whose:
    """The person of a request, and what he is called: by us, or by the platform on which he asked."""

    person: contacts.Contact
    name: str


def whose(tx: Tx, rows: list[privacy.Row]) -> dict[str, Whose]:
    """By the request's id; nobody for who was erased."""
    spoken = listing.several(tx, sorted({one.conversation_id for one in rows if one.conversation_id}))
    people = {each: contacts.view(tx, each) for each in {one.contact_id for one in rows}}
    found = {}
    for one in rows:
        person, there = people[one.contact_id], spoken.get(one.conversation_id or "")
        if person is not None:
            found[one.id] = Whose(person, person.name or (there.display_name if there else ""))
    return found


def standing(call: Call, row: privacy.Row) -> rights.Standing:
    return rights.Standing(
        kind=row.kind,
        state=row.state,
        extended=row.extended_at is not None,
        acknowledged=row.acknowledged_at is not None,
        erasing=row.erasure in ("asked", "running"),
        over=call.store.now_ms() > row.due_at,
    )


def stepped(call: Call, row: privacy.Row, act: str) -> str:
    """The state that the act leads to. Raises ApiError."""
    try:
        return rights.step(standing(call, row), act)
    except rights.Stop as err:
        raise ApiError("wrong_state", str(err)) from None


async def view(call: Call, request_id: str) -> models.DataRequestView:
    """One with its steps. Raises ApiError."""

    def read(tx: Tx) -> tuple[privacy.Row, list[Step], Whose | None] | None:
        row = privacy.one(tx, request_id)
        return None if row is None else (row, privacy.steps(tx, row), whose(tx, [row]).get(row.id))

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    row, steps, his = found
    plain, names = call.actor.role in SEES_ALL, (his.name,) if his else ()
    return models.DataRequestView(
        **request(call, row, his).model_dump(),
        steps=[
            models.Step(
                act=one.act,
                before=one.before,
                after=one.after,
                by=by_name(one.by),
                note={
                    name: value if plain or not isinstance(value, str) else masks.text(value, names)
                    for name, value in one.note.items()
                },
                at=rfc3339(one.at),
            )
            for one in steps
        ],
    )


def request(call: Call, row: privacy.Row, his: Whose | None) -> models.DataRequest:
    plain = call.actor.role in SEES_ALL
    names = (his.name,) if his else ()
    edits = "request.edit" in TABLE.get(call.actor.role, frozenset())
    now = call.parts.now()
    unanswered = row.acknowledged_at is None and row.closed_at is None
    return models.DataRequest(
        id=row.id,
        codes=list(row.codes),
        kind=row.kind,  # type: ignore[arg-type]
        source=row.source,  # type: ignore[arg-type]
        way=row.way,  # type: ignore[arg-type]
        about=_about(his, plain=plain) if his else None,
        conversation_id=row.conversation_id,
        words=row.words if plain else masks.text(row.words, names),
        state=row.state,  # type: ignore[arg-type]
        ground=row.legal,
        processor=row.processor,
        handler=by_name(row.handler),
        received_at=rfc3339(row.received_at),
        ack_due_at=rfc3339(row.ack_due_at),
        acknowledged_at=rfc3339(row.acknowledged_at),
        ack_alarm=rights.alarm(at(row.received_at), at(row.ack_due_at), now) if unanswered else "",  # type: ignore[arg-type]
        due_at=rfc3339(row.due_at),
        alarm=alarm(call, row),
        extended_at=rfc3339(row.extended_at),
        verified_at=rfc3339(row.verified_at),
        decided_at=rfc3339(row.decided_at),
        closed_at=rfc3339(row.closed_at),
        answer=row.answer if plain else masks.text(row.answer, names),
        erasure=models.Erasing(id=row.erasure_id, state=row.erasure, mine=row.erasure_by == call.actor.id)
        if row.erasure
        else None,
        may=rights.may(standing(call, row)) if edits else [],
        version=row.version,
    )


def alarm(call: Call, row: privacy.Row) -> Any:
    """Of a closed one how it stood when it was closed: over, or ''."""
    if row.closed_at is not None:
        return "over" if row.closed_at > row.due_at else ""
    return rights.alarm(at(row.received_at), at(row.due_at), call.parts.now())


def by_name(who_: tuple[str, str]) -> Person | None:
    return Person(id=who_[0], name=who_[1]) if who_[0] and who_[1] else None


def _about(his: Whose, *, plain: bool) -> models.About:
    person = his.person
    return models.About(
        id=person.id,
        name=his.name if plain else masks.name(his.name),
        phones=[one if plain else masks.phone(one) for one in person.phones],
        emails=[one if plain else masks.email(one) for one in person.emails],
    )
