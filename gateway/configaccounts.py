"""An account as the configuration lists it, before it is one: its keys, and the variables that fill them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from channels.contract import Account
from gateway import configfile
from gateway.accounts import CHANNELS, COMMON, Key

SHORT: Final = 16  # characters: 128 bits, if they were drawn from all there are


def with_siblings(accounts: tuple[Account, ...]) -> tuple[Account, ...]:
    """Each knows the others of its channel."""
    return tuple(
        replace(one, siblings=tuple(two for two in accounts if two.channel == one.channel and two is not one))
        for one in accounts
    )


@dataclass(slots=True)
class Entry:
    """An account as it is listed. `missing` key -> variable that is not set; `sources` key -> overriding variable."""

    index: int
    values: dict[str, Any]
    missing: dict[str, str]
    written: set[str]
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str:
        return str(self.values.get("channel") or "").strip().lower()

    @property
    def name(self) -> str:
        return str(self.values.get("name") or "").strip()

    @property
    def label(self) -> str:
        return f"{self.channel}:{self.name}" if self.channel and self.name else f"#{self.index}"

    @property
    def variable(self) -> str:
        return configfile.fold(f"{self.channel}_{self.name}").upper()

    @property
    def known(self) -> dict[str, Key]:
        return {**COMMON, **CHANNELS.get(self.channel, {})}

    def answers_to(self, who: str) -> bool:
        return configfile.fold(who) in (configfile.fold(self.name), configfile.fold(f"{self.channel}_{self.name}"))

    def suggested(self, name: str, known: Key) -> str:
        """The variable that the shipped file uses, or one made of channel and key."""
        return known.variable or f"{self.channel}_{name}".upper()


def short(secret: object) -> bool:
    """One, or one of several, that can be found by trying: whoever has it, posts in the account's name."""
    listed = [secret] if isinstance(secret, str) else secret if isinstance(secret, (list, tuple)) else []
    return any(isinstance(one, str) and 0 < len(one) < SHORT for one in listed)


def lacks_of(account: Account) -> list[str]:
    """What its adapter says, `key: what` each."""
    from channels import registry  # late: only what is listed is imported

    return list(registry.adapter(account.channel).problems(account))
