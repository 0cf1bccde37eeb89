"""What can happen to a conversation, and what surrounds it when it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from channels.contract import InboundFile, Kind, SharedContact
from channels.quick import quick
from channels.windows import ANYWHERE, Carries
from handlers.model.rules import AS_ALWAYS, Rules
from handlers.model.state import EMPTY, Advisor

if TYPE_CHECKING:
    from handlers.hearing import Heard


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The customer said something. `message_id` is ours; `text` is masked of secrets already (`had_secret`)."""

    message_id: str
    kind: Kind
    at: datetime
    text: str = ""
    payload: str = ""
    files: tuple[InboundFile, ...] = ()
    contact: SharedContact | None = None
    external_id: str = ""
    forwarded: bool = False
    had_secret: bool = False
    profile_name: str = ""
    profile_language: str = ""  # of the page he reads, where he chose it


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Start pressed, bot added or unblocked. `payload` -- of a deep link. Must not wipe an intake in progress.
    `welcomed` -- he only opened the chat and was answered on the spot: nothing more may be said to him yet."""

    message_id: str
    at: datetime
    payload: str = ""
    welcomed: bool = False
    profile_name: str = ""
    profile_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """The customer blocked us."""

    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who may answer here, where a platform lets one app at a time. `by` -- us, other, or asked: ours, and another app
    asks for it."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An earlier message of the customer now reads `text`."""

    message_id: str  # of the message that was edited, ours; '' when we never saw it
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """He took an earlier message back. Its words are gone from the transcript; what he has confirmed since stays."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A form of a page came in. `fields` -- by our names where they are known (name, phone, email, message, product,
    province, time), as they were typed."""

    message_id: str
    at: datetime
    fields: Mapping[str, str] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form that we had sent him came back. `fields` -- of `handlers.captured`, read; `raw` -- as typed · `by` -- id of the advisor who
    sent it · `agreed` -- to C2, on the same page."""

    at: datetime
    fields: Mapping[str, str]
    raw: Mapping[str, str] = EMPTY
    by: str = ""
    agreed: bool = False
    conversation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """He came from another chat by a link of ours. `known` -- what he had told there: slots, consents, salutation, lang,
    and who has it (`assignee`); empty for the chat that he left · `other` -- the account at the other end."""

    at: datetime
    other: str
    known: Mapping[str, Any] = EMPTY
    conversation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The call centre told of a call. `message_id` -- of the call's line; `event` ringing, answered, missed, ended;
    `number` -- of the customer, E.164 where it is one, '' when it is withheld; `direction` inbound or outbound."""

    message_id: str
    at: datetime
    call: str
    event: str
    direction: str = "inbound"
    number: str = ""
    agent: str = ""
    duration_s: int | None = None
    recording_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A due reminder: nudge, close, long_wait, callback, mute_end, care …"""

    name: str
    at: datetime
    data: Mapping[str, Any] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A person at the desk (or through the API) did `name`: take, assign, transfer, reply, note, close, reopen,
    return, snooze, label, deliver, attempt, screen, call."""

    name: str
    by: Advisor
    at: datetime
    data: Mapping[str, Any] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEnded:
    """A message of ours came to an end that the conversation must know: failed (blocked …), unknown, expired. `klass`
    -- of the message (docs/adr/0007)."""

    message_id: str
    at: datetime
    status: str
    reason: str = ""
    klass: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEnded:
    """A file of the customer's will not come: refused by us, or gone at the platform. `reason` -- a code of
    gateway.filecheck or of a channel; `conversation` -- in which it was sent."""

    at: datetime
    kind: Kind
    reason: str
    conversation: str = ""


Event = (
    Said
    | Followed
    | Unfollowed
    | Held
    | Edited
    | Unsent
    | Submitted
    | Filled
    | Arrived
    | Called
    | TimerFired
    | Acted
    | SendEnded
    | FileEnded
)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """All events of a lane that are answered at once, in order. `history` -- what the customer said earlier in this
    conversation; loaded only while consent is pending, so that the yes can read it again · `heard` -- the events as read
    already (`handlers.core.listen`), or () for them to be read in the turn."""

    events: tuple[Event, ...]
    history: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """What the core knows of the agency: values of config.yaml `business`, hours already parsed; days off and `rules` as
    people set them at the desk, too."""

    name: str = "IBAOHIEM"
    legal_name: str = ""
    address: str = ""
    hotline: str = ""
    dpo_email: str = ""
    policy_url: str = ""
    product_url: str = ""
    agency_code: str = ""
    timezone: str = "Asia/Ho_Chi_Minh"
    # mon.. -> (("08:00", "12:00"), …); None = always
    hours: Mapping[str, tuple[tuple[str, str], ...]] | None = field(default=None, hash=False)
    holidays: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("vi", "en")
    rules: Rules = field(default=AS_ALWAYS, hash=False)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a turn. `asks_contact` -- the channel has a button for the own phone number, `asks_email` for the address · `buttons` -- how
    many a message carries, 0 = unknown · `queue_position` -- the place that this conversation has or would get in the
    queue, 1 = next, 0 = unknown · `heard_at` -- his last act, as the platform's windows count it · `opened` -- the word that
    opened the platform's session, as a timer's turn knows it where that does not slide."""

    business: Business
    channel: str
    bot: bool = True  # False: people only, here and now
    asks_contact: bool = False
    asks_email: bool = False
    writes: bool = True  # False: forms and calls, which cannot be answered in writing
    letters: bool = False  # one message says all at once, and nobody answers there
    carries: Carries = ANYWHERE  # the platform's windows
    heard_at: datetime | None = None
    opened: datetime | None = None
    buttons: int = 0
    queue_position: int = 0
    conversation_id: str = ""
    notice: Mapping[str, str] = EMPTY  # language -> version of the consent text C1 today; empty = not told
