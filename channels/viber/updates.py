"""What a callback says, one event a delivery. Whatever is not known is IGNORED or UNSUPPORTED with its reason. A known
event whose fields have another shape is malformed, and kept aside whole; but for what is only about the person (his
name, our own tracking data), which nobody waits for.

Who is who: `sender` writes, `user` opens or subscribes, `user_id` leaves or received something of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from channels.contract import (
    NAMELESS_MS,
    SAID,
    UNSAID,
    Account,
    Delivery,
    InboundEvent,
    InboundFile,
    Kind,
    MalformedPayload,
    Profile,
    Receipt,
    SharedContact,
)
from channels.loose import NOTHING, at, ident, number, part, perhaps, when, words
from channels.reading import clean_name, read_json, wrong
from channels.reasons import Reason

TEXT_LIMIT: Final = 7000  # code points
TAP: Final = "btn:"  # what begins the ActionBody of a button of ours: it comes back as a text

Raw = Mapping[str, Any]
Found = dict[str, Any]

KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind.TEXT,
    "url": Kind.TEXT,
    "picture": Kind.IMAGE,
    "image": Kind.IMAGE,
    "photo": Kind.IMAGE,
    "gif": Kind.IMAGE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "document": Kind.FILE,
    "audio": Kind.AUDIO,
    "voice": Kind.AUDIO,
    "ptt": Kind.AUDIO,
    "sticker": Kind.STICKER,
    "location": Kind.LOCATION,
    "contact": Kind.CONTACT,
}
FILES: Final = frozenset({Kind.IMAGE, Kind.FILE, Kind.AUDIO, Kind.VIDEO})
_TAPPED: Final = re.compile(r"btn:(\S{1,200})")
_LINK: Final = re.compile(r"(https?://|[a-z0-9-]+(\.[a-z0-9-]+)+/)\S{1,4000}", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[0-9\s().-]{3,24}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """The one event of one delivery. Raises MalformedPayload for what is no object, or was said by nobody."""
    raw = read_json(delivery.body)
    if not isinstance(raw, dict):
        raise MalformedPayload("the payload: an object was expected")
    name = clean_name(words(raw, "event").strip())[:40]
    found: Found = {
        "kind": Kind.IGNORED,
        "thread": "",
        "said_at": perhaps(when, raw, "timestamp", default=UNSAID),
    } | _read(name.lower(), raw)
    if found["kind"] is Kind.IGNORED:
        found["thread"] = ""
    found["key"] = _key(name, raw, delivery.body)
    if found["kind"] in SAID and not found["external_id"] and found["said_at"] == UNSAID:
        found["window_ms"] = NAMELESS_MS
    return [InboundEvent(channel=account.channel, account=account.name, raw=delivery.body, **found)]


def _read(name: str, raw: Raw) -> Found:
    if (reader := _READERS.get(name)) is not None:
        return reader(raw)
    # an event of tomorrow, or one without its name: the person may have said something
    if raw.get("message") is not None and (told := perhaps(_said, raw, default=None)):
        return told
    return {"reason": f"event: {name}" if name else "an event without a name"}


# ---- what customers say


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message holds, whatever it is called."""

    kind: str
    text: str
    files: tuple[InboundFile, ...]
    contact: SharedContact | None
    location: tuple[float, float] | None
    extra: Mapping[str, str]


def _said(raw: Raw) -> Found:
    thread = _user(raw)
    if not thread:
        raise MalformedPayload("sender.id: said by nobody")
    if group := ident(raw, "chat_id"):
        return {"reason": "a group or an inline conversation", "extra": {"chat": group}}
    given = part(raw, "message")
    if not given:
        raise wrong(("message",), "an object")
    message = _whole(given)
    kind = _kind(message)
    found: Found = {
        "kind": kind,
        "thread": thread,
        "external_id": _token(raw),
        "text": message.text,
        "files": message.files,
        "contact": message.contact,
        "location": message.location,
        "profile": _profile(raw, "sender") or _profile(raw, "user"),
        "extra": message.extra,
    }
    if kind is Kind.TEXT:
        if tapped := _TAPPED.fullmatch(message.text.strip()):
            return found | {"kind": Kind.BUTTON, "payload": tapped[1], "text": ""}
        found["at_limit"] = len(message.text) >= TEXT_LIMIT
    elif kind is Kind.UNSUPPORTED:
        named = clean_name(message.kind)[:60]
        found["reason"] = f"{named} without what makes it one" if message.kind in KINDS else named or "no type"
    return found


