"""The command line: what it refuses and how, what it asks of the API, what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from gateway import cli, logs
from gateway.admin import reachable
from storage.engines import FileLock
from storage.keys import KeyRing

ROOT = Path(__file__).parents[2]


def gateway(*args: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """A real process."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *args],
        cwd=ROOT,
        env={**os.environ, **environ},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# ---- without a gateway


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["run", "--config", "a.yaml", "--port", "1"], ["--config", "a.yaml", "run", "--port", "1"]),
        (["--config", "a.yaml", "run"], ["--config", "a.yaml", "run"]),
        (["user", "--config=a.yaml", "add"], ["--config=a.yaml", "user", "add"]),
        (["run", "--config"], ["--config", "run"]),
        (["erase", "--", "--config"], ["erase", "--", "--config"]),
        ([], []),
    ],
)
def test_config_may_stand_anywhere(args: list[str], wanted: list[str]) -> None:
    assert cli.hoisted(args) == wanted


def test_help_is_light_and_names_every_command() -> None:
    code = (
        "import sys; sys.argv = ['gateway', '--help']\n"
        "from gateway.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('aiohttp', 'sqlalchemy', 'pydantic', 'structlog', 'rich', 'aiogram') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    for command in (
        "run understand demo check-config migrate user token channels inbox outbox backup restore export erase keys audit"
    ).split():
        assert f"\n  {command} " in run.stdout


def test_a_refused_configuration(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("server: {port: x}\nfoo: 1\n")
    lines = 'foo: unknown section\nserver.port: "x" is not a port number (0 to 65535)\n'
    ran = gateway("run", "--config", str(path))
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", lines)
    for command in ("check-config", "run", "demo", "migrate", "backup x", "token list", "channels status"):
        result = CliRunner().invoke(cli.app, [*command.split(), "--config", str(path)])
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", lines)
    assert list(tmp_path.iterdir()) == [path]


def test_check_config(tmp_path: Path) -> None:
    ran = gateway("--config", str(ROOT / "config.yaml"), "check-config")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == "config.yaml: sound; accounts: webchat:site"
    assert "the demonstration's values" in ran.stdout
    path = tmp_path / "config.yaml"
    path.write_text("server: {host: 0.0.0.0}\n")
    ran = gateway("check-config", f"--config={path}")
    assert ran.returncode == 0
    assert "warning: server.public_url: is empty while" in ran.stdout
    assert "business.hotline: is empty, so these texts are never sent: " in ran.stdout
    path.write_text("accounts: [{channel: webchat, name: site}, {channel: webchat, name: trial, test: true}]\n")
    ran = gateway("check-config", f"--config={path}")
    said = [line for line in ran.stdout.splitlines() if "test account" in line]
    assert said == ["accounts[webchat:trial]: a test account; its conversations are in no figure"]


def test_a_command_line_that_makes_no_sense() -> None:
    assert gateway("rnu").returncode == 2
    assert gateway("run", "--port", "high").returncode == 2
    ran = gateway("run", "--port", "70000")
    assert (ran.returncode, ran.stderr) == (2, "--port: 70000 is not a port number (0 to 65535)\n")


def test_understanding_is_light_and_answers_one_for_one() -> None:
    code = (
        "import sys; sys.argv = ['gateway', 'understand']\n"
        "from gateway.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(str([n for n in ('aiohttp', 'sqlalchemy', 'structlog', 'aiogram') if n in sys.modules]))"
    )
    asked = (
        '{"text": "chào em"}\r\nnonsense\n{"text": "gặp nhân viên", "context": "phone"}'.encode()
        + b'\n{"text": "\xff"}\n'
    )
    environ = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=asked, capture_output=True, check=True, env=environ, timeout=60
    )
    answers = [json.loads(line) for line in run.stdout.decode("utf-8").splitlines()]
    assert [set(answer) >= {"intent", "entities"} for answer in answers] == [True, False, True, True]
    assert run.stderr == b"[]"


def test_a_reader_that_goes_away() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "understand"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b'{"text": "alo"}\n' * 10)
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


# ---- with a gateway behind the socket


