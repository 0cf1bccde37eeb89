"""Tokens of the API: made, listed, revoked by an administrator."""

from __future__ import annotations

from typing import Any

from gateway.api import cursors
from gateway.api import models_people as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Whole
from storage import tokens
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("tokens")


def _fields(token: tokens.Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "advisor_id": token.advisor_id,
        "created_at": rfc3339(token.created_at),
        "used_at": rfc3339(token.used_at),
        "revoked_at": rfc3339(token.revoked_at),
    }


@routes.get("/tokens", may="token.manage")
async def list_tokens(call: Call, query: Whole) -> models.Tokens:
    """Tokens that are in use, the newest first; their secrets are not known to us."""
    found, on = cursors.part(await call.store.read(tokens.listed), query)
    return models.Tokens(items=[models.Token(**_fields(each)) for each in found], next=on)


@routes.post("/tokens", may="token.manage", status=201, proof=True, refuses=("conflict",))
async def add_token(call: Call, body: models.NewToken) -> models.TokenMade:
    """A new token, told here once. It is an advisor of its own, so that its acts have a name."""
    secret, by = tokens.new_secret(), call.actor.id
    made = await call.once(lambda tx: tokens.create(tx, secret, name=body.name, role=body.role, by=by).id)
    token, fits = await call.store.read(lambda tx: (tokens.one(tx, made), tokens.fits(tx, made, secret)))
    if token is None or not fits:
        raise ApiError(
            "conflict", f"token {made} was made, but its secret went with an answer that was lost: revoke it"
        )
    return models.TokenMade(**_fields(token), token=secret)


@routes.delete("/tokens/{token_id}", may="token.manage")
async def revoke_token(call: Call, token_id: str) -> models.Token:
    """The token ends here and now."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if tokens.revoke(tx, token_id, by=by) is None:
            raise not_found()
        return token_id

    await call.once(unit)
    gone = await call.store.read(lambda tx: tokens.one(tx, token_id))
    if gone is None:
        raise not_found()
    call.api.doors.forget(gone.advisor_id)
    return models.Token(**_fields(gone))
