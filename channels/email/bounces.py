"""What became of a letter: told by the relay's webhook as JSON, by a mail server's report, or by the reader's own click.

Relays agree on nothing but that there is an event, and that our Message-ID, or the address to which the letter comes back,
stands somewhere in it. A mark of ours (channels.email.marks) says which letter; nobody can make one. Where a relay writes its
own Message-IDs, a hard bounce, a complaint or an unsubscription still ends its address.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from channels import fieldnames, veil, webhook_secret
from channels.contract import UNSAID, Account, Delivery, InboundEvent, Kind, MalformedPayload, Receipt, WebhookRejected
from channels.email import answers, dsn, marks
from channels.email.settings import sender
from channels.reading import clean, read_json
from channels.reasons import Reason

SIGNATURE: Final = "X-Webhook-Signature"
CLICK: Final = "u"  # parameter of the address that one click in a mail program posts to
ENTRIES: Final = 500
VALUES: Final = 5_000
LETTERS: Final = 300_000
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
DELAYED: Final = "delayed"
COMPLAINT: Final[Reason] = "complaint"
UNSUBSCRIBED: Final[Reason] = "unsubscribed"
BOUNCED: Final[Reason] = "bounced"  # nobody says why

MEANING: Final[Mapping[str, str]] = {
    word: meaning
    for meaning, words in {
        DELIVERED: "delivered delivery",
        FAILED: "failed fail failure bounce bounced hard_bounce hardbounce soft_bounce softbounce permanent_fail dropped rejected"
        " reject blocked invalid invalid_email out_of_band policy_rejection generation_failure generation_rejection undelivered error"
        " outofband spam_notification blacklisted suppressed",
        DELAYED: "delayed deferred delay temporary_fail delivery_delayed delivery_delay transient",
        COMPLAINT: "complaint complained spam spam_report spamreport spam_complaint spamcomplaint complaints",
        UNSUBSCRIBED: "unsubscribed unsubscribe unsub list_unsubscribe link_unsubscribe group_unsubscribe subscription_change"
        " subscriptionchange",
    }.items()
    for word in words.split()
}
NAMES: Final[Mapping[str, tuple[str, ...]]] = {  # ours, then what relays call it; the earlier name wins
    "event": ("event_type", "notification_type", "record_type", "event_name", "type", "status"),
    "email": ("recipient", "rcpt_to", "email_address", "final_recipient", "address", "to"),
    "hardness": ("severity", "bounce_type", "data_bounce_type", "hard_bounce", "bounce_class", "type"),
    "code": ("status", "smtp_code", "error_code", "status_code", "response_code", "diagnostic_code"),
    "reason": (
        "diagnostic_code", "raw_reason", "description", "bounce_description", "diag", "response", "details", "message", "error",
    ),
    "timestamp": ("at", "ts_event", "ts", "time", "event_time", "delivered_at", "bounced_at", "created_at", "date"),
    "id": ("sg_event_id", "event_id", "uuid"),
}  # fmt: skip
HARD: Final = frozenset(
    {"hard", "permanent", "hard_bounce", "hardbounce", "true", "1", "bounce", "10", "30", "invalid", "invalid_email"}
)
SOFT: Final = frozenset(
    {"soft", "temporary", "transient", "soft_bounce", "softbounce", "false", "0", "20", "21", "22", "blocked"}
)
SUPPRESSED: Final[tuple[tuple[re.Pattern[str], Reason], ...]] = (  # a relay that does not even try says why in words
    (re.compile(r"\bunsubscribed\b|^suppress-unsubscribe", re.IGNORECASE), UNSUBSCRIBED),
    (re.compile(r"\bspam report|^suppress-complaint", re.IGNORECASE), COMPLAINT),
    (re.compile(r"\bbounced address|^invalid$|\bsuppress", re.IGNORECASE), answers.NO_MAILBOX),
)
UNTRIED: Final = frozenset({"dropped", "reject", "rejected", "suppressed"})
STOPPED: Final[Mapping[str, str]] = {  # why a relay writes to nobody there any more -> the event that it is
    "hard_bounce": "hard_bounce",
    "spam_complaint": "complaint",
}
RESUMED: Final = "subscription_resumed"
NOT_SPAM: Final = "not_spam"  # the reader took the letter out of the spam folder
PAGE: Final = (
    "Để ngừng nhận thư quảng cáo, hãy dùng nút Hủy đăng ký của ứng dụng thư, hoặc trả lời thư này.\n"
    "To stop advertising by e-mail, use your mail program's unsubscribe button, or reply to the letter.\n"
)

_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(r"\b([245]\d\d)\b")
_LISTED: Final = re.compile(r"\.\d+$")

# ---- who may post


def verify(delivery: Delivery, account: Account) -> None:
    """The secret in the address or a header, an HMAC over the body, or a mark of ours for its own reader. Raises
    WebhookRejected."""
    if (shown := delivery.query.get(CLICK)) is not None:
        if not shown or (found := marks.read(account, shown)) is None or found[0] != shown.lower():
            raise WebhookRejected("email: no mark of ours")
        return
    given = delivery.headers.get(SIGNATURE, "").removeprefix("sha256=").encode("utf-8", "surrogatepass")
    if given:
        good = [
            hmac.compare_digest(given, hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest().encode())
            for secret in webhook_secret.secrets_of(account)
        ]
        if not any(good):
            raise WebhookRejected("email: wrong signature")
        return
    webhook_secret.verify(delivery, account)


def greet(delivery: Delivery, account: Account) -> bytes:
    """Whoever opens the address of a click: nothing happens by that, programs look at links too."""
    if marks.read(account, delivery.query.get(CLICK, "")) is None:
        raise WebhookRejected("email: no mark of ours", status=404)
    return PAGE.encode()


# ---- reading

Told = dict[str, str]


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """One event a letter's fate. Raises MalformedPayload."""
    if shown := delivery.query.get(CLICK, ""):
        return [_event({"event": UNSUBSCRIBED, "mark": shown.lower()}, account)]
    body = delivery.body.lstrip()
    kind = delivery.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
    if kind in ("message/rfc822", "multipart/report") or (body[:1] not in b"{[" and dsn.looks_like(body)):
        return [_event(told, account) for told in _report(body, account)]
    flats = list(_entries(_json(body)))
    if not flats:
        raise MalformedPayload("no event in it")
    return [_event(_named(flat, account), account) for flat in flats]


