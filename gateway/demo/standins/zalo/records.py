"""What the stand-in wrote down, and how it says no."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class ZaloError(Exception):
    """An answer with HTTP 200 and a code that says why not."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def body(self) -> bytes:
        return dumps({"error": self.code, "message": str(self)})


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform took. `billed` -- outside the free hours; `template` -- its number."""

    at: float
    user: str
    id: str
    text: str = ""
    buttons: tuple[str, ...] = ()
    file: bytes = b""
    file_name: str = ""
    asks_contact: bool = False
    billed: bool = False
    template: str = ""
    values: Json = field(default_factory=dict)
    tracking: str = ""


@dataclass(slots=True)
class Call:
    """One request, whatever came of it. `code` -- Zalo's own, None when no answer was given."""

    at: float
    path: str
    body: Any = None
    token: str = ""
    code: int | None = None
    fault: str = ""


@dataclass(slots=True)
class Delivery:
    """One POST to the webhook. `status` 0: no answer."""

    event: Json
    retry: int
    at: float
    status: int = 0


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
