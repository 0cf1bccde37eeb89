"""What is kept: backup and restore, a person's data, keys, the audit trail."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.door import EVERYWHERE, app, ask, audit, do, fail, keys, settings, table

if TYPE_CHECKING:
    from gateway.admin import Call

WHO: Final = "An id, or a telephone number or e-mail address in any habit of writing."
PURPOSES: Final = "access (he asked for it), claim, dispute, authority or check"
GROUNDS: Final = "request, withdrawal, purpose_over or unlawful"


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
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help=WHO)],
    output: Annotated[Path | None, typer.Option("--output", help="Default: export-ID.zip in this folder.")] = None,
    purpose: Annotated[str, typer.Option("--purpose", help=PURPOSES)] = "access",
) -> None:
    """Everything we hold of a person, in clear: a zip with a page to read, JSON and his files.

    The purpose is written down in the audit trail.
    """

    async def work(call: Call) -> tuple[Path, bytes]:
        someone = await _meant(call, contact)
        target = output or Path(f"export-{someone['id']}.zip")
        if target.exists():
            fail(f"{target}: exists")
        return target, await call("POST", f"/contacts/{someone['id']}/export", {"purpose": purpose})

    target, data = do(ctx, work)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as err:
        fail(f"{target}: {err.strerror}")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    typer.echo(f"{target}: {len(data) / 1e6:.1f} MB, purpose {purpose}; it is in clear: hand it over and delete it")


@app.command(epilog=EVERYWHERE)
def erase(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help=WHO)],
    reason: Annotated[str, typer.Option("--reason", help=GROUNDS)] = "request",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person: rows, files and keys.

    Says first what goes, and what the law keeps. There is no way back, from a backup either. Stopped in the middle, it goes
    on by itself at the next start, or when it is called again.
    """

    async def work(call: Call) -> Any:
        someone = await _meant(call, contact)
        plan = await call("GET", f"/contacts/{someone['id']}/erasure")
        for line in _told(someone, plan):
            typer.echo(line)
        if not yes and not typer.confirm(f"Erase {someone['name'] or someone['id']} for ever?", err=True):
            fail("nothing was erased")
        return await call("POST", f"/contacts/{someone['id']}/erase", {"reason": reason})

    done = do(ctx, work)
    proof = done["proof"]
    if done["state"] == "running":
        typer.echo("his rows, files and keys are gone; somebody looks at the database as it was (a backup?)")
        typer.echo("the gateway writes its pages anew once that has ended, and proves it: list it by the API")
        return
    typer.echo(f"{done['contact_id']} is erased; rows left: {proof.get('rows', 0)}")
    if "bytes" in proof:
        found = ", ".join(f"{kind} {count} times" for kind, count in proof["found"].items()) or "nothing of him"
        typer.echo(f"looked through {proof['bytes'] / 1e6:.1f} MB of the database's bytes: {found}")
    typer.echo("now: make a backup. Older archives do not open what was his once the new archive of keys is in place")


async def _meant(call: Call, who: str) -> dict[str, Any]:
    """The one whom somebody means; several are listed."""
    found = (await call("POST", "/privacy/find", {"who": who}))["items"]
    if not found:
        fail(f"{who}: nobody, or erased already")
    if len(found) > 1:
        rows = [{**one, "phones": " ".join(one["phones"]), "channels": " ".join(one["channels"])} for one in found]
        table(rows, "id name phones channels created_at")
        fail(f"{who}: {len(found)} people; name one by his id, or merge them first")
    someone: dict[str, Any] = found[0]
    return someone


def _told(someone: dict[str, Any], plan: dict[str, Any]) -> list[str]:
    others = f", with {len(plan['contacts']) - 1} merged into him" if len(plan["contacts"]) > 1 else ""
    reached = " ".join((*someone["phones"], *someone["emails"], *someone["channels"]))
    goes = ", ".join(f"{count} {name}" for name, count in sorted(plan["goes"].items())) or "nothing"
    lines = [f"{someone['id']}  {someone['name']}  {reached}{others}", f"goes: {goes}"]
    stays = [
        f"stays: {stay['kind']} {stay['id']} until {stay['until'][:10]}: {stay['reason']}" for stay in plan["stays"]
    ]
    return lines + (stays or ["stays: nothing"])


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
