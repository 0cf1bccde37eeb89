"""A new channel is a module and a line in the registry: it receives, converses, sends and gets receipts, end to end, and
nothing that decides or stores knows its name."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels import registry
from channels.contract import Account
from gateway.config import load
from gateway.parts import Parts
from gateway.process import running
from handlers.model import Advisor
from storage import advisors
from storage.outbox import IS_OPEN
from tests.channels import toy
from tests.support.waits import until

ROOT = Path(__file__).parents[2]
CONFIG = """
server: {host: 127.0.0.1, port: 0}
database: {url: "sqlite:///gateway.db"}
conversation: {turn_quiet_ms: 0, turn_max_ms: 0}
limits: {disk_free_mb: 0, disk_free_percent: 0}
business: {name: IBAOHIEM, legal_name: IBAOHIEM (thử), address: 1 Lê Lợi, hotline: "1900 6868", dpo_email: a@b.example,
  policy_url: "https://a.example/p", product_url: "https://a.example/s", agency_code: DL-1, hours: always}
accounts: [{channel: webchat, name: site}]
"""


class Messenger:
    """Carries notes both ways, says when they were carried and opened, and checks what it is given."""

    def __init__(self) -> None:
        self.notes: dict[str, list[dict[str, Any]]] = defaultdict(list)  # by whom they are for
        self.answers: list[int] = []  # statuses of the next calls, before it works again
        self.account = Account(channel="toy", name="main")
        self.hook = ""
        self._numbers = itertools.count(1)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get(toy.HEADER) != toy.mac(self.account, body):
            return web.Response(status=401)
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        note = json.loads(body)
        assert len(note["words"]) <= 200
        assert len(note["boxes"]) <= 6
        note["no"] = str(next(self._numbers))
        self.notes[note["to"]].append(note)
        return web.json_response({"no": note["no"]})

    async def bring(self, *notes: dict[str, Any], forged: bool = False) -> int:
        body = json.dumps(
            {"notes": [{"no": str(next(self._numbers)), "at": 1_795_000_000, **note} for note in notes]}
        ).encode()
        headers = {toy.HEADER: "0" * 64 if forged else toy.mac(self.account, body)}
        async with aiohttp.ClientSession() as session, session.post(self.hook, data=body, headers=headers) as answer:
            return answer.status


class House:
    def __init__(self, parts: Parts, messenger: Messenger) -> None:
        self.parts, self.messenger = parts, messenger

    async def say(self, words: str = "", *, box: str = "") -> list[dict[str, Any]]:
        """The customer's words or tick; every note that he holds once it is thought about and answered."""
        what = "tick" if box else "note"
        assert (
            await self.messenger.bring({"what": what, "from": "77", "name": "Lan", "words": words, "box": box}) == 200
        )
        return await self.settled()

    async def settled(self) -> list[dict[str, Any]]:
        await self.comes("SELECT COUNT(*) FROM inbox_event WHERE state = 'new'", 0)
        await self.comes(f"SELECT COUNT(*) FROM outbox WHERE {IS_OPEN}", 0)
        return self.messenger.notes["77"]

    async def comes(self, sql: str, wanted: Any, **binds: Any) -> None:
        async def found() -> bool:
            return bool(await self.value(sql, **binds) == wanted)

        await until(found, patience=60)

    async def value(self, sql: str, **binds: Any) -> Any:
        return await self.parts.store.read(lambda tx: tx.value(sql, **binds))


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setitem(registry.MODULES, "toy", "tests.channels.toy")  # its line
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    messenger, app = Messenger(), web.Application()
    app.router.add_post("/notes", messenger.take)
    async with TestServer(app) as server:
        messenger.account = replace(
            messenger.account, settings={"seal": "wax", "api_url": str(server.make_url("")).rstrip("/")}
        )
        config = replace(load(tmp_path / "config.yaml", {}), accounts=(messenger.account,))
        async with running(config) as parts:
            messenger.hook = f"{parts.config.public_url}/hooks/toy/main"
            yield House(parts, messenger)


async def test_a_whole_conversation(house: House) -> None:
    notes = await house.say("chào shop, mình muốn mua bảo hiểm ô tô")
    assert {box["box"] for box in notes[-1]["boxes"]} >= {"c1:yes", "c1:no"}
    await house.say(box="c1:yes")
    await house.say("Mình tên Nguyễn Thị Lan, số 0912 345 678")
    await house.say("gặp tư vấn viên")
    conversation = await house.value("SELECT id FROM conversation WHERE channel = 'toy' AND status = 'waiting'")
    made = await house.parts.store.run(lambda tx: advisors.create(tx, name="Trần Mai", role="advisor", by="test"))
    assert made is not None
    mai = Advisor(id=made.id, name=made.name, role=made.role)
    await house.parts.act(conversation, "take", by=mai)
    await house.parts.act(conversation, "reply", by=mai, data={"text": "Chị gọi em trong 5 phút nữa nhé"})
    note = (await house.settled())[-1]
    assert note["words"] == "Chị gọi em trong 5 phút nữa nhé"
    status = "SELECT status FROM message WHERE external_id = :no"
    for what, wanted in (("carried", "delivered"), ("opened", "read"), ("carried", "read")):
        assert await house.messenger.bring({"what": what, "from": "77", "of": note["no"]}) == 200
        await house.settled()
        await house.comes(status, wanted, no=note["no"])
    said = [each["words"] for each in house.messenger.notes["77"]]
    assert len(said) == len(set(said)), "nothing twice"
    assert await house.value("SELECT COUNT(*) FROM inbox_event WHERE state NOT IN ('done', 'ignored')") == 0


async def test_forged_repeated_unreadable_and_unknown_notes(house: House) -> None:
    note = {"what": "note", "from": "77", "words": "chào shop", "no": "n1"}
    assert await house.messenger.bring(note, forged=True) == 401
    assert [await house.messenger.bring(note) for _ in range(3)] == [200] * 3
    assert await house.messenger.bring({"what": "paper plane", "from": "77", "no": "n2"}) == 200
    assert await house.messenger.bring({"what": "note"}) == 200
    await house.comes("SELECT COUNT(*) FROM message WHERE direction = 'inbound'", 2)
    assert await house.value("SELECT COUNT(*) FROM inbox_event WHERE state = 'quarantined'") == 1
    assert await house.value("SELECT duplicates FROM account_stat WHERE account_id = 'toy:main'") == 2


async def test_a_messenger_who_is_away_or_in_a_hurry_is_asked_again(house: House) -> None:
    house.messenger.answers = [503, 429]
    notes = await house.say("chào shop")
    assert house.messenger.answers == []
    outcomes = await house.parts.store.read(lambda tx: tx.all("SELECT outcome FROM attempt ORDER BY id LIMIT 3"))
    assert [row.outcome for row in outcomes] == ["retry_wait", "throttled", "sent"]
    words = [note["words"] for note in notes]
    assert len(words) == len(set(words))


def test_what_decides_and_stores_does_not_know_it() -> None:
    for package in ("handlers", "storage", "gateway", "scheduler", "channels"):
        for path in (ROOT / package).rglob("*.py"):
            assert "toy" not in path.read_text(encoding="utf-8").lower().replace("toyota", ""), path
