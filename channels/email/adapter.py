"""What e-mail carries, and the adapter."""

from __future__ import annotations

from typing import Final

from channels.contract import Adapter, Capabilities, Limits
from channels.email.bounces import greet, parse, verify
from channels.email.client import EmailClient
from channels.email.letter import render
from channels.email.marks import thread_of
from channels.email.settings import problems

TEXT_LIMIT: Final = 16_000
FILE_BYTES: Final = 25 << 20  # what does not fit into a letter is linked to

CAPABILITIES: Final = Capabilities(
    title="E-mail",
    text_limit=TEXT_LIMIT,
    caption_limit=TEXT_LIMIT,
    file_bytes=FILE_BYTES,
    receipts=("delivered",),
    inbound="bounces only, by the relay's webhook",
    limits=Limits(outbound_per_s=5),
    letters=True,
    at_once=1,
    call_s=75,
)

ADAPTER: Final = Adapter(
    name="email",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=EmailClient,
    problems=problems,
    greet=greet,
    thread_of=thread_of,
)
