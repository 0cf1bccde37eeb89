"""What holds in every conversation, however it goes: long ones at random, in the customers' own words and worse.

Short here; `make properties EXAMPLES=20000` is the long form. A failure prints what happened, step by step.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from channels.contract import Capabilities, InboundFile, Kind, OutboundMessage, SharedContact
from channels.fit import fit
from channels.registry import ADAPTERS
from handlers import schedule
from handlers.draft import Draft
from handlers.model import (
    OPEN,
    WAITING,
    Acted,
    Advisor,
    Business,
    Called,
    CancelSends,
    CloseHandoff,
    Context,
    Edited,
    Event,
    Followed,
    OpenHandoff,
    RecordConsent,
    Refused,
    Relabel,
    Said,
    Say,
    SendEnded,
    Stage,
    State,
    Submitted,
    TimerFired,
    Unfollowed,
    Unsent,
)
from handlers.steps import times
from handlers.taps import TAPS
from handlers.texts import Texts
from handlers.voice import Voice
from tests.stories.world import CHIEF, MAI, MONDAY, NAM, OFFICE, TEXTS, World

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "40"))
CORPUS: Final = Path(__file__).parents[1] / "corpus"
SEALED: Final = "intents.held_out"  # how the files that are scored only begin
STOP_WITH_ITS_MARK: Final = "dừng"  # without it, it may be đúng
STOPS: Final = (
    "STOP", "hủy nhận tin", "đừng nhắn nữa", "unsubscribe", "ngừng gửi tin cho tôi", "đừng rep nữa", "spam riết", "bớt nhắn lại",
    "thôi khỏi nhắn", "unsub", "stop đi", "đừng gọi nữa", "đừng làm phiền tôi nữa", "ngưng nhắn", "dung nhan tin nua", "dung gui tin nua",
    "ngung gui tin", "đừg nhắn nữa", "làm ơn đừng gửi tin nữa", "không nhận tin nữa", "tôi không muốn nhận tin nhắn nữa",
    "từ nay đừng liên hệ nữa", "chấm dứt liên lạc với tôi", "đừng có spam nữa", "nhắn nữa là tui block",
    "bỏ tên tôi khỏi danh sách", "tắt thông báo giùm", "please stop messaging me", "don't contact me again", "leave me alone",
    "take me off your list", "no more messages please", "cho tui được yên", "đừng nhắn tui nựa", "miễn làm phiền", "yêu cầu ngừng nhắn tin",
    "sao cứ nhắn hoài vậy trời", "mệt quá nha dẹp đi", "hủy theo dõi", "opt out", "báo spam nha", "gỡ số tôi ra khỏi danh sách gửi tin",
    "cấm gọi cấm nhắn", "ai mượn nhắn hoài vậy",
)  # fmt: skip
HUMAN: Final = (
    "gặp người", "gặp tư vấn viên", "cho tôi gặp người thật", "gap nhan vien", "kết nối nhân viên giúp", "talk to an advisor",
    "I'd rather talk to a person", "cho em nói chuyện với người", "gặp nv", "cho gặp nhân viên tư vấn", "có người thật không",
    "người thật đâu", "chuyển máy cho tư vấn viên", "nối máy cho nhân viên", "tôi muốn nói chuyện với nhân viên", "muốn gặp người tư vấn",
    "speak to a human", "real person please",
    "agent please", "I want to talk to someone", "bot không hiểu, cho gặp người thật",
    "chán bot quá, cho gặp nhân viên", "không chat với máy đâu, cho gặp người", "cần người hỗ trợ", "kêu người thật ra đây",
    "cho toi gap nguoi that", "noi chuyen voi nhan vien", "toi muon gap tu van vien", "tư vấn viên đâu rồi",
    "cho gặp quản lý", "xin gặp người phụ trách", "mình cần gặp tư vấn trực tiếp", "nhân viên đâu ra trả lời",
    "tui mún gặp người", "let me talk to a real person", "connect me to an agent", "cho em gặp tư vấn viên", "cho gặp sếp",
    "không nói chuyện với bot", "can I speak to an advisor", "nói chuyện với người thật", "cho chị gặp nhân viên",
)  # fmt: skip
HUMAN_TAP: Final = "human"
SHIFT: Final = (("06:30", "11:30"), ("17:00", "21:00"))
ODD: Final = (  # hours of other houses: a half day, evenings, one day a week
    replace(OFFICE, hours={**dict.fromkeys(("mon", "tue"), SHIFT), "sat": (("09:00", "10:00"),)}),
    replace(OFFICE, hours={"thu": (("13:30", "17:30"),)}),
)
TOKENS: Final = (
    "0912345678", "12345", "+14155552671", "tôi tên Lan", "xe máy", "à nhầm", "à không", "mai", "3h chiều", "ok", "không", "1", "2",
    "5", "👍", "đồng ý", "sđt 0387654321", "gọi lại", "thôi", "bảo hiểm sức khỏe cho mẹ", "ô tô", "cả hai", "bắt buộc", "đúng rồi", "sai rồi",
    "sửa số điện thoại", "{xung_ho}", "%s", "\u202e", "\x00", "9" * 60, "a@b.vn", "59X1-123.45", "079090001234", "4111 1111 1111 1111",
)  # fmt: skip
# A question and the name under which it is open
TAKEN_BACK: Final = (
    "không đồng ý nữa", "tôi không đồng ý nữa", "nhầm, tôi bấm nhầm đồng ý", "ấy chết bấm nhầm, không đồng ý đâu nữa", "rút lại đồng ý nha",
    "I changed my mind, I don't agree anymore", "tôi đổi ý, không cho dùng thông tin nữa", "em lỡ bấm đồng ý rồi", "I want to withdraw my consent",
    "tôi không cho phép lưu số điện thoại của tôi nữa",
)  # fmt: skip
NO_REFUSALS: Final = (
    "không ai trả lời à", "không chịu được nữa", "không, tôi muốn hủy", "không thấy ai", "không sao đâu em cứ làm đi", "không hiểu sao lâu vậy",
    "không có gì", "không biết nữa", "không phải vậy", "không nghe máy được", "no problem", "không vội",
)  # fmt: skip
YESES: Final = ("đúng hết", "tất cả đều đúng", "đúng rồi", "ok", "chuẩn", "đúng", "dạ vâng đúng", "right", "yes")
DOUBTED: Final = (
    "trừ số", "trừ tên", "ngoại trừ số điện thoại", "chỉ sai tên", "nhưng sai số", "trừ cái giờ", "except the number", "but the name is wrong",
    "mà thiếu số", "trừ", "ngoài cái tên ra",
)  # fmt: skip
NO_MORE: Final = (
    "thôi ko mua nữa", "thôi ko cần nữa", "hết nhu cầu rồi em", "tôi không muốn mua nữa, đừng gọi", "không có nhu cầu nữa", "em không mua nữa nha",
    "chị mua chỗ khác rồi", "thôi không đăng ký nữa", "I'm not interested anymore", "khỏi mua, hết nhu cầu rồi",
)  # fmt: skip
QUESTIONS: Final = {
    "consent.layer1": "consent", "consent.layer2": "consent", "consent.unclear": "consent", "greeting.menu": "menu", "ask.name": "name",
    "ask.name_retry": "name", "ask.name_phone": "name", "ask.province": "province", "consent.again": "consent", "optout.scope": "scope",
    "confirm.summary_area": "confirm", "ask.phone": "phone", "ask.phone_same_channel": "phone_same", "ask.need": "need", "ask.product_car": "product",
    "ask.time": "time", "confirm.summary": "confirm", "confirm.edit_which": "edit", "queue.long_wait": "callback", "delivery.check_t1": "received",
    "delivery.check_t1_plain": "received", "care.csat_ask": "csat", "care.csat_ask_plain": "csat", "care.csat_comment": "csat_comment",
    "consent.marketing": "ads",
}  # fmt: skip
POLICY: Final = {"number": "X-1", "insurer": "Hãng mẫu", "product": "du_lich", "starts_on": "2026-12-01", "ends_on": "2027-12-01"}  # fmt: skip
ACTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("take", {}), ("take", {}), ("reply", {"text": "Chào chị"}), ("echo", {}), ("note", {"text": "gọi lại"}), ("return", {}), ("return", {}),
    ("assign", {"advisor": NAM}), ("transfer", {"advisor": NAM}), ("transfer", {"team": "claims"}), ("reopen", {}), ("label", {"add": ["vip"]}),
    ("label", {"remove": ["incident"]}), ("snooze", {"until": "2030-01-01T00:00:00+00:00"}), ("deliver", {"delivery": "d1", "file_ids": ["f1"], "policy": POLICY}),
    *(("attempt", {"result": one}) for one in ("reached", "no_answer", "no_answer", "busy", "wrong_number")), ("call", {"answered": False}),
    ("screen", {"outcome": "need", "answers": {"real_person": True, "need": "xe"}}), ("screen", {"outcome": "no_need", "reason": "hỏi thôi"}),
    *(("close", {"outcome": one}) for one in ("won", "lost", "no_need", "spam", "done")),
)  # fmt: skip
CARE: Final = {
    "task": "t1",
    "policy": "p1",
    "number": "X-1",
    "product": "tnds_xe_may",
    "name": "Lan",
    "insurer": "Hãng",
}
# What other platforms carry that we have no channel for yet: as tight as they come
TIGHT: Final = {
    "messenger": Capabilities(title="", text_limit=2000, buttons=13, button_label_limit=20, button_data_bytes=1000),
    "no buttons": Capabilities(title="", text_limit=2000),
}
CARRIES: Final = {name: adapter.capabilities for name, adapter in ADAPTERS.items()} | TIGHT
VOICES: Final = {name: Voice(Texts.load(), OFFICE, carries) for name, carries in CARRIES.items()}


@cache
def lines() -> tuple[str, ...]:
    """What customers typed: every labelled line but the sealed ones."""
    files = sorted(path for path in CORPUS.glob("*.jsonl") if not path.name.startswith(SEALED))
    return tuple(json.loads(row)["text"] for path in files for row in path.read_text("utf-8").splitlines())


def plain(text: str) -> str:
    """As typed on a phone without tone marks."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(one for one in letters if not unicodedata.combining(one))


