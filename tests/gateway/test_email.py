"""E-mail through the whole gateway, in this process, against a strict mail server that keeps the only record of what arrived:
a certificate with its proof, what comes back, whom a letter reaches where no chat does, and what is never sent twice."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from channels.email import client
from gateway import process, pump, sender
from gateway.config import load
from gateway.demo.standins.mail import HOST, PASSWORD, USER, Authority, MailServer
from gateway.parts import Clock, Parts
from scheduler import care as ticks
from storage import tokens
from tests.channels.samples import FIXTURES
from tests.gateway.api.test_files import paper
from tests.support.ports import free_port

CONFIG: Final = """
server: {{host: 127.0.0.1, port: {port}}}
database: {{url: "{database}"}}
conversation: {{turn_quiet_ms: 0, turn_max_ms: 0}}
business: {{name: IBAOHIEM, legal_name: Công ty IBAOHIEM, address: Hà Nội, hotline: "1900 6868", dpo_email: dpo@i.example, agency_code: X1,
  policy_url: "https://i.example/p", product_url: "https://i.example/s", hours: always}}
limits: {{disk_free_mb: 0, disk_free_percent: 0}}
accounts:
  - {{channel: leads, name: ladipage, secret: "${{LEADS}}"}}
  - {{channel: email, name: smtp, host: {host}, port: {smtp}, username: {user}, password: "${{SMTP}}", ca_file: "{pem}",
     sender: "IBAOHIEM <hello@ibaohiem.example>", secret: "${{HOOK}}", limits: {{outbound_per_s: 0}}}}
