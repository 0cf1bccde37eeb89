"""What Viber's answer to a call means. HTTP 200 carries its refusals: `status` inside decides, never its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from channels import httpstatus
from channels.contract import ChannelError, NeedsReauth, Permanent, RateLimited, Retryable
from channels.loose import answered, answered_code
from channels.reasons import Reason

TOO_NEW: Final = "13"  # his app is older than the message's min_api_version: once more without its keyboard
PAID: Final = frozenset({"23", "24"})  # free messages used up, no balance: the desk must know
MINUTE_S: Final = 60.0

# Nothing of this account can leave until a person mends it: its messages wait.
_ACCOUNT: Final[Mapping[int, str]] = {
    2: "the token is not valid",
    7: "the bot is blocked",
    8: "the bot does not exist",
    9: "the bot is suspended",
    10: "no webhook is set; run `gateway channels setup`",
    15: "the bot is not authorised",
    18: "the bot has no public chat",
    19: "the bot may not send broadcasts",
    20: "the bot may not send broadcasts",
}
_REASONS: Final[Mapping[int, Reason]] = {  # for good -> Permanent.reason
    1: "bad_request",
    3: "bad_request",
    4: "bad_request",
    5: "not_found",
    6: "blocked",
    11: "deactivated",
    13: "bad_request",
    14: "bad_request",
    16: "bad_request",
    17: "bad_request",
    21: "not_found",
    22: "bad_request",
    23: "billing",
    24: "billing",
}


def outcome(status: int, body: bytes) -> str:
    """Viber's message token as text, from all of its digits; '' where there is none. Raises ChannelError."""
    found = answer(status, body).get("message_token")
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return ""
    return str(found).strip()[:128]


def answer(status: int, body: bytes) -> dict[str, Any]:
    """The object that a call brought. Raises ChannelError."""
    problem: ChannelError
    said = answered(body)
    code = answered_code(said, "status")
    if said is not None and code == 0 and 200 <= status < 300:
        return said
    problem = (
        httpstatus.error("viber", status, refused="the token is refused", pause_s=MINUTE_S)
        if code is None or code == 0
        else _by_code(code, status)
    )
    raise problem  # outside every handler: the causes quote the body


def _by_code(code: int, status: int) -> ChannelError:
    name = str(code)
    if code in _ACCOUNT:
        return NeedsReauth(f"viber: {_ACCOUNT[code]}, status {name}", code=name)
    if code == 12:
        return RateLimited("viber: too many messages", retry_after=MINUTE_S, code=name)
    if code in _REASONS:
        return Permanent(f"viber: refused, status {name}", reason=_REASONS[code], code=name)
    return Retryable(f"viber: not sent, status {name}", code=name, answered=status < 500)
