"""Somebody calls in our name and asks for money, a paper went to the wrong person, data leaked (R-CMP-5): the incident is
open from the moment he tells, its clock runs, and people see it before almost everything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers import steps, waiting, wording
from handlers.draft import Draft
from handlers.hearing import WONDERS, Heard
from handlers.model import Note, Relabel

TIMER: Final = "incident"
LABEL: Final = "incident"
FIRST_NOTICE: Final = timedelta(hours=24)  # law.md 1: a serious incident is told of within a day,
AUTHORITY: Final = timedelta(hours=72)  # and to the authority within three, from the moment anybody of ours knows
ALARMS: Final = (
    timedelta(hours=12),
    timedelta(hours=20),
    FIRST_NOTICE,
    timedelta(hours=48),
    timedelta(hours=60),
    AUTHORITY,
)
PAPERS: Final = r"(?:giay chung nhan|gcn|hop dong|ho so|thong tin|du lieu|file|bao hiem|giay to)"
DATA: Final = r"(?:thong tin|du lieu|so dien thoai|sdt|ho so|hop dong|data|details)"
WRONG_RECIPIENT: Final = re.compile(
    rf"\b{PAPERS}(?: \w+){{0,3}} (?:cua|ten) (?:nguoi khac|khach khac|ai do|ai day|nguoi la)\b|\bnham\b.*\b{PAPERS}(?: \w+){{0,2}} nguoi khac\b"
    rf"|\b{PAPERS} nguoi khac\b.*\bcho (?:toi|minh|em|anh|chi)\b|\bsomeone else'?s (?:policy|certificate|contract|data)\b"
)
LEAK: Final = re.compile(
    rf"\b{DATA}(?: \w+){{0,3}} (?:bi lo|bi ro ri|bi ban|da lo|lo ra ngoai|lo het|(?:was|were|has been|got) leaked)\b|\b(?:lam lo|de lo|ban)(?: \w+)? {DATA}\b"
)
IN_OUR_NAME: Final = re.compile(
    r"\b(?:pretend\w*|impersonat\w*|claim\w* to be|posing as|scam\w*)\b.*\b(?:ibaohiem|you|your company)\b"
)
TEXTS: Final = {"impostor": "incident.impostor", "leak": "incident.leak"}
NAMES: Final = {"impostor": "có người mạo danh IBAOHIEM", "leak": "lộ hoặc gửi nhầm dữ liệu"}


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whether he tells of one, and the turn is answered by that."""
    what = next((found for one in heard if (found := kind(one))), "")
    if not what:
        return False
    steps.greet(draft, hours=False)
    _open(draft, what)
    if not waiting.say_once(draft, TEXTS[what], "incident"):
        waiting.note(draft, "claim.noted")
    waiting.hand_over(draft, "incident", consent_line=False, told=True)
    return True


def due(draft: Draft) -> None:
    """Part of the time has gone by: people read in the thread how much is left."""
    known = draft.state.memory.get("incident")
    if known is None:
        return
    since = datetime.fromisoformat(str(known["since"]))
    passed = draft.now - since
    until, what = (FIRST_NOTICE, "báo bước đầu") if passed < FIRST_NOTICE else (AUTHORITY, "báo cơ quan chuyên trách")
    left = max(timedelta(0), until - passed)
    draft.add(Note(text=f"Sự cố: còn {round(left / timedelta(hours=1))} giờ để {what}."))
    _wake(draft, since)


def settled(draft: Draft) -> None:
    """People have taken the label off: the clock stops."""
    draft.remember(incident=None)


def kind(one: Heard) -> str:
    """impostor, leak, or '' when he tells of none."""
    if one.said.payload or one.stale:
        return ""
    told = WRONG_RECIPIENT.search(one.folded) or LEAK.search(one.folded)
    if told and (WONDERS.search(one.folded) or "sợ" in one.said.text.lower()):
        return ""
    if told:
        return "leak"
    return "impostor" if one.entities.get("topic") == "incident" or IN_OUR_NAME.search(one.folded) else ""


def _open(draft: Draft, what: str) -> None:
    if draft.state.memory.get("incident"):
        return
    since, business = draft.now.astimezone(UTC), draft.business
    draft.remember(incident={"since": since.isoformat(), "kind": what})
    first, last = (wording.stamp(since + within, business, "vi") for within in (FIRST_NOTICE, AUTHORITY))
    draft.add(
        Relabel(add=(LABEL,)),
        Note(
            text=f"Sự cố: {NAMES[what]}, ghi nhận lúc {wording.stamp(since, business, 'vi')}. Báo bước đầu trước {first} (24 giờ),"
            f" báo cơ quan chuyên trách trước {last} (72 giờ). Gỡ nhãn «incident» khi đã xử lý xong."
        ),
    )
    _wake(draft, since)


def _wake(draft: Draft, since: datetime) -> None:
    coming = next((since + after for after in ALARMS if since + after > draft.now), None)
    if coming is not None:
        draft.wake(TIMER, coming)
