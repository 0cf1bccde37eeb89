"""What an update says: parsed leniently from plain JSON, one update a delivery.

aiogram's own models refuse a whole update for one unknown member (a new kind of forward origin, a new member status),
so they are not asked. Whatever is not a person speaking to the bot in private is IGNORED, and an unknown kind of
message is UNSUPPORTED: the person did say something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from channels.contract import (
    UNSAID,
    Account,
    Delivery,
    InboundEvent,
    InboundFile,
    Kind,
    MalformedPayload,
    Profile,
    SharedContact,
)
from channels.reading import clean_name, ident, integer, items, mapping, moment, number, read_json, text

TEXT_LIMIT: Final = 4096  # code points

Raw = Mapping[str, Any]

_FORWARDED: Final = frozenset({"forward_origin", "forward_date", "is_automatic_forward"})
_START: Final = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.IGNORECASE)
_LINK: Final = ("start", "source", "campaign")  # of a link's payload, between double hyphens

# Fields of a message that frame what is said, and say nothing themselves.
_FRAME: Final = frozenset(
    "message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot"
    " sender_tag guest_query_id business_connection_id date chat forward_origin forward_from forward_from_chat"
    " forward_from_message_id forward_signature forward_sender_name forward_date is_topic_message"
    " is_automatic_forward reply_to_message external_reply quote reply_to_story reply_to_checklist_task_id"
    " reply_to_poll_option_id via_bot guest_bot_caller_user guest_bot_caller_chat edit_date has_protected_content"
    " is_from_offline is_paid_post media_group_id author_signature paid_star_count entities caption_entities"
    " link_preview_options suggested_post_info effect_id show_caption_above_media has_media_spoiler reply_markup"
    " receiver_user ephemeral_message_id caption".split()
)
# Messages that Telegram itself writes into a chat.
_SERVICE: Final = frozenset(
    "new_chat_members left_chat_member chat_owner_left chat_owner_changed new_chat_title new_chat_photo"
    " delete_chat_photo group_chat_created supergroup_chat_created channel_chat_created"
    " message_auto_delete_timer_changed migrate_to_chat_id migrate_from_chat_id pinned_message successful_payment"
    " refunded_payment users_shared user_shared chat_shared gift unique_gift gift_upgrade_sent connected_website"
    " write_access_allowed proximity_alert_triggered boost_added chat_background_set checklist_tasks_done"
    " checklist_tasks_added direct_message_price_changed forum_topic_created forum_topic_edited forum_topic_closed"
    " forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden giveaway_created"
    " giveaway_completed managed_bot_created paid_message_price_changed poll_option_added poll_option_deleted"
    " suggested_post_approved suggested_post_approval_failed suggested_post_declined suggested_post_paid"
    " suggested_post_refunded video_chat_scheduled video_chat_started video_chat_ended"
    " video_chat_participants_invited voice_chat_scheduled voice_chat_started voice_chat_ended"
    " voice_chat_participants_invited community_chat_added community_chat_removed community_chat_joined".split()
)
# field -> our kind, the mime type when Telegram does not say one. animation before document: a GIF fills both.
_FILES: Final[Mapping[str, tuple[Kind, str]]] = {
    "animation": (Kind.VIDEO, "video/mp4"),
    "document": (Kind.FILE, ""),
    "video": (Kind.VIDEO, "video/mp4"),
    "video_note": (Kind.VIDEO, "video/mp4"),
    "voice": (Kind.AUDIO, "audio/ogg"),
    "audio": (Kind.AUDIO, ""),
}


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
    content = _content(message)
    if content["kind"] is Kind.IGNORED:
        return content | {"said_at": _when(message)}
    content["thread"] = ident(message, "chat", "id")
    content["external_id"] = _number(message)
    content["said_at"] = _when(message)
    content["profile"] = _profile(person)
    if "reply_to_message" in message:
        content["ref"] = _number(mapping(message, "reply_to_message"))
    if "media_group_id" in message:
        content["album"] = ident(message, "media_group_id", needed=False)
    content["forwarded"] = _forwarded(message)
    return content


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
        "extra": {},
    }


def _tap(query: Raw) -> dict[str, Any]:
    """A tapped inline button. It carries no time; the message under it may be inaccessible or gone."""
    person, message = mapping(query, "from"), mapping(query, "message")
    chat = mapping(message, "chat") or {"type": "private", "id": person.get("id")}
    callback = ident(query, "id")
    spins = {"callback_id": callback}  # whatever becomes of the tap, his button must not turn for ever
    if reason := _not_private(chat, person):
        return {"reason": reason, "extra": spins}
    if not message or query.get("data") is None:
        return {"reason": "a button that is not ours (inline message or game)", "extra": spins}
    payload = text(query, "data")
    return {
        "kind": Kind.BUTTON,
        "thread": ident(chat, "id"),
        "external_id": callback,
        "payload": payload,
        "text": _label(message, payload),
        "profile": _profile(person),
        "ref": _number(message),
        "extra": spins,
    }


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
        event |= {"kind": Kind.TEXT, "text": text(message, "text"), "extra": {}}
    return event | {"external_id": _there(message, event["external_id"]), "ref": "", "standby": True}


def _business_edited(message: Raw) -> dict[str, Any]:
    if "sender_business_bot" in message or ident(message, "from", "id", needed=False) != ident(message, "chat", "id"):
        return {"reason": "business: not the customer's words", "said_at": _when(message)}
    event = _edited(message)
    return event | {"ref": _there(message, event["ref"]), "standby": True} if event.get("ref") else event


def _connection(connection: Raw) -> dict[str, Any]:
    return {"reason": f"business: {'connected' if connection.get('is_enabled') is True else 'disconnected'}"}


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
_READERS: Final = {"message": _message, "edited_message": _edited, "callback_query": _tap, "my_chat_member": _member}
_WITH_BUSINESS: Final = _READERS | {
    "business_message": _business,
    "edited_business_message": _business_edited,
    "business_connection": _connection,
}


# ---- what a message holds


def _content(message: Raw) -> dict[str, Any]:
    if message.get("text") is not None:
        return _text(message)
    if message.get("photo") is not None:
        return {"kind": Kind.IMAGE, "text": text(message, "caption"), "files": (_photo(items(message, "photo")),)}
    for field, (kind, mime) in _FILES.items():
        if message.get(field) is not None:
            file = _file(mapping(message, field), kind, mime)
            return {"kind": kind, "text": text(message, "caption"), "files": (file,)}
    if message.get("sticker") is not None:
        return _sticker(mapping(message, "sticker"))
    if message.get("venue") is not None:  # before location: a venue fills both
        venue = mapping(message, "venue")
        words = ", ".join(word for word in (text(venue, "title"), text(venue, "address")) if word)
        return {"kind": Kind.LOCATION, "text": words, "location": _location(mapping(venue, "location"))}
    if message.get("location") is not None:
        return {"kind": Kind.LOCATION, "location": _location(mapping(message, "location"))}
    if message.get("contact") is not None:
        return {"kind": Kind.CONTACT, "contact": _contact(message)}
    if message.get("rich_message") is not None and (words := _rich(message["rich_message"])):
        return {"kind": Kind.TEXT, "text": text({"words": words}, "words")}
    field = next((name for name in message if name not in _FRAME), "nothing")
    if field in _SERVICE:
        return {"kind": Kind.IGNORED, "reason": f"service message: {field}"}
    return {"kind": Kind.UNSUPPORTED, "text": text(message, "caption"), "reason": clean_name(field)}


def _text(message: Raw) -> dict[str, Any]:
    said = text(message, "text")
    if (start := _START.fullmatch(said)) and not _forwarded(message):
        return {"kind": Kind.FOLLOW, "extra": _link(start[1] or "")}
    return {"kind": Kind.TEXT, "text": said, "at_limit": len(message["text"]) >= TEXT_LIMIT}


def _link(payload: str) -> dict[str, str]:
    """What the link says that he came by: `need--source--campaign`, each part may be missing; anything else is one word."""
    return {name: part for name, part in zip(_LINK, payload.split("--", 2), strict=False) if part}


def _photo(sizes: list[Any]) -> InboundFile:
    """The largest of the sizes that Telegram made: a small one cannot be read."""
    if not sizes:
        raise MalformedPayload("message.photo: no size")
    largest = max(sizes, key=lambda size: integer(size, "width", default=0) * integer(size, "height", default=0))
    return _file(largest, Kind.IMAGE, "image/jpeg")


def _file(raw: Raw, kind: Kind, mime: str) -> InboundFile:
    source = text(raw, "file_id")
    if not source:
        raise MalformedPayload("file_id: a text was expected")
    return InboundFile(
        kind=kind,
        source=source,
        name=clean_name(text(raw, "file_name")),
        mime=text(raw, "mime_type").lower() or mime,
        size=integer(raw, "file_size", default=0),
    )


def _sticker(raw: Raw) -> dict[str, Any]:
    mime = "image/webp"
    if raw.get("is_video") is True:
        mime = "video/webm"
    elif raw.get("is_animated") is True:
        mime = "application/x-tgsticker"
    emoji = text(raw, "emoji")
    return {
        "kind": Kind.STICKER,
        "files": (_file(raw, Kind.STICKER, mime),),
        "extra": {"emoji": emoji} if emoji else {},
    }


def _location(raw: Raw) -> tuple[float, float]:
    latitude, longitude = number(raw, "latitude"), number(raw, "longitude")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise MalformedPayload("location: not on this earth")
    return latitude, longitude


def _contact(message: Raw) -> SharedContact:
    """Own: Telegram vouches for the number by the sender's id, and nobody passed the card on."""
    card = mapping(message, "contact")
    own = (
        bool(card.get("user_id")) and ident(card, "user_id") == ident(message, "from", "id") and not _forwarded(message)
    )
    name = clean_name(f"{text(card, 'first_name')} {text(card, 'last_name')}")
    return SharedContact(phone=_phone(text(card, "phone_number"), own=own), name=name, own=own)