# ---- what can happen: values, so that a failing story can be read and made smaller


@dataclass(frozen=True, slots=True)
class Step:
    """`minutes` pass (what falls due fires), the bot is `on` or off, then all of `events` happen in one turn."""

    minutes: float
    on: bool
    events: tuple[Event, ...]


def words(text: str) -> Said:
    return Said(message_id="m", kind=Kind.TEXT, at=MONDAY, text=text)


tones: Any = st.sampled_from([str, plain, str.upper, str.capitalize])
corpus = st.integers(0, len(lines()) - 1).map(lambda at: lines()[at])
typed = st.one_of(
    corpus,
    corpus.map(plain),
    corpus.map(str.upper),
    st.tuples(corpus, st.integers(0, 60)).map(
        lambda told: told[0][: told[1]] + told[0][told[1] + 1 :]
    ),  # a letter short
    st.tuples(corpus, corpus).map(" ".join),
    st.tuples(st.sampled_from(TOKENS), corpus).map(" ".join),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3).map(" ".join),
    st.text(max_size=12),
)
media = st.sampled_from([Kind.IMAGE, Kind.FILE, Kind.AUDIO, Kind.VIDEO, Kind.STICKER, Kind.LOCATION, Kind.UNSUPPORTED])
said = st.one_of(
    typed.map(words),
    typed.map(words),
    st.sampled_from([*TAPS, "?", "p:"]).map(lambda tap: Said(message_id="m", kind=Kind.BUTTON, at=MONDAY, payload=tap)),
    st.sampled_from([*TAPS]).map(lambda tap: Said(message_id="m", kind=Kind.BUTTON, at=MONDAY, payload=tap)),
    st.tuples(media, st.one_of(st.just(""), typed)).map(
        lambda sent: Said(message_id="m", kind=sent[0], at=MONDAY, text=sent[1], files=(InboundFile(kind=sent[0], source="f"),))
    ),
    st.tuples(st.sampled_from(["+84901234567", "84912345678", "12"]), st.booleans(), st.booleans()).map(
        lambda card: Said(
            message_id="m", kind=Kind.CONTACT, at=MONDAY, contact=SharedContact(phone=card[0], own=card[1]), forwarded=card[2]
        )
    ),
)  # fmt: skip
timers = st.one_of(
    st.sampled_from(
        [
            "nudge",
            "close",
            "long_wait",
            "callback",
            "mute_end",
            "snooze",
            "care",
            "scope",
            "absence",
            "incident",
            "overdue",
            "?",
        ]
    ).map(lambda name: TimerFired(name=name, at=MONDAY)),
    st.sampled_from(["check_t1", "csat"]).map(
        lambda kind: TimerFired(name="care:t1", at=MONDAY, data={**CARE, "kind": kind})
    ),
)
ended = st.builds(
    SendEnded,
    message_id=st.just("m"),
    at=st.just(MONDAY),
    status=st.sampled_from(["failed", "unknown", "expired"]),
    reason=st.sampled_from(["", "blocked", "window"]),
    klass=st.sampled_from(["A", "B", "C", "D"]),
)
happened = st.one_of(
    st.sampled_from(["", "tnds_xe_may", "x" * 99]).map(
        lambda start: Followed(message_id="m", at=MONDAY, payload=start)
    ),
    st.just(Unfollowed(message_id="m", at=MONDAY)),
    typed.map(lambda text: Edited(message_id="", at=MONDAY, text=text)),
    st.just(Unsent(at=MONDAY)),
    timers,
    ended,
)
acted = st.tuples(st.sampled_from(ACTS), st.sampled_from([MAI, NAM, CHIEF])).map(
    lambda done: Acted(name=done[0][0], by=done[1], at=MONDAY, data=done[0][1])
)
events = st.one_of(
    st.lists(said, min_size=1, max_size=3).map(tuple),
    said.map(lambda one: (one,)),
    said.map(lambda one: (one,)),
    st.lists(st.one_of(said, happened), min_size=1, max_size=3).map(tuple),
    acted.map(lambda one: (one,)),
)
steps = st.builds(
    Step,
    minutes=st.sampled_from([0.2, 0.2, 0.2, 3, 12, 45, 60 * 13, 60 * 26, 60 * 24 * 9]),
    on=st.sampled_from([True] * 9 + [False]),
    events=events,
)
# Somebody on his way, so that what comes at random meets a form, a queue, an advisor and not the greeting alone
ROADS: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("mua bảo hiểm xe máy",),
    ("mua bảo hiểm xe máy", "đồng ý"),
    ("mua bảo hiểm xe máy, mình tên Lan, 0901234567", "đồng ý"),
    ("mua bảo hiểm ô tô, mình tên Lan", "đồng ý"),
    ("mua bảo hiểm du lịch, mình tên Lan, 0901234567", "đồng ý", "gọi ngay"),
    ("mua bảo hiểm du lịch, mình tên Lan, 0901234567", "đồng ý", "gọi ngay", "đúng rồi"),
    ("mua bảo hiểm du lịch, mình tên Lan, 0901234567", "đồng ý", "9h sáng mai", "đúng rồi"),
    ("gặp nhân viên",),
    ("mua bảo hiểm xe máy, mình tên Lan", "không đồng ý"),
    ("đồ ngu", "bot ngu vcl", "cút"),
    ("mua bảo hiểm xe máy", "đồng ý", "dừng"),
    ("em không muốn sống nữa",),
    ("có người gọi xưng là ibaohiem đòi chuyển tiền",),
    ("tư vấn nhân thọ", "để em suy nghĩ"),
    ("đăng ký nhận tin khuyến mãi",),
    ("mua bảo hiểm xe máy, mình tên Lan, 0901234567", "đăng ký nhận tin khuyến mãi"),
    ("mua bảo hiểm xe máy, mình tên Lan, 0901234567", "đồng ý", "nhận tin khuyến mãi nhé", "đúng rồi"),
    ("mua xe máy, du lịch với sức khỏe, mình tên Lan, 0901234567", "đồng ý"),
    ("mua bảo hiểm xe máy, mình tên Lan, 0901234567", "đồng ý", "đúng rồi", "rút lại đồng ý"),
    ("alo", "thôi không cần đâu"),
)
WON: Final = State(
    stage=Stage.WON,
    consents={"C1": "given"},
    slots={"name": "Lan", "phone": "+84901234567", "product": "tnds_xe_may"},
    memory={"served": True, "won": True, "closed_at": "2026-11-21T01:00:00+00:00"},
)
contexts = st.fixed_dictionaries(
    {
        "business": st.sampled_from([OFFICE, replace(OFFICE, hours=None), replace(OFFICE, holidays=("2026-11-23",))]),
        "asks_contact": st.booleans(),
        "buttons": st.sampled_from([0, 3, 20]),
        "queue_position": st.integers(0, 3),
    }
)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(
    begun=st.sampled_from([State(), State(), State(), WON]),
    road=st.sampled_from(ROADS),
    context=contexts,
    hour=st.sampled_from([9, 9, 9, 12, 18, 22, 3]),
    story=st.lists(steps, min_size=1, max_size=14),
    human=st.sampled_from(HUMAN),
    stop=st.sampled_from((*STOPS, STOP_WITH_ITS_MARK)),
    taken_back=st.sampled_from(TAKEN_BACK),
)
def test_a_conversation_keeps_its_promises(
    begun: State,
    road: Sequence[str],
    context: dict[str, Any],
    hour: int,
    story: Sequence[Step],
    human: str,
    stop: str,
    taken_back: str,
) -> None:
    now = World(now=MONDAY.replace(hour=hour), state=begun)
    now.context = replace(now.context, **context)
    for text in road:
        now.say(text)
    for step in story:
        happen(now, step)
        a_person_is_one_step_away(now, human)
        consent_is_one_message_from_its_end(now, taken_back)
    a_stop_word_stops(now, stop)


