"""What a failed call means for its row, as a table: error x class x attempts x age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable
from channels.email.answers import DATA, GREETING, MAIL, RCPT, refusal
from channels.facebook.answers import answer as facebook
from channels.viber.answers import answer as viber
from channels.zalo.answers import answer as zalo
from gateway.verdict import AskHuman, Dead, ParkAccount, RetryAt, Verdict, answered, verdict

NOW = 1_800_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LATE = 11 * MINUTE  # later than the first ten minutes

DOWN = Retryable("down")
LOST = DeliveryUnknown("lost")
GAVE_UP = Dead(reason="gave_up")
TOO_OLD = Dead(reason="too_old")


def chat_429(seconds: float) -> RateLimited:
    return RateLimited("slow", retry_after=seconds, whole_account=False)


def account_429(seconds: float) -> RateLimited:
    return RateLimited("slow", retry_after=seconds, whole_account=True)


def after(ms: int, **more: Any) -> RetryAt:
    return RetryAt(at_ms=NOW + ms, **more)


TABLE: list[tuple[ChannelError, str, int, int, dict[str, Any], Verdict]] = [
    # not reached: longer and longer, at most a minute between two tries in the first ten
    (DOWN, "A", 0, 0, {}, after(1 * SECOND)),
    (DOWN, "A", 3, MINUTE, {}, after(8 * SECOND)),
    (DOWN, "A", 20, 9 * MINUTE, {}, after(MINUTE)),
    (DOWN, "B", 20, 9 * MINUTE, {}, after(MINUTE)),
    (DOWN, "C", 20, 9 * MINUTE, {}, after(MINUTE)),
    (DOWN, "A", 4, 0, {"jitter": 0.5}, after(8 * SECOND)),
    (DOWN, "A", 10**6, 0, {}, after(MINUTE)),
    # ten minutes of it are enough for a prompt and for care; what was held back for other reasons is tried a while
    (DOWN, "A", 20, 10 * MINUTE, {}, GAVE_UP),
    (DOWN, "D", 20, LATE, {}, GAVE_UP),
    (DOWN, "A", 6, LATE, {}, GAVE_UP),
    (DOWN, "A", 5, LATE, {}, after(32 * SECOND)),
    (DOWN, "A", 0, LATE, {}, after(1 * SECOND)),
    (DOWN, "D", 0, 10 * HOUR, {}, after(1 * SECOND)),
    # an advisor's words and documents go on until their age limit
    (DOWN, "B", 20, LATE, {}, after(2 * MINUTE)),
    (DOWN, "B", 500, 23 * HOUR, {}, after(2 * MINUTE)),
    (DOWN, "C", 20, LATE, {}, after(15 * MINUTE)),
    (DOWN, "B", 20, LATE, {"not_after": NOW + MINUTE}, TOO_OLD),
    (DOWN, "C", 20, LATE, {"not_after": NOW + MINUTE}, TOO_OLD),
    (DOWN, "A", 2, MINUTE, {"not_after": NOW + SECOND}, TOO_OLD),
    # the circuit is open: it is not the message's fault, however old it is and however often it was tried
    (DOWN, "A", 20, 25 * MINUTE, {"silent": True}, after(0)),
    (DOWN, "B", 0, 0, {"silent": True, "not_after": NOW - 1}, TOO_OLD),
    # the chat is asked too often: that chat waits, the account does not
    (chat_429(7), "A", 0, 0, {}, after(7 * SECOND, counts=False)),
    (chat_429(7), "A", 50, LATE, {}, after(7 * SECOND, counts=False)),
    (chat_429(0), "B", 0, 0, {}, after(0, counts=False)),
    (chat_429(999_999), "B", 0, 0, {"not_after": NOW + 24 * HOUR}, TOO_OLD),
    # the account is: all wait, at most an hour
    (account_429(7), "A", 0, 0, {}, after(7 * SECOND, counts=False, account_pause_ms=7 * SECOND)),
    (chat_429(7), "A", 0, 0, {"flooded": True}, after(7 * SECOND, counts=False, account_pause_ms=7 * SECOND)),
    (account_429(999_999), "C", 0, 0, {}, after(HOUR, counts=False, account_pause_ms=HOUR)),
    (account_429(999_999), "A", 0, 0, {"not_after": NOW + MINUTE}, Dead(reason="too_old", account_pause_ms=HOUR)),
    # refused for good, or the token is dead: whatever the class, however old
    (Permanent("no", reason="blocked"), "A", 0, 0, {}, Dead(reason="blocked")),
    (Permanent("no", reason="too_large"), "C", 9, HOUR, {}, Dead(reason="too_large")),
    (NeedsReauth("dead token"), "A", 0, 0, {}, ParkAccount(reason="dead token")),
    (NeedsReauth("dead token"), "D", 99, 12 * HOUR, {}, ParkAccount(reason="dead token")),
    # the answer was lost (docs/adr/0007)
    (LOST, "A", 0, 0, {}, AskHuman(blocks_ms=0)),
    (LOST, "C", 3, LATE, {}, AskHuman(blocks_ms=0)),
    (LOST, "B", 0, 0, {"unknown_blocks": True}, AskHuman(blocks_ms=MINUTE)),
    (LOST, "D", 0, 0, {"unknown_blocks": True}, AskHuman(blocks_ms=MINUTE)),
    (LOST, "A", 0, 0, {"unknown_blocks": True}, after(1 * SECOND)),
    (LOST, "C", 0, 0, {"unknown_blocks": True}, after(1 * SECOND)),
    (LOST, "A", 1, 0, {"unknown_blocks": True}, AskHuman(blocks_ms=MINUTE)),
    (LOST, "B", 5, MINUTE, {"idempotent": True}, after(32 * SECOND)),
    # ... and no more tries: they may have it, so it is not called failed
    (LOST, "A", 20, LATE, {"idempotent": True}, AskHuman(blocks_ms=0)),
    (LOST, "B", 20, LATE, {"idempotent": True, "not_after": NOW}, AskHuman(blocks_ms=0)),
    # an error that nobody has thought of
    (ChannelError("?"), "A", 0, 0, {}, AskHuman(blocks_ms=0)),
]


@pytest.mark.parametrize("error, klass, attempts, age, more, expected", TABLE)
def test_what_a_failed_call_means(
    error: ChannelError, klass: str, attempts: int, age: int, more: dict[str, Any], expected: Verdict
) -> None:
    given = {"not_after": None} | more
    assert verdict(error, attempts=attempts, now_ms=NOW, created_ms=NOW - age, klass=klass, **given) == expected


@pytest.mark.parametrize("klass", ["A", "D"])
def test_no_head_holds_its_lane_for_long(klass: str) -> None:
    """Tried as it is told to be, from its creation: the last try is in the eleventh minute at the latest."""
    now, attempts = NOW, 0
    while isinstance(
        found := verdict(DOWN, attempts=attempts, now_ms=now, created_ms=NOW, not_after=None, klass=klass), RetryAt
    ):
        now, attempts = found.at_ms, attempts + 1
    assert found == GAVE_UP
    assert 10 * MINUTE <= now - NOW <= 11 * MINUTE


def test_who_spoke_is_told_by_the_error() -> None:
    assert answered(DOWN) is False
    assert answered(LOST) is False
    assert answered(Retryable("this mailbox is busy", code="450", answered=True)) is True
    assert answered(Permanent("no", code="230")) is True
    assert answered(RateLimited("slow", code="429", retry_after=1)) is True
    assert answered(Retryable("our database", answered=None)) is None
    assert answered(RateLimited("our connection is busy", retry_after=1)) is None
    assert answered(Permanent("more than we may send")) is None


@pytest.mark.parametrize(
    ("status", "step", "spoke"),
    [(450, RCPT, True), (452, RCPT, True), (451, DATA, True), (421, RCPT, False), (451, MAIL, False), (554, GREETING, False)],
)  # fmt: skip
def test_a_mail_server_that_refuses_one_reader_for_now_is_there(status: int, step: str, spoke: bool) -> None:
    assert answered(refusal(status, "4.2.0 come again", step)) is spoke


@pytest.mark.parametrize(
    ("read", "status", "body", "spoke"),
    [
        (viber, 200, b'{"status": 999}', True),
        (viber, 503, b"", False),
        (zalo, 200, b'{"error": -200}', True),
        (zalo, 200, b'{"error": -100}', True),
        (zalo, 503, b"", False),
        (facebook, 400, b'{"error": {"code": 2}}', True),
        (facebook, 503, b'{"error": {"code": 2}}', False),
    ],
    ids=("viber", "viber-503", "zalo-200", "zalo-100", "zalo-503", "facebook", "facebook-503"),
)
def test_a_platform_that_does_not_take_one_message_for_now_is_there(
    read: Callable[[int, bytes], Any], status: int, body: bytes, spoke: bool
) -> None:
    with pytest.raises(Retryable) as caught:
        read(status, body)
    assert answered(caught.value) is spoke
