"""POST /hooks/{channel}/{account}: verify, parse, insert, commit, 200. Nothing else, in this order."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog
from aiohttp import web

from channels.contract import Account, Adapter, Delivery, InboundEvent, MalformedPayload, WebhookRejected
from gateway import doclinks, forms, handshake, links, welcome
from gateway.parts import PARTS, Parts
from gateway.web.limits import Bucket
from gateway.web.security import Status
from storage.errors import StorageUnavailable
from storage.inbox import Arrival

log = structlog.get_logger("hooks")
BODY_CAP: Final = 1 << 20
BODY_CAPS: Final = {"facebook": 4 << 20}
BODY_S: Final = 5.0
IN_FLIGHT_CAP: Final = 500  # deliveries that are read at a time, of all accounts: their bodies are in memory
_NO_QUERY: Final[Mapping[str, str]] = {}
QUEUE_CAP: Final = 2000  # items that wait for the store: beyond this a platform's redelivery is the better queue


class _Refusal(Exception):
    def __init__(self, status: int, reason: str, *, close: bool = False) -> None:
        super().__init__(reason)
        self.status, self.reason, self.close = status, reason, close


class Hooks:
    """The handler with what it counts."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        answered = any(adapter.reply is not None for adapter in parts.adapters.values())
        self._welcome = welcome.words(parts.texts) if answered else {}
        self._in_flight = 0
        self._buckets: dict[str, Bucket] = {}
        for account in parts.accounts.values():
            limits = parts.config.limits_of(account, parts.adapters[account.channel].capabilities.limits)
            if limits.inbound_per_s:
                self._buckets[account.id] = Bucket(limits.inbound_per_s)

    async def post(self, request: web.Request) -> web.Response:
        """To any address below /hooks."""
        channel, name = request.match_info["channel"], request.match_info["account"]
        account = self.parts.accounts.get(f"{channel}:{name}")
        if account is None or self.parts.adapters[channel].client is None:
            return Status(status=404)
        return await self.deliver(account, self.parts.adapters[channel], request)

    async def deliver(self, account: Account, adapter: Adapter, request: web.Request) -> web.Response:
        """To an account's address."""
        if self._in_flight >= IN_FLIGHT_CAP or self.parts.pressure.no_hooks:
            return _later("overload")
        began = time.monotonic()
        self._in_flight += 1
        try:
            return await self._take(request, account, adapter)
        except _Refusal as refusal:
            return self._refuse(account, refusal)
        except StorageUnavailable as err:
            return _later(err.reason)
        except (ConnectionError, asyncio.IncompleteReadError):
            return Status(status=400)
        except Exception as err:
            log.exception("hooks.failed", account=account.id, error=type(err).__name__)
            return _later("internal")
        finally:
            self._in_flight -= 1
            self.parts.metrics.webhook_seconds.observe(account.channel, time.monotonic() - began)

    async def _take(self, request: web.Request, account: Account, adapter: Adapter) -> web.Response:
        bucket = self._buckets.get(account.id) if self._buckets else None
        if (bucket is not None and not bucket.take()) or self.parts.store.backlog > QUEUE_CAP:
            return _later("overload")
        body = await _body(request, BODY_CAPS.get(account.channel, BODY_CAP))
        query = request.query if request.query_string else _NO_QUERY
        delivery = Delivery(
            headers=request.headers, body=body, query=query, secret=request.match_info.get("secret", "")
        )
        try:
            adapter.verify(delivery, account)
        except WebhookRejected as err:
            raise _Refusal(err.status, str(err)) from err
        await keep(self.parts, account, understood(self.parts, adapter, account, delivery))
        if adapter.reply is not None and self.parts.engine.switches.on(account.id):
            said = adapter.reply(delivery, account, self._welcome)
            if said is not None:
                return web.Response(body=said, content_type="application/json")
        return Status()

    def _refuse(self, account: Account, refusal: _Refusal) -> web.Response:
        self.parts.rejected[account.id] += 1
        self.parts.metrics.rejected.labels(account.channel, account.name, refusal.reason).inc()
        response = Status(status=refusal.status)
        if refusal.close:
            response.force_close()
        return response


