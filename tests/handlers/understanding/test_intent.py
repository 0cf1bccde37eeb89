"""What customers want, in the words of customers, beyond the corpus."""

from __future__ import annotations

import unicodedata

import pytest

from handlers.understanding import understand
from handlers.understanding.details import find_amounts

PRODUCTS = [
    ("mua bảo hiểm xe máy", "tnds_xe_may"), ("bhxm", "tnds_xe_may"), ("bảo hiểm cho con Vision", "tnds_xe_may"), ("tnds ô tô 7 chỗ", "tnds_o_to"),
    ("bảo hiểm bắt buộc xe tải", "tnds_o_to"), ("bảo hiểm thân vỏ", "vat_chat_o_to"), ("bảo hiểm 2 chiều cho xe Vios", "vat_chat_o_to"),
    ("bảo hiểm sức khoẻ", "suc_khoe"), ("gói thai sản", "suc_khoe"), ("bảo hiểm du lịch", "du_lich"), ("bh đi Nhật 5 ngày", "du_lich"),
    ("bảo hiểm nhà", "nha_tu_nhan"), ("bảo hiểm căn hộ chung cư", "nha_tu_nhan"), ("bảo hiểm tai nạn cá nhân", "tai_nan"), ("bảo hiểm nhân thọ", "nhan_tho"),
    ("bảo hiểm ô tô", "o_to_unspecified"), ("bh oto", "o_to_unspecified"), ("mua bảo hiểm", None), ("bảo hiểm cho cả nhà 4 người", None),
]  # fmt: skip


@pytest.mark.parametrize("text, product", PRODUCTS)
def test_products(text: str, product: str | None) -> None:
    found = understand(text)
    assert (found.intent, found.entities.get("product")) == ("buy", product)


SHORTHAND = [
    ("bn tien bhxm v sp", "ask_fee"), ("mk muon mua bh sk cho ca nha", "buy"), ("k muon chat voi bot", "talk_to_human"), ("hđ e hết hạn r", "renewal"),
    ("cho e gặp tvv", "talk_to_human"), ("đừng nt nữa", "opt_out"), ("ngưng gửi qc", "opt_out"), ("xe e bị tông r", "claim"), ("tks ad", "thanks"),
    ("dv tệ vl", "complaint"), ("gia hạn bh oto giùm a", "renewal"), ("e bị tai nạn r giờ s", "claim"), ("muaaaa bảo hiểmmmm", "buy"),
]  # fmt: skip


@pytest.mark.parametrize("text, intent", SHORTHAND)
def test_shorthand(text: str, intent: str) -> None:
    assert understand(text).intent == intent


TONES_MATTER = [
    ("nhà cháy rồi", "claim"), ("xe chạy dịch vụ cần mua bảo hiểm", "buy"), ("ba mất rồi", "claim"), ("gia đình mình mua bảo hiểm", "buy"),
    ("giá bao nhiêu", "ask_fee"), ("mẹ mất giấy chứng nhận, xin cấp lại", None), ("xe chết máy giữa đường", None),
]  # fmt: skip


@pytest.mark.parametrize("text, intent", TONES_MATTER)
def test_tones_matter(text: str, intent: str | None) -> None:
    found = understand(text)
    if intent:
        assert found.intent == intent
    else:
        assert "fatal" not in found.entities


DEATHS = [
    "ba mình mất rồi", "ba minh mat roi", "mẹ em vừa mất", "me em vua mat hom qua", "chồng tôi qua đời", "bố em mất vì tai nạn", "ông nội vừa mất tuần trước",
    "vợ tôi tử vong", "có người chết", "tai nạn chết người", "my father passed away", "bà ngoại em mới mất, có nhận được bảo hiểm không",
]  # fmt: skip


