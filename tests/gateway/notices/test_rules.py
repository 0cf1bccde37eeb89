"""The section `notices:` of the configuration: what may stand there, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from gateway import addresses, readers
from gateway.config import ConfigError, NoticeRules, load

BOT: Final = """
accounts:
  - {channel: telegram, name: main, token: "${T}", receive: polling}
notices:
"""
SECRET: Final = {"T": "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"}


def read(folder: Path, text: str) -> NoticeRules:
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return load(folder / "config.yaml", SECRET).notices


def test_what_is_left_out_is_not_missing(tmp_path: Path) -> None:
    rules = read(tmp_path, "")
    assert (rules.patience_s, rules.groups, rules.on_call) == (30, (), ())
    assert "fcm.googleapis.com" in rules.push_services


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('  groups: ["telegram:mian/-100"]', "telegram:mian is no account"),
        ('  groups: ["telegram:main"]', "is not channel:account/chat"),
        ("  on_call: [nobody]", "is not an e-mail address"),
        ("  patience_s: 0", "notices.patience_s"),
        ('  push_services: ["http://evil.example"]', "plain http"),
        ('  push_services: ["localhost"]', "is not a host name"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, BOT + line)
    assert said in "\n".join(refused.value.problems)


def test_a_group_is_a_chat_of_an_account(tmp_path: Path) -> None:
    zalo = "  - {channel: zalo, name: oa, app_id: '1', oa_id: '2', app_secret: '${T}', oa_secret_key: '${T}', refresh_token: '${T}'}\n"
    groups = "  groups: ['telegram:main/-1001', 'zalo:oa/group:f4d1a2']"
    rules = read(tmp_path, BOT.replace("notices:", zalo + "notices:") + groups)
    assert rules.groups == ("telegram:main/-1001", "zalo:oa/group:f4d1a2")


def test_a_push_service_is_a_host_or_a_stand_in_here() -> None:
    assert addresses.push_service("FCM.googleapis.com") == "fcm.googleapis.com"
    assert addresses.push_service(".push.apple.com") == "push.apple.com"
    assert addresses.push_service("http://127.0.0.1:4444") == "http://127.0.0.1:4444"
    with pytest.raises(readers.Wrong):
        addresses.push_service("https://fcm.googleapis.com/x")
