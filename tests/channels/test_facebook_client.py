"""The Messenger client against the strict stand-in: what was accepted there, and what we believe of it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.contract import (
    UNSAID,
    Account,
    Button,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    InboundEvent,
    Kind,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
    Template,
    WebhookRejected,
)
from channels.facebook.adapter import render
from channels.facebook.client import FIELDS, FacebookClient
from channels.facebook.signature import greet
from channels.facebook.usage import used
from channels.http import Http
from gateway.demo.standins.facebook import FakeFacebook, Fault, HandClock, answer, drop, half, hang, refuse
from tests.support.errands import done
from tests.support.house import MemoryHouse

PDF = OutboundFile(id="f", name="Hợp đồng.pdf", mime="application/pdf", size=5, data=b"%PDF-")
DAY_S = 86_400


class Page:
    """The stand-in, our client of it, and a customer who has written."""

    def __init__(self, fake: FakeFacebook, url: str, clock: HandClock, **settings: Any) -> None:
        self.fake, self.url, self.clock = fake, url, clock
        given = {
            "page_id": fake.page_id,
            "page_token": fake.token,
            "app_id": fake.app_id,
            "app_secret": fake.app_secret,
            "verify_token": "v",
            "api_url": url,
        }
        self.account = Account(channel="facebook", name="page", settings=given | settings)
        self.client = FacebookClient(self.account, api=Http(url, idle_s=0.5))
        self.house = MemoryHouse(clock.now)
        self.client.attach(self.house)
        self.lan = fake.customer("Lan")
        self.lan.acted_at = clock.now()
        self.message = OutboundMessage(id="01KAB3D5F7H9", thread=self.lan.id, text="Anh chị cần gì ạ?")

    async def say(self, **changes: Any) -> str:
        return await self.client.call(render(replace(self.message, **changes), self.account))


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Page]:
    clock = HandClock()
    fake = FakeFacebook(clock=clock)
    async with fake.running() as url:
        made = Page(fake, url, clock, **settings)
        try:
            yield made
            assert fake.violations == []
        finally:
            await made.client.close()


async def test_a_message_arrives_and_its_id_comes_back() -> None:
    async with running() as page:
        number = await page.say()
        sent = await page.lan.next_message()
        assert (sent.id, sent.text, sent.kind) == (number, "Anh chị cần gì ạ?", "RESPONSE")
        assert sent.metadata == "gw:01KAB3D5F7H9"


async def test_choices_the_number_links_and_files() -> None:
    async with running() as page:
        phone = Button(id="phone", label="Gửi số", contact=True)
        email = Button(id="email", label="Gửi email", email=True)
        await page.say(buttons=(phone, *(Button(id=f"p:{n}", label=f"Chọn {n}") for n in range(12))))
        await page.say(buttons=(Button(id="u", label="Xem", url="https://example.com/d"), Button(id="a", label="A")))
        await page.say(text="dài " * 300, buttons=(Button(id="u", label="Xem", url="https://example.com/d"),))
        await page.say(text="", file=PDF)
        await page.say(
            text="", file=replace(PDF, mime="image/png", data=b"\x89PNG"), buttons=(Button(id="a", label="A"),)
        )
        await page.say(buttons=(email,))
        choices, link, line, file, picture, address = page.lan.inbox
        assert (choices.asks_email, address.asks_email, address.asks_phone) == (False, True, False)
        assert len(choices.replies) == 12
        assert choices.asks_phone
        assert (link.links, link.replies) == (("https://example.com/d",), ("A",))
        assert line.text.endswith("Xem: https://example.com/d")
        assert (file.file, file.file_name) == (b"%PDF-", "Hợp đồng.pdf")
        assert (picture.file, picture.replies) == (b"\x89PNG", ("A",))


async def test_a_file_nearly_as_large_as_the_platform_takes_arrives_whole() -> None:
    async with running() as page:
        large = b"%PDF-" + bytes(20 * 1024 * 1024)
        await page.say(text="", file=replace(PDF, data=large, size=len(large)))
        assert page.lan.inbox[0].file == large


async def test_a_file_that_is_too_large_is_not_even_sent() -> None:
    async with running() as page:
        with pytest.raises(Permanent) as caught:
            await page.say(text="", file=replace(PDF, size=26 << 20))
        assert caught.value.reason == "too_large"
        assert not page.fake.calls


async def test_the_machine_never_speaks_outside_the_window() -> None:
    async with running(human_agent=True) as page:
        page.fake.human_agent = True
        page.clock.advance(2 * DAY_S)
        with pytest.raises(Permanent) as caught:
            await page.say()
        assert caught.value.reason == "window"
        assert page.fake.sent == []
        assert len(page.fake.calls) == 1


async def test_a_person_does_for_seven_days_and_within_one_without_the_tag() -> None:
    async with running(human_agent=True) as page:
        page.fake.human_agent = True
        await page.say(by_human=True)
        page.clock.advance(2 * DAY_S)
        await page.say(by_human=True)
        await page.say(by_human=True, text="", file=PDF)
        assert [sent.tag for sent in page.fake.sent] == ["", "HUMAN_AGENT", "HUMAN_AGENT"]
        page.clock.advance(6 * DAY_S)
        with pytest.raises(Permanent) as caught:
            await page.say(by_human=True)
        assert caught.value.reason == "window"


async def test_without_the_right_no_tag_is_tried() -> None:
    async with running() as page:
        page.fake.human_agent = True
        page.clock.advance(2 * DAY_S)
        with pytest.raises(Permanent):
            await page.say(by_human=True)
        assert len(page.fake.calls) == 1


async def test_an_advisor_takes_the_thread_back_and_the_bot_does_not() -> None:
    async with running() as page:
        page.fake.holder = "263902037430900"
        with pytest.raises(Permanent) as caught:
            await page.say()
        assert caught.value.reason == "not_ours"
        assert page.fake.holder != page.fake.app_id
        await page.say(by_human=True)
        assert page.fake.holder == page.fake.app_id
        assert len(page.fake.sent) == 1


async def test_templates_at_any_time() -> None:
    async with running(templates={"aftercare": "policy_issued_vi vi name number", "bare": "hello"}) as page:
        page.fake.templates = {"policy_issued_vi": 2, "hello": 0}
        page.clock.advance(30 * DAY_S)
        await page.say(template=Template(purpose="aftercare", values={"number": "IB-1", "name": "Châu"}))
        await page.say(template=Template(purpose="bare"))
        assert [(one.kind, one.template, one.values) for one in page.lan.inbox] == [
            ("UTILITY", "policy_issued_vi", ("Châu", "IB-1")),
            ("UTILITY", "hello", ()),
        ]
        for purpose, values, reason in (("unknown", {}, "template_missing"), ("aftercare", {"name": "x"}, "template")):
            with pytest.raises(Permanent) as caught:
                await page.say(template=Template(purpose=purpose, values=values))
            assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        (refuse(), DeliveryUnknown, 0),
        (drop(), DeliveryUnknown, 0),
        (drop(accepted=True), DeliveryUnknown, 1),
        (hang(accepted=True), DeliveryUnknown, 1),
        (half(accepted=True), DeliveryUnknown, 1),
        (answer(503, b""), Retryable, 0),
        (answer(500, b"<html>", accepted=True), DeliveryUnknown, 1),
        (answer(400, {"error": {"code": 613, "message": "x"}}), RateLimited, 0),
        (answer(400, {"error": {"code": 190, "message": "x"}}), NeedsReauth, 0),
    ],
    ids=["refuse", "drop", "drop-taken", "hang-taken", "half-taken", "503", "500-taken", "613", "190"],
)
async def test_what_was_lost_is_never_taken_for_refused(fault: Fault, error: type[ChannelError], arrived: int) -> None:
    async with running() as page:
        page.fake.next(fault)
        with pytest.raises(ChannelError) as caught:
            await page.say()
        assert type(caught.value) is error
        assert len(page.lan.inbox) == arrived
        assert page.fake.token not in repr(caught.value)


async def test_a_dead_token_and_a_blocked_page() -> None:
    async with running() as page:
        page.lan.blocked = True
        with pytest.raises(Permanent) as caught:
            await page.say()
        assert caught.value.reason == "blocked"
        page.fake.token = "another"
        with pytest.raises(NeedsReauth):
            await page.say()


async def test_files_of_customers_come_from_meta_only() -> None:
    async with running() as page:
        page.fake.media["/media/1"] = b"jpeg"
        assert await page.client.fetch(f"{page.url}/media/1", limit=100) == b"jpeg"
        with pytest.raises(Permanent) as caught:
            await page.client.fetch(f"{page.url}/media/1", limit=2)
        assert caught.value.reason == "too_large"
        for elsewhere in ("https://evil.example/x", "http://127.0.0.1:1/x", "https://x.fbcdn.net.evil.example/x"):
            with pytest.raises(Permanent) as caught:
                await page.client.fetch(elsewhere, limit=100)
            assert caught.value.reason == "bad_address"


def said(page: Page, kind: Kind = Kind.TEXT, **changes: Any) -> InboundEvent:
    event = InboundEvent(
        channel="facebook", account="page", key="k", kind=kind, thread=page.lan.id, said_at=UNSAID, raw=b"", text="chào"
    )
    return replace(event, **changes)


async def quiet(page: Page) -> None:
    await asyncio.gather(*page.client._beside.tasks)


async def test_who_writes_is_shown_that_he_was_seen_where_that_is_wanted() -> None:
    async with running(seen=True) as page:
        page.client.noticed(said(page))
        await quiet(page)
        seen = {"recipient": {"id": page.lan.id}, "sender_action": "mark_seen"}
        assert [call.body for call in page.fake.calls] == [seen]
        page.client.noticed(said(page, Kind.RECEIPT))
        page.client.noticed(said(page, standby=True))
        await quiet(page)
        assert len(page.fake.calls) == 1
        page.fake.next(answer(500, {}))
        page.client.noticed(said(page))  # nothing fails with it
        await quiet(page)
        assert page.house.names == {}


async def test_a_name_is_looked_up_once_and_again_only_where_meta_had_no_time() -> None:
    async with running(profiles=True) as page:
        page.fake.next(answer(503, {}), path=page.lan.id)
        for _ in range(3):
            page.client.noticed(said(page))
            await quiet(page)
        assert page.house.names == {page.lan.id: "Nguyễn Lan"}
        assert len(page.fake.calls) == 2
    async with running() as page:
        page.client.noticed(said(page))
        assert page.client._beside.tasks == set()


async def test_what_meta_counts_is_told_before_it_refuses() -> None:
    async with running() as page:
        for share, noted in ((79, []), (80, ["80 %"]), (95, ["80 %"]), (60, ["80 %"]), (59, ["80 %", ""])):
            page.fake.usage = {"X-App-Usage": json.dumps({"call_count": 3, "total_time": share})}
            await page.say()
            assert len(page.house.noted) == len(noted)
            assert all(part in one for part, one in zip(noted, page.house.noted, strict=True))
        page.fake.usage = {"X-Page-Usage": "no json"}
        await page.say()
        assert len(page.house.noted) == 2


@pytest.mark.parametrize(
    ("headers", "percent"),
    [
        ({}, None),
        ({"X-App-Usage": "[]"}, None),
        ({"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":31}'}, 31),
        ({"X-App-Usage": '{"call_count":28}', "X-Page-Usage": '{"call_count":90}'}, 90),
        (
            {
                "X-Business-Use-Case-Usage": '{"1":[{"type":"messenger","call_count":97,"estimated_time_to_regain_access":5}]}'
            },
            97,
        ),
        ({"X-App-Usage": '{"call_count":"28","total_time":true,"total_cputime":-1,"other":99}'}, None),
    ],
)
def test_how_much_of_what_is_allowed_is_used(headers: dict[str, str], percent: int | None) -> None:
    assert used(headers) == percent


async def test_the_page_is_set_up_while_meta_asks_its_address() -> None:
    word = {"verify_token": "our word"}

    async def hook(request: web.Request) -> web.Response:
        delivery = Delivery(headers={}, body=b"", query=dict(request.query), method="GET")
        try:
            return web.Response(body=greet(delivery, Account(channel="facebook", name="page", settings=word)))
        except WebhookRejected as err:
            return web.Response(status=err.status)

    app = web.Application()
    app.router.add_get("/hooks/facebook/page", hook)
    async with TestServer(app) as gateway, running(**word) as page:
        url = str(gateway.make_url("/hooks/facebook/page"))
        dry = await done(page.client.setup(url, dry=True))
        assert page.fake.calls == []
        for _ in range(2):  # it may be said again
            assert await done(page.client.setup(url)) == dry
        assert dry[-2] == f"the app's webhook: {url}"
        assert dry[-1].startswith("by hand: ")
        page_fields, *shown, hook_set = [call.body for call in page.fake.calls if call.method == "POST"][:6]
        assert (hook_set["callback_url"], page_fields["subscribed_fields"]) == (url, FIELDS)
        assert [next(iter(body)) for body in shown] == ["get_started", "greeting", "ice_breakers", "persistent_menu"]
        with pytest.raises(Permanent, match="is the gateway running there"):
            await done(page.client.setup("http://127.0.0.1:9/hooks/facebook/page"))
        other = FacebookClient(replace(page.account, settings={**page.account.settings, "app_secret": "x"}))
        with pytest.raises(NeedsReauth, match="app_secret"):
            await done(other.setup(url))
        await other.close()


async def test_profiles_and_status() -> None:
    async with running(appsecret_proof=True) as page:
        assert (await page.client.profile(page.lan.id)).name == "Nguyễn Lan"
        assert (await page.client.profile("999")).name == ""
        page.fake.subscribed = ["messages"]
        assert await page.client.status() == {"page": "IBAOHIEM", "subscribed": "gateway", "fields": 1}
