"""The process itself: run, demo, understand, check-config, migrate."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.door import DEFAULT, EVERYWHERE, app, do, settings

if TYPE_CHECKING:
    from gateway.admin import Call


@app.command(epilog=EVERYWHERE)
def run(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option("--port", help="Overrides server.port; 0 takes any free one.")] = None,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM."""
    config = settings(ctx, port=port)
    from gateway.process import run as serve

    raise typer.Exit(serve(config))


@app.command(epilog=EVERYWHERE)
def demo(
    ctx: typer.Context,
    port: Annotated[
        int | None, typer.Option("--port", help="Default: 8080, or any free one when it is taken (as 0 says).")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="One finite story, quickly; exit status 0 when it held.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Who comes, under which name and number.")] = 1,
) -> None:
    """Play the whole story: stand-ins of the platforms, customers, an advisor.

    On a throw-away folder of its own. Of the configuration only what it says of the agency is used.
    """
    path: Path | None = ctx.obj
    if path == DEFAULT and not DEFAULT.exists():
        path = None  # the demonstration's own values
    else:
        settings(ctx, port=port)
    from gateway.demo.play import run as play

    raise typer.Exit(play(path, port=port, once=once, seed=seed))


@app.command()
def understand() -> None:
    """What a sentence means.

    JSON lines {"text", "context"?} on stdin become {"intent", "entities", "also"?} on stdout, one for one.
    """
    from handlers.understanding.cli import run as read

    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # whatever the locale says
    try:
        read(sys.stdin, sys.stdout)
    except BrokenPipeError:  # whoever reads has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command("check-config", epilog=EVERYWHERE)
def check_config(ctx: typer.Context) -> None:
    """Say what is wrong with the configuration.

    One line a mistake, and exit status 2 when it would be refused.
    """
    config = settings(ctx)
    from gateway.checking import findings

    typer.echo(f"{config.path.name}: sound; accounts: {', '.join(account.id for account in config.accounts) or 'none'}")
    for line in findings(config):
        typer.echo(line)


@app.command(epilog=EVERYWHERE)
def migrate(ctx: typer.Context) -> None:
    """Bring an empty or older database up to date.

    Every other command does so before its own work.
    """

    async def nothing(_: Call) -> None:
        """Being let in is enough."""

    do(ctx, nothing)
    typer.echo("the database is up to date")
