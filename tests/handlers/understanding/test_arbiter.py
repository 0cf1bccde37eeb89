"""Rules and model at one table: where the model is not asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.understanding import arbiter, intent
from handlers.understanding.facts import gather
from handlers.understanding.model import DATA, FLAGS, INTENTS, Model, Opinion, shipped
from handlers.understanding.reading import read

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Alarmist(Model):
    """Hears a stop in everything."""

    def __init__(self) -> None:
        super().__init__(DATA.read_bytes())

    def judge(self, *args: object, **kwargs: object) -> Opinion:
        return Opinion(dict.fromkeys(INTENTS, 0.0) | {"opt_out": 1.0}, dict.fromkeys(FLAGS, 0.0), 1.0)


ALARMIST = Alarmist()


def settled(text: str, asked: str, by: Model) -> str:
    reading = read(text)
    facts = gather(reading, asked, NOW)
    return arbiter.settle(reading, facts, asked, intent.decide(reading, facts, asked), by).intent


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("Nguyễn Văn An", "ask_name", "give_name"),
        ("Trần Thị Mai", "ask_name", "give_name"),
        ("Ngô Thanh Lan", "ask_product", "give_name"),  # was a complaint to the model
        ("0912345678", "ask_phone", "give_phone"),
        ("0912 345 678", "ask_phone", "give_phone"),
    ],
)
def test_what_was_asked_for_and_nothing_beside_is_beyond_doubt(text: str, asked: str, said: str) -> None:
    assert settled(text, asked, ALARMIST) == settled(text, asked, shipped()) == said


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("nguyễn văn an", "ask_name"),
        ("Nguyễn Văn Dũng", "ask_name"),
        ("Từ Nay Ngừng", "ask_name"),
        ("Phiền Thật", "ask_name"),
        ("số này 0912345678", "ask_phone"),
        ("mua bảo hiểm xe máy", ""),
    ],
)
def test_of_anything_else_the_model_is_asked(text: str, asked: str) -> None:
    assert settled(text, asked, ALARMIST) in ("opt_out", "other")
