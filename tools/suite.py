"""`make test`: the suite, and what failed in it once more, alone: a test that passes then is unsteady, and is named.

    python -m tools.suite -n 2 tests …    (pytest's own arguments)

A machine busy with other things must not decide what lands, and an unsteady test must not hide: it is a bug of its own.
Nothing is run again when more than a few failed, when something could not be collected, or when the run was cut short.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pytest

FEW: Final = 20  # one bad minute of a machine (a browser that does not start) may cost so many; more are no accident
ALONE: Final = ("-n", "0", "--last-failed", "--last-failed-no-failures", "none")


@dataclass(slots=True, weakref_slot=True, eq=False)
class Outcomes:
    """A plugin of pytest: what became of each test. `whole` -- everything that was asked for was collected and run."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, None] = field(default_factory=dict)  # in the order of their failing
    whole: bool = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid] = None
        elif report.passed and report.when == "call":
            self.passed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.whole = self.whole and not report.failed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.whole = self.whole and not (session.shouldfail or session.shouldstop)

    @property
    def steady(self) -> set[str]:
        """What passed, with its setup and its teardown."""
        return self.passed - self.failed.keys()


def main(arguments: list[str]) -> int:
    first = Outcomes()
    status = int(pytest.main(arguments, plugins=[first]))
    if not worth_another(first, status):
        return status
    print(f"\n{len(first.failed)} failed: once more, alone", flush=True)
    second = Outcomes()
    pytest.main([*arguments, *ALONE], plugins=[second])
    unsteady, broken = told_apart(first, second)
    print(*closing(len(first.steady), unsteady, broken), sep="\n", flush=True)
    return status if broken else 0


def worth_another(first: Outcomes, status: int) -> bool:
    return status == pytest.ExitCode.TESTS_FAILED and first.whole and 0 < len(first.failed) <= FEW


def told_apart(first: Outcomes, second: Outcomes) -> tuple[list[str], list[str]]:
    """(unsteady, broken): one that was not run to its end a second time counts as broken."""
    unsteady = [test for test in first.failed if test in second.steady]
    return unsteady, [test for test in first.failed if test not in second.steady]


def closing(passed: int, unsteady: Iterable[str], broken: Iterable[str]) -> list[str]:
    """The last lines of a run in which something failed."""
    unsteady, broken = list(unsteady), list(broken)
    lines = [""]
    if unsteady:
        lines += ["UNSTEADY, failed and then passed alone: a bug to be mended, see CONTRIBUTING.md"]
        lines += [f"UNSTEADY {test}" for test in unsteady]
    lines += [f"FAILED twice {test}" for test in broken]
    return [*lines, f"{passed + len(unsteady)} passed, {len(unsteady)} of them unsteady, {len(broken)} failed"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
