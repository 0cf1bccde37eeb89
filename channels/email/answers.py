"""What a mail server's answer means: its code, its enhanced code (RFC 3463), and where both are vague its words.

Errors carry codes only: servers quote addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable
from channels.reasons import Reason

GREETING: Final = "greeting"
MAIL: Final = "MAIL"
RCPT: Final = "RCPT"
DATA: Final = "DATA"
MINUTE_S: Final = 60.0
NO_MAILBOX: Final[Reason] = "no_mailbox"  # nothing more goes to that address

_ENHANCED: Final = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_REASONS: Final[Mapping[str, Reason]] = {  # subject.detail of a 5 -> Permanent.reason
    "1.0": NO_MAILBOX,
    "1.1": NO_MAILBOX,
    "1.2": NO_MAILBOX,
    "1.3": "bad_address",
    "1.6": NO_MAILBOX,
    "1.7": "spam",  # 1.7 and 1.8 speak of the sender
    "1.8": "spam",
    "1.10": NO_MAILBOX,
    "2.0": "refused",
    "2.1": NO_MAILBOX,
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.4": "too_large",
    "4.4": NO_MAILBOX,
    "4.7": "gave_up",
    "6.7": "bad_address",
    "7.0": "spam",
}
VAGUE: Final = frozenset({"1.0", "2.0", "7.0"})  # said for whatever comes to a server's mind: its words know better
_CODES: Final[Mapping[int, Reason]] = {
    500: "bad_request",
    501: "bad_address",
    502: "bad_request",
    503: "bad_request",
    504: "bad_request",
    521: NO_MAILBOX,
    551: NO_MAILBOX,
    553: "bad_address",
    555: "bad_request",
    556: NO_MAILBOX,
}
_LOGIN: Final = frozenset({530, 534, 535, 538})
_FAST: Final = re.compile(
    r"\b(?:rate|too (?:many|fast|much)|throttl\w*|quota exceeded for|limit exceeded|try slower)\b", re.IGNORECASE
)
_UNKNOWN: Final = re.compile(
    r"(?:user|mailbox|recipient|address|account)[^.;]{0,60}(?:unknown|not (?:found|exist)|does(?:n't| not) exist|disabled|inactive|invalid)"
    r"|no such (?:user|mailbox|recipient|address|person)|(?:unknown|invalid) (?:user|recipient|mailbox|address|account)|no mailbox",
    re.IGNORECASE,
)
_OURS: Final = re.compile(  # the sender is refused: "user unknown" beside it is our own mailbox, not the reader's
    r"(?<!\bto )(?<!\bto the )(?<!\bnotify the )\bsender\b|(?<!callout )(?<!recipient )(?<!address )\bverification failed\b"
    r"|\b(?:helo|ehlo|spf|dkim|dmarc)\b",
    re.IGNORECASE,
)
_FULL: Final = re.compile(
    r"\b(?:over ?quota|quota|mailbox (?:is )?full|full mailbox|insufficient storage)\b", re.IGNORECASE
)
_LARGE: Final = re.compile(
    r"\b(?:too (?:large|big)|size limit|message size|maximum size|exceeds? .{0,30}size)\b", re.IGNORECASE
)
_SPAM: Final = re.compile(
    r"\b(?:spam|junk|black ?list\w*|block ?list\w*|blocked|reputation|spf|dkim|dmarc|policy|phish\w*|virus|content rejected|bulk)\b",
    re.IGNORECASE,
)
_WORDS: Final[tuple[tuple[re.Pattern[str], Reason], ...]] = (
    (_LARGE, "too_large"),
    (_OURS, "spam"),
    (_UNKNOWN, NO_MAILBOX),
    (_FULL, "mailbox_full"),
    (_SPAM, "spam"),
)


def outcome(status: int, body: bytes) -> str:
    """The server's word for a letter that it took. Raises ChannelError."""
    text = body.decode("utf-8", "replace")
    if 200 <= status < 300:
        return text.strip()[:200] or "taken"
    raise refusal(status, text, DATA)


def refusal(status: int, text: str, step: str) -> ChannelError:
    """What an answer other than the hoped one means. step -- of the dialogue: before DATA nothing was sent."""
    found = _ENHANCED.match(text)
    shown = f"{status} {'.'.join(found.groups())}" if found else str(status)
    detail = f"{found[2]}.{found[3]}" if found else ""
    if status in _LOGIN or (500 <= status < 600 and detail in ("7.8", "7.9")):
        return NeedsReauth(f"email: the mail server refuses our login, {shown}", code=shown)
    if 400 <= status < 500:
        if detail in ("7.28", "3.2") or _FAST.search(text):
            slow = step in (GREETING, MAIL)
            return RateLimited(f"email: too fast, {shown}", retry_after=MINUTE_S, code=shown, whole_account=slow)
        alone = status != 421 and step in (RCPT, DATA)
        return Retryable(f"email: not taken now, {shown} at {step}", code=shown, answered=alone)
    if 500 <= status < 600:
        reason = reason_of(status, detail, text)
        if step == MAIL and reason not in ("too_large", "bad_address"):
            return NeedsReauth(f"email: the mail server does not let this sender write, {shown}", code=shown)
        if step == GREETING:
            return Retryable(f"email: the mail server does not want us now, {shown}", code=shown)
        return Permanent(f"email: refused, {shown} at {step}", reason=reason, code=shown)
    if step == DATA:
        return DeliveryUnknown(f"email: no readable answer, {shown}", code=shown)
    return Retryable(f"email: no readable answer at {step}, {shown}", code=shown)


def reason_of(status: int, detail: str, text: str) -> Reason:
    """Of a refusal for good. detail -- subject.detail of its enhanced code, ''."""
    vague = detail in VAGUE or detail not in _REASONS
    if vague and (told := _by_words(text)):
        return told
    reason = _REASONS.get(detail) or (NO_MAILBOX if detail.startswith("1.") else None)
    if reason:
        return "spam" if reason == NO_MAILBOX and _OURS.search(text[:1000]) else reason
    if detail.startswith("7."):
        return "spam"
    if status == 552:
        return "mailbox_full"
    return _CODES.get(status, "refused")


def _by_words(text: str) -> Reason | None:
    return next((reason for pattern, reason in _WORDS if pattern.search(text[:1000])), None)
