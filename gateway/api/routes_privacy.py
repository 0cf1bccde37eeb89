"""A person's rights over his data, what the law keeps of him, and the keys that seal all of it."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from gateway import erasing, rotating
from gateway.api import copies, cursors, masks, who
from gateway.api import models_privacy as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import audit, contacts, erasure, holds, people, tokens
from storage.erasure import Job, Refused
from storage.holds import Hold
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("privacy")


@routes.post("/privacy/find", may="person.find", keyed=False)
async def find_person(call: Call, body: models.Wanted) -> models.People:
    """Whom somebody means by an id, a telephone number or an e-mail address."""
    wanted = who.read(body.who)
    found = await call.store.read(lambda tx: people.found(tx, **wanted))
    return models.People(items=[_someone(one) for one in found])


def _someone(one: contacts.Contact) -> models.Someone:
    return models.Someone(
        id=one.id,
        name=masks.name(one.name),
        phones=[masks.phone(value) for value in one.phones],
        emails=[masks.email(value) for value in one.emails],
        channels=sorted({point.channel for point in one.points}),
        merged=len(one.merged),
        created_at=rfc3339(one.created_at),
    )


# ---- his copy


@routes.post("/contacts/{contact_id}/export", may="person.export", keyed=False, proof=True, refuses=("not_found",))
async def export_person(call: Call, contact_id: str, body: models.Copying) -> web.StreamResponse:
    """Everything that we hold of him, in clear: a zip with JSON, his files and a page to read. For a purpose; both are
    written down."""
    return await copies.send(call, contact_id, body.purpose)


# ---- erasing


@routes.get("/contacts/{contact_id}/erasure", may="person.erase", refuses=("not_found",))
async def get_plan(call: Call, contact_id: str) -> models.Plan:
    """What would go if he were erased, and what the law keeps, why and until when."""

    def look(tx: Tx) -> erasure.Plan:
        try:
            return erasure.plan(tx, contact_id)
        except Refused as err:
            raise _refused(err) from None

    plan = await call.store.read(look)
    return models.Plan(
        contacts=list(plan.scope.contacts),
        goes=await erasing.counts(call.store, plan.scope),
        stays=[
            models.Staying(kind=stay.kind, id=stay.object_id, reason=stay.reason, until=rfc3339(stay.until))
            for stay in plan.stays
        ],
    )


@routes.post(
    "/contacts/{contact_id}/erase",
    may="person.erase_now",
    keyed=False,
    refuses=("not_found", "wrong_state", "forbidden"),
)
async def erase_now(call: Call, contact_id: str, body: models.Reason) -> models.Erasure:
    """Erase him, to the end. Through the admin socket only; called again, it goes on where it stopped."""
    by = call.actor.id
    job_id = await _change(call, lambda tx: erasure.ask(tx, contact_id, by=by, reason=body.reason, now=True))
    done = await call.api.erasing.carry_out(job_id)
    assert done is not None, "it was asked for in this call"
    return _erasure(done)


@routes.get("/privacy/erasures", may="person.erase")
async def list_erasures(call: Call, query: models.Pages) -> models.Erasures:
    """Who asked for what, who decided, how far it is; the newest first."""
    mark = cursors.read("e", query.cursor, str)
    jobs = await call.store.read(lambda tx: erasure.page(tx, after=mark[0] if mark else "", limit=query.limit + 1))
    more = len(jobs) > query.limit
    jobs = jobs[: query.limit]
    return models.Erasures(
        items=[_erasure(job) for job in jobs], next=cursors.write("e", jobs[-1].id) if more and jobs else None
    )


@routes.post("/privacy/erasures", may="person.erase", status=201, proof=True, refuses=("not_found",))
async def ask_for_erasure(call: Call, body: models.Asked) -> models.Erasure:
    """Ask for it: somebody else has to approve. One at a time for a person."""
    by, credential = call.actor.id, call.actor.credential

    def ask(tx: Tx) -> str:
        behind = tokens.behind(tx, credential)
        return erasure.ask(tx, body.contact_id, by=by, reason=body.reason, behind=behind)

    return await _told(call, await _change(call, ask))


@routes.post(
    "/privacy/erasures/{erasure_id}/approve",
    may="person.erase",
    proof=True,
    refuses=("not_found", "wrong_state", "forbidden"),
)
async def approve_erasure(call: Call, erasure_id: str) -> models.Erasure:
    """Let it be done, within seconds, and without a way back. By a person who is signed in at the desk, never by a token,
    nor by who asked for it or owns the token that did."""
    by = call.actor.id
    if call.actor.door != "session" or call.actor.through:
        raise ApiError("proof_needed", "a person approves this, signed in at the desk: a token proves nothing of that")
    return await _told(call, await _change(call, lambda tx: erasure.decide(tx, erasure_id, by=by, yes=True)))


@routes.post(
    "/privacy/erasures/{erasure_id}/decline", may="person.erase", refuses=("not_found", "wrong_state", "forbidden")
)
async def decline_erasure(call: Call, erasure_id: str) -> models.Erasure:
    """Let it be. Who asked may take it back this way."""
    by = call.actor.id
    return await _told(call, await _change(call, lambda tx: erasure.decide(tx, erasure_id, by=by, yes=False)))


async def _change(call: Call, unit: Callable[[Tx], str]) -> str:
    def refusing(tx: Tx) -> str:
        try:
            return unit(tx)
        except Refused as err:
            raise _refused(err) from None

    return await call.once(refusing)


async def _told(call: Call, job_id: str) -> models.Erasure:
    job = await call.store.read(lambda tx: erasure.find(tx, job_id))
    assert job is not None, "a job's row is never deleted"
    return _erasure(job)


def _erasure(job: Job) -> models.Erasure:
    return models.Erasure(
        id=job.id,
        contact_id=job.contact_id,
        state=job.state,  # type: ignore[arg-type]
        step=job.step,
        reason=job.reason,
        asked_by=job.asked_by,
        asked_at=rfc3339(job.asked_at),
        decided_by=job.decided_by,
        decided_at=rfc3339(job.decided_at or None),
        done_at=rfc3339(job.done_at),
        proof=dict(job.proof),
    )


def _refused(err: Refused) -> ApiError:
    return not_found() if err.code == "not_found" else ApiError(err.code, str(err))


# ---- what the law keeps


@routes.get("/privacy/held", may="held.read")
async def list_held(call: Call, query: models.Holds) -> models.HeldList:
    """What is kept of people who were erased: why, until when. By the policy's number, for a claim."""
    mark = cursors.read("h", query.cursor, str)
    rows = await call.store.read(
        lambda tx: holds.page(
            tx,
            contact_id=query.contact,
            number=query.number,
            after=mark[0] if mark else "",
            limit=query.limit + 1,
        )
    )
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return models.HeldList(
        items=[_held(row) for row in rows],
        next=cursors.write("h", rows[-1].id) if more and rows else None,
    )