def _phone(given: str, *, own: bool) -> str:
    """Telegram spells a number with or without +, perhaps with spaces; a person's own is always international."""
    digits = re.sub(r"[^0-9]", "", given)
    if given.lstrip().startswith("+") or (own and digits and not digits.startswith("0")):
        return f"+{digits}"
    return f"+{digits}" if re.fullmatch(r"84[0-9]{9,10}", digits) else digits


_LINES: Final = ("blocks", "items", "cells")
_WORDS: Final = ("summary", "text", *_LINES, "caption", "credit")


def _rich(node: Any, glue: str = "") -> str:
    """The words of a rich message (10.1), in order: a tree of blocks whose kinds grow with every version."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return glue.join(filter(None, (_rich(part, " " if isinstance(part, list) else "") for part in node)))
    if isinstance(node, Mapping):
        parts = (_rich(node[field], "\n" if field in _LINES else "") for field in _WORDS if field in node)
        return "\n".join(filter(None, parts))
    return ""


# ---- small things


def _not_private(chat: Raw, person: Raw) -> str:
    """Why it is not a person speaking to the bot in private, or ''."""
    if chat.get("type") != "private":
        return f"chat: {clean_name(str(chat.get('type')))}"
    if not person:
        return "no sender"
    return "from a bot" if person.get("is_bot") is True else ""


def _number(message: Raw) -> str:
    """The message's number in its chat; '' for 0, which is in no chat's history and which many share."""
    number_there = ident(message, "message_id", needed=False)
    return "" if number_there == "0" else number_there


def _forwarded(message: Raw) -> bool:
    return not _FORWARDED.isdisjoint(message)


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
