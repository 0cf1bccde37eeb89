"""Channels that are heard and never answered: forms, calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.contract import Account, OutboundMessage, Permanent


class Mute:
    """A client for channels that cannot be answered: nothing is written to a form or a telephone."""

    def __init__(self, account: Account) -> None:
        self._id = account.id

    async def call(self, request: Any) -> str:
        raise Permanent(f"{self._id} carries no messages out", reason="calls_only")

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise Permanent(f"{self._id} keeps no files", reason="gone")

    async def close(self) -> None:
        return None


def render(message: OutboundMessage, account: Account) -> Mapping[str, str]:
    """Nothing leaves; the value is what would be said."""
    return {"thread": message.thread, "text": message.text}
