"""Policies: registered when the insurer has issued them, delivered with proof, and followed by the care plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.windows import Purpose, Way
from gateway import doclinks
from gateway import letters as gateway_letters
from gateway.api import cursors, masks, show, window
from gateway.api import models_policies as models
from gateway.api.allow import Thing
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_contacts import thing
from handlers import premium, screening
from handlers.model import state_from_json
from handlers.taps import PRODUCTS
from storage import care, contacts, deliveries, letters, listing, policies, proof
from storage.ids import new_id
from storage.times import ms, rfc3339
from storage.tx import Tx

routes = Routes("policies")
_AT: Final = "/policies/{policy_id}"
CHIEFS: Final = frozenset({"admin", "supervisor", "integration"})
LATER: Final[Mapping[str, str]] = {  # means -> the version that brings it
    "pickup_ibaohiem": "0.3",
    "pickup_insurer": "0.3",
    "courier": "0.3",
}


# ---- the policy


@routes.post("/policies", may="policy.edit", status=201, refuses=("conflict", "not_yours", "not_screened"))
async def add_policy(call: Call, body: models.NewPolicy) -> models.Policy:
    """Register a policy that the insurer has issued. Its care plan is made with it.

    A number exists once for an insurer: the second one is refused with `conflict`. Nobody backdates a policy."""
    if body.product not in PRODUCTS:
        raise ApiError(
            "invalid", "there is no such product", fields={"product": f"a code of the catalogue: {', '.join(PRODUCTS)}"}
        )
    by, chief = call.actor.id, call.actor.role in CHIEFS

    def unit(tx: Tx) -> str:
        row = listing.one(tx, last_conversation(tx, body.conversation_id, body.contact_id))
        if row is None:
            raise ApiError(
                "invalid", "some fields are not right", fields={"conversation_id": "there is no such conversation"}
            )
        call.require("policy.edit", show.thing(row), row.assignee)
        if screening.needed(state_from_json(row.state)):
            raise ApiError("not_screened", "screen this lead first: a real person, a need, of what")
        if policies.is_date(body.starts_on) and policies.is_date(body.ends_on):
            term = premium.years(body.starts_on, body.ends_on)
            # What was issued is a fact, of a vehicle that we may know wrongly: only what no vehicle costs is a slip of the pen.
            if wrong := premium.wrong(body.product, body.premium, {}, (term, *premium.TERMS)):
                raise ApiError("invalid", "some fields are not right", fields={"premium": wrong})
        new = policies.New(
            conversation_id=row.id,
            contact_id=body.contact_id or "",
            insurer=body.insurer,
            product=body.product,
            number=body.number,
            starts_on=body.starts_on,
            ends_on=body.ends_on,
            premium=body.premium,
            document_id=body.document_id,
            renews=body.renews or "",
        )
        try:
            return policies.create(tx, new, by=by, may_take=chief)
        except policies.Wrong as err:
            raise ApiError("invalid", "some fields are not right", fields=err.fields) from None
        except policies.Conflict as err:
            raise ApiError(err.code, str(err)) from None

    return await _view(call, await call.once(unit))


def last_conversation(tx: Tx, conversation_id: str | None, contact_id: str | None) -> str:
    """Where it was agreed: as given, or where its customer wrote last. Raises ApiError."""
    if conversation_id:
        return conversation_id
    if not contact_id:
        raise ApiError("invalid", "whose is it?", fields={"conversation_id": "give this or contact_id"})
    contact = contacts.view(tx, contact_id)
    found = (
        next((point.conversation_id for point in contact.points if point.conversation_id), None) if contact else None
    )
    if found is None:
        raise ApiError("invalid", "some fields are not right", fields={"contact_id": "there is no such contact"})
    return found


@routes.get("/policies", may="policy.read")
async def list_policies(call: Call, query: models.PolicyQuery) -> models.Policies:
    """Policies, the newest first: of a contact, of a conversation, by number or state."""
    mark = cursors.read("p", query.cursor, str)

    def read(tx: Tx) -> list[tuple[policies.Policy, bool]]:
        found = policies.page(
            tx,
            contact=query.contact,
            conversation=query.conversation,
            number=query.number,
            state=query.state or "",
            after=mark[0] if mark else None,
            limit=query.limit + 1,
        )
        return [(each, _sees(tx, call, each)) for each in found]

    rows = await call.store.read(read)
    shown, more = rows[: query.limit], len(rows) > query.limit
    return models.Policies(
        items=[_policy(call, each, plain=plain) for each, plain in shown],
        next=cursors.write("p", shown[-1][0].id) if more else None,
    )


@routes.get(_AT, may="policy.read")
async def get_policy(call: Call, policy_id: str) -> models.Policy:
    """One policy."""
    return await _view(call, policy_id)


@routes.post(f"{_AT}/cancel", may="policy.edit", refuses=("not_yours", "wrong_state"))
async def cancel_policy(call: Call, policy_id: str, body: models.Cancel) -> models.Policy:
    """It ended before its time, by the insurer's word: nothing more is asked about it or sent. IBAOHIEM itself ends no
    insurance contract."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        policy = _found(tx, policy_id)
        _may(tx, call, "policy.edit", policy)
        try:
            return policies.cancel(tx, policy_id, by=by, reason=body.reason)
        except policies.Conflict as err:
            raise ApiError(err.code, str(err)) from None

    return await _view(call, await call.once(unit))


