"""First in, first out: what a customer said is read in the order in which he said it, and what he is told leaves in the
order in which it was decided, whatever is under way, refused for now or in parts. On the store and the engine alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from storage import outbox, outbox_sweep
from storage.outbox import Outcome, SendJob
from tests.support.shop import ACCOUNT, Shop
from tests.support.waits import until


@dataclass
class Counter(Shop):
    """A shop whose calls to the platform stay under way until a test ends them."""

    under_way: list[SendJob] = field(default_factory=list)

    def _take(self, jobs: list[SendJob]) -> None:
        self.under_way += jobs

    async def ends(self, state: str = "sent", *, wait_ms: int = 0) -> str:
        """The only call under way comes back; what it said."""
        (job,) = self.under_way
        self.under_way.clear()
        self.store.gates.release(job.account_id)
        number = f"x{next(self.numbers)}" if state == "sent" else ""
        self.store.mark(
            Outcome(job=job, state=state, external_id=number, not_before=self.ms + wait_ms, started_at=self.ms)
        )
        await self.until(lambda tx: tx.value("SELECT state FROM outbox WHERE id = :id", id=job.id) != "sending")
        return str(job.body.get("text", ""))

    async def until(self, found: Callable[[Any], Any]) -> Any:
        return await until(lambda: self.store.run(found), pause=0.005)

    async def says(self, thread: str, *texts: str) -> str:
        """All of it is in the inbox before any of it is thought about; the conversation's id."""
        self.store.stop_thinking()
        for text in texts:
            await self.arrives(thread, text)
        self.store.start_thinking(self.engine)
        return str(
            await self.until(
                lambda tx: (
                    not tx.value("SELECT COUNT(*) FROM inbox_event WHERE state = 'new'")
                    and tx.value("SELECT conversation_id FROM contact_point WHERE thread = :t", t=thread)
                )
            )
        )

    async def looks(self) -> int:
        """The pump looks for what may leave; how many it took."""
        taken = await self.store.run(lambda tx: outbox.claim(tx, accounts=[ACCOUNT.id]))
        await self.store.run(lambda _: None)  # what was taken has been handed over by now
        return taken


@pytest.fixture
async def counter(database_url: str) -> AsyncIterator[Counter]:
    made = Counter(database_url)
    await made.open()
    yield made
    await made.close()


async def test_what_was_said_is_read_in_the_order_in_which_it_was_said(counter: Counter) -> None:
    said = [f"câu thứ {number}" for number in range(5)]
    conversation = await counter.says("t", *said)
    assert await texts(counter, conversation, "inbound") == said


async def test_while_a_call_is_under_way_nothing_overtakes_it(counter: Counter) -> None:
    conversation = await counter.says("t", "chào shop")
    other = await counter.says("u", "chào em")
    for_other = [job for job in counter.under_way if job.conversation_id == other]
    counter.under_way[:] = [job for job in counter.under_way if job.conversation_id == conversation]
    assert for_other  # another lane is not held back
    for number in range(3):
        await counter.act(conversation, "reply", text=f"câu trả lời {number}")
    assert await counter.looks() == 0
    assert len(counter.under_way) == 1
    told = [await counter.ends() for _ in range(await rows(counter, conversation))]
    assert told == await texts(counter, conversation, "outbound")
    assert told[-3:] == ["câu trả lời 0", "câu trả lời 1", "câu trả lời 2"]
    assert counter.under_way == []


async def test_what_waits_for_its_next_try_holds_what_comes_after_it(counter: Counter) -> None:
    conversation = await counter.says("t", "chào shop")
    await counter.act(conversation, "reply", text="em đây ạ")
    first = await counter.ends("retry_wait", wait_ms=5_000)
    assert await counter.looks() == 0
    assert counter.under_way == []
    counter.pass_(seconds=6)
    assert await counter.looks() == 1
    assert await counter.ends() == first
    told = [await counter.ends() for _ in range(await rows(counter, conversation) - 1)]
    assert told[-1] == "em đây ạ"


async def test_what_was_under_way_when_the_process_died_is_never_sent_again(counter: Counter) -> None:
    conversation = await counter.says("t", "chào shop")
    (lost,) = [job.id for job in counter.under_way]
    counter.under_way.clear()
    await counter.close(clean=False)
    await counter.open()
    for seconds in (0, 61, 16 * 60):
        counter.pass_(seconds=seconds)
        await counter.store.run(outbox_sweep.sweep)
        await counter.looks()
    assert [job.id for job in counter.under_way] == []
    state = await counter.store.read(lambda tx: tx.value("SELECT state FROM outbox WHERE id = :id", id=lost))
    assert state == "unconfirmed"
    await counter.act(conversation, "reply", text="em đây ạ")
    told = [await counter.ends(), await counter.ends()]  # it holds nobody for ever: he joins, and answers
    assert told[1] == "em đây ạ"


async def test_the_parts_of_a_long_answer_leave_one_after_the_other(counter: Counter) -> None:
    conversation = await counter.says("t", "chào shop")
    while counter.under_way:
        await counter.ends()
    words = " ".join(f"từ{number}" for number in range(2500))
    await counter.act(conversation, "reply", text=words)
    parts = []
    while counter.under_way:
        parts.append(await counter.ends())
    assert len(parts) > 3
    assert "".join("".join(parts).split()).endswith("".join(words.split()))


async def texts(counter: Counter, conversation: str, direction: str) -> list[str]:
    def read(tx: Any) -> list[str]:
        found = tx.all(
            "SELECT id, contact_id, body_sealed FROM message WHERE conversation_id = :c AND direction = :d ORDER BY seq",
            c=conversation,
            d=direction,
        )
        return [
            tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)["text"]
            for row in found
        ]

    return await counter.store.read(read)


async def rows(counter: Counter, conversation: str) -> int:
    return int(
        await counter.store.read(
            lambda tx: tx.value("SELECT COUNT(*) FROM outbox WHERE conversation_id = :c", c=conversation)
        )
    )
