"""Files that wait at their platforms: what dies first is fetched first, each account for itself."""

from __future__ import annotations

from storage import attachments
from storage.db import Store
from storage.ids import new_id
from storage.tx import Tx
from tests.storage.conftest import Hand

HOUR, DAY = 3_600_000, 86_400_000
LIVES = {"viber:main": HOUR, "telegram:main": DAY}


async def waits(store: Store, account: str, name: str, *, ago_ms: int, hand: Hand) -> None:
    def write(tx: Tx) -> None:
        tx.insert(
            "attachment",
            id=name.ljust(26, "0"),
            message_id=new_id(),
            conversation_id=new_id(),
            contact_id=new_id(),
            account_id=account,
            kind="image",
            name_sealed=None,
            mime="",
            size=0,
            source_sealed=None,
            state="pending",
            reason="",
            attempts=0,
            next_at=hand.ms - ago_ms,
            file_id=None,
            created_at=hand.ms - ago_ms,
        )

    await store.run(write)


async def claimed(store: Store, free: dict[str, int], limit: int = 6) -> list[str]:
    found = await store.run(lambda tx: attachments.due(tx, free=free, lives=LIVES, limit=limit))
    return [one.id.rstrip("0") for one in found]


async def test_what_dies_first_is_fetched_first_and_no_account_takes_anothers_place(store: Store, hand: Hand) -> None:
    for number in range(1, 5):
        await waits(store, "telegram:main", f"t{number}", ago_ms=20 * HOUR - number, hand=hand)
    await waits(store, "viber:main", "v1", ago_ms=HOUR // 2, hand=hand)
    await waits(store, "viber:main", "v2", ago_ms=HOUR // 4, hand=hand)
    await waits(store, "gone:main", "x1", ago_ms=HOUR, hand=hand)
    assert await claimed(store, {"telegram:main": 2, "viber:main": 2}, limit=3) == ["v1", "v2", "t1"]
    assert await claimed(store, {"telegram:main": 2}) == ["t2", "t3"]
    assert await claimed(store, {"telegram:main": 2, "viber:main": 2}) == ["t4"], "the others are being fetched"
    hand.ms += attachments.LEASE_MS
    assert len(await claimed(store, {"telegram:main": 9, "viber:main": 9}, limit=9)) == 6, "whoever had them is gone"


async def test_a_file_ends_once(store: Store, hand: Hand) -> None:
    await waits(store, "viber:main", "v1", ago_ms=0, hand=hand)
    (item,) = await store.run(lambda tx: attachments.due(tx, free={"viber:main": 1}, lives=LIVES, limit=1))
    await store.run(lambda tx: attachments.ended(tx, item, "unsafe"))
    await store.run(lambda tx: attachments.ended(tx, item, attachments.EXPIRED, state="gone"))
    row = await store.read(lambda tx: tx.one("SELECT state, reason FROM attachment"))
    assert tuple(row) == ("refused", "unsafe")  # type: ignore[arg-type]


async def test_a_day_has_an_end(store: Store, hand: Hand) -> None:
    await waits(store, "viber:main", "v1", ago_ms=0, hand=hand)
    (item,) = await store.run(lambda tx: attachments.due(tx, free={"viber:main": 1}, lives=LIVES, limit=1))
    kept = await store.run(
        lambda tx: attachments.stored(
            tx, item, file_id=new_id(), key=b"", name="a", mime="", size=attachments.DAY_BYTES + 1, sha256=""
        )
    )
    assert not kept
    row = await store.read(lambda tx: tx.one("SELECT state, reason FROM attachment"))
    assert tuple(row) == ("refused", "too_many")  # type: ignore[arg-type]
