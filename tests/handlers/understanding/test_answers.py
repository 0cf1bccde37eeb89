"""Yes, no, stop: what must never be misread."""

from __future__ import annotations

import unicodedata

import pytest

from handlers.understanding import understand, urgent

CONSENTS = ["ask_consent", "ask_consent_sensitive"]

CLEAR_YES = [
    "đồng ý", "Đồng ý!", "ĐỒNG Ý", "dong y", "dạ đồng ý ạ", "tôi đồng ý", "em đồng ý nhé", "chị đồng ý", "mình đồng ý luôn", "đồng ý em ơi",
    "tôi đồng ý cung cấp thông tin", "đồng ý cho lưu thông tin của tôi", "có", "có ạ", "dạ có", "có em nhé", "vâng", "vâng ạ", "dạ vâng", "được", "được em",
    "dạ được ạ", "dc", "cho phép", "mình cho phép", "chấp nhận", "yes", "Yes please", "I agree", "agree", "tôi hoàn toàn đồng ý",
    "đồng ý, cảm ơn em", "đồng ý 👍", "Đồng ý, tên mình là Lan", "đồng ý. 0912345678",
]  # fmt: skip

NEVER_YES = [
    "đồng ý là sao?", "đồng ý là sao", "đồng ý cái gì", "đồng ý gì cơ", "ừ nhưng mà…", "ừ nhưng mà có gọi nhiều không", "đồng ý nhưng đừng đưa cho ai",
    "đồng ý nếu không quảng cáo", "nếu tôi đồng ý thì sao", "không đồng ý", "k dong y", "chưa đồng ý", "tôi không đồng ý", "vợ tôi đồng ý thôi chứ tôi thì không",
    "👍", "👍👍", "👌", "✅", "❤️", "🙂", "dạ", "dạ?", "ạ", "à", "ừm", "ừm…", "ừ...", "có?", "có không", "có mất tiền không", "có gì không em", "được không",
    "được chưa", "dung", "Dung", "dung roi", "đúng không", "để xem đã", "ok để hỏi vợ đã", "chắc là được", "hình như được", "không sao", "không biết",
    "co oi", "cô ơi", "có ai không", "có lẽ", "1", "ok?", "đồng ý?", "đồng ý...?", "lưu để làm gì", "thông tin gì", "hả", "?", "", "   ", "...",
    "không có", "có cần thiết không", "được gì", "có thật không", "đồng ý hay không thì sao", "yes or no?", "i do not agree", "not yes",
    "đồng ý cho gọi nhưng không cho lưu", "đồng ý, nhưng mà từ từ", "có, mà khoan đã", "vâng để tôi nghĩ", "được thì được nhưng phiền lắm",
]  # fmt: skip


@pytest.mark.parametrize("text", CLEAR_YES)
@pytest.mark.parametrize("context", CONSENTS)
def test_a_clear_yes_is_a_consent(text: str, context: str) -> None:
    assert understand(text, context).intent == "yes"
    assert understand(unicodedata.normalize("NFD", text), context).intent == "yes"


@pytest.mark.parametrize("text", NEVER_YES)
@pytest.mark.parametrize("context", [*CONSENTS, "ask_declare"])
def test_anything_else_is_none(text: str, context: str) -> None:
    if context == "ask_declare" and text.casefold() in ("dung", "dung roi"):
        return  # a declaration is confirmed: đúng
    assert understand(text, context).intent != "yes"
    assert understand(unicodedata.normalize("NFD", text), context).intent != "yes"


@pytest.mark.parametrize("text", ["ok", "oke em", "ok em nhé", "ừ", "uk", "ừ em"])
def test_a_short_yes_is_enough_for_contact_only(text: str) -> None:
    assert understand(text, "ask_consent").intent == "yes"
    assert understand(text, "ask_consent_sensitive").intent != "yes"


