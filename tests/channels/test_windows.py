"""Whether, when and how something may be said: every combination is on a page that people have read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Account, Capabilities
from channels.registry import ADAPTERS
from channels.windows import PURPOSES, Purpose, Ruling, Sender, Way, Window, rule, session
from tools.windows import table

GOLDEN = Path(__file__).with_name("windows.golden.txt")
PAGES = Path(__file__).parents[2] / "docs" / "channels"
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)  # in Viet Nam


def sections() -> dict[str, str]:
    found = re.split(r"(?m)^(?=# )", GOLDEN.read_text(encoding="utf-8"))
    return {one[2:].partition("\n")[0]: one.strip() for one in found if one}


@pytest.mark.parametrize("channel", sorted(ADAPTERS))
def test_what_may_be_said_is_as_it_was_reviewed(channel: str) -> None:
    now = table({channel: ADAPTERS[channel]})[channel]
    assert now == sections().get(channel), (
        "if this is meant: python -m tools.windows > tests/channels/windows.golden.txt, and read the difference"
    )


def test_every_row_says_where_the_platform_says_so() -> None:
    for name, adapter in ADAPTERS.items():
        for window in adapter.capabilities.windows:
            page, _, heading = window.source.partition(", ")
            assert page == f"{name}.md"
            assert f"**{heading.partition(':')[0]}.**" in (PAGES / page).read_text(encoding="utf-8")


def ruled(*windows: Window, hours: float | None = 1, sender: Sender = Sender.BOT, **asked: object) -> Ruling:
    last = None if hours is None else NOON - timedelta(hours=hours)
    values = {"purpose": Purpose.ANSWER, "now": NOON, "last": last, "sender": sender} | asked
    return rule(Capabilities(title="x", text_limit=1, windows=windows), **values)  # type: ignore[arg-type]


def test_the_first_row_that_fits_decides() -> None:
    rows = (Window(hours=24), Window(hours=48, way=Way.BILLED), Window(hours=None, way=Way.TEMPLATE))
    assert [ruled(*rows, hours=hours).way for hours in (23, 24, 48, None)] == [
        Way.FREE,
        Way.BILLED,
        Way.TEMPLATE,
        Way.TEMPLATE,
    ]
    assert ruled(*rows, hours=23).until == NOON + timedelta(hours=1)
    assert not ruled(*rows, hours=None).allowed


def test_when_it_shut_is_told() -> None:
    rows = (Window(hours=24), Window(hours=48, senders=frozenset({Sender.ADVISOR})))
    assert ruled(*rows, hours=30).shut_at == NOON - timedelta(hours=6)
    assert ruled(*rows, hours=50, sender=Sender.ADVISOR).shut_at == NOON - timedelta(hours=2), "the last of them"
    assert ruled(*rows, hours=None).shut_at is None, "he never wrote there"
    assert ruled(*rows).shut_at is None


def test_what_the_account_lacks_opens_nothing() -> None:
    assert ruled(Window(hours=None, needs="billed")).why == "window"


def test_who_blocked_us_is_not_written_to_and_elsewhere_is_named() -> None:
    blocked = ruled(reachable=False, purpose=Purpose.CERTIFICATE)
    assert (blocked.why, blocked.elsewhere) == ("blocked", ("chat", "email", "call"))


def test_what_waits_for_the_morning_may_be_too_late_by_then() -> None:
    night = NOON.replace(hour=16)  # 23:00
    late = ruled(Window(hours=24), now=night, last=night - timedelta(hours=20), purpose=Purpose.SURVEY)
    assert (late.way, late.why) == (Way.NEVER, "window")
    soon = ruled(Window(hours=24), now=night, last=night - timedelta(hours=2), purpose=Purpose.SURVEY)
    assert (soon.way, soon.not_before) == (Way.LATER, datetime(2026, 11, 24, 1, tzinfo=UTC))


def test_a_session_that_does_not_slide_begins_with_the_first_word_after_the_last_one_ended() -> None:
    def at(*hours: int) -> datetime | None:
        opened = session([NOON + timedelta(hours=hour) for hour in hours], hours=24)
        return opened and opened - timedelta(hours=12 + 12)

    assert session([], hours=24) is None
    assert at(0, 5, 23) == NOON - timedelta(hours=24)
    assert at(0, 5, 24) == NOON
    assert at(0, 23, 30, 50) == NOON + timedelta(hours=6)


def test_templates_are_those_that_the_account_has() -> None:
    some = Account(channel="zalo", name="x", settings={"templates": {"survey": "1", "care": "", "aftercare": "2"}})
    (row,) = [one for one in ADAPTERS["zalo"].carries(some).windows if one.way is Way.TEMPLATE and not one.needs]
    assert row.purposes == {Purpose.SURVEY}


def test_the_outbox_has_a_word_for_every_purpose() -> None:
    assert set(PURPOSES.values()) == set(Purpose)


@given(
    hours=st.floats(min_value=0, max_value=10_000),
    later=st.floats(min_value=0, max_value=10_000),
    sender=st.sampled_from(Sender),
    purpose=st.sampled_from([Purpose.ANSWER, Purpose.ADVICE, Purpose.CERTIFICATE]),
)
def test_time_alone_never_makes_it_cheaper(hours: float, later: float, sender: Sender, purpose: Purpose) -> None:
    order = [Way.FREE, Way.BILLED, Way.TEMPLATE, Way.NEVER]
    for name, (billed, agent) in product(("zalo", "facebook", "viber"), product((True, False), repeat=2)):
        settings = {"billed": billed, "human_agent": agent, "templates": {"certificate": "x"}}
        carries = ADAPTERS[name].carries(Account(channel=name, name="x", settings=settings))
        now, then = (
            rule(carries, sender=sender, purpose=purpose, now=NOON, last=NOON - timedelta(hours=ago))
            for ago in (hours, hours + later)
        )
        assert order.index(now.way) <= order.index(then.way)
