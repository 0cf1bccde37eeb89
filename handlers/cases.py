"""A policy from the wish for it to its issue (process 3.2): what must be there before the next step, and who decides.

Pure. What follows the issue (delivered, active, expired, cancelled) is the policy's own state, and is shown as the case's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from handlers import premium as premiums
from handlers.captured import FIELDS
from handlers.tariff import CAR, MOTORBIKE, OF_EITHER_USE, kind_of

State = Literal[
    "requested", "info_complete", "declared", "agreed", "sent_to_insurer", "issued", "incomplete", "rejected",
    "withdrawn", "fraud_hold",
]  # fmt: skip
FORMS: Final = ("electronic", "hard_copy", "both")
BEFORE_ISSUE: Final = ("requested", "info_complete", "declared", "agreed")
SEND_WITHIN_MIN: Final = 15  # working minutes from the agreement to the insurer (R-ISS-2)

BY_TONNES: Final = frozenset({"truck", "special_purpose"})
BY_SEATS: Final = frozenset({"", "taxi", "bus"})
_PERSON: Final = ("name", "phone", "dob", "id_number")
# What the insurers ask of every applicant; the rest stands in an insurer's own form. Of FIELDS.
CHECKLISTS: Final[Mapping[str, tuple[str, ...]]] = {
    MOTORBIKE: ("name", "phone", "vehicle_kind", "plate", "residence", "term_years"),
    CAR: ("name", "phone", "use", "seats", "payload_t", "plate", "residence", "term_years"),
    "vat_chat_o_to": ("name", "phone", "use", "plate", "chassis_no", "engine_no", "residence"),
    "suc_khoe": (*_PERSON, "gender", "occupation"),
    "du_lich": (*_PERSON, "nationality"),
    "nha_tu_nhan": ("name", "phone", "residence"),
    "tai_nan": (*_PERSON, "occupation"),
    "nhan_tho": (*_PERSON, "gender", "occupation"),
}
assert {name for names in CHECKLISTS.values() for name in names} <= FIELDS.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`print` -- of what he declared, so that what is sent is what he declared · `held` -- the state before a fraud hold ·
    `starts_on` -- ISO date · `premium` -- VND."""

    state: State = "requested"
    product: str
    insurer: str = ""
    print: str = ""
    held: str = ""
    reason: str = ""
    form: str = ""
    premium: int | None = field(default=None, repr=False)
    starts_on: str = ""
    documents: tuple[str, ...] = ()
    policy_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What surrounds a step. `values` -- captured of the customer · `c2` -- he agreed to an application · `chief` -- who does
    it oversees · `policy` -- of `issue`: product, customer, first day, premium and insurer of the policy that was registered."""

    today: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    c2: bool = False
    chief: bool = False
    same_customer: bool = False
    policy_product: str = ""
    policy_starts_on: str = ""
    policy_premium: int | None = field(default=None, repr=False)
    policy_insurer: str = ""


class Stop(Exception):
    """The step may not be taken: `fields` say what is missing or wrong; `code` wrong_state, forbidden or invalid."""

    def __init__(self, code: str, message: str, **fields: str) -> None:
        super().__init__(message)
        self.code, self.fields = code, fields


def missing(product: str, values: Mapping[str, Any]) -> list[str]:
    """What the checklist still lacks: computed, never ticked off by hand (R-APP-4)."""
    kind = kind_of(values) if product == CAR else ""
    return [
        name
        for name in CHECKLISTS.get(product, ())
        if not values.get(name) and not _instead(name, values) and not _of_another(name, kind)
    ]


def _instead(name: str, values: Mapping[str, Any]) -> bool:
    """A vehicle without a plate is known by its two numbers."""
    return name == "plate" and bool(values.get("chassis_no") and values.get("engine_no"))


def _of_another(name: str, kind: str) -> bool:
    """Seats are not asked of what the fee counts by tonnes, nor tonnes of anything else; use only where the fee goes by it."""
    match name:
        case "payload_t":
            return kind not in BY_TONNES
        case "seats":
            return kind not in BY_SEATS
        case "use":
            return bool(kind) and kind not in OF_EITHER_USE
    return False


def fingerprint(product: str, values: Mapping[str, Any]) -> str:
    """Of what he declares; another one means that he declares anew (R-DEC-7)."""
    told = {name: values.get(name, "") for name in CHECKLISTS.get(product, ())}
    return hashlib.sha256(json.dumps([product, told], ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def step(case: Case, act: str, data: Mapping[str, Any], facts: Facts) -> Case:
    """The case after it. Raises Stop."""
    perform = ACTS.get(act)
    if perform is None:
        raise Stop("invalid", f"no such step: {act}")
    if case.state not in FROM[act]:
        instead = INSTEAD.get((act, case.state), f"this step is taken from {', '.join(FROM[act])}")
        raise Stop("wrong_state", f"it is {case.state}; {instead}")
    return perform(case, data, facts)


def may(case: Case, *, chief: bool) -> list[str]:
    """The steps that can be tried now."""
    return [act for act, states in FROM.items() if case.state in states and (act != "decide" or chief)]


def _complete(case: Case, _data: Mapping[str, Any], facts: Facts) -> Case:
    if not facts.c2:
        raise Stop(
            "invalid", "he has not agreed to an application yet", consent="C2 comes first: send the form, or ask him"
        )
    if lacks := missing(case.product, facts.values):
        raise Stop("invalid", "the checklist lacks something", **dict.fromkeys(lacks, "is missing"))
    return replace(case, state="info_complete")


def _declare(case: Case, data: Mapping[str, Any], facts: Facts) -> Case:
    documents = tuple(str(one).strip() for one in data.get("documents") or () if str(one).strip())
    if not documents:
        raise Stop(
            "invalid", "which documents did he open?", documents="the rules, terms and fee that he has read (R-DEC-5)"
        )
    _evidence(data)
    if lacks := missing(case.product, facts.values):
        raise Stop("invalid", "the checklist lacks something", **dict.fromkeys(lacks, "is missing"))
    return replace(case, state="declared", documents=documents, print=fingerprint(case.product, facts.values))


def _agree(case: Case, data: Mapping[str, Any], facts: Facts) -> Case:
    _unchanged(case, facts)
    _evidence(data)
    premium, form, starts = data.get("premium"), str(data.get("form") or ""), str(data.get("starts_on") or "")
    if form not in FORMS:
        raise Stop("invalid", "in which form?", form=f"one of {', '.join(FORMS)}")
    if not isinstance(premium, int) or premium <= 0:
        raise Stop("invalid", "at what premium?", premium="VND, as the insurer says")
    if starts < facts.today:
        raise Stop("invalid", "from when?", starts_on="today or later: nobody backdates a policy (R-ISS-6)")
    if wrong := premiums.wrong(case.product, premium, facts.values, _terms(facts.values)):
        raise Stop("invalid", "the premium is not the law's", premium=wrong)
    return replace(case, state="agreed", premium=premium, form=form, starts_on=starts)


def _send(case: Case, _data: Mapping[str, Any], facts: Facts) -> Case:
    _unchanged(case, facts)
    return replace(case, state="sent_to_insurer")


def _more(case: Case, data: Mapping[str, Any], _facts: Facts) -> Case:
    return replace(case, state="info_complete", reason=_reason(data), print="")


def _issue(case: Case, data: Mapping[str, Any], facts: Facts) -> Case:
    if not facts.same_customer:
        raise Stop("invalid", "which policy?", policy_id="no policy of this customer: register it first")
    if facts.policy_product != case.product:
        raise Stop("invalid", "it does not match the request", policy_id="is of another product")
    if facts.policy_starts_on < case.starts_on:
        raise Stop("invalid", "it does not match the request", policy_id=f"begins before {case.starts_on}")
    unlike = {}
    if facts.policy_premium != case.premium:
        unlike["premium"] = f"the policy says {facts.policy_premium}, he agreed to {case.premium}"
    if case.insurer and _line(facts.policy_insurer) != _line(case.insurer):
        unlike["insurer"] = f"the policy is of {facts.policy_insurer}, he asked for {case.insurer}"
    if unlike:
        raise Stop("invalid", "it does not match the request: have it put right, or let him agree anew", **unlike)
    return replace(case, state="issued", policy_id=str(data.get("policy_id") or ""))


def _line(text: str) -> str:
    return " ".join(text.split()).casefold()


def _reject(case: Case, data: Mapping[str, Any], _facts: Facts) -> Case:
    return replace(case, state="rejected", reason=_reason(data))


def _withdraw(case: Case, data: Mapping[str, Any], _facts: Facts) -> Case:
    return replace(case, state="withdrawn", reason=_reason(data))


def _hold(case: Case, data: Mapping[str, Any], _facts: Facts) -> Case:
    return replace(case, state="fraud_hold", held=case.state, reason=_reason(data))


def _decide(case: Case, data: Mapping[str, Any], facts: Facts) -> Case:
    if not facts.chief:
        raise Stop("forbidden", "a supervisor decides (R-FRD-3)")
    reason = _reason(data)
    if data.get("decision") == "continue":
        back: Any = case.held or "requested"
        return replace(case, state=back, held="", reason=reason)
    if data.get("decision") in ("end_service", "report"):
        return replace(case, state="withdrawn", held="", reason=reason)
    raise Stop("invalid", "how?", decision="continue, end_service or report")


def _unchanged(case: Case, facts: Facts) -> None:
    if case.print != fingerprint(case.product, facts.values):
        raise Stop("invalid", "what he declared has changed since", declaration="he declares anew (R-DEC-7)")


def _terms(values: Mapping[str, Any]) -> tuple[int, ...]:
    """For how many years, as far as that is known."""
    told = str(values.get("term_years") or "")
    return tuple(term for term in premiums.TERMS if str(term) == told) or premiums.TERMS


def _evidence(data: Mapping[str, Any]) -> None:
    if not str(data.get("evidence") or "").strip():
        raise Stop("invalid", "how do we know?", evidence="the message, the recorded call or the signed form")


def _reason(data: Mapping[str, Any]) -> str:
    reason = " ".join(str(data.get("reason") or "").split())
    if not reason:
        raise Stop("invalid", "why?", reason="is needed")
    return reason[:300]


ACTS: Final[Mapping[str, Callable[[Case, Mapping[str, Any], Facts], Case]]] = {
    "complete": _complete,
    "declare": _declare,
    "agree": _agree,
    "send": _send,
    "more": _more,
    "issue": _issue,
    "reject": _reject,
    "withdraw": _withdraw,
    "hold": _hold,
    "decide": _decide,
}
FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "complete": ("requested", "incomplete"),
    "declare": ("info_complete", "declared", "agreed"),
    "agree": ("declared",),
    "send": ("agreed",),
    "more": ("sent_to_insurer",),
    "issue": ("sent_to_insurer",),
    "reject": ("sent_to_insurer",),
    "withdraw": (*BEFORE_ISSUE, "incomplete"),
    "hold": BEFORE_ISSUE,
    "decide": ("fraud_hold",),
}
INSTEAD: Final[Mapping[tuple[str, str], str]] = {  # what would be right, where somebody may well try
    (
        "withdraw",
        "sent_to_insurer",
    ): "the insurer has it and may issue it still, so the insurer cancels it: ask there, then `reject` with the insurer's"
    " word, or `issue` and cancel the policy",
}
