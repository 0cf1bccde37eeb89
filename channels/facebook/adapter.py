"""Facebook Messenger (Graph API v26.0): capabilities, verify, parse, render, outcome, client.

Sources: Meta's developer pages as of November 2026 (Send API, webhooks, quick replies, conversation routing, utility
messages, error codes), and what open-source gateways report of live traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from channels.contract import Account, Adapter, Capabilities, Limits
from channels.facebook.answers import outcome
from channels.facebook.calls import FILE_BYTES, TITLE, render
from channels.facebook.client import FETCH_BYTES, FacebookClient
from channels.facebook.settings import problems
from channels.facebook.signature import greet, verify
from channels.facebook.updates import parse

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "verify"]

HUMAN_HOURS: Final = 7 * 24

CAPABILITIES: Final = Capabilities(
    title="Messenger",
    text_limit=1900,  # 2,000 published, and not in which unit
    buttons=12,  # of 13: one may ask for the telephone number
    button_label_limit=TITLE,
    button_data_bytes=1000,
    asks_contact=True,
    file_bytes=FILE_BYTES,
    fetch_bytes=FETCH_BYTES,
    receipts=("delivered", "read"),
    window_hours=24,
    echo_s=60,
    limits=Limits(outbound_per_s=40),  # 300 are published; above 40 Meta's brake for high volume takes hold
)


def varies(account: Account) -> Capabilities:
    """`human_agent`: advisors may answer for seven days. The machine's words are refused by Meta after one."""
    return replace(CAPABILITIES, window_hours=HUMAN_HOURS) if account.get("human_agent") else CAPABILITIES


ADAPTER: Final = Adapter(
    name="facebook",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=FacebookClient,
    problems=problems,
    greet=greet,
    varies=varies,
)
