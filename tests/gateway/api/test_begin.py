"""Writing first: by which ways, and to whom not."""

from __future__ import annotations

from channels.contract import Kind
from tests.gateway.api.conftest import House, fields_of


async def test_each_way_to_a_customer_with_why_it_is_closed(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    one = await lan.get(f"/conversations/{await house.conversation('t1', lead=True)}")
    other = await lan.get(f"/conversations/{await house.conversation('v1', channel='webchat', lead=True)}")
    chief = await house.as_role("supervisor")
    await chief.post(f"/contacts/{other['contact_id']}/merge", {"into": one["contact_id"]})
    await house.say("t1", kind=Kind.UNFOLLOW)
    await house.settled()
    ways = await lan.get(f"/contacts/{one['contact_id']}/ways")
    told = {way["channel"]: (way["open"], way["why"]) for way in ways["items"]}
    assert told == {"telegram": (False, "blocked"), "webchat": (True, "")}
    assert ways["call"] is True

    status, body = await lan("POST", "/conversations", {"point": point_of(ways, "telegram"), "text": "Chào anh"})
    assert (status, body["error"]["code"]) == (422, "window_closed")
    assert body["error"]["fields"] == {"reason": "blocked", "ways": "chat:webchat:site, call"}
    begun = await lan.post("/conversations", {"point": point_of(ways, "webchat"), "text": "Chào anh"})
    assert begun["assignee"]["id"] == lan.id
    said = (await lan.get(f"/conversations/{begun['id']}/messages"))["items"][-1]
    assert (said["author"], said["text"]) == ("advisor", "Chào anh")


async def test_nobody_writes_first_to_who_told_us_to_stop(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    one = await lan.get(f"/conversations/{await house.conversation('t1')}")
    await house.say("t1", "STOP")
    await house.settled()
    await house.say("t1", kind=Kind.BUTTON, payload="opt:all", text="Dừng tất cả")
    await house.settled()
    wanted = {"contact_id": one["contact_id"], "text": "Bên em có ưu đãi"}
    status, body = await lan("POST", "/conversations", wanted)
    assert (status, body["error"]["code"], fields_of(body)) == (422, "window_closed", {"reason", "ways"})
    assert body["error"]["fields"]["reason"] == "opt-out"
    ways = (await lan.get(f"/contacts/{one['contact_id']}/ways"))["items"]
    assert [(way["open"], way["why"]) for way in ways] == [(False, "opt-out")]

    await house.say("t1", "gặp tư vấn viên")  # he speaks: he is answered
    await house.settled()
    assert (await lan.post("/conversations", wanted))["status"] == "with_advisor"


async def test_another_conversation_that_is_open_lets_nobody_write_first_here(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    one = await lan.get(f"/conversations/{await house.conversation('t1', lead=True)}")
    other = await lan.get(f"/conversations/{await house.conversation('v1', channel='webchat', lead=True)}")
    chief = await house.as_role("supervisor")
    await chief.post(f"/contacts/{other['contact_id']}/merge", {"into": one["contact_id"]})
    await chief.post(f"/conversations/{one['id']}/take")
    await chief.post(f"/conversations/{one['id']}/close", {"outcome": "no_need"})
    await house.say("v1", "rút lại đồng ý", channel="webchat")
    await house.settled()
    ways = await lan.get(f"/contacts/{one['contact_id']}/ways")
    told = {way["channel"]: (way["open"], way["why"]) for way in ways["items"]}
    assert told == {"telegram": (False, "consent withdrawn"), "webchat": (True, "")}
    status, body = await lan("POST", "/conversations", {"point": point_of(ways, "telegram"), "text": "Chào anh"})
    assert (status, body["error"]["fields"]["reason"]) == (422, "consent withdrawn")


def point_of(ways: dict[str, list[dict[str, str]]], channel: str) -> dict[str, str]:
    way = next(way for way in ways["items"] if way["channel"] == channel)
    return {key: way[key] for key in ("channel", "account", "thread")}
