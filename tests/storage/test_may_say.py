"""Advertising leaves only with C4 of that channel, whoever sends it, and never more than three a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.windows import VIET_NAM
from handlers import advertising
from storage import may_say, outbox, turns
from storage.ids import new_id
from storage.outbox import SendJob
from storage.times import at
from storage.tx import Tx
from tests.support.shop import ACCOUNT, Customer, Shop

NIGHT = ("cancelled", "advertising at night")


def _until(shop: Shop, clock: str) -> None:
    """Let time pass until it is so late in Viet Nam."""
    hour, minute = map(int, clock.split(":"))
    here = at(shop.ms).astimezone(VIET_NAM)
    ahead = (hour * 60 + minute - here.hour * 60 - here.minute) % (24 * 60)
    shop.pass_(minutes=ahead or 24 * 60)


@pytest.fixture
async def shop(tmp_path: Any) -> AsyncIterator[Shop]:
    made = await Shop(url=f"sqlite:///{tmp_path / 'shop.db'}").open()
    yield made
    await made.close()


async def consents(shop: Shop, customer: Customer, purpose: str, state: str, channel: str = "telegram") -> None:
    shop.pass_(minutes=1)

    def write(tx: Tx) -> None:
        tx.insert(
            "consent", id=new_id(), contact_id=customer.contact_id, purpose=purpose, state=state, text_key="",
            text_version="", text_hash="", lang="vi", channel=channel, account_id=ACCOUNT.id, external_id="", at=tx.now_ms,
        )  # fmt: skip

    await shop.store.run(write)


async def advertises(shop: Shop, customer: Customer, klass: str = "A") -> tuple[str, str]:
    """Somebody queues an advertisement; what became of it."""
    row_id = new_id()

    def write(tx: Tx) -> None:
        point = tx.one("SELECT * FROM contact_point WHERE contact_id = :id", id=customer.contact_id)
        assert point is not None
        seq = (tx.value("SELECT MAX(out_seq) FROM outbox WHERE point_id = :id", id=point.id) or 0) + 1
        body = tx.keys.seal_json(
            tx, customer.contact_id, "outbox", "body_sealed", row_id, {"thread": "t", "text": "[QC] …"}
        )
        tx.insert(
            "outbox", id=row_id, cause=new_id(), step=0, account_id=ACCOUNT.id, point_id=point.id,
            contact_id=customer.contact_id, conversation_id=point.conversation_id, message_id=new_id(), part=0, last_part=True,
            out_seq=seq, klass=klass, purpose="ads", state="queued", body_sealed=body, not_before=tx.now_ms,
            not_after=None, attempts=0, boot_id="", started_at=None, error="", created_at=tx.now_ms, version=0,
        )  # fmt: skip
        outbox.claim(tx, points=[point.id])

    await shop.store.run(write)
    await shop.settled()
    row = await shop.row("outbox", row_id)
    return row.state, row.error


@pytest.mark.parametrize("klass", ["A", "B", "D"])
async def test_without_c4_nothing_leaves_whoever_sends_it(shop: Shop, klass: str) -> None:
    lan = await shop.customer("lan")
    await consents(shop, lan, "C1", "given")
    before = len(shop.sent)
    assert await advertises(shop, lan, klass) == ("cancelled", "no consent to advertising")
    assert len(shop.sent) == before


async def test_c4_is_of_one_channel_and_his_last_word_counts(shop: Shop) -> None:
    lan = await shop.customer("lan")
    await consents(shop, lan, "C4", "given", channel="zalo")
    assert await advertises(shop, lan) == ("cancelled", "no consent to advertising")
    await consents(shop, lan, "C4", "given")
    assert await advertises(shop, lan) == ("sent", "")
    await consents(shop, lan, "C4", "withdrawn")
    assert await advertises(shop, lan) == ("cancelled", "no consent to advertising")


async def test_a_stop_and_a_consent_taken_back_are_above_c4(shop: Shop) -> None:
    lan = await shop.customer("lan")
    await consents(shop, lan, "C4", "given")
    await consents(shop, lan, "C1", "withdrawn")
    assert await advertises(shop, lan) == ("cancelled", "consent withdrawn")
    await consents(shop, lan, "C1", "given")
    await shop.hears("lan", "STOP")
    assert await advertises(shop, lan) == ("cancelled", "opt-out")


async def test_three_a_day_are_enough(shop: Shop) -> None:
    lan = await shop.customer("lan")
    await consents(shop, lan, "C4", "given")
    for _ in range(may_say.ADS_A_DAY):
        assert await advertises(shop, lan) == ("sent", "")
    assert await advertises(shop, lan) == ("cancelled", "three advertisements a day")
    shop.pass_(minutes=24 * 60 + 1)
    assert await advertises(shop, lan) == ("sent", "")


async def test_what_a_turn_says_is_asked_about_too(shop: Shop) -> None:
    """An answer leaves at once, in the transaction of its turn; an advertisement among the answers does not."""
    lan = await shop.customer("lan")

    def queue(tx: Tx) -> list[str]:
        rows = turns.Rows()
        for purpose in ("contact", "ads"):
            row = {"purpose": purpose, "state": "queued", "boot_id": "", "started_at": None}
            job = SendJob(
                id=new_id(), account_id=ACCOUNT.id, point_id=purpose, conversation_id="c", message_id="m", klass="A",
                attempts=0, not_after=None, created_at=tx.now_ms, body={},
            )  # fmt: skip
            rows.jobs.append((row, job))
        asked = turns._claim(tx, rows.jobs)
        del tx.sends[:]
        return asked

    assert lan.contact_id
    assert await shop.store.run(queue) == ["ads"]


async def test_advertising_sleeps_from_ten_to_seven(shop: Shop) -> None:
    """Decree 91/2020, the hours of Viet Nam wherever the server stands."""
    lan = await shop.customer("lan")
    await consents(shop, lan, "C4", "given")
    for clock, fate in (
        ("21:30", ("sent", "")),
        ("22:00", NIGHT),
        ("03:00", NIGHT),
        ("06:50", NIGHT),
        ("07:10", ("sent", "")),
    ):
        _until(shop, clock)
        assert await advertises(shop, lan) == fate, clock


async def test_no_more_leave_in_a_month_than_he_agreed_to(shop: Shop) -> None:
    lan = await shop.customer("lan")
    await consents(shop, lan, "C4", "given")
    for _ in range(may_say.ADS_A_MONTH):
        _until(shop, "09:00")
        assert await advertises(shop, lan) == ("sent", "")
    _until(shop, "09:00")
    assert await advertises(shop, lan) == ("cancelled", "more advertisements than agreed")
    shop.pass_(minutes=30 * 24 * 60)
    assert await advertises(shop, lan) == ("sent", "")


def test_he_is_told_how_many_leave() -> None:
    assert advertising.A_MONTH == may_say.ADS_A_MONTH
