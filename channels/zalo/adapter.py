"""Zalo Official Account (OpenAPI v3.0, OAuth v4): capabilities, verify, parse, render, outcome, client.

Sources: docs.zaloplatforms.com (OA, ZBS), the official PHP and Java SDKs, and captured live traffic, as gathered on
2026-11-22; what is not certain there is behind a setting and on the list of docs/channels/zalo.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from channels.contract import Account, Adapter, Capabilities, Limits
from channels.zalo.answers import outcome
from channels.zalo.calls import render
from channels.zalo.client import ZaloClient
from channels.zalo.settings import problems
from channels.zalo.signature import verify
from channels.zalo.updates import parse

__all__ = ["ADAPTER", "CAPABILITIES", "outcome", "parse", "render", "verify"]

FREE_HOURS: Final = 48  # since the customer's last word; up to 7 days an answer is billed, later it is refused
BILLED_HOURS: Final = 7 * 24

CAPABILITIES: Final = Capabilities(
    title="Zalo",
    text_limit=1900,  # 2,000 published; how emoji are counted is not
    asks_contact=True,
    file_bytes=5 << 20,
    fetch_bytes=20 << 20,
    receipts=("delivered", "read"),
    window_hours=FREE_HOURS,
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
    """`billed` lets answers go out that cost money; `buttons` shows them, which the current API does not document."""
    carries = CAPABILITIES
    if account.get("billed"):
        carries = replace(carries, window_hours=BILLED_HOURS)
    if account.get("buttons"):
        carries = replace(carries, buttons=5, button_label_limit=20, button_data_bytes=200)
    return carries


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
