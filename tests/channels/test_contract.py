"""What every channel owes the rest, over every adapter and fixture. A new channel adds fixtures and a sample."""

import contextlib
import json
import logging
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import (
    SAID,
    Account,
    Button,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    InboundEvent,
    Kind,
    MalformedPayload,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
    WebhookRejected,
)
from channels.fit import fit
from channels.reading import KEPT_ASIDE, clean
from channels.registry import MODULES, adapter
from tests.channels.samples import SAMPLES, SECRETS, delivery, fixtures

CHANNELS = sorted(MODULES)
CALLED = [name for name in CHANNELS if SAMPLES[name].outcome is not None]

every_channel = pytest.mark.parametrize("name", CHANNELS)
every_fixture = pytest.mark.parametrize(
    ("name", "path"), [pytest.param(name, path, id=f"{name}-{path.stem}") for name, path in fixtures()]
)


def events(name: str, body: bytes) -> list[InboundEvent]:
    return adapter(name).parse(delivery(name, body), SAMPLES[name].account)


def test_every_channel_has_a_sample_and_fixtures() -> None:
    assert set(SAMPLES) == set(MODULES) == {name for name, _ in fixtures()}


# ---- reading


@every_fixture
def test_a_fixture_is_read(name: str, path: Path) -> None:
    account = SAMPLES[name].account
    found = events(name, path.read_bytes())
    assert found
    for event in found:
        assert event.channel == account.channel
        assert event.account in (account.name, KEPT_ASIDE)
        assert event.key
        assert event.key.isprintable()
        assert event.said_at.tzinfo is UTC
        assert event.thread == "" if event.kind is Kind.IGNORED else event.thread
        assert (event.receipt is not None) == (event.kind is Kind.RECEIPT)
        assert event.reason or event.kind not in {Kind.IGNORED, Kind.UNSUPPORTED}
        assert event.text == clean(event.text)
        assert len(event.external_id) <= 128
        assert all(
            file.source or "without" in path.stem for file in event.files
        )  # what cannot be had is told all the same
        assert all(isinstance(value, str) for value in event.extra.values())


@every_fixture
def test_a_redelivery_has_the_same_keys_and_the_raw_bytes_make_the_same_event(name: str, path: Path) -> None:
    found = events(name, path.read_bytes())
    assert events(name, path.read_bytes()) == found
    for event in found:
        unsigned = Delivery(headers={}, body=event.raw)
        assert event in adapter(name).parse(unsigned, SAMPLES[name].account)
    assert len({event.key for event in found}) == len(found)


@every_channel
def test_keys_differ_between_events(name: str) -> None:
    keys = [event.key for channel, path in fixtures() if channel == name for event in events(name, path.read_bytes())]
    assert len(set(keys)) == len(keys)


@every_channel
def test_something_is_said_and_something_is_unknown(name: str) -> None:
    kinds = {event.kind for channel, path in fixtures() if channel == name for event in events(name, path.read_bytes())}
    carries = adapter(name).capabilities
    said = SAID if carries.conversational else {Kind.FORM, Kind.CALL}
    assert kinds & ({Kind.RECEIPT} if carries.letters else said)  # nobody answers a letter here
    assert Kind.IGNORED in kinds or Kind.UNSUPPORTED in kinds


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@every_channel
@given(body=st.binary() | JUNK.map(lambda value: json.dumps(value).encode()))
def test_junk_raises_only_malformed(name: str, body: bytes) -> None:
    with contextlib.suppress(MalformedPayload):
        events(name, body)


def spoilt(value: Any, junk: Any, at: int) -> Any:
    """The tree with its at-th node replaced."""
    count = -1

    def walk(node: Any) -> Any:
        nonlocal count
        count += 1
        if count == at:
            return junk
        if isinstance(node, dict):
            return {key: walk(inner) for key, inner in node.items()}
        return [walk(inner) for inner in node] if isinstance(node, list) else node

    return walk(value)


@every_fixture
@settings(max_examples=15)
@given(junk=JUNK, at=st.integers(0, 40))
def test_a_spoilt_fixture_raises_only_malformed(name: str, path: Path, junk: Any, at: int) -> None:
    body = json.dumps(spoilt(json.loads(path.read_bytes()), junk, at)).encode()
    found: list[InboundEvent] = []
    with contextlib.suppress(MalformedPayload):
        found = events(name, body)
    for event in found:
        for text in (event.key, event.thread, event.external_id, event.text, event.payload, event.ref, event.reason):
            text.encode()  # what a database can bind
            assert "\x00" not in text
        assert event.said_at.tzinfo is UTC


# ---- verifying


@every_channel
def test_unsigned_is_refused(name: str) -> None:
    with pytest.raises(WebhookRejected):
        adapter(name).verify(Delivery(headers={}, body=b"{}"), SAMPLES[name].account)


