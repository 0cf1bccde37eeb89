"""Words of death, danger and stopping in messages that tell of none, and what stays one all the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from handlers.model import OpenHandoff
from handlers.understanding import Understanding, arbiter, intent, understand
from handlers.understanding.facts import gather
from handlers.understanding.reading import read
from tests.handlers.understanding.test_model import Saying
from tests.stories.world import World
from tools.train_intents import NOW

FAMILY = [
    "vợ anh có hợp đồng bên em mà anh quên số", "cho anh hỏi hợp đồng của vợ anh với", "hợp đồng của bà xã tôi ghi sai số nhà, sửa giúp",
    "mẹ em đứng tên mà em đóng tiền có sao không", "vo toi hoi sao the cua co ay chua co", "chồng em đứng tên xe nhưng em chạy", "my wife's policy, can you check the end date",
]  # fmt: skip
SAYINGS = [
    "cháy hàng chưa em, gói đó còn bán không", "cháy túi cuối tháng rồi, có lương tính sau", "mất sóng trong hầm xe nên chưa đọc được", "đang chìm trong đống giấy tờ, tối em gửi",
    "giá này ngã ngửa luôn á", "quảng cáo nổ ghê", "tui đâm ra nghi ngờ rồi nha", "con gà chết thì mất bữa nhậu thôi", "the deadline killed me, back now",
]  # fmt: skip
LONG_AGO = [
    "chồng cô mất mười mấy năm nay rồi, cô ở với con gái", "vợ anh qua đời từ 2015, giờ anh mua cho con trai", "chị gái tôi mất hồi lên năm, sổ hộ khẩu còn ghi",
    "hồi xưa ba mất không có bảo hiểm nên giờ em muốn mua cho mình", "trong gia phả ông cố mất năm 1950, hỏi chi vậy em",
]  # fmt: skip
TERMS = [
    "phi bao hiem tu vong 2 ty bao nhieu 1 nam", "cho xin giá gói bệnh hiểm nghèo với tử vong luôn", "cái mục tử vong toàn bộ vĩnh viễn là nghĩa gì",
    "tử vong do tai nạn với do bệnh khác nhau chỗ nào", "nếu tài xế chết mà xe còn thì đền ai", "gói cho vợ con khi mình mất là bao nhiêu tiền",
]  # fmt: skip
TRADES = ["em làm ở nhà hỏa táng, nghề vậy có mua được không", "chị làm pháp y, nhóm nghề số mấy em", "tui lái xe cứu thương, cần hỏi loại bằng nào", "anh bán quan tài, cửa hàng có mua bảo hiểm cháy được không"]  # fmt: skip
CLAIMED = [
    "ba em mất lâu rồi mà giờ mới lục ra hợp đồng của ba, còn đòi được không", "vợ anh qua đời từ 2024, giờ anh mới biết có bảo hiểm", "chồng tôi mất mấy chục năm, tiền đó nhận ở đâu",
    "làm hồ sơ tử vong cho ba tôi cần giấy gì", "bảo hiểm tử vong của chồng em làm thủ tục ra sao, anh ấy mất hôm qua", "bạn em mất hôm qua, bạn có hợp đồng bên này",
]  # fmt: skip
STOPS = [
    ("tới đây là đủ rồi", "ad_sent"), ("lần cuối nha em", "ad_sent"), ("chắc phải đổi số quá", "ad_sent"), ("ai rảnh mà đọc", "ad_sent"), ("chuyển hãng rồi, gỡ tui ra", "renewal_reminder"),
    ("thoát", "ask_consent"), ("không cho phép liên hệ dưới mọi hình thức", "ask_consent"), ("quên số này đi", None), ("ai phụ trách tin nhắn thì gạch tên tôi giùm", None),
    ("nếu được thì mong bên mình không liên hệ thêm", None), ("đã nói không là không, đừng chèo kéo", "offer_buy"), ("nhu cầu của tôi là được yên", "ask_need"),
]  # fmt: skip
NO_STOPS = [
    ("sao bữa giờ không thấy nhắn nữa", None), ("khỏi gọi, nhắn zalo là được rồi", None), ("gỡ giùm cái tên con trai ra khỏi đơn, để tên con gái thôi", None), ("bên này có đủ rồi nha", "ad_sent"),
]  # fmt: skip


@pytest.mark.parametrize("text", [*FAMILY, *SAYINGS, *LONG_AGO, *TERMS, *TRADES])
def test_calm(text: str) -> None:
    assert understand(text).entities.keys().isdisjoint({"fatal", "urgent"})


@pytest.mark.parametrize("text", [*LONG_AGO, *TERMS, *TRADES])
def test_the_rules_alone_mourn_nobody_there(text: str) -> None:
    assert {"fatal", "urgent"}.isdisjoint(read(text).labels)


@pytest.mark.parametrize("text", CLAIMED)
def test_what_is_claimed_stays_a_death(text: str) -> None:
    assert understand(text).entities.get("fatal")


@pytest.mark.parametrize("text, context", STOPS)
def test_a_stop_in_other_words(text: str, context: str | None) -> None:
    assert understand(text, context).intent == "opt_out"


@pytest.mark.parametrize("text, context", NO_STOPS)
def test_no_stop(text: str, context: str | None) -> None:
    assert understand(text, context).intent != "opt_out"


@pytest.mark.parametrize(
    "text, flags, doubted",
    [
        ("ba tôi mất rồi", {"fatal": 0.9, "alarm": 0.9}, False),
        ("ba tôi mất rồi", {"fatal": 0.3, "alarm": 0.3}, False),  # both see it
        ("ba tôi mất rồi", {}, True),  # a word, and nothing around it
        ("hôm ấy trời tối mà nhà thì xa", {"alarm": 0.6}, True),  # the model alone, and not sure
        ("hôm ấy trời tối mà nhà thì xa", {"alarm": 0.9}, False),
        ("hôm ấy trời tối mà nhà thì xa", {}, False),
    ],
)
def test_who_sees_it_alone_is_doubted(text: str, flags: Mapping[str, float], doubted: bool) -> None:
    reading = read(text)
    facts = gather(reading, "", NOW)
    arbiter.settle(reading, facts, "", intent.decide(reading, facts, ""), Saying({}, flags))
    assert (arbiter.DOUBTED in reading.labels) == doubted


@pytest.mark.parametrize(
    "doubted, said", [(True, ["claim.all_well", "greeting.bot_calls"]), (False, ["claim.safety_first", "greeting.bot_calls"])]
)  # fmt: skip
def test_a_doubted_alarm_calls_a_person_with_a_question(
    doubted: bool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_as = Understanding("claim", {"fatal": True, "urgent": True}, doubted=doubted)
    monkeypatch.setattr("handlers.hearing.understand", lambda *_, **__: read_as)
    world = World()
    world.say("hợp đồng của vợ anh, số mấy nhỉ")
    assert world.said == said
    assert world.found(OpenHandoff) == [OpenHandoff(reason="claim", priority=30)]
