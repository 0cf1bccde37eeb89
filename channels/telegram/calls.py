"""aiogram: the methods we call, and a lean session under its Bot. Import this module late, best in a thread at start.

Importing aiogram as it comes builds pydantic schemas of some 450 models: 4 to 8 s and 131 MB. Here the building is
put off while importing, and only the dozen methods that we call are built: 1.1 to 1.4 s and 25 MB (measured, aiogram 3.31).
Every other model builds itself when it is first used, as if nothing had happened.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

import orjson
from aiohttp import hdrs
from pydantic import BaseModel

from channels.contract import Permanent
from channels.http import Http


@contextlib.contextmanager
def _models_unbuilt() -> Iterator[None]:
    """While aiogram is imported, its calls of `model_rebuild` only say which names its models refer to."""
    if "aiogram" in sys.modules:
        yield
        return
    build = BaseModel.__dict__["model_rebuild"]
    names: dict[str, Any] = {}

    def put_off(cls: type[BaseModel], /, **options: Any) -> bool | None:
        if not cls.__module__.startswith("aiogram."):  # another thread's model
            return build.__func__(cls, **options)  # type: ignore[no-any-return]
        if not names:
            names.update(options.get("_types_namespace") or {})
        return None

    BaseModel.model_rebuild = classmethod(put_off)  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    for name, module in sys.modules.items():
        if name.startswith(("aiogram.types.", "aiogram.methods.")):
            for model in vars(module).values():
                if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == name:
                    model.__pydantic_parent_namespace__ = names  # where it finds the names when it is built after all


with _models_unbuilt():
    from aiogram import Bot
    from aiogram.client.session.base import BaseSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.methods import (
        AnswerCallbackQuery,
        DeleteMessage,
        DeleteWebhook,
        EditMessageText,
        GetFile,
        GetMe,
        GetUpdates,
        GetWebhookInfo,
        SendDocument,
        SendMessage,
        SendPhoto,
        SetChatMenuButton,
        SetMyCommands,
        SetMyDescription,
        SetMyShortDescription,
        SetWebhook,
        TelegramMethod,
    )
    from aiogram.types import (
        BotCommand,
        BufferedInputFile,
        InlineKeyboardButton,
        InlineKeyboardMarkup,
        KeyboardButton,
        MenuButtonCommands,
        ReplyKeyboardMarkup,
        ReplyKeyboardRemove,
        ReplyParameters,
    )

__all__ = [
    "METHODS", "AnswerCallbackQuery", "Bot", "BotCommand", "DeleteMessage", "DeleteWebhook",
    "EditMessageText", "File", "GetFile", "GetMe", "GetUpdates",
    "GetWebhookInfo", "InlineKeyboardButton", "InlineKeyboardMarkup", "KeyboardButton", "LeanSession",
    "MenuButtonCommands", "ReplyKeyboardMarkup", "ReplyKeyboardRemove", "SendDocument", "SendMessage", "SendPhoto",
    "SetChatMenuButton", "SetMyCommands", "SetMyDescription", "SetMyShortDescription", "SetWebhook", "TelegramMethod",
]  # fmt: skip

METHODS: Final[tuple[type[TelegramMethod[Any]], ...]] = (
    SendMessage, SendPhoto, SendDocument, AnswerCallbackQuery, GetFile, GetUpdates, GetMe, GetWebhookInfo, SetWebhook,
    DeleteWebhook, SetMyCommands, EditMessageText, DeleteMessage,
)  # fmt: skip
for _method in METHODS:
    _method.model_rebuild()  # now rather than at the first call; nothing to do when aiogram was imported before us


class File(BufferedInputFile):
    """A file's bytes, comparable, so that two renderings of one message are equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and (self.filename, self.data) == (other.filename, other.data)

    def __hash__(self) -> int:
        return hash((self.filename, self.data))


GONE: Final = ReplyKeyboardRemove(remove_keyboard=True)


def answers(message_id: int) -> ReplyParameters:
    """Under that message of the same chat; on its own where it is gone."""
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)


_SAYS: Final = SendMessage(chat_id=0, text="")
_set: Final = object.__setattr__


def says(**fields: Any) -> SendMessage:
    """The SendMessage that its constructor makes of these fields, unchecked: they come from `render`. As
    `model_construct` does it, which looks every field up anew: 9 µs, as validation; this is 1."""
    made = SendMessage.__new__(SendMessage)
    _set(made, "__dict__", {**_SAYS.__dict__, **fields})
    _set(made, "__pydantic_fields_set__", set(fields))
    _set(made, "__pydantic_extra__", {})
    _set(made, "__pydantic_private__", {"_bot": None})
    return made


JSON: Final[dict[str, str]] = {hdrs.CONTENT_TYPE: "application/json"}
KEPT: Final = 256  # models whose JSON is kept: keyboards, which are the same for everybody
_kept: dict[int, tuple[BaseModel, orjson.Fragment]] = {}


def _json(value: BaseModel) -> orjson.Fragment:
    """For orjson: a model (frozen, as all of aiogram's types), once."""
    known = _kept.get(id(value))
    if known is None or known[0] is not value:
        if len(_kept) >= KEPT:
            _kept.clear()
        dumped = value.__pydantic_serializer__.to_json(value, exclude_unset=True)
        known = _kept[id(value)] = (value, orjson.Fragment(dumped))
    return known[1]


UPLOAD_S: Final = 60.0
UPLOAD_BYTES: Final = 50 << 20
_UPLOADS: Final = {"sendDocument": "document", "sendPhoto": "photo"}


def upload_of(method: TelegramMethod[Any]) -> tuple[str, File] | None:
    """The field and the file that go up with it; None for what is known there already, or holds none."""
    field = _UPLOADS.get(method.__api_method__, "")
    upload = getattr(method, field) if field else None
    return (field, upload) if isinstance(upload, File) else None


class LeanSession(BaseSession):
    """aiogram's extension point: JSON bytes out through our one way to call; status and bytes back, unread.

    The stock session builds a form field by field and reads the whole answer into models.
    """

    def __init__(self, http: Http, api: TelegramAPIServer) -> None:
        super().__init__(api=api)
        self._http = http

    async def __call__(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        """Without the chain of middlewares, which is built anew for every call and is empty here."""
        path = f"/bot{bot.token}/{method.__api_method__}"
        if file := upload_of(method):
            if len(file[1].data) > UPLOAD_BYTES:
                raise Permanent("telegram: the file is too large", reason="too_large")
            kind, body = _form(method, *file)
            headers = {"Content-Type": kind}
            return await self._http.post(path, body, headers, total_s=UPLOAD_S, idle_s=UPLOAD_S)
        values = method.__dict__
        body = orjson.dumps({name: values[name] for name in method.model_fields_set}, default=_json)
        return await self._http.post(path, body, JSON, total_s=timeout, idle_s=timeout)

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        return await self(bot, method, timeout)

    async def stream_content(self, *args: Any, **options: Any) -> AsyncGenerator[bytes, None]:
        """Not used: `client.fetch` downloads, with a cap."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def close(self) -> None:
        await self._http.close()


def _form(method: TelegramMethod[Any], file: str, upload: File) -> tuple[str, bytes]:
    """Content type and body of a multipart form. Names and file names are ours: no header can be broken."""
    values = method.model_dump(mode="json", exclude_unset=True, exclude={file})
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in values.items():
        data = value.encode() if isinstance(value, str) else orjson.dumps(value)
        parts += [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), data, b"\r\n"]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{file}"; filename="{upload.filename}"\r\n'
    parts += [f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), upload.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
