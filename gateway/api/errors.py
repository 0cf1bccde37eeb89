"""What can go wrong in a call, as the caller sees it: a code for machines, a line for people, the request's id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

# code -> HTTP status. The codes are part of the interface: integrators branch on them.
CODES: Final[Mapping[str, int]] = {
    "unreadable": 400,  # the body is not the strict JSON (or multipart form) that we read
    "unauthorized": 401,
    "forbidden": 403,
    "not_yours": 403,
    "proof_needed": 403,  # of a session whose person last showed some time ago that it is he: POST /me/proof
    "approval_needed": 403,  # a second person lets this leave: POST /exports/asks
    "cross_origin": 403,  # a browser's request that does not come from our own pages
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,  # the body did not come within its time
    "taken": 409,  # somebody else has the conversation: `holder`
    "wrong_state": 409,
    "not_certified": 409,  # advice is given by agents whose certificate covers the product
    "not_screened": 409,  # a lead must be screened before it goes to advice
    "may_double": 409,  # it may have arrived: say `twice` to send it all the same
    "conflict": 409,  # it was changed since you read it
    "in_progress": 409,  # the first call with this Idempotency-Key still runs
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,  # `fields` say which and why
    "key_reused": 422,  # this Idempotency-Key was used for another request
    "window_closed": 422,  # the platform's rules forbid writing now: `fields` say why and what is lawful
    "file_refused": 422,
    "too_many": 429,
    "internal": 500,
    "busy": 503,
    "unavailable": 503,
}
PACKED: Final = 2048  # bytes of an answer from which on it is worth its microseconds
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ApiError(Exception):
    """Ends a call. `fields` -- name -> what is wrong with it · `holder` -- who has it · `retry_s` -- Retry-After."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        holder: Mapping[str, str] | None = None,
        retry_s: float | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = CODES[code]
        self.message = message
        self.fields = dict(fields) if fields else None
        self.holder = dict(holder) if holder else None
        self.retry_s = retry_s
        self.close = close

    def body(self, request_id: str) -> bytes:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "request_id": request_id}
        if self.fields is not None:
            error["fields"] = self.fields
        if self.holder is not None:
            error["holder"] = self.holder
        return json.dumps({"error": error}, ensure_ascii=False).encode("utf-8", "replace")

    def response(self, request_id: str) -> web.Response:
        answer = json_response(self.body(request_id), status=self.status, request_id=request_id)
        if self.retry_s is not None:
            answer.headers["Retry-After"] = str(max(1, round(self.retry_s)))
        if self.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if self.close:
            answer.force_close()
        return answer


def json_response(body: bytes, *, status: int = 200, request_id: str = "") -> web.Response:
    answer = web.Response(body=body, status=status, content_type="application/json", headers=HEADERS)
    if request_id:
        answer.headers["X-Request-Id"] = request_id
    if len(body) > PACKED:
        answer.enable_compression()  # as the caller accepts it
    return answer


def not_found() -> ApiError:
    """For what is not there and for what is none of the caller's business, alike."""
    return ApiError("not_found", "there is nothing here, or nothing for you")
