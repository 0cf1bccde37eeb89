"""Rows that many pages ask for in one moment: read once, masked once for each kind of reader, and never older than a hint."""

from __future__ import annotations

import asyncio

import pytest

from gateway.api import rows
from storage import listing
from storage.tx import Tx
from tests.gateway.api.conftest import House


async def test_a_moments_rows_are_read_once_for_all_and_again_after_a_hint(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[str]] = []
    several = listing.several

    def counted(tx: Tx, ids: list[str]) -> dict[str, listing.Conversation]:
        read.append(sorted(ids))
        return several(tx, ids)

    monkeypatch.setattr(listing, "several", counted)
    monkeypatch.setattr(rows, "FRESH_S", 60.0)
    one, two = sorted([await house.conversation("r1", lead=True), await house.conversation("r2", lead=True)])
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    chief = await house.as_role("supervisor", "Hà")
    await lan.post(f"/conversations/{one}/take")
    await house.settled()

    async def asked() -> list[list[bool]]:
        pages = await asyncio.gather(*(who.get("/rows", ids=f"{one},{two}") for who in (lan, minh, chief, lan, minh)))
        return [[row["masked"] for row in page["items"]] for page in pages]

    read.clear()
    masked = [[False, False], [True, False], [False, False], [False, False], [True, False]]
    assert await asked() == masked
    assert await asked() == masked
    assert read == [[one, two]]

    house.parts.hub.publish([("message", two)])
    assert await asked() == masked
    assert read == [[one, two], [two]]

    version = (await lan.get("/rows", ids=one))["items"][0]["version"]
    await lan.post(f"/conversations/{one}/labels", {"add": ["gấp"]})
    row = (await minh.get("/rows", ids=one))["items"][0]
    assert row["labels"] == ["gấp"]
    assert row["version"] > version
    house.parts.hub.publish([("contact", "anybody")])
    read.clear()
    await asked()
    assert read == [[one, two]]


async def test_what_was_read_before_a_hint_is_not_kept_after_it_and_nothing_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await house.conversation("r1", lead=True)
    lan = await house.as_role("advisor", "Lan")
    several, hub = listing.several, house.parts.hub
    loop, read = asyncio.get_running_loop(), 0

    def overtaken(tx: Tx, ids: list[str]) -> dict[str, listing.Conversation]:
        nonlocal read
        read += 1
        found = several(tx, ids)
        if read == 1:  # a commit right behind this read, heard of before its answer
            asyncio.run_coroutine_threadsafe(_told(), loop).result(30)
        return found

    async def _told() -> None:
        hub.publish([("conversation", conversation)])

    monkeypatch.setattr(listing, "several", overtaken)
    monkeypatch.setattr(rows, "FRESH_S", 60.0)
    for _ in range(3):
        assert len((await lan.get("/rows", ids=conversation))["items"]) == 1
    assert read == 2

    monkeypatch.setattr(rows, "FRESH_S", 0.0)  # what nobody tells of is seen all the same
    hub.publish([("conversation", conversation)])
    await lan.get("/rows", ids=conversation)
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE conversation SET team = 'care' WHERE id = :id", id=conversation)
    )
    assert (await lan.get("/rows", ids=conversation))["items"][0]["team"] == "care"
