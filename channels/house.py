"""What the gateway lends to a client that must remember something between calls, or be heard by people.

A client that has `attach(house)` is given one before its first call. Credentials that change with every use (Zalo's
refresh token is good once) live in the database: whoever uses one must first say so there, and must have stored what
came back before he uses that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

ACTIVE: Final = "active"
REFRESHING: Final = "refreshing"  # somebody uses the refresh token right now, or died of it
NEEDS_CONSENT: Final = "needs_consent"  # it is lost: only a person can get another


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account's pair as it is stored. Times in Unix ms; `generation` counts the pairs; `changed_at` -- of the
    state; `access` is '' before the first exchange."""

    generation: int
    state: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int
    issued_at: int
    changed_at: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What a letter needs beside its words. `address` -- '' where he has none (any more) · `purpose` -- of the message ·
    `linked` -- said above the address of a file that is too large to go along · `earlier` -- Message-IDs of letters to him,
    the newest first · `hook` -- our address, where the platform of this account posts."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    language: str = ""
    purpose: str = ""
    subject: str = field(default="", repr=False)
    footer: str = field(default="", repr=False)
    linked: str = ""
    earlier: tuple[str, ...] = ()
    hook: str = ""


class House(Protocol):
    """For one account. Everything that writes returns after the commit."""

    def now_ms(self) -> int: ...

    async def credential(self, first: str) -> Credential:
        """The stored pair; made of the configured `first` refresh token when there is none, or when that was changed."""
        ...

    async def claim(self, seen: Credential, *, stale_ms: int) -> bool:
        """Say that this pair's refresh token will now be used. False: another has it (since less than `stale_ms`), or
        the row is not any more as it was `seen`."""
        ...

    async def rotate(self, generation: int, *, access: str, refresh: str, expires_at: int) -> bool:
        """Put the pair that came for `generation` in its place, however long the database makes it wait. False: a newer
        one is there."""
        ...

    async def settle(self, generation: int, state: str, reason: str = "") -> None:
        """What the attempt came to, when it brought no new pair."""
        ...

    async def beside(self, thread: str) -> Mapping[str, str]:
        """`InboundEvent.extra` of the customer's last message there."""
        ...

    async def letter(self, row_id: str) -> Letterhead:
        """Of a call of ours, by its row in the outbox. Raises Retryable."""
        ...

    async def protected(self, file_id: str, row_id: str) -> str:
        """An address of a file of ours for the reader of that row, who may be asked for digits that he gave us; the same
        when asked again. Raises Retryable, Permanent where nobody outside reaches us."""
        ...

    def link(self, file_id: str, name: str) -> str:
        """A public address of a file of ours, good for some days; it ends in `name`, which is ASCII."""
        ...

    def tell(self, what: str) -> None:
        """Call people: the account is in trouble. '' = it is over."""
        ...

    def note(self, what: str) -> None:
        """Show it beside the account, which works all the same. '' = what was noted before is over."""
        ...

    async def named(self, thread: str, name: str) -> None:
        """How the platform calls this person, for people's eyes; where a name is there already, it stays."""
        ...
