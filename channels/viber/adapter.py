"""Viber bots (REST API 7.3): capabilities, verify, parse, render, outcome, client.

Sources, read 2026-11-22: Viber's creators' documentation (messages, events, errors, webhooks) and help pages (commercial
model), the official Python and Node packages, operators' reports; what is not certain there is on the list of
docs/channels/viber.md.
"""

from __future__ import annotations

from typing import Final

from channels.contract import Adapter, Capabilities, Limits
from channels.viber.answers import outcome
from channels.viber.calls import FILE_BYTES, LABEL, render, reply
from channels.viber.client import FETCH_BYTES, ViberClient
from channels.viber.settings import problems
from channels.viber.signature import verify
from channels.viber.updates import TEXT_LIMIT, parse
from channels.windows import Purpose, Way, Window

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "reply", "verify"]

SESSION_HOURS: Final = 24
# Viber's commercial model, read 2026-11: a session is opened by the customer's word, is free, and does not slide; every
# message outside it is billed. Questions that serve us more than him are not worth it.
WINDOWS: Final = (
    Window(hours=SESSION_HOURS, fixed=True, source="viber.md, Sessions"),
    Window(
        hours=None,
        way=Way.BILLED,
        purposes=frozenset({Purpose.ANSWER, Purpose.ADVICE, Purpose.CERTIFICATE, Purpose.REMINDER}),
        needs="billed",
        source="viber.md, Sessions",
    ),
)

CAPABILITIES: Final = Capabilities(
    title="Viber",
    text_limit=TEXT_LIMIT,
    buttons=24,
    button_label_limit=LABEL,
    button_data_bytes=200,
    asks_contact=True,
    file_bytes=FILE_BYTES,
    fetch_bytes=FETCH_BYTES,
    file_life_s=3600,
    receipts=("delivered", "read"),
    windows=WINDOWS,
    unknown_blocks=False,  # nothing to ask Viber afterwards: the lane would wait for nothing
    limits=Limits(outbound_per_s=50),  # 500 calls in ten seconds are published for broadcasts
)


ADAPTER: Final = Adapter(
    name="viber",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=ViberClient,
    problems=problems,
    reply=reply,
)
