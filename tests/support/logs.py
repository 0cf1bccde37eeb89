"""Logging as every test starts with it, and as a test that set up another puts it back."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog

from gateway import logs


def _plain_exception(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("exc_info", None)
    return event


def plain() -> None:
    """Unconfigured, structlog draws every exception with all its locals: seconds of CPU each."""
    structlog.configure(processors=[_plain_exception, structlog.processors.KeyValueRenderer(key_order=["event"])])


@contextlib.contextmanager
def demonstration_logging() -> Iterator[None]:
    """The demonstration sets up the whole process's logging; afterwards it is as before."""
    root = logging.getLogger()
    kept = (root.handlers[:], root.level, warnings.showwarning)
    hooks = (sys.excepthook, sys.unraisablehook)
    try:
        yield
    finally:
        plain()
        logs.know(())
        root.handlers[:], level, warnings.showwarning = kept
        root.setLevel(level)
        logging.getLogger("aiohttp.access").disabled = False
        sys.excepthook, sys.unraisablehook = hooks