def _report(body: bytes, account: Account) -> list[Told]:
    """A mail that is no report (an answer, a notice of absence) is nobody's business here."""
    found = [
        {
            "event": status.action,
            "code": status.code,
            "reason": _short(status.words, 500),
            "mark": known[0] if (known := marks.read(account, status.seen)) else "",
        }
        for status in dsn.statuses(body)
    ]
    return found or [{"event": "mail", "id": veil.veiled(account, body[: dsn.LENGTH])}]


def _json(body: bytes) -> Any:
    if body.startswith(b"mandrill_events="):
        try:
            body = parse_qs(body.decode(), max_num_fields=20)["mandrill_events"][0].encode()
        except (ValueError, KeyError, UnicodeError):
            body = b""
    value = read_json(body)
    if isinstance(value, dict) and value.get("Type") == "Notification" and isinstance(value.get("Message"), str):
        return read_json(value["Message"].encode("utf-8", "surrogatepass"))  # a relay behind a notification service
    return value


def _entries(value: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(value, dict):
        held = next(
            (inner for name in ("events", "items", "data") if _objects(inner := value.get(name))),
            None,
        )
        value = held if held is not None else [value]
    if not isinstance(value, list) or len(value) > ENTRIES:
        raise MalformedPayload("a list of events, or one, was expected")
    left = [VALUES * max(1, min(len(value), 20)), LETTERS * 4]
    for one in value:
        if isinstance(one, dict) and one:
            flat: dict[str, str] = {}
            _flatten(one, "", flat, left)
            yield flat


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _flatten(value: Any, path: str, flat: dict[str, str], left: list[int]) -> None:
    """Every value under its path; as deep as `read_json` lets it be."""
    left[0] -= 1
    if left[0] < 0 or left[1] < 0:
        raise MalformedPayload("more than an event has")
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name[:80]}" if path else name[:80], flat, left)
    elif isinstance(value, list):
        for number, inner in enumerate(value[:200]):
            _flatten(inner, f"{path}.{number}", flat, left)
    elif value is not None:
        text = _short(str(value).lower() if isinstance(value, bool) else str(value), 2000)
        left[1] -= len(text)
        if text:
            flat.setdefault(path[-200:], text)


def _named(flat: Mapping[str, str], account: Account) -> Told:
    """Our names to what stands under theirs; and the mark, wherever it stands."""
    own: Mapping[str, str] = account.get("fields") or {}
    by_name: dict[str, str] = {}
    for path, text in flat.items():
        by_name.setdefault(fieldnames.plain(path), text)
        by_name.setdefault(fieldnames.plain(_LISTED.sub("", path).rpartition(".")[2]), text)
    found: Told = {}
    for ours, theirs in NAMES.items():
        named = [*(fieldnames.plain(name) for name in str(own.get(ours) or "").split(",")), ours, *theirs]
        if text := next((by_name[name] for name in named if name and name in by_name), ""):
            found[ours] = _short(text, 500)
    if not _meaning(found.get("event", "")) and (
        other := next((by_name[name] for name in NAMES["event"] if _meaning(by_name.get(name, ""))), "")
    ):
        found["event"] = other
    if turned := _turned(_meaning(found.get("event", "")), by_name):
        found["event"] = turned
    if known := marks.read(account, "\n".join(flat.values())):
        found["mark"] = known[0]
    return found