def on_the_way(road: Sequence[str], hour: int = 9) -> World:
    now = World(now=MONDAY.replace(hour=hour))
    for text in road:
        now.say(text)
    return now


WAITS: Final = (
    ("gặp người",),
    ("khiếu nại nhân viên thái độ",),
    ("hủy hợp đồng bảo hiểm",),
    ("mua bảo hiểm xe máy, gặp tư vấn viên",),
)
READY: Final = (
    ("mua bảo hiểm xe máy, mình tên Lan, 0901234567", "đồng ý"),
    ("mua bảo hiểm du lịch, mình tên Lan, 0901234567", "đồng ý"),
    ("mua bảo hiểm xe máy", "đồng ý", "mình tên Lan", "0901234567"),
)
QUEUED: Final = (*((*road, "đúng rồi") for road in READY), *((*road, "9h sáng mai", "đúng rồi") for road in READY))


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(WAITS), text=st.sampled_from(NO_REFUSALS), typed_as=tones)
def test_a_refusal_is_recorded_only_from_a_refusal(road: Sequence[str], text: str, typed_as: Any) -> None:
    now = on_the_way(road)
    now.say(typed_as(text))
    assert [record for record in now.found(RecordConsent) if record.state == "refused"] == []
    assert "C1" not in now.state.consents


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(WAITS), text=st.sampled_from(["không đồng ý", "tôi không đồng ý nha", "không"]))
def test_whoever_waits_may_still_refuse(road: Sequence[str], text: str) -> None:
    now = on_the_way(road)
    now.say(text)
    assert now.state.consents.get("C1") == "refused"


