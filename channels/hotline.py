"""The hotline: what a call centre tells of calls. One conversation a caller's number, one line a call.

Source: the contract's own form (call_id, event, direction, from, to, agent, started_at, duration_s, recording_url); other
centres' names are understood where they are usual, the rest by the account's mapping. No signature: a secret, as leads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

import orjson

from channels import fieldnames, mute, posted, telephone, veil, webhook_secret
from channels.contract import UNSAID, Account, Adapter, Capabilities, Delivery, InboundEvent, Kind
from channels.reading import clean_name

CAPABILITIES: Final = Capabilities(
    title="Hotline",
    text_limit=4000,
    inbound="webhook of the call centre, and by hand",
    conversational=False,
)
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "call_id": (
        "callid", "call_uuid", "calluuid", "uuid", "unique_id", "uniqueid", "linkedid", "call_sid", "callsid", "session_id",
        "sessionid", "transaction_id", "ma_cuoc_goi", "id",
    ),
    "event": (
        "event_type", "eventtype", "event_name", "call_status", "callstatus", "call_state", "state", "status", "trang_thai",
        "disposition", "type", "dial_call_status", "dialcallstatus",
    ),
    "direction": ("call_direction", "calldirection", "call_type", "calltype", "huong", "chieu"),
    "from": (
        "from_number", "fromnumber", "from_phone", "caller", "caller_number", "callernumber", "caller_id", "callerid", "source",
        "source_number", "src", "ani", "so_goi", "so_goi_den", "callnumber", "call_number",
        "callfrom", "call_from", "calleridnum", "caller_idnum", "caller_id_num",
    ),
    "to": (
        "to_number", "tonumber", "to_phone", "callee", "called", "called_number", "destination", "destination_number", "dst",
        "did", "dnis", "so_nhan", "receiptnumber", "receipt_number", "callto",
        "call_to", "exten",
    ),
    "customer": ("customer_number", "customer_phone", "phone", "phone_number", "so_khach", "so_dien_thoai", "sdt", "number", "raw_digits"),
    "agent": (
        "agent_name", "agent_id", "answered_by", "user_name", "user", "extension", "ext", "nhan_vien", "dien_thoai_vien",
    ),
    "started_at": (
        "start_time", "starttime", "started", "start", "time_start", "time_started", "calldate", "created_at", "createdat",
        "timestamp", "timestamp_ms", "time", "thoi_gian", "datetime", "date_time", "created_date",
    ),
    "duration_s": (
        "billsec", "bill_sec", "bill_duration", "talk_time", "talktime", "talk_duration", "conversation_time", "answer_duration",
        "duration", "duration_sec", "call_duration", "thoi_luong",
    ),
    "recording_url": (
        "recording", "record_url", "recordurl", "recording_file", "recordingfile", "record_file", "recording_link",
        "link_ghi_am", "file_ghi_am",
    ),
}  # fmt: skip
EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ringing": (
        "ringing", "ring", "start", "started", "call_start", "call_started", "incoming", "incoming_call", "initiated", "new",
        "new_call", "queued", "dang_do_chuong", "inbound_ringing",
    ),
    "answered": (
        "answered", "answer", "call_answered", "in_progress", "inprogress", "connected", "up", "pickup", "picked_up", "accepted",
        "talking", "bridged", "da_nghe", "nghe_may", "da_tra_loi", "thanh_cong",
    ),
    "missed": (
        "missed", "missed_call", "call_missed", "no_answer", "noanswer", "not_answered", "unanswered", "busy", "cancel",
        "canceled", "cancelled", "abandon", "abandoned", "failed", "rejected", "congestion", "chanunavail", "voicemail",
        "timeout", "nho", "cuoc_goi_nho", "goi_nho", "incomplete",
        "khong_tra_loi", "khong_nghe", "khong_nghe_may", "khong_bat_may", "may_ban", "tu_choi", "that_bai",
    ),
    "ended": (
        "ended", "end", "call_ended", "call_end", "hangup", "hang_up", "completed", "complete", "finished", "terminated",
        "disconnected", "cdr", "closed", "ket_thuc",
    ),
}  # fmt: skip
VAGUE: Final = frozenset({"up", "new", "complete", "cancel"})  # within a longer word they say nothing
MEANING: Final = {word: event for event, words in EVENTS.items() for word in words}
# Of a longer word the part that tells most counts: `call.not_answered`, `IncomingCallEnded`, `abandoned_in_queue`.
TELLS: Final = ("missed", "ended", "answered", "ringing")
PHRASES: Final = sorted(MEANING.keys() - VAGUE, key=lambda word: (TELLS.index(MEANING[word]), -len(word), word))
MISSED: Final = ("missed", "is_missed", "missed_call", "missed_call_reason")  # flags beside what happened
ANSWERED: Final = ("answered_at", "answer_time", "answertime", "time_answered", "answered_time")
NO: Final = frozenset({"", "false", "0", "no", "none", "null"})
# Words of a direction: `outbound-api`, `Outgoing Call`, `Gọi ra`, `click-to-call`.
OUT: Final = frozenset(
    {"outbound", "outgoing", "out", "ra", "di", "click", "click2call", "clicktocall", "callout", "2"}
)
IN: Final = frozenset({"inbound", "incoming", "in", "den", "vao", "callin", "1"})
LED: Final = frozenset({"outbound", "outgoing", "out"})  # the same within the word for what happened
INSIDE: Final = frozenset({"internal", "local", "noi_bo"})
EXTENSION: Final = 6  # digits: who has no more is a telephone of the house
SERVICE: Final = re.compile(r"(?:\+?84|0)?1[89]00\d{2,6}")  # 1800, 1900: nobody calls from one but we
WITHHELD: Final = frozenset(
    {"", "anonymous", "unknown", "private", "restricted", "withheld", "unavailable", "hidden", "blocked", "none", "null",
     "an_danh", "an_so", "so_an", "khong_ro", "number_withheld", "no_number", "asserted"}
)  # fmt: skip
HERE: Final = timezone(timedelta(hours=7))  # of a time without its zone
SHORT_MS: Final = 60_000  # a call without any id or time: the same again within this is a repetition
SECONDS: Final = re.compile(r"\d{1,7}(?:\.\d{1,6})?")
SPOKEN: Final = re.compile(
    r"(?:(\d{1,3})(?:h|hr|hrs|hours?|gio))?(?:(\d{1,4})(?:m|min|mins|minutes?|p|phut))?(?:(\d{1,6})(?:s|sec|secs|seconds?|giay)?)?"
)
CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})")
DAY_FIRST: Final = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})[ T](.+)")


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """One event an entry. Raises MalformedPayload."""
    return [_event(flat, account) for flat in posted.entries(delivery)]


def _event(flat: Mapping[str, str], account: Account) -> InboundEvent:
    told = fieldnames.named(flat, account, FIELDS)
    event = _happened(flat, told)
    way = fieldnames.plain(told.get("direction", ""))
    outbound = _outbound(way, told)
    theirs = told.get("customer") or _customer(told, outbound)
    number = "" if fieldnames.plain(theirs) in WITHHELD else telephone.number(theirs)
    call, window_ms = _call(told, account)
    extra = {
        "event": event,
        "direction": "outbound" if outbound else "inbound",
        "number": number,
        "agent": clean_name(told.get("agent", "")),
        "duration_s": _talked(flat, told, event),
        "recording_url": told["recording_url"][:2000] if told.get("recording_url", "").startswith("http") else "",
    }
    extra = {key: text for key, text in extra.items() if text}
    reason = _why_not(told, event, way)
    return InboundEvent(
        channel=account.channel,
        account=account.name,
        key=f"{call}:{_digest(extra, told, account)}",
        window_ms=window_ms,
        kind=Kind.IGNORED if reason else Kind.CALL,
        reason=reason,
        thread="" if reason else thread_of(account, number) or f"withheld-{call[:100]}",
        said_at=_moment(told.get("started_at", "")),
        by_human=outbound and not reason,
        external_id=call,
        text="" if reason else f"{event} {number}".strip(),
        extra=extra,
        raw=orjson.dumps(dict(flat)),
    )


def _happened(flat: Mapping[str, str], told: Mapping[str, str]) -> str:
    """ringing, answered, missed or ended, by the first field with such a name that says one of them: around what happened
    some centres say only that it was a call. A recording is there when it has ended. '' = we do not know."""
    names = {"event", *FIELDS["event"]}
    said = [
        told.get("event", ""),
        *(text for name, text in flat.items() if fieldnames.plain(name.rpartition(".")[2]) in names),
    ]
    found = next(filter(None, map(_meaning, [*said, told.get("direction", "")])), "")
    if found == "ended" and _flag(flat, MISSED) not in NO:
        return "missed"
    if found == "ended" and not told.get("duration_s") and _flag(flat, ANSWERED) not in NO:
        return "answered"
    return found or ("ended" if told.get("recording_url", "").startswith("http") else "")


def _flag(flat: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next(
        (fieldnames.plain(text) for name, text in flat.items() if fieldnames.plain(name.rpartition(".")[2]) in names),
        "",
    )


def _talked(flat: Mapping[str, str], told: Mapping[str, str], event: str) -> str:
    """Seconds of talk. Of a call that nobody took it is how long it rang."""
    rang = event == "missed" or (
        any(fieldnames.plain(name.rpartition(".")[2]) in ANSWERED for name in flat) and _flag(flat, ANSWERED) in NO
    )
    return "" if rang else seconds(told.get("duration_s", ""))


def _meaning(text: str) -> str:
    word = fieldnames.plain(text)
    if word in MEANING:
        return MEANING[word]
    return next((MEANING[part] for part in PHRASES if f"_{part}_" in f"_{word}_"), "")


def _outbound(way: str, told: Mapping[str, str]) -> bool:
    """Whether we made it: as they say, else as the numbers do."""
    words = set(way.split("_"))
    if words & OUT or words & IN:
        return not words.isdisjoint(OUT)
    if not LED.isdisjoint(fieldnames.plain(told.get("event", "")).split("_")):
        return True
    return _ours(told.get("from", "")) and not _ours(told.get("to", "")) and bool(telephone.number(told.get("to", "")))


def _customer(told: Mapping[str, str], outbound: bool) -> str:
    """The other side's number; the customer is none of our own telephones, whoever they say has called."""
    ours, theirs = (told.get(key, "") for key in (("from", "to") if outbound else ("to", "from")))
    return ours if _ours(theirs) and telephone.number(ours) and not _ours(ours) else theirs


