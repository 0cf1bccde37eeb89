"""People of ours: who I am, who is at work, who may come in."""

from __future__ import annotations

from typing import Any, cast

from gateway.api import cursors, factor
from gateway.api import models_people as models
from gateway.api.allow import TABLE
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Role, Whole
from storage import advisors, factors, passwords, sessions, shifts, teams
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
        may=["me"] if call.actor.enrolling else sorted(TABLE[call.actor.role]),
        csrf=sessions.csrf(token) if call.actor.door == "session" else None,
        second_factor=call.actor.second_factor,
    )


@routes.post("/me/password", may="me", refuses=("wrong_state",))
async def change_password(call: Call, body: models.PasswordChange) -> models.Done:
    """A new password for yourself. Your other sessions end."""
    me = call.actor.id
    about = await proven(call, body.current, field="current")
    hashed = await _hashed(call, body.new, field="new", about=about)

    def unit(tx: Tx) -> str:
        advisors.set_password(tx, me, hashed, by=me, keep_session=call.actor.session)
        return me

    await call.once(unit)
    await _renew(call)
    return models.Done()


async def _renew(call: Call) -> None:
    """His session goes on under a new id, since the ways in have changed."""
    token, old = sessions.new_token(), call.actor.session
    if await call.store.run(lambda tx: sessions.renew(tx, old, token)):
        call.token = token
    call.api.doors.forget(call.actor.id)


async def proven(call: Call, password: str, *, field: str) -> tuple[str, str]:
    """It is he, by his password: his name and e-mail address. Raises ApiError."""
    me = call.actor.id
    if call.actor.door != "session":
        raise ApiError("wrong_state", "this is for who signs in with a password")
    row = await call.store.run(lambda tx: tx.one("SELECT email, name FROM advisor WHERE id = :id", id=me))
    attempt = None
    if row is not None and row.email:
        attempt = await call.store.run(lambda tx: advisors.attempt(tx, row.email))
    if attempt is None or row is None:
        raise not_found()
    if attempt.wait_ms or attempt.locked or not await call.api.sign_in.verify(attempt.password_hash, password):
        raise ApiError("invalid", "this is not your password", fields={field: "not right"})
    return row.name, row.email


# ---- the second factor


@routes.post("/me/second-factor", may="me", keyed=False, refuses=("wrong_state",))
async def begin_factor(call: Call, body: models.Proof) -> models.FactorBegun:
    """Codes of your telephone beside your password: what it must know, told here once. Nothing changes before the
    first code was right."""
    me = call.actor.id
    _, email = await proven(call, body.password, field="password")
    secret = factor.new_secret()
    if not await call.store.run(lambda tx: factors.begin(tx, me, secret)):
        raise ApiError("wrong_state", "you have one already: switch it off first")
    uri = factor.address(secret, name=email, issuer=call.api.parts.config.agency.name)
    return models.FactorBegun(secret=factor.typed(secret), uri=uri, picture=factor.picture(uri))


@routes.post("/me/second-factor/confirm", may="me", keyed=False, refuses=("wrong_state", "too_many"))
async def confirm_factor(call: Call, body: models.FactorCode) -> models.RecoveryCodes:
    """The first code: from now on one is asked for. Your other sessions end."""
    me, session = call.actor.id, call.actor.session
    if call.actor.door != "session":
        raise ApiError("wrong_state", "this is for who signs in with a password")
    if await call.store.read(lambda tx: factors.asked(tx, me)):
        raise ApiError("wrong_state", "it is in use already")
    await _code(call, body.code, recovery=False)
    codes = await call.store.run(lambda tx: factors.confirm(tx, me, keep_session=session))
    await _renew(call)
    return models.RecoveryCodes(codes=codes)


@routes.post("/me/second-factor/codes", may="me", keyed=False, refuses=("wrong_state", "too_many"))
async def renew_codes(call: Call, body: models.FactorEnd) -> models.RecoveryCodes:
    """New recovery codes; the old ones are worth nothing."""
    me = call.actor.id
    await proven(call, body.password, field="password")
    await _code(call, body.code)
    return models.RecoveryCodes(codes=await call.store.run(lambda tx: factors.renew(tx, me)))


@routes.post("/me/second-factor/off", may="me", keyed=False, refuses=("wrong_state", "too_many"))
async def end_factor(call: Call, body: models.FactorEnd) -> models.Done:
    """The password alone from now on, where the house allows that."""
    me = call.actor.id
    await proven(call, body.password, field="password")
    await _code(call, body.code)
    await call.store.run(lambda tx: factors.remove(tx, me, by=me))
    call.api.doors.forget(me)
    return models.Done()


