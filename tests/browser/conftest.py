"""Gateways of their own for people at browsers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gatewayd import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    parent = Zygote()
    yield parent
    parent.close()
