"""Outgoing webhooks: who is told what happens, by which secret, and the log of it. See docs/webhooks.md."""

from __future__ import annotations

from typing import Any, cast

from gateway import outbound_hooks
from gateway.api import cursors
from gateway.api import models_webhooks as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import advisors, announced, announcements, subscriptions
from storage.subscriptions import Subscription
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("webhooks")


@routes.get("/webhooks", may="webhook.read")
async def list_webhooks(call: Call) -> models.Webhooks:
    """Webhooks, the oldest first; to an integration its own."""
    owner = "" if call.actor.role == "admin" else call.actor.id
    found = await call.store.read(lambda tx: subscriptions.listed(tx, owner_id=owner))
    return models.Webhooks(items=[models.Webhook(**_fields(each)) for each in found], next=None)


@routes.post("/webhooks", may="webhook.manage", status=201, proof=True, refuses=("conflict",))
async def add_webhook(call: Call, body: models.NewWebhook) -> models.WebhookMade:
    """A new one; its secret is told here once."""
    _address(call, body.url)
    secret, by, owner = subscriptions.new_secret(), call.actor.id, body.owner or call.actor.id

    def unit(tx: Tx) -> str:
        if advisors.find(tx, owner) is None:
            raise ApiError("invalid", "some fields are not right", fields={"owner": "there is no such advisor"})
        made = subscriptions.add(
            tx,
            secret,
            url=body.url,
            name=body.name,
            types=_once(body.types),
            include=_once(body.include),
            owner_id=owner,
            by=by,
        )
        if not made:
            raise ApiError("conflict", f"there are {subscriptions.MOST} webhooks, and that is enough")
        return made

    return await _with_secret(call, await call.once(unit), secret)


@routes.get("/webhooks/{webhook_id}", may="webhook.read")
async def get_webhook(call: Call, webhook_id: str) -> models.Webhook:
    """One, without its secret."""
    return models.Webhook(**_fields(await _mine(call, webhook_id)))


@routes.patch("/webhooks/{webhook_id}", may="webhook.manage", refuses=("proof_needed",))
async def change_webhook(call: Call, webhook_id: str, body: models.WebhookChange) -> models.Webhook:
    """Another address, other events, on or off. Switched on again, what still waits goes out; what happened meanwhile
    was not noted. Another address, or more than ids, is as grave as a new webhook: that wants a fresh proof."""
    if body.url is not None or body.include:
        call.prove()
    if body.url is not None:
        _address(call, body.url)
    values: dict[str, Any] = body.model_dump(exclude_none=True)
    for name in ("types", "include"):
        if name in values:
            values[name] = _once(values[name])
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if subscriptions.one(tx, webhook_id) is None:
            raise not_found()
        if values:
            subscriptions.change(tx, webhook_id, by=by, **values)
        return webhook_id

    return models.Webhook(**_fields(await _mine(call, await call.once(unit))))


@routes.delete("/webhooks/{webhook_id}", may="webhook.manage")
async def remove_webhook(call: Call, webhook_id: str) -> models.Webhook:
    """Gone, with its log and what it was still to be told."""
    found, by = await _mine(call, webhook_id), call.actor.id

    def unit(tx: Tx) -> str:
        subscriptions.remove(tx, webhook_id, by=by)
        return webhook_id

    await call.once(unit)
    return models.Webhook(**_fields(found))


@routes.post("/webhooks/{webhook_id}/rotate", may="webhook.manage", proof=True, refuses=("conflict",))
async def rotate_webhook(call: Call, webhook_id: str) -> models.WebhookMade:
    """A new secret, told here once. For 24 hours calls are signed by both."""
    secret, by = subscriptions.new_secret(), call.actor.id

    def unit(tx: Tx) -> str:
        if subscriptions.one(tx, webhook_id) is None:
            raise not_found()
        subscriptions.rotate(tx, webhook_id, secret, by=by)
        return webhook_id

    return await _with_secret(call, await call.once(unit), secret)


@routes.post("/webhooks/{webhook_id}/test", may="webhook.manage", refuses=("wrong_state",))
async def try_webhook(call: Call, webhook_id: str) -> models.WebhookEvent:
    """Tell it something that means nothing, now; the log says what came of it."""

    def unit(tx: Tx) -> str:
        found = subscriptions.one(tx, webhook_id)
        if found is None:
            raise not_found()
        if not found.enabled:
            raise ApiError("wrong_state", "it is off: switch it on first")
        return announcements.trial(tx, webhook_id)

    return await _line(call, webhook_id, await call.once(unit))


