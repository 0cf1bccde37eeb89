"""Whose a delivery is: `X-Hub-Signature-256` over the bytes as they came; and the handshake of the address."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from channels.contract import Account, Delivery, WebhookRejected
from channels.facebook.settings import app_secrets, verify_tokens

HEADER: Final = "X-Hub-Signature-256"

_CHALLENGE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")  # anything else could be a page of somebody's


def verify(delivery: Delivery, account: Account) -> None:
    """Meta escapes letters before it signs: whoever reads the body and writes it anew has other bytes. Raises
    WebhookRejected."""
    header = delivery.headers.get(HEADER) or delivery.headers.get(HEADER.lower(), "")
    given = header.encode("utf-8", "backslashreplace")  # as bytes: compare_digest raises on text that is not ASCII
    good = False
    for secret in app_secrets(account):
        good |= hmac.compare_digest(given, sign(delivery.body, secret).encode())
    if not good:
        raise WebhookRejected("facebook: wrong signature" if given else "facebook: no signature")


def sign(body: bytes, secret: str) -> str:
    """The header's value."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def greet(delivery: Delivery, account: Account) -> bytes:
    """The challenge of a GET, byte for byte. Raises WebhookRejected."""
    given = delivery.query.get("hub.verify_token", "").encode("utf-8", "backslashreplace")
    good = False
    for token in verify_tokens(account):
        good |= hmac.compare_digest(given, token.encode())
    challenge = delivery.query.get("hub.challenge", "")
    if not good or delivery.query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
        raise WebhookRejected("facebook: not our handshake", status=403)
    return challenge.encode()
