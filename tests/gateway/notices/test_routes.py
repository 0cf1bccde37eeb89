"""One's own settings and browsers, by the API; and what an address from outside may be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from channels.contract import NeedsReauth
from gateway import pump
from gateway.notices import push
from handlers.model import Advisor
from storage import advisors, listeners, notices, sessions
from tests.support.desk import CONFIG, Office
from tests.support.pushservice import Browser
from tests.support.waits import until


class Desk:
    """Somebody at the desk who speaks to the API as his page does."""

    def __init__(self, office: Office, http: aiohttp.ClientSession, token: str) -> None:
        self.office, self._http, self._token = office, http, token

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Cookie": f"sid={self._token}", "Origin": self.office.url, "Sec-Fetch-Site": "same-origin"}
        url = f"{self.office.url}/api/v1{path}"
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path, config=CONFIG) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def desk(office: Office, http: aiohttp.ClientSession, name: str, role: str = "advisor") -> tuple[Desk, str]:
    person, token = (
        await office.hire(name, role, email=f"{role}-{name.rsplit(maxsplit=1)[-1]}@x.vn"),
        sessions.new_token(),
    )
    await office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    return Desk(office, http, token), person.id


async def test_settings_are_ones_own_and_checked(office: Office, http: aiohttp.ClientSession) -> None:
    lan, _ = await desk(office, http, "Lan")
    hoa, _ = await desk(office, http, "Hoa")
    status, found = await lan.ask("GET", "/me/notice-settings")
    assert (status, found["wishes"]["kinds"]["waiting"], found["can_write"]) == (200, "sound", False)
    wanted = {
        "kinds": {"waiting": "off", "message": "silent"},
        "quiet": {"begins": "21:00", "ends": "07:00"},
        "detail": "none",
        "digest": "17:30",
        "letters": False,
        "tone": "knock",
        "lang": "en",
    }
    status, found = await lan.ask("PATCH", "/me/notice-settings", wanted)
    assert status == 200
    assert found["wishes"] == wanted | {"kinds": {**dict.fromkeys(listeners.KINDS, "sound"), **wanted["kinds"]}}  # type: ignore[dict-item]
    _, others = await hoa.ask("GET", "/me/notice-settings")
    assert others["wishes"]["digest"] == ""
    for wrong in ({"digest": "25:00"}, {"tone": "siren"}, {"kinds": {"waiting": "loud"}}, {"quiet": {"begins": "9"}}):
        assert (await lan.ask("PATCH", "/me/notice-settings", wrong))[0] == 422


async def test_a_browser_is_its_persons_and_its_address_one_that_may_be_called(
    office: Office, http: aiohttp.ClientSession
) -> None:
    lan, lan_id = await desk(office, http, "Lan")
    hoa, hoa_id = await desk(office, http, "Hoa")
    browser = Browser("b", "")
    keys = {"p256dh": browser.p256dh, "auth": push.text(browser.auth), "agent": "Firefox/140"}
    endpoint = "https://updates.push.services.mozilla.com/wpush/v2/abc"
    status, made = await lan.ask("POST", "/me/browsers", {"endpoint": endpoint, **keys})
    assert (status, made["host"]) == (201, "updates.push.services.mozilla.com")
    for wrong in (
        "https://evil.example/x",
        "https://127.0.0.1/x",
        "http://fcm.googleapis.com/x",
        "http://169.254.169.254/",
    ):
        status, refused = await lan.ask("POST", "/me/browsers", {"endpoint": wrong, **keys})
        assert (status, list(refused["error"]["fields"])) == (422, ["endpoint"])
    status, _ = await lan.ask("POST", "/me/browsers", {"endpoint": endpoint, **keys, "p256dh": "A" * 87})
    assert status == 422
    assert (await hoa.ask("DELETE", f"/me/browsers/{made['id']}"))[0] == 404
    # the same browser, somebody else signed in: it is his from now on
    status, taken = await hoa.ask("POST", "/me/browsers", {"endpoint": endpoint, **keys})
    assert status == 201
    store = office.parts.store
    assert await store.read(lambda tx: listeners.browsers(tx, lan_id)) == []
    found = await store.read(lambda tx: listeners.browser(tx, taken["id"]))
    assert found is not None
    assert (found.advisor_id, found.endpoint) == (hoa_id, endpoint)
    raw = await store.read(lambda tx: tx.value("SELECT keys_sealed FROM push_subscription"))
    assert b"mozilla" not in bytes(raw)
    assert (await hoa.ask("DELETE", f"/me/browsers/{taken['id']}"))[0] == 200
    assert (await hoa.ask("DELETE", f"/me/browsers/{taken['id']}"))[0] == 404


async def test_who_works_here_no_more_is_told_nothing(office: Office, http: aiohttp.ClientSession) -> None:

    lan, lan_id = await desk(office, http, "Lan")
    browser = Browser("b", "")
    _, made = await lan.ask(
        "POST",
        "/me/browsers",
        {
            "endpoint": "https://fcm.googleapis.com/fcm/send/x",
            "p256dh": browser.p256dh,
            "auth": push.text(browser.auth),
        },
    )
    await office.parts.store.run(lambda tx: advisors.disable(tx, lan_id, by="test"))
    assert await office.parts.store.read(lambda tx: listeners.browser(tx, made["id"])) is None
    assert lan_id not in [one.id for one in await office.parts.store.read(listeners.everybody)]


async def test_an_account_whose_key_died_is_told_to_those_who_can_mend_it_and_shown_to_those_who_wait_for_it(
    office: Office, http: aiohttp.ClientSession
) -> None:
    lan, lan_id = await desk(office, http, "Lan")
    sep, _ = await desk(office, http, "Sếp", "supervisor")
    dpo, _ = await desk(office, http, "Minh", "dpo")
    case = await office.lead("7")
    await office.act(case, "take", Advisor(id=lan_id, name="Lan", role="advisor"))
    await office.settled()
    assert (await lan.ask("GET", f"/conversations/{case}"))[1]["window"]["account"] == "ok"
    office.platforms["telegram"].faults = [NeedsReauth("Unauthorized")]
    await office.act(case, "reply", Advisor(id=lan_id, name="Lan", role="advisor"), text="Dạ em chào anh")
    await until(lambda: broken(office), "the account is parked")
    await office.parts.store.run(lambda tx: tx.run("UPDATE advisor SET seen_at = :now", now=tx.now_ms))
    await office.parts.store.run(notices.watch)
    herald = office.parts.notices
    assert herald is not None
    await herald.run()
    _, hers = await lan.ask("GET", "/me/notices")
    assert [one for one in hers["items"] if one["kind"] == "account"] == []
    assert [(one["channel"], one["account"], one["state"]) for one in hers["held"]] == [
        ("telegram", "main", "auth_broken")
    ]
    _, his = await sep.ask("GET", "/me/notices")
    (told,) = [one for one in his["items"] if one["kind"] == "account"]
    assert (told["channel"], told["account"], told["trouble"], told["urgent"]) == (
        "telegram", "main", "auth_broken", True,
    )  # fmt: skip
    assert (await dpo.ask("GET", "/me/notices"))[1]["held"] == []
    assert (await lan.ask("GET", f"/conversations/{case}"))[1]["window"]["account"] == "auth_broken"
    office.parts.store.gates.mend("telegram:main")
    gate = office.parts.store.gates.of("telegram:main")
    assert gate is not None
    await pump.show(office.parts, "telegram:main", gate)
    assert (await lan.ask("GET", "/me/notices"))[1]["held"] == []
    assert (await lan.ask("GET", f"/conversations/{case}"))[1]["window"]["account"] == "ok"


async def broken(office: Office) -> bool:
    rows = await office.parts.store.read(lambda tx: tx.all("SELECT 1 FROM account WHERE state = 'auth_broken'"))
    return bool(rows)