@settings(max_examples=EXAMPLES)
@given(
    road=st.sampled_from(READY), yes=st.sampled_from(YESES), but=st.sampled_from(DOUBTED), typed_as=tones,
    between=st.sampled_from([" ", ", ", " em ơi, "]),
)  # fmt: skip
def test_a_doubt_at_the_read_back_saves_nothing(
    road: Sequence[str], yes: str, but: str, typed_as: Any, between: str
) -> None:
    now = on_the_way(road)
    assert now.state.asked == "confirm"
    now.say(typed_as(yes + between + but))
    assert now.found(OpenHandoff) == []
    assert now.state.stage not in WAITING


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(QUEUED), text=st.sampled_from(NO_MORE), typed_as=tones)
def test_no_more_ends_the_wait(road: Sequence[str], text: str, typed_as: Any) -> None:
    now = on_the_way(road)
    assert now.state.stage in WAITING
    now.say(typed_as(text))
    assert now.state.stage is Stage.CLOSED_NO_NEED
    assert [closed.outcome for closed in now.found(CloseHandoff)] == ["no_need"]
    assert not now.state.handoff
    pass_time(now, timedelta(days=3))
    assert now.state.stage is Stage.CLOSED_NO_NEED


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(ROADS), text=st.sampled_from(TAKEN_BACK), typed_as=tones)
def test_consent_is_taken_back_at_any_question(road: Sequence[str], text: str, typed_as: Any) -> None:
    consent_is_one_message_from_its_end(on_the_way(road), typed_as(text))


