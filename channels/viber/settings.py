"""What an account of config.yaml says, and what it lacks."""

from __future__ import annotations

import re
from typing import Final

from channels.contract import Account

API_URL: Final = "https://chatapi.viber.com"
SENDER: Final = "IBAOHIEM"
SENDER_LENGTH: Final = 28

_TOKEN: Final = re.compile(r"[\x21-\x7e]{16,256}")


def tokens(account: Account) -> list[str]:
    """The bot's token, the newest first; a second one is good for signatures while it is being changed."""
    given = account.get("token")
    return [str(value) for value in (given if isinstance(given, (list, tuple)) else [given]) if value]


def token(account: Account) -> str:
    return next(iter(tokens(account)), "")


def api_url(account: Account) -> str:
    return str(account.get("api_url") or API_URL).rstrip("/")


def sender(account: Account) -> dict[str, str]:
    """Who speaks, as the customer sees it."""
    shown = {"name": str(account.get("sender_name") or SENDER)[:SENDER_LENGTH]}
    avatar = str(account.get("avatar_url") or "")
    return shown | ({"avatar": avatar} if avatar else {})


def problems(account: Account) -> list[str]:
    """What keeps the account from starting, a line each, without the values."""
    found = []
    given = tokens(account)
    if not given:
        found.append("token: is missing; the bot's page shows it (Edit info)")
    elif len(given) > 2:
        found.append("token: at most two may be good at a time")
    elif not all(_TOKEN.fullmatch(one) for one in given):
        found.append("token: is no token of a bot; the bot's page shows it (Edit info)")
    if len(str(account.get("sender_name") or "")) > SENDER_LENGTH:
        found.append(f"sender_name: Viber shows at most {SENDER_LENGTH} characters")
    return found
