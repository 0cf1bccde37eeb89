"""Viber through the whole gateway, in this process: the welcome, what may be sent when, files by our addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from channels.contract import OutboundFile, OutboundMessage
from gateway import links
from gateway.demo.standins.viber import FakeViber
from gateway.filestore import FileStore
from gateway.parts import Parts
from storage import files
from tests.channels.samples import FIXTURES
from tests.support import place

ACCOUNT = """{{channel: viber, name: main, token: "${{TOKEN}}", api_url: "{url}"}}"""


class Place(place.Place):
    """A gateway with one bot, and the platform that it speaks to."""

    def __init__(self, parts: Parts, fake: FakeViber) -> None:
        super().__init__(parts)
        self.fake = fake
        fake.webhook.url = f"{self.url}/hooks/viber/main"

    @property
    def awaited(self) -> object:
        return self.fake.webhook.pending

    async def messages(self, thread: str) -> list[tuple[str, ...]]:
        """Direction, kind, status."""
        return await self.said(thread, "direction", "kind", "status")


@pytest.fixture
async def viber(tmp_path: Path) -> AsyncIterator[Place]:
    fake = FakeViber(answer_s=30)
    async with fake.running() as url:
        async with place.gateway(tmp_path, ACCOUNT.format(url=url), {"TOKEN": fake.token}) as parts:
            yield Place(parts, fake)
        assert fake.violations == []


async def test_who_opens_the_chat_is_welcomed_and_only_who_writes_is_written_to(viber: Place) -> None:
    mai = viber.fake.customer("Mai")
    welcome = await mai.open(context="qr-01")
    assert welcome is not None
    assert "chatbot" in welcome["text"]
    await viber.settled()
    assert await viber.messages(mai.id) == [("inbound", "follow", "received")]
    assert viber.fake.sent == []
    await mai.tap("Mua bảo hiểm")
    await viber.settled()
    assert mai.inbox
    assert (await viber.messages(mai.id))[1][:2] == ("inbound", "button")
    for sent in mai.inbox:
        await mai.receive(sent)
    await mai.see(mai.inbox[-1])  # of the newest: the earlier ones were seen before it
    await viber.settled()
    assert {row[2] for row in await viber.messages(mai.id) if row[0] == "outbound"} == {"read"}
    (row,) = await viber.rows("SELECT last_inbound_at FROM conversation")
    assert row.last_inbound_at


async def test_a_switched_off_bot_welcomes_nobody(viber: Place) -> None:
    viber.parts.engine.switches.bot = False
    assert await viber.fake.customer("Lan").open() is None


async def test_every_fixture_is_stored_and_answered(viber: Place) -> None:
    bodies = [path.read_bytes() for path in sorted((FIXTURES / "viber").glob("*.json"))]
    for body in [*bodies, *bodies, b"{", b"[]", b'{"event":"message","message":{}}']:
        done = await viber.fake.webhook.post(viber.fake.webhook.url, {}, body)
        assert done.status == 200, body
    await viber.settled()
    (stat,) = await viber.rows("SELECT * FROM account_stat WHERE account_id = 'viber:main'")
    assert (stat.duplicates, stat.quarantined, stat.rejected, stat.pending) == (len(bodies), 3, 0, 0)
    assert stat.events == stat.messages + stat.receipts + stat.ignored + stat.quarantined
    viber.fake.webhook.token = "another"
    assert (await viber.fake.webhook.post(viber.fake.webhook.url, {}, bodies[0])).status == 401


async def test_a_file_is_fetched_by_its_address_with_the_size_that_was_told(viber: Place) -> None:
    mai = viber.fake.customer("Mai")
    mai.subscribed, mai.session_at = True, viber.fake.clock.now()
    data, key = b"%PDF-1.4 " + b"x" * 5000, files.new_key()
    file_id = await FileStore(viber.parts.config.files.path).put(data, key)
    await viber.parts.store.run(
        lambda tx: files.create(
            tx, file_id=file_id, key=key, name="Hợp đồng.pdf", mime="application/pdf", size=len(data), sha256="0" * 64
        )
    )
    file = OutboundFile(id=file_id, name="Hợp đồng.pdf", mime="application/pdf", size=len(data), data=data)
    adapter, account = viber.parts.adapters["viber"], viber.parts.accounts["viber:main"]
    request = adapter.render(OutboundMessage(id="01", thread=mai.id, file=file), account)
    await viber.parts.clients["viber:main"].call(request)
    sent = await mai.next_message()
    assert (sent.size, sent.file_name) == (len(data), "Hợp đồng.pdf")
    assert sent.media.endswith("/Hop_dong.pdf")
    assert await mai.receive(sent)
    assert await viber.fake.webhook.get(sent.media) == data
    await viber.parts.store.run(lambda tx: files.delete(tx, file_id))
    assert await viber.fake.webhook.get(sent.media) is None
    async with aiohttp.ClientSession() as session, session.get(sent.media.replace("Hop_dong", "other")) as answer:
        assert answer.status == 404


def test_an_address_is_good_for_its_file_its_name_and_its_time() -> None:
    key, file_id = b"k" * 32, "0123456789abcdefghijklmnop"
    token, name = links.path(key, file_id, "a.pdf", 1000).split("/")[2:]
    assert links.opened(key, token, name, 999.0) == file_id
    assert links.opened(key, token, name, 1000.0) == ""
    assert links.opened(b"x" * 32, token, name, 0) == ""
    assert links.opened(key, token, "a.exe", 0) == ""
    assert links.opened(key, token.replace(".1000.", ".9999."), name, 0) == ""
    for junk in ("", "a", "../../etc/passwd", token + "0", "đ" * 90):
        assert links.opened(key, junk, name, 0) == ""
