"""Cases: a policy from the wish for it to its issue by the insurer, each step with what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from gateway.api import cursors, masks, show
from gateway.api import models_cases as models
from gateway.api.allow import SEES_ALL
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Person
from gateway.api.routes_policies import last_conversation
from handlers import cases as core
from handlers import schedule
from handlers.taps import PRODUCTS
from storage import cases, listing, policies
from storage.steps import Step
from storage.times import at, ms, rfc3339
from storage.tx import Tx

routes = Routes("cases")
_AT: Final = "/cases/{case_id}"
_REFUSES: Final = ("not_yours", "wrong_state", "conflict", "not_found")


@routes.post("/cases", may="case.edit", status=201, refuses=("not_yours", "not_found"))
async def add_case(call: Call, body: models.NewCase) -> models.CaseView:
    """Open a case: the customer wants this policy."""
    if body.product not in PRODUCTS:
        raise ApiError(
            "invalid", "there is no such product", fields={"product": f"a code of the catalogue: {', '.join(PRODUCTS)}"}
        )

    def unit(tx: Tx) -> str:
        row = listing.one(tx, last_conversation(tx, body.conversation_id, body.contact_id))
        if row is None:
            raise ApiError("invalid", "whose?", fields={"conversation_id": "there is no such conversation"})
        call.require("case.edit", show.thing(row), row.assignee)
        return cases.add(tx, row, product=body.product, insurer=body.insurer.strip(), by=call.actor.id)

    return await _view(call, await call.once(unit))


@routes.get("/cases", may="case.read")
async def list_cases(call: Call, query: models.CaseQuery) -> models.Cases:
    """Cases, the newest first. By `state` those that have it themselves; what became of an issued one is its policy's."""
    mark = cursors.read("case", query.cursor, str)

    def read(tx: Tx) -> tuple[list[cases.Row], dict[str, listing.Conversation]]:
        found = cases.page(
            tx,
            conversation=query.conversation,
            contact=query.contact,
            state=query.state or "",
            after=mark[0] if mark else None,
            limit=query.limit + 1,
        )
        return found, listing.several(tx, list({one.conversation_id for one in found}))

    found, rows = await call.store.read(read)
    last = found[query.limit - 1] if len(found) > query.limit else None
    items = [
        models.Case(**_case(call, one, rows[one.conversation_id]))
        for one in found[: query.limit]
        if one.conversation_id in rows
    ]
    if any(item.premium is not None for item in items):
        call.note("case.list", "case", "", fields=("premium",))
    return models.Cases(items=items, next=cursors.write("case", last.id) if last else None)


@routes.get(_AT, may="case.read")
async def get_case(call: Call, case_id: str) -> models.CaseView:
    """One case, with every step."""
    shown = await _view(call, case_id)
    call.note("case.read", "case", case_id, fields=("premium", "steps"))
    return shown


@routes.post(f"{_AT}/complete", may="case.edit", refuses=_REFUSES)
async def complete(call: Call, case_id: str, body: models.Complete) -> models.CaseView:
    """All that the checklist names is there, and he has agreed to an application (C2)."""
    return await _do(call, case_id, "complete", body.model_dump())


@routes.post(f"{_AT}/declare", may="case.edit", refuses=_REFUSES)
async def declare(call: Call, case_id: str, body: models.Declare) -> models.CaseView:
    """He has read the documents and declared; what he declared is frozen."""
    return await _do(call, case_id, "declare", body.model_dump())


@routes.post(f"{_AT}/agree", may="case.edit", refuses=_REFUSES)
async def agree(call: Call, case_id: str, body: models.Agree) -> models.CaseView:
    """He agrees: the record without which nothing goes to the insurer."""
    return await _do(call, case_id, "agree", body.model_dump())


@routes.post(f"{_AT}/send", may="case.edit", refuses=_REFUSES)
async def send(call: Call, case_id: str, body: models.Send) -> models.CaseView:
    """The insurer has the request, unchanged since he declared."""
    return await _do(call, case_id, "send", body.model_dump())


@routes.post(f"{_AT}/more", may="case.edit", refuses=_REFUSES)
async def more(call: Call, case_id: str, body: models.Why) -> models.CaseView:
    """The insurer asks for more: what he then declares, he declares anew."""
    return await _do(call, case_id, "more", body.model_dump())


@routes.post(f"{_AT}/issue", may="case.edit", refuses=_REFUSES)
async def issue(call: Call, case_id: str, body: models.Issue) -> models.CaseView:
    """The insurer has issued the policy, and it is what was asked for: product, customer, premium, insurer."""
    return await _do(call, case_id, "issue", body.model_dump())


@routes.post(f"{_AT}/reject", may="case.edit", refuses=_REFUSES)
async def reject(call: Call, case_id: str, body: models.Why) -> models.CaseView:
    """The insurer refuses."""
    return await _do(call, case_id, "reject", body.model_dump())


@routes.post(f"{_AT}/withdraw", may="case.edit", refuses=_REFUSES)
async def withdraw(call: Call, case_id: str, body: models.Why) -> models.CaseView:
    """The customer does not want it any more, and the insurer does not have it yet."""
    return await _do(call, case_id, "withdraw", body.model_dump())


