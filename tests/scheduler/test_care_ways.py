"""Questions of the care plan where the platform's window is closed by then: as its template, in another chat, or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.windows import Purpose, Way, Window
from scheduler import care as ticks
from scheduler import timers
from storage import deliveries, late, policies, tasks
from tests.support.shop import ACCOUNT, CHANNEL, Customer, Shop

FREE = Window(hours=48)
TEMPLATE = Window(hours=None, way=Way.TEMPLATE, purposes=frozenset({Purpose.SURVEY}))


class Ways:
    """A shop on a platform with these windows, and what reached it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.bodies: list[Any] = []
        shop.fate = self._fate

    def _fate(self, job: Any) -> str:
        self.bodies.append(job.body)
        return "sent"

    def opens(self, *windows: Window) -> None:
        carries = replace(CHANNEL, windows=windows)
        self.shop.engine.capabilities = {"telegram": carries}
        self.shop.store.gates.carry(ACCOUNT.id, carries)

    async def asked(self, who: Customer, *, days: int = 7) -> str:
        """The certificate went out and arrived; a week later."""
        made = await self.shop.sold(who)
        await self.shop.deliver(made)
        await self.shop.store.run(
            lambda tx: tx.run(
                "UPDATE care_task SET state = 'skipped' WHERE kind = 'received' AND policy_id = :id", id=made
            )
        )
        self.bodies.clear()
        self.shop.pass_(days=days, minutes=1)
        return made

    async def tick(self) -> None:
        await self.shop.store.run(timers.fire)
        await self.shop.store.run(policies.turn)
        await self.shop.store.run(ticks.fire)
        await self.shop.settled()


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[Ways]:
    made = await Shop(url=f"sqlite:///{tmp_path / 'shop.db'}").open()
    yield Ways(made)
    await made.close()


async def test_what_the_platform_takes_no_more_is_not_tried(ways: Ways) -> None:
    ways.opens(FREE)
    made = await ways.asked(await ways.shop.customer("lan"))
    await ways.tick()
    task = await ways.shop.task(made, "survey")
    assert (task.state, task.reason, ways.bodies) == ("skipped", "window", [])


async def test_his_word_counts_for_the_delivery_of_the_chat_in_which_he_says_it(ways: Ways) -> None:
    shop = ways.shop
    made = await shop.sold(await shop.customer("lan"))
    chats = [await shop.deliver(made), await shop.deliver(made)]
    letter = (await shop.store.run(lambda tx: deliveries.begin(tx, made, by="a1", letter_by="email:main"))).delivery_id
    await shop.store.run(
        lambda tx: tx.run("UPDATE delivery SET state = 'sent', created_at = created_at + 1 WHERE id = :id", id=letter)
    )
    shop.pass_(days=1, minutes=1)
    await ways.tick()
    await shop.hears("lan", "rồi em nhé")
    states = [(await shop.row("delivery", one)).state for one in (*chats, letter)]
    assert states == ["sent", "confirmed", "sent"]


async def test_whether_it_arrived_is_asked_by_telephone_where_the_window_is_closed(ways: Ways) -> None:
    shop = ways.shop
    ways.opens(Window(hours=20))
    made, silent, stopped = [
        await shop.sold(await shop.customer(name), f"XM-{name}") for name in ("lan", "hoa", "binh")
    ]
    await shop.hears("binh", "STOP")
    for policy in (made, silent, stopped):
        await shop.deliver(policy)
    number = "DELETE FROM contact_value WHERE contact_id = (SELECT contact_id FROM policy WHERE id = :id)"
    await shop.store.run(lambda tx: tx.run(number, id=silent))
    shop.pass_(days=1, minutes=1)
    for _ in range(2):
        await ways.tick()
    found = [(await shop.task(policy, "received")).reason for policy in (made, silent, stopped)]
    assert found == ["window; call", "window", "opted out"]
    calls = await shop.store.read(
        lambda tx: tasks.page(tx, state="open", owner="", conversation="", due_before=None, after=None, limit=9)
    )
    assert [(one.conversation_id, "đã nhận giấy chứng nhận chưa" in one.note) for one in calls] == [
        ((await shop.row("policy", made)).conversation_id, True)
    ]


