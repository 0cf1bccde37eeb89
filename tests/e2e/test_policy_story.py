"""The whole story, thin: asked for, sold, the certificate in the customer's hands, and how it was. The gateway is
started anew between any two chapters, and the platforms' own record says what the customers saw."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from fpdf import FPDF

from gateway import process
from gateway.config import load
from gateway.demo.standins.telegram import Customer, FakeTelegram
from gateway.parts import Clock, Parts
from storage import tokens
from tests.support.calm import calm
from tests.support.ports import free_port
from tests.support.webchat import Guest

PATIENCE: Final = 60.0  # the scheduler looks every 5 s
DAY_MS: Final = 86_400_000
ZONE_MS: Final = 7 * 3_600_000
CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "{database}"}}
conversation: {{turn_quiet_ms: 0, turn_max_ms: 0}}
business: {{name: IBAOHIEM, legal_name: IBAOHIEM, address: Hà Nội, hotline: "1900 0000", dpo_email: dpo@example.com,
  policy_url: "https://example.com/p", product_url: "https://example.com/s", agency_code: X1, hours: always}}
limits: {{disk_free_mb: 0, disk_free_percent: 0}}
accounts:
  - {{channel: webchat, name: site}}
  - {{channel: telegram, name: main, token: "${{TELEGRAM_TOKEN}}", receive: polling, api_url: "{api}", limits: {{outbound_per_s: 0, per_chat_per_s: 0}}}}
"""
CHECK, SURVEY, NUMBER = "đã tới nơi chưa", "từ 1 đến 5", "XM/2026-000123"


