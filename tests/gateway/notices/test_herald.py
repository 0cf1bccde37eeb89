"""The whole gateway, people at its desk, browsers, a mailbox and a group: who hears of a customer, and what when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.contract import Retryable
from channels.email.letter import Post
from gateway.notices import push
from handlers import schedule
from handlers.model import Advisor
from storage import listeners, notices, teams, tellings
from storage.listeners import KINDS, Wishes
from tests.support.desk import CONFIG, SECRETS, Office
from tests.support.pushservice import Browser, PushService

MAIL = """  - {{channel: email, name: smtp, host: 127.0.0.1, port: 2525, tls: none, sender: "IBAOHIEM <hello@ibaohiem.example>"}}
notices: {{patience_s: 5, on_call: [truc@ibaohiem.example], groups: ["telegram:main/-100777"], push_services: ["{push}"]}}
"""
PLAIN = 'notices: {{patience_s: 5, push_services: ["{push}"]}}\n'


class Mailbox:
    """An e-mail account whose every letter arrives, unless told otherwise."""

    def __init__(self) -> None:
        self.letters: list[Post] = []
        self.broken = False

    async def post(self, letter: Post) -> None:
        if self.broken:
            raise Retryable("no connection")
        self.letters.append(letter)

    async def close(self) -> None: ...

    def to(self) -> list[str]:
        return sorted(one.to for one in self.letters)


class House:
    """An office with a push service and a mailbox beside it."""

    def __init__(self, office: Office, service: PushService) -> None:
        self.office, self.service = office, service
        self.mail = Mailbox()
        parts = office.parts
        if "email:smtp" in parts.accounts:
            parts.clients["email:smtp"] = self.mail  # type: ignore[assignment]

    async def subscribe(self, who: Advisor, name: str) -> Browser:
        endpoint, browser = self.service.browser(name, push.Vapid.of(self.office.parts.store.keys).public)
        await self.office.parts.store.run(
            lambda tx: listeners.subscribe(
                tx,
                who.id,
                endpoint=endpoint,
                p256dh=browser.p256dh,
                auth=push.text(browser.auth),
                host="127.0.0.1",
                agent="test",
            )
        )
        return browser

    async def wish(self, who: Advisor, **wishes: Any) -> None:
        await self.office.parts.store.run(lambda tx: listeners.wish(tx, who.id, replace(Wishes(), **wishes)))

    async def here(self, who: Advisor) -> None:
        await self.office.parts.store.run(
            lambda tx: tx.run("UPDATE advisor SET seen_at = :now WHERE id = :id", now=tx.now_ms, id=who.id)
        )

    async def look(self) -> None:
        herald = self.office.parts.notices
        assert herald is not None
        await herald.run()

    async def later(self, seconds: float) -> None:
        """The clock goes on, and the next look comes."""
        self.office.parts.clock.offset_ms += round(seconds * 1000)
        await self.look()

    async def state(self, kind: str = "waiting") -> str:
        found = await self.office.parts.store.read(
            lambda tx: tx.value("SELECT state FROM notice WHERE kind = :kind ORDER BY created_at DESC", kind=kind)
        )
        return str(found)

    async def told(self) -> list[tuple[str, str, str]]:
        rows = await self.office.parts.store.read(
            lambda tx: tx.all("SELECT way, target, state FROM telling ORDER BY created_at, way, id")
        )
        return [(one.way, one.target if one.way == "group" else "", one.state) for one in rows]

    async def health(self) -> dict[str, Any]:
        async with aiohttp.ClientSession() as http, http.get(f"{self.office.url}/health/ready") as answer:
            assert answer.status == 200
            found: dict[str, Any] = await answer.json()
            return found

    async def metric(self, name: str) -> float:
        async with aiohttp.ClientSession() as http, http.get(f"{self.office.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"gateway_{name} ")))


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService() as running:
        yield running


@pytest.fixture
async def plain(tmp_path: Path, service: PushService) -> AsyncIterator[House]:
    """No e-mail account, no group."""
    async with Office(tmp_path, config=CONFIG + PLAIN.replace("{push}", service.url)) as office:
        yield House(office, service)


@pytest.fixture
async def house(tmp_path: Path, service: PushService) -> AsyncIterator[House]:
    """With everything."""
    async with Office(tmp_path, config=CONFIG + MAIL.replace("{push}", service.url), secrets=SECRETS) as office:
        yield House(office, service)


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await what():  # noqa: ASYNC110 -- what is waited for is a row
            await asyncio.sleep(0.02)


async def test_nobody_can_be_told_and_the_alarm_rings_until_somebody_is_there(plain: House) -> None:
    office = plain.office
    conversation = await office.customer("1001", "gặp tư vấn viên", name="Hùng")
    await until(lambda: is_(plain.state(), "alarmed"))
    assert (await plain.health())["alarms"][0]["code"] == "untold"
    assert await plain.metric("untold_customers") == 1
    guard, lan = await office.hire("Đỗ Minh", "dpo"), await office.hire("Trần Thị Lan")
    herald = office.parts.notices
    assert herald is not None
    await herald.came(guard.id)  # looks, and may not take anybody
    await herald.came(lan.id)  # whoever looked a moment before
    await plain.look()
    waiting = await office.parts.store.read(lambda tx: tellings.for_page(tx, lan.id))
    assert [one.conversation_id for one in waiting] == [conversation]
    assert await plain.state() == "alarmed"  # on his way to him, not told yet
    await office.parts.store.run(lambda tx: tellings.seen(tx, lan.id, [waiting[0].id], "visible"))
    await plain.look()
    assert await plain.state() == "told"
    assert "alarms" not in await plain.health()
    assert await plain.metric("untold_customers") == 0


async def is_(found: Awaitable[str], wanted: str) -> bool:
    return await found == wanted


async def test_a_browser_is_told_while_no_page_is_open_without_anything_personal(plain: House) -> None:
    office = plain.office
    lan = await office.hire("Trần Thị Lan")
    await plain.subscribe(lan, "lan")
    conversation = await office.lead("1001", "Nguyễn Văn Hùng")
    await until(lambda: is_(plain.state(), "told"))
    [got] = plain.service.delivered
    assert got.payload["title"] == "Telegram: khách mới đang chờ"
    assert got.payload["conversation"] == conversation
    assert (got.ttl, got.urgency, len(got.topic)) == (900, "high", 32)
    assert not {"Hùng", "Nguyễn", "912"} & set(str(got.payload).replace('"', " ").split())
    await plain.wish(lan, detail="none", lang="en")
    await office.customer("1002", "gặp tư vấn viên")
    await until(lambda: has(plain, 2))
    assert (plain.service.delivered[1].payload["title"], plain.service.delivered[1].payload["body"]) == (
        "Desk",
        "There is something for you.",
    )


async def has(house: House, count: int) -> bool:
    return len(house.service.delivered) == count


async def test_a_busy_service_is_asked_again_a_dead_subscription_is_forgotten(plain: House) -> None:
    office, service = plain.office, plain.service
    lan = await office.hire("Trần Thị Lan")
    await plain.subscribe(lan, "lan")
    service.next.append((429, {"Retry-After": "7"}))
    await office.customer("1001", "gặp tư vấn viên")
    await until(lambda: is_(code(plain), "429"))
    assert not service.delivered
    await plain.later(8)
    await until(lambda: has(plain, 1))
    assert await plain.state() == "told"
    del service.browsers["lan"]
    await office.customer("1002", "gặp tư vấn viên")
    await until(lambda: is_(kept(office, lan), "0"))
    await until(lambda: is_(plain.state(), "alarmed"))  # and there was no other way


async def code(house: House) -> str:
    return str(await house.office.parts.store.read(lambda tx: tx.value("SELECT code FROM telling")))


async def kept(office: Office, who: Advisor) -> str:
    return str(len(await office.parts.store.read(lambda tx: listeners.browsers(tx, who.id))))


async def test_the_next_way_then_the_supervisor_then_the_alarm(house: House) -> None:
    """Nobody at the desk, no browser; the group's platform fails: a letter. That fails too: the alarm, and all goes on."""
    office = house.office
    await office.hire("Trần Thị Lan", email="lan@ibaohiem.example")
    thu = await office.hire("Phạm Thu", "supervisor", email="thu@ibaohiem.example")
    for who in await office.parts.store.read(listeners.everybody):
        if who.id != thu.id:
            await house.wish(Advisor(id=who.id, name=who.name, role=who.role), kinds=dict.fromkeys(KINDS, "off"))
    await house.wish(thu, kinds=dict.fromkeys(KINDS, "off"), letters=False)
    house.mail.broken = True
    conversation = await office.customer("1001", "Chào shop")
    office.platforms["telegram"].faults.extend([Retryable("away") for _ in range(60)])
    await office.say("1001", "gặp tư vấn viên")
    await until(lambda: is_(house.state(), "open"))
    for _ in range(8):
        await house.later(6)
    assert await house.state() == "alarmed"
    house.mail.broken = False
    for _ in range(12):
        await house.later(61)
        if await house.state() == "told":
            break
    assert await house.state() == "told"
    assert house.mail.to().count("thu@ibaohiem.example") == 1  # whatever she wished
    assert "truc@ibaohiem.example" in house.mail.to()
    assert "lan@ibaohiem.example" not in house.mail.to()  # she turned it off, and somebody else was there
    letters = {one.to: one.data.decode("ascii") for one in house.mail.letters}
    assert f"/desk/c/{conversation}" in letters["thu@ibaohiem.example"].replace("=\r\n", "")


