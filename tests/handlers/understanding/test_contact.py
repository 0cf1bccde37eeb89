"""E-mail addresses, plates, the numbers of papers."""

from __future__ import annotations

import pytest

from handlers.understanding import understand

EMAILS = [
    ("lan.tran.demo@gmail.com", "lan.tran.demo@gmail.com"),
    ("MAI_DEMO@OUTLOOK.COM", "mai_demo@outlook.com"),
    ("phuc.demo a còng gmail chấm com", "phuc.demo@gmail.com"),
    ("phuc a cong gmail cham com", "phuc@gmail.com"),
    ("binh còng gmail chấm com", "binh@gmail.com"),
    ("demo.bao @ gmail . com", "demo.bao@gmail.com"),
    ("tuan.le@gmail,com", "tuan.le@gmail.com"),
    ("nam.nguyen@cong-ty.vn", "nam.nguyen@cong-ty.vn"),
    ("hoa_nguyen@yahoo.com.vn nha", "hoa_nguyen@yahoo.com.vn"),
    ("email: a@b.vn.", "a@b.vn"),
]


@pytest.mark.parametrize("text, address", EMAILS)
def test_an_address_is_found(text: str, address: str) -> None:
    found = understand(text, "ask_email")
    assert (found.intent, found.entities["email"]) == ("give_email", address)


WRONG_EMAILS = [
    ("tuan.demo@gmail", "no_tld", None),
    ("thao.demo@gmail.con", "suspect_domain", "thao.demo@gmail.com"),
    ("abc@gmial.com", "suspect_domain", "abc@gmail.com"),
    ("abc@yaho.com", "suspect_domain", "abc@yahoo.com"),
    ("a..b@gmail.com", "suspect_domain", None),
]


@pytest.mark.parametrize("text, why, suggestion", WRONG_EMAILS)
def test_a_slip_is_shown_and_never_mended(text: str, why: str, suggestion: str | None) -> None:
    found = understand(text, "ask_email").entities
    assert (found.get("email"), found["email_invalid"], found.get("email_suggest")) == (None, why, suggestion)


@pytest.mark.parametrize(
    "text", ["công ty mình", "đi công tác Sing 4 hôm", "có công an lập biên bản rồi", "cong ty tnhh abc"]
)
def test_cong_is_no_at(text: str) -> None:
    assert not {"email", "email_invalid"} & understand(text).entities.keys()


PLATES = [
    ("59X1-123.45", "59X1-12345"),
    ("59-x1 12345", "59X1-12345"),
    ("59X112345", "59X1-12345"),
    ("51F12345", "51F-12345"),
    ("51F-123.45", "51F-12345"),
    ("30A 123 45", "30A-12345"),
    ("xe 65A 234.56", "65A-23456"),
    ("29B1 - 6789", "29B1-6789"),
    ("51LD-123.45", "51LD-12345"),
    ("29MĐ1-234.56", "29MĐ1-23456"),
    ("biển 43C-567.89", "43C-56789"),
    ("88H-012.34, 5 chỗ", "88H-01234"),
]


@pytest.mark.parametrize("text, plate", PLATES)
def test_a_plate_is_found(text: str, plate: str) -> None:
    found = understand(text, "ask_plate")
    assert (found.intent, found.entities["plate"]) == ("give_plate", plate)


@pytest.mark.parametrize(
    "text, why", [("51F-123", "bad_serial"), ("13A-123.45", "bad_province"), ("44A-12345", "bad_province")]
)
def test_a_plate_that_cannot_be(text: str, why: str) -> None:
    found = understand(text, "ask_plate").entities
    assert (found.get("plate"), found["plate_invalid"]) == (None, why)


@pytest.mark.parametrize(
    "text", ["0912345678", "12/05/1990", "30 xe 12345", "10h 30", "50k 1000", "xe 7 chỗ 2022", "079090001234"]
)
def test_what_is_no_plate(text: str) -> None:
    assert "plate" not in understand(text).entities


def test_none_is_an_answer() -> None:
    assert understand("xe mới mua chưa có biển", "ask_plate").entities == {"plate_none": True}
    assert understand("mình không dùng email", "ask_email").entities == {"email_none": True}


def test_an_identity_number_is_no_phone() -> None:
    found = understand("cccd 079090001234", "ask_id").entities
    assert found == {"cccd": "079090001234"}
    assert "phone" not in understand("căn cước của tôi 079090001234").entities


def test_all_of_it_in_one_message() -> None:
    found = understand("Mua bh xe máy 59X1-123.45, tên Lê Thu Hà, 0912 345 678, ha.le@gmail.com")
    assert found.intent == "buy"
    assert set(found.also) == {"give_phone", "give_email", "give_plate", "give_name"}
    assert found.entities["product"] == "tnds_xe_may"
    assert found.entities["plate"] == "59X1-12345"
    assert found.entities["phone"] == "+84912345678"
    assert found.entities["email"] == "ha.le@gmail.com"
    assert found.entities["name"] == "Lê Thu Hà"


@pytest.mark.parametrize(
    "text, first, other",
    [
        ("0912345678 hoặc 0387654321", "+84912345678", "+84387654321"),
        ("0912345678 nhầm 0387654321 mới đúng", "+84387654321", None),
        ("0912345678 à nhầm, 0387654321", "+84387654321", None),
        ("0912345678 0912345678", "+84912345678", None),
        ("số cũ 0912345678 bỏ rồi, số mới 0387654321", "+84387654321", None),
    ],
)
def test_two_numbers(text: str, first: str, other: str | None) -> None:
    found = understand(text, "ask_phone").entities
    assert (found["phone"], found.get("phone_alt")) == (first, other)