def _ours(party: str) -> bool:
    digits = telephone.number(party)
    return bool(digits) and (len(digits) <= EXTENSION or SERVICE.fullmatch(digits) is not None)


def _why_not(told: Mapping[str, str], event: str, way: str) -> str:
    sides = [told.get(key, "") for key in ("from", "to")]
    if way in INSIDE or (not told.get("customer") and all(map(_ours, sides))):
        return "a call inside the house"
    if event and event != "missed" and not told.get("customer") and not any(sides):
        return "no number in it: it cannot be joined to its call"
    if not event:
        return f"event: {clean_name(told.get('event', ''))[:60] or 'none'}"
    return ""


def thread_of(account: Account, number: str) -> str:
    """A caller's conversation is named after his number, which it does not tell."""
    told = telephone.number(number)
    return f"caller-{veil.veiled(account, told)}" if told else ""


def _call(told: Mapping[str, str], account: Account) -> tuple[str, int]:
    """The call's id, and how long a repetition of its events is one: for ever, unless nothing tells it from others."""
    own = told.get("call_id", "")
    if own and len(own) <= 96 and own.isprintable():
        return own, 0
    named = [own] if own else [told.get(key, "") for key in ("from", "to", "customer", "started_at")]
    made = "call-" + veil.veiled(account, "\n".join(named))
    return made, 0 if own or told.get("started_at") else SHORT_MS


