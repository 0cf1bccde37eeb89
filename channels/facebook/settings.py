"""What an account of config.yaml says, and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from channels.contract import Account

API_URL: Final = "https://graph.facebook.com"
GRAPH: Final = "v26.0"

_ID: Final = re.compile(r"[0-9]{1,32}")
_GRAPH: Final = re.compile(r"v[0-9]{1,3}\.[0-9]")


def page_id(account: Account) -> str:
    return str(account.get("page_id") or "")


def app_id(account: Account) -> str:
    return str(account.get("app_id") or "")


def page_token(account: Account) -> str:
    return next(iter(_several(account.get("page_token"))), "")


def app_secrets(account: Account) -> list[str]:
    """The newest first; a second one is good while it is being changed."""
    return _several(account.get("app_secret"))


def verify_tokens(account: Account) -> list[str]:
    return _several(account.get("verify_token"))


def api_url(account: Account) -> str:
    return str(account.get("api_url") or API_URL)


def path_of(account: Account, edge: str) -> str:
    """`/v26.0/<page>/<edge>`."""
    return f"/{graph(account)}/{page_id(account)}/{edge}"


def graph(account: Account) -> str:
    return str(account.get("graph_version") or GRAPH)


def template_of(account: Account, purpose: str) -> list[str]:
    """Name, language and parameters of the approved template for a purpose; [] when there is none."""
    known = account.get("templates") or {}
    return str(known.get(purpose) or "").split() if isinstance(known, Mapping) else []


def family(account: Account) -> list[Account]:
    """The account and those that share its app, and so its webhook."""
    return [account, *(one for one in account.siblings if app_id(one) == app_id(account))]


def _several(given: object) -> list[str]:
    return [str(value) for value in (given if isinstance(given, (list, tuple)) else [given]) if value]


def problems(account: Account) -> list[str]:
    """What keeps the account from starting, a line each, without the values."""
    found = []
    for key, what in (("page_id", "the page's settings show it"), ("app_id", "the app's dashboard shows it")):
        value = str(account.get(key) or "")
        if not value:
            found.append(f"{key}: is missing; {what}")
        elif not _ID.fullmatch(value):
            found.append(f"{key}: is no number; {what}")
    if not page_token(account):
        found.append("page_token: is missing; Messenger settings of the app give it")
    for key, known, what in (
        ("app_secret", app_secrets(account), "the app's basic settings show it"),
        ("verify_token", verify_tokens(account), "made by you, and entered in the app's webhook settings"),
    ):
        if not known:
            found.append(f"{key}: is missing; {what}")
        elif len(known) > 2:
            found.append(f"{key}: at most two may be good at a time")
    if not _GRAPH.fullmatch(graph(account)):
        found.append("graph_version: must look like v26.0")
    return found
