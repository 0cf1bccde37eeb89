"""What an advisor puts right or takes back is so on the visitor's page at once, and when it is opened again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from storage import retells
from tests.support.webchat import Guest, Site

Come = Callable[[], Awaitable[Guest]]


async def test_a_change_is_seen_at_once_and_after_a_reload(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.say("gặp tư vấn viên")
    lan = await site.advisor("Lan")
    await site.conversation(visitor.thread)
    await site.act(visitor.thread, "reply", lan, text="Phí là 500 nghìn")
    said = await visitor.frame("message", author="advisor", text="Phí là 500 nghìn")
    assert "changed" not in said
    await site.parts.store.run(lambda tx: retells.retell(tx, said["id"], "Phí là 550 nghìn"))
    now = await visitor.frame("message", changed="edited")
    assert (now["id"], now["seq"], now["text"]) == (said["id"], said["seq"], "Phí là 550 nghìn")
    await visitor.cut()
    again = visitor.again()
    await again.connect()
    assert (await again.frame("message", id=said["id"]))["text"] == "Phí là 550 nghìn"
    await site.parts.store.run(lambda tx: retells.retell(tx, said["id"], ""))
    gone = await again.frame("message", changed="taken_back")
    assert (gone["id"], gone["text"]) == (said["id"], "")
    rows = await site.query("SELECT state FROM outbox WHERE message_id = :id ORDER BY out_seq", id=said["id"])
    assert len(rows) == 3
