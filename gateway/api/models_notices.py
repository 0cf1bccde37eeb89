"""Models of being told: what a page is to tell, what a person wants to hear of, his browsers, and who was told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.fields import Answer, Id, Line, Request, Time

Kind = Literal["waiting", "message", "offered", "assigned", "task", "sla", "late", "digest", "account"]
Level = Literal["off", "silent", "sound"]
Clock = Annotated[str, StringConstraints(pattern=r"^(?:(?:[01]\d|2[0-3]):[0-5]\d)?$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,200}$")]
Endpoint = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=2000)]


class Levels(Request):
    """How each kind is told (`offered` as `assigned`); `late` goes to the supervisor whatever he wants."""

    waiting: Level = "sound"
    message: Level = "sound"
    assigned: Level = "sound"
    task: Level = "sound"
    sla: Level = "sound"


class NoticeItem(Answer):
    """`account`, `trouble`: of kind `account`, which account it is and what ails it."""

    id: Id
    kind: Kind
    conversation_id: str
    channel: str
    account: str
    trouble: Literal["", "throttled", "down", "auth_broken", "silent"]
    urgent: bool
    level: Level
    at: Time


class Alarmed(Answer):
    """A conversation of which nobody could be told: a customer who waits, or was given to somebody who does not hear."""

    conversation_id: str
    kind: Kind
    channel: str


class HeldAccount(Answer):
    """An account of ours that does not work, for longer than a moment: what is to leave there waits; of one that is deaf,
    what customers write does not come."""

    channel: str
    account: str
    state: Literal["throttled", "down", "deaf", "auth_broken"]
    since: Time


class MyNotices(Answer):
    """What your pages are to tell you now. `alarms` -- customers who wait and of whom nobody could be told, `alarmed` the first of
    them; `quiet` -- it is
    your quiet hour: only what is urgent makes a sound; `held` -- accounts that do not work, for whoever answers customers."""

    items: list[NoticeItem]
    alarms: int
    alarmed: list[Alarmed]
    held: list[HeldAccount]
    quiet: bool
    tone: Literal["soft", "bell", "knock"]
    detail: Literal["none", "channel", "name"]


class Seen(Request):
    """`how` -- the page is in sight, the system showed it, or it rang."""

    ids: list[Id] = Field(min_length=1, max_length=50)
    how: Literal["visible", "system", "sound"]


class Quiet(Request):
    begins: Clock = Field(default="", description="HH:MM; empty: never")
    ends: Clock = ""


class NoticeWishes(Request):
    """All of it; what is left out becomes what it is for somebody new. `digest`: HH:MM, empty = no daily letter."""

    kinds: Levels = Field(default_factory=Levels)
    tone: Literal["soft", "bell", "knock"] = "soft"
    quiet: Quiet = Field(default_factory=Quiet)
    detail: Literal["none", "channel", "name"] = "channel"
    letters: bool = True
    digest: Clock = ""
    lang: Literal["vi", "en"] = "vi"


class BrowserView(Answer):
    id: Id
    host: str
    agent: str
    created_at: Time
    used_at: Time | None


class NoticeSettings(Answer):
    """`can_write`: letters can leave; `push_key`: what a browser subscribes with."""

    wishes: NoticeWishes
    can_write: bool
    push_key: str
    browsers: list[BrowserView]


class NewBrowser(Request):
    """A push subscription, as the browser gave it (RFC 8030): its address and two keys, base64url."""

    endpoint: Endpoint
    p256dh: Key
    auth: Key
    agent: Line = ""


class Told(Answer):
    """One way by which one person was told. `way`: desk, push, email, group, on_call; `state`: waiting, sending, told, failed,
    gone, dropped."""

    kind: Kind
    way: Literal["desk", "push", "email", "group", "on_call"]
    state: Literal["waiting", "sending", "told", "failed", "gone", "dropped"]
    who: str
    code: str
    at: Time
    alarmed_at: Time | None


class ToldList(Answer):
    items: list[Told]
    next: str | None


class Ok(Answer):
    ok: bool = True
