"""A status only moves forward, whatever order the news comes in."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import receipts

NEWS = ("sent", "delivered", "read", "failed")


@pytest.mark.parametrize(
    "state, news, after",
    [
        ("sent", "delivered", "delivered"),
        ("sent", "read", "read"),
        ("delivered", "read", "read"),
        ("read", "delivered", "read"),  # late
        ("delivered", "sent", "delivered"),  # the answer to the call, overtaken by the receipt
        ("sent", "failed", "failed_late"),
        ("delivered", "failed", "delivered"),
        ("sending", "delivered", "delivered"),  # the receipt is faster than the answer
        ("unknown", "delivered", "delivered"),  # proof that the lost answer was a yes
        ("unknown", "sent", "sent"),
        ("unknown", "failed", "failed"),
        ("unconfirmed", "read", "read"),
        ("unconfirmed", "failed", "unconfirmed"),  # an advisor has it in hand
        ("queued", "delivered", "queued"),  # absurd: it has not left
        ("failed", "delivered", "failed"),
        ("cancelled", "read", "cancelled"),
        ("expired", "delivered", "expired"),
        ("failed_late", "read", "failed_late"),
        ("sent", "sent", "sent"),
        ("sent", "shredded", "sent"),
        ("nonsense", "read", "nonsense"),
    ],
)
def test_told(state: str, news: str, after: str) -> None:
    assert receipts.told(state, news) == after


@pytest.mark.parametrize(
    "state, new, klass, may",
    [
        ("queued", "sending", "A", True),
        ("queued", "sent", "A", False),  # the intent is committed before the first byte
        ("sending", "sent", "A", True),
        ("sending", "unknown", "B", True),
        ("sending", "queued", "A", False),  # never rescued by time
        ("unknown", "retry_wait", "A", True),
        ("unknown", "retry_wait", "C", True),
        ("unknown", "retry_wait", "B", False),  # an advisor's words are never repeated by machine
        ("unknown", "retry_wait", "D", False),
        ("unknown", "sent", "B", True),
        ("sent", "queued", "A", False),
        ("failed", "sending", "A", False),
        ("cancelled", "sending", "A", False),
        ("expired", "sending", "A", False),
        ("quarantined", "queued", "A", True),
        ("nonsense", "sent", "A", False),
    ],
)
def test_may_become(state: str, new: str, klass: str, may: bool) -> None:
    assert receipts.may_become(state, new, klass=klass) is may


def test_the_order_of_receipts_does_not_matter() -> None:
    for order in permutations(("sent", "delivered", "read")):
        state = "sending"
        for news in order:
            state = receipts.told(state, news)
        assert state == "read"


def test_every_state_has_a_face() -> None:
    faces = {receipts.shown(state) for state in receipts.NEXT}
    api = "queued sending sent delivered read unknown unconfirmed failed expired cancelled"
    assert faces == set(api.split())


@given(state=st.sampled_from(sorted(receipts.NEXT)), news=st.lists(st.sampled_from(NEWS), max_size=6))
def test_what_was_read_stays_read(state: str, news: list[str]) -> None:
    for one in news:
        after = receipts.told(state, one)
        assert receipts.told(after, one) in (after, "failed_late") or one == "failed"
        assert not (state == "read" and after != "read")
        assert after in receipts.NEXT
        state = after