@pytest.mark.parametrize(
    "text",
    [
        "không",
        "ko",
        "k",
        "hông",
        "không đồng ý",
        "k dong y",
        "thôi",
        "thôi em ơi",
        "từ chối",
        "không cho lưu",
        "no",
        "không em ơi",
        "chưa",
    ],
)
@pytest.mark.parametrize("context", CONSENTS)
def test_a_clear_no_is_one(text: str, context: str) -> None:
    assert understand(text, context).intent == "no"


DUNG = [
    (None, "opt_out"),
    ("ad_sent", "opt_out"),
    ("renewal_reminder", "opt_out"),
    ("csat", "opt_out"),
    ("ask_phone", "opt_out"),
    ("confirm", "yes"),
    ("offer_buy", "yes"),
    ("ask_declare", "yes"),
    ("ask_consent", "other"),
    ("ask_consent_sensitive", "other"),
    ("ask_name", "give_name"),
]


@pytest.mark.parametrize("context, intent", DUNG)
@pytest.mark.parametrize("text", ["dung", "Dung", "DUNG"])
def test_dung_without_marks(text: str, context: str | None, intent: str) -> None:
    assert understand(text, context).intent == intent


@pytest.mark.parametrize(
    "context",
    [None, "ask_consent", "ask_phone", "confirm", "ad_sent", "renewal_reminder", "csat", "ask_need", "offer_buy"],
)
@pytest.mark.parametrize(
    "text", ["dừng", "DỪNG", "Dừng lại", "stop", "STOP", "ngừng", "đừng nhắn nữa", "hủy nhận tin", "từ chối nhận tin"]
)
def test_a_stop_word_stops_whatever_was_asked(text: str, context: str | None) -> None:
    assert understand(text, context).intent == "opt_out"
    assert understand(unicodedata.normalize("NFD", text), context).intent == "opt_out"
    assert urgent(text)


NOT_STOPPING = [
    "dừng xe ở lề có bị loại trừ không", "xe dừng đèn đỏ bị tông", "không nhận được tin nhắn", "sao không gửi giấy cho tôi", "không gọi lại à",
    "tôi muốn dừng hợp đồng", "muốn hủy hợp đồng", "đừng quên gọi anh nhé", "đừng lo", "hủy chuyến bay có được đền không", "không ai gọi cho tôi cả",
    "xin lỗi làm phiền em", "đúng", "đúng rồi", "dùng số này", "Dũng", "chưa nhận được tin nhắn xác nhận", "đừng gửi bản giấy, gửi file thôi",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_STOPPING)
def test_words_that_only_look_like_stopping(text: str) -> None:
    assert understand(text).intent != "opt_out"


CONFIRMS = [
    ("đúng rồi", "yes"), ("dung roi", "yes"), ("chuẩn r", "yes"), ("👍", "yes"), ("dạ", "yes"), ("ok em", "yes"), ("chính xác", "yes"), ("không sai", "yes"),
    ("sai rồi", "no"), ("chưa đúng em ơi", "no"), ("sai số điện thoại", "no"), ("nhầm rồi", "no"), ("đổi giờ giúp chị", "no"), ("ko", "no"), ("không phải", "no"),
    ("đúng rồi nhưng sai tên", "other"), ("nhầm, số là 0933222111", "give_phone"),
]  # fmt: skip


@pytest.mark.parametrize("text, intent", CONFIRMS)
def test_a_read_back_is_confirmed_or_not(text: str, intent: str) -> None:
    found = understand(text, "confirm").intent
    assert found == intent if intent != "other" else found != "yes"


@pytest.mark.parametrize(
    "text, scope",
    [
        ("chỉ dừng quảng cáo", "marketing"),
        ("tất cả", "all"),
        ("dừng hết", "all"),
        ("nhắc hợp đồng cũng dừng", "renewal"),
    ],
)
def test_what_to_stop(text: str, scope: str) -> None:
    found = understand(text, "scope")
    assert (found.intent, found.entities.get("scope")) == ("opt_out", scope)