def _digest(extra: Mapping[str, str], told: Mapping[str, str], account: Account) -> str:
    """The event with what it adds: a second `ended` that brings the recording is no repetition of the first."""
    added = [extra.get(key, "") for key in ("event", "direction", "number", "agent", "duration_s", "recording_url")]
    words = fieldnames.plain(told.get("event", ""))
    return f"{extra.get('event') or 'other'}:{veil.veiled(account, orjson.dumps([words, *added]))}"


def seconds(text: str) -> str:
    """A duration as whole seconds: 75, 75.4, 01:15, 00:01:15, 75s, 1 phút 15 giây; '' when it is none."""
    if SECONDS.fullmatch(text):
        return str(int(float(text)))
    if clock := CLOCK.fullmatch(text) or SPOKEN.fullmatch(fieldnames.plain(text).replace("_", "") or "-"):
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return str(hours * 3600 + minutes * 60 + rest)
    return ""


def _moment(text: str) -> datetime:
    """When it began, as they say it: RFC 3339, Unix seconds or milliseconds, `2026-11-22 09:30:00` or day first, here,
    `20261122093000`, or as a letter says it."""
    try:
        if re.fullmatch(r"\d{9,10}(?:\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        if re.fullmatch(r"\d{12,13}", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        if re.fullmatch(r"\d{14}", text):
            text = f"{text[:8]}T{text[8:]}"
        if turned := DAY_FIRST.fullmatch(text):
            day, month, year, clock = turned.groups()
            text = f"{year}-{int(month):02}-{int(day):02}T{clock}"
        found = parsedate_to_datetime(text) if text[:3].isalpha() else datetime.fromisoformat(text)
        if not 2000 <= found.year <= 2200:
            return UNSAID
        return (found if found.tzinfo else found.replace(tzinfo=HERE)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return UNSAID


ADAPTER: Final = Adapter(
    name="hotline",
    capabilities=CAPABILITIES,
    verify=webhook_secret.verify,
    parse=parse,
    render=mute.render,
    client=mute.Mute,
    problems=webhook_secret.problems,
    thread_of=thread_of,
)
