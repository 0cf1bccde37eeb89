"""Role × route: every declared route is asked by every role; and who sees which personal fields where."""

from __future__ import annotations

from typing import Any, Final

from gateway.api import declared
from gateway.api.allow import SOCKET_ONLY, TABLE, Actor, Thing, allow
from gateway.api.declare import Route
from tests.gateway.api.conftest import ROLES, Caller, House

PHONE: Final = "+84912345678"
MASKED: Final = "091****678"


def test_every_route_names_an_action_that_somebody_may_do() -> None:
    for route in declared():
        granted = [role for role in TABLE if route.may in TABLE[role]]
        assert granted or route.open or route.may in SOCKET_ONLY, route.path


async def test_each_role_gets_in_where_the_table_says_so_and_nowhere_else(house: House) -> None:
    conversation = await house.conversation("matrix", lead=True)
    boss = await house.as_role("admin", "boss")
    contact = (await boss.get(f"/conversations/{conversation}"))["contact_id"]
    ids = {"conversation_id": conversation, "contact_id": contact}
    for role in ROLES:
        caller = await house.as_role(role)
        for route in declared():
            if route.path == "/users/{user_id}/disable":
                continue
            status, body = await attempt(caller, route, ids)
            forbidden = status == 403 and body["error"]["code"] == "forbidden"
            lawful = route.open or route.may in TABLE[role]
            assert forbidden is not lawful, (role, route.method, route.path, status, body)
            assert status < 500, (role, route.method, route.path, body)


async def attempt(caller: Caller, route: Route, ids: dict[str, str]) -> tuple[int, Any]:
    """The route with an empty body: enough to be told apart from being kept out."""
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", ids.get(name, "0" * 26))
    if route.form:
        return await caller(route.method, path, data=b"", headers={"Content-Type": "multipart/form-data; boundary=x"})
    return await caller(route.method, path, {} if route.method in ("POST", "PATCH") else None)


async def test_who_sees_personal_fields(house: House) -> None:
    mine, waiting, bots = [await house.conversation(thread, lead=thread != "b") for thread in ("m", "w", "b")]
    theirs = await house.conversation("t", lead=True)
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    await lan.post(f"/conversations/{mine}/take")
    await minh.post(f"/conversations/{theirs}/take")
    for role in ROLES:
        caller = lan if role == "advisor" else await house.as_role(role)
        sees_all = role in ("admin", "supervisor", "integration")
        works = role in ("advisor", "intake")
        plain = {mine: sees_all or role == "advisor", waiting: sees_all or works, theirs: sees_all}
        listed = {each["id"]: each for each in (await caller.get("/conversations"))["items"]}
        for conversation, open_ in plain.items():
            for shown in (listed[conversation], await caller.get(f"/conversations/{conversation}")):
                assert shown["masked"] is not open_, role
                assert shown["slots"]["phone"] == (PHONE if open_ else MASKED)
                assert shown["slots"]["name"] == ("Nguyễn Văn Hùng" if open_ else "Nguyễn V** H***")
                assert shown["thread"] in ("m", "w", "t"), "the platform's id is never masked"
            said = " ".join(
                each["text"] for each in (await caller.get(f"/conversations/{conversation}/messages"))["items"]
            )
            assert ("0912 345 678" in said) is open_, role
            contact = await caller.get(f"/contacts/{listed[conversation]['contact_id']}")
            assert contact["masked"] is not open_
            assert contact["phones"] == [PHONE if open_ else MASKED]
            assert contact["points"][0]["thread"] == listed[conversation]["thread"]
        assert listed[bots]["masked"] is not sees_all


async def test_reading_is_written_down_once_and_without_values(house: House) -> None:
    conversation = await house.conversation("audit", lead=True)
    lan, dpo, boss = await house.as_role("advisor", "Lan"), await house.as_role("dpo"), await house.as_role("admin")
    for _ in range(3):
        await lan.get(f"/conversations/{conversation}/messages")
        await dpo.get(f"/conversations/{conversation}/messages")
    await lan.get("/conversations", q="hùng")
    await house.api.reads.flush()
    lines = (await dpo.get("/audit", actor=lan.id))["items"]
    assert sorted((each["action"], each["object_id"], *each["fields"]) for each in lines) == [
        ("conversation.search", "", "q"),
        ("message.read", conversation, "messages"),
    ]
    assert (await dpo.get("/audit", actor=dpo.id))["items"] == [], "what is masked needs no line"
    assert "Hùng" not in str((await boss.get("/audit"))["items"])
    verified = await dpo.get("/audit/verify")
    assert verified["ok"] is True


def actor(role: str) -> Actor:
    return Actor(id="me", name="me", role=role, door="token", credential="t", own_role=role)


def test_the_table() -> None:
    free, mine, theirs = Thing(), Thing(assignee="me"), Thing(assignee="other")
    for action in ("reply", "close", "transfer", "return", "snooze"):
        for role in ("advisor", "intake"):
            assert allow(actor(role), action, free)
            assert allow(actor(role), action, mine)
            assert not allow(actor(role), action, theirs)
        for role in ("admin", "supervisor", "integration"):
            assert allow(actor(role), action, theirs)
        assert not allow(actor("dpo"), action, free)
    for action in SOCKET_ONLY:
        assert not allow(actor("admin"), action)
    assert not allow(actor("nonsense"), "me")
    assert not allow(actor("admin"), "nonsense")
    for role in ("advisor", "intake"):
        assert not allow(actor(role), "contact.edit", free)
        assert allow(actor(role), "contact.edit", Thing(waiting=True))
        assert allow(actor(role), "contact.edit", Thing(mine=True))
        assert not allow(actor(role), "unmask", free)
        assert allow(actor(role), "unmask", mine)
    assert not allow(actor("dpo"), "unmask", Thing(waiting=True, mine=True))