@every_channel
def test_a_good_signature_is_accepted_and_every_other_refused(name: str, caplog: pytest.LogCaptureFixture) -> None:
    sample, body = SAMPLES[name], SAMPLES[name].body
    if sample.sign is None:
        return
    caplog.set_level(logging.DEBUG)
    good = sample.sign(body, sample.account)
    adapter(name).verify(Delivery(headers=good, body=body), sample.account)
    for header, value in good.items():
        for forged in (
            "",
            " ",
            value[:-1],
            value + "x",
            value[:-1] if name == "zalo" else value.swapcase(),  # Zalo writes its digits in either case
            "đ",
            "\udcff",
            "*",
            "None",
            f"{value},{value}",
        ):
            with pytest.raises(WebhookRejected) as caught:
                adapter(name).verify(Delivery(headers={**good, header: forged}, body=body), sample.account)
            assert value not in repr(caught.value)
    assert not any(secret in caplog.text for secret in SECRETS)


@every_channel
@pytest.mark.parametrize("secret", ["", None, [], ["", None]])
def test_without_a_secret_nothing_is_accepted(name: str, secret: Any) -> None:
    account = Account(channel=name, name="bare", settings={"secret": secret, "token": "", "receive": "webhook"})
    for given_one in ("", "None", "[]"):
        headers = dict.fromkeys(SAMPLES[name].sign(b"{}", account) if SAMPLES[name].sign else (), given_one)
        with pytest.raises(WebhookRejected):
            adapter(name).verify(Delivery(headers=headers, body=b"{}"), account)


@every_channel
def test_settings_that_lack_something_are_named_without_their_values(name: str) -> None:
    assert adapter(name).problems(SAMPLES[name].account) == []
    for given_settings in SAMPLES[name].lacking:
        problems = adapter(name).problems(Account(channel=name, name="x", settings=given_settings))
        assert problems, given_settings
        assert not any(
            str(value) in line for line in problems for value in given_settings.values() if len(str(value)) > 9
        )


# ---- sending

MESSAGE = OutboundMessage(id="01JDOUT", thread="5820113377", text="Anh chị cần bảo hiểm gì ạ?")
FILE = OutboundFile(id="f1", name="Hợp đồng.pdf", mime="application/pdf", size=5, data=b"%PDF-")
BUTTONS = tuple(Button(id=f"choice:{index}", label=f"Lựa chọn số {index}") for index in range(30))
PHONE = Button(id="phone", label="Gửi số của tôi", contact=True)


@every_channel
def test_whatever_fit_makes_renders_to_a_value(name: str) -> None:
    sample, carries = SAMPLES[name], adapter(name).capabilities
    messages = [
        MESSAGE,
        replace(MESSAGE, text="ạ" * carries.text_limit),
        replace(MESSAGE, text="Dài quá. " * carries.text_limit),
        replace(MESSAGE, buttons=BUTTONS[:2]),
        replace(MESSAGE, buttons=BUTTONS),
        replace(MESSAGE, buttons=BUTTONS[: carries.buttons]),
        replace(MESSAGE, buttons=(PHONE,)),
        replace(MESSAGE, buttons=(replace(PHONE, contact=False, url="https://example.com/d"),)),
        replace(MESSAGE, clear_keyboard=True, notification=False),
        replace(MESSAGE, text="", file=FILE),
        replace(MESSAGE, file=FILE),
        replace(MESSAGE, file=replace(FILE, mime="image/jpeg"), buttons=BUTTONS[:1]),
    ]
    for message in messages:
        parts = fit(message, carries)
        assert parts
        for part in parts:
            assert adapter(name).render(part, sample.account) == adapter(name).render(part, sample.account)


@pytest.mark.parametrize("name", CALLED)
def test_each_kind_of_error_is_reachable_and_tells_no_secret(name: str) -> None:
    sample = SAMPLES[name]
    assert sample.outcome is not None
    reached: set[type[ChannelError]] = set()
    for status, body, error in sample.answers:
        if error is None:
            assert sample.outcome(status, body)
            continue
        with pytest.raises(error) as caught:
            sample.outcome(status, body)
        assert type(caught.value) is error
        assert caught.value.__context__ is None
        reached.add(error)
    assert reached == {Retryable, RateLimited, DeliveryUnknown, NeedsReauth, Permanent}


@pytest.mark.parametrize("name", CALLED)
@given(status=st.integers(100, 599), body=st.binary() | JUNK.map(lambda value: json.dumps(value).encode()))
def test_any_answer_is_an_id_or_a_channel_error(name: str, status: int, body: bytes) -> None:
    outcome = SAMPLES[name].outcome
    assert outcome is not None
    with contextlib.suppress(ChannelError):
        assert isinstance(outcome(status, body), str)


@every_channel
def test_no_secret_in_a_repr(name: str) -> None:
    made = adapter(name)
    account = SAMPLES[name].account
    shown = repr(account) + repr(made) + repr(MESSAGE) + repr(delivery(name, b"{}").body)
    if made.client is not None:
        shown += repr(made.client(account))
    assert not any(secret in shown for secret in SECRETS)
    assert MESSAGE.text not in shown
