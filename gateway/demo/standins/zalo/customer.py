"""Somebody with a phone: what he does becomes events, what is sent to him is there to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import Json, Sent

if TYPE_CHECKING:
    from .server import FakeZalo


class Customer:
    """`visit` -- the conversation of somebody without a Zalo identity. `interacted_at` 0: never."""

    def __init__(self, fake: FakeZalo, user: str, *, name: str, phone: str, visit: str = "") -> None:
        self.fake = fake
        self.id, self.name, self.phone, self.visit = user, name, phone, visit
        self.blocked = False
        self.interacted_at = 0.0
        self.inbox: list[Sent] = []
        self.said: list[Json] = []  # newest last, as the conversation's reads show them
        self._read = 0

    @property
    def anonymous(self) -> bool:
        return bool(self.visit)

    # ---- what he does; each returns the event once the gateway has it, or has been given up

    async def say(self, text: str, **more: Any) -> Json:
        return await self._message("text", {"text": text, **more})

    async def send(self, kind: str, *payloads: Json, text: str = "") -> Json:
        """A message of that kind with these attachments."""
        hangs = [{"type": kind, "payload": payload} for payload in payloads]
        return await self._message(kind, ({"text": text} if text else {}) | {"attachments": hangs})

    async def follow(self) -> Json:
        self.interacted_at = self.fake.clock.now()
        return await self.fake.tell("follow", oa_id=self.fake.oa_id, follower={"id": self.id}, source="oa_profile")

    async def share_contact(self) -> Json:
        self.interacted_at = self.fake.clock.now()
        info = {"name": self.name, "phone": self.phone, "full_address": {"user_city": "Hà Nội"}}
        return await self.fake.tell(
            "user_submit_info", sender={"id": self.id}, recipient={"id": self.fake.oa_id}, info=info
        )

    async def see(self, *sent: Sent) -> Json:
        ids = [one.id for one in sent]
        return await self._back("user_seen_message", {"msg_ids": ids})

    async def receive(self, sent: Sent) -> Json:
        """Delivered: by telephone number, the event names the number and not him."""
        if sent.template and sent.tracking:
            moment = str(round(self.fake.clock.now() * 1000))
            message = {"msg_id": sent.id, "tracking_id": sent.tracking, "delivery_time": moment}
            to = {"id": self.phone}
            return await self.fake.tell(
                "user_received_message", sender={"id": self.fake.oa_id}, recipient=to, message=message
            )
        return await self._back("user_received_message", {"msg_id": sent.id})

    async def next_message(self, timeout: float = 60.0) -> Sent:
        """What was sent to him and is not read yet; waits for it."""
        await self.fake.watch.until(
            lambda: len(self.inbox) > self._read, timeout=timeout, what=lambda: f"{self.name} was sent nothing more"
        )
        self._read += 1
        return self.inbox[self._read - 1]

    # ---- how

    async def _message(self, kind: str, message: Json) -> Json:
        self.interacted_at = self.fake.clock.now()
        number = self.fake.new_id()
        message = {"msg_id": number, **message} | ({"conversation_id": self.visit} if self.visit else {})
        self.said.append(
            {
                "src": 1,
                "time": round(self.fake.clock.now() * 1000),
                "type": "photo" if kind == "image" else kind,
                "message": message.get("text", ""),
                "message_id": number,
                "from_id": self.id,
                "to_id": self.fake.oa_id,
                "from_display_name": self.name,
            }
        )
        name = f"{'anonymous' if self.visit else 'user'}_send_{kind}"
        return await self.fake.tell(name, sender={"id": self.id}, recipient={"id": self.fake.oa_id}, message=message)

    async def _back(self, name: str, message: Json) -> Json:
        return await self.fake.tell(name, sender={"id": self.fake.oa_id}, recipient={"id": self.id}, message=message)

    def take(self, sent: Sent) -> None:
        self.inbox.append(sent)
        self.said.append(
            {
                "src": 0,
                "time": round(sent.at * 1000),
                "type": "text",
                "message": sent.text,
                "message_id": sent.id,
                "from_id": self.fake.oa_id,
                "to_id": self.id,
            }
        )
