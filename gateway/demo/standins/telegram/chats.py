"""A chat as the platform holds it: who may write, what stands in it, and who waits for the next message."""

from __future__ import annotations

from gateway.demo.standins.watch import Watch

from .records import Sent
from .wire import ApiError, Json

PATIENCE = 60.0  # seconds before the bot is called silent: its machine may be busy with other things


class Chat:
    """`messages`: message id -> the message as it stands now, edits included. `inbox`: what the bot sent, in order."""

    def __init__(self, face: Json) -> None:
        self.id = int(face["id"])
        self.face = face
        self.private = face["type"] == "private"
        self.opened = not self.private
        self.blocked = False
        self.messages: dict[int, Json] = {}
        self.inbox: list[Sent] = []
        self.keyboard: tuple[int, Json] | None = None  # the reply keyboard on the screen, and whose it is
        self._last_id = 0
        self._read = 0
        self._watch = Watch()

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def check_open(self) -> None:
        if self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if not self.opened:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")

    def receive(self, sent: Sent) -> None:
        self.inbox.append(sent)
        markup = sent.params.get("reply_markup")
        if markup:
            if markup.get("keyboard"):
                self.keyboard = (sent.message_id, markup)
            elif markup.get("remove_keyboard"):
                self.keyboard = None
        self._watch.changed()

    async def next_message(self, timeout: float = PATIENCE) -> Sent:
        """The oldest message not yet returned from here; waits for it, at most `timeout` seconds."""
        while self._read >= len(self.inbox):
            await self._until(self._read + 1, timeout)
        self._read += 1
        return self.inbox[self._read - 1]

    async def wait_for(self, number: int, timeout: float = PATIENCE) -> list[Sent]:
        """The inbox once it holds `number` messages, counted from the beginning."""
        await self._until(number, timeout)
        return self.inbox

    async def _until(self, number: int, timeout: float) -> None:
        await self._watch.until(
            lambda: len(self.inbox) >= number,
            timeout=timeout,
            what=lambda: f"chat {self.id}: {len(self.inbox)} messages after {timeout:g} s, not {number}",
        )