async def test_a_group_hears_how_many_wait_and_not_who_and_not_too_often(house: House) -> None:
    office = house.office
    await office.lead("1001", "Nguyễn Văn Hùng")
    await until(lambda: is_(house.state(), "told"))
    for thread in ("1002", "1003"):
        await office.customer(thread, "gặp tư vấn viên")
    await house.look()

    def lines() -> list[str]:
        return [one.text for one in office.platforms["telegram"].sent if str(getattr(one, "chat_id", "")) == "-100777"]

    assert len(lines()) == 1
    assert "khách mới đang chờ" in lines()[0]
    assert "Hùng" not in lines()[0]
    await house.later(61)
    assert len(lines()) == 2
    assert "Tổng số khách đang chờ: 3" in lines()[1]
    states = [one[2] for one in await house.told() if one[0] == "group"]
    assert states == ["told", "told", "told"]


async def test_who_comes_while_the_line_is_written_is_told_in_the_next(house: House) -> None:
    office, platform = house.office, house.office.platforms["telegram"]
    lines: list[str] = []
    takes = platform.call

    async def call(request: Any) -> str:
        if str(getattr(request, "chat_id", "")) == "-100777":
            lines.append(request.text)
            if len(lines) == 1:  # on its way already
                await office.customer("1002", "gặp tư vấn viên")
        return await takes(request)

    platform.call = call  # type: ignore[method-assign]
    await office.customer("1001", "gặp tư vấn viên")
    await until(lambda: is_(groups(house), "told waiting"))
    assert len(lines) == 1
    await house.later(61)
    assert await groups(house) == "told told"
    assert "Tổng số khách đang chờ: 2" in lines[1]


