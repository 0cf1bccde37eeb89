"""Bytes in and out: JSON, the four ways in which Telegram takes parameters, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

Json = dict[str, Any]

dumps = orjson.dumps
loads = orjson.loads

UPLOAD_BYTES: Final = 50 * 1024 * 1024
REQUEST_BYTES: Final = UPLOAD_BYTES + 1024 * 1024  # a whole request: the file and its form
CHUNK: Final = 256 * 1024


class ApiError(Exception):
    """What the platform answers when it will not: `status`, `description`, `parameters`."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def body(self) -> bytes:
        answer: Json = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return dumps(answer)


def bad(what: str) -> ApiError:
    return ApiError(400, f"Bad Request: {what}")


def too_many(retry_after: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


TOO_LARGE: Final = (413, "Request Entity Too Large")


@dataclass(frozen=True, slots=True)
class FormFile:
    name: str
    mime: str
    content: bytes
    disposition: str  # the header as it came: file names beyond ASCII are sent in three different ways


@dataclass(slots=True)
class Ask:
    """One call: `params` as they came, whatever they came in."""

    method: str
    params: Json
    files: dict[str, FormFile] = field(default_factory=dict)


async def read_parameters(request: web.BaseRequest) -> tuple[Json, dict[str, FormFile]]:
    """Query string, JSON, form or multipart, as the platform merges them. Raises ApiError."""
    path = request.raw_path
    params: Json = dict(parse_qsl(path.partition("?")[2], keep_blank_values=True)) if "?" in path else {}
    if not request.can_read_body:
        return params, {}
    if (request.content_length or 0) > REQUEST_BYTES:
        raise ApiError(*TOO_LARGE)
    kind = request.headers.get("Content-Type", "").lower()
    if kind.startswith("application/json"):
        params.update(_json_object(await _body(request)))
    elif kind.startswith("application/x-www-form-urlencoded"):
        params.update(parse_qsl(_utf8(await _body(request)), keep_blank_values=True))
    elif kind.startswith("multipart/form-data"):
        return await _multipart(request, params)
    return params, {}  # a body of any other type is not read: its parameters are missing


async def _body(request: web.BaseRequest) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(*TOO_LARGE) from None


def _json_object(body: bytes) -> Json:
    try:
        params = loads(body) if body else {}
    except ValueError:
        raise bad("can't parse JSON object") from None
    if not isinstance(params, dict):
        raise bad("request must be a JSON object")
    return params


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


async def _multipart(request: web.BaseRequest, params: Json) -> tuple[Json, dict[str, FormFile]]:
    files: dict[str, FormFile] = {}
    left = REQUEST_BYTES
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or not part.name:
                raise bad("can't parse multipart body")
            content = await _part(part, left)
            left -= len(content)
            if part.filename is None:
                params[part.name] = _utf8(content)
            else:
                files[part.name] = _form_file(part, content)
    except ValueError:
        raise bad("can't parse multipart body") from None
    return params, files


def _form_file(part: BodyPartReader, content: bytes) -> FormFile:
    return FormFile(
        name=part.filename or "",
        mime=part.headers.get("Content-Type", ""),
        content=content,
        disposition=part.headers.get("Content-Disposition", ""),
    )


async def _part(part: BodyPartReader, left: int) -> bytes:
    chunks: list[bytes] = []
    while chunk := await part.read_chunk(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise ApiError(*TOO_LARGE)
        chunks.append(chunk)
    return b"".join(chunks)


def decoded(params: Json, name: str) -> Any:
    """A parameter that holds JSON: an object in a JSON body, its text in a form."""
    value = params.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return loads(value)
    except ValueError:
        raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None


def integer(params: Mapping[str, Any], name: str, default: int = 0, *, low: int = 0, high: int = 2**52) -> int:
    """As the platform reads numbers: text or number, nonsense is nought, clamped."""
    value = params.get(name, default)
    if value == "" or value is None:
        value = default
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    return max(low, min(high, number))


def flag(params: Mapping[str, Any], name: str) -> bool:
    value = params.get(name)
    return value.lower() in {"true", "yes", "1"} if isinstance(value, str) else bool(value)


def units(text: str) -> int:
    """Length in UTF-16 code units: how Telegram measures offsets."""
    if text.isascii() or max(text) <= "\uffff":
        return len(text)
    return len(text) + sum(letter > "\uffff" for letter in text)
