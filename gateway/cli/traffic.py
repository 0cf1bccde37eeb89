"""Our accounts and the bot on them, what came in and what goes out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.door import (
    EVERYWHERE,
    app,
    ask,
    channels,
    do,
    every,
    fail,
    inbox,
    listed,
    narrowed,
    on,
    outbox,
    settings,
)

if TYPE_CHECKING:
    from gateway.admin import Call


@channels.command("status", epilog=EVERYWHERE)
def channels_status(ctx: typer.Context) -> None:
    """Each account: its state with us, what came and went, what to do, and what its platform says of it."""
    from gateway import setup

    async def work(call: Call) -> list[str]:
        ours = {item["id"]: setup.standing(item) for item in await every(call, "/accounts")}
        theirs = (await call("GET", "/platforms"))["items"]
        return ["\t".join([one["id"], ours.get(one["id"], "-"), *one["said"]]) for one in theirs]

    for line in do(ctx, work):
        typer.echo(line)


@channels.command("setup", epilog=EVERYWHERE)
def channels_setup(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="[CHANNEL:NAME]", help="Default: all.")] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Tell the platforms where to deliver and what to show.

    Webhooks, commands, menus, start buttons; and what is left to do by hand. May be repeated at any time. The gateway
    should be running: some platforms ask its address meanwhile. `run` never does this.
    """
    from gateway import setup

    config = settings(ctx)
    if account and config.account(account) is None:
        fail(f"{account}: no such account; there are {', '.join(one.id for one in config.accounts) or 'none'}")
    good, lines = asyncio.run(setup.register(config, account, dry=dry))
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if good else 1)


@app.command(epilog=EVERYWHERE)
def bot(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="[on|off]", help="Without: how it stands.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="CHANNEL:NAME", help="Only there.")] = "",
) -> None:
    """Switch the bot on, or off: people only."""
    if to not in ("", "on", "off"):
        fail("write on or off", 2)
    if to:
        change = {"accounts": {account: to == "on"}} if account else {"bot": to == "on"}
        ask(ctx, "PATCH", "/switches", change)
    typer.echo(json.dumps(ask(ctx, "GET", "/switches"), ensure_ascii=False))


# ---- what came in, what goes out


@inbox.command("list", epilog=EVERYWHERE)
def inbox_list(
    ctx: typer.Context,
    state: Annotated[str, typer.Option("--state", help="new, done, ignored or quarantined")] = "quarantined",
    channel: Annotated[str, typer.Option("--channel")] = "",
) -> None:
    """Events by state; those in quarantine when nothing is said."""
    listed(ctx, narrowed("/events", state=state, channel=channel), "id channel account kind state reason received_at")


@inbox.command("replay", epilog=EVERYWHERE)
def inbox_replay(ctx: typer.Context, events: Annotated[list[str], typer.Argument(metavar="ID…")]) -> None:
    """Read events in quarantine again."""

    async def work(call: Call) -> None:
        for event in events:
            await on(call, "/events", event, "replay")
            typer.echo(f"{event} is read again")

    do(ctx, work)


@outbox.command("list", epilog=EVERYWHERE)
def outbox_list(
    ctx: typer.Context,
    state: Annotated[str, typer.Option("--state", help="queued, sending, unknown, unconfirmed, failed, …")] = "",
) -> None:
    """Messages that are not through yet, or those of a state."""
    listed(ctx, narrowed("/outbox", state=state), "id account state attempts error not_before created_at")


@outbox.command("resend", epilog=EVERYWHERE)
def outbox_resend(ctx: typer.Context, message: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Send a failed or unconfirmed message once more.

    As a new one: where it had arrived after all, the customer sees it twice.
    """
    do(ctx, lambda call: on(call, "/outbox", message, "resend"))
    typer.echo(f"{message} is queued again")
