"""What the stand-in wrote down, and how it says no."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class ViberError(Exception):
    """An answer with HTTP 200 and a status that says why not."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def body(self) -> bytes:
        return dumps({"status": self.code, "status_message": str(self)})


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform took. `billing` -- its billing_status; `actions` -- ActionType and ActionBody."""

    at: float
    user: str
    token: int
    kind: str
    text: str = ""
    actions: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    media: str = ""
    size: int = 0
    file_name: str = ""
    billing: int = 0
    body: Json = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One request, whatever came of it. `code` -- Viber's status, None when no answer was given."""

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
    answer: bytes = b""


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
