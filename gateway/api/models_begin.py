"""Models of writing first."""

from __future__ import annotations

from pydantic import Field

from gateway.api.fields import Answer, Id, Time


class WayView(Answer):
    """One way to somebody. `open`: his own words may be said there now, up to `until` (null = without end). `why` not:
    window, blocked, blocked_by_us, calls_only, account, template, never_wrote, no_mailbox, complaint, unsubscribed,
    opt-out, consent withdrawn."""

    channel: str
    account: str
    thread: str = Field(description="of the channel email, what the address is called there")
    conversation_id: Id | None
    last_inbound_at: Time | None
    open: bool
    why: str
    until: Time | None


class Ways(Answer):
    """`call`: we know a number of his."""

    items: list[WayView]
    call: bool
    next: str | None
