"""The house itself: accounts, the bot's switches, figures, the audit, a copy of the database, and this document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway import setup, standing
from gateway.api import models_house as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, json_response
from storage import accounts as account_rows
from storage import audit, stats
from storage.times import ms, rfc3339
from storage.tx import Tx

routes = Routes("house")
PERIOD_MS = 30 * 86_400_000
ROUNDS = 40


@routes.get("/openapi.json", may="", anyone=True)
async def get_document(call: Call) -> web.Response:
    """This API, as OpenAPI 3.1."""
    from gateway.api import described

    return json_response(await asyncio.to_thread(described), request_id=call.id)


@routes.get("/accounts", may="account.read")
async def list_accounts(call: Call) -> models.Accounts:
    """Our accounts on the platforms, and whether they work."""
    items = [
        models.AccountState(
            id=one.id,
            channel=one.channel,
            name=one.name,
            state=one.state,
            reason=one.reason,
            paused_until=rfc3339(one.until_ms or None),
            bot=one.bot,
            last_in_at=rfc3339(one.in_ms or None),
            last_out_at=rfc3339(one.out_ms or None),
            calls=one.calls,
            failed=one.failed,
            waiting=one.waiting,
            oldest_waiting_at=rfc3339(one.oldest_ms or None),
            window_closing=one.closing,
            silent_hours=one.silent_h,
            token_state=one.token,
            token_until=rfc3339(one.token_ms or None),
            todo=list(one.todo),
        )
        for one in sorted(await standing.look(call.parts), key=lambda one: one.id)
    ]
    return models.Accounts(items=items, next=None)


@routes.get("/platforms", may="platform.ask")
async def ask_platforms(call: Call) -> models.Platforms:
    """Each account's platform is asked what it says of us. Through the admin socket only: it calls out."""
    said = await setup.said(call.parts.config, call.parts.clients)
    return models.Platforms(
        items=[models.PlatformSaid(id=name, said=lines) for name, lines in sorted(said.items())], next=None
    )


@routes.get("/switches", may="switch.read")
async def get_switches(call: Call) -> models.Switches:
    """Is the bot on: everywhere, and account by account."""
    return await _switches(call)


async def _switches(call: Call) -> models.Switches:
    bot, each = await call.api.read_switches()
    return models.Switches(bot=bot, accounts=each)


@routes.patch("/switches", may="switch.set", refuses=("not_found",))
async def set_switches(call: Call, body: models.SwitchChange) -> models.Switches:
    """Turn the bot off, and people answer alone: each customer is told once. Or on again."""
    if body.bot is None and not body.accounts:
        raise ApiError("invalid", "nothing to switch", fields={"bot": "give this or `accounts`"})
    unknown = [name for name in body.accounts if name not in call.parts.accounts]
    if unknown:
        raise ApiError("invalid", "no such account", fields={f"accounts.{name}": "no such account" for name in unknown})
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if body.bot is not None:
            account_rows.switch(tx, body.bot)
            audit.write(
                tx, actor=by, action="bot.on" if body.bot else "bot.off", object_type="setting", object_id="bot"
            )
        for name, on in body.accounts.items():
            account_rows.switch(tx, on, account_id=name)
            audit.write(tx, actor=by, action="bot.on" if on else "bot.off", object_type="account", object_id=name)
        tx.hint("switch", "bot")
        return "bot"

    await call.once(unit)
    return await _switches(call)


# ---- figures


@routes.get("/stats", may="stats.read")
async def get_stats(call: Call) -> models.Stats:
    """Loss accounting of every account; the sums hold at any moment."""
    rows = await call.store.read(stats.accounts)
    return models.Stats(items=[models.Stat(**row._mapping) for row in rows])


@routes.get("/stats/business", may="stats.read")
async def get_business(call: Call, query: models.BusinessQuery) -> models.Business:
    """The business of a period, by channel; test conversations are left out."""
    until = ms(query.until) if query.until else call.store.now_ms()
    since = ms(query.since) if query.since else until - PERIOD_MS
    if since > until:
        raise ApiError("invalid", "the period ends before it begins", fields={"since": "later than `until`"})
    count = stats.Count(since, until)
    for step in (count.opened, count.asked):
        while await call.store.read(step):
            pass
    items = [
        models.Figures(
            channel=row.channel,
            opened=row.opened,
            handoffs=row.handoffs,
            taken=row.taken,
            in_time=row.in_time,
            won=row.won,
            lost=row.lost,
            answered_s=None if row.answered_ms is None else row.answered_ms // 1000,
        )
        for row in count.figures()
    ]
    return models.Business(items=items, since=rfc3339(since), until=rfc3339(until))


# ---- the admin door only


@routes.post("/backup", may="backup", keyed=False, refuses=("wrong_state",))
async def make_copy(call: Call, body: models.BackupWanted) -> models.BackupMade:
    """Copy the running SQLite database into a new file of this machine. Through the admin socket only."""
    from gateway import archive, backup

    if call.store.postgres:
        raise ApiError("wrong_state", "on PostgreSQL use its own tools (docs/runbook.md)")
    target = Path(body.path)
    if not target.is_absolute() or "\0" in body.path:
        raise ApiError("invalid", "name a file by its whole path", fields={"path": "not absolute"})

    def copy(connection: Any, between: Callable[[], None]) -> int:
        backup.copy(connection, target, between=between)
        return target.stat().st_size

    try:
        size = await call.store.copy(copy)
    except (archive.BackupError, OSError) as err:
        raise ApiError("wrong_state", str(err)) from None
    return models.BackupMade(path=body.path, bytes=size)
