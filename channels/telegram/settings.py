"""What an account of config.yaml says, and what it lacks."""

from __future__ import annotations

import re
from typing import Final

from channels.contract import Account

API_URL: Final = "https://api.telegram.org"
RECEIVE: Final = ("polling", "webhook")
UPDATES: Final = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
BUSINESS: Final = (
    "business_connection", "business_message", "edited_business_message", "deleted_business_messages",
)  # fmt: skip

_TOKEN: Final = re.compile(r"[0-9]+:[!-~]+")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{32,256}")


def token_of(account: Account) -> str:
    return next(iter(_several(account.get("token"))), "")


def is_token(value: str) -> bool:
    return _TOKEN.fullmatch(value) is not None


def secrets_of(account: Account) -> list[str]:
    """The webhook's secrets, the newest first; a second one is good while Telegram changes over."""
    return _several(account.get("secret"))


def _several(given: object) -> list[str]:
    return [str(value) for value in (given if isinstance(given, (list, tuple)) else [given]) if value]


def receives(account: Account) -> str:
    return str(account.get("receive") or "polling")


def wanted(account: Account) -> list[str]:
    """The kinds of update that Telegram is asked for."""
    return [*UPDATES, *(BUSINESS if account.get("business") else ())]


def problems(account: Account) -> list[str]:
    """What keeps the account from starting, a line each, without the values."""
    found = []
    token, secrets = token_of(account), secrets_of(account)
    if not token:
        found.append("token: is missing; BotFather gives it")
    elif not is_token(token):
        found.append("token: does not look like 123456789:AA…, as BotFather gives it")
    if receives(account) not in RECEIVE:
        found.append(f"receive: must be one of {', '.join(RECEIVE)}")
    elif receives(account) == "webhook":
        if not secrets:
            found.append("secret: is missing; receive: webhook needs 32 or more of A-Z a-z 0-9 _ -, made by you")
        elif len(secrets) > 2:
            found.append("secret: at most two may be good at a time")
        elif not all(_SECRET.fullmatch(secret) for secret in secrets):
            found.append("secret: must be 32 to 256 of A-Z a-z 0-9 _ -")
    return found
