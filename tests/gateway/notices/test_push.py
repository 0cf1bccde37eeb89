"""What leaves for a browser: against the standard's own example, and against libraries that share no line with ours."""

from __future__ import annotations

import base64
import os

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from py_vapid import Vapid02

from channels.contract import ChannelError, Permanent, RateLimited, Retryable
from gateway.notices import push, services
from storage.keys import KeyRing
from tests.support.pushservice import Browser

SERVICES = ("fcm.googleapis.com", "push.services.mozilla.com", "http://127.0.0.1:4444")


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def test_the_example_of_rfc_8291() -> None:
    own = ec.derive_private_key(number("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), push.CURVE)
    body = push.seal(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        salt=push.data("DGv6ra1nlYgDCS1FRnbzlw"),
        own=own,
    )
    assert push.text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=push.ROOM))
def test_another_library_opens_what_we_seal(payload: bytes) -> None:
    browser = Browser("b", "")
    body = push.seal(payload, p256dh=browser.p256dh, auth=push.text(browser.auth))
    assert len(body) <= push.RECORD
    opened = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
    assert opened == payload


def test_what_does_not_fit_and_keys_that_are_none_are_refused() -> None:
    browser = Browser("b", "")
    with pytest.raises(ValueError, match="fit"):
        push.seal(b"x" * (push.ROOM + 1), p256dh=browser.p256dh, auth=push.text(browser.auth))
    for wrong in ("", "AAAA", "§", push.text(b"\x04" + bytes(64)), push.text(b"\x02" + bytes(32))):
        with pytest.raises(push.Unusable):
            push.point(wrong)
    with pytest.raises(push.Unusable):
        push.secret(push.text(os.urandom(15)))


def test_another_library_believes_our_signature() -> None:
    vapid = push.Vapid.of(KeyRing.ephemeral())
    said = vapid.authorization("https://fcm.googleapis.com/fcm/send/x", contact="mailto:dpo@x.vn", now_s=1_000_000)
    assert Vapid02.verify(said)
    token = said.removeprefix("vapid t=").partition(",")[0]
    claims = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims == {"aud": "https://fcm.googleapis.com", "exp": 1_000_000 + push.SIGNED_S, "sub": "mailto:dpo@x.vn"}
    assert said.endswith(f",k={vapid.public}")
    assert not Vapid02.verify(said.replace(token[-20:-10], token[-10:]))


def test_the_same_keys_make_the_same_name_for_us() -> None:
    keys = KeyRing.ephemeral()
    assert push.Vapid.of(keys).public == push.Vapid.of(keys).public
    assert push.Vapid.of(keys).public != push.Vapid.of(KeyRing.ephemeral()).public


def test_a_topic_is_one_that_a_service_takes() -> None:
    assert len(push.topic("0jq5v3f2k8c4h6m1n9p7r0s2t4")) == 32
    assert push.topic("a") != push.topic("b")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "http://127.0.0.1:4444/push/x",
    ],
)
def test_push_services_of_the_list_may_be_called(endpoint: str) -> None:
    origin, path = services.allowed(endpoint, SERVICES)
    assert origin + path == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com.vn/x",
        "https://notfcm-googleapis.com/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com\\@evil.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "http://127.0.0.1:4445/x",
        "http://127.0.0.1:44441/x",
        "http://127.0.0.1:4444@evil.example/x",
        "file:///etc/passwd",
        "https://fcm.googleapis.com/" + "a" * 2000,
        "https://fcm.googleapıs.com/x",
    ],
)
def test_nothing_else_is_ever_called(endpoint: str) -> None:
    with pytest.raises(Permanent):
        services.allowed(endpoint, SERVICES)


@pytest.mark.parametrize(
    ("status", "retry_after", "means"),
    [
        (201, "", None),
        (404, "", services.Gone),
        (410, "", services.Gone),
        (413, "", Permanent),
        (400, "", Permanent),
        (403, "", Permanent),
        (302, "", Permanent),
        (429, "7", RateLimited),
        (503, "30", RateLimited),
        (503, "", Retryable),
        (500, "", Retryable),
    ],
)
def test_what_a_service_answers(status: int, retry_after: str, means: type[ChannelError] | None) -> None:
    problem = services.refusal(status, retry_after)
    assert type(problem) is means if means else problem is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("99999999", 600), ("soon", 60), ("", 60), ("Thu, 01 Jan 1970 00:00:00 GMT", 1)],
)
def test_how_long_a_service_asks_us_to_wait(said: str, seconds: float) -> None:
    problem = services.refusal(429, said)
    assert isinstance(problem, RateLimited)
    assert problem.retry_after == seconds
