"""Our own web chat. The gateway holds its sockets and knows its visitors; here are only the words.

Source: docs/architecture.md, "Web chat wire". A visitor's frame comes wrapped with what the gateway vouches for:
`{"thread", "frame", "at", "until"?, "lang"?}`; `at` and `until` in Unix milliseconds, `lang` of the page he reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from channels.contract import (
    Account,
    Adapter,
    Capabilities,
    Delivery,
    InboundEvent,
    InboundFile,
    Kind,
    Limits,
    OutboundMessage,
    Profile,
    Receipt,
    WebhookRejected,
)
from channels.reading import clean_name, ident, integer, mapping, moment, read_json, text

CAPABILITIES: Final = Capabilities(
    title="Web chat",
    text_limit=4000,
    caption_limit=4000,
    buttons=12,
    button_label_limit=80,
    button_data_bytes=200,
    file_bytes=20 << 20,
    fetch_bytes=20 << 20,
    receipts=("delivered", "read"),
    idempotent=True,  # a browser shows an id once
    unknown_blocks=False,
    inbound="our own page and widget",
    limits=Limits(),
    language_chosen=True,
    retells_s=48 * 3600,  # not the platform: what somebody acted on yesterday stays
)


def delivery(thread: str, frame: Mapping[str, Any], at: int, *, until: int | None = None, lang: str = "") -> Delivery:
    """A visitor's frame as `parse` reads it. at -- when it came, Unix ms · until -- for seen and delivered: the time of
    the last message that they speak of, Unix ms. A `file` frame carries name, mime and size of the stored upload."""
    wrapped: dict[str, Any] = {"thread": thread, "frame": frame, "at": at} | ({"lang": lang} if lang else {})
    if until is not None:
        wrapped["until"] = until
    try:
        body = orjson.dumps(wrapped)
    except TypeError:  # half an emoji in the text, or an integer beyond 64 bits
        body = json.dumps(wrapped, separators=(",", ":")).encode()
    return Delivery(headers={}, body=body)


def verify(delivery: Delivery, account: Account) -> None:
    """Nothing from outside: the gateway knows the visitor by his token before it wraps a frame."""
    raise WebhookRejected("webchat: has no webhook")


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """The one event of one frame. Raises MalformedPayload."""
    raw = read_json(delivery.body)
    frame, thread = mapping(raw, "frame"), ident(raw, "thread")
    kind = text(frame, "type")
    said_at = moment(integer(raw, "at") / 1000, "at")
    reader = _READERS.get(kind)
    if reader is None:
        found: dict[str, Any] = {
            "kind": Kind.IGNORED,
            "key": ident(frame, "id"),
            "reason": f"frame: {clean_name(kind)}",
        }
    else:
        found = {"thread": thread, **reader(frame, raw)}
    key = f"{thread}:{found.pop('key')}"
    event: dict[str, Any] = {"thread": "", "said_at": said_at} | found
    return [InboundEvent(channel=account.channel, account=account.name, key=key, raw=delivery.body, **event)]


def _say(frame: Mapping[str, Any], raw: Any) -> dict[str, Any]:
    return _said(frame, raw) | {"kind": Kind.TEXT, "text": text(frame, "text")}


def _tap(frame: Mapping[str, Any], raw: Any) -> dict[str, Any]:
    return _said(frame, raw) | {"kind": Kind.BUTTON, "payload": ident(frame, "payload"), "text": text(frame, "label")}


def _file(frame: Mapping[str, Any], raw: Any) -> dict[str, Any]:
    mime = text(frame, "mime").lower()
    kind = _KINDS.get(mime.partition("/")[0], Kind.FILE)
    file = InboundFile(
        kind=kind,
        source=ident(frame, "file"),
        name=clean_name(text(frame, "name")),
        mime=mime,
        size=integer(frame, "size", default=0),
    )
    return _said(frame, raw) | {"kind": kind, "files": (file,)}


def _receipt(frame: Mapping[str, Any], raw: Any) -> dict[str, Any]:
    """Everything up to `until`; without it, the one message whose number it names."""
    kind, seq = text(frame, "type"), ident(frame, "seq")
    status = {"seen": "read"}.get(kind, kind)
    if until := integer(raw, "until", default=0):
        receipt = Receipt(status=status, watermark=moment(until / 1000, "until"))
    else:
        receipt = Receipt(status=status, external_ids=(seq,))
    return {"kind": Kind.RECEIPT, "key": f"{kind}:{seq}", "receipt": receipt, "extra": {"seq": seq}}


def _said(frame: Mapping[str, Any], raw: Any) -> dict[str, Any]:
    """What the browser calls the message (128 random bits, sent again with the same id after a lost connection), and
    in which language its page is."""
    client_id, lang = ident(frame, "id"), text(raw, "lang")
    return {"key": client_id, "external_id": client_id} | ({"profile": Profile(language=lang)} if lang else {})


_READERS: Final = {"say": _say, "tap": _tap, "file": _file, "seen": _receipt, "delivered": _receipt}
_KINDS: Final = {"image": Kind.IMAGE, "audio": Kind.AUDIO, "video": Kind.VIDEO}


def render(message: OutboundMessage, account: Account) -> dict[str, Any]:
    """A `message` frame without what only the gateway knows (seq, author, at)."""
    frame: dict[str, Any] = {"type": "message", "id": message.id, "kind": "text", "text": message.text}
    if (file := message.file) is not None:
        frame["kind"] = _KINDS.get(file.mime.partition("/")[0], Kind.FILE).value
        frame["attachments"] = [{"id": file.id, "name": file.name, "mime": file.mime, "size": file.size}]
    if message.buttons:
        frame["buttons"] = [
            {"id": button.id, "label": button.label} | ({"url": button.url} if button.url else {})
            for button in message.buttons
        ]
    return frame


ADAPTER: Final = Adapter(
    name="webchat",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=None,
)
