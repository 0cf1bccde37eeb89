"""The wall's page: who may see it, what it shows, and that nothing typed by a customer becomes anything but words."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from channels.contract import Account
from gateway.boards import Boards
from gateway.desk.words import Words
from gateway.hub import Hub
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

    # test conversations: out of every figure, list and table, until she wants them in; then in all of them
    office.parts.clock.offset_ms += 20_000  # what was counted is no longer fresh
    to_tests = "UPDATE conversation SET test = TRUE, changed_at = :now"
    await office.parts.store.run(lambda tx: tx.run(to_tests, now=tx.now_ms))
    text = await page(clerk, "/desk/wall")
    assert ("figure=waiting" in text, "figure=step" in text, "tests=true" in text) == (False, False, False)
    assert re.search(r'id="wall-tests" autocomplete="off">', text)
    assert await clerk.status("POST", "/api/v1/wall/tests", json={"tests": True}) == 200
    text = await page(clerk, "/desk/wall")
    assert re.search(r'id="wall-tests" autocomplete="off" checked>', text)
    for figure, of in (("waiting", ""), ("active", lan.id), ("step", "taken")):
        query = f"figure={figure}&of={of}&period=today&tests=true"
        assert query.replace("&", "&amp;") in text
        async with clerk.ask("GET", f"/api/v1/wall/conversations?{query}") as answer:
            assert len((await answer.json())["items"]) >= 1, figure
    for tests, found in ((True, True), (False, False)):
        body = {"purpose": "care", "tests": tests}
        async with clerk.ask("POST", "/api/v1/exports/wall", json=body) as answer:
            table = await answer.text()
        assert ('"Đang chờ";"Tất cả";"1"' in table, "Tính cả hội thoại thử" in table) == (found, found)
    await office.hire("Lê Minh", "supervisor", email="minh@x.vn")
    await clerk.sign_in("minh@x.vn")
    assert "tests=true" not in await page(clerk, "/desk/wall"), "each for himself"


def test_where_all_is_for_trying_out_the_wall_counts_it() -> None:
    def house(*tests: bool) -> Any:
        accounts = {
            str(n): Account(channel="webchat", name=str(n), settings={"test": test}) for n, test in enumerate(tests)
        }
        return SimpleNamespace(hub=Hub(), accounts=accounts)

    assert [Boards(house(*tests)).only_tests for tests in ((True, True), (True, False), (False,))] == [
        True,
        False,
        False,
    ]


def test_both_languages_have_all_words() -> None:
    for lang in ("vi", "en"):
        words = Words().page(lang)["wall"]
        assert set(words["steps"]) == set(wall_period.STEPS)
        assert set(words["stars"]) == {"1", "2", "3", "4", "5"}
        assert set(words["states"]) == {"easy", "full", "over"}
        assert set(words["charts"]) == {"people", "channels", "teams", "funnel", "lost", "scores"}
