"""What the gateway is made of, in one value that its handlers share: `request.app[PARTS]`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web

from channels.contract import SAID, UNSAID, Account, Adapter, ChannelError, Client, InboundEvent, Kind
from channels.reading import KEPT_ASIDE
from gateway.config import Config
from gateway.hub import Hub
from gateway.pressure import Pressure
from handlers.engine import Engine
from handlers.model import Advisor
from handlers.texts import Texts
from handlers.understanding import urgent
from storage import inbox
from storage.db import Store
from storage.inbox import Arrival
from storage.times import at, ms

if TYPE_CHECKING:
    from gateway.metrics import Metrics
    from gateway.notices.herald import Herald

log = structlog.get_logger("parts")
ALBUM_MS: Final = 1000  # album items come one by one without an end mark; long texts are cut by the client
UNDER_WAY: Final = 200  # taps that are being answered: beyond these a spinner ends by itself
AT_ONCE: Final = frozenset({Kind.BUTTON, Kind.CONTACT, Kind.FOLLOW, Kind.UNFOLLOW, Kind.FORM, Kind.CALL})


class Clock:
    """Wall clock plus an offset that only the demonstration and the tests move."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms


async def _quietly(call: Awaitable[None]) -> None:
    with contextlib.suppress(ChannelError):
        await call


async def _no_files(file_id: str) -> bytes:
    raise FileNotFoundError(file_id)


@dataclass(slots=True, kw_only=True)
class Parts:
    """See the module. `adapters` by channel, `accounts` by id, `clients` by account id once it is started."""

    config: Config
    clock: Clock
    store: Store
    engine: Engine
    texts: Texts
    hub: Hub
    pressure: Pressure = field(default_factory=Pressure)
    metrics: Metrics
    adapters: Mapping[str, Adapter]
    accounts: Mapping[str, Account]
    clients: dict[str, Client] = field(default_factory=dict)
    notices: Herald | None = None  # who tells people of ours, once the application is made
    rejected: Counter[str] = field(default_factory=Counter)  # by account, until the next flush
    state: str = "starting"
    tasks: set[asyncio.Task[None]] = field(default_factory=set)  # small things under way
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)  # before the store closes, in order
    starters: list[Callable[[], Awaitable[None]]] = field(default_factory=list)  # once the store is open
    ticks: list[tuple[str, float, Callable[[], Awaitable[Any]]]] = field(default_factory=list)  # name, seconds, call
    ticker: Any = None  # from the start on: it calls them; paused, nothing is done but by hand
    read_file: Callable[[str], Awaitable[bytes]] = field(default=_no_files)  # bytes of a file in the file store

    def now(self) -> datetime:
        """Aware UTC."""
        return at(self.clock.ms())

    async def ingest(self, account: Account, events: Sequence[InboundEvent]) -> list[bool]:
        """Store events of this app's accounts; returns after the commit: True where one was new."""
        arrivals = [self.arrival(account, event) for event in events]
        return await self.store.ingest(arrivals)

    def arrival(self, account: Account, event: InboundEvent) -> Arrival:
        """The inbox row of an event. One for an account that is not ours is kept aside, and one that is malformed."""
        account_id = f"{event.channel}:{event.account}"
        if account_id not in self.accounts:
            malformed = event.account == KEPT_ASIDE
            return Arrival(
                account_id=account.id,
                key=event.key,
                kind="unreadable" if malformed else event.kind.value,
                thread="",
                body=event.raw,
                state="quarantined",
                reason=event.reason[:200] if malformed else "unknown account",
            )
        ignored = event.kind is Kind.IGNORED or not event.thread
        arrival = Arrival(
            account_id=account_id,
            key=event.key,
            kind=event.kind.value,
            thread="" if ignored else event.thread,
            body=event.raw,
            wait_ms=0 if ignored else self._wait(event),
            window_ms=event.window_ms,
            state="ignored" if ignored else "new",
            reason=event.reason,
            by_us=event.by_human,
            said_ms=0 if event.said_at == UNSAID else ms(event.said_at),
        )
        if not ignored:
            self.engine.remember(arrival.id, event)
        return arrival

    def _wait(self, event: InboundEvent) -> int:
        quiet = self.config.conversation.turn_quiet_ms
        if event.kind in AT_ONCE:
            return 0
        if event.album or event.at_limit:
            return max(ALBUM_MS, quiet)
        if event.kind in SAID and quiet and event.text and urgent(event.text):
            return 0
        return quiet

    def noticed(self, account: Account, event: InboundEvent) -> None:
        """A stored tap stops spinning on the customer's screen; if that fails, nothing is lost."""
        client = self.clients.get(account.id)
        if alarm := event.extra.get("alarm", ""):
            log.error("account.alarm", account=account.id, reason=alarm)
            self.store.gates.notice(account.id, alarm)
        if (hear := getattr(client, "noticed", None)) is not None:
            hear(event)
        answer = getattr(client, "answer_callback", None)
        callback = event.extra.get("callback_id", "")
        if answer is not None and callback and len(self.tasks) < UNDER_WAY:
            task = asyncio.create_task(_quietly(answer(callback)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def act(self, conversation_id: str, name: str, *, by: Advisor, data: Mapping[str, Any] | None = None) -> None:
        """What a person does with a conversation, in one transaction with what waits there. Raises Refused."""
        given = data or {}
        await self.store.run(lambda tx: self.engine.act(tx, conversation_id, name, by=by, data=given))

    async def flush_rejected(self) -> None:
        """Write the refused POSTs of the last second down."""
        if self.rejected:
            counts, self.rejected = self.rejected, Counter()
            try:
                await self.store.run(lambda tx: inbox.reject(tx, counts))
            except Exception:
                self.rejected.update(counts)
                raise


PARTS: Final = web.AppKey("parts", Parts)
