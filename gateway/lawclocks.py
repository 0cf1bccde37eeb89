"""The law's dates of data-subject requests: at half of the time, at 80 % and at its end a line of evidence is written and the
officers have a letter; and when nobody has answered within two working days. Each once, and anew after an extension."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import structlog

from gateway import staffmail
from handlers import rights
from storage import advisors, privacy_clocks
from storage.advisors import Person
from storage.times import at
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

EVERY_S: Final = 600
log = structlog.get_logger("lawclocks")


def attach(parts: Parts) -> None:
    """The tick."""
    parts.ticks.append(("law clocks", EVERY_S, LawClocks(parts).look))


class LawClocks:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def look(self) -> None:
        """Ring what is to ring, and tell whose office it is."""
        store, rang = self._parts.store, Counter[str]()
        while more := await store.run(self._ring):
            rang.update(more)
        for alarm, count in sorted(rang.items()):
            log.warning("privacy.alarm", kind=alarm, count=count)
        for one in await store.read(_officers) if rang else ():
            link = f"{self._parts.config.public_url}/desk/privacy"
            staffmail.tell(self._parts, "law_dates", to=one.email or "", name=one.name, link=link)

    def _ring(self, tx: Tx) -> list[str]:
        """Alarms that rang now, a bite of them; none when another process is at it: that one has the letters, too."""
        if not privacy_clocks.alone(tx):
            return []
        rang = []
        for one in privacy_clocks.ringing(tx, rights.ALARMS):
            now, received = tx.now, at(one.received_at)
            found = [rights.alarm(received, at(one.due_at), now)]
            if one.acknowledged_at is None and now > at(one.ack_due_at):
                found.append("unanswered")
            for alarm in found:
                if alarm and alarm not in one.rung:
                    privacy_clocks.ring(tx, one, alarm)
                    rang.append(alarm)
        return rang


def _officers(tx: Tx) -> list[Person]:
    """The data-protection officers; where there is none, the administrators."""
    people = advisors.listed(tx)
    return [one for one in people if one.role == "dpo"] or [one for one in people if one.role == "admin"]
