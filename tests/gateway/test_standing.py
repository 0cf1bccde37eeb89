"""When the silence of an account is unusual, and what is to be done about how it stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.desk.channels import card, said
from gateway.desk.words import LANGUAGES, Words
from gateway.standing import Standing, silence, todo
from handlers.model import Business
from storage import accounts, activity, inbox
from storage.activity import HOUR_MS, Came
from storage.db import Store
from storage.inbox import Arrival
from storage.keys import KeyRing

HOUSE = Business(hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), (("08:00", "17:00"),)))
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 15:00 in Viet Nam
NOW_MS = round(MONDAY.timestamp() * 1000)
ONE = Standing(id="zalo:oa", channel="zalo", name="oa", title="Zalo", state="ok")


def busy(an_hour: int, *, last: datetime, days: int = 7) -> Came:
    """So many events in each working hour until `last`."""
    end, hours = round(last.timestamp() * 1000), {}
    for hour in range(end // HOUR_MS - days * 24, end // HOUR_MS + 1):
        if 1 <= hour % 24 < 10:  # 08:00-17:00 in Viet Nam
            hours[hour] = an_hour
    return Came(events=sum(hours.values()), since_ms=end - days * 24 * HOUR_MS, last_ms=end, hours=hours)


@pytest.mark.parametrize(
    ("an_hour", "silent", "alarm"),
    [
        (10, timedelta(minutes=30), 0),  # within the same hours as always
        (10, timedelta(hours=2), 2.0),
        (2, timedelta(hours=2), 0),  # four would have come: it may be chance
        (2, timedelta(hours=4), 4.0),
        (0, timedelta(days=3), 0),  # nobody ever writes here
    ],
)
def test_a_silence_is_told_where_it_is_unusual(an_hour: int, silent: timedelta, alarm: float) -> None:
    assert silence(busy(an_hour, last=MONDAY - silent), MONDAY, HOUSE) == pytest.approx(alarm, abs=0.01)
    assert bool(silence(busy(an_hour, last=MONDAY - silent), MONDAY, HOUSE)) == bool(alarm)


def test_a_night_and_a_sunday_are_no_silence() -> None:
    saturday = MONDAY - timedelta(days=2)
    assert silence(busy(3, last=saturday + timedelta(hours=1)), MONDAY - timedelta(hours=6, minutes=30), HOUSE) == 0
    assert silence(busy(30, last=saturday), MONDAY - timedelta(days=1), HOUSE) == 0, "nobody is at work"


def test_who_was_not_watched_long_enough_is_not_judged() -> None:
    assert silence(busy(20, last=MONDAY - timedelta(hours=5), days=1), MONDAY, HOUSE) == 0
    assert silence(Came(), MONDAY, HOUSE) == 0


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ()),
        ({"state": "auth_broken"}, ("token",)),
        ({"state": "auth_broken", "consent": "/oauth/zalo/oa"}, ("consent",)),
        ({"state": "down", "waiting": 9, "oldest_ms": 1}, ("down",)),
        ({"state": "throttled"}, ("throttled",)),
        ({"state": "off"}, ("off",)),
        ({"reason": "no webhook there"}, ("note",)),
        ({"silent_h": 3.0}, ("silent",)),
        ({"token": "ends", "token_ms": NOW_MS + 6 * 24 * HOUR_MS}, ("ending",)),
        ({"token": "ends", "token_ms": NOW_MS + 8 * 24 * HOUR_MS}, ()),
        ({"token": "unknown"}, ()),
        ({"refused_ms": NOW_MS - 1000}, ("refused",)),
        ({"refused_ms": NOW_MS - 2 * HOUR_MS}, ()),
        ({"closing": 2, "state": "down"}, ("down", "closing")),
        ({"calls": 10, "failed": 2}, ("failing",)),
        ({"calls": 9, "failed": 9}, ()),
        ({"waiting": 1, "oldest_ms": NOW_MS - 121_000}, ("late",)),
        ({"waiting": 1, "oldest_ms": NOW_MS - 60_000}, ()),
    ],
)
def test_what_is_to_be_done(changes: dict[str, Any], wanted: tuple[str, ...]) -> None:
    assert todo(replace(ONE, **changes), NOW_MS) == wanted


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_has_words(lang: str) -> None:
    words = Words().page(lang)["channels"]
    codes = "consent token down throttled off note ending silent refused closing failing late".split()
    assert sorted(words["todo"]) == sorted(codes)
    for state in ("ok", "throttled", "down", "auth_broken", "off"):
        for token in ("", "active", "refreshing", "needs_consent", "ends", "unknown"):
            shown = card(replace(ONE, state=state, token=token, todo=tuple(codes)), words, MONDAY, HOUSE)
            assert "{" not in str(shown["todo"]) + shown["state_words"]


@pytest.mark.parametrize(
    ("quotas", "vi", "en"),
    [
        ({"template": ("2", "500")}, "mẫu tin theo số điện thoại hôm nay: còn 2 trên 500", "templates by phone today: 2 of 500 left"),
        ({"sub_quota": ("", "")}, "tin trong gói: nền tảng không cho biết còn bao nhiêu", "messages of the package: the platform does not say how many are left"),
        (
            {"template": ("2", "500"), "purchase_quota": ("8", "9")},
            "mẫu tin theo số điện thoại hôm nay: còn 2 trên 500; tin tính phí: còn 8 trên 9",
            "templates by phone today: 2 of 500 left; billed messages: 8 of 9 left",
        ),
        ({"charged": ("3", "")}, "tin bị tính tiền từ lúc khởi động: 3", "messages charged since the start: 3"),
    ],
)  # fmt: skip
def test_what_is_left_is_said_of_each_kind(quotas: dict[str, tuple[str, str]], vi: str, en: str) -> None:
    for lang, wanted in (("vi", vi), ("en", en)):
        words = Words().page(lang)["channels"]
        shown = dict(card(replace(ONE, quotas=quotas), words, MONDAY, HOUSE)["facts"])
        assert shown[words["quota"]] == wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, "không tự hết hạn"),
        ({"token": "unknown"}, "không rõ đến khi nào"),
        ({"token": "ends", "token_ms": NOW_MS + 3 * HOUR_MS}, "đến 18:00"),
        ({"token": "unknown", "state": "auth_broken"}, "bị từ chối"),
    ],
)
def test_how_long_a_key_lives_is_said_where_it_is_known(changes: dict[str, Any], wanted: str) -> None:
    words = Words().page("vi")["channels"]
    shown = dict(card(replace(ONE, keyed=True, **changes), words, MONDAY, HOUSE)["facts"])
    assert shown[words["token"]] == wanted


def test_moments_as_people_say_them() -> None:
    words = Words().page("vi")["channels"]
    told = [said(NOW_MS - minutes * 60_000, words, MONDAY, HOUSE) for minutes in (0, 5, 90, 24 * 60)]
    assert told == ["vừa xong", "5 phút trước", "13:30", "15:00 22/11"]


async def test_what_comes_is_counted_by_the_hour_and_survives_a_restart(database_url: str) -> None:
    now, keys = [NOW_MS], KeyRing.ephemeral()
    for round_ in range(2):
        store = Store(database_url, keys, now_ms=lambda: now[0])
        await asyncio.to_thread(store.open)
        store.attach(asyncio.get_running_loop())
        try:
            await store.run(lambda tx: accounts.ensure(tx, [("zalo:oa", "zalo", "oa"), ("zalo:b", "zalo", "b")]))
            await store.run(activity.note)
            arrival = Arrival(account_id="zalo:oa", key=f"k{round_}", kind="text", thread="t", body=b"{}")
            await store.ingest([arrival])
            await store.run(lambda tx: inbox.reject(tx, {"zalo:oa": 1}))
            now[0] += HOUR_MS
            await store.run(activity.note)
            came = (await store.read(activity.came))["zalo:oa"]
            assert (came.events, came.last_ms, came.rejected_ms) == (round_ + 1, now[0], now[0])
            assert came.hours == {(NOW_MS // HOUR_MS) + 1 + at: 1 for at in range(round_ + 1)}
            assert (await store.read(activity.came))["zalo:b"].last_ms == 0
        finally:
            await asyncio.to_thread(store.close)
