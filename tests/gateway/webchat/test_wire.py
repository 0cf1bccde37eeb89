"""The wire over a real server: nothing that was acknowledged is lost, nothing comes twice, whatever breaks."""

import asyncio
import json
import random
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.webchat import live
from tests.support.waits import until
from tests.support.webchat import Closed, Guest, Site

Come = Callable[[], Awaitable[Guest]]


def bot(frame: dict[str, Any]) -> bool:
    return frame["type"] == "message" and frame["author"] == "bot"


async def test_a_word_is_acknowledged_and_answered(site: Site, guest: Come) -> None:
    visitor = await guest()
    ready = await visitor.frame("ready")
    assert ready == {"type": "ready", "thread": visitor.thread, "seq": 0}
    await visitor.frame("state", stage="new", advisor=None)
    said = await visitor.say("Xin chào, tôi muốn hỏi bảo hiểm ô tô")
    await visitor.frame("ack", id=said)
    await visitor.frame("typing", author="bot")
    answer = await visitor.wait(bot)
    mine = await visitor.frame("message", author="customer")
    assert mine["client_id"] == said
    assert mine["text"] == "Xin chào, tôi muốn hỏi bảo hiểm ô tô"
    assert 0 < mine["seq"] < answer["seq"]
    assert "chatbot" in answer["text"]
    assert answer["buttons"]
    assert set(answer) >= {"seq", "id", "author", "kind", "text", "attachments", "buttons", "at"}


async def test_an_acknowledged_word_is_in_the_inbox(site: Site, guest: Come) -> None:
    visitor = await guest()
    ids = [await visitor.say(f"câu {number}") for number in range(5)]
    for client_id in ids:
        await visitor.frame("ack", id=client_id)
    rows = await site.query("SELECT key FROM inbox_event ORDER BY seq")
    assert [row.key for row in rows] == [f"{visitor.thread}:{client_id}" for client_id in ids]


async def test_the_same_id_again_is_acknowledged_and_said_once(site: Site, guest: Come) -> None:
    visitor = await guest()
    client_id = await visitor.say("một lần thôi")
    await visitor.frame("message", client_id=client_id)
    for _ in range(3):
        await visitor.say("một lần thôi", client_id)
    other = await visitor.again().connect()
    await other.say("một lần thôi", client_id)
    await other.frame("ack", id=client_id)
    await until(lambda: len([frame for frame in visitor.frames if frame["type"] == "ack"]) == 4)
    await visitor.frame("ack", id=await visitor.say("câu sau"))
    await visitor.frame("message", text="câu sau")
    assert [message["text"] for message in visitor.messages if message["author"] == "customer"] == [
        "một lần thôi",
        "câu sau",
    ]
    stats = await site.query("SELECT deliveries, duplicates, events FROM account_stat")
    assert tuple(stats[0]) == (6, 4, 2)


