"""What a delivery says: one event for each item of each entry, whatever became of the others. Whatever is not known is
IGNORED or UNSUPPORTED with its reason. An item of a known kind whose fields have another shape is kept aside, alone.

An event's `raw` is a delivery of that one item, so that it can be read again alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from channels.contract import (
    NAMELESS_MS,
    SAID,
    TOLD_BACK,
    UNSAID,
    Account,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    Receipt,
    SharedContact,
)
from channels.facebook.attachments import Hung, read
from channels.facebook.control import CONTROL, control
from channels.facebook.settings import app_id, page_id
from channels.facebook.sides import BY_REF, sides
from channels.loose import NOTHING, at, ident, part, perhaps, several, when, words
from channels.reading import ID_LENGTH, KEPT_ASIDE, clean_name, read_json, wrong

Raw = Mapping[str, Any]
Found = dict[str, Any]

LISTS: Final = ("messaging", "standby", "changes")
_SAID: Final = frozenset({"message", "postback"})

_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{7,18}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{3,255}")
_START: Final = re.compile(r"<?(?:facebook_)?get[ _-]?started(?:_payload)?>?", re.IGNORECASE)
_TITLES: Final = frozenset({"get started", "bắt đầu"})

ALARMS: Final[Mapping[str, str]] = {
    "policy_enforcement": "Meta warns, blocks or unblocks the page",
    "messenger_template_status_update": "a template was approved, refused or switched off",
}


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """Every item of the delivery; one that is malformed is nobody's (`KEPT_ASIDE`). Raises MalformedPayload for what is
    no object."""
    raw = read_json(delivery.body)
    if not isinstance(raw, dict):
        raise MalformedPayload("the payload: an object was expected")
    about = words(raw, "object").strip().lower()
    if about not in ("page", ""):
        return [_event(account, {**raw}, "", {}, {"reason": f"of another product: {clean_name(about)}"})]
    entries = [one for one in several(raw, "entry") if one is not None]
    if not entries and "field" in raw:  # a sample of the dashboard's: a change and nothing around it
        entries = [{"changes": [dict(raw)]}]
    found = [_one(account, *item) for entry in entries for item in _items(raw, entry)]
    return found or [_event(account, {**raw}, "", {}, {"reason": "no entry"})]


def _items(raw: Raw, entry: Any) -> Iterator[tuple[dict[str, Any], Any, str, Any]]:
    """(a delivery of this item alone, its entry, the list it is in, the item)."""
    head = {"object": raw["object"]} if "object" in raw else {}
    some = False
    for name in LISTS if isinstance(entry, dict) else ():
        for item in several(entry, name):
            some = True
            known = ("id", "time") if _stamped(item) == UNSAID else ("id",)  # a redelivery has another time
            alone = {key: entry[key] for key in known if key in entry} | {name: [item]}
            yield {**head, "entry": [alone]}, entry, name, item
    if not some:
        yield {**head, "entry": [entry]}, entry, "", None


def _one(account: Account, alone: dict[str, Any], entry: Any, name: str, item: Any) -> InboundEvent:
    try:
        if not isinstance(entry, dict):
            raise wrong(("entry",), "a list of objects")
        if not name or item is None:
            return _event(account, alone, "", {}, {"reason": "an entry without events"})
        if not isinstance(item, dict):
            raise wrong((name,), "a list of objects")
        told = _changed(item) if name == "changes" else item
        whose, found = _told(account, entry, told, standby=name == "standby")
        return _event(account, alone, whose, told, found)
    except MalformedPayload as err:
        return _event(account, alone, KEPT_ASIDE, {}, {"reason": str(err)})


def _told(account: Account, entry: Raw, item: Raw, *, standby: bool) -> tuple[str, Found]:
    """The account, and what the item says."""
    side = sides(account, entry, item)
    found = _read(item, side.person, ours=side.ours, app=app_id(account))
    if standby and found["kind"] is not Kind.IGNORED:
        found["standby"] = True
    if side.within and found["kind"] is not Kind.IGNORED:
        found = {"kind": Kind.IGNORED, "reason": "one page of ours to another"}
    found["said_at"] = _when(item, entry)
    foreign = side.foreign if page_id(account) else ""
    if found["kind"] is Kind.IGNORED:
        found["thread"] = ""
        if foreign:  # a page of the app that is not listed here: what happens to it alarms nobody
            found.pop("extra", None)
    elif foreign:
        return f"?{foreign}", found
    return side.whose or account.name, found


def _event(account: Account, alone: dict[str, Any], whose: str, item: Raw, found: Found) -> InboundEvent:
    raw = json.dumps(alone, separators=(",", ":")).encode()
    found = {"kind": Kind.IGNORED, "thread": "", "said_at": UNSAID, **found}
    if "key" not in found:
        digest = hashlib.sha256(json.dumps(item or alone, sort_keys=True).encode()).hexdigest()[:40]
        found["key"] = f"{found['kind']}:{digest}"
        if found["kind"] in SAID and _stamped(item) == UNSAID:
            found["window_ms"] = NAMELESS_MS
    return InboundEvent(channel=account.channel, account=whose or account.name, raw=raw, **found)


def _changed(item: Raw) -> Raw:
    """`{field, value}`: the dashboard's test sends events of `messaging` so; the rest is the page's wall."""
    value, name = perhaps(part, item, "value", default=NOTHING), words(item, "field")
    if any(key in value for key in _READERS):
        return value
    return {name: value, "changed": True} if name in ALARMS else {"changed": True}


def _read(item: Raw, person: str, *, ours: bool, app: str) -> Found:
    for name in ALARMS:
        if name in item:
            said = (perhaps(words, item, name, one, default="") for one in ("action", "reason"))
            told = ", ".join(filter(None, said))
            what = ALARMS[name] + (f": {told}" if told else "")
            return {"kind": Kind.IGNORED, "reason": what[:200], "extra": {"alarm": f"{name}: {what}"[:200]}}
    name = next((one for one in _READERS if item.get(one) is not None), "")
    if not name and (empty := next((one for one in _READERS if one in item), "")):
        raise wrong((empty,), "an object")
    if not name:
        known = ", ".join(clean_name(key) for key in item if key not in ("sender", "recipient", "timestamp"))
        return {"kind": Kind.IGNORED, "reason": f"event: {known or 'nothing in it'}"[:200]}
    if not person and isinstance(item[name], dict) and name in _SAID:
        raise MalformedPayload("sender.id: said by nobody")
    if not person:
        return {"kind": Kind.IGNORED, "reason": f"{name}: it names no customer"}
    found: Found = {"kind": Kind.IGNORED, "thread": person}
    if ours:
        return found | (_echo(item, app) if name == "message" else {"reason": f"{name} of ours, told back"})
    return found | (control(item, name, app) if name in CONTROL else _READERS[name](item, person))


# ---- what customers say


def _message(item: Raw, person: str) -> Found:
    del person
    message = _said(item)
    mid = mid_of(words(message, "mid"))
    if at(message, "is_deleted") is True:
        return {"kind": Kind.RETRACT, "ref": mid, "key": f"d:{mid}"} if mid else {"reason": "unsent: nothing named"}
    hung = read(message)
    text = _words(words(message, "text"), hung)
    found: Found = {
        "kind": _kind(message, hung, words(message, "text")),
        "external_id": mid,
        "text": text,
        "files": tuple(hung.files),
        "location": hung.location,
        "ref": mid_of(words(message, "reply_to", "mid")),
        "extra": _extra(hung, part(message, "referral") or part(item, "referral")),
    }
    if mid:
        found["key"] = f"m:{mid}"
    payload = words(message, "quick_reply", "payload")
    if payload and (found["kind"] is Kind.TEXT or not text):
        if _PHONE.fullmatch(payload.strip()):
            own = SharedContact(phone=_plain(payload), own=True)  # the number of his profile, handed over by his tap
            return found | {"kind": Kind.CONTACT, "contact": own}
        own_words = text or (payload.strip() if _EMAIL.fullmatch(payload.strip()) else "")  # the address of his profile
        return found | {"kind": Kind.BUTTON, "payload": payload[:1000], "text": own_words}
    if found["kind"] is Kind.UNSUPPORTED:
        found["reason"] = ", ".join(hung.unknown)[:200] or "the platform says that it cannot tell it"
    elif found["kind"] is Kind.IGNORED and found["extra"].get("source"):
        return found | {"kind": Kind.FOLLOW}  # an advertisement or a link led him here, and he has said nothing yet
    elif found["kind"] is Kind.IGNORED:
        found["reason"] = "a message with nothing in it"
    return found


def _said(item: Raw) -> Raw:
    """The dashboard's test says it in a plain text."""
    message = at(item, "message")
    return {"text": message} if isinstance(message, str) else part(item, "message")


