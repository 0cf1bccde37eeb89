"""Why a platform refuses something for good, in our words: whoever adds one words it for advisors at the same time, for a test
holds the desk to this list and every adapter to it."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    # the customer, or his account there
    "blocked",
    "complaint",
    "customer_quota",
    "deactivated",
    "never_started",
    "not_following",
    "not_found",
    "unreachable",
    "unsubscribed",
    "unwanted",
    # his address
    "bad_address",
    "bounced",
    "mailbox_full",
    "no_address",
    "no_mailbox",
    "no_profile",
    "phone",
    "spam",
    # the way there
    "calls_only",
    "gave_up",
    "moved",
    "not_ours",
    "window",
    # our account
    "billing",
    "refused",
    "template",
    "template_by_phone",
    "template_missing",
    "template_not_allowed",
    "template_quota",
    # what was said
    "bad_request",
    "content",
    "file",
    "file_gone",
    "file_type",
    "gone",
    "hosting",
    "too_large",
]
