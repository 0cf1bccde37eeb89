"""Classes of messages that were read wrongly: stops that sigh, agreements in slang, death told aside, what only looks like it."""

from __future__ import annotations

import pytest

from handlers.understanding import understand


@pytest.mark.parametrize(
    "text",
    [
        "đừng rep nữa", "spam riết", "bớt nhắn lại", "thôi khỏi nhắn", "ai mượn nhắn hoài vậy", "miễn chào hàng", "tha cho cái máy của bác",
        "đang ngủ cũng nhắn, đang ăn cũng nhắn, chịu hết nổi", "quit bugging me", "mong bên bạn không gọi lại", "đừg nhắn nữa", "một ngày 5 tin thì ai chịu nổi",
    ],
)  # fmt: skip
def test_a_stop_in_other_words(text: str) -> None:
    assert understand(text).intent == "opt_out"


@pytest.mark.parametrize(
    "text, context, intent",
    [
        ("dung tru 0912345678", None, "give_phone"),
        ("tôi muốn ngưng đóng gói sức khỏe", None, "other"),
        ("hủy bảo hiểm ô tô giúp anh", None, "other"),
        ("nhắn mà không ai trả lời, nhắn tiếp cũng vậy", None, "complaint"),
        ("nhận rồi, khỏi gửi lại", "ask_received", "yes"),
        ("đồng ý thì đồng ý nhưng đừng spam", "ask_consent", "other"),
        ("tnds có khuyến mãi không em", "ask_scope", "ask_fee"),
        ("call me Anna", "ask_name", "give_name"),
        ("call me back", "ask_name", "talk_to_human"),
    ],
)
def test_what_only_looks_like_one(text: str, context: str | None, intent: str) -> None:
    assert understand(text, context).intent == intent


@pytest.mark.parametrize(
    "text", ["duyệt", "chốt", "triển đi em", "oki em iu", "đồng ý ak", "đồg ý", "không thành vấn đề, tôi đồng ý"]
)
def test_an_agreement_in_slang(text: str) -> None:
    assert understand(text, "ask_consent").intent == "yes"


@pytest.mark.parametrize("text", ["duyệt", "chốt", "triển đi em", "oki em iu", "không sao"])
def test_less_than_an_agreement_where_it_has_to_be_explicit(text: str) -> None:
    assert understand(text, "ask_consent_sensitive").intent != "yes"


@pytest.mark.parametrize(
    "text",
    ["duyệt gì", "chốt gì mà chốt", "triển cái gì cơ", "chốt sau", "không duyệt", "không sao", "đồng ý có mà điên"],
)
def test_an_agreement_that_is_none(text: str) -> None:
    assert understand(text, "ask_consent").intent != "yes"


@pytest.mark.parametrize(
    "text, fatal",
    [
        ("chủ xe chết rồi, bảo hiểm xe tính sao", True),
        ("chu xe chet roi, bao hiem xe tinh sao", True),
        ("vợ tôi sinh khó, mất cả mẹ lẫn con", True),
        ("đám tang mẹ vừa xong, giờ con làm hồ sơ được chưa", True),
        ("bố em đi rồi chị ơi", True),
        ("khách hàng đã mất giấy chứng nhận thì xin cấp lại sao", False),
        ("ba em mất bảo hiểm xe máy rồi, mua lại cái mới", False),
        ("mẹ em bỏ em đi rồi, em muốn mua bảo hiểm cho em bé", False),
        ("xe chết máy giữa đường", False),
    ],
)
def test_a_death_is_taken_away_only_by_what_says_as_much(text: str, fatal: bool) -> None:
    assert bool(understand(text).entities.get("fatal")) is fatal


@pytest.mark.parametrize(
    "text",
    [
        "we crashed, he's not breathing",
        "cháy xe rồi em ơi",
        "mẹ em té cầu thang giờ lơ mơ không trả lời",
        "ai gọi 115 giùm, xe tông 2 người",
    ],
)
def test_danger_in_other_words(text: str) -> None:
    read = understand(text)
    assert (read.intent, read.entities.get("urgent")) == ("claim", True)


@pytest.mark.parametrize(
    "text, topic",
    [
        ("tự tử thì bảo hiểm nhân thọ có trả không", "benefits"),
        ("muốn tự tử, bảo hiểm có trả cho con không", "self_harm"),
        ("con uống thuốc sâu rồi chị", "self_harm"),
        ("ổng nhậu về là đánh mẹ con em", "violence"),
        ("xe dừng đèn đỏ bị tông thì ai đền", "benefits"),
        ("chẳng may tử vong do tai nạn thì quyền lợi ra sao", "benefits"),
        ("r u a bot", "bot_identity"),
        ("cho xin thông tin công ty", "company_legit"),
        ("chuyển tên chủ xe", "policy_change"),
    ],
)
def test_what_it_is_about(text: str, topic: str) -> None:
    read = understand(text)
    assert (read.intent, read.entities.get("topic")) == ("other", topic)