async def _view(call: Call, policy_id: str) -> models.Policy:
    def read(tx: Tx) -> tuple[policies.Policy, bool]:
        policy = _found(tx, policy_id)
        return policy, _sees(tx, call, policy)

    policy, plain = await call.store.read(read)
    return _policy(call, policy, plain=plain)


def _found(tx: Tx, policy_id: str) -> policies.Policy:
    policy = policies.find(tx, policy_id)
    if policy is None:
        raise not_found()
    return policy


def _sees(tx: Tx, call: Call, policy: policies.Policy) -> bool:
    """Its number and premium: whoever registered it, and whose customer this is."""
    return policy.created_by == call.actor.id or _customer_of(tx, call, policy.contact_id)


def _customer_of(tx: Tx, call: Call, contact_id: str) -> bool:
    """May the actor see what is this person's?"""
    return call.sees(Thing()) or call.sees(thing(tx, contacts.resolve(tx, contact_id) or contact_id, call.actor.id))


def _may(tx: Tx, call: Call, action: str, policy: policies.Policy) -> listing.Conversation:
    """The conversation in which the policy's customer is spoken to. Raises ApiError."""
    try:
        conversation_id, _ = deliveries.target(tx, policy)
    except policies.Conflict as err:
        raise ApiError(err.code, str(err)) from None
    row = listing.one(tx, conversation_id)
    assert row is not None
    call.require(action, show.thing(row), row.assignee)
    return row


def _policy(call: Call, row: policies.Policy, *, plain: bool) -> models.Policy:
    if plain:
        call.note("policy.read", "policy", row.id, fields=("number", "premium"))
    return models.Policy(
        id=row.id,
        number=row.number if plain else masks.last4(row.number),
        insurer=row.insurer,
        product=row.product,
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        premium=row.premium if plain else None,
        document_id=row.document_id,
        state=row.state,
        issued_at=rfc3339(row.issued_at),
        delivered_at=rfc3339(row.delivered_at),
        test=row.test,
        version=row.version,
        masked=not plain,
    )


# ---- delivery


@routes.post(f"{_AT}/deliver", may="policy.deliver", status=202, refuses=("not_yours", "wrong_state", "window_closed"))
async def deliver_policy(call: Call, policy_id: str, body: models.Deliver) -> models.Delivery:
    """Send the certificate to its customer and to nobody else: on the channel of its conversation, or by e-mail to an
    address that he left.

    On its way when this answers; follow it in `deliveries`. Where the platform's rules forbid writing, or no letter
    reaches him: 422 `window_closed`, with the reason and the lawful ways."""
    if body.means in LATER:
        raise ApiError(
            "invalid",
            f"delivery by {body.means} comes with version {LATER[body.means]}",
            fields={"means": f"comes with version {LATER[body.means]}; today: chat, email"},
        )
    by, engine, parts = call.actor.advisor(), call.parts.engine, call.parts

    def unit(tx: Tx) -> str:
        policy = _found(tx, policy_id)
        row = _may(tx, call, "policy.deliver", policy)
        way = _by_letter(call, tx, policy, row) if body.means == "email" else None
        template = False
        if way is None:
            public = parts.config.files_url.startswith("https://")  # a template carries no file, but a link to it
            ruled = window.check(parts, tx, row, purpose=Purpose.CERTIFICATE, template=public)
            template = ruled.way is Way.TEMPLATE
        channel = row.channel if way is None else way.account_id.partition(":")[0]
        try:
            parcel = deliveries.begin(tx, policy_id, by=by.id, letter_by=way.account_id if way else "")
        except policies.Conflict as err:
            raise ApiError(err.code, str(err)) from None
        largest = parts.adapters[channel].capabilities.file_bytes
        if parcel.size > largest and not template:
            raise ApiError(
                "invalid", "the document is too large", fields={"means": f"this channel carries {largest} bytes"}
            )
        act = {"delivery": parcel.delivery_id, "file_ids": (parcel.document_id,), "policy": dict(parcel.values)}
        if template:
            act["link"] = doclinks.noted(tx, parts, file_id=parcel.document_id, link_id=new_id())
        if way is None:
            engine.act(tx, parcel.conversation_id, "deliver", by=by, data=act)
        else:
            engine.begin(tx, letters.open_point(tx, way, parcel.contact_id), "deliver", by=by, data=act)
        return parcel.delivery_id

    made = await call.once(unit)
    found = await call.store.read(lambda tx: deliveries.find(tx, made))
    if found is None:
        raise not_found()
    return _delivery(found)


