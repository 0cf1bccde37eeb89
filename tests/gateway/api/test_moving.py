"""From the web chat to Telegram by a link: the same person is known there, once, and both conversations say so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from channels.contract import Kind
from storage import erasure, erasure_steps, search
from storage.tx import Tx
from tests.gateway.api.conftest import House
from tests.gateway.api.test_cases import agreed_to_an_application


@pytest.fixture
def named(house: House) -> None:
    async def status() -> dict[str, Any]:
        return {"bot": "ibaohiem_bot"}

    house.clients["telegram:main"].status = status  # type: ignore[attr-defined]


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("how", ["parted", "erased"])
async def test_what_came_by_the_link_goes_with_who_told_it(house: House, how: str) -> None:
    chief = await house.as_role("supervisor", "Chief")
    web = await house.conversation("w1", lead=True, channel="webchat")
    await chief.post(f"/conversations/{web}/take")
    await chief.post(f"/conversations/{web}/move", {"account": "telegram:main"})
    await house.settled()
    said = (await chief.get(f"/conversations/{web}/messages"))["items"][-1]["text"]
    (token,) = re.findall(r"https://t\.me/ibaohiem_bot\?start=(\w+)", said)
    await house.say("t1", kind=Kind.FOLLOW, extra={"start": token})
    await house.settled()
    (here,) = (await chief.get("/conversations", channel="telegram"))["items"]
    await chief("PATCH", f"/conversations/{here['id']}/slots", {"field": "email", "value": "moi@example.vn"})
    before = await chief.get(f"/conversations/{here['id']}")
    there = await chief.get(f"/conversations/{web}")
    carried = {"name", "phone", "need", "product"} & before["slots"].keys()
    assert {"name", "phone"} <= carried
    person = await chief.get(f"/contacts/{here['contact_id']}")
    assert person["phones"]

    def ids(tx: Tx) -> tuple[str, str]:
        rows = {row.id: row.contact_id for row in tx.all("SELECT id, contact_id FROM conversation")}
        return rows[here["id"]], rows[web]

    mine, theirs = await house.parts.store.read(ids)
    assert mine != theirs
    await house.indexed()
    if how == "parted":
        await chief.post(f"/contacts/{mine}/unmerge")
    else:  # as a restore does it: him alone, and the copy of the database still has them as one

        def erase(tx: Tx) -> None:
            job = erasure._insert(tx, theirs, [theirs], by="test", reason="restored")
            erasure._run(tx, job, "test")
            while erasure_steps.step(tx, job) in ("look", "cut"):
                pass

        await house.parts.store.run(erase)
    left = await chief.get(f"/conversations/{here['id']}")
    own = await chief.get(f"/contacts/{mine}")
    assert (own["name"] or "", own["phones"], own["emails"]) == ("", [], ["moi@example.vn"])
    assert left["slots"].keys().isdisjoint(carried)
    assert not [row for row in own["consents"] if row["state"] == "given"]
    state = await house.parts.store.read(lambda tx: house.parts.engine.open_for(tx, here["id"]))
    assert ("C1" in state.consents, dict(state.memory.get("carried", {}))) == (False, {})
    found = await house.parts.store.read(
        lambda tx: {
            row.conversation_id
            for word in (there["slots"]["phone"].replace("+84", "0"), search.words(there["slots"]["name"])[-1])
            for row in tx.all(
                "SELECT conversation_id FROM search_token WHERE token = :token", token=search.token(tx.keys, word)
            )
        }
    )
    assert here["id"] not in found
    if how == "parted":
        assert (await chief.get(f"/conversations/{web}"))["slots"] == there["slots"]
        assert (await chief.get(f"/contacts/{theirs}"))["phones"] == person["phones"]


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
