"""Sends what advisors wrote for later, when its time has come and the platform's rules still allow it; else it says why not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from gateway.api import window
from gateway.api.errors import ApiError
from handlers.handoff import CHIEFS
from handlers.model import Advisor, Refused
from storage import advisors, later, listing
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("later")
EVERY_S: Final = 1.0
TOO_LATE_MS: Final = 2 * 3_600_000  # after a long stop: words for this morning are not sent in the evening


class _Not(Exception):
    """It may not go: the code says why."""


async def send_due(parts: Parts) -> None:
    """One tick: everything that is due, each in a transaction of its own."""
    for later_id in [one.id for one in await parts.store.read(later.due)]:
        try:
            await parts.store.run(partial(_send, parts, later_id=later_id))
        except StorageUnavailable:
            return
        except (_Not, ApiError, Refused) as err:
            await parts.store.run(partial(_expire, later_id=later_id, reason=_reason(err)))
        except Exception as err:
            log.exception("later.failed", error=type(err).__name__)
            await parts.store.run(partial(_expire, later_id=later_id, reason="internal"))


def _send(parts: Parts, tx: Tx, *, later_id: str) -> None:
    one = later.take(tx, later_id)
    if one is None:
        return  # changed or cancelled since, or another process has it
    later.end(tx, one, "sent")
    row, person = listing.one(tx, one.conversation_id), advisors.find(tx, one.advisor[0])
    if row is None or not one.body:
        raise _Not("gone")
    if person is None or person.disabled_at is not None:
        raise _Not("advisor_gone")
    if row.status == "closed":
        raise _Not("closed")
    if row.assignee is None or (row.assignee[0] != person.id and person.role not in CHIEFS):
        raise _Not("not_yours")
    if one.due_at < tx.now_ms - TOO_LATE_MS:
        raise _Not("too_late")
    if why := later.unwanted(tx, one):
        raise _Not(why)
    window.check(parts, tx, row)
    by = Advisor(id=person.id, name=person.name, code=person.agent_code, role=person.role)
    parts.engine.act(tx, row.id, "reply", by=by, data=one.body)


def _expire(tx: Tx, *, later_id: str, reason: str) -> None:
    one = later.take(tx, later_id)
    if one is not None and later.end(tx, one, "expired", reason):
        later.told(tx, one.id, reason)


def _reason(err: Exception) -> str:
    if isinstance(err, _Not):
        return str(err)
    return err.code if isinstance(err, (ApiError, Refused)) else "internal"
