"""Lists of the desk that people keep: their own, and those that a supervisor made for all."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from gateway.api import models, wanting
from gateway.api import models_finding as finding
from gateway.api.allow import allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import filters, listing
from storage.filters import Filter
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("filters")
COUNTED: Final = 99  # beyond it a list says that it is long
ROUNDS: Final = 4  # reads that the count of one list may take


@routes.get("/filters", may="filter.read")
async def list_filters(call: Call) -> finding.Filters:
    """The house's lists and your own, each with how many conversations are in it."""
    found = await call.store.read(lambda tx: filters.visible(tx, call.actor.id))
    return finding.Filters(items=[await _shown(call, each) for each in found], next=None)


@routes.post("/filters", may="filter.read", status=201, refuses=("conflict",))
async def add_filter(call: Call, body: finding.NewFilter) -> finding.Filter:
    """A new list."""
    if body.shared and not allow(call.actor, "filter.share"):
        raise ApiError("forbidden", "lists for everybody are made by supervisors")
    query, by = _kept(body.query), call.actor.id

    def unit(tx: Tx) -> str:
        made = filters.add(tx, name=body.name, shared=body.shared, query=query, by=by)
        if not made:
            raise ApiError("conflict", f"there are {filters.MOST} lists, and that is enough")
        return made

    return await _one(call, await call.once(unit))


@routes.patch("/filters/{filter_id}", may="filter.read")
async def change_filter(call: Call, filter_id: str, body: finding.FilterChange) -> finding.Filter:
    """Another name, other conversations."""
    query, by = _kept(body.query), call.actor.id

    def unit(tx: Tx) -> str:
        _mine(call, filters.one(tx, filter_id))
        filters.change(tx, filter_id, name=body.name, query=query, by=by)
        return filter_id

    return await _one(call, await call.once(unit))


@routes.delete("/filters/{filter_id}", may="filter.read")
async def remove_filter(call: Call, filter_id: str) -> models.Done:
    """Gone; its conversations are where they were."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        _mine(call, filters.one(tx, filter_id))
        filters.remove(tx, filter_id, by=by)
        return filter_id

    await call.once(unit)
    return models.Done()


def _may_change(call: Call, found: Filter) -> bool:
    return allow(call.actor, "filter.share") if found.shared else found.owner_id == call.actor.id


def _mine(call: Call, found: Filter | None) -> Filter:
    """Raises ApiError. Another's own list is not there."""
    if found is None or not (found.shared or found.owner_id == call.actor.id):
        raise not_found()
    if not _may_change(call, found):
        raise ApiError("forbidden", "lists for everybody are changed by supervisors")
    return found


def _kept(query: finding.Narrowed) -> dict[str, Any]:
    kept: dict[str, Any] = query.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    if not kept:
        raise ApiError(
            "invalid", "some fields are not right", fields={"query": "a list of everything is there already"}
        )
    return kept


async def _one(call: Call, filter_id: str) -> finding.Filter:
    found = await call.store.read(lambda tx: filters.one(tx, filter_id))
    if found is None:
        raise not_found()
    return await _shown(call, found)


async def _shown(call: Call, each: Filter) -> finding.Filter:
    count, more = await _count(call, each)
    return finding.Filter(
        id=each.id,
        name=each.name,
        shared=each.shared,
        mine=_may_change(call, each),
        query=dict(each.query),
        count=count,
        more=more,
        updated_at=rfc3339(each.updated_at),
    )


async def _count(call: Call, each: Filter) -> tuple[int, bool]:
    """How many there are as far as a few short reads see; whether there may be more."""
    query = models.ConversationQuery.model_validate(dict(each.query))
    wanted, after, count = wanting.wanted(call, query), None, 0
    for _ in range(ROUNDS):
        read = partial(listing.count, wanted=wanted, after=after, limit=COUNTED + 1 - count)
        found, after = await call.store.read(read)
        count += found
        if after is None or count > COUNTED:
            break
    return min(count, COUNTED), after is not None or count > COUNTED
