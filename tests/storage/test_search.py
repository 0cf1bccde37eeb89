"""Finding by words: what is found, by whom, and that a common word costs no more than a rare one."""

from __future__ import annotations

from functools import partial

import pytest

from storage import listing, search
from storage.db import Store
from storage.tx import Tx
from tests.storage.test_stats import conversation, handoff

LAN = "advisor-lan"


def person(
    tx: Tx, *words: str, name: str = "", phone: str = "", plate: str = "", taken_by: str = "", **values: object
) -> str:
    made = conversation(tx, **values)
    found = search.of_name(name) | search.of_value(phone) | search.of_value(plate) | set(search.words(" ".join(words)))
    search.put(tx, made, "contact", found)
    if taken_by:
        handoff(tx, made, state="closed", taken_by=taken_by)
    return made


async def found(store: Store, query: str, sight: str = "") -> list[str]:
    walk = search.Walk(query, sight=sight)
    while await store.read(walk.step):
        pass
    return walk.found


async def test_as_people_say_it(store: Store) -> None:
    hung, huong = await store.run(
        lambda tx: [
            person(tx, "xe tải", name="Nguyễn Văn Hùng", phone="+84912345678", plate="59A-123.45"),
            person(tx, "xe máy", name="Trần Thị Hương", phone="+84987654321"),
        ]
    )
    for words in (
        "Hùng",
        "hung",
        "HÙNG nguyễn",
        "hu nguye",
        "0912 345 678",
        "0912.345.678",
        "5678",
        "56 78",
        "59a12345",
        "59A 123.45",
        "tải hùng",
    ):
        assert hung in await found(store, words), words
    for words in ("Huong", "thị hương", "+84 987 654 321", "máy"):
        assert await found(store, words) == [huong], words
    assert await found(store, "xe") == [huong, hung], "the newest first"
    for words in ("", "…", "hùng hương", "0912345679", "59A-123.46"):
        assert await found(store, words) == [], words


async def test_an_advisor_finds_his_own_work_and_the_queue(store: Store) -> None:
    mine, waiting, former = await store.run(
        lambda tx: [
            person(tx, name="Hoàng", status="with_advisor", assignee_id=LAN),
            person(tx, name="Hoàng", status="waiting"),
            person(tx, name="Hoàng", status="closed", taken_by=LAN),
        ]
    )
    await store.run(
        lambda tx: [
            person(tx, name="Hoàng", status="with_advisor", assignee_id="another"),
            person(tx, name="Hoàng", status="closed", taken_by="another"),
            person(tx, name="Hoàng", status="open"),
        ]
    )
    assert len(await found(store, "hoang")) == 6
    assert set(await found(store, "hoang", LAN)) == {mine, waiting, former}
    page = await store.read(partial(listing.page, wanted=listing.Wanted(q="hoang", sight=LAN), after=None, limit=50))
    assert page.after is None
    assert {row.id for row in page.items} <= {mine, waiting, former}
    everything = await store.read(lambda tx: [row.id for row in tx.all("SELECT id FROM conversation")])
    assert await store.read(lambda tx: search.seen_by(tx, LAN, everything)) == {mine, waiting, former}


@pytest.mark.parametrize("sight", ["", LAN])
async def test_common_words_are_walked_in_bites(store: Store, monkeypatch: pytest.MonkeyPatch, sight: str) -> None:
    monkeypatch.setattr(search, "LOOK", 7)

    def fill(tx: Tx) -> list[str]:
        return [
            person(tx, "nguyen", "van" if number % 3 == 0 else "thi", status="waiting" if number % 2 else "open")
            for number in range(60)
        ]

    made = await store.run(fill)
    wanted = [each for number, each in enumerate(made) if number % 3 == 0 and (number % 2 or not sight)]
    walk, bites = search.Walk("nguyen van", sight=sight), 1
    while await store.read(walk.step):
        bites += 1
    assert walk.found == sorted(wanted, reverse=True)
    assert bites == 3 + bool(sight), "the rarer word is walked: twenty in bites of seven"
