"""What people do by hand for accounts that have no platform to be told: addresses to paste, a tag for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from channels.contract import Account
from channels.errands import by_hand

if TYPE_CHECKING:
    from gateway.config import Config

FORM: Final = "name, phone, email, message, url_page, utm_source, utm_campaign, form_id"
CALL: Final = "call_id, event (ringing, answered, missed, ended), direction, from, to, agent, started_at, duration_s, recording_url"


def lines(config: Config, account: Account, hook: str) -> list[str]:
    """A line each; [] for channels whose platform is told."""
    find = CHANNELS.get(account.channel)
    return [] if find is None else find(config, account, hook)


def _posted(fields: str, where: str) -> Callable[[Config, Account, str], list[str]]:
    def found(_config: Config, account: Account, hook: str) -> list[str]:
        mapped = account.get("fields")
        ours = (
            f"; of {', '.join(f'{theirs} as {name}' for name, theirs in mapped.items())}"
            if isinstance(mapped, Mapping) and mapped
            else ""
        )
        return [
            by_hand(f"{where}: POST to {hook}/<secret>, or to {hook} with the header Authorization: Bearer <secret>"),
            by_hand(f"fields, as JSON or as a form: {fields}{ours}"),
        ]  # fmt: skip

    return found


def _webchat(config: Config, account: Account, _hook: str) -> list[str]:
    ours = config.public_url
    several = [one for one in config.accounts if one.channel == "webchat"][:1] != [account]
    tag = f'<script src="{ours}/chat/widget.js" async{f" data-account={chr(34)}{account.name}{chr(34)}" if several else ""}></script>'
    origins = account.get("origins") or ()
    if not origins:
        return [f"our own page: {ours}/", by_hand("for other sites: list them in `origins`, restart, ask again")]
    return [
        f"our own page: {ours}/",
        *(f"may be shown on {origin}" for origin in origins),
        by_hand(f"before </body> of those sites: {tag}"),
        by_hand(f"where they have a Content-Security-Policy: script-src {ours}; frame-src {ours}"),
    ]


CHANNELS: Final[Mapping[str, Callable[[Config, Account, str], list[str]]]] = {
    "leads": _posted(FORM, "in the form builder, Webhook"),
    "hotline": _posted(CALL, "in the call centre's settings, Webhook of calls"),
    "webchat": _webchat,
}
