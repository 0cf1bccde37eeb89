"""Logs: only what is on the list, no values of exceptions, and a net below."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import logs
from tests.support.logs import plain

METHODS = ("debug", "info", "warning", "error", "exception", "critical")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process logs, as it is set up for JSON."""
    kept = (logging.getLogger().handlers[:], logging.getLogger().level, warnings.showwarning)
    hooks = (sys.excepthook, sys.unraisablehook)
    logs.hits.clear()
    stream = io.StringIO()
    logs.setup(format="json", secrets=["geheimes-wort", "kurz"], stream=stream)
    yield stream
    plain()
    logs.know(())
    logging.getLogger().handlers[:], level, warnings.showwarning = kept
    logging.getLogger().setLevel(level)
    logging.getLogger("aiohttp.access").disabled = False
    sys.excepthook, sys.unraisablehook = hooks


def said(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line(lines: io.StringIO) -> None:
    logs.get("outbox").info("outbox.sent", account="telegram:main", ms=12, outbox="01JDZX3M9Q8F7K2W5T4R6Y1N0B")
    (line,) = said(lines)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "outbox.sent",
        "level": "info",
        "account": "telegram:main",
        "ms": 12,
        "outbox": "01JDZX3M9Q8F7K2W5T4R6Y1N0B",
    }


def test_what_is_not_on_the_list_is_dropped_by_name(lines: io.StringIO) -> None:
    logs.get("x").info("said", text="tôi tên Lan", phone="0912345678", code="ok")
    (line,) = said(lines)
    assert line["dropped"] == ["phone", "text"]
    assert line["code"] == "ok"
    assert "Lan" not in lines.getvalue()
    assert logs.hits["field"] == 2


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call 0912345678 now", "call [phone] now"),
        ("call 0912 345 678", "call [phone]"),
        ("+84 912.345.678", "[phone]"),
        ("84912345678", "[phone]"),
        ("id 123456789", "id [number]"),
        ("cccd 079123456789,", "cccd [number],"),
        ("cccd 123456789012.", "cccd [number]."),
        ("lan.nguyen+x@example.com.vn!", "[email]!"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: [bearer]"),
        ("/bot123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhh/send", "/bot[bearer]/send"),
        ("t=" + "a1B2" * 12, "t=[bearer]"),
        ("das geheimes-wort hier", "das [secret] hier"),
        ("kurz", "kurz"),
        ("01JDZX3M9Q8F7K2W5T4R6Y1N0B", "01JDZX3M9Q8F7K2W5T4R6Y1N0B"),
        ("took 12 ms, 1732270000000", "took 12 ms, 1732270000000"),
        ("gateway/app.py:123", "gateway/app.py:123"),
        ("telegram:main", "telegram:main"),
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
    ],
)
def test_the_net(lines: io.StringIO, text: str, masked: str) -> None:
    logs.get("x").warning("caught", reason=text)
    assert said(lines)[0]["reason"] == masked
    assert sum(logs.hits.values()) == (text != masked)


def test_a_path_tells_its_pattern_only(lines: io.StringIO) -> None:
    logs.get("x").info("failed", path="/d/{token}")
    logs.get("x").info("failed", path="/d/abcdefghijklmnopqrstuvw/x")
    assert [line["path"] for line in said(lines)] == ["/d/{token}", "/d/…/x"]


def test_lists_are_looked_through(lines: io.StringIO) -> None:
    logs.get("x").info("caught", items=["0912345678", 3], found={"a": 1})
    assert said(lines)[0]["items"] == ["[phone]", "3"]


def _fails(secret: str) -> None:
    try:
        dict[str, str]()[secret]
    except KeyError as err:
        raise ValueError(f"no {secret}") from err


def test_an_exception_without_its_values(lines: io.StringIO) -> None:
    try:
        _fails("0912345678 Nguyễn Thị Lan")
    except ValueError:
        logs.get("x").exception("failed")
    (line,) = said(lines)
    assert line["error"] == "ValueError"
    assert [frame.rpartition(":")[0] for frame in line["frames"]] == ["tests/gateway/test_logs.py"] * 2
    assert line["cause"][0].startswith("KeyError tests/gateway/test_logs.py:")
    assert "Lan" not in lines.getvalue()
    assert not logs.hits


def test_libraries_speak_without_their_arguments(lines: io.StringIO) -> None:
    logging.getLogger("somebody").warning(
        "got %s from\n%s", "0912345678", "Lan", extra={"account": "a:b", "mobile": "x"}
    )
    logging.getLogger("aiohttp.access").error("GET /?phone=0912345678")
    logging.getLogger("sqlalchemy.engine").info("SELECT 'Lan'")
    (line,) = said(lines)
    assert line["event"] == "got %s from"
    assert line["logger"] == "somebody"
    assert line["account"] == "a:b"
    assert "Lan" not in lines.getvalue()


def test_warnings_say_where(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._warned
        warnings.warn("about 0912345678", DeprecationWarning, stacklevel=1)
    assert said(lines)[0]["category"] == "DeprecationWarning"
    assert said(lines)[0]["where"].startswith("tests/gateway/test_logs.py:")


def test_the_loops_leftovers(lines: io.StringIO) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        logs.watch(loop)
        loop.call_soon(_fails, "Lan")
        await asyncio.sleep(0)

    asyncio.run(main())
    (line,) = said(lines)
    assert (line["event"], line["error"]) == ("loop.exception", "ValueError")
    assert "Lan" not in lines.getvalue()


def test_a_broken_stderr_breaks_nobody(lines: io.StringIO) -> None:
    lines.close()
    logs.get("x").info("still alive")
    assert logs.hits["unwritten"] == 1


def test_the_level(lines: io.StringIO) -> None:
    logs.get("x").debug("quiet")
    assert not lines.getvalue()


def test_an_uncaught_exception_of_the_process() -> None:
    code = (
        "from gateway import logs\nlogs.setup(format='json')\n"
        "import threading\nt = threading.Thread(target=lambda: {}['0912345678 Lan'])\nt.start(); t.join()\n"
        "raise RuntimeError('0912345678 Lan')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "Lan" not in run.stderr
    thread, process = (json.loads(line) for line in run.stderr.splitlines())
    assert (thread["event"], thread["error"]) == ("thread.crashed", "KeyError")
    assert (process["event"], process["error"]) == ("crashed", "RuntimeError")


def test_a_terminal_gets_readable_lines() -> None:
    stream = io.StringIO()
    logs.setup(format="console", stream=stream)
    try:
        logs.get("x").info("hello", account="a:b")
    finally:
        plain()
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_every_field_that_we_log_is_on_the_list() -> None:
    root = Path(__file__).parents[2]
    missing = set()
    for package in ("gateway", "channels", "handlers", "storage", "scheduler"):
        for path in (root / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
                    owner = ast.unparse(call.func.value)
                    if owner in ("log", "self.log", "self._log") or "get_logger" in owner:
                        missing |= {
                            f"{path.relative_to(root)}:{call.lineno}: {keyword.arg}"
                            for keyword in call.keywords
                            if keyword.arg not in logs.FIELDS | {"exc_info"}
                        }
    assert not missing