"""
PATIENCE: Final = 60.0
SECRET: Final = "hook-secret-0123456789"
LAN, NUMBER = "lan.nguyen@mail.example", "XM/2026-000123"
PAPER_NAME: Final = "Giấy chứng nhận xe máy.pdf"


@dataclass(slots=True)
class Place:
    """A gateway that can be started anew, the server that takes its letters, and an advisor."""

    folder: Path
    database: str
    server: MailServer
    clock: Clock = field(default_factory=Clock)
    token: str = ""
    parts: Parts = field(init=False)
    session: aiohttp.ClientSession = field(init=False)
    life: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def up(self) -> None:
        file = self.folder / "config.yaml"
        text = CONFIG.format(
            port=free_port(),
            database=self.database,
            host=HOST,
            smtp=self.server.port,
            user=USER,
            pem=self.server.authority.pem,
        )
        file.write_text(text, encoding="utf-8")
        config = load(file, {"SMTP": PASSWORD, "LEADS": SECRET, "HOOK": SECRET})
        self.parts = await self.life.enter_async_context(process.running(config, clock=self.clock))
        self.session = await self.life.enter_async_context(aiohttp.ClientSession())
        if not self.token:
            secret = tokens.new_secret()
            await self.parts.store.run(lambda tx: tokens.create(tx, secret, name="Mai", role="integration", by="test"))
            self.token = secret

    async def down(self) -> None:
        await self.life.aclose()

    async def api(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.parts.config.public_url}/api/v1{path}"
        async with self.session.request(method, url, json=body, headers=headers, **more) as answer:
            return answer.status, await answer.json()

    async def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        status, told = await self.api(method, path, body, **more)
        assert status < 300, (path, status, told)
        return told

    async def hook(self, body: Any, secret: str = SECRET, query: str = "", **headers: str) -> int:
        url = f"{self.parts.config.public_url}/hooks/email/smtp{'/' + secret if secret else ''}{query}"
        sent = {"json": body} if isinstance(body, (dict, list)) else {"data": body}
        async with self.session.post(url, headers=headers, **sent) as answer:
            return answer.status

    async def until(self, ready: Callable[[], Any]) -> Any:
        """What `ready` (a coroutine function) answers at last."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await ready()):  # noqa: ASYNC110 -- asked over HTTP, as anybody outside would
                await asyncio.sleep(0.02)
        return found

    async def still(self) -> None:
        """Nothing is to be thought or sent any more."""

        async def nothing() -> bool:
            return not await self.parts.store.read(
                lambda tx: (
                    tx.value("SELECT COUNT(*) FROM inbox_event WHERE state = 'new'")
                    + tx.value("SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending', 'retry_wait')")
                )
            )

        await self.until(nothing)

    # ---- the story

    async def lead(self, phone: str = "0912345678", email: str = LAN, name: str = "Nguyễn Thị Lan") -> dict[str, Any]:
        """Somebody fills in a form: nobody can answer him there."""
        known = {one["id"] for one in await self.leads()}
        url = f"{self.parts.config.public_url}/hooks/leads/ladipage/{SECRET}"
        form = {"name": name, "phone": phone, "email": email, "product": "Bảo hiểm xe máy"}
        async with self.session.post(url, json=form) as answer:
            assert answer.status == 200

        async def found() -> Any:
            return next((one for one in await self.leads() if one["id"] not in known), None)

        made: dict[str, Any] = await self.until(found)
        return made

    async def leads(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.good("GET", "/conversations", params={"channel": "leads"}))["items"]
        return found

    async def policy(self, conversation: str, data: bytes, number: str = NUMBER) -> str:
        """Screened, taken over, registered with its paper."""
        answers = {"real_person": True, "product": "tnds_xe_may"}
        await self.good("POST", f"/conversations/{conversation}/take", {})
        await self.good("POST", f"/conversations/{conversation}/screening", {"outcome": "need", "answers": answers})
        form = aiohttp.FormData()
        form.add_field("file", data, filename=PAPER_NAME, content_type="application/pdf")
        form.add_field("conversation_id", conversation)
        file = await self.good("POST", "/files", data=form)
        today = (datetime.fromtimestamp(self.clock.ms() / 1000, UTC) + timedelta(hours=7)).date()
        policy = {
            "conversation_id": conversation,
            "insurer": "Hãng Mẫu",
            "product": "tnds_xe_may",
            "number": number,
            "starts_on": today.isoformat(),
            "ends_on": date(today.year + 1, today.month, min(today.day, 28)).isoformat(),
            "premium": 66_000,
            "document_id": file["id"],
        }
        return str((await self.good("POST", "/policies", policy))["id"])

    async def delivery(self, policy: str, state: str) -> dict[str, Any]:
        async def reached() -> Any:
            *_, way = (await self.good("GET", f"/policies/{policy}/deliveries"))["items"]
            return way if way["state"] == state else None

        found: dict[str, Any] = await self.until(reached)
        return found

    async def message(self, conversation: str, status: str) -> dict[str, Any]:
        """The last of ours, once it is that."""

        async def reached() -> Any:
            items = (await self.good("GET", f"/conversations/{conversation}/messages"))["items"]
            said = [one for one in items if one["direction"] == "outbound"]
            return said[-1] if said and said[-1]["status"] == status else None

        found: dict[str, Any] = await self.until(reached)
        return found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def place(tmp_path: Path, authority: Authority) -> AsyncIterator[Place]:
    async for one in _placed(tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}", authority):
        yield one


@pytest.fixture
async def any_place(tmp_path: Path, database_url: str, authority: Authority) -> AsyncIterator[Place]:
    """On each database that we support."""
    async for one in _placed(tmp_path, database_url, authority):
        yield one


async def _placed(folder: Path, database: str, authority: Authority) -> AsyncIterator[Place]:
    server = MailServer(authority)
    async with server.running():
        made = Place(folder, database, server)
        await made.up()
        try:
            yield made
        finally:
            server.release()
            await made.down()
    assert server.violations == []


