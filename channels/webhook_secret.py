"""Who may post where no platform signs: whoever knows the secret of the account."""

from __future__ import annotations

import hmac
from typing import Final

from channels.contract import Account, Delivery, WebhookRejected

PLACEHOLDERS: Final = frozenset({"changeme", "change-me", "change_me", "default", "password", "123456"})


def secrets_of(account: Account) -> tuple[str, ...]:
    """The account's active secrets, one or two while one takes the other's place; () = none, nothing is accepted."""
    given = account.get("secret")
    listed = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else []
    return tuple(one for one in listed if isinstance(one, str) and one)


def verify(delivery: Delivery, account: Account) -> None:
    """The secret as the last part of the address, or as a header; compared in constant time. Raises WebhookRejected."""
    scheme, _, bearer = delivery.headers.get("Authorization", "").strip().partition(" ")
    shown = [delivery.secret, delivery.headers.get("X-Webhook-Token", "")]
    if scheme.lower() == "bearer":
        shown.append(bearer.strip())
    presented = [one.encode("utf-8", "surrogatepass") for one in shown if one]
    known = [one.encode() for one in secrets_of(account)]
    matched = [hmac.compare_digest(one, other) for one in presented for other in known]
    if not any(matched):
        raise WebhookRejected(f"{account.channel}: {'wrong' if presented else 'no'} secret")


def problems(account: Account) -> list[str]:
    """What the account lacks."""
    return placeholders(account) if secrets_of(account) else ["secret: is missing"]


def placeholders(account: Account) -> list[str]:
    """A secret that everybody knows is none."""
    if not any(one.lower() in PLACEHOLDERS for one in secrets_of(account)):
        return []
    make = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
    return [f"secret: is a word that stands in examples; this makes a good one: {make}"]
