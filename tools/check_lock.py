"""The locks name exact versions and their hashes, and nothing of the machine or the registry they were made with."""

import json
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOREIGN: Final = re.compile(r"https?://|file:|index-url|find-links|trusted-host|(^|\s)/", re.MULTILINE)
REQUIREMENT: Final = re.compile(
    r"[a-z0-9][a-z0-9.-]*(\[[a-z0-9,-]+\])?==[^\s;\\]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+"
)


def main() -> int:
    faults = [fault for name in ("bootstrap", "runtime", "dev") for fault in _python(ROOT / f"requirements/{name}.txt")]
    faults += _agreement()
    faults += _npm(ROOT / "tools/browser/package-lock.json")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"locks: {'as they should be' if not faults else f'{len(faults)} faults'}")
    return bool(faults)


def _python(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    faults = [f"{path.name}: {found.group().strip()!r} does not belong in a lock" for found in FOREIGN.finditer(text)]
    entries = re.split(r"\n(?=\S)", text.strip())
    inexact = [entry.splitlines()[0] for entry in entries if not REQUIREMENT.fullmatch(entry)]
    return faults + [f"{path.name}: not one exact version with its hashes: {entry}" for entry in inexact]


def _agreement() -> list[str]:
    """What the tests run with is what production runs with."""
    runtime, dev = (_pins(ROOT / f"requirements/{name}.txt") for name in ("runtime", "dev"))
    return [f"dev.txt: {pin} is in runtime.txt but not here" for pin in sorted(runtime - dev)]


def _pins(path: Path) -> set[str]:
    return set(re.findall(r"^[^\s#]\S*==[^\s\\]+", path.read_text(encoding="utf-8"), re.MULTILINE))


def _npm(path: Path) -> list[str]:
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return [
        f"{path.name}: {name} carries an address, or no hash"
        for name, package in packages.items()
        if name and ("resolved" in package or not package.get("integrity", "").startswith("sha512-"))
    ]


if __name__ == "__main__":
    sys.exit(main())
