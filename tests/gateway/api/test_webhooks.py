"""Outgoing webhooks from the call that makes one to the receiver that believes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook

from gateway.announcer import Announcer
from gateway.api.models_told import TOLD
from gateway.figures import figures
from storage import announcements, care, deliveries
from storage.announced import Telling
from storage.subscriptions import TYPES
from storage.tx import Tx
from tests.gateway.api.conftest import Caller, House, fields_of
from tests.support import waits
from tests.support.ports import free_port

WITHIN_S = 60.0


class Receiver:
    """Somebody's server. `answers` -- (status, headers, body) of the next calls, then 200 · `open` -- until it is set
    `/slow` answers nothing."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, str], str]] = []
        self.open = asyncio.Event()
        self.came = asyncio.Condition()
        self.url = f"http://127.0.0.1:{free_port()}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{name}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", int(self.url.rpartition(":")[2])).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open.set()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.text()
        if request.path == "/slow":
            await self.open.wait()
        async with self.came:
            self.got.append((request.path, body, dict(request.headers)))
            self.came.notify_all()
        status, headers, text = self.answers.pop(0) if self.answers else (200, {}, "ok")
        return web.Response(status=status, headers=headers, text=text)

    async def calls(self, count: int, path: str = "/crm") -> list[tuple[str, dict[str, str]]]:
        """The first `count` on this path."""

        def found() -> list[tuple[str, dict[str, str]]]:
            return [(body, headers) for where, body, headers in self.got if where == path]

        async with asyncio.timeout(WITHIN_S), self.came:
            await self.came.wait_for(lambda: len(found()) >= count)
        return found()[:count]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
async def boss(house: House) -> Caller:
    return await house.as_role("admin")


async def made(boss: Caller, url: str, *types: str, **more: Any) -> Any:
    return await boss.post("/webhooks", {"url": url, "name": "CRM", "types": list(types), **more})


