"""Finding over HTTP: one box, lists that people keep, the wall's lists, tables that leave the house."""

from __future__ import annotations

import csv
import io
from typing import Any

from gateway import csvfile
from tests.gateway.api.conftest import Caller, House
from tests.gateway.api.test_privacy import at_the_desk

PHONE = "0912 345 678"


async def names(caller: Caller, q: str) -> tuple[list[str], list[str]]:
    found = await caller.get("/search", q=q)
    return [each["name"] for each in found["people"]], [each["text"] for each in found["conversations"]]


async def test_one_box_for_people_and_words(house: House) -> None:
    hers = await house.conversation("1", lead=True)
    await house.conversation("2", lead=True)
    await house.say("1", "Xe của tôi là con kangaroo màu đỏ")
    await house.settled()
    lan, boss = await house.as_role("advisor", "Lan"), await house.as_role("supervisor")
    other, dpo = await house.as_role("advisor", "Minh"), await house.as_role("dpo")
    await lan.post(f"/conversations/{hers}/take")
    await house.say("1", "Hôm qua xe của bạn tôi, biển số 51F-123.45, bị va quệt")
    await house.settled()
    await house.indexed()
    for words in ("hùng", "NGUYEN VAN", "ngu", PHONE, "5678"):
        assert await names(boss, words) == (["Nguyễn Văn Hùng"] * 2, []), words
        assert await names(lan, words) == (["Nguyễn Văn Hùng"] * 2, []), "her own and the queue"
        assert len((await names(other, words))[0]) == 1, "what another has is not found"
        assert await names(dpo, words) == (["Nguyễn V** H***"] * 2, []), words
    for who, endings in ((lan, ["******5678"] * 2), (dpo, ["091****678"] * 2)):
        assert [each["phone"] for each in (await who.get("/search", q="hùng"))["people"]] == endings
    assert (await names(lan, "kangaroo"))[1] == ["Xe của tôi là con kangaroo màu đỏ"]
    assert (await names(other, "kangaroo")) == ([], [])
    for plate in ("51F-123.45", "51f12345", "51F 12345", "12345"):
        assert (await names(lan, plate))[1] == ["Hôm qua xe của bạn tôi, biển số 51F-123.45, bị va quệt"], plate
    found = (await boss.get("/search", q="kangaroo"))["conversations"][0]
    assert (found["where"], found["conversation"]["id"]) == ("words", hers)
    assert await names(boss, "zzz") == ([], [])
    assert (await boss("GET", "/search"))[0] == 422
    await house.api.reads.flush()
    line = (await dpo.get("/audit", actor=other.id))["items"]
    assert [each["action"] for each in line] == ["conversation.search"]


async def test_lists_that_people_keep(house: House) -> None:
    waiting = await house.conversation("1", lead=True)
    await house.conversation("2")
    lan, minh, boss = (
        await house.as_role("advisor", "Lan"),
        await house.as_role("advisor", "Minh"),
        await house.as_role("supervisor"),
    )
    mine = await lan.post("/filters", {"name": "Chờ", "query": {"status": "waiting", "product": "none"}})
    assert (mine["mine"], mine["shared"], mine["count"], mine["more"]) == (True, False, 1, False)
    assert mine["query"] == {"status": "waiting", "product": "none"}
    ours = await boss.post("/filters", {"name": "Mới hôm nay", "query": {"newer_hours": 24}, "shared": True})
    assert ours["count"] == 2
    status, body = await lan("POST", "/filters", {"name": "x", "query": {"newer_hours": 1}, "shared": True})
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert [(each["name"], each["mine"]) for each in (await lan.get("/filters"))["items"]] == [
        ("Mới hôm nay", False),
        ("Chờ", True),
    ]
    assert [each["name"] for each in (await minh.get("/filters"))["items"]] == ["Mới hôm nay"]
    change: dict[str, Any] = {"name": "Chờ lâu", "query": {"status": "waiting", "waiting_minutes": 60}}
    assert (await minh("PATCH", f"/filters/{mine['id']}", change))[0] == 404
    assert (await lan("PATCH", f"/filters/{ours['id']}", change))[0] == 403
    changed = (await lan("PATCH", f"/filters/{mine['id']}", change))[1]
    assert (changed["name"], changed["count"]) == ("Chờ lâu", 0)
    for wrong in ({}, {"status": "lost"}, {"q": "hùng"}, {"older_hours": -1}):
        assert (await lan("POST", "/filters", {"name": "x", "query": wrong}))[0] == 422, wrong
    for query, ids in (
        ({"product": "none", "status": "waiting"}, [waiting]), ({"product": "tnds_oto", "status": "waiting"}, []), ({"older_hours": 1}, []),
        ({"newer_hours": 1, "status": "waiting"}, [waiting]), ({"waiting_minutes": 1}, []),
    ):  # fmt: skip
        assert [each["id"] for each in (await lan.get("/conversations", **query))["items"]] == ids, query
    assert (await lan("DELETE", f"/filters/{ours['id']}"))[0] == 403
    assert (await lan("DELETE", f"/filters/{mine['id']}"))[0] == 200
    assert [each["name"] for each in (await lan.get("/filters"))["items"]] == ["Mới hôm nay"]


