"""The touches of a policy's term: half-way, before its end, and after it (process 3.8), and what becomes of them.

Which they are is known from the issue on. Each is said once; of several that are due together only the last is said; who
can be reached in no lawful way is called, so a call is put on the list of somebody who works here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from channels.windows import REMINDERS_OFF
from storage import contacts, listeners, may_say, tasks
from storage.tx import Tx

MIDTERM: Final = "midterm"
BEFORE_END: Final[Mapping[str, int]] = {"renewal_30": 30, "renewal_15": 15, "renewal_7": 7, "renewal_1": 1}  # days
ENDED: Final = "ended"  # a day after: no cover any more
ABOUT_END: Final = frozenset({*BEFORE_END, ENDED})
KINDS: Final = frozenset({MIDTERM, *ABOUT_END})
LONG_D: Final = 180  # a shorter term has no half; its end is told of all the same
HOUR: Final = 9  # in Viet Nam
ZONE_MS: Final = 7 * 3_600_000
DAY_MS: Final = 86_400_000
CARE: Final = "care"  # the team
SHUT: Final = frozenset({"window", "calls_only", "blocked"})  # why the platform takes nothing from us
FINAL: Final = frozenset({"renew", "declined", "sold"})  # answers after which nobody asks again
_RENEWAL: Final = "Gọi khách về việc gia hạn: không nhắn được trên kênh nào ({why})."
_RIGHT: Final = "Gọi khách báo quyền cân nhắc 21 ngày từ ngày nhận hợp đồng: không nhắn được trên kênh nào ({why})."
RECEIVED: Final = "received"
CALLED: Final = "; call"  # behind the reason of a task in whose place somebody calls
CALLS: Final[Mapping[str, str]] = {  # what the one who calls reads
    RECEIVED: "Gọi hỏi khách đã nhận giấy chứng nhận chưa, thông tin có đúng không: không nhắn được ({why}).",
    **dict.fromkeys(BEFORE_END, _RENEWAL),
    "cooling_off": _RIGHT,
    "cooling_off_14": _RIGHT,
}


def touches(starts_on: str, ends_on: str) -> dict[str, int]:
    """kind -> when it is due, ms UTC. Dates as 2026-11-22, both days covered; nothing before the first day of the term."""
    first, last = date.fromisoformat(starts_on), date.fromisoformat(ends_on)
    days = (last - first).days + 1
    found = {ENDED: last + timedelta(days=1)}
    found |= {kind: last - timedelta(days=before) for kind, before in BEFORE_END.items() if before < days}
    if days >= LONG_D:
        found[MIDTERM] = first + timedelta(days=days // 2)
    return {kind: _at(day) for kind, day in found.items()}


def _at(day: date) -> int:
    """That morning."""
    return (day - date(1970, 1, 1)).days * DAY_MS + HOUR * 3_600_000 - ZONE_MS


def answered(tx: Tx, policy_id: str, answer: str) -> int:
    """What he said about the end of his policy; after a final word nothing more is said about it. How many that ends."""
    return over(tx, policy_id, answer) if answer in FINAL else 0


def over(tx: Tx, policy_id: str, reason: str) -> int:
    """Its end is nobody's question any more: renewed, declined, sold."""
    ended = tx.run(
        "UPDATE care_task SET state = 'cancelled', reason = :reason WHERE policy_id = :policy AND state = 'planned'"
        " AND kind IN ('renewal_30', 'renewal_15', 'renewal_7', 'renewal_1', 'ended')",
        reason=reason,
        policy=policy_id,
    )
    tx.hint("policy", policy_id)
    return ended


def call_instead(tx: Tx, task_id: str, why: str) -> None:
    """Nothing lawful reaches him: somebody calls, once about the same thing, and the task says so. Who switched off
    reminders is called about what the law demands only. why -- a code."""
    row = tx.one(
        "SELECT t.kind, p.conversation_id, p.contact_id, p.created_by, c.assignee_id FROM care_task t"
        " JOIN policy p ON p.id = t.policy_id LEFT JOIN conversation c ON c.id = p.conversation_id WHERE t.id = :id",
        id=task_id,
    )
    if row is None or row.kind not in CALLS:
        return
    owed = row.kind not in ABOUT_END and row.kind != RECEIVED
    if not owed and REMINDERS_OFF in may_say.wishes(tx, row.contact_id, "", ads=False):
        return
    if row.kind == RECEIVED and not _has_number(tx, row.contact_id):
        return
    note = CALLS[row.kind].format(why=why)
    known = tasks.page(
        tx, state="open", owner="", conversation=row.conversation_id, due_before=None, after=None, limit=50
    )
    if all(one.created_by != _BY or one.note != note for one in known):
        tasks.add(
            tx, conversation_id=row.conversation_id, owner_id=_caller(tx, row), due_at=tx.now_ms, note=note, by=_BY
        )
    tx.run("UPDATE care_task SET reason = :reason WHERE id = :id", reason=why + CALLED, id=task_id)
    tx.hint("care", task_id)


def _has_number(tx: Tx, contact_id: str) -> bool:
    known = contacts.view(tx, contact_id)
    return known is not None and bool(known.phones)


def _caller(tx: Tx, row: Any) -> str:
    """Who hears of it, a year after the sale: whoever has the conversation, registered the policy (a person, not a machine)
    or had this customer last, as far as he works here still; else of the care team, or a supervisor, whoever has the fewest
    calls."""
    people = {one.id: one for one in listeners.everybody(tx)}
    had = tx.all(
        "SELECT h.taken_by FROM conversation c JOIN handoff h ON h.conversation_id = c.id WHERE c.contact_id = :contact"
        " AND h.taken_by IS NOT NULL ORDER BY h.taken_at DESC LIMIT 20",
        contact=row.contact_id,
    )
    for known in (row.assignee_id, row.created_by, *(one.taken_by for one in had)):
        if known in people:
            return str(known)
    pool = [one.id for one in people.values() if CARE in one.teams] or [one.id for one in people.values() if one.chief]
    calls = {
        one.owner_id: int(one.many)
        for one in tx.all("SELECT owner_id, COUNT(*) AS many FROM task WHERE state = 'open' GROUP BY owner_id")
    }
    return min(pool, key=lambda who: (calls.get(who, 0), who), default=str(row.created_by))


_BY: Final = "care"


def overtaken(row: Any) -> bool:
    """A later touch of the same policy's end is due too."""
    return bool(row.overtaken) and row.kind in ABOUT_END
