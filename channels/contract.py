"""The vocabulary every channel shares: what arrives, what leaves, what a platform can carry, what can go wrong.

Standard library only, so that every other package may import it. An adapter is a value (`Adapter`), not a subclass:
four pure functions, one small client, and data.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from channels.quick import quick
from channels.reasons import Reason
from channels.windows import Purpose, Sender, Way, Window, granted


class Kind(StrEnum):
    """What an event is. The values up to UNSUPPORTED are also the message kinds of the JSON API."""

    TEXT = "text"
    IMAGE = "image"
    FILE = "file"
    AUDIO = "audio"
    VIDEO = "video"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    BUTTON = "button"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    REACTION = "reaction"
    EDIT = "edit"
    RETRACT = "retract"  # an earlier message (`ref`) was taken back
    CALL = "call"
    FORM = "form"
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"
    RECEIPT = "receipt"  # delivered or seen: changes a message, makes none
    ECHO = "echo"  # something we sent, told back; or typed by a human in the platform's own app (`by_human`)
    IGNORED = "ignored"  # not for us (groups, channel posts, service messages): stored, never thought about


SAID: Final = frozenset(
    {
        Kind.TEXT,
        Kind.IMAGE,
        Kind.FILE,
        Kind.AUDIO,
        Kind.VIDEO,
        Kind.STICKER,
        Kind.LOCATION,
        Kind.CONTACT,
        Kind.BUTTON,
        Kind.UNSUPPORTED,
    }
)  # what a person says, as opposed to what merely happened
NAMELESS_MS: Final = (
    10 * 60_000
)  # so long the same bytes of what he said, without id and time, are a retry (docs/adr/0153)
SHRUNK: Final = frozenset({"image/jpeg", "image/png", "image/webp"})  # pictures that the sender can make smaller
MEDIA: Final = frozenset({Kind.IMAGE, Kind.FILE, Kind.AUDIO, Kind.VIDEO, Kind.STICKER})
TOLD_BACK: Final = "an echo of what we sent"  # the reason of such an event
UNSAID: Final = datetime(1970, 1, 1, tzinfo=UTC)  # `said_at` of what carries no time (a Telegram tap): use received_at


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST as it came. `secret` -- the last path segment where a channel allows one, else ''."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One OA, page or bot of ours. `settings` is its block of config.yaml, secrets resolved; never printed.
    `siblings` -- the other accounts of its channel: one webhook may speak for several. `thread_key` -- lent by the
    installation's key ring when the gateway starts, one an account and for ever: names of people who have no id of a
    platform are made under it (`channels.veil`)."""

    channel: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    siblings: tuple[Account, ...] = field(default=(), repr=False, compare=False)
    thread_key: bytes = field(default=b"", repr=False, compare=False)

    @property
    def id(self) -> str:
        """`telegram:main`: the key of its row and of everything that belongs to it."""
        return f"{self.channel}:{self.name}"

    def get(self, key: str, default: Any = "") -> Any:
        return self.settings.get(key, default)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the platform says about the person. The display name is never treated as a legal name."""

    name: str = ""
    language: str = ""  # BCP 47, as the platform gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFile:
    """A file that the platform keeps for us. `source` -- its file id or URL, '' where it tells none: then it
    can never be had; `size` in bytes, 0 when unsaid."""

    kind: Kind
    source: str
    name: str = ""
    mime: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedContact:
    """A contact card. `own` -- the platform vouches that it is the sender's own number."""

    phone: str
    name: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`status` delivered, read or failed, '' = as it was; for `external_ids` (`and_before` -- and what we said before them),
    or for everything up to `watermark`. `ends` -- why nothing more may go to that thread from here on, '' = it may."""

    status: str
    external_ids: tuple[str, ...] = ()
    and_before: bool = False
    watermark: datetime | None = None
    reason: Reason | Literal[""] = ""
    ends: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """One thing that a platform told us.

    key -- permanent dedup key, unique per account; with `window_ms` it counts for that long · thread -- the platform's own id of the person or chat, as text,
    '' when the event belongs to no conversation · external_id -- the platform's message id · said_at -- the
    platform's time, aware UTC, `UNSAID` when it does not tell · text -- cleaned (channels.reading.clean), at most
    16,000 code points · payload -- what a tapped button carries · ref -- external id of the message that is edited,
    reacted to or answered · album -- items that share it are one turn · at_limit -- the text fills the platform's
    limit, more may follow · raw -- bytes of which `parse` makes this very event again (the law of re-reading).
    """

    channel: str
    account: str
    key: str
    kind: Kind
    thread: str
    said_at: datetime
    raw: bytes = field(repr=False)
    external_id: str = ""
    text: str = field(default="", repr=False)
    payload: str = ""
    files: tuple[InboundFile, ...] = ()
    contact: SharedContact | None = field(default=None, repr=False)
    location: tuple[float, float] | None = field(default=None, repr=False)
    receipt: Receipt | None = None
    profile: Profile | None = field(default=None, repr=False)
    ref: str = ""
    album: str = ""
    at_limit: bool = False
    forwarded: bool = False
    by_human: bool = False  # what one of ours did there: typed in the platform's own app, or called the customer
    enveloped: bool = False  # `key` is the envelope's name: the same `external_id` may come in another
    unsigned: bool = False  # an echo that does not say by whose hand: ours, where we sent just that
    standby: bool = False  # another app answers there: kept where a conversation is, begins none, answered by nobody
    window_ms: int = 0
    reason: str = ""  # why it is ignored or unsupported, for people
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)  # e.g. start payload, form fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A choice offered to the customer. `id` comes back as `payload`; `contact` asks for the own phone number, `email` for
    the own e-mail address."""

    id: str
    label: str
    url: str = ""
    contact: bool = False
    email: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFile:
    """A file of ours on its way out. `data` is filled by the sender just before the call, never in the outbox."""

    id: str
    name: str
    mime: str
    size: int
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the platform has approved, for when its window is closed. `purpose` -- the account's configuration
    says which template that is · `values` -- of its parameters · `phone` -- his number, E.164, for platforms that take it in the
    place of the thread; '' = not known."""

    purpose: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    phone: str = field(default="", repr=False)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """What one platform call says. `id` is the outbox row's: where a platform de-duplicates, it does so by it.
    `template` -- said in place of everything else."""

    id: str
    thread: str
    text: str = field(default="", repr=False)
    buttons: tuple[Button, ...] = ()
    file: OutboundFile | None = None
    clear_keyboard: bool = False  # take an earlier contact keyboard away
    notification: bool = True
    template: Template | None = None
    by_human: bool = False  # an advisor's own words, not the machine's
    unasked: bool = False  # said first, not in answer: a certificate, a question of the care plan
    link: str = ""  # a file that the channel does not carry: its protected address goes behind the text
    edits: str = (
        ""  # the platform's id of a message of ours that reads like this from now on; without a text it is gone
    )
    reply_to: str = ""  # the platform's id of the message that this one answers, where `Capabilities.replies`
    beside: str = ""  # of a picture that must be made smaller: what is said before its address, should that fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Calls a second, 0 = off. Default: the platform's published numbers."""

    inbound_per_s: float = 0
    outbound_per_s: float = 0
    per_chat_per_s: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel carries: `fit`, the core and the README's table read it. Sizes in code points or bytes."""

    title: str
    text_limit: int
    caption_limit: int = 0
    buttons: int = 0
    button_label_limit: int = 0
    button_data_bytes: int = 0
    asks_contact: bool = False  # has a way of its own to ask for the number, which is none of `buttons`
    asks_email: bool = False  # the same for the e-mail address
    file_bytes: int = 0  # largest file we may send; 0 = none
    file_types: Mapping[str, int] = field(default_factory=dict)  # mime -> largest; empty = any, up to file_bytes
    fetch_bytes: int = 0  # largest file we may fetch
    file_life_s: int = 0  # how long a customer's file can be fetched; 0 = the platform does not say
    receipts: tuple[str, ...] = ()  # of delivered, read
    retells_s: int = 0  # how long what we said may be changed or taken back there; 0 = it stays as it was said
    replies: bool = False  # a message can answer an earlier one, which stands above it
    idempotent: bool = False  # sending the same id twice shows once: an unknown send may be repeated
    echo_s: int = 0  # seconds in which the platform tells back what it took; 0 = it does not
    unknown_blocks: bool = True  # an unknown send holds its lane until it is reconciled
    windows: tuple[Window, ...] = ()  # when what may be said, and how: the first that fits; none = anything, any time
    inbound: str = "webhook"  # how it is received, for people
    limits: Limits = Limits()
    conversational: bool = True
    letters: bool = False  # one message says all at once, with its files, and nobody answers there: no small talk
    at_once: int = 0  # calls in flight an account; 0 = as many as the sender has
    call_s: float = 0  # what a call may take where that is longer than elsewhere
    language_chosen: bool = False  # a profile's language is that of the page he reads, not what a phone is set to

    def carries_file(self, mime: str, size: int) -> bool:
        return size <= (self.file_types.get(mime, 0) if self.file_types else self.file_bytes)

    def picture_bytes(self, mime: str, size: int) -> int:
        """What a picture that is not carried as it is may have as a JPEG; 0 = it is none, or goes in no other way."""
        if mime not in SHRUNK or self.letters or self.carries_file(mime, size):
            return 0
        return self.file_types.get("image/jpeg", 0) if self.file_types else self.file_bytes

    @property
    def window_hours(self) -> int:
        """How long after the customer's last word a person may answer in his own words; 0 = always."""
        hours = [
            one.hours
            for one in self.windows
            if not one.needs
            and one.way is not Way.TEMPLATE
            and Sender.ADVISOR in one.senders
            and Purpose.ADVICE in one.purposes
        ]
        return 0 if None in hours else max((one for one in hours if one), default=0)