DESPAIR: Final = (
    "em không muốn sống nữa",
    "con muốn chết quá",
    "tôi muốn tự tử",
    "chắc em nhảy cầu quá",
    "chồng đánh em, em sợ lắm",
    "em bị bạo hành",
)
IMPOSTORS: Final = (
    "có người gọi xưng là ibaohiem đòi chuyển tiền", "có ai đó giả danh IBAOHIEM nhắn tôi chuyển khoản 5 triệu",
    "bên em gửi nhầm hợp đồng người khác cho tôi rồi", "someone called pretending to be IBAOHIEM and asked for money",
)  # fmt: skip
BARGAINS: Final = (
    "giảm giá tnds được không",
    "tnds có khuyến mãi không em",
    "tnds xe máy có voucher không",
    "bớt phí tnds được không em",
)
ROADS_TO_THE_BOT: Final = tuple(road for road in ROADS if "bot ngu vcl" not in road)  # it is muted after that


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(ROADS), text=st.sampled_from(DESPAIR), hour=st.sampled_from([9, 12, 18, 3]))
def test_despair_gets_words_and_people_and_no_form(road: Sequence[str], text: str, hour: int) -> None:
    now = on_the_way(road, hour)
    knew = now.state.memory.get("despair")
    now.say(text)
    assert {say.rpartition(".")[0] for say in now.said} <= {"grave", "handoff", "greeting"}
    assert not {"claim.safety_first", "consent.layer1", "greeting.first"} & set(now.said)
    assert now.state.stage is Stage.QUEUED
    assert now.state.memory["priority"] == 30
    if not knew:
        assert any(word in now.words for word in ("115", "113"))
    now.say("huhu", later=timedelta(minutes=2))
    assert now.said == ["grave.with_you"]


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(ROADS_TO_THE_BOT), text=st.sampled_from(IMPOSTORS))
def test_an_incident_is_open_from_the_moment_it_is_told(road: Sequence[str], text: str) -> None:
    now = on_the_way(road)
    had = "incident" in now.state.memory
    now.say(text)
    assert now.state.memory["incident"]["since"]
    assert now.state.memory["priority"] >= 25
    assert "incident" in now.timers
    if not had:
        assert [label for relabel in now.found(Relabel) for label in relabel.add] == ["incident"]


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(ROADS_TO_THE_BOT), text=st.sampled_from(BARGAINS))
def test_nothing_comes_off_a_compulsory_cover(road: Sequence[str], text: str) -> None:
    now = on_the_way(road)
    if now.state.memory.get("despair") or now.state.asked == "scope":  # that is of our advertising
        return
    now.say(text)
    assert "advice.no_discount" in now.said
    assert "advice.no_advice_by_bot" not in now.said


