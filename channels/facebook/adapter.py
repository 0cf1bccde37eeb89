"""Facebook Messenger (Graph API v26.0): capabilities, verify, parse, render, outcome, client.

Sources: Meta's developer pages as of November 2026 (Send API, webhooks, quick replies, conversation routing, utility
messages, error codes), and what open-source gateways report of live traffic.
"""

from __future__ import annotations

from typing import Final

from channels.contract import Adapter, Capabilities, Limits
from channels.facebook.answers import outcome
from channels.facebook.calls import FILE_BYTES, TITLE, render
from channels.facebook.client import FETCH_BYTES, FacebookClient
from channels.facebook.settings import problems
from channels.facebook.signature import greet, verify
from channels.facebook.updates import parse
from channels.windows import ANYTHING, TEMPLATES, Purpose, Sender, Way, Window

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "verify"]

HUMAN_HOURS: Final = 7 * 24
REPLIES: Final = frozenset({Purpose.ANSWER, Purpose.ADVICE})
# Meta's pages on the Send API, message tags and utility messages, read 2026-11: anything within a day; a person's own
# words for seven, where the page has that right; what belongs to a contract at any time, as an approved template.
# "How are you" and advertisements are none of these.
WINDOWS: Final = (
    Window(hours=24, tag="RESPONSE", purposes=REPLIES, source="facebook.md, Windows: 24 hours"),
    Window(hours=24, tag="UPDATE", purposes=ANYTHING - REPLIES, source="facebook.md, Windows: 24 hours"),
    Window(
        hours=HUMAN_HOURS,
        tag="HUMAN_AGENT",
        senders=frozenset({Sender.ADVISOR}),
        purposes=REPLIES,
        needs="human_agent",
        source="facebook.md, Windows: Human Agent",
    ),
    Window(
        hours=None,
        way=Way.TEMPLATE,
        tag="UTILITY",
        purposes=frozenset({Purpose.CERTIFICATE, Purpose.REMINDER}),
        needs=TEMPLATES,
        source="facebook.md, Windows: utility templates",
    ),
)

CAPABILITIES: Final = Capabilities(
    title="Messenger",
    text_limit=1900,  # 2,000 published, and not in which unit
    buttons=12,  # of 13: one may ask for the telephone number or the e-mail address
    button_label_limit=TITLE,
    button_data_bytes=1000,
    asks_contact=True,
    asks_email=True,
    file_bytes=FILE_BYTES,
    fetch_bytes=FETCH_BYTES,
    receipts=("delivered", "read"),
    windows=WINDOWS,
    echo_s=60,
    limits=Limits(outbound_per_s=40),  # 300 are published; above 40 Meta's brake for high volume takes hold
)


ADAPTER: Final = Adapter(
    name="facebook",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=FacebookClient,
    problems=problems,
    greet=greet,
)
