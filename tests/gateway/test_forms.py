"""What must not be asked in a chat: an advisor sends a form, the customer fills it in once, and it is in the conversation."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request

from gateway.config import Config
from gateway.forms import A_MINUTE, Forms
from gateway.tickets import _signed
from storage import tokens
from storage.ids import new_id
from tests.support.desk import Office

if TYPE_CHECKING:
    from gateway.parts import Parts

KEY = b"k" * 32
GOOD = {"dob": "12/05/1990", "id_number": "079 090 001 234", "agree": "yes"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as running:
        yield running


class Desk:
    """The API as one advisor."""

    def __init__(self, office: Office, session: ClientSession, secret: str) -> None:
        self.url, self.session, self.secret = f"{office.url}/api/v1", session, secret

    async def __call__(self, method: str, path: str, json: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.secret}"}
        async with self.session.request(method, self.url + path, json=json, headers=headers) as answer:
            return answer.status, await answer.json()


async def desk_of(office: Office, session: ClientSession, name: str, role: str = "advisor") -> Desk:
    secret = tokens.new_secret()
    await office.parts.store.run(lambda tx: tokens.create(tx, secret, name=name, role=role, by="test"))
    return Desk(office, session, secret)


async def test_a_form_is_filled_in_once_and_fills_the_fields(office: Office) -> None:
    async with ClientSession() as session:
        lan = await desk_of(office, session, "Lan")
        await office.customer("v1", "Chào shop", channel="webchat")
        found = await office.customer("v1", channel="webchat")
        at = f"/conversations/{found}"
        assert (await lan("POST", f"{at}/forms", {"fields": ["dob"]}))[1]["error"]["code"] == "wrong_state"
        found = await office.lead("v2", channel="webchat")
        at = f"/conversations/{found}"
        await lan("POST", f"{at}/take")
        assert (await lan("POST", f"{at}/forms", {"fields": ["dob", "shoe_size"]}))[0] == 422
        assert (await lan("POST", f"{at}/forms", {"fields": ["dob", "id_number"]}))[0] == 200
        await office.settled()
        said = (await lan("GET", f"{at}/messages?limit=200"))[1]["items"][-1]["text"]
        assert "ngày sinh, số CCCD/hộ chiếu" in said
        (link,) = re.findall(r"http\S+/form/\S+", said)
        assert link.startswith(office.url)

        async with session.get(link) as page:
            shown = await page.text()
            assert (page.status, page.headers["X-Robots-Tag"]) == (200, "noindex, nofollow")
        assert "Ngày sinh" in shown
        assert "Hùng" not in shown
        assert "0912" not in shown
        for wrong, words in (
            ({**GOOD, "agree": ""}, "cần đồng ý"),
            ({**GOOD, "id_number": "123456789"}, "CMND 9 số không còn giá trị"),
            ({**GOOD, "id_number": "123456789"}, "9-digit ID cards are no longer valid"),
            ({**GOOD, "dob": "<script>"}, "Không có ngày này"),
        ):
            async with session.post(link, data=wrong) as page:
                body = await page.text()
                assert page.status == 422
                assert words in body
                assert "<script>" not in body
        assert 'autocomplete="bday"' in shown
        for tap in (session.post(link, data=GOOD), session.post(link, data={**GOOD, "dob": "1/1/1980"})):
            async with tap as page:  # twice, and after each the browser goes to a page that may be read again
                assert [each.status for each in page.history] == [303]
                assert (page.status, "Đã nhận được" in await page.text()) == (200, True)
        async with session.get(link) as page:
            assert (page.status, "Đã nhận được" in await page.text()) == (200, True)
        for forged in (link[:-1] + ("0" if link[-1] != "0" else "1"), f"{office.url}/form/x"):
            async with session.get(forged) as page:
                assert page.status == 410

        await office.settled()
        one = (await lan("GET", at))[1]
        assert (one["slots"]["dob"], one["slots"]["id_number"]) == ("1990-05-12", "079*****1234")
        chief = await desk_of(office, session, "Thu", "supervisor")
        assert (await chief("GET", at))[1]["slots"]["id_number"] == "079090001234"
        assert {each["after"] for each in (await chief("GET", f"{at}/changes"))[1]["items"]} == {
            "1990-05-12",
            "079090001234",
        }
        notes = (await lan("GET", f"{at}/messages?limit=200&notes=true"))[1]["items"]
        assert notes[-1]["text"] == "Khách đã điền biểu mẫu: Ngày sinh, Số CCCD/căn cước hoặc hộ chiếu."
        changes = (await lan("GET", f"{at}/changes"))[1]["items"]
        assert {each["after"] for each in changes} == {"1990-05-12", "079*****1234"}
        assert {(each["field"], each["source"], each["before"]) for each in changes} == {
            ("dob", "form", None),
            ("id_number", "form", None),
        }
        (ticket,) = (await lan("GET", f"{at}/tickets"))[1]["items"]
        assert (ticket["kind"], ticket["fields"], ticket["used_at"] is not None) == ("form", ["dob", "id_number"], True)
        contact = (await lan("GET", f"/contacts/{one['contact_id']}"))[1]
        assert ("C2", "given") in {(each["purpose"], each["state"]) for each in contact["consents"]}
        kept = await office.parts.store.read(
            lambda tx: tx.all("SELECT body_sealed FROM inbox_event WHERE kind = 'filled'")
        )
        assert [row.body_sealed for row in kept] == [None]

        minh = await desk_of(office, session, "Minh")
        theirs = (await minh("GET", at))[1]["slots"]
        assert (theirs["dob"], theirs["id_number"]) == ("**/**/1990", "079*****1234")
        masked = {each["field"]: each["after"] for each in (await minh("GET", f"{at}/changes"))[1]["items"]}
        assert masked == {"dob": "**/**/1990", "id_number": "079*****1234"}


def looks(parts: Any, *tokens: str) -> list[Any]:
    forms = Forms(cast("Parts", parts))
    asked = [make_mocked_request("GET", f"/form/{one}", match_info={"token": one}) for one in tokens]
    return [forms._busy(one) for one in asked]


def test_each_form_has_its_own_measure_and_whoever_is_too_quick_reads_why() -> None:
    signed = SimpleNamespace(
        engine=SimpleNamespace(keys=SimpleNamespace(secret=lambda purpose: KEY, secrets=lambda purpose: (KEY,)))
    )
    parts = SimpleNamespace(config=Config(path=Path("config.yaml")), **vars(signed))
    hers, his = (_signed(cast("Parts", signed), f"f{new_id()}") for _ in range(2))
    answers = looks(parts, *[hers] * A_MINUTE, hers, his, *["guess"] * A_MINUTE, "another guess")
    busy = [at for at, answer in enumerate(answers) if answer]
    assert busy == [A_MINUTE, len(answers) - 1]  # his is not slower for it, though both come from one address
    for answer in (answers[at] for at in busy):
        assert (answer.status, answer.content_type) == (429, "text/html")
        assert 1 <= int(answer.headers["Retry-After"]) <= 61
        assert "đợi một phút" in answer.text


async def test_a_value_is_put_right_and_a_missing_one_asked_for(office: Office) -> None:
    async with ClientSession() as session:
        lan, minh = await desk_of(office, session, "Lan"), await desk_of(office, session, "Minh")
        found = await office.lead("t1")
        at = f"/conversations/{found}"
        await lan("POST", f"{at}/take")
        status, body = await lan("PATCH", f"{at}/slots", {"field": "phone", "value": "09123"})
        assert (status, body["error"]["fields"]) == (422, {"value": "too_short"})
        assert (await minh("PATCH", f"{at}/slots", {"field": "name", "value": "Ai Đó"}))[0] == 403
        status, one = await lan("PATCH", f"{at}/slots", {"field": "phone", "value": "0987 654 321"})
        assert (status, one["slots"]["phone"]) == (200, "+84987654321")
        await lan("PATCH", f"{at}/slots", {"field": "phone", "value": "0987654321"})  # the same: nothing happened
        (change,) = (await lan("GET", f"{at}/changes"))[1]["items"]
        assert (change["field"], change["before"], change["after"]) == ("phone", "+84912345678", "+84987654321")
        assert change["by"]["name"] == "Lan"
        contact = (await lan("GET", f"/contacts/{one['contact_id']}"))[1]
        assert "+84987654321" in contact["phones"]

        assert (await lan("POST", f"{at}/ask", {"field": "province"}))[0] == 200
        await office.settled()
        await office.say("t1", "mình ở Cần Thơ")
        await office.settled()
        one = (await lan("GET", at))[1]
        assert one["slots"]["province"] == "Cần Thơ"
        notes = (await lan("GET", f"{at}/messages?limit=200&notes=true"))[1]["items"]
        assert notes[-1]["text"] == "Khách đã trả lời: Tỉnh/thành."
        await office.say("t1", "Lan ơi 0911222333 là số vợ mình")  # nobody asked any more: what is known stays
        await office.settled()
        assert (await lan("GET", at))[1]["slots"]["phone"] == "+84987654321"
        assert (await lan("POST", f"{at}/ask", {"field": "id_number"}))[0] == 422
