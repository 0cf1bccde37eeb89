"""A person's rights through the API: who is meant, what would go, four eyes, what is held, and who may not."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from typing import Any

import pytest

from gateway.api import who
from gateway.api.errors import ApiError
from storage import advisors
from tests.gateway.api.conftest import Caller, House

PASSWORD = "mot mat khau du dai"


class Signed(Caller):
    """Somebody at the desk: `token` is his session's."""

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {"Cookie": f"sid={self.token}", "Origin": self.base.removesuffix("/api/v1")}
        async with self.session.request(method, self.base + path, json=json, headers=headers, **more) as answer:
            return answer.status, await answer.json()


async def at_the_desk(house: House, role: str) -> Signed:
    hashed, email = await house.api.sign_in.hash(PASSWORD), f"{role}@example.vn"
    await house.parts.store.run(
        lambda tx: advisors.create(tx, email=email, name=role, role=role, password_hash=hashed, by="test")
    )
    signed = await house.api.sign_in.sign_in(email, PASSWORD, address="127.0.0.1")
    return Signed(house.session, f"{house.url}/api/v1", signed.token, signed.advisor_id, role, role)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0912345678", {"phones": ["+84912345678"]}),
        ("091 234 5678", {"phones": ["+84912345678"]}),
        ("+84 912.345.678", {"phones": ["+84912345678"]}),
        ("84912345678", {"phones": ["+84912345678"]}),
        ("0168 234 5678", {"phones": ["+84382345678"]}),
        ("o912345678", {"phones": ["+84912345678"]}),
        ("Lan.Huong@Example.vn", {"emails": ["lan.huong@example.vn"]}),
        ("huong @ example . vn", {"emails": ["huong@example.vn"]}),
        ("0" * 26, {"contact_id": "0" * 26}),
        ("nobody at all", None),
    ],
)
def test_a_number_is_read_in_any_habit(said: str, meant: dict[str, Any] | None) -> None:
    if meant is None:
        with pytest.raises(ApiError):
            who.read(said)
    else:
        assert who.read(said) == meant


async def test_asked_by_one_done_by_another(house: House) -> None:
    conversation = await house.conversation("lan", lead=True)
    boss, officer = await at_the_desk(house, "admin"), await house.as_role("dpo")
    contact = (await boss.get(f"/conversations/{conversation}"))["contact_id"]
    (someone,) = (await officer.post("/privacy/find", {"who": "0912 345 678"}))["items"]
    assert (someone["id"], someone["name"], someone["phones"]) == (contact, "Nguyễn V** H***", ["091****678"])
    plan = await officer.get(f"/contacts/{contact}/erasure")
    assert plan["contacts"] == [contact]
    assert plan["goes"]["conversation"] == 1
    assert [stay["kind"] for stay in plan["stays"]] == ["consents"]

    asked = await officer.post("/privacy/erasures", {"contact_id": contact, "reason": "request"})
    path = f"/privacy/erasures/{asked['id']}"
    assert (asked["state"], asked["asked_by"]) == ("asked", officer.id)
    status, refused = await officer("POST", f"{path}/approve", {})
    assert (status, refused["error"]["code"]) == (403, "proof_needed")
    assert (await boss.post(f"{path}/approve", {}))["state"] == "running"
    assert (await boss("POST", f"{path}/approve", {}))[0] == 409
    await house.api.erasing.run()
    (done,) = (await officer.get("/privacy/erasures"))["items"]
    assert (done["state"], done["decided_by"], done["proof"]["rows"]) == ("done", boss.id, 0)
    assert (await boss("GET", f"/contacts/{contact}"))[0] == 404
    assert (await boss("GET", f"/conversations/{conversation}"))[0] == 404
    assert (await officer.post("/privacy/find", {"who": "0912345678"}))["items"] == []
    assert (await boss("GET", f"/contacts/{contact}/erasure"))[0] == 404

    (held,) = (await officer.get("/privacy/held", contact=contact))["items"]
    assert (await officer("GET", f"/privacy/held/{held['id']}"))[0] == 422, "for what?"
    opened = await officer.get(f"/privacy/held/{held['id']}", purpose="dispute")
    assert opened["content"]["consents"][0]["purpose"] == "C1"
    lines = (await boss.get("/audit", object=held["id"]))["items"]
    assert [(line["action"], line["fields"]) for line in lines] == [("held.read", ["purpose:dispute"])]
    assert (await boss("POST", f"/contacts/{contact}/erase", {}))[0] == 403, "at once: at the machine only"


