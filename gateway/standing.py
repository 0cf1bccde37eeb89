"""How each account stands, and what to do about it: the desk's page, the API and `gateway channels status` say the same.

What to do is a list of codes; their words are in gateway/desk/words.<language>.yaml, `channels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from handlers import schedule
from storage import activity
from storage.times import at
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts
    from handlers.model import Business

HOUR_MS: Final = 3_600_000
SOON_MS: Final = 2 * HOUR_MS  # a window that closes within this is worth a word
ENDS: Final = "ends"  # a key that does not renew itself, and whose end is known
ENDING_MS: Final = 7 * 24 * HOUR_MS  # a token that ends within this is worth a word
LATE_MS: Final = 120_000  # what waits for longer than this, waits too long
FAILING: Final = 0.2  # of at least
SOME_CALLS: Final = 10
EXPECTED: Final = 5.0  # so many events would have come by now, on an account as busy as this one
ENOUGH_HOURS: Final = 16  # working hours that must be known before their average means anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Times in ms, 0 = none. `state` -- ok, throttled, down, auth_broken, off · `speaks` -- messages go out there · `keyed` -- by
    a key that the platform may refuse · `token` -- state of the rotating one; of a fixed one `ends`
    (at `token_ms`), unknown, or '' where it does not end by itself · `silent_h` -- working hours without an event, when that is unusual; else 0 · `quotas` --
    what the platform told of it last: kind -> (left, of) · `todo` -- codes · `consent` -- where an administrator consents again."""

    id: str
    channel: str
    name: str
    title: str
    state: str
    reason: str = ""
    until_ms: int = 0
    bot: bool = True
    speaks: bool = True
    keyed: bool = False
    token: str = ""
    token_ms: int = 0
    in_ms: int = 0
    out_ms: int = 0
    calls: int = 0
    failed: int = 0
    waiting: int = 0
    oldest_ms: int = 0
    closing: int = 0
    silent_h: float = 0
    refused_ms: int = 0
    quotas: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    todo: tuple[str, ...] = ()
    consent: str = ""


def silence(came: activity.Came, now: datetime, business: Business) -> float:
    """Working hours since the last event, where so long a silence is unusual for this account now; else 0."""
    if not schedule.in_hours(now, business):
        return 0
    now_ms, last_ms = round(now.timestamp() * 1000), max(came.last_ms, came.since_ms)
    this, last = now_ms // HOUR_MS, last_ms // HOUR_MS
    first = max(this - activity.KEPT_HOURS, came.since_ms // HOUR_MS + 1)
    working = [hour for hour in range(first, this + 1) if schedule.in_hours(_middle(hour), business)]
    before = [hour for hour in working if hour <= last]
    silent = sum(_part(hour, last_ms, now_ms) for hour in working)
    if len(before) < ENOUGH_HOURS or silent < 1:
        return 0
    usual = sum(came.hours.get(hour, 0) for hour in before) / len(before)
    return round(silent, 1) if usual * silent >= EXPECTED else 0


def _part(hour: int, from_ms: int, to_ms: int) -> float:
    """How much of that hour lies between the two."""
    return max(0, min(to_ms, (hour + 1) * HOUR_MS) - max(from_ms, hour * HOUR_MS)) / HOUR_MS


def _middle(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC) + timedelta(minutes=30)


def _quotas(client: object) -> Mapping[str, tuple[str, str]]:
    """What the platform told of the account's limits and costs: kind -> (left, of), '' where it does not say."""
    charged = getattr(client, "charged", 0)
    return {**getattr(client, "quotas", {}), **({"charged": (str(charged), "")} if charged else {})}


def _life(client: object, token: tuple[str, int]) -> tuple[str, int]:
    """(state, end in ms) of what lets us in. `token` -- of one that changes with every use, ('', 0) where it does not."""
    if token[0]:
        return token
    ends = getattr(client, "token_until", 0)
    return ("unknown", 0) if ends is None else (ENDS, ends) if ends else ("", 0)


def todo(standing: Standing, now_ms: int) -> tuple[str, ...]:
    """What a person should do, the most urgent first; () = nothing."""
    found = []
    match standing.state:
        case "auth_broken":
            found.append("consent" if standing.consent else "token")
        case "down":
            found.append("down")
        case "throttled":
            found.append("throttled")
        case "off":
            found.append("off")
    if standing.state == "ok" and standing.reason:
        found.append("note")
    if standing.token == ENDS and standing.token_ms < now_ms + ENDING_MS:
        found.append("ending")
    if standing.silent_h:
        found.append("silent")
    if standing.refused_ms > now_ms - HOUR_MS:
        found.append("refused")
    if standing.closing:
        found.append("closing")
    if standing.calls >= SOME_CALLS and standing.failed >= FAILING * standing.calls and standing.state == "ok":
        found.append("failing")
    if standing.state == "ok" and standing.waiting and standing.oldest_ms < now_ms - LATE_MS:
        found.append("late")
    return tuple(found)


async def look(parts: Parts) -> list[Standing]:
    """All accounts, in the order of the configuration."""
    accounts = parts.accounts
    carried = {one.id: parts.adapters[one.channel].carries(one) for one in accounts.values()}
    windows = {name: can.window_hours for name, can in carried.items() if can.window_hours}

    def read(tx: Tx) -> tuple[dict[str, tuple[str, str, int | None, bool]], dict[str, activity.Came]]:
        rows = tx.all("SELECT id, state, reason, paused_until, bot FROM account")
        return {row.id: (row.state, row.reason, row.paused_until, bool(row.bot)) for row in rows}, activity.came(tx)

    rows, came = await parts.store.read(read)
    went = await parts.store.read(activity.went)
    tokens = await parts.store.read(activity.tokens)
    closing = await parts.store.read(lambda tx: activity.closing(tx, windows, within_ms=SOON_MS))
    now_ms, business = parts.clock.ms(), parts.engine.business
    found = []
    for account in accounts.values():
        state, reason, until, bot = rows.get(account.id, ("off", "", None, False))
        seen, out, client = (
            came.get(account.id, activity.Came()),
            went.get(account.id, activity.Went()),
            parts.clients.get(account.id),
        )
        token, token_ms = _life(client, tokens.get(account.id, ("", 0)))
        made = Standing(
            id=account.id,
            channel=account.channel,
            name=account.name,
            title=carried[account.id].title,
            state=state,
            reason=reason,
            until_ms=until or 0,
            bot=bot,
            speaks=carried[account.id].conversational,
            keyed=hasattr(client, "status") or bool(token),
            token=token,
            token_ms=token_ms,
            in_ms=seen.last_ms,
            out_ms=out.last_ms,
            calls=out.calls,
            failed=out.failed,
            waiting=out.waiting,
            oldest_ms=out.oldest_ms,
            closing=closing[account.id],
            silent_h=silence(seen, at(now_ms), business),
            refused_ms=seen.rejected_ms,
            quotas=_quotas(client),
            consent=f"/oauth/{account.channel}/{account.name}" if hasattr(client, "consent_url") else "",
        )  # fmt: skip
        found.append(replace(made, todo=todo(made, now_ms)))
    return found
