"""A masked value in full: for who asks, written down each time, with a reason where it is grave, and not without end."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.api import routes_reveal
from gateway.web.limits import Limit
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import PASSWORD, Office

ID_NUMBER = "079203001234"


async def ask(clerk: Clerk, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with clerk.ask(method, f"/api/v1{path}", **more) as answer:
        return answer.status, await answer.json()


async def look(clerk: Clerk, conversation: str, field: str, reason: str = "") -> tuple[int, Any]:
    return await ask(clerk, "POST", f"/conversations/{conversation}/reveal", json={"field": field, "reason": reason})


@pytest.fixture
async def theirs(office: Office, clerk: Clerk) -> str:
    """A conversation that Minh has, with a national id in it; the clerk at the desk is Lan."""
    conversation = await office.lead("1001", "Nguyễn Văn Hùng", "0912 345 678")
    await office.hire("Minh", "advisor", email="minh@x.vn")
    await clerk.sign_in("minh@x.vn")
    assert (await ask(clerk, "POST", f"/conversations/{conversation}/take", json={}))[0] == 200
    said = {"field": "id_number", "value": ID_NUMBER}
    assert (await ask(clerk, "PATCH", f"/conversations/{conversation}/slots", json=said))[0] == 200
    clerk.cookie = ""
    await clerk.sign_in("lan@x.vn")
    return conversation


async def entries(office: Office, conversation: str) -> list[tuple[str, str]]:
    rows = await office.parts.store.read(
        lambda tx: tx.all(
            "SELECT fields, result FROM audit_entry WHERE action = 'reveal' AND object_id = :id ORDER BY id",
            id=conversation,
        )
    )
    return [(row.fields, row.result) for row in rows]


async def test_each_look_is_written_down_without_the_value(office: Office, clerk: Clerk, theirs: str) -> None:
    assert (await ask(clerk, "GET", f"/conversations/{theirs}"))[1]["slots"]["phone"] == "091****678"
    for _ in range(2):
        status, told = await look(clerk, theirs, "phone")
        assert (status, told["values"]) == (200, ["+84912345678"])
    assert (await look(clerk, theirs, "name"))[1]["values"][0] == "Nguyễn Văn Hùng"
    assert (await look(clerk, theirs, "chassis_no", "policy"))[1]["values"] == []
    assert [each[0] for each in await entries(office, theirs)] == [
        '["phone"]',
        '["phone"]',
        '["name"]',
        '["chassis_no","reason:policy"]',
    ]
    assert (await look(clerk, "0" * 26, "phone"))[0] == 404


async def test_what_is_grave_wants_a_reason_and_a_national_id_a_proof(
    office: Office, clerk: Clerk, theirs: str
) -> None:
    assert (await look(clerk, theirs, "id_number"))[1]["error"]["fields"] == {"reason": "say what it is for"}
    assert (await look(clerk, theirs, "id_number", "because"))[0] == 422
    assert (await look(clerk, theirs, "id_number", "policy"))[1]["values"] == [ID_NUMBER]
    office.parts.clock.offset_ms += 16 * 60_000
    status, told = await look(clerk, theirs, "id_number", "policy")
    assert (status, told["error"]["code"]) == (403, "proof_needed")
    assert (await look(clerk, theirs, "phone"))[0] == 200
    assert (await ask(clerk, "POST", "/me/proof", json={"password": PASSWORD}))[0] == 200
    assert (await look(clerk, theirs, "id_number", "policy"))[0] == 200
    assert len(await entries(office, theirs)) == 3, "what was refused was not seen"


async def test_a_national_id_is_masked_even_for_who_works_with_him(office: Office, clerk: Clerk, theirs: str) -> None:
    async def seen() -> str:
        return str((await ask(clerk, "GET", f"/conversations/{theirs}"))[1]["slots"]["id_number"])

    assert await seen() == "079*****1234"
    clerk.cookie = ""
    await clerk.sign_in("minh@x.vn")
    assert await seen() == "079*****1234"
    assert (await ask(clerk, "GET", f"/conversations/{theirs}"))[1]["slots"]["phone"] == "+84912345678"
    await office.hire("Sếp", "admin", email="sep@x.vn")
    clerk.cookie = ""
    await clerk.sign_in("sep@x.vn")
    assert await seen() == ID_NUMBER, "the contract: an administrator sees personal fields unmasked"


async def test_not_without_end_and_not_for_everybody(
    office: Office, clerk: Clerk, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_reveal, "_LIMITS", Limit(2, 3600.0))
    assert [(await look(clerk, theirs, "phone"))[0] for _ in range(3)] == [200, 200, 429]
    assert len(await entries(office, theirs)) == 2
    await office.hire("Thư", "dpo", email="dpo@x.vn")
    clerk.cookie = ""
    await clerk.sign_in("dpo@x.vn")
    assert (await look(clerk, theirs, "phone"))[0] == 403
