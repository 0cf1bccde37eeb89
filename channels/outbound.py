"""What leaves, as the outbox keeps it: plain JSON, without the bytes of files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from channels.contract import Button, OutboundFile, OutboundMessage, Template


def to_json(message: OutboundMessage) -> dict[str, Any]:
    """What the outbox keeps of a call; a file's bytes stay in the file store."""
    out: dict[str, Any] = {"thread": message.thread}
    if message.text:
        out["text"] = message.text
    if message.buttons:
        out["buttons"] = [listed(button) for button in message.buttons]
    if message.file:
        out["file"] = [message.file.id, message.file.name, message.file.mime, message.file.size]
    if message.clear_keyboard:
        out["clear"] = True
    if not message.notification:
        out["silent"] = True
    if message.template:
        out["template"] = [message.template.purpose, dict(message.template.values), message.template.phone]
    if message.by_human:
        out["human"] = True
    if message.unasked:
        out["unasked"] = True
    if message.link:
        out["link"] = message.link
    if message.edits:
        out["edits"] = message.edits
    if message.reply_to:
        out["reply_to"] = message.reply_to
    if message.beside:
        out["beside"] = message.beside
    return out


def listed(button: Button) -> list[Any]:
    """A button in the outbox."""
    told = [button.id, button.label, button.url, button.contact]
    return [*told, True] if button.email else told


@lru_cache(maxsize=1024)
def _button(id: str, label: str, url: str, contact: bool, email: bool = False) -> Button:  # noqa: A002 -- as in Button
    """Everybody is offered the same ones."""
    return Button(id=id, label=label, url=url, contact=contact, email=email)


def from_json(row_id: str, data: Mapping[str, Any], *, file_data: bytes = b"") -> OutboundMessage:
    """The reverse of `to_json`, for the row `row_id`."""
    file, template = data.get("file"), data.get("template")
    return OutboundMessage(
        id=row_id,
        thread=data["thread"],
        text=data.get("text", ""),
        buttons=tuple([_button(*button) for button in data["buttons"]]) if "buttons" in data else (),
        file=OutboundFile(id=file[0], name=file[1], mime=file[2], size=file[3], data=file_data) if file else None,
        clear_keyboard=data.get("clear", False),
        notification=not data.get("silent", False),
        template=Template(purpose=template[0], values=template[1], phone=template[2]) if template else None,
        by_human=data.get("human", False),
        unasked=data.get("unasked", False),
        link=data.get("link", ""),
        edits=data.get("edits", ""),
        reply_to=data.get("reply_to", ""),
        beside=data.get("beside", ""),
    )
