"""A code of the telephone beside the password: it works once, for who has shown his password, and guessing ends soon."""

from __future__ import annotations

import html
import re
from typing import Any

import pyotp
import pytest

from gateway.api import factor
from storage import factors
from tests.gateway.desk.conftest import Clerk
from tests.support.desk import PASSWORD, Office

STEP_MS = factor.STEP_MS
pytestmark = pytest.mark.usefixtures("still")  # a step of thirty seconds is over when a test says so


async def call(clerk: Clerk, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    async with clerk.ask("POST", f"/api/v1{path}", json=body) as answer:
        if "Set-Cookie" in answer.headers:  # what changes the ways in renews the session
            clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer.status, await answer.json()


async def enrolled(office: Office, clerk: Clerk) -> tuple[pyotp.TOTP, list[str]]:
    """He has signed in and set it up."""
    assert await clerk.sign_in("lan@x.vn") == 303
    status, told = await call(clerk, "/me/second-factor", {"password": PASSWORD})
    assert status == 200
    maker = pyotp.TOTP(told["secret"].replace(" ", ""))
    assert maker.secret in told["uri"]
    assert told["picture"].startswith("<svg")
    status, told = await call(clerk, "/me/second-factor/confirm", {"code": code(office, maker)})
    assert status == 200
    return maker, told["codes"]


def code(office: Office, maker: pyotp.TOTP, *, steps: int = 0) -> str:
    return maker.generate_otp(office.parts.store.now_ms() // STEP_MS + steps)


async def halfway(clerk: Clerk) -> str:
    """The password is right: no session, a ticket."""
    async with clerk.ask("POST", "/desk/login", data={"email": "lan@x.vn", "password": PASSWORD}) as answer:
        assert answer.status == 200
        assert "sid=" not in answer.headers.get("Set-Cookie", "")
        page = await answer.text()
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found
    return html.unescape(found[1])


async def second(clerk: Clerk, ticket: str, given: str) -> int:
    async with clerk.ask("POST", "/desk/login", data={"ticket": ticket, "code": given}) as answer:
        if answer.status == 303:
            clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return int(answer.status)


async def test_after_the_password_a_code_and_each_code_once(office: Office, clerk: Clerk) -> None:
    maker, _ = await enrolled(office, clerk)
    ticket = await halfway(clerk)
    assert await second(clerk, ticket, code(office, maker)) == 401  # it was used to set it up
    office.parts.clock.offset_ms += STEP_MS
    now = code(office, maker)
    assert await second(clerk, ticket, f"{now[:3]} {now[3:]}") == 303
    assert await clerk.status("GET", "/desk/") == 200
    assert await second(clerk, await halfway(clerk), now) == 401  # somebody looked over his shoulder
    async with clerk.ask("GET", "/api/v1/me") as answer:
        assert (await answer.json())["second_factor"] is True


async def test_a_clock_that_is_off_by_half_a_minute_does_no_harm(office: Office, clerk: Clerk) -> None:
    maker, _ = await enrolled(office, clerk)
    office.parts.clock.offset_ms += 10 * STEP_MS
    ticket = await halfway(clerk)
    assert await second(clerk, ticket, code(office, maker, steps=-2)) == 401
    assert await second(clerk, ticket, code(office, maker, steps=-1)) == 303


async def test_a_recovery_code_signs_in_once_however_it_is_written(office: Office, clerk: Clerk) -> None:
    _, codes = await enrolled(office, clerk)
    assert len(set(codes)) == factors.CODES
    assert await second(clerk, await halfway(clerk), codes[0].lower().replace("-", " ")) == 303
    assert await second(clerk, await halfway(clerk), codes[0]) == 401
    rows = await office.parts.store.read(lambda tx: tx.all("SELECT code_hash FROM recovery_code"))
    assert len(rows) == factors.CODES - 1
    assert codes[1].encode() not in b"".join(bytes(row.code_hash) for row in rows)


async def test_guessing_ends_after_five(office: Office, clerk: Clerk) -> None:
    maker, codes = await enrolled(office, clerk)
    office.parts.clock.offset_ms += factors.WITHIN_MS
    ticket = await halfway(clerk)
    for _ in range(factors.TRIES):
        assert await second(clerk, ticket, "000000") == 401
    assert await second(clerk, ticket, code(office, maker)) == 429
    assert await second(clerk, ticket, codes[0]) == 429
    office.parts.clock.offset_ms += factors.WITHIN_MS
    assert await second(clerk, await halfway(clerk), code(office, maker)) == 303


async def test_a_ticket_is_worth_nothing_to_others_later_or_after_a_new_password(office: Office, clerk: Clerk) -> None:
    maker, _ = await enrolled(office, clerk)
    office.parts.clock.offset_ms += STEP_MS
    ticket = await halfway(clerk)
    body, _, mac = ticket.partition(".")
    for forged in ("x", f"{body}.", f"{body}.{'0' * len(mac)}", f".{mac}", f"{body[:-4]}AAAA.{mac}"):
        assert await second(clerk, forged, code(office, maker)) == 401
    office.parts.clock.offset_ms += factor.TICKET_MS + 1000
    assert await second(clerk, ticket, code(office, maker)) == 401
    ticket = await halfway(clerk)
    lan = await office.parts.store.read(lambda tx: tx.value("SELECT id FROM advisor WHERE email = 'lan@x.vn'"))
    await office.parts.store.run(
        lambda tx: tx.run("UPDATE advisor SET password_hash = 'another' WHERE id = :id", id=lan)
    )
    assert await second(clerk, ticket, code(office, maker)) == 401


async def test_setting_it_up_wants_the_password_and_a_first_code(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    assert (await call(clerk, "/me/second-factor", {"password": "khong phai dau nhe"}))[0] == 422
    assert (await call(clerk, "/me/second-factor/confirm", {"code": "123456"}))[0] == 409
    await call(clerk, "/me/second-factor", {"password": PASSWORD})
    status, told = await call(clerk, "/me/second-factor/confirm", {"code": "000000"})
    assert (status, list(told["error"]["fields"])) == (422, ["code"])
    assert await clerk.sign_in("lan@x.vn") == 303  # nothing changed before the first code was right


async def test_his_other_sessions_end_and_it_is_switched_off_with_both(office: Office, clerk: Clerk) -> None:
    await clerk.sign_in("lan@x.vn")
    elsewhere = clerk.cookie
    clerk.cookie = ""
    maker, _ = await enrolled(office, clerk)
    assert await clerk.status("GET", "/desk/", headers={"Cookie": elsewhere}) == 303
    office.parts.clock.offset_ms += STEP_MS
    given = {"password": "khong phai dau nhe", "code": code(office, maker)}
    assert (await call(clerk, "/me/second-factor/off", given))[0] == 422
    assert (await call(clerk, "/me/second-factor/off", given | {"password": PASSWORD}))[0] == 200
    assert await clerk.sign_in("lan@x.vn") == 303


async def test_an_administrator_resets_it_and_nobody_else(office: Office, clerk: Clerk) -> None:
    await enrolled(office, clerk)
    lan = await office.parts.store.read(lambda tx: tx.value("SELECT id FROM advisor WHERE email = 'lan@x.vn'"))
    assert (await call(clerk, f"/users/{lan}/second-factor/reset", {}))[0] == 403
    await office.hire("Sếp", "admin", email="sep@x.vn")
    theirs = clerk.cookie
    clerk.cookie = ""
    await clerk.sign_in("sep@x.vn")
    status, told = await call(clerk, f"/users/{lan}/second-factor/reset", {})
    assert (status, told["second_factor"]) == (200, False)
    assert (await call(clerk, f"/users/{lan}/second-factor/reset", {}))[0] == 409
    assert await clerk.status("GET", "/desk/", headers={"Cookie": theirs}) == 303
    clerk.cookie = ""
    assert await clerk.sign_in("lan@x.vn") == 303
    done = await office.parts.store.read(
        lambda tx: tx.all("SELECT action FROM audit_entry WHERE object_id = :id", id=lan)
    )
    assert {"second_factor.on", "second_factor.codes", "second_factor.off"} <= {row.action for row in done}


async def test_where_it_is_required_there_is_nothing_else_before_it(office: Office, clerk: Clerk) -> None:
    object.__setattr__(office.parts.config.desk, "second_factor", "required")
    try:
        await clerk.sign_in("lan@x.vn")
        async with clerk.ask("GET", "/desk/") as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/desk/account")
        assert await clerk.status("GET", "/desk/account") == 200
        assert await clerk.status("GET", "/api/v1/conversations") == 403
        assert await clerk.status("GET", "/desk/events") == 401
        await enrolled(office, clerk)
        assert await clerk.status("GET", "/desk/") == 200
        assert await clerk.status("GET", "/api/v1/conversations") == 200
    finally:
        object.__setattr__(office.parts.config.desk, "second_factor", "optional")


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34 5x", "-12345"])
def test_what_is_no_code_is_of_no_step(given: str) -> None:
    assert factor.step_of(factor.new_secret(), given, 1_800_000_000_000) is None


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: SHA-1, at these seconds, the last six of its eight digits."""
    secret = b"12345678901234567890"
    for seconds, digits in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert factor.step_of(secret, digits, seconds * 1000) == seconds // 30
