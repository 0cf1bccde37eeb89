"""`gateway channels status` and `setup`: what the platforms say of our accounts, and telling them where we are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from channels import registry
from channels.contract import Account, ChannelError

if TYPE_CHECKING:
    from gateway.config import Config


async def status(config: Config, ours: Mapping[str, str]) -> list[str]:
    """A line an account: its state with us (`ours`, by id) and what its platform says."""
    return list(
        await asyncio.gather(
            *(_status(account, ours.get(account.id, "-"), hook(config, account)) for account in config.accounts)
        )
    )


async def _status(account: Account, ours: str, url: str) -> str:
    async with _client(account) as client:
        ask = getattr(client, "status", None)
        if ask is None:
            return f"{account.id}\t{ours}\tour own, nothing to ask"
        try:
            said: dict[str, Any] = await ask()
            if (check := getattr(client, "check", None)) is not None:
                said["trouble"] = await check(url)
        except ChannelError as err:
            return f"{account.id}\t{ours}\tfailed: {err}"
    return "\t".join(
        [account.id, ours, *(f"{key}={_told(key, value)}" for key, value in said.items() if value not in ("", None))]
    )


def _told(key: str, value: Any) -> str:
    if key.endswith("_at") and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).isoformat() if value else "never"
    return " ".join(str(value).split())


async def register(config: Config, only: str = "") -> tuple[bool, list[str]]:
    """Tell each platform where to deliver: (all went well, what was done in lines)."""
    good, lines = True, []
    for account in config.accounts:
        if only and account.id != only:
            continue
        async with _client(account) as client:
            tell = getattr(client, "setup", None)
            if tell is None:
                lines.append(f"{account.id}: nothing to register")
                continue
            try:
                done: list[str] = await tell(hook(config, account))
            except ChannelError as err:
                good = False
                lines.append(f"{account.id}: failed: {err}")
            else:
                lines += [f"{account.id}: {line}" for line in done]
    return good, lines


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
