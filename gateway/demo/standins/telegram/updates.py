"""Updates on their way to the bot: kept until acknowledged, by webhook or by long polling, never by both."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from gateway.demo.standins.clock import Clock

from .records import Delivery
from .webhook import Habits, Hook, Lane, Pending, Webhook
from .wire import ApiError, Json, bad

KINDS: Final = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message"),
    *("edited_business_message", "deleted_business_messages", "message_reaction", "message_reaction_count"),
    *("inline_query", "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query"),
    *("purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member", "chat_join_request"),
    *("chat_boost", "removed_chat_boost", "guest_message", "managed_bot", "subscription", "stopped_message_generation"),
)
UNASKED: Final = {"chat_member", "message_reaction", "message_reaction_count"}  # only when named in allowed_updates
LIVES: Final = {"callback_query": 150.0, "shipping_query": 150.0, "pre_checkout_query": 150.0, "inline_query": 30.0}
DAY: Final = 86_400.0

CONFLICT_WEBHOOK: Final = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
CONFLICT_POLL: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
CONFLICT_SET: Final = "Conflict: terminated by setWebhook request"


class Updates:
    """The bot's queue of updates."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        first_id: int,
        reply: Callable[[bytes], None],
        changed: Callable[[], None],
    ) -> None:
        self.habits = Habits()
        self.history: dict[int, Pending] = {}
        self.pending: dict[int, Pending] = {}
        self.deliveries: list[Delivery] = []
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self._clock, self._rng, self._next_id = clock, rng, first_id
        self._reply, self._changed = reply, changed
        self._poller: asyncio.Future[None] | None = None
        self._repeats: list[Json] = []
        self._paused: Hook | None = None
        self._changing = asyncio.Lock()
        self._waiters: dict[int, list[asyncio.Future[None]]] = {}

    def add(self, kind: str, body: Any, lane: Lane) -> Json:
        """The update; its id is 0 when the bot has not asked for this kind and will never see it."""
        if not self._wanted(kind):
            return {"update_id": 0, kind: body}
        update = {"update_id": self._next_id, kind: body}
        self._next_id += 1
        expires = self._clock.now() + LIVES.get(kind, DAY) / self._clock.speed
        pending = Pending(update, lane, expires)
        self.pending[pending.id] = self.history[pending.id] = pending
        if self.webhook is not None:
            self.webhook.put(pending)
        else:
            self._wake()
        return update

    def ask(self, allowed: Any) -> None:
        """allowed_updates: a list persists until the next one; an empty one is the default again."""
        if allowed is None:
            return
        if not isinstance(allowed, list) or not all(isinstance(kind, str) for kind in allowed):
            raise bad("expected an Array of String as allowed_updates")
        known = frozenset(allowed) & frozenset(KINDS)
        self.allowed = known or None

    async def acked(self, update_id: int) -> None:
        """Until the bot has acknowledged it, or the platform has given it up."""
        if update_id in self.pending:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(update_id, []).append(waiter)
            await waiter

    # --- long polling

    async def poll(self, offset: int, limit: int, timeout: int) -> list[Json]:
        """getUpdates: `offset` confirms what lies before it; `timeout` seconds of waiting when there is nothing."""
        if self.webhook is not None:
            raise ApiError(409, CONFLICT_WEBHOOK)
        self._end_poll(CONFLICT_POLL)
        if offset < 0:
            offset = next(iter(list(self.pending)[offset:]), 0)
        for pending in [pending for pending in self.pending.values() if pending.id < offset]:
            self._done(pending)
        batch = self._batch(limit)
        if batch or not timeout:
            return batch
        await self._wait(timeout)
        return self._batch(limit)

    @property
    def polled(self) -> bool:
        """Does a long poll wait for the next update?"""
        return self._poller is not None

    async def _wait(self, timeout: int) -> None:
        poller: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poller = poller
        self._changed()
        timer = asyncio.create_task(self._clock.sleep(timeout))
        timer.add_done_callback(lambda _: _wake(poller))
        try:
            await poller
        finally:
            timer.cancel()
            if self._poller is poller:
                self._poller = None

    def _batch(self, limit: int) -> list[Json]:
        now = self._clock.now()
        for pending in [pending for pending in self.pending.values() if pending.expires_at < now]:
            self._done(pending)
        repeats, self._repeats = self._repeats[:limit], self._repeats[limit:]
        fresh = islice(self.pending.values(), limit - len(repeats))
        return [*repeats, *(pending.update for pending in fresh)]

    def _wake(self) -> None:
        if self._poller is not None:
            _wake(self._poller)

    def _end_poll(self, why: str) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(ApiError(409, why))
        self._poller = None

    # --- webhook

    async def set_webhook(self, hook: Hook | None, *, drop_pending: bool) -> bool:
        """Whether anything changed. One at a time: two at once would leave two webhooks delivering."""
        async with self._changing:
            return await self._replace(hook, drop_pending=drop_pending)

    async def _replace(self, hook: Hook | None, *, drop_pending: bool) -> bool:
        before, self.webhook = self.webhook, None
        if before is not None:
            await before.close()
        if drop_pending:
            for pending in list(self.pending.values()):
                self._done(pending)
        if hook is None:
            self._changed()
            return before is not None
        self._end_poll(CONFLICT_SET)
        self.webhook = Webhook(
            hook,
            clock=self._clock,
            habits=self.habits,
            rng=self._rng,
            record=self._record,
            done=self._done,
            reply=self._reply,
        )
        for pending in self.pending.values():
            self.webhook.put(pending)
        return before is None or before.hook != hook

    async def repeat(self, ids: tuple[int, ...], *, times: int, shuffled: bool) -> list[Delivery]:
        """Delivers again what was delivered before, in turn or shuffled; a poller finds it in its next batch."""
        order = [self.history[known] for known in ids for _ in range(times)]
        if shuffled:
            self._rng.shuffle(order)
        if self.webhook is None:
            self._repeats += [pending.update for pending in order]
            self._wake()
            return []
        return [await self.webhook.once(pending) for pending in order]

    async def pause(self) -> None:
        """The platform goes down; what was told it, it still knows when it comes back."""
        self._end_poll("Conflict: the server is going down")
        webhook, self.webhook = self.webhook, None
        if webhook is not None:
            self._paused = webhook.hook
            await webhook.close()

    async def resume(self) -> None:
        hook, self._paused = self._paused, None
        if hook is not None:
            await self.set_webhook(hook, drop_pending=False)

    def _wanted(self, kind: str) -> bool:
        if self.allowed is None:
            return kind not in UNASKED
        return kind in self.allowed or kind not in KINDS

    def _record(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._changed()

    def _done(self, pending: Pending) -> None:
        self.pending.pop(pending.id, None)
        for waiter in self._waiters.pop(pending.id, ()):
            _wake(waiter)
        self._changed()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
