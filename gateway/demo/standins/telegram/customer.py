"""People on the other side: what they say, tap and send becomes updates shaped as Telegram shapes them.

Source: https://core.telegram.org/bots/api#update (Bot API 10.3, read 2026-11)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .chats import Chat
from .entities import CAPTION_LIMIT, TEXT_LIMIT, find
from .files import OGG, WEBP, jpeg, photo_sizes, shape
from .wire import Json, units

if TYPE_CHECKING:
    from .state import State

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")


class Person:
    """Someone with a Telegram account: `face` is the `from` of what they write."""

    def __init__(self, number: int, *, first_name: str, last_name: str, username: str, language_code: str) -> None:
        self.id = number
        names = {"first_name": first_name, "last_name": last_name, "username": username}
        self.names = {name: value for name, value in names.items() if value}
        self.face: Json = {"id": number, "is_bot": False, **self.names}
        if language_code:
            self.face["language_code"] = language_code


class Customer(Chat):
    """A private chat and the person in it. Every act returns the update that it made, delivered or not."""

    def __init__(self, state: State, person: Person, *, phone: str) -> None:
        super().__init__({"id": person.id, **person.names, "type": "private"})
        self.person, self.phone = person, phone
        self._state = state

    # --- coming and going

    async def start(self, payload: str = "") -> Json:
        """Presses Start, from a link with `payload` perhaps; someone who had blocked the bot unblocks it with that."""
        if not PAYLOAD.fullmatch(payload):
            raise ValueError("a start payload is at most 64 of A-Z a-z 0-9 _ -")
        if self.blocked:
            await self.unblock()
        return await self.say(f"/start {payload}".rstrip())

    async def block(self) -> Json:
        self.blocked = True
        return self._member("member", "kicked")

    async def unblock(self) -> Json:
        self.blocked = False
        return self._member("kicked", "member")

    # --- saying

    async def say(self, text: str, reply_to: int | None = None, **more: Any) -> Json:
        """A text; `more` are further members of the message (`forward_origin`, `quote`, ...)."""
        text = text.strip()
        if not 1 <= units(text) <= TEXT_LIMIT:
            raise ValueError("an app sends 1 to 4096 characters in a message: say_long splits")
        return await self.send(reply_to, text=text, **_entities(text, "entities"), **more)

    async def say_long(self, text: str) -> list[Json]:
        """A text of any length, cut as the apps cut it: several messages within the same second."""
        return [await self.say(piece) for piece in _pieces(text)]

    async def edit(self, message_id: int, text: str) -> Json:
        """Changes an own message."""
        message = self.messages[message_id]
        if message["from"]["id"] != self.person.id:
            raise ValueError("people edit their own messages")
        name = "text" if "text" in message else "caption"
        listing = "entities" if name == "text" else "caption_entities"
        kept = {key: value for key, value in message.items() if key != listing}
        edited = {**kept, "edit_date": self._state.date(), name: text, **_entities(text, listing)}
        self.messages[message_id] = edited
        return self._update("edited_message", edited)

    async def react(self, message_id: int, emoji: str = "👍") -> Json:
        body: Json = {
            "chat": self.face,
            "message_id": message_id,
            "user": self.person.face,
            "date": self._state.date(),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": emoji}],
        }
        return self._update("message_reaction", body)

    # --- tapping

    async def tap(self, label: str, *, message_id: int | None = None, inaccessible: bool = False) -> Json:
        """Taps a button by its label or callback data: the newest inline one, or one of the reply keyboard."""
        for number, button in self._inline_buttons(message_id):
            if label in {button.get("text"), button.get("callback_data")}:
                if "callback_data" not in button:
                    raise LookupError(f"the button {label!r} makes no callback: {button}")
                return self._callback(number, button["callback_data"], inaccessible=inaccessible)
        return await self._press(label)

    async def tap_old(self, callback_data: str) -> Json:
        """A button of a message that is long gone: the platform gives its id and nothing else of it."""
        return self._callback(0, callback_data, inaccessible=True)

    def _inline_buttons(self, message_id: int | None) -> Iterator[tuple[int, Json]]:
        for number in reversed(self.messages):
            if message_id in {None, number}:
                rows = self.messages[number].get("reply_markup", {}).get("inline_keyboard", [])
                yield from ((number, button) for row in rows for button in row)

    async def _press(self, label: str) -> Json:
        number, markup = self.keyboard or (0, {})
        for button in (button for row in markup.get("keyboard", []) for button in row):
            text, key = (button, {}) if isinstance(button, str) else (button["text"], button)
            if text != label:
                continue
            if markup.get("one_time_keyboard"):
                self.keyboard = None
            if key.get("request_contact"):
                return await self.share_contact(self.phone, reply_to=number)
            if key.get("request_location"):
                return await self.location(reply_to=number)
            return await self.say(label)
        raise LookupError(f"nothing to tap is called {label!r}: {self._labels()}")

    def _labels(self) -> list[str]:
        rows = self.keyboard[1].get("keyboard", []) if self.keyboard else []
        keys = [button if isinstance(button, str) else button["text"] for row in rows for button in row]
        return [button["text"] for _, button in self._inline_buttons(None)] + keys

    def _callback(self, number: int, given: str, *, inaccessible: bool) -> Json:
        message = self.messages.get(number)
        if message is None or inaccessible:
            message = {"chat": self.face, "message_id": number, "date": 0}
        query = str(self._state.rng.randrange(2**62, 2**63))
        self._state.queries[query] = self._state.clock.now()
        body = {
            "id": query,
            "from": self.person.face,
            "message": message,
            "chat_instance": str(-self.id * 1_000_003),
            "data": given,
        }
        return self._update("callback_query", body, lane="callback")

    # --- sending things

    async def share_contact(
        self, phone: str, own: bool = True, *, name: str = "", reply_to: int | None = None, **more: Any
    ) -> Json:
        """The own number, by the button; or a card from the address book, whose owner may be on Telegram or not."""
        if reply_to is None and own and self.keyboard:
            reply_to = self.keyboard[0]
        contact: Json = {"phone_number": phone, "first_name": name or self.person.names["first_name"]}
        if own:
            contact["user_id"] = self.person.id
        return await self.send(reply_to, contact=contact, **more)

    async def photo(
        self, n_items: int = 1, *, caption: str = "", content: bytes | None = None, **more: Any
    ) -> Json | list[Json]:
        """One picture: its update. Several: an album, an update each, the caption on the first."""
        album = {"media_group_id": str(self._state.rng.randrange(10**16, 10**17))} if n_items > 1 else {}
        updates = []
        for number in range(n_items):
            picture = content or jpeg(f"{self.id}/{self._last_id}/{number}")
            words = _caption(caption) if number == 0 else {}
            updates.append(
                await self.send(None, photo=photo_sizes(self._state.files, picture), **album, **words, **more)
            )
        return updates if n_items > 1 else updates[0]

    async def document(
        self, name: str, mime: str, content: bytes, *, caption: str = "", size: int | None = None, **more: Any
    ) -> Json:
        """A file; `size` lets it claim to be larger than it is."""
        stored = self._state.files.keep("document", content, name=name, mime=mime, size=size)
        return await self.send(None, document=shape(stored), **_caption(caption), **more)

    async def voice(self, content: bytes = OGG, *, seconds: int = 3) -> Json:
        stored = self._state.files.keep("voice", content, mime="audio/ogg")
        return await self.send(None, voice={**shape(stored), "duration": seconds})

    async def video(
        self, content: bytes = b"\0\0\0\x18ftypmp42", *, caption: str = "", size: int | None = None
    ) -> Json:
        stored = self._state.files.keep("video", content, mime="video/mp4", size=size)
        return await self.send(None, video=shape(stored), **_caption(caption))

    async def sticker(self, emoji: str = "👍") -> Json:
        stored = self._state.files.keep("sticker", WEBP)
        return await self.send(None, sticker={**shape(stored), "emoji": emoji, "set_name": "HotCherry"})

    async def location(
        self, latitude: float = 10.7769, longitude: float = 106.7009, *, reply_to: int | None = None
    ) -> Json:
        return await self.send(reply_to, location={"latitude": latitude, "longitude": longitude})

    # --- making updates

    async def send(self, reply_to: int | None = None, **content: Any) -> Json:
        """A message of whatever content: `send(dice={"emoji": "🎲", "value": 3})`."""
        if self.blocked:
            raise RuntimeError("someone who blocked the bot writes nothing to it: unblock first")
        self.opened = True
        message = written(self._state, self, self.person.face, content, reply_to)
        return self._update("message", message)

    def _member(self, old: str, new: str) -> Json:
        bot = self._state.bot
        body = {
            "chat": self.face,
            "from": self.person.face,
            "date": self._state.date(),
            "old_chat_member": _member_of(bot, old),
            "new_chat_member": _member_of(bot, new),
        }
        return self._update("my_chat_member", body, lane="member")

    def _update(self, kind: str, body: Json, *, lane: str = "chat") -> Json:
        return self._state.updates.add(kind, body, (lane, self.id))


class Group(Chat):
    """A group, supergroup or channel that the bot is in."""

    def __init__(self, state: State, number: int, *, title: str, kind: str) -> None:
        super().__init__({"id": number, "title": title, "type": kind})
        self._state = state

    async def say(self, person: Customer, text: str) -> Json:
        """A member writes."""
        message = written(self._state, self, person.person.face, {"text": text, **_entities(text, "entities")}, None)
        return self._state.updates.add("message", message, ("chat", self.id))

    async def post(self, text: str) -> Json:
        """A channel post: nobody's, so without `from`."""
        content = {"text": text, "sender_chat": self.face, **_entities(text, "entities")}
        message = written(self._state, self, None, content, None)
        return self._state.updates.add("channel_post", message, ("chat", self.id))

    async def add_bot(self, person: Customer) -> Json:
        bot, date = self._state.bot, self._state.date()
        body = {
            "chat": self.face,
            "from": person.person.face,
            "date": date,
            "old_chat_member": _member_of(bot, "left"),
            "new_chat_member": _member_of(bot, "member"),
        }
        return self._state.updates.add("my_chat_member", body, ("member", self.id))


