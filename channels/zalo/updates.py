"""What an event says, one event a delivery. Names and fields grow: whatever is not known is IGNORED or UNSUPPORTED with
its reason. A known event whose fields have another shape is malformed, and kept aside whole.

Who is who: `sender` is the customer of what customers send, and the OA of echoes and receipts; follow has `follower`,
the flat events have `user_id`. An echo or a receipt that was answered would be echoed again, for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from channels.contract import (
    NAMELESS_MS,
    UNSAID,
    Account,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    SharedContact,
)
from channels.contract import SAID as SPOKEN
from channels.loose import ident, part, perhaps, several, when, words
from channels.reading import clean_name, read_json, wrong
from channels.zalo.attachments import Hung, plain_phone, read
from channels.zalo.fields import extras, joined, key, message_id, sayer, user
from channels.zalo.returned import echo, feedback, received, responded
from channels.zalo.settings import app_id, family, oa_id
from channels.zalo.signature import speaks_for

TEXT_LIMIT: Final = 2000  # code points
TAP: Final = "#!"  # what begins the payload of a button of ours: it comes back as a text

Raw = Mapping[str, Any]
Found = dict[str, Any]

SAID: Final[Mapping[str, Kind]] = {  # what stands after user_send_ and anonymous_send_
    "text": Kind.TEXT,
    "link": Kind.TEXT,
    "image": Kind.IMAGE,
    "photo": Kind.IMAGE,
    "gif": Kind.IMAGE,
    "file": Kind.FILE,
    "audio": Kind.AUDIO,
    "voice": Kind.AUDIO,
    "video": Kind.VIDEO,
    "sticker": Kind.STICKER,
    "location": Kind.LOCATION,
    "business_card": Kind.CONTACT,
    "contact": Kind.CONTACT,
}
_SAYS: Final = re.compile(r"(user|anonymous)_send_(?!group_)([a-z0-9_]{1,60})", re.IGNORECASE)
_ECHOES: Final = re.compile(r"oa_send_(?!group_|consent)([a-z0-9_]{1,60})", re.IGNORECASE)
_TAPPED: Final = re.compile(r"#!([^\s#]{1,200})")
_PHONE: Final = re.compile(r"\+?[0-9 ().-]{8,20}")

# What must reach a person at once: the platform says that something of ours is in danger.
ALARMS: Final[Mapping[str, str]] = {
    "permission_revoked": "the official account took the app's permission away",
    "change_oa_daily_quota": "the daily number of template messages was changed",
    "change_template_quality": "the quality of a template was rated anew",
    "change_template_quota": "a template's quota was changed",
    "change_template_status": "a template was approved, refused or switched off",
    "extension_purchased": "an extension was bought for the official account",
}
# Known, and nothing to answer.
QUIET: Final[Mapping[str, str]] = {
    "update_user_info": "the customer's details were changed at the OA",
    "add_user_to_tag": "a tag was put on",
    "remove_user_from_tag": "a tag was taken off",
    "remove_tag": "a tag was removed",
    "widget_failed_to_sync_user_external_id": "the widget could not tell who it is",
    "oa_reacted_message": "a reaction of ours, told back",
    "user_asking_product": "a question about a product of the OA's shop (old)",
    "shop_has_order": "an order in the OA's shop",
    "oa_send_consent": "the OA asked whether it may call",
    "user_reply_consent": "an answer whether the OA may call",
    "user_call_oa": "a call to the OA",
    "oa_call_user": "a call of the OA",
    "event_journey_acknowledged": "a journey was begun",
    "event_journey_time_out": "a journey ended by time",
    "change_oa_template_tags": "the kinds of templates that may be sent were changed",
}


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """The one event of one delivery. Raises MalformedPayload for what is no object, or was said by nobody."""
    raw = read_json(delivery.body)
    if not isinstance(raw, dict):
        raise MalformedPayload("the payload: an object was expected")
    name = words(raw, "event_name").strip()[:80]
    found: Found = {"kind": Kind.IGNORED, "thread": "", "said_at": perhaps(when, raw, "timestamp", default=UNSAID)}
    found |= _read(name, raw)
    ours = {oa_id(one) for one in family(account)} - {""}
    if found["thread"] in ours:
        found = {"kind": Kind.IGNORED, "said_at": found["said_at"], "reason": "said by the official account itself"}
    if found["kind"] is Kind.IGNORED:
        found["thread"] = ""
        if perhaps(_foreign_alarm, raw, ours, default=False):
            found.pop("extra", None)
    if "key" not in found:
        found["key"] = key(name, raw, delivery.body)
        if found["kind"] in SPOKEN and found["said_at"] == UNSAID:
            found["window_ms"] = NAMELESS_MS
    whose = _account(raw, account, name)
    return [InboundEvent(channel=account.channel, account=whose, raw=delivery.body, **found)]


def _foreign_alarm(raw: Raw, ours: set[str]) -> bool:
    """Whether what is in danger is another official account of the app."""
    told = {ident(raw, "oa_id"), ident(raw, "oaId")} - {""}
    return bool(ours and told) and told.isdisjoint(ours)


def _read(name: str, raw: Raw) -> Found:
    lower = name.lower()
    if (reader := _READERS.get(lower)) is not None:
        return reader(raw)
    if said := _SAYS.fullmatch(lower):
        return _said(said[2], raw)
    if _ECHOES.fullmatch(lower):
        return echo(raw)
    if lower in ALARMS:
        return {"reason": ALARMS[lower], "extra": {"alarm": f"{lower}: {ALARMS[lower]}"}}
    if lower in QUIET:
        return {"reason": QUIET[lower]}
    if "group" in lower:
        return {"reason": f"a group: {clean_name(name)}"}
    if lower.startswith("user_") and (told := perhaps(_of_tomorrow, lower, raw, default=None)):
        return told
    return {"reason": f"event: {clean_name(name)}" if name else "an event without a name"}


def _of_tomorrow(name: str, raw: Raw) -> Found | None:
    """An event that nobody knows: the person may have said something."""
    holds = words(raw, "message", "text").strip() or several(raw, "message", "attachments")
    return _said(name.removeprefix("user_"), raw) if holds and ident(raw, "sender", "id") else None


# ---- what customers say


def _said(what: str, raw: Raw) -> Found:
    message = _message(raw)
    hung = read(message)
    kind = _kind(what, hung, words(message, "text"))
    if kind is Kind.CONTACT and hung.contact is None and hung.named:
        hung.contact = SharedContact(phone="", name=hung.named)
        hung.lines = [line for line in hung.lines if clean_name(line) != hung.named]
    said = joined(words(message, "text"), hung)
    number_of_it = message_id(raw)
    found: Found = {
        "kind": kind,
        "thread": sayer(raw),
        "external_id": number_of_it,
        "text": said,
        "files": tuple(hung.files),
        "contact": hung.contact,
        "location": hung.location,
        "ref": ident(message, "quote_msg_id") or ident(message, "quote_message_id"),
        "extra": extras(raw, hung),
    }
    if number_of_it:
        found["key"] = f"m:{number_of_it}"
    if found["kind"] is Kind.TEXT:
        tapped = _TAPPED.fullmatch(said.strip())
        if tapped is not None:
            return found | {"kind": Kind.BUTTON, "payload": tapped[1], "text": ""}
        found["at_limit"] = len(said) >= TEXT_LIMIT
    elif found["kind"] is Kind.UNSUPPORTED:
        found["reason"] = f"{clean_name(what)} without what makes it one" if what in SAID else clean_name(what)
    return found


def _message(raw: Raw) -> Raw:
    """What was said; where there is no such object, what else holds its words and files."""
    message = part(raw, "message")
    if "text" in message or "attachments" in message:
        return message
    beside = {name: raw[name] for name in ("text", "attachments", "quote_msg_id") if name in raw}
    if not message and not beside:
        raise wrong(("message",), "an object")
    return {**beside, **message}


def _kind(what: str, hung: Hung, said: str) -> Kind:
    """What the event is called; or what it holds, where the two differ. A card is one whatever it lacks."""
    called = SAID.get(what, Kind.UNSUPPORTED)
    match called:
        case Kind.LOCATION if hung.location is not None:
            return called
        case Kind.CONTACT if not hung.files:
            return called
        case Kind.STICKER:
            return called if hung.files or hung.sticker or not (said.strip() or hung.lines) else Kind.TEXT
        case Kind.IMAGE | Kind.FILE | Kind.AUDIO | Kind.VIDEO if hung.files:
            return called
    if hung.files:
        return hung.files[0].kind
    if hung.contact is not None:
        return Kind.CONTACT
    if hung.location is not None:
        return Kind.LOCATION
    if called is Kind.TEXT and (said.strip() or hung.lines):
        return called
    return Kind.UNSUPPORTED


# ---- what happens


def _follows(kind: Kind) -> Callable[[Raw], Found]:
    def reader(raw: Raw) -> Found:
        source = words(raw, "source") or words(raw, "data", "url")
        known = {"source": source, "user_external_id": ident(raw, "data", "user_external_id")}
        return _of(raw, kind) | {"extra": {name: value for name, value in known.items() if value}}

    return reader


def _chatnow(raw: Raw) -> Found:
    """Tapped before any chat: from here on the OA may write first."""
    return _of(raw, Kind.BUTTON) | {"payload": "chatnow", "extra": {"opens": "chat"}}


def _tapped(raw: Raw) -> Found:
    """In third-party lists only: never seen in the official one."""
    message = part(raw, "message")
    payload = words(message, "payload") or words(message, "data") or words(message, "text") or words(raw, "payload")
    found = _of(raw, Kind.BUTTON) | {"external_id": message_id(raw), "payload": payload[:200] or "tap"}
    return found | {"text": words(message, "text"), "extra": extras(raw, Hung())}


def _submitted(raw: Raw) -> Found:
    """The contact form of `request_user_info`: his own number, typed or confirmed by himself."""
    info = part(raw, "info")
    address = part(info, "full_address")
    phone, name = words(info, "phone").strip(), words(info, "name")
    place = [
        words(address, "user_address") or words(info, "address"),
        words(address, "user_ward") or words(info, "ward"),
        words(info, "district"),
        words(address, "user_city") or words(info, "city"),
    ]
    extra = {
        "name": clean_name(name),
        "birthday": words(info, "user_dob"),
        "gender": words(info, "gender"),
        "address": ", ".join(line.strip() for line in place if line.strip()),
    }
    found = _of(raw, Kind.CONTACT) | {"extra": {name: value for name, value in extra.items() if value}}
    if not _PHONE.fullmatch(phone):
        found |= {"text": phone}
        phone = ""
    if not phone and not extra["name"]:
        return found
    return found | {"contact": SharedContact(phone=plain_phone(phone), name=extra["name"], own=True)}


def _reacted(raw: Raw) -> Found:
    icon = words(raw, "message", "react_icon")
    return _of(raw, Kind.REACTION) | {"ref": message_id(raw), "extra": {"reaction": icon} if icon else {}}


def _withdrew(raw: Raw) -> Found:
    """A data subject's request: a person must see to it."""
    found = _of(raw, Kind.SYSTEM) | {"text": "Khách rút lại quyền của ứng dụng trên Zalo: cần xử lý dữ liệu cá nhân."}
    extra = {"alarm": "user_withdraw: a customer withdrew his data", "right": "withdraw"}
    return found | {"extra": extra} if found.get("thread") else found


