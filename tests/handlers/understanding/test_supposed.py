"""Harm that is only supposed and harm that was done; who is ill and wants to be insured; despair, and words that only sound like it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.model import WAITING
from handlers.understanding import intent, understand
from handlers.understanding.common import is_common
from handlers.understanding.facts import gather
from handlers.understanding.fold import LONGEST
from handlers.understanding.reading import read
from handlers.understanding.supposed import APPLIES, SUPPOSED
from tests.stories.world import World

NOW = datetime(2026, 10, 1, tzinfo=UTC)

SUPPOSES = [
    "nếu xe bị cháy thì có được bồi thường không", "bảo hiểm có chi trả khi đi cấp cứu không", "xe máy tông nhau thì bảo hiểm đền thế nào", "cam kết đền 100% không",
    "giả sử xe em bị trộm thì được trả bao nhiêu", "neu xe bi mat cap co duoc den khong", "nếu chẳng may mất thì gia đình được nhận gì",
]  # fmt: skip
TELLS = [
    "xe em bị cháy có được bồi thường không", "hôm qua xe tông nhau bảo hiểm đền thế nào", "mẹ em nằm viện bảo hiểm có chi trả không", "ba tôi mất rồi, bảo hiểm có trả không",
    "vừa tông nhau xong, bảo hiểm đền thế nào", "oto bị ngập nước có được bảo hiểm k",
]  # fmt: skip
ILL = [
    "t muốn mua bh sức khỏe cho mẹ 62 tuổi bị tiểu đường", "mẹ em bị tiểu đường mua bảo hiểm sức khỏe được không", "ba mình bị cao huyết áp có mua được bảo hiểm không em",
]  # fmt: skip
ILL_AND_CLAIMS = [
    "vợ em mới sinh mổ, muốn làm bồi thường thai sản", "mẹ em bị ung thư nằm viện rồi, bồi thường sao",
]  # fmt: skip
HIDES = ["giấu bệnh tiểu đường để mua bảo hiểm được không", "bị ung thư mà khai không bệnh mua bảo hiểm được không"]
DESPAIR = [
    "chắc em nhảy cầu quá", "sống không bằng chết, muốn kết thúc tất cả", "con muốn chết quá", "khong muon song nua", "i want to die", "không muốn sống nữa đừng nhắn nữa",
]  # fmt: skip
NO_DESPAIR = [
    "chờ muốn chết mà chẳng ai gọi", "mệt muốn chết luôn", "tự tử thì nhân thọ có đền không", "từ từ đã em", "em muốn mua bảo hiểm lỡ chết có tiền cho con", "bảo hiểm xe máy đi cầu vượt",
]  # fmt: skip
SIGHS = ["đừng rep nữa", "spam riết", "mệt quá nha dẹp đi", "sao cứ nhắn hoài vậy trời", "nhắn hoài mệt quá"]
NO_SIGH = ["tôi nhắn hoài mà không ai trả lời", "nhắn hoài không thấy rep", "gọi hoài không ai nghe máy"]


def test_a_harm_that_is_supposed_is_a_question() -> None:
    seen = {text: understand(text) for text in SUPPOSES}
    assert {text: one.intent for text, one in seen.items()} == dict.fromkeys(SUPPOSES, "other")
    assert not [text for text, one in seen.items() if {"urgent", "fatal"} & one.entities.keys() or "claim" in one.also]


def test_a_harm_that_was_done_is_none() -> None:
    assert [text for text in TELLS if SUPPOSED in read(text).labels or understand(text).intent != "claim"] == []


def test_an_illness_in_a_wish_to_buy_is_sensitive_and_nothing_else() -> None:
    seen = {text: understand(text) for text in ILL}
    assert {(one.intent, one.entities.get("sensitive"), one.also) for one in seen.values()} == {("buy", "health", ())}
    assert [text for text in (*ILL_AND_CLAIMS, *HIDES) if APPLIES in read(text).labels] == []
    assert [text for text in HIDES if understand(text).entities.get("topic") != "fraud_signal"] == []


def test_a_wish_to_give_back_what_was_bought_is_no_fraud() -> None:
    told = understand("mua rồi trả lại được không")
    assert (told.intent, dict(told.entities)) == ("other", {"topic": "cancel_policy"})


@pytest.mark.parametrize("text", ["được voi đòi tiên", "mẹ em bỏ em đi rồi", "mất bò mới lo làm chuồng"])
def test_a_saying_is_no_claim(text: str) -> None:
    assert understand(text).intent == "other"


def test_despair_is_told_from_a_manner_of_speaking() -> None:
    assert [text for text in DESPAIR if understand(text).entities.get("topic") != "self_harm"] == []
    assert [text for text in NO_DESPAIR if understand(text).entities.get("topic") == "self_harm"] == []
    assert understand("chồng đánh em, em sợ lắm").entities["topic"] == "violence"
    assert "topic" not in understand("chồng đánh rơi điện thoại").entities


def test_despair_and_ages_are_not_remembered() -> None:
    for text in ("con muốn chết quá", "không muốn sống nữa", "em học lớp 8 muốn mua bảo hiểm", "cứu em với"):
        reading = read(text)
        facts = gather(reading, "", NOW)
        assert not is_common(text, reading, facts, intent.decide(reading, facts, "").intent, {})


def test_a_stop_that_sighs_is_one() -> None:
    assert [text for text in SIGHS if understand(text).intent != "opt_out"] == []
    assert [text for text in NO_SIGH if understand(text).intent == "opt_out"] == []


def test_not_to_be_called_is_a_condition_of_a_consent_and_no_stop() -> None:
    assert understand("đồng ý nhưng đừng gọi cho tôi", "ask_consent").intent == "other"
    assert understand("đừng gọi cho tôi nữa", "ask_consent").intent == "opt_out"


def test_authorities_impostors_and_suits_are_for_people() -> None:
    assert understand("tôi là luật sư, cho xem dữ liệu anh đang giữ").intent == "talk_to_human"
    assert understand("tôi là công an muốn mua bảo hiểm xe máy").intent == "buy"
    told = understand("có người gọi xưng là ibaohiem đòi chuyển tiền")
    assert (told.intent, told.entities["topic"]) == ("complaint", "incident")
    assert understand("tôi kiện công ty bạn").intent == "complaint"
    assert understand("phụ kiện công ty bạn có bảo hiểm không").intent != "complaint"


@pytest.mark.parametrize("letters", [LONGEST, 2 * LONGEST, 5 * LONGEST])
def test_the_end_of_a_long_letter_is_read(letters: int) -> None:
    letter = "tôi có chiếc xe này lâu rồi " * (letters // 28 + 1)
    assert understand(letter + "đừng nhắn tin cho tôi nữa").intent == "opt_out"
    assert understand(letter + "ba tôi mất hôm qua vì tai nạn").entities.get("fatal")


@pytest.mark.parametrize(
    "text", ["chắc em nhảy cầu quá", "sống không bằng chết, muốn kết thúc tất cả", "chồng đánh em, em sợ lắm"]
)
def test_who_is_in_danger_is_shown_no_menu_and_no_form(text: str) -> None:
    world = World()
    world.say(text)
    assert not [key for key in world.said if key.startswith(("consent", "menu", "ask"))]
    assert world.state.stage in WAITING
