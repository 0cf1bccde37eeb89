"""Names for people who have no id of a platform: the same for ever, and they tell nobody who it is."""

from __future__ import annotations

import hashlib
import hmac

from channels.contract import Account


def veiled(account: Account, told: str | bytes) -> str:
    """24 hex digits that stand for what a person told us, the same for ever: threads and keys lie in the clear and are
    shown to all, and a plain hash of a telephone number is found by trying them all. Raises ValueError without a key."""
    if not account.thread_key:
        raise ValueError(f"{account.id}: no thread_key was lent")
    data = told if isinstance(told, bytes) else told.encode("utf-8", "surrogatepass")
    return hmac.new(account.thread_key, data, hashlib.sha256).hexdigest()[:24]
