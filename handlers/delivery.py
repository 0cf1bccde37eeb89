"""The certificate: it goes out with the words that belong to it, and people learn when it does not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from handlers import care, idle
from handlers.draft import Draft
from handlers.model import EMPTY, WAITING, Acted, CareAnswered, Note, OpenHandoff, Refused, Say, SendEnded, Stage, Tell
from handlers.taps import PRODUCTS

PURPOSE: Final = "deliver"
URGENT: Final = 20  # a customer without his contract
LOST: Final = ("failed", "failed_late", "expired")


def deliver(draft: Draft, event: Acted) -> None:
    """`event.data` -- delivery: its id · file_ids: the document · policy: number, insurer, product, starts_on, ends_on ·
    link: to the document, where the platform takes nothing but its template, which carries no file. Whose all this is
    the shell has looked up; the core knows one customer only.

    :raises Refused: he cannot be written to
    """
    policy: Mapping[str, Any] = event.data.get("policy") or EMPTY
    files, delivery = tuple(event.data.get("file_ids") or ()), str(event.data.get("delivery") or "")
    if not policy or not files or not delivery:
        raise Refused("invalid", "which policy? a policy is delivered by its own call")
    if draft.state.stage is Stage.CLOSED_SPAM:
        raise Refused("wrong_state", "this conversation was closed as spam: reopen it first")
    if draft.state.memory.get("unreachable"):
        raise Refused("blocked", "the customer has blocked us on this channel")
    product = str(policy["product"])
    values: dict[str, str | tuple[str, ...]] = {
        "cong_ty_bao_hiem": str(policy["insurer"]),
        "san_pham": (f"product.{product}",) if product in PRODUCTS else product,
        "so_hop_dong": str(policy["number"]),
        "tu_ngay": _day(policy["starts_on"]),
        "den_ngay": _day(policy["ends_on"]),
    }
    paper = Tell(by=event.by, file_ids=files, klass="C", purpose=PURPOSE, mark={"delivery": delivery})
    if link := str(event.data.get("link") or ""):
        words = Say(key="issue.issued", values={**values, "link": link}, purpose=PURPOSE)
        draft.add(replace(paper, by=None, file_ids=(), words=words, template=True))
    elif draft.context.letters:
        draft.add(replace(paper, by=None, words=Say(key="letter.certificate", values=values)))
        if draft.state.stage is Stage.NEW:  # nobody answers there, and nobody waits
            idle.shut(draft, Stage.CLOSED_IDLE)
    else:
        draft.say("issue.issued", klass="B", purpose=PURPOSE, **values)
        draft.add(paper)
    draft.remember(won=True)


def ended(draft: Draft, event: SendEnded) -> bool:
    """A document, or a question of the care plan, did not arrive; False when it was something else."""
    if event.klass == "D" and event.status in (*LOST, "cancelled") and draft.state.care:
        task = draft.state.care["task"]
        care.put_away(draft)
        draft.add(CareAnswered(task=task, state="skipped", reason=f"not sent: {event.reason or event.status}"))
        return False
    if event.klass != "C" or event.status not in LOST:
        return False
    draft.add(Note(text=f"Giấy chứng nhận không gửi được ({event.reason or event.status}): cần cách giao khác."))
    if draft.state.stage is not Stage.WITH_ADVISOR:
        draft.add(OpenHandoff(reason="delivery", priority=URGENT))
        draft.remember(priority=max(URGENT, int(draft.state.memory.get("priority", 0))))
        if draft.state.stage not in WAITING:
            draft.move(Stage.QUEUED)
    return True


def _day(iso: object) -> str:
    """22/11/2026"""
    return date.fromisoformat(str(iso)).strftime("%d/%m/%Y")
