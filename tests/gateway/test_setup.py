"""`gateway channels setup`: one line a thing, what is left for people, and an end that can be believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from channels import registry
from channels.contract import Account, Client, Permanent
from channels.errands import by_hand
from channels.facebook.page import CHOICES, GREETING, MENU
from gateway import clicks, setup
from gateway.config import Config, load
from handlers import steps

YAML = """
server: {public_url: "https://chat.example.vn"}
accounts:
  - {channel: webchat, name: site, origins: ["https://www.example.vn"]}
  - {channel: webchat, name: other}
  - {channel: leads, name: form, secret: "${SECRET}", fields: {phone: dien_thoai_kh}}
  - {channel: hotline, name: pbx, secret: "${SECRET}"}
  - {channel: viber, name: bot, token: "${SECRET}"}
"""
SECRET = "0123456789abcdef-0123456789abcdef"


class Platform:
    """Does one thing, fails at the next."""

    told: ClassVar[list[str]] = []

    async def setup(self, url: str, *, dry: bool = False) -> AsyncIterator[str]:
        if not dry:
            self.told.append(url)
        yield "webhook set"
        yield by_hand("press Save")
        if not dry:
            raise Permanent("the menu is refused")
        yield "menu set"

    async def close(self) -> None: ...


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    def client(_account: Account) -> Client:
        return Platform()  # type: ignore[return-value]

    monkeypatch.setattr(registry, "adapter", lambda name, known=registry.adapter: (
        replace(known(name), client=client) if name == "viber" else known(name)
    ))  # fmt: skip
    Platform.told = []
    (tmp_path / "config.yaml").write_text(YAML, encoding="utf-8")
    return load(tmp_path / "config.yaml", {"SECRET": SECRET})


async def test_what_people_paste_where(config: Config) -> None:
    _, lines = await setup.register(config)
    text = "\n".join(lines)
    tag = '<script src="https://chat.example.vn/chat/widget.js" async></script>'
    assert f"webchat:site: by hand: before </body> of those sites: {tag}" in lines
    assert "script-src https://chat.example.vn; frame-src https://chat.example.vn" in text
    assert "webchat:other: by hand: for other sites: list them in `origins`, restart, ask again" in lines
    assert "https://chat.example.vn/hooks/leads/form/<secret>" in text
    assert "dien_thoai_kh as phone" in text
    assert "https://chat.example.vn/hooks/hotline/pbx/<secret>" in text
    assert SECRET not in text, "no secret is printed"


async def test_what_fails_is_said_after_what_was_done(config: Config) -> None:
    good, lines = await setup.register(config, "viber:bot")
    assert not good
    assert lines == [
        "viber:bot: webhook set",
        "viber:bot: by hand: press Save",
        "viber:bot: failed: the menu is refused",
    ]
    assert Platform.told == ["https://chat.example.vn/hooks/viber/bot"]
    good, lines = await setup.register(config)
    assert not good
    assert len({line.split(": ")[0] for line in lines}) == 5, "one that fails keeps no other from being set up"


async def test_dry_nobody_is_told_anything(config: Config) -> None:
    good, lines = await setup.register(config, "viber:bot", dry=True)
    assert good
    assert lines == [
        "viber:bot: would be done: webhook set",
        "viber:bot: by hand: press Save",
        "viber:bot: would be done: menu set",
    ]
    assert Platform.told == []


@pytest.mark.parametrize("channel", sorted(registry.ADAPTERS))
def test_no_channel_is_set_up_by_silence(channel: str, tmp_path: Path) -> None:
    client = registry.adapter(channel).client
    assert channel in clicks.CHANNELS or (client is not None and hasattr(client, "setup"))


def test_the_pages_menu_says_what_the_bot_understands() -> None:
    known = {button.id for button in steps.MENU}
    for choices in CHOICES.values():
        assert {payload for _, payload in choices} <= known
        assert all(len(title) <= 30 for title, _ in choices)
    assert set(MENU) <= known
    assert all(len(text) <= 160 for text in GREETING.values())


def test_an_accounts_line_says_how_it_stands_and_what_to_do() -> None:
    item = {
        "state": "ok",
        "reason": "",
        "last_in_at": "2026-11-22T02:00:00.000Z",
        "last_out_at": None,
        "calls": 20,
        "failed": 5,
        "waiting": 3,
        "oldest_waiting_at": "2026-11-22T01:00:00.000Z",
        "window_closing": 0,
        "silent_hours": 2.5,
        "token_state": "active",
        "token_until": "2026-11-23T02:00:00.000Z",
        "todo": ["silent", "failing"],
    }
    state, came, went, errors, waits, token, *todo = setup.standing(item).split("\t")
    assert (state, came, went) == ("ok", "in=2026-11-22T02:00:00.000Z", "out=never")
    assert (errors, waits) == ("failed=5/20", "waiting=3")
    assert token == "token=active until 2026-11-23T02:00:00.000Z"
    assert [line.startswith("do: ") for line in todo] == [True, True]
    assert "2.5 working hours" in todo[0]
    assert "5 of 20" in todo[1]
    ends = setup.standing(item | {"token_state": "ends", "todo": ["ending"]}).split("\t")
    assert ends[5] == "token=ends until 2026-11-23T02:00:00.000Z"
    assert ends[6].startswith("do: The token ends 2026-11-23T02:00:00.000Z")
    assert setup.standing(item | {"token_state": "unknown", "token_until": None, "todo": []}).endswith("token=unknown")


async def test_what_each_platform_says(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the running client where there is one: it has the tokens that change with every use."""

    class Running(Platform):
        async def status(self) -> dict[str, object]:
            return {"name": "IB", "empty": "", "last_error_at": 0, "two": "a\nb"}

        async def check(self, url: str) -> str:
            return f"not {url}"

    said = await setup.said(config, {"viber:bot": Running()})
    assert said["viber:bot"] == [
        "name=IB",
        "last_error_at=never",
        "two=a b",
        "trouble=not https://chat.example.vn/hooks/viber/bot",
    ]
    assert said["webchat:site"] == ["our own, nothing to ask"]

    async def fails(_self: object) -> dict[str, object]:
        raise Permanent("401")

    monkeypatch.setattr(Platform, "status", fails, raising=False)
    assert (await setup.said(config, {}))["viber:bot"] == ["failed: 401"]