def _whole(raw: Raw) -> _Message:
    """Of a kind that nobody knows, what can be read."""
    kind = words(raw, "type").strip().lower()[:60]
    if not kind and words(raw, "text").strip():
        kind = "text"
    if kind in KINDS:
        return _message(kind, raw)
    unknown = _Message(kind=kind, text="", files=(), contact=None, location=None, extra={})
    return perhaps(_message, kind, raw, default=unknown)


def _message(kind: str, raw: Raw) -> _Message:
    contact, said = _contact(_own(kind, raw, "contact"), words(raw, "text") or words(raw, "alt_text"))
    place = _own(kind, raw, "location")
    files = _files(kind, raw)
    lines = [said] if said.strip() else []
    if kind == "url":
        lines += [link for link in [_link(raw)] if link not in said]
    if kind == "location":
        address = words(place, "address") or words(raw, "address")
        lines += [address] if address.strip() else []
    extra = {
        "sticker": ident(raw, "sticker_id"),
        "tracking_data": perhaps(words, raw, "tracking_data", default="")[:400],
        "media": _link(raw) if kind == "text" else "",
    }
    return _Message(
        kind=kind,
        text="\n".join(lines) if len(lines) > 1 else (lines[0] if lines else said),
        files=files,
        contact=contact,
        location=_place(place),
        extra={name: value for name, value in extra.items() if value},
    )


def _own(kind: str, raw: Raw, name: str) -> Raw:
    """The object of that name, in whatever shape where the message is of another kind."""
    return part(raw, name) if kind == name else perhaps(part, raw, name, default=NOTHING)


def _kind(message: _Message) -> Kind:
    """What it is called; or what it holds, where the two differ. A card or a sticker is one whatever it lacks."""
    called = KINDS.get(message.kind, Kind.UNSUPPORTED)
    match called:
        case Kind.TEXT if message.text.strip():
            return called
        case Kind.LOCATION if message.location is not None:
            return called
        case Kind.STICKER | Kind.CONTACT:
            return called
    if message.files:
        return called if called in FILES else message.files[0].kind
    if message.contact is not None:
        return Kind.CONTACT
    if message.location is not None:
        return Kind.LOCATION
    return Kind.UNSUPPORTED


def _files(kind: str, raw: Raw) -> tuple[InboundFile, ...]:
    """What he sent: without a source where it cannot be had. A text's `media` is no file of the customer's; a thumbnail stands in for a lost picture."""
    if kind in ("url", "location", "contact") or (kind == "text" and words(raw, "text").strip()):
        return ()
    called = KINDS[kind] if kind in KINDS and kind != "text" else Kind.FILE
    source = _link(raw)
    if not source and _LINK.fullmatch(small := words(raw, "thumbnail").strip()):
        source, called = small, Kind.IMAGE
    if not source and not (kind in KINDS and called in FILES and kind != "text"):
        return ()
    size = number(raw, "size")
    size = number(raw, "file_size") if size is None else size
    mime = words(raw, "mime_type") or words(raw, "content_type")
    return (
        InboundFile(
            kind=called,
            source=source,
            name=clean_name(words(raw, "file_name") or words(raw, "filename")),
            mime=mime if "/" in mime and len(mime) < 100 else "",
            size=int(size) if size is not None and 0 < size < 1 << 40 else 0,
        ),
    )


def _link(raw: Raw) -> str:
    """The address that `media` holds, if any."""
    link = (words(raw, "media") or words(raw, "url")).strip()
    return link if _LINK.fullmatch(link) else ""


