"""A parent that has imported everything and started nothing: it forks a gateway in milliseconds.

One JSON line in, one out. `{"config": path, "env": {...}, "log": path, "ahead_ms": n}` runs a gateway whose machine's
clock is `ahead_ms` ahead: `{"pid": n}`. `{"wait": pid}` answers `{"status": n}` once that child has ended (negative:
by that signal). `{"command": [...], "input": text}` is `gateway …`: `{"status": n, "out": text, "err": text}`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

# What a start imports late, because a command or a test of one part does without it.
LATE: Final = (
    "alembic.command",
    "alembic.config",
    "apscheduler.executors.asyncio",
    "apscheduler.schedulers.asyncio",
    "apscheduler.triggers.date",
    "apscheduler.triggers.interval",
    "channels.telegram.calls",
    "encodings.idna",
    "encodings.utf_8_sig",
    "gateway.admin",
    "gateway.api",
    "gateway.process",
    "gateway.backup",
    "gateway.cli",
    "gateway.configfile",
    "gateway.configload",
    "gateway.desk",
    "gateway.figures",
    "gateway.health",
    "gateway.web.templates",
    "gateway.webchat",
    "phonenumbers.data.region_VN",
    "prometheus_client",
    "psycopg.types.hstore",
    "psycopg.types.json",
    "psycopg.types.multirange",
    "sqlalchemy.dialects.postgresql.psycopg",
    "storage.migrations",
    "storage.tables",
    "uvloop",
)


def prepare() -> None:
    from channels import registry

    for name in LATE:
        import_module(name)
    import_module("gateway.api").declared()
    import_module("gateway.web.static").Assets()
    import_module("gateway.desk.words").Words()
    import_module("gateway.webchat.page").Words(import_module("handlers.texts").Texts.load())
    for name in registry.MODULES:
        registry.adapter(name)


def main() -> None:
    prepare()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)


def obey(order: dict[str, Any]) -> dict[str, Any]:
    if "wait" in order:
        _, status = os.waitpid(order["wait"], 0)
        return {"status": os.waitstatus_to_exitcode(status)}
    if "command" in order:
        with tempfile.TemporaryDirectory(prefix="command") as folder:
            given, out, err = (Path(folder) / name for name in ("in", "out", "err"))
            given.write_text(order["input"], "utf-8")
            pid = child(lambda: command(order), given, out, err)
            _, status = os.waitpid(pid, 0)
            said = {"out": out.read_text("utf-8"), "err": err.read_text("utf-8")}
            return {"status": os.waitstatus_to_exitcode(status), **said}
    log = Path(order["log"])
    return {"pid": child(lambda: run(order), Path(os.devnull), log, log)}


def child(work: Callable[[], int], given: Path, out: Path, err: Path) -> int:
    """A fork that does this and ends with its status."""
    pid = os.fork()
    if pid:
        return pid
    os.dup2(os.open(given, os.O_RDONLY), 0)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the parent's has read ahead
    code = 70
    try:
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def command(order: dict[str, Any]) -> int:
    from gateway.__main__ import main as gateway

    os.environ.update(order["env"])
    sys.argv = ["gateway", *order["command"]]
    gateway()
    return 0


def run(order: dict[str, Any]) -> int:
    import gateway.config
    import gateway.process
    import storage.killpoints

    os.environ.update(order["env"])
    storage.killpoints.arm(order["env"].get("GATEWAY_KILL_AT", ""))
    if order["ahead_ms"]:
        ahead_ns, now_ns = order["ahead_ms"] * 1_000_000, time.time_ns
        time.time_ns = lambda: now_ns() + ahead_ns
    return gateway.process.run(gateway.config.load(Path(order["config"]), os.environ))


if __name__ == "__main__":
    main()
