"""What people call each cover of the catalogue, and when they have not said which."""

from __future__ import annotations

import pytest

from handlers.understanding.fold import flatten
from handlers.understanding.product import find_product
from handlers.understanding.reading import read

CALLED = {
    "tnds_xe_may": ["bảo hiểm xe máy", "bh xe tay ga", "xe ôm", "bhxm", "bảo hiểm bắt buộc xe 2 bánh", "chiếc dream cũ", "xe lôi chở rau", "tnds xe 150cc", "xe phân khối lớn", "hon đa"],
    "tnds_o_to": ["tnds ô tô", "bh bắt buộc xe 7 chỗ", "bảo hiểm đăng kiểm", "1 chiều cho xe hơi", "dân sự xe tải 5 tấn", "trách nhiệm dân sự bán tải"],
    "vat_chat_o_to": ["thân vỏ", "bảo hiểm vật chất", "2 chiều con vios", "thủy kích", "bảo hiểm toàn diện cho xế hộp", "thân võ xe camry"],
    "o_to_unspecified": ["bảo hiểm ô tô", "xe 4 bánh", "bảo hiểm cho xe tải", "con mazda 3", "xế hộp"],
    "suc_khoe": ["bhsk", "bảo hiểm nằm viện", "bảo hiểm y tế tư nhân", "thai sản", "thẻ khám bệnh", "ngoại trú nha khoa"],
    "du_lich": ["bảo hiểm du lịch", "xin visa pháp", "bay qua Thái", "đi nước ngoài", "đại sứ quán đòi bảo hiểm", "schengen"],
    "nha_tu_nhan": ["bảo hiểm nhà", "cháy nổ nhà phố", "căn hộ chung cư", "dãy nhà trọ", "bảo hiểm hỏa hoạn", "homestay"],
    "tai_nan": ["bảo hiểm tai nạn", "người ngồi trên xe", "tai nạn học sinh", "lái phụ xe", "tai nạn 24/24"],
    "nhan_tho": ["nhân thọ", "bhnt", "gói hưu trí", "bảo hiểm trọn đời", "tích lũy học vấn", "nhơn thọ"],
    "": ["mua bảo hiểm", "bảo hiểm cho gia đình", "có gói nào không", "bảo hiểm cho xe", "tư vấn bảo hiểm cho bé nhà mình"],
}  # fmt: skip


@pytest.mark.parametrize("code", CALLED)
def test_a_cover_by_what_it_is_called(code: str) -> None:
    for text in CALLED[code]:
        assert find_product(read(text)) == code, text
        assert find_product(read(flatten(text))) == code, flatten(text)


@pytest.mark.parametrize(
    "text, code",
    [("ô tô bị quẹt trầy cửa", "vat_chat_o_to"), ("trộm vào nhà lấy cái tivi", "nha_tu_nhan"), ("té cầu thang gãy tay", "tai_nan"), ("xe tải cán trúng", ""), ("mất hộ chiếu bên Pháp", "du_lich")],
)  # fmt: skip
def test_damage_points_to_what_covers_it(text: str, code: str) -> None:
    assert find_product(read(text), claim=True) == code


@pytest.mark.parametrize("text, code", [("cháy", "nha_tu_nhan"), ("nhà", "nha_tu_nhan"), ("bốn bánh", "o_to_unspecified"), ("hai bánh", "tnds_xe_may"), ("tai nạn", "tai_nan")])  # fmt: skip
def test_one_word_answers_the_question(text: str, code: str) -> None:
    assert find_product(read(text), context="ask_product") == code
