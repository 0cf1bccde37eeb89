"""What is done when somebody writes, beside his answer: he sees that he was seen, and we ask what he is called."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from channels.contract import SAID, Account, ChannelError, InboundEvent, Profile
from channels.facebook.sides import BY_REF
from channels.house import House

KNOWN: Final = 10_000  # people who were asked about
AT_ONCE: Final = 50  # small calls under way: beyond these they are left out
SEEN: Final = "mark_seen"  # not typing_on: nobody knows here whether anybody types


class Beside:
    """`act` -- (thread, sender_action) · `profile` -- of a thread. Nothing waits for it, and nothing fails with it."""

    def __init__(
        self,
        account: Account,
        *,
        act: Callable[[str, str], Awaitable[None]],
        profile: Callable[[str], Awaitable[Profile]],
    ) -> None:
        self._account = account
        self._act, self._profile = act, profile
        self._known: set[str] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.house: House | None = None

    def noticed(self, event: InboundEvent) -> None:
        if event.account.startswith("?") or event.standby or event.kind not in SAID or event.thread.startswith(BY_REF):
            return
        if self._account.get("seen"):
            self._begin(self._seen(event.thread))
        if self._account.get("profiles") and self.house is not None and event.thread not in self._known:
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known.add(event.thread)
            self._begin(self._name(event.thread, self.house))

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self.tasks) >= AT_ONCE:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _seen(self, thread: str) -> None:
        with contextlib.suppress(ChannelError):
            await self._act(thread, SEEN)

    async def _name(self, thread: str, house: House) -> None:
        try:
            found = await self._profile(thread)
        except ChannelError:
            self._known.discard(thread)  # asked again with his next word
            return
        if found.name:
            await house.named(thread, found.name)
