"""Type-check every script the gateway serves, by its JSDoc: `tsc --checkJs --strict`, nothing is written."""

import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
OPTIONS: Final = (
    "--noEmit --allowJs --checkJs --strict --target es2022 --module esnext --moduleResolution bundler"
    " --lib es2023,dom,dom.iterable --types --skipLibCheck --noUnusedLocals --noImplicitReturns --noFallthroughCasesInSwitch"
    " --forceConsistentCasingInFileNames"
).split()
WORKER: Final = [option.replace("es2023,dom,dom.iterable", "es2023,webworker") for option in OPTIONS]


def main() -> int:
    scripts = sorted(path for path in (ROOT / "gateway").rglob("static/**/*.js"))
    workers = [
        path for path in scripts if path.stem in {"sw", "worker", "service_worker"} or path.stem.endswith("-worker")
    ]
    pages = [path for path in scripts if path not in workers]
    verdicts = [_check(pages, OPTIONS)] + [_check([worker], WORKER) for worker in workers]
    print(f"tsc: {len(scripts)} scripts")
    return max(verdicts)


def _check(scripts: list[Path], options: list[str]) -> int:
    if not scripts:
        return 0
    command = [sys.executable, str(HERE / "node.py"), "tsc", *options, *map(str, scripts)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
