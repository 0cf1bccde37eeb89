"""What is told without the words for it, and what only sounds like it: deaths, dangers, stops, agreements, values."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.understanding import understand
from handlers.understanding.fold import fold
from handlers.understanding.stop import writes_instead

DEATHS = (
    "xe lật trên đèo, anh trai tui nằm lại luôn rồi",
    "thằng nhỏ té ao, vớt lên thì hết cứu rồi em ơi",
    "ck e mat sang nay r, bh tai nan cua ck e lam sao",
    "đưa tới viện thì tim ngừng đập luôn rồi",
    "ông xã đột quỵ rồi đi luôn, tui hổng biết đòi ở đâu",
    "bác sĩ báo tử lúc 5h sáng rồi ạ",
    "chồng quá cố của tôi có mua bên này",
    "we lost our mom on sunday",
)
DANGERS = (
    "e đang nằm băng ca, y tá hỏi thẻ bảo hiểm đâu, lẹ giúp e",
    "ba tui đột quỵ mới đưa vô chợ rẫy, cần bảo lãnh liền",
    "sạt lở đè sập nửa căn nhà rồi, mưa còn đang đổ",
    "rắn lục cắn sưng tới đùi rồi, đang chờ huyết thanh",
    "xe chết máy trên đường ray, tàu sắp tới",
    "ghe chìm, tụi tui đang bám phao",
)
NO_GRIEF = (
    "gói tai nạn có chi trả khi tử vong ko shop",
    "quyền lợi tử vong với thương tật gồm những gì, gửi chị coi",
    "does it cover accidental death",
    "chết rồi quên, em gửi lộn hình",
    "sếp giết em mất, làm giùm em cái bảo hiểm bắt buộc ô tô 7 chỗ",
    "tìm muốn chết mới ra chỗ bán bh xe máy, làm cho anh 1 cái",
    "lam di anh, thi the nao",
    "ten day du: vu thi hai yen",
    "má em mất cái hợp đồng bản giấy, xin bản sao",
    "đổi địa chỉ mail giúp em với, mail cũ mất pass",
    "xe nằm lại ở garage chờ sửa",
)
CALLS = (
    "đừng nhắn chữ nữa khó đọc lắm, cho người gọi cho chú đi",
    "đừng bắt tôi chat với cái máy này nữa, gọi người ra đây",
    "khỏi nhắn, gọi liền cho chị",
)
STOPS = (
    "đừng nhắn tin gọi điện cho tôi nữa",
    "đừng nhắn nữa, tôi gọi công an bây giờ",
    "đừng nhắn nữa, cần thì anh gọi",
    "đừng nhắn hay gọi cho tôi",
    "đừng nhắn và gọi cho chị",
    "đừng nhắn nữa, kiếm người khác mà bán",
    "duwngf",
)
IN_WRITING = (
    "không cần gọi, nhắn zalo",
    "khỏi gọi nhắn tin được rồi",
    "anh không tiện nghe máy, nhắn tin đi",
    "em o cty ko nghe dt dc nhan zalo nhe",
    "no need to call, just text me",
)
NO_CALLS = ("tư vấn qua zalo được không đừng gọi", "đừng gọi nhưng nhắn thì được", "please don't call, text me")
NEITHER = (
    "đừng gọi hay nhắn gì hết",
    "khỏi gọi khỏi nhắn",
    "đừng gọi tôi, nhắn tin cũng khỏi",
    "đừng gọi nữa nhắn zalo thôi",
    "tôi không nghe máy đâu, tin nhắn cũng thôi",
    "không cần gọi không cần nhắn",
    "do not call or text me",
)
AGREED = ("ừa lưu đi cưng", "uh thì cho lưu", "dduwowcj", "ờ được, số anh 0976 330 218", "hông sao, lưu đi em")
NOT_AGREED = (
    "ừ thì",
    "được thì được",
    "lưu làm gì",
    "lưu bao lâu",
    "cứ lưu là sao",
    "không lưu gì hết",
    "lưu rồi bán hả",
)


@pytest.mark.parametrize("text", DEATHS)
def test_a_death(text: str) -> None:
    found = understand(text)
    assert (found.intent, found.entities.get("fatal")) == ("claim", True)


@pytest.mark.parametrize("text", DANGERS)
def test_a_danger(text: str) -> None:
    found = understand(text)
    assert (found.intent, found.entities.get("urgent")) == ("claim", True)


@pytest.mark.parametrize("text", NO_GRIEF)
def test_nobody_is_mourned(text: str) -> None:
    entities = understand(text).entities
    assert "fatal" not in entities
    assert entities.get("topic") != "self_harm"


@pytest.mark.parametrize("text", CALLS)
def test_no_stop_but_a_wish_to_be_called(text: str) -> None:
    assert understand(text).intent == "talk_to_human"


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_all_the_same(text: str) -> None:
    assert understand(text).intent == "opt_out"


@pytest.mark.parametrize("text", AGREED)
def test_an_agreement(text: str) -> None:
    assert understand(text, "ask_consent").intent == "yes"


@pytest.mark.parametrize("text", NOT_AGREED)
def test_no_agreement(text: str) -> None:
    assert understand(text, "ask_consent").intent != "yes"


@pytest.mark.parametrize("text", [text for text in AGREED if not any(map(str.isdigit, text))])
def test_it_takes_more_for_sensitive_data(text: str) -> None:
    assert understand(text.removesuffix("dduwowcj") or "lưu đi", "ask_consent_sensitive").intent != "yes"


@pytest.mark.parametrize(
    "text, context, key, value",
    [
        ("travel insurance for two people", None, "people", 2),
        ("family of four travelling to Bali, need insurance", None, "people", 4),
        ("2 vk ck đi đà nẵng 4 ngày mua bh du lịch", None, "people", 2),
        ("how much for car insurance, 5 seats", None, "seats", 5),
        ("phí bảo hiểm chung cư 2 tỷ 3 nhiêu v", None, "sum_insured", 2_300_000_000),
        ("xe 1 tỷ 5 chỗ mua hai chiều nhiêu", None, "vehicle_value", 1_000_000_000),
        ("xe sáu trăm năm mươi triệu mua hai chiều nhiêu", None, "vehicle_value", 650_000_000),
        ("con cx5 giá 6 trăm rưỡi triệu thân vỏ bao nhiêu", None, "vehicle_value", 650_000_000),
        ("xe tỷ rưỡi mua thân vỏ đóng nhiêu", None, "vehicle_value", 1_500_000_000),
        ("62N1-O45.67", "ask_plate", "plate", "62N1-04567"),
        ("o79 2o3 oo1 234", "ask_id", "cccd", "079203001234"),
        ("pp: b 998 1234", "ask_id", "passport", "B9981234"),
        ("sanh năm bảy hai", "ask_dob", "yob", 1972),
        ("15 thag 8 nam 2001", "ask_dob", "dob", "2001-08-15"),
        ("o5/11/199o", "ask_dob", "dob", "1990-11-05"),
        ("quynh,demo@gmail,com", "ask_email", "email", "quynh.demo@gmail.com"),
        ("hoa . demo @ gmail . com", "ask_email", "email", "hoa.demo@gmail.com"),
        ("Lan,lan@gmail.com", "ask_email", "email", "lan@gmail.com"),
        ("đừng gọi buổi trưa, sau 5h chiều gọi chị", "ask_time", "time_after", "17:00"),
        ("nhân viên tên Quân nói chuyện cộc lốc, tui bực lắm nghen", None, "staff_name", "Quân"),
    ],
)
def test_a_value(text: str, context: str | None, key: str, value: Any) -> None:
    assert understand(text, context).entities.get(key) == value


def test_money_is_no_husband() -> None:
    assert understand("ck em mất hôm qua, giấy tờ bảo hiểm làm sao").entities.get("fatal")
    assert understand("ck em rồi nhé").intent != "claim"
    assert understand("ck em 500k rồi").intent != "claim"


@pytest.mark.parametrize(
    "text",
    [
        "ông xã đi nhậu rồi, tối em hỏi ổng", "chồng em đi biển rồi, tháng sau mới về ký", "bà chị em đi công tác rồi", "điện thoại em tắt thở rồi",
        "mạng chết rồi không gửi được", "my phone died, text you later", "bảo hiểm mai táng phí là gì vậy", "nhà chị có đám cưới nên bận",
        "mấy gói này đọc xỉu luôn á", "nhà em cháy năm ngoái đền xong rồi, giờ mua lại", "má đi chợ rồi con", "mẹ em ra chợ rồi lát về nhắn",
    ],
)  # fmt: skip
def test_who_is_only_out_is_neither_dead_nor_in_danger(text: str) -> None:
    found = understand(text)
    assert found.intent != "claim"
    assert not found.entities.keys() & {"fatal", "urgent"}


@pytest.mark.parametrize(
    "text, flag",
    [
        ("hôm kia mở cửa mả cho ba em, ba có hợp đồng bên mình", "fatal"),
        ("chú tư theo ông theo bà rồi, hợp đồng của chú sao giờ", "fatal"),
        ("the insured is deceased since monday, which papers", "fatal"),
        ("they could not save her, what about the policy", "fatal"),
        ("có thằng đang dắt xe tui ra ngõ kìa", "urgent"),
        ("tụi nó đang phá khóa kho nhà em", "urgent"),
        ("bị dí dao cướp xe, tay tui chảy máu", "urgent"),
        ("bếp ga nổ rồi, mẹ em phỏng hết tay", "urgent"),
    ],
)
def test_a_death_by_its_rites_and_a_danger_by_who_does_it(text: str, flag: str) -> None:
    found = understand(text)
    assert (found.intent, found.entities.get(flag)) == ("claim", True)


@pytest.mark.parametrize(
    "text", ["kêu bạn Hoa bên em thôi réo chị đi", "dặn thằng Nam đừng gọi tui nữa", "đừng réo nữa", "noi con Lan thoi goi cho co nghe"]
)  # fmt: skip
def test_a_stop_that_somebody_else_is_to_be_told(text: str) -> None:
    assert understand(text).intent == "opt_out"


@pytest.mark.parametrize("text", ["kêu bạn Hoa gọi lại chị mai nha", "vợ réo rồi, lát nói tiếp", "thôi gọi cho chị đi"])
def test_a_message_to_somebody_is_no_stop(text: str) -> None:
    assert understand(text).intent != "opt_out"


@pytest.mark.parametrize("context", [None, "ad_sent", "confirm", "ask_time"])
@pytest.mark.parametrize("text", IN_WRITING)
def test_no_call_but_words_is_no_stop(text: str, context: str | None) -> None:
    assert understand(text, context).intent != "opt_out"


@pytest.mark.parametrize("context", [None, "ad_sent", "confirm"])
@pytest.mark.parametrize("text", NO_CALLS)
def test_a_stop_of_calls_alone_is_one_and_stops_no_message(text: str, context: str | None) -> None:
    assert understand(text, context).intent == "opt_out"
    assert writes_instead(fold(text))


@pytest.mark.parametrize("context", [None, "ad_sent", "confirm", "ask_time"])
@pytest.mark.parametrize("text", NEITHER)
def test_neither_calls_nor_words_is_one(text: str, context: str | None) -> None:
    assert understand(text, context).intent == "opt_out"
