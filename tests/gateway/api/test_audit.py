"""The audit as people look at it: by who, what, to which object and when; page by page; and how its chain stands."""

from __future__ import annotations

from typing import Any

from storage import audit, audits, ids
from storage.times import rfc3339
from tests.gateway.api.conftest import House

DAY_MS = 86_400_000


async def test_found_by_who_what_object_and_time_page_by_page(house: House) -> None:
    dpo, lan = await house.as_role("dpo"), await house.as_role("advisor", "Lan")

    def write(tx: Any) -> None:
        for number in range(7):
            audit.write(
                tx, actor=lan.id, action="canned.change" if number % 2 else "canned.add", object_id=f"o{number}"
            )
        audit.write(tx, actor="system", action="canneds.add", object_id="o1")

    await house.parts.store.run(write)

    async def found(**asked: Any) -> list[str]:
        items, cursor = [], ""
        while True:
            page = await dpo.get("/audit", limit=3, cursor=cursor, **asked)
            assert len(page["items"]) <= 3
            items += page["items"]
            cursor = page["next"] or ""
            if not cursor:
                return sorted(f"{each['action']} {each['object_id']}" for each in items)

    assert len(await found(actor=lan.id)) == 7
    assert await found(actor=lan.id, action="canned.change") == [f"canned.change o{n}" for n in (1, 3, 5)]
    assert len(await found(action="canned")) == 7, "a beginning ends at a dot"
    assert await found(object="o1") == ["canned.change o1", "canneds.add o1"]
    now = house.parts.store.now_ms()
    assert await found(actor=lan.id, since=rfc3339(now + 1000)) == []
    assert await found(actor=lan.id, until=rfc3339(now - DAY_MS)) == []
    assert len(await found(actor=lan.id, since=rfc3339(now - DAY_MS), until=rfc3339(now + 1000))) == 7
    (line,) = (await dpo.get("/audit", actor=lan.id, object="o0"))["items"]
    assert (line["actor_name"], line["source"], line["result"]) == ("Lan", "", "ok")
    (made,) = (await dpo.get("/audit", object=lan.id, action="user.create"))["items"]
    assert made["object_name"] == "Lan"


async def test_how_the_chain_stands(house: House) -> None:
    dpo = await house.as_role("dpo")
    while await house.parts.store.run(audit.chain):
        pass
    now = await dpo.get("/audit/chain")
    assert (now["broken_at"], now["held_at"], now["loose"]) == (None, None, 0)
    assert now["links"] == (await dpo.get("/audit/verify"))["entries"]
    walked = audit.Walk(seq=1, checked=1, done=True, broken=2)
    await house.parts.store.run(lambda tx: audit.judge(tx, walked=walked, whole=True))
    assert (await dpo.get("/audit/chain"))["broken_at"] == 2


def test_ids_begin_with_their_time() -> None:
    made = ids.new_id()
    now = int(made[:10], 32)
    assert ids.floor(now) <= made < ids.floor(now + 1) < audits.LAST
