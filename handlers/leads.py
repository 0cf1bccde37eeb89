"""Leads that begin with a form: nothing is said to them here, somebody calls (R-INT-5). What the form holds is kept for
that call alone, beside the slots: they stay empty until consent C1, which the call asks for (docs/adr/0061)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from handlers import appointments, consent, hearing, idle, routing, sla, taps
from handlers.draft import Draft
from handlers.model import OPEN, WAITING, CallBy, Note, OpenHandoff, Stage, State, Submitted
from handlers.understanding import understand

TEXT_MAX: Final = 2000  # characters of what a form says of the need
READ_MAX: Final = 16_000  # of it that is read for what it names; a form may hold more, which people read
TYPED_MAX: Final = 500  # of what stands in one small field
NAME_MAX: Final = 80
FORM_PRIORITY: Final = 0
CALL_PRIORITY: Final = 5
READ: Final[Mapping[str, str]] = {"phone": "ask_phone", "product": "ask_need", "time": "ask_time"}


def submitted(draft: Draft, event: Submitted) -> None:
    """A form came in: the lead waits for its call, in the same queue and on the same clock as everybody."""
    told = read(event.fields, now=draft.now, draft=draft)
    hold(draft, told)
    if draft.state.stage is Stage.WITH_ADVISOR:
        draft.add(Note(text="Khách vừa gửi thêm một biểu mẫu."))
        return
    reachable = told.get("phone") or told.get("email") or draft.state.slots.get("phone")
    queue(draft, "form" if reachable else "no_phone", priority=FORM_PRIORITY, appointment=_wished(told))


def read(fields: Mapping[str, str], *, now: datetime, draft: Draft) -> dict[str, Any]:
    """What a form's fields say, in the slots' own words; what cannot be read stays as it was typed."""
    found: dict[str, Any] = {}
    if name := fields.get("name", "").strip():
        found["name"] = name[:NAME_MAX]
    if typed := fields.get("phone", "").strip()[:TYPED_MAX]:
        numbers = understand(typed, READ["phone"], now=now).entities
        found |= {"phone": str(numbers["phone"])} if numbers.get("phone") else {"phone_raw": typed[:40]}
        further = understand(fields.get("phone_alt", ""), READ["phone"], now=now).entities.get("phone")
        if further and further != found.get("phone"):
            found["phone_alt"] = str(further)
    if email := fields.get("email", "").strip()[:TYPED_MAX]:
        found["email"] = str(understand(email, None, now=now).entities.get("email") or email.lower())[:254]
    wanted = " · ".join(text for key in ("product", "message") if (text := fields.get(key, "").strip()))
    if wanted:
        found["need"] = wanted[:TEXT_MAX]
        heard = hearing.reread(wanted[:READ_MAX], now=now)
        if heard.entities.get("product") in taps.PRODUCTS:
            found["product"] = str(heard.entities["product"])
        found |= {key: str(heard.entities[key]) for key in ("province",) if heard.entities.get(key)}
        if not typed and heard.entities.get("phone"):  # the form asked for no number, and he wrote it all the same
            found["phone"] = str(heard.entities["phone"])
    if (code := fields.get("product", "").strip()) in taps.PRODUCTS:
        found["product"] = code
    if place := fields.get("province", "").strip()[:TYPED_MAX]:
        found["province"] = str(hearing.reread(place, now=now).entities.get("province") or place)[:80]
    if when := fields.get("time", "").strip()[:TYPED_MAX]:
        wish = understand(when, READ["time"], now=now).entities
        with suppress(appointments.Closed):
            if interval := appointments.wish(wish, now=now, business=draft.business):
                found["callback_time"] = interval
    return found


def hold(draft: Draft, told: Mapping[str, Any]) -> None:
    """Keep it for the call; with consent it is the form of the intake itself."""
    if draft.consented:
        draft.put(**{key: value for key, value in told.items() if key != "phone_raw"})
        return
    kept = {**draft.state.memory.get("lead", {}), **told}
    if "phone" in told:
        kept.pop("phone_raw", None)
    draft.remember(lead=kept)


def held(state: State) -> Mapping[str, Any]:
    """What is known for the call, before consent and after it."""
    found: Mapping[str, Any] = {**state.memory.get("lead", {}), **state.slots}
    return found


def queue(draft: Draft, reason: str, *, priority: int, appointment: datetime | None = None) -> None:
    """He waits for a call. Whoever waits already moves up; who was given up is here again."""
    stage, muted = draft.state.stage, draft.state.muted_until
    if muted is not None and muted > draft.now:
        return  # spam, as somebody judged: it is there to be read, and `reopen` undoes it
    if stage not in OPEN | WAITING:
        draft.set(code="")
        draft.remember(closed_at=None, served=None, tries=None, screening=None)
    if stage is Stage.UNREACHABLE:
        draft.remember(tries=None)
    if stage is not Stage.QUEUED:
        draft.move(Stage.CALLBACK_SCHEDULED)
    draft.request_code()
    draft.remember(priority=max(priority, int(draft.state.memory.get("priority", 0))), origin=reason)
    draft.add(OpenHandoff(reason=reason, priority=priority))
    call_by(draft, appointment)


def here(draft: Draft) -> None:
    """Whom we tried to call in vain is here by himself: no waiting for the next try."""
    draft.remember(tries=None)
    if draft.state.stage in WAITING:
        draft.move(Stage.QUEUED)
        draft.add(OpenHandoff(reason="returned", priority=CALL_PRIORITY))
        call_by(draft)


def call_by(draft: Draft, appointment: datetime | None = None) -> None:
    """The clock of the call begins anew."""
    draft.remember(late=None)
    team = routing.team_of(draft.state, "lead")
    draft.add(CallBy(at=sla.due(draft.now, draft.business, appointment, team=team)))


def consented(draft: Draft, *, given: bool, by: Any) -> None:
    """The words of C1 were read out in a call, and he answered: with a yes what was held becomes the form, with a no it
    goes."""
    told = draft.state.memory.get("lead", {})
    if given:
        draft.remember(lead=None)
    else:
        idle.forget_held(draft)
    consent.by_phone(draft, given=given, by=by)
    if given:
        draft.put(
            **{key: value for key, value in told.items() if key != "phone_raw" and not draft.state.slots.get(key)}
        )


def _wished(told: Mapping[str, Any]) -> datetime | None:
    interval = told.get("callback_time")
    return datetime.fromisoformat(str(interval["to"])) if interval else None
