"""Zalo Official Account (OpenAPI v3.0, OAuth v4): capabilities, verify, parse, render, outcome, client.

Sources: docs.zaloplatforms.com (OA, ZBS), the official PHP and Java SDKs, and captured live traffic, as gathered on
2026-11-22; what is not certain there is behind a setting and on the list of docs/channels/zalo.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from channels.contract import Account, Adapter, Capabilities, Limits
from channels.windows import ANYTHING, TEMPLATES, Purpose, Way, Window
from channels.zalo.answers import outcome
from channels.zalo.calls import DOCUMENTS, PICTURE_BYTES, PICTURES, render
from channels.zalo.client import FILE_BYTES, ZaloClient
from channels.zalo.settings import problems
from channels.zalo.signature import verify
from channels.zalo.updates import parse

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "verify"]

FREE_HOURS: Final = 48
BILLED_HOURS: Final = 7 * 24
# Zalo's pages on consultation and ZBS messages, read 2026-11: free for 48 hours after his last word, billed for seven
# days, then approved templates only. A consultation message carries no advertisement; we have no template for one.
WINDOWS: Final = (
    Window(hours=FREE_HOURS, purposes=ANYTHING - {Purpose.ADVERTISING}, source="zalo.md, Windows: 48 hours"),
    Window(
        hours=BILLED_HOURS,
        way=Way.BILLED,
        purposes=frozenset({Purpose.ANSWER, Purpose.ADVICE, Purpose.CERTIFICATE}),
        needs="billed",
        source="zalo.md, Windows: 7 days",
    ),
    Window(
        hours=None,
        way=Way.TEMPLATE,
        purposes=frozenset({Purpose.CERTIFICATE, Purpose.REMINDER, Purpose.CARE, Purpose.SURVEY}),
        needs=TEMPLATES,
        source="zalo.md, Windows: templates",
    ),
)

CAPABILITIES: Final = Capabilities(
    title="Zalo",
    text_limit=1900,  # 2,000 published; how emoji are counted is not
    asks_contact=True,
    file_bytes=FILE_BYTES,
    file_types=dict.fromkeys(PICTURES, PICTURE_BYTES) | dict.fromkeys(DOCUMENTS, FILE_BYTES),
    fetch_bytes=20 << 20,
    receipts=("delivered", "read"),
    windows=WINDOWS,
    echo_s=60,
    limits=Limits(outbound_per_s=20),  # 4,000 a minute are published for the whole app
)


def served(account: Account) -> dict[str, bytes]:
    """The page by which Zalo sees that the domain is ours: its path and its HTML."""
    code = str(account.get("site_verification") or "")
    page = (
        '<!doctype html>\n<html lang="vi">\n<head>\n  <meta charset="utf-8">\n'
        f'  <meta property="zalo-platform-site-verification" name="zalo-platform-site-verification" content="{code}">\n'
        f"  <title>{code}</title>\n</head>\n<body>{code}</body>\n</html>\n"
    )
    return {f"/zalo_verifier{code}.html": page.encode()} if code else {}


def varies(account: Account) -> Capabilities:
    """`buttons` shows them, which the current API does not document."""
    if account.get("buttons"):
        return replace(CAPABILITIES, buttons=5, button_label_limit=20, button_data_bytes=200)
    return CAPABILITIES


ADAPTER: Final = Adapter(
    name="zalo",
    capabilities=CAPABILITIES,
    verify=verify,
    parse=parse,
    render=render,
    client=ZaloClient,
    problems=problems,
    served=served,
    varies=varies,
)
