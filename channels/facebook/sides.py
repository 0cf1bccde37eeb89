"""Between whom an item of a delivery is: which page of ours, and which person. See docs/adr/0151."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.contract import Account
from channels.facebook.settings import family, page_id
from channels.loose import at, ident

BY_REF: Final = "user_ref:"  # begins the thread of somebody whose id the platform does not tell yet

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """Between whom. `ours` -- the page says it, to `person` · `whose` -- our name of the page, '' when none is told ·
    `foreign` -- a page that is told and not ours: its events are nobody's, whoever else is told · `within` -- both are
    pages of ours."""

    person: str
    ours: bool
    whose: str
    foreign: str
    within: bool


def sides(account: Account, entry: Raw, item: Raw) -> Sides:
    pages = {page_id(one): one.name for one in family(account)}
    entry_id, sender, recipient = ident(entry, "id"), ident(item, "sender", "id"), ident(item, "recipient", "id")
    echoed = at(item, "message") if isinstance(at(item, "message"), dict) else {}
    flagged = echoed.get("is_echo") is True
    ours = flagged or (sender != "" and (sender == entry_id or (sender in pages and recipient != entry_id)))
    person = recipient if ours else sender
    if not person and not ours and (ref := ident(item, "sender", "user_ref") or ident(item, "optin", "user_ref")):
        person = BY_REF + ref
    told = [one for one in (sender if ours else recipient, entry_id) if one]
    named = [pages[one] for one in told if one in pages]
    return Sides(
        person=person,
        ours=ours,
        whose=named[0] if named else "",
        foreign=next((one for one in reversed(told) if one not in pages), ""),
        within=sender in pages and recipient in pages,
    )
