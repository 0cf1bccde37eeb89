"""Canned answers: who may change them, how they are filled, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.desk.conftest import Clerk
from tests.support.desk import Office

HELLO = {
    "shortcut": "/Chao",
    "title": "Chào khách",
    "text": "{xung_ho} {ten} ơi, em là {tu_van_vien}. Mã {ma_yeu_cau}.",
}


async def ask(clerk: Clerk, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with clerk.ask(method, f"/api/v1{path}", **more) as answer:
        return answer.status, await answer.json()


@pytest.fixture
async def chief(office: Office, clerk: Clerk) -> Clerk:
    await office.hire("Phạm Thu", "supervisor", email="thu@x.vn")
    await clerk.sign_in("thu@x.vn")
    return clerk


async def test_a_supervisor_writes_them_and_an_advisor_says_them(office: Office, chief: Clerk) -> None:
    status, made = await ask(chief, "POST", "/canned", json=HELLO)
    assert (status, made["shortcut"]) == (201, "chao")
    assert (await ask(chief, "POST", "/canned", json=HELLO))[0] == 409
    conversation = await office.lead("1001", "Nguyễn Văn Hùng")
    lan = await office.hire("Trần Thị Lan Anh", "advisor", email="lananh@x.vn")
    await office.act(conversation, "take", lan)
    chief.cookie = ""
    await chief.sign_in("lananh@x.vn")
    status, found = await ask(chief, "GET", f"/conversations/{conversation}/canned")
    (filled,) = found["items"]
    code = (await ask(chief, "GET", f"/conversations/{conversation}"))[1]["code"]
    assert filled["text"] == f"Anh/chị Hùng ơi, em là Trần Thị Lan Anh. Mã {code or '{ma_yeu_cau}'}."
    assert filled["missing"] == ([] if code else ["ma_yeu_cau"])
    assert (await ask(chief, "POST", "/canned", json=HELLO | {"shortcut": "x"}))[0] == 403
    assert (await ask(chief, "DELETE", f"/canned/{made['id']}"))[0] == 403


async def test_what_is_not_known_stays_a_place_to_fill(office: Office, chief: Clerk) -> None:
    await ask(chief, "POST", "/canned", json=HELLO)
    conversation = await office.customer("1002", "gặp tư vấn viên", name="")
    (filled,) = (await ask(chief, "GET", f"/conversations/{conversation}/canned"))[1]["items"]
    assert "{ten}" in filled["text"]
    assert filled["missing"] == ["ten", "ma_yeu_cau"]
    assert (await ask(chief, "GET", "/conversations/01k8000000000000000000000/canned"))[0] == 404


async def test_changed_and_removed(office: Office, chief: Clerk) -> None:
    _, made = await ask(chief, "POST", "/canned", json=HELLO)
    await ask(chief, "POST", "/canned", json=HELLO | {"shortcut": "phi"})
    changed = HELLO | {"shortcut": "chao-sang", "text": "Chào buổi sáng ạ."}
    assert (await ask(chief, "PATCH", f"/canned/{made['id']}", json=changed))[1]["text"] == "Chào buổi sáng ạ."
    assert (await ask(chief, "PATCH", f"/canned/{made['id']}", json=HELLO | {"shortcut": "phi"}))[0] == 409
    assert (await ask(chief, "DELETE", f"/canned/{made['id']}"))[0] == 200
    assert (await ask(chief, "DELETE", f"/canned/{made['id']}"))[0] == 404
    assert [one["shortcut"] for one in (await ask(chief, "GET", "/canned"))[1]["items"]] == ["phi"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"shortcut": "chào"}, "shortcut"),
        ({"shortcut": "a b"}, "shortcut"),
        ({"shortcut": ""}, "shortcut"),
        ({"title": " "}, "title"),
        ({"text": ""}, "text"),
        ({"text": "Phí là {phi}"}, "text"),
    ],
)
async def test_a_mistake_is_named(chief: Clerk, given: dict[str, str], field: str) -> None:
    status, told = await ask(chief, "POST", "/canned", json=HELLO | given)
    assert (status, list(told["error"]["fields"])) == (422, [field])
