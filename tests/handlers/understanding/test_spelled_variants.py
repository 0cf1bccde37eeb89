"""A known value, written in every way people write it, comes back exactly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from handlers.understanding import understand
from handlers.understanding.fold import flatten

CHANCE = random.Random(7)
ROUND = 25  # values of each kind
DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
BESIDE = ("{}", "{} nha", "dạ {} ạ", "của em là {}", "{} nhé chị")


@pytest.fixture(autouse=True)
def _the_same_values() -> None:
    CHANCE.seed(7)


def said(text: str) -> str:
    """In one of the usual sentences; now and then without marks."""
    sentence = CHANCE.choice(BESIDE).format(text)
    return flatten(sentence) if CHANCE.random() < 0.3 else sentence


def days() -> Iterator[tuple[int, int, int]]:
    for _ in range(ROUND):
        yield CHANCE.randint(1, 28), CHANCE.randint(1, 12), CHANCE.randint(1932, 2024)


def small(number: int) -> str:
    """1 to 31 in words."""
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    head = "mười" if tens == 1 else f"{DIGITS[tens]} mươi"
    return head if not ones else f"{head} {'lăm' if ones == 5 else 'mốt' if ones == 1 and tens > 1 else DIGITS[ones]}"


def written_days(day: int, month: int, year: int) -> Iterator[str]:
    for joint in ("/", "-", ".", " / "):
        yield f"{day}{joint}{month}{joint}{year}"
        yield f"{day:02}{joint}{month:02}{joint}{year}"
    yield f"{day:02}{month:02}{year}"
    yield f"{day} {month} {year}"
    yield f"{year}-{month:02}-{day:02}"
    yield f"{year}.{month}.{day}"
    yield f"{day} tháng {month} năm {year}"
    yield f"ngày {day} tháng {month}, {year}"
    yield f"sinh ngày {day}/{month}/{year}"
    yield f"ngày {small(day)} tháng {small(month)} năm {year}"
    yield f"{small(day)} tháng {small(month)} năm {' '.join(DIGITS[int(digit)] for digit in str(year))}"
    if 1930 < year < 2000:
        short = year % 100
        yield f"{day}/{month}/{short:02}"
        yield f"{day:02}{month:02}{short:02}"
        yield f"{day}-{month:02}-{short:02}"
        yield f"mồng {small(day)} tháng {small(month)} năm {DIGITS[short // 10]} {DIGITS[short % 10]}"


def test_birthdays() -> None:
    for day, month, year in days():
        for text in written_days(day, month, year):
            found = understand(said(text), "ask_dob").entities
            assert found.get("dob") == f"{year}-{month:02}-{day:02}", text


@pytest.mark.parametrize("form", ["{}", "sinh năm {}", "sn {}", "năm {}", "năm sinh {}", "em sn {} ạ"])
def test_years_of_birth(form: str) -> None:
    for year in (1932, 1958, 1975, 1985, 1990, 1999):
        for text in (str(year), str(year % 100)):
            assert understand(form.format(text), "ask_dob").entities.get("yob") == year, text
    for year in (2000, 2004, 2012, 2021):
        assert understand(form.format(year), "ask_dob").entities.get("yob") == year


def written_plates(province: str, series: str, number: str) -> Iterator[str]:
    dotted = f"{number[:3]}.{number[3:]}" if len(number) == 5 else number
    for one, two, tail in itertools.product(("", "-", " ", "."), ("-", " ", "", "."), (number, dotted)):
        yield f"{province}{one}{series}{two}{tail}"
        yield f"{province}{one}{series.lower()}{two}{tail}"
    if len(number) == 5:
        yield f"{province}{series} {number[:3]} {number[3:]}"
        yield f"biển số {province}{series}-{number[:3]}.{number[3:]}"


def test_plates() -> None:
    for _ in range(ROUND):
        number = f"{CHANCE.randint(10, 99999):05}"
        moto = f"{CHANCE.choice('BCDEFGHKLMNPSTXYZ')}{CHANCE.randint(1, 9)}"
        for series in (CHANCE.choice("ABCDEFGHKLM"), moto):
            province = CHANCE.choice(("29", "30", "34", "43", "51", "59", "60", "92"))
            for text in written_plates(province, series, number):
                assert understand(said(text), "ask_plate").entities.get("plate") == f"{province}{series}-{number}", text


LETTERS = {"A": "a", "B": "bê", "C": "xê", "D": "đê", "F": "ép", "G": "giê", "H": "hát", "K": "ca", "X": "ích"}


def test_plates_read_aloud() -> None:
    for letter, name in LETTERS.items():
        number = f"{CHANCE.randint(10, 99999):05}"
        told = " ".join(DIGITS[int(digit)] for digit in number)
        assert understand(f"năm chín {name} một {told}", "ask_plate").entities.get("plate") == f"59{letter}1-{number}"
        assert understand(f"năm mốt {name} {told}", "ask_plate").entities.get("plate") == f"51{letter}-{number}"


def test_numbers_of_papers() -> None:
    for _ in range(ROUND):
        number = f"{CHANCE.choice(('001', '038', '079', '092'))}{CHANCE.choice('0123')}{CHANCE.randint(0, 99999999):08}"
        for text in (
            number, " ".join((number[:3], number[3:6], number[6:9], number[9:])), f"{number[:4]} {number[4:8]} {number[8:]}", ".".join((number[:3], number[3:6], number[6:])),
            f"{number[:3]}-{number[3:6]}-{number[6:]}", f"cccd {number}", f"căn cước: {number}", f"số căn cước của em {number}", " ".join(number),
        ):  # fmt: skip
            found = understand(said(text), "ask_id").entities
            assert found.get("cccd") == number, text
            assert "phone" not in found, text


def test_a_paper_and_a_phone_stand_side_by_side() -> None:
    found = understand("cccd 079190005512, sđt 0912345678", "confirm").entities
    assert (found.get("cccd"), found.get("phone")) == ("079190005512", "+84912345678")


def test_passports() -> None:
    for letter in "BCNP":
        number = f"{letter}{CHANCE.randint(1000000, 99999999)}"
        for text in (number, number.lower(), f"hộ chiếu {number}", f"passport của em là {number}"):
            assert understand(said(text), "ask_id").entities.get("passport") == number, text


def written_phones(digits: str) -> Iterator[str]:
    for joint in (" ", ".", "-", " - "):
        yield joint.join((digits[:4], digits[4:7], digits[7:]))
        yield joint.join((digits[:3], digits[3:6], digits[6:]))
        yield joint.join((digits[:2], digits[2:4], digits[4:6], digits[6:8], digits[8:]))
    yield digits
    yield f"+84{digits[1:]}"
    yield f"+84 {digits[1:4]} {digits[4:7]} {digits[7:]}"
    yield f"0084{digits[1:]}"
    yield f"(+84) {digits[1:]}"
    yield f"84{digits[1:]}"
    yield f"({digits[:4]}) {digits[4:]}"
    yield digits.replace("0", "o", 1)
    yield " ".join(DIGITS[int(digit)] for digit in digits)
    yield " ".join(digits)


def test_phones() -> None:
    for _ in range(ROUND):
        digits = f"{CHANCE.choice(('032', '039', '056', '070', '079', '081', '086', '090', '094', '098'))}{CHANCE.randint(0, 9999999):07}"
        for text in written_phones(digits):
            assert understand(said(text), "ask_phone").entities.get("phone") == f"+84{digits[1:]}", text


def written_emails(name: str, domain: str) -> Iterator[str]:
    yield f"{name}@{domain}"
    yield f"{name}@{domain}".upper()
    yield f"{name} @ {domain}"
    yield f"{name}@{domain.replace('.', ' . ')}"
    yield f"{name}@{domain.replace('.', ',')}"
    yield f"{name}@{domain}, cảm ơn"
    yield f"{name}@{domain}, anh tên Nam"
    yield f"mail {name}@{domain}."
    yield f"{name} a còng {domain.replace('.', ' chấm ')}"
    yield f"{name} a cong {domain.replace('.', ' cham ')}"
    yield f"{name}(at){domain}"
    yield f"{name.replace('.', ' chấm ').replace('_', ' gạch dưới ')} a còng {domain.replace('.', ' chấm ')}"


def test_emails() -> None:
    for name, domain in itertools.product(
        ("lan.tran", "hoa_le88", "minh1990", "k.phuc"), ("gmail.com", "yahoo.com.vn", "hotmail.com", "outlook.com")
    ):
        for text in written_emails(name, domain):
            assert understand(said(text), "ask_email").entities.get("email") == f"{name}@{domain}", text
