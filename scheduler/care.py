"""Due tasks of the care plan become events of their conversations, each once, however many processes tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from storage import care, cooling, inbox, reach, term
from storage.killpoints import kp
from storage.tx import Tx

MISSED_MS: Final = 6 * care.HOUR_MS  # overdue for longer than that (decent hours): the moment has passed
STALE_MS: Final = 60_000  # overdue for longer than a tick needs: we were down, or the clock was put forward
MANY: Final = 20  # stale tasks at one time: more are spread
SPREAD_MS: Final = care.HOUR_MS
TERM_MISSED_MS: Final = 7 * 13 * care.HOUR_MS  # a week of decent hours: the end of a term does not pass so quickly
BUSY_MS: Final = 2 * care.HOUR_MS  # an advisor has the conversation
KINDS: Final = {
    care.RECEIVED: "check_t1",
    care.SURVEY: "csat",
    **{kind: kind for kind in term.KINDS | cooling.KINDS},
}  # as the core calls them
UNREACHABLE: Final = "unreachable"
UNSENT: Final = frozenset({"to_send", "failed"})


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a due task: `fire` it, look again `later` at `at`, or settle it as skipped, expired, cancelled."""

    name: Literal["fire", "later", "skipped", "expired", "cancelled"]
    reason: str = ""
    at: int = 0


def fire(tx: Tx, *, limit: int = 100) -> int:
    """Every due task to its end, its event into the inbox in the same transaction; how many events. Nobody is asked
    anything outside decent hours: tasks wait for the morning."""
    if care.decent(tx.now_ms) != tx.now_ms:
        return 0
    rows = care.due(tx, limit=limit)
    if not rows:
        return 0
    crowded = care.overdue(tx, by_ms=STALE_MS) > MANY
    count = 0
    for task in rows:
        row = reach.for_task(tx, care.by_letter(tx, task))
        decided = fate(row, now=tx.now_ms, crowded=crowded)
        if decided.name == "fire" and row.kind == care.SURVEY and care.surveyed(tx, row.contact_id, row.id):
            decided = Fate("skipped", "asked within 90 days")
        match decided.name:
            case "fire":
                _event(tx, row)
                count += 1
            case "later":
                care.postpone(tx, row.id, decided.at, decided.reason)
            case settled:
                care.settle(tx, row.id, settled, decided.reason)
                if decided.reason == UNREACHABLE:
                    term.call_instead(tx, row.id, decided.reason)
    kp("timer.before_commit")
    return count


def fate(row: Any, *, now: int, crowded: bool) -> Fate:
    """Pure. `row` -- of storage.care.due · `crowded` -- many others are late with it. What only the conversation knows
    (he opted out, another question is open) is decided there, with the question itself."""
    if row.policy_state == "cancelled" or row.erased_at is not None:
        return Fate("cancelled", "policy cancelled" if row.erased_at is None else "erased")
    if row.kind in cooling.KINDS:
        return _of_the_law(row, now)
    late_ms = MISSED_MS
    if row.kind in term.KINDS:
        if settled := _of_the_term(row, now):
            return settled
        late_ms = TERM_MISSED_MS
    elif settled := _of_the_certificate(row, now):
        return settled
    overdue = care.late(row.due_at, now)
    if overdue > late_ms:
        return Fate("expired", "missed")
    if not row.reachable:
        return Fate("skipped", UNREACHABLE)
    if row.status == "with_advisor":
        return Fate("later", "with_advisor", now + BUSY_MS)
    if crowded and overdue > STALE_MS:
        return Fate("later", "spread", now + int(row.id[-6:], 32) % SPREAD_MS)
    return Fate("fire")


def _of_the_law(row: Any, now: int) -> Fate:
    """A notice that asks nothing and that he is owed: it waits for nobody, and is never too late while it is true."""
    if cooling.over(row, now):
        return Fate("expired", "missed")
    if row.overtaken:
        return Fate("skipped", "a later one is due")
    return Fate("fire") if row.reachable else Fate("skipped", UNREACHABLE)


def _of_the_term(row: Any, now: int) -> Fate | None:
    """None: it may be said."""
    if row.kind != term.ENDED and row.policy_state == "expired":
        return Fate("expired", "policy ended")
    if row.kind == term.ENDED and row.policy_state != "expired":  # storage.policies.turn has not come by yet
        return Fate("later", "not_ended", now + care.HOUR_MS)
    return Fate("skipped", "a later one is due") if term.overtaken(row) else None


def _of_the_certificate(row: Any, now: int) -> Fate | None:
    """None: it may be asked."""
    state, _, why = (row.last_delivery or "to_send:").partition(":")
    if state in UNSENT and why != "answer_lost":
        if row.policy_state == "expired":
            return Fate("expired", "policy ended")
        return Fate("later", why if why == "not_received" else "not_sent", now + care.DAY_MS)
    return Fate("skipped", "confirmed") if row.kind == care.RECEIVED and state == "confirmed" else None


def _event(tx: Tx, row: Any) -> None:
    """One moment of one task is one event: its key is both."""
    data = {"task": row.id, "kind": KINDS[row.kind], **care.said(tx, row)}
    if row.kind in cooling.KINDS:
        data |= {
            "received_on": cooling.received_on(row.delivered_at).isoformat(),
            "last_day": cooling.last_day(row.delivered_at).isoformat(),
        }
    inbox.insert_own(
        tx,
        point_id=row.point_id,
        account_id=row.account_id,
        kind="timer",
        source="timer",
        key=f"care:{row.id}:{row.due_at}",
        body_=orjson.dumps({"name": f"care:{row.id}", "data": data}),
        state="new",
    )
    care.fired(tx, row.id)
