"""A conversation on paper: one page that a browser prints or keeps as PDF, masked for whom it is made, and in the audit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from gateway.api import masks, show
from gateway.api.allow import SEES_ALL, Actor, allow
from handlers import schedule, stages
from handlers.taps import PRODUCTS
from storage import audit, listing, transcript
from storage.times import at
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

MOST: Final = 2000  # messages, the last ones
PAGE: Final = 200
WHEN: Final = "%H:%M:%S %d/%m/%Y"
DAY: Final = "%d/%m/%Y"
HIDDEN: Final = frozenset({"callback_time", "other_products"})


async def sheet(parts: Parts, actor: Actor, conversation_id: str, *, notes: bool) -> Mapping[str, Any] | None:
    """What the page shows; None when there is no such conversation. That it was printed is written first."""

    def write(tx: Tx) -> bool:
        if listing.one(tx, conversation_id) is None:
            return False
        fields = ("messages", "slots", "notes") if notes else ("messages", "slots")
        audit.write(
            tx,
            actor=actor.id,
            action="conversation.print",
            object_type="conversation",
            object_id=conversation_id,
            fields=fields,
        )
        return True

    if not await parts.store.run(write):
        return None
    row = await parts.store.read(lambda tx: listing.one(tx, conversation_id))
    if row is None:
        return None
    said, more = await _said(parts, conversation_id, notes=notes)
    plain = allow(actor, "unmask", show.thing(row))
    business = parts.config.business()

    def moment(ms: int, form: str = WHEN) -> str:
        return _local(at(ms), business).strftime(form)

    name = row.contact_name or str(row.slots.get("name") or row.display_name)
    facts = {key: str(value) for key, value in row.slots.items() if isinstance(value, str | int) and key not in HIDDEN}
    if facts.get("product") in PRODUCTS:
        facts["product"] = parts.texts.button(f"p_{facts['product']}", row.lang or "vi")
    return {
        "name": name if plain else masks.name(name),
        "masked": not plain,
        "row": row,
        "channel": _channel(parts, f"{row.channel}:{row.account}"),
        "code": str(row.state.get("code", "")),
        "opened": moment(row.opened_at),
        "ended": (stages.ending(row.stage, row.outcome), moment(row.closed_at)) if row.closed_at is not None else None,
        "facts": _facts(actor, facts, plain=plain, names=show.names(row)),
        "days": _days(said, moment, plain=plain, names=show.names(row)),
        "cut": MOST if more else 0,
        "now": moment(parts.clock.ms()),
        "notes": notes,
    }


def _facts(actor: Actor, facts: dict[str, str], *, plain: bool, names: Sequence[str]) -> dict[str, Any]:
    if not plain:
        return masks.slots(facts, names)
    return facts if {actor.role, actor.own_role} & SEES_ALL else masks.guarded(facts)


async def _said(parts: Parts, conversation_id: str, *, notes: bool) -> tuple[list[transcript.Message], bool]:
    """The last messages, ascending; read in bites, so that others get their turn."""
    found: list[transcript.Message] = []
    seq, more = transcript.LAST_SEQ, True
    while more and len(found) < MOST:
        before = seq
        page, more = await parts.store.read(
            lambda tx, before=before: transcript.before(tx, conversation_id, before, limit=PAGE, notes=notes)  # type: ignore[misc]
        )
        if not page:
            break
        found = [*page, *found]
        seq = page[0].seq
    return found, more


def _days(
    said: list[transcript.Message], moment: Any, *, plain: bool, names: Sequence[str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    days: list[tuple[str, list[dict[str, Any]]]] = []
    for one in said:
        day = moment(one.said_at, DAY)
        if not days or days[-1][0] != day:
            days.append((day, []))
        earlier = [str(each) for each in one.body.get("before", ())] if one.direction == "outbound" else []
        days[-1][1].append(
            {
                "at": moment(one.said_at, "%H:%M:%S"),
                "author": one.author,
                "direction": one.direction,
                "advisor": one.advisor[1] if one.advisor else "",
                "text": one.text if plain else masks.text(one.text, names),
                "earlier": earlier if plain else [masks.text(each, names) for each in earlier],
                "gone": bool(one.body.get("taken_back")),
                "kind": one.kind,
                "details": _details(one, plain=plain, names=names),
                "files": [each.name or each.kind for each in one.attachments]
                if plain
                else [each.kind for each in one.attachments],
                "status": one.status if one.direction == "outbound" else "",
                "cause": "cause_" + re.sub(r"\W", "_", one.error) if one.error else "",
            }
        )
    return days


def _details(one: transcript.Message, *, plain: bool, names: Sequence[str]) -> list[str]:
    """What a message says beside its text: a place, a number, what was filled in or told on the telephone."""
    body = one.body
    told: list[str] = []
    if body.get("location"):
        told.append(", ".join(f"{float(each):.5f}" for each in body["location"]) if plain else "***")
    if contact := body.get("contact"):
        shown = contact if plain else masks.slots(contact)
        told.append(", ".join(str(shown[key]) for key in ("name", "phone") if shown.get(key)))
    if extra := body.get("extra"):
        filled = extra if plain else show.filled(extra, names)
        told += [f"{key}: {each}" for key, each in filled.items() if each]
    return [each for each in told if each]


def _channel(parts: Parts, account_id: str) -> str:
    """As people call it; an account that is no longer configured by its own name."""
    channel, _, name = account_id.partition(":")
    account = parts.accounts.get(account_id)
    title = parts.adapters[channel].capabilities.title if account is not None else channel
    return f"{title} · {name}"


def _local(moment: datetime, business: Any) -> datetime:
    return schedule.local(moment, business)
