"""Words that are numbers elsewhere: names, fathers, foreigners."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.understanding import understand


@pytest.mark.parametrize(
    "text, name",
    [
        ("mua bảo hiểm ô tô, tên Nam, số 0912345678", "Nam"),
        ("mua bao hiem o to, ten Nam, so 0912345678", "Nam"),
        ("em tên Năm 0912345678", "Năm"),
        ("tên Hai Năm 0912345678 mua bảo hiểm xe máy", "Hai Năm"),
        ("chị Ba Năm 0912345678 mua tnds ô tô", "Ba Năm"),
        ("Hai Năm 0912345678 mua xe máy", None),
        ("tên Nam năm nay 30 tuổi mua bh sức khỏe", "Nam"),
    ],
)
def test_a_name_is_no_term(text: str, name: str | None) -> None:
    told = understand(text).entities
    assert (told.get("name"), told.get("term_years")) == (name, None)


@pytest.mark.parametrize(
    "text, told",
    [
        ("mua bh xe máy 2 năm", {"term_years": 2}),
        ("mua bảo hiểm xe máy hai năm tên Nam 0912345678", {"term_years": 2}),
        ("two years motorbike insurance", {"term_years": 2}),
        ("xe máy 3 năm 0912345678", {"term_years": 3}),
        ("bay năm nay 2 người đi Nhật", {"people": 2}),
        ("con muốn mua bh cho ba con 72 tuổi", {"age": 72}),
        ("mua bảo hiểm sức khỏe cho ba bé, 35 tuổi", {"age": 35}),
        ("mua bảo hiểm sức khỏe cho vợ chồng em có ba con, con lớn 12 tuổi", {"people": 3, "age": 12}),
        ("mua bảo hiểm sức khỏe cho 3 con", {"people": 3}),
    ],
)
def test_what_counts(text: str, told: dict[str, Any]) -> None:
    read = understand(text).entities
    assert {key: read[key] for key in ("term_years", "people", "age", "days") if key in read} == told


@pytest.mark.parametrize(
    "text, name",
    [
        ("con là Ngọc số con 0912345678, số ba con 0987654321", "Ngọc"),
        ("con la Ngoc so con 0912345678", "Ngoc"),
        ("em Lan số em 0912345678", "Lan"),
        ("tên em là Hồng số em 0912345678, số chồng em 0987654321", "Hồng"),
        ("chị Hạnh số chị 0912345678", "Hạnh"),
    ],
)
def test_a_name_ends_where_the_number_begins(text: str, name: str) -> None:
    read = understand(text, "ask_name")
    assert (read.intent, read.entities["name"], read.entities["phone"]) == ("give_name", name, "+84912345678")


@pytest.mark.parametrize("context", [None, "ask_product", "ask_need"])
@pytest.mark.parametrize(
    "text, product",
    [
        ("người nước ngoài có mua được không", None),
        ("nguoi nuoc ngoai co mua duoc khong", None),
        ("khách nước ngoài mua bảo hiểm được không", None),
        ("vợ em người nước ngoài muốn mua bảo hiểm sức khỏe", "suc_khoe"),
        ("mua bảo hiểm đi nước ngoài", "du_lich"),
        ("người nước ngoài đi du lịch Việt Nam mua được không", "du_lich"),
    ],
)
def test_a_foreigner_is_no_trip(text: str, product: str | None, context: str | None) -> None:
    assert understand(text, context).entities.get("product") == product
