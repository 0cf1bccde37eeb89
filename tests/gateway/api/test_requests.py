"""Data-subject requests through the API: from a chat and from a letter, four eyes, what the customer is told, what is left."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway import staffmail
from gateway.api import routes_requests
from gateway.web.limits import Limit
from storage import privacy_clocks
from tests.gateway.api.conftest import House
from tests.gateway.api.test_privacy import at_the_desk


def _acts(view: dict[str, Any]) -> list[str]:
    return [step["act"] for step in view["steps"]]


async def test_an_erasure_asked_for_in_a_chat_is_answered_and_outlives_him(house: House) -> None:
    conversation = await house.conversation("lan", lead=True)
    await house.say("lan", "xóa hết dữ liệu của tôi, số tôi 0912345678")
    await house.settled()
    await house.say("lan", "tôi đã bảo xóa dữ liệu của tôi rồi mà")
    await house.settled()
    boss, officer = await at_the_desk(house, "admin"), await at_the_desk(house, "dpo")
    listed = await officer.get("/privacy-requests")
    assert (listed["open"], listed["near"], listed["over"], len(listed["items"])) == (1, 0, 0, 1), "asked twice is one"
    (one,) = listed["items"]
    path = f"/privacy-requests/{one['id']}"
    assert (one["kind"], one["source"], one["state"], one["conversation_id"]) == (
        "delete",
        "chat",
        "received",
        conversation,
    )
    assert (len(one["codes"]), one["about"]["name"]) == (2, "Nguyễn V** H***")
    assert "0912345678" not in one["words"]
    assert one["acknowledged_at"], "the bot said so at once"
    waits = datetime.fromisoformat(one["due_at"]) - datetime.fromisoformat(one["received_at"])
    assert timedelta(days=20) <= waits < timedelta(days=21)
    advisor = await house.as_role("advisor")
    (brief,) = (await advisor.get(f"/conversations/{conversation}/privacy-requests"))["items"]
    assert (brief["codes"], brief["due_at"]) == (one["codes"], one["due_at"])

    words = await officer.get(f"{path}/words", act="erase")
    assert (words["fill"], one["codes"][0] in words["text"], "bằng chứng đồng ý" in words["text"]) == (
        ["email_bao_ve_du_lieu"],
        True,
        True,
    )
    told = {"text": words["text"], "way": "chat"}
    assert (await officer("POST", f"{path}/erase", told))[0] == 409, "whose data is it?"
    assert (await officer.post(f"{path}/verify", {"how": "called_back"}))["state"] == "verified"
    asked = await officer.post(f"{path}/erase", told)
    assert (asked["state"], asked["erasure"]["state"], asked["erasure"]["mine"]) == ("executing", "asked", True)
    assert asked["answer"] == words["text"]
    said = (await boss.get(f"/conversations/{conversation}/messages"))["items"][-1]
    assert (said["text"], said["author"]) == (words["text"], "advisor")
    decide = f"/privacy/erasures/{asked['erasure']['id']}"
    assert (await officer("POST", f"{decide}/approve", {}))[0] == 403
    await boss.post(f"{decide}/decline", {})
    again = await officer.get(path)
    assert (again["state"], again["erasure"], _acts(again)[-1]) == ("verified", None, "erase_declined")

    asked = await officer.post(f"{path}/erase", told)
    await house.settled()
    await boss.post(f"/privacy/erasures/{asked['erasure']['id']}/approve", {})
    await house.api.erasing.run()
    left = await boss.get(path)
    assert (left["state"], left["ground"], bool(left["closed_at"])) == ("partly_done", "legal_duty", True)
    assert (left["about"], left["conversation_id"], left["words"], left["answer"]) == (None, None, "", "")
    assert _acts(left) == ["receive", "again", "verify", "erase", "erase_declined", "erase", "approve", "partly_done"]
    assert not any(step["note"] for step in left["steps"])
    (job, *_) = (await boss.get("/privacy/erasures"))["items"]
    assert job["proof"]["rows"] == 0
    trail = [line["action"] for line in (await boss.get("/audit", object=one["id"]))["items"]]
    assert trail[0] == "privacy.partly_done"
    assert "privacy.verify" in trail


async def test_a_letter_from_nobody_we_know_has_its_clock_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    officer, advisor = await at_the_desk(house, "dpo"), await house.as_role("advisor")
    came = (house.parts.now() - timedelta(days=9)).isoformat()
    letter = {"who": "0987 654 321", "name": "Trần Văn Bình", "kind": "access", "way": "letter", "received_at": came,
              "words": "Đề nghị cung cấp bản sao dữ liệu của tôi"}  # fmt: skip
    receipt = await advisor.post("/privacy-requests", letter)
    assert set(receipt) == {"id", "codes", "kind", "received_at", "ack_due_at", "due_at"}
    path = f"/privacy-requests/{receipt['id']}"
    one = await officer.get(path)
    assert {name: one[name] for name in receipt} == receipt
    assert (one["source"], one["way"], one["about"]["name"], one["handler"]) == ("api", "letter", "Trần V** B***", None)
    assert (one["alarm"], one["ack_alarm"], one["codes"][0][:3]) == ("near", "over", "DL-")
    assert (await officer.get("/privacy-requests"))["near"] == 1
    for wrong in (
        {**letter, "who": None},
        {**letter, "contact_id": one["about"]["id"]},
        {**letter, "received_at": (house.parts.now() + timedelta(hours=1)).isoformat()},
        {**letter, "received_at": "1971-01-01T00:00:00Z"},
        {**letter, "kind": "inform"},
        {**letter, "who": None, "contact_id": "0" * 26},
    ):
        assert (await advisor("POST", "/privacy-requests", wrong))[0] == 422, wrong
    assert (await advisor("GET", path))[0] == 403

    letters: list[tuple[str, str]] = []
    monkeypatch.setattr(staffmail, "tell", lambda _parts, what, *, to, **_more: letters.append((what, to)))
    ticks = {name: call for name, _, call in house.parts.ticks}
    await ticks["law clocks"]()
    await ticks["law clocks"]()
    assert sorted(_acts(await officer.get(path))) == ["alarm_near", "alarm_unanswered", "receive"], "each rings once"
    assert letters == [("law_dates", "dpo@example.vn")]
    assert await house.parts.store.read(privacy_clocks.late) == 1
    told = {"text": "Đã nhận thư, mã DL", "way": "letter"}
    assert (await officer("POST", f"{path}/acknowledge", {**told, "way": "chat"}))[0] == 422, "he has no chat"
    mine = await officer.post(f"{path}/acknowledge", told)
    assert (mine["handler"]["id"], mine["ack_alarm"], bool(mine["acknowledged_at"])) == (officer.id, "", True)
    longer = await officer.post(f"{path}/extend", {"text": "Cần thêm thời gian", "way": "letter"})
    assert longer["due_at"] > one["due_at"]
    assert (await officer("POST", f"{path}/extend", told))[0] == 409, "once"
    assert (await officer("POST", f"{path}/copy", {}))[0] == 409, "nobody has confirmed who he is"
    await officer.post(f"{path}/verify", {"how": "letter", "note": "chữ ký khớp"})
    headers = {"Cookie": f"sid={officer.token}", "Origin": officer.base.removesuffix("/api/v1")}
    async with house.session.post(f"{officer.base}{path}/copy", json={}, headers=headers) as answer:
        assert answer.status == 200
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as copy:
            assert {"index.html", "manifest.json", "data/privacy_request.json"} <= set(copy.namelist())
            assert "Đề nghị cung cấp" in copy.read("data/privacy_request.json").decode()
    seen = await officer.get(path)
    assert (seen["state"], _acts(seen)[-1]) == ("executing", "copy")
    assert seen["steps"][-1]["note"]["manifest"]
    done = await officer.post(f"{path}/done", {"text": "Bản sao đã gửi theo thư", "way": "letter"})
    assert (done["state"], done["may"], done["answer"]) == ("done", ["note"], "Bản sao đã gửi theo thư")
    assert (await officer.get("/privacy-requests"))["items"] == []
    assert [each["id"] for each in (await officer.get("/privacy-requests", state="closed"))["items"]] == [one["id"]]

    logged = await officer.post("/privacy-requests", {**letter, "name": None, "kind": "delete"})
    other = await officer.get(f"/privacy-requests/{logged['id']}")
    assert other["about"]["id"] == one["about"]["id"], "he is known by now"
    words = await officer.get(f"/privacy-requests/{other['id']}/words", act="refuse", ground="nothing_held")
    assert "không lưu dữ liệu nào" in words["text"]
    refusal = {"text": words["text"], "way": "phone", "ground": "nothing_held"}
    refused = await officer.post(f"/privacy-requests/{other['id']}/refuse", refusal)
    assert (refused["state"], refused["ground"], refused["answer"]) == ("refused", "nothing_held", words["text"])


async def test_a_consent_taken_back_by_telephone_ends_at_once(house: House) -> None:
    conversation = await house.conversation("lan", lead=True)
    officer = await at_the_desk(house, "dpo")
    said = {
        "conversation_id": conversation,
        "kind": "withdraw",
        "way": "phone",
        "words": "Tôi không cho dùng dữ liệu nữa",
    }
    path = f"/privacy-requests/{(await officer.post('/privacy-requests', said))['id']}"
    one = await officer.get(path)
    assert (await officer.post(f"{path}/withdraw", {"note": "gọi lúc 9 giờ"}))["state"] == "executing"
    boss = await at_the_desk(house, "admin")
    contact = await boss.get(f"/contacts/{one['about']['id']}")
    assert [each["state"] for each in contact["consents"] if each["purpose"] == "C1"][-1] == "withdrawn"
    assert (await boss.get(f"/conversations/{conversation}"))["slots"] == {}


async def test_what_is_written_down_tells_nobody_who_is_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lan", "mai"):  # two people with one number
        await house.conversation(name, lead=True)
    monkeypatch.setattr(routes_requests, "_LIMITS", Limit(3, 3600.0))
    advisor, officer = await house.as_role("advisor"), await at_the_desk(house, "dpo")
    call = {"kind": "access", "way": "phone", "words": "x"}
    told = [await advisor("POST", "/privacy-requests", {**call, "who": who}) for who in ("0912345678", "0999999999")]
    unlike = [{**body, "id": "", "codes": [], "received_at": "", "ack_due_at": "", "due_at": ""} for _, body in told]
    assert ([status for status, _ in told], unlike[0]) == ([201, 201], unlike[1])
    status, body = await officer("POST", "/privacy-requests", {**call, "who": "0912345678"})
    assert (status, set(body["error"]["fields"])) == (422, {"who"}), "who may read requests is told to say whom"
    assert (await advisor("POST", "/privacy-requests", {**call, "who": "0888888888"}))[0] == 201
    assert (await advisor("POST", "/privacy-requests", {**call, "who": "0888888888"}))[0] == 429
