"""Delivers what was claimed: one platform call a row, conversations side by side, and what each call brought."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from channels import outbound
from channels.contract import (
    Account,
    ChannelError,
    Client,
    DeliveryUnknown,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
)
from channels.deadlines import Deadlines
from gateway import doclinks, filecheck
from gateway.api import window
from gateway.verdict import AskHuman, Dead, ParkAccount, RetryAt, answered, verdict
from storage.errors import StorageUnavailable
from storage.keys import KeyMissing
from storage.killpoints import kp
from storage.outbox import Outcome, SendJob

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("sender")
CALL_S: Final = 20.0  # the client's own limits are shorter; this one holds whatever a client does
FILE_CALL_S: Final = 75.0
STOP_S: Final = 10.0
FLOOD_CHATS: Final = 3  # so many chats told to slow down within FLOOD_MS: it is the account that is too fast
FLOOD_MS: Final = 10_000
WAITED_MS: Final = 60_000  # what waited this long may have outlived the platform's window


class Sender:
    """Calls the platforms for rows that the store's thread has claimed, conversations side by side."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._deadlines = Deadlines()
        self._slowed: dict[str, dict[str, int]] = defaultdict(dict)  # account -> chat -> when it was told to slow down

    def start(self, jobs: list[SendJob]) -> None:
        """From the store, after the commit that made them `sending`."""
        for job in jobs:
            task = asyncio.create_task(self._send(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Nothing new is claimed (the gates are closed); what is in flight may finish. The rest stays `sending` and
        is unknown to the next start."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        for task in self._tasks:
            task.cancel()

    async def _send(self, job: SendJob) -> None:
        parts = self.parts
        started_ms, started = parts.clock.ms(), time.monotonic()
        asked = False
        try:
            client, request, seconds = await self._prepared(job)
            asked = True
            external_id = await self._ask(client, request, seconds)
        except ChannelError as err:
            silent = asked and self._heard(job, err)
            outcome = self._failed(job, err, started_ms, started, silent=silent)
        except asyncio.CancelledError:
            raise  # the row stays `sending`: the next start calls it unknown
        except Exception as err:
            log.exception("send.bug", outbox=job.id, account=job.account_id, error=type(err).__name__)
            outcome = self._failed(job, DeliveryUnknown(f"our own error: {type(err).__name__}"), started_ms, started)
        else:
            self._heard(job)
            outcome = Outcome(
                job=job, state="sent", external_id=external_id, started_at=started_ms, took_ms=_since(started)
            )
        parts.store.gates.release(job.account_id)
        kp("send.after_call")
        parts.store.mark(outcome)
        parts.metrics.called(job.account_id, outcome.state, outcome.took_ms / 1000)

    async def _prepared(self, job: SendJob) -> tuple[Client, Any, float]:
        """Whom to call, with what, and for how many seconds at most. Raises ChannelError."""
        account = self.parts.accounts.get(job.account_id)
        client = self.parts.clients.get(job.account_id)
        if account is None or client is None:
            raise NeedsReauth("the account is not in the configuration")
        if await self._outlived(job, account):
            raise Permanent("the platform's window closed while it waited", reason="window")
        try:
            file = job.body.get("file")
            data = await self._file(file[0]) if file else b""
            message = outbound.from_json(job.id, job.body, file_data=data)
            if message.beside and message.file:
                message = await self._smaller(account, message, message.file)
            if message.link:
                message = replace(message, text=await self._linked(job, message))
            request = self.parts.adapters[account.channel].render(message, account)
        except ChannelError:
            raise
        except Exception as err:  # nothing has left: whatever it was, it is not unknown
            log.exception("send.not_rendered", outbox=job.id, account=job.account_id, error=type(err).__name__)
            raise Permanent(f"our own error: {type(err).__name__}", reason="bad_request") from err
        return (
            client,
            request,
            max(FILE_CALL_S if file else CALL_S, self.parts.adapters[account.channel].capabilities.call_s),
        )

    async def _ask(self, client: Client, request: Any, seconds: float) -> str:
        """The platform's message id. Raises ChannelError."""
        kp("send.before_call")
        try:
            with self._deadlines.within(seconds):
                return await client.call(request)
        except TimeoutError as err:
            raise DeliveryUnknown("no answer in time") from err

    def _heard(self, job: SendJob, err: ChannelError | None = None) -> bool:
        """Tell the account's circuit what a call brought. True when it was open, and is: then that holds the row back."""
        gates, now, account_id = self.parts.store.gates, self.parts.clock.ms(), job.account_id
        spoke = True if err is None else answered(err)
        if spoke is None:
            return False
        if spoke:
            if gates.answered(account_id, now):
                log.info("account.up", account=account_id)
            return False
        jitter = random.uniform(0.8, 1.2)  # noqa: S311
        silent, opened = gates.unanswered(account_id, now, jitter=jitter, again=job.attempts > 0)
        if opened and not silent:
            log.error("account.down", account=account_id, reason=str(err))
        return silent

    async def _outlived(self, job: SendJob, account: Account) -> bool:
        """Whether the platform's window closed on what waited here: it is shown, and not said all the same."""
        parts = self.parts
        if parts.clock.ms() - job.created_at < WAITED_MS or job.body.get("template"):
            return False
        carries = parts.adapters[account.channel].carries(account)
        with contextlib.suppress(StorageUnavailable):
            human = bool(job.body.get("human"))
            return await parts.store.read(lambda tx: window.over(tx, carries, job.id, human=human))
        return False  # the platform knows it too

    async def _smaller(self, account: Account, message: OutboundMessage, file: OutboundFile) -> OutboundMessage:
        """With its picture as small as the channel wants it, or with a link to it. The file that is kept stays as it is."""
        carries = self.parts.adapters[account.channel].carries(account)
        most = carries.picture_bytes(file.mime, file.size)
        if not most:
            return message
        try:
            return replace(message, file=await filecheck.smaller(file, most))
        except filecheck.FileRefused as err:
            log.warning("send.picture_as_link", outbox=message.id, account=account.id, reason=err.code)
        text = "\n\n".join(filter(None, (message.text, message.beside)))
        return replace(message, file=None, link=file.id, text=text)

    async def _linked(self, job: SendJob, message: OutboundMessage) -> str:
        """The text with the address of its file, which a repeated send finds again."""
        try:
            address = await doclinks.address(
                self.parts, account_id=job.account_id, file_id=message.link, link_id=message.id
            )
        except StorageUnavailable as err:
            raise Retryable("no address for the file can be noted now") from err
        return f"{message.text}\n{address}"

    async def _file(self, file_id: str) -> bytes:
        try:
            return await self.parts.read_file(file_id)
        except (FileNotFoundError, KeyMissing, KeyError) as err:
            raise Permanent("the file is gone", reason="file_gone") from err
        except (StorageUnavailable, OSError) as err:
            raise Retryable(f"the file cannot be read now: {type(err).__name__}") from err

    def _flooded(self, job: SendJob, now: int) -> bool:
        """A chat of this account was told to slow down. Were others, just now?"""
        recent = {chat: ms for chat, ms in self._slowed[job.account_id].items() if now - ms < FLOOD_MS}
        recent[job.point_id] = now
        self._slowed[job.account_id] = recent
        return len(recent) >= FLOOD_CHATS

    def _pause(self, account_id: str, until_ms: int) -> tuple[str, str, int | None]:
        """Nothing of this account leaves until then. What its row says now."""
        gates = self.parts.store.gates
        gates.pause(account_id, until_ms)
        gate = gates.of(account_id)
        if gate is None:
            return "throttled", "too many requests", until_ms
        gate.shown = None  # the outcome writes the row
        return gate.state(self.parts.clock.ms())

    def _failed(
        self, job: SendJob, err: ChannelError, started_ms: int, started: float, *, silent: bool = False
    ) -> Outcome:
        parts = self.parts
        now = parts.clock.ms()
        capabilities = parts.adapters[job.account_id.partition(":")[0]].capabilities
        decided = verdict(
            err,
            attempts=job.attempts,
            now_ms=now,
            created_ms=job.created_at,
            not_after=job.not_after,
            klass=job.klass,
            idempotent=capabilities.idempotent or bool(job.body.get("edits")),  # said twice, it reads the same
            unknown_blocks=capabilities.unknown_blocks,
            echo_ms=capabilities.echo_s * 1000,
            flooded=isinstance(err, RateLimited) and self._flooded(job, now),
            silent=silent,
            jitter=random.uniform(0.5, 1),  # noqa: S311
        )
        common: dict[str, Any] = {
            "job": job,
            "started_at": started_ms,
            "took_ms": _since(started),
            "code": err.code,
            "detail": f"{type(err).__name__}: {err}",
        }
        log.info(
            "send.failed",
            outbox=job.id,
            account=job.account_id,
            error=type(err).__name__,
            code=err.code,
            verdict=type(decided).__name__,
        )
        if isinstance(decided, RetryAt | Dead) and decided.account_pause_ms:
            common["account"] = self._pause(job.account_id, now + decided.account_pause_ms)
        match decided:
            case RetryAt():
                return Outcome(
                    state="retry_wait",
                    not_before=decided.at_ms,
                    tried=decided.counts,
                    error=_word(err),
                    **common,
                )
            case ParkAccount():
                parts.store.gates.break_(job.account_id, decided.reason)
                if (gate := parts.store.gates.of(job.account_id)) is not None:
                    gate.shown = None  # the outcome writes the row
                log.error("account.parked", account=job.account_id, reason=decided.reason)
                return Outcome(
                    state="retry_wait",
                    not_before=now,
                    tried=False,
                    error="auth_broken",
                    account=("auth_broken", decided.reason, None),
                    **common,
                )
            case AskHuman():
                return Outcome(state="unknown", error="answer_lost", blocks_ms=decided.blocks_ms, **common)
            case Dead():
                return Outcome(state="failed", error=decided.reason, **common)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _word(err: ChannelError) -> str:
    return {"Retryable": "not_reached", "RateLimited": "throttled", "DeliveryUnknown": "answer_lost"}.get(
        type(err).__name__, "failed"
    )