@routes.get("/privacy/held/{held_id}", may="held.read", proof=True)
async def open_held(call: Call, held_id: str, query: models.Opening) -> models.Opened:
    """Read it, for a purpose: both are written down."""
    by, through = call.actor.id, call.actor.through

    def opened(tx: Tx) -> tuple[Hold, dict[str, object]] | None:
        row, content = holds.one(tx, held_id), holds.read(tx, held_id)
        if row is None or content is None:
            return None
        audit.write(
            tx,
            actor=by,
            action="held.read",
            object_type="held",
            object_id=held_id,
            fields=(f"purpose:{query.purpose}",),
            request_id=call.id,
            source=through,
        )
        return row, content

    found = await call.store.run(opened)
    if found is None:
        raise not_found()
    row, content = found
    return models.Opened(**_held(row).model_dump(), content=content)


def _held(row: Hold) -> models.Held:
    return models.Held(
        id=row.id,
        contact_id=row.contact_id,
        kind=row.kind,
        object_id=row.object_id,
        reason=row.reason,
        until=rfc3339(row.until),
        created_at=rfc3339(row.created_at),
    )


# ---- keys


@routes.post("/keys/rotate", may="keys.rotate", keyed=False)
async def rotate_keys(call: Call) -> models.Rotated:
    """A new version of the master key: all other keys are wrapped anew, the old one is put away. Through the admin socket
    only; while people write; called again, it goes on where it was."""
    done = await rotating.rotate(call.store, by=call.actor.id)
    return models.Rotated(
        version=done.version,
        since=rfc3339(round(done.since_s * 1000)),
        again=done.again,
        rewrapped=dict(sorted(done.rewrapped.items())),
        left=sum(done.left.values()),
        put_away=[models.Old(version=old.version, file=str(old.path or "")) for old in done.put_away],
        waits=done.waits,
    )
