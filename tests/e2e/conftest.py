"""What the end-to-end tests share: one zygote a worker, which forks gateways in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gatewayd import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    parent = Zygote()
    yield parent
    parent.close()
