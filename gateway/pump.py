"""The look that never ends: sends whose time has come, what an account's row says, whether a dead token lives again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from channels.contract import ChannelError
from gateway.sender import CALL_S
from storage import outbox
from storage.accounts import stand
from storage.errors import StorageUnavailable
from storage.gates import Gate
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("pump")
PROBE_S = 60.0  # between two questions whether a dead token lives again
HELD_S, IDLE_S = 0.05, 0.5  # between two looks of the pump
TELL_S: Final = 60.0


async def claim_due(parts: Parts) -> int:
    """The net under the hot path: rows whose time has come, rows that the rates held back, rows of another boot."""
    now = parts.clock.ms()
    accounts = []
    for account_id in parts.clients:
        gate = parts.store.gates.of(account_id)
        if gate is not None and gate.ready(now):
            accounts.append(account_id)
    if not accounts:
        return 0
    return await parts.store.run(lambda tx: outbox.claim(tx, accounts=accounts))


async def pump(parts: Parts) -> None:
    """Look for due sends for ever: often while something was held back, seldom otherwise. The same looks keep the
    accounts' rows true, and ask whether a dead token lives again."""
    told = -TELL_S
    probes: set[asyncio.Task[None]] = set()
    try:
        while True:
            held = False
            for account_id in parts.clients:
                gate = parts.store.gates.of(account_id)
                if gate is not None and gate.refused:
                    gate.refused, held = False, True
            for look in (lambda: claim_due(parts), lambda: _look_after(parts, probes)):
                try:
                    await look()
                except StorageUnavailable:
                    pass  # shows in readiness; the next look tries again
                except Exception as err:
                    if time.monotonic() - told >= TELL_S:
                        told = time.monotonic()
                        log.exception("pump.failed", error=type(err).__name__)
            await asyncio.sleep(HELD_S if held else IDLE_S)
    finally:
        for probe in probes:
            probe.cancel()


async def _look_after(parts: Parts, probes: set[asyncio.Task[None]]) -> None:
    now = time.monotonic()
    for account_id, client in parts.clients.items():
        gate = parts.store.gates.of(account_id)
        if gate is None:
            continue
        if (gate.deaf or gate.lapsed) and getattr(client, "trouble", "?") == "":
            gate.deaf = gate.lapsed = ""  # it polls again, there is just no news; or another process brought the token
        if gate.broken and hasattr(client, "status"):
            if gate.probe_at and now >= gate.probe_at:
                task = asyncio.create_task(_probe(parts, account_id, client))
                probes.add(task)
                task.add_done_callback(probes.discard)
            if not gate.probe_at or now >= gate.probe_at:
                gate.probe_at = now + PROBE_S
        await show(parts, account_id, gate)


async def _probe(parts: Parts, account_id: str, client: Any) -> None:
    """Ask the platform who we are. If it knows, what waits may leave."""
    try:
        async with asyncio.timeout(CALL_S):
            await getattr(client, "probe", client.status)()
    except (ChannelError, TimeoutError):
        return  # as it was
    except Exception as err:
        log.exception("probe.failed", account=account_id, error=type(err).__name__)
        return
    parts.store.gates.mend(account_id)
    log.info("account.mended", account=account_id)


async def retry(parts: Parts, account_id: str) -> str:
    """Somebody does not want to wait: ask the platform now. The account's state then; `down` while its answer is awaited."""
    gate, client = parts.store.gates.of(account_id), parts.clients.get(account_id)
    if gate is None or client is None:
        return "off"
    if gate.broken and hasattr(client, "status"):
        await _probe(parts, account_id, client)
    parts.store.gates.ask_now(account_id, parts.clock.ms())
    await show(parts, account_id, gate)
    await claim_due(parts)
    return gate.state(parts.clock.ms())[0]


async def show(parts: Parts, account_id: str, gate: Gate) -> None:
    """Write the account's row where it says something else than is so."""
    now = gate.state(parts.clock.ms())
    if now == gate.shown:
        return

    def write(tx: Tx) -> None:
        stand(tx, account_id, *now)

    await parts.store.run(write)
    gate.shown = now
