"""Customers with an app on their telephones: each platform's stand-in has people, seen here as wires.

What a person reads he has received and seen, so that receipts flow as they do. Where an app shows no button he says it.
"""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from channels.viber.updates import TAP
from gateway.demo.player import Got
from gateway.demo.standins import facebook, telegram, viber, zalo

FOR_EVER = float(2**31)
PLAINLY: Final[Mapping[str, str]] = {  # how he says what others tap
    "c1:yes": "Đồng ý",
    "c1:no": "Không đồng ý",
    "ok": "Đúng rồi",
    "t:now": "Gọi ngay đi em",
    "got:yes": "Nhận được rồi em",
    "skip": "Thôi em",
}


class Phone(ABC):
    """One person's chat with us in one app. `thread` -- as the gateway knows him."""

    channel: str

    def __init__(self, thread: str, name: str) -> None:
        self.thread = thread
        self.inbox: asyncio.Queue[Got] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(), name=f"{self.channel} {name}")

    async def _read(self) -> None:
        while True:
            self.inbox.put_nowait(await self.next())

    @abstractmethod
    async def next(self) -> Got:
        """The next thing that his app shows; waits for it."""

    @abstractmethod
    async def say(self, text: str) -> None: ...

    @abstractmethod
    async def tap(self, button: str) -> None: ...

    @abstractmethod
    async def press_start(self) -> None: ...

    @abstractmethod
    async def share_phone(self) -> None: ...

    @abstractmethod
    async def send_picture(self, data: bytes, caption: str) -> None: ...

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


class TelegramWire(Phone):
    """A private chat with the bot."""

    channel = "Telegram"

    def __init__(self, person: telegram.Customer) -> None:
        self._person = person
        super().__init__(str(person.id), person.phone)

    async def next(self) -> Got:
        sent = await self._person.next_message(timeout=FOR_EVER)
        markup = sent.params.get("reply_markup") or {}
        inline = [button for row in markup.get("inline_keyboard", []) for button in row]
        keys = [button for row in markup.get("keyboard", []) for button in row]
        return Got(
            text=sent.text,
            buttons={button["callback_data"]: button["text"] for button in inline if "callback_data" in button},
            contact=any(isinstance(key, dict) and key.get("request_contact") for key in keys),
            file=sent.file.content if sent.file else None,
            file_name=sent.file.name if sent.file else "",
        )

    async def say(self, text: str) -> None:
        await self._person.say(text)

    async def tap(self, button: str) -> None:
        await self._person.tap(button)

    async def press_start(self) -> None:
        await self._person.start()

    async def share_phone(self) -> None:
        await self._person.share_contact(self._person.phone)

    async def send_picture(self, data: bytes, caption: str) -> None:
        await self._person.photo(content=data, caption=caption)


class ZaloWire(Phone):
    """A chat with the official account; its lists are numbered lines."""

    channel = "Zalo"

    def __init__(self, person: zalo.Customer) -> None:
        self._person = person
        super().__init__(person.id, person.name)

    async def next(self) -> Got:
        sent = await self._person.next_message(timeout=FOR_EVER)
        await self._person.receive(sent)
        await self._person.see(sent)
        return Got(
            text=sent.text,
            contact=sent.asks_contact,
            file=sent.file or None,
            file_name=sent.file_name if sent.file else "",
        )

    async def say(self, text: str) -> None:
        await self._person.say(text)

    async def tap(self, button: str) -> None:
        await self._person.say(PLAINLY.get(button, button.rpartition(":")[2]))

    async def press_start(self) -> None:
        await self._person.follow()

    async def share_phone(self) -> None:
        await self._person.share_contact()

    async def send_picture(self, data: bytes, caption: str) -> None:
        await self._person.send("image", {"url": _kept(self._person.fake, data)}, text=caption)


class MessengerWire(Phone):
    """A chat with the page."""

    channel = "Messenger"

    def __init__(self, person: facebook.Customer, phone: str) -> None:
        self._person, self._phone = person, phone
        self._labels: dict[str, str] = {}
        super().__init__(person.id, person.name)

    async def next(self) -> Got:
        sent = await self._person.next_message(FOR_EVER)
        buttons = dict(zip(sent.payloads, sent.replies, strict=True))
        self._labels |= buttons
        await self._person.reads()
        return Got(
            text=sent.text, buttons=buttons, contact=sent.asks_phone, file=sent.file or None, file_name=sent.file_name
        )

    async def say(self, text: str) -> None:
        await self._person.say(text)

    async def tap(self, button: str) -> None:
        await self._person.tap(button, self._labels.get(button, button))

    async def press_start(self) -> None:
        await self._person.start()

    async def share_phone(self) -> None:
        await self._person.tap(self._phone, self._phone)

    async def send_picture(self, data: bytes, caption: str) -> None:
        fake = self._person.fake
        hangs = [{"type": "image", "payload": {"url": _kept(fake, data)}}]
        await self._person.does(message={"mid": fake.new_id(), "attachments": hangs})
        if caption:
            await self.say(caption)


class ViberWire(Phone):
    """A chat with the bot; what is shown on opening it is no message."""

    channel = "Viber"

    def __init__(self, person: viber.Customer) -> None:
        self._person = person
        self._labels: dict[str, str] = {}
        super().__init__(person.id, person.name)

    async def next(self) -> Got:
        sent = await self._person.next_message(timeout=FOR_EVER)
        await self._person.receive(sent)
        await self._person.see(sent)
        data = await self._person.fake.webhook.get(sent.media) if sent.media else None
        self._person.fake.sizes[sent.token] = len(data or b"")
        name = sent.file_name or sent.media.rpartition("/")[2]
        return self._got(sent.body, file=data, file_name=name if data else "")

    def _got(self, body: Mapping[str, Any], **file: Any) -> Got:
        shown = body.get("keyboard", {}).get("Buttons", [])
        buttons = {one["ActionBody"].removeprefix(TAP): one["Text"] for one in shown if one["ActionType"] == "reply"}
        self._labels |= buttons
        contact = any(one["ActionType"] == "share-phone" for one in shown)
        return Got(text=body.get("text", ""), buttons=buttons, contact=contact, **file)

    async def say(self, text: str) -> None:
        await self._person.say(text)

    async def tap(self, button: str) -> None:
        await self._person.say(TAP + button)

    async def press_start(self) -> None:
        welcome = await self._person.open()
        if welcome is not None:
            self.inbox.put_nowait(self._got(welcome))

    async def share_phone(self) -> None:
        card = {"name": self._person.name, "phone_number": self._person.phone}
        await self._person.send("contact", contact=card)

    async def send_picture(self, data: bytes, caption: str) -> None:
        address = _kept(self._person.fake, data)
        await self._person.send("picture", media=address, text=caption, file_name="anh.jpg", size=len(data))


_NUMBERS = itertools.count(1)


def _kept(fake: zalo.FakeZalo | facebook.FakeFacebook | viber.FakeViber, data: bytes) -> str:
    """A customer's picture, where the platform keeps it."""
    path = f"/media/{next(_NUMBERS)}.jpg"
    fake.media[path] = data
    return fake.url + path
