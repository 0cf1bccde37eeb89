"""What the stand-in wrote down, and how it says no."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class GraphError(Exception):
    """A refusal: HTTP status, code and subcode."""

    def __init__(self, code: int, subcode: int = 0, message: str = "refused", *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status = code, subcode, status

    def body(self) -> bytes:
        error: Json = {"message": f"(#{self.code}) {self}", "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        return json.dumps({"error": error | {"fbtrace_id": "AbC"}}).encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform took. `payloads` -- of its quick replies, in their order."""

    id: str
    user: str
    kind: str
    tag: str = ""
    text: str = ""
    replies: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    asks_phone: bool = False
    asks_email: bool = False
    links: tuple[str, ...] = ()
    file: bytes = b""
    file_name: str = ""
    template: str = ""
    values: tuple[str, ...] = ()
    metadata: str = ""


@dataclass(slots=True)
class Call:
    """One request, whatever came of it. `fault` -- which one it met, '' = none."""

    method: str
    path: str
    body: Json = field(default_factory=dict)
    fault: str = ""


def escaped(value: Any) -> bytes:
    """As Meta writes it: ASCII, and slashes escaped too."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()