def _kind(message: Raw, hung: Hung, said: str) -> Kind:
    files = [one for one in hung.files if one.kind is not Kind.STICKER]
    if files:
        return files[0].kind
    if hung.stuck and not said.strip():
        return Kind.STICKER
    if hung.location is not None:
        return Kind.LOCATION
    if said.strip() or (hung.lines and not hung.unknown):
        return Kind.TEXT
    if hung.unknown or at(message, "is_unsupported") is True:
        return Kind.UNSUPPORTED
    return Kind.IGNORED


def _words(said: str, hung: Hung) -> str:
    """The text, and the lines that the attachments add to it."""
    lines = [said] if said.strip() else []
    lines += [line for line in dict.fromkeys(hung.lines) if line not in said]
    return "\n".join(lines)[:16_000] if len(lines) > 1 else (lines[0] if lines else said)


def _extra(hung: Hung, referral: Raw) -> dict[str, str]:
    found = {"sticker": hung.sticker} | _referred(referral)
    return {name: value for name, value in found.items() if value}


def _referred(referral: Raw) -> dict[str, str]:
    """Where he comes from: a link's word, an advertisement."""
    found = {
        "start": words(referral, "ref"),
        "source": words(referral, "source"),
        "ad_id": words(referral, "ad_id"),
        "ad_title": words(referral, "ads_context_data", "ad_title"),
        "referer_uri": words(referral, "referer_uri"),
    }
    return {name: value[:1000] for name, value in found.items() if value}


