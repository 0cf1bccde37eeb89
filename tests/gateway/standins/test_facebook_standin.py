"""Meta's stand-in comes again with what was not acknowledged, and says what it was asked to tell."""

from __future__ import annotations

from aiohttp import web

from gateway.demo.standins.clock import HandClock
from gateway.demo.standins.facebook import FakeFacebook
from gateway.demo.standins.failing import listening


async def test_what_is_not_acknowledged_comes_again_and_then_no_more() -> None:
    clock, answers, bodies = HandClock(), [503, 500, 200], list[bytes]()

    async def hook(request: web.BaseRequest) -> web.Response:
        bodies.append(await request.content.read())
        return web.Response(status=answers[len(bodies) - 1])

    fake = FakeFacebook(clock=clock)
    async with fake.running(), listening(hook, 0) as url:
        fake.hook(url)
        await fake.customer().say("alo")
        await clock.sleepers()
        clock.advance(0)
        await clock.sleepers()
        assert (len(bodies), fake.pending) == (2, 1)
        clock.advance(60)
        await fake.watch.until(
            lambda: len(bodies) == 3 and not fake.pending, timeout=60, what=lambda: f"{len(bodies)} came"
        )
        assert len(set(bodies)) == 1
        assert fake.statuses == [503, 500, 200]
