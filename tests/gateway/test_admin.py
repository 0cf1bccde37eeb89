"""The administrator's door with a real gateway behind it: before the first start, while it runs, after it stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class House:
    """An installation in a folder, and its command line."""

    folder: Path

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "gateway", *args, "--config", str(self.folder / "config.yaml")]

    def gateway(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*args), cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)

    @property
    def socket(self) -> Path:
        return self.folder / "var" / "gateway.sock"


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "config.yaml").write_text("accounts: [{channel: webchat, name: site}]\nserver: {port: 0}\n")
    return House(tmp_path)


@pytest.fixture
def running(house: House) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`gateway run` that can serve, and the lines that it printed until then."""
    process = subprocess.Popen(
        house.command("run"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not any(line.startswith("desk:") for line in lines):
        line = process.stdout.readline()
        assert line, lines
        lines.append(line)
    yield process, lines
    process.kill()
    process.wait(10)
    process.stdout.close()


def test_a_token_before_the_first_start(house: House) -> None:
    made = house.gateway("token", "add", "--name", "crm", "--role", "integration")
    assert (made.returncode, made.stderr) == (0, "")
    assert re.fullmatch(r"ibg_[\w-]{43}\n", made.stdout)
    assert oct((house.folder / "var/gateway.db").stat().st_mode & 0o777) == "0o600"
    listed = house.gateway("token", "list").stdout.splitlines()
    assert len(listed) == 2
    assert listed[1].split("\t")[1:3] == ["crm", "integration"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_commands_beside_a_running_gateway(house: House, running: tuple[subprocess.Popen[str], list[str]]) -> None:
    process, lines = running
    assert sum(line.startswith("administrator: admin@localhost  password: ") for line in lines) == 1
    url = next(line for line in lines if line.startswith("chat:")).split()[1]
    assert oct(house.socket.stat().st_mode & 0o777) == "0o600"

    token = house.gateway("token", "add", "--name", "ops", "--role", "admin").stdout.strip()
    request = urllib.request.Request(f"{url}api/v1/tokens", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    made = house.gateway("user", "add", "--email", "lan@x.vn", "--name", "Lan", "--role", "advisor")
    assert made.returncode == 0
    assert "password: " in made.stdout

    archive = str(house.folder / "one.backup")
    backed_up = house.gateway("backup", archive)
    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    assert house.gateway("restore", archive, "--check").returncode == 0
    refused = house.gateway("restore", archive, "--force")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"process {process.pid}" in refused.stderr
    second = house.gateway("run")
    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not house.socket.exists()
    restored = house.gateway("restore", archive, "--force")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "lan@x.vn" in house.gateway("user", "list").stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_socket_that_a_dead_gateway_left(house: House, running: tuple[subprocess.Popen[str], list[str]]) -> None:
    process, _ = running
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert house.socket.exists()
    assert house.gateway("token", "list").returncode == 0
