"""What every command needs: where it hangs, its configuration, the administrator's door, tables and last words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from gateway.admin import AdminError, Call
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


def _group(about: str, **more: Any) -> typer.Typer:
    return typer.Typer(help=about, no_args_is_help=True, add_completion=False, rich_markup_mode=None, **more)


app = _group(
    "One gateway for every channel on which people ask for insurance.", cls=_Door, pretty_exceptions_enable=False
)
user = _group("People who work at the desk.")
token = _group("Tokens of the JSON API.")
channels = _group("Our accounts, as their platforms see them.")
inbox = _group("Events that came in.")
outbox = _group("Messages on their way out.")
keys = _group("The keys that seal what is stored.")
audit = _group("The trail of who did what.")
for _name, _each in {
    "user": user, "token": token, "channels": channels, "inbox": inbox, "outbox": outbox, "keys": keys, "audit": audit,
}.items():  # fmt: skip
    app.add_typer(_each, name=_name)


@app.callback(epilog=EVERYWHERE)
def _root(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")] = DEFAULT,
) -> None:
    ctx.obj = config


def fail(line: str, status: int = 1) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(status)


def settings(ctx: typer.Context, *, port: int | None = None) -> Config:
    """The configuration, or exit status 2 with one line a mistake."""
    from gateway.config import ConfigError, load

    try:
        return load(ctx.obj, os.environ, port=port)
    except ConfigError as err:
        fail("\n".join(err.problems), 2)


def do(ctx: typer.Context, work: Callable[[Call], Awaitable[T]]) -> T:
    """Run `work` at the administrator's door; exit 1 with a line when it is refused. Only where no gateway runs the
    configuration must be right, with every secret."""
    from gateway import logs
    from gateway.admin import AdminError, admin, beside
    from gateway.config import socket_of
    from storage.errors import AlreadyRunning, SchemaNewer, StorageUnavailable
    from storage.keys import KeyBroken

    async def inside() -> T:
        async with beside(socket_of(ctx.obj, os.environ)) as running:
            if running is not None:
                return await work(running)
        config = settings(ctx)
        logs.setup(level="warning", format=config.logging.format, secrets=config.secrets)
        async with admin(config) as call:
            return await work(call)

    try:
        return asyncio.run(inside())
    except AdminError as err:
        fail("not in this version" if _absent(err) else err.line())
    except (AlreadyRunning, SchemaNewer, StorageUnavailable, KeyBroken, OSError) as err:
        fail(str(err))


def _absent(err: AdminError) -> bool:
    """Whether it is the path that is not there."""
    return err.status == 404 and (err.code != "not_found" or str(err) == "Not Found")


def ask(ctx: typer.Context, method: str, path: str, body: Any = None) -> Any:
    async def work(call: Call) -> Any:
        return await call(method, path, body)

    return do(ctx, work)


async def on(call: Call, path: str, which: str, act: str) -> None:
    """POST to one of a list, by its id. Raises AdminError, naming what is not there."""
    from gateway.admin import AdminError

    try:
        await call("POST", f"{path}/{quote(which, safe='')}/{act}", {})
    except AdminError as err:
        if err.status != 404 or _absent(err):
            raise
        raise AdminError(404, "not_found", f"{which}: there is no such id in the list") from err


def narrowed(path: str, **given: str) -> str:
    """A list's path with what narrows it."""
    told = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{told}" if told else path


async def every(call: Call, path: str) -> list[dict[str, Any]]:
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


def table(items: Iterable[dict[str, Any]], columns: str) -> None:
    """Columns with tabs between: readable, and easy to cut."""
    names = columns.split()
    typer.echo("\t".join(names))
    for item in items:
        typer.echo("\t".join(_cell(item.get(name)) for name in names))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else " ".join(str(value).split())


def listed(ctx: typer.Context, path: str, columns: str) -> None:
    table(do(ctx, lambda call: every(call, path)), columns)
