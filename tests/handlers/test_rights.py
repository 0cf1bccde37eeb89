"""Requests of those whose data we hold: the law's days, what may be done when, and a right that is used with the platform
instead of with us."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from channels.contract import Account, Delivery, Kind
from channels.zalo.updates import parse
from handlers import rights, schedule
from handlers.model import Business, DataRequest, Note, Stage, State, Submitted
from handlers.rights import Standing, Stop
from storage import inbox, privacy
from tests.stories.world import World
from tests.support.shop import ACCOUNT, Shop

HOUSE = Business(holidays=("2026-11-24",))  # a Tuesday
FRIDAY = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # 23:30 where the house is
OA = "2851234567890123456"
ZALO = Account(channel="zalo", name="oa", settings={"app_id": "1234567", "oa_id": OA})


async def test_who_withdraws_his_data_on_zalo_opens_a_request(tmp_path: Path) -> None:
    body = {
        "event_name": "user_withdraw", "app_id": "1234567", "oa_id": OA, "user_id_by_app": "55", "timestamp": "1793345010123",
        "sender": {"id": "lan"}, "recipient": {"id": OA},
    }  # fmt: skip
    (told,) = parse(Delivery(headers={}, body=orjson.dumps(body)), ZALO)
    assert (told.kind, told.thread, told.extra["right"]) == (Kind.SYSTEM, "lan", "withdraw")

    shop = await Shop(url=f"sqlite:///{tmp_path / 'shop.db'}").open()
    try:
        lan = await shop.customer("lan")
        arrival = inbox.Arrival(account_id=ACCOUNT.id, key=told.key, kind=told.kind.value, thread="lan", body=b"{}")
        shop.engine.remember(arrival.id, told)
        await shop.store.ingest([arrival])
        await shop.settled()
        reasons = await shop.store.read(
            lambda tx: [row.reason for row in tx.all("SELECT reason FROM handoff WHERE state = 'waiting'")]
        )
        consents = await shop.store.read(
            lambda tx: [
                row.state
                for row in tx.all(
                    "SELECT state FROM consent WHERE contact_id = :id AND purpose = 'C1' ORDER BY at, id",
                    id=lan.contact_id,
                )
            ]
        )
        requests = await shop.store.read(
            lambda tx: [
                (one.kind, one.way, one.state, bool(one.acknowledged_at))
                for one in privacy.page(tx, closed=False, after=None, limit=9)
            ]
        )
    finally:
        await shop.close()
    assert requests == [("withdraw", "chat", "received", True)]
    assert reasons == ["privacy"]
    assert consents[-1] == "withdrawn"
    assert told.said_at == datetime(2026, 10, 30, 7, 23, 30, 123000, tzinfo=UTC)


def _day(moment: datetime) -> str:
    here = schedule.local(moment, HOUSE)
    assert (here.hour, here.minute) == (23, 59)
    return here.date().isoformat()


@pytest.mark.parametrize(
    ("kind", "own", "others", "extended"),
    [
        ("access", "2026-11-30", "2026-12-05", "2026-12-10"),
        ("rectify", "2026-11-30", "2026-12-05", "2026-12-10"),
        ("delete", "2026-12-10", "2026-12-20", "2026-12-30"),
        ("withdraw", "2026-12-05", "2026-12-10", "2026-12-20"),
        ("restrict", "2026-12-05", "2026-12-10", "2026-12-20"),
        ("object", "2026-12-05", "2026-12-10", "2026-12-20"),
        ("protect", "2026-12-05", "2026-12-05", "2026-12-20"),
        ("complaint", "2026-12-02", "2026-12-02", "2026-12-11"),
    ],
)
def test_the_laws_days(kind: str, own: str, others: str, extended: str) -> None:
    """Calendar days where the house is; a complaint of working days, over a weekend and a holiday."""
    assert _day(rights.due(kind, FRIDAY, HOUSE)) == own
    assert _day(rights.due(kind, FRIDAY, HOUSE, others=True)) == others
    assert _day(rights.due(kind, FRIDAY, HOUSE, extended=True)) == extended


def test_the_first_answer_counts_working_days() -> None:
    assert _day(rights.ack_due(FRIDAY, HOUSE)) == "2026-11-25"  # Monday, and Wednesday after the holiday
    assert _day(rights.ack_due(FRIDAY + timedelta(hours=1), HOUSE)) == "2026-11-25"  # a Saturday by then
    assert _day(rights.ack_due(FRIDAY - timedelta(days=4), HOUSE)) == "2026-11-18"


@pytest.mark.parametrize(
    ("gone", "told"), [(0, ""), (0.49, ""), (0.5, "half"), (0.8, "near"), (1.0, "near"), (1.01, "over")]
)
def test_alarms_ring_at_half_four_fifths_and_the_end(gone: float, told: str) -> None:
    by = rights.due("access", FRIDAY, HOUSE)
    assert rights.alarm(FRIDAY, by, FRIDAY + (by - FRIDAY) * gone) == told


def test_what_may_be_done_when() -> None:
    fresh = Standing(kind="delete", state="received")
    assert rights.may(fresh) == ["take", "acknowledge", "verify", "extend", "refuse", "note"]
    known = replace(fresh, state="verified")
    assert set(rights.may(known)) - set(rights.may(fresh)) == {"erase", "start", "done", "partly_done"}
    assert rights.step(known, "erase") == "executing"
    running = replace(known, state="executing", erasing=True)
    assert rights.may(running) == ["take", "acknowledge", "extend", "note"], "the erasure ends it"
    assert "copy" in rights.may(Standing(kind="access", state="verified"))
    assert {"withdraw", "done"} <= set(rights.may(Standing(kind="object", state="received"))), "nobody is kept waiting"
    assert "extend" not in rights.may(replace(fresh, extended=True))
    assert "extend" not in rights.may(replace(fresh, over=True)), "it is told before the first date"
    for over in ("done", "partly_done", "refused", "erased"):
        assert rights.may(replace(fresh, state=over)) == ["note"]
    with pytest.raises(Stop):
        rights.step(fresh, "erase")


@pytest.mark.parametrize("silent", ["bot off", "an advisor has it"])
@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("sửa dữ liệu cá nhân của tôi", ["rectify"]),
        ("tôi muốn sửa thông tin cá nhân của tôi, tên tôi bị sai rồi", ["rectify"]),
        ("cho tôi xem dữ liệu các bạn đang lưu về tôi", ["access"]),
        ("cho tôi xin bản sao dữ liệu cá nhân của tôi", ["access"]),
        ("xóa hết dữ liệu của tôi", ["delete"]),
        ("tôi rút lại đồng ý", ["withdraw"]),
        ("đừng dùng dữ liệu của tôi nữa", ["withdraw"]),
        ("đổi số giúp em 0987654321", []),
        ("phí xe máy bao nhiêu", []),
    ],
)
def test_a_right_is_written_down_where_the_bot_is_silent(silent: str, text: str, kinds: list[str]) -> None:
    off = silent == "bot off"
    world = World(state=State(stage=Stage.GREETED if off else Stage.WITH_ADVISOR, consents={"C1": "given"}))
    world.context = replace(world.context, bot=not off)
    world.say(text)
    assert [(one.kind, one.told) for one in world.found(DataRequest)] == [
        (kind, off and kind == "withdraw") for kind in kinds
    ]


def test_who_never_agreed_can_take_it_back_in_front_of_an_advisor() -> None:
    world = World(state=State(stage=Stage.WITH_ADVISOR))
    world.say("tôi rút lại đồng ý")
    assert [(one.kind, one.told) for one in world.found(DataRequest)] == [("withdraw", False)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("xóa hết dữ liệu của tôi", ["delete"]),
        ("tôi rút lại đồng ý", ["withdraw"]),
        ("dữ liệu cá nhân của tôi thì sao", ["access"]),
        ("mua bảo hiểm xe máy", []),
    ],
)
def test_the_law_knows_no_mute(text: str, kinds: list[str]) -> None:
    world = World()
    world.state = State(stage=Stage.CLOSED_SPAM, muted_until=world.now + timedelta(hours=9))
    world.say(text)
    assert ([(one.kind, one.told) for one in world.found(DataRequest)], world.said) == (
        [(kind, False) for kind in kinds],
        [],
    )


@pytest.mark.parametrize(
    ("texts", "kinds"),
    [
        (["STOP", "xóa hết dữ liệu của tôi đi"], ["delete"]),
        (["Đừng nhắn tin cho tôi nữa, xóa hết dữ liệu của tôi đi"], ["delete"]),
        (["Stop messaging me and delete my data"], ["delete"]),
        (["xe tôi vừa bị tai nạn, có người bị thương", "à mà xóa hết dữ liệu của tôi đi"], ["delete"]),
        (["rút lại đồng ý và xóa hết dữ liệu của tôi"], ["withdraw", "delete"]),
        (["xóa dữ liệu của tôi", "cho tôi xin bản sao dữ liệu cá nhân của tôi"], ["delete", "access"]),
        (["đừng nhắn tin cho tôi nữa"], []),
        (["đừng nhắn tin cho tôi nữa", "sao bên bạn có số của tôi"], ["access"]),
    ],
)
def test_what_is_said_beside_it_is_not_in_its_way(texts: list[str], kinds: list[str]) -> None:
    """Each is written down once; what the bot did not speak of is for people to answer."""
    world = World(state=State(stage=Stage.GREETED, consents={"C1": "given"}))
    world.say(*texts)
    requests = world.found(DataRequest)
    assert sorted(one.kind for one in requests) == sorted(kinds)
    assert {one.told for one in requests[1:]} <= {False}
    assert len({one.code for one in requests}) == len(kinds)


def test_what_is_explained_at_once_is_no_request() -> None:
    state = State(stage=Stage.COLLECTING, asked="phone", consents={"C1": "given"}, slots={"name": "Lan"})
    world = World(state=state)
    world.say("thông tin cá nhân để làm gì")
    assert (world.said[0], world.found(DataRequest)) == ("ask.why", [])


def test_a_right_in_an_edit_or_in_a_form_is_one_too() -> None:
    world = World(state=State(stage=Stage.GREETED))
    world.edit("xóa hết dữ liệu của tôi")
    assert [(one.kind, one.told) for one in world.found(DataRequest)] == [("delete", False)]
    world = World()
    world.context = replace(world.context, writes=False)
    for message, kinds in (("Xóa dữ liệu cá nhân của tôi", ["delete"]), ("Gọi tôi, xe máy", [])):
        fields = {"name": "Lan", "phone": "0912345678", "message": message, "agree": "Đồng ý xử lý dữ liệu cá nhân"}
        world.happens(Submitted(message_id="m1", at=world.now, fields=fields))
        assert [one.kind for one in world.found(DataRequest)] == kinds


def test_who_does_not_choose_has_asked_all_the_same() -> None:
    """By the clock of when he asked; and whoever chooses has asked for that, and for nothing else."""
    world = World(state=State(stage=Stage.GREETED))
    world.say("dữ liệu cá nhân của tôi thì sao")
    asked_at = world.now
    assert (world.said, world.found(DataRequest)) == (["privacy.menu"], [])
    chosen = deepcopy(world)
    world.wait(timedelta(hours=20))
    world.say("tôi muốn hỏi về dữ liệu cá nhân của tôi")
    assert world.found(DataRequest) == []
    world.wait(timedelta(hours=5))
    (request,) = world.found(DataRequest)
    assert (request.kind, request.at, request.told) == ("access", asked_at, False)
    assert (request.message_id, request.said) == ("m1", "dữ liệu cá nhân của tôi thì sao")
    assert world.found(Note)
    world.wait(timedelta(days=3))
    assert world.found(DataRequest) == []

    chosen.tap("dsr:delete")
    assert [(one.kind, one.told) for one in chosen.found(DataRequest)] == [("delete", True)]
    chosen.wait(timedelta(days=3))
    assert chosen.found(DataRequest) == []
