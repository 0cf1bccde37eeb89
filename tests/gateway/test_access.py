"""Each route, each role: the list of routes is the application's own, what each may is in access.yaml beside this file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import yaml
from aiohttp import web

from gateway.api.service import API
from gateway.api.signin import SignIn
from gateway.app import application, compose, start
from gateway.config import load
from gateway.parts import Clock
from storage import advisors, sessions, tokens
from storage.passwords import Hasher
from tests.gateway.api.test_files import paper
from tests.support import tables
from tests.support.calm import calm
from tests.support.desk import CONFIG, SECRETS, Office, Platform

TABLE: Final = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text(encoding="utf-8"))
GROUPS: Final = TABLE["groups"]
ROLES: Final = tuple(GROUPS["everyone"])
NOBODY: Final = "0" * 26
SEALED: Final = ("0912345678", "0912 345 678", "+84912345678")
ACCOUNTS: Final = """
  - {{channel: facebook, name: page, page_id: "1", page_token: "${{A}}", app_id: "2", app_secret: "${{A}}", verify_token: "${{A}}"}}
  - {{channel: leads, name: form, secret: "${{A}}"}}
"""
GONE: Final = ("former", "expired", "revoked")


@dataclass(frozen=True, slots=True)
class Line:
    """A route and who may: `door` -- api, page, act, feed, open."""

    method: str
    path: str
    door: str
    who: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def lines() -> dict[str, Line]:
    found = {}
    for name, said in TABLE["routes"].items():
        method, _, path = name.partition(" ")
        door, *rest = str(said).split()
        if door == "open":
            found[name] = Line(method, path, door, statuses=frozenset(map(int, rest)))
        else:
            assert door in ("api", "page", "act", "feed"), name
            who = frozenset(role for each in rest for role in GROUPS.get(each, [each]))
            assert who <= set(ROLES), name
            found[name] = Line(method, path, door, who)
    return found


class Whole(Office):
    """With the hooks of its platforms, which an office without clients has not."""

    async def up(self) -> None:
        parts = self.parts = compose(load(self.folder / "config.yaml", self._secrets), clock=Clock())
        parts.adapters = {
            name: replace(adapter, client=None if name == "webchat" else lambda _account: Platform(), prepare=None)
            for name, adapter in parts.adapters.items()
        }
        app = self.app = application(parts)
        app[API].sign_in = SignIn(parts, Hasher(parts.store.keys, memory_kib=64))
        tables.lay(parts.store)
        calm(parts)
        await start(parts)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()


@dataclass(slots=True)
class House:
    """An office with somebody of every role. `ways` -- the headers of each; `ids` -- of Lan's work."""

    office: Whole
    session: aiohttp.ClientSession
    ways: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def ask(self, line: Line, who: str, ids: dict[str, str], body: Any = None) -> tuple[int, str, str]:
        """Status, where to, and what was said (an error's code, else the text)."""
        path = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], TABLE["values"].get(found[1], NOBODY)), line.path)
        headers = {"Origin": self.office.url, "Sec-Fetch-Site": "same-origin", **self.ways[who]}
        more: dict[str, Any] = {}
        if (line.door == "open" and line.method != "GET") or line.door == "act":
            headers["Content-Type"] = "application/x-www-form-urlencoded" if "/desk/" in path else "application/json"
            more["data"] = b"" if "/desk/" in path or "/chat/" not in path else b"{"
        elif line.method in ("POST", "PATCH", "PUT", "DELETE"):
            more["json"] = body or {}
        url = self.office.url + path
        async with self.session.request(line.method, url, headers=headers, allow_redirects=False, **more) as answer:
            where = answer.headers.get("Location", "")
            if line.door == "feed" and answer.status == 200:
                return 200, where, ""
            if answer.content_type == "application/json" and answer.status >= 400:
                return answer.status, where, str((await answer.json())["error"]["code"])
            return answer.status, where, (await answer.read()).decode("utf-8", "replace")


