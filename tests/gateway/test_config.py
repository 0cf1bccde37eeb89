"""The configuration: what it makes of a good file, and the exact line for each mistake."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from channels import registry
from channels.contract import Limits
from gateway import accounts
from gateway.config import SECTIONS, Config, ConfigError, keys_of, load

ROOT = Path(__file__).parents[2]
TOKEN = "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
TELEGRAM = "accounts: [{channel: telegram, name: main, token: '${TELEGRAM_TOKEN}', secret: '${TELEGRAM_SECRET}'%s}]"


def made(folder: Path, text: str, environ: Mapping[str, str] | None = None, **more: Any) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {}, **more)


def refused(folder: Path, text: str, environ: Mapping[str, str] | None = None, **more: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        made(folder, text, environ, **more)
    return caught.value.problems


def test_the_shipped_file_is_lawful() -> None:
    config = load(ROOT / "config.yaml", {})
    assert [account.id for account in config.accounts] == ["webchat:site"]
    assert config.warnings == ()
    assert config.database.path == ROOT / "var/gateway.db"
    assert config.files.path == ROOT / "var/files"
    assert config.keys.path == ROOT / "var/keys"
    assert config.socket == ROOT / "var/gateway.sock"
    assert config.public_url == "http://127.0.0.1:8080"
    assert config.local


def test_the_shipped_file_explains_every_key() -> None:
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    for section, kind in SECTIONS.items():
        assert f"{section}:" in text
        for name in keys_of(kind):
            assert f"{name}:" in text, f"{section}.{name}"
    for channel, keys in accounts.CHANNELS.items():
        block = text.partition(f"channel: {channel}")[2].partition("channel:")[0]
        assert "later version" not in block.partition("\n")[0]
        for name, known in keys.items():
            if known.default != () or name == "origins":
                assert f"{name}:" in block, f"{channel}.{name}"
            if known.variable:
                assert f"${{{known.variable}}}" in block


def test_telegrams_commented_block_starts(tmp_path: Path) -> None:
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    before, start, rest = text.partition("  # - channel: telegram\n")
    block, end, after = rest.partition("\n\n")
    text = before + start.replace("# ", "") + block.replace("  #   ", "    ") + end + after
    config = made(tmp_path, text, {"TELEGRAM_TOKEN": TOKEN})
    telegram = config.account("telegram:main")
    assert telegram is not None
    assert telegram.settings == {
        "channel": "telegram",
        "name": "main",
        "test": False,
        "token": TOKEN,
        "secret": "",
        "receive": "polling",
        "business": False,
        "api_url": "https://api.telegram.org",
    }


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    config = made(tmp_path, "")
    assert config.server.port == 8080
    assert config.agency.hours is None
    assert config.warnings == ("accounts: none is listed; nobody can write to us",)


def test_the_core_gets_the_agency(tmp_path: Path) -> None:
    text = """
business:
  name: Bảo hiểm
  hotline: 1900 1234
  hours: {mon: [8:00-12:00, "13:00 - 17:30"], sat: 08:00-12:00, sun: off}
  holidays: [2027-02-06, "2027-02-07"]
  languages: [en]
"""
    business = made(tmp_path, text).business()
    assert business.name == "Bảo hiểm"
    assert business.hotline == "1900 1234"
    assert business.hours is not None
    assert business.hours["mon"] == (("08:00", "12:00"), ("13:00", "17:30"))
    assert business.hours["tue"] == ()
    assert business.hours["sat"] == (("08:00", "12:00"),)
    assert business.hours["sun"] == ()
    assert business.holidays == ("2027-02-06", "2027-02-07")
    assert business.languages == ("en",)


@pytest.mark.parametrize("hours", ["always", "Always", ""])
def test_always(tmp_path: Path, hours: str) -> None:
    assert made(tmp_path, f"business: {{hours: {hours}}}").business().hours is None


def test_the_environment_wins(tmp_path: Path) -> None:
    text = """
server: {port: 8080, host: 127.0.0.1}
business: {hours: always}
accounts:
  - {channel: webchat, name: my-site}
  - {channel: telegram, name: main, token: "${NOT_THERE}"}
