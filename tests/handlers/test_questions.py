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
        ("ô tô 5 chỗ ko kd bảo hiểm bắt buộc bao nhiêu", "advice.fee_by_law", ("dưới 6 chỗ", "437.000", "480.700")),
        ("ô tô 5 chỗ bảo hiểm bắt buộc bao nhiêu tiền", "advice.fee_by_use", ("(5 chỗ)", "480.700", "831.600")),
        ("ô tô 7 chỗ bảo hiểm nhiêu tiền", "advice.fee_by_use", ("794.000", "873.400", "1.080.000", "1.188.000")),
        ("xe 7 chỗ phí bảo hiểm bắt buộc", "advice.fee_by_use", ("có kinh doanh vận tải không", "1.188.000")),
        ("xe bán tải phí tnds", "advice.fee_by_use", ("xe bán tải", "480.700", "1.026.300")),
        ("xe van kinh doanh phí tnds", "advice.fee_by_law", ("933.000",)),
        ("ô tô dưới 6 chỗ phí bắt buộc", "advice.fee_by_use", ("(dưới 6 chỗ)", "437.000", "756.000")),
        ("o to duoi 6 cho gia dinh phi bat buoc", "advice.fee_by_law", ("dưới 6 chỗ", "437.000")),
        ("xe từ 6 đến 11 chỗ phí tnds", "advice.fee_if_private", ("794.000", "Nếu xe kinh doanh")),
        ("xe trên 24 chỗ phí tnds bao nhiêu", "advice.fee_if_private", ("trên 24 chỗ", "1.825.000")),
        ("xe trên 24 chỗ không kinh doanh phí tnds", "advice.fee_by_law", ("1.825.000",)),
        ("xe trên 10 chỗ kinh doanh phí tnds", "advice.fee_open", ("(trên 10 chỗ, kinh doanh)", "đúng số chỗ")),
        ("compulsory liability fee for a 7 seat car", "advice.fee_by_use", ("794.000", "1.080.000")),
        ("xe minivan gia đình phí tnds", "advice.fee_by_law", ("437.000",)),
        ("xe tai lon hon 15 tan phi tnds", "advice.fee_by_law", ("3.200.000",)),
        ("xe trên 10 chỗ phí tnds", "advice.fee_open", ("(trên 10 chỗ)", "có kinh doanh vận tải không")),
        ("taxi dưới 6 chỗ phí tnds bao nhiêu", "advice.fee_by_seats", ("taxi dưới 6 chỗ", "1.285.200")),
        ("xe kinh doanh phí tnds bao nhiêu", "advice.fee_open", ("đúng số chỗ",)),
        ("xe tải phí tnds bao nhiêu", "advice.fee_open", ("(xe tải)", "đúng tải trọng")),
        ("xe tải dưới 3 tấn phí tnds", "advice.fee_by_law", ("xe tải dưới 3 tấn", "853.000")),
        ("xe tải trên 8 tấn phí tnds", "advice.fee_open", ("(xe tải trên 8 tấn)", "đúng tải trọng")),
        ("xe tải hơn 15 tấn phí tnds", "advice.fee_by_law", ("3.200.000",)),
        ("xe tải 500kg phí tnds", "advice.fee_by_law", ("853.000",)),
        ("xe máy dưới 50cc phí bao nhiêu", "advice.fee_by_law", ("dưới 50 cc", "60.500")),
        ("xe may duoi 50cc phi bao nhieu", "advice.fee_by_law", ("dưới 50 cc", "60.500")),
        ("xe máy từ 50cc trở lên phí bao nhiêu", "advice.fee_by_law", ("từ 50 cc", "66.000")),
        ("xe máy trên 125cc phí bn", "advice.fee_by_law", ("từ 50 cc", "66.000")),
        ("xe máy dưới 125cc phí bn", "advice.fee_motorbike", MOTORBIKE),
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


@pytest.mark.parametrize(
    "line", ["phí xe máy bn", "phí tnds ô tô 5 chỗ", "phí tnds ô tô", "grab 7 chỗ tnds bn", "tnds xe trên 24 chỗ bn"]
)
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
    "line, key, words",
    [
        ("xe 49cc thì sao", "advice.fee_by_law", "60.500"),
        ("còn ô tô 7 chỗ thì sao", "advice.fee_by_use", "873.400"),
        ("xe bán tải thì sao em", "advice.fee_by_use", "480.700"),
        ("còn xe tải trên 15 tấn thì sao", "advice.fee_by_law", "3.520.000"),
        ("xe trên 24 chỗ thì sao", "advice.fee_if_private", "2.007.500"),
    ],
)
def test_another_vehicle_after_a_price(line: str, key: str, words: str) -> None:
    world = World()
    world.say("phí xe máy bao nhiêu")
    world.say(line)
    assert world.said == [key, "consent.again"]
    assert words in world.words


@pytest.mark.parametrize(
    "line, key, words",
    [
        ("không kinh doanh em ơi", "advice.fee_by_law", "873.400"),
        ("xe gia đình", "advice.fee_by_law", "873.400"),
        ("có kinh doanh", "advice.fee_by_seats", "1.188.000"),
    ],
)
def test_the_use_that_was_asked_names_the_fee(line: str, key: str, words: str) -> None:
    world = World()
    world.say("xe 7 chỗ phí bảo hiểm bắt buộc")
    assert "advice.fee_by_use" in world.said
    world.say(line)
    assert world.said[0] == key, world.said
    assert words in world.words
    assert world.state.stage is Stage.CONSENT_PENDING


def test_a_number_told_later_closes_what_a_comparison_left_open() -> None:
    slots = {"name": "Lan", "product": "tnds_o_to", "seats_range": ">10", "use": "business"}
    world = World(state=State(stage=Stage.COLLECTING, asked="phone", consents={"C1": "given"}, slots=slots))
    world.say("phí bao nhiêu vậy em")
    assert world.said == ["advice.fee_open", "ask.phone"]
    world.say("xe 16 chỗ")
    assert world.said[0] == "advice.fee_by_seats"
    assert "3.054.000" in world.words
    assert (world.state.slots["seats"], "seats_range" in world.state.slots) == (16, False)


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
