"""Questions in between: what the bot may say of fees, and that the question that was open is open still."""

from __future__ import annotations

import pytest

from handlers.model import Stage, State
from tests.stories.world import World

MOTORBIKE = ("60.000 đồng", "VAT 10% là 66.000 đồng", "55.000 đồng", "VAT là 60.500 đồng")
PENDING = State(stage=Stage.CONSENT_PENDING, asked="consent", memory={"consent_shown": True})


@pytest.mark.parametrize(
    "line, key, words",
    [
        ("phí xe máy bn", "advice.fee_motorbike", MOTORBIKE),
        ("phí bảo hiểm xe máy điện", "advice.fee_by_law", ("xe máy điện", "55.000", "60.500")),
        ("xe máy 49cc phí bao nhiêu", "advice.fee_by_law", ("dưới 50 cc", "60.500")),
        ("xe máy 110cc phí bao nhiêu", "advice.fee_by_law", ("từ 50 cc", "66.000")),
        ("ô tô 5 chỗ bảo hiểm bắt buộc bao nhiêu tiền", "advice.fee_by_law", ("dưới 6 chỗ", "437.000", "480.700")),
        ("ô tô 7 chỗ bảo hiểm nhiêu tiền", "advice.fee_by_law", ("từ 6 đến 11 chỗ", "873.400")),
        ("phí tnds ô tô", "advice.fee_car", ("480.700", "873.400")),
        ("grab 7 chỗ tnds bn", "advice.fee_by_seats", ("kinh doanh vận tải 7 chỗ", "1.080.000", "1.188.000")),
        ("xe tải 5 tấn bh bắt buộc bao nhiêu", "advice.fee_by_law", ("từ 3 đến 8 tấn", "1.826.000")),
        ("thân vỏ ô tô phí bao nhiêu", "advice.fee_insurer", ("do công ty bảo hiểm tính",)),
        ("bảo hiểm sức khỏe phí bao nhiêu", "advice.fee_insurer", ("do công ty bảo hiểm tính",)),
    ],
)
def test_a_price_while_the_consent_is_pending(line: str, key: str, words: tuple[str, ...]) -> None:
    """Answered exactly where it is the law's, and the consent is put again; nothing is held against him."""
    world = World(state=PENDING)
    world.say(line)
    assert world.said == [key, "consent.again"]
    assert all(word in world.words for word in words), world.words
    assert world.shown == ["c1:yes", "c1:no", "c1:more", "human"]
    assert (world.state.stage, world.state.asked, world.state.tries) == (Stage.CONSENT_PENDING, "consent", 0)
    assert not world.state.slots


@pytest.mark.parametrize("line", ["phí xe máy bn", "phí tnds ô tô 5 chỗ", "phí tnds ô tô", "grab 7 chỗ tnds bn"])
def test_no_promise_and_no_discount_beside_the_statutory_fee(line: str) -> None:
    world = World(state=PENDING)
    world.say(line)
    assert "không giảm giá" in world.words
    assert "công ty bảo hiểm xác nhận" in world.words.lower()


def test_the_price_of_what_he_told_before() -> None:
    slots = {"name": "Lan", "product": "tnds_o_to", "seats": 7, "use": "non_business"}
    world = World(state=State(stage=Stage.COLLECTING, asked="phone", consents={"C1": "given"}, slots=slots))
    world.say("phí bao nhiêu vậy em")
    assert world.said == ["advice.fee_by_law", "ask.phone"]
    assert "873.400" in world.words


@pytest.mark.parametrize(
    "line, key",
    [
        ("cái này có bắt buộc không", "advice.compulsory_vs_voluntary"),
        ("bản điện tử công an có chấp nhận không", "advice.ecert"),
        ("văn phòng ở đâu vậy em", "advice.office"),
        ("mấy giờ làm việc vậy", "advice.office"),
        ("thời gian chờ thai sản bao lâu", "advice.no_advice_by_bot"),
    ],
)
def test_what_is_published_is_answered_and_the_rest_is_an_advisors(line: str, key: str) -> None:
    world = World(state=State(stage=Stage.COLLECTING, asked="phone", consents={"C1": "given"}, slots={"name": "Lan"}))
    world.say(line)
    assert world.said == [key, "ask.phone"]


@pytest.mark.parametrize(
    "line, words",
    [("xe 49cc thì sao", "60.500"), ("còn ô tô 7 chỗ thì sao", "873.400"), ("xe bán tải thì sao em", "480.700")],
)
def test_another_vehicle_after_a_price(line: str, words: str) -> None:
    world = World()
    world.say("phí xe máy bao nhiêu")
    world.say(line)
    assert world.said == ["advice.fee_by_law", "consent.again"]
    assert words in world.words


def test_who_refused_hears_what_is_public_and_is_not_asked_again() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.say("không đồng ý")
    world.say("phí xe máy bao nhiêu")
    assert world.said == ["advice.fee_motorbike"]
    world.say("văn phòng ở đâu vậy em")
    assert world.said == ["advice.office"]
    world.say("mua bảo hiểm du lịch")
    assert world.said == ["consent.needed"]
    world.say("đồng ý")
    assert world.said[0] == "consent.accepted"


@pytest.mark.parametrize("line", ["có đắt không em", "có lâu không", "vậy có được tặng gì không", "có gì không em"])
def test_a_question_at_the_read_back_is_no_yes(line: str) -> None:
    slots = {"name": "Lan", "phone": "+84901234567", "product": "tnds_xe_may"}
    world = World(state=State(stage=Stage.CONFIRMING, asked="confirm", consents={"C1": "given"}, slots=slots))
    world.say(line)
    assert world.state.stage is Stage.CONFIRMING
    assert world.said[-1] == "confirm.summary"


@pytest.mark.parametrize("line", ["có", "chốt", "ok em", "đúng rồi", "ừ đúng", "dạ", "chuẩn rồi", "👍", "yes"])
def test_a_yes_is_a_yes(line: str) -> None:
    slots = {"name": "Lan", "phone": "+84901234567", "product": "tnds_xe_may"}
    world = World(state=State(stage=Stage.CONFIRMING, asked="confirm", consents={"C1": "given"}, slots=slots))
    world.say(line)
    assert world.state.stage is Stage.QUEUED, line


@pytest.mark.parametrize("answer", ["dsr:access", "Xem dữ liệu", "xóa dữ liệu", "dsr:withdraw"])
def test_his_rights_are_a_question_away(answer: str) -> None:
    world = World(state=State(stage=Stage.COLLECTING, asked="phone", consents={"C1": "given"}, slots={"name": "Lan"}))
    world.say("dữ liệu của tôi")
    assert (world.said, world.state.asked) == (["privacy.menu"], "phone")
    assert world.shown == ["dsr:access", "dsr:rectify", "dsr:delete", "dsr:withdraw"]
    (world.tap if ":" in answer else world.say)(answer)
    assert world.said == ["consent.withdrawn" if "withdraw" in answer else "privacy.ack"]
    assert world.state.stage is Stage.QUEUED
