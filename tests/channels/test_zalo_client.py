"""The Zalo client against the strict stand-in: what was accepted there, what we believe of it, and who holds a token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from channels.contract import (
    Account,
    Button,
    ChannelError,
    DeliveryUnknown,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
    Template,
)
from channels.house import ACTIVE, NEEDS_CONSENT, REFRESHING
from channels.http import Http
from channels.zalo.adapter import parse, render
from channels.zalo.client import ZaloClient
from channels.zalo.tokens import LEASE_MS
from gateway.demo.standins.zalo import Customer, FakeZalo, Fault, HandClock, answer, drop, half, hang, refuse
from tests.support.errands import done
from tests.support.house import MemoryHouse

CS = "/v3.0/oa/message/cs"
OAUTH = "/v4/oa/access_token"
PDF = OutboundFile(id="f", name="Hợp đồng.pdf", mime="application/pdf", size=5, data=b"%PDF-")


class Oa:
    """The stand-in, our client of it, and a customer who has written."""

    def __init__(self, fake: FakeZalo, url: str, clock: HandClock, **settings: Any) -> None:
        self.fake, self.url, self.clock = fake, url, clock
        self.settings = {
            "app_id": fake.app_id,
            "oa_id": fake.oa_id,
            "app_secret": fake.app_secret,
            "oa_secret_key": fake.oa_secret_key,
            "refresh_token": fake.grants.first(),
            "api_url": url,
            "oauth_url": url,
            "zbs_url": url,
        } | settings
        self.account = Account(channel="zalo", name="oa", settings=self.settings)
        self.house = MemoryHouse(clock.now)
        self.clients: list[ZaloClient] = []
        self.client = self.another()
        self.lan: Customer = fake.customer("Lan")
        self.lan.interacted_at = clock.now()
        self.message = OutboundMessage(id="01KAB3D5F7H9JKMNPQRSTVWXYZ", thread=self.lan.id, text="Anh chị cần gì ạ?")

    def another(self) -> ZaloClient:
        """As another process has it: of the same house."""
        client = ZaloClient(self.account, api=Http(self.url, idle_s=0.5), oauth=Http(self.url, idle_s=0.5))
        client.attach(self.house)
        client.tokens._pause = _at_once
        self.clients.append(client)
        return client

    async def say(self, **changes: Any) -> str:
        return await self.client.call(render(replace(self.message, **changes), self.account))

    @property
    def row(self) -> Any:
        assert self.house.row is not None
        return self.house.row

    @property
    def exchanges(self) -> int:
        return sum(call.path == OAUTH for call in self.fake.calls)


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Oa]:
    clock = HandClock()
    fake = FakeZalo(clock=clock, per_minute=options.pop("per_minute", 4000))
    async with fake.running() as url:
        made = Oa(fake, url, clock, **options)
        try:
            yield made
            assert fake.violations == []
            assert len(fake.grants.reused) <= 1  # after a lost answer, once: there is no other way to find out
        finally:
            for client in made.clients:
                await client.close()


# ---- sending


async def test_a_message_arrives_and_its_id_comes_back() -> None:
    async with running() as oa:
        number = await oa.say()
        sent = await oa.lan.next_message()
        assert (sent.id, sent.text, sent.billed) == (number, "Anh chị cần gì ạ?", False)
        assert oa.client.quota["quota_type"] == "reply"
        assert oa.exchanges == 1
        await oa.say(text="nữa")
        assert oa.exchanges == 1


async def test_a_file_as_large_as_the_platform_takes_arrives_whole_and_a_larger_one_does_not() -> None:
    async with running() as oa:
        large = b"%PDF-" + bytes(5 * 1024 * 1024 - 5)
        await oa.say(text="", file=replace(PDF, data=large, size=len(large)))
        assert oa.lan.inbox[0].file == large
        with pytest.raises(Permanent):
            await oa.say(text="", file=replace(PDF, data=large + b"x", size=len(large) + 1))


async def test_files_cards_and_buttons() -> None:
    async with running() as oa:
        await oa.say(text="", file=PDF)
        await oa.say(text="", file=replace(PDF, mime="image/png", data=b"\x89PNG-"))
        await oa.say(buttons=(Button(id="phone", label="Gửi số", contact=True),))
        with pytest.raises(Permanent):
            await oa.say(buttons=(Button(id="a", label="A"),))
        oa.fake.buttons = True
        await oa.say(buttons=(Button(id="a", label="A"),))
        file, picture, card, choice = oa.lan.inbox
        assert (file.file, file.file_name) == (b"%PDF-", "Hợp đồng.pdf")
        assert picture.file == b"\x89PNG-"
        assert card.asks_contact
        assert choice.buttons == ("A",)


async def test_a_file_that_is_too_large_is_not_even_uploaded() -> None:
    async with running() as oa:
        with pytest.raises(Permanent) as caught:
            await oa.say(text="", file=replace(PDF, data=b"%PDF-" + b"0" * (5 << 20)))
        assert caught.value.reason == "too_large"
        assert not oa.fake.assets


async def test_the_window_by_their_clock() -> None:
    async with running() as oa:
        await oa.say()
        oa.clock.advance(3 * 86_400)
        with pytest.raises(Permanent) as caught:
            await oa.say()
        assert caught.value.reason == "billing"
        assert oa.house.noted
        oa.fake.balance = 1
        await oa.say()
        assert oa.fake.sent[-1].billed
        with pytest.raises(Permanent):
            await oa.say()  # out of money
        oa.clock.advance(5 * 86_400)
        with pytest.raises(Permanent) as caught:
            await oa.say()
        assert caught.value.reason == "window"


async def test_templates_by_user_and_by_phone() -> None:
    async with running(templates={"aftercare": "418820"}) as oa:
        oa.fake.templates["418820"] = ("name",)
        oa.fake.balance = 3
        oa.clock.advance(30 * 86_400)
        by_user = Template(purpose="aftercare", values={"name": "Châu"})
        assert await oa.say(template=by_user)
        oa.fake.numbers_only.add("418820")
        assert await oa.say(
            template=replace(by_user, phone=f"+{oa.lan.phone}")
        )  # -249 for the person, then to the number
        with pytest.raises(Permanent) as caught:
            await oa.say(template=by_user)
        assert caught.value.reason == "template_by_phone"
        assert [sent.template for sent in oa.lan.inbox] == ["418820", "418820"]
        event = oa.fake.event(
            "user_received_message",
            sender={"id": oa.fake.oa_id},
            recipient={"id": oa.lan.phone},
            message={"msg_id": oa.lan.inbox[1].id, "tracking_id": oa.lan.inbox[1].tracking, "delivery_time": "1"},
        )
        assert oa.lan.inbox[1].tracking.endswith(oa.lan.id)
        assert event["message"]["tracking_id"].startswith(oa.message.id)
        with pytest.raises(Permanent) as caught:
            await oa.say(template=replace(by_user, values={}))
        assert caught.value.reason in ("template", "refused")


async def test_a_day_that_runs_out_of_templates_is_told_once_and_is_over_tomorrow() -> None:
    async with running(templates={"aftercare": "418820 by_phone"}) as oa:
        oa.fake.templates["418820"] = ("name",)
        oa.fake.balance = 9
        by_phone = Template(purpose="aftercare", values={"name": "Châu"}, phone=f"+{oa.lan.phone}")
        for left, told in (("499", 0), ("51", 0), ("50", 1), ("2", 1), ("100", 1), ("101", 2), ("x", 2)):
            oa.fake.quota["remainingQuota"] = str(int(left) + 1) if left.isdigit() else left  # before this one
            await oa.say(template=by_phone)
            assert len(oa.house.noted) == told
        assert oa.house.noted == ["Zalo: 50 of 500 template messages are left today", ""]


async def test_a_group_of_our_own_people_is_told_in_words_and_at_any_hour() -> None:
    async with running() as oa:
        oa.fake.groups.add("f4d1a2")
        line = "Có khách mới đang chờ."
        oa.lan.interacted_at = 0  # nobody's window is asked for
        number = await oa.say(thread="group:f4d1a2", text=line)
        assert [(sent.user, sent.id, sent.text) for sent in oa.fake.sent] == [("f4d1a2", number, line)]
        assert oa.fake.calls[-1].path == "/v3.0/oa/group/message"
        assert oa.fake.calls[-1].body == {"recipient": {"group_id": "f4d1a2"}, "message": {"text": line}}
        with pytest.raises(Permanent) as caught:
            await oa.say(thread="group:another", text=line)
        assert caught.value.code == "-403"
        for more in ({"file": PDF}, {"text": ""}, {"buttons": (Button(id="a", label="A"),)}):
            with pytest.raises(Permanent):
                await oa.say(**{"thread": "group:f4d1a2"} | more)
        assert len(oa.fake.sent) == 1


async def test_a_visitor_is_answered_in_his_visit_whoever_remembers_it() -> None:
    async with running() as oa:
        visitor = oa.fake.customer("Khách", visit="c8e2a5", user="anon-1")
        oa.house.threads["anon-1"] = {"conversation_id": "c8e2a5"}
        await oa.say(thread="anon-1")
        assert visitor.inbox[0].text == "Anh chị cần gì ạ?"
        await oa.say()
        assert len(oa.lan.inbox) == 1


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        (refuse(), DeliveryUnknown, 0),
        (drop(), DeliveryUnknown, 0),
        (drop(accepted=True), DeliveryUnknown, 1),
        (hang(), DeliveryUnknown, 0),
        (hang(accepted=True), DeliveryUnknown, 1),
        (half(accepted=True), DeliveryUnknown, 1),
        (answer(503, b""), Retryable, 0),
        (answer(500, b"<html>", accepted=True), DeliveryUnknown, 1),
        (answer(429, b""), RateLimited, 0),
        (answer(200, {"error": -32, "message": "x"}), RateLimited, 0),
        (answer(200, {"error": "-230", "message": "x"}), Permanent, 0),
    ],
)
async def test_what_was_lost_is_never_taken_for_refused(fault: Fault, error: type[ChannelError], arrived: int) -> None:
    async with running() as oa:
        await oa.client.tokens.current()
        oa.fake.next(fault, path=CS)
        with pytest.raises(ChannelError) as caught:
            await oa.say()
        assert type(caught.value) is error
        assert len(oa.lan.inbox) == arrived
        assert "refresh-" not in repr(caught.value)
        assert "access-" not in repr(caught.value)


async def test_a_lost_upload_is_only_tried_again() -> None:
    async with running() as oa:
        await oa.client.tokens.current()
        oa.fake.next(drop(accepted=True), path="/v2.0/oa/upload/file")
        with pytest.raises(Retryable):
            await oa.say(text="", file=PDF)
        assert not oa.lan.inbox


async def test_the_platforms_rate() -> None:
    async with running(per_minute=2) as oa:
        await oa.say()
        await oa.say()
        with pytest.raises(RateLimited) as caught:
            await oa.say()
        assert caught.value.whole_account


async def test_files_of_customers_come_from_zalo_only() -> None:
    async with running() as oa:
        oa.fake.media["/media/1"] = b"jpeg"
        assert await oa.client.fetch(f"{oa.url}/media/1", limit=100) == b"jpeg"
        with pytest.raises(Permanent) as caught:
            await oa.client.fetch(f"{oa.url}/media/1", limit=2)
        assert caught.value.reason == "too_large"
        for elsewhere in (
            "https://evil.example/x",
            "http://127.0.0.1:1/x",
            "https://zdn.vn.evil.example/x",
            "ftp://a.zdn.vn",
        ):
            with pytest.raises(Permanent) as caught:
                await oa.client.fetch(elsewhere, limit=100)
            assert caught.value.reason == "bad_address"


# ---- tokens


async def test_many_at_once_fetch_one_token() -> None:
    async with running() as oa:
        await asyncio.gather(*(oa.say(text=str(number)) for number in range(8)))
        assert oa.exchanges == 1
        assert oa.row.generation == 1


async def test_many_processes_fetch_one_token() -> None:
    async with running() as oa:
        others = [oa.another() for _ in range(7)]
        tokens = await asyncio.gather(*(client.tokens.current() for client in (oa.client, *others)))
        assert len(set(tokens)) == 1
        assert oa.exchanges == 1


async def test_a_token_that_died_is_fetched_anew_and_the_message_goes_once() -> None:
    async with running() as oa:
        await oa.say()
        oa.fake.grants.kill_access()
        await asyncio.gather(*(oa.say(text=str(number)) for number in range(4)))
        assert oa.exchanges == 2
        assert len(oa.lan.inbox) == 5


async def test_another_process_has_rotated_meanwhile() -> None:
    async with running() as oa:
        other = oa.another()
        await oa.say()
        old = await other.tokens.current()
        oa.clock.advance(20_000)
        await oa.client.keep()  # a fifth of its life is used
        assert oa.exchanges == 2
        assert await other.tokens.renew(old) == oa.row.access
        assert oa.exchanges == 2


async def test_a_token_is_renewed_long_before_it_dies() -> None:
    async with running() as oa:
        await oa.client.keep()
        oa.clock.advance(17_000)
        await oa.client.keep()
        assert oa.exchanges == 1
        oa.clock.advance(2_000)
        await oa.client.keep()
        assert oa.exchanges == 2
        oa.clock.advance(80_000)
        oa.fake.next(answer(503, b""), answer(503, b""), path=OAUTH)
        await oa.client.keep()
        assert oa.row.state == ACTIVE
        await oa.say()  # the old one still lives
        oa.clock.advance(20_000)
        with pytest.raises(Retryable):
            await oa.say()
        await oa.say()


async def test_a_database_that_waits_loses_no_token() -> None:
    async with running() as oa:
        oa.house.failing = 3
        await oa.say()
        assert oa.row.generation == 1


async def test_whoever_waits_for_a_flight_and_stops_does_not_stop_it() -> None:
    async with running() as oa:
        oa.fake.next(hang(accepted=True), path=OAUTH)
        sender = asyncio.create_task(oa.say())
        await oa.fake.watch.until(lambda: oa.exchanges == 1, timeout=60, what=lambda: "no exchange")
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sender
        oa.fake.release()
        await oa.client.tokens.close()
        assert (oa.row.state, oa.row.generation) == (ACTIVE, 1)


@pytest.mark.parametrize("fault", [drop(accepted=True), half(accepted=True), answer(500, b"", accepted=True)])
async def test_an_answer_that_was_lost_calls_for_consent(fault: Fault) -> None:
    """The rotation may have happened: the old token is tried once more, after the lease, and then people are called."""
    async with running() as oa:
        oa.fake.next(fault, path=OAUTH)
        with pytest.raises(Retryable):
            await oa.say()
        assert oa.row.state == REFRESHING
        oa.clock.advance(LEASE_MS / 1000 + 1)
        with pytest.raises(NeedsReauth):
            await oa.say()
        assert oa.row.state == NEEDS_CONSENT
        assert "consent" in oa.house.told[-1]
        assert "refresh-" not in "".join(oa.house.told)
        before = oa.exchanges
        for _ in range(3):
            with pytest.raises(NeedsReauth):
                await oa.client.probe()
        assert oa.exchanges == before


async def test_an_exchange_that_never_happened_is_made_again() -> None:
    async with running() as oa:
        oa.fake.next(drop(), path=OAUTH)
        with pytest.raises(Retryable):
            await oa.say()
        oa.clock.advance(LEASE_MS / 1000 + 1)
        await oa.say()
        assert oa.row.state == ACTIVE


async def test_killed_between_the_answer_and_the_commit() -> None:
    """The pair that came is gone with the process: the next one finds out, and calls for consent."""
    async with running() as oa:
        await oa.say()
        oa.clock.advance(30_000)
        oa.house.killed = True
        with contextlib.suppress(asyncio.CancelledError):
            await oa.client.keep()
        oa.house.killed = False
        assert oa.row.state == REFRESHING
        oa.clock.advance(LEASE_MS / 1000 + 1)
        reborn = oa.another()
        await reborn.keep()
        assert oa.row.state == NEEDS_CONSENT
        assert "consent" in reborn.trouble
        with pytest.raises(NeedsReauth):
            await reborn.call(render(oa.message, oa.account))
        await consent(oa, reborn)
        assert await reborn.call(render(oa.message, oa.account))
        assert reborn.trouble == ""


async def consent(oa: Oa, client: ZaloClient) -> None:
    from urllib.parse import parse_qs, urlsplit

    link = client.consent_url("https://g.vn", b"secret")
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    code = oa.fake.grants.consent(query["code_challenge"])
    back = {"state": query["state"], "code": code, "oa_id": oa.fake.oa_id}
    assert await client.consented(back, [b"newer", b"secret"]) == ""
    assert await client.consented(back, [b"secret"])  # a code is good once


async def test_a_revoked_account_waits_for_consent_and_goes_on() -> None:
    async with running() as oa:
        await oa.say()
        oa.fake.grants.revoke()
        with pytest.raises(NeedsReauth):
            await oa.say()
        assert oa.row.state == NEEDS_CONSENT
        await consent(oa, oa.client)
        await oa.say()
        assert oa.house.told[-1] == ""


async def test_a_wrong_app_secret_is_told_and_mended_by_a_start() -> None:
    async with running() as oa:
        secret, oa.fake.grants._secret = oa.fake.grants._secret, "another"
        with pytest.raises(NeedsReauth):
            await oa.say()
        oa.fake.grants._secret = secret
        reborn = oa.another()
        assert await reborn.call(render(oa.message, oa.account))


# ---- what was missed


async def test_what_the_webhook_missed_is_read_from_the_conversations() -> None:
    async with running() as oa:
        hoa = oa.fake.customer("Hoa")
        start = oa.clock.now()
        for number in range(13):
            oa.clock.advance(1)
            await oa.lan.say(f"tin {number}")
        await hoa.send("image", {"url": "https://f20-zpc.zdn.vn/1.jpg"})
        await oa.say()
        since = round((start + 2) * 1000)
        found = [event for one in await oa.client.missed(since, thorough=True) for event in parse(one, oa.account)]
        assert [event.text for event in found if event.thread == oa.lan.id] == [
            f"tin {number}" for number in range(1, 13)
        ]
        assert {event.key for event in found} >= {f"m:{oa.lan.said[5]['message_id']}"}
        assert len(await oa.client.missed(since, thorough=False)) == 1  # where we spoke last, nobody waits
        assert await oa.client.missed(round(oa.clock.now() * 1000) + 5000, thorough=True) == []


async def test_the_accounts_own_view() -> None:
    async with running() as oa:
        assert (await oa.client.status())["name"] == "IBAOHIEM"
        assert any(
            "/oauth/zalo/oa/callback" in line for line in await done(oa.client.setup("https://g.vn/hooks/zalo/oa"))
        )


async def test_without_the_gateway_nobody_touches_the_tokens() -> None:
    async with running() as oa:
        lonely = ZaloClient(oa.account)
        assert "gateway" in (await lonely.status())["zalo"]
        with pytest.raises(NeedsReauth):
            await lonely.call(render(oa.message, oa.account))
        await lonely.close()
        assert oa.exchanges == 0