@settings(max_examples=EXAMPLES)
@given(
    minutes=st.integers(0, 14 * 24 * 60),
    business=st.sampled_from(
        [OFFICE, replace(OFFICE, hours=None), replace(OFFICE, holidays=("2026-11-25", "2026-11-26")), *ODD]
    ),
)
def test_a_time_that_is_offered_can_be_kept(minutes: int, business: Business) -> None:
    """Every button of a time leads to a call while people are at work, at the hours that its face tells."""
    at = MONDAY + timedelta(minutes=minutes)
    slots = {"name": "Lan", "phone": "+84901234567", "product": "du_lich"}
    asked = State(stage=Stage.CONFIRMING, asked="confirm", consents={"C1": "given"}, slots=slots)
    draft = Draft(state=asked, now=at, context=Context(business=business, channel="telegram"))
    for button in times(draft):
        now = World(now=at, state=asked)
        now.context = replace(now.context, business=business)
        now.now = at - timedelta(seconds=10)
        now.tap(button.id)
        begins, ends = (datetime.fromisoformat(now.state.slots["callback_time"][key]) for key in ("from", "to"))
        worked = schedule.spans(schedule.local(begins, business).date(), business)
        assert any(opens <= begins < closes for opens, closes in worked)
        assert any(opens < ends <= closes for opens, closes in worked)
        for moment in (begins, ends):
            here = schedule.local(moment, business)
            assert f"{here.hour}h" in TEXTS.button(button.label, "vi")


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    road=st.sampled_from(ROADS),
    by=st.sampled_from([MAI, NAM]),
    told=st.lists(
        st.tuples(st.sampled_from([0.2, 3, 12, 29]), st.one_of(said, said, happened)), min_size=1, max_size=6
    ),
)
def test_with_an_advisor_the_bot_is_silent(
    road: Sequence[str], by: Advisor, told: Sequence[tuple[float, Event]]
) -> None:
    """Whatever the customer, the clock and the channel bring: nothing is said but the answer to a stop word."""
    now = on_the_way(road)
    now.act("take", by)
    for minutes, event in told:
        happen(now, Step(minutes, True, (event,)))
        if now.state.stage is not Stage.WITH_ADVISOR:
            return  # he has let him wait for half an hour
        now.act("reply", by, text="Dạ em đây")


SECRETS: Final = ("mật khẩu là abc123", "mã OTP là 123456", "pass: qwerty12", "mã pin 1234")
NUMBERS: Final = (
    "đổi số giúp em 0987654321",
    "em gõ nhầm số, 0987654321 mới đúng",
    "sai số rồi, số đúng là 0987654321",
    "sửa số thành 0987654321",
)


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(ROADS), text=st.sampled_from(SECRETS))
def test_a_secret_answers_nothing(road: Sequence[str], text: str) -> None:
    now = on_the_way(road)
    before = now.state
    now.say(text)
    assert now.state.stage is before.stage or before.stage in (Stage.NEW, Stage.CLOSED_NO_NEED)
    assert now.state.slots == before.slots
    assert now.state.consents == before.consents


@settings(max_examples=EXAMPLES)
@given(road=st.sampled_from(QUEUED), text=st.sampled_from(NUMBERS), typed_as=tones)
def test_a_number_put_right_in_the_queue_is_the_number_to_call(road: Sequence[str], text: str, typed_as: Any) -> None:
    now = on_the_way(road)
    now.say(typed_as(text))
    assert now.state.slots["phone"] == "+84987654321"
    assert now.found(OpenHandoff) == []


GRAVER: Final = (  # than any advertising
    "bị tai nạn gấp, chảy máu", "xe tôi vừa bị tông, có người bị thương", "tôi không muốn sống nữa", "cho tôi gặp nhân viên", "em mới 12 tuổi",
    "khiếu nại nhân viên thái độ", "xóa hết dữ liệu của tôi", "hủy hợp đồng bảo hiểm", "có người gọi xưng là ibaohiem đòi chuyển tiền",
)  # fmt: skip
OFFERS_WANTED: Final = (
    "đăng ký nhận tin khuyến mãi", "nhận tin khuyến mãi", "gửi khuyến mãi cho tôi nhé", "em nhận tin khuyến mãi rồi", "cho mình đăng ký nhận quảng cáo",
)  # fmt: skip


@settings(max_examples=2 * EXAMPLES)
@given(
    road=st.sampled_from(ROADS), grave=st.sampled_from(GRAVER), wish=st.sampled_from(OFFERS_WANTED), typed_as=tones,
    first=st.booleans(), apart=st.booleans(),
)  # fmt: skip
def test_what_is_grave_is_heard_beside_a_wish_for_offers(
    road: Sequence[str], grave: str, wish: str, typed_as: Any, first: bool, apart: bool
) -> None:
    alone, now = on_the_way(road), on_the_way(road)
    alone.say(typed_as(grave))
    both = [typed_as(text) for text in ((grave, wish) if first else (wish, grave))]
    now.say(*(both if apart else [". ".join(both)]))
    note(f"{both} -> {told(now)}, alone {told(alone)}")
    assert [opened.reason for opened in now.found(OpenHandoff)] == [
        opened.reason for opened in alone.found(OpenHandoff)
    ]
    assert now.state.stage is alone.state.stage
    assert "consent.marketing" not in now.said


CONSENTS: Final = {  # texts that ask for a consent, or say how it is given
    **dict.fromkeys((key for key, asked in QUESTIONS.items() if asked == "consent"), "C1"),
    **dict.fromkeys(("consent.to_note", "consent.needed", "consent.lapsed", "consent.why"), "C1"),
    "consent.marketing": "C4",
}
ABOUT_CONSENT: Final = (
    *OFFERS_WANTED, *OFFERS_WANTED, "đồng ý", "đồng ý", "tôi đồng ý nhé", "ok em", "không", "không đồng ý", "👍", "để em suy nghĩ", "giá sao em",
    "mua bảo hiểm xe máy", "mình tên Lan, 0901234567", "đúng rồi", "gặp nhân viên", "cảm ơn", "alo", "dừng quảng cáo", "đồng ý, mua bảo hiểm du lịch",
    "đăng ký nhận tin khuyến mãi, đồng ý",
)  # fmt: skip