@routes.get("/webhooks/{webhook_id}/events", may="webhook.read")
async def list_webhook_events(call: Call, webhook_id: str, query: models.WebhookEventQuery) -> models.WebhookEvents:
    """What it was told and is to be told, the newest first, of the last 30 days."""
    await _mine(call, webhook_id)
    mark = cursors.read("w", query.cursor, str)
    found, following = await call.store.read(
        lambda tx: announced.log(
            tx, webhook_id, state=query.state or "", before=mark[0] if mark else "", limit=query.limit
        )
    )
    return models.WebhookEvents(
        items=[models.WebhookEvent(**_entry(each)) for each in found],
        next=cursors.write("w", following) if following else None,
    )


@routes.post("/webhooks/{webhook_id}/events/{event_id}/resend", may="webhook.manage", refuses=("wrong_state",))
async def resend_webhook_event(call: Call, webhook_id: str, event_id: str) -> models.WebhookEvent:
    """Tell it this again, by the same webhook-id, with a whole schedule of tries."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if announced.one(tx, webhook_id, event_id) is None:
            raise not_found()
        if not announced.again(tx, webhook_id, event_id, by=by):
            raise ApiError("wrong_state", "it is on its way just now")
        return event_id

    return await _line(call, webhook_id, await call.once(unit))


@routes.post("/webhooks/{webhook_id}/resend", may="webhook.manage")
async def resend_failed_webhook_events(call: Call, webhook_id: str, body: models.Since) -> models.Resent:
    """Tell it all again that failed since then."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        if subscriptions.one(tx, webhook_id) is None:
            raise not_found()
        return str(announced.failed_again(tx, webhook_id, since=body.since, by=by))

    return models.Resent(count=int(await call.once(unit)))


async def _mine(call: Call, webhook_id: str) -> Subscription:
    found = await call.store.read(lambda tx: subscriptions.one(tx, webhook_id))
    if found is None or (call.actor.role != "admin" and found.owner_id != call.actor.id):
        raise not_found()
    return found


async def _with_secret(call: Call, webhook_id: str, secret: str) -> models.WebhookMade:
    """An answer that was lost took its secret with it: the key of the call finds the row, and not the secret."""
    found, secrets = await call.store.read(
        lambda tx: (subscriptions.one(tx, webhook_id), subscriptions.signs_with(tx, webhook_id))
    )
    if found is None or secret not in secrets:
        raise ApiError(
            "conflict", f"webhook {webhook_id} has its secret, which went with an answer that was lost: rotate"
        )
    return models.WebhookMade(**_fields(found), secret=secret)


async def _line(call: Call, webhook_id: str, event_id: str) -> models.WebhookEvent:
    found = await call.store.read(lambda tx: announced.one(tx, webhook_id, event_id))
    if found is None:
        raise not_found()
    return models.WebhookEvent(**_entry(found))


def _address(call: Call, url: str) -> None:
    server = call.parts.config.server
    try:
        outbound_hooks.address(url, near=outbound_hooks.is_near(server.host, server.public_url))
    except ValueError as err:
        raise ApiError("invalid", "some fields are not right", fields={"url": str(err)}) from None


def _once(values: list[Any]) -> list[str]:
    return list(dict.fromkeys(values))


def _fields(each: Subscription) -> dict[str, Any]:
    return {
        "id": each.id,
        "url": each.url,
        "name": each.name,
        "types": list(each.types),
        "include": list(each.include),
        "enabled": each.enabled,
        "reason": each.reason,
        "failing_since": rfc3339(each.failing_since),
        "paused_until": rfc3339(each.paused_until),
        "last_ok_at": rfc3339(each.last_ok_at),
        "old_secret_until": rfc3339(each.old_until),
        "owner": each.owner_id,
        "created_at": rfc3339(each.created_at),
        "updated_at": rfc3339(each.updated_at),
        "version": each.version,
    }


def _entry(each: announced.Entry) -> dict[str, Any]:
    return {
        "id": each.id,
        "type": each.type,
        "about": each.about,
        "at": rfc3339(each.at),
        "state": cast(Any, each.state),
        "attempts": each.attempts,
        "next_at": rfc3339(each.next_at) if each.state == "waiting" else None,
        "status": each.status,
        "error": each.error,
        "took_ms": each.took_ms,
        "tried_at": rfc3339(each.tried_at),
        "answer": each.answer,
        "done_at": rfc3339(each.done_at),
    }
