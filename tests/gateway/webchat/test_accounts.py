"""Several web chats of one house: which of them is for trying things out."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from storage import stats
from tests.support.webchat import Guest, Site


async def test_what_is_said_to_a_test_account_is_in_no_figure(tmp_path: Path, client: aiohttp.ClientSession) -> None:
    site = Site(tmp_path)
    with (tmp_path / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {channel: webchat, name: trial, test: true}\n")
    async with site:
        for account in ("site", "trial"):
            async with client.post(
                f"{site.url}/chat/session", json={"account": account}, headers={"Origin": site.url}
            ) as answer:
                told = await answer.json()
            visitor = await Guest(client, site.url, told["token"], told["thread"]).connect()
            await visitor.say("Chào shop, mình muốn mua bảo hiểm ô tô")
            await visitor.wait(lambda frame: frame["type"] == "message" and frame["author"] == "bot")
            await visitor.leave()
        rows = await site.query("SELECT account_id, test FROM conversation ORDER BY account_id")
        assert [(row.account_id, bool(row.test)) for row in rows] == [("webchat:site", False), ("webchat:trial", True)]
        count = stats.Count(0, site.parts.clock.ms() + 1)
        while await site.parts.store.read(count.opened):
            pass
        assert [(row.channel, row.opened) for row in count.figures()] == [("webchat", 1)]
