"""The doors that an advisor gives a customer stay open over a rotation of the keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.tickets import KINDS, _signed, kind_of
from storage.keys import KeyRing


@pytest.mark.parametrize("letter", sorted(KINDS))
def test_a_door_outlives_a_rotation_of_the_keys(letter: str) -> None:
    keys = KeyRing.ephemeral()
    parts = cast(Any, SimpleNamespace(engine=SimpleNamespace(keys=keys)))
    old = _signed(parts, letter + "0" * 26)
    keys.masters.begin()
    new = _signed(parts, letter + "0" * 26)
    keys.masters.retire(1)
    assert old != new
    assert [kind_of(parts, one) for one in (old, new)] == [KINDS[letter]] * 2
    assert kind_of(parts, old[:-1] + ("0" if old[-1] != "0" else "1")) == ""
