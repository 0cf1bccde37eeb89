"""Refusals as the Bot API words them, for `next` and `chaos`."""

from __future__ import annotations

from gateway.demo.standins.faults import Fault

from .wire import ApiError, too_many


def error(status: int, description: str, parameters: dict[str, object] | None = None) -> Fault:
    """A refusal as the Bot API words it; nothing was done."""
    return Fault(kind="answer", status=status, body=ApiError(status, description, parameters).body())


def flood(retry_after: int) -> Fault:
    """429, with the seconds to wait in the body and in the header."""
    return Fault(
        kind="answer",
        status=429,
        body=too_many(retry_after).body(),
        headers={"Retry-After": str(retry_after)},
    )


def server_error(status: int = 500, *, accepted: bool = False) -> Fault:
    """500 and 502, before or after the platform did what was asked."""
    what = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
    refusal = ApiError(status, what.get(status, "Internal Server Error"))
    return Fault(kind="answer", accepted=accepted, status=status, body=refusal.body())