@dataclass
class Fake:
    """What stands behind `gateway.sock`: answers by method and path, and what it was asked."""

    config: Path
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        where = f"{request.method} {request.path_qs.removeprefix('/api/v1')}"
        self.asked.append((where, await request.json() if request.can_read_body else None))
        if where not in self.answers:
            return web.json_response({"error": {"code": "not_found", "message": "Not Found"}}, status=404)
        answer = self.answers[where]
        if isinstance(answer, web.Response):
            return answer
        return web.json_response(answer)

    def run(self, *args: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli.app, ["--config", str(self.config), *args], input=stdin)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setattr(logs, "setup", lambda **_: None)  # its hooks are for a process of one's own
    folder = (
        tmp_path / "a-rather-long-name-of-a-folder" / "so-that-a-socket-address-does-not-hold-it" / "in-its-108-bytes"
    )
    folder.mkdir(parents=True)
    config = folder / "config.yaml"
    config.write_text("database: {url: 'sqlite:///gateway.db'}")
    made = Fake(config)
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        with reachable(folder / "gateway.sock") as path:
            await web.UnixSite(runner, path).start()
        ready.set()
        await stop.wait()
        for _ in range(9):  # a call that was not answered may still be at the door: it is let in, and gone
            await asyncio.sleep(0)
        await runner.cleanup()
        await asyncio.sleep(0)  # what was closed closes its socket a step later

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    yield made
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def page(*items: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next": after}


SOMEONE = {
    "id": "c1",
    "name": "Nguyễn V** L**",
    "phones": ["091****678"],
    "emails": [],
    "channels": ["zalo"],
    "created_at": "2026-11-01T00:00:00.000Z",
}
PLAN = {
    "contacts": ["c1", "c2"],
    "goes": {"message": 12, "conversation": 1},
    "stays": [
        {"kind": "policy", "id": "p1", "reason": "insurance file", "until": "2037-11-22T00:00:00.000Z"},
    ],
}
PLANNED = """c1  Nguyễn V** L**  091****678 zalo, with 1 merged into him
goes: 1 conversation, 12 message
stays: policy p1 until 2037-11-22: insurance file
"""
ACCOUNT = {
    "id": "viber:bot", "state": "ok", "reason": "", "last_in_at": None, "last_out_at": None, "failed": 0, "calls": 2,
    "waiting": 1, "token_state": "", "token_until": None, "todo": [], "silent_hours": 0, "window_closing": 0, "oldest_waiting_at": None,
}  # fmt: skip
ANSWERS: list[tuple[list[str], dict[str, Any], list[tuple[str, Any]], str]] = [
    (
        ["token", "add", "--name", "crm", "--role", "integration"],
        {"POST /tokens": {"id": "t1", "token": "ibg_secret"}},
        [("POST /tokens", {"name": "crm", "role": "integration"})],
        "ibg_secret\n",
    ),
    (
        ["token", "list"],
        {
            "GET /tokens?limit=200": page({"id": "t1", "name": "a b", "role": "admin", "used_at": None}, after="c"),
            "GET /tokens?limit=200&cursor=c": page({"id": "t2", "name": "x", "role": "dpo", "created_at": "now"}),
        },
        [("GET /tokens?limit=200", None), ("GET /tokens?limit=200&cursor=c", None)],
        "id\tname\trole\tcreated_at\tused_at\nt1\ta b\tadmin\t-\t-\nt2\tx\tdpo\tnow\t-\n",
    ),
    *(
        (
            ["token", "revoke", which],
            {
                "GET /tokens?limit=200": page({"id": "t1", "name": "crm"}, {"id": "t2", "name": "x"}),
                "DELETE /tokens/t1": {},
            },
            [("GET /tokens?limit=200", None), ("DELETE /tokens/t1", None)],
            f"{which} is revoked\n",
        )
        for which in ("t1", "crm")
    ),
    (
        ["user", "add", "--email", "lan@x.vn", "--name", "Lan", "--role", "advisor"],
        {"POST /users": {"id": "u1", "password": "einmal"}},
        [("POST /users", {"email": "lan@x.vn", "name": "Lan", "role": "advisor"})],
        "u1  lan@x.vn  advisor\npassword: einmal\n",
    ),
    (
        ["user", "disable", "Lan@x.vn"],
        {
            "GET /users?disabled=true&limit=200": page(
                {"id": "u0", "email": None, "disabled": False}, {"id": "u1", "email": "lan@x.vn", "disabled": False}
            ),
            "POST /users/u1/disable": {},
        },
        [("GET /users?disabled=true&limit=200", None), ("POST /users/u1/disable", {})],
        "Lan@x.vn is disabled\n",
    ),
    (
        ["user", "reset", "u1"],
        {
            "GET /users?disabled=true&limit=200": page({"id": "u1", "email": "lan@x.vn", "disabled": False}),
            "POST /users/u1/reset": {"password": "neu"},
        },
        [("GET /users?disabled=true&limit=200", None), ("POST /users/u1/reset", {})],
        "password: neu\n",
    ),
    (
        ["inbox", "list", "--channel", "telegram"],
        {"GET /events?state=quarantined&channel=telegram&limit=200": page({"id": "e1", "reason": "un\nreadable"})},
        [("GET /events?state=quarantined&channel=telegram&limit=200", None)],
        "id\tchannel\taccount\tkind\tstate\treason\treceived_at\ne1\t-\t-\t-\t-\tun readable\t-\n",
    ),
    (
        ["inbox", "replay", "e1", "e2"],
        {"POST /events/e1/replay": {}, "POST /events/e2/replay": {}},
        [("POST /events/e1/replay", {}), ("POST /events/e2/replay", {})],
        "e1 is read again\ne2 is read again\n",
    ),
    (
        ["outbox", "resend", "m1"],
        {"POST /outbox/m1/resend": {}},
        [("POST /outbox/m1/resend", {})],
        "m1 is queued again\n",
    ),
    (
        ["erase", "0912 345 678", "--yes"],
        {
            "POST /privacy/find": {"items": [SOMEONE]},
            "GET /contacts/c1/erasure": PLAN,
            "POST /contacts/c1/erase": {
                "contact_id": "c1",
                "state": "done",
                "proof": {"rows": 0, "bytes": 2_000_000, "found": {}},
            },
        },
        [
            ("POST /privacy/find", {"who": "0912 345 678"}),
            ("GET /contacts/c1/erasure", None),
            ("POST /contacts/c1/erase", {"reason": "request"}),
        ],
        PLANNED
        + """c1 is erased; rows left: 0
looked through 2.0 MB of the database's bytes: nothing of him
now: make a backup. Older archives do not open what was his once the new archive of keys is in place
""",
    ),
    (
        ["erase", "c1", "--yes"],
        {
            "POST /privacy/find": {"items": [SOMEONE]},
            "GET /contacts/c1/erasure": PLAN,
            "POST /contacts/c1/erase": {"contact_id": "c1", "state": "running", "proof": {}},
        },
        [
            ("POST /privacy/find", {"who": "c1"}),
            ("GET /contacts/c1/erasure", None),
            ("POST /contacts/c1/erase", {"reason": "request"}),
        ],
        PLANNED
        + """his rows, files and keys are gone; somebody looks at the database as it was (a backup?)
the gateway writes its pages anew once that has ended, and proves it: list it by the API
""",
    ),
    (
        ["keys", "rotate"],
        {
            "POST /keys/rotate": {
                "version": 2,
                "since": "2026-11-23T02:00:00.000Z",
                "rewrapped": {"contact_key": 7, "day_key": 1},
                "put_away": [{"version": 1, "file": "/k/retired/master.key"}],
                "waits": "",
            }
        },
        [("POST /keys/rotate", {})],
        (
            "version 2 of the master key seals since 2026-11-23T02:00:00.000Z; sealed anew: 7 in contact_key, 1 in day_key\n"
            "/k/retired/master.key: no row needs version 1 any more. Archives and links from before 2026-11-23T02:00:00.000Z"
            " do: delete the file when the last of those archives has gone (35 days)\n"
            "now: copy the folder of the keys to its third place again, and make a backup\n"
        ),
    ),
    (
        ["bot", "off", "--account", "telegram:main"],
        {"PATCH /switches": {}, "GET /switches": {"bot": True}},
        [("PATCH /switches", {"accounts": {"telegram:main": False}}), ("GET /switches", None)],
        '{"bot": true}\n',
    ),
    (["migrate"], {}, [], "the database is up to date\n"),
    (
        ["channels", "status"],
        {
            "GET /accounts?limit=200": page(ACCOUNT),
            "GET /platforms": page(
                {"id": "viber:bot", "said": ["name=IB", "trouble=gone"]}, {"id": "web:x", "said": []}
            ),
        },
        [("GET /accounts?limit=200", None), ("GET /platforms", None)],
        "viber:bot\tok\tin=never\tout=never\tfailed=0/2\twaiting=1\tname=IB\ttrouble=gone\nweb:x\t-\n",
    ),
]


@pytest.mark.parametrize(("args", "answers", "asked", "printed"), ANSWERS, ids=[" ".join(case[0]) for case in ANSWERS])
def test_what_a_command_asks_and_prints(
    fake: Fake, args: list[str], answers: dict[str, Any], asked: list[tuple[str, Any]], printed: str
) -> None:
    fake.answers = answers
    result = fake.run(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (0, printed, "")
    assert fake.asked == asked


@pytest.mark.parametrize(
    "more",
    ['accounts: [{channel: viber, name: bot, token: "${NOT_SET_HERE}"}]', "server: {port: x}", "foo: 1"],
    ids=["secret", "port", "section"],
)
def test_a_running_gateway_is_asked_whatever_the_file_lacks_here(fake: Fake, more: str) -> None:
    """The secrets are the gateway's: who may open its socket needs none of them."""
    fake.config.write_text(f"{fake.config.read_text()}\n{more}\n")
    fake.answers = {"GET /switches": {"bot": True}}
    result = fake.run("bot")
    assert (result.exit_code, result.stdout, result.stderr) == (0, '{"bot": true}\n', "")
    assert fake.run("check-config").exit_code == 2  # it speaks of the file alone


@pytest.mark.parametrize("url", ["x", "${NOT_SET_HERE}", "postgresql+psycopg://u:geheim@h/d"])
def test_where_no_socket_can_be_known_the_file_must_be_right(fake: Fake, url: str) -> None:
    fake.config.write_text(f"database: {{url: '{url}'}}\nfoo: 1\n")
    assert fake.run("bot").exit_code == 2
    assert not fake.asked


def test_a_password_from_stdin(fake: Fake) -> None:
    fake.answers = {"POST /users": {"id": "u1"}}
    args = ["user", "add", "--email", "a@b.vn", "--name", "A", "--role", "admin", "--password-stdin"]
    result = fake.run(*args, stdin="ein langes Kennwort\n")
    assert result.stdout == "u1  a@b.vn  admin\n"
    assert fake.asked[0][1]["password"] == "ein langes Kennwort"
    assert fake.run(*args, stdin="").exit_code == 1


@pytest.mark.parametrize(("answer", "status"), [({"ok": True, "rows": 9}, 0), ({"ok": False, "at": 4}, 1)])
def test_the_trail(fake: Fake, answer: dict[str, Any], status: int) -> None:
    fake.answers = {"GET /audit/verify": answer}
    result = fake.run("audit", "verify")
    assert (result.exit_code, json.loads(result.stdout)) == (status, answer)


def refusal(status: int, code: str, message: str, **more: Any) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, **more}}, status=status)


