"""What a channel's client may ask of the gateway: a name for the desk, a warning that is over when it is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import house as house_module
from gateway.house import OurHouse
from gateway.parts import Parts
from storage.gates import Gates
from storage.tx import Tx
from tests.support.shop import ACCOUNT, Shop


async def test_a_name_waits_for_its_person_and_does_not_replace_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house_module, "NAME_AGAIN_S", 0)
    shop = await Shop(url=f"sqlite:///{tmp_path / 'shop.db'}").open()
    parts: Any = SimpleNamespace(store=shop.store)
    house = OurHouse(cast("Parts", parts), ACCOUNT.id)

    def name(tx: Tx) -> str:
        row = tx.one("SELECT id, contact_id, name_sealed FROM contact_point WHERE thread = 'lan'")
        assert row is not None
        return tx.keys.open_for(tx, row.contact_id, "contact_point", "name_sealed", row.id, row.name_sealed).decode()

    try:
        await house.named("lan", "nobody yet")
        await shop.customer("lan")
        await house.named("lan", "Lan Nguyễn")
        assert await shop.store.read(name) == "Lan Nguyễn"
        await house.named("lan", "Another")
        assert await shop.store.read(name) == "Lan Nguyễn"
    finally:
        await shop.close()


def test_a_warning_ends_its_own_and_no_others() -> None:
    gates = Gates()
    gate = gates.configure(ACCOUNT.id, rate=0, chat_rate=0)
    parts: Any = SimpleNamespace(store=SimpleNamespace(gates=gates))
    house = OurHouse(cast("Parts", parts), ACCOUNT.id)
    house.note("85 %")
    assert gate.note == "85 %"
    house.note("")
    assert gate.note == ""
    house.note("85 %")
    gates.notice(ACCOUNT.id, "a template was refused")
    house.note("")
    assert gate.note == "a template was refused"
