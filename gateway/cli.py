"""The command line. Thin: what touches data goes through the administrator's door (gateway.admin) to the API.

Heavy things are imported inside the commands: `gateway understand` and `--help` load neither aiohttp nor SQLAlchemy.
Exit status: 0 done, 1 not done (one line says why), 2 a configuration or a command line that is refused.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from gateway.admin import Call
    from gateway.config import Config

T = TypeVar("T")
DEFAULT: Final = Path("config.yaml")
ROLES: Final = "admin, supervisor, intake, advisor, dpo or integration"
EVERYWHERE: Final = "--config FILE may stand before or after the command (default: config.yaml)."


class _Door(TyperGroup):
    """Takes `--config FILE` wherever it stands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoisted(args))


def hoisted(args: list[str]) -> list[str]:
    """The arguments with every `--config FILE` before the command's name."""
    ours: list[str] = []
    rest: list[str] = []
    given = iter(args)
    for arg in given:
        if arg == "--":
            rest += [arg, *given]
        elif arg == "--config":
            ours += [arg, *(value for value in [next(given, None)] if value is not None)]
        elif arg.startswith("--config="):
            ours.append(arg)
        else:
            rest.append(arg)
    return ours + rest


def _typer(about: str, **more: Any) -> typer.Typer:
    return typer.Typer(help=about, no_args_is_help=True, add_completion=False, rich_markup_mode=None, **more)


app = _typer(
    "One gateway for every channel on which people ask for insurance.", cls=_Door, pretty_exceptions_enable=False
)
user = _typer("People who work at the desk.")
token = _typer("Tokens of the JSON API.")
channels = _typer("Our accounts, as their platforms see them.")
inbox = _typer("Events that came in.")
outbox = _typer("Messages on their way out.")
keys = _typer("The keys that seal what is stored.")
audit = _typer("The trail of who did what.")
for name, group in {
    "user": user, "token": token, "channels": channels, "inbox": inbox, "outbox": outbox, "keys": keys, "audit": audit,
}.items():  # fmt: skip
    app.add_typer(group, name=name)


# ---- what every command needs


@app.callback(epilog=EVERYWHERE)
def _root(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")] = DEFAULT,
) -> None:
    ctx.obj = config


def _fail(line: str, status: int = 1) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(status)


def _config(ctx: typer.Context, *, port: int | None = None) -> Config:
    """The configuration, or exit status 2 with one line a mistake."""
    from gateway.config import ConfigError, load

    try:
        return load(ctx.obj, os.environ, port=port)
    except ConfigError as err:
        _fail("\n".join(err.problems), 2)


def _do(ctx: typer.Context, work: Callable[[Call], Awaitable[T]]) -> T:
    """Run `work` at the administrator's door; exit 1 with a line when it is refused."""
    from gateway import logs
    from gateway.admin import AdminError, admin
    from storage.errors import AlreadyRunning, SchemaNewer, StorageUnavailable
    from storage.keys import KeyBroken

    config = _config(ctx)
    logs.setup(level="warning", format=config.logging.format, secrets=config.secrets)

    async def inside() -> T:
        async with admin(config) as call:
            return await work(call)

    try:
        return asyncio.run(inside())
    except AdminError as err:
        absent = err.status == 404 and (err.code != "not_found" or str(err) == "Not Found")  # no such path
        _fail("not in this version" if absent else err.line())
    except (AlreadyRunning, SchemaNewer, StorageUnavailable, KeyBroken, OSError) as err:
        _fail(str(err))


def _ask(ctx: typer.Context, method: str, path: str, body: Any = None) -> Any:
    async def work(call: Call) -> Any:
        return await call(method, path, body)

    return _do(ctx, work)