"""
    config = made(
        tmp_path,
        text,
        {
            "GATEWAY__SERVER__PORT": "9000",
            "gateway__server__host": "::1",
            "GATEWAY__SERVER__TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "GATEWAY__CONVERSATION__BOT": "off",
            "GATEWAY__DATABASE__URL": "postgresql+psycopg://gw:p%40ss-word@db/gateway",
            "GATEWAY__BUSINESS__HOURS__MON": "08:00-12:00,13:00-17:00",
            "GATEWAY__ACCOUNTS__MY_SITE__ORIGINS": "https://a.example,https://b.example",
            "GATEWAY__ACCOUNTS__main__TOKEN": TOKEN,
            "GATEWAY__ACCOUNTS__TELEGRAM_MAIN__LIMITS__OUTBOUND_PER_S": "2.5",
            "UNRELATED": "x",
        },
    )
    assert config.server.port == 9000
    assert config.public_url == "http://[::1]:9000"
    assert [str(network) for network in config.server.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert config.conversation.bot is False
    assert config.database.path is None
    assert config.socket is None
    assert config.agency.hours is not None
    assert config.agency.hours["mon"] == (("08:00", "12:00"), ("13:00", "17:00"))
    site, telegram = config.accounts
    assert site.get("origins") == ("https://a.example", "https://b.example")
    assert telegram.get("token") == TOKEN
    assert config.limits_of(telegram, Limits(outbound_per_s=30, per_chat_per_s=1)) == Limits(
        outbound_per_s=2.5, per_chat_per_s=1
    )
    assert {TOKEN, "p@ss-word"} <= config.secrets


def test_the_command_lines_port_wins_over_all(tmp_path: Path) -> None:
    assert made(tmp_path, "server: {port: 1}", {"GATEWAY__SERVER__PORT": "2"}, port=3).server.port == 3
    assert refused(tmp_path, "", port=70000) == ["--port: 70000 is not a port number (0 to 65535)"]


def test_references(tmp_path: Path) -> None:
    config = made(
        tmp_path,
        'database: {url: "postgresql+psycopg://gw:${PG_PASSWORD}@db/gw"}\nbusiness: {name: "$${NAME}"}',
        {"PG_PASSWORD": "s3cret-word"},
    )
    assert config.database.url == "postgresql+psycopg://gw:s3cret-word@db/gw"
    assert config.agency.name == "${NAME}"


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    text = TELEGRAM % "" + '\nserver: {metrics_token: "${M}"}\ndatabase: {url: "postgresql+psycopg://u:${P}@h/d"}'
    config = made(tmp_path, text, {"TELEGRAM_TOKEN": TOKEN, "M": "m" * 20, "P": "pass-word"})
    for secret in (TOKEN, "m" * 20, "pass-word"):
        assert secret not in repr(config)
        assert secret in config.secrets


WRITTEN = [
    (f"accounts: [{{channel: telegram, name: main, token: '{TOKEN}'}}]", "accounts[telegram:main].token: is written in the file itself; write token: ${TELEGRAM_TOKEN} and set the environment variable TELEGRAM_TOKEN"),
    ("accounts: [{channel: hotline, name: main, secret: ['${NEW}', 0123456789abcdef0123]}]", "accounts[hotline:main].secret: is written in the file itself; write secret: ${HOTLINE_SECRET} and set the environment variable HOTLINE_SECRET"),
    ("server: {metrics_token: 0123456789abcdef0123}", "server.metrics_token: is written in the file itself; write metrics_token: ${SERVER_METRICS_TOKEN} and set the environment variable SERVER_METRICS_TOKEN"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), WRITTEN, ids=["token", "one of two", "of a section"])
def test_a_secret_in_the_file_is_warned_of(tmp_path: Path, text: str, line: str) -> None:
    assert line in made(tmp_path, text, {"NEW": "n" * 32}).warnings
    assert "0123456789abcdef" not in line


def test_a_password_of_the_database_in_the_file_is_warned_of(tmp_path: Path) -> None:
    config = made(tmp_path, "database: {url: 'postgresql+psycopg://u:geheim@h/d'}")
    assert config.warnings[0] == "database.url: its password stands in the file; write ${NAME} in its place"


@pytest.mark.parametrize("channel", ["leads", "hotline"])
def test_a_secret_that_can_be_guessed_is_warned_of_and_one_of_examples_refused(tmp_path: Path, channel: str) -> None:
    text = f"accounts: [{{channel: {channel}, name: main, secret: ['${{A}}', '${{B}}']}}]"
    assert made(tmp_path, text, {"A": "a" * 16, "B": "b" * 32}).warnings == ()
    (line,) = made(tmp_path, text, {"A": "a" * 32, "B": "b" * 15}).warnings
    assert line.startswith(
        f"accounts[{channel}:main].secret: is shorter than 16 characters, so that it could be guessed"
    )
    (line,) = refused(tmp_path, text, {"A": "a" * 32, "B": "ChangeMe"})
    assert line.startswith(f"accounts[{channel}:main].secret: is a word that stands in examples")


def test_public_url_and_origins(tmp_path: Path) -> None:
    config = made(tmp_path, "server: {host: 0.0.0.0, port: 0}").bound(41234)
    assert config.public_url == "http://127.0.0.1:41234"
    assert not config.local
    assert config.origin_allowed("http://127.0.0.1:41234", "anything")
    assert config.origin_allowed("http://localhost:41234", "localhost:41234")
    assert not config.origin_allowed("http://localhost:41234", "127.0.0.1:41234")
    assert not config.origin_allowed("http://evil.example", "evil.example")
    assert not config.origin_allowed("null", "localhost:41234")
    assert not config.origin_allowed("", "localhost:41234")
    public = made(tmp_path, "server: {public_url: 'https://Chat.example.vn/'}")
    assert public.public_url == "https://chat.example.vn"
    assert public.files_url == "https://chat.example.vn"
    assert public.origin_allowed("https://chat.example.vn", "chat.example.vn")
    assert not public.local


def test_paths(tmp_path: Path) -> None:
    config = made(tmp_path, "database: {url: sqlite:////srv/gw.db}\nfiles: {path: /srv/files}\nkeys: {path: ../keys}")
    assert config.database.path == Path("/srv/gw.db")
    assert config.files.path == Path("/srv/files")
    assert config.keys.path == tmp_path / "../keys"


DAYS = "mon, tue, wed, thu, fri, sat, sun"
HERE = f"this version has {', '.join(registry.MODULES)}"
MISTAKES = [
    # the file
    ("server: {port: 80", "config.yaml line 2, column 1: did not find expected ',' or '}' (while parsing a flow mapping, begun in line 1, column 9)"),
    ("a: 'b", "config.yaml line 1, column 6: found unexpected end of stream (while scanning a quoted scalar, begun in line 1, column 4)"),
    ("a: @b", "config.yaml line 1, column 4: @ cannot begin a value; put it in quotes"),
    ("a: \x01", "config.yaml: control characters are not allowed"),
    ("server:\n\tport: 80", "config.yaml line 2, column 1: a tab where spaces are needed"),
    ("server: {port: 1}\nserver: {port: 2}", "config.yaml line 2, column 1: server is there twice (first in line 1); keep one"),
    ("files:\n  path: a\n  path: b", "config.yaml line 3, column 3: path is there twice (first in line 2); keep one"),
    ("- a", "config.yaml: must be a block of sections such as server:, business:, accounts:"),
    ("a: &a [*a]", "config.yaml line 1: an anchor that holds itself"),
    ("server: !!python/object:os.system {}", "config.yaml line 1, column 9: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"),
    # keys
    ("sevrer: {}", "sevrer: unknown section; did you mean server?"),
    ("port: 80", "port: unknown section; it belongs under server:"),
    ("server: {prot: 80}", "server.prot: unknown key; did you mean port?"),
    ("server: {zzz: 80}", "server.zzz: unknown key"),
    ("server: {dpo_email: x}", "server.dpo_email: unknown key; it belongs under business:"),
    ("server: 8080", "server: must be a block of keys (host, port, public_url, files_url, trusted_proxies, metrics_token)"),
    # values
    ("server: {port: 80x}", 'server.port: "80x" is not a port number (0 to 65535)'),
    ("server: {port: 65536}", 'server.port: "65536" is not a port number (0 to 65535)'),
    ("server: {port: }", "server.port: an empty value is not a port number (0 to 65535)"),
    ("server: {port: [1]}", 'server.port: ["1"] is a block or a list; write one text'),
    ("server: {host: 'http://x'}", 'server.host: "http://x" is not an address or a host name, such as 127.0.0.1 (without scheme and port)'),
    ("server: {host: 127.0.0.256}", 'server.host: "127.0.0.256" is not an address or a host name, such as 127.0.0.1 (without scheme and port)'),
    ("server: {public_url: chat.example.vn}", 'server.public_url: "chat.example.vn" is not of the form https://host or https://host:port, without a path'),
    ("server: {public_url: 'https://a.vn/b'}", 'server.public_url: "https://a.vn/b" is not of the form https://host or https://host:port, without a path'),
    ("server: {public_url: 'http://a.vn'}", 'server.public_url: "http://a.vn" is plain http; beyond this machine it must be https'),
    ("server: {files_url: 'https://a.vn'}", "server.files_url: needs server.public_url as well"),
    ("server: {trusted_proxies: [10.0.0.1/8]}", 'server.trusted_proxies: "10.0.0.1/8" is not an address or a network such as 10.0.0.0/8; its host bits are set'),
    ("database: {url: mysql://x}", "database.url: must begin with sqlite:/// or postgresql+psycopg://"),
    ("database: {url: 'postgres://u:geheim@h/d'}", "database.url: names another driver; begin it with postgresql+psycopg://"),
    ("database: {url: 'sqlite://'}", "database.url: needs a file: sqlite:///var/gateway.db (relative) or sqlite:////srv/gateway.db (absolute)"),
    ("database: {url: 'sqlite:///:memory:'}", "database.url: needs a file: sqlite:///var/gateway.db (relative) or sqlite:////srv/gateway.db (absolute)"),
    ("database: {url: 'postgresql+psycopg://u:geheim@h'}", "database.url: is not of the form postgresql+psycopg://user:password@host:5432/name (odd letters as %XX)"),
    ("files: {path: ''}", "files.path: is empty; it is needed"),
    ("business: {name: }", "business.name: is empty; it is needed"),
    ("business: {dpo_email: me}", 'business.dpo_email: "me" is not an e-mail address'),
    ("business: {hotline: call us}", 'business.hotline: "call us" is not a telephone number'),
    ("business: {policy_url: 'ftp://x'}", 'business.policy_url: "ftp://x" is not a web address, such as https://example.vn/page'),
    ("business: {timezone: Asia/Hochiminh}", 'business.timezone: "Asia/Hochiminh" is not a time zone; did you mean Asia/Ho_Chi_Minh?'),
    ("business: {languages: [vi, fr]}", 'business.languages: "fr" is not one of vi, en'),
    ("business: {languages: []}", "business.languages: is empty; write [vi, en]: the first is the one we begin with"),
    ("business: {domains: [https://a.vn]}", 'business.domains: "https://a.vn" is not a domain, such as example.vn'),
    ("business: {holidays: [2027-02-30]}", 'business.holidays: "2027-02-30" is not a date of the form YYYY-MM-DD'),
    ("business: {holidays: [6/2/2027]}", 'business.holidays: "6/2/2027" is not a date of the form YYYY-MM-DD'),
    ("business: {hours: 24/7}", 'business.hours: "24/7" is neither always nor a block of days such as {mon: ["08:00-12:00"]}'),
    ("business: {hours: {monday: [08:00-12:00]}}", 'business.hours: "monday" is not a day; write mon'),
    ("business: {hours: {t2: [08:00-12:00]}}", f'business.hours: "t2" is not a day; write one of {DAYS}'),
    ("business: {hours: {mon: [08:00]}}", 'business.hours: mon: "08:00" is not a range of hours; write "08:00-12:00"'),
    ("business: {hours: {mon: 8}}", 'business.hours: mon: "8" is not a range of hours; write "08:00-12:00"'),
    ("business: {hours: {mon: [25:00-26:00]}}", 'business.hours: mon: "25:00-26:00" is not a range of hours; write "08:00-12:00"'),
    ("business: {hours: {mon: [22:00-02:00]}}", 'business.hours: mon: "22:00-02:00" ends before it begins; write hours past midnight at the next day'),
    ("business: {hours: {mon: [08:00-12:00, 11:00-13:00]}}", "business.hours: mon: the range from 11:00 begins before the one until 12:00 is over"),
    ("business: {hours: {sun: off}}", "business.hours: no day has working hours; write always, or hours for at least one day"),
    ("conversation: {turn_quiet_ms: 5000}", "conversation.turn_max_ms: 3000 is less than turn_quiet_ms (5000); it is the longest wait of a turn"),
    ("conversation: {bot: maybe}", 'conversation.bot: "maybe" is neither true nor false'),
    ("logging: {level: loud}", 'logging.level: "loud" is not one of debug, info, warning, error'),
    ("business: {name: '${WHO}'}", "business.name: needs the environment variable WHO, which is not set"),
    ("business: {name: '${a b}'}", "business.name: ${a b} is not a variable's name; write ${LIKE_THIS}"),
    # accounts
    ("accounts: {channel: webchat}", "accounts: must be a list of blocks, each beginning with - {channel: …, name: …}"),
    ("accounts: [webchat]", "accounts[#1]: must be a block such as {channel: webchat, name: site}"),
    ("accounts: [{name: a}]", f"accounts[#1].channel: is missing; {HERE}"),
    ("accounts: [{channel: webchat}]", "accounts[#1].name: is missing; write a short name of your own, such as main"),
    ("accounts: [{channel: webchat, name: a__b}]", 'accounts[webchat:a__b].name: "a__b" is not a name (letters, digits, single . _ -, at most 63)'),
    ("accounts: [{channel: telegramm, name: a}]", 'accounts[telegramm:a].channel: "telegramm" is not a channel; did you mean telegram?'),
    ("accounts: [{channel: fax, name: a}]", f'accounts[fax:a].channel: "fax" is not a channel; {HERE}'),
    ("accounts: [{channel: email, name: smtp, host: m.example, sender: a@b.example, username: u, password: ''}]", "accounts[email:smtp].password: is empty; set the environment variable SMTP_PASSWORD (the account's password)"),
    ("accounts: [{channel: webchat, name: a}, {channel: webchat, name: A}]", "accounts[webchat:A].name: is taken by account #1 of this channel"),
    ("accounts: [{channel: webchat, name: a, orgins: []}]", "accounts[webchat:a].orgins: unknown key; did you mean origins?"),
    ("accounts: [{channel: webchat, name: a, origins: [http://a.vn]}]", 'accounts[webchat:a].origins: "http://a.vn" is plain http; beyond this machine it must be https'),
    ("accounts: [{channel: webchat, name: a, limits: {inbound: 1}}]", 'accounts[webchat:a].limits: "inbound" is an unknown key; did you mean inbound_per_s?'),
    ("accounts: [{channel: webchat, name: a, limits: {inbound_per_s: -1}}]", 'accounts[webchat:a].limits: inbound_per_s: "-1" is not a number of calls a second (0 = off)'),
    ("accounts: [{channel: webchat, name: a, test: maybe}]", 'accounts[webchat:a].test: "maybe" is neither true nor false'),
    ("accounts: [{channel: webchat, name: a, origins: ['${SITE}']}]", "accounts[webchat:a].origins: needs the environment variable SITE, which is not set"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_one_line_a_mistake(tmp_path: Path, text: str, line: str) -> None:
    assert refused(tmp_path, text) == [line]


TELEGRAM_MISTAKES = [
    (TELEGRAM % "", {}, "accounts[telegram:main].token: is empty; set the environment variable TELEGRAM_TOKEN (the bot's token from BotFather)"),
    (TELEGRAM % "", {"TELEGRAM_TOKEN": ""}, "accounts[telegram:main].token: is empty; set the environment variable TELEGRAM_TOKEN (the bot's token from BotFather)"),
    ("accounts: [{channel: telegram, name: main, token: ''}]", {}, "accounts[telegram:main].token: is empty; set the environment variable TELEGRAM_TOKEN (the bot's token from BotFather)"),
    ("accounts: [{channel: telegram, name: main}]", {}, "accounts[telegram:main].token: is missing; write token: ${TELEGRAM_TOKEN} and set the environment variable TELEGRAM_TOKEN (the bot's token from BotFather)"),
    ("accounts: [{channel: telegram, name: two, token: '${TWO}'}]", {}, "accounts[telegram:two].token: is empty; set the environment variable TWO (the bot's token from BotFather)"),
    (TELEGRAM % ", receive: webhook", {"TELEGRAM_TOKEN": TOKEN}, "accounts[telegram:main].secret: is empty; set the environment variable TELEGRAM_SECRET (for webhook only: 32 or more of A-Z a-z 0-9 _ -, made by you)"),
    (TELEGRAM % ", receive: carrier", {"TELEGRAM_TOKEN": TOKEN}, 'accounts[telegram:main].receive: "carrier" is not one of polling, webhook'),
    (TELEGRAM % ", api_url: nowhere", {"TELEGRAM_TOKEN": TOKEN}, 'accounts[telegram:main].api_url: "nowhere" is not a web address, such as https://api.example.org'),
    ("accounts: [{channel: telegram, name: a, token: '${T}'}, {channel: telegram, name: b, token: '${T}'}]", {"T": TOKEN}, "accounts[telegram:b].token: is the same as that of accounts[telegram:a]; one account each"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "environ", "line"), TELEGRAM_MISTAKES)
def test_what_a_telegram_account_needs(tmp_path: Path, text: str, environ: dict[str, str], line: str) -> None:
    assert refused(tmp_path, text, environ) == [line]


TWO = "accounts: [{channel: webchat, name: main}, {channel: telegram, name: main, token: '${T}'}, {channel: telegram, name: webchat_main, token: '${U}'}]"
ENVIRONMENT_MISTAKES = [
    ("GATEWAY__SERVER__PROT", "1", "GATEWAY__SERVER__PROT: unknown key; did you mean GATEWAY__SERVER__PORT?"),
    ("GATEWAY__SEVRER__PORT", "1", "GATEWAY__SEVRER__PORT: unknown section; did you mean server?"),
    ("GATEWAY__SERVER", "1", "GATEWAY__SERVER: is not of the form GATEWAY__SECTION__KEY"),
    ("GATEWAY__SERVER__PORT__X", "1", "GATEWAY__SERVER__PORT__X: unknown key; did you mean GATEWAY__SERVER__PORT?"),
    ("GATEWAY__SERVER__METRICS_TOKEN", "short", "server.metrics_token: is shorter than 16 characters"),
    ("GATEWAY__SERVER__PORT", "x", 'server.port: "x" is not a port number (0 to 65535) (from GATEWAY__SERVER__PORT)'),
    ("GATEWAY__ACCOUNTS__nobody__TOKEN", "x", "GATEWAY__ACCOUNTS__nobody__TOKEN: names no account and key (accounts of the file: webchat:main, telegram:main, telegram:webchat_main)"),
    ("GATEWAY__ACCOUNTS__main__TOKN", "x", "GATEWAY__ACCOUNTS__main__TOKN: unknown key; did you mean GATEWAY__ACCOUNTS__main__TOKEN?"),
    ("GATEWAY__ACCOUNTS__main__NAME", "x", "GATEWAY__ACCOUNTS__main__NAME: unknown key"),
    ("GATEWAY__ACCOUNTS__main__BOT", "off", "GATEWAY__ACCOUNTS__main__BOT: fits several accounts; write GATEWAY__ACCOUNTS__WEBCHAT_MAIN__… or GATEWAY__ACCOUNTS__TELEGRAM_MAIN__…"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "line"), ENVIRONMENT_MISTAKES)
def test_mistakes_of_the_environment(tmp_path: Path, name: str, value: str, line: str) -> None:
    assert refused(tmp_path, TWO, {name: value, "T": TOKEN, "U": TOKEN + "2"}) == [line]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    assert refused(tmp_path, "server: {port: x}\nbusiness: {dpo_email: y}\nfoo: 1") == [
        "foo: unknown section",
        'server.port: "x" is not a port number (0 to 65535)',
        'business.dpo_email: "y" is not an e-mail address',
    ]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file; name one with --config FILE"):
        load(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})
    (tmp_path / "latin.yaml").write_bytes("business: {name: Bảo}".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"latin\.yaml line 1: is not UTF-8 text; save the file as UTF-8"):
        load(tmp_path / "latin.yaml", {})


def test_a_windows_editors_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfserver:\r\n  port: 81\r\n")
    assert load(tmp_path / "config.yaml", {}).server.port == 81


def test_loading_is_quick_and_light() -> None:
    def spent() -> float:
        began = time.thread_time()
        load(ROOT / "config.yaml", {})
        return time.thread_time() - began

    assert min(spent() for _ in range(4)) < 0.03
    code = (
        "import sys; from pathlib import Path; from gateway.config import load; load(Path('config.yaml'), {});"
        "print([name for name in ('aiogram', 'aiohttp', 'sqlalchemy', 'pydantic') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
