"""The whole gateway in this process with people at its desk: customers who write on any channel, advisors with passwords."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from channels.contract import InboundEvent, Kind, Profile
from gateway.api.service import API
from gateway.api.signin import SignIn
from gateway.app import application, compose, start, stop
from gateway.config import load
from gateway.parts import Clock, Parts
from handlers.model import Advisor
from storage import advisors
from storage.passwords import Hasher
from tests.support import tables
from tests.support.calm import calm
from tests.support.ports import free_port
from tests.support.waits import rest

PASSWORD: Final = "mot cau de nho lam"
CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "{database}"}}
conversation: {{turn_quiet_ms: 0, turn_max_ms: 0}}
limits: {{disk_free_mb: 0, disk_free_percent: 0}}
business:
  name: IBAOHIEM
  legal_name: Công ty TNHH Đại lý Bảo hiểm IBAOHIEM (thử)
  address: 1 Lê Lợi, TP. Hồ Chí Minh
  hotline: "1900 6868"
  dpo_email: dulieu@ibaohiem.example
  policy_url: https://ibaohiem.example/chinh-sach
  product_url: https://ibaohiem.example/san-pham
  agency_code: DL-00123
  domains: [ibaohiem.example]
  hours: always
accounts:
  - {{channel: webchat, name: site}}
  - {{channel: telegram, name: main, token: "${{TELEGRAM_TOKEN}}", secret: "${{TELEGRAM_SECRET}}", receive: webhook,
     limits: {{outbound_per_s: 0, per_chat_per_s: 0}}}}
"""
SECRETS: Final = {"TELEGRAM_TOKEN": "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi", "TELEGRAM_SECRET": "s" * 40}


class Platform:
    """A platform that takes everything. `sent` -- what it took; `faults` -- raised instead, one a call."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.faults: list[Exception] = []
        self._numbers = itertools.count(1)

    async def call(self, request: Any) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(request)
        return f"sent-{next(self._numbers)}"

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None: ...


class Office:
    """`async with Office(folder) as office:`"""

    def __init__(
        self, folder: Path, *, database: str = "", config: str = CONFIG, secrets: Mapping[str, str] = SECRETS
    ) -> None:
        self.folder = folder
        self._secrets = secrets
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        text = config.format(port=self.port, database=database or "sqlite:///gateway.db")
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        self.platforms: dict[str, Platform] = {}
        self._numbers = itertools.count(1)
        self.parts: Parts
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        parts = self.parts = compose(load(self.folder / "config.yaml", self._secrets), clock=Clock())
        parts.adapters = {name: replace(adapter, client=None) for name, adapter in parts.adapters.items()}
        for account in parts.accounts.values():
            if account.channel != "webchat":
                platform = self.platforms.setdefault(account.channel, Platform())
                parts.clients[account.id] = platform
        app = application(parts)
        # an expensive hash is for those who steal the table; what it must cost is proven where it lives
        app[API].sign_in = SignIn(parts, Hasher(parts.store.keys, memory_kib=64))
        tables.lay(parts.store)
        calm(parts)
        await start(parts)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def down(self) -> None:
        await self._runner.cleanup()
        await stop(self.parts)

    # ---- people of ours

    async def hire(self, name: str, role: str = "advisor", *, email: str = "", password: str = PASSWORD) -> Advisor:
        """Somebody who signs in with `email` (made of his name when it is not given)."""
        address = email or f"{name.rsplit(maxsplit=1)[-1].lower()}@ibaohiem.example"
        hashed = Hasher(self.parts.store.keys, memory_kib=64).hash(password)
        person = await self.parts.store.run(
            lambda tx: advisors.create(tx, name=name, role=role, email=address, password_hash=hashed, by="test")
        )
        assert person is not None
        return Advisor(id=person.id, name=name, role=role)

    async def act(self, conversation_id: str, name: str, by: Advisor, **data: Any) -> None:
        await self.parts.act(conversation_id, name, by=by, data=data)

    # ---- customers

    async def say(self, thread: str, text: str = "", *, channel: str = "telegram", name: str = "", **more: Any) -> None:
        """A customer's words reach us and are thought about."""
        number = next(self._numbers)
        account = next(account for account in self.parts.accounts.values() if account.channel == channel)
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
            "profile": Profile(name=name) if name else None,
        }
        await self.parts.ingest(account, [InboundEvent(**{**values, **more})])

    async def settled(self) -> None:
        """Until nothing is left to think or to send."""
        await rest(self.parts.store)

    async def customer(self, thread: str, *said: str, name: str = "", channel: str = "telegram") -> str:
        """A conversation in which the customer said this, one turn each; a line `[x]` taps the button x. Its id."""
        for words in said or ("Chào shop",):
            if words.startswith("[") and words.endswith("]"):
                await self.say(thread, words[1:-1], kind=Kind.BUTTON, payload=words[1:-1], channel=channel)
            else:
                await self.say(thread, words, name=name, channel=channel)
            await self.settled()
        found = await self.parts.store.read(
            lambda tx: tx.value(
                "SELECT conversation_id FROM contact_point WHERE thread = :thread AND account_id LIKE :channel",
                thread=thread,
                channel=f"{channel}:%",
            )
        )
        assert found
        return str(found)

    async def lead(
        self, thread: str, person: str = "Nguyễn Văn Hùng", phone: str = "0912 345 678", *, channel: str = "telegram"
    ) -> str:
        """A customer in the queue, with everything asked and answered."""
        return await self.customer(
            thread,
            "Chào shop, mình muốn mua bảo hiểm ô tô",
            "[c1:yes]",
            f"Mình tên {person}, số {phone}",
            "gặp tư vấn viên",
            name=person.rsplit(maxsplit=1)[-1],
            channel=channel,
        )