def _contact(card: Raw, said: str) -> tuple[SharedContact | None, str]:
    """The card with what it says, and the words beside it. It is the sender's own only where our share-phone button
    brought it: its ActionBody stands beside it then, which a card from the address book does not have."""
    if not card:
        return None, said
    own = _TAPPED.fullmatch(said.strip()) is not None
    name = clean_name(words(card, "name"))
    phone = next((given for key in ("phone_number", "phone") if (given := words(card, key).strip())), "")
    rest = "" if own else said
    if not _PHONE.fullmatch(phone):
        rest, phone = "\n".join(line for line in (rest, phone) if line.strip()), ""
    return (SharedContact(phone=_international(phone), name=name, own=own) if phone or name else None), rest


def _international(phone: str) -> str:
    """Viber writes numbers without the plus; what begins with our zero stays as it is."""
    digits = re.sub(r"[^0-9]", "", phone)
    return f"+{digits}" if len(digits) >= 10 and not digits.startswith("0") else digits


def _place(raw: Raw) -> tuple[float, float] | None:
    lat = number(raw, "lat")
    lon = number(raw, "lon")
    lat = number(raw, "latitude") if lat is None else lat
    lon = (
        next((one for key in ("lng", "longitude") if (one := number(raw, key)) is not None), None)
        if lon is None
        else lon
    )
    return (lat, lon) if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180 else None


# ---- what happens


def _opened(raw: Raw) -> Found:
    """The chat was opened: not subscribed yet, so that only the answer to this very delivery can say something."""
    found = _of(raw, Kind.FOLLOW)
    extra = {
        "welcomed": "yes",
        "start": words(raw, "context")[:400],
        "opened": words(raw, "type")[:40],
        "subscribed": "yes" if at(raw, "subscribed") is True else "",
    }
    if not found["thread"]:
        return found
    return found | {"extra": {name: value for name, value in extra.items() if value}, "payload": extra["start"]}


def _subscribed(raw: Raw) -> Found:
    return _of(raw, Kind.FOLLOW)


def _unsubscribed(raw: Raw) -> Found:
    return _of(raw, Kind.UNFOLLOW)


def _of(raw: Raw, kind: Kind) -> Found:
    """An event of a customer; IGNORED when it does not say whose."""
    thread = _user(raw)
    if not thread:
        return {"thread": "", "reason": "it names no customer"}
    return {"kind": kind, "thread": thread, "profile": _profile(raw, "user")}


# ---- what became of what we sent


def _receipt(status: str, reason: Reason | Literal[""] = "") -> Callable[[Raw], Found]:
    def reader(raw: Raw) -> Found:
        thread, token = _user(raw), _token(raw)
        if not thread or not token:
            return {"reason": "a receipt of nothing"}
        told = Receipt(status=status, external_ids=(token,), and_before=status == "read", reason=reason)
        return {"kind": Kind.RECEIPT, "thread": thread, "receipt": told}

    return reader


def _checked(_raw: Raw) -> Found:
    return {"reason": "Viber's check of the address"}


_READERS: Final[Mapping[str, Callable[[Raw], Found]]] = {
    "message": _said,
    "conversation_started": _opened,
    "subscribed": _subscribed,
    "unsubscribed": _unsubscribed,
    "delivered": _receipt("delivered"),
    "seen": _receipt("read"),
    "failed": _receipt("failed", "refused"),  # `desc` is English of any kind: it stays in the event
    "webhook": _checked,
}


# ---- small things


def _user(raw: Raw) -> str:
    return ident(raw, "sender", "id") or ident(raw, "user", "id") or ident(raw, "user_id")


def _token(raw: Raw) -> str:
    """Beyond 53 bits: text, from the digits as they came."""
    return ident(raw, "message_token")


def _profile(raw: Raw, who: str) -> Profile | None:
    name = clean_name(perhaps(words, raw, who, "name", default=""))
    language = perhaps(words, raw, who, "language", default="").strip()
    if not _LANGUAGE.fullmatch(language):
        language = ""
    return Profile(name=name, language=language) if name or language else None


def _key(name: str, raw: Raw, body: bytes) -> str:
    """The event, its token and whose it is: receipts repeat the token of their message. With the body's digest where
    there is none."""
    token, user = perhaps(_token, raw, default=""), perhaps(_user, raw, default="")
    return f"{name or 'nameless'}:{token or hashlib.sha256(body).hexdigest()[:32]}:{user}"
