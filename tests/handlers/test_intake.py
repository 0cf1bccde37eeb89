"""The intake, question by question: what each answer makes of the state, and what is said next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import Kind
from handlers.model import OpenHandoff, RecordConsent, Said, Stage, State, WakeAt
from tests.stories.world import MAI, World

GIVEN = {"C1": "given"}
FULL = {
    "name": "Lan",
    "phone": "+84901234567",
    "product": "du_lich",
    "callback_time": {"from": "2026-11-24T01:00:00.000Z", "to": "2026-11-24T02:00:00.000Z"},
}


def asking(asked: str, *missing: str, **changes: Any) -> World:
    """A form in which only `missing` is to be filled, with `asked` open."""
    stage = {"consent": Stage.CONSENT_PENDING, "confirm": Stage.CONFIRMING, "edit": Stage.CONFIRMING}.get(
        asked, Stage.COLLECTING
    )
    slots = {key: value for key, value in FULL.items() if key not in missing}
    known = asked != "consent"
    changes.setdefault("memory", {"invited": True})  # to add what is optional
    return World(
        state=State(stage=stage, asked=asked, consents=GIVEN if known else {}, slots=slots if known else {}, **changes)
    )


@pytest.mark.parametrize(
    "first, said, stage",
    [
        ("chào em", ["greeting.first", "greeting.menu"], "greeted"),
        ("phí xe máy bn", ["greeting.first", "advice.fee_motorbike", "consent.layer1"], "consent_pending"),
        (
            "Cho hỏi bảo hiểm sức khỏe phí bao nhiêu vậy?",
            ["greeting.first", "advice.fee_insurer", "consent.layer1"],
            "consent_pending",
        ),
        ("gia hạn giúp mình", ["greeting.first", "consent.layer1"], "consent_pending"),
        ("0901234567", ["greeting.first", "consent.layer1"], "consent_pending"),
        ("quyền lợi gồm những gì", ["greeting.first", "advice.no_advice_by_bot", "consent.layer1"], "consent_pending"),
        ("bạn là người hay máy vậy", ["greeting.first", "greeting.menu"], "greeted"),
        ("mình muốn hủy hợp đồng", ["greeting.first", "handoff.start", "consent.layer1"], "queued"),
        ("em 14 tuổi, muốn mua bảo hiểm", ["greeting.first", "handoff.start"], "queued"),
        (
            "tôi không muốn sống nữa",
            ["grave.self_harm", "greeting.bot_calls"],
            "queued",
        ),
        (
            "ba mình mất, cần làm thủ tục nhận quyền lợi",
            ["claim.condolence", "greeting.bot_calls"],
            "queued",
        ),
        ("bên bạn đang lưu những thông tin gì của mình", ["greeting.first", "privacy.ack"], "queued"),
    ],
)
def test_the_first_message_gets_what_it_needs(first: str, said: list[str], stage: str) -> None:
    world = World()
    world.say(first)
    assert world.said == said
    assert world.state.stage == stage
    assert not world.state.slots


@pytest.mark.parametrize(
    "reason, priority, line",
    [
        ("human", 10, "gặp nhân viên"),
        ("complaint", 20, "tôi muốn khiếu nại nhân viên tư vấn"),
        ("claim", 20, "hồ sơ bồi thường cần những giấy tờ gì"),
        ("claim", 30, "đang ở hiện trường tai nạn, cần giám định gấp"),
        ("minor", 30, "em mới 14 tuổi, muốn mua bảo hiểm"),
        ("privacy", 20, "xóa dữ liệu cá nhân của tôi"),
        ("cancel", 10, "mình muốn hủy hợp đồng"),
    ],
)
@pytest.mark.parametrize("asked", ["consent", "name", "confirm"])
def test_people_are_called_at_any_moment(asked: str, reason: str, priority: int, line: str) -> None:
    world = asking(asked, "name" if asked == "name" else "")
    world.say(line)
    assert world.found(OpenHandoff) == [OpenHandoff(reason=reason, priority=priority)]
    assert world.state.stage is Stage.QUEUED
    no_form = priority == 30 or reason == "privacy"  # grave, or a child
    assert world.state.asked == ("consent" if asked == "consent" and not no_form else "")


def test_a_parent_who_speaks_of_his_child_is_no_minor() -> None:
    world = World()
    world.say("phí cho bé 5 tuổi là bao nhiêu vậy ad")
    assert world.state.stage is Stage.CONSENT_PENDING


@pytest.mark.parametrize(
    "asked, missing, answer, slots",
    [
        ("name", "name", "dạ em tên Minh ạ", {"name": "Minh"}),
        ("name", "name", "Lê Thu Hà 0912 345 678", {"name": "Lê Thu Hà", "phone": "+84912345678"}),
        ("phone", "phone", "dt: (091) 234-5678", {"phone": "+84912345678"}),
        ("phone", "phone", "0912345678 hoặc 0387654321", {"phone": "+84912345678", "phone_alt": "+84387654321"}),
        ("need", "product", "suc khoe", {"product": "suc_khoe"}),
        ("need", "product", "bảo vệ thú cưng", {"need": "bảo vệ thú cưng"}),
        ("time", "callback_time", "9h sáng mai", {"callback_time": {"from": "2026-11-24T02:00:00.000Z", "to": "2026-11-24T02:30:00.000Z"}}),
        ("confirm", "", "nhầm, số là 0933222111", {"phone": "+84933222111"}),
        ("confirm", "", "nhầm, tên mình là Bách", {"name": "Bách"}),
        ("edit", "", "số là 0933222111", {"phone": "+84933222111"}),
    ],
)  # fmt: skip
def test_an_answer_fills_and_is_read_back(asked: str, missing: str, answer: str, slots: dict[str, Any]) -> None:
    world = asking(asked, missing)
    world.say(answer)
    assert {key: world.state.slots.get(key) for key in slots} == slots
    assert world.said == [*(["ask.phone_two"] if "phone_alt" in slots else []), "confirm.summary"]
    assert (world.state.stage, world.state.asked) == (Stage.CONFIRMING, "confirm")


@pytest.mark.parametrize(
    "tap, begins, ends",
    [
        ("t:morning", "09:05", "12:00"),  # what is left of this morning, from the next full five minutes on
        ("t:afternoon", "13:00", "17:00"),
    ],
)
def test_the_buttons_of_the_time(tap: str, begins: str, ends: str) -> None:
    world = asking("time", "callback_time")
    world.tap(tap)
    assert f"{begins}–{ends} thứ Hai 23/11" in world.words


def test_no_call_is_promised_on_a_day_off() -> None:
    world = asking("time", "callback_time")
    world.context = replace(world.context, business=replace(world.context.business, holidays=("2026-11-24",)))
    world.say("chiều mai 3h gọi nhé")
    assert "15:00–15:30 thứ Tư 25/11" in world.words


@pytest.mark.parametrize(
    "answer, product",
    [("bắt buộc", "tnds_o_to"), ("thân vỏ", "vat_chat_o_to"), ("cả hai", "tnds_o_to"), ("p:vat_chat_o_to", "vat_chat_o_to")],
)  # fmt: skip
def test_a_car_has_two_covers(answer: str, product: str) -> None:
    world = World()
    world.say("mua bảo hiểm ô tô, mình tên Lan, 0901234567")
    world.tap("c1:yes")
    assert world.said == ["consent.accepted", "ask.product_car"]
    assert "product" not in world.state.slots
    (world.tap if ":" in answer else world.say)(answer)
    assert world.state.slots["product"] == product
    assert world.said == ["confirm.add_time_area", "confirm.summary"]


@pytest.mark.parametrize(
    "asked, missing, answer, said, stage",
    [
        ("name", "name", "không", ["confirm.summary"], "confirming"),  # then he is "anh/chị"
        ("phone", "phone", "không tiện cho số", ["handoff.start"], "queued"),
        ("need", "product", "chưa cần", ["no_need.end"], "closed_no_need"),
        ("name", "name", "cảm ơn", ["ask.name"], "collecting"),
        ("name", "name", "phí bao nhiêu vậy em", ["advice.fee_insurer", "ask.name"], "collecting"),
        ("name", "name", "bạn là người hay máy vậy", ["greeting.bot_identity", "ask.name"], "collecting"),
        ("name", "name", "là sao", ["ask.name_retry"], "collecting"),
        (
            "phone",
            "phone",
            "0912345678, mà phí bao nhiêu vậy em",
            ["advice.fee_insurer", "confirm.summary"],
            "confirming",
        ),
        ("phone", "phone", "dùng số này luôn", ["ask.phone"], "collecting"),
        ("phone", "phone", "19001234", ["error.phone_service"], "collecting"),
        ("phone", "phone", "09123456789", ["error.phone_long"], "collecting"),
        ("phone", "phone", "asdkjahsdkj", ["error.not_understood_1", "ask.phone"], "collecting"),
        ("confirm", "", "asdkjahsdkj", ["error.not_understood_1", "confirm.summary"], "confirming"),
        ("confirm", "", "không đúng", ["confirm.edit_which"], "confirming"),
        ("confirm", "", "sai số điện thoại rồi", ["ask.phone"], "collecting"),
        ("edit", "", "tên", ["ask.name"], "collecting"),
        ("edit", "", "giờ hẹn", ["ask.time"], "collecting"),
        ("edit", "", "thôi không sửa nữa", ["confirm.summary"], "confirming"),
    ],
)
def test_no_answer(asked: str, missing: str, answer: str, said: list[str], stage: str) -> None:
    world = asking(asked, missing)
    world.say(answer)
    assert world.said == said
    assert world.state.stage == stage


def test_a_name_that_is_a_day_is_no_appointment() -> None:
    world = asking("name", "name", "callback_time")
    world.say("tran thi mai")
    assert world.state.slots["name"] == "Tran Thi Mai"
    assert world.said == ["confirm.summary"]


def test_the_evidence_of_a_consent() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    assert world.found(RecordConsent) == [RecordConsent(purpose="C1", state="asked", text_key="consent.layer1")]
    world.say("dạ đồng ý ạ")
    record = world.found(RecordConsent)[0]
    assert (record.state, record.text_key, record.message_id, record.said) == ("given", "consent.layer1", "m2", "dạ đồng ý ạ")  # fmt: skip
    assert record.code in world.words


def test_an_unclear_word_is_no_consent() -> None:
    for word in ("👍", "đồng ý là sao", "ừ nhưng mà có gọi nhiều không", "dung", "để xem"):
        world = asking("consent")
        world.say(word)
        assert world.said == ["consent.unclear"], word
        assert world.state.consents == {}
        assert not world.state.slots


@pytest.mark.parametrize("line", ["xe", "Bảy", "0399888777", "Lan 0901234567", "giá 450tr", "xe 5 chỗ nhà đi"])
def test_what_he_tells_before_the_yes_is_no_unclear_answer(line: str) -> None:
    world = asking("consent")
    for _ in range(3):
        world.say(line)
        assert world.said[-1] in ("consent.to_note", "consent.again")
        assert world.state.stage is Stage.CONSENT_PENDING
        assert not world.state.slots
        assert not [one for one in world.found(RecordConsent) if one.state == "unclear"]


@pytest.mark.parametrize("line, given", [("tôi đồng ý cho lưu thông tin", True), ("ok", False), ("ừ", False)])
def test_whoever_let_the_question_pass_agrees_in_so_many_words(line: str, given: bool) -> None:
    world = asking("consent", memory={"consent_shown": True})
    world.say("để xem")
    world.say("để tính đã")
    assert world.said == ["consent.lapsed"]
    world.say(line)
    assert (world.state.consents == {"C1": "given"}) is given
    assert "consent.layer1" not in world.said  # he has seen it


@pytest.mark.parametrize("line", ["không đồng ý", "chưa đồng ý đâu", "đồng ý là sao", "nếu đồng ý thì sao"])
def test_nothing_else_is_taken_for_a_late_yes(line: str) -> None:
    world = asking("consent", memory={"consent_shown": True})
    world.say("để xem")
    world.say("để tính đã")
    world.say(line)
    assert world.state.consents.get("C1") != "given"


@pytest.mark.parametrize(
    "line, told",
    [
        ("tôi đồng ý ạ", "given"),
        ("tôi không đồng ý", "refused"),
        ("ok", None),
        ("tôi không đồng ý với cách giải quyết đó", None),
        ("vợ tôi đồng ý rồi", None),
        ("bên kia đồng ý đền rồi", None),
    ],
)
def test_what_answers_the_consent_while_he_waits(line: str, told: str | None) -> None:
    world = World()
    world.say("gặp nhân viên")
    world.say("alo")
    assert world.state.asked == ""
    world.say(line)
    assert world.state.consents.get("C1") == told


def test_a_yes_after_an_advisor_may_be_to_him() -> None:
    world = asking("consent", memory={"consent_shown": True})
    world.act("take", MAI)
    world.act("return", MAI)
    world.say("đồng ý")
    assert world.state.consents.get("C1") != "given"
    assert world.said == ["consent.layer1"]


def test_what_is_to_be_corrected_is_no_goodbye() -> None:
    world = World()
    world.say("chào em")
    world.say("sửa")
    assert world.said == ["greeting.menu"]
    assert world.state.stage is Stage.GREETED


def test_what_is_of_health_is_not_kept_in_his_words() -> None:
    world = asking("need", "product")
    world.say("mình có bầu 3 tháng mua gói thai sản được không")
    assert world.state.slots["product"] == "suc_khoe"
    assert "need" not in world.state.slots


def test_how_he_is_spoken_to() -> None:
    world = World()
    world.say("chị cần bh xe máy")
    assert "Dạ em chào chị!" in world.words
    assert world.state.salutation == ""  # nothing is kept before the yes
    world.tap("c1:yes")
    assert world.state.salutation == "chị"


def test_a_nudge_comes_half_an_hour_after_the_last_word_and_once() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    assert {effect.name for effect in world.found(WakeAt)} == {"nudge", "close"}
    world.wait(timedelta(minutes=20))
    world.tap("c1:yes")
    assert not world.found(WakeAt)  # what is armed stays
    world.wait(timedelta(minutes=15))
    assert world.said == []  # it fired early and was armed again
    world.wait(timedelta(minutes=16))
    assert world.said == ["idle.nudge"]
    world.wait(timedelta(hours=5))
    assert world.said == []
    world.say("Lan")
    world.wait(timedelta(minutes=31))
    assert world.said == ["idle.nudge"]  # a new silence


def test_what_comes_late_begins_a_silence_when_it_is_heard() -> None:
    world = World()
    said = Said(message_id="m", kind=Kind.TEXT, at=world.now - timedelta(days=400), text="mua bảo hiểm xe máy")
    world.happens(said)
    assert world.state.last_inbound_at == said.at  # the platform's window is counted from his word
    first = world.state.stage
    world.wait(timedelta(minutes=25))
    assert (world.said, world.state.stage) == ([], first)
    world.wait(timedelta(minutes=6))
    assert (world.said, world.state.stage) == (["idle.nudge"], first)
    world.say("Lan")
    assert "heard_at" not in world.state.memory
    world.wait(timedelta(hours=25))
    assert world.state.stage is Stage.CLOSED_IDLE


def test_nobody_is_nudged_at_night() -> None:
    world = World()
    world.now = world.now.replace(hour=20, minute=45)
    world.say("mua bảo hiểm xe máy")
    world.wait(timedelta(hours=11))
    assert world.said == []
    world.wait(timedelta(hours=1))
    assert world.said == ["idle.nudge"]


def test_he_who_never_agreed_is_let_go_without_a_word() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.wait(timedelta(minutes=40))
    world.wait(timedelta(hours=24))
    assert (world.state.stage, world.said) == (Stage.CLOSED_IDLE, [])


def test_nothing_is_said_to_a_silence_while_the_bot_is_off() -> None:
    world = asking("name", "name")
    world.say("cảm ơn")
    world.context = replace(world.context, bot=False)
    world.wait(timedelta(hours=25))
    assert world.said == []


def test_a_channel_with_few_buttons_keeps_the_way_out() -> None:
    world = World()
    world.context = replace(world.context, buttons=3)
    world.say("mua bảo hiểm xe máy")
    assert world.shown == ["c1:yes", "c1:no", "human"]


def test_a_voice_message_is_not_held_against_him() -> None:
    world = asking("phone", "phone")
    for _ in range(4):
        world.send(Kind.AUDIO)
        assert world.said == ["error.voice", "ask.phone"]


def test_an_advisor_returns_it_and_the_bot_goes_on() -> None:
    world = asking("phone", "phone")
    world.act("take", MAI)
    assert world.state.asked == ""
    world.act("return", MAI)
    assert world.said == ["handoff.advisor_left", "ask.phone"]
    assert world.state.stage is Stage.COLLECTING


@pytest.mark.parametrize(
    "slot, answer, slots",
    [
        ("edit:phone", "không", {"phone": "+84901234567"}),  # it stays as it was
        ("edit:need", "xe máy", {"product": "tnds_xe_may"}),
        ("edit:need", "bảo vệ thú cưng", {"product": None, "need": "bảo vệ thú cưng"}),
        ("edit:time", "9h sáng mai", {"callback_time": {"from": "2026-11-24T02:00:00.000Z", "to": "2026-11-24T02:30:00.000Z"}}),
    ],
)  # fmt: skip
def test_an_edit_is_read_back(slot: str, answer: str, slots: dict[str, Any]) -> None:
    world = asking("edit")
    world.tap(slot)
    world.say(answer)
    assert {key: world.state.slots.get(key) for key in slots} == slots
    assert world.said == ["confirm.summary"]
    assert "editing" not in world.state.memory


def test_a_forwarded_card_is_never_his_own() -> None:
    world = asking("phone", "phone")
    world.share("+84901234567", own=True, forwarded=True)
    assert world.said == ["ask.phone_same_channel"]
    world.say("đúng rồi")
    assert world.state.slots["phone"] == "+84901234567"


def test_a_yes_after_the_day_was_closed_brings_the_consent_back() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.wait(timedelta(hours=30))
    assert world.state.stage is Stage.CLOSED_IDLE
    world.say("đồng ý")
    assert world.said == ["consent.layer1"]  # shown again in full before it counts
    assert world.state.consents == {}
