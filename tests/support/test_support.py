"""The tests' own ground: PostgreSQL answers, databases are fresh, Chromium draws Vietnamese."""

import signal

import psycopg
import pytest
from playwright.async_api import Page
from sqlalchemy import create_engine, text

from tests.support.browser import Visitors
from tests.support.postgres import Databases, Postgres, libpq
from tests.support.waits import until

SENTENCE = "Chị ơi, bảo hiểm ô tô của em hết hạn, em muốn gia hạn giấy chứng nhận điện tử"


def test_postgresql_answers(pg_url: str) -> None:
    with psycopg.connect(libpq(pg_url)) as connection:
        assert connection.execute("SELECT upper('đăng ký'), current_setting('synchronous_commit')").fetchone() == (
            "ĐĂNG KÝ",
            "on",
        )


@pytest.mark.parametrize("_again", [1, 2])
def test_every_test_has_a_database_of_its_own(database_url: str, _again: int) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_once (id INTEGER)"))
    engine.dispose()


def test_a_template_is_prepared_once_and_copied(databases: Databases) -> None:
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(libpq(url)) as connection:
            connection.execute("CREATE TABLE word (text TEXT)")
            connection.execute("INSERT INTO word VALUES ('xin chào')")

    for _ in range(2):
        with databases.fresh(databases.template("words", prepare)) as url, psycopg.connect(libpq(url)) as connection:
            assert connection.execute("SELECT text FROM word").fetchall() == [("xin chào",)]
            connection.execute("DELETE FROM word")
    assert len(prepared) == 1


def test_a_server_of_ones_own_may_be_restarted(own_postgres: Postgres) -> None:
    with psycopg.connect(libpq(own_postgres.url), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id INTEGER)")
        own_postgres.stop(signal.SIGINT)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    own_postgres.start()
    with psycopg.connect(libpq(own_postgres.url)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


async def test_chromium_draws_vietnamese(page: Page) -> None:
    await page.set_content(f"<h1 lang=vi>{SENTENCE}</h1>")
    assert await page.inner_text("h1") == SENTENCE
    # a letter that the font lacks is drawn as the same box as any other missing one
    widths = await page.evaluate(
        """letters => { const pen = document.createElement("canvas").getContext("2d"); pen.font = "64px sans-serif";
           const draw = letter => { pen.clearRect(0, 0, 99, 99); pen.fillText(letter, 9, 80);
                                    return pen.getImageData(0, 0, 99, 99).data.join(""); };
           pen.canvas.width = pen.canvas.height = 99; pen.font = "64px sans-serif";
           const box = draw("\\u{10FFF0}"); return letters.map(letter => draw(letter) === box); }""",
        list("ơảôủếạứữửẫỵđ"),
    )
    assert not any(widths)


async def test_a_page_in_trouble_is_heard(visitors: Visitors) -> None:
    page = await visitors()
    await page.set_content("<script>console.error('hỏng'); setTimeout(() => { throw new Error('gãy') })</script>")
    await until(lambda: len(visitors.troubles) > 1)
    assert [trouble.split(" (")[0] for trouble in visitors.troubles] == ["console: hỏng", "uncaught: gãy"]
    visitors.troubles.clear()


async def test_two_visitors_share_nothing(visitors: Visitors) -> None:
    one, other = await visitors(), await visitors(viewport={"width": 360, "height": 740})
    assert one.context is not other.context
    assert await other.evaluate("[innerWidth, navigator.language, new Date(0).getHours()]") == [
        360,
        "vi-VN",
        8,
    ]  # UTC+8, 1970
