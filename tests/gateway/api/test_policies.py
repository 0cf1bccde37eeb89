"""Policies over the API: registered, delivered with proof, asked about."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from channels.windows import Purpose, Way, Window
from scheduler import care as ticks
from storage import policies
from tests.gateway.api.conftest import Caller, House, fields_of
from tests.gateway.api.test_files import paper, picture, send

pytestmark = pytest.mark.usefixtures("by_hand")

SHAPE: Final = {
    "id", "number", "insurer", "product", "contact_id", "conversation_id", "starts_on", "ends_on", "premium", "document_id", "state",
}  # fmt: skip
CARE: Final = {"id", "policy_id", "kind", "due_at", "state", "route", "reason", "answer"}
NUMBER: Final = "BV/2026-000123"


def today() -> date:
    return (datetime.now(UTC) + timedelta(hours=7)).date()


async def document(caller: Caller, conversation: str, data: bytes = b"") -> str:
    status, file = await send(caller, data or paper(), "gcn.pdf", "application/pdf", conversation_id=conversation)
    assert status == 201, file
    return str(file["id"])


def body(conversation: str, file_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "conversation_id": conversation,
        "insurer": "Bảo Việt",
        "product": "tnds_o_to",
        "number": NUMBER,
        "starts_on": today().isoformat(),
        "ends_on": (today() + timedelta(days=364)).isoformat(),
        "premium": 480_700,
        "document_id": file_id,
    } | changes


async def registered(house: House, thread: str = "p", **changes: Any) -> tuple[Caller, str, dict[str, Any]]:
    """An advisor, her conversation, and the policy that she registered in it."""
    conversation = await house.conversation(thread, lead=True)
    lan = await house.as_role("advisor", "Lan")
    await lan.post(f"/conversations/{conversation}/take")
    status, policy = await lan("POST", "/policies", body(conversation, await document(lan, conversation), **changes))
    assert status == 201, policy
    return lan, conversation, policy


async def test_from_the_insurers_word_to_the_customers(house: House) -> None:
    lan, conversation, policy = await registered(house)
    assert set(policy) >= SHAPE
    assert (policy["number"], policy["premium"], policy["state"], policy["masked"]) == (
        NUMBER,
        480_700,
        "issued",
        False,
    )
    assert policy["conversation_id"] == conversation
    assert await lan.get(f"/policies/{policy['id']}") == policy
    tasks = (await lan.get("/care", policy=policy["id"]))["items"]
    assert [task["kind"] for task in tasks] == [
        "received", "survey", "midterm", "renewal_30", "renewal_15", "renewal_7", "renewal_1", "ended"
    ]  # fmt: skip
    assert {(task["state"], task["answer"]) for task in tasks} == {("planned", None)}
    assert set(tasks[0]) >= CARE

    status, delivery = await lan("POST", f"/policies/{policy['id']}/deliver", {"means": "chat"})
    assert status == 202
    assert (delivery["means"], delivery["route"]) == ("chat", "telegram:main")
    assert delivery["state"] in ("to_send", "sent")
    await house.settled()
    (sent,) = (await lan.get(f"/policies/{policy['id']}/deliveries"))["items"]
    assert (sent["id"], sent["state"]) == (delivery["id"], "sent")
    assert sent["sent_at"]
    said, file = (await lan.get(f"/conversations/{conversation}/messages"))["items"][-2:]
    assert NUMBER in said["text"]
    assert "Bảo Việt" in said["text"]
    assert (file["id"], file["kind"], file["author"], file["status"]) == (sent["message_id"], "file", "advisor", "sent")
    assert file["attachments"][0]["file_id"] == policy["document_id"]
    request = house.clients["telegram:main"].sent[-1]
    assert str(request.chat_id) == "p"

    proof = await lan.get(f"/policies/{policy['id']}/proof")
    _, content = await lan("GET", f"/files/{policy['document_id']}")
    assert (
        proof["document"]["sha256"] == proof["deliveries"][0]["document_sha256"] == hashlib.sha256(content).hexdigest()
    )
    assert proof["deliveries"][0]["external_id"] == file["external_id"]
    assert proof["hash"] == hash_of(proof)


def hash_of(proof: dict[str, Any]) -> str:
    """As the documentation says it is made."""
    rest = {key: value for key, value in proof.items() if key != "hash"}
    plain = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


async def test_the_question_and_its_answer_are_seen(house: House) -> None:
    lan, conversation, policy = await registered(house)
    await lan.post(f"/policies/{policy['id']}/deliver", {"means": "chat"})
    await house.settled()
    await lan.post(f"/conversations/{conversation}/close", {"outcome": "won"})
    await house.settled()
    clock = house.parts.clock
    ten = datetime.combine(today() + timedelta(days=2), datetime.min.time(), UTC) + timedelta(
        hours=3
    )  # 10:00 in Viet Nam
    clock.offset_ms += round(ten.timestamp() * 1000) - clock.ms()
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE care_task SET due_at = :now WHERE kind = 'received'", now=tx.now_ms)
    )
    await house.parts.store.run(ticks.fire)
    await house.settled()
    await house.say("p", "nhận được rồi nhé em")
    await house.settled()
    (task,) = (await lan.get("/care", state="answered"))["items"]
    assert (task["kind"], task["answer"], task["route"]) == ("received", "received", "telegram:main")
    proof = await lan.get(f"/policies/{policy['id']}/proof")
    (way,) = proof["deliveries"]
    assert [each["status"] for each in way["receipts"]] == ["sent", "delivered", "confirmed"]
    assert way["confirmation"]["care_id"] == task["id"]
    assert proof["contract_received_at"] == way["receipts"][-1]["at"]
    assert (await lan.get(f"/policies/{policy['id']}"))["state"] == "delivered"
    await house.parts.store.run(policies.turn)
    assert (await lan.get(f"/policies/{policy['id']}"))["state"] == "active"


async def test_what_cannot_be_registered_is_said_by_field(house: House) -> None:
    lan, conversation, policy = await registered(house)
    file_id = policy["document_id"]
    yesterday = (today() - timedelta(days=1)).isoformat()
    status, scan = await send(lan, picture(), "anh.jpg", "image/jpeg", conversation_id=conversation)
    assert status == 201
    cases: list[tuple[dict[str, Any], str]] = [
        ({"product": "bảo hiểm gì đó"}, "product"),
        ({"starts_on": yesterday}, "starts_on"),
        ({"starts_on": "2027-02-30"}, "starts_on"),
        ({"starts_on": "1/2/2027"}, "starts_on"),
        ({"ends_on": yesterday}, "ends_on"),
        ({"premium": -1}, "premium"),
        ({"premium": 1}, "premium"),
        ({"premium": "480700"}, "premium"),
        ({"premium": 1.5}, "premium"),
        ({"number": "  "}, "number"),
        ({"insurer": ""}, "insurer"),
        ({"document_id": "0" * 26}, "document_id"),
        ({"document_id": scan["id"]}, "document_id"),
        ({"conversation_id": "0" * 26}, "conversation_id"),
        ({"conversation_id": None}, "conversation_id"),
        ({"contact_id": "0" * 26}, "contact_id"),
        ({"state": "active"}, "state"),
    ]
    for changes, field in cases:
        status, answer = await lan("POST", "/policies", body(conversation, file_id, **{"number": "N-2", **changes}))
        assert (status, fields_of(answer)) == (422, {field}), (changes, answer)
    for number, insurer in ((NUMBER, "Bảo Việt"), (" bv/2026-000123", "bảo  việt")):
        status, answer = await lan("POST", "/policies", body(conversation, file_id, number=number, insurer=insurer))
        assert (status, answer["error"]["code"]) == (409, "conflict")
    assert len((await lan.get("/policies"))["items"]) == 1


async def test_one_key_one_policy_one_delivery(house: House) -> None:
    conversation = await house.conversation("k", lead=True)
    lan = await house.as_role("advisor", "Lan")
    given = body(conversation, await document(lan, conversation))
    first, again = [await lan("POST", "/policies", given, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert first == again
    ways = [
        await lan("POST", f"/policies/{first[1]['id']}/deliver", {"means": "chat"}, headers={"Idempotency-Key": "two"})
        for _ in range(2)
    ]
    assert ways[0] == ways[1]
    await house.settled()
    assert len((await lan.get(f"/policies/{first[1]['id']}/deliveries"))["items"]) == 1
    assert sum("document" in type(each).__name__.lower() for each in house.clients["telegram:main"].sent) == 1


async def test_only_by_chat_and_only_while_it_can_be_written_to(house: House) -> None:
    lan, _, policy = await registered(house)
    path = f"/policies/{policy['id']}/deliver"
    for means in ("email", "pickup_ibaohiem", "pickup_insurer", "courier"):
        status, answer = await lan("POST", path, {"means": means})
        assert status == 422
        why = "no e-mail account is configured" if means == "email" else "version 0."
        assert why in answer["error"]["fields"]["means"]
    assert (await lan("POST", path, {"means": "telex"}))[0] == 422
    assert (await lan("POST", f"/policies/{'0' * 26}/deliver", {"means": "chat"}))[0] == 404
    await house.parts.store.run(lambda tx: tx.run("UPDATE contact_point SET reachable = :no", no=False))
    status, answer = await lan("POST", path, {"means": "chat"})
    assert (status, answer["error"]["code"], answer["error"]["fields"]["reason"]) == (422, "window_closed", "blocked")
    assert (await lan.get(f"/policies/{policy['id']}/deliveries"))["items"] == []


async def test_outside_the_window_it_goes_as_the_platforms_template_or_not_at_all(house: House) -> None:
    lan, _, policy = await registered(house)
    path = f"/policies/{policy['id']}/deliver"
    parts, telegram = house.parts, house.parts.adapters["telegram"]

    def opens(*windows: Window) -> None:
        carries = replace(telegram.capabilities, windows=windows)
        adapter = replace(telegram, capabilities=carries, render=lambda message, account: message)
        parts.adapters = {**parts.adapters, "telegram": adapter}

    await parts.store.run(
        lambda tx: tx.run("UPDATE contact_point SET last_inbound_at = :at", at=tx.now_ms - 30 * 3_600_000)
    )
    opens(Window(hours=24))
    status, answer = await lan("POST", path, {"means": "chat"})
    told = answer["error"]["fields"]
    assert (status, told["reason"], told["ways"], "closed_at" in told) == (422, "window", "call", True)
    opens(Window(hours=24), Window(hours=None, way=Way.TEMPLATE, purposes=frozenset({Purpose.CERTIFICATE})))
    status, answer = await lan("POST", path, {"means": "chat"})  # a link to it must be public
    assert (status, answer["error"]["fields"]["reason"]) == (422, "template")
    parts.config = replace(parts.config, server=replace(parts.config.server, files_url="https://files.example.vn"))
    before = len(house.clients["telegram:main"].sent)
    assert (await lan("POST", path, {"means": "chat"}))[0] == 202
    await house.settled()
    (sent,) = house.clients["telegram:main"].sent[before:]
    assert (sent.text, sent.file, sent.template.purpose) == ("", None, "certificate")
    assert sent.template.values["so_hop_dong"] == NUMBER
    link = str(sent.template.values["link"])
    found = re.fullmatch(r"https://files\.example\.vn/d/([0-9a-v]{26})\.\d+\.[0-9a-f]{64}", link)
    assert found is not None
    row = await parts.store.read(lambda tx: tx.one("SELECT * FROM document_link WHERE id = :id", id=found[1]))
    assert (row.file_id, row.contact_id) == (policy["document_id"], policy["contact_id"])
    assert (row.until - row.created_at, row.opened) == (72 * 3_600_000, 0)
    (delivery,) = (await lan.get(f"/policies/{policy['id']}/deliveries"))["items"]
    assert delivery["state"] == "sent"


async def test_a_colleagues_customer_is_his(house: House) -> None:
    lan, conversation, policy = await registered(house)
    minh, boss, dpo = (
        await house.as_role("advisor", "Minh"),
        await house.as_role("supervisor"),
        await house.as_role("dpo"),
    )
    file_id = policy["document_id"]
    for caller, path, given in (
        (minh, "/policies", body(conversation, file_id, number="N-2")),
        (minh, f"/policies/{policy['id']}/deliver", {"means": "chat"}),
        (minh, f"/policies/{policy['id']}/cancel", {"reason": "customer"}),
    ):
        status, answer = await caller("POST", path, given)
        assert (status, answer["error"]["code"], answer["error"]["holder"]["id"]) == (403, "not_yours", lan.id)
    seen = await minh.get(f"/policies/{policy['id']}")
    assert (seen["number"], seen["premium"], seen["masked"]) == ("*" * 10 + "0123", None, True)
    assert (await boss.get(f"/policies/{policy['id']}"))["number"] == NUMBER
    assert (await dpo("GET", "/policies"))[0] == 403
    assert (await dpo("GET", "/care"))[0] == 403
    cancelled = await boss.post(f"/policies/{policy['id']}/cancel", {"reason": "customer"})
    assert cancelled["state"] == "cancelled"
    assert {task["state"] for task in (await lan.get("/care", policy=policy["id"]))["items"]} == {"cancelled"}
    assert (await lan("POST", f"/policies/{policy['id']}/deliver", {"means": "chat"}))[0] == 409


async def test_lists_filter_and_page(house: House) -> None:
    lan, conversation, policy = await registered(house)
    more = []
    for number in range(3):
        status, made = await lan(
            "POST", "/policies", body(conversation, await document(lan, conversation), number=f"N-{number}")
        )
        assert status == 201
        more.append(made["id"])
    boss = await house.as_role("integration")
    assert [each["id"] for each in (await boss.get("/policies", contact=policy["contact_id"]))["items"]] == [
        *reversed(more),
        policy["id"],
    ]
    assert [each["id"] for each in (await boss.get("/policies", number="bv/2026-000123"))["items"]] == [policy["id"]]
    assert (await boss.get("/policies", contact="0" * 26))["items"] == []
    assert (await boss.get("/policies", state="expired"))["items"] == []
    page = await boss.get("/policies", limit=3)
    rest = await boss.get("/policies", limit=3, cursor=page["next"])
    assert [each["id"] for each in page["items"] + rest["items"]] == [*reversed(more), policy["id"]]
    assert rest["next"] is None

    tasks = await boss.get("/care", limit=20)
    others = await boss.get("/care", limit=20, cursor=tasks["next"])
    every = tasks["items"] + others["items"]
    assert len({task["id"] for task in every}) == len(every) == 32
    assert [task["due_at"] for task in every] == sorted(task["due_at"] for task in every)
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert {task["kind"] for task in (await boss.get("/care", due_before=soon))["items"]} == {"received"}
    assert len((await boss.get("/care", state="planned", due_before=soon))["items"]) == 4
    assert (await boss.get("/care", state="sent"))["items"] == []
    assert (await boss("GET", "/care", params={"state": "soon"}))[0] == 422
    assert (await boss("GET", "/care", params={"due_before": "tomorrow"}))[0] == 422


async def test_a_contact_alone_means_where_he_wrote_last(house: House) -> None:
    conversation = await house.conversation("c", lead=True)
    boss = await house.as_role("admin")
    contact = (await boss.get(f"/conversations/{conversation}"))["contact_id"]
    given = body(conversation, await document(boss, conversation), contact_id=contact)
    del given["conversation_id"]
    status, policy = await boss("POST", "/policies", given)
    assert (status, policy["conversation_id"]) == (201, conversation)
    assert (await boss.get("/conversations", q=NUMBER))["items"][0]["id"] == conversation, "found by its number"


async def test_what_people_do_with_policies_is_written_down_without_values(house: House) -> None:
    lan, _, policy = await registered(house)
    await lan.post(f"/policies/{policy['id']}/deliver", {"means": "chat"})
    await lan.get(f"/policies/{policy['id']}/proof")
    await house.parts.store.run(lambda tx: None)
    rows = await house.parts.store.read(
        lambda tx: tx.all(
            "SELECT actor, action, fields FROM audit_entry WHERE object_id = :id ORDER BY at, id", id=policy["id"]
        )
    )
    assert {row.action for row in rows} >= {"policy.create", "policy.deliver"}
    assert {row.actor for row in rows} == {lan.id}
    assert NUMBER not in "".join(row.fields for row in rows)