@routes.post(f"{_AT}/hold", may="case.edit", refuses=_REFUSES)
async def hold_case(call: Call, case_id: str, body: models.Why) -> models.CaseView:
    """Something is not right: nothing goes on until a supervisor has decided."""
    return await _do(call, case_id, "hold", body.model_dump())


@routes.post(f"{_AT}/decide", may="case.edit", refuses=_REFUSES)
async def decide(call: Call, case_id: str, body: models.Decide) -> models.CaseView:
    """Go on, end our service, or report to the insurer: a supervisor's word, with the reason."""
    return await _do(call, case_id, "decide", body.model_dump())


async def _do(call: Call, case_id: str, act: str, data: Mapping[str, Any]) -> models.CaseView:
    def unit(tx: Tx) -> str:
        row = cases.one(tx, case_id, lock=True)
        where = listing.one(tx, row.conversation_id) if row else None
        if row is None or where is None:
            raise not_found()
        call.require("case.edit", show.thing(where), where.assignee)
        known = _known(row)
        try:
            after = core.step(known, act, data, _facts(call, tx, row, where, data))
        except core.Stop as err:
            raise ApiError(err.code, str(err), fields=err.fields or None) from None
        to = {
            "state": after.state,
            "held": after.held,
            "form": after.form,
            "starts_on": after.starts_on,
            "print": after.print,
            "premium": after.premium,
            "reason": after.reason,
            "documents": list(after.documents),
            "policy_id": after.policy_id,
        }
        if not cases.change(tx, row, act, to, note={name: one for name, one in data.items() if one}, by=call.actor.id):
            raise ApiError("conflict", "it was changed meanwhile: look again")
        return case_id

    return await _view(call, await call.once(unit))


def _known(row: cases.Row) -> core.Case:
    told = row.told
    return core.Case(
        state=cast(core.State, row.state),
        product=row.product,
        insurer=row.insurer,
        print=row.print,
        held=row.held,
        reason=str(told.get("reason") or ""),
        form=row.form,
        premium=told.get("premium"),
        starts_on=row.starts_on,
        documents=tuple(told.get("documents") or ()),
        policy_id=row.policy_id or "",
    )


def _facts(call: Call, tx: Tx, row: cases.Row, where: listing.Conversation, data: Mapping[str, Any]) -> core.Facts:
    policy = policies.find(tx, str(data.get("policy_id") or ""))
    return core.Facts(
        today=policies.today(tx),
        values=where.slots,
        c2=dict(where.state.get("consents") or {}).get("C2") == "given",
        chief=call.actor.role in SEES_ALL,
        same_customer=policy is not None and policies.same_customer(tx, policy.contact_id, row.contact_id),
        policy_product=policy.product if policy else "",
        policy_starts_on=policy.starts_on if policy else "",
        policy_premium=policy.premium if policy else None,
        policy_insurer=policy.insurer if policy else "",
    )


async def _view(call: Call, case_id: str) -> models.CaseView:
    def read(tx: Tx) -> tuple[cases.Row, listing.Conversation, list[Step]] | None:
        row = cases.one(tx, case_id)
        where = listing.one(tx, row.conversation_id) if row else None
        return (row, where, cases.steps(tx, row)) if row and where else None

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    row, where, steps = found
    plain, names = call.sees(show.thing(where)), show.names(where)
    return models.CaseView(
        **_case(call, row, where),
        steps=[
            models.Step(
                act=one.act,
                before=one.before,
                after=one.after,
                by=Person(id=one.by[0], name=one.by[1]),
                note=dict(one.note) if plain else masks.slots(_unpriced(one.note), names),
                at=rfc3339(one.at),
            )
            for one in steps
        ],
    )


def _unpriced(note: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in note.items() if name != "premium"}


def _case(call: Call, row: cases.Row, where: listing.Conversation) -> dict[str, Any]:
    plain = call.sees(show.thing(where))
    business = call.parts.config.business()
    send_by = schedule.add_minutes(at(row.agreed_at), core.SEND_WITHIN_MIN, business) if row.agreed_at else None
    reason = str(row.told.get("reason") or "")
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "contact_id": where.contact_id,
        "product": row.product,
        "insurer": row.insurer,
        "state": row.shown,
        "missing": core.missing(row.product, where.slots),
        "documents": list(row.told.get("documents") or ()),
        "form": row.form,
        "premium": row.told.get("premium") if plain else None,
        "starts_on": row.starts_on,
        "reason": reason if plain else masks.text(reason, show.names(where)),
        "policy_id": row.policy_id,
        "agreed_at": rfc3339(row.agreed_at),
        "send_by": rfc3339(ms(send_by)),
        "late": row.state == "agreed" and send_by is not None and call.parts.now() > send_by,
        "sent_at": rfc3339(row.sent_at),
        "created_at": rfc3339(row.created_at),
        "changed_at": rfc3339(row.changed_at),
        "version": row.version,
        "may": core.may(_known(row), chief=call.actor.role in SEES_ALL),
    }
