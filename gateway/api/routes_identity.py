"""Ways in and who holds them: open sessions, a fresh proof, links that set a password, what somebody is."""

from __future__ import annotations

from gateway import staffmail
from gateway.api import models_identity as models
from gateway.api import models_people
from gateway.api.declare import PROOF_MS, Call, Routes
from gateway.api.devices import device
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_people import last_admin, proven, shown
from storage import advisors, audit, invites, sessions
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("identity")
LINK = "/desk/join/"


async def _open(call: Call, advisor_id: str) -> models.Sessions:
    found = await call.store.read(
        lambda tx: None if advisors.find(tx, advisor_id) is None else sessions.of(tx, advisor_id)
    )
    if found is None:
        raise not_found()
    return models.Sessions(
        items=[
            models.Session(
                id=each.id,
                device=device(each.agent),
                place=each.place,
                created_at=rfc3339(each.created_at),
                seen_at=rfc3339(each.seen_at),
                current=each.id_hash == call.actor.session,
            )
            for each in found
        ]
    )


def _end(tx: Tx, advisor_id: str, session_id: str, by: str) -> None:
    """Raises ApiError not_found."""
    found = next((each for each in sessions.of(tx, advisor_id) if each.id == session_id), None)
    if found is None or not sessions.end(tx, found.id_hash):
        raise not_found()
    audit.write(tx, actor=by, action="session.end", object_type="advisor", object_id=advisor_id)
    tx.hint("advisor", advisor_id)


@routes.get("/me/sessions", may="me")
async def list_my_sessions(call: Call) -> models.Sessions:
    """Where you are signed in, the one used last first; at most three."""
    return await _open(call, call.actor.id)


@routes.delete("/me/sessions/{session_id}", may="me")
async def end_my_session(call: Call, session_id: str) -> models.Sessions:
    """Sign out there; what is open there ends within a second."""
    me = call.actor.id

    def unit(tx: Tx) -> str:
        _end(tx, me, session_id, me)
        return session_id

    await call.once(unit)
    return await _open(call, me)


@routes.post("/me/sessions/end", may="me", keyed=False)
async def end_my_other_sessions(call: Call) -> models.Ended:
    """Sign out everywhere else."""
    me, mine = call.actor.id, call.actor.session

    def unit(tx: Tx) -> int:
        ended = sessions.end_all(tx, me, but=mine)
        if ended:
            audit.write(tx, actor=me, action="session.end", object_type="advisor", object_id=me)
        return ended

    return models.Ended(ended=await call.store.run(unit))


@routes.get("/users/{user_id}/sessions", may="user.manage")
async def list_sessions(call: Call, user_id: str) -> models.Sessions:
    """Where somebody is signed in."""
    return await _open(call, user_id)


@routes.delete("/users/{user_id}/sessions/{session_id}", may="user.manage")
async def end_session(call: Call, user_id: str, session_id: str) -> models.Sessions:
    """Sign somebody out there."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        _end(tx, user_id, session_id, by)
        return session_id

    await call.once(unit)
    return await _open(call, user_id)


# ---- that it is he


@routes.post("/me/proof", may="me", keyed=False, refuses=("wrong_state", "too_many"))
async def prove(call: Call, body: models.Shown) -> models.Proven:
    """Show your password, or a code of your second factor: what is grave wants that once in a quarter of an hour."""
    me, session = call.actor.id, call.actor.session
    if body.code is not None and call.actor.second_factor:
        try:
            await call.api.sign_in.prove(me, body.code)
        except ApiError as err:
            if err.code != "unauthorized":
                raise
            raise ApiError("invalid", "this code is wrong, or was used before", fields={"code": "not right"}) from None
    else:
        await proven(call, body.password or "", field="password")
    at = await call.store.run(lambda tx: sessions.prove(tx, session))
    call.api.doors.forget(me)
    return models.Proven(until=rfc3339(at + PROOF_MS))


# ---- people of ours, changed and let in


@routes.patch("/users/{user_id}", may="user.manage", proof=True, refuses=("wrong_state", "conflict"))
async def change_user(call: Call, user_id: str, body: models.UserChange) -> models_people.User:
    """Name, role, code or address. With another role or address his sessions end; the old address is told."""
    if body.email is not None and ("@" not in body.email or len(body.email.split()) != 1):
        raise ApiError("invalid", "some fields are not right", fields={"email": "not an e-mail address"})
    by, before = call.actor.id, await call.store.read(lambda tx: advisors.find(tx, user_id))

    def unit(tx: Tx) -> str:
        person = advisors.find(tx, user_id)
        if person is None or person.email is None:
            raise not_found()
        role = body.role or person.role
        if role != "admin" and person.role == "admin" and last_admin(tx, person.id):
            raise ApiError("wrong_state", "this is the last administrator")
        done = advisors.change(
            tx,
            user_id,
            by=by,
            name=body.name or person.name,
            role=role,
            agent_code=person.agent_code if body.agent_code is None else body.agent_code,
            email=body.email,
        )
        if not done:
            raise ApiError("conflict", "somebody has this e-mail address", fields={"email": "taken"})
        return user_id

    await call.once(unit)
    call.api.doors.forget(user_id)
    after = await shown(call, user_id)
    if before is not None and before.email and after.email and before.email != after.email:
        staffmail.tell(call.parts, "address_changed", to=before.email, name=after.name)
    return after


@routes.post("/users/{user_id}/link", may="user.manage", proof=True, keyed=False, refuses=("wrong_state",))
async def make_link(call: Call, user_id: str, body: models.LinkWanted) -> models.LinkMade:
    """A link with which he sets his password himself, told here once; an earlier one is worth nothing any more. A
    second factor that he has is asked for all the same."""
    token, by = invites.new_token(), call.actor.id

    def unit(tx: Tx) -> invites.Invite:
        if advisors.find(tx, user_id) is None:
            raise not_found()
        made = invites.make(tx, token, user_id, kind=body.kind, by=by)
        if made is None:
            raise ApiError("wrong_state", "he is disabled, or signs in with a token only")
        return made

    made = await call.store.run(unit)
    link = f"{call.parts.config.public_url}{LINK}{token}"
    mailed = staffmail.tell(call.parts, made.kind, to=made.email, name=made.name, link=link)
    return models.LinkMade(
        id=made.advisor_id, kind=made.kind, link=link, expires_at=rfc3339(made.expires_at), mailed=mailed
    )