async def _all(call: Call, path: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        joint = "&" if "?" in path else "?"
        page = await call("GET", f"{path}{joint}limit=200" + (f"&cursor={cursor}" if cursor else ""))
        items += page["items"]
        cursor = page.get("next") or ""
        if not cursor:
            return items


def _table(items: Iterable[dict[str, Any]], columns: str) -> None:
    """Columns with tabs between: readable, and easy to cut."""
    names = columns.split()
    typer.echo("\t".join(names))
    for item in items:
        typer.echo("\t".join(_cell(item.get(name)) for name in names))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else " ".join(str(value).split())


def _list(ctx: typer.Context, path: str, columns: str) -> None:
    _table(_do(ctx, lambda call: _all(call, path)), columns)


# ---- the process


@app.command(epilog=EVERYWHERE)
def run(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option("--port", help="Overrides server.port; 0 takes any free one.")] = None,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM."""
    config = _config(ctx, port=port)
    from gateway.app import run as serve

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
        _config(ctx, port=port)
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
    config = _config(ctx)
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

    _do(ctx, nothing)
    typer.echo("the database is up to date")


# ---- people and tokens


@user.command("add", epilog=EVERYWHERE)
def user_add(
    ctx: typer.Context,
    email: Annotated[str, typer.Option("--email")],
    name: Annotated[str, typer.Option("--name")],
    role: Annotated[str, typer.Option("--role", help=ROLES)],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
) -> None:
    """Create somebody who can log in.

    Without --password-stdin a password is made and printed once.
    """
    body = {"email": email, "name": name, "role": role}
    if password_stdin:
        body["password"] = sys.stdin.readline().rstrip("\r\n")
        if not body["password"]:
            _fail("no password came on stdin")
    made = _ask(ctx, "POST", "/users", body)
    typer.echo(f"{made['id']}  {email}  {role}")
    if made.get("password"):
        typer.echo(f"password: {made['password']}")


@user.command("list", epilog=EVERYWHERE)
def user_list(ctx: typer.Context) -> None:
    """Everybody who can log in."""
    _list(ctx, "/users", "id email name role disabled online")


async def _user_id(call: Call, who: str) -> str:
    """An id, or the id of an e-mail address."""
    from gateway.admin import AdminError

    if "@" not in who:
        return who
    for item in await _all(call, "/users"):
        if str(item.get("email") or "").lower() == who.lower():
            return str(item["id"])
    raise AdminError(404, "not_found", f"nobody has the address {who}")


@user.command("disable", epilog=EVERYWHERE)
def user_disable(ctx: typer.Context, who: Annotated[str, typer.Argument(metavar="ID-OR-EMAIL")]) -> None:
    """Log somebody out everywhere and let him in no more."""

    async def work(call: Call) -> None:
        await call("POST", f"/users/{await _user_id(call, who)}/disable", {})

    _do(ctx, work)
    typer.echo(f"{who} is disabled")


@user.command("reset", epilog=EVERYWHERE)
def user_reset(ctx: typer.Context, who: Annotated[str, typer.Argument(metavar="ID-OR-EMAIL")]) -> None:
    """Give somebody a new password, printed once."""

    async def work(call: Call) -> Any:
        return await call("POST", f"/users/{await _user_id(call, who)}/reset", {})

    typer.echo(f"password: {_do(ctx, work)['password']}")


@token.command("add", epilog=EVERYWHERE)
def token_add(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    role: Annotated[str, typer.Option("--role", help=ROLES)],
) -> None:
    """Print a new API token, once, and nothing else."""
    typer.echo(_ask(ctx, "POST", "/tokens", {"name": name, "role": role})["token"])


@token.command("list", epilog=EVERYWHERE)
def token_list(ctx: typer.Context) -> None:
    """The tokens that are in use, without their secrets."""
    _list(ctx, "/tokens", "id name role created_at used_at")


@token.command("revoke", epilog=EVERYWHERE)
def token_revoke(ctx: typer.Context, token_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a token at once."""
    _ask(ctx, "DELETE", f"/tokens/{token_id}")
    typer.echo(f"{token_id} is revoked")


# ---- channels


@channels.command("status", epilog=EVERYWHERE)
def channels_status(ctx: typer.Context) -> None:
    """Each account: how it receives, its state with us, and what its platform says of it."""
    from gateway import setup

    config = _config(ctx)

    async def work(call: Call) -> dict[str, str]:
        return {item["id"]: " ".join([item["state"], item["reason"]]).strip() for item in await _all(call, "/accounts")}

    for line in asyncio.run(setup.status(config, _do(ctx, work))):
        typer.echo(line)


@channels.command("setup", epilog=EVERYWHERE)
def channels_setup(
    ctx: typer.Context, account: Annotated[str, typer.Argument(metavar="[CHANNEL:NAME]", help="Default: all.")] = ""
) -> None:
    """Tell the platforms where to deliver.

    Webhooks are registered, or taken away where updates are polled. `run` never does this.
    """
    from gateway import setup

    config = _config(ctx)
    if account and config.account(account) is None:
        _fail(f"{account}: no such account; there are {', '.join(one.id for one in config.accounts) or 'none'}")
    good, lines = asyncio.run(setup.register(config, account))
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
        _fail("write on or off", 2)
    if to:
        change = {"accounts": {account: to == "on"}} if account else {"bot": to == "on"}
        _ask(ctx, "PATCH", "/switches", change)
    typer.echo(json.dumps(_ask(ctx, "GET", "/switches"), ensure_ascii=False))


# ---- what came in, what goes out


@inbox.command("list", epilog=EVERYWHERE)
def inbox_list(
    ctx: typer.Context,
    state: Annotated[str, typer.Option("--state", help="new, done, ignored or quarantined")] = "quarantined",
    channel: Annotated[str, typer.Option("--channel")] = "",
) -> None:
    """Events by state; those in quarantine when nothing is said."""
    path = f"/events?state={state}" + (f"&channel={channel}" if channel else "")
    _list(ctx, path, "id channel account kind state reason received_at")


@inbox.command("replay", epilog=EVERYWHERE)
def inbox_replay(ctx: typer.Context, events: Annotated[list[str], typer.Argument(metavar="ID…")]) -> None:
    """Read events in quarantine again."""

    async def work(call: Call) -> None:
        for event in events:
            await call("POST", f"/events/{event}/replay", {})
            typer.echo(f"{event} is read again")

    _do(ctx, work)


@outbox.command("list", epilog=EVERYWHERE)
def outbox_list(
    ctx: typer.Context,
    state: Annotated[str, typer.Option("--state", help="queued, sending, unknown, unconfirmed, failed, …")] = "",
) -> None:
    """Messages that are not through yet, or those of a state."""
    _list(
        ctx, "/outbox" + (f"?state={state}" if state else ""), "id account state attempts error not_before created_at"
    )


@outbox.command("resend", epilog=EVERYWHERE)
def outbox_resend(ctx: typer.Context, message: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Send a failed or unconfirmed message once more.

    As a new one: where it had arrived after all, the customer sees it twice.
    """
    _ask(ctx, "POST", f"/outbox/{message}/resend", {})
    typer.echo(f"{message} is queued again")


# ---- data


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

    _keep(lambda: keeping.backup(_config(ctx), file.absolute(), keys))


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

    _keep(lambda: keeping.restore(_config(ctx), file.absolute(), keys, force=force, check=check))


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
        _fail(str(err), 2)
    except AdminError as err:
        _fail(err.line())
    except (BackupError, AlreadyRunning, KeyBroken, OSError) as err:
        _fail(str(err))


@app.command(epilog=EVERYWHERE)
def export(
    ctx: typer.Context,
    contact: Annotated[str, typer.Argument(metavar="CONTACT")],
    output: Annotated[Path | None, typer.Option("--output", help="Default: stdout.")] = None,
) -> None:
    """Everything we hold of a person, as JSON."""
    text = json.dumps(_ask(ctx, "GET", f"/contacts/{contact}/export"), ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
        return
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as err:
        _fail(f"{output}: {err.strerror}")
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
        _fail("nothing was erased")
    _ask(ctx, "POST", f"/contacts/{contact}/erase", {})
    typer.echo(f"{contact} is erased")


@keys.command("rotate", epilog=EVERYWHERE)
def keys_rotate(ctx: typer.Context) -> None:
    """Make a new master key; wrap all keys anew."""
    typer.echo(json.dumps(_ask(ctx, "POST", "/keys/rotate", {}), ensure_ascii=False))


@keys.callback()
def _keys() -> None:
    """A group, though it has one command."""


@audit.command("verify", epilog=EVERYWHERE)
def audit_verify(ctx: typer.Context) -> None:
    """Walk the audit trail's chain.

    Exit status 1 where it is broken.
    """
    answer = _ask(ctx, "GET", "/audit/verify")
    typer.echo(json.dumps(answer, ensure_ascii=False))
    raise typer.Exit(0 if answer.get("ok", True) else 1)


@audit.callback()
def _audit() -> None:
    """A group, though it has one command."""
