"""What the gateway knows of a letter's reader, for the channel that writes it; and by which ways somebody can be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.contract import Retryable
from channels.house import Letterhead
from gateway import setup
from handlers import letters as words
from handlers.voice import Voice
from storage import letters
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts


def accounts(parts: Parts) -> list[str]:
    """Accounts that write letters."""
    return [one.id for one in parts.accounts.values() if parts.adapters[one.channel].capabilities.letters]


def thread_of(parts: Parts, account_id: str, address: str) -> str:
    """What an address is called on that account; '' for what is none."""
    account = parts.accounts[account_id]
    named = parts.adapters[account.channel].thread_of
    return named(account, address) if named is not None else ""


def ways(parts: Parts, tx: Tx, contact_id: str) -> list[letters.Way]:
    """How this person can be written to, the best first; those that have ended last."""
    return letters.ways(
        tx, contact_id, accounts(parts), lambda account_id, address: thread_of(parts, account_id, address)
    )


async def head(parts: Parts, account_id: str, outbox_id: str) -> Letterhead:
    """Raises Retryable."""
    try:
        reader = await parts.store.read(lambda tx: letters.reader(tx, outbox_id))
    except StorageUnavailable as err:
        raise Retryable(f"the reader cannot be looked up now: {err.reason}", answered=None) from err
    if reader is None:
        return Letterhead(address="")
    account = parts.accounts[account_id]
    voice = Voice(parts.texts, parts.engine.business, parts.adapters[account.channel].capabilities)
    said = words.around(voice, purpose=reader.purpose, lang=reader.lang, salutation=reader.salutation)
    mine = (one for one in reader.addresses if thread_of(parts, account_id, one) == reader.thread)
    return Letterhead(
        address=next(mine, ""),
        name=reader.name,
        language=reader.lang,
        purpose=reader.purpose,
        subject=said.subject,
        footer=said.footer,
        linked=said.linked,
        earlier=reader.earlier,
        hook=setup.hook(parts.config, account),
    )
