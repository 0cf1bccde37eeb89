"""Reading a request's body with a cap, a deadline and one strict JSON parser; never `request.json()` or `.post()`."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp import web

from channels.contract import MalformedPayload
from channels.reading import read_json
from gateway.api.errors import ApiError

DEADLINE_S: Final = 5.0
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"


def admit(request: web.Request, cap: int) -> None:
    """Refuse by the headers alone what is too large or encoded. Raises ApiError."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise ApiError("unsupported_media_type", "send the body without Content-Encoding")
    if request.content_length is not None and request.content_length > cap:
        raise too_large(cap)


def too_large(cap: int) -> ApiError:
    return ApiError("too_large", f"the body may have at most {cap} bytes", close=True)


async def read(request: web.Request, cap: int, *, deadline_s: float = DEADLINE_S) -> bytes:
    """The whole body. Raises ApiError too_large or timeout."""
    admit(request, cap)
    if not request.can_read_body:
        return b""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(deadline_s):
            while chunk := await request.content.readany():
                size += len(chunk)
                if size > cap:
                    raise too_large(cap)
                chunks.append(chunk)
    except TimeoutError:
        raise ApiError("timeout", f"the body did not come within {deadline_s:g} s", close=True) from None
    return b"".join(chunks)


def parse(request: web.Request, data: bytes) -> dict[str, Any]:
    """The JSON object in a body; {} for an empty one. Raises ApiError."""
    if not data:
        return {}
    if request.content_type != JSON:
        raise ApiError("unsupported_media_type", f"send {JSON}")
    charset = request.charset
    if charset is not None and charset.lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise ApiError("unsupported_media_type", "send UTF-8")
    try:
        value = read_json(data)
    except MalformedPayload as err:
        raise ApiError("unreadable", f"the body cannot be read: {err}") from None
    if not isinstance(value, dict):
        raise ApiError("invalid", "the body is not an object", fields={"body": "an object was expected"})
    return value
