"""What an update says: parsed leniently from plain JSON, one update a delivery.

aiogram's own models refuse a whole update for one unknown member (a new kind of forward origin, a new member status),
so they are not asked. Whatever is not a person speaking to the bot in private is IGNORED, and an unknown kind of
message is UNSUPPORTED: the person did say something.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from channels.contract import (
    UNSAID,
    Account,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    Profile,
)
from channels.reading import clean_name, ident, integer, items, mapping, moment, read_json, text
from channels.telegram.content import Raw, content, forwarded, is_true


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """The one event of one update; one a message where several were deleted at once. Raises MalformedPayload."""
    raw = read_json(delivery.body)
    key = f"u:{ident(raw, 'update_id')}"
    common: dict[str, Any] = {"channel": account.channel, "account": account.name}
    found: dict[str, Any] = {"kind": Kind.IGNORED, "thread": "", "said_at": UNSAID}
    if account.get("business") and DELETED in raw:
        return [InboundEvent(key=f"{key}:{one['ref']}", **common | one) for one in _deleted(raw)]
    for kind, reader in (_WITH_BUSINESS if account.get("business") else _READERS).items():
        if kind in raw:
            found |= reader(mapping(raw, kind))
            break
    else:
        found["reason"] = _other(raw)
    return [InboundEvent(key=key, raw=delivery.body, **common | found)]


def _other(raw: Raw) -> str:
    """Unknown, or not asked for; business updates also when nobody wanted them."""
    return next((f"update: {clean_name(name)}" for name in raw if name != "update_id"), "an empty update")


# ---- the updates that we ask for


def _message(message: Raw) -> dict[str, Any]:
    person = mapping(message, "from")
    if reason := _not_private(mapping(message, "chat"), person):
        return {"reason": reason, "said_at": _when(message)}
    found = content(message)
    if found["kind"] is Kind.IGNORED:
        return found | {"said_at": _when(message)}
    found["thread"] = ident(message, "chat", "id")
    found["external_id"] = _number(message)
    found["enveloped"] = True
    found["said_at"] = _when(message)
    found["profile"] = _profile(person)
    if "reply_to_message" in message:
        found["ref"] = _number(mapping(message, "reply_to_message"))
    if "media_group_id" in message:
        found["album"] = ident(message, "media_group_id", needed=False)
    found["forwarded"] = forwarded(message)
    return found


def _edited(message: Raw) -> dict[str, Any]:
    """What the message says now; no external id of its own, for it is no message of its own."""
    event = _message(message)
    if event.get("kind", Kind.IGNORED) in {Kind.IGNORED, Kind.UNSUPPORTED}:
        return {"reason": event.get("reason", ""), "said_at": event["said_at"]}
    edited = integer(message, "edit_date", default=0)
    said_at = moment(edited, "edit_date") if edited else event["said_at"]
    return event | {
        "kind": Kind.EDIT,
        "text": text(message, "text") or event.get("text", ""),
        "ref": event["external_id"],
        "external_id": "",
        "said_at": said_at,
        "at_limit": False,
        "payload": "",
        "extra": {},
    }


def _tap(query: Raw) -> dict[str, Any]:
    """A tapped inline button. It carries no time; the message under it may be inaccessible, gone, or one that he sent
    through us into another chat: then it is he who taps."""
    person, message = mapping(query, "from"), mapping(query, "message")
    ident(person, "id")  # whoever taps has one
    chat = mapping(message, "chat") or {"type": "private", "id": person["id"]}
    callback = ident(query, "id")
    spins = {"callback_id": callback}  # whatever becomes of the tap, his button must not turn for ever
    if reason := _not_private(chat, person):
        return {"reason": reason, "extra": spins}
    if query.get("data") is None:
        return {"reason": "a button that carries nothing (a game)", "extra": spins}
    payload = text(query, "data")
    return {
        "kind": Kind.BUTTON,
        "thread": ident(chat, "id"),
        "external_id": callback,
        "enveloped": True,
        "payload": payload,
        "text": _label(message, payload),
        "profile": _profile(person),
        "ref": _number(message),
        "extra": spins,
    }


def _reaction(told: Raw) -> dict[str, Any]:
    """All the signs that he leaves at a message from now on; none: he took the last one back."""
    person, said_at = mapping(told, "user"), _when(told)
    if reason := _not_private(mapping(told, "chat"), person):
        return {"reason": reason, "said_at": said_at}
    signs = "".join(filter(None, map(_sign, items(told, "new_reaction"))))
    return {
        "kind": Kind.REACTION,
        "thread": ident(told, "chat", "id"),
        "said_at": said_at,
        "profile": _profile(person),
        "ref": _number(told),
        "extra": {"reaction": signs, "action": "react"} if signs else {"action": "unreact"},
    }


def _sign(one: Any) -> str:
    """A custom emoji is a picture of its own; its type stands for it."""
    kind = text(one, "type")
    return text(one, "emoji") or {"paid": "⭐"}.get(kind, kind)


def _member(change: Raw) -> dict[str, Any]:
    """In a private chat: blocked or unblocked."""
    said_at = _when(change)
    if reason := _not_private(mapping(change, "chat"), mapping(change, "from")):
        return {"reason": reason, "said_at": said_at}
    status = text(change, "new_chat_member", "status")
    kind = {"kicked": Kind.UNFOLLOW, "member": Kind.FOLLOW}.get(status)
    if kind is None:
        return {"reason": f"member status: {clean_name(status)}", "said_at": said_at}
    return {
        "kind": kind,
        "thread": ident(change, "chat", "id"),
        "said_at": said_at,
        "profile": _profile(mapping(change, "from")),
    }


# ---- an advisor's own chats (`business: true`): what a customer of ours says there is kept beside what he says to us


def _business(message: Raw) -> dict[str, Any]:
    """Kept where a conversation with him is, begins none, answered by nobody: the advisor answers there himself."""
    if "sender_business_bot" in message:
        return {"reason": "business: sent by a bot", "said_at": _when(message)}
    if ident(message, "from", "id", needed=False) != ident(message, "chat", "id", needed=False):
        return {"reason": "business: the advisor's own words", "said_at": _when(message)}
    event = _message(message)
    if event.get("kind", Kind.IGNORED) is Kind.IGNORED:
        return event
    if event["kind"] is Kind.FOLLOW:  # a command of the bot's, typed to a person
        event |= {"kind": Kind.TEXT, "text": text(message, "text"), "payload": "", "extra": {}}
    return event | {"external_id": _there(message, event["external_id"]), "ref": "", "standby": True}


def _business_edited(message: Raw) -> dict[str, Any]:
    if "sender_business_bot" in message or ident(message, "from", "id", needed=False) != ident(message, "chat", "id"):
        return {"reason": "business: not the customer's words", "said_at": _when(message)}
    event = _edited(message)
    return event | {"ref": _there(message, event["ref"]), "standby": True} if event.get("ref") else event


def _connection(connection: Raw) -> dict[str, Any]:
    return {"reason": f"business: {'connected' if is_true(connection, 'is_enabled') else 'disconnected'}"}


def _deleted(raw: Raw) -> list[dict[str, Any]]:
    """One event a message, each with bytes that say just that."""
    told = mapping(raw, DELETED)
    thread, numbers = ident(told, "chat", "id"), items(told, "message_ids")[:100]
    return [
        {
            "kind": Kind.RETRACT,
            "thread": thread,
            "said_at": UNSAID,
            "ref": _there(told, ident({"id": number}, "id")),
            "standby": True,
            "raw": json.dumps({"update_id": raw["update_id"], DELETED: {**told, "message_ids": [number]}}).encode(),
        }
        for number in numbers
    ]


def _there(raw: Raw, number_there: str) -> str:
    """A message's name with us: its number counts in the advisor's chat, not in the bot's."""
    return f"{ident(raw, 'business_connection_id')[:64]}:{number_there}" if number_there else ""


