"""The wall's page: who may see it, what it shows, and that nothing typed by a customer becomes anything but words."""

from __future__ import annotations

import re

from gateway.desk.words import Words
from storage import wall_period
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import Office

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


async def page(clerk: Clerk, path: str) -> str:
    async with clerk.ask("GET", path) as answer:
        assert answer.status == 200
        return str(await answer.text())


async def test_what_it_shows_and_to_whom(office: Office, clerk: Clerk) -> None:
    lan = await office.hire("Trần Lan", "advisor", email="lan2@x.vn")
    await office.hire("Phạm Thu", "supervisor", email="thu@x.vn")
    ids = [await office.lead(str(number)) for number in range(3)]
    await office.act(ids[0], "take", lan)
    await office.act(ids[1], "take", lan)
    await office.act(ids[1], "close", lan, outcome="lost", reason=EVIL)
    await clerk.sign_in("lan@x.vn")
    assert await clerk.status("GET", "/desk/wall") == 404
    await clerk.sign_in("thu@x.vn")
    text = await page(clerk, "/desk/wall?period=nonsense")
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    for svg in re.findall(r"<svg class=\"bars\".*?</svg>", text, re.DOTALL):
        assert re.search(r"<title id=\"(\w+)-t\">[^<]+</title>\s*<desc id=\"\1-d\">[^<]+</desc>", svg)
        assert "style=" not in svg, "the policy of the page allows no style of its own"
    for figure, of in (("waiting", ""), ("active", lan.id), ("step", "taken"), ("answered", "")):
        found = f"figure={figure}&amp;of={of}&amp;period=today" in text
        assert found is (figure != "answered"), "no list behind a nought"
    assert f"/desk/c/{ids[2]}" in text, "who waits longest"
    assert re.search(r'href="/desk/wall\?period=today" aria-current="true"', text)


def test_both_languages_have_all_words() -> None:
    for lang in ("vi", "en"):
        words = Words().page(lang)["wall"]
        assert set(words["steps"]) == set(wall_period.STEPS)
        assert set(words["stars"]) == {"1", "2", "3", "4", "5"}
        assert set(words["states"]) == {"easy", "full", "over"}
        assert set(words["charts"]) == {"people", "channels", "teams", "funnel", "lost", "scores"}
