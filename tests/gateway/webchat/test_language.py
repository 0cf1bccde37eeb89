"""The page's language is the conversation's first one; what the visitor writes decides from then on."""

from __future__ import annotations

import aiohttp
import pytest

from tests.support.webchat import Guest, Site


@pytest.mark.parametrize(
    ("lang", "said", "answered"),
    [
        ("en", "alo", "en"),
        ("vi", "alo", "vi"),
        ("", "alo", "vi"),
        ("fr", "alo", "vi"),
        ("en", "Mình muốn mua bảo hiểm xe máy", "vi"),
        ("vi", "I would like to insure my car", "en"),
    ],
)
async def test_the_first_answer(site: Site, client: aiohttp.ClientSession, lang: str, said: str, answered: str) -> None:
    visitor = await (await Guest.new(client, site.url)).connect(lang=lang)
    await visitor.say(said)
    answer = await visitor.wait(lambda frame: frame["type"] == "message" and frame["author"] == "bot")
    rows = await site.query("SELECT lang FROM conversation")
    assert [row.lang for row in rows] == [answered]
    assert ("assistant" in answer["text"]) is (answered == "en"), answer["text"]
    await visitor.leave()


async def test_later_the_page_does_not_change_what_is_spoken(site: Site, client: aiohttp.ClientSession) -> None:
    visitor = await (await Guest.new(client, site.url)).connect(lang="vi")
    await visitor.say("chào em")
    await visitor.wait(lambda frame: frame["type"] == "message" and frame["author"] == "bot")
    await visitor.leave()
    again = await visitor.again().connect(lang="en")
    await again.frame("ack", id=await again.say("ok em"))
    await again.frame("message", text="ok em")
    assert [row.lang for row in await site.query("SELECT lang FROM conversation")] == ["vi"]
    await again.leave()
