"""Sessions: seen and ended by their person and by an administrator; and whatever ends one ends its stream at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.api.devices import device
from gateway.desk import live
from storage import advisors, factors, invites, sessions
from storage.tx import Tx
from tests.gateway.desk.conftest import Clerk
from tests.gateway.desk.test_live import feed
from tests.support.desk import PASSWORD, Office

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/147.0.0.0 Safari/537.36"


async def ask(clerk: Clerk, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with clerk.ask(method, f"/api/v1{path}", **more) as answer:
        if "Set-Cookie" in answer.headers:
            clerk.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer.status, await answer.json()


async def come(office: Office, clerk: Clerk, agent: str, email: str = "lan@x.vn") -> Clerk:
    """The same person at another browser."""
    other = Clerk(clerk.session, office.url)
    given = {"email": email, "password": PASSWORD}
    async with other.ask("POST", "/desk/login", data=given, headers={"User-Agent": agent}) as answer:
        assert answer.status == 303
        other.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return other


async def test_seen_with_device_and_place_and_ended(office: Office, clerk: Clerk) -> None:
    phone, laptop = await come(office, clerk, PHONE), await come(office, clerk, LAPTOP)
    items = (await ask(laptop, "GET", "/me/sessions"))[1]["items"]
    assert {(each["device"], each["place"], each["current"]) for each in items} == {
        ("Chrome · Windows", "local", True),
        ("Safari · iPhone", "local", False),
    }
    kept = await office.parts.store.read(lambda tx: [row.id_hash for row in tx.all("SELECT id_hash FROM session")])
    assert not any(each["id"] in bytes(key).hex() for each in items for key in kept)
    (theirs,) = [each["id"] for each in items if not each["current"]]
    status, left = await ask(laptop, "DELETE", f"/me/sessions/{theirs}")
    assert (status, len(left["items"])) == (200, 1)
    assert (await ask(phone, "GET", "/me"))[0] == 401
    assert (await ask(laptop, "DELETE", f"/me/sessions/{theirs}"))[0] == 404


async def test_nobody_ends_anothers_but_who_manages_people(office: Office, clerk: Clerk) -> None:
    await office.hire("Sếp", "admin", email="sep@x.vn")
    lan, sep = await come(office, clerk, PHONE), await come(office, clerk, LAPTOP, "sep@x.vn")
    ids = {}
    for who in (lan, sep):
        me = (await ask(who, "GET", "/me"))[1]["id"]
        ids[who] = (me, (await ask(who, "GET", "/me/sessions"))[1]["items"][0]["id"])
    assert (await ask(lan, "DELETE", f"/me/sessions/{ids[sep][1]}"))[0] == 404
    assert (await ask(lan, "GET", f"/users/{ids[sep][0]}/sessions"))[0] == 403
    assert (await ask(lan, "DELETE", f"/users/{ids[sep][0]}/sessions/{ids[sep][1]}"))[0] == 403
    assert (await ask(sep, "DELETE", f"/users/{ids[sep][0]}/sessions/{ids[lan][1]}"))[0] == 404, "not that person's"
    assert (await ask(sep, "GET", f"/users/{ids[lan][0]}/sessions"))[1]["items"][0]["device"] == "Safari · iPhone"
    assert (await ask(sep, "DELETE", f"/users/{ids[lan][0]}/sessions/{ids[lan][1]}"))[0] == 200
    assert (await ask(lan, "GET", "/me"))[0] == 401


async def test_the_fourth_place_ends_the_one_used_longest_ago(office: Office, clerk: Clerk) -> None:
    places = []
    for _ in range(4):
        places.append(await come(office, clerk, LAPTOP))
        office.parts.clock.offset_ms += 1000
    assert [(await ask(each, "GET", "/me"))[0] for each in places] == [401, 200, 200, 200]


async def test_a_session_goes_on_under_a_new_id_when_the_ways_in_change(office: Office, clerk: Clerk) -> None:
    lan = await come(office, clerk, LAPTOP)
    elsewhere = await come(office, clerk, PHONE)
    before = lan.cookie
    said = {"current": PASSWORD, "new": "mot cau moi that la dai"}
    assert (await ask(lan, "POST", "/me/password", json=said))[0] == 200
    assert lan.cookie != before
    assert (await ask(lan, "GET", "/me"))[0] == 200
    lan.cookie, after = before, lan.cookie
    assert (await ask(lan, "GET", "/me"))[0] == 401
    assert (await ask(elsewhere, "GET", "/me"))[0] == 401
    lan.cookie = after
    assert (await ask(lan, "POST", "/me/sessions/end", json={}))[1] == {"ended": 0}


Ending = Callable[[Tx, str], object]
ENDINGS: dict[str, Ending] = {
    "disabled": lambda tx, lan: advisors.disable(tx, lan, by="test"),
    "password": lambda tx, lan: advisors.set_password(tx, lan, "hash", by="test"),
    "another role": lambda tx, lan: advisors.change(
        tx, lan, by="test", name="Lan", role="intake", agent_code="", email=None
    ),
    "another address": lambda tx, lan: advisors.change(
        tx, lan, by="test", name="Lan", role="advisor", agent_code="", email="new@x.vn"
    ),
    "second factor on": lambda tx, lan: (factors.begin(tx, lan, b"s" * 20), factors.confirm(tx, lan, keep_session=b"")),
    "second factor reset": lambda tx, lan: (
        factors.begin(tx, lan, b"s" * 20),
        tx.run("UPDATE second_factor SET confirmed_at = 1"),
        factors.remove(tx, lan, by="test"),
    ),
    "reset link": lambda tx, lan: (invites.make(tx, "t" * 22, lan, kind="reset", by="test"), invites.use(tx, "t" * 22, "h")),
    "signed out everywhere": sessions.end_all,
    "three others": lambda tx, lan: [sessions.begin(tx, f"{n}" * 43, lan) for n in range(3)],
}  # fmt: skip


@pytest.mark.parametrize("way", sorted(ENDINGS))
async def test_what_ends_a_session_ends_its_stream_at_once(
    office: Office, clerk: Clerk, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow look at all sessions is out of the way: only the hint of the act itself can have ended it."""
    monkeypatch.setattr(live, "CHECK_S", 1e9)
    await clerk.sign_in("lan@x.vn")
    lan = await office.parts.store.read(lambda tx: tx.value("SELECT id FROM advisor WHERE email = 'lan@x.vn'"))
    async with feed(clerk) as told:
        office.parts.clock.offset_ms += 1000
        await office.parts.store.run(lambda tx: ENDINGS[way](tx, lan) and None)
        await told.until(lambda: told.ended)
        assert told.named("bye") == [{"reason": "signed_out"}]


def test_places_are_networks_and_devices_have_names() -> None:
    assert [sessions.place_of(each) for each in ("203.0.113.77", "2001:db8:1:2::3", "::ffff:203.0.113.9", "::1", "")] == [
        "203.0.113.0/24",
        "2001:db8:1::/48",
        "203.0.113.0/24",
        "local",
        "",
    ]  # fmt: skip
    assert [device(each) for each in (PHONE, LAPTOP, "", "curl/8")] == ["Safari · iPhone", "Chrome · Windows", "", ""]
