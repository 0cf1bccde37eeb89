"""The demonstration's own house: a throw-away folder, a configuration and keys made in it, people who may come in.

Nothing of a real installation is touched: the environment's overrides are not read, no account of the given
configuration is opened, only what it says of the agency is said here too.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.accounts import CHANNELS
from gateway.admin import admin
from gateway.config import Agency, Config, load

HOST: Final = "127.0.0.1"
PORT: Final = 8080
SUPERVISOR: Final = ("truongnhom@ibaohiem.example", "Phạm Thu")
ADVISOR: Final = ("minhanh@ibaohiem.example", "Nguyễn Minh Anh", "DEMO-0042")
FORMS: Final = "ladipage"
CALLS: Final = "tongdai"
AGENCY: Final = Agency(
    legal_name="Công ty IBAOHIEM (bản chạy thử)",
    address="Số 1 đường Ví Dụ, Hà Nội (bản chạy thử)",
    hotline="1900 0000",
    dpo_email="dpo@ibaohiem.example",
    policy_url="https://ibaohiem.example/quyen-rieng-tu",
    product_url="https://ibaohiem.example/san-pham",
    agency_code="DEMO-0000",
    domains=("ibaohiem.example",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who was let in through the administrator's door. `token` -- an integration's, it acts for the advisor."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    advisor_id: str
    advisor_name: str


def agency(path: Path | None) -> Agency:
    """What the given configuration says of the agency, or the demonstration's own values. Always open: the story is
    the same at any hour. Raises ConfigError."""
    found = load(path, os.environ).agency if path is not None else AGENCY
    return replace(found, hours=None)


def furnish(
    folder: Path, *, platforms: Iterable[Mapping[str, Any]], about: Agency, port: int | None, quick: bool
) -> Config:
    """Write the configuration and read it. `platforms` -- accounts at the stand-ins; `quick` -- no waiting for bubbles.
    Its accounts are test accounts: what they bring is marked as such, and the wall, where all are, counts it. Raises ConfigError."""
    quiet = 150 if quick else 800
    tree: dict[str, Any] = {
        "server": {"host": HOST, "port": free_port() if port is None else port},
        "database": {"url": "sqlite:///gateway.db"},
        "files": {"path": "files"},
        "keys": {"path": "keys"},
        "business": _told(about),
        "conversation": {"turn_quiet_ms": quiet, "turn_max_ms": max(quiet, 3000)},
        "logging": {"level": "info", "format": "json"},
        "limits": {"disk_free_mb": 0, "disk_free_percent": 0},
        "accounts": [
            {"channel": "webchat", "name": "site"},
            *map(dict, platforms),
            {"channel": "leads", "name": FORMS, "secret": secrets.token_urlsafe(32)},
            {"channel": "hotline", "name": CALLS, "secret": secrets.token_urlsafe(32)},
        ],
    }
    path, environ = folder / "config.yaml", _put_away(tree["accounts"])
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=1000), encoding="utf-8")
    config = load(path, environ)
    accounts = tuple(replace(one, settings={**one.settings, "test": True}) for one in config.accounts)
    return replace(config, accounts=accounts)


def _put_away(accounts: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Secrets stand in no file: they are taken out of the accounts into an environment of their own."""
    environ: dict[str, str] = {}
    for account in accounts:
        for name, known in CHANNELS[account["channel"]].items():
            if known.secret and account.get(name):
                variable = f"{account['channel']}_{account['name']}_{name}".upper()
                environ[variable], account[name] = account[name], f"${{{variable}}}"
    return environ


def _told(about: Agency) -> Mapping[str, Any]:
    values = {item.name: getattr(about, item.name) for item in dataclasses.fields(about)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**plain, "hours": "always", "holidays": []}


def free_port() -> int:
    """The usual port, or any other (0) when somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            return 0
    return PORT


async def let_in(config: Config) -> People:
    """Accounts made as `gateway user add` and `gateway token add` make them."""
    async with admin(config) as call:
        email, name = SUPERVISOR
        boss = await call("POST", "/users", {"email": email, "name": name, "role": "supervisor"})
        email, name, code = ADVISOR
        advisor = await call("POST", "/users", {"email": email, "name": name, "role": "advisor", "agent_code": code})
        token = await call("POST", "/tokens", {"name": "demo", "role": "integration"})
    return People(
        email=boss["email"],
        password=boss["password"],
        token=token["token"],
        advisor_id=advisor["id"],
        advisor_name=advisor["name"],
    )
