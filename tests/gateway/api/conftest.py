"""A gateway that serves only its API, on a real socket, with customers who write on Telegram and web chat."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.contract import Adapter, InboundEvent, InboundFile, Kind, Profile
from gateway import api, app
from gateway.api.service import Api
from gateway.api.signin import SignIn
from gateway.config import load
from gateway.parts import PARTS, Clock, Parts
from storage import search, tokens
from storage.passwords import Hasher
from tests.support import tables
from tests.support.calm import calm
from tests.support.waits import rest

CONFIG = """
conversation: {turn_quiet_ms: 0, turn_max_ms: 0}
business: {hours: always}
accounts:
  - {channel: webchat, name: site}
  - {channel: telegram, name: main, token: "${TELEGRAM_TOKEN}", secret: "${TELEGRAM_SECRET}", receive: webhook,
     limits: {outbound_per_s: 0, per_chat_per_s: 0}}
"""
SECRETS = {"TELEGRAM_TOKEN": "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi", "TELEGRAM_SECRET": "s" * 40}
ROLES = ("admin", "supervisor", "intake", "advisor", "dpo", "integration")


class FakeClient:
    """Takes everything; what it took is in `sent`."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.numbers = itertools.count(1)

    async def call(self, request: Any) -> str:
        self.sent.append(request)
        return f"sent-{next(self.numbers)}"

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None: ...


@dataclass(slots=True)
class Caller:
    """Somebody with a token. Each call answers (status, body)."""

    session: ClientSession
    base: str
    token: str
    id: str
    name: str
    role: str

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        async with self.session.request(method, self.base + path, json=json, headers=headers, **more) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.read()

    async def get(self, path: str, **params: Any) -> Any:
        status, body = await self("GET", path, params=params)
        assert status == 200, body
        return body

    async def post(self, path: str, json: Any = None, **more: Any) -> Any:
        status, body = await self("POST", path, json, **more)
        assert status in (200, 201, 202), body
        return body


@dataclass(slots=True)
class House:
    """The gateway under test. `say` a customer's words, `as_role` a caller with a fresh token."""

    parts: Parts
    api: Api
    session: ClientSession
    url: str
    clients: dict[str, FakeClient]
    callers: dict[str, Caller] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def as_role(self, role: str, name: str = "") -> Caller:
        name = name or role
        if name not in self.callers:
            secret = tokens.new_secret()
            made = await self.parts.store.run(lambda tx: tokens.create(tx, secret, name=name, role=role, by="test"))
            self.callers[name] = Caller(self.session, f"{self.url}/api/v1", secret, made.advisor_id, name, role)
        return self.callers[name]

    async def say(self, thread: str, text: str = "", *, channel: str = "telegram", **more: Any) -> None:
        number = next(self.numbers)
        account = self.parts.accounts[f"{channel}:{'main' if channel == 'telegram' else 'site'}"]
        values: dict[str, Any] = {
            "channel": channel,
            "account": account.name,
            "key": f"k{number}",
            "kind": Kind.TEXT,
            "thread": thread,
            "said_at": datetime.now(UTC),
            "raw": b"{}",
            "external_id": f"x{number}",
            "text": text,
            "profile": Profile(name="Bé Ba"),
        }
        await self.parts.ingest(account, [InboundEvent(**{**values, **more})])

    async def settled(self) -> None:
        """Until nothing is left to think or to send."""
        await rest(self.parts.store)

    async def conversation(self, thread: str, *, lead: bool = False, channel: str = "telegram") -> str:
        """A conversation of this thread; `lead` -- through consent up to the queue. Its id."""
        await self.say(thread, "Chào shop, mình muốn mua bảo hiểm ô tô", channel=channel)
        await self.settled()
        if lead:
            await self.say(thread, kind=Kind.BUTTON, payload="c1:yes", text="Tôi đồng ý", channel=channel)
            await self.settled()
            for text in ("Mình tên Nguyễn Văn Hùng, số 0912 345 678", "gặp tư vấn viên"):
                await self.say(thread, text, channel=channel)
                await self.settled()
        account = f"{channel}:{'main' if channel == 'telegram' else 'site'}"
        found = await self.parts.store.read(
            lambda tx: tx.value(
                "SELECT conversation_id FROM contact_point WHERE account_id = :a AND thread = :t", a=account, t=thread
            )
        )
        assert found
        return str(found)

    async def indexed(self) -> None:
        while await self.parts.store.run(search.index):
            pass


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "config.yaml"
    file.write_text(f'{CONFIG}database: {{url: "{database_url}"}}\n', encoding="utf-8")
    parts = app.compose(load(file, SECRETS), clock=Clock())
    parts.adapters = {name: _mute(adapter) for name, adapter in parts.adapters.items()}
    clients = {account_id: FakeClient() for account_id in parts.accounts}
    parts.clients.update(clients)
    root = web.Application()
    root[PARTS] = parts
    mounted = api.mount(root, parts)
    mounted.sign_in = SignIn(parts, Hasher(parts.store.keys, memory_kib=64))  # as slow as it must be elsewhere
    server = TestServer(root)
    tables.lay(parts.store)
    calm(parts)
    try:
        await app.start(parts)
        await server.start_server(auto_decompress=False)
        async with ClientSession() as session:
            yield House(parts, mounted, session, str(server.make_url("")).rstrip("/"), clients)
    finally:
        await server.close()
        await app.stop(parts)


@pytest.fixture
def by_hand(house: House) -> None:
    """What the gateway does every few seconds, the test does, and nobody has done it before him."""
    house.parts.ticker.pause()


def _mute(adapter: Adapter) -> Adapter:
    return replace(adapter, client=None)


def photo(name: str = "anh.jpg") -> tuple[InboundFile, ...]:
    return (InboundFile(kind=Kind.IMAGE, source="file-1", name=name, mime="image/jpeg", size=12),)


def fields_of(body: Mapping[str, Any]) -> set[str]:
    return set(body["error"].get("fields", {}))
