"""Finding by words: what is found, by whom, and that a common word costs no more than a rare one."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from storage import finding, listing, narrowing, plates, search, searching
from storage.db import Store
from storage.ids import new_id
from storage.tx import Tx
from tests.storage.conftest import Hand
from tests.storage.test_stats import conversation, handoff

LAN = "advisor-lan"


def person(
    tx: Tx, *words: str, name: str = "", phone: str = "", plate: str = "", taken_by: str = "", **values: object
) -> str:
    taken_at = values.pop("taken_at", tx.now_ms)
    made = conversation(tx, **values)
    found = search.of_name(name) | search.of_value(phone) | search.of_value(plate) | set(search.words(" ".join(words)))
    search.put(tx, made, "contact", found)
    if taken_by:
        handoff(tx, made, state="closed", taken_by=taken_by, taken_at=taken_at)
    return made


async def found(store: Store, query: str, sight: str = "") -> list[str]:
    walk = searching.Walk(query, enough=100, sight=sight)
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
    assert await found(store, "xe") == sorted((hung, huong), reverse=True), "the newest first"
    for words in ("", "…", "hùng hương", "0912345679", "59A-123.46"):
        assert await found(store, words) == [], words


async def test_a_plate_in_his_words_is_found_however_it_is_typed(store: Store) -> None:
    said = ("xe mình biển số 51F-123.45 nhé", "biển: 51f12345", "biển 51F 123 45, 5 chỗ", "51 F – 123.45 là biển xe em")

    def fill(tx: Tx) -> list[str]:
        person(tx, "xe 51 chỗ f 123 và 45 tờ")
        made = [conversation(tx) for _ in said]
        for one, text in zip(made, said, strict=True):
            search.put(tx, one, "contact", search.of_text(text))
        return made

    made = sorted(await store.run(fill), reverse=True)
    for query in ("51F12345", "51f 12345", "51F-12345", "51F-123.45", "12345", "51F-12345 biển", "biển số 51F 123.45"):
        assert await found(store, query) == (made if "số" not in query else made[-1:]), query
    assert await found(store, "51F-12346") == []


@pytest.mark.parametrize(
    ("text", "tight"),
    [
        ("59T1 234.56", {"59t123456", "23456"}),
        ("59-T1-23456", {"59t123456", "23456"}),
        ("36N-4182", {"36n4182", "4182"}),
        ("29MĐ1-123.45 và 30AA 12345", {"29md112345", "30aa12345", "12345"}),
        ("0912345678, mua 2 xe 50 triệu", set()),
        ("số 151F-12345", set()),
        ("51F-123.456.789", set()),
    ],
)
def test_what_looks_like_a_plate(text: str, tight: set[str]) -> None:
    assert plates.values(search.fold(text)) == tight


async def test_an_advisor_finds_his_own_work_and_the_queue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for rare in (narrowing.RARE, 1):
        monkeypatch.setattr(narrowing, "RARE", rare)
        for sight, count in ((LAN, 3), ("", 6)):
            counted = partial(listing.count, wanted=narrowing.Wanted(q="hoang", sight=sight), after=None, limit=50)
            assert await store.read(counted) == (count, None)
    everything = await store.read(lambda tx: [row.id for row in tx.all("SELECT id FROM conversation")])
    assert await store.read(lambda tx: searching.seen_by(tx, LAN, everything)) == {mine, waiting, former}


@pytest.mark.parametrize("sight", ["", LAN])
@pytest.mark.parametrize("enough", [100, 20, 9])
async def test_common_words_are_walked_in_bites(
    store: Store, monkeypatch: pytest.MonkeyPatch, sight: str, enough: int
) -> None:
    """Of everybody's by when they began, of an advisor's by when he took them; both look at so many a read."""
    for name, most in (("LOOK", 7), ("TAKEN", 7), ("WEIGHED", 5)):
        monkeypatch.setattr(searching, name, most)

    def fill(tx: Tx) -> list[str]:
        return [
            person(
                tx,
                "nguyen",
                "van" if number % 3 == 0 else "thi",
                id=f"{number:026}",
                taken_by=(LAN if number % 2 else "another"),
                taken_at=tx.now_ms + number // 6,
            )
            for number in range(60)
        ]

    made = await store.run(fill)
    wanted = [each for number, each in enumerate(made) if number % 3 == 0 and (number % 2 or not sight)][::-1]
    walk, bites = searching.Walk("nguyen van", enough=enough, sight=sight), 1
    before = 0
    while await store.read(walk.step):
        assert len(walk.found) - before <= 7, "no read looks further"
        bites, before = bites + 1, len(walk.found)
    assert sorted(walk.found, reverse=True) == walk.found
    assert walk.found == wanted[:enough]
    if enough == 100:
        assert bites == (6 if sight else 3), "twenty of the rarer word, or thirty that he took, in bites of seven"


async def test_words_that_never_meet_are_looked_at_so_far(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LOOK", 5)
    monkeypatch.setattr(finding, "ROUNDS", 3)
    await store.run(lambda tx: [person(tx, "giay" if number % 2 else "dang") for number in range(90)])
    look, reads = finding.Look("giấy đang"), 1
    while await store.read(look.step):
        reads += 1
    assert (look.people, look.conversations, look.more, reads) == ([], [], True, 3)


async def test_a_list_is_narrowed_by_what_no_index_knows(store: Store, hand: Hand) -> None:
    now, hour = hand.ms, 3_600_000

    def about(tx: Tx, product: str, **values: Any) -> str:
        who, made = new_id(), new_id()
        _, wrapped = tx.keys.new_contact_key(who)
        point = new_id()
        tx.insert("contact_key", contact_id=who, wrapped=wrapped, created_at=now)
        tx.insert(
            "contact_point", id=point, account_id="telegram:main", thread=made, contact_id=who, seq=0, message_seq=0, out_seq=0,
            reachable=True, unreachable_reason="", created_at=now,
        )  # fmt: skip
        state = {"slots": {"product": product} if product else {}}
        sealed = tx.keys.seal_json(tx, who, "conversation", "state_sealed", made, state)
        return conversation(tx, id=made, contact_id=who, point_id=point, state_sealed=sealed, **values)

    car, bike, old = await store.run(
        lambda tx: [
            about(tx, "car", status="waiting", waiting_since=now - hour, team="claims"),
            about(tx, "bike", status="waiting", waiting_since=now - 1),
            about(tx, "", opened_at=now - 50 * hour, last_message_at=now - 40 * hour),
        ]
    )
    for wanted, ids in (
        (narrowing.Wanted(product="car"), {car}),
        (narrowing.Wanted(product="none"), {old}),
        (narrowing.Wanted(team="claims"), {car}),
        (narrowing.Wanted(opened_since=now - hour), {car, bike}),
        (narrowing.Wanted(opened_until=now - hour), {old}),
        (narrowing.Wanted(waiting_since=now - hour), {car}),
        (narrowing.Wanted(waiting_since=now, product="bike"), {bike}),
        (narrowing.Wanted(channel="viber"), set()),
        (narrowing.Wanted(), {car, bike, old}),
    ):
        page = await store.read(partial(listing.page, wanted=wanted, after=None, limit=50))
        assert {row.id for row in page.items} == ids, wanted
        assert await store.read(partial(listing.count, wanted=wanted, after=None, limit=50)) == (len(ids), None)
        if len(ids) > 1:
            count, after = await store.read(partial(listing.count, wanted=wanted, after=None, limit=1))
            assert count == 1
            rest = await store.read(partial(listing.count, wanted=wanted, after=after, limit=50))
            assert rest == (len(ids) - 1, None)
