"""Where an event says what: whose it is, which message, what its words and attachments add up to, and its key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from channels.contract import MalformedPayload
from channels.loose import ident, perhaps
from channels.reading import clean_name
from channels.zalo.attachments import Hung

Raw = Mapping[str, Any]


def user(raw: Raw) -> str:
    return (
        ident(raw, "follower", "id")
        or ident(raw, "sender", "id")
        or ident(raw, "user_id")
        or ident(raw, "data", "user_id")
        or ident(raw, "user", "id")
    )


def sayer(raw: Raw) -> str:
    if not (found := user(raw)):
        raise MalformedPayload("sender.id: said by nobody")
    return found


def message_id(raw: Raw) -> str:
    return (
        ident(raw, "message", "msg_id")
        or ident(raw, "message", "message_id")
        or ident(raw, "msg_id")
        or ident(raw, "message", "mid")
    )


def key(name: str, raw: Raw, body: bytes) -> str:
    """The event, whose it is, whom it went to, and its time; with the body's digest where one of them is missing."""
    told = [perhaps(one, raw, default="") for one in (message_id, user, _recipient, _stamp)]
    start = ":".join([clean_name(name) or "nameless", *told])
    if told[1] and told[3]:
        return start
    return f"{start}:{hashlib.sha256(body).hexdigest()[:32]}"


def _recipient(raw: Raw) -> str:
    return ident(raw, "recipient", "id")


def _stamp(raw: Raw) -> str:
    return ident(raw, "timestamp")


def joined(said: str, hung: Hung) -> str:
    """The text, and the lines that the attachments add to it."""
    lines = [said] if said.strip() else []
    lines += [line for line in dict.fromkeys(hung.lines) if line not in said]
    return "\n".join(lines) if len(lines) > 1 else (lines[0] if lines else said)


def extras(raw: Raw, hung: Hung) -> dict[str, str]:
    """What a reply needs (the visit of somebody without a Zalo identity), and the sticker's number."""
    found = {
        "conversation_id": ident(raw, "message", "conversation_id") or ident(raw, "conversation_id"),
        "sticker": hung.sticker,
        "user_id_by_app": perhaps(ident, raw, "user_id_by_app", default=""),
    }
    return {name: value for name, value in found.items() if value}
