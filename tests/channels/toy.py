"""A channel that exists in the tests only: paper notes, carried by a messenger who signs them.

It is what a new channel needs and no more. `test_toy.py` puts its line into the registry and runs a whole conversation
over it; nothing under handlers/, storage/ or gateway/ knows of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from channels.contract import (
    Account,
    Adapter,
    Capabilities,
    Delivery,
    DeliveryUnknown,
    InboundEvent,
    Kind,
    NeedsReauth,
    OutboundMessage,
    Permanent,
    Profile,
    RateLimited,
    Receipt,
    Retryable,
    WebhookRejected,
)
from channels.http import Http
from channels.reading import clean, clean_name, ident, integer, items, moment, read_json, text

HEADER: Final = "X-Toy-Signature"
CAPABILITIES: Final = Capabilities(
    title="Toy",
    text_limit=200,
    buttons=6,
    button_label_limit=30,
    button_data_bytes=64,
    receipts=("delivered", "read"),
    unknown_blocks=False,
)
KINDS: Final[Mapping[str, Kind]] = {
    "note": Kind.TEXT,
    "tick": Kind.BUTTON,
    "carried": Kind.RECEIPT,
    "opened": Kind.RECEIPT,
}
STATUS: Final = {"carried": "delivered", "opened": "read"}


def mac(account: Account, body: bytes) -> str:
    return hmac.new(str(account.get("seal")).encode(), body, hashlib.sha256).hexdigest()


def verify(delivery: Delivery, account: Account) -> None:
    """Raises WebhookRejected."""
    given = delivery.headers.get(HEADER, "").encode("utf-8", "backslashreplace")
    if not account.get("seal") or not hmac.compare_digest(given, mac(account, delivery.body).encode()):
        raise WebhookRejected("toy: wrong signature")


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """One event a note. Raises MalformedPayload."""
    return [_event(one, account) for one in items(read_json(delivery.body), "notes")]


def _event(note: Any, account: Account) -> InboundEvent:
    what, number = text(note, "what"), ident(note, "no")
    kind = KINDS.get(what, Kind.UNSUPPORTED)
    receipt = Receipt(status=STATUS[what], external_ids=(ident(note, "of"),)) if kind is Kind.RECEIPT else None
    return InboundEvent(
        channel=account.channel,
        account=account.name,
        key=f"{what}:{number}",
        kind=kind,
        thread=ident(note, "from"),
        said_at=moment(integer(note, "at")),
        external_id=number,
        text=clean(text(note, "words")),
        payload=text(note, "box"),
        receipt=receipt,
        profile=Profile(name=clean_name(text(note, "name"))),
        raw=json.dumps({"notes": [note]}).encode(),
    )


def render(message: OutboundMessage, _account: Account) -> bytes:
    """A note, with boxes to tick."""
    boxes = [{"box": button.id, "label": button.label} for button in message.buttons]
    return json.dumps({"to": message.thread, "words": message.text, "boxes": boxes}).encode()


def outcome(status: int, body: bytes) -> str:
    """The note's number. Raises ChannelError."""
    match status:
        case 200:
            try:
                return str(json.loads(body)["no"])
            except (ValueError, LookupError, TypeError) as err:
                raise DeliveryUnknown("toy: unreadable answer") from err
        case 401:
            raise NeedsReauth("toy: the seal is not known there")
        case 429:
            raise RateLimited("toy: too many notes", retry_after=1.0)
        case 503:
            raise Retryable("toy: the messenger is away")
    raise Permanent(f"toy: HTTP {status}", reason="refused", code=str(status))


class ToyClient:
    """The messenger."""

    def __init__(self, account: Account) -> None:
        self._account, self._http = account, Http(str(account.get("api_url")))

    async def call(self, request: bytes) -> str:
        """The note's number. Raises ChannelError."""
        return outcome(*await self._http.post("/notes", request, {HEADER: mac(self._account, request)}))

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """Notes carry no files. Raises Permanent."""
        raise Permanent(f"toy: no {source} of at most {limit} bytes", reason="gone")

    async def close(self) -> None:
        await self._http.close()


ADAPTER: Final = Adapter(
    name="toy",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=ToyClient,
    problems=lambda account: [] if account.get("seal") else ["seal: is missing"],
)
