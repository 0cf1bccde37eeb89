"""What a channel cannot carry is split or said otherwise, and nothing of it is lost."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import fit as fitting
from channels import outbound
from channels.contract import (
    Button,
    Capabilities,
    OutboundFile,
    OutboundMessage,
)
from channels.fit import fit, shorten, split

PLAIN = Capabilities(title="Plain", text_limit=50)
RICH = Capabilities(
    title="Rich",
    text_limit=50,
    caption_limit=20,
    buttons=3,
    button_label_limit=10,
    button_data_bytes=8,
    asks_contact=True,
    file_bytes=1000,
)
FILE = OutboundFile(id="f", name="a.pdf", mime="application/pdf", size=10)
MESSAGE = OutboundMessage(id="m", thread="t", text="Anh chị cần bảo hiểm gì ạ?")
CAR, HEALTH, OTHER = Button(id="car", label="Ô tô"), Button(id="health", label="Sức khỏe"), Button(id="x", label="Khác")
PHONE = Button(id="phone", label="Gửi số", contact=True)
SITE = Button(id="site", label="Xem", url="https://example.com/a")

LETTERS = [
    *"abcdefg xyz.,!?\n\n  ",
    "ễ", "e\u0302\u0303", "đ", "👍🏽", "👨‍👩‍👧‍👦", "🇻🇳", "🇻🇳🇯🇵", "❤️", "🏴\U000e0067\U000e0062\U000e007f", "กำ", "각", "नि",
    "\U00020000",
]  # fmt: skip
texts = st.lists(st.sampled_from(LETTERS), max_size=200).map("".join)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_what_fits_stays_as_it_is() -> None:
    assert fit(MESSAGE, RICH) == [MESSAGE]
    with_buttons = replace(MESSAGE, buttons=(CAR, HEALTH, OTHER), clear_keyboard=True)
    assert fit(with_buttons, RICH) == [with_buttons]


def test_an_empty_message_is_one_part() -> None:
    empty = replace(MESSAGE, text="")
    assert fit(empty, PLAIN) == [empty]


def test_more_buttons_than_carried_become_numbered_lines() -> None:
    asked = replace(MESSAGE, buttons=(CAR, HEALTH, SITE, OTHER))
    lines = "1. Ô tô\n2. Sức khỏe\n3. Xem: https://example.com/a\n4. Khác"
    wide = replace(RICH, text_limit=500)
    assert fit(asked, wide) == [replace(MESSAGE, text=f"{MESSAGE.text}\n\n{lines}")]
    assert fit(replace(asked, buttons=(CAR,)), PLAIN) == [replace(MESSAGE, text=f"{MESSAGE.text}\n\n1. Ô tô")]


def test_a_payload_that_does_not_fit_is_a_numbered_line_too() -> None:
    asked = replace(MESSAGE, buttons=(replace(CAR, id="ô" * 5),))
    assert fit(asked, RICH)[0].buttons == ()
    assert fit(asked, RICH)[0].text.endswith("1. Ô tô")


def test_a_button_for_the_phone_number_only_where_there_is_one() -> None:
    asked = replace(MESSAGE, buttons=(PHONE,))
    assert fit(asked, RICH) == [asked]
    assert fit(asked, PLAIN) == [MESSAGE]


def test_long_labels_are_cut() -> None:
    asked = replace(MESSAGE, buttons=(replace(CAR, label="Bảo hiểm ô tô"),))
    assert fit(asked, RICH)[0].buttons[0].label == "Bảo hiểm…"


def test_a_file_takes_a_short_text_along() -> None:
    short = replace(MESSAGE, text="Hợp đồng ạ", file=FILE, buttons=(CAR,))
    assert fit(short, RICH) == [short]


def test_a_file_goes_before_a_long_text_and_buttons_come_last() -> None:
    long = replace(MESSAGE, text="Đây là hợp đồng của anh chị. " * 2, file=FILE, buttons=(CAR,), clear_keyboard=True)
    first, *middle, last = fit(long, RICH)
    assert (first.id, first.file, first.text, first.buttons, first.clear_keyboard) == ("m", FILE, "", (), True)
    assert [part.id for part in (*middle, last)] == ["m.1", "m.2"]
    assert all(part.file is None and not part.clear_keyboard for part in (*middle, last))
    assert all(part.buttons == () for part in middle)
    assert last.buttons == (CAR,)


def test_a_file_that_is_too_large_is_left_to_its_channel() -> None:
    assert fit(replace(MESSAGE, text="", file=replace(FILE, size=9999)), RICH)[0].file == replace(FILE, size=9999)


def test_or_becomes_an_address_where_there_are_words_for_it() -> None:
    """Also one of a kind that the channel does not take; the address has room in the last call, which has the buttons."""
    wide = replace(RICH, text_limit=fitting.LINK_ROOM + 40, file_types={"image/png": 100, FILE.mime: 100})
    for file in (replace(FILE, size=101), replace(FILE, mime="video/mp4", size=1)):
        parts = fit(
            replace(MESSAGE, text="Đây là hợp đồng của anh chị.", file=file, buttons=(CAR,)), wide, beside="Mở tại đây:"
        )
        assert [part.text for part in parts] == ["Đây là hợp đồng của anh chị.", "Mở tại đây:"]
        assert [part.link for part in parts] == ["", FILE.id]
        assert [part.file for part in parts] == [None, None]
        assert parts[-1].buttons == (CAR,)
        assert outbound.from_json("m.1", outbound.to_json(parts[-1])) == parts[-1]
    small = replace(MESSAGE, text="", file=replace(FILE, size=100))
    assert fit(small, wide, beside="Mở tại đây:")[0].file == replace(FILE, size=100)


@pytest.mark.parametrize(
    ("types", "mime", "most"),
    [
        ({"image/jpeg": 90}, "image/jpeg", 90),
        ({"image/jpeg": 90}, "image/png", 90),
        ({"image/jpeg": 90, "image/webp": 80}, "image/webp", 90),
        ({"image/jpeg": 200}, "image/jpeg", 0),  # it goes as it is
        ({"image/jpeg": 90}, "image/gif", 0),
        ({"image/jpeg": 90}, "application/pdf", 0),
        ({"application/pdf": 90}, "image/jpeg", 0),
        ({}, "image/jpeg", RICH.file_bytes),
    ],
)
def test_a_picture_stays_a_picture_where_a_smaller_one_is_carried(types: dict[str, int], mime: str, most: int) -> None:
    carrier = replace(RICH, text_limit=fitting.LINK_ROOM + 40, caption_limit=0, file_types=types)
    file = replace(FILE, mime=mime, size=RICH.file_bytes + 1 if not types else 100)
    assert carrier.picture_bytes(mime, file.size) == most
    assert replace(carrier, letters=True).picture_bytes(mime, file.size) == 0, "a letter takes it whole"
    first, *_ = fit(replace(MESSAGE, text="", file=file), carrier, beside="Mở tại đây:")
    if most:
        assert (first.file, first.beside, first.link) == (file, "Mở tại đây:", "")
        assert outbound.from_json("m", outbound.to_json(first)) == first
    else:
        assert first.beside == ""
        assert bool(first.link) is not carrier.carries_file(mime, file.size)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("   \n ", []),
        ("one two", ["one two"]),
        ("aaaa bbbb cccc", ["aaaa bbbb", "cccc"]),
        ("aaaa bbbb. c", ["aaaa bbbb.", "c"]),
        ("aaa. bbb ccc", ["aaa. bbb", "ccc"]),  # a sentence ends too early to cut there
        ("aaaaa. bbb ccc", ["aaaaa.", "bbb ccc"]),
        ("aaaaa\nb. c d e f", ["aaaaa", "b. c d e f"]),
        ("aaaaa\n\nb\nc d e f", ["aaaaa", "b\nc d e f"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
        ("abcdefghi👍🏽z", ["abcdefghi", "👍🏽z"]),
        ("abcdefgh🇻🇳🇯🇵🇻🇳", ["abcdefgh🇻🇳", "🇯🇵🇻🇳"]),
        ("abcdefgh👨‍👩‍👧‍👦", ["abcdefgh", "👨‍👩‍👧‍👦"]),
        ("e" + "\u0301" * 20, ["e" + "\u0301" * 9, "\u0301" * 10, "\u0301"]),  # a letter longer than the limit
    ],
)
def test_split(text: str, parts: list[str]) -> None:
    assert split(text, 10) == parts


@given(texts, st.integers(11, 60))
def test_parts_rejoin_to_the_text_and_keep_the_limit(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert squeezed("".join(parts)) == squeezed(text)
    if len(text) <= limit:
        assert parts == ([text] if text.strip() else [])


@given(st.lists(st.sampled_from([letter for letter in LETTERS if not letter.isspace()]), max_size=200))
def test_no_letter_is_cut(letters: list[str]) -> None:
    places, at = {0}, 0
    for letter in letters:
        at += len(letter)
        places.add(at)
        if letter == "🇻🇳🇯🇵":
            places.add(at - 2)
    at = 0
    for part in split("".join(letters), 13):
        at += len(part)
        assert at in places


@given(texts, st.integers(2, 30))
def test_shorten(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(
    texts,
    st.lists(st.sampled_from([CAR, HEALTH, OTHER, SITE, PHONE]), max_size=5),
    st.booleans(),
    st.sampled_from([PLAIN, RICH]),
)
def test_every_part_is_carried_and_nothing_is_lost(
    text: str, buttons: list[Button], file: bool, capabilities: Capabilities
) -> None:
    message = OutboundMessage(id="m", thread="t", text=text, buttons=tuple(buttons), file=FILE if file else None)
    parts = fit(message, capabilities)
    assert [part.id for part in parts] == ["m", *(f"m.{index}" for index in range(1, len(parts)))]
    assert [part.file for part in parts] == [message.file] + [None] * (len(parts) - 1)
    for part in parts:
        assert len(part.text) <= (capabilities.caption_limit if part.file else capabilities.text_limit)
        assert len([button for button in part.buttons if not button.contact]) <= capabilities.buttons
    assert all(not part.buttons for part in parts[:-1])
    said = squeezed("".join(part.text for part in parts))
    assert said.startswith(squeezed(text))
    shown = {button.id for button in parts[-1].buttons}
    for button in buttons:
        assert button.contact or button.id in shown or squeezed(button.label) in said