async def settle(house: House) -> None:
    """People, their ways in, and what is Lan's."""
    office = house.office
    house.ways["nobody"] = {}
    for role in ROLES:
        await add(house, role, role)
    await add(house, "lan", "advisor")
    await add(house, "stranger", "advisor")
    for gone in GONE:
        await add(house, gone, "admin")
    await office.parts.store.run(lambda tx: end(tx, office))
    conversation = await office.lead("1001", "Nguyễn Văn Hùng", "0912 345 678")
    lan = await house.office.parts.store.read(lambda tx: advisors.by_email(tx, "lan@x.vn"))
    assert lan is not None
    mine = {"Origin": office.url, "Sec-Fetch-Site": "same-origin", **house.ways["lan"]}

    async def post(path: str, said: Any) -> Any:
        async with house.session.post(f"{office.url}/api/v1{path}", json=said, headers=mine) as answer:
            assert answer.status in (200, 201, 202), await answer.text()
            return await answer.json()

    taken = await post(f"/conversations/{conversation}/take", {})
    form = aiohttp.FormData()
    form.add_field("conversation_id", conversation)
    form.add_field("file", paper(), filename="gcn.pdf", content_type="application/pdf")
    token = {"X-CSRF": sessions.csrf(house.ways["lan"]["Cookie"].partition("=")[2])}
    async with house.session.post(f"{office.url}/api/v1/files", data=form, headers=mine | token) as answer:
        assert answer.status == 201, await answer.text()
        file = (await answer.json())["id"]
    begins = office.parts.now().date() + timedelta(days=1)
    policy = await post(
        "/policies",
        {
            "conversation_id": conversation, "insurer": "Bảo Việt", "product": "tnds_o_to", "number": "BV-1",
            "starts_on": str(begins), "ends_on": str(begins + timedelta(days=364)), "premium": 480_700, "document_id": file,
        },
    )  # fmt: skip
    task = await post(f"/conversations/{conversation}/tasks", {"due_at": "2031-01-01T00:00:00Z"})
    case = await post("/cases", {"conversation_id": conversation, "product": "tnds_o_to"})
    house.ids = {
        "conversation_id": conversation,
        "contact_id": taken["contact_id"],
        "policy_id": policy["id"],
        "task_id": task["id"],
        "case_id": case["id"],
        "file_id": file,
    }


def end(tx: Any, office: Office) -> None:
    now = office.parts.store.now_ms()
    former = advisors.by_email(tx, "former@x.vn")
    # his session stays where it is: what keeps him out must be that he is disabled, not that somebody tidied up
    tx.run("UPDATE advisor SET disabled_at = :now WHERE id = :id", now=now, id=former.id if former else "")
    expired = advisors.by_email(tx, "expired@x.vn")
    tx.run("UPDATE session SET expires_at = :now WHERE advisor_id = :id", now=now - 1, id=expired.id if expired else "")
    tx.run("UPDATE api_token SET revoked_at = :now WHERE name = 'revoked'", now=now)


