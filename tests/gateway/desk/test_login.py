"""Who comes in at the desk, how, and for how long."""

from __future__ import annotations

import asyncio
import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import desk
from gateway.desk.words import LANGUAGES, Words, language
from storage import advisors, passwords
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import PASSWORD, Office

HOURS = 3_600_000


def cookie(header: str) -> tuple[str, Any]:
    jar = SimpleCookie(header)
    name = next(iter(jar))
    return name, jar[name]


async def test_a_cookie_that_only_our_own_pages_send_back(office: Office, clerk: Clerk) -> None:
    assert await clerk.sign_in("lan@x.vn") == 303
    name, kept = cookie(clerk.set_cookie)
    assert name == "sid"  # plain http on this machine: Secure would be refused
    assert len(kept.value) >= 43
    assert kept["httponly"] is True
    assert kept["samesite"] == "Strict"
    assert kept["path"] == "/"
    assert not kept["secure"]
    assert not kept["domain"]
    assert await clerk.status("GET", "/desk/") == 200


async def test_behind_tls_the_cookie_is_bound_to_the_host(office: Office, clerk: Clerk) -> None:
    server = office.parts.config.server
    object.__setattr__(server, "public_url", "https://desk.example.vn")
    headers = {"Host": "desk.example.vn", "Origin": "https://desk.example.vn"}
    async with clerk.ask(
        "POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD}, headers=headers
    ) as answer:
        assert answer.status == 303
        name, kept = cookie(answer.headers["Set-Cookie"])
    assert name == "__Host-sid"
    assert kept["secure"] is True
    assert kept["path"] == "/"
    assert not kept["domain"]


async def test_a_new_id_at_every_sign_in_and_the_old_one_is_over(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    first = clerk.cookie
    await clerk.sign_in("lan@x.vn")
    assert clerk.cookie != first
    assert await clerk.status("GET", "/desk/", headers={"Cookie": first}) == 303


async def test_the_same_answer_for_a_wrong_password_and_for_nobody(office: Office, clerk: Clerk) -> None:
    pages = []
    for email in ("lan@x.vn", "niemand@x.vn"):
        async with clerk.ask("POST", "/desk/login", data={"email": email, "password": "khong dung dau"}) as answer:
            assert answer.status == 401
            assert "Set-Cookie" not in answer.headers
            pages.append((await answer.text()).replace(email, "…"))
    assert pages[0] == pages[1]
    assert "Email hoặc mật khẩu chưa đúng." in pages[0]


@pytest.mark.usefixtures("still")  # the delay is of one second
async def test_guessing_is_slowed_down_and_does_not_help_even_when_it_is_right(office: Office, clerk: Clerk) -> None:
    for _ in range(6):
        assert await clerk.sign_in("lan@x.vn", "sai mat khau roi") == 401
    async with clerk.ask("POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD}) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Thử quá nhiều lần" in await answer.text()
    office.parts.clock.offset_ms += 60_000
    assert await clerk.sign_in("lan@x.vn") == 303


async def test_who_is_disabled_does_not_come_in(office: Office, clerk: Clerk) -> None:
    gone = await office.hire("Người Cũ", email="cu@x.vn")
    await office.parts.store.run(lambda tx: advisors.disable(tx, gone.id, by="test"))
    assert await clerk.sign_in("cu@x.vn") == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": ""},
    ],
)
async def test_the_form_is_ours_alone(office: Office, clerk: Clerk, headers: dict[str, str]) -> None:
    async with clerk.ask(
        "POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD}, headers=headers
    ) as answer:
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