def _postback(item: Raw, person: str) -> Found:
    postback = part(item, "postback")
    payload, title = words(postback, "payload"), words(postback, "title")
    mid = mid_of(words(postback, "mid"))
    when = ident(item, "timestamp")
    found: Found = {
        "kind": Kind.BUTTON,
        "external_id": mid,
        "text": title,
        "payload": payload[:1000],
        "extra": _referred(part(postback, "referral") or part(item, "referral")),
    }
    if mid or when:
        digest = hashlib.sha256(f"{person}|{when}|{payload}".encode()).hexdigest()[:40]
        found["key"] = f"p:{mid or digest}"
    if _START.fullmatch(payload.strip()) or (not payload and title.strip().lower() in _TITLES):
        return found | {"kind": Kind.FOLLOW, "text": ""}
    if not payload and not title:
        return found | {"kind": Kind.UNSUPPORTED, "reason": "a button without a payload"}
    return found


def _referral(item: Raw, person: str) -> Found:
    """An m.me link or an advertisement led him into the thread that is already there."""
    del person
    extra = _referred(part(item, "referral"))
    return {"kind": Kind.FOLLOW, "extra": extra, "payload": extra.get("start", "")}


def _optin(item: Raw, person: str) -> Found:
    optin = part(item, "optin")
    what = words(optin, "type").strip().lower()
    if what:
        status = clean_name(words(optin, "notification_messages_status"))
        return {"reason": f"opt-in: {clean_name(what)} {status}".strip()}
    if person.startswith(BY_REF):
        return {"reason": "opt-in: a ticked box of somebody who has not written"}
    ref = words(optin, "ref")[:1000]
    return {"kind": Kind.FOLLOW, "extra": {"start": ref} if ref else {}, "payload": ref}


# ---- what happens


