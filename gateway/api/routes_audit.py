"""The audit: who did what to which object, and whether its chain holds."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson

from gateway.api import cursors
from gateway.api import models_audit as models
from gateway.api.declare import Call, Routes
from scheduler import trail
from storage import advisors, audit, audits
from storage.times import ms, rfc3339
from storage.tx import Tx

routes = Routes("audit")
ROUNDS: Final = 40  # windows that one call may look through for what no index knows


@routes.get("/audit", may="audit.read")
async def list_audit(call: Call, query: models.AuditQuery) -> models.AuditLines:
    """Who did what to which object, the newest first; never values."""
    mark = cursors.read("a", query.cursor, str)
    after: str | None = mark[0] if mark else None
    wanted = audits.Wanted(
        actor=query.actor,
        action=query.action,
        object_id=query.object,
        object_type=query.object_type,
        since=ms(query.since) if query.since else None,
        until=ms(query.until) if query.until else None,
    )
    found: list[Any] = []
    for _ in range(ROUNDS):
        more = partial(audits.page, wanted=wanted, after=after, limit=query.limit - len(found))
        rows, after = await call.store.read(more)
        found += rows
        if after is None or len(found) >= query.limit:
            break
    names = await call.store.read(lambda tx: _names(tx, found))
    items = [
        models.AuditLine(
            id=row.id,
            at=rfc3339(row.at),
            actor=row.actor,
            actor_name=names.get(row.actor, ""),
            action=row.action,
            object_type=row.object_type,
            object_id=row.object_id,
            object_name=names.get(row.object_id, "") if row.object_type == "advisor" else "",
            fields=orjson.loads(row.fields),
            result=row.result,
            source=row.source,
            chained=row.chain_seq is not None,
        )
        for row in found
    ]
    return models.AuditLines(items=items, next=cursors.write("a", after) if after else None)


def _names(tx: Tx, rows: list[Any]) -> dict[str, str]:
    """Of people of ours only."""
    return advisors.names(tx, sorted({one for row in rows for one in (row.actor, row.object_id) if len(one) == 26}))


@routes.get("/audit/chain", may="audit.read")
async def get_chain(call: Call) -> models.Chain:
    """How the chain stands, as far as is known without walking it."""
    verdict, links, loose = await call.store.read(lambda tx: (audit.verdict(tx), *audits.counted(tx)))
    return models.Chain(held_at=rfc3339(verdict.held_at), broken_at=verdict.broken_at, links=links, loose=loose)


@routes.get("/audit/verify", may="audit.verify")
async def verify_audit(call: Call) -> models.Verified:
    """Walk the whole chain."""
    walked = await trail.verify(call.store)
    return models.Verified(ok=walked.broken is None, entries=walked.checked, broken_at=walked.broken)
