"""People of ours: who I am, who is at work, who may come in."""

from __future__ import annotations

from typing import Any, cast

from gateway.api import models_people as models
from gateway.api.allow import TABLE
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Role
from storage import advisors, passwords, sessions
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("people")


@routes.get("/me", may="me")
async def get_me(call: Call) -> models.Me:
    """Who you are to us, and what you may do."""
    token = call.api.doors.cookie(call.request)
    return models.Me(
        id=call.actor.id,
        name=call.actor.name,
        role=cast(Role, call.actor.role),
        door=call.actor.door,
        may=sorted(TABLE[call.actor.role]),
        csrf=sessions.csrf(token) if call.actor.door == "session" else None,
    )


@routes.post("/me/password", may="me", refuses=("wrong_state",))
async def change_password(call: Call, body: models.PasswordChange) -> models.Done:
    """A new password for yourself. Your other sessions end."""
    me = call.actor.id
    if call.actor.door != "session":
        raise ApiError("wrong_state", "this is for who signs in with a password")
    row = await call.store.run(lambda tx: tx.one("SELECT email, name FROM advisor WHERE id = :id", id=me))
    attempt = None
    if row is not None and row.email:
        attempt = await call.store.run(lambda tx: advisors.attempt(tx, row.email))
    if attempt is None or row is None:
        raise not_found()
    if attempt.wait_ms or attempt.locked or not await call.api.sign_in.verify(attempt.password_hash, body.current):
        raise ApiError("invalid", "this is not your password", fields={"current": "not right"})
    hashed = await _hashed(call, body.new, field="new", about=(row.name, row.email))

    def unit(tx: Tx) -> str:
        advisors.set_password(tx, me, hashed, by=me, keep_session=call.actor.session)
        return me

    await call.once(unit)
    return models.Done()


async def _hashed(call: Call, password: str, *, field: str, about: tuple[str, ...]) -> str:
    try:
        passwords.check(password, about=about)
    except passwords.WeakPassword as err:
        raise ApiError("invalid", "this password cannot be taken", fields={field: str(err)}) from None
    return await call.api.sign_in.hash(password)


@routes.get("/advisors", may="advisor.list")
async def list_advisors(call: Call) -> models.Advisors:
    """Who works with conversations: people at the desk, and tokens, which are advisors too."""
    people, now_ms = await call.store.read(lambda tx: (advisors.listed(tx), tx.now_ms))
    items = [
        models.Advisor(
            id=each.id,
            name=each.name,
            role=cast(Role, each.role),
            online=each.online(now_ms),
            teams=[],
            agent_code=each.agent_code,
        )
        for each in people
    ]
    return models.Advisors(items=items, next=None)


@routes.get("/users", may="user.read")
async def list_users(call: Call, query: models.UserQuery) -> models.Users:
    """Who signs in with a password."""
    people, now_ms = await call.store.read(lambda tx: (advisors.listed(tx, disabled=query.disabled), tx.now_ms))
    return models.Users(items=[_user(each, now_ms) for each in people if each.email], next=None)


def _user(person: advisors.Person, now_ms: int) -> models.User:
    return models.User(**_fields(person, now_ms))


def _fields(person: advisors.Person, now_ms: int) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "agent_code": person.agent_code,
        "disabled": person.disabled_at is not None,
        "online": person.online(now_ms),
        "disabled_at": rfc3339(person.disabled_at),
        "created_at": rfc3339(person.created_at),
        "seen_at": rfc3339(person.seen_at),
    }


@routes.post("/users", may="user.manage", status=201, refuses=("conflict",))
async def add_user(call: Call, body: models.NewUser) -> models.UserMade:
    """Somebody new. Without a password we invent one and tell it here, once."""
    if "@" not in body.email or len(body.email.split()) != 1:
        raise ApiError("invalid", "some fields are not right", fields={"email": "not an e-mail address"})
    password = body.password or passwords.invent()
    hashed = await _hashed(call, password, field="password", about=(body.name, body.email))
    by = call.actor.id

    def unit(tx: Tx) -> str:
        person = advisors.create(
            tx,
            email=body.email,
            name=body.name,
            role=body.role,
            agent_code=body.agent_code,
            password_hash=hashed,
            by=by,
        )
        if person is None:
            raise ApiError("conflict", "somebody has this e-mail address", fields={"email": "taken"})
        return person.id

    person, now_ms = await _with_password(call, await call.once(unit), hashed)
    return models.UserMade(**_fields(person, now_ms), password=None if body.password else password)


async def _with_password(call: Call, user_id: str, hashed: str) -> tuple[advisors.Person, int]:
    """He, when his password is the one of this call. Raises ApiError."""
    person, fits, now_ms = await call.store.read(
        lambda tx: (advisors.find(tx, user_id), advisors.has_hash(tx, user_id, hashed), tx.now_ms)
    )
    if person is None:
        raise not_found()
    if not fits:
        raise ApiError("conflict", "it was done, but the password went with an answer that was lost: reset it")
    return person, now_ms


@routes.post("/users/{user_id}/disable", may="user.manage", refuses=("wrong_state",))
async def disable_user(call: Call, user_id: str) -> models.User:
    """He may not act from now on: sessions end, tokens are revoked."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        person = advisors.find(tx, user_id)
        if person is None:
            raise not_found()
        if person.id == by:
            raise ApiError("wrong_state", "you cannot disable yourself")
        if person.role == "admin" and _last_admin(tx, person.id):
            raise ApiError("wrong_state", "this is the last administrator")
        advisors.disable(tx, user_id, by=by)
        return user_id

    await call.once(unit)
    call.api.doors.forget(user_id)
    person, now_ms = await call.store.read(lambda tx: (advisors.find(tx, user_id), tx.now_ms))
    if person is None:
        raise not_found()
    return _user(person, now_ms)


def _last_admin(tx: Tx, but: str) -> bool:
    return not tx.value(
        "SELECT 1 FROM advisor WHERE role = 'admin' AND email IS NOT NULL AND disabled_at IS NULL AND id <> :but LIMIT 1",
        but=but,
    )


@routes.post("/users/{user_id}/reset", may="user.manage", refuses=("wrong_state", "conflict"))
async def reset_user(call: Call, user_id: str, body: models.Reset) -> models.PasswordMade:
    """A new password, told here once; every session of his ends, and a locked account is open again."""
    person = await call.store.read(lambda tx: advisors.find(tx, user_id))
    if person is None:
        raise not_found()
    password = body.password or passwords.invent()
    hashed = await _hashed(call, password, field="password", about=(person.name, person.email or ""))
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if not advisors.set_password(tx, user_id, hashed, by=by):
            raise ApiError("wrong_state", "he is disabled, or signs in with a token only")
        return user_id

    await _with_password(call, await call.once(unit), hashed)
    call.api.doors.forget(user_id)
    return models.PasswordMade(id=user_id, password=None if body.password else password)
