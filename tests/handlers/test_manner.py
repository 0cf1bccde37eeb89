"""He is answered in his language, and by the word that he uses of himself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import Kind
from handlers import manner
from handlers.model import Business, Said
from handlers.understanding.address import beside
from tests.stories.world import OFFICE, World

TONGUES = [
    ("Hello, I would like to buy travel insurance", "en"),
    ("how much is car insurance?", "en"),
    ("I agree", "en"),
    ("hello shop", ""),
    ("ok", ""),
    ("Ken", ""),
    ("Nguyen Van An", ""),
    ("Đặng Thị Ánh", ""),
    ("0901234567", ""),
    ("toi muon mua bao hiem xe may", "vi"),
    ("cho hỏi phí", "vi"),
    ("CHO HỎI PHÍ", "vi"),
    ("dong y", "vi"),
    ("call lai cho minh nhe", "vi"),
    ("my father passed away", "en"),
    ("help me im bleeding", "en"),
    ("I want to buy bảo hiểm du lịch", ""),
    ("mình muốn mua travel insurance", ""),
    ("e mún mua bh xe máy nhoé", "vi"),
    ("12 Le Loi, Quan 1", ""),
    ("👍", ""),
    ("", ""),
]


@pytest.mark.parametrize("text, lang", TONGUES)
def test_the_language_of_a_sentence(text: str, lang: str) -> None:
    assert manner.tongue(text) == lang


@pytest.mark.parametrize(
    "text, lang",
    [
        ("English please", "en"),
        ("can we speak in English?", "en"),
        ("nói tiếng Anh đi bạn", "en"),
        ("I don't speak Vietnamese", "en"),
        ("nói tiếng Việt đi", "vi"),
        ("tieng viet nhe", "vi"),
        ("tôi không biết tiếng Anh", "vi"),
        ("sorry, no English", "vi"),
        ("có bản tiếng Anh không", ""),
        ("hợp đồng có tiếng Anh không em", ""),
        ("mua bảo hiểm", ""),
    ],
)
def test_he_may_ask_for_a_language(text: str, lang: str) -> None:
    assert manner.asks_for(text) == lang


def test_the_first_clear_sentence_decides_and_one_alone_turns_nothing() -> None:
    world = World()
    world.say("toi muon mua bao hiem xe may")
    world.say("what is the price please")
    assert world.state.lang == "vi"
    world.say("ok")
    world.say("I do not know what you want")
    assert world.state.lang == "en"


def test_a_sentence_in_the_old_language_counts_from_the_beginning() -> None:
    world = World()
    world.say("I would like to buy car insurance")
    world.say("cho hỏi phí")
    world.say("I want to know the price")
    world.say("phí nhiêu vậy")
    assert world.state.lang == "en"
    world.say("nói tiếng Việt đi")
    assert world.state.lang == "vi"


def test_numbers_and_buttons_change_nothing() -> None:
    world = World()
    world.say("Hello, I want to buy travel insurance")
    world.tap("c1:yes")
    world.say("Đặng Minh")
    world.say("0912 345 678")
    world.tap("t:now")
    assert world.state.lang == "en"


@pytest.mark.parametrize(
    "first, lang", [("alo", "en"), ("mua bảo hiểm xe máy", "vi"), ("I want to buy insurance", "en")]
)
def test_the_page_begins_and_his_words_go_on(first: str, lang: str) -> None:
    world = World()
    world.happens(Said(message_id="m1", kind=Kind.TEXT, at=world.now, text=first, profile_language="en"))
    assert world.state.lang == lang
    world.say("cho hỏi phí xe máy")
    assert world.state.lang == ("vi" if first == "alo" else lang)


def test_that_the_bot_is_off_is_said_in_the_language_of_the_page() -> None:
    world = World()
    world.context = replace(world.context, bot=False)
    world.happens(Said(message_id="m1", kind=Kind.TEXT, at=world.now, text="alo", profile_language="en"))
    assert (world.said, world.state.lang) == (["maintenance.bot_off"], "en")


def test_a_language_that_is_not_spoken_here() -> None:
    world = World()
    world.context = replace(world.context, business=replace(OFFICE, languages=("vi",)))
    world.say("Hello, I would like to buy travel insurance")
    world.say("English please")
    assert world.state.lang == Business().languages[0]


def test_the_notice_of_a_bot_that_is_off_is_in_his_language() -> None:
    world = World()
    world.context = replace(world.context, bot=False)
    world.say("Hello, I would like to buy travel insurance")
    assert world.said == ["maintenance.bot_off"]
    assert world.words.startswith("I have your message")


def test_how_he_is_spoken_to_before_and_after_consent() -> None:
    world = World()
    world.say("chị cần bh xe máy")
    assert "Dạ em chào chị!" in world.words
    world.say("phí nhiêu vậy?")
    assert "chị" in world.words.lower()
    assert "anh/chị" not in world.words.lower()
    assert world.state.salutation == ""  # nothing is kept before the yes
    world.tap("c1:yes")
    assert world.state.salutation == "chị"


def test_he_puts_it_right() -> None:
    world = World()
    world.say("anh muốn mua bảo hiểm xe máy")
    world.say("chị là nữ mà em, gọi chị nhé")
    assert "anh" not in world.words.lower().split()
    world.say("đồng ý")
    assert world.state.salutation == "chị"
    world.say("không phải chị")
    assert world.state.salutation == "anh/chị"
    assert "chị" not in [word.strip(".,") for word in world.words.lower().split()]


def test_words_about_others_change_nothing() -> None:
    world = World()
    world.say("chị muốn mua bảo hiểm xe máy")
    world.tap("c1:yes")
    world.say("mua cho anh", "em muốn mua luôn")
    assert world.state.salutation == "chị"


def test_how_to_call_him_is_no_call() -> None:
    world = World()
    world.say("anh ơi tư vấn giúp gói du lịch")
    world.say("mình là nữ nhé, gọi chị thôi em. chị đồng ý")
    assert (world.state.consents["C1"], world.state.salutation) == ("given", "chị")
    world.say("gọi là chị nhé")
    assert world.state.stage.value == "collecting"
    world.say("gọi chị nhé, chị cần nói chuyện với người thật")
    assert world.state.stage.value == "queued"


@pytest.mark.parametrize(
    "text, rest",
    [
        ("gọi chị thôi em", ""),
        ("Gọi chị thôi em. Chị đồng ý", "Chị đồng ý"),
        ("đừng gọi tôi là anh, chị là nữ", "chị là nữ"),
        ("gọi chị lúc 9h", "gọi chị lúc 9h"),
        ("gọi chị nhé", "gọi chị nhé"),
        ("đừng gọi cho chị nữa", "đừng gọi cho chị nữa"),
        ("đừng gọi anh nữa", "đừng gọi anh nữa"),
    ],
)
def test_what_else_he_says(text: str, rest: str) -> None:
    assert beside(text) == rest
