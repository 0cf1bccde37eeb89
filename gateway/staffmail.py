"""Letters to people of ours, not to customers: a link that sets a password, and that something of theirs was changed.

They stand in no outbox: a link is in them that the database knows only the hash of. What does not leave within minutes
is given up; who made the link was shown it.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import structlog
import yaml

from channels.contract import Account, ChannelError
from channels.email.letter import Post, written
from channels.email.marks import plain
from channels.email.settings import sender

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("staffmail")
WAITS_S: Final = (0.0, 5.0, 30.0, 120.0)
WORDS: Final = Path(__file__).with_name("staffmail.yaml")


class Postman(Protocol):
    async def post(self, letter: Post) -> None:
        """Raises ChannelError."""


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return found


def account_of(parts: Parts) -> Account | None:
    """The first account that letters can leave by."""
    return next((one for one in parts.accounts.values() if one.channel == "email" and one.id in parts.clients), None)


def tell(parts: Parts, what: str, *, to: str, name: str, link: str = "") -> bool:
    """Write to somebody of ours, while the caller goes on. `what` -- of staffmail.yaml. False: there is no e-mail
    account, or no such address."""
    account = account_of(parts)
    address = plain(to)
    if account is None or not address or not address.isascii():
        return False
    agency = parts.config.agency.name
    words = _words()[what]
    letter = compose(
        account,
        to=address,
        name=name,
        subject=words["subject"].format(agency=agency),
        text=words["text"].format(agency=agency, name=name, link=link, desk=f"{parts.config.public_url}/desk/"),
        now=parts.now(),
    )
    task = asyncio.create_task(_send(cast(Postman, parts.clients[account.id]), account.id, letter))
    parts.tasks.add(task)
    task.add_done_callback(parts.tasks.discard)
    return True


def compose(account: Account, *, to: str, name: str, subject: str, text: str, now: datetime) -> Post:
    """A letter in plain words; nothing in it can be a header."""
    who = sender(account)
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = Address(display_name=_line(who.name), addr_spec=who.address)
    made["To"] = Address(display_name=_line(name), addr_spec=to)
    made["Message-ID"] = make_msgid(domain=who.domain)
    made["Date"] = format_datetime(now.astimezone(UTC))
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="quoted-printable")
    return Post(
        message_id=str(made["Message-ID"]).strip("<>"), sender=who.address, to=to, data=written(made, _line(subject))
    )


def _line(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())[:120]


async def _send(postman: Postman, account_id: str, letter: Post) -> None:
    for wait in WAITS_S:
        await asyncio.sleep(wait)
        try:
            await postman.post(letter)
        except ChannelError as err:
            log.warning("staffmail.not_sent", account=account_id, error=type(err).__name__)
        else:
            return
