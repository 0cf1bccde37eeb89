"""Calls that were promised: made, put off, done, taken back; and the list of what is due."""

from __future__ import annotations

from typing import Any, Final, cast

from gateway.api import cursors, masks, models, show
from gateway.api import models_tasks as task_models
from gateway.api.allow import SEES_ALL
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import advisors, listing, tasks
from storage.times import at, ms, rfc3339
from storage.tx import Tx

routes = Routes("tasks")
_REFUSES: Final = ("not_yours", "wrong_state", "not_found")


@routes.post("/conversations/{conversation_id}/tasks", may="task.edit", status=201, refuses=_REFUSES)
async def add_task(call: Call, conversation_id: str, body: task_models.NewTask) -> task_models.Task:
    """Promise a call. When its time comes the conversation says so and its owner is told."""
    by, engine = call.actor, call.parts.engine

    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require("task.edit", show.thing(row), row.assignee)
        owner = _owner(tx, body.owner or by.id)
        task_id = tasks.add(
            tx,
            conversation_id=conversation_id,
            owner_id=owner.id,
            due_at=_ms(body.due_at),
            note=body.note,
            by=by.id,
        )
        data = {"task": task_id, "due_at": body.due_at.isoformat(), "owner": owner.name}
        engine.act(tx, conversation_id, "promise", by=by.advisor(), data=data)
        return task_id

    return await _one(call, await call.once(unit))


@routes.get("/tasks", may="task.read")
async def list_tasks(call: Call, query: task_models.TaskQuery) -> task_models.Tasks:
    """Promised calls, the one that is due first first: all that are open, or every one of a conversation."""
    mark = cursors.read("t", query.cursor, int, str)
    state = query.state or ("" if query.conversation else "open")
    if state != "open" and not query.conversation:
        raise ApiError(
            "invalid", "which ones?", fields={"conversation": "those that ended are told of one conversation"}
        )

    def read(tx: Tx) -> tuple[list[tasks.Task], dict[str, listing.Conversation]]:
        found = tasks.page(
            tx,
            state=state,
            owner=call.actor.id if query.owner == "me" else query.owner,
            conversation=query.conversation,
            due_before=ms(query.due_before),
            after=(mark[0], mark[1]) if mark else None,
            limit=query.limit + 1,
        )
        return found, listing.several(tx, list({each.conversation_id for each in found}))

    found, rows = await call.store.read(read)
    shown = [(each, rows[each.conversation_id]) for each in found[: query.limit] if each.conversation_id in rows]
    if any(call.sees(show.thing(row)) for _, row in shown):
        call.note("task.list", "task", "", fields=("name", "note"))
    last = found[query.limit - 1] if len(found) > query.limit else None
    return task_models.Tasks(
        items=[_task(call, each, row) for each, row in shown],
        next=cursors.write("t", last.due_at, last.id) if last else None,
    )


@routes.patch("/tasks/{task_id}", may="task.edit", refuses=_REFUSES)
async def change_task(call: Call, task_id: str, body: task_models.TaskChange) -> task_models.Task:
    """Another time, another person, other words."""

    def unit(tx: Tx) -> str:
        task = _mine(call, tx, task_id)
        owner = _owner(tx, body.owner) if body.owner else None
        name = owner.name if owner else task.owner[1]
        due = body.due_at or at(task.due_at)
        note = task.note if body.note is None else body.note
        tasks.change(tx, task, owner_id=owner.id if owner else task.owner[0], due_at=_ms(due), note=note)
        if owner or body.due_at:
            data = {"task": task_id, "due_at": due.isoformat(), "owner": name}
            call.parts.engine.act(tx, task.conversation_id, "promise", by=call.actor.advisor(), data=data)
        return task_id

    return await _one(call, await call.once(unit))


@routes.post("/tasks/{task_id}/done", may="task.edit", refuses=_REFUSES)
async def finish_task(call: Call, task_id: str, body: task_models.TaskEnd) -> task_models.Task:
    """He was called."""
    return await _end(call, task_id, "done", body.note)


@routes.post("/tasks/{task_id}/cancel", may="task.edit", refuses=_REFUSES)
async def cancel_task(call: Call, task_id: str, body: task_models.TaskEnd) -> task_models.Task:
    """Nobody needs to call any more."""
    return await _end(call, task_id, "cancelled", body.note)


async def _end(call: Call, task_id: str, state: str, note: str) -> task_models.Task:
    by = call.actor.advisor()

    def unit(tx: Tx) -> str:
        task = _mine(call, tx, task_id)
        tasks.end(tx, task_id, state, by=by.id)
        data = {"task": task_id, "state": state, "note": note}
        call.parts.engine.act(tx, task.conversation_id, "promise_ended", by=by, data=data)
        return task_id

    return await _one(call, await call.once(unit))


def _mine(call: Call, tx: Tx, task_id: str) -> tasks.Task:
    """An open one that the caller may change. Raises ApiError."""
    task = tasks.one(tx, task_id)
    if task is None:
        raise not_found()
    if not _may(call, task):
        raise ApiError(
            "not_yours", "somebody else promised this call", holder={"id": task.owner[0], "name": task.owner[1]}
        )
    if task.state != "open":
        raise ApiError("wrong_state", f"it is {task.state}")
    return task


def _may(call: Call, task: tasks.Task) -> bool:
    return call.actor.id in (task.owner[0], task.created_by) or call.actor.role in SEES_ALL


def _owner(tx: Tx, advisor_id: str) -> Any:
    person = advisors.find(tx, advisor_id)
    if person is None or person.disabled_at is not None or person.role == "dpo":
        raise ApiError("invalid", "who calls?", fields={"owner": "nobody with this id makes calls"})
    return person


def _ms(moment: Any) -> int:
    return ms(moment) or 0


async def _one(call: Call, task_id: str) -> task_models.Task:
    def read(tx: Tx) -> tuple[tasks.Task, listing.Conversation] | None:
        task = tasks.one(tx, task_id)
        row = listing.one(tx, task.conversation_id) if task else None
        return (task, row) if task and row else None

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    return _task(call, *found)


def _task(call: Call, task: tasks.Task, row: listing.Conversation) -> task_models.Task:
    plain = call.sees(show.thing(row))
    name = row.contact_name or str(row.slots.get("name") or row.display_name)
    return task_models.Task(
        id=task.id,
        conversation_id=task.conversation_id,
        name=name if plain else masks.name(name),
        channel=row.channel,
        owner=models.Person(id=task.owner[0], name=task.owner[1]),
        note=task.note if plain else masks.text(task.note, show.names(row)),
        state=cast(task_models.State, task.state),
        due_at=rfc3339(task.due_at),
        overdue=task.state == "open" and task.due_at < call.parts.clock.ms(),
        rang_at=rfc3339(task.rang_at),
        ended_at=rfc3339(task.ended_at),
        created_at=rfc3339(task.created_at),
        mine=_may(call, task),
    )