def _of(raw: Raw, kind: Kind) -> Found:
    """An event of a customer; IGNORED when it does not say whose."""
    thread = user(raw)
    return {"kind": kind, "thread": thread} if thread else {"reason": "it names no customer"}


_READERS: Final[Mapping[str, Callable[[Raw], Found]]] = {
    "follow": _follows(Kind.FOLLOW),
    "unfollow": _follows(Kind.UNFOLLOW),
    "widget_interaction_accepted": _follows(Kind.FOLLOW),
    "user_click_chatnow": _chatnow,
    "user_click_button": _tapped,
    "user_click_link": _tapped,
    "user_submit_info": _submitted,
    "user_reacted_message": _reacted,
    "user_withdraw": _withdrew,
    "user_received_message": received("delivered"),
    "user_seen_message": received("read"),
    "user_feedback": feedback,
    "user_click_response_button": responded,
}


# ---- small things


def _account(raw: Raw, account: Account, name: str) -> str:
    """Our name of the OA that the body speaks for; of the address when it names none. A foreign one is nobody's: it is
    kept aside, whoever else is named."""
    ours = {oa_id(one): one.name for one in family(account)}
    told = [one for one in _spoken_for(raw, name) if one]
    app = ident(raw, "app_id")
    foreign = app if app and app != app_id(account) else next((one for one in told if one not in ours), "")
    if foreign and oa_id(account):
        return f"?{foreign}"
    return next((ours[one] for one in [*told, *speaks_for(raw)] if one in ours), account.name)


def _spoken_for(raw: Raw, name: str) -> list[str]:
    """The OAs that an event of a known kind names."""
    lower = name.lower()
    if "group" in lower or not (lower in _READERS or _SAYS.fullmatch(lower) or _ECHOES.fullmatch(lower)):
        return []
    side = "sender" if lower.startswith("oa_") or lower in RECEIPTS else "recipient"
    return [ident(raw, side, "id"), ident(raw, "oa_id"), ident(raw, "oaId")]


RECEIPTS: Final = frozenset({"user_received_message", "user_seen_message"})