async def test_every_number_of_the_wall_opens_its_list(house: House) -> None:
    for number in range(4):
        await house.conversation(str(number), lead=number > 0)
    lan, boss = await house.as_role("advisor", "Lan"), await house.as_role("supervisor")
    ids = [each["id"] for each in (await boss.get("/conversations", status="waiting"))["items"]]
    for each in ids[:2]:
        await lan.post(f"/conversations/{each}/take")
    await lan.post(f"/conversations/{ids[0]}/messages", {"text": "Dạ"})
    await lan.post(f"/conversations/{ids[0]}/close", {"outcome": "lost", "reason": "chê phí cao"})
    wall = await boss.get("/wall", period="7d")
    assert (wall["waiting"]["count"], wall["waiting"]["oldest"]["conversation_id"]) == (1, ids[2])
    assert [(each["name"], each["active"]) for each in wall["people"]] == [("Lan", 1)]
    assert (wall["answers"]["all"]["asked"], wall["answers"]["all"]["answered"]) == (3, 1)
    assert {each["of"]: each["count"] for each in wall["funnel"]} == {
        "opened": 4, "said": 4, "consented": 3, "asked": 3, "taken": 2, "won": 0, "issued": 0, "delivered": 0,
    }  # fmt: skip
    assert [(each["words"], each["count"]) for each in wall["lost"]] == [("chê phí cao", 1)]
    numbers = [("waiting", "", wall["waiting"]["count"]), ("late", "", wall["waiting"]["late"])]
    numbers += [
        ("waiting", each["of"], each["count"]) for each in wall["waiting"]["channels"] + wall["waiting"]["teams"]
    ]
    numbers += [("active", each["id"], each["active"]) for each in wall["people"]]
    numbers += [("his_turn", each["id"], each["his_turn"]) for each in wall["people"]]
    numbers += [("step", each["of"], each["count"]) for each in wall["funnel"]]
    numbers += [("lost", each["key"], each["count"]) for each in wall["lost"]]
    numbers += [("score", each["of"], each["count"]) for each in wall["scores"]["by_score"]]
    for each in [wall["answers"]["all"], *wall["answers"]["channels"], *wall["answers"]["teams"]]:
        numbers += [("asked", each["of"], each["asked"]), ("answered", each["of"], each["answered"])]
    for figure, of, count in numbers:
        found: list[str] = []
        cursor = None
        while True:
            page = await boss.get(
                "/wall/conversations",
                figure=figure,
                of=of,
                period="7d",
                limit=2,
                **({"cursor": cursor} if cursor else {}),
            )
            found += [each["id"] for each in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        assert len(found) == len(set(found)) == count, (figure, of)
        assert found == sorted(found, reverse=True)
    assert (await lan("GET", "/wall"))[0] == 403


async def table(caller: Caller, path: str, body: dict[str, Any], sign: str = ";") -> list[list[str]]:
    status, data = await caller("POST", path, body)
    assert status == 200, data
    assert data.startswith(csvfile.MARK)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=sign))


