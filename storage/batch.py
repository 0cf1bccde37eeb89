"""What one transaction of the store writes: the turns that were decided, what arrived, the fates of calls, units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage import boots, inbox, outbox, subscriptions
from storage.errors import classify, reruns
from storage.items import Item
from storage.killpoints import kp
from storage.thinking import Thinker
from storage.tx import Tx

Work = tuple[Thinker, Any]  # who writes it, what was decided


def write(items: Sequence[Item], work: Work | None, beat: bool, tx: Tx) -> Tx:
    """Everything of a batch, in this order; results and errors of the units are left on their items. The hot paths
    raise for all; a unit only for what the whole batch must run again for."""
    units = [item for item in items if item.kind == "unit"]
    if units:
        tx.note_transaction()
    if work is not None:
        thinker, pending = work
        thinker.write(tx, pending)
    ingests = [item for item in items if item.kind == "ingest"]
    if ingests:
        fresh = iter(inbox.ingest(tx, [arrival for item in ingests for arrival in item.payload]))
        for item in ingests:
            item.result = [next(fresh) for _ in item.payload]
        kp("ingest.before_commit")
    marks = [item.payload for item in items if item.kind == "mark"]
    if marks:
        outbox.record(tx, marks)
        kp("mark.before_commit")
    for item in units:
        _unit(tx, item)
    if beat:
        boots.heartbeat(tx)
        tx.gates.shared_by(boots.processes(tx))
        subscriptions.look(tx)
    return tx


def _unit(tx: Tx, item: Item) -> None:
    item.error = item.result = None
    marks = (len(tx.hints), len(tx.sends), len(tx.after))
    try:
        tx.run("SAVEPOINT unit")
        item.result = item.payload(tx)
        tx.run("RELEASE SAVEPOINT unit")
    except Exception as err:
        if classify(err) is not None or reruns(err):
            raise
        tx.run("ROLLBACK TO SAVEPOINT unit")
        tx.run("RELEASE SAVEPOINT unit")
        for job in tx.sends[marks[1] :]:
            tx.gates.release(job.account_id)
        del tx.hints[marks[0] :], tx.sends[marks[1] :], tx.after[marks[2] :]
        item.error = err
