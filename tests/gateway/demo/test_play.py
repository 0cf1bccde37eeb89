"""The demonstration: one finite story in which everything must hold, and the house that it is played in."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.config import ConfigError
from gateway.demo import play, setting
from gateway.demo.checks import errors_in
from gateway.demo.customers import CAST
from gateway.demo.stage import NotHere, Stage, staged
from tests.support.logs import demonstration_logging


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with demonstration_logging():
        yield


@pytest.mark.timeout(300)  # fourteen customers on five platforms, ten days
async def test_once_everything_holds() -> None:
    out = io.StringIO()
    status = await play.play_once(None, 0, 7, out)
    told = out.getvalue()
    assert status == 0, told
    assert "✖" not in told
    for held in (
        f"✔ {len(CAST)} khách đều nói hết chuyện của mình",
        "lượt nói đều được trả lời",
        "✔ không lỗi nào với bốn nền tảng",
        f"✔ {sum(one.lead for one in CAST)} khách tiềm năng vào hàng chờ",
        "câu của tư vấn viên tới nơi",
        f"✔ {sum(one.buys for one in CAST)} hợp đồng được cấp",
        f"✔ {sum(bool(one.filled) for one in CAST)} hồ sơ đi từ yêu cầu, biểu mẫu, cam kết, đồng ý, gửi hãng tới cấp hợp đồng",
        "✔ mỗi giấy chứng nhận tới đúng khách, đúng từng byte",
        "câu hỏi T+1 đã có câu trả lời",
        "khảo sát T+7 đã có câu trả lời",
        *(f"✔ {app}: 2 khách" for app in ("Telegram", "Zalo", "Messenger", "Viber")),
        "✔ 4 khách để lại biểu mẫu hoặc gọi đến được trả lời bằng thư có ảnh và PDF",
        "khớp, đúng thứ tự, không lặp",
        "✔ không còn gì chờ xử lý",
        "✔ dữ liệu trình diễn không lẫn vào số liệu kinh doanh",
        "✔ nhật ký không có dòng lỗi nào",
    ):
        assert held in told
    assert told.count("Gọi được") == 4  # two forms, a missed call, one that was taken: all of them called and screened
    assert "\x1b" not in told  # colours are for terminals


async def test_people_come_until_ctrl_c(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(play, "PROLOGUE", ())
    monkeypatch.setattr(play, "SOON_S", (0.0, 0.1))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    out = Watched("Khách mới: ")
    playing = asyncio.create_task(play.play_on(None, 0, 1, out))
    await asyncio.wait([playing, asyncio.create_task(out.seen.wait())], return_when=asyncio.FIRST_COMPLETED)
    assert not playing.done(), out.getvalue()
    os.kill(os.getpid(), signal.SIGINT)
    assert await playing == 0
    told = out.getvalue()
    assert "/desk/" in told
    assert told.index("mật khẩu") < told.index("Khách mới: ")  # first where to look, then who comes
    assert "Đã dừng" in told
    assert told.index("Sổ hai bên") < told.index("✔ E-mail: ")  # plain, too: their ledgers beside ours
    assert not os.listdir(tmp_path)  # noqa: PTH208 -- of an async test


class Watched(io.StringIO):
    """Says when something was written."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.seen = asyncio.Event()

    def write(self, text: str, /) -> int:
        if self.words in text:
            self.seen.set()
        return super().write(text)


async def test_the_house_is_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    about = tmp_path / "config.yaml"
    about.write_text(
        "database: {url: sqlite:///real.db}\n"
        'business: {name: IBAOHIEM, hotline: "1900 6868", hours: {mon: ["08:00-12:00"]}}\n'
        "accounts:\n  - {channel: webchat, name: real}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("GATEWAY__DATABASE__URL", "postgresql+psycopg://somebody:secret@db.example/real")
    async with staged(about=about, port=0, quick=True, seed=1, out=io.StringIO()) as stage:
        folder, config = stage.folder, stage.parts.config
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert config.database.path == folder / "gateway.db"
        assert config.server.host == "127.0.0.1"
        assert config.keys.path == folder / "keys"
        ids = [
            "email:thu", "facebook:demo", "hotline:tongdai", "leads:ladipage", "telegram:demo", "viber:demo", "webchat:site", "zalo:demo",
        ]  # fmt: skip
        assert sorted(account.id for account in config.accounts) == ids
        assert all(account.get("test") for account in config.accounts)
        assert config.agency.hotline == "1900 6868"
        assert config.agency.hours is None  # always open: the story is the same at any hour
        await _supervisor_comes_in(stage)
        monkeypatch.delenv("GATEWAY__DATABASE__URL")
        await _the_printed_command(stage)
        before = stage.parts.clock.ms()
        await stage.move(before - 1000)
        assert stage.parts.clock.ms() >= before  # never back
        stage.parts.config = replace(config, server=replace(config.server, public_url="https://chat.example.vn"))
        with pytest.raises(NotHere):
            await stage.move(before + 86_400_000)
        assert stage.parts.clock.ms() < before + 60_000
    assert not folder.exists()
    assert os.listdir(tmp_path) == ["config.yaml"]  # noqa: PTH208 -- of an async test


async def _supervisor_comes_in(stage: Stage) -> None:
    """With the e-mail and the password that are printed."""
    told = play.invitation(stage)
    assert f"{stage.url}/desk/" in told
    assert stage.people.email in told
    assert stage.people.password in told
    form = {"email": stage.people.email, "password": stage.people.password}
    headers = {"Origin": stage.url}
    url = f"{stage.url}/desk/login"
    async with stage.session.post(url, data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
        assert "sid=" in answer.headers["Set-Cookie"]


async def _the_printed_command(stage: Stage) -> None:
    """As printed: the other window has none of the demonstration's secrets."""
    printed = next(line for line in play.invitation(stage).splitlines() if "channels status" in line)
    words = printed.partition("gateway --config ")[2].split()
    ran = await asyncio.to_thread(CliRunner().invoke, cli.app, ["--config", *words])
    assert (ran.exit_code, ran.stderr) == (0, "")
    told = {line.split("\t")[0]: line for line in ran.stdout.splitlines()}
    assert sorted(told) == sorted(account.id for account in stage.parts.config.accounts)
    assert not [line for line in told.values() if "failed: " in line]


def test_a_configuration_that_is_refused_is_not_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("business: {hotline: [1]}\n")
    with pytest.raises(ConfigError):
        setting.agency(bad)
    assert play.run(bad, port=0, once=True) == 2
    assert "business.hotline" in capsys.readouterr().err


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    played: list[tuple[object, ...]] = []

    def run(path: Path | None, *, port: int | None, once: bool, seed: int) -> int:
        played.append((path, port, once, seed))
        return 3

    monkeypatch.setattr(play, "run", run)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli.app, ["demo"]).exit_code == 3
    Path("config.yaml").write_text("accounts: []\n")
    arguments = ["demo", "--once", "--seed", "4", "--port", "0"]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 3
    assert played == [(None, None, False, 1), (Path("config.yaml"), 0, True, 4)]


def test_errors_in_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"level": "info"}\n{"level": "error", "event": "x"}\nTraceback\n')
    assert errors_in(log) == ['{"level": "error", "event": "x"}', "Traceback"]


def test_a_port_that_is_taken_is_not_asked_for() -> None:
    assert setting.free_port() in (0, setting.PORT)
    assert os.environ.get("GATEWAY__SERVER__PORT") is None
