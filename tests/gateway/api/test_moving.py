"""From the web chat to Telegram by a link: the same person is known there, once, and both conversations say so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from channels.contract import Kind
from tests.gateway.api.conftest import House
from tests.gateway.api.test_cases import agreed_to_an_application


@pytest.fixture
def named(house: House) -> None:
    async def status() -> dict[str, Any]:
        return {"bot": "ibaohiem_bot"}

    house.clients["telegram:main"].status = status  # type: ignore[attr-defined]


@pytest.mark.usefixtures("named")
async def test_who_comes_by_the_link_is_known(house: House) -> None:
    lan = await house.as_role("advisor", "Lan")
    web = await house.conversation("w1", lead=True, channel="webchat")
    await lan.post(f"/conversations/{web}/take")
    places = (await lan.get(f"/conversations/{web}/places"))["items"]
    assert [(one["account"], one["carries"]) for one in places] == [("telegram:main", True)]
    assert (await lan("POST", f"/conversations/{web}/move", {"account": "webchat:site"}))[0] == 422
    await lan.post(f"/conversations/{web}/move", {"account": "telegram:main"})
    await house.settled()
    said = (await lan.get(f"/conversations/{web}/messages"))["items"][-1]["text"]
    (token,) = re.findall(r"https://t\.me/ibaohiem_bot\?start=(\w+)", said)
    assert len(token) <= 64

    await agreed_to_an_application(house, web)
    await house.say("w2", token, channel="webchat")  # it leads to Telegram: whoever has it elsewhere is a stranger
    await house.say("t9", kind=Kind.FOLLOW, extra={"start": token[:-1] + "x"})  # not ours: a stranger
    await house.say("t1", kind=Kind.FOLLOW, extra={"start": token})
    await house.settled()
    listed = {one["thread"]: one for one in (await lan.get("/conversations", channel="telegram"))["items"]}
    here, stranger, there = listed["t1"], listed["t9"], await lan.get(f"/conversations/{web}")
    assert here["contact_id"] == there["contact_id"] != stranger["contact_id"]
    assert (here["assignee"]["id"], here["status"]) == (lan.id, "with_advisor")
    assert (here["slots"]["phone"], here["name"]) == (there["slots"]["phone"], there["name"])
    assert stranger["assignee"] is None
    assert (there["slots"]["plate"], here["slots"].get("plate")) == ("59X1-123.45", None), (
        "told for an application: not here"
    )
    case = await lan.post("/cases", {"conversation_id": here["id"], "product": "tnds_o_to"})
    owners = "SELECT c.contact_id, s.contact_id, p.contact_id FROM policy_case p JOIN case_step s ON s.case_id = p.id"
    (own,) = await house.parts.store.read(
        lambda tx: tx.all(f"{owners} JOIN conversation c ON c.id = p.conversation_id WHERE p.id = :id", id=case["id"])
    )
    assert len(set(own)) == 1, "parted from him, the case is still his"
    assert own[0] != here["contact_id"]
    notes = (await lan.get(f"/conversations/{here['id']}/messages", notes="true"))["items"]
    assert any("Khách chuyển từ web chat sang đây" in one["text"] for one in notes)
    assert any("Dạ em nhận ra" in one["text"] for one in notes if one["author"] == "bot")
    left = (await lan.get(f"/conversations/{web}/messages", notes="true"))["items"]
    assert left[-1]["text"] == "Khách đã chuyển sang Telegram: trao đổi tiếp ở đó."
    points = {(one["channel"], one["thread"]) for one in (await lan.get(f"/contacts/{here['contact_id']}"))["points"]}
    assert points == {("webchat", "w1"), ("telegram", "t1")}

    await house.say("t2", kind=Kind.FOLLOW, extra={"start": token})  # once: whoever it was passed on to is nobody
    await house.settled()
    other = {one["thread"]: one for one in (await lan.get("/conversations", channel="telegram"))["items"]}["t2"]
    assert other["contact_id"] != here["contact_id"]
    (ticket,) = (await lan.get(f"/conversations/{web}/tickets"))["items"]
    assert (ticket["kind"], ticket["account"], bool(ticket["used_at"])) == ("move", "telegram:main", True)
