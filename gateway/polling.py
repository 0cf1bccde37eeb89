"""Accounts whose platform is asked, where no webhook comes: what a poll brings is kept before it is confirmed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from channels.contract import Adapter, Delivery, NeedsReauth
from gateway import pump
from gateway.webhooks import keep, understood
from storage.errors import StorageUnavailable
from storage.killpoints import kp

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("polling")
POLL_AGAIN_S = 30.0  # after a poll that was refused


async def poll(parts: Parts, account_id: str) -> None:
    """Fetch an account's updates for ever; the next batch is asked for only after this one is committed."""
    account, client = parts.accounts[account_id], parts.clients[account_id]
    adapter = parts.adapters[account.channel]
    polling: Any = client
    while True:
        try:
            async for batch in polling.batches():
                await _deaf(parts, account_id, "")
                await _take(parts, account_id, adapter, batch)
                kp("poll.before_confirm")
        except NeedsReauth as err:
            await _deaf(parts, account_id, str(err) or "refused")
            await asyncio.sleep(POLL_AGAIN_S)
        except Exception as err:
            log.exception("poll.failed", account=account_id, error=type(err).__name__)
            await asyncio.sleep(1)


async def _deaf(parts: Parts, account_id: str, reason: str) -> None:
    """Polling is refused, or works again: its row says so. What may be sent is another question."""
    gate = parts.store.gates.of(account_id)
    if gate is None or gate.deaf == reason:
        return
    gate.deaf = reason
    if reason:
        log.error("poll.refused", account=account_id, reason=reason)
    with contextlib.suppress(StorageUnavailable):  # the pump tries again
        await pump.show(parts, account_id, gate)


async def _take(parts: Parts, account_id: str, adapter: Adapter, batch: Sequence[Delivery]) -> None:
    """A batch must be stored, whatever it takes: its offset is confirmed afterwards."""
    account = parts.accounts[account_id]
    brought = [one for delivery in batch for one in understood(parts, adapter, account, delivery)]
    while True:
        try:
            await keep(parts, account, brought)
        except Exception as err:
            log.warning("poll.not_stored", account=account_id, error=type(err).__name__)
            await asyncio.sleep(1)
        else:
            return
