"""Tokens of the API: made, listed, revoked by an administrator."""

from __future__ import annotations

from typing import Any

from gateway.api import models_house as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import not_found
from storage import tokens
from storage.times import rfc3339

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
async def list_tokens(call: Call) -> models.Tokens:
    """Tokens that are in use, the newest first; their secrets are not known to us."""
    found = await call.store.read(tokens.listed)
    return models.Tokens(items=[models.Token(**_fields(each)) for each in found], next=None)


@routes.post("/tokens", may="token.manage", status=201, keyed=False)
async def add_token(call: Call, body: models.NewToken) -> models.TokenMade:
    """A new token, told here once. It is an advisor of its own, so that its acts have a name."""
    secret, by = tokens.new_secret(), call.actor.id
    made = await call.store.run(lambda tx: tokens.create(tx, secret, name=body.name, role=body.role, by=by))
    return models.TokenMade(**_fields(made), token=secret)


@routes.delete("/tokens/{token_id}", may="token.manage", keyed=False)
async def revoke_token(call: Call, token_id: str) -> models.Token:
    """The token ends here and now."""
    by = call.actor.id
    gone = await call.store.run(lambda tx: tokens.revoke(tx, token_id, by=by))
    if gone is None:
        raise not_found()
    call.api.doors.forget(gone.advisor_id)
    return models.Token(**_fields(gone))
