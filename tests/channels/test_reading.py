"""The one JSON reader: what it refuses, what it keeps, and that junk raises nothing but MalformedPayload."""

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import reading
from channels.contract import MalformedPayload
from channels.reading import clean, clean_name, read_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20) + 1, 10**20 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1}x',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":"\x01"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',  # a surrogate spelled in UTF-8
        b'{"a":"\xc0\xaf"}',  # overlong
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',  # the same key, escaped
        b'{"x":[{"b":{},"b":[]}]}',
        b'{"a":' + b"1" * 21 + b"}",
        b'{"a":-' + b"1" * 21 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 1_000_000,
        b"[" * 500_000 + b"]" * 500_000,
        b'"' + b"[" * 40,
        b"]" * 20 + b"[" * 20,
    ],
)
def test_refused(body: bytes) -> None:
    with pytest.raises(MalformedPayload) as caught:
        read_json(body)
    assert caught.value.__context__ is None  # the causes quote the body


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xef\xbb\xbf{}", {}),
        (b' \r\n{"a": [1, -2, 1.5, true, null]} ', {"a": [1, -2, 1.5, True, None]}),
        (b'{"a":' + b"9" * 20 + b"}", {"a": 10**20 - 1}),
        (b'{"a":-' + b"9" * 20 + b"}", {"a": 1 - 10**20}),
        (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
        (
            json.dumps(["[{" * 50, '\\"[', [["]"]]]).encode(),
            ["[{" * 50, '\\"[', [["]"]]],
        ),  # brackets in texts are no depth
        (b"[" + b"[]," * 100 + b"{}]", [[]] * 100 + [{}]),
        (b'"' + b"1" * 5000 + b'"', "1" * 5000),
        (rb'"\ud83d"', "\ud83d"),  # half an emoji: `clean` takes it away
        (b'{"a":{"a":1},"A":2}', {"a": {"a": 1}, "A": 2}),
        (b"1e30", 1e30),
    ],
)
def test_read(body: bytes, value: Any) -> None:
    assert read_json(body) == value


@given(JSON, st.booleans())
def test_reads_what_the_standard_library_writes(value: Any, ascii_only: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")) == value


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='[]{}",:\\u0123e.-tfn ').map(str.encode))
def test_junk_raises_only_malformed(body: bytes) -> None:
    try:
        value = read_json(body)
    except MalformedPayload:
        return
    assert value == json.loads(body.decode("utf-8-sig"))


@given(st.integers(1, 60), st.text(alphabet='[]{}"\\ab', max_size=8))
def test_depth_is_counted_exactly(depth: int, noise: str) -> None:
    value: Any = noise
    for turn in range(depth):
        value = [value] * 2 if turn < 3 else {noise: value, "empty": []} if turn % 2 else [value]
    body = json.dumps(value).encode()
    if depth <= 32:
        assert read_json(body) == value
    else:
        with pytest.raises(MalformedPayload, match="deeper"):
            read_json(body)


RAW = {"a": {"b": "x", "n": 3, "t": "17", "f": 1.5, "yes": True, "list": [1], "none": None}, "id": 2**52}


