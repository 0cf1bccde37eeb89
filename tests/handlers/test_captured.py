"""What is typed into a field, and what becomes of it."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.captured import FIELDS, Wrong, needs_c2, read

TODAY = date(2026, 11, 23)
GOOD = [
    ("name", "NGUYỄN VĂN HÙNG", "Nguyễn Văn Hùng"),
    ("name", "chị H'Hen  Niê", "H'Hen Niê"),
    ("name", "tran thi mai", "Tran Thi Mai"),
    ("phone", "0912.345.678", "+84912345678"),
    ("phone", "0123 456 7890", "+84834567890"),
    ("phone", "O9l2 345 678", "+84912345678"),
    ("email", "Lan.Anh@Gmail.com", "lan.anh@gmail.com"),
    ("province", "Bình Dương", "TP. Hồ Chí Minh"),
    ("dob", "12/5/90", "1990-05-12"),
    ("dob", "1990-05-12", "1990-05-12"),
    ("gender", "Nữ", "nữ"),
    ("nationality", "vn", "VN"),
    ("id_number", "079 090 001 234", "079090001234"),
    ("id_number", "C1234567", "C1234567"),
    ("id_issue_date", "01/02/2022", "2022-02-01"),
    ("id_expiry", "01/02/2032", "2032-02-01"),
    ("plate", "59x1 123.45", "59X1-12345"),
    ("chassis_no", "rlh abc-123456", "RLHABC-123456"),
    ("residence", "12 Lê Lợi,  Huế", "12 Lê Lợi, Huế"),
    ("product", "tnds_o_to", "tnds_o_to"),
    ("vehicle_kind", "mo_to_3_banh", "three_wheeler"),
    ("vehicle_kind", "xe tải", "truck"),
    ("use", "business", "business"),
    ("seats", "7 chỗ", "7"),
    ("payload_t", "3,5 tấn", "3.5"),
    ("term_years", "2 năm", "2"),
]
BAD = [
    ("name", "mua bảo hiểm 0912345678", "not_a_name"),
    ("name", "https://x.vn", "not_a_name"),
    ("phone", "091234567", "too_short"),
    ("phone", "1900 1234", "service_number"),
    ("phone", "chưa có", "not_a_phone"),
    ("email", "lan@", "not_an_email"),
    ("province", "Atlantis", "unknown_province"),
    ("dob", "31/2/1990", "no_such_day"),
    ("dob", "24/11/2026", "future"),
    ("dob", "1/1/1890", "too_old"),
    ("gender", "x", "unknown_gender"),
    ("id_number", "123456789", "cmnd_expired"),
    ("id_number", "999090001234", "bad_id_number"),
    ("id_number", "079490001234", "bad_id_number"),
    ("id_number", "079299001234", "bad_id_number"),
    ("id_expiry", "22/11/2026", "expired"),
    ("id_issue_date", "24/11/2026", "future"),
    ("plate", "13A-12345", "bad_province"),
    ("plate", "xe của em", "bad_plate"),
    ("chassis_no", "12", "bad_serial_no"),
    ("product", "x", "unknown_product"),
    ("vehicle_kind", "máy bay", "unknown_vehicle"),
    ("use", "gì đó", "unknown_use"),
    ("seats", "81", "not_a_number"),
    ("seats", "4,5", "not_a_number"),
    ("term_years", "4", "not_a_number"),
    ("need", "  ", "empty"),
]


@pytest.mark.parametrize(("field", "typed", "kept"), GOOD)
def test_what_is_kept(field: str, typed: str, kept: str) -> None:
    assert read(field, typed, today=TODAY) == kept


@pytest.mark.parametrize(("field", "typed", "code"), BAD)
def test_what_is_wrong(field: str, typed: str, code: str) -> None:
    with pytest.raises(Wrong) as wrong:
        read(field, typed, today=TODAY)
    assert wrong.value.code == code


def test_what_a_value_becomes_stays_as_it_is() -> None:
    for field, _, kept in GOOD:
        assert read(field, kept, today=TODAY) == kept


def test_an_application_needs_its_own_consent() -> None:
    assert not needs_c2(frozenset({"name", "phone", "plate"}))
    assert needs_c2(frozenset({"phone", "id_number"}))
    assert {one for one in FIELDS if needs_c2(frozenset({one}))} >= {"dob", "id_number", "residence"}
