"""The OpenAPI 3.1 document, made of the declared routes: nothing is written twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api.allow import roles_for
from gateway.api.cookie import COOKIES
from gateway.api.declare import Route
from gateway.api.errors import CODES
from gateway.api.models_told import TOLD

BASE: Final = "/api/v1"
_REF: Final = "#/components/schemas/{model}"
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string", "enum": sorted(CODES)},
                "message": {"type": "string", "description": "for people"},
                "request_id": {"type": "string", "description": "name it when you ask for help"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                "holder": {
                    "type": "object",
                    "required": ["id", "name"],
                    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
                },
            },
        }
    },
    "examples": [
        {"error": {"code": "taken", "message": "Lan has this conversation", "request_id": "0jq5v3f2k8c4h6m1n9p7r0s2t4"}}
    ],
}
_ABOUT: Final = (
    "Times are RFC 3339 UTC with milliseconds, ids opaque strings. Lists answer `items` and `next`; give `next` back as"
    " `cursor`. Errors: see the schema Error. A token of `admin` or `integration` acts for a person with `X-Act-As`."
)


def document(routes: Sequence[Route], *, version: str) -> bytes:
    """The document as JSON."""
    bodies = {route.body for route in routes if route.body} | {route.form for route in routes if route.form}
    answers = {route.answer for route in routes if route.answer} | {model for model, _ in TOLD.values()}
    refs, schemas = models_json_schema(
        [
            *((model, "validation") for model in sorted(bodies, key=_name)),
            *((model, "serialization") for model in sorted(answers, key=_name)),
        ],
        ref_template=_REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "IBAOHIEM gateway", "version": version, "description": _ABOUT},
            "servers": [{"url": BASE}],
            "security": [{"bearer": []}, {"session": []}],
            "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
            "paths": paths,
            "webhooks": {type_: {"post": _told(type_, refs)} for type_ in TOLD},
            "components": {
                "schemas": {**schemas.get("$defs", {}), "Error": _ERROR},
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "`gateway token add --name NAME --role ROLE`",
                    },
                    "session": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": COOKIES[0],
                        "description": f"the desk's; {COOKIES[1]} on http",
                    },
                },
            },
        }
    )


def _told(type_: str, refs: Any) -> dict[str, Any]:
    """What we ask of others: see docs/webhooks.md."""
    model, when = TOLD[type_]
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": type_},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": refs[(model, "serialization")],
        },
    }
    headers = {
        "webhook-id": "the same at every repetition",
        "webhook-timestamp": "seconds since 1970, of this call",
        "webhook-signature": "`v1,` and base64 of HMAC-SHA256 over id.timestamp.body; several, with spaces between",
    }
    return {
        "operationId": type_.replace(".", "_"),
        "tags": ["webhooks"],
        "summary": when,
        "description": f"Told when {when}. Signed and repeated as Standard Webhooks say.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": about}
            for name, about in headers.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "told"},
            "410": {"description": "nobody is there any more: the webhook is switched off"},
            "default": {"description": "told again later"},
        },
    }


def _name(model: type[BaseModel] | None) -> str:
    return model.__name__ if model else ""


def _operation(route: Route, refs: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description,
        "responses": _responses(route, refs),
    }
    if route.open:
        operation["security"] = []
    else:
        operation["x-roles"] = roles_for(route.may) or ["the admin socket"]
    if parameters := [*_path(route), *_query(route), *_headers(route)]:
        operation["parameters"] = parameters
    if route.body is not None:
        schema = refs[(route.body, "validation")]
        needed = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    elif route.form is not None:
        schema = refs[(route.form, "validation")]
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return operation


def _responses(route: Route, refs: Any) -> dict[str, Any]:
    if route.answer is not None:
        content: dict[str, Any] = {"application/json": {"schema": refs[(route.answer, "serialization")]}}
    elif route.open:
        content = {"application/json": {"schema": {"type": "object"}}}
    else:
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    responses: dict[str, Any] = {str(route.status): {"description": route.summary, "content": content}}
    by_status: dict[int, list[str]] = {}
    for code in route.codes():
        by_status.setdefault(CODES[code], []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    return responses


def _path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-v]{26}$"}}
        for name in route.parameters
    ]


def _query(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(by_alias=False, ref_template="{model}")
    found = []
    for name, given in schema["properties"].items():
        shape = _inlined(given, schema.get("$defs", {}))
        about = shape.pop("description", "")
        parameter = {"name": name, "in": "query", "required": False, "schema": _or_empty(shape)}
        found.append({**parameter, "description": about} if about else parameter)
    return found


def _or_empty(shape: dict[str, Any]) -> dict[str, Any]:
    """`?status=` is as good as nothing."""
    free = shape.get("type") == "string" and not {"enum", "format", "minLength"} & set(shape)
    return shape if free else {"anyOf": [shape, {"type": "string", "maxLength": 0}]}


def _inlined(shape: Any, definitions: dict[str, Any]) -> Any:
    """The shape of a query parameter: its enums in place, and null as being left out."""
    if isinstance(shape, list):
        return [_inlined(each, definitions) for each in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        return _inlined(definitions[shape["$ref"]], definitions)
    if "anyOf" in shape:
        kept = [each for each in shape["anyOf"] if each != {"type": "null"}]
        if len(kept) == 1:
            rest = {key: value for key, value in shape.items() if key not in ("anyOf", "default")}
            return {**_inlined(kept[0], definitions), **rest}
    dropped = ("title", "default") if shape.get("default", 0) is None else ("title",)
    return {key: _inlined(value, definitions) for key, value in shape.items() if key not in dropped}


def _headers(route: Route) -> list[dict[str, Any]]:
    if not route.keyed:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "description": "the same key gives the first answer again for 24 h",
        }
    ]
