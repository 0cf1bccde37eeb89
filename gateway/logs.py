"""Structured logs without personal data: an allow-list of fields, exceptions without their values, a last net.

Lines are JSON on stderr, readable ones at a terminal. What is not on the list is dropped by name; what looks like a
phone, an id, an address or a secret all the same is masked and counted: each hit is a bug of ours, not a feature.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
ROOT: Final = Path(__file__).parents[1]
FRAMES: Final = 12  # innermost frames of a stack that are worth their line

# What may be said: surrogate ids, names of ours, numbers. Never text, names, phones, bodies, queries, headers.
FIELDS: Final = frozenset(
    """
    account advisor again api at attempt attempts backup boot bytes case category cause channel code contact
    conversation count day delay_s delivery document dropped due error event event_id expected file found frames
    free_mb free_percent handler handoff host id items job key key_id kind lag_ms lane left level level_name limit
    listed logger message method mode ms next_s object oldest_s outbox outcome path percent pid point policy port process
    purpose query queue reason request retry_s revision role route rows seconds size sqlite state status step task
    template thread_name timer token_id took_ms trace type unknown until url verdict version waited_ms wal_mb way where
    """.split()
)

LOOP: Final = ("Task exception was never retrieved", "Future exception was never retrieved", "Exception in callback")

_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
_BEARER = (
    r"(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}|\d{6,12}:[A-Za-z0-9_-]{30,}|(?<![\w-])[A-Za-z0-9_-]{40,}(?![\w-])"
)
_PHONE = r"(?<!\w)(?:\+?84|0)(?:[ .-]?\d){8,10}(?!\w)"
_NUMBER = r"(?<!\w)(?:\d{12}|\d{9})(?!\w)"
NET: Final = re.compile(f"(?P<email>{_EMAIL})|(?P<bearer>{_BEARER})|(?P<phone>{_PHONE})|(?P<number>{_NUMBER})")

LONG_PART: Final = re.compile(r"/[^/{}]{20,}")

hits: Counter[str] = Counter()  # what the net caught, by kind; /metrics shows it
_secrets: re.Pattern[str] | None = None

Event = MutableMapping[str, Any]


def get(name: str) -> Any:
    """A logger: `log.info("outbox.sent", outbox=id, ms=12)`; the event is a word of ours, never a sentence."""
    return structlog.get_logger(name)


def know(secrets: Iterable[str]) -> None:
    """Mask these values wherever they turn up."""
    global _secrets  # noqa: PLW0603 -- one process, one net
    found = sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True)
    _secrets = re.compile("|".join(map(re.escape, found))) if found else None


def masked(text: str) -> str:
    """The text with whatever looks personal or secret replaced by its kind."""
    if _secrets is not None:
        text = _secrets.sub(lambda _: _hit("secret"), text)
    return NET.sub(lambda found: _hit(found.lastgroup or "other"), text)


def _hit(kind: str) -> str:
    hits[kind] += 1
    return f"[{kind}]"


# ---- processors, in order


def _allowed(_: object, __: str, event: Event) -> Event:
    dropped = sorted(key for key in event if key not in FIELDS)
    for key in dropped:
        del event[key]
    if dropped:
        hits["field"] += len(dropped)
        event["dropped"] = dropped
    return event


def _without_values(_: object, __: str, event: Event) -> Event:
    """An exception becomes its type and where it was: no message, no arguments, no locals."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given is True:
        given = sys.exc_info()
    err = given[1] if isinstance(given, tuple) else given
    if isinstance(err, BaseException):
        event.update(told(err))
    return event


