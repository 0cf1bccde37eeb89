"""What an account of config.yaml says, and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from channels.contract import Account

API_URL: Final = "https://openapi.zalo.me"
OAUTH_URL: Final = "https://oauth.zaloapp.com"
ZBS_URL: Final = "https://business.openapi.zalo.me"
BAD_MAC: Final = ("401", "403", "200")

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{4,128}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def app_id(account: Account) -> str:
    return str(account.get("app_id") or "")


def oa_id(account: Account) -> str:
    return str(account.get("oa_id") or "")


def app_secret(account: Account) -> str:
    return str(account.get("app_secret") or "")


def webhook_secrets(account: Account) -> list[str]:
    """The OA secret keys, the newest first; a second one is good while it is being reset."""
    return _several(account.get("oa_secret_key"))


def first_refresh_token(account: Account) -> str:
    return next(iter(_several(account.get("refresh_token"))), "")


def bad_mac_status(account: Account) -> int:
    """401; the console's check of the address wants 200."""
    return int(account.get("bad_mac_status") or 401)


@dataclass(frozen=True, slots=True)
class Approved:
    """A template. `number` -- Zalo's, '' when there is none · `values` -- its parameters with our names of what they say;
    without any all that we know goes by its own name · `by_phone` -- it goes to telephone numbers only."""

    number: str
    values: Mapping[str, str]
    by_phone: bool


def template_of(account: Account, purpose: str) -> Approved:
    """The approved template for a purpose: `418820 customer_name=ten policy_no=so_hop_dong`, with the word `by_phone`
    where it goes to numbers only."""
    known = account.get("templates") or {}
    number, *named = (str(known.get(purpose) or "").split() if isinstance(known, Mapping) else []) or [""]
    return Approved(number, dict(one.split("=", 1) for one in named if "=" in one), "by_phone" in named)


def url(account: Account, key: str, default: str) -> str:
    return str(account.get(key) or default)


def family(account: Account) -> list[Account]:
    """The account and those that share its app, and so its webhook."""
    return [account, *(one for one in account.siblings if app_id(one) == app_id(account))]


def _several(given: object) -> list[str]:
    return [str(value) for value in (given if isinstance(given, (list, tuple)) else [given]) if value]


def problems(account: Account) -> list[str]:
    """What keeps the account from starting, a line each, without the values."""
    found = []
    for key, what in (("app_id", "the app's page shows it"), ("oa_id", "the official account's page shows it")):
        value = str(account.get(key) or "")
        if not value:
            found.append(f"{key}: is missing; {what}")
        elif not _ID.fullmatch(value):
            found.append(f"{key}: is no id; {what}")
    secrets = webhook_secrets(account)
    if not app_secret(account):
        found.append("app_secret: is missing; the app's settings show it")
    if not secrets:
        found.append("oa_secret_key: is missing; the webhook's page shows it (it is not the app's secret)")
    elif len(secrets) > 2:
        found.append("oa_secret_key: at most two may be good at a time")
    if not first_refresh_token(account):
        found.append("refresh_token: is missing; the API explorer gives one, or /oauth/zalo/… later")
    verifier = str(account.get("pkce_verifier") or "")
    if verifier and not _VERIFIER.fullmatch(verifier):
        found.append("pkce_verifier: must be 43 to 128 of A-Z a-z 0-9 . _ ~ -")
    code = str(account.get("site_verification") or "")
    if code and not _CODE.fullmatch(code):
        found.append("site_verification: is not the code of zalo_verifier<code>.html")
    return found
