"""A time limit of ours behaves as asyncio.timeout does, whoever else cancels."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest

from channels.deadlines import Deadlines

NEVER = 3600.0


async def test_what_takes_longer_is_ended_and_the_others_go_on() -> None:
    deadlines = Deadlines()
    ended: list[str] = []
    over = asyncio.Event()

    async def call(name: str, limit: float, work: Coroutine[Any, Any, object]) -> None:
        try:
            with deadlines.within(limit):
                await work
        except TimeoutError:
            ended.append(f"{name} timed out")
        else:
            ended.append(name)
        if name == "hung":
            over.set()

    calls = (
        ("slow", NEVER, over.wait()),
        ("hung", 0.03, asyncio.sleep(NEVER)),
        ("quick", NEVER, asyncio.sleep(0)),
        ("hung too", 0.01, asyncio.sleep(NEVER)),
    )
    async with asyncio.timeout(60):
        await asyncio.gather(*(call(*given) for given in calls))
    assert ended == ["quick", "hung too timed out", "hung timed out", "slow"]


async def test_of_two_that_are_late_the_earlier_ends_first() -> None:
    deadlines = Deadlines()
    ended: list[int] = []

    async def call(number: int) -> None:
        with contextlib.suppress(TimeoutError), deadlines.within((20 - number) / 10_000):
            await asyncio.sleep(NEVER)
        ended.append(number)

    loop = asyncio.get_running_loop()
    usual, now = loop.time, loop.time()
    loop.time = lambda: now  # type: ignore[method-assign]  # all of them begin at once, however long that takes
    try:
        calls = [asyncio.create_task(call(number)) for number in range(20)]
        await asyncio.sleep(0)
        loop.time = lambda: now + 1  # type: ignore[method-assign]  # the loop was late: all of them are due at once
        await asyncio.gather(*calls)
    finally:
        loop.time = usual  # type: ignore[method-assign]
    assert ended == list(reversed(range(20)))


async def test_a_task_that_timed_out_is_not_cancelled_afterwards() -> None:
    deadlines = Deadlines()
    with pytest.raises(TimeoutError), deadlines.within(0.01):
        await asyncio.sleep(NEVER)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_somebody_elses_cancellation_stays_one() -> None:
    deadlines = Deadlines()

    async def call() -> None:
        with deadlines.within(NEVER):
            await asyncio.sleep(NEVER)

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_is_a_cancellation() -> None:
    deadlines = Deadlines()

    async def call() -> None:
        with deadlines.within(0.01):
            try:
                await asyncio.sleep(NEVER)
            finally:
                task.cancel()

    task = asyncio.create_task(call())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_inner_limit_ends_the_inner_block_only() -> None:
    outer, inner = Deadlines(), Deadlines()
    with outer.within(NEVER):
        with pytest.raises(TimeoutError), inner.within(0.01):
            await asyncio.sleep(NEVER)
        await asyncio.sleep(0)


async def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(ValueError, match="mine"), Deadlines().within(NEVER):
        raise ValueError("mine")


async def test_one_timer_for_all() -> None:
    loop, made = asyncio.get_running_loop(), 0
    deadlines = Deadlines()
    call_at = loop.call_at

    def counted(*args: object, **options: object) -> asyncio.TimerHandle:
        nonlocal made
        made += 1
        return call_at(*args, **options)  # type: ignore[arg-type]

    loop.call_at = counted  # type: ignore[method-assign]
    try:
        for _ in range(100):
            with deadlines.within(NEVER):
                pass
    finally:
        loop.call_at = call_at  # type: ignore[method-assign]
    assert made == 1


def test_outside_a_task_there_is_none() -> None:
    async def nothing() -> None:
        loop = asyncio.get_running_loop()
        caught: asyncio.Future[BaseException] = loop.create_future()

        def callback() -> None:
            try:
                with Deadlines().within(1):
                    pass
            except RuntimeError as err:
                caught.set_result(err)

        loop.call_soon(callback)
        assert "task" in str(await caught)

    asyncio.run(nothing())
