"""What comes back of what we sent: receipts, echoes, ratings and quick replies of templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from channels.contract import TOLD_BACK, UNSAID, Kind, Receipt
from channels.loose import ident, part, several, when, words
from channels.zalo.attachments import read
from channels.zalo.fields import extras, joined, message_id
from channels.zalo.tracking import thread_of

Raw = Mapping[str, Any]
Found = dict[str, Any]


def received(status: str) -> Callable[[Raw], Found]:
    def reader(raw: Raw) -> Found:
        message = part(raw, "message")
        ids = [ident({"id": one}, "id") for one in several(message, "msg_ids") or several(message, "msg_id")]
        ids = [one for one in dict.fromkeys(ids) if one]
        tracking = words(message, "tracking_id")
        # To a telephone number: the recipient is that number (or its hash) and nobody's thread; ours is in the tracking id.
        by_phone = bool(tracking) or message.get("delivery_time") is not None
        thread = thread_of(tracking) if by_phone else ident(raw, "recipient", "id")
        if not thread or not ids:
            return {"reason": "a receipt of what was sent by telephone number" if by_phone else "a receipt of nothing"}
        found: Found = {"kind": Kind.RECEIPT, "thread": thread}
        delivered = when(message, "delivery_time")
        if delivered != UNSAID:
            found["said_at"] = delivered
        return found | {"receipt": Receipt(status=status, external_ids=tuple(ids))}

    return reader


def echo(raw: Raw) -> Found:
    """Ours; or a person's, typed in Zalo's own tools: then the bot is silent from here on."""
    thread = ident(raw, "recipient", "id")
    if not thread:
        return {"reason": "an echo to nobody"}
    message = part(raw, "message")
    hung = read(message)
    human = (ident(raw, "sender", "admin_id") or ident(raw, "admin_id")).strip("0")
    return {
        "kind": Kind.ECHO,
        "thread": thread,
        "external_id": message_id(raw),
        "text": joined(words(message, "text"), hung),
        "files": tuple(hung.files),
        "contact": hung.contact,
        "location": hung.location,
        "by_human": bool(human),
        "reason": "" if human else TOLD_BACK,
        "extra": extras(raw, hung)
        | ({"admin_id": ident(raw, "sender", "admin_id") or ident(raw, "admin_id")} if human else {}),
    }


# ---- templates: no customer in them but by our tracking id


def feedback(raw: Raw) -> Found:
    message = part(raw, "message")
    thread = thread_of(words(message, "tracking_id"))
    if not thread:
        return {"reason": "a rating of a template message that we did not track"}
    told = {"rate": words(message, "rate"), "option": words(message, "option")}
    liked = [words({"it": one}, "it") for one in several(message, "feedbacks")]
    said = "\n".join(line for line in (words(message, "note"), ", ".join(filter(None, liked))) if line.strip())
    extra = {name: value for name, value in told.items() if value}
    return {"kind": Kind.FORM, "thread": thread, "text": said, "extra": extra, "ref": message_id(raw)}


def responded(raw: Raw) -> Found:
    """A quick reply under a template message."""
    message = part(raw, "message")
    thread = thread_of(words(message, "tracking_id"))
    if not thread:
        return {"reason": "a quick reply under a template message that we did not track"}
    answer = words(message, "data") or "tap"
    return {"kind": Kind.BUTTON, "thread": thread, "payload": answer[:200], "text": answer, "ref": message_id(raw)}
