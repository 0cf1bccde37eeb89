"""Being told: what your page is to tell you, what you want to hear of, the browsers that are told while no page is open, and
who was told of a conversation."""

from __future__ import annotations

from typing import Any, cast

from channels.contract import Permanent
from gateway.api import models_notices as models
from gateway.api.allow import allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.notices import Herald, attach, ladder, push
from handlers import schedule
from storage import alarmed, listeners, notices, tellings, troubles
from storage.listeners import Wishes
from storage.times import rfc3339
from storage.tx import Row, Tx

routes = Routes("notices")


def _herald(call: Call) -> Herald:
    return call.parts.notices or attach(call.parts)


@routes.get("/me/notices", may="me")
async def my_notices(call: Call) -> models.MyNotices:
    """What your pages are to tell you now, and how."""
    me = call.actor.id

    answers = allow(call.actor, "reply")

    def read(tx: Tx) -> tuple[list[Row], Wishes, int, list[Row], list[troubles.Trouble]]:
        count = notices.alarms(tx)
        return (
            list(tellings.for_page(tx, me)),
            listeners.wishes(tx, me),
            count,
            alarmed.waiting(tx) if count else [],
            troubles.lasting(tx) if answers else [],
        )

    rows, wishes, alarms, ringing, held = await call.store.read(read)
    if alarms and call.actor.door == "session":
        await _herald(call).came(me)
    here = schedule.local(call.parts.now(), call.parts.engine.business)
    return models.MyNotices(
        items=[_item(one, wishes) for one in rows],
        alarms=alarms,
        alarmed=[
            models.Alarmed(conversation_id=one.conversation_id, kind=one.kind, channel=one.channel) for one in ringing
        ],
        held=[_held(one) for one in held],
        quiet=ladder.in_quiet(wishes.quiet, f"{here:%H:%M}"),
        tone=cast(Any, wishes.tone),
        detail=cast(Any, wishes.detail),
    )


def _item(row: Row, wishes: Wishes) -> models.NoticeItem:
    account_id, what, _ = troubles.named(row.key) if row.kind == "account" else ("", "", 0)
    channel, _, account = account_id.partition(":")
    return models.NoticeItem(
        id=row.id,
        kind=row.kind,
        conversation_id=row.conversation_id,
        channel=channel or row.channel,
        account=account,
        trouble=cast(Any, what),
        urgent=bool(row.urgent),
        level=cast(models.Level, wishes.level(row.kind)),
        at=rfc3339(row.created_at),
    )


def _held(one: troubles.Trouble) -> models.HeldAccount:
    channel, _, account = one.account_id.partition(":")
    return models.HeldAccount(channel=channel, account=account, state=cast(Any, one.shown), since=rfc3339(one.since))


@routes.post("/me/notices/seen", may="me")
async def saw_notices(call: Call, body: models.Seen) -> models.Ok:
    """Your page told you: nobody need look for another way."""
    me = call.actor.id

    def unit(tx: Tx) -> str:
        tellings.seen(tx, me, body.ids, body.how)
        return me

    await call.once(unit)
    return models.Ok()


@routes.get("/me/notice-settings", may="me")
async def notice_settings(call: Call) -> models.NoticeSettings:
    """What you want to hear of, how, and the browsers that are told."""
    return await _settings(call)


@routes.patch("/me/notice-settings", may="me")
async def change_notice_settings(call: Call, body: models.NoticeWishes) -> models.NoticeSettings:
    """All of your settings, anew."""
    me = call.actor.id
    wanted = Wishes(
        kinds=body.kinds.model_dump(),
        tone=body.tone,
        quiet=(body.quiet.begins, body.quiet.ends),
        detail=body.detail,
        letters=body.letters,
        digest=body.digest,
        lang=body.lang,
    )

    def unit(tx: Tx) -> str:
        listeners.wish(tx, me, wanted)
        return me

    await call.once(unit)
    return await _settings(call)


@routes.post("/me/browsers", may="me", status=201)
async def add_browser(call: Call, body: models.NewBrowser) -> models.BrowserView:
    """Tell this browser too, also while no page is open."""
    me = call.actor.id
    try:
        host = _herald(call).ways.services.check(body.endpoint)
        push.point(body.p256dh)
        push.secret(body.auth)
    except Permanent:
        fields = {"endpoint": "is at no push service of notices.push_services"}
        raise ApiError("invalid", "some fields are not right", fields=fields) from None
    except push.Unusable as err:
        raise ApiError("invalid", "some fields are not right", fields={"p256dh": str(err)}) from None

    def unit(tx: Tx) -> str:
        return listeners.subscribe(
            tx, me, endpoint=body.endpoint, p256dh=body.p256dh, auth=body.auth, host=host, agent=body.agent
        )

    made = await call.once(unit)
    mine = await call.store.read(lambda tx: listeners.browsers(tx, me))
    found = next((one for one in mine if one.id == made), None)
    if found is None:
        raise not_found()
    return _browser(found)


@routes.delete("/me/browsers/{browser_id}", may="me")
async def remove_browser(call: Call, browser_id: str) -> models.Ok:
    """That browser is told nothing any more."""
    me = call.actor.id

    def unit(tx: Tx) -> str:
        if not listeners.unsubscribe(tx, browser_id, me):
            raise not_found()
        return browser_id

    await call.once(unit)
    return models.Ok()


@routes.get("/conversations/{conversation_id}/notices", may="user.read")
async def who_was_told(call: Call, conversation_id: str) -> models.ToldList:
    """Who was told of this conversation, when and how, the newest first."""

    def read(tx: Tx) -> list[Row] | None:
        if tx.value("SELECT 1 FROM conversation WHERE id = :id", id=conversation_id) is None:
            return None
        return list(tellings.of_conversation(tx, conversation_id))

    rows = await call.store.read(read)
    if rows is None:
        raise not_found()
    return models.ToldList(items=[_told(one) for one in rows], next=None)


def _told(row: Row) -> models.Told:
    return models.Told(
        kind=row.kind,
        way=row.way,
        state=row.state,
        who=row.name or (row.target.partition("/")[0] if row.way == ladder.GROUP else row.target),
        code=row.code,
        at=rfc3339(row.told_at or row.created_at),
        alarmed_at=rfc3339(row.alarmed_at),
    )


async def _settings(call: Call) -> models.NoticeSettings:
    me, herald = call.actor.id, _herald(call)

    def read(tx: Tx) -> tuple[Wishes, list[Row]]:
        return listeners.wishes(tx, me), listeners.browsers(tx, me)

    wishes, browsers = await call.store.read(read)
    kinds = cast(Any, {kind: wishes.kinds[kind] for kind in listeners.KINDS})
    return models.NoticeSettings(
        wishes=models.NoticeWishes(
            kinds=models.Levels(**kinds),
            tone=cast(Any, wishes.tone),
            quiet=models.Quiet(begins=wishes.quiet[0], ends=wishes.quiet[1]),
            detail=cast(Any, wishes.detail),
            letters=wishes.letters,
            digest=wishes.digest,
            lang=cast(Any, wishes.lang),
        ),
        can_write=herald.house().letters,
        push_key=herald.ways.vapid.public,
        browsers=[_browser(one) for one in browsers],
    )


def _browser(row: Row) -> models.BrowserView:
    return models.BrowserView(
        id=row.id,
        host=row.host,
        agent=row.agent,
        created_at=rfc3339(row.created_at),
        used_at=rfc3339(row.used_at),
    )