@dataclass(slots=True)
class House:
    """The gateway with everything in it, one process, many lives. `clock` runs on through all of them."""

    folder: Path
    fake: FakeTelegram
    database: str
    clock: Clock = field(default_factory=Clock)
    port: int = field(default_factory=free_port)
    token: str = ""
    parts: Parts = field(init=False)
    session: aiohttp.ClientSession = field(init=False)
    life: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        file = self.folder / "config.yaml"
        file.write_text(CONFIG.format(port=self.port, database=self.database, api=self.fake.url), encoding="utf-8")
        config = load(file, {"TELEGRAM_TOKEN": self.fake.token})
        self.parts = await self.life.enter_async_context(process.running(config, clock=self.clock))
        calm(self.parts)
        self.session = await self.life.enter_async_context(aiohttp.ClientSession())
        if not self.token:
            secret = tokens.new_secret()
            await self.parts.store.run(lambda tx: tokens.create(tx, secret, name="Mai", role="integration", by="test"))
            self.token = secret

    async def down(self) -> None:
        await self.life.aclose()

    async def again(self) -> None:
        await self.down()
        await self.up()

    async def api(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(
            method, f"{self.url}/api/v1{path}", json=body, headers=headers, **more
        ) as answer:
            told = await answer.json()
            assert answer.status < 300, (path, answer.status, told)
            return told

    def later(self, days: int, hour: int) -> None:
        """At this hour in Viet Nam, so many days on."""
        local = self.clock.ms() + ZONE_MS
        then = local - local % DAY_MS + days * DAY_MS + hour * 3_600_000 - ZONE_MS
        self.clock.offset_ms += then - self.clock.ms()

    async def until(self, ready: Callable[[], Any]) -> Any:
        """What `ready` (a coroutine function) answers at last."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await ready()):  # noqa: ASYNC110 -- asked over HTTP, as anybody outside would
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    fake = FakeTelegram()
    async with fake.running():
        made = House(tmp_path, fake, database_url)
        made.later(days=1, hour=9)
        await made.up()
        try:
            yield made
        finally:
            await made.down()


# ---- the advisor


async def conversation_of(house: House, channel: str, thread: str) -> str:
    async def found() -> str:
        items = (await house.api("GET", "/conversations", params={"channel": channel, "thread": thread}))["items"]
        return next((each["id"] for each in items if each["slots"].get("phone")), "")

    return str(await house.until(found))


def certificate() -> bytes:
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", size=20)
    paper.cell(text=f"GCN {NUMBER}")
    return bytes(paper.output())


async def sell(house: House, conversation: str, data: bytes) -> dict[str, Any]:
    """Taken over, uploaded, registered."""
    await house.api("POST", f"/conversations/{conversation}/take", {})
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(data), filename="Giấy chứng nhận.pdf", content_type="application/pdf")
    form.add_field("conversation_id", conversation)
    file = await house.api("POST", "/files", data=form)
    today = (datetime.fromtimestamp(house.clock.ms() / 1000, UTC) + timedelta(hours=7)).date()
    policy = {
        "conversation_id": conversation,
        "insurer": "Hãng Mẫu",
        "product": "tnds_xe_may",
        "number": NUMBER,
        "starts_on": today.isoformat(),
        "ends_on": date(today.year + 1, today.month, min(today.day, 28)).isoformat(),
        "premium": 66_000,
        "document_id": file["id"],
    }
    made: dict[str, Any] = await house.api("POST", "/policies", policy)
    assert made["state"] == "issued"
    return made


async def delivery(house: House, policy: str, state: str) -> dict[str, Any]:
    async def reached() -> Any:
        (way,) = (await house.api("GET", f"/policies/{policy}/deliveries"))["items"]
        return way if way["state"] == state else None

    found: dict[str, Any] = await house.until(reached)
    return found


async def answered(house: House, policy: str, kind: str, *, with_words: bool = False) -> dict[str, Any]:
    async def come() -> Any:
        items = (await house.api("GET", "/care", params={"policy": policy, "state": "answered"}))["items"]
        return next((each for each in items if each["kind"] == kind and (each["comment"] or not with_words)), None)

    found: dict[str, Any] = await house.until(come)
    return found


async def at_rest(house: House) -> None:
    """Nothing is to be thought or sent any more."""

    async def nothing() -> bool:
        return not await house.parts.store.read(
            lambda tx: (
                tx.value("SELECT COUNT(*) FROM inbox_event WHERE state = 'new'")
                + tx.value("SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending', 'retry_wait')")
            )
        )

    await house.until(nothing)


# ---- on Telegram


async def hears(lan: Customer, words: str) -> Any:
    """The next message with these words, whatever comes before it."""
    while True:
        sent = await lan.next_message(timeout=PATIENCE)
        if words in sent.text:
            return sent


async def test_on_telegram(house: House) -> None:
    lan = house.fake.customer(first_name="Lan")
    await lan.say("em ơi chị muốn mua bảo hiểm xe máy")
    await hears(lan, "xin phép")
    await lan.tap("Tôi đồng ý")
    await hears(lan, "tên")
    await lan.say("Chị tên Trần Thị Lan, số 0912 345 678, gọi lúc nào cũng được")
    await at_rest(house)
    await house.again()

    conversation = await conversation_of(house, "telegram", str(lan.id))
    data = certificate()
    policy = await sell(house, conversation, data)
    await house.again()
    await house.api("POST", f"/policies/{policy['id']}/deliver", {"means": "chat"})
    told = await hears(lan, NUMBER)
    paper = await lan.next_message(timeout=PATIENCE)
    assert "Hãng Mẫu" in told.text
    assert paper.file is not None
    assert (paper.file.content, paper.file.mime) == (data, "application/pdf")
    sent = await delivery(house, policy["id"], "sent")
    assert sent["document_sha256"] == hashlib.sha256(data).hexdigest()
    await house.api("POST", f"/conversations/{conversation}/close", {"outcome": "won"})
    await at_rest(house)

    await house.down()
    house.later(days=1, hour=11)
    await house.up()
    asked = await hears(lan, CHECK)
    assert asked.buttons[0] == "Đã nhận được"
    await house.again()
    await lan.say("dạ chị nhận được rồi em, thông tin đúng hết")
    assert (await answered(house, policy["id"], "received"))["answer"] == "received"
    assert (await delivery(house, policy["id"], "confirmed"))["confirmed_at"]

    await house.down()
    house.later(days=7, hour=12)
    await house.up()
    await hears(lan, SURVEY)
    await house.again()
    await lan.tap("2 - Chưa tốt")
    task = await answered(house, policy["id"], "survey")
    assert task["answer"] == "2"
    seen = await house.api("GET", f"/conversations/{conversation}")
    assert (seen["status"], seen["handoff"]["reason"]) == ("waiting", "complaint")
    assert {"care:received", "csat:2"} <= set(seen["labels"])
    await at_rest(house)

    proof = await house.api("GET", f"/policies/{policy['id']}/proof")
    (way,) = proof["deliveries"]
    assert way["external_id"]
    assert str(paper.message_id) in way["external_id"]
    assert (way["thread"], way["confirmation"]["route"]) == (str(lan.id), "telegram:main")
    words = [each.text for each in lan.inbox]
    assert [sum(part in text for text in words) for part in (NUMBER + ", hiệu lực", CHECK, SURVEY)] == [1, 1, 1]
    assert sum(each.file is not None for each in lan.inbox) == 1
    assert house.fake.violations == []


# ---- on the web chat


@asynccontextmanager
async def page(session: aiohttp.ClientSession, house: House, guest: Guest | None) -> AsyncIterator[Guest]:
    """The visitor's page, open; what it knew before it knows again."""
    here = await Guest.new(session, house.url) if guest is None else guest.again()
    if guest is not None:
        here.frames.extend(guest.messages)
    await here.connect(after=max((frame["seq"] for frame in here.messages), default=0))
    try:
        yield here
    finally:
        await here.leave()


async def says(guest: Guest, words: str) -> dict[str, Any]:
    return await guest.wait(
        lambda frame: frame["type"] == "message" and frame["author"] != "customer" and words in frame["text"],
        patience=PATIENCE,
    )


async def tap(guest: Guest, label: str) -> None:
    """The newest button of this name."""
    import secrets

    button = next(each for frame in reversed(guest.messages) for each in frame["buttons"] if each["label"] == label)
    await guest.send({"type": "tap", "id": secrets.token_hex(16), "payload": button["id"], "label": label})


async def test_on_the_web_chat(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        async with page(session, house, None) as guest:
            await guest.say("mình muốn mua bảo hiểm xe máy")
            await says(guest, "xin phép")
            await tap(guest, "Tôi đồng ý")
            await says(guest, "tên")
            await guest.say("Mình tên Lê Văn Minh, số 0987 654 321, gọi lúc nào cũng được")
            await at_rest(house)
        conversation = await conversation_of(house, "webchat", guest.thread)
        data = certificate()
        policy = await sell(house, conversation, data)
        await house.again()
        await house.api("POST", f"/policies/{policy['id']}/deliver", {"means": "chat"})
        await delivery(house, policy["id"], "sent")
        await house.again()

        async with page(session, house, guest) as guest:
            frame = await guest.wait(
                lambda frame: frame["type"] == "message" and bool(frame["attachments"]), patience=PATIENCE
            )
            url = house.url + frame["attachments"][0]["url"]
            async with session.get(url, headers={"X-Chat-Token": guest.token}) as answer:
                assert (answer.status, await answer.read()) == (200, data)
            await delivery(house, policy["id"], "delivered")
            await guest.send({"type": "seen", "seq": frame["seq"]})
            await at_rest(house)
        assert (await house.api("GET", f"/policies/{policy['id']}"))["delivered_at"]
        await house.api("POST", f"/conversations/{conversation}/close", {"outcome": "won"})
        await at_rest(house)

        await house.down()
        house.later(days=1, hour=11)
        await house.up()
        async with page(session, house, guest) as guest:
            await says(guest, CHECK)
            await tap(guest, "Đã nhận được")
            assert (await answered(house, policy["id"], "received"))["answer"] == "received"
        await house.down()
        house.later(days=7, hour=12)
        await house.up()
        async with page(session, house, guest) as guest:
            await says(guest, SURVEY)
            await guest.say("5 sao")
            await says(guest, "điều gì")
            await guest.say("tư vấn nhiệt tình lắm")
            await says(guest, "luôn bình an")
            await at_rest(house)
        task = await answered(house, policy["id"], "survey", with_words=True)
        assert (task["answer"], task["comment"]) == ("5", "tư vấn nhiệt tình lắm")
        words = [frame["text"] for frame in guest.messages if frame["author"] != "customer"]
        assert [sum(part in text for text in words) for part in (NUMBER + ", hiệu lực", CHECK, SURVEY)] == [1, 1, 1]
        assert sum(bool(frame["attachments"]) for frame in guest.messages) == 1
