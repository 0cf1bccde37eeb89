"""Does what people write still reach us? Where a platform delivers, it is asked now and then what it makes of us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from channels.contract import Account, ChannelError, NeedsReauth
from gateway import setup

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("checkups")
EVERY_S: Final = 60.0


async def look(parts: Parts, account: Account, client: Any) -> None:
    """Its words stand beside the account, which goes on sending; a dead token parks it. No answer says nothing."""
    gate = parts.store.gates.of(account.id)
    if gate is None or gate.broken:
        return  # somebody else asks until it lives again
    try:
        trouble = await client.check(setup.hook(parts.config, account))
    except NeedsReauth as err:
        parts.store.gates.break_(account.id, str(err))
        log.error("account.parked", account=account.id, reason=str(err))  # noqa: TRY400 -- the reason is the whole story
        return
    except ChannelError:
        return
    if trouble != gate.note:
        parts.store.gates.notice(account.id, trouble)
        if trouble:
            log.error("account.alarm", account=account.id, reason=trouble)
        else:
            log.info("account.mended", account=account.id)
