"""One search box: people, policies and conversations."""

from __future__ import annotations

from typing import cast

from gateway.api import masks, show, wanting
from gateway.api import models_finding as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError
from gateway.api.fields import Status
from storage import finding, listing
from storage.times import rfc3339

routes = Routes("search")


@routes.get("/search", may="conversation.list", refuses=("busy",))
async def search(call: Call, query: models.SearchQuery) -> models.Found:
    """People, policies and conversations with all of these words, with and without marks.

    Advisors and intake find their own work, past and present, and what waits; the data-protection officer finds
    everybody, masked."""
    if call.parts.pressure.no_more:
        raise ApiError("busy", "searching waits until there is time for it", retry_s=5)
    look = finding.Look(query.q, sight=wanting.sight(call.actor))
    while await call.store.read(look.step):
        pass
    call.note("conversation.search", "conversation", "", fields=("q",))
    return models.Found(
        people=[_person(call, each) for each in look.people],
        policies=[_policy(call, each) for each in look.policies],
        conversations=[
            models.FoundConversation(
                conversation=show.conversation(call, each.conversation),
                where=each.where,  # type: ignore[arg-type]  # the model knows the words
                text=_value(call, each),
                at=rfc3339(each.at),
            )
            for each in look.conversations
        ],
        more=look.more,
    )


def _name(one: listing.Conversation, *, plain: bool) -> str:
    name = one.contact_name or str(one.slots.get("name") or one.display_name)
    return name if plain else masks.name(name)


def _value(call: Call, hit: finding.Hit) -> str:
    if call.sees(show.thing(hit.conversation)):
        return hit.text
    if hit.where in ("plate", "phone", "email", "name"):
        return str(masks.slots({hit.where: hit.text})[hit.where])
    return masks.text(hit.text, show.names(hit.conversation))


def _person(call: Call, each: finding.Person) -> models.FoundPerson:
    one, plain = each.conversation, call.sees(show.thing(each.conversation))
    phone = str(one.slots.get("phone") or "")
    return models.FoundPerson(
        contact_id=one.contact_id,
        conversation_id=one.id,
        name=_name(one, plain=plain),
        where=each.where,  # type: ignore[arg-type]
        text=_value(call, each),
        phone=masks.ending(phone) if plain else masks.phone(phone),
        channel=one.channel,
        status=cast(Status, one.status),
        count=each.count,
        masked=not plain,
        last_message_at=rfc3339(one.last_message_at),
    )


def _policy(call: Call, each: finding.FoundPolicy) -> models.FoundPolicy:
    plain = call.sees(show.thing(each.conversation))
    return models.FoundPolicy(
        id=each.id,
        conversation_id=each.conversation.id,
        number=each.number if plain else masks.last4(each.number),
        insurer=each.insurer,
        product=each.product,
        state=each.state,
        name=_name(each.conversation, plain=plain),
        masked=not plain,
    )