def test_a_refusal_is_one_line_and_exit_1(fake: Fake) -> None:
    fake.answers = {
        "POST /tokens": refusal(422, "invalid", "some fields are not right", fields={"role": "no such role"}),
        "POST /outbox/m1/resend": refusal(404, "not_found", "there is nothing here, or nothing for you"),
    }
    result = fake.run("token", "add", "--name", "x", "--role", "king")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "some fields are not right (role: no such role)\n"
    assert fake.run("outbox", "resend", "m1").stderr == "m1: there is no such id in the list\n"


USERS = page({"id": "u1", "email": "lan@x.vn", "disabled": True})
TOKENS = page({"id": "t1", "name": "crm"}, {"id": "t2", "name": "crm"})
NOBODY: list[tuple[list[str], str]] = [
    (["token", "revoke", "nope"], "no token has the id or name nope; `gateway token list` shows them"),
    (["token", "revoke", "crm"], "2 tokens are called crm; name one by its id: t1, t2"),
    (["user", "reset", "Lan@x.vn"], "Lan@x.vn is disabled; `gateway user list` shows who may come in"),
    (["user", "disable", "u1"], "u1 is disabled; `gateway user list` shows who may come in"),
    (["user", "reset", "mai@x.vn"], "nobody has the address mai@x.vn; `gateway user list` shows everybody"),
    (["user", "disable", "u9"], "nobody has the id u9; `gateway user list` shows everybody"),
]