@settings(max_examples=2 * EXAMPLES)
@given(
    road=st.sampled_from(ROADS),
    turns=st.lists(st.lists(st.sampled_from(ABOUT_CONSENT), min_size=1, max_size=2), min_size=1, max_size=8),
)
def test_a_yes_is_evidence_for_the_consent_that_was_asked_for_last(
    road: Sequence[str], turns: Sequence[Sequence[str]]
) -> None:
    now, asked_last = World(), ""
    for turn in (*((text,) for text in road), *turns):
        now.say(*turn)
        note(f"{turn} -> {told(now)}")
        given = [record for record in now.found(RecordConsent) if record.state == "given"]
        assert [record.purpose for record in given] in ([], [asked_last])
        asked = [CONSENTS[key] for key in now.said if key in CONSENTS]
        assert len(set(asked)) <= 1, "two consents are asked for at once"
        asked_last = (asked or [asked_last])[0]


texts = st.one_of(st.just(""), typed)
submitted = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "phone", "email", "message", "product", "province", "time"), texts)
).map(lambda fields: Submitted(message_id="m", at=MONDAY, fields=fields))
called = st.builds(
    Called,
    message_id=st.just("m"),
    at=st.just(MONDAY),
    call=st.sampled_from(["k1", "k2"]),
    event=st.sampled_from(["ringing", "answered", "missed", "ended"]),
    direction=st.sampled_from(["inbound", "outbound"]),
    number=st.sampled_from(["+84901234567", "", "12"]),
    duration_s=st.sampled_from([None, 0, 61]),
)
unwritten = st.builds(
    Step,
    minutes=st.sampled_from([0.2, 6, 45, 60 * 13, 60 * 26, 60 * 24 * 9]),
    on=st.booleans(),
    events=st.one_of(
        st.lists(st.one_of(submitted, called), min_size=1, max_size=3).map(tuple),
        acted.map(lambda one: (one,)),
        timers.map(lambda one: (one,)),
    ),
)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(context=contexts, story=st.lists(unwritten, min_size=1, max_size=10))
def test_forms_and_calls_are_never_answered_in_writing(context: dict[str, Any], story: Sequence[Step]) -> None:
    now = World()
    now.context = replace(now.context, channel="hotline", writes=False, **context)
    for step in story:
        happen(now, step)
        assert now.said == []


def happen(now: World, step: Step) -> None:
    """One step, held to what must be true of it. The world holds each decision to the rest (`tests.stories.world.held`)."""
    pass_time(now, timedelta(minutes=step.minutes))
    now.context = replace(now.context, bot=step.on)
    before = now.state
    try:
        now.happens(*(replace(event, at=now.now) for event in step.events))
    except Refused:
        assert any(isinstance(event, Acted) for event in step.events), "only acts of people may be refused"
        return
    note(f"+{step.minutes} min {'' if step.on else '(off) '}{[brief(event) for event in step.events]} -> {told(now)}")
    hold(before, now, step.events)


def pass_time(now: World, how_long: timedelta) -> None:
    """Timers fire in their order, each a turn of its own."""
    until = now.now + how_long
    while due := sorted((at, name) for name, (at, _) in now.timers.items() if at <= until):
        at, name = due[0]
        data = now.timers.pop(name)[1]
        now.now, before = max(now.now, at), now.state
        fired = TimerFired(name=name, at=now.now, data=data)
        now.happens(fired)
        note(f"{now.now:%d/%m %H:%M} {name} -> {told(now)}")
        hold(before, now, (fired,))
    now.now = until


def hold(before: State, now: World, events: Sequence[Event]) -> None:
    state, says = now.state, [effect for effect in now.effects if isinstance(effect, Say)]
    acted = any(isinstance(event, Acted) for event in events)
    spoke = any(isinstance(event, (Said, Edited, Followed)) for event in events)
    if Stage.WITH_ADVISOR in (before.stage, state.stage) and not acted and not _left_alone(before, now, events):
        assert all(say.key.startswith("optout.") for say in says), "the bot speaks while a person has it"
        assert state.stage is before.stage, "nobody but a person takes it from a person"
    if before.muted_until and before.muted_until > now.now and before.stage is state.stage is Stage.CLOSED_SPAM:
        assert all(say.key.startswith("optout.") for say in says), "muted, and the bot speaks"
    waits = all(say.key.startswith(("queue.", "handoff.")) for say in says)  # he does, and hears how it stands
    beside = all(say.key == "grave.with_you" for say in says)  # who despairs and waits is not left alone at night
    if says and not spoke and not acted and not waits and not beside:
        assert schedule.may_write(now.now, now.context.business), "unasked, at an hour when nobody is written to"
        assert now.context.bot, "switched off, and speaks of itself"
    if before.reminders_off and not spoke and not acted:
        assert waits, "stopped, and written to"
    one_question(state, says)
    if state.stage in WAITING:
        assert state.handoff, "waits for people whom nobody called"
    if state.stage not in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        assert not state.asked or state.care or state.asked in ("scope", "ads"), "closed, with a question open"
    for name in CARRIES:
        fits(name, says, state)