async def until(boss: Caller, key: str, **wanted: Any) -> Any:
    """The first line of its log that is so."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            for line in (await boss.get(f"/webhooks/{key}/events"))["items"]:
                if wanted.items() <= line.items():
                    return line
            await asyncio.sleep(0.02)


def opened(secret: str, calls: list[tuple[str, dict[str, str]]]) -> list[Any]:
    """What was told, in the words of the document."""
    found = [Webhook(secret).verify(body, headers) for body, headers in calls]
    for one in found:
        if one["type"] in TOLD:
            TOLD[one["type"]][0].model_validate(one["data"], extra="forbid")
    return found


async def test_a_conversation_is_told_in_its_order(house: House, boss: Caller, receiver: Receiver) -> None:
    types = ("conversation.opened", "conversation.waiting", "conversation.closed", "message.created")
    hook = await made(boss, f"{receiver.url}/crm", *types)
    assert hook["secret"].startswith("whsec_")
    assert "secret" not in await boss.get(f"/webhooks/{hook['id']}")
    conversation = await house.conversation("1001", lead=True)
    await boss.post(f"/conversations/{conversation}/notes", {"text": "khó tính"})
    await boss.post(f"/conversations/{conversation}/take")
    await boss.post(f"/conversations/{conversation}/close", {"reason": "no_need", "outcome": "closed_no_need"})
    shown = await boss.get(f"/conversations/{conversation}")
    await boss.post(f"/conversations/{conversation}/notes", {"text": "sau khi đóng"})
    said = [one["id"] for one in (await boss.get(f"/conversations/{conversation}/messages"))["items"]]
    told = opened(hook["secret"], await receiver.calls(len(said) + 3))
    kinds = [one["type"] for one in told]
    assert (kinds[0], kinds[-1]) == ("conversation.opened", "conversation.closed")
    assert kinds.count("conversation.waiting") == 1
    assert [one["data"]["id"] for one in told if one["type"] == "message.created"] == said
    whole = "".join(body for _, body, _ in receiver.got)
    for personal in ("Hùng", "0912", "84912", "khó tính", "Chào shop"):
        assert personal not in whole
    last = told[-1]["data"]
    assert last == {key: shown[key] for key in last}
    message = (await boss.get(f"/conversations/{conversation}/messages"))["items"][0]
    first = next(one["data"] for one in told if one["type"] == "message.created")
    beside = {"contact_id", "channel", "account", "thread"}
    assert {key: first[key] for key in first.keys() - beside} == {key: message[key] for key in first.keys() - beside}
    assert len({headers["webhook-id"] for _, _, headers in receiver.got}) == len(receiver.got)


async def test_words_and_captured_data_go_only_where_they_were_asked_for(
    house: House, boss: Caller, receiver: Receiver
) -> None:
    hook = await made(
        boss, f"{receiver.url}/crm", "message.created", "conversation.waiting", include=["text", "person"]
    )
    receiver.answers += [(200, {}, "Hùng 0912345678")] * 20  # it says back what it was told
    conversation = await house.conversation("1002", lead=True)
    said = (await boss.get(f"/conversations/{conversation}/messages"))["items"]
    told = opened(hook["secret"], await receiver.calls(len(said) + 1))
    (waiting,) = [one["data"] for one in told if one["type"] == "conversation.waiting"]
    assert waiting["slots"] == (await boss.get(f"/conversations/{conversation}"))["slots"]
    assert waiting["slots"]["phone"] == "+84912345678"
    assert [one["data"]["text"] for one in told if one["type"] == "message.created"] == [one["text"] for one in said]
    assert (await until(boss, hook["id"], state="done"))["answer"] == "(16 B)"


async def test_a_policy_its_delivery_and_the_answer(house: House, boss: Caller, receiver: Receiver) -> None:
    hook = await made(boss, f"{receiver.url}/crm", "policy.issued", "delivery.changed", "care.answered")

    def unit(tx: Tx) -> None:
        tx.insert(
            "policy", id="p1", contact_id="k1", conversation_id="c1", insurer="BV", product="tnds_o_to", number_sealed=b"",
            number_blind=b"b", starts_on="2026-11-23", ends_on="2027-11-22", premium_sealed=b"", state="issued", test=False,
            created_by="a", issued_at=tx.now_ms, version=0,
        )  # fmt: skip
        announcements.policy_issued(tx, "p1")
        tx.insert(
            "delivery", id="d1", policy_id="p1", contact_id="k1", means="chat", state="to_send", route="telegram:main", reason="",
            message_id="m1", document_sha256="", created_by="a", created_at=tx.now_ms,
        )  # fmt: skip
        deliveries.fate(tx, "m1", "failed", "blocked")
        deliveries.fate(tx, "m1", "failed", "blocked")  # nothing new
        tx.insert(
            "care_task", id="t1", policy_id="p1", contact_id="k1", kind="survey", anchor="", due_at=tx.now_ms, state="sent",
            route="", reason="", fired=True,
        )  # fmt: skip
        care.told(tx, "t1", "k1", state="answered")

    await house.parts.store.run(unit)
    policy, delivery, answered = opened(hook["secret"], await receiver.calls(3))
    assert (policy["type"], policy["data"]["id"]) == ("policy.issued", "p1")
    assert {"number", "premium"}.isdisjoint(policy["data"])
    assert (delivery["data"]["state"], delivery["data"]["reason"]) == ("failed", "blocked")
    assert (answered["type"], answered["data"]["state"], "answer" in answered["data"]) == (
        "care.answered",
        "answered",
        False,
    )


def test_the_document_knows_every_type() -> None:
    assert set(TOLD) == set(TYPES)


async def test_it_fails_rests_comes_again_and_is_gone(house: House, boss: Caller, receiver: Receiver) -> None:
    hook = await made(boss, f"{receiver.url}/crm", "care.answered")
    receiver.answers += [
        (302, {"Location": "/slow"}, ""),
        (429, {"Retry-After": "600"}, "too fast\x00"),
        (200, {}, "thanks"),
        (410, {}, "no more"),
    ]
    event = await boss.post(f"/webhooks/{hook['id']}/test")
    line = await until(boss, hook["id"], status=302)
    assert (line["id"], line["status"], line["error"]) == (event["id"], 302, "redirect")
    house.parts.clock.offset_ms += 7000
    await receiver.calls(2)
    line = await until(boss, hook["id"], status=429)
    shown = await boss.get(f"/webhooks/{hook['id']}")
    assert shown["paused_until"]
    assert (line["status"], line["answer"]) == (429, "too fast\ufffd")
    assert shown["failing_since"]
    house.parts.clock.offset_ms += 300_000
    assert 307 <= (await figures(house.parts)).oldest_webhook_s < 600
    house.parts.clock.offset_ms += 300_000
    line = await until(boss, hook["id"], state="done")
    assert (await figures(house.parts)).oldest_webhook_s == 0
    assert (line["attempts"], line["answer"]) == (3, "thanks")
    calls = await receiver.calls(3)
    assert {headers["webhook-id"] for _, headers in calls} == {event["id"]}
    assert {body for body, _ in calls} == {calls[0][0]}
    assert (await boss.get(f"/webhooks/{hook['id']}"))["failing_since"] is None
    await boss.post(f"/webhooks/{hook['id']}/events/{event['id']}/resend")
    await until(boss, hook["id"], state="failed")
    shown = await boss.get(f"/webhooks/{hook['id']}")
    assert (shown["enabled"], shown["reason"]) == (False, "gone")
    assert (await boss("POST", f"/webhooks/{hook['id']}/test"))[0] == 409
    status, shown = await boss("PATCH", f"/webhooks/{hook['id']}", {"enabled": True})
    assert (status, shown["enabled"], shown["reason"]) == (200, True, "")
    since = "2026-01-01T00:00:00Z"
    assert (await boss.post(f"/webhooks/{hook['id']}/resend", {"since": since}))["count"] == 1
    await until(boss, hook["id"], state="done")

    def counted() -> dict[str, float | None]:
        name, registry = "gateway_webhooks_total", house.parts.metrics.registry
        return {each: registry.get_sample_value(name, {"outcome": each}) for each in ("delivered", "failed", "dead")}

    await waits.until(lambda: counted()["delivered"] == 2)  # the last one is counted once its commit is told
    assert counted() == {"delivered": 2, "failed": 2, "dead": 1}


async def test_one_that_hangs_keeps_nobody_waiting(house: House, boss: Caller, receiver: Receiver) -> None:
    slow = await made(boss, f"{receiver.url}/slow", "message.created")
    await made(boss, f"{receiver.url}/crm", "message.created")
    for number in range(6):
        await house.conversation(f"20{number}")
    await receiver.calls(12)
    assert not [where for where, _, _ in receiver.got if where == "/slow"]
    assert len((await boss.get(f"/webhooks/{slow['id']}/events", state="calling"))["items"]) == 4


async def test_a_name_that_leads_inside_is_not_called(house: House) -> None:
    class Inside(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
            return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

        async def close(self) -> None: ...

    telling = Telling(
        id="w1", subscription_id="s1", url="https://inside.example.com/crm", include=(), type="care.answered", about="t1",
        data="{}", at=0, number=1, failing_since=None, secrets=(), personal={},
    )  # fmt: skip
    announcer = Announcer(house.parts, resolver=Inside())
    told = await announcer._call(telling)
    await announcer.stop()
    assert (told.status, told.error, told.state) == (None, "not_public", "waiting")


async def test_who_may_and_what_is_refused(house: House, boss: Caller, receiver: Receiver) -> None:
    machine = await house.as_role("integration")
    mine = await made(boss, f"{receiver.url}/crm", "message.created", owner=machine.id)
    other = await made(boss, "https://other.example.com/", "message.created")
    assert [one["id"] for one in (await machine.get("/webhooks"))["items"]] == [mine["id"]]
    assert (await machine.get(f"/webhooks/{mine['id']}"))["url"] == f"{receiver.url}/crm"
    assert (await machine("GET", f"/webhooks/{other['id']}"))[0] == 404
    assert (await machine("GET", f"/webhooks/{other['id']}/events"))[0] == 404
    assert (await machine("POST", f"/webhooks/{mine['id']}/rotate"))[0] == 403
    for role in ("supervisor", "intake", "advisor", "dpo"):
        assert (await (await house.as_role(role))("GET", "/webhooks"))[0] == 403
    for url in ("http://crm.example.com/", "https://10.0.0.1/", "https://crm.example.com:8443/"):
        status, body = await boss("POST", "/webhooks", {"url": url, "name": "x", "types": ["message.created"]})
        assert (status, fields_of(body)) == (422, {"url"})
    for wrong in ({"types": ["all"]}, {"types": []}, {"include": ["all"]}, {"owner": "nobody"}):
        given = {"url": "https://x.example.com/", "name": "x", "types": ["message.created"], **wrong}
        assert (await boss("POST", "/webhooks", given))[0] == 422
    rotated = await boss.post(f"/webhooks/{mine['id']}/rotate", headers={"Idempotency-Key": "r1"})
    assert rotated["secret"] != mine["secret"]
    assert await boss.post(f"/webhooks/{mine['id']}/rotate", headers={"Idempotency-Key": "r1"}) == rotated
    await boss.post(f"/webhooks/{mine['id']}/test")
    (call,) = await receiver.calls(1)
    assert opened(mine["secret"], [call]) == opened(rotated["secret"], [call])
    assert (await boss("DELETE", f"/webhooks/{mine['id']}"))[0] == 200
    assert (await boss("GET", f"/webhooks/{mine['id']}"))[0] == 404
