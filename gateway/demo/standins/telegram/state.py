"""What the platform knows of one bot: its chats, files and updates, and the record of all that happened."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any, Final

from gateway.demo.standins.clock import Clock
from gateway.demo.standins.watch import Watch

from .chats import Chat
from .files import FileStore, Stored
from .records import Call, Sent, SentFile
from .updates import Updates
from .wire import FormFile, Json, bad, flag, integer

FIRST_UPDATE: Final = 718_204_511
QUERY_SECONDS: Final = 150.0  # a tap waits no longer for its answer


class State:
    """One bot of the stand-in, without its HTTP."""

    def __init__(self, *, bot_id: int, username: str, clock: Clock, seed: int, reply: Callable[[bytes], None]) -> None:
        self.bot: Json = {"id": bot_id, "is_bot": True, "first_name": "IBAOHIEM", "username": username}
        self.clock = clock
        self.rng = random.Random(seed)
        self.watch = Watch()
        self.files = FileStore()
        self.chats: dict[int, Chat] = {}
        self.sent: list[Sent] = []
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.commands: list[Json] = []
        self.queries: dict[str, float] = {}  # taps that wait for answerCallbackQuery, and since when
        self.updates = Updates(
            clock=clock, rng=self.rng, first_id=FIRST_UPDATE, reply=reply, changed=self.watch.changed
        )

    def date(self) -> int:
        return int(self.clock.now())

    def note(self, method: str, what: str) -> None:
        """Something the platform lets pass, or refuses, that a well-made client never does."""
        self.violations.append(f"{method}: {what}")

    def known(self, params: Json) -> Chat:
        """The chat of a call, whether or not the bot may write to it. Raises ApiError."""
        wanted = params.get("chat_id")
        if wanted is None or wanted == "":
            raise bad("chat_id is empty")
        chat = self.chats.get(chat_id(params))
        if chat is None:
            raise bad("chat not found")
        return chat

    def reach(self, params: Json) -> Chat:
        chat = self.known(params)
        chat.check_open()
        return chat

    def own_message(self, params: Json, what: str) -> tuple[Chat, Json]:
        """A message that the bot sent and wants to change."""
        chat = self.reach(params)
        number = integer(params, "message_id")
        if not number:
            raise bad("message identifier is not specified")
        message = chat.messages.get(number)
        if message is None:
            raise bad(f"message to {what} not found")
        return chat, message

    def accept(self, chat: Chat, method: str, params: Json, content: Json, files: tuple[SentFile, ...] = ()) -> Json:
        """Puts a message of the bot into the chat, and on record."""
        now = self.clock.now()
        number = chat.next_id()
        message = {"message_id": number, "from": self.bot, "chat": chat.face, "date": int(now), **content}
        if params:
            self._more(chat, params, message)
        chat.messages[number] = message
        sent = Sent(now, chat.id, method, number, params, message, files)
        self.sent.append(sent)
        chat.receive(sent)
        return message

    def _more(self, chat: Chat, params: Json, message: Json) -> None:
        markup = params.get("reply_markup")
        if markup and markup.get("inline_keyboard"):
            message["reply_markup"] = {"inline_keyboard": markup["inline_keyboard"]}
        reply = params.get("reply_parameters")
        if reply and (replied := chat.messages.get(integer(reply, "message_id"))):
            message["reply_to_message"] = {name: replied[name] for name in replied if name != "reply_to_message"}
        if "protect_content" in params and flag(params, "protect_content"):
            message["has_protected_content"] = True

    def sent_file(self, field: str, stored: Stored, upload: FormFile | None) -> SentFile:
        digest = hashlib.sha256(stored.content).hexdigest()
        disposition = upload.disposition if upload else ""
        return SentFile(field, stored.name, stored.mime, stored.content, digest, stored.file_id, disposition)


def chat_id(params: Json) -> int:
    """0 when it is missing or a name: private chats have numbers only."""
    value: Any = params.get("chat_id")
    if type(value) is int:
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
