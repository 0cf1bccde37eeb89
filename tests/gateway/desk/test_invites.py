"""Links that set a password: good once and not for long, for nobody else, and past no second factor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from channels.email.client import EmailClient
from gateway.api.factor import STEP_MS
from gateway.demo.standins.mail import HOST, USER, Authority, MailServer
from gateway.demo.standins.mail import PASSWORD as SMTP_PASSWORD
from gateway.desk.join import LOOKS
from storage import invites
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import CONFIG, PASSWORD, SECRETS, Office

NEW = "mot cau moi that la dai"


async def ask(clerk: Clerk, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with clerk.ask(method, f"/api/v1{path}", **more) as answer:
        return answer.status, await answer.json()


@pytest.fixture
async def chief(office: Office, clerk: Clerk) -> Clerk:
    await office.hire("Sếp", "admin", email="sep@x.vn")
    await clerk.sign_in("sep@x.vn")
    return clerk


async def lan_of(office: Office) -> str:
    return str(await office.parts.store.read(lambda tx: tx.value("SELECT id FROM advisor WHERE email = 'lan@x.vn'")))


async def link(chief: Clerk, user_id: str, kind: str = "reset") -> str:
    status, made = await ask(chief, "POST", f"/users/{user_id}/link", json={"kind": kind})
    assert status == 200, made
    assert made["link"].startswith(chief.url)
    return str(made["link"]).removeprefix(chief.url)


async def choose(clerk: Clerk, path: str, password: str = NEW, again: str = "") -> int:
    return await clerk.status("POST", path, data={"password": password, "again": again or password})


async def test_somebody_new_sets_his_password_once(office: Office, chief: Clerk) -> None:
    status, made = await ask(
        chief, "POST", "/users", json={"email": "moi@x.vn", "name": "Đỗ Mới", "role": "intake", "invited": True}
    )
    assert (status, made["password"]) == (201, None)
    path = await link(chief, made["id"], "invite")
    kept = await office.parts.store.read(lambda tx: tx.all("SELECT * FROM invite"))
    assert path.rpartition("/")[2] not in str(kept)
    newcomer = Clerk(chief.session, office.url)
    assert await newcomer.sign_in("moi@x.vn", "") == 422
    async with newcomer.ask("GET", path) as answer:
        page = await answer.text()
        assert (answer.status, answer.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert "Đỗ Mới" in page
    assert await choose(newcomer, path, "ngan qua") == 422
    assert await choose(newcomer, path, NEW, NEW + "x") == 422
    assert await choose(newcomer, path, "123456789012345") == 422
    assert await choose(newcomer, path) == 303
    assert newcomer.cookie == "", "a link signs nobody in"
    assert [await newcomer.status("GET", path), await choose(newcomer, path, NEW + "2")] == [404, 404]
    assert await newcomer.sign_in("moi@x.vn", NEW) == 303


async def test_it_is_over_after_its_time_when_a_newer_is_made_and_with_its_person(office: Office, chief: Clerk) -> None:
    lan = await lan_of(office)
    guest = Clerk(chief.session, office.url)
    first = await link(chief, lan)
    second = await link(chief, lan)
    assert [await guest.status("GET", path) for path in (first, second)] == [404, 200]
    for _ in range(LOOKS - 1):
        assert await guest.status("GET", second) == 200
    async with guest.ask("GET", second) as answer:
        assert (answer.status, answer.content_type, answer.headers["Retry-After"].isdigit()) == (429, "text/html", True)
        assert "Đợi một phút rồi thử lại" in await answer.text()
    assert await guest.status("GET", first) == 404, "the others of his office are not kept out"
    second = await link(chief, lan)
    office.parts.clock.offset_ms += invites.LASTS_MS["reset"] - 2000
    assert await guest.status("GET", second) == 200
    office.parts.clock.offset_ms += 3000
    assert await choose(guest, second) == 404
    await ask(chief, "POST", "/me/proof", json={"password": PASSWORD})
    third = await link(chief, lan, "invite")
    office.parts.clock.offset_ms += invites.LASTS_MS["invite"] // 200
    assert (await ask(chief, "POST", f"/users/{lan}/disable", json={}))[0] == 200
    assert await choose(guest, third) == 404
    assert (await ask(chief, "POST", f"/users/{lan}/link", json={"kind": "reset"}))[0] == 409


@pytest.mark.parametrize("token", ["", "x", "A" * 21, "A" * 23, "A" * 22 + "/", "[]", "%5B%22a%22%5D", "null", "A" * 21 + "%00", "%F0%9F%98%80" * 22])  # fmt: skip
async def test_what_has_no_shape_is_looked_up_nowhere(
    office: Office, clerk: Clerk, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was looked up")

    monkeypatch.setattr(invites, "find", never)
    assert await clerk.status("GET", f"/desk/join/{token}") == 404
    assert await choose(clerk, f"/desk/join/{token}") == 404


async def test_a_reset_ends_every_session_and_asks_for_the_code_all_the_same(office: Office, chief: Clerk) -> None:
    lan = Clerk(chief.session, office.url)
    await lan.sign_in("lan@x.vn")
    _, told = await ask(lan, "POST", "/me/second-factor", json={"password": PASSWORD})
    maker = pyotp.TOTP(told["secret"].replace(" ", ""))
    async with lan.ask(
        "POST",
        "/api/v1/me/second-factor/confirm",
        json={"code": maker.generate_otp(office.parts.store.now_ms() // STEP_MS)},
    ) as answer:
        assert answer.status == 200
        lan.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert await lan.status("GET", "/desk/account") == 200
    path = await link(chief, await lan_of(office))
    assert await choose(lan, path) == 303
    assert await lan.status("GET", "/desk/account") == 303
    async with lan.ask("POST", "/desk/login", data={"email": "lan@x.vn", "password": NEW}) as answer:
        assert answer.status == 200
        assert 'name="ticket"' in await answer.text()
        assert "sid=" not in answer.headers.get("Set-Cookie", "")
    assert await lan.sign_in("lan@x.vn") == 401


async def test_two_at_once_are_one(office: Office, chief: Clerk) -> None:
    token = (await link(chief, await lan_of(office))).rpartition("/")[2]
    used = await office.parts.store.run(lambda tx: [invites.use(tx, token, "hash") for _ in range(2)])
    assert [each is not None for each in used] == [True, False]


async def test_only_who_manages_people_makes_links_and_after_a_fresh_proof(office: Office, chief: Clerk) -> None:
    lan = await lan_of(office)
    office.parts.clock.offset_ms += 16 * 60_000
    status, told = await ask(chief, "POST", f"/users/{lan}/link", json={"kind": "reset"})
    assert (status, told["error"]["code"]) == (403, "proof_needed")
    assert (await ask(chief, "POST", "/me/proof", json={"password": "khong phai dau nhe"}))[0] == 422
    assert (await ask(chief, "POST", "/me/proof", json={}))[0] == 422
    assert (await ask(chief, "POST", "/me/proof", json={"password": PASSWORD}))[0] == 200
    assert (await ask(chief, "POST", f"/users/{lan}/link", json={"kind": "reset"}))[0] == 200
    chief.cookie = ""
    await chief.sign_in("lan@x.vn")
    assert (await ask(chief, "POST", f"/users/{lan}/link", json={"kind": "reset"}))[0] == 403


async def test_who_is_told_outside_is_changed_after_a_fresh_proof(office: Office, chief: Clerk) -> None:
    said = {"name": "CRM", "url": "https://crm.example.com/in", "types": ["message.created"]}
    status, made = await ask(chief, "POST", "/webhooks", json=said)
    assert status == 201
    office.parts.clock.offset_ms += 16 * 60_000
    one = f"/webhooks/{made['id']}"
    grave: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", "/webhooks", said),
        ("POST", f"{one}/rotate", {}),
        ("PATCH", one, {"url": "https://elsewhere.example.com/"}),
        ("PATCH", one, {"include": ["person"]}),
    )
    for method, path, body in grave:
        status, told = await ask(chief, method, path, json=body)
        assert (status, told["error"]["code"]) == (403, "proof_needed"), (method, path, body)
    assert (await ask(chief, "PATCH", one, json={"enabled": False}))[0] == 200
    assert (await ask(chief, "POST", "/me/proof", json={"password": PASSWORD}))[0] == 200
    for method, path, body in grave:
        assert (await ask(chief, method, path, json=body))[0] in (200, 201), (method, path, body)


async def test_another_role_or_address_ends_the_sessions(office: Office, chief: Clerk) -> None:
    lan, lan_id = Clerk(chief.session, office.url), await lan_of(office)
    await lan.sign_in("lan@x.vn")
    assert (await ask(chief, "PATCH", f"/users/{lan_id}", json={"name": "Lan Anh"}))[1]["name"] == "Lan Anh"
    assert await lan.status("GET", "/desk/account") == 200
    assert (await ask(chief, "PATCH", f"/users/{lan_id}", json={"role": "supervisor"}))[1]["role"] == "supervisor"
    assert await lan.status("GET", "/desk/account") == 303
    assert (await ask(chief, "PATCH", f"/users/{lan_id}", json={"email": "SEP@x.vn"}))[0] == 409
    assert (await ask(chief, "PATCH", f"/users/{lan_id}", json={"email": "khong phai"}))[0] == 422
    await lan.sign_in("lan@x.vn")
    assert (await ask(chief, "PATCH", f"/users/{lan_id}", json={"email": "lan2@x.vn"}))[1]["email"] == "lan2@x.vn"
    assert await lan.status("GET", "/desk/account") == 303
    me = (await ask(chief, "GET", "/me"))[1]["id"]
    assert (await ask(chief, "PATCH", f"/users/{me}", json={"role": "advisor"}))[0] == 409, "the last administrator"


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[tuple[Office, MailServer]]:
    server = MailServer(Authority(tmp_path))
    async with server.running() as port:
        account = (
            f'  - {{{{channel: email, name: smtp, host: {HOST}, port: {port}, username: {USER}, password: "${{{{SMTP}}}}",'
            f' ca_file: "{server.authority.pem}", sender: "IBAOHIEM <hello@ibaohiem.example>"}}}}\n'
        )
        async with Office(tmp_path, config=CONFIG + account, secrets={**SECRETS, "SMTP": SMTP_PASSWORD}) as office:
            yield office, server


async def test_letters_go_to_who_it_concerns(post: tuple[Office, MailServer], session: Any) -> None:
    office, server = post
    email = next(account for account in office.parts.accounts.values() if account.channel == "email")
    office.parts.clients[email.id] = EmailClient(email)
    lan = (await office.hire("Trần Thị Lan\r\nBcc: x@evil.example", "advisor", email="lan@x.vn")).id
    await office.hire("Sếp", "admin", email="sep@x.vn")
    chief = Clerk(session, office.url)
    await chief.sign_in("sep@x.vn")
    status, made = await ask(chief, "POST", f"/users/{lan}/link", json={"kind": "reset"})
    assert (status, made["mailed"]) == (200, True)
    (letter,) = await server.wait(1)
    assert (letter.to, made["link"] in letter.text) == ("lan@x.vn", True)
    assert letter.message["Bcc"] is None
    guest = Clerk(session, office.url)
    assert await choose(guest, made["link"].removeprefix(office.url)) == 303
    assert "vừa được đổi" in (await server.wait(2))[1].message["Subject"]
    assert (await ask(chief, "PATCH", f"/users/{lan}", json={"email": "moi@x.vn"}))[0] == 200
    assert (await server.wait(3))[2].to == "lan@x.vn", "the old address is told"
    assert server.violations == []
