"""What a platform's webhook did not bring, while we were down or it had given us up: read where the platform keeps it.

Its events have the keys that the webhook's have, so what did come is a duplicate and changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

from channels.contract import ChannelError
from gateway.webhooks import keep, understood
from storage import visits
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from channels.contract import Account
    from gateway.parts import Parts

log = structlog.get_logger("catchup")
EVERY_S: Final = 300.0
BACK_MS: Final = 120_000  # before the last that came: others may have been on their way
LOOK_MS: Final = 15 * 60_000  # while all goes well
FARTHEST_MS: Final = 7 * 86_400_000  # who wrote longer ago than this can hardly be answered any more


class CatchUp:
    """Accounts whose client can read what was missed. `start` before anything new comes in, then `run` now and then."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._since: dict[str, int | None] = {}

    async def start(self) -> None:
        """Note when each was last heard of, before anything new comes in."""
        for account_id in self._able():
            self._since[account_id] = await self.parts.store.run(partial(visits.last_heard, account_id=account_id))

    async def run(self) -> None:
        for account_id, client in self._able().items():
            if account_id in self._since:
                await self._first(account_id, client)
            else:
                await self._look(account_id, client, self.parts.clock.ms() - LOOK_MS, thorough=False)

    async def _first(self, account_id: str, client: Any) -> None:
        """All since we last heard of it; an account that was never heard of has no past with us."""
        heard = self._since[account_id]
        since = max((heard or 0) - BACK_MS, self.parts.clock.ms() - FARTHEST_MS)
        if heard is None or await self._look(account_id, client, since, thorough=True):
            del self._since[account_id]

    def _able(self) -> dict[str, Any]:
        return {
            account_id: client
            for account_id, client in self.parts.clients.items()
            if hasattr(client, "missed") and self.parts.accounts[account_id].get("catch_up", True)
        }

    async def _look(self, account_id: str, client: Any, since_ms: int, *, thorough: bool) -> bool:
        """True when the platform answered and all of it is stored."""
        account: Account = self.parts.accounts[account_id]
        adapter = self.parts.adapters[account.channel]
        try:
            deliveries = await client.missed(since_ms, thorough=thorough)
            brought = [one for delivery in deliveries for one in understood(self.parts, adapter, account, delivery)]
            fresh = await keep(self.parts, account, brought)
        except (ChannelError, StorageUnavailable) as err:
            log.warning("catchup.failed", account=account_id, reason=str(err))
            return False
        if fresh:
            log.warning("catchup.found", account=account_id, count=fresh)
        return True
