"""The form: how few turns it takes, what is told beside an answer, and what the read-back puts right."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

import pytest

from handlers.model import Note, OpenHandoff, Stage, State, Unsent
from tests.stories.world import World

GIVEN = {"C1": "given"}
KNOWN = {"name": "Lan", "phone": "+84901234567", "product": "tnds_o_to", "need": "bảo hiểm bắt buộc ô tô"}
# What customers answer, each to the question that is open; the last word of each is his yes to the read-back.
CUSTOMERS = {
    "tells all": [["mình tên Lan, 0901234567, mua bảo hiểm xe máy, gọi chiều mai 3h nhé", "đồng ý", "đúng rồi"]],
    "answers what is asked": [["mua bảo hiểm xe máy", "đồng ý", "Lan 0901234567", "đúng"]],
    "one thing at a time": [["mua bảo hiểm du lịch", "đồng ý", "Lan", "0901234567", "ok em"]],
    "adds a time": [["bh sức khỏe cho gia đình", "đồng ý", "Lan, 0901234567", "đúng rồi, gọi chiều mai nhé"]],
    "asks a price first": [["phí xe máy bn", "đồng ý", "Trần Lan 0901234567", "đúng rồi"]],
    "greets": [["chào em", "mua bảo hiểm xe máy", "đồng ý", "Lan 0901234567", "đúng"]],
    "a car": [["mua bảo hiểm ô tô", "đồng ý", "bắt buộc", "Lan 0901234567", "đúng"]],
    "a home": [["bảo hiểm nhà chung cư", "đồng ý", "Lan 0901234567", "Hà Nội", "đúng rồi"]],
}


def turns(lines: list[str]) -> int:
    world = World()
    for number, line in enumerate(lines, 1):
        world.say(line)
        if world.found(OpenHandoff):
            assert number == len(lines), f"done before {lines[number:]}"
            return number
    raise AssertionError(f"not done: {world.state.stage}, asked {world.state.asked}")


def test_the_median_intake_takes_at_most_five_turns() -> None:
    taken = [turns(lines) for scripts in CUSTOMERS.values() for lines in scripts]
    assert median(taken) <= 5
    assert max(taken) <= 5


def test_who_gives_everything_at_once_is_asked_nothing_but_consent_and_the_read_back() -> None:
    world = World()
    world.say("mình tên Lan, 0901234567, ở Cần Thơ, mua bảo hiểm xe máy, gọi chiều mai 3h nhé")
    assert world.said == ["greeting.first", "consent.layer1"]
    world.say("đồng ý")
    assert world.said == ["consent.accepted", "confirm.summary_area"]
    assert "Cần Thơ" in world.words
    world.say("đúng rồi")
    assert world.state.stage is Stage.CALLBACK_SCHEDULED


def confirming(**slots: str) -> World:
    return World(
        state=State(
            stage=Stage.CONFIRMING, asked="confirm", consents=GIVEN, slots={**KNOWN, **slots}, memory={"invited": True}
        )
    )


@pytest.mark.parametrize(
    "line, slot, value",
    [
        ("nhầm, số là 0987654321", "phone", "+84987654321"),
        ("à không, xe máy", "product", "tnds_xe_may"),
        ("không, bảo hiểm du lịch cơ", "product", "du_lich"),
        ("sai rồi, tên mình là Hoa", "name", "Hoa"),
        ("mình ở Đà Nẵng", "province", "Đà Nẵng"),
        ("Biên Hòa", "province", "Đồng Nai"),
    ],
)
def test_a_correction_at_the_read_back_is_read_back(line: str, slot: str, value: str) -> None:
    world = confirming()
    world.say(line)
    assert world.state.slots[slot] == value
    assert world.said[-1].startswith("confirm.summary")
    assert world.state.stage is Stage.CONFIRMING


def test_a_car_instead_is_asked_which_cover() -> None:
    world = confirming(product="tnds_xe_may")
    world.say("à không, ô tô")
    assert world.said == ["ask.product_car"]
    assert "product" not in world.state.slots
    world.say("bắt buộc")
    assert (world.said, world.state.slots["product"]) == (["confirm.summary"], "tnds_o_to")


@pytest.mark.parametrize("line", ["sáng mai nhé", "chiều nay gọi", "9h sáng mai", "sau 5h chiều"])
def test_a_time_at_the_read_back_is_read_back(line: str) -> None:
    world = confirming()
    world.say(line)
    assert world.state.slots.get("callback_time"), line
    assert world.said == ["confirm.summary"]


def test_a_yes_with_a_time_needs_no_second_yes() -> None:
    world = confirming()
    world.say("đúng rồi, gọi chiều mai nhé")
    assert world.said == ["confirm.saved", "queue.callback_set"]
    assert "13:00–17:00 thứ Ba 24/11" in world.words


def test_a_second_wish_stands_beside_the_first() -> None:
    world = confirming(product="tnds_xe_may")
    world.say("thêm cả bảo hiểm sức khỏe nữa")
    assert (world.state.slots["product"], world.state.slots["other_products"]) == ("tnds_xe_may", ["suc_khoe"])
    assert "xe máy" in world.words
    assert "sức khỏe" in world.words


def test_what_is_optional_may_be_declined() -> None:
    world = confirming()
    world.say("không cần hẹn giờ đâu")
    assert world.said == ["confirm.summary"]
    world.tap("edit")
    world.say("ok")
    assert (world.said, world.state.asked) == (["confirm.summary"], "confirm")


def test_a_plain_no_is_asked_what_is_wrong() -> None:
    world = confirming()
    world.say("không đúng")
    assert world.said == ["confirm.edit_which"]


def test_what_is_optional_is_offered_once() -> None:
    world = World()
    world.say("mua bảo hiểm xe máy, mình tên Lan, 0901234567")
    world.say("đồng ý")
    assert world.said == ["consent.accepted", "confirm.add_time_area", "confirm.summary"]
    assert world.shown == ["ok", "edit", "t:morning", "t:afternoon"]
    world.say("nhầm, tên là Hoa")
    assert world.said == ["confirm.summary"]


def test_few_buttons_are_kept_for_the_answer() -> None:
    world = confirming()
    world.context = type(world.context)(business=world.context.business, channel="x", buttons=3)
    world.say("mình ở Cần Thơ")
    assert world.said == ["confirm.summary_area"]
    assert world.shown == ["ok", "edit"]


def collecting(asked: str = "name", **slots: str) -> World:
    return World(
        state=State(
            stage=Stage.COLLECTING, asked=asked, consents=GIVEN, slots={"product": "tnds_xe_may", "need": "x", **slots}
        )
    )


@pytest.mark.parametrize(
    "line, said",
    [
        ("Lan", ["ask.phone"]),
        ("0901234567", ["ask.name"]),
        ("Lan 0901234567", ["confirm.add_time_area", "confirm.summary"]),
        ("12345", ["error.phone_short"]),
        ("không tiện cho số", ["handoff.start"]),
        ("không", ["ask.phone"]),
    ],
)
def test_name_and_number_are_asked_at_once(line: str, said: list[str]) -> None:
    world = collecting()
    world.say(line)
    assert world.said == said


def test_a_home_needs_its_province_and_a_place_we_do_not_know_is_no_dead_end() -> None:
    world = collecting("phone", name="Lan", product="nha_tu_nhan")
    world.say("0901234567")
    assert (world.said, world.state.asked) == (["ask.province"], "province")
    world.say("xóm Đông")
    assert world.said == ["confirm.add_time", "confirm.summary_area"]
    assert world.state.slots["province"] == "xóm Đông"  # as he says it


@pytest.mark.parametrize(
    "line, words",
    [
        ("mình tên Lan, 0901234567, ở Huế, mua bảo hiểm xe máy, gọi chiều mai nhé", "13:00–17:00 thứ Ba 24/11"),
        ("mua bảo hiểm du lịch, tên Lan, 0901234567, gọi lúc nào cũng được", "càng sớm càng tốt"),
        ("tên Lan, 0901234567, mua bảo hiểm xe máy, liên hệ sau 5h chiều giúp mình", "17:00–17:30 thứ Hai 23/11"),
    ],
)
def test_when_he_wants_to_be_called_is_heard_among_all_else(line: str, words: str) -> None:
    world = World()
    world.say(line)
    world.say("đồng ý")
    assert "confirm.add_time_area" not in world.said
    assert "confirm.add_time" not in world.said
    assert words in world.words


@pytest.mark.parametrize("line", ["gọi mình là Mai", "gọi cho tôi nhé, tôi tên Mai", "đi du lịch chiều mai"])
def test_a_name_or_a_trip_is_no_appointment(line: str) -> None:
    world = World()
    world.say(f"mua bảo hiểm du lịch, 0901234567, {line}")
    world.say("đồng ý")
    assert "callback_time" not in world.state.slots


def test_where_a_trip_goes_to_is_not_where_he_lives() -> None:
    world = collecting("phone", name="Lan", product="du_lich")
    world.say("0901234567, đi chơi ở Đà Nẵng")
    assert "province" not in world.state.slots


def test_what_he_told_before_the_consent_counts() -> None:
    world = World()
    world.say("mình ở Cần Thơ muốn mua bảo hiểm xe máy")
    world.wait(timedelta(minutes=1))
    world.say("đồng ý")
    assert world.state.slots["province"] == "Cần Thơ"


def test_a_message_taken_back_leaves_what_was_confirmed_and_people_see_it() -> None:
    world = confirming()
    world.happens(Unsent(at=world.now))
    assert dict(world.state.slots) == KNOWN
    assert [note.text for note in world.found(Note)] == ["Khách đã thu hồi một tin nhắn."]
    assert (world.said, world.state.asked) == ([], "confirm")


@pytest.mark.parametrize(
    "lines, words",
    [
        (["mua bảo hiểm du lịch đi Nhật 7 ngày 2 người"], "bảo hiểm du lịch (đi Nhật Bản, 7 ngày, 2 người)"),
        (["bên mình có bán bảo hiểm cho xe tải 5 tấn ko", "bắt buộc"], "bảo hiểm TNDS ô tô (xe tải 5 tấn)"),
        (["hợp đồng của tôi sắp hết hạn, gia hạn giúp"], "Nhu cầu: gia hạn hợp đồng\n"),
        (["bảo hiểm xe máy bao nhiêu 1 năm"], "Nhu cầu: bảo hiểm TNDS xe máy\n"),
        (["gia hạn bảo hiểm xe máy"], "gia hạn hợp đồng: bảo hiểm TNDS xe máy"),
    ],
)
def test_the_need_is_read_back_in_our_words(lines: list[str], words: str) -> None:
    world = World()
    world.say(lines[0])
    world.say("đồng ý")
    for line in (*lines[1:], "Lan 0901234567"):
        world.say(line)
    assert words in world.words


@pytest.mark.parametrize(
    "line, words",
    [
        ("chiều", "13:00–17:00 thứ Hai 23/11"),  # the office is closed from twelve to one
        ("trưa nay", "11:00–12:00 thứ Hai 23/11"),
        ("sau 5h chiều nay", "17:00–17:30 thứ Hai 23/11"),
        ("mai", "08:00–17:30 thứ Ba 24/11"),
    ],
)
def test_a_wished_time_is_clipped_to_the_hours_of_work(line: str, words: str) -> None:
    world = confirming()
    world.say(line)
    assert words in world.words


@pytest.mark.parametrize("line", ["12h15 trưa nay", "tối nay 8h gọi nhé", "chủ nhật 9h tối", "tối nay", "tối"])
def test_who_wishes_an_hour_at_which_nobody_works_is_told_so(line: str) -> None:
    world = confirming()
    world.say(line)
    assert (world.said, world.state.unclear) == (["ask.time_closed", "confirm.summary"], 0)
    assert "callback_time" not in world.state.slots


def test_the_last_digits_of_a_number_are_put_right() -> None:
    world = confirming()
    world.say("sai rồi số đuôi 223")
    assert (world.said, world.state.slots["phone"]) == (["confirm.summary"], "+84901234223")


@pytest.mark.parametrize("asked", ["name", "phone"])
def test_a_detail_beside_the_question_is_noted(asked: str) -> None:
    world = collecting(asked, **({"name": "Lan"} if asked == "phone" else {}))
    for line in ("xe mình màu đỏ", "biển 59X1-123.45", "năm ngoái mua bên Bảo Việt"):
        world.say(line)
        assert world.said[0] == "ask.noted", line
        assert (world.state.asked, world.state.unclear) == (asked, 0)
    assert "màu đỏ" in world.state.slots["need"]
    assert "59X1" not in world.state.slots["need"]


@pytest.mark.parametrize(
    "line, words",
    [
        ("Hà - 0912345678 - 10h sáng mai", "10:00–10:30 thứ Ba 24/11"),
        ("Hùng 0977.888.999 gọi mình 9h sáng t3", "09:00–09:30 thứ Ba 24/11"),
        ("Tâm cty Minh Phát 0909888777 chiều mai", "13:00–17:00 thứ Ba 24/11"),
    ],
)
def test_a_time_beside_his_number_is_for_the_call(line: str, words: str) -> None:
    world = collecting()
    world.say(line)
    assert world.said == ["confirm.add_area", "confirm.summary"]
    assert words in world.words


@pytest.mark.parametrize(
    "line", ["gọi lúc nào cũng được", "giờ nào cũng được ạ", "sáng thứ 3", "gọi lại chiều mai nhé"]
)
def test_a_time_instead_of_the_name_is_kept_and_the_name_asked_again(line: str) -> None:
    world = collecting()
    world.say(line)
    assert world.said == ["ask.noted", "ask.name_phone"]
    assert world.state.slots["callback_time"]


def test_which_cover_may_be_told_later_than_asked() -> None:
    world = World()
    for line in ("mua bảo hiểm ô tô", "đồng ý", "chưa biết loại nào", "cả hai"):
        world.say(line)
    assert (world.state.slots["product"], world.state.slots["other_products"]) == ("tnds_o_to", ["vat_chat_o_to"])


def test_what_the_home_is_like_is_noted() -> None:
    world = confirming(product="nha_tu_nhan", province="Huế")
    world.say("nhà 3 tầng")
    assert world.said == ["ask.noted", "confirm.summary_area"]


def test_office_hours_as_a_time_to_call_are_any_time() -> None:
    world = confirming()
    world.say("gọi giờ hành chính")
    assert world.said == ["confirm.summary"]
    assert world.state.memory["soon"]


@pytest.mark.parametrize("line", ["số đuôi sai, phải là 999", "không phải 567 mà 999", "3 số cuối là 999 mới đúng"])
def test_the_last_digits_in_other_words(line: str) -> None:
    world = confirming()
    world.say(line)
    assert (world.said, world.state.slots["phone"]) == (["confirm.summary"], "+84901234999")


def test_a_part_of_the_day_keeps_the_day_named_before() -> None:
    world = confirming()
    for line, words in (("thứ 6", "08:00–17:30 thứ Sáu 27/11"), ("sáng", "08:00–12:00 thứ Sáu 27/11")):
        world.say(line)
        assert words in world.words
    world.say("10h")
    assert "10:00–10:30 thứ Sáu 27/11" in world.words
    world.say("chủ nhật")
    assert world.said == ["ask.time_moved", "confirm.summary"]
    assert "thứ Hai 30/11" in world.words


@pytest.mark.parametrize("line, people", [("2 vợ chồng", 2), ("gia đình 4 người", 4)])
def test_how_many_they_are_is_read_back(line: str, people: int) -> None:
    world = confirming(product="suc_khoe")
    world.say(line)
    assert world.state.slots["people"] == people
    assert f"bảo hiểm sức khỏe ({people} người)" in world.words


def test_is_it_done_is_no_correction_and_a_yes_keeps_what_was_to_be_edited() -> None:
    world = confirming()
    world.say("xong chưa")
    assert world.said == ["confirm.summary"]
    world.say("sửa loại bảo hiểm")
    assert world.said == ["ask.need"]
    world.say("ok")
    assert (world.said, dict(world.state.slots)) == (["confirm.summary"], KNOWN)


@pytest.mark.parametrize("line", ["Hương 0903222347 Hà Nội", "ten Huong so 0903222347 nhe"])
def test_a_name_beside_a_number_and_more(line: str) -> None:
    world = collecting()
    world.say(line)
    assert world.state.slots["name"] in ("Hương", "Huong")
    assert world.state.stage is Stage.CONFIRMING