def told(err: BaseException) -> dict[str, Any]:
    """What may be said of an exception: {"error": type, "frames": […], "cause": […]}."""
    said: dict[str, Any] = {"error": type(err).__qualname__, "frames": list(_frames(err.__traceback__))[-FRAMES:]}
    causes: list[str] = []
    seen = {id(err)}
    before = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    while before is not None and id(before) not in seen and len(causes) < 5:
        seen.add(id(before))
        last = list(_frames(before.__traceback__))[-1:]
        causes.append(" ".join([type(before).__qualname__, *last]))
        before = before.__cause__ or (None if before.__suppress_context__ else before.__context__)
    return said | ({"cause": causes} if causes else {})


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith("<frozen"):  # the import system's own
            yield f"{_short(name)}:{trace.tb_lineno}"
        trace = trace.tb_next


def _short(filename: str) -> str:
    """`gateway/app.py` for ours, `site-packages`' own part for others': no path of this machine."""
    path = Path(filename)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-2:])


def _net(_: object, __: str, event: Event) -> Event:
    for key, value in event.items():
        if key == "path" and isinstance(value, str):  # a route's pattern; the parts of a real one may be secrets
            event[key] = LONG_PART.sub("/…", value)
        elif isinstance(value, str):
            event[key] = masked(value)
        elif isinstance(value, Mapping | list | tuple | set | frozenset):
            event[key] = [masked(str(item)) for item in value]
        elif value is not None and not isinstance(value, bool | int | float):
            event[key] = masked(str(value))
    return event


PROCESSORS: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    _without_values,
    _allowed,
    _net,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]


class _Out:
    """Writes lines; a closed or full stderr never breaks who logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        try:
            with self._lock:
                self._stream.write(line + "\n")
                self._stream.flush()
        except (OSError, ValueError):
            hits["unwritten"] += 1

    log = debug = info = warning = warn = error = critical = fatal = exception = failure = msg


class _Foreign(logging.Handler):
    """What libraries log: the unformatted template and where it came from, never their arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
        extra = {
            key: value for key, value in vars(record).items() if key in FIELDS and key not in ("message", "process")
        }
        log = structlog.get_logger(record.name)
        log.log(
            record.levelno,
            template.partition("\n")[0][:120],  # asyncio puts reprs of tasks into its further lines
            **{**extra, "logger": record.name, "exc_info": record.exc_info or None},
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the library's name
        hits["unwritten"] += 1


def setup(
    *,
    level: str = "info",
    format: str = "auto",  # noqa: A002 -- the key's name
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Configure the whole process: structlog, the standard library's loggers, warnings and uncaught exceptions."""
    out = stream or sys.stderr
    console = format == "console" or (format == "auto" and out.isatty())
    render: Any = _console() if console else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    know(secrets)
    sink = _Out(out)
    structlog.configure(
        processors=[*PROCESSORS, render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(LEVELS[level])
    logging.getLogger("aiohttp.access").disabled = True  # paths and query strings
    for chatty in ("apscheduler", "sqlalchemy", "alembic", "asyncio", "aiogram"):
        logging.getLogger(chatty).setLevel(max(LEVELS[level], logging.WARNING))
    logging.raiseExceptions = False
    warnings.showwarning = _warned
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _crashed("thread.crashed", args.exc_value)
    sys.unraisablehook = lambda args: _crashed("unraisable", args.exc_value)


def _console() -> Any:
    return structlog.dev.ConsoleRenderer(
        colors=True, sort_keys=False, timestamp_key="at", exception_formatter=lambda *_: None
    )


def _uncaught(kind: type[BaseException], err: BaseException, _: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _crashed("crashed", err)


def _crashed(event: str, err: BaseException | None) -> None:
    get("process").error(event, exc_info=err)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    get("process").warning("python.warning", category=category.__name__, where=f"{_short(filename)}:{lineno}")


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Log what no task caught on this loop, without values."""

    def handler(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message = str(context.get("message", ""))  # "Exception in callback f('a value of ours')"
        reason = next((known for known in LOOP if message.startswith(known)), "")
        get("loop").error("loop.exception", reason=reason, exc_info=context.get("exception"))

    loop.set_exception_handler(handler)