async def test_the_clock_finds_what_was_approved(house: House) -> None:
    """Nobody has to wait for an answer: what was approved is done by the tick, after a restart too."""
    ticks = {name: call for name, _, call in house.parts.ticks}
    await house.say("lan", "mình muốn mua bảo hiểm")
    await house.settled()
    contact = await house.parts.store.read(lambda tx: tx.value("SELECT id FROM contact"))
    boss, officer = await at_the_desk(house, "admin"), await house.as_role("dpo")
    asked = await officer.post("/privacy/erasures", {"contact_id": contact, "reason": "withdrawal"})
    await boss.post(f"/privacy/erasures/{asked['id']}/approve", {})
    await asyncio.gather(ticks["erasures"](), ticks["erasures"]())
    assert (await officer.get("/privacy/erasures"))["items"][0]["state"] == "done"


async def test_four_eyes_are_two_people_at_the_desk(house: House) -> None:
    """No token approves, whoever it acts for; nor does who made the token that asked. Who is in it stays in it meanwhile."""
    boss, token = await at_the_desk(house, "admin"), await house.as_role("admin")
    contact = (await token.get(f"/conversations/{await house.conversation('lan')}"))["contact_id"]
    sister = (await token.get(f"/conversations/{await house.conversation('sister')}"))["contact_id"]
    first = await boss.post("/tokens", {"name": "crm", "role": "admin"})
    made = Caller(house.session, boss.base, first["token"], first["id"], "crm", "admin")
    second = await made.post("/tokens", {"name": "crm two", "role": "admin"})
    deep = Caller(house.session, boss.base, second["token"], second["id"], "crm two", "admin")
    asked = await deep.post("/privacy/erasures", {"contact_id": contact, "reason": "request"})
    path = f"/privacy/erasures/{asked['id']}/approve"
    for caller in (deep, made, token):
        assert (await caller("POST", path, {}))[0] == 403, caller.name
    acting = await token("POST", path, {}, headers={"X-Act-As": (await house.as_role("dpo")).id})
    assert acting[0] == 403
    status, refused = await boss("POST", path, {})
    assert (status, refused["error"]["code"]) == (403, "forbidden"), "his token's token asked"
    for into in ((contact, sister), (sister, contact)):
        status, refused = await token("POST", f"/contacts/{into[0]}/merge", {"into": into[1], "why": ""})
        assert (status, refused["error"]["code"]) == (409, "wrong_state")
    assert (await (await at_the_desk(house, "dpo")).post(path, {}))["state"] == "running"


async def test_a_copy_is_handed_out_for_a_purpose_that_is_written_down(house: House) -> None:
    conversation = await house.conversation("lan", lead=True)
    boss, officer = await house.as_role("admin"), await house.as_role("dpo")
    contact = (await boss.get(f"/conversations/{conversation}"))["contact_id"]
    assert (await officer("POST", f"/contacts/{contact}/export", {}))[0] == 422
    status, data = await officer("POST", f"/contacts/{contact}/export", {"purpose": "access"})
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        digest = hashlib.sha256(archive.read("manifest.json")).hexdigest()
        assert "Nguyễn Văn Hùng" in archive.read("index.html").decode()
    lines = (await boss.get("/audit", object=contact))["items"]
    exported = [line for line in lines if line["action"] == "contact.export"]
    assert [(line["actor"], line["fields"]) for line in exported] == [
        (officer.id, ["purpose:access", f"manifest:{digest}"])
    ]
    assert (await boss("POST", f"/contacts/{'0' * 26}/export", {"purpose": "access"}))[0] == 404
