"""Logging as every test starts with it, and as a test that set up another puts it back."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import structlog


def _plain_exception(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("exc_info", None)
    return event


def plain() -> None:
    """Unconfigured, structlog draws every exception with all its locals: seconds of CPU each."""
    structlog.configure(processors=[_plain_exception, structlog.processors.KeyValueRenderer(key_order=["event"])])