def _by_letter(call: Call, tx: Tx, policy: policies.Policy, row: listing.Conversation) -> letters.Way:
    """The best way of a letter to the policy's customer. Raises ApiError."""
    if not gateway_letters.accounts(call.parts):
        raise ApiError("invalid", "no letters leave here", fields={"means": "no e-mail account is configured"})
    ways = gateway_letters.ways(call.parts, tx, policy.contact_id)
    if not ways:
        raise ApiError(
            "invalid", "to which address?", fields={"means": "the customer has left no e-mail address of his own"}
        )
    if ways[0].ended:
        raise window.no_letter(call.parts, tx, row, ways[0].ended)
    return ways[0]


@routes.get(f"{_AT}/deliveries", may="policy.read")
async def list_deliveries(call: Call, policy_id: str) -> models.Deliveries:
    """Every way that was tried, the oldest first."""

    def read(tx: Tx) -> list[deliveries.Delivery]:
        _found(tx, policy_id)
        return deliveries.of_policy(tx, policy_id)

    return models.Deliveries(items=[_delivery(each) for each in await call.store.read(read)], next=None)


@routes.get(f"{_AT}/proof", may="policy.read")
async def get_proof(call: Call, policy_id: str) -> models.Proof:
    """The proof of delivery: of which bytes, to whom, when, and how we know that they arrived."""
    facts = await call.store.read(lambda tx: proof.of(tx, _found(tx, policy_id)))
    call.note("policy.proof", "policy", policy_id, fields=("deliveries",))
    return models.Proof.model_validate(facts)


def _delivery(row: deliveries.Delivery) -> models.Delivery:
    return models.Delivery(
        id=row.id,
        policy_id=row.policy_id,
        means=row.means,
        state=row.state,
        route=row.route,
        reason=row.reason,
        message_id=row.message_id,
        document_sha256=row.document_sha256,
        created_at=rfc3339(row.created_at),
        sent_at=rfc3339(row.sent_at),
        delivered_at=rfc3339(row.delivered_at),
        confirmed_at=rfc3339(row.confirmed_at),
    )


# ---- care


@routes.get("/care", may="care.read")
async def list_care(call: Call, query: models.CareQuery) -> models.Cares:
    """The care plan, by the time that each question is due: of a policy, before a moment, in a state."""
    mark = cursors.read("k", query.cursor, int, str)

    def read(tx: Tx) -> list[tuple[care.Task, bool]]:
        found = care.page(
            tx,
            policy=query.policy,
            state=query.state or "",
            due_before=ms(query.due_before),
            after=(mark[0], mark[1]) if mark else None,
            limit=query.limit + 1,
        )
        whose = {contact_id: _customer_of(tx, call, contact_id) for contact_id in {each.contact_id for each in found}}
        return [(each, whose[each.contact_id]) for each in found]

    rows = await call.store.read(read)
    shown, more = rows[: query.limit], len(rows) > query.limit
    last = shown[-1][0] if more else None
    return models.Cares(
        items=[_care(each, plain=plain) for each, plain in shown],
        next=cursors.write("k", last.due_at, last.id) if last else None,
    )


def _care(row: care.Task, *, plain: bool) -> models.Care:
    return models.Care(
        id=row.id,
        policy_id=row.policy_id,
        kind=row.kind,
        due_at=rfc3339(row.due_at),
        state=row.state,
        route=row.route or None,
        reason=row.reason or None,
        answer=row.answer or None,
        comment=(row.comment if plain else masks.hidden(row.comment)) if row.comment else None,
        sent_at=rfc3339(row.sent_at),
        answered_at=rfc3339(row.answered_at),
    )