async def groups(house: House) -> str:
    return " ".join(one[2] for one in await house.told() if one[0] == "group")


async def test_who_waits_already_is_told_anew_when_it_is_urgent_or_anothers(plain: House) -> None:
    office = plain.office
    hoa, thu = await office.hire("Vũ Hoa"), await office.hire("Phạm Thu", "supervisor")
    await office.parts.store.run(lambda tx: teams.set_members(tx, "care", [hoa.id], by="test"))
    await plain.subscribe(hoa, "hoa")
    conversation = await office.lead("1001")
    await until(lambda: has(plain, 1))
    await office.say("1001", "Cứu với, mình vừa bị tai nạn, người bị thương nặng")
    await until(lambda: has(plain, 2))
    assert plain.service.delivered[1].payload["title"] == "Khẩn: Telegram: khách mới đang chờ"
    await office.act(conversation, "transfer", thu, team="care", team_name="Chăm sóc")
    await until(lambda: has(plain, 3))
    assert plain.service.delivered[2].payload["conversation"] == conversation


async def test_what_died_with_a_process_is_told_by_the_next(plain: House) -> None:
    """Claimed, and then nothing: the lease ends and it is told."""
    office = plain.office
    lan = await office.hire("Trần Thị Lan")
    herald = office.parts.notices
    assert herald is not None
    async with herald._line:  # no look while the process is as good as dead
        await plain.subscribe(lan, "lan")
        await office.customer("1001", "gặp tư vấn viên")
        await office.parts.store.run(herald._look)
        claimed = await office.parts.store.run(lambda tx: tellings.claim(tx, limit=10))
    assert [one.way for one in claimed] == ["push"]
    await plain.look()
    assert not plain.service.delivered
    await plain.later(tellings.LEASE_MS / 1000 + 1)
    await until(lambda: has(plain, 1))
    assert await plain.state() == "told"


