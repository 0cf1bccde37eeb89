"""The loops of a running gateway: deliver what was claimed, poll where there is no webhook, fetch customers' files."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from channels.contract import (
    ChannelError,
    Delivery,
    DeliveryUnknown,
    MalformedPayload,
    NeedsReauth,
    Permanent,
    outbound_from_json,
)
from gateway.verdict import AskHuman, Dead, ParkAccount, RetryAt, verdict
from gateway.webhooks import unreadable
from storage import outbox
from storage.killpoints import kp
from storage.outbox import Outcome, SendJob

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("workers")
CALL_S: Final = 20.0  # the client's own limits are shorter; this one holds whatever a client does
FILE_CALL_S: Final = 75.0
STOP_S: Final = 10.0


class Sender:
    """Calls the platforms for rows that the store's thread has claimed, conversations side by side."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

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
        try:
            external_id = await self._call(job)
        except ChannelError as err:
            outcome = self._failed(job, err, started_ms, started)
        except asyncio.CancelledError:
            raise  # the row stays `sending`: the next start calls it unknown
        except Exception as err:
            log.exception("send.bug", outbox=job.id, account=job.account_id, error=type(err).__name__)
            outcome = self._failed(job, DeliveryUnknown(f"our own error: {type(err).__name__}"), started_ms, started)
        else:
            outcome = Outcome(
                job=job, state="sent", external_id=external_id, started_at=started_ms, took_ms=_since(started)
            )
        parts.store.gates.release(job.account_id)
        kp("send.after_call")
        parts.store.mark(outcome)
        parts.metrics.sends.labels(job.account_id, outcome.state).inc()
        parts.metrics.send_seconds.labels(job.account_id).observe(outcome.took_ms / 1000)

    async def _call(self, job: SendJob) -> str:
        account = self.parts.accounts.get(job.account_id)
        client = self.parts.clients.get(job.account_id)
        if account is None or client is None:
            raise NeedsReauth("the account is not in the configuration")
        data = b""
        file = job.body.get("file")
        if file:
            try:
                data = await self.parts.read_file(file[0])
            except FileNotFoundError as err:
                raise Permanent("the file is gone", reason="file_gone") from err
        message = outbound_from_json(job.id, job.body, file_data=data)
        request = self.parts.adapters[account.channel].render(message, account)
        kp("send.before_call")
        try:
            async with asyncio.timeout(FILE_CALL_S if file else CALL_S):
                return await client.call(request)
        except TimeoutError as err:
            raise DeliveryUnknown("no answer in time") from err

    def _failed(self, job: SendJob, err: ChannelError, started_ms: int, started: float) -> Outcome:
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
            idempotent=capabilities.idempotent,
            unknown_blocks=capabilities.unknown_blocks,
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
        match decided:
            case RetryAt():
                throttled = None
                if decided.account_pause_ms:
                    parts.store.gates.pause(job.account_id, now + decided.account_pause_ms)
                    throttled = ("throttled", "too many requests", now + decided.account_pause_ms)
                return Outcome(
                    state="retry_wait",
                    not_before=decided.at_ms,
                    tried=decided.counts,
                    error=_word(err),
                    account=throttled,
                    **common,
                )
            case ParkAccount():
                parts.store.gates.break_(job.account_id, decided.reason)
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


async def claim_due(parts: Parts) -> int:
    """The net under the hot path: rows whose time has come, rows that the rates held back, rows of another boot."""
    now = parts.clock.ms()
    accounts = []
    for account_id in parts.clients:
        gate = parts.store.gates.of(account_id)
        if (
            gate is not None
            and not gate.broken
            and not gate.closed
            and gate.paused_until <= now
            and gate.in_flight < gate.slots
        ):
            accounts.append(account_id)
    if not accounts:
        return 0
    return await parts.store.run(lambda tx: outbox.claim(tx, accounts=accounts))


async def pump(parts: Parts) -> None:
    """Look for due sends for ever: often while something was held back, seldom otherwise."""
    while True:
        held = False
        for account_id in parts.clients:
            gate = parts.store.gates.of(account_id)
            if gate is not None and gate.refused:
                gate.refused, held = False, True
        with contextlib.suppress(Exception):  # storage trouble shows in readiness; the next look tries again
            await claim_due(parts)
        await asyncio.sleep(0.05 if held else 0.5)


async def poll(parts: Parts, account_id: str) -> None:
    """Fetch an account's updates for ever; the next batch is asked for only after this one is committed."""
    account, client = parts.accounts[account_id], parts.clients[account_id]
    adapter = parts.adapters[account.channel]
    polling: Any = client
    while True:
        try:
            async for batch in polling.batches():
                await _take(parts, account_id, adapter, batch)
                kp("poll.before_confirm")
        except asyncio.CancelledError:
            raise
        except NeedsReauth as err:
            parts.store.gates.break_(account_id, str(err))
            log.error("poll.refused", account=account_id, reason=str(err))  # noqa: TRY400
            await asyncio.sleep(30)
        except Exception as err:
            log.exception("poll.failed", account=account_id, error=type(err).__name__)
            await asyncio.sleep(1)


async def _take(parts: Parts, account_id: str, adapter: Any, batch: Any) -> None:
    """A batch must be stored, whatever it takes: its offset is confirmed afterwards."""
    account = parts.accounts[account_id]
    while True:
        try:
            events: list[Any] = []
            aside = []
            for delivery in batch:
                try:
                    events.extend(adapter.parse(delivery, account))
                except MalformedPayload as err:
                    log.warning("poll.unreadable", account=account_id, reason=str(err))
                    aside.append(unreadable(account, _bytes(delivery), str(err)))
            if aside:
                await parts.store.ingest(aside)
            if events:
                fresh = await parts.ingest(account, events)
                for event, new in zip(events, fresh, strict=True):
                    if new:
                        parts.noticed(account, event)
                        parts.metrics.events.labels(event.channel, event.account, event.kind.value).inc()
        except Exception as err:
            log.warning("poll.not_stored", account=account_id, error=type(err).__name__)
            await asyncio.sleep(1)
        else:
            return


def _bytes(delivery: Delivery) -> bytes:
    return delivery.body
