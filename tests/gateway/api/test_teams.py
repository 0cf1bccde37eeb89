"""Teams, certificates, shifts, days off and the rules, through the API and into what happens to a conversation."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from handlers import assigning, schedule
from handlers.model import Business, State
from scheduler import routing as clock
from scheduler import timers
from storage.tx import Tx
from tests.gateway.api.conftest import Caller, House, fields_of

pytestmark = pytest.mark.usefixtures("by_hand")


def day(house: House, days: int) -> str:
    return (schedule.local(house.parts.now(), house.parts.engine.business) + timedelta(days=days)).date().isoformat()


async def turn(house: House) -> int:
    return await house.parts.store.run(partial(assigning.turn, engine=house.parts.engine))


async def everybody_is_here(house: House) -> None:
    await house.parts.store.run(lambda tx: tx.run("UPDATE advisor SET seen_at = :now", now=tx.now_ms))


async def waiting(house: House, thread: str) -> str:
    """A conversation that waits for advice on a car. Its id."""
    conversation = await house.conversation(thread, lead=True)
    await house.parts.store.run(
        lambda tx: tx.run("UPDATE handoff SET team = 'advice' WHERE conversation_id = :id", id=conversation)
    )
    return conversation


async def member(house: House, chief: Caller, name: str, team: str = "advice") -> Caller:
    one = await house.as_role("advisor", name)
    members = next(each["members"] for each in (await chief.get("/teams"))["items"] if each["id"] == team)
    status, _ = await chief("PATCH", f"/teams/{team}", {"members": [*members, one.id]})
    assert status == 200
    return one


async def rules(chief: Caller, **settings: Any) -> Any:
    status, answer = await chief("PATCH", "/routing", settings)
    assert status == 200, answer
    return answer


async def test_teams_are_there_at_once_and_are_the_houses_own(house: House) -> None:
    chief, lan = await house.as_role("supervisor"), await house.as_role("advisor", "Lan")
    first = (await lan.get("/teams"))["items"]
    assert [(each["id"], each["name"]) for each in sorted(first, key=lambda each: each["id"])] == [
        ("advice", "Tư vấn"), ("care", "Chăm sóc"), ("claims", "Bồi thường"), ("intake", "Tiếp nhận"),
    ]  # fmt: skip
    made = await chief.post("/teams", {"name": "Xe máy", "first_minutes": 5})
    assert (made["id"], made["first_minutes"], made["members"]) == ("xe-may", 5, [])
    status, answer = await chief("POST", "/teams", {"name": "xe  MÁY"})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert (await lan("POST", "/teams", {"name": "Của em"}))[0] == 403
    await member(house, chief, "Lan", "xe-may")
    assert next(each["teams"] for each in (await lan.get("/advisors"))["items"] if each["id"] == lan.id) == ["xe-may"]
    status, answer = await chief("PATCH", "/teams/xe-may", {"members": ["nobody"]})
    assert (status, fields_of(answer)) == (422, {"members"})
    assert house.parts.engine.business.rules.first_of("xe-may") == 5
    status, gone = await chief("DELETE", "/teams/care")
    assert (status, gone["id"]) == (200, "care")
    assert (await chief("DELETE", "/teams/care"))[0] == 404


async def test_a_transfer_puts_it_into_the_queue_of_a_team_that_there_is(house: House) -> None:
    conversation = await house.conversation("1", lead=True)
    chief, lan = await house.as_role("supervisor"), await house.as_role("advisor", "Lan")
    await lan.post(f"/conversations/{conversation}/take")
    status, answer = await lan("POST", f"/conversations/{conversation}/transfer", {"team": "nowhere"})
    assert (status, fields_of(answer)) == (422, {"team"})
    assert "claims (Bồi thường)" in answer["error"]["fields"]["team"]
    moved = await lan.post(f"/conversations/{conversation}/transfer", {"team": "bồi thường", "note": "gấp"})
    assert (moved["team"], moved["status"], moved["handoff"]["team"]) == ("claims", "waiting", "claims")
    assert "team:Bồi thường" in moved["labels"]
    for wanted, found in (("claims", [conversation]), ("advice", []), ("mine", [])):
        assert [each["id"] for each in (await lan.get("/conversations", team=wanted))["items"]] == found, wanted
    await member(house, chief, "Lan", "claims")
    assert [each["id"] for each in (await lan.get("/conversations", team="mine"))["items"]] == [conversation]
    again = await lan.post(f"/conversations/{conversation}/transfer", {"team": "care"})
    assert (again["handoff"]["team"], again["handoff"]["id"]) == ("care", moved["handoff"]["id"])
    assert [each for each in again["labels"] if each.startswith("team:")] == ["team:Chăm sóc"]


async def test_advice_is_for_whoever_is_certified_once_the_house_records_it(house: House) -> None:
    chief, lan, nam = (
        await house.as_role("supervisor"),
        await house.as_role("advisor", "Lan"),
        await house.as_role("advisor", "Nam"),
    )
    conversation = await house.conversation("1", lead=True)
    await lan.post(f"/conversations/{conversation}/take")  # nothing is recorded: as ever
    paper = {"number": "DL-1", "insurer": "PVI", "valid_from": day(house, -400), "valid_to": day(house, 20)}
    made = await chief.post(f"/advisors/{lan.id}/certificates", paper)
    assert (made["state"], made["days_left"]) == ("expiring", 20)
    assert [each["id"] for each in (await chief.get("/certificates", state="expiring"))["items"]] == [made["id"]]
    team = await lan.post(f"/conversations/{conversation}/transfer", {"team": "advice"})
    assert team["status"] == "waiting"
    for caller, path, body in (
        (nam, "take", None),
        (nam, "messages", {"text": "Dạ"}),
        (chief, "assign", {"advisor": nam.id}),
        (chief, "transfer", {"advisor": nam.id}),
    ):
        status, answer = await caller("POST", f"/conversations/{conversation}/{path}", body)
        assert (status, answer["error"]["code"]) == (409, "not_certified"), path
    assert (await lan.post(f"/conversations/{conversation}/take"))["assignee"]["id"] == lan.id

    status, _ = await chief("PATCH", f"/certificates/{made['id']}", {**paper, "valid_to": day(house, -1)})
    assert status == 200
    assert await turn(house) == 1  # whatever the mode: who may advise no more does not keep it
    back = await chief.get(f"/conversations/{conversation}")
    assert (back["status"], back["assignee"], back["handoff"]["reason"]) == ("waiting", None, "uncertified")
    notes = await chief.get(f"/conversations/{conversation}/messages", notes="true")
    assert any("Lan: chứng chỉ đã hết hạn" in each["text"] for each in notes["items"])
    assert await turn(house) == 0
    status, answer = await chief(
        "POST", f"/advisors/{lan.id}/certificates", {**paper, "valid_from": day(house, 5), "valid_to": day(house, 4)}
    )
    assert status == 422


async def test_given_to_the_one_with_least_then_to_the_next_who_answers(house: House) -> None:
    chief = await house.as_role("supervisor")
    lan, _ = await member(house, chief, "Lan"), await member(house, chief, "Nam")
    first, second = await waiting(house, "1"), await waiting(house, "2")
    assert await turn(house) == 0  # pull: nobody is given anything
    assert (await rules(chief, mode="assign", answer_minutes=5, capacity=1))["mode"] == "assign"
    assert await turn(house) == 0  # nobody is there
    await everybody_is_here(house)
    assert (await lan.post("/me/presence", {"away": True}))["items"][0]["away"] is True
    assert await turn(house) == 1  # Nam takes one at once, Lan is away
    got = [await chief.get(f"/conversations/{each}") for each in (first, second)]
    assert [each["assignee"] and each["assignee"]["name"] for each in got] == ["Nam", None]
    assert await turn(house) == 0
    await lan.post("/me/presence", {"away": False})
    assert await turn(house) == 1
    assert (await chief.get(f"/conversations/{second}"))["assignee"]["id"] == lan.id
    audit = await house.parts.store.read(
        lambda tx: tx.all("SELECT actor, fields FROM audit_entry WHERE action = 'conversation.assign'")
    )
    assert {(row.actor, "least_load" in row.fields) for row in audit} == {("system", True)}

    await rules(chief, capacity=2)
    house.parts.clock.offset_ms += 6 * 60_000  # Nam says nothing
    await everybody_is_here(house)
    await lan.post(f"/conversations/{second}/messages", {"text": "Dạ em chào anh"})
    await house.parts.store.run(timers.fire)  # unless the house's own clock was quicker
    await house.settled()
    back = await chief.get(f"/conversations/{first}")
    assert (back["status"], back["handoff"]["reason"], back["handoff"]["team"]) == ("waiting", "unanswered", "advice")
    assert await turn(house) == 1
    assert (await chief.get(f"/conversations/{first}"))["assignee"]["id"] == lan.id


async def test_a_look_reads_the_house_once_and_opens_only_what_is_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    chief = await house.as_role("supervisor")
    lan, nam = await member(house, chief, "Lan"), await member(house, chief, "Nam")
    given = [await waiting(house, thread) for thread in "123456"]
    await rules(chief, mode="assign", capacity=2)
    await everybody_is_here(house)
    engine, looks, opened = house.parts.engine, Counter[str](), list[str]()
    read, open_for = assigning.house, engine.open_for

    def seen(tx: Tx, business: Business) -> assigning.House:
        looks["house"] += 1
        return read(tx, business)

    def told(tx: Tx, conversation_id: str) -> State:
        opened.append(conversation_id)
        return open_for(tx, conversation_id)

    monkeypatch.setattr(assigning, "house", seen)
    monkeypatch.setattr(engine, "open_for", told)
    needs, before = assigning.Needs(), dict[str, int]()

    async def look() -> tuple[int, set[str]]:
        """How many it gave, and who waits and is another than at the last look: the rest of the house goes on."""

        def unit(tx: Tx) -> tuple[int, set[str]]:
            now = {row.id: row.version for row in tx.all("SELECT id, version FROM conversation WHERE stage = 'queued'")}
            changed = {key for key, version in now.items() if before.get(key) != version}
            before.update(now)
            return assigning.turn(tx, engine, needs), changed

        opened.clear()
        return await house.parts.store.run(unit)

    assert await look() == (4, set(given))  # both are full then
    assert (looks["house"], sorted(opened)) == (1, sorted(given))
    who = [(await chief.get(f"/conversations/{each}"))["assignee"] for each in given]
    assert Counter(each and each["id"] for each in who) == {lan.id: 2, nam.id: 2, None: 2}
    left = given[who.index(None)]
    await chief.post(f"/conversations/{left}/notes", {"text": "gấp"})
    count, changed = await look()
    assert (count, set(opened)) == (0, changed)
    assert left in changed
    count, changed = await look()
    assert (count, set(opened)) == (0, changed)


async def test_an_offer_stands_for_its_minutes_and_goes_to_the_next(house: House) -> None:
    chief = await house.as_role("supervisor")
    lan, nam = await member(house, chief, "Lan"), await member(house, chief, "Nam")
    conversation = await waiting(house, "1")
    await rules(chief, mode="offer", offer_minutes=3, escalate_minutes=0)
    await everybody_is_here(house)
    before = (await chief.get(f"/conversations/{conversation}"))["version"]
    assert await turn(house) == 1
    seen = await chief.get(f"/conversations/{conversation}")
    assert seen["version"] > before  # or a live list would not look again
    turns = [seen["handoff"]["offered_to"]["id"]]
    assert await turn(house) == 0
    for _ in range(2):
        house.parts.clock.offset_ms += 3 * 60_000 + 1
        await everybody_is_here(house)
        await turn(house)
        await turn(house)  # all have let it pass: it begins anew
        turns.append((await chief.get(f"/conversations/{conversation}"))["handoff"]["offered_to"]["id"])
    assert sorted(turns[:2]) == sorted([lan.id, nam.id])
    assert turns[2] == turns[0]
    taken = await nam.post(f"/conversations/{conversation}/take")  # an offer shuts nobody out
    assert taken["handoff"]["offered_to"] is None


async def test_who_waits_too_long_is_the_supervisors_matter_once(house: House) -> None:
    chief = await house.as_role("supervisor")
    await rules(chief, escalate_minutes=30, first_minutes=10)
    conversation = await house.conversation("1", lead=True)
    card = (await chief.get(f"/conversations/{conversation}"))["handoff"]
    assert card["escalated"] is False
    assert await house.parts.store.run(clock.escalate) == 0
    house.parts.clock.offset_ms += 31 * 60_000
    assert await house.parts.store.run(clock.escalate) == 1
    await house.settled()
    told = (await chief.get(f"/conversations/{conversation}"))["handoff"]
    assert told["escalated"] is True
    assert told["priority"] > card["priority"]
    assert await house.parts.store.run(clock.escalate) == 0


async def test_the_next_answer_has_its_clock_where_it_is_measured(house: House) -> None:
    chief, lan = await house.as_role("supervisor"), await house.as_role("advisor", "Lan")
    conversation = await house.conversation("1", lead=True)
    await lan.post(f"/conversations/{conversation}/take")

    async def due() -> Any:
        await house.say("1", "phí bao nhiêu vậy em")
        await house.settled()
        return (await lan.get(f"/conversations/{conversation}"))["answer_due_at"]

    assert await due() is None
    await rules(chief, next_minutes=10)
    begun = datetime.fromisoformat((await lan.get(f"/conversations/{conversation}"))["last_inbound_at"])
    assert timedelta(minutes=9) < datetime.fromisoformat(await due()) - begun <= timedelta(minutes=10, seconds=1)
    await lan.post(f"/conversations/{conversation}/messages", {"text": "Dạ 480.700 đồng ạ"})
    assert (await lan.get(f"/conversations/{conversation}"))["answer_due_at"] is None


async def test_a_day_off_of_the_desk_counts_at_once_and_one_of_the_file_may_be_worked(house: House) -> None:
    chief = await house.as_role("supervisor")
    made = await chief.post("/holidays", {"day": "2027-02-06", "name": "Tết Đinh Mùi"})
    assert (made["off"], made["source"]) == (True, "desk")
    assert "2027-02-06" in house.parts.engine.business.holidays
    await chief.post("/holidays", {"day": "2027-02-06", "name": "Trực Tết", "works": True})
    assert "2027-02-06" not in house.parts.engine.business.holidays
    assert (await chief("DELETE", "/holidays/2027-02-06"))[0] == 200
    assert (await chief("DELETE", "/holidays/2027-02-06"))[0] == 404
    for wrong in ("2027-02-30", "06/02/2027"):
        assert (await chief("POST", "/holidays", {"day": wrong, "name": "x"}))[0] == 422


async def test_shifts_of_several_periods(house: House) -> None:
    chief, lan = await house.as_role("supervisor"), await house.as_role("advisor", "Lan")
    week = {"days": {"mon": [{"begins": "13:30", "ends": "17:30"}, {"begins": "08:00", "ends": "12:00"}]}}
    status, answer = await chief("PATCH", f"/shifts/advisor:{lan.id}", week)
    assert (status, answer["days"]) == (200, {"mon": [["08:00", "12:00"], ["13:30", "17:30"]]})
    assert [each["owner"] for each in (await lan.get("/shifts"))["items"]] == [f"advisor:{lan.id}"]
    for days in (
        {"mon": [{"begins": "08:00", "ends": "12:00"}, {"begins": "11:00", "ends": "13:00"}]},
        {"mon": [{"begins": "12:00", "ends": "08:00"}]},
        {"mon": [{"begins": "8:00", "ends": "12:00"}]},
    ):
        assert (await chief("PATCH", f"/shifts/advisor:{lan.id}", {"days": days}))[0] == 422
    assert (await chief("PATCH", "/shifts/team:nowhere", week))[0] == 404
    assert (await chief("PATCH", f"/shifts/advisor:{lan.id}", {"days": {}}))[0] == 200
    assert (await lan.get("/shifts"))["items"] == []


async def test_what_other_rules_would_have_done(house: House) -> None:
    chief = await house.as_role("supervisor")
    lan = await member(house, chief, "Lan")
    conversation = await waiting(house, "1")
    house.parts.clock.offset_ms += 86_400_000
    nothing = await chief.post("/routing/preview", {})
    assert nothing["now"] == nothing["then"]
    assert (nothing["now"]["handoffs"], nothing["now"]["nobody"], nothing["different"]) == (1, 1, 0)
    told = await chief.post("/routing/preview", {"mode": "assign", "first_minutes": 5})
    assert (told["then"]["given"], told["then"]["late"], told["now"]["late"], told["different"]) == (1, 0, 1, 1)
    assert [(each["conversation_id"], each["then"]["advisor"]["id"]) for each in told["examples"]] == [
        (conversation, lan.id)
    ]
    assert house.parts.engine.business.rules.mode == "pull"  # nothing was changed
    status, answer = await chief("POST", "/routing/preview", {"day": day(house, 0)})
    assert (status, fields_of(answer)) == (422, {"day"})
    assert (await lan("POST", "/routing/preview", {}))[0] == 403


async def test_the_rules_are_the_chiefs(house: House) -> None:
    for role in ("advisor", "intake", "dpo", "integration"):
        caller = await house.as_role(role)
        for method, path, body in (
            ("GET", "/routing", None),
            ("PATCH", "/routing", {"mode": "assign"}),
            ("POST", "/holidays", {"day": "2027-02-06", "name": "Tết"}),
            ("PATCH", "/shifts/team:advice", {"days": {}}),
            ("POST", f"/advisors/{caller.id}/certificates", None),
            ("PATCH", f"/advisors/{caller.id}/capacity", {"capacity": 3}),
        ):
            assert (await caller(method, path, body))[0] == 403, (role, path)


async def test_short_lists_are_told_whole_or_in_pages(house: House) -> None:
    chief = await house.as_role("admin")
    for name in ("Lan", "Minh", "Nam"):
        await house.as_role("advisor", name)
    for path in ("/advisors", "/users", "/tokens", "/teams", "/canned"):
        whole = (await chief.get(path))["items"]
        pages, cursor = [], None
        while True:
            page = await chief.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) <= 2
            pages += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [each["id"] for each in pages] == [each["id"] for each in whole], path
        for limit in ("0", "201", "abc"):
            status, body = await chief("GET", f"{path}?limit={limit}")
            assert (status, body["error"]["code"], list(body["error"]["fields"])) == (422, "invalid", ["limit"]), path
