"""Filters as they are asked for, in storage's words; and by what an advisor may find a person."""

from __future__ import annotations

from typing import Final

from gateway.api import models
from gateway.api.allow import SEES_ALL, Actor
from gateway.api.declare import Call
from storage.narrowing import Wanted

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000


def sight(actor: Actor) -> str:
    """Whose words are all that he finds; '' = all. The data-protection officer finds everybody, masked: people ask him
    for their data."""
    sees_all = actor.role in SEES_ALL or actor.own_role in SEES_ALL or actor.role == "dpo"
    return "" if sees_all else actor.id


def wanted(call: Call, query: models.ConversationQuery, *, thread: str = "") -> Wanted:
    now = call.store.now_ms()
    return Wanted(
        channel=query.channel,
        account=query.account,
        thread=thread,
        stage=query.stage.value if query.stage else "",
        status=query.status or "",
        assignee=call.actor.id if query.assignee == "me" else query.assignee,
        label=query.label,
        contact=query.contact,
        test=query.test,
        team=f"advisor:{call.actor.id}" if query.team == "mine" else query.team or "",
        product=query.product,
        opened_since=now - query.newer_hours * HOUR_MS if query.newer_hours else 0,
        opened_until=now - query.older_hours * HOUR_MS if query.older_hours else 0,
        waiting_since=now - query.waiting_minutes * MINUTE_MS if query.waiting_minutes else 0,
        q=query.q,
        sight=sight(call.actor),
    )
