"""What stands in the holes of our texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers import wording
from handlers.captured import FIELDS
from handlers.model import Business, Say, State
from handlers.texts import Texts

TEXTS = Texts.load()
DAY = (("08:00", "12:00"), ("13:00", "17:30"))
OFFICE = Business(
    hours={**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY), "sat": (("08:00", "12:00"),)}, hotline="1900 0000"
)
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # Monday, 12:00 in Hanoi


@pytest.mark.parametrize(
    "number, said",
    [("+84912345678", "0912 345 678"), ("+842838221234", "02838221234"), ("+6591234567", "+6591234567"), ("", "")],
)
def test_phone(number: str, said: str) -> None:
    assert wording.phone(number) == said


def test_moments() -> None:
    assert wording.moment(NOON, OFFICE, "vi") == "12:00 thứ Hai 23/11"
    assert wording.moment(NOON, OFFICE, "en") == "12:00 Monday 23/11"
    assert wording.stamp(NOON, OFFICE, "vi") == "12:00 ngày 23/11/2026"
    assert wording.date(NOON, OFFICE) == "23/11/2026"
    assert wording.deadline(NOON, OFFICE, "vi", minutes=60) == "14:00 thứ Hai 23/11"


def test_hours() -> None:
    assert wording.hours(OFFICE, "vi") == "T2–T6 08:00–12:00, 13:00–17:30; T7 08:00–12:00"
    assert wording.hours(OFFICE, "en") == "Mon–Fri 08:00–12:00, 13:00–17:30; Sat 08:00–12:00"
    assert wording.hours(Business(), "vi") == "24/7"


def test_appointments() -> None:
    slots = {"callback_time": {"from": "2026-11-23T08:00:00.000Z", "to": "2026-11-23T08:30:00.000Z"}}
    assert wording.appointment(State(slots=slots), OFFICE) == "15:00–15:30 thứ Hai 23/11"
    assert wording.appointment(State(slots=slots, memory={"soon": True}, lang="en"), OFFICE) == "as soon as possible"


def test_a_text_of_ours_inside_a_text_of_ours() -> None:
    say = Say(key="idle.nudge", values={"muc_con_thieu": ("slot.name", "slot.phone")})
    for lang, words in (("vi", "họ tên, số điện thoại"), ("en", "your name, your phone number")):
        known = wording.variables(say, state=State(lang=lang), business=OFFICE, texts=TEXTS)
        assert words in TEXTS.render(say.key, lang, **known)


def test_what_a_customer_typed_names_no_text() -> None:
    say = Say(key="error.phone_short", values={"so_nhap": "slot.name"})
    known = wording.variables(say, state=State(), business=OFFICE, texts=TEXTS)
    assert known["so_nhap"] == "slot.name"


def test_the_bot_is_em_so_the_customer_is_not() -> None:
    say = Say(key="greeting.menu")
    for called, said in (("chị", "Chị cần"), ("em", "Anh/chị cần"), ("", "Anh/chị cần"), ("anh/chị", "Anh/chị cần")):
        known = wording.variables(say, state=State(salutation=called), business=OFFICE, texts=TEXTS)
        assert TEXTS.render(say.key, "vi", **known).startswith(said)


@pytest.mark.parametrize(
    "name, lang, said",
    [
        ("Nguyễn Thị Lan", "vi", "Lan"),
        ("nguyen thi lan", "vi", "lan"),
        ("Lê Tuấn Anh", "vi", "Tuấn Anh"),
        ("Tuấn Anh", "vi", "Tuấn Anh"),
        ("Hà Anh", "vi", "Hà Anh"),
        ("Ken", "vi", "Ken"),
        ("Emma Jane Watson", "vi", "Emma Jane Watson"),
        ("Nguyễn Thị Lan", "en", "Nguyễn Thị Lan"),
        ("", "vi", ""),
    ],
)
def test_what_somebody_is_called_by(name: str, lang: str, said: str) -> None:
    assert wording.called(name, lang) == said


def test_a_product_reads_as_part_of_the_sentence() -> None:
    say = Say(key="advice.fee_insurer", values={"san_pham": ("product.du_lich",)})
    for lang, words in (("vi", "phí bảo hiểm du lịch do"), ("en", "price of travel insurance is")):
        known = wording.variables(say, state=State(lang=lang), business=OFFICE, texts=TEXTS)
        assert words in TEXTS.render(say.key, lang, **known)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_field_that_a_form_may_ask_for_has_its_words(lang: str) -> None:
    assert all(TEXTS.label(f"slot.{field}", lang) for field in FIELDS)
