"""Who may answer: one app at a time holds a thread, and Meta tells when that changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from channels.contract import Kind
from channels.loose import ident, part


def control(item: Mapping[str, Any], name: str, app: str) -> dict[str, Any]:
    told = part(item, name)
    holder = ident(told, "new_owner_app_id")
    if name == "pass_thread_control":
        state = "us" if holder == app else "other"
    else:
        state = "other" if name == "take_thread_control" else "asked"
    return {
        "kind": Kind.SYSTEM,
        "text": _STATES[state],
        "standby": True,
        "extra": {"held_by": state} | ({"holder": holder} if holder else {}),
    }


_STATES: Final[Mapping[str, str]] = {
    "us": "Messenger: quyền trả lời khách đã về lại hệ thống này.",
    "other": "Messenger: ứng dụng khác hoặc Hộp thư Trang đang giữ quyền trả lời khách.",
    "asked": "Messenger: ứng dụng khác xin quyền trả lời khách.",
}
CONTROL: Final = frozenset({"pass_thread_control", "take_thread_control", "request_thread_control"})
