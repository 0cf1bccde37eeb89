"""GET /hooks/{channel}/{account}: a platform asks whether the address is ours before it delivers there."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from channels.contract import Account, Adapter, Delivery, WebhookRejected
from gateway.parts import Parts
from gateway.web.security import Status


def routes(parts: Parts) -> list[web.RouteDef]:
    return [
        web.get(f"/hooks/{account.channel}/{account.name}", partial(_greet, parts, adapter, account))
        for account in parts.accounts.values()
        if (adapter := parts.adapters[account.channel]).greet is not None
    ]


async def _greet(parts: Parts, adapter: Adapter, account: Account, request: web.Request) -> web.Response:
    """200 with what the platform wants to read, or the refusal's status. Nothing is stored."""
    assert adapter.greet is not None
    try:
        said = adapter.greet(Delivery(headers=request.headers, body=b"", query=request.query, method="GET"), account)
    except WebhookRejected as err:
        parts.rejected[account.id] += 1
        parts.metrics.rejected.labels(account.channel, account.name, str(err)).inc()
        return Status(status=err.status)
    return web.Response(body=said, content_type="text/plain")
