"""`gateway channels status` and `setup`: what the platforms say of our accounts, and telling them where we are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from channels import registry
from channels.contract import Account, ChannelError
from channels.errands import BY_HAND
from gateway import clicks
from gateway.desk.words import Words

if TYPE_CHECKING:
    from gateway.config import Config

DRY: Final = "would be done: "


async def said(config: Config, running: Mapping[str, Any]) -> dict[str, list[str]]:
    """What each account's platform says of it, in cells. `running` -- clients by account: the one that runs has the
    tokens that change with every use; where there is none, one is made."""
    cells = await asyncio.gather(
        *(_said(account, hook(config, account), running.get(account.id)) for account in config.accounts)
    )
    return {account.id: found for account, found in zip(config.accounts, cells, strict=True)}


def standing(item: Mapping[str, Any]) -> str:
    """An account of the API in one cell a fact, with tabs between."""
    words = Words().page("en")["channels"]["todo"]
    facts = [
        " ".join([item["state"], item["reason"]]).strip(),
        f"in={item['last_in_at'] or 'never'}",
        f"out={item['last_out_at'] or 'never'}",
        f"failed={item['failed']}/{item['calls']}",
        f"waiting={item['waiting']}",
    ]
    if item["token_state"]:
        until = f" until {item['token_until']}" if item["token_until"] else ""
        facts.append(f"token={item['token_state']}{until}")
    told = {
        "hours": item["silent_hours"],
        "closing": item["window_closing"],
        "since": item["oldest_waiting_at"],
        "until": item["token_until"],
    }
    facts += [f"do: {words[code].format(**item, **told)}" for code in item["todo"]]
    return "\t".join(facts)


async def _said(account: Account, url: str, running: Any) -> list[str]:
    async with contextlib.nullcontext(running) if running is not None else _client(account) as client:
        ask = getattr(client, "status", None)
        if ask is None:
            return ["our own, nothing to ask"]
        try:
            told: dict[str, Any] = await ask()
            if (check := getattr(client, "check", None)) is not None:
                told["trouble"] = await check(url)
        except ChannelError as err:
            return [f"failed: {err}"]
    return [f"{key}={_told(key, value)}" for key, value in told.items() if value not in ("", None)]


def _told(key: str, value: Any) -> str:
    if key.endswith("_at") and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).isoformat() if value else "never"
    return " ".join(str(value).split())


async def register(config: Config, only: str = "", *, dry: bool = False) -> tuple[bool, list[str]]:
    """Tell each platform where to deliver and what to show: (all went well, what was done and what is left to do by hand,
    in lines). May be done again at any time. `dry` -- nothing is done, only said."""
    good, lines = True, []
    for account in config.accounts:
        if not only or account.id == only:
            done, said = await _register(account, config, dry=dry)
            good &= done
            lines += [f"{account.id}: {line}" for line in said]
    return good, lines


async def _register(account: Account, config: Config, *, dry: bool) -> tuple[bool, list[str]]:
    address = hook(config, account)
    lines = clicks.lines(config, account, address)
    async with _client(account) as client:
        tell = getattr(client, "setup", None)
        if tell is None:
            return True, lines or ["nothing to register"]
        try:
            async for line in tell(address, dry=dry):
                lines.append(f"{DRY}{line}" if dry and not line.startswith(BY_HAND) else line)
        except ChannelError as err:
            return False, [*lines, f"failed: {err}"]
    return True, lines


def hook(config: Config, account: Account) -> str:
    """Where an account's platform delivers."""
    return f"{config.public_url}/hooks/{account.channel}/{account.name}"


@contextlib.asynccontextmanager
async def _client(account: Account) -> AsyncIterator[Any]:
    """The account's client, closed afterwards; None where there is no platform."""
    adapter = registry.adapter(account.channel)
    if adapter.client is None:
        yield None
        return
    if adapter.prepare is not None:
        await asyncio.to_thread(adapter.prepare)
    client = adapter.client(account)
    try:
        yield client
    finally:
        await client.close()
