"""The first-run guide: how far a newcomer is, by what has happened."""

from __future__ import annotations

from gateway.api.declare import Call, Routes
from gateway.api.fields import Answer, Id, Request
from storage import guide

routes = Routes("guide")


class Guide(Answer):
    """`customer`: the conversation of the web chat to take, null before somebody wrote; `answered`: it is over."""

    way_in: bool
    customer: Id | None
    answered: bool
    dismissed: bool


class GuideWish(Request):
    dismissed: bool


@routes.get("/guide", may="guide.see")
async def get_guide(call: Call) -> Guide:
    """The three steps to the first conversation that was answered."""
    return await _now(call)


@routes.post("/guide", may="guide.see", keyed=False)
async def wish_guide(call: Call, body: GuideWish) -> Guide:
    """Not to be shown it unasked any more, or to be again."""
    me = call.actor.id
    await call.store.run(lambda tx: guide.dismiss(tx, me, off=body.dismissed))
    return await _now(call)


async def _now(call: Call) -> Guide:
    me = call.actor.id
    now = await call.store.read(lambda tx: guide.progress(tx, me))
    return Guide(way_in=now.way_in, customer=now.customer or None, answered=now.answered, dismissed=now.dismissed)
