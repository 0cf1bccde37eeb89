"""Call events as call centres post them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from channels import hotline, posted
from channels.contract import UNSAID, Account, Delivery, InboundEvent, Kind

ACCOUNT = Account(channel="hotline", name="main", settings={"secret": "s3cret-of-the-calls"}, thread_key=b"k" * 16)
CALL = {"call_id": "c1", "event": "ringing", "direction": "inbound", "from": "0912345678", "to": "19000000"}
PHONE = "+84912345678"
CALLER = hotline.thread_of(ACCOUNT, PHONE)


def one(body: Any, account: Account = ACCOUNT) -> InboundEvent:
    (event,) = hotline.parse(Delivery(headers={}, body=orjson.dumps(body)), account)
    return event


def test_events_of_a_call_are_one_thread_and_each_its_own_event() -> None:
    told = [one({**CALL, "event": event}) for event in ("ringing", "answered", "ended", "missed")]
    assert {(event.thread, event.external_id, event.kind) for event in told} == {(CALLER, "c1", Kind.CALL)}
    assert len({event.key for event in told}) == 4


def test_what_lies_in_the_clear_tells_nobody_the_number() -> None:
    """Not even to one who hashes every number that there is."""
    for body in (CALL, {"event": "missed", "from": "0912345678"}):
        event = one(body)
        other = one(body, replace(ACCOUNT, thread_key=b"l" * 16))
        assert "912345678" not in event.thread + event.key + event.external_id
        assert (event.thread != other.thread, event.key != other.key) == (True, True)
    turned = replace(ACCOUNT, settings={"secret": ("new", "s3cret-of-the-calls")})
    assert one(CALL, turned).thread == one(CALL).thread
    with pytest.raises(ValueError, match="thread_key"):
        one(CALL, replace(ACCOUNT, thread_key=b""))


def test_a_second_end_that_brings_the_recording_is_no_repetition() -> None:
    end = {**CALL, "event": "ended", "duration_s": 10}
    assert one(end).key == one({**end, "sent_at": 7}).key
    assert one(end).key != one({**end, "recording_url": "https://pbx.example.vn/1.mp3"}).key


@pytest.mark.parametrize("theirs", ["anonymous", "Unknown", "", None, "Số ẩn", "restricted"])
def test_a_withheld_number_is_a_conversation_of_its_own(theirs: Any) -> None:
    event, other = one({**CALL, "from": theirs}), one({**CALL, "from": theirs, "call_id": "c2"})
    assert "number" not in event.extra
    assert event.thread != other.thread
    assert event.thread == one({**CALL, "from": theirs, "event": "missed"}).thread


WORDS = [
    ({"status": "NO ANSWER"}, "missed"), ({"state": "Hangup"}, "ended"), ({"event_type": "call.answered"}, "answered"),
    ({"trang_thai": "Cuộc gọi nhỡ"}, "missed"), ({"callStatus": "IN-PROGRESS"}, "answered"), ({"type": "incoming"}, "ringing"),
]  # fmt: skip


@pytest.mark.parametrize("words, event", WORDS, ids=[str(at) for at in range(len(WORDS))])
def test_other_centres_words(words: dict[str, str], event: str) -> None:
    assert one({"uniqueid": "170.1", "src": "84912345678", **words}).extra["event"] == event


def test_the_mapping_of_an_account() -> None:
    account = Account(
        channel="hotline",
        name="x",
        settings={"secret": "s", "fields": {"call_id": "maCG", "from": "so_khach_goi"}},
        thread_key=b"k" * 16,
    )
    event = one({"maCG": 17, "so_khach_goi": 912345678, "event": "missed"}, account)
    assert (event.external_id, event.thread) == ("17", CALLER)


SIDES: list[tuple[dict[str, Any], str]] = [  # what differs from a missed call, and whose it was
    ({}, "inbound"),
    ({"direction": "Gọi đến"}, "inbound"),
    ({"direction": ""}, "inbound"),
    ({"direction": "outbound-api", "from": "+842471000000", "to": "0912345678"}, "outbound"),
    ({"direction": "Outgoing Call", "from": "101", "to": "0912345678"}, "outbound"),
    ({"direction": "click-to-call", "from": "101", "to": "0912345678"}, "outbound"),
    ({"direction": "Gọi ra", "from": "101", "to": "0912345678"}, "outbound"),
    ({"direction": "", "from": "101", "to": "0912345678"}, "outbound"),
    ({"direction": "", "event": "NOTIFY_OUT_END", "from": "", "to": "0912345678"}, "outbound"),
    ({"direction": None, "from": "19001234", "to": "0912345678"}, "outbound"),
    ({"direction": "outbound", "from": "0912345678", "to": "101"}, "outbound"),  # the customer is no extension
    ({"direction": "inbound", "from": "101", "to": "0912345678"}, "inbound"),
    ({"direction": "outbound", "from": "", "to": "", "customer": "0912345678"}, "outbound"),
]


@pytest.mark.parametrize("change, direction", SIDES, ids=[str(at) for at in range(len(SIDES))])
def test_whose_call_it_was(change: dict[str, Any], direction: str) -> None:
    event = one({**CALL, "event": "missed", **change})
    assert (event.extra["direction"], event.thread, event.extra["number"]) == (direction, CALLER, PHONE)
    assert event.by_human is (direction == "outbound")


HAPPENED: list[tuple[dict[str, Any], str]] = [
    ({"event": "call", "data": {"event": "missed"}}, "missed"),
    ({"event": None, "CallType": "Missed"}, "missed"),
    ({"event": "Inbound Call Answered"}, "answered"),
    ({"event": "call.not_answered"}, "missed"),
    ({"event": "IncomingCallEnded"}, "ended"),
    ({"event": "abandoned_in_queue"}, "missed"),
    ({"event": "Không trả lời"}, "missed"),
    ({"event": "call.ended", "missed_call_reason": "no_available_agent", "duration_s": 20}, "missed"),
    ({"event": "ended", "missed": False}, "ended"),
    ({"event": "ended", "answered_at": "2026-11-22T09:30:00Z"}, "answered"),
    ({"event": "ended", "answered_at": "", "duration_s": 20}, "ended"),
    ({"event": "recording_ready", "recording_url": "https://pbx.example.vn/1.mp3"}, "ended"),
]


@pytest.mark.parametrize("change, event", HAPPENED, ids=[str(at) for at in range(len(HAPPENED))])
def test_what_happened_is_the_first_word_that_says_it(change: dict[str, Any], event: str) -> None:
    told = one({**CALL, "direction": "", **change}).extra
    assert told["event"] == event
    assert "duration_s" not in told  # it only rang


def test_going_out_the_customer_is_who_is_called() -> None:
    event = one({**CALL, "direction": "outbound", "from": "101", "to": "0912345678", "agent": "Mai"})
    assert (event.thread, event.extra["direction"], event.extra["agent"]) == (CALLER, "outbound", "Mai")


@pytest.mark.parametrize(
    "change",
    [
        {"event": "dtmf"},
        {"event": ""},
        {"direction": "internal"},
        {"from": "101", "to": "102"},
        {"event": "ended", "from": None, "to": ""},
    ],
)
def test_what_is_no_call_of_a_customer_is_ignored(change: dict[str, str]) -> None:
    event = one({**CALL, **change})
    assert (event.kind, event.thread) == (Kind.IGNORED, "")
    assert event.reason


TIMES = [
    ("2026-11-22T09:30:00+07:00", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    ("2026-11-22 09:30:00", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    ("22/11/2026 09:30", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    ("20261122093000", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    ("Sun, 22 Nov 2026 02:30:00 +0000", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    (1795314600, datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    (1795314600000, datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
    ("yesterday", UNSAID), ("", UNSAID), ("0001-01-01", UNSAID), ("32/13/2026 99:99", UNSAID),
]  # fmt: skip


@pytest.mark.parametrize("told, at", TIMES, ids=[str(at) for at in range(len(TIMES))])
def test_when_it_began(told: Any, at: datetime) -> None:
    assert one({**CALL, "started_at": told}).said_at == at


@pytest.mark.parametrize(
    "told, whole",
    [
        (75, "75"),
        ("75.4", "75"),
        ("01:15", "75"),
        ("00:01:15", "75"),
        ("0", "0"),
        ("75s", "75"),
        ("1 phút 15 giây", "75"),
        ("2m", "120"),
        ("1h 1m 1s", "3661"),
        ("lâu", ""),
        (None, ""),
    ],
)
def test_how_long_it_was(told: Any, whole: str) -> None:
    assert one({**CALL, "event": "ended", "duration_s": told}).extra.get("duration_s", "") == whole


def test_without_an_id_the_number_and_the_time_are_one() -> None:
    bare = {key: value for key, value in CALL.items() if key != "call_id"}
    timed = one({**bare, "started_at": "2026-11-22 09:30:00"})
    assert (timed.external_id, timed.window_ms) == (
        one({**bare, "started_at": "2026-11-22 09:30:00", "event": "ended"}).external_id,
        0,
    )
    assert one(bare).window_ms == hotline.SHORT_MS


def test_a_party_that_says_more_of_itself_than_its_number() -> None:
    told = {
        "call_id": "c-9",
        "from": {"number": "84901234567", "type": "external", "alias": "84901234567"},
        "to": {"number": "842471000000", "type": "internal"},
        "call_status": "ended",
        "direction": "inbound",
    }
    (flat,) = posted.entries(Delivery(body=orjson.dumps(told), headers={"Content-Type": "application/json"}))
    assert (flat["from"], flat["to"]) == ("84901234567", "842471000000")
