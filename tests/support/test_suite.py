"""How `make test` judges: what fails twice fails the run, what passes alone is named, and a heap of failures is no accident."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.suite import FEW, Outcomes, worth_another

ROOT = Path(__file__).parents[2]
STEADY = "def test_steady(): pass\n"
SECOND = """
from pathlib import Path

def test_the_second_time():
    seen = Path(__file__).with_name("seen")
    again = seen.exists()
    seen.touch()
    assert again
"""
BROKEN = "def test_broken(): raise ValueError\n"


def suite(folder: Path, *tests: str) -> tuple[int, list[str]]:
    """Exit status and the last lines of a run of these files, on one worker."""
    ini = folder / "pytest.ini"
    ini.write_text("[pytest]\n", "utf-8")
    elsewhere = folder / "elsewhere"  # with hooks of its own, which a second run has to tell from the rest
    elsewhere.mkdir()
    (elsewhere / "conftest.py").write_text("def pytest_runtest_setup(item): pass\n", "utf-8")
    for number, text in enumerate(tests):
        (folder / f"test_{number}.py").write_text(text, "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "tools.suite", "-p", "xdist", "-n", "1", "--dist", "loadfile", "-c", ini, folder],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout.splitlines()[-4:]


def test_what_passes_the_second_time_passes_and_is_named(tmp_path: Path) -> None:
    status, last = suite(tmp_path, STEADY, SECOND)
    assert status == 0
    assert last[-3].startswith("UNSTEADY")
    assert last[-2:] == ["UNSTEADY test_1.py::test_the_second_time", "2 passed, 1 of them unsteady, 0 failed"]


def test_what_fails_twice_fails_the_run(tmp_path: Path) -> None:
    status, last = suite(tmp_path, STEADY, SECOND, BROKEN)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert last[-3:] == [
        "UNSTEADY test_1.py::test_the_second_time",
        "FAILED twice test_2.py::test_broken",
        "2 passed, 1 of them unsteady, 1 failed",
    ]


@pytest.mark.parametrize(
    "failed, whole, status, again",
    [
        (0, True, 0, False),
        (1, True, 1, True),
        (FEW, True, 1, True),
        (FEW + 1, True, 1, False),
        (1, False, 1, False),  # something was not collected, or -x ended the run
        (1, True, 2, False),  # somebody pressed Ctrl-C
        (0, True, 5, False),  # nothing was there
    ],
)
def test_few_failures_of_a_whole_run_are_looked_at_again(failed: int, whole: bool, status: int, again: bool) -> None:
    outcomes = Outcomes(failed=dict.fromkeys(map(str, range(failed))), whole=whole)
    assert worth_another(outcomes, status) is again