def _reaction(item: Raw, person: str) -> Found:
    del person
    told = part(item, "reaction")
    off = words(told, "action").strip().lower() == "unreact"
    shown = words(told, "emoji") or words(told, "reaction")
    extra = {"reaction": shown, "action": "unreact" if off else "react"}
    return {
        "kind": Kind.REACTION,
        "ref": mid_of(words(told, "mid")),
        "extra": {name: value for name, value in extra.items() if value},
    }


def _edit(item: Raw, person: str) -> Found:
    """The same mid as before: the number of the edit tells them apart."""
    del person
    told = part(item, "message_edit") or part(item, "message_edits")
    mid = mid_of(words(told, "mid"))
    if not mid:
        return {"reason": "an edit of nothing"}
    found: Found = {"kind": Kind.EDIT, "ref": mid, "text": words(told, "text")}
    count = ident(told, "num_edit")
    return found | ({"key": f"edit:{mid}:{count}"} if count else {})


def _received(status: str, name: str) -> Callable[[Raw, str], Found]:
    def reader(item: Raw, person: str) -> Found:
        told = part(item, name)
        named = [mid_of(words({"it": one}, "it")) for one in [*several(told, "mids"), *several(told, "mid")]]
        ids = tuple(dict.fromkeys(one for one in named if one))
        mark = when(told, "watermark")
        if not ids and mark == UNSAID:
            return {"reason": "a receipt of nothing"}
        whole = f"{person}|{name}|{words(told, 'watermark')}|{'|'.join(ids)}"
        upto = None if mark == UNSAID else mark
        return {
            "kind": Kind.RECEIPT,
            "receipt": Receipt(status=status, external_ids=ids, watermark=upto),
            "key": f"r:{hashlib.sha256(whole.encode()).hexdigest()[:40]}",
        }

    return reader


def _quiet(reason: str) -> Callable[[Raw, str], Found]:
    return lambda item, person: {"reason": reason}


# ---- what the page says


def _echo(item: Raw, app: str) -> Found:
    """Ours; or a person's, typed in the page's inbox (or another app's): then the bot is silent from here on."""
    message = _said(item)
    mid = mid_of(words(message, "mid"))
    if at(message, "is_deleted") is True:
        return {"reason": "the page took a message back"}
    hung = read(message)
    sender, ours = ident(message, "app_id"), words(message, "metadata")
    human = not ours.startswith(SENT) and (not sender or sender != app)
    found: Found = {
        "kind": Kind.ECHO,
        "external_id": mid,
        "text": _words(words(message, "text"), hung),
        "files": tuple(hung.files),
        "location": hung.location,
        "by_human": human,
        "unsigned": human and not sender,
        "reason": "" if human else TOLD_BACK,
        "extra": {"app_id": sender} if human and sender else {},
    }
    if not human and ours.startswith(SENT):
        found["extra"] = {"sent_id": ours.removeprefix(SENT)[:ID_LENGTH]}
    return found | ({"key": f"e:{mid}"} if mid else {})


SENT: Final = "gw:"  # begins the metadata of what we send; the outbox row follows


_READERS: Final[Mapping[str, Callable[[Raw, str], Found]]] = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "message_edit": _edit,
    "message_edits": _edit,
    "delivery": _received("delivered", "delivery"),
    "read": _received("read", "read"),
    "optin": _optin,
    "referral": _referral,
    "account_linking": _quiet("account linking is not used"),
    "app_roles": _quiet("the app's role was changed"),
    **{name: _quiet("thread control") for name in sorted(CONTROL)},
}


# ---- small things


def mid_of(given: str) -> str:
    """A message's id as we keep it: long ones by their digest, everywhere the same."""
    given = given.strip()
    if len(given) <= ID_LENGTH and given.isprintable():
        return given
    return f"sha256:{hashlib.sha256(given.encode('utf-8', 'replace')).hexdigest()}"


def _plain(given: str) -> str:
    digits = re.sub(r"[^0-9]", "", given)
    return f"+{digits}" if given.lstrip().startswith("+") else digits


def _when(item: Raw, entry: Any) -> datetime:
    found = _stamped(item)
    return _stamped(entry, "time") if found == UNSAID else found


def _stamped(raw: Any, name: str = "timestamp") -> datetime:
    return perhaps(when, raw, name, default=UNSAID)
