"""What the demonstration is made of: characters and talks as data, reading what the bot asked, papers, the narration."""

from __future__ import annotations

import io
import random
import re
from datetime import UTC, datetime

import pytest

from gateway import filecheck
from gateway.demo import application, asked, talks
from gateway.demo.certificate import MARK, certificate, plain, snapshot
from gateway.demo.customers import AT_ONCE, CAST, Character, Line, cast_as
from gateway.demo.platforms import APPS
from gateway.demo.story import Story
from handlers.model import Stage
from handlers.taps import TAPS
from handlers.texts import Texts

TEXTS = Texts.load()
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
APP = {"start", "phone", "picture", "form"}


def rendered(key: str, lang: str) -> str:
    return TEXTS.render(key, lang, **dict.fromkeys(TEXTS.variables(key, lang), "số 0900 000 001, 9:00"))


def bubbles(character: Character) -> list[str]:
    lines: list[Line] = [character.opening, *(line for several in character.lines.values() for line in several)]
    lines += character.to_advisor
    return [bubble for line in lines for bubble in ([line] if isinstance(line, str) else line)]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_customer_reads_what_is_asked(lang: str) -> None:
    for key, question in asked.QUESTIONS.items():
        text = rendered(key, lang)
        assert asked.question(text) == question, key
        assert asked.question(f"{rendered('greeting.first', lang)}\n\n{text}") == question, key
    assert asked.question(rendered("greeting.first", lang)) == ""


def test_what_a_person_types_is_no_text_of_ours() -> None:
    for talk in (*talks.TALKS.values(), talks.ENGLISH):
        for line in talk.lines:
            assert asked.keys(line.replace("{xung_ho}", "chị")) == ()
    assert asked.keys("Dạ em nghe đây ạ") == ()


@pytest.mark.parametrize("character", CAST, ids=lambda one: one.key)
def test_a_character(character: Character) -> None:
    somebody = cast_as(character, random.Random(1))
    assert somebody.name
    assert re.fullmatch(r"0900\d{6}", somebody.phone)
    assert character.ends in set(Stage)
    assert set(character.lines) <= {*asked.QUESTIONS.values()}
    for bubble in bubbles(somebody):
        assert "{" not in bubble
        if found := re.fullmatch(r"~?\[([^\]:]+(?::[a-z0-9]+)?)(?:: .*)?\]", bubble):
            assert found[1] in TAPS or found[1] in APP, bubble
    assert bool(somebody.filled) is ("form" in somebody.lines)
    assert "{" not in "".join(somebody.filled.values())
    other = cast_as(character, random.Random(1), {somebody.name})
    assert other.name != somebody.name


def test_the_cast_is_a_dozen_on_every_platform() -> None:
    assert len(CAST) >= 12
    assert len({one.key for one in CAST}) == len(CAST)
    assert {one.channel for one in CAST} == {*APPS, "webchat"}
    names = [name for one in CAST for name, _ in one.people]
    assert len(names) == len(set(names))
    assert AT_ONCE.times(2) == AT_ONCE


def test_an_advisor_promises_nothing() -> None:
    for talk in (*talks.TALKS.values(), talks.ENGLISH):
        for line in (
            *talk.lines,
            talk.note,
            application.DECLARES,
            *((talk.sale.asks, talk.sale.again) if talk.sale else ()),
        ):
            assert set(re.findall(r"\{(\w+)\}", line)) <= {"xung_ho"}
            assert not re.search(r"chắc chắn|cam kết|bảo đảm được|100%|guarantee", line)
        assert talk.outcome in ("", "won", "done")
    assert talks.talk(reason="lead", product="tnds_xe_may", language="vi").sale is not None
    assert talks.talk(reason="claim", product="tnds_xe_may", language="vi") is talks.TALKS["claim"]
    assert talks.talk(reason="lead", product=None, language="vi") is talks.TALKS["other"]
    assert talks.talk(reason="lead", product="du_lich", language="en") is talks.ENGLISH


async def test_papers_are_marked_and_taken() -> None:
    from pypdf import PdfReader

    paper = certificate({"Số": "MAU-1", "Người được bảo hiểm": "Đặng Thị Ngọc Ánh"}, made_at=NOW)
    taken = await filecheck.accept(paper, name="giay.pdf", declared="application/pdf")
    text = PdfReader(io.BytesIO(taken.data)).pages[0].extract_text()
    assert MARK in text
    assert "Dang Thi Ngoc Anh" in text
    photo = await filecheck.accept(snapshot(["Biển số"]), name="anh.jpg", declared="image/jpeg")
    assert photo.mime == "image/jpeg"
    assert plain("“Đúng” – ở Hà Nội…") == '"Dung" - o Ha Noi.'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_story_at_a_terminal_and_in_a_file() -> None:
    long = "Dạ em chào anh/chị! " * 20
    file, terminal = io.StringIO(), Terminal()
    for out in (file, terminal):
        story = Story(out, lambda: NOW)
        story.customer("Lan", "mua bảo hiểm")
        story.bot("Lan", long, ["Có", "Không"])
        story.trouble("không tới")
        assert story.troubles == ["không tới"]
    assert "\x1b" not in file.getvalue()
    assert "[Có] [Không]" in file.getvalue()
    assert "\x1b[36m" in terminal.getvalue()
    assert " …" in terminal.getvalue()
