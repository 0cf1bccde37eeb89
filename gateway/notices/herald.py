"""The one who tells: looks at what is due, climbs its ladder, takes the ways, writes down what came of each.

Everything stands in the tables first: a process that dies has told too often at worst, never too seldom.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import structlog

from channels.contract import ChannelError, NeedsReauth, Permanent, RateLimited
from gateway import staffmail
from gateway.notices import ladder
from gateway.notices.services import Gone
from gateway.notices.ways import Ways
from handlers import schedule
from storage import advisors, digests, listeners, notices, tellings
from storage.errors import StorageUnavailable
from storage.killpoints import kp
from storage.tellings import Errand
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("notices")
EVERY_S: Final = 1.0
WATCH_S: Final = 5.0
DIGEST_S: Final = 60.0
NUDGE_MS: Final = 3000
TOGETHER_S: Final = 0.2  # between two looks that news bring: a rush is one errand, and the first of it is told at once
FORGET_S: Final = 3600.0
AT_ONCE: Final = 50  # notices a look, and tellings a round
ROUNDS: Final = 20  # a tick: what is left waits for the next one
CALL_S: Final = 45.0  # below the lease
WAITS_S: Final = (5, 20, 60, 180, 600, 1800)  # between the tries of one way; after these it has failed


def attach(parts: Parts) -> Herald:
    """Tell from now on, until the parts stop."""
    herald = Herald(parts)
    parts.notices = herald
    return herald


class Herald:
    """Of this process; several of them share the work by the tables."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.ways = Ways(parts)
        self._line = asyncio.Lock()
        self._woken: asyncio.Task[None] | None = None
        self._again = False
        self._closing = False
        self._nudged: dict[str, int] = {}  # by advisor: one who looks often does not hide who just came
        parts.hub.listen(self._heard, (notices.WAKE,))
        parts.ticks += [
            ("notices", EVERY_S, self.run),
            ("notices watch", WATCH_S, self._watch),
            ("digests", DIGEST_S, self._digests),
            ("notices forget", FORGET_S, self._forget),
        ]
        parts.closers.insert(0, self.close)

    # ---- when

    def _heard(self, _kind: str, _object_id: str) -> None:
        if self._closing:
            return
        self._again = True
        if self._woken is None or self._woken.done():
            self._woken = asyncio.create_task(self._soon())

    async def _soon(self) -> None:
        while self._again and not self._closing:
            self._again = False
            try:
                await self.run()
                await asyncio.sleep(TOGETHER_S)
            except StorageUnavailable:
                return  # the next tick
            except Exception as err:
                log.exception("notices.failed", error=type(err).__name__)
                return

    async def run(self) -> None:
        """Look and tell until nothing is due."""
        async with self._line:
            for _ in range(ROUNDS):
                if self._closing or not (await self.look() + await self._tell()):
                    return

    async def _watch(self) -> None:
        await self._parts.store.run(notices.watch)

    async def _digests(self) -> None:
        await self._parts.store.run(tellings.drop_unheard)
        here = schedule.local(self._parts.now(), self._parts.engine.business)
        day, minutes = here.date().isoformat(), here.hour * 60 + here.minute
        await self._parts.store.run(lambda tx: digests.order(tx, day=day, minutes=minutes))

    async def _forget(self) -> None:
        while await self._parts.store.run(notices.forget):
            pass

    # ---- who

    async def look(self) -> int:
        """One look at what is due; how many."""
        if not await self._parts.store.read(_anything):
            return 0
        found, rung = await self._parts.store.run(self._look)
        if rung:  # one line a look: in a rush, with the house empty, each would be the same
            first = rung[0]
            log.error(
                "notices.nobody_told",
                conversation=first.conversation_id,
                handoff=first.handoff_id,
                kind=first.kind,
                count=len(rung),
            )
        return found

    def _look(self, tx: Tx) -> tuple[int, list[notices.Notice]]:
        """How many were looked at, and of which the alarm begins to ring."""
        found = notices.due(tx, limit=AT_ONCE)
        if not found:
            return 0, []
        business = self._parts.engine.business
        hours = schedule.in_hours(tx.now, business)
        clock = f"{schedule.local(tx.now, business):%H:%M}"
        people = listeners.everybody(tx)
        quiet = frozenset(one.id for one in people if ladder.in_quiet(one.wishes.quiet, clock))
        matters, told, house = notices.matters(tx, found), tellings.of(tx, [one.id for one in found]), self.house()
        rung = []
        for notice in found:
            matter = matters[notice.id]
            case = ladder.Case(
                kind=notice.kind,
                open=matter.open,
                urgent=matter.urgent,
                hours=hours,
                state=notice.state,
                step=notice.step,
                person=notice.advisor_id,
                team=matter.team,
                quiet=quiet,
            )
            step = ladder.climb(case, people, house, told[notice.id], now_ms=tx.now_ms)
            tellings.plan(tx, notice.id, step.plans)
            notices.settle(tx, notice, state=step.state, step=step.step, look_at=step.look_at)
            if step.state == "alarmed" and notice.state != "alarmed":
                rung.append(notice)
            if "alarmed" in (step.state, notice.state) and step.state != notice.state:
                tx.hint(notices.ALARM, "")
        return len(found), rung

    def house(self) -> ladder.House:
        rules = self._parts.config.notices
        return ladder.House(
            letters=staffmail.account_of(self._parts) is not None,
            groups=rules.groups,
            on_call=rules.on_call,
            patience_ms=rules.patience_s * 1000,
        )

    # ---- how

    async def _tell(self) -> int:
        errands = await self._parts.store.run(lambda tx: tellings.claim(tx, limit=AT_ONCE))
        if errands:
            kp("tell.claimed")
        await asyncio.gather(*(self._take(errand) for errand in errands))
        return len(errands)

    async def _take(self, errand: Errand) -> None:
        """One way of one notice, and what came of it."""
        now_ms = self._parts.clock.ms()
        try:
            async with asyncio.timeout(CALL_S):
                until = await self.ways.take(errand)
        except Gone as err:
            await self._note(errand, "gone", code=err.code)
        except (Permanent, NeedsReauth) as err:
            await self._note(errand, "failed", code=_code(err))
        except (ChannelError, TimeoutError, OSError) as err:
            await self._later(errand, err, now_ms)
        except StorageUnavailable:
            return  # its lease ends
        except Exception as err:
            log.exception("notices.bug", way=errand.way, kind=errand.kind, error=type(err).__name__)
            await self._note(errand, "failed", code="bug")
        else:
            if until:
                await self._parts.store.run(lambda tx: tellings.put_off(tx, errand, until))
            else:
                kp("tell.told")
                await self._note(errand, "told")

    async def _later(self, errand: Errand, err: Exception, now_ms: int) -> None:
        if errand.attempts > len(WAITS_S):
            await self._note(errand, "failed", code=_code(err))
            return
        wait_s = err.retry_after if isinstance(err, RateLimited) else WAITS_S[errand.attempts - 1]
        log.info("notices.again", way=errand.way, kind=errand.kind, error=type(err).__name__, attempt=errand.attempts)
        await self._note(errand, "waiting", code=_code(err), next_at=now_ms + round(wait_s * 1000))

    async def _note(self, errand: Errand, state: str, *, code: str = "", next_at: int = 0) -> None:
        def write(tx: Tx) -> None:
            tellings.record(tx, errand, state, code=code, next_at=next_at)
            if errand.way == ladder.PUSH and state == "told":
                listeners.used(tx, errand.target)
            if errand.way == ladder.PUSH and state == "gone":
                listeners.unsubscribe(tx, errand.target)

        with contextlib.suppress(StorageUnavailable):  # its lease ends, and it is told once more
            await self._parts.store.run(write)
        if state in ("failed", "gone"):
            log.warning("notices.not_told", way=errand.way, kind=errand.kind, reason=code)

    async def came(self, advisor_id: str) -> None:
        """Somebody looks at the desk while the alarm rings: he may be the one, and nobody waits a minute to ask."""
        now_ms = self._parts.clock.ms()
        if now_ms - self._nudged.get(advisor_id, 0) < NUDGE_MS:
            return
        self._nudged[advisor_id] = now_ms

        def unit(tx: Tx) -> None:
            advisors.seen(tx, [advisor_id])
            notices.look_at_alarms(tx)

        await self._parts.store.run(unit)

    # ---- what is known of it

    async def alarms(self) -> int:
        """Customers who wait and of whom nobody could be told. Raises StorageUnavailable."""
        return await self._parts.store.read(notices.alarms)

    async def close(self) -> None:
        self._closing = True
        if self._woken is not None:
            self._woken.cancel()
            await asyncio.gather(self._woken, return_exceptions=True)
        async with self._line:
            await self.ways.close()


def _anything(tx: Tx) -> bool:
    return bool(
        tx.value("SELECT 1 FROM notice WHERE state IN ('open', 'alarmed') AND look_at <= :now LIMIT 1", now=tx.now_ms)
    )


def _code(err: Exception) -> str:
    said = getattr(err, "code", "") or getattr(err, "reason", "")
    return str(said) or type(err).__name__
