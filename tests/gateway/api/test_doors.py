"""Who comes in: tokens, the desk's cookie, acting for another, and how fast a revocation acts."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.api.allow import ACTS_FOR, TABLE
from gateway.api.service import Api
from storage import advisors, sessions
from tests.gateway.api.conftest import ROLES, House

PASSWORD = "mot mat khau du dai"


async def ask(house: House, method: str = "GET", path: str = "/me", **more: Any) -> tuple[int, Any]:
    async with ClientSession() as fresh, fresh.request(method, f"{house.url}/api/v1{path}", **more) as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return answer.status, await answer.json()


async def test_every_wrong_token_is_401(house: House) -> None:
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "Bearer ibg_" + "A" * 43,
        "Bearer " + "é" * 30,
        "bearer  " + "x" * 300,
    ]
    for header in wrong:
        status, body = await ask(house, headers={"Authorization": header} if header else {})
        assert (status, body["error"]["code"]) == (401, "unauthorized"), header


async def test_a_token_names_its_own_advisor(house: House) -> None:
    for role in ROLES:
        caller = await house.as_role(role)
        me = await caller.get("/me")
        assert (me["id"], me["role"], me["door"], me["may"]) == (caller.id, role, "token", sorted(TABLE[role]))


async def test_revocation_acts_at_once(house: House) -> None:
    admin, lan = await house.as_role("admin"), await house.as_role("advisor", "Lan")
    made = await admin.post("/tokens", {"name": "crm", "role": "integration"})
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await ask(house, headers=headers))[0] == 200
    listed = (await admin.get("/tokens"))["items"]
    assert made["id"] in {each["id"] for each in listed}
    assert "token" not in listed[0]
    status, gone = await admin("DELETE", f"/tokens/{made['id']}")
    assert status == 200
    assert gone["revoked_at"]
    assert (await ask(house, headers=headers))[0] == 401
    assert (await admin("DELETE", f"/tokens/{made['id']}"))[0] == 404
    await admin.post(f"/users/{lan.id}/disable")
    assert (await lan("GET", "/me"))[0] == 401
    assert lan.id not in {each["id"] for each in (await admin.get("/advisors"))["items"]}


async def test_acting_for_another(house: House) -> None:
    people = {other: await house.as_role(other, f"the {other}") for other in ROLES}
    for role in ROLES:
        caller = await house.as_role(role, f"token of {role}")
        for other, person in people.items():
            status, body = await caller("GET", "/me", headers={"X-Act-As": person.id})
            if other in ACTS_FOR.get(role, ()):
                assert (status, body["id"], body["role"]) == (200, person.id, other)
            else:
                assert (status, body["error"]["code"]) == (403, "forbidden")
        for nobody in ("0" * 26, "Lan"):
            status, _ = await caller("GET", "/me", headers={"X-Act-As": nobody})
            assert status == (422 if role in ACTS_FOR else 403)


async def test_an_act_for_another_carries_his_name(house: House) -> None:
    conversation = await house.conversation("act-as")
    crm, lan = await house.as_role("integration"), await house.as_role("advisor", "Lan")
    status, taken = await crm("POST", f"/conversations/{conversation}/take", headers={"X-Act-As": lan.id})
    assert (status, taken["assignee"]) == (200, {"id": lan.id, "name": "Lan"})
    status, body = await crm("POST", f"/conversations/{conversation}/take")
    assert (status, body["error"]["holder"]["id"]) == (409, lan.id), "the token itself is an advisor too"
    for headers in ({"X-Act-As": lan.id}, {}):
        await crm.post(f"/conversations/{conversation}/notes", {"text": "khách quen"}, headers=headers)
    await crm("GET", f"/conversations/{conversation}/messages", headers={"X-Act-As": lan.id})
    await house.api.reads.flush()
    rows = await house.parts.store.read(
        lambda tx: tx.all(
            "SELECT actor, action, source FROM audit_entry WHERE object_id = :id AND actor <> 'customer'"
            " ORDER BY at, id",
            id=conversation,
        )
    )
    token = await house.parts.store.read(
        lambda tx: tx.value("SELECT id FROM api_token WHERE advisor_id = :id", id=crm.id)
    )
    assert {(row.actor, row.action, row.source) for row in rows} == {
        (lan.id, "conversation.take", f"token:{token}"),
        (lan.id, "conversation.note", f"token:{token}"),
        (crm.id, "conversation.note", ""),
        (lan.id, "message.read", f"token:{token}"),
    }


# ---- the desk


async def signed_in(house: House, role: str = "advisor") -> tuple[Api, str, str]:
    door = house.api
    hashed = await door.sign_in.hash(PASSWORD)
    made = await house.parts.store.run(
        lambda tx: advisors.create(tx, email="Lan@Example.VN", name="Lan", role=role, password_hash=hashed, by="test")
    )
    assert made is not None
    session = await door.sign_in.sign_in("lan@example.vn", PASSWORD, address="127.0.0.1")
    return door, session.token, made.id


async def test_the_cookie_opens_the_same_api(house: House) -> None:
    door, token, lan = await signed_in(house)
    cookie = {"Cookie": f"sid={token}"}
    status, me = await ask(house, headers=cookie)
    assert (status, me["id"], me["door"], me["csrf"]) == (200, lan, "session", sessions.csrf(token))
    await door.sign_in.sign_out(token)
    assert (await ask(house, headers=cookie))[0] == 401
    assert (await ask(house, headers={"Cookie": "sid=" + "x" * 43}))[0] == 401


async def test_a_browser_must_ask_from_our_own_page(house: House) -> None:
    _, token, _ = await signed_in(house)
    conversation = await house.conversation("csrf")
    path, ours = f"/conversations/{conversation}/notes", house.url
    cookie = {"Cookie": f"sid={token}"}
    for headers, wanted in (
        ({"Origin": ours}, 200),
        ({"Origin": ours, "Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": ours, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": ours + ".evil.example"}, 403),
        ({"Origin": "https://" + ours.removeprefix("http://")}, 403),
    ):
        status, body = await ask(house, "POST", path, json={"text": "x"}, headers={**cookie, **headers})
        assert status == wanted, (headers, body)
        assert wanted == 200 or body["error"]["code"] == "cross_origin"
    form = {
        "data": b"text=x",
        "headers": {**cookie, "Origin": ours, "Content-Type": "application/x-www-form-urlencoded"},
    }
    assert (await ask(house, "POST", path, **form))[0] == 403
    plain = {"data": b'{"text":"x"}', "headers": {**cookie, "Origin": ours, "Content-Type": "text/plain"}}
    assert (await ask(house, "POST", path, **plain))[0] == 403
    status, _ = await ask(house, headers={**cookie, "Sec-Fetch-Site": "cross-site"})
    assert status == 403, "reading is not for other sites either"


@pytest.mark.usefixtures("still")  # the delay is of one second, and so may be the hash of a password
async def test_guessing_is_slowed_down_and_tells_nothing(house: House) -> None:
    door, _, lan = await signed_in(house)
    wrong = []
    for email in ["nobody@example.vn", *["lan@example.vn"] * 6]:
        try:
            await door.sign_in.sign_in(email, "wrong " + PASSWORD, address="10.0.0.1")
        except Exception as err:
            wrong.append((getattr(err, "code", ""), str(err)))
    assert len(set(wrong[:6])) == 1, "unknown address, wrong password: the same answer"
    assert wrong[0][0] == "unauthorized"
    failures = await house.parts.store.read(lambda tx: tx.value("SELECT failures FROM advisor WHERE id = :id", id=lan))
    assert failures == 6
    with pytest.raises(Exception, match="too many") as caught:
        await door.sign_in.sign_in("lan@example.vn", PASSWORD, address="10.0.0.2")
    assert caught.value.code == "too_many"  # type: ignore[attr-defined]
    house.parts.clock.offset_ms += 60_000
    assert (await door.sign_in.sign_in("lan@example.vn", PASSWORD, address="10.0.0.2")).advisor_id == lan


async def test_a_fourth_session_ends_the_first_and_all_end_in_time(house: House) -> None:
    door, first, _ = await signed_in(house)
    tokens = [first]
    for number in range(3):
        house.parts.clock.offset_ms += 1000
        tokens.append((await door.sign_in.sign_in("lan@example.vn", PASSWORD, address=f"10.0.0.{number}")).token)
    door.doors.forget()
    assert [await door.doors.session(token) is not None for token in tokens] == [False, True, True, True]
    house.parts.clock.offset_ms += sessions.IDLE_MS
    door.doors.forget()
    assert [await door.doors.session(token) for token in tokens] == [None] * 4


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    door, token, _ = await signed_in(house)
    other = (await door.sign_in.sign_in("lan@example.vn", PASSWORD, address="10.0.0.9")).token
    headers = {"Cookie": f"sid={token}", "Origin": house.url}
    for body, field in (
        ({"current": "no", "new": "mot mat khau khac"}, "current"),
        ({"current": PASSWORD, "new": "short"}, "new"),
        ({"current": PASSWORD, "new": "lan@example.vn"}, "new"),
        ({"current": PASSWORD, "new": "111111111111111"}, "new"),
    ):
        status, answer = await ask(house, "POST", "/me/password", json=body, headers=headers)
        assert (status, set(answer["error"]["fields"])) == (422, {field})
    body = {"current": PASSWORD, "new": "mot mat khau khac"}
    async with (
        ClientSession() as fresh,
        fresh.post(f"{house.url}/api/v1/me/password", json=body, headers=headers) as answer,
    ):
        assert answer.status == 200
        renewed = answer.cookies["sid"].value
    assert renewed != token
    assert await door.doors.session(renewed) is not None
    assert await door.doors.session(token) is None
    assert await door.doors.session(other) is None
    with pytest.raises(Exception, match="wrong"):
        await door.sign_in.sign_in("lan@example.vn", PASSWORD, address="10.0.0.9")
