"""Our own web chat's quirks: nothing comes in from outside, ids are the visitor's, receipts speak of numbers."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.contract import (
    Account,
    Button,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    OutboundFile,
    OutboundMessage,
    Receipt,
    WebhookRejected,
)
from channels.webchat import ADAPTER, delivery, parse, render

SITE = Account(channel="webchat", name="site")
AT = 1793345010123
ID = "0f" * 16


def event(frame: dict[str, Any], **more: Any) -> InboundEvent:
    (found,) = parse(delivery("v1", frame, AT, **more), SITE)
    return found


def test_nothing_is_accepted_from_outside() -> None:
    for made in (delivery("v1", {"type": "say", "id": ID, "text": "x"}, AT), Delivery(headers={"X": "y"}, body=b"")):
        with pytest.raises(WebhookRejected):
            ADAPTER.verify(made, SITE)


def test_a_text() -> None:
    found = event({"type": "say", "id": ID, "text": "xin chào \r\n"})
    assert (found.kind, found.key, found.thread, found.external_id) == (Kind.TEXT, f"v1:{ID}", "v1", ID)
    assert found.said_at == datetime(2026, 10, 30, 7, 23, 30, 123000, tzinfo=UTC)
    assert found.text == "xin chào \n"


def test_the_same_id_of_two_visitors_is_two_messages() -> None:
    frame = {"type": "say", "id": ID, "text": "x"}
    keys = {parse(delivery(thread, frame, AT), SITE)[0].key for thread in ("v1", "v2")}
    assert len(keys) == 2


def test_a_frame_that_comes_again_later_is_the_same_message() -> None:
    frame = {"type": "tap", "id": ID, "payload": "agree", "label": "Đồng ý"}
    first, again = (parse(delivery("v1", frame, at), SITE)[0] for at in (AT, AT + 60_000))
    assert first.key == again.key
    assert (first.kind, first.payload, first.text) == (Kind.BUTTON, "agree", "Đồng ý")


def test_whatever_a_browser_can_say_survives_the_wrapping() -> None:
    for text in ("\ud83d", "👨‍👩‍👧", "\u2028", '"\\', "\x00"):
        assert event({"type": "say", "id": ID, "text": text}).text == text.replace("\ud83d", "\ufffd").replace(
            "\x00", "\ufffd"
        )
    assert event({"type": "say", "id": ID, "text": "x", "more": 10**19 * 5}).text == "x"


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", Kind.IMAGE),
        ("audio/ogg", Kind.AUDIO),
        ("video/mp4", Kind.VIDEO),
        ("application/pdf", Kind.FILE),
        ("", Kind.FILE),
    ],
)
def test_a_file(mime: str, kind: Kind) -> None:
    found = event({"type": "file", "id": ID, "file": "01J", "name": "a/b.png", "mime": mime, "size": 3})
    (file,) = found.files
    assert (found.kind, file.kind, file.source, file.name, file.size) == (kind, kind, "01J", "a_b.png", 3)


def test_receipts() -> None:
    seen = event({"type": "seen", "seq": 12}, until=AT - 5000)
    assert seen.receipt == Receipt(status="read", watermark=datetime(2026, 10, 30, 7, 23, 25, 123000, tzinfo=UTC))
    assert (seen.key, seen.extra) == ("v1:seen:12", {"seq": "12"})
    assert event({"type": "delivered", "seq": 12}).receipt == Receipt(status="delivered", external_ids=("12",))


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"type": "say", "text": "x"},
        {"type": "say", "id": "", "text": "x"},
        {"type": "say", "id": ID, "text": 5},
        {"type": "tap", "id": ID},
        {"type": "file", "id": ID},
        {"type": "seen"},
        {"type": ["say"], "id": ID},
    ],
)
def test_unreadable(frame: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        event(frame)


def test_what_a_browser_is_shown() -> None:
    message = OutboundMessage(
        id="01JOUT",
        thread="v1",
        text="Chọn ạ <b>",
        buttons=(Button(id="a", label="A"), Button(id="w", label="Web", url="https://example.com")),
    )
    assert render(message, SITE) == {
        "type": "message",
        "id": "01JOUT",
        "kind": "text",
        "text": "Chọn ạ <b>",
        "buttons": [{"id": "a", "label": "A"}, {"id": "w", "label": "Web", "url": "https://example.com"}],
    }
    file = OutboundFile(id="f1", name="Hợp đồng.pdf", mime="application/pdf", size=9)
    shown = render(replace(message, buttons=(), file=file), SITE)
    assert (shown["kind"], shown["attachments"]) == (
        "file",
        [{"id": "f1", "name": "Hợp đồng.pdf", "mime": "application/pdf", "size": 9}],
    )
    json.dumps(shown)
