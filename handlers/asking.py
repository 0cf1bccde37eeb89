"""What an advisor puts right, and what he asks the customer for: with a question of ours in the chat, or by a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from handlers import leads, slots, steps
from handlers.captured import FIELDS, IN_CHAT
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import Acted, Audit, Entered, Filled, Note, RecordConsent, Refused

C2: Final = "form.consent"  # the words of C2, as the form shows them


def correct(draft: Draft, event: Acted) -> None:
    """A value of the closed list, read already, in place of what was there. What a form left for a call is put right where it is."""
    field, value = str(event.data["field"]), event.data["value"]
    if draft.consented:
        slots.write(draft, field, **{field: value})
    elif draft.state.memory.get("lead"):
        leads.hold(draft, {field: value})
    else:
        raise Refused("wrong_state", "nothing is kept of him before he agrees to be contacted")
    draft.add(Note(text=f"Đã sửa “{FIELDS[field].label}”.", by=event.by))
    draft.add(Audit(action="field.correct", by=event.by, fields=(field,)))


def ask(draft: Draft, event: Acted) -> None:
    """The question that the bot would put, with its buttons; his next words are read as the answer to it."""
    field = str(event.data["field"])
    if field not in IN_CHAT:
        raise Refused("invalid", f"in a chat one may ask for {', '.join(IN_CHAT)}: the rest goes by a form")
    if not draft.consented:
        steps.ask_consent(draft)
        draft.add(Audit(action="field.ask", by=event.by, fields=("C1",)))
        return
    draft.set(asked=field, tries=0)
    draft.say(steps.TEXTS[field], *steps.buttons(draft, field), klass="B")
    draft.add(Audit(action="field.ask", by=event.by, fields=(field,)))


def heard(draft: Draft, said: Sequence[Heard]) -> None:
    """Somebody at the desk has it and asked: the answer fills the slot, and the desk is told."""
    asked = draft.state.asked
    if asked not in slots.ASKED or not slots.fill(draft, said) or asked in _missing(draft, asked):
        return
    draft.set(asked="", tries=0)
    draft.add(Note(text=f"Khách đã trả lời: {FIELDS[asked].label if asked in FIELDS else 'giờ gọi lại'}."))


def _missing(draft: Draft, asked: str) -> tuple[str, ...]:
    return () if slots.known(draft.state, asked) else (asked,)


def form(draft: Draft, event: Acted) -> None:
    """A link to a form of ours. `fields` are of the closed list, `link` and `until` go into the words."""
    if not draft.consented:
        raise Refused("wrong_state", "nothing may be asked by a form before he agrees to be contacted")
    fields: Sequence[str] = event.data["fields"]
    asked = tuple(f"slot.{one}" for one in fields)
    draft.say(
        "form.ask",
        klass="B",
        muc_con_thieu=asked,
        link_bieu_mau=str(event.data["link"]),
        han_link=str(event.data["until"]),
    )
    draft.add(Audit(action="secure_form.send", by=event.by, fields=tuple(fields)))


def filled(draft: Draft, event: Filled) -> None:
    """The form came in. What it holds was read already; for an application he agreed to C2 on the same page."""
    if not draft.consented:
        draft.add(Note(text="Khách đã gửi biểu mẫu nhưng đã rút lại đồng ý: không lưu."))
        return
    if event.agreed:
        draft.set(consents={**draft.state.consents, "C2": "given"})
        draft.add(RecordConsent(purpose="C2", state="given", text_key=C2))
    values: dict[str, Any] = dict(event.fields)
    was, raw = draft.state.slots, {**values, **event.raw}
    draft.add(Entered(changes={one: (was.get(one), values[one], raw[one]) for one in values}, by=event.by))
    draft.put(**values)
    if draft.state.asked in values:
        draft.set(asked="", tries=0)
    draft.add(Note(text=f"Khách đã điền biểu mẫu: {', '.join(FIELDS[one].label for one in values)}."))
