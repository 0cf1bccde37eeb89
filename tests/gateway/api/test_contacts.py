"""A person over his channels: corrected, merged and taken apart again."""

from __future__ import annotations

from storage import contacts
from tests.gateway.api.conftest import House, fields_of


async def test_correcting_a_contact(house: House) -> None:
    conversation = await house.conversation("c", lead=True)
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    contact = (await lan.get(f"/conversations/{conversation}"))["contact_id"]
    path = f"/contacts/{contact}"
    before = await lan.get(path)
    assert (before["name"], before["phones"], before["emails"]) == ("Nguyễn Văn Hùng", ["+84912345678"], [])
    assert before["points"][0] | {"last_inbound_at": None} == {
        "channel": "telegram", "account": "main", "thread": "c", "reachable": True, "last_inbound_at": None, "conversation_id": conversation,
    }  # fmt: skip
    assert ("C1", "given") in {(each["purpose"], each["state"]) for each in before["consents"]}

    change = {
        "name": "  Nguyễn\u202e Văn Hưng ",
        "phones": ["0987 654 321", "+84987654321"],
        "emails": ["Hung@Example.COM"],
    }
    status, after = await lan("PATCH", path, change)
    assert status == 200
    assert (after["name"], after["phones"], after["emails"]) == (
        "Nguyễn Văn Hưng",
        ["+84987654321"],
        ["hung@example.com"],
    )
    assert after["version"] > before["version"]
    assert [each["id"] for each in (await lan.get("/conversations", q="0987654321"))["items"]] == [conversation]
    assert (await lan("PATCH", path, {}))[0] == 200

    for body, wrong in (
        ({"phones": ["0912"]}, {"phones.0"}),
        ({"phones": ["0912345678", "junk"], "emails": ["x"]}, {"phones.1"}),
        ({"emails": ["no at all"]}, {"emails.0"}),
        ({"name": ""}, {"name"}),
        ({"name": "\u202e\u0000"}, {"name"}),
        ({"salutation": "ngài"}, {"salutation"}),
        ({"id": "x", "role": "admin"}, {"id", "role"}),
        ({"test": "yes"}, {"test"}),
        ({"version": "1"}, {"version"}),
    ):
        status, answer = await lan("PATCH", path, body)
        assert (status, answer["error"]["code"], fields_of(answer)) == (422, "invalid", wrong), body
    status, answer = await lan("PATCH", path, {"name": "Hùng", "version": before["version"]})
    assert (status, answer["error"]["code"]) == (409, "conflict")

    await lan.post(f"/conversations/{conversation}/take")
    status, answer = await minh("PATCH", path, {"name": "Không phải của tôi"})
    assert (status, answer["error"]["code"]) == (403, "not_yours")
    assert (await lan("PATCH", "/contacts/" + "0" * 26, {"name": "Ai"}))[0] == 404


async def test_merging_and_taking_apart(house: House) -> None:
    one, other = await house.conversation("one", lead=True), await house.conversation("other", channel="webchat")
    boss = await house.as_role("admin")
    first = (await boss.get(f"/conversations/{one}"))["contact_id"]
    second = (await boss.get(f"/conversations/{other}"))["contact_id"]
    await boss("PATCH", f"/contacts/{second}", {"phones": ["0987654321"]})

    status, merged = await boss("POST", f"/contacts/{second}/merge", {"into": first})
    assert (status, merged["id"], merged["merged"]) == (200, first, [second])
    assert {point["channel"] for point in merged["points"]} == {"telegram", "webchat"}
    assert set(merged["phones"]) == {"+84912345678", "+84987654321"}
    assert (await boss.get(f"/contacts/{second}"))["id"] == first
    assert (await boss.get(f"/conversations/{other}"))["contact_id"] == first
    assert len((await boss.get("/conversations", contact=first))["items"]) == 2
    assert (await boss("POST", f"/contacts/{second}/merge", {"into": first}))[0] == 200, "again is no error"
    for where, into, wanted in (
        (first, first, 409),
        (first, second, 409),
        ("0" * 26, first, 404),
        (first, "0" * 26, 404),
    ):
        assert (await boss("POST", f"/contacts/{where}/merge", {"into": into}))[0] == wanted

    status, alone = await boss("POST", f"/contacts/{first}/unmerge")
    assert status == 200
    assert {alone["id"]} == {second}
    assert (await boss.get(f"/contacts/{first}"))["merged"] == []
    assert (await boss("POST", f"/contacts/{first}/unmerge"))[0] == 409
    await boss.post(f"/contacts/{second}/merge", {"into": first})
    house.parts.clock.offset_ms += contacts.REVERSIBLE_MS + 1000
    status, answer = await boss("POST", f"/contacts/{second}/unmerge")
    assert (status, answer["error"]["code"]) == (409, "wrong_state")