def written(state: State, chat: Chat, face: Json | None, content: Json, reply_to: int | None) -> Json:
    """A message of somebody's in the chat."""
    number = chat.next_id()
    sender = {"from": face} if face else {}
    message: Json = {"message_id": number, **sender, "chat": chat.face, "date": state.date(), **content}
    if reply_to is not None and (replied := chat.messages.get(reply_to)):
        message["reply_to_message"] = {name: replied[name] for name in replied if name != "reply_to_message"}
    chat.messages[number] = message
    return message


def _member_of(bot: Json, status: str) -> Json:
    more = {"until_date": 0} if status == "kicked" else {}
    return {"user": bot, "status": status, **more}


def _entities(text: str, name: str) -> Json:
    found = find(text)
    return {name: found} if found else {}


def _caption(text: str) -> Json:
    if units(text) > CAPTION_LIMIT:
        raise ValueError("an app sends at most 1024 characters with a file")
    return {"caption": text, **_entities(text, "caption_entities")} if text else {}


def _pieces(text: str) -> Iterator[str]:
    piece, length = "", 0
    for letter in text:
        size = units(letter)
        if length + size > TEXT_LIMIT:
            yield piece
            piece, length = "", 0
        piece, length = piece + letter, length + size
    if piece:
        yield piece
