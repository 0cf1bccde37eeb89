"""Tokens of the doors that an advisor gives a customer: signed, short enough for every platform's start parameter."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from gateway.doclinks import reachable
from storage import tickets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gateway.parts import Parts
    from storage.tx import Tx

PURPOSE: Final = "tickets"
MAC: Final = 32  # hexadecimal digits: 128 bits; with the id 59 characters, Telegram's limit is 64
TOKEN: Final = re.compile(rf"([fm])([0-9a-v]{{26}})([0-9a-f]{{{MAC}}})")
KINDS: Final = {"f": "form", "m": "move"}


def issue(
    tx: Tx, parts: Parts, kind: str, *, conversation_id: str, data: Mapping[str, Any], by: str
) -> tuple[str, int]:
    """A new one: (its token, until when it is good, Unix ms). kind -- form or move."""
    ticket_id = tickets.new()
    token = _signed(parts, f"{kind[0]}{ticket_id}")
    until = tickets.add(
        tx, ticket_id=ticket_id, kind=kind, token=token, conversation_id=conversation_id, data=data, by=by
    )
    return token, until


def kind_of(parts: Parts, token: str) -> str:
    """form or move; '' for what we did not sign. A link outlives a rotation of the keys."""
    found = TOKEN.fullmatch(token)
    if found is None:
        return ""
    words = found[1] + found[2]
    ours = [_mac(secret, words) for secret in parts.engine.keys.secrets(PURPOSE)]
    return KINDS[found[1]] if any(hmac.compare_digest(mac, found[3]) for mac in ours) else ""


def _signed(parts: Parts, words: str) -> str:
    return words + _mac(parts.engine.keys.secret(PURPOSE), words)


def _mac(secret: bytes, words: str) -> str:
    return hmac.new(secret, words.encode(), hashlib.sha256).hexdigest()[:MAC]


def origin(parts: Parts, account_id: str) -> str:
    """Where this account's customers can open a form of ours; '' when nowhere."""
    account = parts.accounts.get(account_id)
    ours = account is not None and account.channel == "webchat"  # he is on our own page already
    return parts.config.public_url if ours or reachable(parts.config.public_url, account) else ""
