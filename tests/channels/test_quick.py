"""What every message makes is made quickly, and is a frozen dataclass all the same."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from channels.contract import Delivery, InboundEvent, OutboundMessage, Profile
from channels.quick import quick
from storage.inbox import Arrival
from storage.outbox import Outcome, SendJob

MADE = (Delivery, Profile, InboundEvent, OutboundMessage, Arrival, SendJob, Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    a: str
    b: int = 1
    c: list[int] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    a: str
    b: int = 1
    c: list[int] = field(default_factory=list)


def test_it_is_made_of_the_same_arguments() -> None:
    assert inspect.signature(Quick) == inspect.signature(Slow)
    made = Quick(a="x")
    assert (made.a, made.b, made.c) == ("x", 1, [])
    assert repr(made) == repr(Slow(a="x")).replace("Slow", "Quick")
    assert Quick(a="x").c is not made.c
    assert Quick(c=[2], b=3, a="y") == replace(made, a="y", b=3, c=[2]) != made
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("given", [{}, {"b": 1}, {"a": "x", "d": 1}])
def test_wrong_arguments_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Quick(**given)
    with pytest.raises(TypeError):
        Quick("x")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_ours_stay_frozen_and_keep_what_they_were_given(kind: Any) -> None:
    given = {one.name: object() for one in fields(kind)}
    made = kind(**given)
    assert {one.name: getattr(made, one.name) for one in fields(kind)} == given
    for name in given:
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, None)
    assert made == kind(**given)
