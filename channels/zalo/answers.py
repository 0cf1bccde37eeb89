"""What Zalo's answer to a call means. HTTP 200 carries its refusals: the code inside decides, never its words.

Codes of the OA's API and of template messages (ZBS) differ: -124 is a dead token in one, -200 … -249 are the other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from channels import httpstatus
from channels.contract import ChannelError, NeedsReauth, Permanent, RateLimited, Retryable
from channels.loose import answered, answered_code
from channels.reasons import Reason

REFRESH: Final = frozenset({"-216", "-220", "-124"})  # the access token: fetch another one and call once more
BY_NUMBER: Final[Reason] = "template_by_phone"
PAID: Final = frozenset(
    {"-320", "-321", "-115", "-137"}
)  # the linked account is missing or has no money: the desk must know
HOUR_S: Final = 3600.0
MINUTE_S: Final = 60.0

# Nothing of this account can leave until a person mends it: its messages wait.
_ACCOUNT: Final[Mapping[int, str]] = {
    -204: "the official account is disabled",
    -205: "the official account does not exist",
    -207: "the official account is no third party's",
    -208: "the app has no secret key",
    -209: "the app is not activated",
    -212: "the app has not registered this API",
    -215: "the app's id is wrong",
    -219: "the app was removed or disabled",
    -221: "the official account must be verified",
    -223: "the official account has not authorised this API",
    -224: "the official account's package is too small",
    -235: "this API is not for this kind of official account",
    -242: "appsecret_proof is missing or wrong",
}
_REASONS: Final[Mapping[int, Reason]] = {  # for good -> Permanent.reason
    -201: "bad_request",
    -202: "bad_request",
    -203: "bad_request",
    -210: "too_large",
    -213: "not_following",
    -214: "bad_request",
    -217: "blocked",
    -218: "customer_quota",
    -222: "deactivated",
    -227: "deactivated",
    -230: "window",
    -232: "window",
    -233: "bad_request",
    -237: "bad_request",
    -238: "bad_request",
    -240: "bad_request",
    -241: "bad_request",
    -244: "blocked",
    -248: "content",
    -249: BY_NUMBER,
    -305: "window",
    -311: "window",
    -320: "billing",
    -321: "billing",
    -403: "bad_request",
    -501: "hosting",
}

_TEMPLATE_REASONS: Final[Mapping[int, Reason]] = {
    **dict.fromkeys((-106, -107, -109, -111, -112, -113, -116, -121, -122, -130, -132, -153, -161, -162), "template"),
    **dict.fromkeys((-1121, -1122, -1123, -1124, -1131, -148, -149, -150, -1491, -158, -159, -160), "template"),
    **dict.fromkeys((-117, -120, -131, -1201, -1202, -135, -1351, -136, -145, -146), "template_not_allowed"),
    **dict.fromkeys((-101, -102, -103, -104, -105, -138, -1381, -125, -126, -127, -1241), "template_not_allowed"),
    **dict.fromkeys((-123, -128, -129, -142, -143, -151, -152), "template_not_allowed"),
    -108: "phone",
    -110: "unreachable",
    -114: "unreachable",
    -118: "unreachable",
    -119: "unreachable",
    -115: "billing",
    -137: "billing",
    -139: "unwanted",
    -140: "unwanted",
    -141: "unwanted",
    -1441: "template_quota",
    -1471: "template_quota",
    -1472: "template_quota",
}
_TOMORROW: Final = frozenset({-144, -147})
_by_status: Final = partial(httpstatus.error, "zalo", refused="the token or the app is refused", pause_s=MINUTE_S)


def outcome(status: int, body: bytes, *, template: bool = False, until_morning: float = 8 * HOUR_S) -> str:
    """Zalo's message id, '' where there is none. `until_morning` -- seconds until it may be said again what is refused
    at night. Raises ChannelError."""
    data = answer(status, body, template=template, until_morning=until_morning)
    found = data.get("message_id") or data.get("msg_id") if isinstance(data, dict) else ""
    return str(found) if isinstance(found, (str, int)) else ""


def answer(status: int, body: bytes, *, template: bool = False, until_morning: float = 8 * HOUR_S) -> Any:
    """The `data` of a call. Raises ChannelError."""
    problem: ChannelError
    said = answered(body)
    code = answered_code(said, "error")
    if said is None or code is None:
        problem = _by_status(status)
    elif code == 0 and 200 <= status < 300:
        return said.get("data")
    elif code == 0:
        problem = _by_status(status)
    else:
        problem = _by_code(code, status, template=template, until_morning=until_morning)
    raise problem  # outside every handler: the causes quote the body


def _by_code(code: int, status: int, *, template: bool, until_morning: float) -> ChannelError:
    name = str(code)
    if code == -124 or (not template and name in REFRESH):
        return NeedsReauth("zalo: the access token is not valid any more", code=name)
    if template and code in _TEMPLATE_REASONS:
        return Permanent(f"zalo: template message refused, code {name}", reason=_TEMPLATE_REASONS[code], code=name)
    if template and code in _TOMORROW:
        return RateLimited(
            "zalo: today's template messages are used up", retry_after=until_morning, code=name, whole_account=False
        )
    if name in REFRESH:
        return NeedsReauth("zalo: the access token is not valid any more", code=name)
    if code in (-133, -234):
        return RateLimited("zalo: not at night", retry_after=until_morning, code=name, whole_account=False)
    if code == -32:
        return RateLimited("zalo: too many requests", retry_after=MINUTE_S, code=name)
    if code == -211:
        return RateLimited("zalo: the quota is used up", retry_after=HOUR_S, code=name, whole_account=False)
    if code in (-100, -200):
        return Retryable(f"zalo: not sent, code {name}", code=name, answered=status < 500)
    if code in _ACCOUNT:
        return NeedsReauth(f"zalo: {_ACCOUNT[code]}, code {name}", code=name)
    return Permanent(f"zalo: refused, code {name}", reason=_REASONS.get(code, "refused"), code=name)
