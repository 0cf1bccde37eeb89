"""What the Graph API's answer to a call means: its code and subcode decide, never its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from channels import httpstatus
from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable
from channels.facebook.updates import mid_of
from channels.reasons import Reason

SLOWER_S: Final = 60.0
WINDOW: Final[Reason] = "window"
NOT_OURS: Final[Reason] = "not_ours"  # another app holds the thread

_SUBCODES: Final[Mapping[int, Reason]] = {  # for good -> Permanent.reason
    2018278: WINDOW,
    2018065: WINDOW,
    2018300: NOT_OURS,
    2018108: "blocked",
    1545041: "blocked",
    2018001: "not_found",
    1893061: "bad_request",
    2018109: "too_large",
    2018047: "file",
    2018007: "file",
    2018008: "file",
    2018294: "file_type",
    2018034: "bad_request",
    2018218: "no_profile",
    2018022: "bad_request",
}
_RESTRICTED: Final = frozenset({1893063, 2534122, 2534029})  # the page may not write to anybody
_BUSY: Final = frozenset({4, 17, 32, 613, 80006})
_PASSING: Final = frozenset({1, 2, 1200})
_REASONS: Final[Mapping[int, Reason]] = {
    551: "blocked",
    546: "file",
    100: "bad_request",
    230: "refused",
    2500: "bad_request",
}
_ACCOUNT: Final[Mapping[int, str]] = {
    3: "the app lacks a permission",
    10: "the app lacks a permission, or the page took it back",
    102: "the page's token is not valid any more",
    190: "the page's token is not valid any more",
    200: "the app lacks a permission or its review",
    368: "the page is blocked for a while, for policy",
}
_by_status: Final = partial(httpstatus.error, "facebook", refused="the page's token is refused", pause_s=SLOWER_S)


def outcome(status: int, body: bytes) -> str:
    """Meta's message id, '' where there is none. Raises ChannelError."""
    said = answer(status, body)
    found = said.get("message_id")
    return mid_of(found) if isinstance(found, str) else ""


def answer(status: int, body: bytes) -> Mapping[str, Any]:
    """What a call answered. Raises ChannelError."""
    said = _object(body)
    error = said.get("error") if said is not None else None
    problem: ChannelError
    if isinstance(error, dict):
        problem = _by_error(status, error)
    elif error is None and said is not None and 200 <= status < 300 and said:
        return said
    else:
        problem = _by_status(status)
    raise problem  # outside every handler: the causes quote the body


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _by_error(status: int, error: Mapping[str, Any]) -> ChannelError:
    code, sub = _number(error, "code"), _number(error, "error_subcode")
    name = f"{code}/{sub}" if sub else str(code)
    if sub in _RESTRICTED:
        return NeedsReauth(f"facebook: the page may not send messages, code {name}", code=name)
    if code == 1 and sub == 1357046:  # "invalid JSON reply": the messages were sent
        return DeliveryUnknown(f"facebook: no readable answer, code {name}", code=name)
    if code in _BUSY and sub not in _SUBCODES:
        return RateLimited(f"facebook: too many requests, code {name}", retry_after=SLOWER_S, code=name)
    if sub in _SUBCODES:
        return Permanent(f"facebook: refused, code {name}", reason=_SUBCODES[sub], code=name)
    if code in _PASSING or error.get("is_transient") is True:
        return Retryable(f"facebook: not taken for now, code {name}", code=name, answered=status < 500)
    if code in _ACCOUNT or 200 < code < 230:
        return NeedsReauth(f"facebook: {_ACCOUNT.get(code, _ACCOUNT[200])}, code {name}", code=name)
    if code:
        return Permanent(f"facebook: refused, code {name}", reason=_REASONS.get(code, "refused"), code=name)
    return _by_status(status)


def _number(error: Mapping[str, Any], name: str) -> int:
    given = error.get(name)
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 12:
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else 0
