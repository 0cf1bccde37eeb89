"""One call, from its first byte to its answer: who, may he, what does he send, was it sent before, do it, say it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from channels.reading import clean
from gateway.api import body as bodies
from gateway.api import cookie, idempotency, multipart, window
from gateway.api.allow import allow
from gateway.api.auth import SYSTEM
from gateway.api.declare import Call, Route
from gateway.api.errors import CODES, HEADERS, ApiError, json_response, not_found
from gateway.api.service import API, Api
from handlers.model import Refused
from storage.errors import Raced, StorageUnavailable
from storage.ids import new_id

log = structlog.get_logger("api")
UPLOAD_S: Final = 120.0  # a certificate over a telephone's uplink
_ID: Final = re.compile(r"[0-9a-v]{26}")
_WORDS: Final = {  # parameters that are words of people, not ids of ours
    "team_id": re.compile(r"[0-9a-z][0-9a-z-]{0,25}"),
    "owner": re.compile(r"(?:team|advisor):[0-9a-z][0-9a-z-]{0,25}"),
    "day": re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
}
# What the core refuses, in the API's words; codes that it has in common with CODES stay as they are.
_REFUSED: Final[Mapping[str, str]] = {
    "blocked": "window_closed",
    "unreachable": "window_closed",
    "forbidden": "forbidden",
}


def handler_of(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of a declared route."""

    async def serve(request: web.Request) -> web.StreamResponse:
        request_id = new_id()
        try:
            return await _serve(route, request, request_id)
        except ApiError as err:
            return err.response(request_id)
        except Refused as err:
            return refused(err).response(request_id)
        except (StorageUnavailable, Raced):
            return unavailable().response(request_id)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("api.failed", route=route.name, request=request_id)
            return ApiError("internal", "something is wrong here; it was noted").response(request_id)

    return serve


async def _serve(route: Route, request: web.Request, request_id: str) -> web.StreamResponse:
    api = request.config_dict[API]
    actor = SYSTEM if route.open else await api.doors.actor(request)
    if not route.open and actor.enrolling and not allow(actor, route.may):
        raise ApiError("forbidden", "set up your second factor first: /desk/account")
    if not route.open and not allow(actor, route.may):
        raise ApiError("forbidden", f"the role {actor.role} may not do this")
    call = Call(request=request, actor=actor, api=api, id=request_id)
    if route.proof:
        call.prove()
    arguments: dict[str, Any] = {name: _path(request, name) for name in route.parameters}
    if route.query is not None:
        arguments["query"] = validated(route.query, _query(request))
    content = b""
    if route.form is not None:
        data = await bodies.read(request, route.cap, deadline_s=UPLOAD_S)
        form = multipart.parse(request.headers.get("Content-Type", ""), data)
        arguments["form"], content = form, form.digest()
    elif request.method != "GET":
        content = await bodies.read(request, route.cap)
        given = bodies.parse(request, content)
        if route.body is not None:
            arguments["body"] = validated(route.body, given)
    key = idempotency.key_of(request) if route.keyed else ""
    if not key:
        return await _answer(route, call, arguments)
    return await _once(route, call, arguments, key, idempotency.fingerprint(request, actor, content))


async def _answer(route: Route, call: Call, arguments: dict[str, Any]) -> web.StreamResponse:
    result = await route.handler(call, **arguments)
    if route.adapter is None:
        assert isinstance(result, web.StreamResponse)
        return result
    answer = json_response(route.adapter.dump_json(result), status=call.status or route.status, request_id=call.id)
    answer.headers.update(call.headers)
    _kept(call, answer)
    return answer


def _kept(call: Call, answer: web.Response) -> None:
    if call.token:
        cookie.keep(call.request, answer, call.token, call.parts.config)


async def _once(route: Route, call: Call, arguments: dict[str, Any], key: str, print_: bytes) -> web.StreamResponse:
    scope = call.actor.credential
    call.key = (scope, key)

    async def work() -> tuple[int, bytes]:
        try:
            answer = await _answer(route, call, arguments)
        except ApiError as err:
            return err.status, err.body(call.id)
        except Refused as err:
            wrong = refused(err)
            return wrong.status, wrong.body(call.id)
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        return answer.status, answer.body

    status, data, again = await call.api.once.run(scope, key, print_, work)
    answer = json_response(data, status=status, request_id=call.id)
    _kept(call, answer)
    if again:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _path(request: web.Request, name: str) -> str:
    """An id in the path; what has not the shape of one is not there."""
    value = request.match_info[name]
    if not _WORDS.get(name, _ID).fullmatch(value):
        raise not_found()
    return value


def _query(request: web.Request) -> dict[str, str]:
    return {name: clean(value) for name, value in request.query.items() if value != ""}


def validated(model: type[BaseModel], given: Mapping[str, Any]) -> BaseModel:
    """Raises ApiError invalid, naming the fields and never their values."""
    try:
        return model.model_validate(given)
    except ValidationError as err:
        fields = {
            ".".join(str(step) for step in problem["loc"]) or "body": _told(problem["msg"])
            for problem in err.errors(include_url=False, include_context=False, include_input=False)[:50]
        }
    raise ApiError("invalid", "some fields are not right", fields=fields)


def _told(message: str) -> str:
    """Pydantic's words, but for its two ways to say that nothing was given."""
    nothing = message.startswith(("Value should have at least 1 item", "String should have at least 1 character"))
    return "is empty; it is needed" if nothing else message.removeprefix("Value error, ")


def refused(err: Refused) -> ApiError:
    """What the core would not do, as an answer."""
    code = _REFUSED.get(err.code, err.code)
    if code not in CODES:
        code = "wrong_state"
    holder = {"id": err.holder.id, "name": err.holder.name} if err.holder is not None else None
    why = window.reason_of(str(err)) if err.code == code else err.code
    fields = {"reason": why, "ways": "none: wait until the customer writes"} if code == "window_closed" else None
    return ApiError(code, str(err), holder=holder, fields=fields)


def unavailable() -> ApiError:
    return ApiError("unavailable", "nothing was stored: try again soon", retry_s=random.uniform(15, 45))  # noqa: S311


@web.middleware
async def errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """aiohttp's own refusals (no such path, no such method) in our words."""
    try:
        return await handler(request)
    except web.HTTPException as err:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        if err.status not in codes:
            raise
        answer = ApiError(codes[err.status], err.reason or "refused").response(new_id())
        if "Allow" in err.headers:
            answer.headers["Allow"] = err.headers["Allow"]
        return answer


__all__ = ["API", "HEADERS", "Api", "errors", "handler_of", "refused", "unavailable", "validated"]
