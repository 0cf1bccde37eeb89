"""Delivering updates to the bot's webhook: one queue a chat, the next update only after the last one's ack.

Rules read in the open-source Bot API server (WebhookActor.cpp, 2026-11): any 2xx is an ack; the first retry comes at
once, then the delay doubles up to a random cap of 60-120 s; Retry-After is honoured, at most an hour; an update that
would outlive its date is dropped.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.demo.standins.clock import Clock

from .post import Answer, Poster, PostFailed
from .records import Delivery
from .wire import Json, dumps

MAX_RETRY_AFTER: Final = 3600
RESEND_CAP: Final = 60.0  # doubled at most, at random

Lane = tuple[str, int]


@dataclass(slots=True)
class Pending:
    """An update that the bot has not acknowledged. `expires_at`: unix seconds on the stand-in's clock."""

    update: Json
    lane: Lane
    expires_at: float
    attempts: int = 0

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What setWebhook said."""

    url: str
    secret: str = ""
    max_connections: int = 40


@dataclass(slots=True, kw_only=True)
class Habits:
    """How the stand-in delivers. `redeliver`: the probability that an ack is lost and the update comes once more."""

    redeliver: float = 0.0
    read_timeout: float = 60.0


class Webhook:
    """Queues in parallel, up to max_connections; each in order. `done` hears of acks and of updates given up."""

    def __init__(
        self,
        hook: Hook,
        *,
        clock: Clock,
        habits: Habits,
        rng: random.Random,
        record: Callable[[Delivery], None],
        done: Callable[[Pending], None],
        reply: Callable[[bytes], None],
    ) -> None:
        self.hook = hook
        self.last_error = ""
        self.last_error_at = 0.0
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        self._poster = Poster(hook.url, headers, read_timeout=habits.read_timeout)
        self._clock, self._habits, self._rng = clock, habits, rng
        self._record, self._done, self._reply = record, done, reply
        self._free = asyncio.Semaphore(hook.max_connections)
        self._lanes: dict[Lane, deque[Pending]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, pending: Pending) -> None:
        lane = self._lanes.get(pending.lane)
        if lane is not None:
            lane.append(pending)
            return
        self._lanes[pending.lane] = deque([pending])
        task = asyncio.get_running_loop().create_task(self._drain(pending.lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._poster.close()

    async def once(self, pending: Pending) -> Delivery:
        """Posts it once more, out of turn; whatever the answer, nothing follows from it."""
        return (await self._post(pending, again=True))[0]

    async def _drain(self, name: Lane) -> None:
        lane = self._lanes[name]
        while lane:
            await self._deliver(lane[0])
            lane.popleft()
        del self._lanes[name]

    async def _deliver(self, pending: Pending) -> None:
        """Until acknowledged or given up."""
        delay, fails, again = 1.0, 0, False
        while True:
            delivery, answer = await self._post(pending, again=again)
            if answer is not None and 200 <= answer.status < 300:
                if again or self._rng.random() >= self._habits.redeliver:
                    break
                again = True
                continue
            wait = float(min(answer.retry_after, MAX_RETRY_AFTER)) if answer else 0.0
            if not wait and fails:
                delay = wait = min(self._rng.uniform(RESEND_CAP, 2 * RESEND_CAP), delay * 2)
            fails += 1
            if self._clock.now() + wait / self._clock.speed > pending.expires_at:
                delivery.given_up = True
                break
            delivery.wait = wait
            if wait:
                await self._clock.sleep(wait)
        self._done(pending)

    async def _post(self, pending: Pending, *, again: bool) -> tuple[Delivery, Answer | None]:
        async with self._free:
            if not again:
                pending.attempts += 1
            delivery = Delivery(pending.id, pending.lane[1], pending.attempts, self._clock.now(), again=again)
            start = time.perf_counter()
            answer: Answer | None = None
            try:
                answer = await self._poster.post(dumps(pending.update))
                delivery.status = answer.status
            except PostFailed as err:
                delivery.error = str(err)
            delivery.latency = time.perf_counter() - start
        self._note(delivery, answer)
        return delivery, answer

    def _note(self, delivery: Delivery, answer: Answer | None) -> None:
        if answer is not None and not 200 <= answer.status < 300:
            delivery.error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        if delivery.error:
            self.last_error, self.last_error_at = delivery.error, delivery.at
        elif answer is not None and answer.body:
            self._reply(answer.body)
        self._record(delivery)