def _turned(meaning: str, by_name: Mapping[str, str]) -> str:
    """What the event's own details make of it; '' = it is what it is called."""
    if meaning == UNSUBSCRIBED and fieldnames.plain(by_name.get("suppress_sending", "")) == "false":
        return RESUMED
    if meaning == UNSUBSCRIBED:
        return STOPPED.get(fieldnames.plain(by_name.get("suppression_reason", "")), "")
    if meaning == COMPLAINT and fieldnames.plain(by_name.get("complaint_feedback_type", "")) == NOT_SPAM:
        return NOT_SPAM
    return ""


def _meaning(event: str) -> str:
    return MEANING.get(fieldnames.plain(event).removeprefix("email_"), "")


def _short(text: str, limit: int) -> str:
    return " ".join(clean(text[: limit * 2]).split())[:limit].strip()


# ---- what it means


def _event(told: Told, account: Account) -> InboundEvent:
    known = marks.read(account, told.get("mark", ""))
    meaning = _meaning(told.get("event", ""))
    receipt, thread, why = None, known[2] if known else "", ""
    if not meaning or meaning == DELAYED:
        why = f"event: {fieldnames.plain(told.get('event', ''))[:40] or 'none'}"
    else:
        receipt = _receipt(told, meaning, account, known)
        if known is None and receipt.ends:
            thread = marks.thread_of(account, told.get("email", ""))
        if not thread:
            receipt, why = None, "a letter that is not ours"
    raw = orjson.dumps({name: text for name, text in told.items() if text})
    return InboundEvent(
        channel=account.channel,
        account=account.name,
        key=f"{meaning or 'other'}:{_key(told, known, account, raw)}",
        kind=Kind.RECEIPT if receipt is not None else Kind.IGNORED,
        thread=thread if receipt is not None else "",
        said_at=_moment(told.get("timestamp", "")),
        reason=why,
        receipt=receipt,
        extra={"sent_id": known[1]} if known is not None and receipt is not None else {},
        raw=raw,
    )


def _key(told: Told, known: tuple[str, str, str] | None, account: Account, raw: bytes) -> str:
    if known is not None:
        return f"{known[1]}:{veil.veiled(account, told.get('code', '') + told.get('event', ''))}"
    return veil.veiled(account, told.get("id") or raw)


def _receipt(told: Told, meaning: str, account: Account, known: tuple[str, str, str] | None) -> Receipt:
    ids = (marks.message_id(known[0], sender(account).domain),) if known else ()
    match meaning:
        case "delivered":
            return Receipt(status="delivered", external_ids=ids)
        case "complaint" | "unsubscribed":
            return Receipt(status="", external_ids=ids, reason=meaning, ends=meaning)
    reason = _reason(told)
    if reason in (COMPLAINT, UNSUBSCRIBED):
        return Receipt(status="failed", external_ids=ids, reason=reason, ends=reason)
    return Receipt(
        status="failed", external_ids=ids, reason=reason, ends=reason if reason == answers.NO_MAILBOX else ""
    )


def _reason(told: Told) -> Reason:
    """Why it did not arrive: by the server's code and words, and by how hard the relay calls it."""
    words = told.get("reason", "")
    for pattern, said in SUPPRESSED:
        untried = fieldnames.plain(told.get("event", "")).removeprefix("email_") in UNTRIED
        if (untried or words.startswith("suppress-")) and pattern.search(words):
            return said
    both = f"{told.get('code', '')} {words}"
    found, plain = _ENHANCED.search(both), _CODE.search(both)
    detail = f"{found[2]}.{found[3]}" if found else ""
    status = int(plain[1]) if plain else 550
    reason = answers.reason_of(status, detail, words) if found or plain or words else None
    named = {fieldnames.plain(told.get(name, "")) for name in ("event", "hardness")}
    temporary = (found is not None and found[1] == "4") or bool(named & SOFT)
    if temporary and not named & (HARD - {"bounce"}):
        return BOUNCED if reason in (None, "refused", answers.NO_MAILBOX) else reason
    if reason in (None, "refused") and named & HARD:
        return answers.NO_MAILBOX
    return reason or BOUNCED


def _moment(text: str) -> datetime:
    """RFC 3339, or Unix seconds or milliseconds; UNSAID when it does not tell."""
    try:
        if re.fullmatch(r"\d{9,10}(?:\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        if re.fullmatch(r"\d{12,13}", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
        if not 2000 <= found.year <= 2200:
            return UNSAID
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return UNSAID
