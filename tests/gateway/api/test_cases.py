"""A case over the API: opened, held up by what is missing, carried to the issue, and whose it is."""

from __future__ import annotations

from typing import Any, Final

from storage import policies
from tests.gateway.api.conftest import House

CAR: Final = {"use": "non_business", "seats": 5, "term_years": 1}


async def agreed_to_an_application(house: House, found: str) -> None:
    """As his form's answer does."""

    def unit(tx: Any) -> None:
        row = tx.one("SELECT contact_id, state_sealed FROM conversation WHERE id = :id", id=found)
        state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", found, row.state_sealed)
        state["consents"] = {**state.get("consents", {}), "C2": "given"}
        state["slots"] = {**state.get("slots", {}), "plate": "59X1-123.45", "residence": "1 Lê Lợi, Quận 1", **CAR}
        sealed = tx.keys.seal_json(tx, row.contact_id, "conversation", "state_sealed", found, state)
        tx.run(
            "UPDATE conversation SET state_sealed = :state, version = version + 1 WHERE id = :id",
            state=sealed,
            id=found,
        )

    await house.parts.store.run(unit)


async def test_from_the_wish_to_the_policy(house: House) -> None:
    lan, minh = await house.as_role("advisor", "Lan"), await house.as_role("advisor", "Minh")
    found = await house.conversation("c1", lead=True)
    await lan.post(f"/conversations/{found}/take")
    assert (await lan("POST", "/cases", {"conversation_id": found, "product": "may_bay"}))[0] == 422
    case = await lan.post("/cases", {"conversation_id": found, "product": "tnds_o_to", "insurer": "Bảo Việt"})
    assert (case["state"], case["missing"]) == ("requested", ["use", "seats", "plate", "residence", "term_years"])
    assert case["may"] == ["complete", "withdraw", "hold"]
    at = f"/cases/{case['id']}"
    status, body = await lan("POST", f"{at}/complete", {})
    assert (status, list(body["error"]["fields"])) == (422, ["consent"])
    assert (await minh("POST", f"{at}/withdraw", {"reason": "x"}))[0] == 403
    await agreed_to_an_application(house, found)
    assert (await lan.post(f"{at}/complete", {}))["state"] == "info_complete"
    assert (await lan("POST", f"{at}/send", {}))[1]["error"]["code"] == "wrong_state"
    await lan.post(f"{at}/declare", {"documents": ["Quy tắc TNDS v3"], "evidence": "tin nhắn của anh Hùng 09:12"})
    today = await house.parts.store.read(policies.today)
    terms = {"premium": 480_700, "form": "electronic", "starts_on": today, "evidence": "tin nhắn 09:20"}
    status, body = await lan("POST", f"{at}/agree", {**terms, "premium": 1000})
    assert (status, list(body["error"]["fields"])) == (422, ["premium"])
    case = await lan.post(f"{at}/agree", terms)
    assert (case["premium"], case["late"]) == (480_700, False)
    house.parts.clock.offset_ms += 5 * 86_400_000
    assert (await lan.get(at))["late"]
    case = await lan.post(f"{at}/send", {})
    assert [one["act"] for one in case["steps"]] == ["request", "complete", "declare", "agree", "send"]
    status, body = await lan("POST", f"{at}/withdraw", {"reason": "đổi ý"})
    assert (status, body["error"]["code"]) == (409, "wrong_state")
    assert "the insurer cancels it" in body["error"]["message"]
    status, body = await lan("POST", f"{at}/issue", {"policy_id": "00000000000000000000000000"})
    assert (status, list(body["error"]["fields"])) == (422, ["policy_id"])
    (one,) = (await lan.get("/cases", conversation=found))["items"]
    assert (one["id"], one["state"]) == (case["id"], "sent_to_insurer")
    (masked,) = (await minh.get("/cases", state="sent_to_insurer"))["items"]
    assert masked["premium"] is None
    notes = {one["act"]: one["note"] for one in (await minh.get(at))["steps"]}
    assert notes["declare"]["evidence"] == "tin nhắn của anh H*** 09:12"
    assert "premium" not in notes["agree"]
    key = {"headers": {"Idempotency-Key": "once-more"}}
    first = await lan.post(f"{at}/more", {"reason": "thiếu số khung"}, **key)
    again = await lan.post(f"{at}/more", {"reason": "thiếu số khung"}, **key)
    assert (first["state"], again["version"]) == ("info_complete", first["version"])


async def test_a_hold_is_the_supervisors_to_end(house: House) -> None:
    lan, chief = await house.as_role("advisor", "Lan"), await house.as_role("supervisor")
    found = await house.conversation("c2", lead=True)
    await lan.post(f"/conversations/{found}/take")
    case = await lan.post("/cases", {"conversation_id": found, "product": "du_lich"})
    at = f"/cases/{case['id']}"
    assert (await lan.post(f"{at}/hold", {"reason": "sự cố trước khi mua"}))["state"] == "fraud_hold"
    verdict = {"decision": "continue", "reason": "đã xác minh"}
    assert (await lan("POST", f"{at}/decide", verdict))[1]["error"]["code"] == "forbidden"
    assert (await chief.post(f"{at}/decide", verdict))["state"] == "requested"
    assert (await lan("GET", "/cases/nothing"))[0] == 404
