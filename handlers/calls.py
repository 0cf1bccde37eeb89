"""Telephone calls as the call centre tells of them: in any order, each as often as it likes. One call is one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from handlers import absence, idle, leads, wording
from handlers.draft import Draft
from handlers.model import Acted, Audit, Called, CallLine, CallTold, Note, Refused, Stage

KEPT: Final = 8  # calls of one number that are remembered: what comes later of an older one changes its line no more
RINGS: Final = timedelta(minutes=5)  # nothing more was heard of it: it was missed
RING: Final = "ring"  # our timer
OUTCOMES: Final = ("ringing", "answered", "missed", "ended")
LINES: Final[Mapping[tuple[str, str], str]] = {
    ("inbound", "ringing"): "Cuộc gọi đến, đang đổ chuông",
    ("inbound", "answered"): "Cuộc gọi đến, đã nghe",
    ("inbound", "missed"): "Cuộc gọi nhỡ",
    ("outbound", "ringing"): "Cuộc gọi đi, đang đổ chuông",
    ("outbound", "answered"): "Cuộc gọi đi, khách đã nghe",
    ("outbound", "missed"): "Cuộc gọi đi, khách không nghe",
}


def merged(before: Mapping[str, Any], event: Called) -> dict[str, Any]:
    """What is known of the call with one more thing told of it, whatever came first."""
    told = {"agent": event.agent, "duration_s": event.duration_s, "recording_url": event.recording_url}
    return {
        **before,
        "message": before.get("message") or event.message_id,
        "direction": before.get("direction") or event.direction,
        "number": before.get("number") or event.number,
        "events": sorted({*before.get("events", ()), event.event}),
        **{key: value for key, value in told.items() if value not in ("", None)},
    }


def outcome(call: Mapping[str, Any]) -> str:
    """ringing, answered or missed. Somebody who spoke was answered, in whatever order we hear of it; a call that ended
    and nobody says was answered was missed."""
    events = call.get("events", ())
    if "answered" in events or int(call.get("duration_s") or 0) > 0:
        return "answered"
    return "missed" if "missed" in events or "ended" in events else "ringing"


def line(call: Mapping[str, Any]) -> str:
    """The call as people read it."""
    said = [LINES[str(call.get("direction") or "inbound"), outcome(call)]]
    said.append(wording.phone(str(call["number"])) if call.get("number") else "số ẩn")
    if seconds := int(call.get("duration_s") or 0):
        said.append(f"{seconds // 60} phút {seconds % 60} giây" if seconds >= 60 else f"{seconds} giây")
    if call.get("agent"):
        said.append(f"người nghe {call['agent']}")
    return " · ".join(said)


def happened(draft: Draft, event: Called) -> None:
    """A call event: the line says what is known now; who could not speak to us is called back."""
    known: Mapping[str, Any] = draft.state.memory.get("calls", {})
    before = known.get(event.call, {})
    call = merged(before, event)
    others = [(key, value) for key, value in known.items() if key != event.call]
    draft.remember(calls=dict([*others, (event.call, call)][-KEPT:]))
    draft.add(CallTold(message_id=call["message"], text=line(call), fields=_fields(event.call, call)))
    if call["number"]:
        leads.hold(draft, {"phone": call["number"]} if not leads.held(draft.state).get("phone") else {})
    was, now = outcome(before) if before else "", outcome(call)
    if call["direction"] == "outbound":
        if now == "answered":
            absence.met(draft)
        return
    if was == now:
        return
    if now == "ringing":
        draft.wake(RING, draft.now + RINGS)
    else:
        _settled(draft, call, now, was)


def timer(draft: Draft) -> None:
    """Nothing was heard of a ringing call for minutes: nobody took it."""
    known: Mapping[str, Any] = draft.state.memory.get("calls", {})
    for key, call in known.items():
        if outcome(call) == "ringing" and call["direction"] == "inbound":
            lost = {**call, "events": sorted({*call["events"], "ended"})}
            draft.remember(calls={**known, key: lost})
            draft.add(CallTold(message_id=lost["message"], text=line(lost), fields=_fields(key, lost)))
            _settled(draft, lost, "missed", "ringing")
            return


def by_hand(draft: Draft, event: Acted) -> None:
    """A call of which only a person knows.

    :raises Refused: it says nothing
    """
    direction = str(event.data.get("direction") or "inbound")
    answered = bool(event.data.get("answered", True))
    note = str(event.data.get("note") or "").strip()
    seconds = int(event.data.get("duration_s") or 0)
    if direction not in ("inbound", "outbound"):
        raise Refused("invalid", "direction is inbound or outbound")
    call = {
        "direction": direction,
        "number": leads.held(draft.state).get("phone", ""),
        "events": ["answered" if answered else "missed"],
        "duration_s": seconds if answered else 0,
    }
    draft.add(CallLine(text=line(call), direction=direction, fields=_fields("", call), by=event.by))
    if note:  # ours, not what the customer said
        draft.add(Note(text=note, by=event.by))
    draft.add(Audit(action="conversation.call", by=event.by, fields=(direction,)))
    if direction == "inbound" and not answered and draft.state.stage is not Stage.WITH_ADVISOR:
        leads.queue(draft, "missed_call", priority=leads.CALL_PRIORITY)


def _settled(draft: Draft, call: Mapping[str, Any], now: str, was: str) -> None:
    stage = draft.state.stage
    if stage is Stage.WITH_ADVISOR:
        if now == "missed":
            draft.add(Note(text="Khách vừa gọi mà không ai nghe: gọi lại cho khách."))
    elif now == "missed" and not call["number"]:
        draft.add(Note(text="Cuộc gọi nhỡ từ số ẩn: không gọi lại được."))
        if stage is Stage.NEW:
            idle.shut(draft, Stage.CLOSED_IDLE)
    elif now == "missed":
        leads.queue(draft, "missed_call", priority=leads.CALL_PRIORITY)
    elif was == "missed":
        draft.add(Note(text="Cuộc gọi này đã có người nghe: ghi kết quả và sàng lọc."))
    else:
        leads.queue(draft, "call", priority=leads.FORM_PRIORITY)


def _fields(key: str, call: Mapping[str, Any]) -> dict[str, str]:
    """What the API tells of the call."""
    found = {"call_id": key, "state": outcome(call)}
    found |= {name: str(call[name]) for name in ("direction", "agent", "duration_s", "recording_url") if call.get(name)}
    return found | (
        {"from" if call.get("direction") == "inbound" else "to": str(call["number"])} if call.get("number") else {}
    )