async def test_a_certificate_by_letter_with_its_proof(any_place: Place) -> None:
    place, data = any_place, paper()
    lead = await place.lead()
    policy = await place.policy(lead["id"], data)
    status, told = await place.api("POST", f"/policies/{policy}/deliver", {"means": "chat"})
    assert (status, told["error"]["fields"]["reason"], told["error"]["fields"]["ways"]) == (
        422,
        "calls_only",
        "email, call",
    )

    made = await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    assert (made["means"], made["route"]) == ("email", "email:smtp")
    (got,) = await place.server.wait(1)
    await place.delivery(policy, "sent")
    assert (got.to, got.files) == (LAN, [(PAPER_NAME, data)])
    assert str(got.message["Subject"]) == "Giấy chứng nhận bảo hiểm của anh/chị"
    assert got.message["From"].addresses[0].display_name == "IBAOHIEM"
    assert got.message["To"].addresses[0].display_name == "Nguyễn Thị Lan"
    for word in (NUMBER, "Hãng Mẫu", "1900 6868", "Công ty IBAOHIEM, Hà Nội"):
        assert word in got.text

    assert await place.hook({"event": "delivered", "message_id": got.id, "email": LAN}) == 200
    assert await place.hook({"event": "delivered", "message_id": got.id, "email": LAN}, secret="wrong") == 401
    arrived = await place.delivery(policy, "delivered")
    assert arrived["document_sha256"] == hashlib.sha256(data).hexdigest()
    (way,) = (await place.good("GET", f"/policies/{policy}/proof"))["deliveries"]
    assert (way["channel"], f"<{way['external_id']}>", way["means"]) == ("email", got.id, "email")
    assert [one["status"] for one in way["receipts"]] == ["sent", "delivered"]
    assert way["thread"].startswith("mail-")  # an address is personal: its thread stands for it
    listed = await place.good("GET", "/conversations", params={"channel": "email", "thread": LAN})
    assert [(one["thread"], one["status"]) for one in listed["items"]] == [(way["thread"], "closed")]
    dump = await place.parts.store.read(lambda tx: [tuple(row) for row in tx.all("SELECT * FROM contact_point")])
    assert LAN not in repr(dump)

    await _ask_whether_it_arrived(place, policy)
    second = (await place.server.wait(2))[1]
    await place.still()
    assert str(second.message["Subject"]) == "Re: IBAOHIEM hỏi anh/chị về giấy chứng nhận bảo hiểm"
    assert second.message["In-Reply-To"] == got.id
    assert NUMBER in second.text
    (task,) = (await place.good("GET", "/care", params={"policy": policy, "state": "sent"}))["items"]
    assert (task["kind"], task["route"]) == ("received", "email:smtp")
    assert set(place.server.ids().values()) == {1}


async def _ask_whether_it_arrived(place: Place, policy: str) -> None:
    """The day after, at ten in Viet Nam. The form's own conversation reaches nobody, so the question goes by letter too."""
    day = datetime.fromtimestamp(place.clock.ms() / 1000, UTC).date() + timedelta(days=2)
    place.clock.offset_ms += (
        round(datetime(day.year, day.month, day.day, 3, tzinfo=UTC).timestamp() * 1000) - place.clock.ms()
    )
    await place.parts.store.run(
        lambda tx: tx.run(
            "UPDATE care_task SET due_at = :now WHERE kind = 'received' AND policy_id = :id", now=tx.now_ms, id=policy
        )
    )
    await place.parts.store.run(ticks.fire)


async def test_who_is_reached_by_letter_only_and_what_comes_back(any_place: Place) -> None:
    place = any_place
    lead = await place.lead()
    first = await place.good(
        "POST", "/conversations", {"contact_id": lead["contact_id"], "text": "Chào chị, em gửi báo giá ạ."}
    )
    assert (first["channel"], first["contact_id"], first["status"]) == ("email", lead["contact_id"], "with_advisor")
    (got,) = await place.server.wait(1)
    await place.message(first["id"], "sent")
    assert got.text.startswith("Chào chị, em gửi báo giá ạ.\n")
    assert got.message["Auto-Submitted"] is None
    point = {"channel": "email", "account": "smtp", "thread": LAN.upper()}
    again = await place.good("POST", "/conversations", {"point": point, "text": "Chị xem giúp em."})
    assert again["id"] == first["id"]
    got = (await place.server.wait(2))[1]
    said = await place.message(first["id"], "sent")
    assert str(got.message["Subject"]).startswith("Re: ")

    report = (FIXTURES / "email_reports" / "failed.eml").read_bytes()
    start = report.index(b"Message-ID:\r\n ") + 14
    ours = report[:start] + got.id.encode() + report[report.index(b">", start) + 1 :]
    for forged in (report, ours.replace(got.id.encode(), got.id[:30].encode() + b"0" + got.id[31:].encode())):
        assert await place.hook(forged, **{"Content-Type": "message/rfc822"}) == 200
    assert await place.hook(ours, secret="", **{"Content-Type": "message/rfc822"}) == 401
    await place.still()
    assert (await place.message(first["id"], "sent"))["id"] == said["id"]
    assert await place.hook(ours, **{"Content-Type": "message/rfc822"}) == 200
    failed = await place.message(first["id"], "failed")
    assert (failed["id"], failed["error"]) == (said["id"], "no_mailbox")
    await place.still()
    notes = await place.good("GET", f"/conversations/{first['id']}/messages", params={"notes": "true"})
    assert any("không có người nhận" in one["text"] for one in notes["items"] if one["direction"] == "internal")

    status, told = await place.api("POST", "/conversations", {"point": point, "text": "Alo?"})
    assert (status, told["error"]["code"], told["error"]["fields"]["reason"]) == (422, "window_closed", "no_mailbox")
    status, told = await place.api("POST", f"/conversations/{first['id']}/messages", {"text": "Alo?"})
    assert (status, told["error"]["fields"]["reason"]) == (422, "no_mailbox")
    policy = await place.policy(lead["id"], paper())
    status, told = await place.api("POST", f"/policies/{policy}/deliver", {"means": "email"})
    assert (status, told["error"]["fields"]) == (422, {"reason": "no_mailbox", "ways": "call"})
    assert len(place.server.arrived) == 2

    # He leaves another address: that is another way.
    await place.good("PATCH", f"/contacts/{lead['contact_id']}", {"emails": ["lan@other.example"]})
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    assert (await place.server.wait(3))[2].to == "lan@other.example"


