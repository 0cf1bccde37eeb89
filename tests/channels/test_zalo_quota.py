"""What an official account has left: each kind of message for itself, and nothing of what concerns one customer only."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Account
from channels.zalo.client import ZaloClient

REPLY = {"quota_type": "reply", "remain": "8", "total": "8"}
PACKAGE = {"quota_type": "sub_quota"}  # remain and total may be absent since 2026-03
BILLED = {"quota_type": "purchase_quota", "remain": "41", "total": "50"}
TEMPLATE = {"dailyQuota": "500", "remainingQuota": "499"}


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ([REPLY], {}),
        ([PACKAGE], {"sub_quota": ("", "")}),
        ([BILLED, REPLY], {"purchase_quota": ("41", "50")}),
        ([TEMPLATE, BILLED, REPLY], {"template": ("499", "500"), "purchase_quota": ("41", "50")}),
        ([BILLED, BILLED | {"remain": "40"}], {"purchase_quota": ("40", "50")}),
        ([{"quota_type": 7, "remain": 1}, {}, {"remain": "3"}], {"7": ("1", "")}),
    ],
)
async def test_each_kind_is_kept(answers: list[dict[str, Any]], wanted: dict[str, tuple[str, str]]) -> None:
    client = ZaloClient(Account(channel="zalo", name="oa", settings={}))
    try:
        for quota in answers:
            client._note({"quota": quota})
        assert client.quotas == wanted
    finally:
        await client.close()
