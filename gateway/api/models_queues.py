"""Models of the desk's queues and of rows read again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.api.fields import Answer, Query, Time
from gateway.api.models import Conversation, HandoffCard


class QueueFill(Answer):
    """`count` stops at 1,000. `oldest_at`: since when the one waits who waits longest, null when nobody does."""

    name: Literal["mine", "waiting", "team", "snoozed", "all", "closed"]
    count: int
    oldest_at: Time | None


class QueueFills(Answer):
    items: list[QueueFill]
    next: str | None


class RowQuery(Query):
    ids: str = Field("", max_length=2000, description="ids of conversations, a comma between them; at most 60")


class ConversationRow(Conversation):
    """As in lists, with the request for a person while one waits."""

    handoff: HandoffCard | None


class ConversationRows(Answer):
    items: list[ConversationRow]
    next: str | None
