"""Signing in through the company's own account: who may come in by it, and every token that lets nobody in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest
from joserfc.jwk import OctKey, RSAKey

from gateway.api.factor import STEP_MS
from gateway.config import ConfigError, load
from gateway.desk import elsewhere, oidc
from storage import advisors
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import CONFIG, PASSWORD, SECRETS, Office
from tests.support.oidc import CLIENT, SECRET, IdProvider

MORE = """
oidc: {{issuer: "{issuer}", client_id: "{client}", client_secret: "${{OIDC}}", label: Công ty, allowed_domains: [x.vn]{more}}}
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address knocks here as often as it likes."""
    monkeypatch.setattr(elsewhere, "TRIES", 1000)


@pytest.fixture
async def provider() -> AsyncIterator[IdProvider]:
    made = IdProvider(back="")
    async with made.running():
        yield made


class Doors:
    """An office whose people come in elsewhere."""

    def __init__(self, office: Office, provider: IdProvider, session: aiohttp.ClientSession) -> None:
        self.office, self.provider, self.session = office, provider, session

    async def begin(self, clerk: Clerk) -> str:
        """To the provider, and where it sends one back to. The clerk's browser keeps the attempt."""
        async with clerk.ask("GET", "/desk/oidc?next=/desk/account") as answer:
            assert answer.status == 303, await answer.text()
            clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            there = answer.headers["Location"]
        async with self.session.get(there, allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["Location"].removeprefix(self.office.url)

    async def come(self, clerk: Clerk, back: str = "") -> tuple[int, str]:
        """Status and page; signed in when 200 and a session."""
        back = back or await self.begin(clerk)
        async with clerk.ask("GET", back, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
            kept = [each for each in answer.headers.getall("Set-Cookie", []) if each.startswith("sid=")]
            clerk.cookie = kept[0].partition(";")[0] if kept else ""
            return answer.status, await answer.text()


@pytest.fixture
async def doors(tmp_path: Path, provider: IdProvider, session: aiohttp.ClientSession) -> AsyncIterator[Doors]:
    async with opened(tmp_path, provider, session) as made:
        yield made


class opened:  # noqa: N801 -- reads as a word
    def __init__(self, folder: Path, provider: IdProvider, session: aiohttp.ClientSession, more: str = "") -> None:
        self.folder, self.provider, self.session, self.more = folder, provider, session, more

    async def __aenter__(self) -> Doors:
        text = MORE.replace("{issuer}", self.provider.issuer).replace("{client}", CLIENT).replace("{more}", self.more)
        self.office = Office(self.folder, config=CONFIG + text, secrets={**SECRETS, "OIDC": SECRET})
        await self.office.up()
        await self.office.hire("Trần Thị Lan", "advisor", email="lan@x.vn")
        self.provider.back = f"{self.office.url}/desk/oidc/back"
        return Doors(self.office, self.provider, self.session)

    async def __aexit__(self, *_: object) -> None:
        await self.office.down()


def clerk_of(doors: Doors) -> Clerk:
    return Clerk(doors.session, doors.office.url)


async def test_an_advisor_comes_in_and_goes_on_where_he_wanted(doors: Doors) -> None:
    clerk = clerk_of(doors)
    async with clerk.ask("GET", "/desk/login?next=/desk/account") as answer:
        page = await answer.text()
    assert "Đăng nhập bằng Công ty" in page
    assert "/desk/oidc?next=/desk/account" in page
    doors.provider.person["email"] = "LAN@X.vn"
    status, page = await doors.come(clerk)
    assert status == 200
    assert "url=/desk/account" in page
    async with clerk.ask("GET", "/api/v1/me") as answer:
        assert (await answer.json())["name"] == "Trần Thị Lan"
    assert doors.provider.violations == []


async def test_a_code_and_an_attempt_are_good_once_for_one_browser(doors: Doors) -> None:
    clerk, thief = clerk_of(doors), clerk_of(doors)
    back = await doors.begin(clerk)
    attempt = clerk.cookie
    assert (await doors.come(thief, back))[0] == 401, "another browser's"
    assert (await doors.come(clerk, back))[0] == 200
    clerk.cookie = attempt
    assert (await doors.come(clerk, back))[0] == 401, "the code is used"
    for wrong in ("state=x", "iss=https%3A%2F%2Fevil.example", "error=access_denied"):
        back = await doors.begin(clerk)
        name = wrong.partition("=")[0]
        kept = "&".join(each for each in back.partition("?")[2].split("&") if not each.startswith(f"{name}="))
        assert (await doors.come(clerk, f"/desk/oidc/back?{kept}&{wrong}"))[0] == 401, wrong
    back = await doors.begin(clerk)
    doors.office.parts.clock.offset_ms += oidc.LASTS_MS + 1000
    assert (await doors.come(clerk, back))[0] == 401, "ten minutes"


LIES: dict[str, Any] = {
    "another issuer": lambda head, claims: claims.update(iss="https://evil.example"),
    "an issuer with a stroke more": lambda head, claims: claims.update(iss=claims["iss"] + "/"),
    "another client": lambda head, claims: claims.update(aud="another"),
    "no client": lambda head, claims: claims.pop("aud") and None,
    "several clients": lambda head, claims: claims.update(aud=[CLIENT, "another"]),
    "made for another": lambda head, claims: claims.update(azp="another"),
    "another nonce": lambda head, claims: claims.update(nonce="x" * 32),
    "no nonce": lambda head, claims: claims.pop("nonce") and None,
    "expired": lambda head, claims: claims.update(exp=claims["iat"] - 120),
    "without an end": lambda head, claims: claims.pop("exp") and None,
    "an end that is no number": lambda head, claims: claims.update(exp=True),
    "of yesterday": lambda head, claims: claims.update(iat=claims["iat"] - 86_400),
    "of tomorrow": lambda head, claims: claims.update(iat=claims["iat"] + 86_400),
    "unsigned": lambda head, claims: head.update(alg="none"),
    "signed with what we both know": lambda head, claims: (head.update(alg="HS256"), OctKey.import_key(SECRET))[1],
    "an unknown key": lambda head, claims: head.update(kid="second"),
    "no key named": lambda head, claims: head.pop("kid") and None,
    "somebody else's key of that name": lambda head, claims: RSAKey.generate_key(2048, {"kid": "first"}),
    "an address not verified": lambda head, claims: claims.update(email_verified=False),
    "verified, as a word": lambda head, claims: claims.update(email_verified="false"),
    "an address of which nothing is said": lambda head, claims: claims.pop("email_verified") and None,
    "no address": lambda head, claims: claims.pop("email") and None,
    "addresses": lambda head, claims: claims.update(email=["lan@x.vn"]),
    "another domain": lambda head, claims: claims.update(email="lan@y.vn"),
    "a domain that ends alike": lambda head, claims: claims.update(email="lan@evilx.vn"),
    "an unknown person": lambda head, claims: claims.update(email="ai@x.vn"),
    "nobody": lambda head, claims: claims.pop("sub") and None,
}


async def test_each_lie_is_refused(doors: Doors) -> None:
    """One after another in one office: a token that is right lets in before and after, so that nothing else refuses."""
    clerk = clerk_of(doors)
    assert (await doors.come(clerk))[0] == 200
    wrong = []
    for name, lie in LIES.items():
        doors.office.parts.clock.offset_ms += 3000
        doors.provider.lie = lie
        clerk.cookie = ""
        status, _ = await doors.come(clerk)
        if status != 401 or clerk.cookie:
            wrong.append((name, status))
    assert wrong == []
    doors.provider.lie = None
    assert (await doors.come(clerk))[0] == 200
    assert doors.provider.violations == []


async def test_keys_are_kept_and_looked_for_anew_when_they_change(doors: Doors) -> None:
    clerk = clerk_of(doors)
    for _ in range(3):
        assert (await doors.come(clerk))[0] == 200
    assert [doors.provider.asked.count(path) for path in ("/jwks", "/.well-known/openid-configuration")] == [1, 1]
    doors.provider.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    assert (await doors.come(clerk))[0] == 401, "not looked for again within a minute"
    doors.office.parts.clock.offset_ms += oidc.AGAIN_MS
    assert (await doors.come(clerk))[0] == 200
    assert doors.provider.asked.count("/jwks") == 2


async def test_a_former_colleague_and_a_second_factor_are_not_passed_by(doors: Doors) -> None:
    clerk, store = clerk_of(doors), doors.office.parts.store
    await clerk.sign_in("lan@x.vn")
    async with clerk.ask("POST", "/api/v1/me/second-factor", json={"password": PASSWORD}) as answer:
        maker = pyotp.TOTP((await answer.json())["secret"].replace(" ", ""))
    code = maker.generate_otp(store.now_ms() // STEP_MS)
    async with clerk.ask("POST", "/api/v1/me/second-factor/confirm", json={"code": code}) as answer:
        assert answer.status == 200
    clerk.cookie = ""
    status, page = await doors.come(clerk)
    assert status == 200
    assert 'name="ticket"' in page
    assert clerk.cookie == ""
    lan = await store.read(lambda tx: advisors.by_email(tx, "lan@x.vn"))
    assert lan is not None
    await store.run(lambda tx: advisors.disable(tx, lan.id, by="test"))
    assert (await doors.come(clerk))[0] == 401


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": ["x"]},
        {"authorization_endpoint": "https://u:p@evil.example/"},
    ],
    ids=str,
)
async def test_what_it_publishes_is_held_to_the_rules(doors: Doors, metadata: dict[str, Any]) -> None:
    doors.provider.metadata = metadata
    assert await clerk_of(doors).status("GET", "/desk/oidc") == 502
    assert doors.provider.asked == ["/.well-known/openid-configuration"]


async def test_a_key_address_within_our_own_walls_is_not_asked(doors: Doors) -> None:
    knocked: list[str] = []

    async def knock(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.append("somebody")
        writer.close()

    server = await asyncio.start_server(knock, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        doors.provider.metadata = {"jwks_uri": f"https://localhost:{port}/keys"}
        assert (await doors.come(clerk_of(doors)))[0] == 401
    assert knocked == []


async def test_new_people_come_in_where_the_house_says_so(
    tmp_path: Path, provider: IdProvider, session: aiohttp.ClientSession
) -> None:
    async with opened(tmp_path, provider, session, ", new_people: intake, second_factor: provider") as doors:
        object.__setattr__(doors.office.parts.config.desk, "second_factor", "required")
        provider.person |= {"email": "moi@x.vn", "name": "Đỗ Mới"}
        clerk = clerk_of(doors)
        assert (await doors.come(clerk))[0] == 200
        async with clerk.ask("GET", "/api/v1/me") as answer:
            me = await answer.json()
        assert (me["name"], me["role"]) == ("Đỗ Mới", "intake")
        assert "conversation.list" in me["may"], "the provider has seen to the second factor"
        provider.person["email"] = "moi@y.vn"
        assert (await doors.come(clerk))[0] == 401


async def test_where_it_is_not_set_there_is_no_such_door(office: Office, clerk: Clerk) -> None:
    for path in ("/desk/oidc", "/desk/oidc/back?code=x"):
        async with clerk.ask("GET", path) as answer:
            assert (answer.status, "Chưa đăng nhập được bằng tài khoản công ty" in await answer.text()) == (404, True)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("issuer: https://i.example", "oidc.client_id"),
        ("issuer: http://i.example", "oidc.issuer"),
        ("issuer: 'https://i.example?x', client_id: x, client_secret: y", "oidc.issuer"),
        ("issuer: https://i.example, client_id: x, client_secret: y, new_people: advisor", "oidc.allowed_domains"),
        ("new_people: admin", "oidc.new_people"),
    ],
    ids=["no client", "plain http", "query", "open to all", "administrators"],
)
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path: Path, said: str, key: str) -> None:
    (tmp_path / "config.yaml").write_text(f"oidc: {{{said}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", {})
    assert any(problem.startswith(key) for problem in caught.value.problems)