async def add(house: House, name: str, role: str) -> None:
    """With a token where that is how the role comes in, else with a session; `role:page` has a session in any case."""
    person = await house.office.hire(name.title(), role, email=f"{name}@x.vn")
    token, secret = sessions.new_token(), tokens.new_secret()

    def begin(tx: Any) -> None:
        sessions.begin(tx, token, person.id)
        tokens.create(tx, secret, name=name, role=role, by="test")

    await house.office.parts.store.run(begin)
    cookie, bearer = {"Cookie": f"sid={token}"}, {"Authorization": f"Bearer {secret}"}
    house.ways[f"{name}:page"] = cookie
    house.ways[name] = bearer if name in (*ROLES, "revoked") else cookie


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    config, secrets = CONFIG.rstrip() + ACCOUNTS, {**SECRETS, "A": "a-secret-of-sixteen"}
    async with (
        Whole(tmp_path, config=config, secrets=secrets) as office,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        made = House(office, session)
        await settle(made)
        yield made


def routes_of(app: web.Application) -> set[str]:
    """`METHOD PATH` of everything that the application answers to."""
    found = set()
    for route in app.router.routes():
        assert route.resource is not None
        found.add(f"{route.method} {route.resource.canonical}")
    assert not [each for each in found if each.startswith("*")], "a route of any method cannot be judged"
    heads = {f"HEAD {each.removeprefix('GET ')}" for each in found if each.startswith("GET ")}
    return found - heads


async def test_each_route_for_each_role(house: House) -> None:
    table = lines()
    there = routes_of(house.office.app)
    wrong = [f"{each}: has no line in access.yaml" for each in sorted(there - set(table))]
    wrong += [f"{each}: is in access.yaml and nowhere else" for each in sorted(set(table) - there)]
    for line in table.values():
        if line.name not in there:
            continue
        faults: dict[str, list[str]] = {}
        for who in ("nobody", *GONE, *ROLES):
            by_token = who in ROLES and line.door == "api" and not line.path.startswith("/desk/")
            told = await house.ask(line, f"{who}:page" if who in ROLES and not by_token else who, {})
            if why := judged(line, who if who in ROLES else "nobody", told):
                faults.setdefault(why, []).append(who)
            if line.path == "/desk/logout" and who in ROLES:
                await again(house, who)
        wrong += [f"{line.name}: {why} for {', '.join(people)}" for why, people in faults.items()]
    assert not wrong, "\n".join(wrong)


async def again(house: House, role: str) -> None:
    """Signed out by the route that does that: signed in anew."""
    person = await house.office.parts.store.read(lambda tx: advisors.by_email(tx, f"{role}@x.vn"))
    assert person is not None
    token = sessions.new_token()
    await house.office.parts.store.run(lambda tx: sessions.begin(tx, token, person.id))
    house.ways[f"{role}:page"] = {"Cookie": f"sid={token}"}


def judged(line: Line, who: str, told: tuple[int, str, str]) -> str:
    """What is wrong with this answer; '' nothing."""
    status, where, code = told
    may, sent_to_login = who in line.who, status == 303 and where.startswith("/desk/login")
    if status >= 500:
        right = False
    elif line.door == "open":
        right = status in line.statuses
    elif line.door == "api":
        refused = status == 403 and code == "forbidden"
        right = (status == 401) == (who == "nobody") and refused == (who != "nobody" and not may)
    elif line.door == "feed":
        right = status == (200 if may else 401)
    elif who == "nobody":
        right = sent_to_login
    else:
        right = status == ((303 if line.door == "act" else 200) if may else 404) and not sent_to_login
    return "" if right else f"{status} {where or ' '.join(code.split())[:60]}"


async def test_what_is_anothers_work(house: House) -> None:
    """An advisor at a conversation, a customer, a policy of another's."""
    table, wrong = lines(), []
    told = {name: said if isinstance(said, dict) else {"is": said} for name, said in TABLE["strangers"].items()}
    kinds = {f"{{{name}}}" for name in house.ids}
    needed = {
        line.name
        for line in table.values()
        if line.door == "api" and "advisor" in line.who and any(kind in line.path for kind in kinds)
    }
    wrong += [
        f"{each}: speaks of somebody's work, and has no entry under `strangers`" for each in sorted(needed - set(told))
    ]
    wrong += [f"{each}: is under `strangers` for no reason" for each in sorted(set(told) - needed)]
    for name, said in told.items():
        status, _, text = await house.ask(table[name], "stranger", house.ids, said.get("body"))
        match said["is"]:
            case "refused":
                right = status in (403, 404) or (status == 409 and text == "taken")
            case "masked":
                right = status == 200 and not any(value in text for value in SEALED)
            case "idle":
                right = (status, text) == (409, "wrong_state")
            case "shared":
                right = status in (200, 201, 202)
            case _:
                right = False
        if not right:
            wrong.append(f"{name}: {status} {text[:300]}")
    assert not wrong, "\n".join(wrong)


def test_the_table_and_the_rules_agree() -> None:
    """What the code grants and what this table says are two writings of one thing: neither moves alone."""
    from gateway.api import declared
    from gateway.api.allow import TABLE as RULES

    table = lines()
    for route in declared():
        line = table[f"{route.method} /api/v1{route.path}"]
        assert line.door == ("open" if route.open else "api"), line.name
        if not route.open:
            assert {role for role in ROLES if route.may in RULES[role]} == line.who, line.name