def test_getters() -> None:
    assert reading.text(RAW, "a", "b") == "x"
    assert reading.text(RAW, "a", "missing") == reading.text(RAW, "no", "way") == reading.text(RAW, "a", "none") == ""
    assert reading.ident(RAW, "id") == str(2**52)
    assert reading.ident(RAW, "a", "b") == "x"
    assert reading.ident(RAW, "a", "missing", needed=False) == ""
    assert reading.integer(RAW, "a", "n") == 3
    assert reading.integer(RAW, "a", "t") == 17
    assert reading.integer(RAW, "a", "missing", default=0) == 0
    assert reading.number(RAW, "a", "f") == 1.5
    assert reading.number(RAW, "a", "n") == 3.0
    assert reading.mapping(RAW, "a")["b"] == "x"
    assert reading.mapping(RAW, "missing") == {}
    assert reading.items(RAW, "a", "list") == [1]
    assert reading.items(RAW, "a", "missing") == []
    assert reading.moment(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("getter", "path"),
    [
        (reading.text, ("a",)),
        (reading.text, ("a", "n")),
        (reading.text, ("a", "b", "c")),
        (reading.ident, ("a", "yes")),
        (reading.ident, ("a", "f")),
        (reading.ident, ("a", "missing")),
        (reading.integer, ("a", "b")),
        (reading.integer, ("a", "yes")),
        (reading.integer, ("a", "missing")),
        (reading.number, ("a", "t")),
        (reading.number, ("a", "yes")),
        (reading.mapping, ("a", "list")),
        (reading.mapping, ("a", "b")),
        (reading.items, ("a", "b")),
        (reading.items, ("a",)),
    ],
)
def test_getters_name_the_place_and_not_the_value(getter: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(MalformedPayload) as caught:
        getter(RAW, *path)
    assert str(caught.value).startswith(".".join(path[:2]))
    assert "17" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "x" * 129, "a\nb", "a\x00", "a\ud800", "a\u202e", [], {}, 1.0, None])
def test_ids_are_short_printable_text(wrong: Any) -> None:
    with pytest.raises(MalformedPayload):
        reading.ident({"id": wrong}, "id")


@pytest.mark.parametrize("wrong", [1793345010000, -2, 1e300])
def test_a_time_in_the_wrong_unit_is_refused(wrong: float) -> None:
    with pytest.raises(MalformedPayload):
        reading.moment(wrong, "date")


def test_clean() -> None:
    assert clean("a\r\nb\rc\n\td") == "a\nb\nc\n\td"
    assert clean("a\x00b\x1bc\x0bd") == "a\ufffdb\ufffdc\ufffdd"
    assert clean("a\ud83d \udc00") == "a\ufffd \ufffd"
    assert clean(unicodedata.normalize("NFD", "Bảo hiểm ô tô")) == "Bảo hiểm ô tô"
    assert clean("👨‍👩‍👧 \u202e") == "👨‍👩‍👧 \u202e"  # joiners and bidi stay in a message's text
    long = unicodedata.normalize("NFD", "Tiếng Việt, ") * 3000
    assert clean(long) == unicodedata.normalize("NFC", long)[:15_999] + "…"
    assert clean("x" * 16_001) == "x" * 15_999 + "…"
    assert clean("x" * 16_000) == "x" * 16_000


def test_clean_is_fast_on_a_megabyte_of_marks() -> None:
    assert len(clean("a" + "\u0301\u0323" * 500_000)) == 16_000


@given(st.text(st.characters(), max_size=50))
def test_cleaned_text_can_be_stored_and_stays_clean(value: str) -> None:
    cleaned = clean(value)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert "\x00" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Nguyễn  Thị\tLan\n", "Nguyễn Thị Lan"),
        (unicodedata.normalize("NFD", "Nguyễn"), "Nguyễn"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        (".htaccess", "htaccess"),
        ("\u202e.\u200b./.x", "_.x"),  # cleaned first, checked after
        ("con", "_con"),
        ("COM1.pdf", "_COM1.pdf"),
        ("console.pdf", "console.pdf"),
        ("giấy\u202efdp.exe", "giấyfdp.exe"),
        ("a\u200d\u2060\ufeffb", "ab"),
        ("\u3164\u2800", ""),
        ("...", ""),
        ("", ""),
        ("a\ud800b", "a\ufffdb"),
        ("x\x00y", "x y"),
        ("bảng giá. ", "bảng giá"),
        ("ả" * 100 + ".pdf", "ả" * 38 + ".pdf"),
        ("x" * 500, "x" * 120),
    ],
)
def test_clean_name(name: str, wanted: str) -> None:
    assert clean_name(name) == wanted


@given(st.text(st.characters(), max_size=300))
def test_a_name_is_always_one_short_safe_line(name: str) -> None:
    cleaned = clean_name(name)
    assert len(cleaned.encode()) <= 120
    assert not set(cleaned) & set("/\\\n\r\t\x00")
    assert not cleaned.startswith(".")
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in cleaned)
