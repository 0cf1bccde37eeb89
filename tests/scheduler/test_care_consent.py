"""What we say first is asked once more whether it may be said, in the transaction in which it leaves: of the person, on
whatever channel he told us."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler import care as ticks
from storage import contacts
from storage.ids import new_id
from storage.tx import Tx
from tests.support.shop import ACCOUNT, Customer, Shop


async def sold(shop: Shop, thread: str) -> tuple[Customer, str]:
    customer = await shop.customer(thread)
    made = await shop.sold(customer, number=f"XM-{thread}")
    await shop.deliver(made)
    return customer, made


async def due(shop: Shop, kind: str) -> None:
    """Its moment has come; the question is decided, and leaves if it may."""
    if kind == "survey":
        await shop.store.run(lambda tx: tx.run("UPDATE care_task SET state = 'cancelled' WHERE kind = 'received'"))
    shop.pass_(minutes=10)
    await shop.store.run(
        lambda tx: tx.run(
            "UPDATE care_task SET due_at = :now WHERE state = 'planned' AND kind = :kind", now=tx.now_ms, kind=kind
        )
    )
    assert await shop.store.run(ticks.fire) == 1
    await shop.settled()


async def asked(shop: Shop) -> list[str]:
    """States of the questions."""
    rows = await shop.store.read(
        lambda tx: tx.all("SELECT state, error FROM outbox WHERE klass = 'D' ORDER BY out_seq")
    )
    return [f"{row.state} {row.error}".strip() for row in rows]


async def switch(shop: Shop, contact_id: str, *, off: bool = True) -> None:
    await shop.store.run(
        lambda tx: tx.run("UPDATE contact SET reminders_off = :off WHERE id = :id", off=off, id=contact_id)
    )


async def consent(shop: Shop, contact_id: str, state: str) -> None:
    def write(tx: Tx) -> None:
        tx.insert(
            "consent", id=new_id(), contact_id=contact_id, purpose="C1", state=state, text_key="", text_version="", text_hash="",
            lang="vi", channel="telegram", account_id=ACCOUNT.id, external_id="", at=tx.now_ms,
        )  # fmt: skip

    await shop.store.run(write)


async def merge(shop: Shop, one: str, into: str) -> None:
    await shop.store.run(lambda tx: contacts.merge(tx, one, into, by="a1"))


@pytest.mark.parametrize("turned", ["remained", "joined"])
async def test_a_switch_of_either_of_two_that_are_one_person_counts(shop: Shop, turned: str) -> None:
    (lan, made), (other, _) = await sold(shop, "lan"), (await shop.customer("other"), "")
    joins, remains = (lan, other) if turned == "remained" else (other, lan)
    await merge(shop, joins.contact_id, remains.contact_id)
    await switch(shop, other.contact_id)
    before = len(shop.sent)
    await due(shop, "received")
    assert (await asked(shop), len(shop.sent) - before) == (["cancelled opt-out"], 0)
    task = await shop.task(made, "received")
    assert (task.state, task.reason) == ("skipped", "not sent: opt-out"), "nobody waits for an answer"


async def test_a_switch_turned_on_any_of_his_channels_holds_for_the_person(shop: Shop) -> None:
    lan, other = await shop.customer("lan"), await shop.customer("other")
    await merge(shop, other.contact_id, lan.contact_id)

    async def flags() -> list[bool]:
        return [bool((await shop.row("contact", each.contact_id)).reminders_off) for each in (lan, other)]

    await shop.hears("other", "STOP")
    assert await flags() == [True, True]
    await shop.hears("lan", payload="opt:on")
    await shop.hears("other", payload="opt:on")
    assert await flags() == [False, False]


async def test_a_survey_needs_his_last_word_on_consent_and_the_delivery_check_does_not(shop: Shop) -> None:
    lan, made = await sold(shop, "lan")
    other = await shop.customer("other")
    await merge(shop, lan.contact_id, other.contact_id)
    shop.pass_(minutes=1)
    await consent(shop, other.contact_id, "withdrawn")
    await due(shop, "received")
    assert await asked(shop) == ["sent"], "that he gets what he bought rests on the contract"
    await shop.hears("lan", payload="got:yes")
    await due(shop, "survey")
    assert await asked(shop) == ["sent", "cancelled consent withdrawn"]
    assert (await shop.task(made, "survey")).state == "skipped"


async def test_consent_given_again_is_consent(shop: Shop) -> None:
    lan, _ = await sold(shop, "lan")
    other = await shop.customer("other")
    await merge(shop, other.contact_id, lan.contact_id)
    for contact, state in ((other, "withdrawn"), (lan, "given")):
        shop.pass_(minutes=1)
        await consent(shop, contact.contact_id, state)
    await due(shop, "survey")
    assert await asked(shop) == ["sent"]


async def test_what_waited_in_the_queue_is_asked_again(shop: Shop) -> None:
    await sold(shop, "lan")
    gate = shop.store.gates.of(ACCOUNT.id)
    assert gate is not None
    gate.paused_until = 1 << 60
    await due(shop, "survey")
    assert await asked(shop) == ["queued"]
    row: Any = await shop.store.read(lambda tx: tx.one("SELECT contact_id FROM outbox WHERE klass = 'D'"))
    await consent(shop, row.contact_id, "withdrawn")
    gate.paused_until = 0
    await shop.settled()
    assert await asked(shop) == ["cancelled consent withdrawn"]
