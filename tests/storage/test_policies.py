"""Policies: registered once, never backdated; a certificate reaches its own customer or nobody, and what became of it is
known in the transaction that knows what became of its message."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from channels.contract import Receipt
from handlers.model import Refused
from scheduler import care as ticks
from storage import audit, care, contacts, deliveries, outbox_resend, policies, proof, term
from storage.tx import Tx
from tests.support.shop import DAY_MS, HOUR_MS, MAI, Customer, Shop, document


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    opened = await Shop(database_url).open()
    yield opened
    await opened.close()


@pytest.fixture
async def lan(shop: Shop) -> Customer:
    return await shop.customer("lan")


def new(customer: Customer, file_id: str, **changes: Any) -> policies.New:
    values: dict[str, Any] = {
        "conversation_id": customer.conversation_id,
        "insurer": "Hãng Mẫu",
        "product": "tnds_xe_may",
        "number": "XM/2026-0001",
        "starts_on": "2026-11-23",
        "ends_on": "2027-11-22",
        "premium": 66_000,
        "document_id": file_id,
    }
    return policies.New(**{**values, **changes})


# ---- registering


async def test_a_policy_is_sealed_found_by_its_number_and_planned_with(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan, "XM/2026-0001")

    def look(tx: Tx) -> Any:
        raw = tx.one("SELECT * FROM policy WHERE id = :id", id=made)
        tasks = tx.all(
            "SELECT kind, state, due_at, fired FROM care_task WHERE policy_id = :id ORDER BY due_at", id=made
        )
        file = tx.one("SELECT contact_id FROM file WHERE id = :id", id=raw.document_id)  # type: ignore[union-attr]
        entries = tx.all("SELECT actor, action, fields FROM audit_entry WHERE object_id = :id", id=made)
        return raw, policies.find(tx, made), tasks, file, entries, policies.page(tx, number="xm/ 2026-0001", limit=5)

    raw, policy, tasks, file, entries, found = await shop.store.read(look)
    assert b"XM/2026" not in bytes(raw.number_sealed) + bytes(raw.premium_sealed) + bytes(raw.number_blind)
    assert policy is not None
    assert (policy.number, policy.premium, policy.state, policy.contact_id) == (
        "XM/2026-0001",
        66_000,
        "issued",
        lan.contact_id,
    )
    assert [(task.kind, task.state, task.due_at - shop.ms, bool(task.fired)) for task in tasks[:2]] == [
        ("received", "planned", DAY_MS, False),
        ("survey", "planned", 7 * DAY_MS, False),
    ]
    assert {task.kind for task in tasks[2:]} == term.KINDS
    assert file.contact_id == lan.contact_id
    assert [(entry.actor, entry.action) for entry in entries] == [(MAI.id, "policy.create")]
    assert "XM" not in entries[0].fields
    assert [each.id for each in found] == [made]


async def test_a_number_is_there_once_for_an_insurer(shop: Shop, lan: Customer) -> None:
    await shop.sold(lan, "XM/2026-0001")
    for insurer, number in (("Hãng Mẫu", "XM/2026-0001"), ("hãng  mẫu", "xm/2026 - 0001".replace(" ", ""))):
        with pytest.raises(policies.Conflict) as caught:
            await shop.sold(lan, number, insurer=insurer)
        assert caught.value.code == "conflict"
    await shop.sold(lan, "XM/2026-0001", insurer="Hãng Khác")
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM policy")) == 2
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM care_task WHERE kind = 'survey'")) == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"starts_on": "2026-11-22"}, "starts_on"),
    ({"starts_on": "2026-02-30"}, "starts_on"),
    ({"starts_on": "23/11/2026"}, "starts_on"),
    ({"ends_on": "2026-11-22"}, "ends_on"),
    ({"ends_on": "20271122"}, "ends_on"),
    ({"premium": -1}, "premium"),
    ({"premium": 10**13}, "premium"),
    ({"conversation_id": "nowhere"}, "conversation_id"),
    ({"contact_id": "somebody"}, "contact_id"),
    ({"document_id": "nothing"}, "document_id"),
]


async def test_what_cannot_be_a_policy_is_said_so(shop: Shop, lan: Customer) -> None:
    for changes, field in WRONG:
        with pytest.raises(policies.Wrong) as caught:
            await shop.store.run(
                lambda tx, changes=changes: policies.create(
                    tx, new(lan, document(tx, lan.contact_id), **changes), by=MAI.id
                )
            )
        assert list(caught.value.fields) == [field], changes
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM care_task")) == 0


async def test_it_may_begin_today_in_viet_nam_which_is_not_everybodys_today(shop: Shop, lan: Customer) -> None:
    shop.ms = round(datetime(2026, 11, 23, 17, 30, tzinfo=UTC).timestamp() * 1000)  # 00:30 of the 24th
    with pytest.raises(policies.Wrong):
        await shop.sold(lan, starts_on="2026-11-23")
    await shop.sold(lan, starts_on="2026-11-24")


@pytest.mark.parametrize("whose", ["nobody's, of another advisor", "another customer's", "a picture"])
async def test_the_document_is_a_pdf_of_this_customer(shop: Shop, lan: Customer, whose: str) -> None:
    minh = await shop.customer("minh", "Minh")

    def unit(tx: Tx) -> None:
        made = {
            "nobody's, of another advisor": lambda: document(tx, None, by="a2"),
            "another customer's": lambda: document(tx, minh.contact_id),
            "a picture": lambda: document(tx, lan.contact_id, mime="image/png"),
        }[whose]()
        policies.create(tx, new(lan, made), by=MAI.id)

    with pytest.raises(policies.Wrong, match="document_id"):
        await shop.store.run(unit)


async def test_an_upload_of_ones_own_becomes_the_customers(shop: Shop, lan: Customer) -> None:
    def unit(tx: Tx) -> str:
        file_id = document(tx, None)
        policies.create(tx, new(lan, file_id), by=MAI.id)
        return str(tx.value("SELECT contact_id FROM file WHERE id = :id", id=file_id))

    assert await shop.store.run(unit) == lan.contact_id


async def test_dates_turn_the_state_and_a_cancelled_one_stays_so(shop: Shop, lan: Customer) -> None:
    later = await shop.sold(lan, "A", starts_on="2026-11-25", ends_on="2026-11-26")
    today = await shop.sold(lan, "B")
    gone = await shop.sold(lan, "C")
    await shop.store.run(lambda tx: policies.cancel(tx, gone, by=MAI.id, reason="customer"))
    with pytest.raises(policies.Conflict):
        await shop.store.run(lambda tx: policies.cancel(tx, gone, by=MAI.id, reason="customer"))

    async def states() -> list[str]:
        while await shop.store.run(policies.turn):
            pass
        return [(await shop.row("policy", each)).state for each in (later, today, gone)]

    assert await states() == ["issued", "active", "cancelled"]
    shop.pass_(days=2)
    assert await states() == ["active", "active", "cancelled"]
    shop.pass_(days=2)
    assert await states() == ["expired", "active", "cancelled"]
    shop.pass_(days=370)
    assert await states() == ["expired", "expired", "cancelled"]
    assert [(await shop.task(gone, kind)).state for kind in ("received", "survey")] == ["cancelled", "cancelled"]


# ---- on its way


async def test_what_becomes_of_a_policy_changes_its_conversation(shop: Shop, lan: Customer) -> None:
    """The wall looks again at what has changed."""

    async def changed_at() -> int:
        return int((await shop.row("conversation", lan.conversation_id)).changed_at)

    shop.pass_(hours=3)
    made = await shop.sold(lan)
    assert await changed_at() == shop.ms
    shop.pass_(hours=1)
    delivery = await shop.deliver(made)
    message = await shop.row("message", (await shop.row("delivery", delivery)).message_id)
    shop.pass_(hours=1)
    await shop.hears("lan", receipt=Receipt(status="read", external_ids=(message.external_id,)))
    assert (await shop.row("policy", made)).delivered_at == shop.ms == await changed_at()
    shop.pass_(hours=1)
    await shop.store.run(lambda tx: policies.cancel(tx, made, by=MAI.id, reason="customer"))
    assert await changed_at() == shop.ms


async def test_the_delivery_shares_the_fate_of_its_message(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.pass_(hours=3)
    delivery = await shop.deliver(made)
    text, file = shop.sent[-2:]
    policy = await shop.row("policy", made)
    assert "XM-0001" in text.text
    assert "23/11/2026" in text.text
    assert (file.file, file.thread) == (policy.document_id, "lan")
    row = await shop.row("delivery", delivery)
    message = await shop.row("message", row.message_id)
    assert (row.state, row.sent_at, row.route, message.author, message.kind) == (
        "sent",
        shop.ms,
        "telegram:main",
        "advisor",
        "file",
    )
    assert (await shop.task(made, "received")).due_at == shop.ms + DAY_MS
    assert (await shop.task(made, "survey")).due_at == shop.ms + 7 * DAY_MS

    shop.pass_(hours=1)
    await shop.hears("lan", receipt=Receipt(status="read", external_ids=(message.external_id,)))
    row, policy = await shop.row("delivery", delivery), await shop.row("policy", made)
    assert (row.state, row.delivered_at, policy.state, policy.delivered_at) == (
        "delivered",
        shop.ms,
        "delivered",
        shop.ms,
    )
    assert (await shop.task(made, "survey")).due_at == shop.ms + 7 * DAY_MS

    shop.pass_(hours=1)
    await shop.hears("lan", receipt=Receipt(status="delivered", external_ids=(message.external_id,)))
    assert (await shop.row("policy", made)).delivered_at == shop.ms - HOUR_MS, "the first proof stands"


async def test_a_refused_call_fails_the_delivery_and_calls_for_a_person(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.fate = lambda job: "failed"
    delivery = await shop.deliver(made)
    row = await shop.row("delivery", delivery)
    conversation = await shop.row("conversation", lan.conversation_id)
    asked = await shop.store.read(
        lambda tx: tx.all(
            "SELECT reason, state FROM handoff WHERE conversation_id = :id ORDER BY opened_at", id=lan.conversation_id
        )
    )
    assert (row.state, row.reason) == ("failed", "blocked")
    assert conversation.status == "waiting"
    assert tuple(asked[-1]) == ("delivery", "waiting")

    shop.fate = None
    await shop.hears("lan", "mình chặn nhầm")
    again = await shop.deliver(made)
    assert (await shop.row("delivery", again)).state == "sent"


async def test_after_a_lost_answer_tomorrows_question_asks(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.fate = lambda job: "unknown" if job.klass == "C" else "sent"
    delivery = await shop.deliver(made)
    row = await shop.row("delivery", delivery)
    assert (row.state, row.reason, row.sent_at) == ("to_send", "answer_lost", None)
    shop.fate = None
    shop.pass_(days=1, minutes=1)
    assert await shop.store.run(ticks.fire) == 1
    await shop.settled()
    await shop.hears("lan", payload="got:yes")
    row = await shop.row("delivery", delivery)
    assert (row.state, row.confirmed_at) == ("confirmed", shop.ms)


async def test_killed_in_the_call_it_is_unknown_after_the_restart(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.store.on_commit = lambda hints, sends: None  # the call is under way when the process dies
    parcel: list[str] = []

    def unit(tx: Tx) -> None:
        begun = deliveries.begin(tx, made, by=MAI.id)
        data = {"delivery": begun.delivery_id, "file_ids": (begun.document_id,), "policy": dict(begun.values)}
        shop.engine.act(tx, begun.conversation_id, "deliver", by=MAI, data=data)
        parcel[:] = [begun.delivery_id]

    await shop.store.run(unit)
    await shop.close(clean=False)
    await shop.open()
    await shop.settled()
    row = await shop.row("delivery", parcel[0])
    assert row.state in ("to_send", "sent")
    shop.pass_(minutes=1)
    await shop.settled()
    files = [out.file for out in shop.sent if out.file]
    assert len(files) <= 1


async def test_only_the_policys_own_customer_can_ever_receive_it(shop: Shop, lan: Customer) -> None:
    minh = await shop.customer("minh", "Minh")
    made = await shop.sold(lan)

    def astray(tx: Tx) -> None:
        begun = deliveries.begin(tx, made, by=MAI.id)
        data = {"delivery": begun.delivery_id, "file_ids": (begun.document_id,), "policy": dict(begun.values)}
        shop.engine.act(tx, minh.conversation_id, "deliver", by=MAI, data=data)

    with pytest.raises(RuntimeError):
        await shop.store.run(astray)
    await shop.store.run(
        lambda tx: tx.run(
            "UPDATE contact_point SET contact_id = :other WHERE id = :id", other=minh.contact_id, id=lan.point_id
        )
    )
    with pytest.raises(policies.Conflict, match="customer"):
        await shop.store.run(lambda tx: deliveries.begin(tx, made, by=MAI.id))
    await shop.store.run(
        lambda tx: tx.run(
            "UPDATE contact_point SET contact_id = :own WHERE id = :id", own=lan.contact_id, id=lan.point_id
        )
    )
    await shop.store.run(lambda tx: tx.run("UPDATE policy SET document_id = :id", id=document(tx, minh.contact_id)))
    with pytest.raises(policies.Conflict, match="document"):
        await shop.store.run(lambda tx: deliveries.begin(tx, made, by=MAI.id))
    assert not [out for out in shop.sent if out.file]
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM delivery")) == 0


async def test_it_goes_to_where_the_customer_talks_today(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.pass_(days=30)
    await shop.hears("lan", "chào shop")
    today = await shop.store.read(
        lambda tx: tx.value("SELECT conversation_id FROM contact_point WHERE id = :id", id=lan.point_id)
    )
    assert today != lan.conversation_id
    delivery = await shop.deliver(made)
    row = await shop.row("delivery", delivery)
    assert (await shop.row("message", row.message_id)).conversation_id == today


async def test_pressed_twice_it_leaves_once(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.fate = lambda job: "retry_wait"
    await shop.deliver(made)
    with pytest.raises(policies.Conflict, match="on its way"):
        await shop.deliver(made)


async def test_what_may_not_be_sent_leaves_nothing_behind(shop: Shop, lan: Customer) -> None:
    cancelled, other = await shop.sold(lan), await shop.sold(lan, "XM-2")
    await shop.store.run(lambda tx: policies.cancel(tx, cancelled, by=MAI.id, reason="customer"))
    with pytest.raises(policies.Conflict, match="cancelled"):
        await shop.deliver(cancelled)
    await shop.act(lan.conversation_id, "reopen")
    await shop.act(lan.conversation_id, "close", outcome="spam")
    with pytest.raises(Refused, match="spam"):
        await shop.deliver(other)
    with pytest.raises(Refused, match="which policy"):
        await shop.act(lan.conversation_id, "deliver", file_ids=())
    assert await shop.store.read(lambda tx: tx.value("SELECT COUNT(*) FROM delivery")) == 0


async def test_it_did_not_come_so_it_goes_out_again_and_is_asked_about_again(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    first = await shop.deliver(made)
    shop.pass_(days=1, minutes=1)
    await shop.store.run(ticks.fire)
    await shop.settled()
    await shop.hears("lan", "chưa thấy gì em ơi")
    row = await shop.row("delivery", first)
    assert (row.state, row.reason) == ("failed", "not_received")
    assert (await shop.row("policy", made)).delivered_at is None
    await shop.act(lan.conversation_id, "take")
    second = await shop.deliver(made)
    await shop.act(lan.conversation_id, "close", outcome="done")
    await shop.settled()
    shop.pass_(days=1, minutes=1)
    assert await shop.store.run(ticks.fire) == 1
    await shop.settled()
    await shop.hears("lan", payload="got:yes")
    assert (await shop.row("delivery", second)).state == "confirmed"
    assert (await shop.row("policy", made)).delivered_at == shop.ms
    assert (await shop.task(made, "survey")).due_at == care.decent(shop.ms + 7 * DAY_MS)


# ---- proof


async def test_the_proof_tells_what_was_sent_to_whom_and_how_we_know(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    await shop.deliver(made)
    shop.pass_(days=1, minutes=1)
    await shop.store.run(ticks.fire)
    await shop.settled()
    await shop.hears("lan", "nhận được rồi")

    def prove(tx: Tx) -> dict[str, Any]:
        policy = policies.find(tx, made)
        assert policy is not None
        return proof.of(tx, policy)

    told = await shop.store.read(prove)
    (way,) = told["deliveries"]
    file = await shop.store.read(lambda tx: tx.one("SELECT sha256 FROM file WHERE id = :id", id=told["document"]["id"]))
    assert file is not None
    assert (told["document"]["sha256"], way["document_sha256"]) == (file.sha256, file.sha256)
    assert (way["channel"], way["account"], way["thread"]) == ("telegram", "main", "lan")
    assert way["external_id"]
    assert [each["status"] for each in way["receipts"]] == ["sent", "delivered", "confirmed"]
    assert [each["outcome"] for each in way["attempts"]] == ["sent"]
    assert way["confirmation"]["care_id"] == (await shop.task(made, "received")).id
    rest = {key: value for key, value in told.items() if key != "hash"}
    assert told["hash"] == hashlib.sha256(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)).hexdigest()
    assert (await shop.store.read(prove))["hash"] == told["hash"], "the same facts, the same hash"
    assert await shop.store.run(audit.chain) > 0


async def test_an_erased_customers_policy_shows_nothing_and_goes_nowhere(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)

    def erase(tx: Tx) -> None:
        tx.run("DELETE FROM contact_key WHERE contact_id = :id", id=lan.contact_id)
        tx.run("UPDATE contact SET erased_at = :now WHERE id = :id", now=tx.now_ms, id=lan.contact_id)
        tx.keys.forget(lan.contact_id)

    await shop.store.run(erase)
    policy = await shop.store.read(lambda tx: policies.find(tx, made))
    assert policy is not None
    assert (policy.number, policy.premium) == ("", None)
    with pytest.raises(policies.Conflict):
        await shop.store.run(lambda tx: deliveries.begin(tx, made, by=MAI.id))
    shop.pass_(days=9)
    assert await shop.store.run(ticks.fire) == 0
    assert [(await shop.task(made, kind)).state for kind in ("received", "survey")] == ["cancelled", "cancelled"]


async def test_merged_customers_have_their_policies_together(shop: Shop, lan: Customer) -> None:
    other = await shop.customer("lan-2", "Lan")
    mine, hers = await shop.sold(lan, "A"), await shop.sold(other, "B")
    await shop.store.run(lambda tx: contacts.merge(tx, other.contact_id, lan.contact_id, by=MAI.id))
    found = await shop.store.read(lambda tx: policies.page(tx, contact=lan.contact_id, limit=10))
    assert {each.id for each in found} == {mine, hers}
    await shop.deliver(hers)
    assert shop.sent[-1].thread == "lan-2", "where it was agreed"


async def test_a_resend_by_a_person_mends_a_failed_delivery(shop: Shop, lan: Customer) -> None:
    made = await shop.sold(lan)
    shop.fate = lambda job: "failed" if job.klass == "C" else "sent"
    delivery = await shop.deliver(made)
    shop.fate = None
    row = await shop.store.read(lambda tx: tx.one("SELECT id FROM outbox WHERE klass = 'C'"))
    assert row is not None
    await shop.store.run(lambda tx: outbox_resend.resend(tx, row.id))
    await shop.settled()
    assert (await shop.row("delivery", delivery)).state == "sent"
