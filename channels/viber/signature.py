"""Who may post: HMAC-SHA256 over the bytes as they came, keyed with the bot's token."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from channels.contract import Account, Delivery, WebhookRejected
from channels.viber.settings import tokens

HEADER: Final = "X-Viber-Content-Signature"


def mac(token: str, body: bytes) -> str:
    """64 hexadecimal digits."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def verify(delivery: Delivery, account: Account) -> None:
    """Raises WebhookRejected."""
    header = delivery.headers.get(HEADER) or delivery.headers.get(HEADER.lower(), "")
    given = header.encode("utf-8", "backslashreplace")  # as bytes: compare_digest raises on text that is not ASCII
    good = False
    for token in tokens(account):
        good |= hmac.compare_digest(given, mac(token, delivery.body).encode())
    if not good:
        raise WebhookRejected("viber: wrong signature" if given else "viber: no signature")