async def test_with_a_template_it_goes_out_as_that(ways: Ways) -> None:
    ways.opens(FREE, TEMPLATE)
    made = await ways.asked(await ways.shop.customer("lan"))
    await ways.tick()
    (body,) = ways.bodies
    purpose, values, phone = body["template"]
    assert (purpose, values["ten_goi"], phone, body["thread"], "text" in body) == (
        "survey",
        "Lan",
        "+84912345678",
        "lan",
        False,
    )
    assert (await ways.shop.task(made, "survey")).state == "sent"
    shown = await ways.shop.store.read(
        lambda tx: tx.one("SELECT status FROM message WHERE direction = 'outbound' ORDER BY seq DESC LIMIT 1")
    )
    assert shown is not None
    assert shown.status == "sent"
    await ways.shop.hears("lan", payload="csat:5")  # a tap under it is the answer
    assert (await ways.shop.task(made, "survey")).state == "answered"


async def test_he_is_asked_where_he_writes_with_us_now(ways: Ways) -> None:
    ways.opens(FREE)
    lan = await ways.shop.customer("lan")
    made = await ways.asked(lan)
    other = await ways.shop.customer("lan-again")
    stranger = await ways.shop.customer("binh", "Bình")
    await ways.shop.store.run(
        lambda tx: tx.run(
            "UPDATE contact SET merged_into = :into WHERE id = :id", into=lan.contact_id, id=other.contact_id
        )
    )
    ways.bodies.clear()
    await ways.tick()
    assert [body["thread"] for body in ways.bodies] == ["lan-again"]
    task = await ways.shop.task(made, "survey")
    assert task.state == "sent"
    assert stranger.contact_id != task.contact_id
    await ways.shop.hears("lan-again", payload="csat:5")
    assert (await ways.shop.task(made, "survey")).state == "answered"


async def test_inside_the_window_nothing_is_different(ways: Ways) -> None:
    ways.opens(FREE, TEMPLATE)
    made = await ways.asked(await ways.shop.customer("lan"), days=6)
    await ways.shop.hears("lan", "chào em")
    ways.bodies.clear()
    ways.shop.pass_(days=1)
    await ways.tick()
    assert [("template" in body, body["text"][:1] != "") for body in ways.bodies if "hài lòng" in body["text"]] == [
        (False, True)
    ]
    assert (await ways.shop.task(made, "survey")).state == "sent"


async def test_a_session_that_does_not_slide_ends_whatever_he_says_in_it(ways: Ways) -> None:
    ways.opens(Window(hours=24, fixed=True))
    made = await ways.asked(await ways.shop.customer("lan"), days=5)
    for _ in range(2):  # 25 hours and 2 hours before the question is due
        ways.shop.pass_(hours=23)
        await ways.shop.hears("lan", "cảm ơn em nhé")
    ways.bodies.clear()
    for _ in range(3):
        ways.shop.pass_(hours=2)
        await ways.tick()
    task = await ways.shop.task(made, "survey")
    assert (task.state, task.reason, ways.bodies) == ("skipped", "window", [])


async def test_an_address_that_ends_again_is_told_again(ways: Ways) -> None:
    lan = await ways.shop.customer("lan")

    async def told() -> int:
        await ways.shop.settled()
        return int(
            await ways.shop.store.read(
                lambda tx: tx.value("SELECT COUNT(*) FROM inbox_event WHERE kind = 'send_ended'")
            )
        )

    async def ends(reason: str) -> None:
        ways.shop.pass_(minutes=1)
        await ways.shop.store.run(lambda tx: late.end_route(tx, lan.point_id, reason))

    await ends("no_mailbox")
    await ends("no_mailbox")
    assert await told() == 1
    await ends("complaint")
    assert await told() == 2
    for count in (3, 4):
        await ways.shop.store.run(
            lambda tx: tx.run(
                "UPDATE contact_point SET reachable = :yes, unreachable_reason = '' WHERE id = :id",
                yes=True,
                id=lan.point_id,
            )
        )
        await ends("no_mailbox")
        assert await told() == count
