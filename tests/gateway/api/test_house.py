"""The house: people, tokens, events, the outbox, switches, figures, the audit, a copy of the database."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, UnixConnector, web
from aiohttp.test_utils import TestServer

from channels.contract import Kind
from gateway import api
from gateway.api import body as bodies
from gateway.api.errors import ApiError
from gateway.parts import PARTS
from tests.gateway.api.conftest import House, fields_of


async def test_people(house: House) -> None:
    admin, chief = await house.as_role("admin"), await house.as_role("supervisor")
    made = await admin.post(
        "/users", {"email": " Lan@Example.VN ", "name": "Trần Thị Lan", "role": "advisor", "agent_code": "DL-7"}
    )
    assert (made["email"], made["role"], made["disabled"]) == ("lan@example.vn", "advisor", False)
    signed = await house.api.sign_in.sign_in("LAN@example.vn", made["password"])
    assert signed.advisor_id == made["id"]
    listed = {each["id"]: each for each in (await chief.get("/users"))["items"]}
    assert listed[made["id"]]["name"] == "Trần Thị Lan"
    assert "password" not in listed[made["id"]]
    assert {"id", "name", "role", "online", "teams"} <= set((await chief.get("/advisors"))["items"][0])
    assert made["id"] in {each["id"] for each in (await chief.get("/advisors"))["items"] if each["online"]}
    given = await admin.post(
        "/users", {"email": "b@example.vn", "name": "B", "role": "intake", "password": "mot mat khau du dai"}
    )
    assert given["password"] is None
    for body, wanted, wrong in (
        ({"email": "lan@example.vn", "name": "X", "role": "advisor"}, 409, {"email"}),
        ({"email": "not an address", "name": "X", "role": "advisor"}, 422, {"email"}),
        ({"email": "x@example.vn", "name": "X", "role": "root"}, 422, {"role"}),
        ({"email": "x@example.vn", "name": "X", "role": "advisor", "password": "short"}, 422, {"password"}),
        ({"email": "x@example.vn"}, 422, {"name", "role"}),
    ):
        status, answer = await admin("POST", "/users", body)
        assert (status, fields_of(answer)) == (wanted, wrong), body

    fresh = await admin.post(f"/users/{made['id']}/reset", {})
    assert await house.api.doors.session(signed.token) is None
    again = await house.api.sign_in.sign_in("lan@example.vn", fresh["password"])
    gone = await admin.post(f"/users/{made['id']}/disable", {})
    assert gone["disabled"] is True
    assert await house.api.doors.session(again.token) is None
    assert made["id"] not in {each["id"] for each in (await chief.get("/users"))["items"]}
    assert made["id"] in {each["id"] for each in (await chief.get("/users", disabled="true"))["items"]}
    assert (await admin("POST", f"/users/{made['id']}/reset", {}))[0] == 409
    assert (await admin("POST", "/users/" + "0" * 26 + "/disable", {}))[0] == 404
    status, answer = await admin("POST", f"/users/{admin.id}/disable", {})
    assert (status, answer["error"]["code"]) == (409, "wrong_state"), "not oneself"


async def test_figures_and_events(house: House) -> None:
    await house.conversation("s1", lead=True)
    await house.say("s1", "lặp", key="same")
    await house.say("s1", "lặp", key="same")
    await house.say("s1", "nhóm", kind=Kind.IGNORED)
    await house.settled()
    boss = await house.as_role("admin")
    rows = {(each["channel"], each["account"]): each for each in (await boss.get("/stats"))["items"]}
    mine = rows["telegram", "main"]
    assert mine["deliveries"] == mine["duplicates"] + mine["rejected"] + mine["events"] == 7
    assert (
        mine["events"]
        == mine["messages"] + mine["receipts"] + mine["ignored"] + mine["quarantined"] + mine["pending"]
        == 6
    )
    assert (mine["duplicates"], mine["ignored"]) == (1, 1)
    assert len((await boss.get("/events", channel="telegram"))["items"]) == mine["events"]
    assert len((await boss.get("/events", channel="telegram", state="ignored"))["items"]) == 1
    assert (await boss.get("/events", channel="zalo"))["items"] == []
    assert len((await boss.get("/events", source="all"))["items"]) >= mine["events"]
    seen, page = [], await boss.get("/events", limit=2)
    while True:
        seen += [each["id"] for each in page["items"]]
        if not page["next"]:
            break
        page = await boss.get("/events", limit=2, cursor=page["next"])
    assert len(seen) == len(set(seen)) == 6
    (business,) = (await boss.get("/stats/business"))["items"]
    assert (business["channel"], business["opened"], business["handoffs"]) == ("telegram", 1, 1)
    await house.parts.store.run(
        lambda tx: [tx.run(f"UPDATE {table} SET test = :yes", yes=True) for table in ("conversation", "handoff")]
    )
    assert (await boss.get("/stats/business"))["items"] == []
    status, answer = await boss(
        "GET", "/stats/business", params={"since": "2030-01-01T00:00:00Z", "until": "2029-01-01T00:00:00Z"}
    )
    assert (status, fields_of(answer)) == (422, {"since"})


async def test_a_quarantined_event_is_set_free(house: House) -> None:
    conversation = await house.conversation("q")
    boss = await house.as_role("admin")
    await house.parts.store.run(
        lambda tx: tx.run(
            "UPDATE inbox_event SET state = 'quarantined', reason = 'ValueError' WHERE conversation_id = :id AND source = 'platform'",
            id=conversation,
        )
    )
    (bad,) = (await boss.get("/events", state="quarantined"))["items"]
    assert (bad["state"], bad["reason"]) == ("quarantined", "ValueError")
    status, _ = await boss("POST", "/events/" + "0" * 26 + "/replay", {})
    assert status == 404
    back = await boss.post(f"/events/{bad['id']}/replay", {})
    assert back["state"] in ("new", "done", "quarantined")
    status, _ = await boss("POST", f"/events/{bad['id']}/replay", {})
    assert status in (200, 409)
    assert (await boss.get("/events", state="quarantined", channel="zalo"))["items"] == []


async def test_the_outbox_and_a_second_try(house: House) -> None:
    conversation = await house.conversation("o")
    boss = await house.as_role("admin")
    await house.settled()
    assert (await boss.get("/outbox"))["items"] == [], "all is through"
    sent = (await boss.get("/outbox", state="sent", channel="telegram", account="main"))["items"]
    assert sent
    status, answer = await boss("POST", f"/outbox/{sent[0]['id']}/resend", {})
    assert (status, answer["error"]["code"]) == (409, "wrong_state")
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE outbox SET state = 'unconfirmed' WHERE id = :id", id=sent[0]["id"])
    )
    (stuck,) = (await boss.get("/outbox"))["items"]
    assert (stuck["state"], stuck["conversation_id"]) == ("unconfirmed", conversation)
    before = len(house.clients["telegram:main"].sent)
    made = await boss.post(f"/outbox/{stuck['id']}/resend", {})
    assert made["id"] != stuck["id"]
    await house.settled()
    assert len(house.clients["telegram:main"].sent) == before + 1
    assert (await boss("POST", "/outbox/" + "0" * 26 + "/resend", {}))[0] == 404


async def test_the_business_of_a_period(house: House) -> None:
    boss = await house.as_role("admin")
    await house.conversation("asks", lead=True)
    await house.conversation("only-looks")
    told = await boss.get("/stats/business")
    (row,) = told["items"]
    assert (row["channel"], row["opened"], row["handoffs"], row["taken"]) == ("telegram", 2, 1, 0)
    assert (await boss.get("/stats/business", until=told["since"]))["items"] == []
    status, answer = await boss("GET", "/stats/business", params={"since": told["until"], "until": told["since"]})
    assert (status, fields_of(answer)) == (422, {"since"})


async def test_switches_silence_the_bot(house: House) -> None:
    chief, lan = await house.as_role("supervisor"), await house.as_role("advisor", "Lan")
    assert await lan.get("/switches") == {"bot": True, "accounts": {"telegram:main": True, "webchat:site": True}}
    status, now = await chief("PATCH", "/switches", {"accounts": {"telegram:main": False}})
    assert (status, now["accounts"]["telegram:main"]) == (200, False)
    assert house.parts.engine.switches.on("telegram:main") is False
    assert house.parts.engine.switches.on("webchat:site") is True
    conversation = await house.conversation("silent")
    assert (await lan.get(f"/conversations/{conversation}"))["status"] == "waiting"
    for body, wrong in (
        ({}, {"bot"}),
        ({"accounts": {"zalo:oa": True}}, {"accounts.zalo:oa"}),
        ({"bot": "no"}, {"bot"}),
    ):
        status, answer = await chief("PATCH", "/switches", body)
        assert (status, fields_of(answer)) == (422, wrong)
    states = {each["id"]: each for each in (await chief.get("/accounts"))["items"]}
    assert (states["telegram:main"]["bot"], states["telegram:main"]["state"]) == (False, "ok")


async def test_the_admin_door(house: House, tmp_path: Path) -> None:
    """The same routes on a socket: no credentials, and the only way to a copy of the database."""
    trusted = web.Application()
    trusted[PARTS] = house.parts
    api.mount(trusted, house.parts, trusted=True)
    runner = web.AppRunner(trusted)
    await runner.setup()
    socket = tmp_path / "admin.sock"
    await web.UnixSite(runner, str(socket)).start()
    try:
        async with ClientSession("http://x", connector=UnixConnector(str(socket))) as session:

            async def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
                async with session.request(method, "/api/v1" + path, json=body) as answer:
                    return answer.status, await answer.json()

            status, me = await call("GET", "/me")
            assert (status, me["door"], me["role"]) == (200, "socket", "admin")
            status, made = await call("POST", "/tokens", {"name": "crm", "role": "integration"})
            assert status == 201
            async with house.session.get(
                f"{house.url}/api/v1/me", headers={"Authorization": f"Bearer {made['token']}"}
            ) as answer:
                assert answer.status == 200
            assert (await call("DELETE", f"/tokens/{made['id']}"))[0] == 200
            async with house.session.get(
                f"{house.url}/api/v1/me", headers={"Authorization": f"Bearer {made['token']}"}
            ) as answer:
                assert answer.status == 401, "revoked over the socket, gone at the other door"
            status, asked = await call("GET", "/platforms")
            assert (status, [one["id"] for one in asked["items"]]) == (200, sorted(house.parts.accounts))
            copy = tmp_path / "copy.db"
            status, done = await call("POST", "/backup", {"path": str(copy)})
            if house.parts.store.postgres:
                assert (status, done["error"]["code"]) == (409, "wrong_state")
            else:
                assert (status, done["bytes"]) == (200, copy.stat().st_size)
                with sqlite3.connect(copy) as opened:
                    assert opened.execute("SELECT COUNT(*) FROM api_token").fetchone() == (1,)
                opened.close()
                assert (await call("POST", "/backup", {"path": str(copy)}))[0] == 409
                assert (await call("POST", "/backup", {"path": "relative.db"}))[0] == 422
    finally:
        await runner.cleanup()
    boss = await house.as_role("admin")
    status, answer = await boss("POST", "/backup", {"path": str(tmp_path / "x.db")})
    assert (status, answer["error"]["code"]) == (403, "forbidden")


async def test_bodies_that_nobody_should_send(house: House) -> None:
    boss = await house.as_role("admin")
    conversation = await house.conversation("evil")
    path = f"/conversations/{conversation}/notes"
    headers = {"Content-Type": "application/json"}
    for data, wanted, code in (
        (b"", 422, "invalid"),
        (b"{", 400, "unreadable"),
        (b"[]", 422, "invalid"),
        (b'"x"', 422, "invalid"),
        (b'{"text": "a", "text": "b"}', 400, "unreadable"),
        (b'{"text": NaN}', 400, "unreadable"),
        (b'{"text": ' + b"1" * 5000 + b"}", 400, "unreadable"),
        (b'{"text": 1e999}', 400, "unreadable"),
        (b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "unreadable"),
        ('{"text": "x"}'.encode("utf-16"), 400, "unreadable"),
        (b'{"text": "\xff"}', 400, "unreadable"),
        (b'{"text": "x", "by": "somebody else"}', 422, "invalid"),
        (b'{"text": "' + b"x" * 70_000 + b'"}', 413, "too_large"),
        (b'{"text": "\\u0000\\ud800"}', 200, ""),
    ):
        status, answer = await boss("POST", path, data=data, headers=headers)
        assert status == wanted, (data[:60], answer)
        assert wanted == 200 or answer["error"]["code"] == code
    for extra, wanted in (
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=UTF-8"}, 200),
    ):
        status, answer = await boss("POST", path, data=b'{"text":"x"}', headers=extra)
        assert status == wanted, (extra, answer)
    status, answer = await boss("POST", "/nothing/here")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    status, answer = await boss("DELETE", "/conversations")
    assert (status, answer["error"]["code"]) == (405, "method_not_allowed")
    for query in ({"q": "\x00\ud800" * 3}, {"thread": "a\x00b"}, {"cursor": "AAAA"}, {"label": "%"}):
        encoded = {key: value.encode("utf-8", "surrogatepass").decode("latin-1") for key, value in query.items()}
        status, answer = await boss("GET", "/conversations", params=encoded)
        assert status in (200, 422), answer


async def test_a_slow_body_is_not_waited_for() -> None:
    async def handler(request: web.Request) -> web.Response:
        try:
            return web.Response(body=await bodies.read(request, 1000, deadline_s=0.1))
        except ApiError as err:
            return err.response("r")

    app = web.Application()
    app.router.add_post("/", handler)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        answer = await asyncio.wait_for(reader.read(4096), 30)
        writer.close()
    assert b" 408 " in answer.splitlines()[0]
    assert b"Connection: close" in answer
