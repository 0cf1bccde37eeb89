"""The small pure parts: masks, multipart forms, cursors, folding."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.api import cursors, masks, multipart, values
from gateway.api.errors import ApiError
from gateway.api.models import ConversationQuery
from gateway.api.models_house import EventQuery, OutboxQuery
from gateway.api.models_people import NewToken
from gateway.api.serve import validated
from storage import search


@pytest.mark.parametrize(
    ("mask", "value", "wanted"),
    [
        (masks.name, "Nguyễn Văn Hùng", "Nguyễn V** H***"),
        (masks.name, "Lan", "L**"),
        (masks.name, "", ""),
        (masks.phone, "+84912345678", "091****678"),
        (masks.phone, "0912345678", "091****678"),
        (masks.phone, "+15551234567", "155****567"),
        (masks.phone, "113", "***"),
        (masks.email, "lan.tran@gmail.com", "l***@gmail.com"),
        (masks.id_number, "079123451234", "079*****1234"),
        (masks.plate, "59X1-12345", "59X1-***45"),
        (masks.birth, "1990-05-12", "**/**/1990"),
        (masks.last4, "BH-2026-001234", "**********1234"),
        (masks.text, "gọi 0912 345 678 hoặc lan@x.vn nhé", "gọi 091****678 hoặc l***@x.vn nhé"),
        (masks.text, "số CCCD 079123451234", "số CCCD 079****234"),
        (masks.text, "xe 7 chỗ, phí 1.270.000 đ", "xe 7 chỗ, phí 1.270.000 đ"),
        (masks.need, "mua bảo hiểm cho mẹ bị tiểu đường", "mua bảo hiểm cho mẹ …"),
    ],
)
def test_masks(mask: object, value: str, wanted: str) -> None:
    assert mask(value) == wanted  # type: ignore[operator]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Họ tên: Mai Thanh Hà, 0912345678", "Họ tên: Mai T**** H*, 091****678"),
        ("em là mai thanh ha ạ", "em là mai t**** h* ạ"),
        ("chị Thanh Hà gọi lại", "chị T**** H* gọi lại"),
        ("Chị Hà gọi lại", "Chị H* gọi lại"),
        ("nhà ở hà nội, mai gọi", "nhà ở hà nội, mai gọi"),
        ("MAI  THANH HÀ và Mai Thanh Hà", "MAI T**** H* và Mai T**** H*"),
        ("Mai Thanh Hàng", "Mai Thanh Hàng"),
    ],
)
def test_a_name_that_we_know_is_masked_in_free_words(said: str, wanted: str) -> None:
    assert masks.text(said, ("Mai Thanh Hà", "")) == wanted
    assert masks.text(said.replace("0912345678", "x"), ()) == said.replace("0912345678", "x")


def test_slots_that_nobody_knows_are_read_as_free_text() -> None:
    given_ = {
        "name": "Trần Lan",
        "product": "suc_khoe",
        "seats": 7,
        "new": "0912345678",
        "health": {"note": "x", "bad": True},
        "list": ["a@b.vn"],
    }
    assert masks.slots(given_) == {
        "name": "Trần L**", "product": "suc_khoe", "seats": 7, "new": "091****678", "health": {"note": "***", "bad": None}, "list": ["a***@b.vn"],
    }  # fmt: skip


def test_names_are_masked_in_slots_of_free_words() -> None:
    given_ = {"need": "bảo hiểm cho Trần Lan và con", "by": {"note": "Lan gọi"}, "province": "Lan", "list": ["chị Lan"]}
    assert masks.slots(given_, ("Trần Lan",)) == {
        "need": "bảo hiểm cho Trần L*…", "by": {"note": "L** gọi"}, "province": "Lan", "list": ["chị L**"],
    }  # fmt: skip


def test_phones_and_emails_are_kept_in_one_form() -> None:
    assert values.phones(["0912 345 678", "+84 912 345 678", "84912345678"]) == ("+84912345678",)
    assert values.emails([" Lan@Example.VN "]) == ("lan@example.vn",)
    with pytest.raises(ApiError) as caught:
        values.phones(["0912345678", "x", "123"])
    assert set(caught.value.fields or ()) == {"phones.1", "phones.2"}


# ---- forms


def test_browsers_and_libraries_spell_names_their_own_way() -> None:
    def form(disposition: str) -> str:
        body = f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\nx\r\n--b--\r\n".encode()
        return multipart.parse("multipart/form-data; boundary=b", body).files["file"].filename

    assert form('name="file"; filename="giấy tờ.pdf"') == "giấy tờ.pdf"
    assert form('name="file"; filename="gi%E1%BA%A5y.pdf"') == "giấy.pdf"
    assert form("name=file; filename=\"x\"; filename*=UTF-8''gi%E1%BA%A5y.pdf") == "giấy.pdf"
    assert form('name="file"; filename="a\\"b%22.pdf"') == 'a"b".pdf'
    assert form('filename=""; name="file"') == ""


def test_the_digest_does_not_know_the_boundary() -> None:
    def form(boundary: str, text: str) -> bytes:
        body = f"--{boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\n{text}\r\n--{boundary}--".encode()
        return multipart.parse(f"multipart/form-data; boundary={boundary}", body).digest()

    assert form("x", "1") == form("yy", "1") != form("x", "2")


@given(st.binary(max_size=300))
@example(b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--b--")
def test_no_form_raises_anything_else(body: bytes) -> None:
    for whole in (
        body,
        b"--b\r\n" + body + b"\r\n--b--",
        b"--b\r\nContent-Disposition: " + body + b"\r\n\r\nx\r\n--b--",
    ):
        code = "unreadable"
        try:
            multipart.parse("multipart/form-data; boundary=b", whole)
        except ApiError as err:
            code = err.code
        assert code == "unreadable"


# ---- cursors


@given(
    st.integers(min_value=-(2**62), max_value=2**62), st.text(alphabet="0123456789abcdefghijklmnopqrstuv", max_size=26)
)
def test_a_cursor_comes_back(number: int, word: str) -> None:
    assert cursors.read("c", cursors.write("c", number, word), int, str) == (number, word)


@given(st.text(max_size=60))
@example(cursors.write("d", 1, "x"))
@example(cursors.write("c", 1))
@example(cursors.write("c", "1", "x"))
@example(cursors.write("c", 2**63, "x"))
@example(cursors.write("c", 1, "a\u0000b"))
def test_no_other_text_is_a_cursor(text: str) -> None:
    if text:
        with pytest.raises(ApiError) as caught:
            cursors.read("c", text, int, str)
        assert caught.value.status == 422


# ---- words


def test_a_list_is_narrowed_to_channels_that_there_are() -> None:
    for query in (ConversationQuery, EventQuery, OutboxQuery):
        assert [query.model_validate({"channel": channel}).channel for channel in ("", "leads")] == ["", "leads"]
        with pytest.raises(ValidationError, match="there is no such channel; there are webchat, telegram"):
            query.model_validate({"channel": "nope"})


def test_what_is_left_empty_is_said_so() -> None:
    with pytest.raises(ApiError) as caught:
        validated(NewToken, {"name": " ", "role": "advisor"})
    assert caught.value.fields == {"name": "is empty; it is needed"}


def test_folding_and_what_is_asked_for() -> None:
    assert search.words("Đỗ  Thị Ánh, 7chỗ") == ["do", "thi", "anh", "7", "cho"]
    assert search.fold("ĐƯỜNG") == search.fold("đường") == "duong"
    assert search.of_name("Bé Ba") == {"be", "ba"}
    assert search.of_name("Hùng") == {"hu", "hun", "hung"}
    assert search.of_value("+84912345678") == {"0912345678", "5678"}
    assert search.of_value("59A-123.45") == {"59a-123.45", "59a12345", "12345", "59", "a", "123", "45"}
    for phone in ("0912 345 678", "0912.345.678", "+84912345678", "84 912 345 678", "0084912345678", "912345678"):
        assert search.readings(phone)[0] == ["0912345678"], phone
    assert search.readings("56.78")[0] == search.readings("5678")[0] == ["5678"]
    for plate in ("59A-123.45", "59a12345", "59A 123.45"):
        assert search.readings(plate)[0] == ["59a12345"], plate
    assert search.readings("hùng HÙNG") == [["hung"]]
    assert search.readings("Hùng xe 2020")[-1] == ["hung", "xe", "2020"]
    assert search.readings("Lan@X.vn") == [["lan@x.vn"]]
    assert search.readings("…") == []