@pytest.mark.parametrize(
    "text",
    ["hôm qua có số lạ nói là bên mình bảo đóng phí vào tài khoản cá nhân", "thằng kia nói nó là tư vấn viên bên em kêu ba chị chuyển khoản", "someone pretending to be your company asked me for money"],
)  # fmt: skip
def test_an_impostor_is_an_incident(text: str) -> None:
    read = understand(text)
    assert (read.intent, read.entities.get("topic")) == ("complaint", "incident")


@pytest.mark.parametrize(
    "text, topic",
    [
        ("giảm giá tnds được không", "discount"),
        ("bhxm có giảm không ạ", "discount"),
        ("gói sức khỏe chiết khấu bao nhiêu", None),
        ("giá tnds xe máy", None),
    ],
)
def test_a_discount_on_what_the_law_sets(text: str, topic: str | None) -> None:
    read = understand(text)
    assert (read.intent, read.entities.get("topic")) == ("ask_fee", topic)


@pytest.mark.parametrize(
    "text, place",
    [("mua bảo hiểm du lịch nhật", "Nhật Bản"), ("tour thái 4 ngày mua bảo hiểm", "Thái Lan"), ("mua bảo hiểm du lịch, chủ nhật 7 giờ gọi", None)],
)  # fmt: skip
def test_a_country_without_a_verb(text: str, place: str | None) -> None:
    assert understand(text).entities.get("destination") == place


@pytest.mark.parametrize("text, also", [
    ("gia hạn xe máy bao nhiêu tiền em", {"renewal"}),
    ("xe bị quẹt hôm qua cần bồi thường, gia hạn luôn hợp đồng xe máy, rồi gọi cho anh", {"renewal", "talk_to_human"}),
    ("muốn mua du lịch thái, báo giá giùm rồi gọi em", {"buy", "talk_to_human"}),
    ("mua tnds xe tải 1.25 tấn", set()),
])  # fmt: skip
def test_three_wishes_are_three(text: str, also: set[str]) -> None:
    assert set(understand(text).also) >= also
    assert also or not understand(text).also


@pytest.mark.parametrize(
    "text, key, hour", [("đừng gọi trước 9h", "time_after", "09:00"), ("gọi trước 9h", "time_to", "09:00")]
)
def test_an_hour_before_which_nobody_shall_call(text: str, key: str, hour: str) -> None:
    assert understand(text, "ask_time").entities.get(key) == hour


def test_one_country_does_not_hide_the_weekday() -> None:
    assert understand("chủ nhật gọi nhé", "ask_time").entities.get("day") == "sunday"


@pytest.mark.parametrize(
    "text", ["cho tôi gặp nhân viên, đăng ký nhận tin khuyến mãi", "khuyen mai gi ko shop", "có khuyến mãi gì không"]
)
def test_an_offer_is_no_tomorrow(text: str) -> None:
    """`khuyến mãi` without its marks ends like `ngày mai`."""
    assert "day" not in understand(text).entities
    assert understand("mai gọi em nhé").entities["day"] == "tomorrow"


@pytest.mark.parametrize(
    "text",
    [
        "cậu ấy vĩnh viễn ra đi tuần rồi, giấy tờ bảo hiểm em giữ", "sếp tôi mất hôm kia, hợp đồng công ty mua cho sếp",
        "thầy chủ nhiệm vừa mất, nhà trường có bảo hiểm", "nó không còn trên đời nữa chị ơi", "hàng xóm nhà em vừa mất tối qua",
    ],
)  # fmt: skip
def test_a_death_of_somebody_who_is_no_family(text: str) -> None:
    found = understand(text)
    assert found.intent == "claim", found
    assert found.entities.get("fatal"), found


@pytest.mark.parametrize(
    "text",
    [
        "sếp em vừa mất việc",
        "nhân viên mới mất điện thoại",
        "thầy em mất bao lâu để cấp",
        "đi xa mãi bên Mỹ cần gói gì",
    ],
)
def test_no_death_where_only_the_word_is(text: str) -> None:
    assert not understand(text).entities.get("fatal")


@pytest.mark.parametrize("text", ["tôi báo nhà mạng bây giờ", "report viettel luôn đó", "gửi nữa anh báo nhà mạng nha"])
def test_a_threat_to_tell_the_operator_is_a_stop(text: str) -> None:
    assert understand(text).intent == "opt_out"
    assert understand("gọi nhà mạng hỏi số của em").intent != "opt_out"
