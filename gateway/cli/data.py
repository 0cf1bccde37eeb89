"""What is kept: backup and restore, a person's data, keys, the audit trail."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.door import EVERYWHERE, app, ask, audit, fail, keys, settings


@app.command(epilog=EVERYWHERE)
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Where the contacts' keys go; default: beside FILE.")
    ] = None,
) -> None:
    """Make an encrypted copy of database and files.

    On SQLite; while the gateway runs or not. The master keys are not in it.
    """
    from gateway import keeping

    _keep(lambda: keeping.backup(settings(ctx), file.absolute(), keys))


@app.command(epilog=EVERYWHERE)
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Newest archive of the contacts' keys; default: beside FILE.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only prove that it could be restored.")] = False,
) -> None:
    """Put a backup in place.

    On SQLite; the gateway must be stopped.
    """
    from gateway import keeping

    _keep(lambda: keeping.restore(settings(ctx), file.absolute(), keys, force=force, check=check))


def _keep(work: Callable[[], list[str]]) -> None:
    from gateway.admin import AdminError
    from gateway.archive import BackupError
    from gateway.keeping import OnPostgres
    from storage.errors import AlreadyRunning
    from storage.keys import KeyBroken

    try:
        for line in work():
            typer.echo(line)
    except OnPostgres as err:
        fail(str(err), 2)
    except AdminError as err:
        fail(err.line())
    except (BackupError, AlreadyRunning, KeyBroken, OSError) as err:
        fail(str(err))


@app.command(epilog=EVERYWHERE)
def export(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(metavar="CONTACT")],
    output: Annotated[Path | None, typer.Option("--output", help="Default: stdout.")] = None,
) -> None:
    """Everything we hold of a person, as JSON."""
    text = json.dumps(ask(ctx, "GET", f"/contacts/{contact}/export"), ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
        return
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as err:
        fail(f"{output}: {err.strerror}")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")


@app.command(epilog=EVERYWHERE)
def erase(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(metavar="CONTACT")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person: rows, files and key.

    There is no way back, from a backup either.
    """
    if not yes and not typer.confirm(f"Erase {contact} for ever?", err=True):
        fail("nothing was erased")
    ask(ctx, "POST", f"/contacts/{contact}/erase", {})
    typer.echo(f"{contact} is erased")


@keys.command("rotate", epilog=EVERYWHERE)
def keys_rotate(ctx: typer.Context) -> None:
    """Make a new master key; wrap all keys anew.

    While the gateway runs or not. Stopped in the middle, everything stays readable: call it again.
    """
    done = ask(ctx, "POST", "/keys/rotate", {})
    sealed = ", ".join(f"{count} in {table}" for table, count in done["rewrapped"].items()) or "nothing"
    typer.echo(f"version {done['version']} of the master key seals since {done['since']}; sealed anew: {sealed}")
    for old in done["put_away"]:
        typer.echo(
            f"{old['file']}: no row needs version {old['version']} any more. Archives and links from before"
            f" {done['since']} do: delete the file when the last of those archives has gone (35 days)"
        )
    if done["waits"]:
        fail(done["waits"])
    typer.echo("now: copy the folder of the keys to its third place again, and make a backup")


@keys.callback()
def _keys() -> None:
    """A group, though it has one command."""


@audit.command("verify", epilog=EVERYWHERE)
def audit_verify(ctx: typer.Context) -> None:
    """Walk the audit trail's chain.

    Exit status 1 where it is broken.
    """
    answer = ask(ctx, "GET", "/audit/verify")
    typer.echo(json.dumps(answer, ensure_ascii=False))
    raise typer.Exit(0 if answer.get("ok", True) else 1)


@audit.callback()
def _audit() -> None:
    """A group, though it has one command."""
