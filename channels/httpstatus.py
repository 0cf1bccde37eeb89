"""What an HTTP status means where the platform's answer says nothing more."""

from __future__ import annotations

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable


def error(platform: str, status: int, *, refused: str, pause_s: float) -> ChannelError:
    """`refused` -- what 401 and 403 say of our credentials · `pause_s` -- after a 429, seconds."""
    name = str(status)
    match status:
        case 401 | 403:
            return NeedsReauth(f"{platform}: {refused}, HTTP {name}", code=name)
        case 413:
            return Permanent(f"{platform}: too large", reason="too_large", code=name)
        case 429:
            return RateLimited(f"{platform}: too many requests", retry_after=pause_s, code=name)
        case 301 | 302 | 307 | 308 | 503:  # a redirect has not been acted on either
            return Retryable(f"{platform}: not taken, HTTP {name}", code=name)
    if 400 <= status < 500 and status != 408:
        return Permanent(f"{platform}: HTTP {name}", reason="refused", code=name)
    return DeliveryUnknown(f"{platform}: no readable answer, HTTP {name}", code=name)
