"""Where a list goes on: an opaque text that names the last row seen, so that rows that come in move nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson

from gateway.api.errors import ApiError
from gateway.api.fields import Whole

T = TypeVar("T")


def write(kind: str, *values: str | int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([kind, *values])).decode().rstrip("=")


def part(items: Sequence[T], query: Whole) -> tuple[list[T], str | None]:
    """A page of a list that is at hand whole, and where the next one begins."""
    begun = read("w", query.cursor, int)
    start = max(0, begun[0]) if begun else 0
    if query.limit is None or start + query.limit >= len(items):
        return list(items[start:]), None
    return list(items[start : start + query.limit]), write("w", start + query.limit)


def read(kind: str, cursor: str | None, *shape: type[str | int]) -> tuple[Any, ...] | None:
    """The values of a cursor of this kind; None without one. Raises ApiError for what is none of ours."""
    if not cursor:
        return None
    try:
        data = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = orjson.loads(data)
    except (ValueError, binascii.Error):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != len(shape) + 1
        or values[0] != kind
        or any(type(value) is not wanted for value, wanted in zip(values[1:], shape, strict=True))
        or any(isinstance(value, int) and abs(value) >= 2**63 for value in values)
        or any(isinstance(value, str) and not value.isprintable() for value in values)
    ):
        raise ApiError("invalid", "this cursor is not one of this list", fields={"cursor": "take it from `next`"})
    return tuple(values[1:])
