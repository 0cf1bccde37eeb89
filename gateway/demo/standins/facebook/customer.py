"""Somebody who writes to the page, and what he was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import Json, Sent

if TYPE_CHECKING:
    from .server import FakeFacebook


class Customer:
    """`acted_at` -- of his last action, which opens the window; `blocked` -- he has blocked the page."""

    def __init__(self, fake: FakeFacebook, user: str, name: str) -> None:
        self.fake, self.id, self.name = fake, user, name
        self.acted_at = 0.0
        self.blocked = False
        self.inbox: list[Sent] = []

    async def say(self, text: str, **more: Any) -> Json:
        return await self.does(message={"mid": self.fake.new_id(), "text": text, **more})

    async def tap(self, payload: str, title: str) -> Json:
        """A quick reply."""
        return await self.say(title, quick_reply={"payload": payload})

    async def start(self, ref: str = "") -> Json:
        referral = {"referral": {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}} if ref else {}
        postback = {"mid": self.fake.new_id(), "title": "Bắt đầu", "payload": "GET_STARTED"}
        return await self.does(postback=postback | referral)

    async def does(self, **what: Any) -> Json:
        """Any action of his, once it is acknowledged or given up."""
        self.acted_at = self.fake.clock.now()
        return await self.fake.tell(self.event(**what))

    async def reads(self) -> Json:
        return await self.fake.tell(self.event(read={"watermark": self.fake.now_ms()}))

    def event(self, **what: Any) -> Json:
        stamp = self.fake.now_ms()
        return {"sender": {"id": self.id}, "recipient": {"id": self.fake.page_id}, "timestamp": stamp, **what}

    async def next_message(self, timeout: float = 60) -> Sent:
        """The message after those that were read."""
        await self.fake.watch.until(lambda: bool(self.inbox), timeout=timeout, what=lambda: f"{self.name}: no message")
        return self.inbox.pop(0)
