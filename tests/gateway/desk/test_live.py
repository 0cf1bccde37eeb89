"""The desk's live feed: what happens is told within a moment, what was missed is told again, and only to who may hear."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import neighbours
from gateway.desk import live, presence
from gateway.desk import stream as feeds
from gateway.desk.presence import Presence, Word
from gateway.desk.stream import CATCH_UP, Stream, Telling, frame
from storage import advisors, sessions
from storage.wire import LONGEST
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import Office
from tests.support.waits import until


class Feed:
    """An open stream; `events` are (name, data, id)."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.events: list[tuple[str, Any, str]] = []
        self.ended = False
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        name, data, mark = "", "", ""
        try:
            async for raw in self.answer.content:
                line = raw.decode().rstrip("\n")
                if not line:
                    self.events.append((name, json.loads(data), mark))
                    name, data, mark = "", "", ""
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif field == "id":
                    mark = value
        except aiohttp.ClientError:
            pass
        self.ended = True

    async def until(self, true: Callable[[], Any], *, within: float = 30.0) -> float:
        """How long it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < within, self.events
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    def named(self, name: str) -> list[Any]:
        return [data for event, data, _ in self.events if event == name]

    def changed(self) -> dict[str, int]:
        """The newest version told of each conversation."""
        return {item["id"]: item["version"] for data in self.named("change") for item in data["items"]}

    async def close(self) -> None:
        self._task.cancel()
        self.answer.close()


@asynccontextmanager
async def feed(clerk: Clerk, cursor: int | str = "", **headers: str) -> AsyncIterator[Feed]:
    async with clerk.ask("GET", f"/desk/events?cursor={cursor}", headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        made = Feed(answer)
        try:
            await made.until(lambda: made.named("hello"))
            yield made
        finally:
            await made.close()


@pytest.fixture
async def lan(office: Office, clerk: Clerk) -> Clerk:
    await clerk.sign_in("lan@x.vn")
    return clerk


async def test_what_happens_is_told_at_once_and_without_a_name(office: Office, lan: Clerk) -> None:
    async with feed(lan, office.parts.store.now_ms()) as told:
        conversation = await office.lead("1001")
        await told.until(lambda: conversation in told.changed())
        version = await office.parts.store.read(
            lambda tx: tx.value("SELECT version FROM conversation WHERE id = :id", id=conversation)
        )
        await told.until(lambda: told.changed()[conversation] == version)
        text = json.dumps(told.events)
        assert "0912" not in text
        assert "Hùng" not in text


async def test_a_receipt_changes_no_version_and_is_told_all_the_same(office: Office, lan: Clerk) -> None:
    me = await office.hire("Lan Hai", email="lan2@x.vn")
    conversation = await office.lead("1001")
    async with feed(lan, office.parts.store.now_ms()) as told:
        await office.act(conversation, "reply", me, text="Dạ em chào anh ạ")
        await office.settled()
        await told.until(
            lambda: any("message" in item["kinds"] for data in told.named("change") for item in data["items"])
        )


async def test_others_hear_of_switches_people_and_typing(office: Office, lan: Clerk) -> None:
    async with feed(lan, office.parts.store.now_ms()) as told:
        office.parts.hub.publish([("switch", "bot"), ("contact", "c1"), ("quarantine", "q1"), ("conflict", "x")])
        await told.until(lambda: told.named("change"))
        assert told.named("change")[0]["others"] == [["contact", "c1"], ["switch", "bot"]]
        office.parts.hub.publish([("typing", "k1")])
        await told.until(lambda: told.named("typing") == [{"id": "k1"}])


async def test_what_was_missed_is_told_again(office: Office, lan: Clerk) -> None:
    cursor = office.parts.store.now_ms()
    missed = await office.lead("1001")
    async with feed(lan, cursor) as told:
        await told.until(lambda: missed in told.changed())
        assert not told.named("reset")
        _, _, mark = told.events[-1]
        assert int(mark) >= cursor
    # EventSource's own way of coming back
    async with lan.ask("GET", "/desk/events", headers={"Last-Event-ID": str(cursor)}) as answer:
        again = Feed(answer)
        await again.until(lambda: missed in again.changed())
        await again.close()


async def test_the_same_on_postgresql(tmp_path: Path, pg_url: str, session: aiohttp.ClientSession) -> None:
    async with Office(tmp_path, database=pg_url) as office:
        await office.hire("Trần Thị Lan", email="lan@x.vn")
        clerk = Clerk(session, office.url)
        await clerk.sign_in("lan@x.vn")
        cursor = office.parts.store.now_ms()
        missed = await office.lead("1001")
        async with feed(clerk, cursor) as told:
            await told.until(lambda: missed in told.changed())
            fresh = await office.lead("1002")
            await told.until(lambda: fresh in told.changed())
            await clerk.status("POST", "/desk/logout")
            assert await told.until(lambda: told.ended) < 1


async def test_the_margin_covers_a_commit_that_was_under_way(office: Office, lan: Clerk) -> None:
    late = await office.lead("1001")
    async with feed(lan, office.parts.store.now_ms() + live.MARGIN_MS - 20_000) as told:
        # a cursor in our future is none; one a little after the change still tells it
        assert told.named("hello")
    async with feed(lan, office.parts.store.now_ms()) as told:
        await told.until(lambda: late in told.changed())


@pytest.mark.parametrize("cursor", ["", "0", "x", "-1", "9" * 20, "１２"])
async def test_who_does_not_know_where_he_stopped_reads_everything_again(
    office: Office, lan: Clerk, cursor: str
) -> None:
    async with feed(lan, cursor) as told:
        await told.until(lambda: told.named("reset"))


async def test_a_gap_that_is_too_long_is_not_told_one_by_one(office: Office, lan: Clerk) -> None:
    async with feed(lan, office.parts.store.now_ms() - live.OLDEST_MS - 1000) as told:
        await told.until(lambda: told.named("reset"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Cookie": ""}, 401), ({"Cookie": "sid=" + "x" * 43}, 401), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
async def test_nothing_for_strangers(office: Office, lan: Clerk, headers: dict[str, str], status: int) -> None:
    assert await lan.status("GET", "/desk/events", headers=headers) == status


async def test_signing_out_closes_the_stream_within_a_second(office: Office, lan: Clerk) -> None:
    async with feed(lan, office.parts.store.now_ms()) as told:
        await lan.status("POST", "/desk/logout")
        took = await told.until(lambda: told.ended)
        assert took < 5  # a second, on a machine of its own; the next heartbeat comes after fifteen
        assert told.named("bye") == [{"reason": "signed_out"}]
        conversation = await office.lead("1001")
        assert conversation not in told.changed()
    assert await lan.status("GET", "/desk/events") == 401


async def test_disabling_somebody_closes_his_streams_within_a_second(
    office: Office, lan: Clerk, session: aiohttp.ClientSession
) -> None:
    await office.hire("Hùng", email="hung@x.vn")
    other = Clerk(session, office.url)
    await other.sign_in("hung@x.vn")
    person = await office.parts.store.read(lambda tx: advisors.by_email(tx, "lan@x.vn"))
    assert person is not None
    async with feed(lan, office.parts.store.now_ms()) as mine, feed(other, office.parts.store.now_ms()) as his:
        await office.parts.store.run(lambda tx: advisors.disable(tx, person.id, by="test"))
        assert await mine.until(lambda: mine.ended) < 1
        conversation = await office.lead("1001")
        await his.until(lambda: conversation in his.changed())
        assert conversation not in mine.changed()


async def test_a_session_that_ended_silently_is_noticed(
    office: Office, lan: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.1)
    async with feed(lan, office.parts.store.now_ms()) as told:
        key = sessions.digest(lan.cookie.partition("=")[2])
        await office.parts.store.run(lambda tx: tx.run("DELETE FROM session WHERE id_hash = :hash", hash=key))
        await told.until(lambda: told.ended)
        assert told.named("bye") == [{"reason": "signed_out"}]


async def test_who_listens_is_at_work(office: Office, lan: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.1)

    async def seen() -> int:
        person = await office.parts.store.read(lambda tx: advisors.by_email(tx, "lan@x.vn"))
        assert person is not None
        return person.seen_at or 0

    async with feed(lan, office.parts.store.now_ms()):
        before = await seen()
        office.parts.clock.offset_ms += 5 * 60_000

        async def noticed() -> bool:
            return await seen() > before

        await until(noticed, "somebody notices that she is there")


async def test_the_heart_beats_while_nothing_happens(
    office: Office, lan: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "HEARTBEAT_S", 0.05)
    async with feed(lan, office.parts.store.now_ms()) as told:
        await told.until(lambda: len(told.named("beat")) > 2)
        marks = [int(mark) for name, _, mark in told.events if name == "beat"]
        assert marks == sorted(marks)


async def test_another_process_is_heard_through_the_table(
    office: Office, lan: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "NET_HEARD_S", 0.1)
    conversation = await office.lead("1001")
    await office.down()
    await office.up()
    async with feed(lan, office.parts.store.now_ms()) as told:
        await told.until(lambda: conversation in told.changed())
        await asyncio.sleep(0.3)
        told.events.clear()
        now = office.parts.store.now_ms()
        await office.parts.store.run(
            lambda tx: tx.run(
                "UPDATE conversation SET version = version + 1, changed_at = :now WHERE id = :id",
                id=conversation,
                now=now,
            )
        )
        await told.until(lambda: conversation in told.changed())


async def test_one_browser_cannot_hold_streams_without_end(office: Office, lan: Clerk) -> None:
    first = await _open(lan)
    rest = [await _open(lan) for _ in range(live.A_SESSION)]
    await first.until(lambda: first.ended)
    assert first.named("bye") == [{"reason": "crowded"}]
    assert not any(each.ended for each in rest)
    for each in rest:
        await each.close()


async def _open(clerk: Clerk) -> Feed:
    answer = await clerk.ask("GET", f"/desk/events?cursor={int(time.time() * 1000)}")
    made = Feed(answer)
    await made.until(lambda: made.named("hello"))
    return made


async def test_a_stop_says_so_and_waits_for_nobody(office: Office, lan: Clerk) -> None:
    told = await _open(lan)
    began = time.monotonic()
    await office.down()
    assert time.monotonic() - began < 10
    await told.until(lambda: told.ended)
    assert told.named("bye") == [{"reason": "restart"}]
    await office.up()
    async with feed(lan, office.parts.store.now_ms()) as again:
        assert again.named("hello")


async def test_a_stream_that_lags_is_told_the_newest_only() -> None:
    stream = Stream(b"k", "a")
    for version in range(1, 4):
        stream.changed([("c1", version, version)], {"c1": {"message"}}, version)
    stream.changed([("c2", 1, 9)], {}, 9)
    (only,) = await stream.next()
    lines = only.decode().split("\n")
    assert lines[0] == "id: 9"
    assert json.loads(lines[2].removeprefix("data: "))["items"] == [
        {"id": "c1", "version": 3, "at": 3, "kinds": ["message"]},
        {"id": "c2", "version": 1, "at": 9, "kinds": ["conversation"]},
    ]


async def test_too_much_to_name_is_a_reset() -> None:
    stream = Stream(b"k", "a")
    stream.changed([(f"c{n}", 1, 1) for n in range(CATCH_UP + 1)], {}, 7)
    assert await stream.next() == [frame("reset", {}, 7)]


async def test_who_keeps_up_is_told_what_was_rendered_once_for_all() -> None:
    keeps_up, lags = Stream(b"k", "a"), Stream(b"l", "b")
    first = Telling([("c1", 1, 1)], {"c1": {"message"}}, (), 1)
    second = Telling([("c1", 2, 2)], {}, [("switch", "bot")], 2)
    for stream in (keeps_up, lags):
        stream.tell(first, b"first")
    assert await keeps_up.next() == [b"first"]
    for stream in (keeps_up, lags):
        stream.tell(second, b"second")
    assert await keeps_up.next() == [b"second"]
    (only,) = await lags.next()
    assert json.loads(only.decode().split("data: ")[1]) == {
        "items": [{"id": "c1", "version": 2, "at": 2, "kinds": ["conversation", "message"]}],
        "others": [["switch", "bot"]],
    }


async def test_who_waits_for_news_is_written_them_without_being_woken() -> None:
    written: list[bytes] = []
    room = [True]

    def straight(data: bytes) -> bool:
        if room[0]:
            written.append(data)
        return room[0]

    stream = Stream(b"k", "a")
    stream.straight = straight
    telling = [Telling([("c1", n, n)], {}, (), n) for n in range(5)]
    stream.tell(telling[0], b"zero")  # its task is about something else
    assert await stream.next() == [b"zero"]
    waits = asyncio.create_task(stream.next())
    await asyncio.sleep(0)
    stream.tell(telling[1], b"one")
    stream.tell(telling[2], b"two")
    assert written == [b"one", b"two"]
    assert not waits.done()
    room[0] = False  # the browser takes no more: its task is to see to that, and what comes later stands behind
    stream.tell(telling[3], b"three")
    room[0] = True
    stream.tell(telling[4], b"four")
    (only,) = await waits
    assert b'"version":4' in only
    assert written == [b"one", b"two"]


async def test_who_looks_at_the_same_conversation_sees_the_other(
    office: Office, lan: Clerk, session: aiohttp.ClientSession
) -> None:
    await office.hire("Hùng", email="hung@x.vn")
    other = Clerk(session, office.url)
    await other.sign_in("hung@x.vn")
    conversation = await office.lead("1001")

    async def here(who: Clerk, state: str, where: str = conversation) -> None:
        assert await who.status("POST", "/desk/presence", json={"conversation": where, "state": state}) == 200

    async with feed(lan, office.parts.store.now_ms()) as mine, feed(other, office.parts.store.now_ms()) as his:
        await here(lan, "looks")
        await mine.until(lambda: mine.named("here"))
        await here(other, "writes")
        await mine.until(lambda: len(mine.named("here")) == 2)
        people = {one["name"]: one["writes"] for one in mine.named("here")[-1]["people"]}
        assert people == {"Trần Thị Lan": False, "Hùng": True}
        await his.until(lambda: his.named("here"))
        await here(other, "left")
        await mine.until(lambda: [one["name"] for one in mine.named("here")[-1]["people"]] == ["Trần Thị Lan"])
        await here(lan, "looks", "x' OR 1")
        assert (
            await lan.status("POST", "/desk/presence", json={"conversation": conversation}, headers={"Cookie": ""})
            == 401
        )


def test_who_says_nothing_for_a_while_is_not_there() -> None:
    now = [0.0]
    there = Presence(lambda: now[0])
    assert there.look("c1", "a", "Lan", writes=False)
    assert not there.look("c1", "a", "Lan", writes=False)
    assert there.look("c1", "a", "Lan", writes=True)
    assert there.people("c1") == {"a": ("Lan", True)}
    now[0] = 10.0
    assert there.people("c1") == {"a": ("Lan", False)}
    now[0] = 60.0
    assert there.people("c1") == {}
    assert there.gone() == {"c1"}
    assert there.gone() == set()
    for number in range(30):
        now[0] += 1
        there.look(f"c{number}", "a", "Lan", writes=False)
    assert sum(1 for number in range(30) if there.people(f"c{number}")) == presence.AT_ONCE


async def test_twenty_streams_end_with_the_same_right_list(office: Office, lan: Clerk) -> None:
    """A stream each for twenty people, and everything that happens meanwhile: at the end all hold what the table holds."""
    clerks = []
    for number in range(5):  # four streams a session
        await office.hire(f"Người {number}", email=f"p{number}@x.vn")
        clerk = Clerk(lan.session, office.url)
        await clerk.sign_in(f"p{number}@x.vn")
        clerks += [clerk] * 4
    cursor = office.parts.store.now_ms()
    async with AsyncExitStack() as streams:
        told = [await streams.enter_async_context(feed(clerk, cursor)) for clerk in clerks]
        for turn in range(10):
            await asyncio.gather(*(office.say(f"20{number:02}", f"tin {turn}") for number in range(10)))
        await office.settled()
        rows = await office.parts.store.read(lambda tx: tx.all("SELECT id, version FROM conversation"))
        right = {row.id: row.version for row in rows}
        assert len(right) == 10
        for one in told:
            await one.until(lambda one=one: one.changed() == right)  # type: ignore[misc]


async def test_two_processes_hear_each_other_at_once(
    tmp_path: Path, pg_url: str, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer's word taken in by one, who looks and types at the other, a session ended elsewhere: by no look at a table."""
    monkeypatch.setattr(live, "NET_S", 3600.0)
    monkeypatch.setattr(live, "NET_HEARD_S", 3600.0)
    monkeypatch.setattr(live, "CHECK_S", 3600.0)
    (tmp_path / "two").mkdir()
    async with Office(tmp_path, database=pg_url) as one:
        shutil.copytree(tmp_path / "var" / "keys", tmp_path / "two" / "var" / "keys")
        async with Office(tmp_path / "two", database=pg_url) as two:
            lan, hung = Clerk(session, one.url), Clerk(session, two.url)
            await one.hire("Trần Thị Lan", email="lan@x.vn")
            person = await two.hire("Hùng", email="hung@x.vn")
            await lan.sign_in("lan@x.vn")
            await hung.sign_in("hung@x.vn")
            async with feed(lan, one.parts.store.now_ms()) as mine, feed(hung, two.parts.store.now_ms()) as his:
                await mine.until(lambda: one.parts.hub.hears_all() and two.parts.hub.hears_all())
                conversation = await two.lead("1001")
                await mine.until(lambda: conversation in mine.changed())
                await two.settled()
                entries = "SELECT (SELECT COUNT(*) FROM audit_entry), (SELECT COUNT(*) FROM message)"
                before = await one.parts.store.read(lambda tx: tx.all(entries))

                async def here(who: Clerk, state: str) -> None:
                    given = {"conversation": conversation, "state": state}
                    assert await who.status("POST", "/desk/presence", json=given) == 200

                def seen(told: Feed) -> dict[str, bool]:
                    here = told.named("here")
                    return {each["name"]: each["writes"] for each in here[-1]["people"]} if here else {}

                await here(lan, "looks")
                await here(hung, "writes")
                both = {"Trần Thị Lan": False, "Hùng": True}
                await mine.until(lambda: seen(mine) == both)
                await his.until(lambda: seen(his) == both)
                await here(hung, "left")
                await mine.until(lambda: seen(mine) == {"Trần Thị Lan": False})
                assert await one.parts.store.read(lambda tx: tx.all(entries)) == before
                await one.parts.store.run(lambda tx: advisors.disable(tx, person.id, by="test"))
                await his.until(lambda: his.named("bye"))


