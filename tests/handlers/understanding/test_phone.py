"""Phone numbers in every habit of typing them."""

from __future__ import annotations

import pytest

from handlers.understanding.fold import clean, flatten
from handlers.understanding.phone import OLD, Phone, find_phones, normalise


def phones(text: str, *, asked: bool = True) -> list[Phone]:
    cleaned = clean(text)
    return find_phones(cleaned, flatten(cleaned), asked=asked)


HABITS = [
    ("0912345678", "+84912345678"),
    ("0912 345 678", "+84912345678"),
    ("0912.345.678", "+84912345678"),
    ("0912-345-678", "+84912345678"),
    ("(091) 234-5678", "+84912345678"),
    ("0.9.1.2.3.4.5.6.7.8", "+84912345678"),
    ("0 9 1 2 3 4 5 6 7 8", "+84912345678"),
    ("0912/345/678", "+84912345678"),
    ("+84912345678", "+84912345678"),
    ("+84 912 345 678", "+84912345678"),
    ("+84(0)912345678", "+84912345678"),
    ("(+84) 912-345-678", "+84912345678"),
    ("84912345678", "+84912345678"),
    ("0084 912 345 678", "+84912345678"),
    ("o912345678", "+84912345678"),
    ("O9I2345678", "+84912345678"),
    ("09l2345678", "+84912345678"),
    ("0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "+84912345678"),
    ("０９１２３４５６７８", "+84912345678"),
    ("0912\u200b345\u200b678", "+84912345678"),
    ("sdt: 0912345678 nha em", "+84912345678"),
    ("đt 0912345678.", "+84912345678"),
    ("zalo0912345678", None),
    ("gọi số này 0778889990 sau 5h chiều", "+84778889990"),
    ("không chín một hai ba bốn năm sáu bảy tám", "+84912345678"),
    ("khong chin mot hai, ba bon nam, sau bay tam", "+84912345678"),
    ("không chín 1234 năm sáu bảy tám", "+84912345678"),
    ("zero nine one two three four five six seven eight", "+84912345678"),
    ("bh xe máy 2 0912345678", "+84912345678"),
    ("xe 7 chỗ, 0912345678", "+84912345678"),
]


@pytest.mark.parametrize("text, number", [pair for pair in HABITS if pair[1]])
def test_a_number_is_found_however_it_is_typed(text: str, number: str) -> None:
    assert [phone.e164 for phone in phones(text)] == [number]


@pytest.mark.parametrize("old, new", OLD.items())
def test_old_prefixes_become_new_ones(old: str, new: str) -> None:
    phone = normalise(f"{old}1234567")
    assert phone.e164 == f"+84{new[1:]}1234567"
    assert phone.converted
    spoken = normalise(f"84{old[1:]}1234567", plus=True)
    assert spoken.e164 == phone.e164


KINDS = [
    ("028 3822 1234", "+842838221234", "landline"),
    ("024 3936 5999", "+842439365999", "landline"),
    ("0225 3842 123", "+842253842123", "landline"),
    ("+1 415 555 2671", "+14155552671", "foreign"),
    ("+65 6123 4567", "+6561234567", "foreign"),
]


@pytest.mark.parametrize("text, number, kind", KINDS)
def test_not_only_mobiles(text: str, number: str, kind: str) -> None:
    assert [(phone.e164, phone.kind) for phone in phones(text)] == [(number, kind)]


WRONG = [
    ("12345", "too_short"),
    ("090 1234 56", "too_short"),
    ("0912 345 67", "too_short"),
    ("09123456789", "too_long"),
    ("0912345678901", "too_long"),
    ("0112345678", "unknown_prefix"),
    ("0412345678", "unknown_prefix"),
    ("1234567890", "unknown_prefix"),
    ("1900 1234", "service_number"),
    ("18001090", "service_number"),
    ("1900545455", "service_number"),
]


@pytest.mark.parametrize("text, why", WRONG)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    assert [(phone.e164, phone.invalid) for phone in phones(text)] == [("", why)]


def test_nine_digits_are_confirmed() -> None:
    assert [(phone.e164, phone.confirm) for phone in phones("912345678")] == [("+84912345678", True)]


def test_two_numbers_in_order() -> None:
    assert [phone.e164 for phone in phones("0912345678 hoặc 0387654321")] == ["+84912345678", "+84387654321"]
    assert [phone.e164 for phone in phones("0912 345 678 0387 654 321")] == ["+84912345678", "+84387654321"]


NONE = [
    "66.000", "500k", "2 tỷ", "xe 7 chỗ 2 năm", "12/05/1990", "sinh năm 1990", "59X1-123.45", "079090001234", "24/7", "hai ba bốn",
    "một năm hai lần", "3h chiều mai", "i10", "có không", "năm sáu người",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number(text: str) -> None:
    assert phones(text, asked=False) == []


def test_the_span_is_where_it_stood() -> None:
    text = "gọi +84 912 345 678 nhé"
    (phone,) = phones(text)
    assert text[slice(*phone.span)] == "+84 912 345 678" == phone.raw
