"""Properties of reading: it never fails, it is linear, it is the same twice; and the command line around it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.understanding import mask, understand, urgent
from handlers.understanding.cli import run

CONTEXTS = [
    None, "ask_consent", "ask_consent_sensitive", "ask_name", "ask_phone", "ask_email", "ask_plate", "ask_need", "ask_product", "ask_time", "ask_dob",
    "ask_id", "ask_delivery", "ask_declare", "confirm", "offer_buy", "renewal_reminder", "ad_sent", "csat", "scope", "received", "nonsense",
]  # fmt: skip
PIECES = [
    "dừng", "dung", "mua", "bảo hiểm", "xe máy", "0912345678", "o9", "@", "gmail.com", "59X1", "-123.45", "mai", "3h", "chiều", "đồng ý", "không", "?", "…",
    "là", "tên", "Lan", "chị", "à nhầm", "1tr2", "2 tỷ", "12/5/90", "k", "👍", "mật khẩu:", "otp 1234", "\n", ",", ".", "a còng", "bị", "tông", "mất", "mẹ",
]  # fmt: skip


@given(
    st.text() | st.lists(st.sampled_from(PIECES)).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join),
    st.sampled_from(CONTEXTS),
)
@settings(max_examples=200)
def test_reading_never_fails_and_is_the_same_twice(text: str, context: str | None) -> None:
    found = understand(text, context)
    assert found == understand(text, context)
    assert found.intent not in found.also
    json.dumps(dict(found.entities))
    urgent(text)


@given(
    st.sampled_from(["dừng", "DỪNG", "dung", "DUNG", "stop", "ngừng", "ngung", "hủy", "huỷ", "tc", "unsubscribe"]),
    st.data(),
)
def test_a_stop_word_stops_in_any_dress(word: str, data: st.DataObject) -> None:
    typed = data.draw(st.sampled_from([word, word.upper(), word.title(), word.swapcase()]))
    typed = unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"])), typed)
    typed += data.draw(
        st.sampled_from(
            ["", "!", "!!!", ".", " ", "\n", " ạ", " nhé", " đi", " 😡", typed[-1] * 3 if typed[-1].isalpha() else ""]
        )
    )
    typed = data.draw(st.sampled_from(["", " ", "\u200b", "\ufeff"])) + typed
    assert understand(typed).intent == "opt_out"
    assert urgent(typed)


NASTY = {
    "one letter": "a", "digits": "1", "digits apart": "1 ", "dots": ".", "spaces": " ", "ats": "@a.", "o and l": "o1", "no": "không ", "dates": "12/5/",
    "phones": "0912345678 ", "words": "mua bảo hiểm xe máy giá bao nhiêu ", "dead": "ba mẹ mất ", "passwords": "mật khẩu của tôi ", "otp": "otp la ",
    "spoken": "khong chin ", "names": "tên là Lan ", "call": "gọi cho ", "marks": "\u0301", "emoji": "👍", "bang": "!", "gaps": "đừng a a a ", "stop": "s t o p ",
    "hours": "3h-", "mail words": "a cong gmail cham com ", "plates": "59x1 ", "seats": "7 c ", "quotes": '"\'', "telex": "baor hieemr ",
    "vni": "ba3o hie63m ", "plates told": "nam chin ich mot ", "days told": "ngay muoi hai thang nam nam chin muoi ", "consents": "đồng ý, ", "signs told": "a moc b at gmail ",
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_time_grows_with_length_only(name: str) -> None:
    def spent(size: int) -> float:
        text = (NASTY[name] * size)[:size]
        best = 1e9
        for _ in range(2):
            began = time.thread_time()
            understand(text, "ask_name")
            mask(text)
            urgent(text)
            best = min(best, time.thread_time() - began)
        return best

    spent(100)
    short, long = spent(1000), spent(4000)
    assert long < short * 12 + 0.02
    assert long < 1.0


def test_importing_is_light() -> None:
    code = "import sys, handlers.understanding; print(sorted({'phonenumbers', 'yaml', 'aiohttp', 'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lone_surrogate_is_read() -> None:
    assert understand("dừng \ud800").intent == "opt_out"


def test_one_line_in_one_line_out() -> None:
    lines = [
        '{"text": "số em 0901234567, mua bh xe máy"}',
        "nonsense",
        '{"text": 1}',
        "[]",
        "",
        '{"text": "ừ", "context": "confirm"}',
        '{"text": "ừ", "context": 1}',
        '{"text": "\\ud800"}',
        "[" * 5000,
    ]
    out = io.StringIO()
    run(io.StringIO("\n".join(lines)), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(answers) == len(lines)
    assert answers[0] == {
        "intent": "buy",
        "entities": {"product": "tnds_xe_may", "phone": "+84901234567"},
        "also": ["give_phone"],
    }
    assert answers[5] == {"intent": "yes", "entities": {}}
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, False, True, False, True]