async def test_a_complaint_and_one_click_end_the_route(place: Place) -> None:
    lead = await place.lead()
    for number, (address, stop) in enumerate((("a@mail.example", "complaint"), ("b@mail.example", "click")), 1):
        await place.good("PATCH", f"/contacts/{lead['contact_id']}", {"emails": [address]})
        point = {"channel": "email", "account": "smtp", "thread": address}
        made = await place.good("POST", "/conversations", {"point": point, "text": "Chào chị."})
        got = (await place.server.wait(number))[-1]
        await place.message(made["id"], "sent")
        mark = got.id[1:].partition("@")[0]
        if stop == "complaint":
            assert await place.hook([{"event": "spamreport", "smtp-id": got.id, "email": address}]) == 200
        else:
            forged = mark[:-1] + ("0" if mark[-1] != "0" else "1")
            assert await place.hook(b"List-Unsubscribe=One-Click", secret="", query=f"?u={forged}") == 401
            url = f"{place.parts.config.public_url}/hooks/email/smtp?u={mark}"
            async with place.session.get(url) as answer:
                assert (answer.status, "quảng cáo" in await answer.text()) == (200, True)
            await place.still()
            assert (await place.good("GET", f"/conversations/{made['id']}"))["reachable"]
            assert await place.hook(b"List-Unsubscribe=One-Click", secret="", query=f"?u={mark}") == 200

        async def ended(made: dict[str, Any] = made) -> bool:
            return not (await place.good("GET", f"/conversations/{made['id']}"))["reachable"]

        await place.until(ended)
        await place.still()
        assert (await place.message(made["id"], "sent"))["error"] in (None, "")  # it did arrive
        status, told = await place.api("POST", "/conversations", {"point": point, "text": "Alo?"})
        assert (status, told["error"]["fields"]["reason"]) == (422, {"click": "unsubscribed"}.get(stop, stop))


async def test_whose_address_it_is_must_be_known(place: Place) -> None:
    point = {"channel": "email", "account": "smtp", "thread": "nobody@mail.example"}
    assert (await place.api("POST", "/conversations", {"point": point, "text": "Alo?"}))[0] == 404
    assert (await place.api("POST", "/conversations", {"point": {**point, "account": "x"}, "text": "Alo?"}))[0] == 404
    lan, minh = await place.lead(), await place.lead(phone="0987654321", name="Lê Văn Minh")
    shared = {**point, "thread": LAN}
    status, told = await place.api("POST", "/conversations", {"point": shared, "text": "Alo?"})
    assert (status, "contact_id" in told["error"]["fields"]["point"]) == (422, True)
    await place.good("POST", "/conversations", {"contact_id": lan["contact_id"], "text": "Chào chị."})
    (got,) = await place.server.wait(1)
    await place.still()
    assert got.to == LAN
    # Under this address Lan is written to now: Minh's paper never goes into her thread.
    policy = await place.policy(minh["id"], paper())
    status, told = await place.api("POST", f"/policies/{policy}/deliver", {"means": "email"})
    assert (status, "address of his own" in told["error"]["fields"]["means"]) == (422, True)
    assert len(place.server.arrived) == 1