@pytest.mark.parametrize("text", DEATHS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_death_is_seen(text: str, form: str) -> None:
    found = understand(unicodedata.normalize("NFD", text) if form == "NFD" else text)
    assert (found.intent, found.entities.get("fatal")) == ("claim", True)


FRAUD = [
    "mua lùi ngày được không", "ghi ngày trước giúp anh", "hôm qua tông xe rồi giờ mua bảo hiểm được không", "mua bảo hiểm xong mới báo tai nạn cũ được không",
    "làm giả hóa đơn được không", "khai khống thêm được không em", "mua sau khi bị tai nạn được không", "backdate the policy please",
]  # fmt: skip


@pytest.mark.parametrize("text", FRAUD)
def test_fraud_is_neither_a_sale_nor_a_claim(text: str) -> None:
    found = understand(text)
    assert (found.intent, found.entities.get("topic")) == ("other", "fraud_signal")


CLEAN = [
    "xe mới mua bị tông",
    "tôi có mua bảo hiểm bên mình, hôm qua bị tông xe",
    "lùi xe đụng cột",
    "xe đang lùi thì bị đâm",
    "muốn mua bảo hiểm thêm một năm nữa",
]


@pytest.mark.parametrize("text", CLEAN)
def test_no_suspicion_without_a_reason(text: str) -> None:
    assert understand(text).entities.get("topic") != "fraud_signal"


MONEY = [
    ("66k", [66_000]), ("66.000", [66_000]), ("66,000đ", [66_000]), ("800tr", [800_000_000]), ("2 ty", [2_000_000_000]), ("1tr2", [1_200_000]),
    ("2 ty ruoi", [2_500_000_000]), ("1,5 ty", [1_500_000_000]), ("5 cu", [5_000_000]), ("2022", []), ("7 cho", []),
]  # fmt: skip


@pytest.mark.parametrize("text, amounts", MONEY)
def test_money(text: str, amounts: list[int]) -> None:
    assert find_amounts(text.replace("đ", "d")) == amounts


@pytest.mark.parametrize(
    "text, context, intent",
    [
        ("xe máy", "ask_product", "buy"),
        ("tai nạn", "ask_product", "buy"),
        ("tai nạn", None, "other"),
        ("không", "ask_need", "no"),
        ("chưa biết mua gì", "ask_need", "buy"),
        ("cho bé nhà chị", "ask_need", "buy"),
        ("đã bán xe rồi", "renewal_reminder", "no"),
        ("gia hạn luôn cho anh", "renewal_reminder", "renewal"),
        ("có em", "renewal_reminder", "yes"),
        ("chưa nhận được", "received", "no"),
        ("nhận được rồi em", "received", "yes"),
        ("da nhan duoc roi", "received", "yes"),
        ("da nhan duoc giay roi", "received", "yes"),
        ("da gui so roi", "ask_phone", "other"),
        ("xe da ban roi", "renewal_reminder", "no"),
        ("xe da dang kiem roi", "ask_need", "buy"),
        ("da vang em", "confirm", "yes"),
        ("đá rơi trúng kính xe", "ask_need", "claim"),
        ("cay do vao xe em", "ask_phone", "claim"),
        ("zalo luon so do", "ask_phone", "give_phone"),
        ("so do", "ask_phone", "other"),
        ("goi do", "ask_need", "buy"),
        ("dịch vụ dở quá", "ask_phone", "complaint"),
        ("dich vu do qua", None, "complaint"),
        ("gọi e lun đi ạ", "ask_time", "other"),
        ("à khoan, chị đổi sang bảo hiểm sức khỏe cho bé 5 tuổi nhé", "confirm", "buy"),
        ("nhầm rồi, bảo hiểm du lịch cơ", "confirm", "no"),
        ("không phải bảo hiểm du lịch", "confirm", "no"),
        ("đổi giờ sang chiều mai", "confirm", "no"),
        ("4 sao", "csat", "other"),
        ("phí bao nhiêu vậy", "ask_phone", "ask_fee"),
        ("0912345678, phí bao nhiêu", "ask_phone", "give_phone"),
        ("xe bị tông, sđt 0912345678", "ask_phone", "claim"),
        ("gặp người thật", "ask_phone", "talk_to_human"),
        ("xóa hết thông tin của tôi", "ask_consent", "privacy_request"),
    ],
)
def test_the_open_question_counts(text: str, context: str | None, intent: str) -> None:
    assert understand(text, context).intent == intent


def test_nothing_said_is_nothing_understood() -> None:
    for text in ("", " ", "\n", "...", "?", "🤔"):
        assert understand(text).intent == "other"
