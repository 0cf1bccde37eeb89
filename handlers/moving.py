"""A customer who is led from one chat into another: what he is sent, and what both of them know once he is there."""

from __future__ import annotations

import re
from typing import Any, Final

from handlers import care
from handlers.captured import CONTACT, FIELDS
from handlers.draft import Draft
from handlers.model import OPEN, Acted, Advisor, Arrived, Audit, Note, OpenHandoff, Stage, TakeHandoff

REFERENCE: Final = re.compile(r"m[0-9a-v]{26}[0-9a-f]{32}")  # as gateway.tickets signs them
KEPT: Final = ("C1",)  # an application is agreed to where it is made
# What the bot would ask again: the rest stays under his key where he told it, and goes when that goes.
CARRIED: Final = (*(name for name, field in FIELDS.items() if field.stage == CONTACT), "callback_time")
TITLES: Final = {
    "telegram": "Telegram",
    "facebook": "Messenger",
    "viber": "Viber",
    "zalo": "Zalo",
    "webchat": "web chat",
}


def reference(text: str) -> str:
    """The reference in the payload of a link, or in a message that is nothing else; '' without one."""
    found = text.strip()
    return found if REFERENCE.fullmatch(found) else ""


def invite(draft: Draft, event: Acted) -> None:
    """The link. `link`, `until`, `account`; `code` where the platform's link carries nothing."""
    data = {key: str(value) for key, value in event.data.items()}
    where, link, until, code = _title(data["account"]), data["link"], data["until"], data.get("code", "")
    if code:
        draft.say("move.typed", klass="B", kenh=where, link_chuyen=link, han_link=until, ma_chuyen=code)
    else:
        draft.say("move.ask", klass="B", kenh=where, link_chuyen=link, han_link=until)
    draft.add(Audit(action="conversation.move", by=event.by, fields=(data["account"],)))


def arrived(draft: Draft, event: Arrived) -> None:
    """Where he came: he is greeted as who he is, whoever spoke with him goes on, nothing is asked twice. Where he came from: a
    note."""
    title = _title(event.other)
    if not event.known:
        draft.add(Note(text=f"Khách đã chuyển sang {title}: trao đổi tiếp ở đó."))
        return
    known = event.known
    _remember(draft, known)
    draft.add(Note(text=f"Khách chuyển từ {title} sang đây bằng liên kết của mình: cùng một người, đã gộp hồ sơ."))
    draft.say("move.arrived")
    holder = known.get("assignee")
    if draft.state.stage not in OPEN:
        return
    draft.add(OpenHandoff(reason="transfer", priority=10))
    care.put_away(draft)
    if holder:
        advisor = Advisor(**holder)
        draft.move(Stage.WITH_ADVISOR)
        draft.set(assignee=advisor, unclear=0)
        draft.add(TakeHandoff(by=advisor))
    else:
        draft.move(Stage.QUEUED)


def _remember(draft: Draft, known: Any) -> None:
    """What came with him, and who told it (storage.carried): parted from that one, this one keeps nothing of it."""
    consents = {key: value for key, value in known.get("consents", {}).items() if key in KEPT}
    new = {key: value for key, value in consents.items() if key not in draft.state.consents}
    if known.get("salutation") and known["salutation"] != draft.state.salutation:
        new["salutation"] = known["salutation"]
    draft.set(
        consents={**consents, **draft.state.consents},
        lang=known.get("lang") or draft.state.lang,
        salutation=known.get("salutation") or draft.state.salutation,
    )
    told = known.get("slots", {})
    slots = {key: told[key] for key in CARRIED if told.get(key) and not draft.state.slots.get(key)}
    draft.put(**slots)
    if draft.consented:
        new |= slots
    by = known.get("by", {})
    carried = {key: [by[key], value] for key, value in new.items() if by.get(key)}
    draft.remember(carried={**draft.state.memory.get("carried", {}), **carried} or None)


def _title(account_id: str) -> str:
    channel = account_id.partition(":")[0]
    return TITLES.get(channel, channel)
