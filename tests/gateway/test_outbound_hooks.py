"""Outgoing webhooks: which addresses, how signed, when again. The signature is checked by somebody else's library."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway import outbound_hooks as rules
from gateway.outbound_hooks import Fate
from storage.announced import Telling
from storage.subscriptions import new_secret

NOW: Final = 1_795_000_000_000
HOUR: Final = 3_600_000
TELLING: Final = Telling(
    id="0jq5v3f2k8c4h6m1n9p7r0s2t4",
    subscription_id="s",
    url="https://crm.example.com/in",
    include=(),
    type="message.created",
    about="m",
    data='{"id":"m","kind":"text"}',
    at=NOW,
    number=1,
    failing_since=None,
    secrets=(new_secret(),),
    personal={},
)


@pytest.mark.parametrize(
    "url, base, path",
    [
        ("https://crm.example.com/hooks/a?b=c", "https://crm.example.com", "/hooks/a?b=c"),
        ("https://CRM.Example.com", "https://crm.example.com", "/"),
        ("https://crm.example.com:443/x", "https://crm.example.com", "/x"),
    ],
)
def test_a_public_https_address_is_taken(url: str, base: str, path: str) -> None:
    assert rules.address(url, near=False) == (base, path)


@pytest.mark.parametrize(
    "url",
    """http://crm.example.com/ https://127.0.0.1/ https://[::1]/ https://10.0.0.1/ https://2130706433/ https://0x7f.1/
    https://localhost/ https://crm.example.com:8443/ https://user@crm.example.com/ https://a:b@crm.example.com/ ftp://x.vn/
    https://crm.example.com\\@evil.vn/ https://crm%2eexample.com/ https://crm.example.com./ //crm.example.com/ javascript:alert(1)
    https:/// https://ví.vn/ http://127.0.0.1:9000/ http://localhost:9000/ file:///etc/passwd https://169.254.169.254/""".split(),
)
def test_any_other_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        rules.address(url, near=False)


def test_this_machine_is_called_only_where_the_gateway_serves_no_other() -> None:
    assert rules.address("http://127.0.0.1:9000/in?x=1", near=True) == ("http://127.0.0.1:9000", "/in?x=1")
    for url in (
        "http://10.0.0.1/",
        "http://127.0.0.1@evil.vn/",
        "http://127.0.0.1.evil.vn/",
        "http://evil.vn/#localhost",
    ):
        with pytest.raises(ValueError):
            rules.address(url, near=True)
    assert rules.is_near("127.0.0.1", "")
    assert rules.is_near("::1", "http://localhost:8080")
    assert not rules.is_near("0.0.0.0", "")
    assert not rules.is_near("127.0.0.1", "https://chat.ibaohiem.example")  # behind a proxy it is on the Internet


def test_a_receiver_believes_it_and_notices_every_change() -> None:
    now_ms = round(time.time() * 1000)
    body = rules.payload(replace(TELLING, personal={"text": "Chào em"}))
    headers = rules.signed(TELLING, body, now_ms=now_ms)
    receiver = Webhook(TELLING.secrets[0])
    told = receiver.verify(body.decode(), headers)
    assert told == {
        "type": "message.created",
        "timestamp": "2026-11-18T11:06:40.000Z",
        "data": {"id": "m", "kind": "text", "text": "Chào em"},
    }
    for changed in (
        (body.replace(b"text", b"test"), headers),
        (body, headers | {"webhook-id": "other"}),
        (body, headers | {"webhook-timestamp": str(now_ms // 1000 - 1)}),
        (body, rules.signed(replace(TELLING, secrets=(new_secret(),)), body, now_ms=now_ms)),
        (body, rules.signed(TELLING, body, now_ms=now_ms - HOUR)),  # as if it were played again
    ):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(changed[0].decode(), changed[1])


def test_while_a_secret_is_changed_both_receivers_believe_it() -> None:
    old, new = new_secret(), new_secret()
    body = rules.payload(TELLING)
    headers = rules.signed(replace(TELLING, secrets=(new, old)), body, now_ms=round(time.time() * 1000))
    for secret in (old, new):
        assert Webhook(secret).verify(body.decode(), headers) == json.loads(body)


def test_the_tries_are_spread_as_recommended() -> None:
    waits = [
        rules.fate(replace(TELLING, number=number), 500, now_ms=NOW, chance=lambda: 0.0).next_at - NOW
        for number in range(1, 10)
    ]
    assert waits == [1000 * s for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)]
    later = rules.fate(replace(TELLING, number=2), None, now_ms=NOW, chance=lambda: 1.0)
    assert later == Fate("waiting", next_at=NOW + 360_000)
    assert rules.fate(replace(TELLING, number=10), 500, now_ms=NOW) == Fate("failed")


@pytest.mark.parametrize(
    "status, rest_s, wanted",
    [
        (200, 0.0, Fate("done")),
        (204, 30.0, Fate("done")),
        (302, 0.0, Fate("waiting", next_at=NOW + 5000)),
        (404, 0.0, Fate("waiting", next_at=NOW + 5000)),
        (410, 0.0, Fate("failed", off="gone")),
        (429, 60.0, Fate("waiting", next_at=NOW + 60_000, rest_until=NOW + 60_000)),
        (429, 2.0, Fate("waiting", next_at=NOW + 5000, rest_until=NOW + 2000)),
        (503, 9e9, Fate("waiting", next_at=NOW + 24 * HOUR, rest_until=NOW + 24 * HOUR)),
        (400, 60.0, Fate("waiting", next_at=NOW + 60_000)),
        (None, 0.0, Fate("waiting", next_at=NOW + 5000)),
    ],
)
def test_what_an_answer_means(status: int | None, rest_s: float, wanted: Fate) -> None:
    assert rules.fate(TELLING, status, now_ms=NOW, rest_s=rest_s, chance=lambda: 0.0) == wanted


def test_after_days_of_failures_it_is_switched_off() -> None:
    failing = replace(TELLING, number=3, failing_since=NOW - 5 * 24 * HOUR)
    assert rules.fate(failing, 500, now_ms=NOW, chance=lambda: 0.0).off == "failing"
    assert rules.fate(failing, 200, now_ms=NOW).off == ""
    assert rules.fate(replace(failing, failing_since=NOW - 119 * HOUR), None, now_ms=NOW).off == ""


def test_retry_after_is_a_number_or_a_date() -> None:
    moment = datetime.fromtimestamp(NOW / 1000 + 90, UTC)
    given = [
        rules.retry_after({"Retry-After": text}, now_ms=NOW)
        for text in ("120", format_datetime(moment, usegmt=True), "soon", "-5", "", "9" * 40)
    ]
    assert given == [120.0, 90.0, 0.0, 0.0, 0.0, 999_999_999.0]