async def test_only_who_has_both_may_say_that_they_are_one(house: House) -> None:
    own, foreign = await house.conversation("own"), await house.conversation("foreign", lead=True)
    boss, lan, minh = (
        await house.as_role("admin"),
        await house.as_role("advisor"),
        await house.as_role("advisor", "Minh"),
    )
    mine = (await boss.get(f"/conversations/{own}"))["contact_id"]
    his = (await boss.get(f"/conversations/{foreign}"))["contact_id"]
    await lan.post(f"/conversations/{own}/take")
    await minh.post(f"/conversations/{foreign}/take")
    seen = await lan.get(f"/contacts/{his}")
    assert "+84912345678" not in seen["phones"]

    status, answer = await lan("POST", f"/contacts/{mine}/merge", {"into": his})
    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert (await lan("POST", f"/contacts/{his}/merge", {"into": mine}))[0] == 403
    assert await lan.get(f"/contacts/{his}") == seen

    await boss.post(f"/contacts/{mine}/merge", {"into": his})
    for path in (mine, his):
        for caller in (lan, minh):
            status, answer = await caller("POST", f"/contacts/{path}/unmerge")
            assert (status, answer["error"]["code"]) == (404, "not_found")
    assert (await boss.get(f"/contacts/{his}"))["merged"] == [mine]

    await boss.post(f"/contacts/{mine}/unmerge")
    await boss.post(f"/conversations/{foreign}/transfer", {"advisor": lan.id})
    await lan.post(f"/contacts/{mine}/merge", {"into": his})
    await lan.post(f"/contacts/{his}/unmerge")
    assert (await lan.get(f"/contacts/{his}"))["merged"] == []


async def test_lists_show_the_name_that_was_told_or_corrected(house: House) -> None:
    lan = await house.as_role("supervisor", "Lan")
    known, unknown = await house.conversation("known", lead=True), await house.conversation("unknown")

    async def names() -> dict[str, str]:
        return {each["id"]: each["name"] for each in (await lan.get("/conversations"))["items"]}

    assert await names() == {known: "Nguyễn Văn Hùng", unknown: "Bé Ba"}, "what he told, or what the platform calls him"
    people = {each: (await lan.get(f"/conversations/{each}"))["contact_id"] for each in (known, unknown)}
    for conversation, name in ((known, "Nguyễn Văn Hưng"), (unknown, "Lê Thị Ba")):
        await lan("PATCH", f"/contacts/{people[conversation]}", {"name": name})
    assert await names() == {known: "Nguyễn Văn Hưng", unknown: "Lê Thị Ba"}
    assert (await lan.get(f"/conversations/{unknown}"))["name"] == "Lê Thị Ba"
    await lan.post(f"/contacts/{people[unknown]}/merge", {"into": people[known]})
    assert await names() == dict.fromkeys((known, unknown), "Nguyễn Văn Hưng"), "one person has one name"
    masked = await house.as_role("dpo")
    assert {each["name"] for each in (await masked.get("/conversations"))["items"]} == {"Nguyễn V** H***"}
