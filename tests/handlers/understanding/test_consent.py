"""A consent told in sentences, and whatever only sounds like one: by the rules alone, which the model may not overrule."""

from __future__ import annotations

import pytest

from handlers.understanding.consent import Manner, consent
from handlers.understanding.reading import read

MANNERS = [Manner(), Manner(sensitive=True), Manner(declaring=True)]
CONTACT = Manner()

AGREED = [
    "em đồng ý nhé, cứ gọi thoải mái", "có, tôi đồng ý, gọi sau 19h nhé", "tôi đã đọc và tôi đồng ý", "đồng ý 100%", "đồng ý, lưu giúp chị",
    "đồng ý nha, mua cho con vision", "dạ đồng ý, em Ngân 0395 118 764", "chị đọc kỹ rồi, chị đồng ý cho bên em giữ tên với số điện thoại",
    "toi da doc va dong y", "i agree, please call me", "ddoongf ys", "d9o62ng y1", "hoàn toàn đồng ý", "chú cho phép đó",
    "đồng ý cho sử dụng thông tin để tư vấn",
]  # fmt: skip

NOT_AGREED = [
    "đồng ý mới sợ", "đồng ý cho vui", "đồng ý xong các người gọi tôi cả ngày", "anh đồng ý từ hồi nào", "đồng ý với ai", "tôi đồng ý bao giờ",
    "tôi đồng ý nhưng không lưu căn cước", "đồng ý, trừ việc gọi điện", "đồng ý một lần này thôi, không lưu", "đồng ý nếu giảm phí",
    "đồng ý ngoại trừ quảng cáo", "em đồng ý có được quà không", "đồng ý là được giảm giá hả", "đồng ý là mất tiền à", "có phải đồng ý mới được mua",
    "muốn tôi đồng ý thì phải nói rõ", "chừng nào gặp mặt rồi đồng ý", "bao giờ rõ ràng tôi sẽ đồng ý", "để mai đồng ý", "mai tôi đồng ý sau",
    "lát đồng ý", "đang cân nhắc có nên đồng ý", "không phải là tôi đồng ý", "tôi không hề đồng ý", "tôi có nói đồng ý đâu", "chưa ai đồng ý cả",
    "con tôi đồng ý hộ", "chồng tôi bảo đồng ý", "sếp đồng ý rồi mới tính", "hãng đồng ý chưa", "bên em đồng ý giảm thì anh lấy",
    "bên bạn có đồng ý bớt không", "bên kia đồng ý rồi", "ai đồng ý thì đồng ý", "đồng ý hả", "đồng ý hở em", "đồng ý á?", "được voi đòi tiên",
    "được cái gì", "có chắc an toàn không", "có ai đọc không", "có em ơi cho hỏi", "có mấy câu hỏi", "vâng để tôi hỏi vợ", "vâng nhưng", "ừ mà",
    "ok mà sao", "ok nhưng chỉ gọi thôi", "ok để đọc", "ok để đó", "ok đợi", "yes? no?", "i agree if it is free", "i agree only to calls",
    "i would agree but", "agree or not", "who said i agree", "did i agree", "i never agreed", "do you agree", "can i agree later",
    "toi dong y nhung khong luu", "toi co dong y dau", "ai dong y", "dong y chi vay", "dong y ha", "dong y roi sao nua", "dong y khong",
    "phai dong y a", "neu dong y thi sao", "dong y mot phan", "chi dong y goi dien", "dong y tru so cccd", "lam gi co chuyen dong y",
    "khong he dong y", "cho xem roi moi dong y", "dong y sau", "từ chối đồng ý", "hủy đồng ý", "rút đồng ý", "không muốn đồng ý", "ghét phải đồng ý",
    "ép tôi đồng ý à", "tôi bị ép đồng ý", "bắt tôi đồng ý", "lừa tôi đồng ý", "đồng ý cc", "đồng ý cái mả cha mày", "đồng ý mẹ gì", "đồng ý con khỉ",
    "đồng ý đi rồi tính", "đồng ý đại cho rồi mà sợ", "tôi sắp đồng ý", "tôi gần đồng ý", "tôi hơi đồng ý", "nửa đồng ý nửa không",
    "cho phép tôi hỏi", "cho phép hỏi chút", "cho phép tôi suy nghĩ", "xin cho phép em hỏi giá", "chấp nhận sao nổi", "chấp nhận gì",
    "khó mà chấp nhận", "không thể chấp nhận", "chấp nhận được không", "accept what", "bằng lòng với dịch vụ chưa", "đồng ý kiến",
    "có đồng ý kiến gì không", "ý tôi là chưa", "đồng ý thì gọi, không thì thôi", "đồng ý thì sao không đồng ý thì sao", "được đồng nào hay đồng đó",
    "có lưu gì không", "có cái gì mà lưu", "có gọi không", "có bán số không", "cứ từ từ", "cứ để tôi đọc", "cứ hỏi hoài", "cứ gọi hoài phiền lắm",
    "cứ lưu hoài mà có gọi đâu", "cứ nhắn hoài", "cứ dùng số tôi đi bán à", "đọc rồi", "tôi đã đọc", "đã hiểu", "hiểu rồi", "đã đọc và chưa đồng ý",
    "đọc rồi nhưng không đồng ý", "tôi đã đọc và không đồng ý",
]  # fmt: skip


@pytest.mark.parametrize("text", AGREED)
def test_an_agreement_in_a_sentence(text: str) -> None:
    assert consent(read(text), CONTACT) == "yes"
    assert consent(read(f"{text}?"), CONTACT) != "yes"
    assert consent(read(f"không, {text}"), CONTACT) != "yes"
    assert consent(read(f"{text}, nhưng mà khoan"), CONTACT) != "yes"


@pytest.mark.parametrize("manner", MANNERS, ids=["contact", "sensitive", "declaring"])
def test_what_only_sounds_like_one(manner: Manner) -> None:
    taken = [text for text in NOT_AGREED if consent(read(text), manner) == "yes"]
    assert not taken


@pytest.mark.parametrize(
    "text",
    [
        "đâu có đồng ý",
        "chưa đồng ý",
        "còn lâu mới đồng ý",
        "đời nào",
        "nỏ đồng ý mô",
        "không cho phép",
        "tui không đồng ý đâu",
    ],
)
def test_a_refusal_wherever_it_stands(text: str) -> None:
    assert consent(read(text), CONTACT) == "no"
    assert consent(read(f"nói thật là {text}"), CONTACT) == "no"


@pytest.mark.parametrize("text", ["cứ lưu đi em", "cứ gọi nhé"])
def test_what_is_asked_for_may_be_done(text: str) -> None:
    assert consent(read(text), CONTACT) == "yes"
    assert consent(read(text), Manner(sensitive=True)) != "yes"
    assert consent(read(text), Manner(declaring=True)) != "yes"


@pytest.mark.parametrize(
    "text, yes",
    [
        ("tôi cam kết đúng sự thật", True),
        ("đúng hết", True),
        ("em xin cam kết", True),
        ("tôi xác nhận, chịu trách nhiệm", True),
        ("đúng", False),
        ("tôi đã đọc", False),
        ("ừ", False),
    ],
)
def test_a_declaration_is_declared(text: str, *, yes: bool) -> None:
    assert (consent(read(text), Manner(declaring=True)) == "yes") is yes