@pytest.mark.parametrize("args, line", NOBODY, ids=[" ".join(args) for args, _ in NOBODY])
def test_who_is_not_there_is_named(fake: Fake, args: list[str], line: str) -> None:
    fake.answers = {"GET /users?disabled=true&limit=200": USERS, "GET /tokens?limit=200": TOKENS}
    result = fake.run(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", line + "\n")
    assert len(fake.asked) == 1


def test_what_this_version_has_not_says_so(fake: Fake) -> None:
    result = fake.run("inbox", "replay", "e1")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "not in this version\n")


def test_erasing_asks_first(fake: Fake) -> None:
    fake.answers = {"POST /privacy/find": {"items": [SOMEONE]}, "GET /contacts/c1/erasure": PLAN}
    result = fake.run("erase", "c1", stdin="n\n")
    assert result.exit_code == 1
    assert result.stdout.startswith(PLANNED)
    assert [where for where, _ in fake.asked] == ["POST /privacy/find", "GET /contacts/c1/erasure"]


def test_several_are_listed_and_none_is_touched(fake: Fake) -> None:
    fake.answers = {"POST /privacy/find": {"items": [SOMEONE, {**SOMEONE, "id": "c9"}]}}
    result = fake.run("erase", "0912345678", "--yes")
    assert (result.exit_code, len(fake.asked)) == (1, 1)
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ["id", "c1", "c9"]
    fake.answers = {"POST /privacy/find": {"items": []}}
    assert fake.run("erase", "0912345678", "--yes").stderr == "0912345678: nobody, or erased already\n"


