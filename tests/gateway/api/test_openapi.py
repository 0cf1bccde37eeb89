"""The document: valid, whole, and true: what it promises is what a machine that reads it finds."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok

from gateway.api import declared, described
from gateway.api.allow import TABLE
from gateway.api.errors import CODES
from tests.gateway.api.conftest import House

EXAMPLES: Final = 2  # of each kind an operation
BOUNDED: Final = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SKIPPED: Final = {"/users/{user_id}/disable", "/backup", "/keys/rotate", "/contacts/{contact_id}/erase"}


def test_the_document_is_valid_and_whole() -> None:
    document = json.loads(described())
    validate(document)
    assert document["openapi"].startswith("3.1")
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(route.method, route.path) for route in declared()}
    for route in declared():
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        assert operation.get("x-roles", list(TABLE)), route.path
        for code in route.codes():
            assert code in operation["responses"][str(CODES[code])]["description"]
        keyed = [each for each in operation.get("parameters", ()) if each["name"] == "Idempotency-Key"]
        assert bool(keyed) is route.keyed
        if route.method != "GET" and route.status != 201:
            assert route.keyed or route.path in (
                "/me/second-factor",
                "/routing/preview",
                "/me/second-factor/confirm",
                "/me/second-factor/codes",
                "/me/second-factor/off",
                "/me/password",
                "/me/proof",
                "/guide",
                "/conversations/{conversation_id}/reveal",
                "/me/sessions/end",
                "/backup",
                "/keys/rotate",
                "/privacy/find",
                "/contacts/{contact_id}/erase",
                "/contacts/{contact_id}/export",
                "/privacy-requests/{request_id}/copy",
                "/exports/wall",
                "/wall/tests",
                "/exports/conversations",
                "/tokens/{token_id}",
                "/users/{user_id}/reset",
                "/users/{user_id}/link",
            ), route.path
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session"}


async def test_what_it_promises_is_what_a_machine_finds(house: House) -> None:
    await house.conversation("fuzz", lead=True)
    boss = await house.as_role("admin")
    await asyncio.to_thread(fuzz, f"{house.url}/api/v1", boss.token)


def fuzz(base: str, token: str) -> None:
    """Lawful and unlawful requests to every operation: no 5xx, and every answer as documented."""
    load_all_checks()
    wanted = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
    lawful = [schemathesis.checks.CHECKS.get_one(name) for name in wanted]
    unlawful = [*lawful, schemathesis.checks.CHECKS.get_one("negative_data_rejection")]
    schema = schemathesis.openapi.from_dict(json.loads(described()))
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path in SKIPPED:
            continue
        for mode, checks in ((GenerationMode.POSITIVE, lawful), (GenerationMode.NEGATIVE, unlawful)):
            with contextlib.suppress(Unsatisfiable):  # there is nothing unlawful to send to some
                given(case=operation.as_strategy(generation_mode=mode))(BOUNDED(_asker(base, session, checks)))()


def _asker(base: str, session: requests.Session, checks: list[Any]) -> Callable[[Any], None]:
    def ask(case: Any) -> None:
        answer = case.call(base_url=base, session=session)
        case.validate_response(answer, checks=checks)

    return ask