async def test_a_form_without_referrer_says_null_and_the_browsers_word_counts(office: Office, clerk: Clerk) -> None:
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (
        await clerk.status("POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD}, headers=headers)
        == 303
    )


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"email=lan%40x.vn&password=", "application/x-www-form-urlencoded", 422),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded", 422),
        (b"&".join(b"a%d=1" % n for n in range(20)), "application/x-www-form-urlencoded", 400),
        (b"email=" + b"x" * 9000, "application/x-www-form-urlencoded", 413),
        (b'{"email": "lan@x.vn"}', "application/json", 415),
        (b"x", "multipart/form-data; boundary=x", 415),
    ],
)
async def test_a_form_that_is_none_is_refused_in_words(
    office: Office, clerk: Clerk, body: bytes, kind: str, status: int
) -> None:
    async with clerk.ask("POST", "/desk/login", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status in (status, 400)
        assert "Set-Cookie" not in answer.headers
        assert answer.content_type == "text/html"


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/desk/c/" + "0" * 26, "/desk/c/" + "0" * 26),
        ("/desk/users", "/desk/users"),
        ("//evil.example/desk/", "/desk/"),
        ("https://evil.example", "/desk/"),
        ("/desk/\\evil", "/desk/"),
        ("/desk/c/../../x", "/desk/"),
        ("/desk/\n", "/desk/"),
        ("", "/desk/"),
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(office: Office, clerk: Clerk, wanted: str, led: str) -> None:
    async with clerk.ask(
        "POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD, "next": wanted}
    ) as answer:
        assert answer.headers["Location"] == led


async def test_a_deep_link_waits_for_the_sign_in(office: Office, clerk: Clerk) -> None:
    conversation = "0" * 26
    async with clerk.ask("GET", f"/desk/c/{conversation}") as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == f"/desk/login?next=/desk/c/{conversation}"
    async with clerk.ask("GET", f"/desk/login?next=/desk/c/{conversation}") as answer:
        assert f'value="/desk/c/{conversation}"' in await answer.text()


async def test_a_one_time_password_is_better_changed(office: Office, clerk: Clerk) -> None:
    once = passwords.invent()
    await office.hire("Người Mới", email="moi@x.vn", password=once)
    async with clerk.ask("POST", "/desk/login", data={"email": "moi@x.vn", "password": once}) as answer:
        assert answer.headers["Location"] == "/desk/account?offered"
        clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    async with clerk.ask("GET", "/desk/account?offered") as answer:
        assert "mật khẩu cấp một lần" in await answer.text()

    wanted = f"/desk/c/{'0' * 26}"  # whoever came by a link goes on to it
    async with clerk.ask("POST", "/desk/login", data={"email": "moi@x.vn", "password": once, "next": wanted}) as answer:
        onwards = answer.headers["Location"]
        clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    async with clerk.ask("GET", onwards) as answer:
        assert f'href="{wanted}"' in await answer.text()
    async with clerk.ask("GET", "/desk/account?offered&next=https://evil.example/") as answer:
        assert "evil.example" not in (await answer.text()).partition("account-next")[0].rpartition("offer-note")[2]


async def test_signing_out_ends_the_session_for_good(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    async with clerk.ask("POST", "/desk/logout") as answer:
        assert answer.status == 303
        name, kept = cookie(answer.headers["Set-Cookie"])
        assert (name, kept.value, kept["max-age"]) == ("sid", "", "0")
    assert await clerk.status("GET", "/desk/") == 303  # the very cookie, kept by somebody
    assert await clerk.status("GET", "/api/v1/me") == 401


async def test_nobody_else_signs_me_out(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    assert await clerk.status("POST", "/desk/logout", headers={"Origin": "https://evil.example"}) == 403
    assert await clerk.status("GET", "/desk/logout") == 405
    assert await clerk.status("GET", "/desk/") == 200


async def test_a_session_ends_when_nobody_uses_it_and_after_a_day_of_work(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    office.parts.clock.offset_ms += 61 * 60_000
    _forget(office)
    assert await clerk.status("GET", "/desk/") == 303

    await clerk.sign_in("lan@x.vn")
    for _ in range(24):
        office.parts.clock.offset_ms += HOURS // 2
        _forget(office)
        await clerk.status("GET", "/desk/")
        await asyncio.sleep(0.01)
    _forget(office)
    assert await clerk.status("GET", "/desk/") == 303


def _forget(office: Office) -> None:
    """What the doors remember for some seconds."""
    office.parts.hub.publish([("advisor", "")])


async def test_what_the_page_carries_is_not_kept_and_not_framed(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    for path in ("/desk/", "/desk/account", "/desk/login"):
        async with clerk.ask("GET", path, headers={} if path != "/desk/login" else {"Cookie": ""}) as answer:
            assert answer.status == 200, path
            assert answer.headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            text = await answer.text()
            assert " style=" not in text
            assert " onclick=" not in text


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        ("admin", {"/desk/users": 200, "/desk/switches": 200, "/desk/account": 200}),
        ("supervisor", {"/desk/users": 200, "/desk/switches": 200, "/desk/account": 200}),
        ("intake", {"/desk/users": 404, "/desk/switches": 404, "/desk/account": 200}),
        ("advisor", {"/desk/users": 404, "/desk/switches": 404, "/desk/account": 200}),
        ("dpo", {"/desk/users": 404, "/desk/switches": 404, "/desk/account": 200}),
    ],
)
async def test_what_each_role_sees(office: Office, clerk: Clerk, role: str, pages: dict[str, int]) -> None:
    await office.hire("Ai Đó", role, email="ai@x.vn")
    await clerk.sign_in("ai@x.vn")
    for path, status in pages.items():
        assert await clerk.status("GET", path) == status, path
    async with clerk.ask("GET", "/desk/") as answer:
        text = await answer.text()
    assert ("/desk/users" in text) is (pages["/desk/users"] == 200)
    assert ("/desk/switches" in text) is (pages["/desk/switches"] == 200)


async def test_a_name_is_text_in_every_page(office: Office, clerk: Clerk) -> None:
    await office.hire("<img src=x onerror=alert(1)>\"'</script>", "admin", email="x@x.vn")
    await clerk.sign_in("x@x.vn")
    for path in ("/desk/", "/desk/account", "/desk/users"):
        async with clerk.ask("GET", path) as answer:
            assert "<img src=x" not in await answer.text()


async def test_the_desk_speaks_what_the_browser_chose(office: Office, clerk: Clerk) -> None:
    async with clerk.ask("GET", "/desk/login", headers={"Cookie": "desk-lang=en"}) as answer:
        text = await answer.text()
        assert '<html lang="en">' in text
        assert "Sign in" in text
    async with clerk.ask("GET", "/desk/login", headers={"Cookie": "desk-lang=xx"}) as answer:
        assert '<html lang="vi">' in await answer.text()
    assert language({}, {"lang": "en"}) == "en"
    assert language({"desk-lang": "en"}, {"lang": "vi"}) == "vi"


def test_both_languages_have_the_same_words() -> None:
    words = Words()
    vi, en = (words.page(lang) for lang in LANGUAGES)
    assert vi.keys() == en.keys()
    assert words.script("vi").keys() == words.script("en").keys()
    for name, text in words.script("vi").items():
        assert placeholders(text) == placeholders(words.script("en")[name]), name
        assert "—" not in text


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def test_every_word_that_a_script_asks_for_is_there() -> None:
    known = Words().script("vi")
    folder = Path(desk.__file__).parent / "static"
    asked = {
        name
        for path in folder.glob("*.js")
        for name in re.findall(r'\bt\("([a-z0-9_A-Z]+)"', path.read_text(encoding="utf-8"))
    }
    assert asked - known.keys() == set()


async def test_typing_is_told_by_whoever_has_the_conversation(
    office: Office, clerk: Clerk, session: aiohttp.ClientSession
) -> None:
    lan = await office.hire("Lan Hai", email="lan2@x.vn")
    conversation = await office.lead("1001")
    await clerk.sign_in("lan2@x.vn")
    heard: list[tuple[str, str]] = []
    office.parts.hub.listen(lambda kind, object_id: heard.append((kind, object_id)))
    assert await clerk.status("POST", "/desk/typing", json={"conversation": conversation}) == 200
    assert ("advisor_typing", conversation) not in heard
    await office.act(conversation, "take", lan)
    assert await clerk.status("POST", "/desk/typing", json={"conversation": conversation}) == 200
    assert ("advisor_typing", conversation) in heard
    assert (
        await clerk.status(
            "POST", "/desk/typing", json={"conversation": conversation}, headers={"Origin": "https://evil.example"}
        )
        == 403
    )
    assert await Clerk(session, office.url).status("POST", "/desk/typing", json={"conversation": conversation}) == 401