Understood = list[tuple[Arrival, InboundEvent | None]]


def understood(parts: Parts, adapter: Adapter, account: Account, delivery: Delivery) -> Understood:
    """What a delivery brings. One that nobody can read, be it our own mistake, is kept aside: it would come again,
    and hold up what comes after it, until it is taken."""
    try:
        return [(parts.arrival(account, event), event) for event in adapter.parse(delivery, account)]
    except MalformedPayload as err:
        reason = str(err)
        if adapter.refuses_unreadable:
            raise _Refusal(422, "unreadable") from err
        log.warning("hooks.unreadable", account=account.id, reason=reason)
    except Exception as err:
        reason = f"our own error: {type(err).__name__}"
        log.exception("hooks.unreadable", account=account.id, reason=reason)
    return [(unreadable(account, delivery.body, reason), None)]


async def keep(parts: Parts, account: Account, brought: Understood) -> int:
    """Store it; returns after the commit: how many were new."""
    if not brought:
        return 0
    fresh = await parts.store.ingest([arrival for arrival, _ in brought])
    for (_, event), new in zip(brought, fresh, strict=True):
        if new and event is not None:
            ours = parts.accounts.get(f"{event.channel}:{event.account}")
            parts.noticed(ours or account, event)
            # Whoever may post names accounts as he likes: each would be a line of the metrics for ever.
            parts.metrics.took_in(event.channel, event.account if ours else "?", event.kind)
    return sum(fresh)


def unreadable(account: Account, body: bytes, reason: str) -> Arrival:
    """Authentic bytes that nobody could read: kept aside for a person, once."""
    digest = hashlib.sha256(body).hexdigest()
    return Arrival(
        account_id=account.id,
        key=f"unreadable:{digest}",
        kind="unreadable",
        thread="",
        body=body,
        state="quarantined",
        reason=reason[:200],
    )


async def _body(request: web.Request, cap: int) -> bytes:
    encoding = request.headers.get("Content-Encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise _Refusal(415, "encoding", close=True)
    length = request.content_length
    if length is not None and length > cap:
        raise _Refusal(413, "too large", close=True)
    content = request.content
    try:
        if content.is_eof() and content.total_bytes <= cap:
            return content.read_nowait()  # it came with its headers, as nearly all do
        async with asyncio.timeout(BODY_S):
            if length is not None:
                return await content.readexactly(length)
            chunks: list[bytes] = []
            size = 0
            while chunk := await content.readany():
                size += len(chunk)
                if size > cap:
                    raise _Refusal(413, "too large", close=True)
                chunks.append(chunk)
            return b"".join(chunks)
    except TimeoutError:
        raise _Refusal(408, "slow", close=True) from None
    except web.RequestPayloadError:
        raise _Refusal(400, "broken body", close=True) from None


def _later(_reason: str) -> web.Response:
    """Not acknowledged, so the platform repeats it. The delay is spread, so that they do not all come at once."""
    return Status(status=503, headers={"Retry-After": str(random.randint(15, 45))})  # noqa: S311


async def _page(page: bytes, _request: web.Request) -> web.Response:
    return web.Response(body=page, content_type="text/html", charset="utf-8")


def routes(parts: Parts) -> list[web.RouteDef]:
    hooks = Hooks(parts)
    known = [  # a plain path is found at once; the two below are matched as patterns
        web.post(f"/hooks/{account.channel}/{account.name}", partial(hooks.deliver, account, adapter))
        for account in parts.accounts.values()
        if (adapter := parts.adapters[account.channel]).client is not None
    ]
    served: dict[str, bytes] = {}
    for account in parts.accounts.values():
        served |= parts.adapters[account.channel].served(account)
    return [
        *known,
        *(web.get(path, partial(_page, page)) for path, page in served.items()),
        *links.routes(parts),
        *doclinks.routes(parts),
        *forms.routes(parts),
        *handshake.routes(parts),
        web.post("/hooks/{channel}/{account}", hooks.post),
        web.post("/hooks/{channel}/{account}/{secret}", hooks.post),
    ]


__all__ = ["PARTS", "Hooks", "keep", "routes", "understood", "unreadable"]