def _left_alone(before: State, now: World, events: Sequence[Event]) -> bool:
    """His advisor did not answer for half an hour: the only way in which the bot comes back by itself."""
    since = before.memory.get("unanswered")
    if not since or not any(isinstance(event, TimerFired) and event.name == "absence" for event in events):
        return False
    return now.now - datetime.fromisoformat(str(since)) >= timedelta(minutes=30)


def one_question(state: State, says: Sequence[Say]) -> None:
    """At most one question in an answer, and it is the one that is open."""
    asked = {QUESTIONS[say.key] for say in says if say.key in QUESTIONS}
    assert len(asked) <= 1, f"several questions at once: {asked}"
    assert asked <= {state.asked}, f"asks for {asked}, waits for {state.asked!r}"


def fits(name: str, says: Sequence[Say], state: State) -> None:
    """What is said in one go is one message on every channel, none of its buttons cut short."""
    carries, voice = CARRIES[name], VOICES[name]
    for _, group in groupby(says, key=lambda say: (say.klass, say.purpose)):
        message = list(group)
        text = "\n\n".join(voice.words(one, state) for one in message)
        choices = voice.choices(message, state.lang)
        whole = OutboundMessage(id="m", thread="t", text=text, buttons=choices.buttons)
        parts = fit(whole, carries)
        assert len(parts) == 1, f"{name}: {[say.key for say in message]} takes {len(parts)} messages"
        assert len(parts[0].text) <= carries.text_limit
        for shown, meant in zip(parts[0].buttons, choices.buttons, strict=False):
            assert shown.label == meant.label, f"{name}: the button {meant.label!r} is cut"


def a_person_is_one_step_away(now: World, text: str) -> None:
    """From here, words for a human or the button bring people; what happens in this look is forgotten again."""
    for word in (text, HUMAN_TAP):
        fork = deepcopy(now)
        fork.now += timedelta(seconds=5)
        if word == HUMAN_TAP:
            fork.tap(HUMAN_TAP)
        else:
            fork.say(word)
        assert fork.state.stage in WAITING | {Stage.WITH_ADVISOR}, (
            f"{word!r} in {now.state.stage} leads to {fork.state.stage}"
        )
        assert fork.state.stage is Stage.WITH_ADVISOR or fork.state.handoff


def consent_is_one_message_from_its_end(now: World, text: str) -> None:
    """Taken back wherever he is and whoever has him: nothing that rested on it stays."""
    if now.state.consents.get("C1") != "given" or now.state.asked == "consent":
        return
    fork = deepcopy(now)
    fork.say(text)
    assert fork.state.consents.get("C1") == "withdrawn", f"{text!r}, asked {now.state.asked!r} in {now.state.stage}"
    assert not fork.state.slots
    assert "0901234567" not in str(fork.state.memory)
    assert fork.found(CancelSends)
    assert fork.found(RecordConsent)[-1].state == "withdrawn"


def a_stop_word_stops(now: World, text: str) -> None:
    """At once, whatever is going on; and then the clock brings nothing any more."""
    now.say(text)
    assert now.state.ads_off, f"{text!r} did not stop anything"
    assert now.state.reminders_off
    assert now.said in (["optout.confirm_all"], ["optout.scope"]), "a stop is confirmed, and nothing else is said"
    assert now.found(CancelSends)
    for kind in ("check_t1", "csat"):
        now.happens(TimerFired(name="care:t9", at=now.now, data={**CARE, "task": "t9", "kind": kind}))
        assert now.said == []
    pass_time(now, timedelta(days=8))


def brief(event: Event) -> str:
    match event:
        case Said():
            return f"{event.kind} {event.text or event.payload!r}"
        case Edited():
            return f"edit {event.text!r}"
        case Acted() | TimerFired():
            return f"{event.name} {dict(event.data)}"
    return type(event).__name__


def told(now: World) -> str:
    return f"{now.said} {now.state.stage} asked {now.state.asked!r}"


def test_after_a_stop_the_clock_does_not_speak_to_who_despairs() -> None:
    """A person comes; the machine was told to be silent."""
    quiet, heard = on_the_way(("em không muốn sống nữa",)), on_the_way(("em không muốn sống nữa",))
    quiet.say("STOP")
    for one, says in ((heard, ["grave.with_you"]), (quiet, [])):
        one.now += timedelta(hours=1)
        one.happens(TimerFired(name="long_wait", at=one.now, data={}))
        assert one.said == says