async def test_a_lost_answer_is_unknown_and_nobody_gets_it_twice(place: Place) -> None:
    lead = await place.lead()
    place.server.drops = 1
    made = await place.good("POST", "/conversations", {"contact_id": lead["contact_id"], "text": "Chào chị."})
    await place.message(made["id"], "unknown")
    await place.still()
    (got,) = place.server.arrived
    assert await place.hook({"event": "delivered", "message_id": got.id}) == 200
    await place.message(
        made["id"], "delivered"
    )  # its answer was lost, and with it its name; the mark says which it was

    # A paper may go once more (docs/adr/0007): under the same Message-ID, so a mailbox shows it once.
    policy = await place.policy(lead["id"], paper())
    await place.parts.store.run(lambda tx: tx.run("UPDATE outbox SET state = 'sent' WHERE state = 'unknown'"))
    place.server.drops = 1
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    await place.delivery(policy, "sent")
    assert sorted(place.server.ids().values()) == [1, 2]


async def test_a_gateway_that_stops_in_the_middle_does_not_say_it_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "STOP_S", 0.05)
    lead = await place.lead()
    policy = await place.policy(lead["id"], paper())
    place.server.hangs = 1
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    await place.server.wait(1)
    await place.down()
    place.server.release()
    await place.up()
    await place.still()
    (way,) = (await place.good("GET", f"/policies/{policy}/deliveries"))["items"]
    assert (way["state"], way["reason"]) == ("to_send", "answer_lost")
    assert list(place.server.ids().values()) == [1]
    assert await place.hook({"event": "delivered", "message_id": place.server.arrived[0].id}) == 200
    await place.delivery(policy, "delivered")


async def test_a_paper_too_large_for_a_letter_goes_as_a_protected_address(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ATTACHED", 10)
    lead, data = await place.lead(), paper()
    policy = await place.policy(lead["id"], data)
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    assert (await place.delivery(policy, "failed"))["reason"] == "hosting", (
        "nobody beyond this machine opens http://127.0.0.1"
    )
    assert place.server.arrived == []
    config = place.parts.config
    place.parts.config = replace(config, server=replace(config.server, files_url="https://files.example.vn"))
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    (got,) = await place.server.wait(1)
    await place.delivery(policy, "sent")
    assert got.files == []
    (address,) = re.findall(r"https://files\.example\.vn(/d/\S+)", got.text)
    address = f"{place.parts.config.public_url}{address}"
    for digits, status in (("0000", 403), ("5678", 200)):
        async with place.session.post(address, data={"digits": digits}) as answer:
            assert answer.status == status
            assert (await answer.read() == data) is (status == 200)


async def test_a_wrong_password_parks_the_account_until_it_is_right_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "PROBE_S", 0.05)
    lead = await place.lead()
    place.server.password = "another"
    made = await place.good("POST", "/conversations", {"contact_id": lead["contact_id"], "text": "Chào chị."})

    async def state() -> tuple[str, str]:
        row = await place.parts.store.read(
            lambda tx: tx.one("SELECT state, reason FROM account WHERE id = 'email:smtp'")
        )
        return row.state, row.reason

    async def parked() -> bool:
        return (await state())[0] == "auth_broken"

    await place.until(parked)
    assert "login" in (await state())[1]
    assert place.server.arrived == []
    place.server.password = PASSWORD
    await place.message(made["id"], "sent")
    assert list(place.server.ids().values()) == [1]


async def test_a_reader_who_is_not_there_is_told_to_people(place: Place) -> None:
    lead = await place.lead()
    policy = await place.policy(lead["id"], paper())
    place.server.rcpt.append("550 5.1.1 user unknown")
    await place.good("POST", f"/policies/{policy}/deliver", {"means": "email"})
    failed = await place.delivery(policy, "failed")
    assert failed["reason"] == "no_mailbox"
    await place.still()
    (found,) = (await place.good("GET", "/conversations", params={"channel": "email"}))["items"]
    seen = await place.good("GET", f"/conversations/{found['id']}")
    assert (seen["status"], seen["handoff"]["reason"], seen["reachable"]) == ("waiting", "delivery", False)
