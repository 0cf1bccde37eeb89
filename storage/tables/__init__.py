"""Every table, as SQLModel. Queries are Core statements or plain SQL beside the few functions that need them.

Columns `*_at`, `due`, `until` are UTC milliseconds (storage.times); `*_sealed` are AES-256-GCM under the contact's
data key or a day key (storage.keys); `*_blind` are keyed HMACs for exact look-up. Values that only we read back as a
whole are JSON text. Words are those of docs/glossary.md.
"""

from storage.tables import (
    acts,
    arrivals,
    cases,
    conversations,
    house,
    intake,
    later,
    notices,
    outgoing,
    people,
    policies,
    privacy,
    staff,
    subscriptions,
    teams,
)
from storage.tables.base import METADATA

__all__ = [
    "METADATA",
    "acts",
    "arrivals",
    "cases",
    "conversations",
    "house",
    "intake",
    "later",
    "notices",
    "outgoing",
    "people",
    "policies",
    "privacy",
    "staff",
    "subscriptions",
    "teams",
]
