"""The policy case: from the wish to the issue, each step only with what it needs, and nobody backdates anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import cases
from handlers.cases import ACTS, CHECKLISTS, FROM, Case, Facts, Stop, step
from handlers.taps import PRODUCTS

TOLD: Final[dict[str, Any]] = {
    "name": "Nguyễn Văn Hùng",
    "phone": "+84912345678",
    "plate": "59X1-12345",
    "residence": "1 Lê Lợi",
    "term_years": 1,
}
FACTS: Final = Facts(today="2026-11-23", values={**TOLD, "seats": 5, "use": "non_business"}, c2=True)
ISSUED: Final[dict[str, Any]] = {
    "same_customer": True,
    "policy_product": "tnds_o_to",
    "policy_starts_on": "2026-11-24",
    "policy_premium": 480_700,
    "policy_insurer": "bảo  việt",
}
DECLARED: Final = {"documents": ["Quy tắc bảo hiểm v3"], "evidence": "tin nhắn 09:12"}
AGREED: Final = {"premium": 480_700, "form": "electronic", "starts_on": "2026-11-24", "evidence": "tin nhắn 09:20"}
NEW: Final = Case(product="tnds_o_to", insurer="Bảo Việt")


def walked(*acts: tuple[str, dict[str, Any]], facts: Facts = FACTS) -> Case:
    case = NEW
    for name, data in acts:
        case = step(case, name, data, facts)
    return case


TO_AGREED: Final[tuple[tuple[str, dict[str, Any]], ...]] = (("complete", {}), ("declare", DECLARED), ("agree", AGREED))


def test_the_whole_way() -> None:
    sent = walked(*TO_AGREED, ("send", {}))
    assert (sent.state, sent.premium, sent.form) == ("sent_to_insurer", 480_700, "electronic")
    facts = replace(FACTS, **ISSUED)
    assert step(sent, "issue", {"policy_id": "p1"}, facts).state == "issued"


@pytest.mark.parametrize(
    "acts, act, data, facts, wrong",
    [
        ((), "complete", {}, replace(FACTS, c2=False), "consent"),
        ((), "complete", {}, replace(FACTS, values={**TOLD, "plate": ""}), "plate"),
        (TO_AGREED[:1], "declare", {"documents": [], "evidence": "x"}, FACTS, "documents"),
        (TO_AGREED[:1], "declare", {"documents": ["v3"], "evidence": " "}, FACTS, "evidence"),
        (TO_AGREED[:2], "agree", {**AGREED, "starts_on": "2026-11-22"}, FACTS, "starts_on"),
        (TO_AGREED[:2], "agree", {**AGREED, "premium": 400_000}, FACTS, "premium"),
        (TO_AGREED[:2], "agree", {**AGREED, "premium": 0}, FACTS, "premium"),
        (TO_AGREED[:2], "agree", {**AGREED, "form": "fax"}, FACTS, "form"),
        (TO_AGREED[:2], "agree", AGREED, replace(FACTS, values={**FACTS.values, "plate": "59X1-99999"}), "declaration"),
        (TO_AGREED, "send", {}, replace(FACTS, values={**FACTS.values, "name": "Lan"}), "declaration"),
    ],
)
def test_what_is_missing_is_said_by_name(acts: Any, act: str, data: Any, facts: Facts, wrong: str) -> None:
    with pytest.raises(Stop) as stopped:
        step(walked(*acts), act, data, facts)
    assert stopped.value.code == "invalid"
    assert wrong in stopped.value.fields


def test_the_premium_is_for_the_years_that_were_declared() -> None:
    facts = replace(FACTS, values={**FACTS.values, "term_years": "2"})
    declared = walked(*TO_AGREED[:2], facts=facts)
    assert step(declared, "agree", {**AGREED, "premium": 961_400}, facts).state == "agreed"
    with pytest.raises(Stop, match="law"):
        step(declared, "agree", AGREED, facts)


def test_the_statutory_premium_may_differ_by_fifteen_per_cent() -> None:
    declared = walked(*TO_AGREED[:2])
    for premium, good in ((408_595, True), (552_805, True), (408_594, False), (552_806, False)):
        if good:
            assert step(declared, "agree", {**AGREED, "premium": premium}, FACTS).state == "agreed"
        else:
            with pytest.raises(Stop, match="law"):
                step(declared, "agree", {**AGREED, "premium": premium}, FACTS)


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"same_customer": False}, "policy_id"),
        ({"policy_product": "du_lich"}, "policy_id"),
        ({"policy_starts_on": "2026-11-23"}, "policy_id"),
        ({"policy_premium": 480_701}, "premium"),
        ({"policy_insurer": "PVI"}, "insurer"),
    ],
)
def test_what_the_insurer_issued_is_what_was_asked_for(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Stop) as stopped:
        step(walked(*TO_AGREED, ("send", {})), "issue", {"policy_id": "p1"}, replace(FACTS, **{**ISSUED, **changes}))
    assert list(stopped.value.fields) == [field]


def test_who_withdraws_when_the_insurer_has_it_is_sent_there() -> None:
    sent = walked(*TO_AGREED, ("send", {}))
    with pytest.raises(Stop, match="insurer cancels it") as stopped:
        step(sent, "withdraw", {"reason": "đổi ý"}, FACTS)
    assert stopped.value.code == "wrong_state"
    assert step(walked(*TO_AGREED), "withdraw", {"reason": "đổi ý"}, FACTS).state == "withdrawn"


def test_only_a_supervisor_ends_a_hold_and_it_goes_on_where_it_was() -> None:
    held = step(walked(*TO_AGREED), "hold", {"reason": "tai nạn trước khi mua"}, FACTS)
    with pytest.raises(Stop) as stopped:
        step(held, "decide", {"decision": "continue", "reason": "đã xác minh"}, FACTS)
    assert stopped.value.code == "forbidden"
    chief = replace(FACTS, chief=True)
    assert step(held, "decide", {"decision": "continue", "reason": "đã xác minh"}, chief).state == "agreed"
    assert step(held, "decide", {"decision": "end_service", "reason": "giấy tờ giả"}, chief).state == "withdrawn"


def test_what_the_insurer_asks_for_more_is_declared_anew() -> None:
    again = walked(*TO_AGREED, ("send", {}), ("more", {"reason": "thiếu số khung"}))
    assert (again.state, again.print) == ("info_complete", "")
    with pytest.raises(Stop):
        step(again, "send", {}, FACTS)


@given(st.sampled_from(sorted(ACTS)), st.sampled_from(sorted({one for states in FROM.values() for one in states})))
def test_no_step_from_where_it_does_not_begin(act: str, state: Any) -> None:
    case = replace(NEW, state=state)
    assert (act in cases.may(case, chief=True)) is (state in FROM[act])
    if state not in FROM[act]:
        with pytest.raises(Stop) as stopped:
            step(case, act, {}, FACTS)
        assert stopped.value.code == "wrong_state"


@pytest.mark.parametrize(
    "product, told, missing",
    [
        ("tnds_xe_may", {}, ["vehicle_kind", "term_years"]),
        ("tnds_xe_may", {"vehicle_kind": "mo_to_tu_50", "term_years": "2"}, []),
        ("tnds_xe_may", {"plate": "", "vehicle_kind": "xe_may_dien", "term_years": 1}, ["plate"]),
        (
            "tnds_xe_may",
            {"plate": "", "chassis_no": "A1", "engine_no": "B1", "vehicle_kind": "xe_may_dien", "term_years": 1},
            [],
        ),
        ("tnds_o_to", {}, ["use", "seats", "term_years"]),
        ("tnds_o_to", {"vehicle_kind": "truck", "term_years": 1}, ["payload_t"]),
        ("tnds_o_to", {"vehicle_kind": "taxi", "term_years": 1}, ["seats"]),
        ("tnds_o_to", {"vehicle_kind": "pickup", "term_years": 1}, ["use"]),
        ("tnds_o_to", {"payload_t": 3.5, "term_years": 1}, []),
    ],
)
def test_what_the_fee_rests_on_is_on_the_checklist(product: str, told: dict[str, Any], missing: list[str]) -> None:
    assert cases.missing(product, {**TOLD, "term_years": "", **told}) == missing


def test_every_product_has_its_checklist() -> None:
    assert set(CHECKLISTS) == set(PRODUCTS)
    assert set(FROM) == set(ACTS)
