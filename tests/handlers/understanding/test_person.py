"""Names as people give them, and how they speak of themselves."""

from __future__ import annotations

import unicodedata

import pytest

from handlers.understanding import understand

ASKED = [
    ("Nguyễn Văn Hùng", "Nguyễn Văn Hùng", None),
    ("nguyễn văn hùng", "Nguyễn Văn Hùng", None),
    ("NGUYỄN VĂN HÙNG", "Nguyễn Văn Hùng", None),
    ("tran thi mai", "Tran Thi Mai", None),  # tone marks are never restored
    ("em là Phúc ạ", "Phúc", None),
    ("sai tên nữa Nguyễn Văn Anh", "Nguyễn Văn Anh", None),
    ("Sơn Tùng MTP 0912345678", "Sơn Tùng MTP", None),
    ("tên k dấu la Nguyen Thi Thuy 0912345678", "Nguyen Thi Thuy", None),
    ("dạ em tên Minh ạ", "Minh", None),
    ("mình tên Lan", "Lan", None),
    ("ten minh la Le Hoang Nam", "Le Hoang Nam", None),
    ("Chị Hạnh", "Hạnh", "chị"),
    ("anh Tuấn nhé", "Tuấn", "anh"),
    ("cứ gọi cô Tư", "Tư", "cô"),
    ("Cô Bảy nha con", "Bảy", "cô"),
    ("Bác Ba", "Ba", "bác"),
    ("dạ Tuấn Anh", "Tuấn Anh", None),
    ("K'Brông", "K'Brông", None),
    ("H'Hen Niê", "H'Hen Niê", None),
    ("Y Moan Êban", "Y Moan Êban", None),
    ("John Smith", "John Smith", None),
    ("my name is David", "David", None),
    ("Hồ Văn An", "Hồ Văn An", None),
    ("họ tên: Hồ Thị Cẩm Tú", "Hồ Thị Cẩm Tú", None),
    ("Đặng Thị Ngọc Ánh sinh năm 1990", "Đặng Thị Ngọc Ánh", None),
    ("mk là Thảo, 1995", "Thảo", None),
    ("Lê Thu Hà 0912 345 678", "Lê Thu Hà", None),
    ("trần quốc toản, sdt 0987123456", "Trần Quốc Toản", None),
    ("Trần Văn Bình à nhầm Trần Văn Bính", "Trần Văn Bính", None),
    ("Bảo à nhầm Bách", "Bách", None),
    ("Lan 😊", "Lan", None),
    ("Dung", "Dung", None),
    ("Phí Thị Mai", "Phí Thị Mai", None),
    ("nguyễn thị bảo hân", "Nguyễn Thị Bảo Hân", None),
    ("Lại Văn Sâm", "Lại Văn Sâm", None),
    ("Bùi Tiến Dũng", "Bùi Tiến Dũng", None),
    ("em là Quỳnh Anh", "Quỳnh Anh", None),
    ("Lê Ngọc Mai Anh", "Lê Ngọc Mai Anh", None),
    ("Lan nha anh", "Lan", None),
    ("la thi kim ngan", "La Thi Kim Ngan", None),
    ("Vàng A Sình", "Vàng A Sình", None),
    ("Gọi chú Ba là được", "Ba", "chú"),
    ("Mẹ Bống 0912 000 111", "Mẹ Bống", None),  # by the child, as parents do
    ("ba Tí", "Ba Tí", None),
    ("tên Hoa mới đúng", "Hoa", None),
    ("Nguyễn Văn Chuẩn", "Nguyễn Văn Chuẩn", None),
    ("mình là Trang, gọi mình là Trang nhé", "Trang", None),
]


@pytest.mark.parametrize("text, name, title", ASKED)
def test_a_name_that_was_asked_for(text: str, name: str, title: str | None) -> None:
    for typed in (text, unicodedata.normalize("NFD", text), f"  {text}\n"):
        found = understand(typed, "ask_name")
        assert found.intent == "give_name"
        assert found.entities["name"] == name
        assert found.entities.get("salutation") == title


def test_a_name_beside_a_want_is_kept() -> None:
    found = understand("em tên Phúc, cần mua bảo hiểm xe máy", "ask_name")
    assert (found.intent, found.also, found.entities["name"]) == ("buy", ("give_name",), "Phúc")


NO_NAMES = [
    "mua bảo hiểm", "mua bảo hiểm xe máy", "0912345678", "không", "để làm gì vậy", "bao nhiêu tiền", "https://a.vn", "không muốn nói", "👍", "ok", "gì cơ",
    "tại sao phải cho tên", "gặp nhân viên", "dạ", "sao phải hỏi", "1990", "", "Cặc 0912345678",
    "tên là lồn",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name(text: str) -> None:
    found = understand(text, "ask_name")
    assert "name" not in found.entities
    assert found.intent != "give_name"


UNASKED = [
    ("tên: PHẠM QUỐC BẢO", "Phạm Quốc Bảo"),
    ("tên em là Đỗ Hùng Dũng", "Đỗ Hùng Dũng"),
    ("em là Phúc, mua bảo hiểm xe máy", "Phúc"),
    ("Nguyễn Thu Hà 0912345678 mua bh xe", "Nguyễn Thu Hà"),
    ("em là sinh viên", None),
    ("tôi là chủ xe", None),
    ("sai tên trên giấy chứng nhận rồi", None),
    ("mua cho con trai tên gì cũng được", None),
    ("Bảo hiểm xe máy", None),
    ("chị Mai tư vấn hôm trước", None),
]


@pytest.mark.parametrize("text, name", UNASKED)
def test_a_name_that_nobody_asked_for(text: str, name: str | None) -> None:
    assert understand(text).entities.get("name") == name


FIRMS = [
    ("CTY TNHH Minh Long, cần mua bảo hiểm cho 20 người", "CTY TNHH Minh Long"),
    ("Công ty cổ phần Sao Mai 0912345678", "Công ty cổ phần Sao Mai"),
    ("cty mình 20 người muốn mua bh", None),
    ("Công ty tôi cần bảo hiểm", None),
]


@pytest.mark.parametrize("text, firm", FIRMS)
def test_a_firm_is_no_person(text: str, firm: str | None) -> None:
    found = understand(text).entities
    assert (found.get("org_name"), found.get("name")) == (firm, None)


@pytest.mark.parametrize(
    "text", ["so nay 0912333444", "số này nhé", "chuẩn", "chuan", "zalo số này", "gọi lúc nào cũng được"]
)
def test_words_beside_a_number_or_a_yes_are_no_name(text: str) -> None:
    assert "name" not in understand(text, "ask_name").entities