async def test_resuming_gives_what_was_missed_and_no_more(guest: Come) -> None:
    visitor = await guest()
    await visitor.say("chào em")
    answer = await visitor.wait(bot)
    await visitor.cut()
    again = visitor.again()
    await again.connect(after=answer["seq"])
    assert (await again.frame("ready"))["seq"] == answer["seq"]
    said = await again.say("tôi muốn mua bảo hiểm xe máy")
    await again.wait(bot)
    assert again.messages[0]["client_id"] == said
    assert all(message["seq"] > answer["seq"] for message in again.messages)
    whole = await visitor.again().connect()
    last = again.messages[-1]["seq"]
    await whole.wait(lambda frame: frame.get("seq") == last and frame["type"] == "message")
    seqs = [message["seq"] for message in whole.messages]
    assert seqs == sorted(set(seqs))
    assert seqs[0] == visitor.messages[0]["seq"]


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_cut_everything_is_there_once_and_in_order(site: Site, guest: Come, seed: int) -> None:
    """The line breaks at any moment: before the word is out, before the acknowledgement, in the middle of the answer.
    The visitor does what our page does: says everything again that was not acknowledged, resumes after his last number."""
    dice = random.Random(seed)
    visitor = await guest()
    said = [f"câu số {number}" for number in range(9)]
    seen: dict[str, dict[str, Any]] = {}
    resumed = 0

    def keep() -> None:
        """What this line brought: rising, nothing of before the resumption, nothing that was held already."""
        numbers = [message["seq"] for message in visitor.messages]
        assert numbers == sorted(set(numbers))
        assert all(number > resumed for number in numbers)
        for message in visitor.messages:
            assert message["id"] not in seen
            seen[message["id"]] = message

    async def resume() -> None:
        nonlocal visitor, resumed
        await visitor.cut()
        keep()
        resumed = max((message["seq"] for message in seen.values()), default=0)
        visitor = await visitor.again().connect(after=resumed)

    for text in said:
        client_id, acked = secrets.token_hex(16), False
        while not acked:
            try:
                await visitor.say(text, client_id)
                await asyncio.sleep(dice.choice([0, 0, 0.002, 0.01, 0.05]))
                if dice.random() < 0.5:
                    await visitor.cut()
                async with asyncio.timeout(2):
                    await visitor.frame("ack", id=client_id)
                acked = True
            except (TimeoutError, ConnectionError, Closed):
                await resume()
    if visitor.socket.closed:  # cut after the acknowledgement: what follows it is not on this line
        await resume()

    async def quiet() -> bool:
        left = await site.query(
            "SELECT (SELECT COUNT(*) FROM inbox_event WHERE state = 'new') "
            "+ (SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending', 'retry_wait')) AS n"
        )
        return bool(left[0].n == 0)

    await until(quiet)
    last = (await site.query("SELECT MAX(seq) AS n FROM message"))[0].n
    await until(lambda: resumed == last or (visitor.messages and visitor.messages[-1]["seq"] == last))
    keep()
    whole = await visitor.again().connect()
    await until(lambda: whole.messages and whole.messages[-1]["seq"] == last)
    assert [message["text"] for message in whole.messages if message["author"] == "customer"] == said
    held = sorted(seen.values(), key=lambda message: message["seq"])
    assert [message["id"] for message in held] == [message["id"] for message in whole.messages]


