"""What an advisor said is put right, or taken back, where the platform lets us; what it said before is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import FormData

from channels.contract import Account, Permanent
from channels.registry import ADAPTERS
from gateway.api import show
from storage.times import rfc3339
from storage.transcript import Attachment, Message
from tests.gateway.api.conftest import Caller, House


async def said(
    house: House, lan: Caller, text: str, *, thread: str = "1001", channel: str = "telegram"
) -> tuple[str, Any]:
    found = await house.conversation(thread, lead=True, channel=channel)
    await lan.post(f"/conversations/{found}/take")
    message = await lan.post(f"/conversations/{found}/messages", {"text": text})
    await house.settled()
    return f"/conversations/{found}/messages", message


async def test_on_telegram_it_is_changed_and_taken_back_there(house: House) -> None:
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    client = house.clients["telegram:main"]
    numbers = iter(range(500, 600))

    async def call(request: Any) -> str:
        client.sent.append(request)
        return str(next(numbers))

    client.call = call  # type: ignore[method-assign]
    at, message = await said(house, lan, "Phí là 500 nghìn")
    shown = (await lan.get(at))["items"][-1]
    assert datetime.fromisoformat(shown["may_retell"]) - datetime.fromisoformat(shown["said_at"]) == timedelta(hours=48)
    assert (await minh("POST", f"{at}/{message['id']}/edit", {"text": "x"}))[0] == 403
    edited = await lan.post(f"{at}/{message['id']}/edit", {"text": "Phí là 550 nghìn"})
    await house.settled()
    assert (edited["text"], edited["before"], edited["taken_back"]) == ("Phí là 550 nghìn", ["Phí là 500 nghìn"], False)
    number = int((await lan.get(at))["items"][-1]["external_id"])
    method = client.sent[-1]
    assert (method.__api_method__, method.message_id, method.text) == ("editMessageText", number, "Phí là 550 nghìn")
    await lan.post(f"{at}/{message['id']}/unsend")
    await house.settled()
    assert (client.sent[-1].__api_method__, client.sent[-1].message_id) == ("deleteMessage", number)
    shown = (await lan.get(at))["items"][-1]
    assert (shown["text"], shown["taken_back"], shown["status"]) == ("", True, "sent")
    assert shown["may_retell"] is None
    assert shown["before"] == ["Phí là 500 nghìn", "Phí là 550 nghìn"]
    before = len(client.sent)
    await lan.post(f"{at}/{message['id']}/unsend")  # twice is once
    await house.settled()
    assert len(client.sent) == before
    acts = await house.parts.store.read(
        lambda tx: [
            row.action for row in tx.all("SELECT action FROM audit_entry WHERE action LIKE 'message.%' ORDER BY id")
        ]
    )
    assert [one for one in acts if one in ("message.edit", "message.unsend")][:2] == ["message.edit", "message.unsend"]


SAID = Message(
    id="m", conversation_id="c", account_id="", seq=1, direction="outbound", author="advisor", advisor=("a", "Lan"), kind="text",
    body={"text": "Chào anh"}, external_id="77", status="read", error="", route="", said_at=1_000_000, received_at=1_000_000,
    edited_at=None, attachments=(),
)  # fmt: skip
FILE = Attachment(id="f", kind="file", name="a.pdf", mime="application/pdf", size=9, source="", state="stored", reason="", file_id="f")  # fmt: skip
HOURS_48 = 48 * 3_600_000


@pytest.mark.parametrize(
    ("changes", "later_ms", "can"),
    [
        ({}, 0, True),
        ({}, HOURS_48 - 1, True),
        ({}, HOURS_48, False),
        ({"status": "queued"}, 0, False),
        ({"external_id": None}, 0, False),
        ({"author": "bot"}, 0, False),
        ({"direction": "internal"}, 0, False),
        ({"body": {"text": "", "taken_back": True}}, 0, False),
        ({"body": {"text": "a" * 4097}}, 0, False),
        ({"body": {"text": ""}, "attachments": (FILE,)}, 0, True),
        ({"body": {"text": "a"}, "attachments": (FILE, FILE)}, 0, False),
    ],
)
def test_until_when_it_may_be_changed_is_told_by_what_its_channel_carries(
    changes: dict[str, Any], later_ms: int, can: bool
) -> None:
    clock = SimpleNamespace(ms=lambda: SAID.said_at + later_ms)
    told = {}
    for channel in ADAPTERS:
        accounts = {f"{channel}:main": Account(channel=channel, name="main")}
        call: Any = SimpleNamespace(parts=SimpleNamespace(accounts=accounts, adapters=ADAPTERS, clock=clock))
        told[channel] = show.message(
            call, replace(SAID, account_id=f"{channel}:main", **changes), plain=True
        ).may_retell
        gone = show.message(call, replace(SAID, account_id="telegram:gone", **changes), plain=True)
        assert gone.may_retell is None
    until = rfc3339(SAID.said_at + HOURS_48) if can else None
    assert told == dict.fromkeys(ADAPTERS) | {"telegram": until, "webchat": until}


async def test_what_the_platform_refuses_reads_as_it_did(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    at, message = await said(house, lan, "Phí là 500 nghìn")
    client = house.clients["telegram:main"]

    async def refuse(request: Any) -> str:
        raise Permanent("telegram: message can't be edited", reason="bad_request", code="400")

    client.call = refuse  # type: ignore[method-assign]
    await lan.post(f"{at}/{message['id']}/edit", {"text": "khác"})
    await house.settled()
    shown = next(one for one in (await lan.get(at))["items"] if one["id"] == message["id"])
    assert (shown["text"], shown["before"], shown["status"]) == ("Phí là 500 nghìn", [], "sent")


@pytest.mark.parametrize("why", ["not_ours", "too_old", "too_long"])
async def test_why_it_cannot_be_changed(house: House, why: str) -> None:
    lan = await house.as_role("supervisor", "Lan")
    at, message = await said(house, lan, "Chào anh")
    target, text = message["id"], "khác"
    if why == "not_ours":
        target = next(one["id"] for one in (await lan.get(at))["items"] if one["author"] == "bot")
    if why == "too_old":
        house.parts.clock.offset_ms += 49 * 3_600_000
    if why == "too_long":
        text = "a" * 5000
    status, body = await lan("POST", f"{at}/{target}/edit", {"text": text})
    assert (status, body["error"]["fields"]) == (409, {"reason": why})


async def test_no_change_begins_while_one_is_on_its_way_and_a_failed_one_is_not_made_again(house: House) -> None:
    lan, boss = await house.as_role("advisor", "Lan"), await house.as_role("supervisor")
    client, gate = house.clients["telegram:main"], asyncio.Event()

    async def through(request: Any) -> str:
        client.sent.append(request)
        return str(500 + len(client.sent))

    client.call = through  # type: ignore[method-assign]
    at, message = await said(house, lan, "Phí là 500 nghìn")

    async def refuse(request: Any) -> str:
        await gate.wait()
        raise Permanent("telegram: message can't be edited", reason="bad_request", code="400")

    client.call = refuse  # type: ignore[method-assign]
    await lan.post(f"{at}/{message['id']}/edit", {"text": "Phí là 550 nghìn"})
    for act, body in (("unsend", None), ("edit", {"text": "khác"})):
        status, answer = await lan("POST", f"{at}/{message['id']}/{act}", body)
        assert (status, answer["error"]["fields"]) == (409, {"reason": "changing"})
    gate.set()
    await house.settled()
    client.call = through  # type: ignore[method-assign]
    before = len(client.sent)
    (failed,) = (await boss.get("/outbox", state="failed"))["items"]
    status, answer = await boss("POST", f"/outbox/{failed['id']}/resend", {})
    assert (status, answer["error"]["fields"]) == (409, {"reason": "change"})
    assert (await boss("POST", f"/messages/{message['id']}/retry", {}))[0] == 409
    await house.settled()
    assert len(client.sent) == before
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE outbox SET state = 'unconfirmed', error = '' WHERE id = :id", id=failed["id"])
    )
    await boss.post(f"/outbox/{failed['id']}/resend", {})  # nobody knows whether it was made: it may be made twice
    await house.settled()
    assert len(client.sent) == before + 1
    assert (await lan.get(at))["items"][-1]["status"] == "sent"
    await lan.post(f"{at}/{message['id']}/unsend")
    await house.settled()
    shown = next(one for one in (await lan.get(at))["items"] if one["id"] == message["id"])
    assert (shown["text"], shown["taken_back"], shown["before"]) == ("", True, ["Phí là 500 nghìn"])


async def test_a_file_that_the_platform_keeps_is_still_in_the_transcript(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    found = await house.conversation("1001", lead=True)
    await lan.post(f"/conversations/{found}/take")
    form = FormData()
    form.add_field("file", b"%PDF-1.7\n%%EOF\n", filename="bang-phi.pdf", content_type="application/pdf")
    _, file = await lan("POST", "/files", data=form)
    at = f"/conversations/{found}/messages"
    message = await lan.post(at, {"text": "", "attachment_ids": [file["id"]]})
    await house.settled()
    kept = next(one for one in (await lan.get(at))["items"] if one["id"] == message["id"])["attachments"]
    assert kept

    async def refuse(request: Any) -> str:
        raise Permanent("telegram: message can't be deleted", reason="bad_request", code="400")

    house.clients["telegram:main"].call = refuse  # type: ignore[method-assign]
    await lan.post(f"{at}/{message['id']}/unsend")
    await house.settled()
    shown = next(one for one in (await lan.get(at))["items"] if one["id"] == message["id"])
    assert (shown["attachments"], shown["taken_back"]) == (kept, False)
