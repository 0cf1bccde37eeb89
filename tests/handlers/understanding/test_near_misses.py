"""What stops and what only stops for an hour; who died and what was only lost: by the rules, whatever the model has learned."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.understanding import intent, understand
from handlers.understanding.facts import gather
from handlers.understanding.reading import read

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def ruled(text: str, context: str = "") -> str:
    reading = read(text)
    return intent.decide(reading, gather(reading, context, NOW), context).intent


STOPS = [
    "gạch tên tôi ra khỏi danh sách", "còn nhắn nữa là block đấy", "dẹp mấy cái tin này đi", "cắt liên lạc nhé", "vui lòng không liên hệ lại số này", "take me off your list",
    "quit texting me", "no more reminders", "nỏ cần nhắn nựa", "đừg nt nữa b ơi", "dduwngf nhawns nuwax", "mẹ tôi mất rồi, đừng gọi số này nữa", "không muốn thấy mấy tin này nữa",
]  # fmt: skip
ONLY_FOR_NOW = [
    "đừng gọi giờ hành chính nha em", "đừng gọi buổi trưa là được", "dung goi gio hanh chinh", "đừng gọi trước 9h sáng nhé", "sáng mai đừng gọi", "đừng nhắn tin, gọi tôi đi",
    "đừng gọi số cũ, gọi 0938 112 447", "khỏi nhắn tin, gọi điện cho bác đi", "đừng gọi sớm quá",
]  # fmt: skip
DEAD = [
    "ba tôi mất hôm qua", "ông nội cháu trút hơi thở cuối cùng", "anh trai tôi tử nạn", "cháu bé không cứu được", "tông trúng người đi bộ, người ta chết rồi", "nhà có tang",
    "bệnh viện trả về rồi", "my husband didn't survive the crash", "vợ tôi qua đời vì ung thư",
]  # fmt: skip
ONLY_LOST = [
    "bên em làm mất hồ sơ của tôi", "làm chị mất mặt với cả cơ quan", "mất cả tuần chờ đợi", "em mất điện thoại nên đổi số", "xe chết máy giữa đường", "chờ muốn chết mà chẳng ai gọi",
    "nếu chồng mất thì vợ con được bao nhiêu", "lỡ chết thì gói này trả sao", "mất ngủ vì mấy cuộc gọi", "tông chết con bò", "page chết rồi hả",
]  # fmt: skip


def test_stops_are_stops() -> None:
    assert [text for text in STOPS if ruled(text) != "opt_out"] == []


def test_a_stop_for_an_hour_or_a_number_is_none() -> None:
    assert [text for text in ONLY_FOR_NOW if ruled(text, "ask_time") == "opt_out"] == []
    assert ruled("từ nay đừng gọi buổi trưa nữa", "ask_time") == "opt_out"


@pytest.mark.parametrize("context", ["ad_sent", "renewal_reminder"])
def test_to_what_nobody_asked_for_a_sigh_is_a_stop(context: str) -> None:
    assert ruled("phiền", context) == "opt_out"
    assert ruled("tin rác, chặn", context) == "opt_out"
    assert ruled("phiền em gọi lại chiều nay giúp anh với nhé", context) != "opt_out"


def test_the_dead_are_mourned() -> None:
    assert [text for text in DEAD if "fatal" not in read(text).labels] == []


def test_what_is_lost_is_not_dead() -> None:
    assert [text for text in ONLY_LOST if "fatal" in read(text).labels] == []


def test_a_death_outranks_a_stop_that_is_not_plainly_one() -> None:
    found = understand("ba tôi mất hôm qua, bảo hiểm chi trả sao, mà tắt giùm mấy tin quảng cáo")
    assert (found.intent, found.entities.get("fatal"), "opt_out" in found.also) == ("claim", True, True)


def test_a_question_is_no_refusal() -> None:
    assert understand("mắc không em", "ask_consent").intent != "no"
    assert understand("không", "ask_consent").intent == "no"


def test_the_ill_who_ask_to_be_insured_have_no_claim() -> None:
    found = understand("em bị ung thư giai đoạn đầu có mua được bảo hiểm không")
    assert found.intent != "claim"
    assert "claim" not in found.also