async def test_a_restart_of_the_server_loses_nothing(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.frame("ack", id=await visitor.say("trước khi khởi động lại"))
    await site.restart()
    assert await visitor.closed() == aiohttp.WSCloseCode.GOING_AWAY
    assert [frame for frame in visitor.frames if frame["type"] == "reconnect"]
    again = await visitor.again().connect()
    await again.frame("message", text="trước khi khởi động lại")
    await again.wait(bot)


async def test_two_pages_of_one_visitor_see_the_same(guest: Come) -> None:
    one = await guest()
    other = await one.again().connect()
    await other.frame("ready")
    said = await one.say("tôi muốn gặp tư vấn viên")
    mine = await other.frame("message", client_id=said)
    assert mine == await one.frame("message", client_id=said)
    assert await other.wait(bot) == await one.wait(bot)


async def test_the_fourth_page_takes_the_place_of_the_first(guest: Come) -> None:
    first = await guest()
    others = [await first.again().connect() for _ in range(3)]
    assert await first.closed() == live.ELSEWHERE
    for other in others:
        await other.frame("ready")
        await other.frame("ack", id=await other.say("còn đây"))


async def test_an_advisor_comes_writes_reads_and_goes(site: Site, guest: Come) -> None:
    visitor = await guest()
    said = await visitor.say("cho tôi gặp tư vấn viên")
    mine = await visitor.frame("message", client_id=said)
    hang = await site.advisor()
    await site.act(visitor.thread, "take", hang)
    await visitor.frame("state", stage="with_advisor", advisor={"name": hang.name})
    await site.act(visitor.thread, "reply", hang, text="Dạ em chào anh ạ")
    reply = await visitor.frame("message", author="advisor")
    assert (reply["text"], reply["name"]) == ("Dạ em chào anh ạ", hang.name)
    conversation = await site.conversation(visitor.thread)
    site.parts.hub.publish([(live.ADVISOR_TYPES, conversation)])
    await visitor.frame("typing", author="advisor")

    def read(tx: Any) -> None:
        tx.run("UPDATE conversation SET seen_seq = :seq WHERE id = :id", seq=mine["seq"], id=conversation)
        tx.hint("conversation", conversation)

    await site.parts.store.run(read)
    await visitor.frame("status", status="seen", seq=mine["seq"])
    later = await visitor.again().connect()
    assert (await later.frame("message", client_id=said))["status"] == "seen"


async def test_a_note_of_the_desk_never_reaches_the_visitor(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.say("cho tôi gặp tư vấn viên")
    await visitor.wait(bot)
    hang = await site.advisor()
    await site.act(visitor.thread, "take", hang)
    await site.act(visitor.thread, "note", hang, text="khách khó tính")
    await site.act(visitor.thread, "reply", hang, text="em đây ạ")
    await visitor.frame("message", text="em đây ạ")
    whole = await visitor.again().connect()
    await whole.frame("message", text="em đây ạ")
    for seen in (visitor, whole):
        assert "khó tính" not in json.dumps(seen.frames, ensure_ascii=False)


async def test_what_the_visitor_read_is_read_at_the_desk(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.say("xin chào")
    answer = await visitor.wait(bot)
    await visitor.send({"type": "seen", "seq": answer["seq"]})
    await visitor.send({"type": "seen", "seq": answer["seq"]})  # told twice, counted once

    async def status() -> bool:
        rows = await site.query("SELECT status FROM message WHERE id = :id", id=answer["id"])
        return bool(rows[0].status == "read")

    await until(status)
    assert (await site.query("SELECT COUNT(*) AS n FROM inbox_event WHERE kind = 'receipt'"))[0].n == 1
    for absurd in (0, -5, 10**12):
        await visitor.send({"type": "seen", "seq": absurd})
    await visitor.send({"type": "ping"})
    await visitor.frame("pong")


async def test_typing_is_told_to_the_desk_and_kept_nowhere(site: Site, guest: Come) -> None:
    hints: list[tuple[str, str]] = []
    site.parts.hub.listen(lambda kind, object_id: hints.append((kind, object_id)))
    visitor = await guest()
    await visitor.say("xin chào")
    await visitor.wait(bot)
    for _ in range(5):
        await visitor.send({"type": "typing"})
    await visitor.send({"type": "ping"})
    await visitor.frame("pong")
    assert [hint for hint in hints if hint[0] == live.VISITOR_TYPES] == [
        (live.VISITOR_TYPES, await site.conversation(visitor.thread))
    ]
    assert (await site.query("SELECT COUNT(*) AS n FROM inbox_event"))[0].n == 1


async def test_a_send_under_way_holds_back_what_follows(site: Site, guest: Come) -> None:
    """Numbers are what a page resumes by: a message must not appear below one that it was given already."""
    visitor = await guest()
    await visitor.say("xin chào")
    answer = await visitor.wait(bot)
    rows = (answer["id"],)
    await site.parts.store.run(
        lambda tx: tx.run(
            "UPDATE message SET status = 'sending', received_at = :now WHERE id = :id", now=tx.now_ms, id=rows[0]
        )
    )
    late = await visitor.again().connect()
    assert (await late.frame("ready"))["seq"] < answer["seq"]
    await late.send({"type": "ping"})
    await late.frame("pong")
    assert not [message for message in late.messages if message["seq"] >= answer["seq"]]

    def sent(tx: Any) -> None:
        tx.run("UPDATE message SET status = 'sent' WHERE id = :id", id=rows[0])
        tx.hint("message", tx.value("SELECT conversation_id FROM message WHERE id = :id", id=rows[0]))

    await site.parts.store.run(sent)
    assert await late.frame("message", id=answer["id"]) == answer


async def test_a_send_that_hangs_is_passed_over_and_sorted_in(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.say("xin chào")
    answer = await visitor.wait(bot)
    await site.parts.store.run(
        lambda tx: tx.run(
            "UPDATE message SET status = 'queued', received_at = :old WHERE id = :id",
            old=tx.now_ms - 60_000,
            id=answer["id"],
        )
    )
    late = await visitor.again().connect()
    said = await late.say("tôi muốn mua bảo hiểm")
    mine = await late.frame("message", client_id=said)
    assert mine["seq"] > answer["seq"]
    assert mine["resume"] == answer["seq"] - 1

    def sent(tx: Any) -> None:
        tx.run("UPDATE message SET status = 'sent' WHERE id = :id", id=answer["id"])
        tx.hint("message", tx.value("SELECT conversation_id FROM message WHERE id = :id", id=answer["id"]))

    await site.parts.store.run(sent)
    assert (await late.frame("message", id=answer["id"]))["text"] == answer["text"]


async def test_a_long_history_comes_whole(site: Site, guest: Come) -> None:
    visitor = await guest()
    await visitor.say("chào")
    await visitor.wait(bot)
    hang = await site.advisor()
    await site.act(visitor.thread, "take", hang)
    for number in range(120):
        await site.act(visitor.thread, "reply", hang, text=f"dòng {number}")
    await visitor.frame("message", text="dòng 119")
    whole = await visitor.again().connect()
    await whole.frame("message", text="dòng 119")
    lines = [message["text"] for message in whole.messages if message["author"] == "advisor"]
    assert lines == [f"dòng {number}" for number in range(120)]


# ---- who may not


async def test_a_flood_is_asked_to_wait_and_nothing_of_it_is_lost(site: Site, guest: Come) -> None:
    visitor = await guest()
    ids = [await visitor.say(f"nhanh {number}") for number in range(25)]
    await until(lambda: len([frame for frame in visitor.frames if frame["type"] in ("ack", "refused")]) == 25)
    refused = [frame for frame in visitor.frames if frame["type"] == "refused"]
    assert [frame["id"] for frame in refused] == ids[20:]
    for frame in refused:
        assert frame["code"] == "too_fast"
        assert "nhanh" in frame["message"]
        assert 0 < frame["retry_in_ms"] <= 10_100
    other = await visitor.again().connect()  # another page is no way around it
    await other.frame("refused", id=await other.say("vòng cửa sau"))


async def test_frames_without_end_close_the_line(guest: Come) -> None:
    visitor = await guest()
    for _ in range(200):
        await visitor.send({"type": "ping"})
    assert await visitor.closed() == live.FLOOD


async def test_a_frame_that_is_too_large_closes_the_line(guest: Come) -> None:
    visitor = await guest()
    await visitor.say("x" * 70_000)
    assert await visitor.closed() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


UNTAKABLE: list[tuple[dict[str, Any] | str, str]] = [
    ({"type": "say", "text": "không có mã"}, "unreadable"),
    ({"type": "say", "id": "ngắn", "text": "mã lạ"}, "unreadable"),
    ({"type": "say", "id": "0" * 32, "text": "  \n "}, "empty"),
    ({"type": "say", "id": "0" * 32, "text": 5}, "unreadable"),
    ({"type": "say", "id": "0" * 32, "text": "dài " * 5000}, "too_long"),
    ({"type": "tap", "id": "0" * 32, "label": "không có payload"}, "unreadable"),
    ({"type": "file", "id": "0" * 32, "file": "../../etc/passwd"}, "no_file"),
    ({"type": "file", "id": "0" * 32, "file": "0" * 26}, "no_file"),
    ({"type": "hello", "token": "lại"}, "unreadable"),
    ({"type": ["say"]}, "unreadable"),
    ("[]", "unreadable"),
    ("{", "unreadable"),
    ('{"type":"say","type":"tap"}', "unreadable"),
    ("[" * 60 + "]" * 60, "unreadable"),
]


async def test_what_cannot_be_taken_is_refused_in_words(site: Site, guest: Come) -> None:
    visitor = await guest()
    for number, (frame, code) in enumerate(UNTAKABLE, 1):
        await visitor.send(frame)
        told = await until(
            lambda number=number: [told for told in visitor.frames if told["type"] == "refused"][number - 1 :]
        )
        assert (told[0]["code"], bool(told[0]["message"])) == (code, True), frame
    await visitor.frame("ack", id=await visitor.say("vẫn nói được"))
    assert (await site.query("SELECT COUNT(*) AS n FROM inbox_event"))[0].n == 1


async def test_strange_letters_are_kept_as_text(guest: Come) -> None:
    visitor = await guest()
    decomposed = "To\u0302i\u0301"  # as macOS types
    await visitor.send(
        '{"type":"say","id":"'
        + "a" * 32
        + '","text":"<script>alert(1)</script> \\ud800 \\u0000 '
        + decomposed
        + ' \\u202eabc"}'
    )
    mine = await visitor.frame("message", author="customer")
    assert mine["text"] == "<script>alert(1)</script> \ufffd \ufffd T\u1ed1i \u202eabc".replace(
        "T\u1ed1i", "T\u00f4\u00ed"
    )


async def test_another_page_gets_nowhere(site: Site, client: aiohttp.ClientSession, guest: Come) -> None:
    visitor = await guest()
    for origin in ("https://evil.example", "null", "", "http://127.0.0.1:1", "http://localhost.evil.example"):
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"{site.url}/chat/ws", headers=headers)
        assert refused.value.status == 403
        for method, path in (("POST", "/chat/session"), ("DELETE", "/chat/session"), ("POST", "/chat/files")):
            async with client.request(
                method, site.url + path, json={}, headers=headers | {"X-Chat-Token": visitor.token}
            ) as answer:
                assert answer.status == 403
                assert (await answer.json())["error"]["code"] == "cross_origin"


async def test_a_site_that_may_embed_us_may_speak(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{site.url}/chat/session", json={}, headers={"Origin": "https://shop.example"}) as answer:
        assert answer.status == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_forged_token_opens_nothing(site: Site, client: aiohttp.ClientSession) -> None:
    for token in ("", "0" * 32, "x", "0" * 31, "A" * 32, "' OR 1=1 --"):
        stranger = await Guest(client, site.url, token, "").connect()
        assert await stranger.closed() == live.UNAUTHORIZED
        assert stranger.frames == []
        headers = {"Origin": site.url, "X-Chat-Token": token}
        async with client.post(f"{site.url}/chat/files", headers=headers, data=b"") as answer:
            assert answer.status == 401


async def test_a_session_that_was_ended_is_over_everywhere(
    site: Site, client: aiohttp.ClientSession, guest: Come
) -> None:
    visitor = await guest()
    await visitor.frame("ready")
    async with client.delete(
        f"{site.url}/chat/session", headers={"Origin": site.url, "X-Chat-Token": visitor.token}
    ) as answer:
        assert answer.status == 204
    assert await visitor.closed() == live.UNAUTHORIZED
    assert await (await visitor.again().connect()).closed() == live.UNAUTHORIZED


async def test_a_session_lives_thirty_days_after_its_last_use(
    site: Site, client: aiohttp.ClientSession, guest: Come
) -> None:
    visitor = await guest()
    day = 86_400_000
    for days, alive in ((29, True), (58, True), (89, False)):
        site.parts.clock.offset_ms = days * day
        again = await visitor.again().connect()
        if alive:
            await again.frame("ready")
        else:
            assert await again.closed() == live.UNAUTHORIZED


async def test_a_line_without_a_greeting_is_closed(site: Site, client: aiohttp.ClientSession) -> None:
    for first in ('{"type":"say"}', "[]"):
        wire = await client.ws_connect(f"{site.url}/chat/ws", headers={"Origin": site.url})
        await wire.send_str(first)
        assert (await wire.receive(timeout=60)).type is aiohttp.WSMsgType.CLOSE
    for first in ("{", "[" * 99):
        wire = await client.ws_connect(f"{site.url}/chat/ws", headers={"Origin": site.url})
        await wire.send_str(first)
        assert (await wire.receive(timeout=60)).type is aiohttp.WSMsgType.CLOSE


async def test_sessions_are_given_out_slowly(site: Site, client: aiohttp.ClientSession) -> None:
    for _ in range(20):
        await Guest.new(client, site.url)
    async with client.post(f"{site.url}/chat/session", json={}, headers={"Origin": site.url}) as answer:
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert (await answer.json())["error"]["code"] == "too_many"


async def test_the_token_is_kept_hashed_and_never_in_an_address(site: Site, guest: Come) -> None:
    visitor = await guest()
    rows = await site.query("SELECT token_hash, thread FROM web_session")
    assert len(bytes(rows[0].token_hash)) == 32
    assert visitor.token.encode() not in (site.folder / "gateway.db").read_bytes()
    assert rows[0].thread == visitor.thread


async def test_on_our_own_page_the_token_is_a_cookie_that_no_script_reads(site: Site) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(
            f"{site.url}/chat/session", json={"keep": "cookie"}, headers={"Origin": site.url}
        ) as answer:
            said = await answer.json()
            assert set(said) == {"thread", "created"}
            cookie = answer.headers["Set-Cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie
        async with browser.post(
            f"{site.url}/chat/session", json={"keep": "cookie"}, headers={"Origin": site.url}
        ) as answer:
            assert await answer.json() == {"thread": said["thread"], "created": False}
        wire = await browser.ws_connect(f"{site.url}/chat/ws", headers={"Origin": site.url})
        await wire.send_json({"type": "hello", "after": 0})
        assert (await wire.receive_json(timeout=60))["thread"] == said["thread"]
        await wire.close()
        async with browser.delete(
            f"{site.url}/chat/session", headers={"Origin": site.url, "X-Chat-Token": "cookie"}
        ) as answer:
            assert answer.status == 204
            assert "Max-Age=0" in answer.headers["Set-Cookie"]


async def test_a_store_that_takes_nothing_is_no_acknowledgement(
    site: Site, guest: Come, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.errors import StorageUnavailable

    visitor = await guest()
    await visitor.frame("ready")

    async def full(*_: object) -> None:
        raise StorageUnavailable("SQLITE_FULL")

    with monkeypatch.context() as broken:
        broken.setattr(site.parts.store, "ingest", full)
        client_id = await visitor.say("đĩa đầy")
        assert await visitor.closed() == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        assert {frame["type"] for frame in visitor.frames} == {"ready", "state", "reconnect"}
    again = await visitor.again().connect()
    await again.say("đĩa đầy", client_id)
    await again.frame("message", client_id=client_id)


async def test_on_postgresql_a_page_hears_of_what_another_process_did(
    tmp_path: Path, pg_url: str, client: aiohttp.ClientSession
) -> None:
    """The visitor's socket is at one gateway, the advisor works at the other."""
    (tmp_path / "one").mkdir()
    async with Site(tmp_path / "one", database=pg_url) as here:
        shutil.copytree(tmp_path / "one" / "var" / "keys", tmp_path / "two" / "var" / "keys")
        async with Site(tmp_path / "two", database=pg_url) as there:
            visitor = await (await Guest.new(client, here.url)).connect()
            said = await visitor.say("cho tôi gặp tư vấn viên")
            mine = await visitor.frame("message", client_id=said)
            answer = await visitor.wait(bot)
            hang = await there.advisor()
            await there.act(visitor.thread, "take", hang)
            await there.act(visitor.thread, "reply", hang, text="em ở máy khác")
            await visitor.frame("message", text="em ở máy khác")
            await visitor.frame("state", stage="with_advisor", advisor={"name": hang.name})
            again = Guest(client, there.url, visitor.token, visitor.thread)
            await again.connect(after=mine["seq"])
            await again.frame("message", text="em ở máy khác")
            assert again.messages[0] == answer
            await again.frame("ack", id=await again.say("một lần thôi", said))  # the same id, at the other gateway
            assert (await here.query("SELECT COUNT(*) AS n FROM inbox_event WHERE kind = 'text'"))[0].n == 1