def test_an_export_is_a_private_new_file(fake: Fake, tmp_path: Path) -> None:
    fake.answers = {
        "POST /privacy/find": {"items": [SOMEONE]},
        "POST /contacts/c1/export": web.Response(body=b"PK zip", content_type="application/zip"),
    }
    target = tmp_path / "out.zip"
    result = fake.run("export", "0912 345 678", "--purpose", "claim", "--output", str(target))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{target}: 0.0 MB, purpose claim")
    assert fake.asked[-1] == ("POST /contacts/c1/export", {"purpose": "claim"})
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"PK zip", 0o600)
    assert fake.run("export", "c1", "--output", str(target)).stderr == f"{target}: exists\n"


# ---- backup and restore


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("database: {url: 'postgresql+psycopg://u:geheim@h/d'}")
    for args, tool in ((["backup", "x"], "pg_dump"), (["restore", "x"], "pg_restore")):
        ran = CliRunner().invoke(cli.app, [*args, "--config", str(config)])
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert tool in ran.stderr
        assert "geheim" not in ran.stderr


def test_nothing_to_back_up(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("")
    for command, line in (
        ("backup", f"{tmp_path}/var/gateway.db: no such database\n"),
        ("restore", f"{tmp_path}/var/keys: holds no keys; put the folder of the keys there first\n"),
    ):
        ran = CliRunner().invoke(cli.app, [command, str(tmp_path / "x"), "--config", str(config)])
        assert (ran.exit_code, ran.stdout, ran.stderr) == (1, "", line)
    assert list(tmp_path.iterdir()) == [config]


def test_there_and_back_on_the_command_line(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("")
    (tmp_path / "var").mkdir()
    KeyRing.load(tmp_path / "var/keys")
    with contextlib.closing(sqlite3.connect(tmp_path / "var/gateway.db")) as connection:
        connection.execute("CREATE TABLE contact (id TEXT)")

    def run(*args: str) -> Result:
        return CliRunner().invoke(cli.app, ["--config", str(config), *args])

    archive = str(tmp_path / "backups/one.backup")
    nothing = run("restore", archive)
    assert (nothing.exit_code, nothing.stderr) == (
        1,
        f"{archive}: there is no such archive; `gateway backup FILE` makes one\n",
    )
    made = run("backup", archive)
    assert (made.exit_code, made.stderr) == (0, "")
    assert [line.partition(":")[0] for line in made.stdout.splitlines()] == [
        archive,
        str(tmp_path / "backups/gateway-contact-keys.backup"),
        str(tmp_path / "var/keys"),
    ]
    assert run("restore", archive, "--check").stdout.endswith("it can be restored\n")
    assert run("restore", archive).exit_code == 1
    lock = FileLock(tmp_path / "var/gateway.db")
    lock.take()
    assert "already runs" in run("restore", archive, "--force").stderr
    lock.drop()
    restored = run("restore", archive, "--force")
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert "before-restore-" in restored.stdout
