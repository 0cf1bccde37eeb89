"""Telegram Bot API: capabilities, verify, parse, render, outcome, client.

Sources, read 2026-11-22 (Bot API 10.3): core.telegram.org/bots/api, /bots/webhooks, /bots/faq; the open-source server
(tdlib/telegram-bot-api) for error texts and delivery; limits count code points (measured by others on the live API).
"""

from __future__ import annotations

import hmac
import re
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from channels.contract import (
    Account,
    Adapter,
    Button,
    Capabilities,
    Delivery,
    Limits,
    OutboundFile,
    OutboundMessage,
    WebhookRejected,
)
from channels.reading import clean_name
from channels.telegram.answers import outcome
from channels.telegram.client import TelegramClient, prepare
from channels.telegram.content import TEXT_LIMIT
from channels.telegram.settings import problems, secrets_of
from channels.telegram.updates import parse
from channels.upload import folded

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "verify"]

PHOTO_BYTES: Final = 10 << 20  # above it, or of another type, a picture goes as a document
PHOTO_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
NARROW: Final = 14  # labels up to this many letters stand two in a row on a phone

CAPABILITIES: Final = Capabilities(
    title="Telegram",
    text_limit=TEXT_LIMIT,
    caption_limit=1024,
    buttons=24,
    button_label_limit=64,
    button_data_bytes=64,
    asks_contact=True,
    file_bytes=50 << 20,
    fetch_bytes=20 << 20,
    replies=True,
    retells_s=48 * 3600,
    unknown_blocks=False,  # nothing to ask Telegram afterwards: the lane would wait for nothing
    inbound="long polling or webhook",
    limits=Limits(outbound_per_s=30, per_chat_per_s=1),
)


def verify(delivery: Delivery, account: Account) -> None:
    """The secret token that setWebhook was given, in a header; up to two are good during a change."""
    header = delivery.headers.get(_HEADER) or delivery.headers.get(_HEADER.lower(), "")
    given = header.encode("utf-8", "backslashreplace")  # as bytes: compare_digest raises on text that is not ASCII
    good = False
    for secret in secrets_of(account):
        good |= hmac.compare_digest(given, secret.encode())
    if not good:
        raise WebhookRejected("telegram: wrong secret token" if given else "telegram: no secret token")


def render(message: OutboundMessage, account: Account) -> TelegramMethod[Any]:
    """The Bot API method that says it, as a value. Plain text: no markup to break, nothing to escape."""
    calls = _calls()
    common: dict[str, Any] = {"chat_id": int(message.thread) if _NUMBER.fullmatch(message.thread) else message.thread}
    if message.edits:
        return _changed(message, common)
    if message.buttons:
        common["reply_markup"] = _keyboard(message.buttons)
    elif message.clear_keyboard:
        common["reply_markup"] = calls.GONE
    if _NUMBER.fullmatch(message.reply_to):
        common["reply_parameters"] = calls.answers(int(message.reply_to))
    if not message.notification:
        common["disable_notification"] = True
    request: TelegramMethod[Any]
    if message.file is None:
        request = calls.says(text=message.text, **common)
        return request
    photo = message.file.mime in PHOTO_TYPES and message.file.size <= PHOTO_BYTES
    if caption := message.text or ("" if photo else _name_beside(message.file)):
        common["caption"] = caption
    upload = calls.File(message.file.data, filename=folded(message.file.name))
    if photo:
        request = calls.SendPhoto(photo=upload, **common)
    else:
        request = calls.SendDocument(document=upload, **common)
    return request


def _changed(message: OutboundMessage, common: dict[str, Any]) -> TelegramMethod[Any]:
    """A message of ours that reads otherwise from now on, or is gone for both. Doing it twice changes nothing."""
    calls = _calls()
    request: TelegramMethod[Any]
    if message.text:
        request = calls.EditMessageText(message_id=int(message.edits), text=message.text, **common)
    else:
        request = calls.DeleteMessage(message_id=int(message.edits), **common)
    return request


def _name_beside(file: OutboundFile) -> str:
    """A name whose letters do not survive the form stands in the caption, where there is none."""
    name = clean_name(file.name)
    return "" if name.isascii() else name


_NUMBER: Final = re.compile(r"-?[0-9]{1,19}")


@cache
def _calls() -> ModuleType:
    from channels.telegram import calls

    return calls


@lru_cache(maxsize=256)
def _keyboard(buttons: tuple[Button, ...]) -> Any:
    """One kind a message. The phone number can only be asked for under the text field; other buttons that stand
    there answer with their label as plain text. Most questions offer everybody the same: making it costs 15 µs."""
    calls = _calls()
    if any(button.contact for button in buttons):
        rows = [[_key(calls, button)] for button in buttons]
        return calls.ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True, one_time_keyboard=True)
    return calls.InlineKeyboardMarkup(inline_keyboard=[[_inline(calls, one) for one in row] for row in _rows(buttons)])


def _key(calls: ModuleType, button: Button) -> Any:
    if button.contact:
        return calls.KeyboardButton(text=button.label, request_contact=True)
    return calls.KeyboardButton(text=button.label)


def _inline(calls: ModuleType, button: Button) -> Any:
    if button.url:
        return calls.InlineKeyboardButton(text=button.label, url=button.url)
    return calls.InlineKeyboardButton(text=button.label, callback_data=button.id)


def _rows(buttons: tuple[Button, ...]) -> list[tuple[Button, ...]]:
    wide = any(len(button.label) > NARROW for button in buttons)
    return [buttons[at : at + (1 if wide else 2)] for at in range(0, len(buttons), 1 if wide else 2)]


ADAPTER: Final = Adapter(
    name="telegram",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=TelegramClient,
    problems=problems,
    prepare=prepare,
)