class Client(Protocol):
    """The only part of a channel that touches the network. One per account, made by `Adapter.client`."""

    async def call(self, request: Any) -> str:
        """Send what `render` made; the platform's message id. Raises ChannelError."""
        ...

    async def fetch(self, source: str, *, limit: int) -> bytes:
        """A customer's file by its `InboundFile.source`, at most `limit` bytes. Raises ChannelError."""
        ...

    async def close(self) -> None: ...


class Polling(Protocol):
    """A client that fetches its updates itself. `batches` yields deliveries; the next one is asked for only after
    the caller has committed the last (it resumes the generator), so an offset never runs ahead of the commit."""

    def batches(self) -> AsyncIterator[Sequence[Delivery]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A channel. `parse` may return events of several accounts of the same app; `KeyError`s are its own bugs."""

    name: str
    capabilities: Capabilities
    verify: Callable[[Delivery, Account], None]  # raises WebhookRejected
    parse: Callable[[Delivery, Account], list[InboundEvent]]  # raises MalformedPayload
    render: Callable[[OutboundMessage, Account], Any]  # the platform's request, as a value
    client: Callable[[Account], Client] | None  # None: handed in by gateway (web chat)
    problems: Callable[[Account], list[str]] = lambda account: []  # settings this account lacks, one line each
    reply: Callable[[Delivery, Account, Mapping[str, str]], bytes | None] | None = None
    greet: Callable[[Delivery, Account], bytes] | None = None  # answers a GET of the address; raises WebhookRejected
    refuses_unreadable: bool = False  # who posts can act on a refusal, and does not come again: 422, not quarantine
    prepare: Callable[[], None] | None = None  # heavy imports: call it in a thread at start, before render and call
    served: Callable[[Account], Mapping[str, bytes]] = lambda account: {}  # pages at our root, for the platform's eyes
    thread_of: Callable[[Account, str], str] | None = None  # of a number or address as people type it; '' = it is none
    varies: Callable[[Account], Capabilities] | None = None  # what this account carries, where its settings change it

    def carries(self, account: Account) -> Capabilities:
        """With the windows that the account's settings open."""
        found = self.capabilities if self.varies is None else self.varies(account)
        return replace(found, windows=granted(found.windows, account.settings)) if found.windows else found


class WebhookRejected(Exception):
    """Not authentic, or not for us: nothing stored, answered `status`. The text is a reason for the counter, without
    secrets."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class MalformedPayload(Exception):
    """Authentic but unreadable: stored quarantined with its bytes, answered 200."""


class ChannelError(Exception):
    """A platform call did not go through; the subclass says what is known. `code` -- theirs, for the attempt row."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Retryable(ChannelError):
    """They certainly did not take it. `answered` -- the platform spoke, of this message alone: others may well get
    through · False: nobody did, or it takes nothing at all (refused, DNS, 503) · None: it was not asked, we could not."""

    def __init__(self, message: str, *, code: str = "", answered: bool | None = False) -> None:
        super().__init__(message, code=code)
        self.answered = answered


class RateLimited(ChannelError):
    """Too fast. `retry_after` seconds, theirs if they say; `whole_account` when it is not only this chat."""

    def __init__(self, message: str, *, retry_after: float, code: str = "", whole_account: bool = True) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after
        self.whole_account = whole_account


class DeliveryUnknown(ChannelError):
    """They may have it (timeout after the first byte, lost or unreadable answer, 500)."""


class NeedsReauth(ChannelError):
    """The token is dead or revoked: the account is parked, its messages wait."""


class Permanent(ChannelError):
    """They refused it for good."""

    def __init__(self, message: str, *, reason: Reason = "refused", code: str = "") -> None:
        super().__init__(message, code=code)
        self.reason = reason