async def _code(call: Call, code: str, *, recovery: bool = True) -> None:
    try:
        await call.api.sign_in.prove(call.actor.id, code, recovery=recovery)
    except ApiError as err:
        if err.code != "unauthorized":
            raise
        raise ApiError("invalid", "this code is wrong, or was used before", fields={"code": "not right"}) from None


@routes.post("/users/{user_id}/second-factor/reset", may="user.manage", proof=True, refuses=("wrong_state",))
async def reset_factor(call: Call, user_id: str) -> models.User:
    """His telephone is lost: he signs in with the password alone until he sets up another; his sessions end."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if advisors.find(tx, user_id) is None:
            raise not_found()
        if not factors.remove(tx, user_id, by=by):
            raise ApiError("wrong_state", "he has no second factor")
        return user_id

    await call.once(unit)
    call.api.doors.forget(user_id)
    return await shown(call, user_id)


async def _hashed(call: Call, password: str, *, field: str, about: tuple[str, ...]) -> str:
    try:
        passwords.check(password, about=about)
    except passwords.WeakPassword as err:
        raise ApiError("invalid", "this password cannot be taken", fields={field: str(err)}) from None
    return await call.api.sign_in.hash(password)


@routes.get("/advisors", may="advisor.list")
async def list_advisors(call: Call, query: Whole) -> models.Advisors:
    """Who works with conversations: people at the desk, and tokens, which are advisors too."""
    people, of_teams, said, now_ms = await call.store.read(
        lambda tx: (advisors.listed(tx), teams.of_advisors(tx), shifts.availability(tx), tx.now_ms)
    )
    page, on = cursors.part(people, query)
    items = [
        models.Advisor(
            id=each.id,
            name=each.name,
            role=cast(Role, each.role),
            online=each.online(now_ms),
            teams=of_teams.get(each.id, []),
            away=each.id in said and said[each.id].away_at is not None,
            agent_code=each.agent_code,
        )
        for each in page
    ]
    return models.Advisors(items=items, next=on)


@routes.get("/users", may="user.read")
async def list_users(call: Call, query: models.UserQuery) -> models.Users:
    """Who signs in with a password."""
    people, having, now_ms = await call.store.read(
        lambda tx: (advisors.listed(tx, disabled=query.disabled), factors.having(tx), tx.now_ms)
    )
    page, on = cursors.part([each for each in people if each.email], query)
    items = [models.User(**_fields(each, now_ms, second_factor=each.id in having)) for each in page]
    return models.Users(items=items, next=on)


async def shown(call: Call, user_id: str) -> models.User:
    person, asked, now_ms = await call.store.read(
        lambda tx: (advisors.find(tx, user_id), factors.asked(tx, user_id), tx.now_ms)
    )
    if person is None:
        raise not_found()
    return models.User(**_fields(person, now_ms, second_factor=asked))


def _fields(person: advisors.Person, now_ms: int, *, second_factor: bool = False) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "agent_code": person.agent_code,
        "disabled": person.disabled_at is not None,
        "online": person.online(now_ms),
        "second_factor": second_factor,
        "disabled_at": rfc3339(person.disabled_at),
        "created_at": rfc3339(person.created_at),
        "seen_at": rfc3339(person.seen_at),
    }


@routes.post("/users", may="user.manage", status=201, proof=True, refuses=("conflict",))
async def add_user(call: Call, body: models.NewUser) -> models.UserMade:
    """Somebody new. Without a password we invent one and tell it here, once; one who is `invited` sets his own."""
    if "@" not in body.email or len(body.email.split()) != 1:
        raise ApiError("invalid", "some fields are not right", fields={"email": "not an e-mail address"})
    invited = body.invited and body.password is None
    password = body.password or passwords.invent()
    hashed = "" if invited else await _hashed(call, password, field="password", about=(body.name, body.email))
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
    return models.UserMade(**_fields(person, now_ms), password=None if body.password or invited else password)


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
        if person.role == "admin" and last_admin(tx, person.id):
            raise ApiError("wrong_state", "this is the last administrator")
        advisors.disable(tx, user_id, by=by)
        return user_id

    await call.once(unit)
    call.api.doors.forget(user_id)
    return await shown(call, user_id)


def last_admin(tx: Tx, but: str) -> bool:
    return not tx.value(
        "SELECT 1 FROM advisor WHERE role = 'admin' AND email IS NOT NULL AND disabled_at IS NULL AND id <> :but LIMIT 1",
        but=but,
    )


@routes.post("/users/{user_id}/reset", may="user.manage", proof=True, refuses=("wrong_state", "conflict"))
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
