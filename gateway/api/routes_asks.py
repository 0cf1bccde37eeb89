"""Four eyes over tables with names and numbers: asked here, let go by somebody else, fetched as any table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.api import models_asks as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Person
from gateway.api.models_finding import Narrowed
from storage import exports, tokens
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("exports")


def wanted(query: Narrowed) -> dict[str, Any]:
    """The question, as it is compared with what was let go."""
    return query.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


@routes.post("/exports/asks", may="export", status=201, proof=True)
async def ask_for_export(call: Call, body: models.NewAsk) -> models.Ask:
    """Ask for a table with names and numbers. Somebody else lets it go; then `POST /exports/conversations` with `ask` fetches
    it, once, within a day."""
    by, credential = call.actor.id, call.actor.credential

    def unit(tx: Tx) -> str:
        return exports.ask(
            tx, purpose=body.purpose, wanted=wanted(body.query), by=by, behind=tokens.behind(tx, credential)
        )

    return await _one(call, await call.once(unit))


@routes.get("/exports/asks", may="export.approve")
async def list_asks(call: Call) -> models.Asks:
    """Who asked for which table, and what became of it; the newest first, of thirty days."""
    found = await call.store.read(exports.recent)
    return models.Asks(items=[_shown(call, one) for one in found])


@routes.post(
    "/exports/asks/{ask_id}/approve",
    may="export.approve",
    proof=True,
    refuses=("not_found", "wrong_state", "forbidden"),
)
async def approve_export(call: Call, ask_id: str) -> models.Ask:
    """Let it go. By a person who is signed in at the desk, never by a token, nor by who asked for it or owns the token that did."""
    if call.actor.door != "session" or call.actor.through:
        raise ApiError("proof_needed", "a person approves this, signed in at the desk: a token proves nothing of that")
    return await _decided(call, lambda tx: exports.decide(tx, ask_id, by=call.actor.id, yes=True))


@routes.post("/exports/asks/{ask_id}/decline", may="export.approve", refuses=("not_found", "wrong_state", "forbidden"))
async def decline_export(call: Call, ask_id: str) -> models.Ask:
    """It stays here. Who asked may take it back this way."""
    return await _decided(call, lambda tx: exports.decide(tx, ask_id, by=call.actor.id, yes=False))


async def _decided(call: Call, unit: Callable[[Tx], str]) -> models.Ask:
    def refusing(tx: Tx) -> str:
        try:
            return unit(tx)
        except exports.Refused as err:
            raise refused(err) from None

    return await _one(call, await call.once(refusing))


def refused(err: exports.Refused) -> ApiError:
    return not_found() if err.code == "not_found" else ApiError(err.code, str(err))


async def _one(call: Call, ask_id: str) -> models.Ask:
    found = await call.store.read(lambda tx: exports.one(tx, ask_id))
    if found is None:
        raise not_found()
    return _shown(call, found)


def _shown(call: Call, one: exports.Ask) -> models.Ask:
    approved = one.state == "approved" and one.decided_at is not None
    return models.Ask(
        id=one.id,
        state=one.state,  # type: ignore[arg-type]
        purpose=one.purpose,
        wanted={name: str(value) for name, value in one.wanted.items()},
        by=Person(id=one.by[0], name=one.by[1]),
        mine=one.by[0] == call.actor.id,
        at=rfc3339(one.at),
        decided_by=Person(id=one.decided_by[0], name=one.decided_by[1]) if one.decided_by[0] else None,
        decided_at=rfc3339(one.decided_at),
        until=rfc3339(one.decided_at + exports.GOOD_MS) if approved and one.decided_at else None,
    )
