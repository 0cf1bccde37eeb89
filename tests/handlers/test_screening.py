"""What the screening form shows: the bot's record follows the customer, a person's says what has changed since."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import screening
from handlers.model import State

CAR, BIKE = "tnds_o_to", "tnds_xe_may"


def state(product: str, saved: dict[str, Any] | None = None, *, lead: str = "") -> State:
    slots = {"need": "bảo hiểm xe", "province": "Hà Nội"} | ({"product": product} if product else {})
    memory = {"screening": saved} if saved is not None else {}
    return State(slots=slots, memory=memory | ({"lead": {"product": lead}} if lead else {}))


def test_the_bots_record_follows_what_is_put_right() -> None:
    saved = {"real_person": True, "product": CAR, "need": "bảo hiểm ô tô", "area": "Huế"}
    found = screening.shown(state(BIKE), saved, by_person=False)
    assert found == {"real_person": True, "product": BIKE, "need": "bảo hiểm xe", "area": "Hà Nội"}
    assert "product" not in screening.shown(state(""), saved, by_person=False), "he wants something without a name now"
    assert screening.shown(state(BIKE), saved, by_person=True) == saved


@pytest.mark.parametrize(
    ("now", "kept", "answered", "since"),
    [
        (BIKE, CAR, CAR, BIKE),  # the customer: no, the motorbike
        (CAR, CAR, CAR, ""),
        (CAR, CAR, BIKE, ""),  # the advisor knew better than the form; nothing has changed since
        (BIKE, CAR, BIKE, ""),  # the customer says now what the advisor had saved
        ("", CAR, CAR, ""),
        (BIKE, None, CAR, BIKE),  # saved before the product was kept beside it
        (BIKE, None, "", BIKE),
    ],
)
def test_a_persons_record_says_what_was_changed_since(now: str, kept: str | None, answered: str, since: str) -> None:
    memory = {"outcome": "need"} | ({"product": kept} if kept else {})
    saved = {"product": answered} if answered else {}
    assert screening.product_since(state(now, memory), saved) == since
    assert screening.product_since(state("", memory, lead=now), saved) == since, "what a form says counts too"
