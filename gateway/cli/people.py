"""People who log in, and tokens of the JSON API."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.door import EVERYWHERE, ROLES, ask, do, every, fail, listed, token, user

if TYPE_CHECKING:
    from gateway.admin import Call


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
            fail("no password came on stdin")
    made = ask(ctx, "POST", "/users", body)
    typer.echo(f"{made['id']}  {email}  {role}")
    if made.get("password"):
        typer.echo(f"password: {made['password']}")


@user.command("list", epilog=EVERYWHERE)
def user_list(ctx: typer.Context) -> None:
    """Everybody who can log in."""
    listed(ctx, "/users", "id email name role disabled online")


async def _user_id(call: Call, who: str) -> str:
    """Of an id or an e-mail address. Raises AdminError for nobody, and for who may not come in any more."""
    from gateway.admin import AdminError

    address = who.strip().casefold()
    for item in await every(call, "/users?disabled=true"):
        if address in (item["id"], str(item.get("email") or "").casefold()):
            if item["disabled"]:
                raise AdminError(409, "wrong_state", f"{who} is disabled; `gateway user list` shows who may come in")
            return str(item["id"])
    what = "address" if "@" in who else "id"
    raise AdminError(404, "not_found", f"nobody has the {what} {who}; `gateway user list` shows everybody")


@user.command("disable", epilog=EVERYWHERE)
def user_disable(ctx: typer.Context, who: Annotated[str, typer.Argument(metavar="ID-OR-EMAIL")]) -> None:
    """Log somebody out everywhere and let him in no more."""

    async def work(call: Call) -> None:
        await call("POST", f"/users/{await _user_id(call, who)}/disable", {})

    do(ctx, work)
    typer.echo(f"{who} is disabled")


@user.command("reset", epilog=EVERYWHERE)
def user_reset(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="ID-OR-EMAIL")],
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Telephone and recovery codes are lost: take them away too.")
    ] = False,
) -> None:
    """Give somebody a new password, printed once."""

    async def work(call: Call) -> Any:
        user_id = await _user_id(call, who)
        if second_factor:
            await call("POST", f"/users/{user_id}/second-factor/reset", {})
        return await call("POST", f"/users/{user_id}/reset", {})

    typer.echo(f"password: {do(ctx, work)['password']}")


@token.command("add", epilog=EVERYWHERE)
def token_add(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    role: Annotated[str, typer.Option("--role", help=ROLES)],
) -> None:
    """Print a new API token, once, and nothing else."""
    typer.echo(ask(ctx, "POST", "/tokens", {"name": name, "role": role})["token"])


@token.command("list", epilog=EVERYWHERE)
def token_list(ctx: typer.Context) -> None:
    """The tokens that are in use, without their secrets."""
    listed(ctx, "/tokens", "id name role created_at used_at")


@token.command("revoke", epilog=EVERYWHERE)
def token_revoke(ctx: typer.Context, which: Annotated[str, typer.Argument(metavar="ID-OR-NAME")]) -> None:
    """End a token at once."""

    async def work(call: Call) -> None:
        await call("DELETE", f"/tokens/{await _token_id(call, which)}")

    do(ctx, work)
    typer.echo(f"{which} is revoked")


async def _token_id(call: Call, which: str) -> str:
    """Of an id or a name. Raises AdminError for none, and for several."""
    from gateway.admin import AdminError

    found = [str(item["id"]) for item in await every(call, "/tokens") if which in (item["id"], item["name"])]
    if not found:
        raise AdminError(404, "not_found", f"no token has the id or name {which}; `gateway token list` shows them")
    if len(found) > 1:
        raise AdminError(
            409, "several", f"{len(found)} tokens are called {which}; name one by its id: {', '.join(found)}"
        )
    return found[0]