async def test_tables_leave_for_a_purpose_and_masked(house: House) -> None:
    conversation = await house.conversation("1", lead=True)
    second = await house.conversation("2")
    boss, dpo = await house.as_role("supervisor"), await house.as_role("dpo")
    contact = (await boss.get(f"/conversations/{conversation}"))["contact_id"]
    assert (await boss("PATCH", f"/contacts/{contact}", {"name": '=HYPERLINK("x")'}))[0] == 200
    ask = {"purpose": "care", "query": {"status": "waiting"}}
    head, line = await table(boss, "/exports/conversations", ask)
    shown = dict(zip(head, line, strict=True))
    assert (shown["Mã"], shown["Điện thoại"], shown["Tình trạng"]) == (conversation, "091****678", "Đang chờ")
    assert "HYPERLINK" not in shown["Tên"]
    personal = {**ask, "personal": True, "separator": "comma", "lang": "en"}
    status, refused = await boss("POST", "/exports/conversations", personal)
    assert (status, refused["error"]["code"]) == (403, "approval_needed")
    wanted = await boss.post("/exports/asks", ask)
    assert (wanted["state"], wanted["wanted"], wanted["mine"]) == ("asked", {"status": "waiting"}, True)
    personal["ask"] = wanted["id"]
    assert (await boss("POST", "/exports/conversations", personal))[0] == 403, "nobody has let it go"
    assert (await boss("POST", f"/exports/asks/{wanted['id']}/approve", {}))[0] == 403, "a token approves nothing"
    officer = await at_the_desk(house, "dpo")
    assert (await officer.post(f"/exports/asks/{wanted['id']}/approve", {}))["state"] == "approved"
    assert (await officer("POST", f"/exports/asks/{wanted['id']}/decline", {}))[0] == 409
    for other in ({"purpose": "legal"}, {"query": {"status": "closed"}}, {"query": {}}):
        assert (await boss("POST", "/exports/conversations", {**personal, **other}))[0] == 403, "something else"
    shown = dict(zip(*await table(boss, "/exports/conversations", personal, ","), strict=True))
    assert (await boss("POST", "/exports/conversations", personal))[0] == 403, "once"
    assert [each["state"] for each in (await officer.get("/exports/asks"))["items"]] == ["used"]
    assert (shown["Name"], shown["Phone"]) == ('\'=HYPERLINK("x")', PHONE)
    await boss.post(f"/conversations/{second}/close", {"outcome": "resolved"})
    head, *lines = await table(boss, "/exports/conversations", {"purpose": "legal"})
    shown_now = [dict(zip(head, line, strict=True)) for line in lines]
    assert sorted((one["Giai đoạn"], one["Tình trạng"], one["Kết quả"]) for one in shown_now) == [
        ("Đang chờ", "Đang chờ", ""),
        ("Đã xong", "Đã đóng", "Đã giải quyết"),
    ]
    figures = await table(boss, "/exports/wall", {"purpose": "care", "period": "today"})
    assert ["Đang chờ", "Tất cả", "1"] in figures
    assert ["Phễu", "Đồng ý", "1"] in figures
    for wrong in ({}, {"purpose": "advertising"}, {"purpose": "care", "query": {"q": "x"}}):
        assert (await boss("POST", "/exports/conversations", wrong))[0] == 422, wrong
    assert (await dpo("POST", "/exports/conversations", ask))[0] == 403
    lines = (await dpo.get("/audit", actor=boss.id))["items"]
    told = [(each["action"], each["fields"]) for each in reversed(lines) if each["object_type"] == "export"]
    assert told[:5] == [
        ("export.conversations", ["purpose:care", "masked"]),
        ("export.conversations.done", ["lines:2"]),
        ("export.ask", ["purpose:care", "personal"]),
        ("export.conversations", ["purpose:care", "personal", wanted["id"]]),
        ("export.conversations.done", ["lines:2"]),
    ]
    assert ("export.wall", ["purpose:care", "figures"]) in told


async def test_there_is_an_end_to_tables(house: House) -> None:
    boss = await house.as_role("supervisor")
    for _ in range(csvfile.AN_HOUR):
        await table(boss, "/exports/wall", {"purpose": "care"})
    status, body = await boss("POST", "/exports/wall", {"purpose": "care"})
    assert (status, body["error"]["code"]) == (429, "too_many")
