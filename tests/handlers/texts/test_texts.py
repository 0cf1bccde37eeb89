"""Texts: filled in one pass, capitalised, fail closed."""

from __future__ import annotations

import hashlib
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.texts import LANGUAGES, MalformedTemplate, Texts, UnfilledVariable, UnknownText, check
from handlers.texts.template import compile_template

TEXTS = Texts.load()
EVERY_KEY = [(lang, key) for lang in LANGUAGES for key in TEXTS.templates[lang]]


def test_the_shipped_texts_are_in_order() -> None:
    assert check(TEXTS) == []


def test_every_text_renders_and_leaves_no_hole() -> None:
    for lang, key in EVERY_KEY:
        values = dict.fromkeys(TEXTS.variables(key, lang), "giá trị")
        said = TEXTS.render(key, lang, **values)
        assert "{" not in said, key
        assert "}" not in said, key
        assert not next(letter for letter in said if letter.isalnum()).islower(), key


@pytest.mark.parametrize("blank", [None, "", "  \n"])
def test_a_text_that_cannot_be_filled_is_never_said(blank: str | None) -> None:
    for lang, key in EVERY_KEY:
        for name in TEXTS.variables(key, lang) - {"xung_ho"}:
            values: dict[str, str | None] = dict.fromkeys(TEXTS.variables(key, lang), "x")
            values[name] = blank
            with pytest.raises(UnfilledVariable, match=name) as caught:
                TEXTS.render(key, lang, **values)
            assert (caught.value.key, caught.value.missing) == (key, (name,))


def test_the_salutation_has_a_default() -> None:
    assert TEXTS.render("greeting.menu", "vi") == "Anh/chị cần em giúp việc nào dưới đây ạ?"
    assert TEXTS.render("greeting.menu", "vi", xung_ho="") == "Anh/chị cần em giúp việc nào dưới đây ạ?"
    assert TEXTS.render("greeting.menu", "vi", xung_ho="cô").startswith("Cô cần")
    assert TEXTS.render("greeting.menu", "en", xung_ho="cô") == "What can I help you with?"


CAPITALS = [
    ("{xung_ho} chờ nhé. {xung_ho} cứ nhắn.", {"xung_ho": "anh/chị"}, "Anh/chị chờ nhé. Anh/chị cứ nhắn."),
    ("đến {xung_ho}", {"xung_ho": "chị"}, "Đến chị"),
    ("gọi {so}. cảm ơn!", {"so": "113"}, "Gọi 113. Cảm ơn!"),
    ("{ten}, còn 7 ngày", {"ten": "đào"}, "Đào, còn 7 ngày"),
    ("{email} chưa đúng. {email}", {"email": "a.b@gmail.com"}, "a.b@gmail.com chưa đúng. a.b@gmail.com"),
    ("{link} là trang. {link}", {"link": "https://a.vn/x"}, "https://a.vn/x là trang. https://a.vn/x"),
    ("{tep} nặng quá", {"tep": "anh.jpg"}, "anh.jpg nặng quá"),
    ("số 2.5 tấn. ok", {}, "Số 2.5 tấn. Ok"),
    ("ở tp. hồ chí minh nhé", {}, "Ở tp. hồ chí minh nhé"),
    ("certificate no. {so}: done", {"so": "ab"}, "Certificate no. ab: done"),
    ('nói "dừng." {xung_ho} nhé', {"xung_ho": "anh"}, 'Nói "dừng." Anh nhé'),
    ("chờ… {xung_ho} ơi", {"xung_ho": "cô"}, "Chờ… Cô ơi"),
    ("{a}. {b}", {"a": "một. hai", "b": "ba"}, "Một. hai. Ba"),
    ("1 năm. 2 năm", {}, "1 năm. 2 năm"),
    (
        "đọc lại:\n- tên: {ten}\n{xung_ho} xem nhé",
        {"ten": "lan", "xung_ho": "chị"},
        "Đọc lại:\n- Tên: lan\nChị xem nhé",
    ),
]


@pytest.mark.parametrize("source, values, said", CAPITALS)
def test_sentences_begin_with_a_capital(source: str, values: dict[str, str], said: str) -> None:
    assert compile_template("t", source).fill(values) == said


def test_what_a_customer_types_stays_what_it_is() -> None:
    nasty = "{xung_ho} {0} {__class__} %s $x {ten"
    said = TEXTS.render("greeting.returning", "vi", xung_ho="anh", ten_goi=nasty)
    assert nasty in said
    assert said.startswith("Dạ em chào anh {xung_ho}")


@given(st.text(min_size=1).filter(lambda text: not text.isspace()))
def test_a_value_inside_a_sentence_is_put_in_verbatim(value: str) -> None:
    assert compile_template("t", "Dạ {ten}!").fill({"ten": value}) == f"Dạ {value}!"


@given(st.text(alphabet=string.printable))
def test_compiling_raises_only_its_own_error(source: str) -> None:
    try:
        template = compile_template("t", source)
    except MalformedTemplate:
        return
    filled = template.fill(dict.fromkeys(template.variables, "0"))
    assert "{" not in filled
    assert "}" not in filled


