"""More than a year: he is told of his 21 days when he has the contract, and once more on day 14 (Law 08/2022, article 35)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import Receipt
from channels.windows import Purpose, Window
from handlers import cooling as words
from scheduler import care as ticks
from scheduler import timers
from storage import care, cooling, policies, tasks
from tests.support.shop import ACCOUNT, CHANNEL, Shop

TWO_YEARS = "2028-11-23"


@pytest.mark.parametrize(
    "starts, ends, applies",
    [
        ("2026-11-23", "2027-11-22", False),
        ("2026-11-23", "2027-11-23", False),
        ("2026-11-23", "2027-11-24", True),
        ("2026-11-23", "2028-11-22", True),
        ("2028-02-29", "2029-03-01", False),
        ("2028-02-29", "2029-03-02", True),
    ],
)
def test_more_than_a_year(starts: str, ends: str, applies: bool) -> None:
    assert cooling.applies(starts, ends) is applies


def test_the_core_knows_the_same_notices() -> None:
    assert words.KINDS == cooling.KINDS


async def tick(shop: Shop) -> list[str]:
    before = len(shop.sent)
    await shop.store.run(timers.fire)
    await shop.store.run(policies.turn)
    await shop.store.run(ticks.fire)
    await shop.settled()
    return [out.text for out in shop.sent[before:]]


async def received(shop: Shop, who: str = "lan", **changes: str) -> str:
    """The certificate went out, and the platform says that it is there; the policy's id."""
    made = await shop.sold(await shop.customer(who), f"XM-{who}", **{"ends_on": TWO_YEARS} | changes)
    delivery = await shop.row("delivery", await shop.deliver(made))
    external = await shop.store.read(
        lambda tx: tx.value("SELECT external_id FROM message WHERE id = :id", id=delivery.message_id)
    )
    await shop.hears(who, receipt=Receipt(status="delivered", external_ids=(external,)))
    return made


async def kinds(shop: Shop, policy_id: str) -> dict[str, str]:
    rows = await shop.store.read(lambda tx: care.page(tx, policy=policy_id, limit=50))
    return {row.kind: f"{row.state} {row.reason}".strip() for row in rows if row.kind in cooling.KINDS}


async def test_told_when_he_has_it_and_on_day_14(shop: Shop) -> None:
    made = await received(shop)
    assert (await kinds(shop, made)) == {"cooling_off": "planned", "cooling_off_14": "planned"}
    conversation = (await shop.row("policy", made)).conversation_id
    await shop.act(conversation, "take")  # a notice asks nothing: it does not wait for the advisor
    (said,) = await tick(shop)
    assert "XM-lan" in said
    assert "(23/11/2026), tức đến hết 14/12/2026" in said
    assert await tick(shop) == []
    shop.pass_(days=14)
    (again,) = [text for text in await tick(shop) if "21 ngày" in text]
    assert "đến hết 14/12/2026" in again
    assert (await kinds(shop, made)) == {"cooling_off": "sent", "cooling_off_14": "sent"}
    year = await received(shop, "hoa", ends_on="2027-12-07", starts_on="2026-12-07")
    assert (await kinds(shop, year)) == {}


async def test_required_whatever_he_switched_off_and_not_at_night(shop: Shop) -> None:
    made = await received(shop)
    await shop.hears("lan", "STOP")
    await shop.hears("lan", "rút lại đồng ý")
    await shop.store.run(lambda tx: tx.run("UPDATE care_task SET due_at = due_at + 1 WHERE policy_id = :id", id=made))
    shop.pass_(hours=13)  # 22:00
    assert await tick(shop) == []
    shop.pass_(hours=11)
    assert [text for text in await tick(shop) if "21 ngày" in text]
    assert (await kinds(shop, made))["cooling_off"] == "sent"


async def test_of_two_the_later_one_and_none_of_what_is_over(shop: Shop) -> None:
    made = await received(shop)
    shop.pass_(days=15)
    assert len([text for text in await tick(shop) if "21 ngày" in text]) == 1
    assert (await kinds(shop, made)) == {"cooling_off": "skipped a later one is due", "cooling_off_14": "sent"}
    other = await received(shop, "hoa", starts_on="2026-12-08")
    shop.pass_(days=22)
    assert [text for text in await tick(shop) if "21 ngày" in text] == []
    assert set((await kinds(shop, other)).values()) == {"expired missed"}


async def test_what_the_platform_does_not_take_is_told_by_telephone(shop: Shop) -> None:
    carries = replace(CHANNEL, windows=(Window(hours=1, purposes=frozenset(Purpose)),))
    shop.engine.capabilities = {"telegram": carries}
    shop.store.gates.carry(ACCOUNT.id, carries)
    made = await received(shop)
    shop.pass_(hours=3)
    assert await tick(shop) == []
    assert (await kinds(shop, made))["cooling_off"] == "skipped window; call"
    found = await shop.store.read(
        lambda tx: tasks.page(tx, state="open", owner="", conversation="", due_before=None, after=None, limit=9)
    )
    assert ["21 ngày" in one.note for one in found] == [True]
