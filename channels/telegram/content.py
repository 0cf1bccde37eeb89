"""What a message holds: text, files, a place, a card, a form, or something that nobody here reads yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from channels import leads, posted
from channels.contract import Account, Delivery, InboundFile, Kind, MalformedPayload, SharedContact
from channels.reading import clean_name, ident, integer, items, mapping, number, text

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
    " refunded_payment users_shared user_shared chat_shared gift_upgrade_sent connected_website"
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


def content(message: Raw) -> dict[str, Any]:
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
    if message.get("web_app_data") is not None:
        return _filled(mapping(message, "web_app_data"))
    if message.get("rich_message") is not None and (words := _rich(message["rich_message"])):
        return {"kind": Kind.TEXT, "text": text({"words": words}, "words")}
    fields = [name for name, value in message.items() if name not in _FRAME and value is not None]
    if service := next((name for name in fields if name in _SERVICE), ""):
        return {"kind": Kind.IGNORED, "reason": f"service message: {service}"}
    field = next(iter(fields), "nothing")
    return {"kind": Kind.UNSUPPORTED, "text": text(message, "caption"), "reason": clean_name(field)}


def _text(message: Raw) -> dict[str, Any]:
    said = text(message, "text")
    if (start := _START.fullmatch(said)) and not forwarded(message):
        return {"kind": Kind.FOLLOW, "payload": start[1] or "", "extra": _link(start[1] or "")}
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
    if is_true(raw, "is_video"):
        mime = "video/webm"
    elif is_true(raw, "is_animated"):
        mime = "application/x-tgsticker"
    emoji = text(raw, "emoji")
    return {
        "kind": Kind.STICKER,
        "files": (_file(raw, Kind.STICKER, mime),),
        "extra": {"emoji": emoji} if emoji else {},
    }


def _filled(told: Raw) -> dict[str, Any]:
    """What a page sent that he opened from a button: a form's fields where they are such, else words."""
    said = text(told, "data")
    if not said:
        return {"kind": Kind.IGNORED, "reason": "an empty form"}
    try:
        flats = posted.entries(Delivery(headers={}, body=said.encode())) if said.startswith("{") else []
    except MalformedPayload:
        flats = []
    fields = leads.fields(flats[0], _OF_A_PAGE) if len(flats) == 1 else {}
    return {"kind": Kind.FORM, "text": said, "extra": fields or {"message": said}}


_OF_A_PAGE: Final = Account(channel="telegram", name="page", settings={})  # fields have their usual names


def _location(raw: Raw) -> tuple[float, float]:
    latitude, longitude = number(raw, "latitude"), number(raw, "longitude")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise MalformedPayload("location: not on this earth")
    return latitude, longitude


def _contact(message: Raw) -> SharedContact:
    """Own: Telegram vouches for the number by the sender's id, and nobody passed the card on."""
    card = mapping(message, "contact")
    own = (
        bool(card.get("user_id")) and ident(card, "user_id") == ident(message, "from", "id") and not forwarded(message)
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


def forwarded(message: Raw) -> bool:
    return not _FORWARDED.isdisjoint(message)


def is_true(raw: Raw, name: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise MalformedPayload(f"{name}: true or false was expected")
    return value is True
