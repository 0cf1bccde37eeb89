"""Customers with Telegram on their telephones: the local stand-in's people, seen as wires."""

from __future__ import annotations

import asyncio

from gateway.demo.player import Got
from gateway.demo.standins.telegram import Customer, Sent

FOR_EVER = float(2**31)


class TelegramWire:
    """One person's private chat with the bot."""

    channel = "Telegram"

    def __init__(self, person: Customer) -> None:
        self.thread = str(person.id)
        self.inbox: asyncio.Queue[Got] = asyncio.Queue()
        self._person = person
        self._reader = asyncio.create_task(self._read(), name=f"telegram {person.id}")

    async def _read(self) -> None:
        while True:
            self.inbox.put_nowait(_got(await self._person.next_message(timeout=FOR_EVER)))

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

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


def _got(sent: Sent) -> Got:
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