def test_buttons_and_labels_stand_as_written() -> None:
    assert TEXTS.button("agree", "vi") == "Tôi đồng ý"
    assert TEXTS.button("buttons.agree", "en") == "I agree"
    assert TEXTS.label("slot.name", "vi") == "họ tên"
    assert TEXTS.section("slot", "en")["phone"] == "your phone number"
    assert {"title", "placeholder", "send", "offline", "start_button", "close"} <= TEXTS.section("chat", "vi").keys()


@pytest.mark.parametrize("item", ["slot.name", "slot.phone", "slot.need", "slot.time", "slot.consent", "slot.confirm"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_nudge_reads_well_with_what_is_missing(item: str, lang: str) -> None:
    missing = TEXTS.label(item, lang)
    assert f" {missing} " in TEXTS.render("idle.nudge", lang, muc_con_thieu=missing)


def test_a_version_names_the_wording() -> None:
    version = TEXTS.version("consent.layer1", "vi")
    assert version.full == hashlib.sha256(TEXTS.label("consent.layer1", "vi").encode()).hexdigest()
    assert version.full.startswith(version.short)
    assert version != TEXTS.version("consent.layer1", "en")


@pytest.mark.parametrize("key, lang", [("greeting.none", "vi"), ("greeting.first", "fr"), ("", "vi")])
def test_an_unknown_text_is_an_error(key: str, lang: str) -> None:
    with pytest.raises(UnknownText):
        TEXTS.render(key, lang)


def _texts(tmp_path: Path, vi: str, en: str) -> Texts:
    for lang, text in (("vi", vi), ("en", en)):
        (tmp_path / f"{lang}.yaml").write_text(f"meta: {{default_salutation: x}}\n{text}", "utf-8")
    return Texts.load(tmp_path)


WRONG = [
    ('a: {b: "x"}', 'a: {c: "x"}', ["en: a.b is missing", "vi: a.c is missing"]),
    ('a: {b: "{ten}"}', 'a: {b: "x"}', ["a.b: ten in one language only"]),
    ('a: {b: "{xung_ho}"}', 'a: {b: "x"}', []),
    ('a: {b: "x"}', 'a: {b: "{xung_ho}"}', ["en: a.b uses xung_ho"]),
    ('a: {b: "{la}"}', 'a: {b: "{la}"}', [f"{lang}: a.b uses la, which nobody fills" for lang in ("en", "vi")]),
    (f'buttons: {{b: "{"x" * 21}"}}', 'buttons: {b: "x"}', ["vi: buttons.b has 21 characters, at most 20"]),
    (f'a: {{b: "{"x" * 641}"}}', 'a: {b: "x"}', ["vi: a.b has 641 characters, at most 640"]),
    ('a: {b: "x  y "}', 'a: {b: "x"}', ["vi: a.b has stray spaces"]),
    ('a: {b: "dạ , vâng"}', 'a: {b: "x"}', ["vi: a.b has stray spaces"]),
    ('a: {b: "Cafe\u0301"}', 'a: {b: "x"}', ["vi: a.b is not NFC"]),
    ('a: {b: "Dạ em khong hiểu"}', 'a: {b: "x"}', ["vi: a.b has lost its marks: khong"]),
    ('a: {b: "ban cho em xin ten"}', 'a: {b: "x"}', ["vi: a.b has no Vietnamese letter"]),
    ('a: {b: "Email a@b.vn, Zalo"}', 'a: {b: "x"}', []),
    ('a: {b: "Chắc chắn được đền ạ"}', 'a: {b: "x"}', ["vi: a.b promises: chắc chắn được"]),
    ('a: {b: "Đang giảm giá ạ"}', 'a: {b: "x"}', ["vi: a.b promises: giảm giá"]),
    ('a: {b: "Không khuyến mại, không giảm giá"}', 'a: {b: "no promotion or discount"}', []),
    ('a: {b: "Dạ"}', 'a: {b: "Your claim will be paid"}', ["en: a.b promises: will be paid"]),
    (
        'a: {b: "IBAOHIEM chỉ cấp bảo hiểm cho rủi ro"}',
        'a: {b: "IBAOHIEM only insures risks"}',
        [
            "en: a.b makes IBAOHIEM the insurer: ibaohiem only insures",
            "vi: a.b makes IBAOHIEM the insurer: ibaohiem chỉ cấp bảo hiểm cho",
        ],
    ),
    ('a: {b: "IBAOHIEM, đại lý của công ty bảo hiểm"}', 'a: {b: "x"}', []),
    (
        'greeting: {first: "Dạ em chào chị, em là Lan"}',
        'greeting: {first: "I am an automated assistant of an agency: talk to an advisor"}',
        [
            "vi: greeting.first does not say that it is a machine",
            "vi: greeting.first does not say that this is an agency, or how to reach a person",
        ],
    ),
]


@pytest.mark.parametrize("vi, en, lines", WRONG)
def test_the_checker_sees(tmp_path: Path, vi: str, en: str, lines: list[str]) -> None:
    assert check(_texts(tmp_path, vi, en)) == lines


@pytest.mark.parametrize(
    "text",
    [
        'a: {b: "{ten"}',
        'a: {b: "ten}"}',
        'a: {b: "{Ten}"}',
        'a: {b: "{}"}',
        "a: {b: 1}",
        'a: {b: ""}',
        'a: {b: "x", b: "y"}',
        'buttons: {b: "{ten}"}',
    ],
)
def test_what_could_be_said_wrongly_does_not_load(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedTemplate):
        _texts(tmp_path, text, 'a: {b: "x"}')
