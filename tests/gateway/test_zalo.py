"""Zalo through the whole gateway, in this process: what its stand-in delivers, what we answer, who is silent when."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from channels.contract import Account
from gateway.demo.standins.zalo import FakeZalo, drop
from gateway.parts import Clock, Parts
from storage import credentials, notices
from storage.tx import Tx
from tests.channels.samples import FIXTURES, sign_zalo
from tests.support import place

ACCOUNT = """{{channel: zalo, name: oa, app_id: "{app}", oa_id: "{oa}", app_secret: "${{APP}}", oa_secret_key: "${{KEY}}", refresh_token: "${{TOKEN}}",
     api_url: "{url}", oauth_url: "{url}", zbs_url: "{url}", site_verification: "Abc1"}}"""


class Place(place.Place):
    """A gateway with one official account, and the platform that it speaks to."""

    def __init__(self, parts: Parts, fake: FakeZalo) -> None:
        super().__init__(parts)
        self.fake = fake
        fake.hook(f"{self.url}/hooks/zalo/oa")

    @property
    def awaited(self) -> object:
        return self.fake.webhook.pending

    async def messages(self, thread: str) -> list[tuple[str, ...]]:
        """Direction, author, kind, status."""
        return await self.said(thread, "direction", "author", "kind", "status")


@contextlib.asynccontextmanager
async def beside(
    folder: Path, fake: FakeZalo, url: str, token: str, *, clock: Clock | None = None
) -> AsyncIterator[Place]:
    account = ACCOUNT.format(app=fake.app_id, oa=fake.oa_id, url=url)
    secrets = {"APP": fake.app_secret, "KEY": fake.oa_secret_key, "TOKEN": token}
    async with place.gateway(folder, account, secrets, clock=clock) as parts:
        yield Place(parts, fake)


@pytest.fixture
async def zalo(tmp_path: Path) -> AsyncIterator[Place]:
    fake = FakeZalo(answer_s=30)
    async with fake.running() as url, beside(tmp_path, fake, url, fake.grants.first()) as made:
        yield made
        assert fake.violations == []


async def test_a_customer_is_answered_once_and_never_his_echoes(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    await lan.follow()
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await zalo.settled()
    assert lan.inbox
    said = await zalo.messages(lan.id)
    assert len([row for row in said if row[0] == "outbound"]) == len(lan.inbox)
    for sent in lan.inbox:
        await lan.receive(sent)
    await lan.see(*lan.inbox)
    await zalo.settled()
    assert {row[3] for row in await zalo.messages(lan.id) if row[0] == "outbound"} == {"read"}
    before = len(lan.inbox)
    await zalo.settled()
    assert len(lan.inbox) == before
    (stat,) = await zalo.rows("SELECT * FROM account_stat WHERE account_id = 'zalo:oa'")
    assert stat.events == stat.messages + stat.receipts + stat.ignored + stat.quarantined + stat.pending
    assert (stat.messages, stat.receipts, stat.ignored) == (2, before + 1, before)
    assert (stat.quarantined, stat.pending, stat.rejected) == (0, 0, 0)


async def test_an_advisor_in_zalos_own_tool_silences_the_bot(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    await lan.say("Cho em hỏi bảo hiểm nhà")
    await zalo.settled()
    asked = len(lan.inbox)
    await zalo.fake.typed(lan, "Chào chị, em là Hà")
    await zalo.settled()
    assert (await zalo.messages(lan.id))[-1] == ("outbound", "advisor", "text", "sent")
    await lan.say("Dạ chị muốn hỏi phí")
    await zalo.settled()
    assert len(lan.inbox) == asked + 1  # the advisor's
    (row,) = await zalo.rows("SELECT status FROM conversation")
    assert row.status == "with_advisor"


async def test_an_advisor_who_writes_first_is_not_interrupted_later(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    await zalo.fake.typed(lan, "Chào chị, hồ sơ của chị đã xong")
    await zalo.settled()
    await lan.say("Cảm ơn em")
    await zalo.settled()
    assert [row[:2] for row in await zalo.messages(lan.id)] == [("outbound", "advisor"), ("inbound", "customer")]


async def test_what_is_told_back_of_somebody_unknown_begins_no_conversation(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    here, there = {"id": zalo.fake.oa_id}, {"id": lan.id}
    for name, message in (
        ("user_seen_message", {"msg_ids": ["x"]}),
        ("oa_send_text", {"msg_id": "y", "text": "Tin của OA"}),
    ):
        await zalo.fake.tell(name, sender=here, recipient=there, message=message)
    await zalo.settled()
    assert await zalo.rows("SELECT 1 FROM conversation UNION ALL SELECT 1 FROM contact") == []
    (stat,) = await zalo.rows("SELECT * FROM account_stat WHERE account_id = 'zalo:oa'")
    assert (stat.events, stat.receipts, stat.ignored, stat.pending) == (2, 1, 1, 0)
    await lan.say("Chào shop")
    await zalo.settled()
    assert lan.inbox


async def test_a_lost_answer_is_settled_by_the_echo(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    zalo.fake.next(drop(accepted=True), path="/v3.0/oa/message/cs")
    await lan.say("Chào shop")
    await zalo.until(
        "SELECT 1 FROM message WHERE direction = 'outbound' AND status = 'sent' AND external_id IS NOT NULL"
    )
    await zalo.settled()
    texts = [sent.text for sent in lan.inbox]
    assert len(texts) == len(set(texts))


async def test_a_visitor_without_a_zalo_identity_is_answered_in_his_visit(zalo: Place) -> None:
    visitor = zalo.fake.customer("Khách", visit="c8e2a5", user="anon-77")
    await visitor.say("Phí bảo hiểm xe máy?")
    await zalo.settled()
    assert visitor.inbox


async def test_whatever_is_posted_is_kept_and_acknowledged(zalo: Place) -> None:
    account: Account = zalo.parts.accounts["zalo:oa"]
    odd: list[bytes] = [path.read_bytes() for path in sorted((FIXTURES / "zalo").glob("*.json"))]
    own = [
        body.replace(b"9301774650812263549", zalo.fake.app_id.encode()).replace(
            b"2745501938264417082", zalo.fake.oa_id.encode()
        )
        for body in odd
    ]
    own += [
        b'{"timestamp":"1"}',
        b'{"timestamp":1,"event_name":7}',
        b'{"timestamp":"1","event_name":"user_send_text","message":[]}',
    ]
    own += [
        b'{"timestamp":"1","sender":{"id":{}},"event_name":"user_seen_message"}',
        b'{"timestamp":"2","a":' + b"[" * 99,
    ]
    async with aiohttp.ClientSession() as session:
        for body in own:
            async with session.post(f"{zalo.url}/hooks/zalo/oa", data=body, headers=sign_zalo(body, account)) as answer:
                assert answer.status == 200, body
            async with session.post(f"{zalo.url}/hooks/zalo/oa", data=body) as answer:
                assert answer.status == 401
    await zalo.settled()
    assert await zalo.rows("SELECT reason FROM inbox_event WHERE reason LIKE 'our own error%'") == []
    aside = await zalo.rows("SELECT reason FROM inbox_event WHERE state = 'quarantined'")
    assert sorted(row.reason for row in aside) == [
        "message: an object was expected",
        "nested deeper than 32",
        "sender.id: an id of at most 128 characters was expected",
    ]
    (stat,) = await zalo.rows("SELECT * FROM account_stat WHERE account_id = 'zalo:oa'")
    assert stat.deliveries == stat.duplicates + stat.rejected + stat.events
    await zalo.parts.flush_rejected()
    (stat,) = await zalo.rows("SELECT * FROM account_stat WHERE account_id = 'zalo:oa'")
    assert stat.rejected == len(own)
    (row,) = await zalo.rows("SELECT reason FROM account WHERE id = 'zalo:oa'")
    assert isinstance(row.reason, str)


async def test_a_lost_grant_waits_for_consent_and_then_everything_goes_out(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    await lan.say("Chào shop")
    await zalo.settled()
    before = len(lan.inbox)
    zalo.fake.grants.revoke()
    await lan.say("Em muốn mua bảo hiểm du lịch")
    await zalo.until("SELECT 1 FROM account WHERE id = 'zalo:oa' AND state = 'auth_broken' AND reason LIKE '%consent%'")
    assert len(lan.inbox) == before
    await zalo.parts.store.run(notices.watch)
    (alarm,) = await zalo.rows("SELECT key, urgent FROM notice WHERE kind = 'account'")
    assert (alarm.key.rpartition("/")[0], bool(alarm.urgent)) == ("account:zalo:oa/auth_broken", True)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{zalo.url}/oauth/zalo/oa", allow_redirects=False) as page:
            assert page.status == 303  # for people who are signed in
        client: Any = zalo.parts.clients["zalo:oa"]
        link = client.consent_url(zalo.url, zalo.parts.engine.keys.secret("consent"))
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        assert query["redirect_uri"] == f"{zalo.url}/oauth/zalo/oa/callback"
        code = zalo.fake.grants.consent(query["code_challenge"])
        back = {"state": query["state"], "code": code, "oa_id": zalo.fake.oa_id}
        for wrong in ({}, back | {"oa_id": "1"}, back | {"state": "x"}):
            async with session.get(query["redirect_uri"], params=wrong) as refused:
                assert refused.status == 400
        async with session.get(query["redirect_uri"], params=back) as done:
            assert done.status == 200
            assert "Đã cấp quyền" in await done.text()
    await zalo.fake.watch.until(lambda: len(lan.inbox) > before, timeout=60, what=lambda: "nothing went out")
    await zalo.until("SELECT 1 FROM account WHERE id = 'zalo:oa' AND state = 'ok'")


async def test_what_came_while_we_were_down_is_answered_after_the_start(tmp_path: Path) -> None:
    fake = FakeZalo(answer_s=30)
    async with fake.running() as url:
        token, lan = fake.grants.first(), fake.customer("Lan")
        async with beside(tmp_path, fake, url, token) as before:
            await lan.say("Chào shop")
            await before.settled()
        asked, fake.webhook.url = len(lan.inbox), ""
        await lan.say("Em muốn mua bảo hiểm nhà")
        async with beside(tmp_path, fake, url, token) as after:
            await fake.watch.until(lambda: len(lan.inbox) > asked, timeout=60, what=lambda: "he was not answered")
            await after.settled()
            texts = await after.rows("SELECT external_id FROM message WHERE direction = 'inbound'")
            assert [row.external_id for row in texts] == [line["message_id"] for line in lan.said if line["src"] == 1]


def _claim(tx: Tx) -> bool:
    row = credentials.load(tx, "zalo:oa", first="")
    return credentials.claim(tx, "zalo:oa", 1, state=row.state, changed_at=row.changed_at, stale_ms=1)


async def test_killed_with_the_only_token_in_hand_a_start_calls_people(tmp_path: Path) -> None:
    """The pair that came died with its process before it was stored: whoever comes next finds out, and says so."""
    fake, clock = FakeZalo(answer_s=30), Clock()
    async with fake.running() as url:
        token, lan = fake.grants.first(), fake.customer("Lan")
        async with beside(tmp_path, fake, url, token) as before:
            await lan.say("Chào shop")
            await before.settled()
            await before.parts.store.run(_claim)
            (row,) = await before.rows("SELECT state, generation FROM credential")
            assert tuple(row) == ("refreshing", 1)
            client: Any = before.parts.clients["zalo:oa"]
            refresh = (await client.tokens._load()).refresh
        fake.grants.exchange(
            {"grant_type": "refresh_token", "app_id": fake.app_id, "refresh_token": refresh}, fake.app_secret
        )
        clock.offset_ms = 120_000
        asked = len(lan.inbox)
        async with beside(tmp_path, fake, url, token, clock=clock) as after:
            await after.until(
                "SELECT 1 FROM account WHERE id = 'zalo:oa' AND state = 'auth_broken' AND reason LIKE '%consent%'"
            )
            await lan.say("Còn ai không?")
            await after.until("SELECT 1 FROM outbox WHERE state = 'retry_wait' AND error = 'auth_broken'")
            assert len(lan.inbox) == asked
            assert len(fake.grants.reused) == 1


async def test_the_domain_is_ours(zalo: Place) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{zalo.url}/zalo_verifierAbc1.html") as page,
    ):
        assert page.status == 200
        assert 'content="Abc1"' in await page.text()
        assert json.dumps(page.content_type) == '"text/html"'


async def test_numbered_lines_are_answered_by_their_number_until_we_say_something_else(zalo: Place) -> None:
    lan = zalo.fake.customer("Lan")
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await zalo.settled()
    assert "1. Tôi đồng ý" in lan.inbox[-1].text
    await lan.say("1")
    await zalo.settled()
    (row,) = await zalo.rows("SELECT state, purpose FROM consent WHERE state = 'given'")
    assert (row.state, row.purpose) == ("given", "C1")
