"""What the webhook did not bring, because we were down or Zalo had switched it off: read from the recent conversations.

Each message becomes the event that the webhook would have posted, with the same message id and so the same key: what did
come is a duplicate. An outage is bounded, so the reads are: ten a page, a few pages.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from channels.contract import Account, Delivery
from channels.loose import ident, number, perhaps, several, words
from channels.zalo.settings import app_id, oa_id

RECENT: Final = "/v2.0/oa/listrecentchat"
CONVERSATION: Final = "/v2.0/oa/conversation"
PAGE: Final = 10  # the most that one read gives
PAGES: Final = 20
FROM_CUSTOMER: Final = 1

_NAMES: Final[Mapping[str, str]] = {"photo": "image", "links": "link", "voice": "audio", "images": "image"}

Read = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class Missed:
    """read -- path and query of the API to its `data`; raises ChannelError."""

    def __init__(self, account: Account, read: Read) -> None:
        self._account = account
        self._read = read

    async def since(self, since_ms: int, *, thorough: bool) -> list[Delivery]:
        """Oldest first."""
        found: dict[str, dict[str, Any]] = {}
        for user in await self._spoke(since_ms, thorough=thorough):
            async for item in self._items(CONVERSATION, {"user_id": user}, since_ms):
                event = perhaps(self._event, item, default=None)
                if event is not None:
                    found.setdefault(event["message"]["msg_id"], event)
        ordered = sorted(found.values(), key=lambda event: int(event["timestamp"]))
        return [Delivery(headers={}, body=json.dumps(event).encode()) for event in ordered]

    async def _spoke(self, since_ms: int, *, thorough: bool) -> list[str]:
        users: dict[str, None] = {}
        async for item in self._items(RECENT, {}, since_ms):
            ours = perhaps(number, item, "src", default=None) != FROM_CUSTOMER
            user = perhaps(ident, item, "to_id" if ours else "from_id", default="")
            if user and user != oa_id(self._account) and (thorough or not ours):
                users[user] = None
        return list(users)

    async def _items(self, path: str, query: Mapping[str, Any], since_ms: int) -> Any:
        """Newest first, until one is older."""
        for page in range(PAGES):
            listed = several(await self._read(path, {**query, "offset": page * PAGE, "count": PAGE}))
            for item in listed:
                if (perhaps(number, item, "time", default=None) or 0) < since_ms:
                    return
                yield item
            if len(listed) < PAGE:
                return

    def _event(self, item: Any) -> dict[str, Any] | None:
        """None for what we said, and for what has no id: it could not be told from what came already."""
        message_id, user = ident(item, "message_id"), ident(item, "from_id")
        if number(item, "src") != FROM_CUSTOMER or not message_id or not user:
            return None
        kind = words(item, "type").lower() or "text"
        kind = _NAMES.get(kind, kind)
        message: dict[str, Any] = {"msg_id": message_id, "text": words(item, "message")}
        payload = {name: item[name] for name in ("url", "thumb", "description", "name", "size") if item.get(name)}
        hangs = [{"type": kind, "payload": payload}] if payload and kind != "text" else []
        hangs += [{"type": "link", "payload": link} for link in several(item, "links") if isinstance(link, dict)]
        if place := words(item, "location"):
            hangs.append({"type": "location", "payload": {"coordinates": place}})
        if hangs:
            message["attachments"] = hangs
        return {
            "app_id": app_id(self._account),
            "event_name": f"user_send_{kind}",
            "sender": {"id": user},
            "recipient": {"id": oa_id(self._account)},
            "message": message,
            "timestamp": str(int(number(item, "time") or 0)),
            "caught_up": True,
        }
