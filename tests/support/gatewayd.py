"""A real gateway process under a test's hands: started, killed, started again on the same files."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.support.ports import free_port

START_S: Final = 60.0
COLD_START_S: Final = 120.0  # the first one compiles everything: ten seconds of a processor that may be shared by many
SECRET: Final = "kill-test-secret-0123456789-abcdefghij"
CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}, trusted_proxies: [{proxies}]}}
database: {{url: "{database}"}}
files: {{path: {folder}/files}}
keys: {{path: {folder}/keys}}
business: {{name: IBAOHIEM, legal_name: IBAOHIEM, address: Hà Nội, hotline: "1900 0000", dpo_email: dpo@example.com, policy_url: "https://example.com/p",
  product_url: "https://example.com/s", agency_code: X1, hours: always}}
conversation: {{turn_quiet_ms: {quiet}, turn_max_ms: 3000}}
logging: {{level: info, format: json}}
limits: {{disk_free_mb: 0, disk_free_percent: 0}}
accounts:
  - {{channel: webchat, name: site}}
{accounts}"""
TELEGRAM: Final = """
  - {{channel: telegram, name: {name}, token: "{token}", secret: "{secret}", receive: {receive}, api_url: "{api}",
     limits: {{inbound_per_s: 0, outbound_per_s: 0, per_chat_per_s: 0}}}}
"""


HIDDEN: Final[dict[str, str]] = {}  # what gateways find in their environment


def hidden(secret: str) -> str:
    """How a configuration names a secret, which it may not hold itself."""
    name = f"HIDDEN_{hashlib.sha256(secret.encode()).hexdigest()[:16].upper()}"
    HIDDEN[name] = secret
    return f"${{{name}}}"


class Zygote:
    """See tests/support/zygote.py. `compiled` -- what Python compiles at the first cold start, for all that follow."""

    def __init__(self) -> None:
        self.compiled = Path(tempfile.mkdtemp(prefix="gateway-compiled-"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._ask(None)["ready"]

    def _ask(self, order: Mapping[str, Any] | None) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if order is not None:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def fork(self, config: Path, env: Mapping[str, str], log: Path, *, ahead_ms: int = 0) -> int:
        order = {"config": str(config), "env": {**HIDDEN, **env}, "log": str(log), "ahead_ms": ahead_ms}
        return int(self._ask(order)["pid"])

    def command(self, words: Sequence[str], *, input: str = "") -> tuple[int, str, str]:  # noqa: A002 - as subprocess calls it
        """`gateway …`: exit status, what it printed, what it complained of."""
        said = self._ask({"command": list(words), "input": input, "env": HIDDEN})
        return said["status"], said["out"], said["err"]

    def wait(self, pid: int) -> int:
        return int(self._ask({"wait": pid})["status"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
        shutil.rmtree(self.compiled, ignore_errors=True)


@dataclass(slots=True)
class Gatewayd:
    """One installation: a folder, a database, a port that stays the same over restarts."""

    zygote: Zygote
    folder: Path
    database: str
    port: int
    pid: int = 0
    token: str = ""
    kills: int = 0
    statuses: list[int] = field(default_factory=list)
    _cold: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text("utf-8") if path.exists() else ""

    async def start(self, *, kill_at: str = "", ahead_ms: int = 0, cold: bool = False, wait: bool = True) -> None:
        """A gateway; returns once it listens (or has died at its kill point before that), at once without `wait`.
        `ahead_ms` -- its machine's clock is that much ahead · `cold` -- a new interpreter instead of a fork."""
        log = self.folder / "log"
        if cold:
            self._cold = self._launch({"GATEWAY_KILL_AT": kill_at}, log)
            self.pid = self._cold.pid
        else:
            self._cold = None
            self.pid = self.zygote.fork(
                self.folder / "config.yaml", {"GATEWAY_KILL_AT": kill_at}, log, ahead_ms=ahead_ms
            )
        deadline = time.monotonic() + (COLD_START_S if cold else START_S)
        while wait:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
                return
            if not alive(self.pid):
                if kill_at:
                    return
                raise AssertionError(f"the gateway ended: {self.log[-3000:]}")
            assert time.monotonic() < deadline, f"the gateway does not listen: {self.log[-3000:]}"
            await asyncio.sleep(0.01)

    def _launch(self, env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", "--config", str(self.folder / "config.yaml")],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **compiling(self.zygote.compiled), **HIDDEN, **env},
            )

    async def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    async def ended(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        waiting = self._cold.wait if self._cold is not None else lambda: self.zygote.wait(self.pid)
        status = await asyncio.to_thread(waiting)
        self.statuses.append(status)
        self.kills += status == -signal.SIGKILL
        return status

    async def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON API as administrator."""
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {self.token}"}
            async with session.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
                answered = await answer.json()
                assert answer.status < 300, (path, answer.status, answered)
                return answered

    async def figure(self, name: str) -> float:
        """Of /metrics, with its labels as they stand there."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))

    def command(self, *words: str, input: str = "") -> str:  # noqa: A002 - as subprocess calls it
        """`gateway …` on this installation; what it printed."""
        status, out, err = self.zygote.command([*words, "--config", str(self.folder / "config.yaml")], input=input)
        assert status == 0, err
        return out.strip()


def compiling(folder: Path) -> dict[str, str]:
    """As on any machine, what Python compiles at a first start is there at the next, whatever the tests' own Python does."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def alive(pid: int) -> bool:
    """Running, and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


@contextlib.contextmanager
def installed(
    zygote: Zygote, folder: Path, database: str, *, accounts: str = "", quiet: int = 0, proxies: str = ""
) -> Iterator[Gatewayd]:
    """A configured installation, not started; whatever runs at the end is killed."""
    port = free_port()
    (folder / "config.yaml").write_text(
        CONFIG.format(port=port, database=database, folder=folder, quiet=quiet, accounts=accounts, proxies=proxies),
        encoding="utf-8",
    )
    gateway = Gatewayd(zygote, folder, database, port)
    try:
        yield gateway
    finally:
        if gateway.pid and alive(gateway.pid):
            os.kill(gateway.pid, signal.SIGKILL)


def telegram(api: str, token: str, *, receive: str = "webhook", name: str = "main") -> str:
    """The account's block of the configuration."""
    return TELEGRAM.format(api=api, token=hidden(token), secret=hidden(SECRET), receive=receive, name=name)


@contextlib.asynccontextmanager
async def webhook(fake: Any, gateway: Gatewayd) -> AsyncIterator[None]:
    """Tell the stand-in where the gateway is."""
    form = {"url": f"{gateway.url}/hooks/telegram/main", "secret_token": SECRET, "max_connections": 40}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.url}/bot{fake.token}/setWebhook", json=form) as answer,
    ):
        assert answer.status == 200, await answer.text()
    yield
