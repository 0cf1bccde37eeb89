"""Messenger through the whole gateway, in this process: what its stand-in delivers, what we answer, who is silent when."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.demo.standins.facebook import Customer, FakeFacebook, drop
from gateway.parts import Parts
from handlers.model import Advisor
from storage import tokens
from tests.channels.samples import FIXTURES
from tests.support import place

ACCOUNT = """{{channel: facebook, name: page, page_id: "{page}", app_id: "{app}", page_token: "${{TOKEN}}", app_secret: "${{SECRET}}",
     verify_token: "${{WORD}}", api_url: "{url}"}}"""


class Place(place.Place):
    """A gateway with one page, and the platform that it speaks to."""

    def __init__(self, parts: Parts, fake: FakeFacebook) -> None:
        super().__init__(parts)
        self.fake = fake
        self.hook = f"{self.url}/hooks/facebook/page"
        fake.hook(self.hook)

    @property
    def awaited(self) -> object:
        return self.fake.pending

    async def lines(self, person: Customer) -> list[tuple[str, ...]]:
        """Author, kind, status."""
        return await self.said(person.id, "author", "kind", "status")


@pytest.fixture
async def messenger(tmp_path: Path) -> AsyncIterator[Place]:
    fake = FakeFacebook()
    secrets = {"TOKEN": fake.token, "SECRET": fake.app_secret, "WORD": "our-word"}
    async with fake.running() as url:
        account = ACCOUNT.format(page=fake.page_id, app=fake.app_id, url=url)
        async with place.gateway(tmp_path, account, secrets) as parts:
            yield Place(parts, fake)
            assert fake.violations == []
            assert set(fake.statuses) <= {200}


async def test_a_customer_is_answered_once_and_never_his_echoes(messenger: Place) -> None:
    lan = messenger.fake.customer("Lan")
    await lan.start("agent=ng01")
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.settled()
    assert lan.inbox
    lines = await messenger.lines(lan)
    assert lines[0] == ("customer", "follow", "received")
    assert sum(author == "bot" for author, _, _ in lines) == len(lan.inbox)
    assert not any(author == "advisor" for author, _, _ in lines)
    bare = {"mid": lan.inbox[-1].id, "is_echo": True, "text": lan.inbox[-1].text}  # names neither the app nor our row
    await messenger.fake.tell(messenger.fake._from_page(lan.id, bare))
    await messenger.settled()
    assert await messenger.lines(lan) == lines
    await lan.reads()
    await messenger.until("SELECT 1 FROM message WHERE direction = 'outbound' AND status = 'read'")


async def test_a_persons_answer_silences_the_bot(messenger: Place) -> None:
    lan = messenger.fake.customer("Lan")
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.settled()
    sent = len(lan.inbox)
    await messenger.fake.typed(lan, "Chị ơi em là Hoa đây ạ")
    await lan.say("dạ vâng, 500 nghìn hả em")
    await messenger.settled()
    assert len(lan.inbox) == sent
    assert ("advisor", "text", "sent") in await messenger.lines(lan)


async def test_standby_begins_nothing_and_is_kept_where_something_is(messenger: Place) -> None:
    lan, hoa = messenger.fake.customer("Lan"), messenger.fake.customer("Hoa")
    await messenger.fake.tell(hoa.event(message={"mid": "m_s1", "text": "còn ai không?"}), name="standby")
    await messenger.fake.tell(hoa.event(take_thread_control={"previous_owner_app_id": messenger.fake.app_id}))
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.settled()
    assert await messenger.lines(hoa) == []
    assert await messenger.rows("SELECT 1 FROM conversation") != []
    before = len(lan.inbox)
    await messenger.fake.tell(lan.event(take_thread_control={"previous_owner_app_id": messenger.fake.app_id}))
    await messenger.fake.tell(lan.event(message={"mid": "m_s2", "text": "em hỏi thêm"}), name="standby")
    await messenger.settled()
    assert (await messenger.lines(lan))[-2:] == [("customer", "system", "received"), ("customer", "text", "received")]
    assert len(lan.inbox) == before
    assert len(await messenger.rows("SELECT 1 FROM conversation")) == 1


async def test_who_holds_the_thread_is_shown_and_taken_back_at_the_desk(messenger: Place) -> None:
    fake, lan = messenger.fake, messenger.fake.customer("Lan")
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.settled()
    ((one,),) = await messenger.rows("SELECT id FROM conversation")
    token = tokens.new_secret()
    await messenger.parts.store.run(lambda tx: tokens.create(tx, token, name="t", role="intake", by="test"))
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as desk:
        at = f"{messenger.parts.config.public_url}/api/v1/conversations/{one}"

        async def held() -> tuple[str, bool]:
            async with desk.get(at) as answer:
                window = (await answer.json())["window"]
                return window["held_by"], window["may_hold"]

        assert await held() == ("us", True)
        await fake.tell(lan.event(request_thread_control={"requested_owner_app_id": "263902037430900"}))
        await messenger.settled()
        assert (await held())[0] == "asked"
        fake.holder = "263902037430900"
        await fake.tell(lan.event(message={"mid": "m_s3", "text": "em hỏi bên Trang"}), name="standby")
        await messenger.settled()
        assert (await held())[0] == "other"
        async with desk.post(f"{at}/hold") as answer:
            assert answer.status == 200, await answer.text()
            assert (await answer.json())["window"]["held_by"] == "us"
        assert fake.holder == fake.app_id
        fake.next(drop(), path="take_thread_control")
        async with desk.post(f"{at}/hold") as answer:
            assert (await answer.json())["error"]["code"] == "unavailable"
        fake.holder = "263902037430900"
        await fake.tell(lan.event(take_thread_control={"previous_owner_app_id": fake.app_id}))
        await messenger.settled()
        assert (await held())[0] == "other"
        async with desk.post(f"{at}/messages", json={"text": "Chào chị Lan"}) as answer:
            assert answer.status == 202, await answer.text()
        await messenger.settled()
        assert await held() == ("us", True)
        assert fake.holder == fake.app_id  # the words took it back by themselves
        assert lan.inbox[-1].text == "Chào chị Lan"
        fake.holder = "263902037430900"
        await fake.tell(lan.event(pass_thread_control={"new_owner_app_id": "263902037430900"}))
        fake.holder = fake.app_id
        await lan.say("dạ em cảm ơn")  # not as standby: it is ours again
        await messenger.settled()
        assert (await held())[0] == "us"


async def test_a_lost_answer_is_settled_by_its_metadata(messenger: Place) -> None:
    lan = messenger.fake.customer("Lan")
    messenger.fake.next(drop(accepted=True))
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.until(
        "SELECT 1 FROM message WHERE direction = 'outbound' AND status = 'sent' AND external_id IS NOT NULL"
    )
    await messenger.settled()
    assert len({sent.metadata for sent in messenger.fake.sent}) == len(messenger.fake.sent)


async def test_an_advisors_reply_takes_the_thread_back_and_the_bots_does_not(messenger: Place) -> None:
    lan = messenger.fake.customer("Lan")
    await lan.say("Em muốn mua bảo hiểm ô tô")
    await messenger.settled()
    messenger.fake.holder = "263902037430900"
    ((conversation,),) = await messenger.rows("SELECT id FROM conversation")
    hoa = Advisor(id="a1", name="Hoa")
    await messenger.parts.store.run(
        lambda tx: tx.run("UPDATE outbox SET state = 'cancelled' WHERE state IN ('queued','retry_wait')")
    )
    await messenger.parts.act(conversation, "reply", by=hoa, data={"text": "Dạ em Hoa đây ạ"})
    await messenger.settled()
    assert messenger.fake.holder == messenger.fake.app_id
    assert messenger.fake.sent[-1].text == "Dạ em Hoa đây ạ"


async def test_a_redelivery_is_one_message_and_a_forgery_none(messenger: Place) -> None:
    lan = messenger.fake.customer("Lan")
    event = await lan.say("chào em")
    twice = json.dumps({"object": "page", "entry": [*event["entry"], *event["entry"]]}).encode()
    assert await messenger.fake.post(twice) == 200
    await messenger.settled()
    texts = [line for line in await messenger.lines(lan) if line[0] == "customer"]
    assert len(texts) == 1
    (stat,) = await messenger.rows("SELECT deliveries, duplicates FROM account_stat WHERE account_id = 'facebook:page'")
    assert stat.duplicates == 2
    async with aiohttp.ClientSession() as session:
        async with session.post(messenger.hook, data=twice, headers={"X-Hub-Signature-256": "sha256=00"}) as refused:
            assert refused.status == 401
        query = {"hub.mode": "subscribe", "hub.verify_token": "our-word", "hub.challenge": "0115820"}
        async with session.get(messenger.hook, params=query) as greeted:
            assert (greeted.status, await greeted.text()) == (200, "0115820")
            assert greeted.content_type == "text/plain"
        async with session.get(messenger.hook, params=query | {"hub.verify_token": "x"}) as refused:
            assert (refused.status, await refused.read()) == (403, b"")


async def test_every_fixture_is_taken_and_the_books_balance(messenger: Place) -> None:
    for path in sorted((FIXTURES / "facebook").glob("*.json")):
        assert await messenger.fake.post(path.read_bytes()) == 200, path.name
    await messenger.fake.post(b"not json")
    await messenger.until("SELECT 1 FROM inbox_event WHERE state = 'quarantined'")
    await messenger.settled()
    assert await messenger.rows("SELECT reason FROM inbox_event WHERE reason LIKE 'our own error%'") == []
    (stat,) = await messenger.rows("SELECT * FROM account_stat WHERE account_id = 'facebook:page'")
    aside = await messenger.rows("SELECT reason FROM inbox_event WHERE state = 'quarantined'")
    assert len(aside) == stat.quarantined == 3
    assert {row.reason for row in aside} == {
        "not JSON",
        "entry: a list of objects was expected",
        "attachments: an object was expected",
    }
    assert stat.events == stat.messages + stat.receipts + stat.ignored + stat.quarantined
