"""What every test may ask for: databases, people at browsers. One PostgreSQL serves all workers of a run.

Playwright and SQLAlchemy are imported by the fixtures that need them: a table test of a pure function starts without.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from tests.support import logs

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.browser import Chromium, Visitors
    from tests.support.gatewayd import Zygote
    from tests.support.postgres import Databases, Postgres

RUN: Final = "GATEWAY_TEST_RUN"  # the folder that the workers of one run share; its name also names the run's databases

HEAVY: Final = ("browser", "e2e", "gateway", "scheduler", "storage")  # begun first: no worker waits long for the other

# Two shared cores keep no deadline. What lands must not depend on luck: the same examples each time, others are looked
# for by `make properties`.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # it goes by the clock on the wall
    print_blob=True,
    derandomize="EXAMPLES" not in os.environ,
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    logs.plain()
    for name in [name for name in os.environ if name.startswith("GATEWAY__")]:
        del os.environ[name]  # the configuration of whoever runs the tests is not the tests'
    if not hasattr(config, "workerinput"):
        run = Path(tempfile.mkdtemp(prefix="gatewaytest"))
        (run / "owner").write_text(str(os.getpid()), encoding="utf-8")
        os.environ[RUN] = str(run)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_weight)
    for item in items:
        if _at_a_browser(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Chromium belongs to the loop that it was started in. Who asks for it runs there, with all fixtures of his own,
    so that no test need say so; each of the others has a loop to itself."""
    made: Any = fixturedef.func
    if fixturedef.scope == "function" and (inspect.iscoroutinefunction(made) or inspect.isasyncgenfunction(made)):
        made._loop_scope = "session" if _at_a_browser(request.node) else None  # as pytest_asyncio.fixture notes it
    return (yield)


def _at_a_browser(item: object) -> bool:
    return isinstance(item, pytest.Function) and "browser" in item.fixturenames


def _weight(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return HEAVY.index(folder) if folder in HEAVY else len(HEAVY)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN in os.environ:
        run = Path(os.environ.pop(RUN))
        if (run / "postgres.lock").exists():
            from tests.support import postgres

            postgres.end(run)
        shutil.rmtree(run, ignore_errors=True)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the gateways in this process moves by hand only (`parts.clock.offset_ms`): what is over after a second
    is over when the test says so, however long its steps take."""
    now = time.time_ns()
    monkeypatch.setattr("gateway.parts.time", SimpleNamespace(time_ns=lambda: now))


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    from tests.support import postgres

    run, worker = Path(os.environ[RUN]), os.environ.get("PYTEST_XDIST_WORKER", "gw")
    made = postgres.Databases(postgres.shared(run), run=postgres.run_name(run), worker=worker)
    yield made
    made.close()


@pytest.fixture(scope="session")
def pg_template(databases: Databases) -> str | None:
    """The tables, migrated once a run. Override it where tests want nothing (None) or something else in them."""
    from tests.support import tables

    return databases.template("migrated", tables.make)


@pytest.fixture
def pg_url(databases: Databases, pg_template: str | None) -> Iterator[str]:
    """A fresh database on the run's PostgreSQL: a copy of `pg_template`."""
    with databases.fresh(pg_template) as url:
        yield url


@pytest.fixture
def pg_empty_url(databases: Databases) -> Iterator[str]:
    """A fresh database with nothing in it, whatever `pg_template` says."""
    with databases.fresh() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A running server that nobody else uses: a test may stop and start it."""
    from tests.support.postgres import Postgres

    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Once for each database we support: a fresh one."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    return str(request.getfixturevalue("pg_url"))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One a worker: it forks gateways in milliseconds."""
    from tests.support.gatewayd import Zygote

    parent = Zygote()
    yield parent
    parent.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Chromium]:
    """One a worker, in the loop of the session: see `pytest_fixture_setup`."""
    from tests.support.browser import Chromium

    async with Chromium() as kept:
        yield kept


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Chromium) -> Browser:
    return await chromium.browser()


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(browser: Browser) -> AsyncIterator[Visitors]:
    """`page = await visitors(viewport=…)`: one more person at a browser of their own. A page's error fails the test;
    a test that means one to happen clears `visitors.troubles`."""
    from tests.support.browser import Visitors

    people = Visitors(browser)
    yield people
    with contextlib.suppress(Exception):
        await people.leave()
    assert people.troubles == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitors: Visitors) -> Page:
    """One person at a browser, the usual case."""
    return await visitors()