def test_what_is_said_between_processes_fits_its_line_and_nothing_else_is_believed() -> None:
    hints = [("conversation", f"{number:026}") for number in range(500)] + [
        ("here", "đ" * 9000),
        ("typing", "đ" * 1000),
    ]
    made = neighbours.lines(hints)
    assert max(len(line.encode()) for line in made) <= LONGEST
    assert len(made) <= 5
    crossed = [hint for line in made for hint in neighbours.hints_of(line)]
    assert crossed == [hint for hint in hints if hint[0] != "here"]
    assert neighbours.lines([]) == []
    for line in ("", "{}", "[1]", '[["tell", "n1"]]', '[["typing"]]', '[[["x"], "y"]]', '[["typing", 5]]'):
        assert neighbours.hints_of(line) == []


@pytest.mark.parametrize(
    "given", ["", "5", "[]", '["c", "a", "Lan"]', '["c", "a", "Lan", "sings"]', '["c", "a", 5, "looks"]']
)
def test_a_word_that_is_none_is_not_heard(given: str) -> None:
    assert Word.unpacked(given) is None


def test_a_page_that_never_stops_talking_is_not_passed_on() -> None:
    now = [0.0]
    there = Presence(lambda: now[0])
    assert [there.may_say("a") for _ in range(presence.WORDS + 5)] == [True] * presence.WORDS + [False] * 5
    assert there.may_say("b")
    now[0] = presence.WORDS_S
    assert there.may_say("a")
