"""A conversation on paper: whole, escaped, masked for whom it is printed, and in the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from channels.contract import Kind, Permanent, SharedContact
from gateway.desk.words import Words
from handlers import stages
from storage import sessions
from tests.support.desk import Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


async def page(office: Office, name: str, role: str, path: str) -> tuple[int, str]:
    person = await office.hire(name, role)
    token = sessions.new_token()
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    async with (
        ClientSession(cookies={"sid": token}) as session,
        session.get(office.url + path, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


async def test_it_is_whole_and_masked_for_whom_it_is(office: Office) -> None:
    found = await office.lead("1001")
    await office.say("1001", "<img src=x onerror=alert(1)> số em 0987654321")
    await office.settled()
    lan = await office.hire("Lê Lan")
    await office.act(found, "take", lan)
    office.platforms["telegram"].faults.append(Permanent("no", reason="blocked"))
    await office.act(found, "reply", lan, text="Dạ em gửi báo phí")
    await office.act(found, "note", lan, text="anh Hùng khó tính")
    await office.say("1001", kind=Kind.LOCATION, location=(10.77689, 106.70098))
    await office.say("1001", kind=Kind.STICKER)
    await office.say("1001", kind=Kind.CONTACT, contact=SharedContact(phone="0987654321", name="Vợ"))
    await office.say("1001", kind=Kind.FORM, extra={"Người đi cùng": "vợ anh Nguyễn Văn Hùng", "Xe": "4 chỗ"})
    await office.settled()
    at = f"/desk/c/{found}/print"
    status, chief = await page(office, "Vũ Thu", "supervisor", at)
    assert status == 200
    assert "&lt;img src=x onerror=alert(1)&gt; số em 0987654321" in chief
    assert "<img src=x" not in chief
    for words in (
        "Nguyễn Văn Hùng",
        "Dạ em gửi báo phí",
        "Lê Lan",
        "84987654321",
        "Vị trí: 10.77689, 106.70098",
        "Nhãn dán",
        "Danh thiếp: Vợ",
        "vợ anh Nguyễn Văn Hùng",
    ):
        assert words in chief
    assert "anh Hùng khó tính" not in chief
    assert '<p class="fate failed">Không gửi được. Khách đã chặn mình trên kênh này.</p>' in chief
    status, noted = await page(office, "Vũ Hoa", "supervisor", at + "?notes=1")
    assert "anh Hùng khó tính" in noted
    status, other = await page(office, "Phạm Minh", "advisor", at + "?notes=1")
    assert (status, "Thông tin riêng của khách được che" in other) == (200, True)
    assert "Nguyễn V** H***" in other
    assert "anh H*** khó tính" in other
    assert "vợ anh Nguyễn V** H***" in other
    assert "Xe: 4 chỗ" in other
    for hidden in ("Hùng", "0987654321", "84987654321", "10.77689"):
        assert hidden not in other
    await office.act(found, "close", lan, outcome="done")
    assert "<dt>Kết thúc</dt><dd>Đã giải quyết, " in (await page(office, "Vũ An", "supervisor", at))[1]
    assert (await page(office, "Ai Đó", "advisor", "/desk/c/nope/print"))[0] == 404
    async with ClientSession() as session, session.get(office.url + at, allow_redirects=False) as answer:
        assert answer.status == 303
    made = await office.parts.store.read(
        lambda tx: tx.value(
            "SELECT COUNT(*) FROM audit_entry WHERE action = 'conversation.print' AND object_id = :id", id=found
        )
    )
    assert made == 4
    for lang in ("vi", "en"):
        endings = {stages.ending(stage, "") for stage in stages.CLOSED} | {"done"}
        assert {f"outcome_{each}" for each in endings} <= set(Words().script(lang))
