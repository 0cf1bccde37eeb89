"""What the stand-in wrote down: the only record that counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from .wire import Json


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as the platform received it; `disposition` is the raw multipart header."""

    field: str
    name: str
    mime: str
    content: bytes
    sha256: str
    file_id: str
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform accepted: `message` as a customer's app shows it, `params` as the bot asked."""

    at: float
    chat: int
    method: str
    message_id: int
    params: Json
    message: Json
    files: tuple[SentFile, ...] = ()

    @property
    def text(self) -> str:
        """The text, or the caption."""
        return str(self.message.get("text", self.message.get("caption", "")))

    @property
    def buttons(self) -> list[str]:
        """Labels of the inline buttons, or of the reply keyboard, row by row."""
        markup = self.params.get("reply_markup") or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [button if isinstance(button, str) else button["text"] for row in rows for button in row]

    @property
    def file(self) -> SentFile | None:
        return self.files[0] if self.files else None


@dataclass(slots=True)
class Call:
    """One request, whatever came of it. `status` 0: no answer was given (yet). `accepted`: it was carried out."""

    at: float
    method: str
    params: Json = field(default_factory=dict)
    chat: int = 0
    status: int = 0
    description: str = ""
    accepted: bool = False
    fault: str = ""


@dataclass(slots=True)
class Delivery:
    """One POST to the webhook. `status` 0: no answer, see `error`. `wait`: seconds until the next attempt."""

    update_id: int
    chat: int
    attempt: int
    at: float
    status: int = 0
    latency: float = 0.0
    error: str = ""
    wait: float | None = None
    given_up: bool = False
    again: bool = False  # a repetition of what was already acknowledged