DELETED: Final = "deleted_business_messages"
_READERS: Final = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _tap,
    "message_reaction": _reaction,
    "my_chat_member": _member,
}
_WITH_BUSINESS: Final = _READERS | {
    "business_message": _business,
    "edited_business_message": _business_edited,
    "business_connection": _connection,
}


# ---- small things


def _not_private(chat: Raw, person: Raw) -> str:
    """Why it is not a person speaking to the bot in private, or ''."""
    kind = text(chat, "type")
    if not kind:
        raise MalformedPayload("chat.type: a text was expected")
    if kind != "private":
        return f"chat: {clean_name(kind)}"
    if not person:
        return "no sender"
    return "from a bot" if is_true(person, "is_bot") else ""


def _number(message: Raw) -> str:
    """The message's number in its chat; '' for 0, which is in no chat's history and which many share."""
    number_there = ident(message, "message_id", needed=False)
    return "" if number_there == "0" else number_there


def _when(raw: Raw) -> datetime:
    seconds = integer(raw, "date", default=0)
    return moment(seconds, "date") if seconds else UNSAID


def _profile(person: Raw) -> Profile:
    first, last = text(person, "first_name"), text(person, "last_name")
    name = f"{first} {last}" if last else first
    return Profile(name=clean_name(name), language=clean_name(text(person, "language_code")))


def _label(message: Raw, payload: str) -> str:
    """What the tapped button said, when its message is still readable."""
    for row in items(message, "reply_markup", "inline_keyboard"):
        for button in row if isinstance(row, list) else ():
            if isinstance(button, Mapping) and button.get("callback_data") == payload:
                return text(button, "text")
    return ""