async def test_who_took_it_himself_hears_nothing_who_was_given_it_does(plain: House) -> None:
    office = plain.office
    lan, thu = await office.hire("Trần Thị Lan"), await office.hire("Phạm Thu", "supervisor")
    await plain.subscribe(lan, "lan")
    taken = await office.customer("1001", "gặp tư vấn viên")
    await until(lambda: has(plain, 1))
    await office.act(taken, "take", lan)
    given = await office.customer("1002", "gặp tư vấn viên")
    await until(lambda: has(plain, 2))
    await office.act(given, "assign", thu, advisor={"id": lan.id, "name": lan.name, "role": "supervisor"})
    await until(lambda: has(plain, 3))
    assert plain.service.delivered[2].payload["title"] == "Telegram: bạn được giao một khách"
    await office.say("1002", "Alo bạn ơi")
    await until(lambda: has(plain, 4))
    assert plain.service.delivered[3].payload["title"] == "Telegram: khách của bạn vừa nhắn"
    await office.say("1002", "Alo alo")
    await office.settled()
    await plain.look()
    kinds = await office.parts.store.read(lambda tx: tx.all("SELECT kind FROM notice ORDER BY kind"))
    assert [one.kind for one in kinds].count("assigned") == 1
    assert [one.kind for one in kinds].count("message") == 1  # once a minute, however much he writes


async def test_a_daily_letter_to_whoever_wants_one_and_once(house: House) -> None:
    office = house.office
    lan = await office.hire("Trần Thị Lan", email="lan@ibaohiem.example")
    await office.hire("Vũ Hoa", email="hoa@ibaohiem.example")
    first = await office.hire("Quản trị", "admin", email="quan-tri@localhost")  # as the first one is made
    herald = office.parts.notices
    assert herald is not None
    local = schedule.local(office.parts.now(), office.parts.engine.business)
    await house.wish(lan, digest=f"{local:%H:%M}")
    await house.wish(first, digest=f"{local:%H:%M}")
    for _ in range(2):
        await herald._digests()
        await house.look()
    assert house.mail.to() == ["lan@ibaohiem.example"]
    letter = house.mail.letters[0].data.decode("ascii")
    assert "quoted-printable" in letter


async def test_a_request_without_a_notice_is_found_all_the_same(plain: House) -> None:
    """The net under every way in which a request may come to wait."""
    office = plain.office
    await office.customer("1001", "gặp tư vấn viên")
    await office.parts.store.run(lambda tx: tx.run("DELETE FROM notice"))
    assert await office.parts.store.run(notices.watch) == 1
    assert await office.parts.store.run(notices.watch) == 0
    await until(lambda: is_(plain.state(), "alarmed"))
