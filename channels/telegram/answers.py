"""What Telegram's answer to a call means. The description is no stable contract: code first, words second."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable
from channels.reasons import Reason

# The call did what it could: the customer sees what he should see.
_HARMLESS: Final = ("query is too old", "query id is invalid", "message is not modified", "message to delete not found")

_REASONS: Final[tuple[tuple[str, Reason], ...]] = (  # words of the description, in lower case -> Permanent.reason
    ("blocked by the user", "blocked"),
    ("was kicked", "blocked"),
    ("user is deactivated", "deactivated"),
    ("can't initiate conversation", "never_started"),
    ("chat not found", "not_found"),
    ("user not found", "not_found"),
    ("peer_id_invalid", "not_found"),
    ("too long", "too_large"),
    ("too big", "too_large"),
    ("too large", "too_large"),
    ("upgraded to a supergroup", "moved"),
    ("wrong file", "gone"),
    ("wrong remote file", "gone"),
    ("file is temporarily unavailable", "gone"),
)


def outcome(status: int, body: bytes) -> str:
    """Telegram's message id, '' where the method makes no message. Raises ChannelError."""
    result = answer(status, body)
    return str(result["message_id"]) if isinstance(result, dict) and "message_id" in result else ""


def answer(status: int, body: bytes) -> Any:
    """The `result` of a call, None when it was harmlessly refused. Raises ChannelError."""
    problem: ChannelError | None
    try:
        said = _loads(body)
        ok = said["ok"] is True
    except (ValueError, LookupError, TypeError, RecursionError):
        problem = _by_status(status)
    else:
        if ok and 200 <= status < 300:
            return said.get("result")
        code = said.get("error_code")
        problem = _by_answer(code if isinstance(code, int) and not ok else status, said)
        if problem is None:
            return None
    raise problem  # outside the handler: the causes quote the body


def file_id(body: bytes, field: str) -> str:
    """What Telegram calls the file of a message that it took; '' when it does not say."""
    try:
        held = answer(200, body)[field]
        found = (held[-1] if isinstance(held, list) else held)["file_id"]
    except (ChannelError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def words(result: dict[str, Any], name: str) -> str:
    """A text of an answer that only people read: of another shape it is as if it was not there."""
    value = result.get(name)
    return value if isinstance(value, str) else ""


def count(result: dict[str, Any], name: str) -> int:
    value = result.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body)  # half an emoji of the customer's, quoted: orjson reads no lone surrogates


def _by_answer(code: int, said: dict[str, Any]) -> ChannelError | None:
    given = str(said.get("description") or "")
    words = given.lower()
    parameters = said.get("parameters")
    after = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if code == 429:
        seconds = float(after) if isinstance(after, (int, float)) and 0 <= after < 1e6 else 5.0
        return _slower(seconds)
    if code == 400 and any(harmless in words for harmless in _HARMLESS):
        return None
    if code in {400, 403}:
        default: Reason = "bad_request" if code == 400 else "refused"
        reason = next((reason for mark, reason in _REASONS if mark in words), default)
        return Permanent(f"telegram: {_printable(given)}", reason=reason, code=str(code))
    if code == 409:
        return _conflict(words)
    return _by_status(code)


def _conflict(words: str) -> NeedsReauth:
    """Only one may receive a bot's updates. Sending is not touched by it."""
    if "webhook" in words:
        return NeedsReauth(
            "telegram: a webhook is set for this bot, by another gateway or program: stop that one, then "
            "`gateway channels setup` takes the webhook away",
            code="409",
        )
    return NeedsReauth(
        "telegram: another process polls this bot: only one may receive; stop the other, or give each its own bot",
        code="409",
    )


def _by_status(status: int) -> ChannelError:
    code = str(status)
    match status:
        case 401 | 404:  # an unknown token is "Not Found"
            return NeedsReauth(f"telegram: the token (or api_url) is not known there, HTTP {code}", code=code)
        case 409:
            return _conflict("")
        case 413:
            return Permanent("telegram: too large", reason="too_large", code=code)
        case 429:
            return _slower(5.0)
        case 301 | 302 | 307 | 308 | 503:  # a redirect has not been acted on either
            return Retryable(f"telegram: not taken, HTTP {code}", code=code)
    if 400 <= status < 500 and status != 408:
        return Permanent(f"telegram: HTTP {code}", reason="refused", code=code)
    return DeliveryUnknown(f"telegram: no readable answer, HTTP {code}", code=code)


def _slower(seconds: float) -> RateLimited:
    """It does not say whether the chat or the bot is too fast; mostly it is the chat. The sender sees more than one."""
    return RateLimited("telegram: too many requests", retry_after=seconds, code="429", whole_account=False)


def _printable(description: str) -> str:
    """Telegram quotes what it refuses: no quotations, addresses or long numbers in an error."""
    return re.sub(r"""(["'`]).*?\1|\S+://\S+|@\w+|\d{6,}""", "…", description)[:120]
