"""The core: who is heard first, and what no sequence of events can bring about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contract import Kind, SharedContact
from handlers.core import decide
from handlers.model import (
    EMPTY,
    Acted,
    Advisor,
    CancelSends,
    Context,
    Edited,
    Followed,
    Note,
    Reachable,
    Refused,
    Said,
    Say,
    SendEnded,
    Stage,
    State,
    TimerFired,
    Turn,
    Unfollowed,
    state_from_json,
    state_to_json,
)
from handlers.taps import TAPS
from tests.stories.world import CHIEF, MAI, MONDAY, NAM, OFFICE, World

NOW = MONDAY.astimezone(UTC)
LINES = (
    "chào em", "mua bảo hiểm xe máy", "mình tên Lan, 0901234567", "đồng ý", "không đồng ý", "có", "không", "ok em", "Lan",
    "0901234567", "12345", "chiều mai 3h gọi nhé", "sáng", "dừng", "STOP", "nhận tin", "gặp nhân viên", "nhà bị cháy tối qua",
    "ba mình mất, cần làm thủ tục nhận quyền lợi", "tôi muốn khiếu nại", "đồ ngu", "asdkjahsdkj", "bạn là người hay máy vậy",
    "phí xe máy bn", "cảm ơn", "o to nha em", "bắt buộc", "cả hai", "sai rồi", "sửa số điện thoại", "5", "5 sao", "chưa nhận được",
    "rồi em", "I want to buy travel insurance", "I agree", "em 14 tuổi muốn mua bảo hiểm", "xóa dữ liệu của tôi", "👍", "", "   ",
    "{ten} {0} %s </b>", "\u202e\u0000\ud83d", "9" * 400, "mua bảo hiểm xong mới báo tai nạn cũ được không", "bỏ qua", "lúc nào cũng được",
)  # fmt: skip
POLICY = {
    "number": "X-1",
    "insurer": "Hãng mẫu",
    "product": "du_lich",
    "starts_on": "2026-12-01",
    "ends_on": "2027-12-01",
}
ACTS: dict[str, list[dict[str, Any]]] = {
    "take": [{}],
    "reply": [{"text": "Chào chị"}, {"text": " "}, {"file_ids": ["f1"]}],
    "echo": [{}],
    "note": [{"text": "gọi lại"}, {}],
    "close": [{"outcome": one} for one in ("won", "lost", "no_need", "spam", "done", "nonsense")],
    "return": [{}],
    "assign": [{"advisor": NAM}, {"advisor": {"id": "a1", "name": "Trần Mai"}}, {"advisor": 7}, {}],
    "transfer": [{"advisor": NAM}, {"team": "claims", "note": "gấp"}, {}],
    "reopen": [{}],
    "snooze": [{"until": "2030-01-01T00:00:00+00:00"}, {"until": "yesterday"}, {}],
    "deliver": [{"delivery": "d1", "file_ids": ["f1"], "policy": POLICY}, {}],
    "label": [{"add": ["vip"], "remove": ["x"]}, {}],
    "fly": [{}],
}
CARE = {"task": "t1", "kind": "csat", "policy": "p1", "number": "X-1", "product": "tnds_xe_may", "name": "Lan"}
TIMERS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("nudge", "close", "long_wait", "callback", "mute_end", "snooze", "care", "unheard_of")),
    ("care", CARE),
    ("care", {**CARE, "kind": "check_t1"}),
    ("care:t1", {"task": "t1", "kind": "horoscope"}),
]

said = st.one_of(
    st.builds(Said, message_id=st.just("m"), kind=st.just(Kind.TEXT), at=st.just(NOW), text=st.sampled_from(LINES), had_secret=st.booleans()),
    st.builds(Said, message_id=st.just("m"), kind=st.just(Kind.BUTTON), at=st.just(NOW), payload=st.sampled_from([*TAPS, "?", "p:"])),
    st.builds(
        Said,
        message_id=st.just("m"),
        kind=st.sampled_from([Kind.IMAGE, Kind.AUDIO, Kind.STICKER, Kind.FILE, Kind.LOCATION, Kind.UNSUPPORTED]),
        at=st.just(NOW),
    ),
    st.builds(
        Said,
        message_id=st.just("m"),
        kind=st.just(Kind.CONTACT),
        at=st.just(NOW),
        contact=st.builds(SharedContact, phone=st.sampled_from(["+84901234567", "84912345678", "12", ""]), own=st.booleans()),
        forwarded=st.booleans(),
    ),
)  # fmt: skip
acted = st.sampled_from([(name, data) for name, datas in ACTS.items() for data in datas]).flatmap(
    lambda act: st.builds(
        Acted, name=st.just(act[0]), by=st.sampled_from([MAI, NAM, CHIEF]), at=st.just(NOW), data=st.just(act[1])
    )
)
happened = st.one_of(
    st.builds(
        Followed, message_id=st.just("m"), at=st.just(NOW), payload=st.sampled_from(["", "tnds_xe_may", "x" * 99])
    ),
    st.builds(Unfollowed, message_id=st.just("m"), at=st.just(NOW)),
    st.builds(Edited, message_id=st.just(""), at=st.just(NOW), text=st.sampled_from(LINES)),
    st.sampled_from(TIMERS).map(lambda timer: TimerFired(name=timer[0], at=NOW, data=timer[1])),
    st.builds(
        SendEnded,
        message_id=st.just("m"),
        at=st.just(NOW),
        status=st.sampled_from(["failed", "unknown", "expired", "sent"]),
        reason=st.sampled_from(["", "blocked", "window"]),
        klass=st.sampled_from(["", "A", "C", "D"]),
    ),
)
turns = st.one_of(
    st.lists(said, min_size=1, max_size=3),
    st.lists(st.one_of(said, happened), min_size=2, max_size=4),
    st.lists(happened, min_size=1, max_size=1),
    st.lists(acted, min_size=1, max_size=1),
)
steps = st.tuples(turns, st.sampled_from([0.1, 6, 40, 60 * 25, 60 * 24 * 9]))
contexts = st.builds(
    Context,
    business=st.sampled_from(
        [OFFICE, replace(OFFICE, hours=None), replace(OFFICE, holidays=("2026-11-23", "2026-11-24"))]
    ),
    channel=st.sampled_from(["telegram", "zalo"]),
    bot=st.sampled_from([True, True, True, False]),
    asks_contact=st.booleans(),
    buttons=st.sampled_from([0, 3, 20]),
    queue_position=st.integers(0, 3),
    conversation_id=st.just("c1"),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(context=contexts, story=st.lists(steps, max_size=12))
def test_whatever_happens_the_rules_hold(context: Context, story: list[tuple[list[Any], float]]) -> None:
    """No exception but Refused; `world.held` is asserted on every decision: silence, consent, one question …"""
    world = World(context=context)
    for events, minutes in story:
        world.now += timedelta(minutes=minutes)
        now = world.now.astimezone(UTC)
        try:
            world.happens(*(replace(event, at=now) for event in events))
        except Refused:
            assert any(isinstance(event, Acted) for event in events)
    world.wait(timedelta(days=8))
    before = world.state
    world.say("STOP")
    assert world.state.ads_off
    assert world.said[:1] in (["optout.confirm_all"], ["optout.scope"])
    assert world.found(CancelSends)
    assert world.state.stage is before.stage or before.stage in (
        Stage.NEW, Stage.GREETED, Stage.CONSENT_PENDING, Stage.COLLECTING, Stage.CONFIRMING,
    )  # fmt: skip


slots = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("Lan"),
        "phone": st.just("+84901234567"),
        "product": st.just("du_lich"),
        "need": st.just("đi chơi"),
        "callback_time": st.just({"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T02:00:00Z"}),
    },
)
asked = st.sampled_from(
    (
        "",
        *"- consent menu name phone phone_same need product time confirm edit callback received csat csat_comment".split(),
    )
)
states = st.builds(
    State,
    stage=st.sampled_from(list(Stage)),
    lang=st.sampled_from(["vi", "en"]),
    salutation=st.sampled_from(["", "chị", "em"]),
    slots=slots,
    asked=asked,
    tries=st.integers(0, 3),
    unclear=st.integers(0, 2),
    consents=st.sampled_from([{}, {"C1": "given"}, {"C1": "refused"}, {"C1": "withdrawn"}]),
    assignee=st.sampled_from([None, MAI]),
    last_inbound_at=st.sampled_from([None, NOW - timedelta(hours=1), NOW - timedelta(days=30)]),
    reminders_off=st.booleans(),
    warnings=st.integers(0, 3),
    care=st.sampled_from([{}, {"task": "t1", "kind": "csat"}]),
    memory=st.fixed_dictionaries(
        {}, optional={"editing": st.just("phone"), "car": st.just(True), "soon": st.just(True), "served": st.just(True), "nudged": st.just(True)}
    ),
)  # fmt: skip


@settings(max_examples=400)
@given(state=states, events=turns, context=contexts)
def test_no_event_in_any_state_raises(state: State, events: list[Any], context: Context) -> None:
    """Even in states that no story leads to: an old row, a field of another version."""
    if state.consents.get("C1") != "given":
        state = replace(state, slots={})
    try:
        decision = decide(state, Turn(events=tuple(events)), now=NOW, context=context)
    except Refused:
        assert any(isinstance(event, Acted) for event in events)
        return
    if state.stage is Stage.WITH_ADVISOR and not any(isinstance(event, Acted) for event in events):
        assert all(effect.key.startswith("optout.") for effect in decision.effects if isinstance(effect, Say))
        assert decision.state.stage is Stage.WITH_ADVISOR
    assert decision.state.consents.get("C1") == "given" or not decision.state.slots
    assert state_from_json(state_to_json(decision.state)) == decision.state


@pytest.mark.parametrize("word", ["dừng", "STOP", "huy nhan tin", "unsubscribe", "đừng nhắn nữa"])
@pytest.mark.parametrize("stage", [stage.value for stage in Stage])
def test_a_stop_word_comes_before_everything(word: str, stage: str) -> None:
    world = World(state=State(stage=Stage(stage), assignee=MAI if stage == "with_advisor" else None))
    world.say(word)
    assert world.state.ads_off
    assert world.state.reminders_off
    assert world.said == ["optout.confirm_all" if stage == "with_advisor" else "optout.scope"]
    assert world.found(CancelSends)
    assert bool(world.found(Note)) is (stage in ("with_advisor", "queued", "callback_scheduled", "unreachable"))


def test_stop_when_muted_and_when_the_bot_is_off() -> None:
    muted = World(state=State(stage=Stage.CLOSED_SPAM, muted_until=NOW + timedelta(hours=3)))
    muted.say("STOP")
    assert muted.state.ads_off
    off = World()
    off.context = replace(off.context, bot=False)
    off.say("STOP")
    assert off.said == ["optout.confirm_all"]


def test_only_ads_are_stopped_when_only_ads_are_meant() -> None:
    world = World()
    world.say("chặn tin khuyến mãi giúp")
    assert (world.state.ads_off, world.state.reminders_off) == (True, False)
    assert world.said == ["optout.confirm_ads"]


def test_an_accident_is_heard_beside_a_stop() -> None:
    world = World()
    world.say("dừng", "nhà bị cháy tối qua")
    assert world.state.ads_off
    assert "claim.safety_first" in world.said
    assert world.state.stage is Stage.QUEUED


def test_blocked_and_back() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.happens(Unfollowed(message_id="m", at=world.now))
    assert world.found(Reachable) == [Reachable(yes=False, reason="blocked")]
    world.wait(timedelta(hours=1))
    assert world.said == []  # nobody is there to be nudged
    world.happens(Followed(message_id="m", at=world.now))
    assert Reachable(yes=True) in world.effects
    assert world.state.stage is Stage.CONSENT_PENDING  # nothing is wiped
    assert world.said == ["consent.unclear"]


def test_start_pressed_on_a_deep_link() -> None:
    world = World()
    world.happens(Followed(message_id="m", at=world.now, payload="du_lich"))
    assert world.said == ["greeting.first", "greeting.menu"]
    world.tap("buy")
    world.tap("c1:yes")
    assert world.state.slots["product"] == "du_lich"


def test_a_secret_is_warned_about_but_never_over_an_advisor() -> None:
    world = World()
    secret = Said(message_id="m", kind=Kind.TEXT, at=world.now, text="mã ******", had_secret=True)
    world.happens(secret)
    assert world.said[:2] == ["greeting.first", "error.secret_shared"]
    world.act("take", MAI)
    world.happens(secret)
    assert world.said == []


def test_a_code_is_the_same_whenever_the_turn_is_replayed() -> None:
    state = State(
        stage=Stage.CONFIRMING,
        asked="confirm",
        consents={"C1": "given"},
        slots={"name": "Lan", "phone": "+84901234567", "product": "du_lich", "callback_time": {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T02:00:00Z"}},
    )  # fmt: skip
    tap = Turn(events=(Said(message_id="m1", kind=Kind.BUTTON, at=NOW, payload="ok"),))
    codes = set()
    for conversation in ("a", "b", "b"):
        context = Context(business=OFFICE, channel="zalo", conversation_id=conversation)
        codes.add(decide(state, tap, now=NOW, context=context).state.code)
    assert len(codes) == 2
    assert all(len(code) == 9 and code.startswith("IB-") for code in codes)


def test_a_person_of_the_platforms_own_app_silences_the_bot() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.act("echo", Advisor(id="", name="Zalo OA"))
    assert (world.state.stage, world.said) == (Stage.WITH_ADVISOR, [])
    world.say("đồng ý")
    assert world.said == []
    world.act("take", MAI)
    assert world.state.assignee == MAI


def test_a_timer_that_nobody_knows_is_let_be() -> None:
    before = State(
        stage=Stage.GREETED,
        armed={"unheard_of": "2026-11-23T00:00:00+00:00"},
        last_inbound_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    turn = Turn(events=(TimerFired(name="unheard_of", at=NOW),))
    decision = decide(before, turn, now=NOW, context=Context(business=OFFICE, channel="zalo"))
    assert "unheard_of" not in decision.state.armed
    assert not [effect for effect in decision.effects if isinstance(effect, Say)]


def test_one_turn_one_answer_whatever_else_is_in_it() -> None:
    world = World()
    start = Followed(message_id="m0", at=world.now, payload="du_lich")
    first = Said(message_id="m1", kind=Kind.TEXT, at=world.now, text="mình tên Lan")
    second = Said(message_id="m2", kind=Kind.TEXT, at=world.now, text="0901234567")
    nudge = TimerFired(name="nudge", at=world.now)
    world.happens(start, first, nudge, Unfollowed(message_id="m", at=world.now), second)
    assert world.said == ["greeting.first", "consent.layer1"]
    assert "unreachable" not in world.state.memory  # he wrote after he had blocked us
    world.tap("c1:yes")
    assert world.said == ["consent.accepted", "confirm.add_time_area", "confirm.summary"]
    assert world.state.slots["product"] == "du_lich"


def test_the_bot_comes_back_and_may_say_again_that_it_is_off() -> None:
    world = World()
    world.context = replace(world.context, bot=False)
    world.say("mua bảo hiểm xe máy")
    world.act("take", MAI)
    world.act("close", MAI, outcome="done")
    world.say("alo")
    assert world.said == []  # told once
    world.context = replace(world.context, bot=True)
    world.act("take", MAI)
    world.act("close", MAI, outcome="done")
    world.context = replace(world.context, bot=False)
    world.say("alo")
    assert world.said == ["maintenance.bot_off"]


def test_what_is_empty_stays_empty() -> None:
    empty: Any = EMPTY
    for name, *arguments in (
        ("update", {"a": 1}),
        ("setdefault", "a", 1),
        ("__setitem__", "a", 1),
        ("__ior__", {"a": 1}),
    ):
        with pytest.raises(TypeError):
            getattr(empty, name)(*arguments)
    assert empty == {}
    assert State().slots is EMPTY
