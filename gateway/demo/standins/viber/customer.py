"""Somebody with a phone: what he does becomes callbacks, what is sent to him is there to be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import messages
from .records import Json, Sent, ViberError

if TYPE_CHECKING:
    from .server import FakeViber


class Customer:
    """`spoke_at` -- since when his session runs, 0: never spoke; `unanswered` -- when the bot spoke since his last word."""

    def __init__(
        self, fake: FakeViber, user: str, *, name: str, phone: str, language: str = "vi", api_version: int = 10
    ) -> None:
        self.fake = fake
        self.id, self.name, self.phone = user, name, phone
        self.language, self.api_version = language, api_version
        self.subscribed = False
        self.session_at = 0.0
        self.unanswered: list[float] = []
        self.inbox: list[Sent] = []
        self.welcome: Json | None = None
        self._read = 0

    @property
    def profile(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "avatar": "",
            "country": "VN",
            "language": self.language,
            "api_version": self.api_version,
        }

    # ---- what he does; each returns once the gateway has it, or has been given up

    async def open(self, context: str = "") -> Json | None:
        """Opens the chat; what he is shown there before he has said a word."""
        more: Json = {"context": context} if context else {}
        done = await self.fake.tell(
            "conversation_started", type="open", user=self.profile, subscribed=self.subscribed, **more
        )
        self.welcome = None
        if done.answer:
            try:
                said = json.loads(done.answer)
                messages.check(self.fake, said, self, answer=True)
                self.welcome = said
            except (ValueError, ViberError) as err:
                self.fake.violations.append(f"the welcome: {err}")
        return self.welcome

    async def subscribe(self) -> None:
        self.subscribed = True
        await self.fake.tell("subscribed", user=self.profile)

    async def unsubscribe(self) -> None:
        self.subscribed = False
        await self.fake.tell("unsubscribed", user_id=self.id)

    async def say(self, text: str, **more: Any) -> None:
        await self.send("text", text=text, **more)

    async def send(self, kind: str, **message: Any) -> None:
        """A message of that kind; it subscribes, and opens a session when none runs."""
        now = self.fake.clock.now()
        self.subscribed, self.unanswered = True, []
        if now - self.session_at > messages.SESSION_S:
            self.session_at = now
        await self.fake.tell("message", sender=self.profile, message={"type": kind, **message}, silent=False)

    async def tap(self, label: str) -> None:
        """A button of the newest message, or of the welcome."""
        shown = self.inbox[-1].body if self.inbox else self.welcome or {}
        for button in shown.get("keyboard", {}).get("Buttons", ()):
            if button["Text"] == label:
                if button["ActionType"] == "share-phone":
                    card = {"name": self.name, "phone_number": self.phone}
                    await self.send("contact", text=button["ActionBody"], contact=card)
                else:
                    await self.say(button["ActionBody"])
                return
        raise AssertionError(f"no button {label}")

    async def receive(self, sent: Sent) -> bool:
        """The phone gets it: a file is fetched first, and one of another size is not shown."""
        if sent.kind == "file":
            data = await self.fake.webhook.get(sent.media)
            if data is None or len(data) != sent.size:
                await self.fake.tell("failed", token=sent.token, user_id=self.id, desc="file size mismatch")
                return False
        await self.fake.tell("delivered", token=sent.token, user_id=self.id)
        return True

    async def see(self, sent: Sent) -> None:
        await self.fake.tell("seen", token=sent.token, user_id=self.id)

    async def next_message(self, timeout: float = 60.0) -> Sent:
        """What was sent to him and is not read yet; waits for it."""
        await self.fake.watch.until(
            lambda: len(self.inbox) > self._read, timeout=timeout, what=lambda: f"{self.name} was sent nothing more"
        )
        self._read += 1
        return self.inbox[self._read - 1]
